//! What of a privacy budget is spent, in zero-concentrated differential privacy.
//!
//! A mechanism is rho-zCDP if its Rényi divergences of order alpha are at most alpha rho (Bun and Steinke 2016). Costs add up.
//! The Gaussian mechanism of sensitivity 1 and deviation sigma costs `1 / (2 sigma^2)` (Proposition 1.6), the exponential
//! mechanism of epsilon costs `epsilon^2 / 8` (Cesar and Rogers 2021).

use serde::{Deserialize, Serialize};

/// Steps of each search by halves.
const STEPS: usize = 200;

/// A part of a budget that was spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// What for.
    pub what: String,
    /// How often.
    pub times: usize,
    /// What it costs each time, as rho.
    pub rho: f64,
    /// The deviation of the noise, of counts.
    pub sigma: Option<f64>,
}

/// A budget of rho that can be spent once.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    left: f64,
    spent: Vec<Spent>,
}

impl Budget {
    /// What keeps (`epsilon`, `delta`)-differential privacy.
    pub fn new(epsilon: f64, delta: f64) -> Self {
        Self { left: rho_of(epsilon, delta), spent: Vec::new() }
    }

    /// What is left, as rho.
    pub fn left(&self) -> f64 {
        self.left
    }

    /// Spends `rho` each of so many Gaussian mechanisms of sensitivity 1, at most what is left; the deviation of their noise.
    pub(super) fn gaussian(&mut self, what: &str, times: usize, rho: f64) -> f64 {
        let rho = self.take(times, rho);
        let sigma = (0.5 / rho).sqrt();
        self.spent.push(Spent { what: what.to_string(), times, rho, sigma: Some(sigma) });
        sigma
    }

    /// Spends `rho` each of so many exponential mechanisms, at most what is left; their epsilon.
    pub(super) fn exponential(&mut self, what: &str, times: usize, rho: f64) -> f64 {
        let rho = self.take(times, rho);
        self.spent.push(Spent { what: what.to_string(), times, rho, sigma: None });
        (8.0 * rho).sqrt()
    }

    fn take(&mut self, times: usize, rho: f64) -> f64 {
        let rho = rho.min(self.left / times.max(1) as f64).max(0.0);
        self.left = (self.left - rho * times as f64).max(0.0);
        rho
    }

    pub(super) fn into_spent(self) -> Vec<Spent> {
        self.spent
    }
}

/// The least delta for which `rho`-zCDP is (`epsilon`, delta)-differential privacy by Canonne, Kamath and Steinke 2020, "The
/// Discrete Gaussian for Differential Privacy", Corollary 13:
/// `inf over alpha > 1 of exp((alpha - 1) (alpha rho - epsilon)) / (alpha - 1) * (1 - 1 / alpha)^alpha`, at most 1.
pub fn delta_of(rho: f64, epsilon: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    // The derivative of the logarithm by alpha is `(2 alpha - 1) rho - epsilon + ln(1 - 1 / alpha)`, and rises.
    let (mut low, mut high) = (1.0 + 1e-9, (epsilon + 1.0) / (2.0 * rho) + 2.0);
    for _ in 0..STEPS {
        let alpha = 0.5 * (low + high);
        let slope = (2.0 * alpha - 1.0) * rho - epsilon + (-1.0 / alpha).ln_1p();
        if slope < 0.0 { low = alpha } else { high = alpha }
    }
    let alpha = 0.5 * (low + high);
    let log = (alpha - 1.0) * (alpha * rho - epsilon) + alpha * (-1.0 / alpha).ln_1p() - (alpha - 1.0).ln();
    log.exp().min(1.0)
}

/// The most rho for which rho-zCDP is (`epsilon`, `delta`)-differential privacy.
pub fn rho_of(epsilon: f64, delta: f64) -> f64 {
    let (mut low, mut high) = (0.0, epsilon + 1.0);
    for _ in 0..STEPS {
        let rho = 0.5 * (low + high);
        if delta_of(rho, epsilon) <= delta { low = rho } else { high = rho }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phi by Abramowitz and Stegun 26.2.17 is too coarse here; by integration.
    fn phi(x: f64) -> f64 {
        let (steps, from) = (200_000, -12.0);
        let width = (x - from) / f64::from(steps);
        let density = |i: i32| (-0.5 * (from + (f64::from(i) + 0.5) * width).powi(2)).exp();
        (0..steps).map(density).sum::<f64>() * width / (2.0 * std::f64::consts::PI).sqrt()
    }

    /// The exact delta of the Gaussian mechanism (Balle and Wang 2018, Theorem 8), sensitivity 1.
    fn exact(sigma: f64, epsilon: f64) -> f64 {
        let half = 0.5 / sigma;
        phi(half - epsilon * sigma) - epsilon.exp() * phi(-half - epsilon * sigma)
    }

    #[test]
    fn conversions_are_those_of_the_paper() {
        // Computed apart, by a search over a grid of 200 001 orders.
        for (rho, epsilon, delta) in [
            (0.5, 1.0, 0.246_846_330_901_431_82),
            (0.5, 3.0, 0.005_143_184_077_691_175),
            (0.1, 2.0, 4.325_211_030_230_477e-6),
            (1.0, 8.0, 4.345_341_551_653_546e-7),
        ] {
            let found = delta_of(rho, epsilon);
            assert!((found / delta - 1.0).abs() < 1e-5, "{found} for {delta}");
        }
        for (epsilon, delta, rho) in
            [(1.0, 1e-9, 0.014_973_057_7), (1.0, 1e-6, 0.024_355_970_4), (10.0, 1e-6, 1.539_278_763_9)]
        {
            let found = rho_of(epsilon, delta);
            assert!((found / rho - 1.0).abs() < 1e-6, "{found} for {rho}");
        }
    }

    #[test]
    fn the_gaussian_mechanism_is_never_said_to_be_more_private_than_it_is() {
        // Known: sigma 1 has delta 0.12694 at epsilon 1.
        assert!((exact(1.0, 1.0) - 0.126_936_737_5).abs() < 1e-7);
        for sigma in [0.7, 1.0, 2.0, 5.0] {
            for epsilon in [0.1, 0.5, 1.0, 2.0, 4.0] {
                let (true_delta, said) = (exact(sigma, epsilon), delta_of(0.5 / (sigma * sigma), epsilon));
                // Below that, the integral is not exact.
                if true_delta < 1e-12 {
                    continue;
                }
                assert!(said >= true_delta, "{sigma} {epsilon}: {said} below {true_delta}");
                // Nor far less.
                assert!(said < 30.0 * true_delta, "{said} for {true_delta}");
            }
        }
    }

    #[test]
    fn a_budget_is_spent_once() {
        let mut budget = Budget::new(1.0, 1e-6);
        let whole = budget.left();
        let sigma = budget.gaussian("columns", 5, whole / 10.0);
        assert!((0.5 / (sigma * sigma) - whole / 10.0).abs() < 1e-12);
        let epsilon = budget.exponential("choice", 1, whole / 4.0);
        assert!((epsilon * epsilon / 8.0 - whole / 4.0).abs() < 1e-12);
        // More than there is left is not spent.
        budget.gaussian("pairs", 4, whole);
        let spent: f64 = budget.clone().into_spent().iter().map(|s| s.rho * s.times as f64).sum();
        assert!((spent - whole).abs() < 1e-12 && budget.left() < 1e-12, "{spent} of {whole}");
        assert!(delta_of(spent, 1.0) <= 1e-6 * (1.0 + 1e-9));
    }
}
