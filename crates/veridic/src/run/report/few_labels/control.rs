//! Plain classifiers of the same labels.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use veridic_graph::Pool;

use super::judge::{Contest, Scores};
use crate::codec::Block;
use crate::data::{Data, Matrix};
use crate::error::Result;
use crate::evaluate::LogisticRegression;
use crate::models::boost::{BoostConfig, Softmax};
use crate::models::discriminant::{ExtraTrees, ExtraTreesConfig};
use crate::models::trees::{Bins, probabilities};
use crate::models::{Classifier, parallel};
use crate::run::dataset::{Dataset, index};
use crate::seed::{Seed, uniform};
use crate::train::{Adam, OptimizerConfig, TrainConfig};

/// Parts of the unlabelled rows; those of a part are scored by models that did not see them.
const FOLDS: usize = 5;

/// `C` of logistic regression; weaker penalties and class weights are worse with few labels.
const STRENGTH: f64 = 0.01;

/// Probabilities are kept so far from 0 and 1 before their log-odds are averaged.
const LEAST: f64 = 1e-3;

/// The classifiers that are fitted to labelled and unlabelled rows alike.
const KINDS: [&str; 3] = ["logistic", "boosted_trees", "extra_trees"];

/// The scores of all classifiers, by name.
pub(super) fn scores(
    data: &Dataset,
    contest: &Contest,
    (seed, pool): (u64, &mut Pool),
    stop: &AtomicBool,
) -> Result<BTreeMap<String, Scores>> {
    let rows = Rows::new(data, contest);
    let seed = Seed(seed);
    let mut all = BTreeMap::new();
    for kind in KINDS {
        let fitted = rows.fit(kind, &contest.labelled, (seed, pool.threads()), stop)?;
        let of = |rows: &[usize]| fitted.scores(rows, pool.threads());
        let own = Scores {
            valid: of(&contest.valid)?,
            test: of(&contest.test)?,
            unlabelled: of(&contest.unlabelled)?,
        };
        all.insert(kind.to_string(), own);
        if !contest.unlabelled.is_empty() {
            all.insert(
                format!("{kind}_unlabelled"),
                rows.crossed(kind, contest, (seed, pool.threads()), stop)?,
            );
        }
    }
    all.insert("mlp".to_string(), rows.perceptron(contest, (seed, pool), stop)?);
    all.insert("sum".to_string(), mean(KINDS.map(|kind| &all[kind])));
    if !contest.unlabelled.is_empty() {
        let crossed = |kind: &str| &all[&format!("{kind}_unlabelled")];
        let (trees, sum) = (mean([crossed(KINDS[1]), crossed(KINDS[2])]), mean(KINDS.map(crossed)));
        all.insert("trees_unlabelled".to_string(), trees);
        all.insert("sum_unlabelled".to_string(), sum);
    }
    Ok(all)
}

/// The mean of scores, row by row.
fn mean<const N: usize>(of: [&Scores; N]) -> Scores {
    let part = |pick: fn(&Scores) -> &Vec<f64>| {
        let n = pick(of[0]).len();
        (0..n).map(|i| of.iter().map(|scores| pick(scores)[i]).sum::<f64>() / N as f64).collect()
    };
    Scores {
        valid: part(|scores| &scores.valid),
        test: part(|scores| &scores.test),
        unlabelled: part(|scores| &scores.unlabelled),
    }
}

/// The rows as classifiers see them.
struct Rows<'a> {
    data: &'a Dataset,
    /// Encoded columns without those of the target, row by row.
    features: Matrix,
    /// Whether a row counts as positive: labelled rows that are.
    positive: Vec<bool>,
}

/// A fitted classifier.
struct Fitted<'a> {
    rows: &'a Rows<'a>,
    method: Method,
}

enum Method {
    Logistic(LogisticRegression),
    Boosted(Bins, Box<Softmax>),
    Extra(ExtraTrees),
}

impl<'a> Rows<'a> {
    fn new(data: &'a Dataset, contest: &Contest) -> Self {
        let width = data.layout.width();
        let kept: Vec<usize> = (0..width).filter(|j| !data.layout.unseen.contains(j)).collect();
        let n_rows = data.matrix.n_rows;
        let values = (0..n_rows).flat_map(|i| kept.iter().map(move |&j| data.matrix.row(i)[j])).collect();
        let mut positive = vec![false; n_rows];
        let is = data.positives(&contest.labelled).unwrap_or_default();
        contest.labelled.iter().zip(is).for_each(|(&row, is)| positive[row] = is);
        Self { data, features: Matrix { n_rows, n_cols: kept.len(), values }, positive }
    }

    fn taken(&self, rows: &[usize]) -> Matrix {
        let values = rows.iter().flat_map(|&row| self.features.row(row)).copied().collect();
        Matrix { n_rows: rows.len(), n_cols: self.features.n_cols, values }
    }

    /// A classifier of `rows`, of which those that are not known to be positive count as negative.
    fn fit(
        &'a self,
        kind: &str,
        rows: &[usize],
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
    ) -> Result<Fitted<'a>> {
        let of = |row: &usize| usize::from(self.positive[*row]);
        let method = match kind {
            "logistic" => {
                let labels: Vec<u16> = rows.iter().map(|row| of(row) as u16).collect();
                Method::Logistic(LogisticRegression::fit(&self.features, &index(rows), &labels, STRENGTH)?)
            }
            "extra_trees" => {
                let labels: Vec<usize> = rows.iter().map(of).collect();
                let points = self.taken(rows);
                let config = ExtraTreesConfig::default();
                Method::Extra(parallel(threads, || Ok(ExtraTrees::of(&config, (&points, &labels, 2), seed)))?)
            }
            _ => {
                let (bins, model) = self.boosted(rows, (seed, threads), stop)?;
                Method::Boosted(bins, Box::new(model))
            }
        };
        Ok(Fitted { rows: self, method })
    }

    /// Small trees: with few positive rows the library's usual ones are the worst of all.
    fn boosted(
        &self,
        rows: &[usize],
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
    ) -> Result<(Bins, Softmax)> {
        let Data::Table(table, _) = &self.data.content else { unreachable!("few labels are of tables") };
        let layout = &self.data.layout;
        let is_seen = |block: &&Block| !layout.unseen.contains(&block.start);
        let names: Vec<&str> =
            layout.blocks.iter().filter(is_seen).map(|block| block.column.as_str()).collect();
        let config = BoostConfig {
            rounds: 200,
            learning_rate: 0.05,
            depth: 3,
            min_leaf: 5,
            lambda: 1.0,
            validation: 0.0,
            groups: Vec::new(),
            features: (names.len() * 3).div_ceil(10).max(1),
            ..BoostConfig::default()
        };
        let bins = Bins::fit(table, names, rows);
        let learned = table.take(rows);
        let codes = bins.codes(&learned);
        let features = bins.features(&codes);
        let of: Vec<u8> = rows.iter().map(|&row| u8::from(self.positive[row])).collect();
        let mut random = seed.stream("few labels boosted");
        let fit = || Ok(Softmax::fit(&features, (&of, 2, false), None, &config, &mut random, stop));
        match parallel(threads, fit)? {
            Some(model) => Ok((bins, model)),
            None => Err(crate::error::RunError::Stopped.into()),
        }
    }

    /// Unlabelled rows counted as negative, in folds: each is scored by a model of the others, and all other rows by the mean of
    /// all models.
    fn crossed(
        &'a self,
        kind: &str,
        contest: &Contest,
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
    ) -> Result<Scores> {
        let mut random = seed.stream("few labels folds");
        let fold: Vec<usize> = contest
            .unlabelled
            .iter()
            .map(|_| (uniform(&mut random) * FOLDS as f64) as usize % FOLDS)
            .collect();
        let mut all = Scores {
            valid: vec![0.0; contest.valid.len()],
            test: vec![0.0; contest.test.len()],
            unlabelled: vec![0.0; contest.unlabelled.len()],
        };
        for own in 0..FOLDS {
            let part = |is_own: bool| -> Vec<usize> {
                let rows = contest.unlabelled.iter().zip(&fold);
                rows.filter(|(_, fold)| (**fold == own) == is_own).map(|(row, _)| *row).collect()
            };
            let learned = [contest.labelled.clone(), part(false)].concat();
            let seed = Seed(seed.key(&format!("fold {own}")));
            let fitted = self.fit(kind, &learned, (seed, threads), stop)?;
            for (sums, rows) in [(&mut all.valid, &contest.valid), (&mut all.test, &contest.test)] {
                let scores = fitted.scores(rows, threads)?;
                sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score / FOLDS as f64);
            }
            let held = fitted.scores(&part(true), threads)?;
            let places = (0..fold.len()).filter(|&i| fold[i] == own);
            places.zip(held).for_each(|(at, score)| all.unlabelled[at] = score);
        }
        Ok(all)
    }

    /// A perceptron with one hidden layer and strong weight decay.
    fn perceptron(
        &self,
        contest: &Contest,
        (seed, pool): (Seed, &mut Pool),
        stop: &AtomicBool,
    ) -> Result<Scores> {
        let adam = Adam { rate: 0.003, weight_decay: 0.1, ..Adam::default() };
        let settings = TrainConfig {
            epochs: 100,
            batch: 64,
            optimizer: OptimizerConfig::Adam(adam),
            best: false,
            ..TrainConfig::default()
        };
        let width = self.features.n_cols;
        let rows = |rows: &[usize]| {
            let row = |&row: &usize| {
                let is = f32::from(u8::from(self.positive[row]));
                self.features.row(row).iter().copied().chain([is, 1.0])
            };
            Matrix { n_rows: rows.len(), n_cols: width + 2, values: rows.iter().flat_map(row).collect() }
        };
        let mut classifier = Classifier::new(width, &[32], &settings, seed.key("few labels mlp"))?;
        classifier.learn(pool, &rows(&contest.labelled), (&settings, seed), stop)?;
        let mut of = |part: &[usize]| classifier.scores(pool, &rows(part));
        Ok(Scores {
            valid: of(&contest.valid)?,
            test: of(&contest.test)?,
            unlabelled: of(&contest.unlabelled)?,
        })
    }
}

impl Fitted<'_> {
    /// The log-odds of being positive of each row.
    fn scores(&self, rows: &[usize], threads: usize) -> Result<Vec<f64>> {
        use rayon::prelude::*;
        let shares: Vec<f64> = match &self.method {
            Method::Logistic(fitted) => {
                let told = fitted.probabilities(&self.rows.taken(rows))?;
                (0..told.n_rows).map(|i| f64::from(told.row(i)[told.n_cols - 1])).collect()
            }
            Method::Extra(fitted) => {
                let share = |row: &usize| f64::from(fitted.shares(self.rows.features.row(*row))[1]);
                parallel(threads, || Ok(rows.par_iter().map(share).collect()))?
            }
            Method::Boosted(bins, model) => {
                let Data::Table(table, _) = &self.rows.data.content else {
                    unreachable!("few labels are of tables")
                };
                let asked = table.take(rows);
                let codes = bins.codes(&asked);
                let told = probabilities(model, &bins.features(&codes), asked.n_rows);
                told.chunks(2).map(|shares| f64::from(shares[1])).collect()
            }
        };
        Ok(shares.into_iter().map(|share| ((share + LEAST) / (1.0 - share + LEAST)).ln()).collect())
    }
}
