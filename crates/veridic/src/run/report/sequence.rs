//! What recurrent judges say of made windows of series.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::data::Matrix;
use crate::data::series::Series;
use crate::error::{EvaluateError, Result};
use crate::evaluate;
use crate::project::{Pca, pool};
use crate::seed::Seed;

/// Fewest judges whose scores have bounds.
const BOUNDED: usize = 4;

/// Of made beside real windows, the mean over so many judges, each with a seed of its own: `sample.discriminative_score`
/// ([`evaluate::discriminative_score`]) and `sample.predictive_score` ([`evaluate::predictive_score`]), values scaled to 0 to 1 by what
/// is smallest and largest of each channel in real windows; from 4 judges on with `.low` and `.high`, the bounds of their mean at 95 %.
/// The bounds are of the judges, not of other samples. And `sample.context_fid`, the Fréchet distance of made from real windows by
/// [`codes`] of both.
pub(super) fn insert_judged(
    figures: &mut BTreeMap<String, f64>,
    (real, made): (&[Series], &[Series]),
    judges: usize,
    seed: Seed,
    threads: usize,
) -> Result<()> {
    let channels = real.first().map_or(0, |series| series.values.len());
    if judges == 0 || channels == 0 {
        return Ok(());
    }
    let extents: Vec<(f64, f64)> = (0..channels)
        .map(|channel| {
            let values = real.iter().flat_map(|series| &series.values[channel]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
        })
        .collect();
    let rows = |windows: &[Series]| {
        let steps = windows.first().map_or(0, Series::len);
        let mut values = Vec::with_capacity(windows.len() * steps * channels);
        for window in windows {
            for t in 0..steps {
                let scaled = window.values.iter().zip(&extents).map(|(values, (low, high))| {
                    ((values[t] - low) / (high - low).max(f64::MIN_POSITIVE)) as f32
                });
                values.extend(scaled);
            }
        }
        Matrix { n_rows: windows.len(), n_cols: steps * channels, values }
    };
    let (real, made) = (rows(real), rows(made));
    if let Some([real, made]) = codes(&real, &made)? {
        figures.insert("sample.context_fid".to_string(), evaluate::frechet_distance(&real, &made)?);
    }
    type Score = fn(&Matrix, &Matrix, usize, Seed) -> std::result::Result<f64, EvaluateError>;
    let scores: [(&str, Score); 2] = [
        ("discriminative_score", evaluate::discriminative_score),
        ("predictive_score", evaluate::predictive_score),
    ];
    for (name, score) in scores {
        let judge = |judge: usize| score(&real, &made, channels, Seed(seed.key(&format!("judge {judge}"))));
        let found: std::result::Result<Vec<f64>, EvaluateError> =
            pool(threads)?.install(|| (0..judges).into_par_iter().map(judge).collect());
        let found = found?;
        figures.insert(format!("sample.{name}"), evaluate::mean(&found)?);
        if judges >= BOUNDED {
            let bounds = evaluate::mean_interval(&found)?;
            figures.insert(format!("sample.{name}.low"), bounds.low);
            figures.insert(format!("sample.{name}.high"), bounds.high);
        }
    }
    Ok(())
}

/// Principal components of windows that [`codes`] has.
const CODES: usize = 16;
/// A component counts that has at least this share of the variance of the first.
const LEAST: f64 = 1e-6;

/// Codes of real and made windows, by the leading principal components of the real ones, each divided by its standard deviation there
/// so that the height of a window does not outweigh its course; nothing where real windows do not vary.
///
/// The Context-FID of P. Jeha et al. (PSA-GAN, ICLR 2022) has a learned encoder, TS2Vec, in place of them: the figures are not
/// comparable with published ones.
fn codes(real: &Matrix, made: &Matrix) -> Result<Option<[Matrix; 2]>> {
    if real.n_rows < 2 || made.n_rows < 2 {
        return Ok(None);
    }
    let pca = Pca::fit(real, CODES.min(real.n_cols).min(real.n_rows))?;
    let variances = pca.variances();
    let least = LEAST * variances.first().copied().unwrap_or(0.0);
    let kept = variances.iter().take_while(|variance| **variance > least).count();
    if kept == 0 {
        return Ok(None);
    }
    let code = |windows: &Matrix| -> std::result::Result<Matrix, EvaluateError> {
        let all = pca.transform(windows)?;
        let mut values = Vec::with_capacity(all.n_rows * kept);
        for row in 0..all.n_rows {
            let scaled = all.row(row).iter().zip(variances).take(kept);
            values.extend(scaled.map(|(value, variance)| value / variance.sqrt() as f32));
        }
        Ok(Matrix { n_rows: all.n_rows, n_cols: kept, values })
    };
    Ok(Some([code(real)?, code(made)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of 8 steps of a wave with a phase of its own, and some noise.
    fn windows(n: usize, noise: f32, seed: usize) -> Matrix {
        let draw = |i: usize| ((i * 7919 + seed * 104_729) % 1013) as f32 / 1013.0 - 0.5;
        let value = |i: usize| ((i % 8) as f32 + 6.0 * draw(i / 8)).sin() + noise * draw(i + 77);
        Matrix { n_rows: n, n_cols: 8, values: (0..8 * n).map(value).collect() }
    }

    #[test]
    fn the_distance_of_codes_is_small_for_like_windows_and_grows_with_what_is_added() {
        let real = windows(400, 0.2, 1);
        let distance = |made: &Matrix| {
            let [real, made] = codes(&real, made).unwrap().unwrap();
            evaluate::frechet_distance(&real, &made).unwrap()
        };
        let (like, rough) = (distance(&windows(400, 0.2, 5)), distance(&windows(400, 1.0, 5)));
        assert!(distance(&real) < 1e-3 && like < 0.5 && rough > 5.0 * like.max(0.1), "{like} {rough}");
        // In units of the real windows: the same in any unit.
        let double = |windows: &Matrix| Matrix {
            values: windows.values.iter().map(|v| 2.0 * v).collect(),
            ..*windows
        };
        let [a, b] = codes(&double(&real), &double(&windows(400, 1.0, 5))).unwrap().unwrap();
        assert!((evaluate::frechet_distance(&a, &b).unwrap() / rough - 1.0).abs() < 1e-3);
    }

    #[test]
    fn windows_that_never_vary_have_no_codes() {
        let flat = Matrix { n_rows: 5, n_cols: 4, values: vec![1.0; 20] };
        assert!(codes(&flat, &flat).unwrap().is_none());
    }
}
