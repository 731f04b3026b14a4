//! Whether boosted trees can tell two tables apart.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use crate::data::{Schema, Table};
use crate::error::Result;
use crate::evaluate;
use crate::models::boost::{BoostConfig, Softmax};
use crate::models::trees::{Bins, probabilities};
use crate::run::dataset::below;
use crate::seed::{Seed, shuffle};

/// Parts of the rows; each is judged by trees that learned from the others.
const FOLDS: usize = 3;

/// How well trees tell rows of two tables apart, as `1 - |2 AUROC - 1|` where it is above one half, mean of three folds.
///
/// Range 0 to 1, higher is better: 1 cannot be told apart, 0 always. Copies of training rows reach 1 against these, so the
/// figure means something against rows that no model saw. Source: Lopez-Paz and Oquab, Revisiting classifier two-sample tests,
/// ICLR 2017, with boosted trees as the classifier. Tables of different length are cut to the shorter.
///
/// # Errors
/// No rows.
pub(crate) fn two_sample(
    left: &Table,
    right: &Table,
    schema: &Schema,
    seed: Seed,
    most: usize,
) -> Result<f64> {
    let n = left.n_rows.min(right.n_rows).min(most);
    let rows: Vec<usize> = (0..n).collect();
    let both = below(left.take(&rows), &right.take(&rows));
    let columns = schema.columns.iter().map(|column| column.name.as_str());
    let all: Vec<usize> = (0..both.n_rows).collect();
    let bins = Bins::fit(&both, columns, &all);
    let codes = bins.codes(&both);
    // Equal shares of both tables in each fold.
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut order, &mut seed.stream("two samples"));
    let config = judge();
    let never = AtomicBool::new(false);
    let scores: Vec<Result<f64>> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let part = |is_test: bool| -> Vec<usize> {
                let own = order.iter().enumerate().filter(|(i, _)| (i % FOLDS == fold) == is_test);
                own.flat_map(|(_, &row)| [row, n + row]).collect()
            };
            let (train, test) = (part(false), part(true));
            let pick = |rows: &[usize]| -> Vec<Vec<u8>> {
                codes.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect()
            };
            let (train_codes, test_codes) = (pick(&train), pick(&test));
            let is_right: Vec<u8> = train.iter().map(|&row| u8::from(row >= n)).collect();
            let mut random = seed.stream(&format!("two samples, fold {fold}"));
            let features = bins.features(&train_codes);
            let of = (is_right.as_slice(), 2, false);
            let Some(trees) = Softmax::fit(&features, of, None, &config, &mut random, &never) else {
                return Ok(0.5);
            };
            let shares = probabilities(&trees, &bins.features(&test_codes), test.len());
            let scores: Vec<f64> = shares.chunks(2).map(|pair| f64::from(pair[1])).collect();
            let truth: Vec<bool> = test.iter().map(|&row| row >= n).collect();
            Ok(evaluate::auroc(&scores, &truth)?)
        })
        .collect();
    let scores = scores.into_iter().collect::<Result<Vec<f64>>>()?;
    Ok(1.0 - scores.iter().map(|score| 2.0 * score.max(0.5) - 1.0).sum::<f64>() / FOLDS as f64)
}

/// The trees that judge.
fn judge() -> BoostConfig {
    BoostConfig {
        rounds: 60,
        learning_rate: 0.3,
        depth: 6,
        min_leaf: 2,
        lambda: 1.0,
        patience: 1,
        validation: 0.0,
        groups: Vec::new(),
        features: usize::MAX,
    }
}

/// What gives the rows of a table away.
#[derive(Debug)]
pub(crate) struct Giveaway {
    /// For each column the AUROC that is lost where its cells are in any order among the judged rows, most first.
    pub(crate) columns: Vec<(String, f64)>,
    /// Rows of the right table that were judged, with the probability to be of it, most first.
    pub(crate) rows: Vec<(usize, f64)>,
}

/// Trees learn to tell two tables apart from every second row, and judge the others.
///
/// # Errors
/// No rows.
pub(crate) fn giveaway(
    left: &Table,
    right: &Table,
    schema: &Schema,
    seed: Seed,
    most: usize,
) -> Result<Giveaway> {
    let n = left.n_rows.min(right.n_rows).min(most);
    let rows: Vec<usize> = (0..n).collect();
    let both = below(left.take(&rows), &right.take(&rows));
    let all: Vec<usize> = (0..both.n_rows).collect();
    let bins = Bins::fit(&both, schema.columns.iter().map(|column| column.name.as_str()), &all);
    let codes = bins.codes(&both);
    let half =
        |odd: usize| (0..n).filter(|row| row % 2 == odd).flat_map(|row| [row, n + row]).collect::<Vec<_>>();
    let (train, test) = (half(0), half(1));
    let pick = |rows: &[usize]| -> Vec<Vec<u8>> {
        codes.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect()
    };
    let (train_codes, mut test_codes) = (pick(&train), pick(&test));
    let is_right: Vec<u8> = train.iter().map(|&row| u8::from(row >= n)).collect();
    let truth: Vec<bool> = test.iter().map(|&row| row >= n).collect();
    let mut random = seed.stream("giveaway");
    let of = (is_right.as_slice(), 2, false);
    let never = AtomicBool::new(false);
    let mut found = Giveaway { columns: Vec::new(), rows: Vec::new() };
    let fitted = Softmax::fit(&bins.features(&train_codes), of, None, &judge(), &mut random, &never);
    let (Some(trees), false) = (fitted, test.is_empty()) else { return Ok(found) };
    let judged = |codes: &[Vec<u8>]| -> Vec<f64> {
        let shares = probabilities(&trees, &bins.features(codes), test.len());
        shares.chunks(2).map(|pair| f64::from(pair[1])).collect()
    };
    let scores = judged(&test_codes);
    let all = evaluate::auroc(&scores, &truth)?;
    for (at, name) in bins.names().enumerate() {
        let kept = test_codes[at].clone();
        shuffle(&mut test_codes[at], &mut random);
        found.columns.push((name.to_string(), all - evaluate::auroc(&judged(&test_codes), &truth)?));
        test_codes[at] = kept;
    }
    found.columns.sort_by(|a, b| b.1.total_cmp(&a.1));
    found.rows =
        test.iter().zip(&scores).filter(|(row, _)| **row >= n).map(|(row, p)| (row - n, *p)).collect();
    found.rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Cells, Data};
    use crate::seed::uniform;

    fn drawn(name: &str, shift: f64) -> Table {
        let mut random = Seed(1).stream(name);
        let x: Vec<f64> = (0..600).map(|_| uniform(&mut random)).collect();
        let y: Vec<f64> = x.iter().map(|x| x + shift + 0.05 * uniform(&mut random)).collect();
        Table::new([("x", Cells::Number(x)), ("y", Cells::Number(y))]).unwrap()
    }

    #[test]
    fn rows_of_one_source_cannot_be_told_apart_and_of_two_can() {
        let (real, same, other) = (drawn("a", 0.0), drawn("b", 0.0), drawn("c", 0.1));
        let Data::Table(_, schema) = Data::from(real.clone()) else { panic!("a table") };
        assert!(two_sample(&real, &same, &schema, Seed(1), 1000).unwrap() > 0.8);
        assert!(two_sample(&real, &other, &schema, Seed(1), 1000).unwrap() < 0.05);
    }
    #[test]
    fn the_column_that_gives_rows_away_is_first() {
        let (real, mut other) = (drawn("a", 0.0), drawn("b", 0.0));
        if let Cells::Number(values) = &mut other.columns[1].cells {
            values.iter_mut().for_each(|value| *value = (*value * 10.0).round() / 10.0);
        }
        let Data::Table(_, schema) = Data::from(real.clone()) else { panic!("a table") };
        let found = giveaway(&real, &other, &schema, Seed(1), 1000).unwrap();
        assert_eq!(found.columns[0].0, "y");
        assert!(found.columns[0].1 > 0.1 && found.rows.len() == 300);
    }
}
