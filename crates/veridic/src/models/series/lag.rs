//! A Gaussian copula whose correlations depend on the quantities and the steps between them only.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn, SymmetricEigen};
use rand_chacha::rand_core::Rng;

use super::margin::Margin;
use crate::models::Stored;
use crate::seed::standard_normal;

/// Eigenvalues of a correlation matrix are at least this: averages over lags need not fit together.
const LEAST_EIGENVALUE: f64 = 1e-4;

/// A quantity at a step; one without a step is of the whole window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) quantity: usize,
    pub(super) step: Option<usize>,
}

/// Marginal distributions, and correlations of normal scores by pair of quantities and lag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LagCopula {
    margins: Vec<Margin>,
    /// Steps of a window.
    steps: usize,
    /// For quantities `a` and `b`: at `(a * quantities + b) * (2 * steps - 1) + steps - 1 + lag`, `b` being `lag` steps later.
    correlations: Vec<f64>,
}

impl LagCopula {
    /// Learns from rows of finite numbers that are laid out as `places`; `steps` are those of a window.
    pub(super) fn fit(rows: &[Vec<f64>], places: &[Place], steps: usize) -> Self {
        let quantities = places.iter().map(|place| place.quantity + 1).max().unwrap_or(0);
        let margins: Vec<Margin> = (0..quantities)
            .map(|quantity| {
                let of = |row: &Vec<f64>| {
                    let pairs = row.iter().zip(places).filter(|(_, place)| place.quantity == quantity);
                    pairs.map(|(value, _)| *value).collect::<Vec<_>>()
                };
                Margin::of(rows.iter().flat_map(of).collect())
            })
            .collect();
        let mut scores: Vec<Vec<f64>> = places
            .iter()
            .enumerate()
            .map(|(i, place)| rows.iter().map(|row| margins[place.quantity].score(row[i])).collect())
            .collect();
        for column in &mut scores {
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let size = (column.iter().map(|z| (z - mean).powi(2)).sum::<f64>()).sqrt();
            let size = if size > 1e-9 { size } else { 1.0 };
            column.iter_mut().for_each(|z| *z = (*z - mean) / size);
        }
        let width = 2 * steps - 1;
        let mut sums = vec![0.0; quantities * quantities * width];
        let mut counts = vec![0.0; sums.len()];
        let mut copula = Self { margins, steps, correlations: Vec::new() };
        for (i, a) in places.iter().enumerate() {
            for (j, b) in places.iter().enumerate().skip(i) {
                let correlation: f64 = scores[i].iter().zip(&scores[j]).map(|(x, y)| x * y).sum();
                // Each pair stands in the matrix twice.
                for (a, b) in [(a, b), (b, a)] {
                    if let Some(at) = copula.at(*a, *b) {
                        sums[at] += correlation;
                        counts[at] += 1.0;
                    }
                }
            }
        }
        let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
        copula.correlations = sums.into_iter().zip(counts).map(mean).collect();
        copula
    }

    /// Where the correlation of two places is kept; none where they are further apart than a window.
    fn at(&self, a: Place, b: Place) -> Option<usize> {
        let lag = match (a.step, b.step) {
            (Some(a), Some(b)) => b as isize - a as isize,
            _ => 0,
        };
        let offset = lag + self.steps as isize - 1;
        let width = 2 * self.steps - 1;
        let inside = (0..width as isize).contains(&offset);
        inside.then(|| (a.quantity * self.margins.len() + b.quantity) * width + offset as usize)
    }

    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn quantities(&self) -> usize {
        self.margins.len()
    }

    pub(super) fn score(&self, place: Place, value: f64) -> f64 {
        self.margins[place.quantity].score(value)
    }

    pub(super) fn value(&self, place: Place, score: f64) -> f64 {
        self.margins[place.quantity].value(score)
    }

    /// The correlation matrix of any places: 0 beyond a window, made positive, with a unit diagonal.
    pub(super) fn matrix(&self, places: &[Place]) -> DMatrix<f64> {
        let entry = |i: usize, j: usize| {
            if i == j { 1.0 } else { self.at(places[i], places[j]).map_or(0.0, |at| self.correlations[at]) }
        };
        let n = places.len();
        let matrix = DMatrix::from_fn(n, n, |i, j| (entry(i, j) + entry(j, i)) / 2.0);
        let eigen = SymmetricEigen::new(matrix);
        let roots = eigen.eigenvalues.map(|value| value.max(LEAST_EIGENVALUE).sqrt());
        let half = &eigen.eigenvectors * DMatrix::from_diagonal(&roots);
        let mut matrix = &half * half.transpose();
        let sizes: Vec<f64> = (0..n).map(|i| matrix[(i, i)].sqrt()).collect();
        for i in 0..n {
            for j in 0..n {
                matrix[(i, j)] /= sizes[i] * sizes[j];
            }
        }
        matrix
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.insert("correlations", &[self.correlations.len()], self.correlations.clone());
        stored.insert("steps", &[2], vec![self.steps as u64, self.margins.len() as u64]);
        for (i, margin) in self.margins.iter().enumerate() {
            stored.absorb(&format!("margin-{i}"), margin.store());
        }
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let &[steps @ 1..=1_000_000, quantities @ 1..=100_000] = stored.values::<u64>("steps")? else {
            return Err("`steps` is out of range".into());
        };
        let correlations = stored.values::<f64>("correlations")?.to_vec();
        let expected = (quantities * quantities).checked_mul(2 * steps - 1);
        if expected != Some(correlations.len() as u64)
            || correlations.iter().any(|r| !(-1.01..=1.01).contains(r))
        {
            return Err("`correlations` do not fit".into());
        }
        let margin = |i| Margin::restore(&stored.below(&format!("margin-{i}")));
        let margins = (0..quantities).map(margin).collect::<Result<_, _>>()?;
        Ok(Self { margins, steps: steps as usize, correlations })
    }
}

/// Some normal scores given others.
pub(super) struct Conditional {
    /// Places that are known, and those that are not, as numbers of all places.
    known: Vec<usize>,
    unknown: Vec<usize>,
    /// From known scores to the means of the unknown.
    gain: DMatrix<f64>,
    /// The factor of what is left of their covariance.
    factor: DMatrix<f64>,
}

impl Conditional {
    /// Of the places that `is_known` says no to, given the others.
    pub(super) fn new(matrix: &DMatrix<f64>, is_known: &[bool]) -> Self {
        let pick = |wanted: bool| (0..is_known.len()).filter(|&i| is_known[i] == wanted).collect::<Vec<_>>();
        let (known, unknown) = (pick(true), pick(false));
        let part = |rows: &[usize], columns: &[usize]| {
            DMatrix::from_fn(rows.len(), columns.len(), |i, j| matrix[(rows[i], columns[j])])
        };
        let among = part(&known, &known);
        let across = part(&known, &unknown);
        let factored: Option<Cholesky<f64, Dyn>> = Cholesky::new(among);
        let gain = factored.map_or_else(|| across.map(|_| 0.0), |factor| factor.solve(&across)).transpose();
        let mut left = part(&unknown, &unknown) - &gain * &across;
        // Rounding may have taken a little too much.
        for i in 0..unknown.len() {
            left[(i, i)] += 1e-9;
        }
        let factor = root(left);
        Self { known, unknown, gain, factor }
    }

    pub(super) fn known(&self) -> &[usize] {
        &self.known
    }

    pub(super) fn unknown(&self) -> &[usize] {
        &self.unknown
    }

    /// Means of the unknown places by the scores of the known ones.
    pub(super) fn means(&self, known: &[f64]) -> DVector<f64> {
        &self.gain * DVector::from_column_slice(known)
    }

    /// Standard deviations of the unknown places.
    pub(super) fn deviations(&self) -> Vec<f64> {
        self.factor.row_iter().map(|row| row.norm()).collect()
    }

    /// One draw of the unknown places.
    pub(super) fn draw(&self, known: &[f64], random: &mut impl Rng) -> DVector<f64> {
        let noise = DVector::from_fn(self.unknown.len(), |_, _| standard_normal(random));
        self.means(known) + &self.factor * noise
    }
}

/// A lower triangular root, or any root where there is none.
fn root(matrix: DMatrix<f64>) -> DMatrix<f64> {
    match Cholesky::new(matrix.clone()) {
        Some(factor) => factor.l(),
        None => {
            let eigen = SymmetricEigen::new(matrix);
            &eigen.eigenvectors
                * DMatrix::from_diagonal(&eigen.eigenvalues.map(|value| value.max(0.0).sqrt()))
        }
    }
}
