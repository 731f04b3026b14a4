//! What recurrent judges say of made windows of series.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::data::Matrix;
use crate::data::series::Series;
use crate::error::{EvaluateError, Result};
use crate::evaluate;
use crate::project::pool;
use crate::seed::Seed;

/// Fewest judges whose scores have bounds.
const BOUNDED: usize = 4;

/// Of made beside real windows, the mean over so many judges, each with a seed of its own: `sample.discriminative_score`
/// ([`evaluate::discriminative_score`]) and `sample.predictive_score` ([`evaluate::predictive_score`]), values scaled to 0 to 1 by what
/// is smallest and largest of each channel in real windows; from 4 judges on with `.low` and `.high`, the bounds of their mean at 95 %.
/// The bounds are of the judges, not of other samples.
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
