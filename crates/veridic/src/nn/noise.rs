//! Noise that a denoising model removes (Vincent et al. 2008, "Extracting and composing robust features with denoising
//! autoencoders"; for the variational form Im et al. 2017, "Denoising criterion for variational auto-encoding framework").

use serde::{Deserialize, Serialize};
use veridic_graph::Expr;

use super::scope::Scope;
use crate::seed::{Seed, standard_normal, uniform};

/// How encoded rows are spoilt on their way into the encoder while training; the target stays clean.
///
/// Every value is spoilt on its own, the channels of a pixel too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum NoiseConfig {
    /// `{ gaussian = 0.5 }`: a normal draw of this standard deviation is added; values of images are then cut to 0 and 1.
    Gaussian(f32),
    /// `{ masking = 0.3 }`: this share of values becomes 0.
    Masking(f32),
    /// `{ salt-pepper = 0.2 }`: this share of values becomes 0 or 1, half of them each. For images.
    SaltPepper(f32),
}

impl NoiseConfig {
    /// The first value out of range, as (field, found, allowed).
    pub fn out_of_range(self) -> Option<(&'static str, f32, &'static str)> {
        let share = |value: f32| value > 0.0 && value < 1.0;
        match self {
            Self::Gaussian(deviation) if !(deviation > 0.0 && deviation <= 100.0) => {
                Some(("gaussian", deviation, "above 0 to 100"))
            }
            Self::Masking(value) if !share(value) => Some(("masking", value, "above 0 and below 1")),
            Self::SaltPepper(value) if !share(value) => Some(("salt-pepper", value, "above 0 and below 1")),
            _ => None,
        }
    }

    /// The noise in words: `gaussian 0.5`.
    pub fn label(self) -> String {
        match self {
            Self::Gaussian(deviation) => format!("gaussian {deviation}"),
            Self::Masking(share) => format!("masking {share}"),
            Self::SaltPepper(share) => format!("salt-pepper {share}"),
        }
    }

    /// `x` spoilt, drawn anew at every step; for images the result is within 0 and 1.
    pub(crate) fn apply<'g>(self, scope: &Scope<'g>, x: Expr<'g>, is_image: bool) -> Expr<'g> {
        let graph = scope.graph;
        match self {
            Self::Gaussian(deviation) => {
                let noisy = x + graph.normal(&x.shape()) * deviation;
                if is_image { noisy.clamp(0.0, 1.0) } else { noisy }
            }
            Self::Masking(share) => x * graph.bernoulli(&x.shape(), 1.0 - share),
            Self::SaltPepper(share) => {
                let kept = graph.bernoulli(&x.shape(), 1.0 - share);
                let salt = graph.bernoulli(&x.shape(), 0.5);
                x * kept + salt * (1.0 - kept)
            }
        }
    }

    /// `values` spoilt in place by the same rule, with draws that follow from the seed and the name alone.
    pub fn spoil(self, values: &mut [f32], is_image: bool, seed: Seed, name: &str) {
        let mut random = seed.stream(name);
        for value in values {
            match self {
                Self::Gaussian(deviation) => {
                    *value += deviation * standard_normal(&mut random) as f32;
                    if is_image {
                        *value = value.clamp(0.0, 1.0);
                    }
                }
                Self::Masking(share) => {
                    if uniform(&mut random) < f64::from(share) {
                        *value = 0.0;
                    }
                }
                Self::SaltPepper(share) => {
                    let draw = uniform(&mut random) / f64::from(share);
                    if draw < 1.0 {
                        *value = if draw < 0.5 { 0.0 } else { 1.0 };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;

    const N: usize = 20_000;

    /// Values of `from` after the noise of the graph and after that of the host.
    fn spoilt(noise: NoiseConfig, from: f32, is_image: bool) -> [Vec<f32>; 2] {
        let graph = Graph::new();
        let x = graph.rows("x", &[N]);
        let scope = Scope::new(&graph);
        let mut plan = graph.compile(&[noise.apply(&scope, x, is_image)], &[]).unwrap();
        let mut values = vec![from; N];
        let mut states = States::new(&graph, 0);
        plan.run(&mut Pool::new(1), &mut states, &[Feed::Rows(&values)], 1, Draw { seed: 3, step: 0 })
            .unwrap();
        noise.spoil(&mut values, is_image, Seed(3), "test");
        [plan.output(0).to_vec(), values]
    }

    fn share(values: &[f32], of: impl Fn(f32) -> bool) -> f64 {
        values.iter().filter(|&&value| of(value)).count() as f64 / values.len() as f64
    }

    #[test]
    fn gaussian_noise_has_its_deviation_and_images_stay_in_range() {
        for values in spoilt(NoiseConfig::Gaussian(0.5), 2.0, false) {
            let mean = values.iter().sum::<f32>() / N as f32;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / N as f32;
            assert!((mean - 2.0).abs() < 0.02 && (variance.sqrt() - 0.5).abs() < 0.02, "{mean} {variance}");
        }
        for values in spoilt(NoiseConfig::Gaussian(0.5), 0.5, true) {
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
            // One standard deviation away on each side: 15.87 % are cut there.
            assert!((share(&values, |v| v == 0.0) - 0.1587).abs() < 0.012);
            assert!((share(&values, |v| v == 1.0) - 0.1587).abs() < 0.012);
        }
    }

    #[test]
    fn masking_and_salt_and_pepper_change_the_share_they_say() {
        for values in spoilt(NoiseConfig::Masking(0.3), 0.7, true) {
            assert!((share(&values, |v| v == 0.0) - 0.3).abs() < 0.012);
            assert!((share(&values, |v| v == 0.7) - 0.7).abs() < 0.012);
        }
        for values in spoilt(NoiseConfig::SaltPepper(0.2), 0.7, true) {
            assert!((share(&values, |v| v == 0.0) - 0.1).abs() < 0.01);
            assert!((share(&values, |v| v == 1.0) - 0.1).abs() < 0.01);
            assert!((share(&values, |v| v == 0.7) - 0.8).abs() < 0.012);
        }
    }
}
