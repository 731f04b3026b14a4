//! What asking would have brought: labels that are known are given out one batch after the other, as a strategy asks.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::strategy::{Known, Strategy};
use super::{highest_first, random};
use crate::data::Matrix;
use crate::error::{EvaluateError, Result};
use crate::evaluate::{LogisticRegression, auroc, average_precision};
use crate::project;
use crate::seed::{Seed, shuffle, uniform};

/// Batches in a row whose quality must hold for it to count as reached.
const HELD: usize = 3;

/// A class with at most this share of the rows is rare: the average precision of finding it is the quality.
const RARE: f64 = 0.1;

/// Models of a committee, each of a draw of the labels.
const MEMBERS: usize = 5;

/// Labels by which frauds found early are counted.
const EARLY: usize = 100;

/// Rows whose labels are known, to simulate with.
#[derive(Debug, Clone, Copy)]
pub struct Oracle<'a> {
    /// Rows as numbers around 0 of like size.
    pub features: &'a Matrix,
    /// The class of each row.
    pub labels: &'a [u16],
    /// Number of classes, at least 2.
    pub classes: usize,
    /// How unusual each row is, higher is more; nothing for none.
    pub anomaly: Option<&'a [f32]>,
}

/// How to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateConfig {
    /// Strategies to compare; chance is among them always.
    pub strategies: Vec<Strategy>,
    /// Most labels.
    pub budget: usize,
    /// Labels between one fit of the model and the next; also random ones at the start.
    pub batch: usize,
    /// Draws of pool, test rows and start.
    pub seeds: usize,
    /// Most rows that are asked from, and most to test on; at most half of all are asked from.
    pub rows: (usize, usize),
    /// `C` of the logistic regression that learns; see [`LogisticRegression::fit`].
    pub strength: f64,
    /// The seed of all draws.
    pub seed: u64,
}

impl Default for SimulateConfig {
    fn default() -> Self {
        Self {
            strategies: Strategy::ALL.to_vec(),
            budget: 500,
            batch: 10,
            seeds: 10,
            rows: (8000, 5000),
            strength: 0.1,
            seed: 0,
        }
    }
}

/// What the quality of a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Average precision of the rarer of two classes.
    AveragePrecision,
    /// Area under the ROC curve of the rarer of two classes.
    Auroc,
    /// Share of test rows told right.
    Accuracy,
}

impl Quality {
    /// The name on an axis.
    pub fn name(self) -> &'static str {
        match self {
            Self::AveragePrecision => "average precision",
            Self::Auroc => "area under the ROC curve",
            Self::Accuracy => "accuracy",
        }
    }
}

/// One strategy with one draw of pool, test rows and start.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Which rows were asked for.
    pub strategy: Strategy,
    /// The number of the draw, from 0.
    pub draw: usize,
    /// Labels at each point.
    pub labels: Vec<usize>,
    /// The quality on test rows at each point.
    pub quality: Vec<f64>,
    /// Rows of the rarest class found so far at each point.
    pub found: Vec<usize>,
}

/// All curves of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// What the curves' quality is.
    pub quality: Quality,
    /// The class that counts as rare: the one with the fewest rows.
    pub rarest: u16,
    /// By strategy, then draw.
    pub curves: Vec<Curve>,
}

/// Asks, learns and tests with each strategy and each draw; strategies of a draw share pool, test rows and start.
///
/// The model is logistic regression, fitted anew after each batch. With two classes the quality is the average precision of
/// the rarer class where it has at most a tenth of the rows, else the area under its ROC curve; with more the accuracy. Until
/// two classes are known the anomaly scores stand in for a model. Curves do not depend on
/// `threads`.
///
/// # Errors
/// Labels and features of different number, fewer than 20 rows, what [`LogisticRegression::fit`] says.
pub fn simulate(oracle: &Oracle<'_>, config: &SimulateConfig, threads: usize) -> Result<Simulation> {
    let n = oracle.features.n_rows;
    if oracle.labels.len() != n || oracle.anomaly.is_some_and(|scores| scores.len() != n) {
        return Err(EvaluateError::Lengths { metric: "simulate", left: n, right: oracle.labels.len() }.into());
    }
    if n < 20 {
        return Err(
            EvaluateError::Parameter { name: "rows", found: n as f64, low: 20.0, high: f64::MAX }.into()
        );
    }
    let mut counts = vec![0usize; oracle.classes];
    for &class in oracle.labels {
        let Some(count) = counts.get_mut(usize::from(class)) else {
            let high = oracle.classes.saturating_sub(1) as f64;
            let found = f64::from(class);
            return Err(EvaluateError::Parameter { name: "labels", found, low: 0.0, high }.into());
        };
        *count += 1;
    }
    let there = (0..oracle.classes).filter(|class| counts[*class] > 0);
    let rarest = there.clone().min_by_key(|class| counts[*class]).unwrap_or(0) as u16;
    let quality = match there.count() {
        2 if counts[usize::from(rarest)] as f64 <= RARE * n as f64 => Quality::AveragePrecision,
        2 => Quality::Auroc,
        _ => Quality::Accuracy,
    };
    let mut strategies = config.strategies.clone();
    strategies.push(Strategy::Random);
    strategies.sort_unstable();
    strategies.dedup();
    let tasks: Vec<(Strategy, usize)> =
        strategies.iter().flat_map(|s| (0..config.seeds.max(1)).map(move |draw| (*s, draw))).collect();
    let curves = project::pool(threads)?.install(|| {
        let each = tasks.par_iter();
        each.map(|&task| curve(oracle, config, task, (quality, rarest))).collect::<Result<Vec<Curve>>>()
    })?;
    Ok(Simulation { quality, rarest, curves })
}

fn curve(
    oracle: &Oracle<'_>,
    config: &SimulateConfig,
    (strategy, draw): (Strategy, usize),
    (quality, rarest): (Quality, u16),
) -> Result<Curve> {
    let seed = Seed(Seed(config.seed).key(&format!("simulate {draw}")));
    let (pool, test) = parted(oracle, config.rows, seed);
    // Only rows that may be asked or tested are encoded and told.
    let kept: Vec<u32> = pool.iter().chain(&test).copied().collect();
    let values = kept.iter().flat_map(|&row| oracle.features.row(row as usize)).copied().collect();
    let features = Matrix { n_rows: kept.len(), n_cols: oracle.features.n_cols, values };
    let class = |at: u32| oracle.labels[kept[at as usize] as usize];
    let anomaly: Option<Vec<f32>> =
        oracle.anomaly.map(|scores| kept.iter().map(|&row| scores[row as usize]).collect());
    let test: Vec<u32> = (pool.len() as u32..kept.len() as u32).collect();
    let mut open: Vec<u32> = (0..pool.len() as u32).collect();
    let batch = config.batch.max(1);
    let mut asked: Vec<u32> = Vec::new();
    let mut shares: Option<Matrix> = None;
    let mut votes: Vec<Matrix> = Vec::new();
    let mut curve = Curve { strategy, draw, labels: vec![], quality: vec![], found: vec![] };
    while asked.len() < config.budget.min(pool.len()) {
        let most = batch.min(config.budget - asked.len());
        let mut counts = vec![0; oracle.classes];
        asked.iter().for_each(|&at| counts[usize::from(class(at))] += 1);
        let known = Known {
            features: &features,
            shares: shares.as_ref(),
            votes: &votes,
            anomaly: anomaly.as_deref(),
            counts: &counts,
            asked: &asked,
            open: &open,
        };
        let of_batch = Seed(seed.key(&format!("batch {}", asked.len())));
        let next = match asked.is_empty() && strategy != Strategy::Typical {
            // All start alike.
            true => random(&open, of_batch).into_iter().take(most).collect(),
            false => strategy.next(&known, most, of_batch)?,
        };
        if next.is_empty() {
            break;
        }
        asked.extend(&next);
        open.retain(|at| !next.contains(at));
        let labels: Vec<u16> = asked.iter().map(|&at| class(at)).collect();
        shares = match labels.iter().any(|label| *label != labels[0]) {
            true => Some(learned(&features, (&asked, &labels), oracle.classes, config.strength)?),
            false => None,
        };
        votes = match strategy == Strategy::Committee && shares.is_some() {
            true => voted(&features, (&asked, &labels), (oracle.classes, config.strength), of_batch)?,
            false => Vec::new(),
        };
        curve.labels.push(asked.len());
        curve.found.push(labels.iter().filter(|label| **label == rarest).count());
        let is_rare: Vec<bool> = test.iter().map(|&at| class(at) == rarest).collect();
        let score = |at: u32| match (&shares, &anomaly) {
            (Some(shares), _) => f64::from(shares.row(at as usize)[usize::from(rarest)]),
            (None, Some(anomaly)) => f64::from(anomaly[at as usize]),
            (None, None) => 0.0,
        };
        let scores = || test.iter().map(|&at| score(at)).collect::<Vec<f64>>();
        curve.quality.push(match quality {
            Quality::AveragePrecision => average_precision(&scores(), &is_rare)?,
            Quality::Auroc => auroc(&scores(), &is_rare)?,
            Quality::Accuracy => {
                let told = |at: u32| shares.as_ref().map_or(labels[0], |s| best(s.row(at as usize)));
                let right = test.iter().filter(|&&at| told(at) == class(at)).count();
                right as f64 / test.len() as f64
            }
        });
    }
    Ok(curve)
}

/// Rows to ask from and rows to test on, each class in the same share of both.
fn parted(oracle: &Oracle<'_>, (most, most_test): (usize, usize), seed: Seed) -> (Vec<u32>, Vec<u32>) {
    let n = oracle.labels.len();
    let mut of_class: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for (row, &class) in oracle.labels.iter().enumerate() {
        of_class.entry(class).or_default().push(row as u32);
    }
    let (asked, tested) = (most.min(n / 2), most_test.min(n - most.min(n / 2)));
    let (mut pool, mut test) = (Vec::new(), Vec::new());
    let mut random = seed.stream("simulate.parts");
    for rows in of_class.values_mut() {
        shuffle(rows, &mut random);
        // A class of few rows keeps half for the test.
        let of = |all: usize| ((rows.len() * all) as f64 / n as f64).round() as usize;
        let first = of(asked).clamp(1, rows.len().div_ceil(2));
        let second = of(tested).max(1).min(rows.len() - first);
        pool.extend(&rows[..first]);
        test.extend(&rows[first..first + second]);
    }
    pool.sort_unstable();
    test.sort_unstable();
    (pool, test)
}

fn learned(
    features: &Matrix,
    (rows, labels): (&[u32], &[u16]),
    classes: usize,
    strength: f64,
) -> Result<Matrix, EvaluateError> {
    let model = LogisticRegression::fit(features, rows, labels, strength)?;
    let told = model.probabilities(features)?;
    let mut shares = Matrix::zeros(features.n_rows, classes);
    for row in 0..features.n_rows {
        for (&class, &share) in model.classes().iter().zip(told.row(row)) {
            shares.row_mut(row)[usize::from(class)] = share;
        }
    }
    Ok(shares)
}

/// What each member of a committee says: models of as many labels as there are, drawn with replacement, and one of each class.
/// Source: query by bagging, Abe and Mamitsuka, ICML 1998.
fn voted(
    features: &Matrix,
    (rows, labels): (&[u32], &[u16]),
    (classes, strength): (usize, f64),
    seed: Seed,
) -> Result<Vec<Matrix>, EvaluateError> {
    let mut random = seed.stream("committee");
    let first_of = |class: &u16| labels.iter().position(|label| label == class);
    let firsts: Vec<usize> = (0..classes as u16).filter_map(|class| first_of(&class)).collect();
    let member = |_| {
        let drawn = (0..rows.len()).map(|_| (uniform(&mut random) * rows.len() as f64) as usize);
        let drawn: Vec<usize> = drawn.chain(firsts.iter().copied()).collect();
        let rows: Vec<u32> = drawn.iter().map(|&at| rows[at]).collect();
        let labels: Vec<u16> = drawn.iter().map(|&at| labels[at]).collect();
        learned(features, (&rows, &labels), classes, strength)
    };
    (0..MEMBERS).map(member).collect()
}

fn best(shares: &[f32]) -> u16 {
    let all: Vec<u32> = (0..shares.len() as u32).collect();
    highest_first(shares, &all).first().copied().unwrap_or(0) as u16
}

impl Simulation {
    /// The median quality of a strategy at each number of labels.
    pub fn median(&self, strategy: Strategy) -> Vec<[f64; 2]> {
        let curves: Vec<&Curve> = self.of(strategy).collect();
        let points = curves.iter().map(|curve| curve.labels.len()).min().unwrap_or(0);
        let at = |i: usize| median(curves.iter().map(|curve| curve.quality[i]).collect());
        (0..points).map(|i| [curves[0].labels[i] as f64, at(i)]).collect()
    }

    /// The strategies there are.
    pub fn strategies(&self) -> Vec<Strategy> {
        let mut all: Vec<Strategy> = self.curves.iter().map(|curve| curve.strategy).collect();
        all.dedup();
        all
    }

    /// Figures by name, medians over draws with `.low` and `.high` beside them:
    /// - `active.STRATEGY.area`: the mean quality over the curve.
    /// - `active.STRATEGY.last`: the quality with the whole budget.
    /// - `active.STRATEGY.labels_to_random`: labels from which the quality is for three batches at least what chance reaches
    ///   in the same draw with the whole budget; the budget and one batch more where it never is.
    /// - `active.STRATEGY.found`, `.found_100`: rows of the rarest class among all labels, and among the first hundred.
    pub fn report(&self) -> BTreeMap<String, f64> {
        let mut figures = BTreeMap::new();
        for strategy in self.strategies() {
            let mut insert = |what: &str, values: Vec<f64>| {
                let name = format!("active.{}.{what}", strategy.name());
                let (low, high) = values
                    .iter()
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
                figures.insert(format!("{name}.low"), low);
                figures.insert(format!("{name}.high"), high);
                figures.insert(name, median(values));
            };
            let of = |figure: &dyn Fn(&Curve) -> f64| self.of(strategy).map(figure).collect::<Vec<f64>>();
            insert(
                "area",
                of(&|curve| curve.quality.iter().sum::<f64>() / curve.quality.len().max(1) as f64),
            );
            insert("last", of(&|curve| curve.quality.last().copied().unwrap_or(0.0)));
            insert("found", of(&|curve| curve.found.last().copied().unwrap_or(0) as f64));
            let early = |curve: &Curve| curve.labels.partition_point(|labels| *labels <= EARLY);
            insert(
                "found_100",
                of(&|curve| early(curve).checked_sub(1).map_or(0.0, |at| curve.found[at] as f64)),
            );
            insert("labels_to_random", of(&|curve| self.labels_to_random(curve) as f64));
        }
        figures
    }

    fn of(&self, strategy: Strategy) -> impl Iterator<Item = &Curve> {
        self.curves.iter().filter(move |curve| curve.strategy == strategy)
    }

    fn labels_to_random(&self, curve: &Curve) -> usize {
        let goal = self.of(Strategy::Random).find(|random| random.draw == curve.draw);
        let goal = goal.and_then(|random| random.quality.last()).copied().unwrap_or(f64::INFINITY);
        let n = curve.quality.len();
        let holds = |i: usize| (i..n.min(i + HELD)).all(|j| curve.quality[j] >= goal);
        let last = curve.labels.last().copied().unwrap_or(0);
        let batch = curve.labels.first().copied().unwrap_or(0);
        (0..n).find(|i| holds(*i)).map_or(last + batch, |i| curve.labels[i])
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1500 rows in a plane; 45 of them, in two heaps at the rim, are of class 1.
    fn rare() -> (Matrix, Vec<u16>) {
        let mut random = Seed(4).stream("test");
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for i in 0..1500 {
            let is_rare = i % 33 == 0;
            let center = if is_rare { [3.0, if i % 2 == 0 { 3.0 } else { 2.0 }] } else { [0.0, 0.0] };
            values.extend(center.map(|c| (c + crate::seed::standard_normal(&mut random)) as f32));
            labels.push(u16::from(is_rare));
        }
        (Matrix { n_rows: 1500, n_cols: 2, values }, labels)
    }

    fn config() -> SimulateConfig {
        SimulateConfig { budget: 60, seeds: 4, rows: (700, 700), ..SimulateConfig::default() }
    }

    #[test]
    fn asking_finds_more_of_a_rare_class_than_chance_and_needs_fewer_labels() {
        let (features, labels) = rare();
        let anomaly: Vec<f32> = (0..1500).map(|row| features.row(row).iter().map(|v| v * v).sum()).collect();
        let oracle = Oracle { features: &features, labels: &labels, classes: 2, anomaly: Some(&anomaly) };
        let found = simulate(&oracle, &config(), 2).unwrap();
        assert_eq!((found.quality, found.rarest), (Quality::AveragePrecision, 1));
        let report = found.report();
        assert_eq!(found.strategies().len(), Strategy::ALL.len());
        assert!(report["active.mixed.found"] > 3.0 * report["active.random.found"], "{report:#?}");
        assert!(report["active.mixed.labels_to_random"] < 60.0, "{report:#?}");
        assert!(report["active.mixed.area"] > report["active.random.area"], "{report:#?}");
        for curve in &found.curves {
            assert_eq!(curve.labels, [10, 20, 30, 40, 50, 60]);
            assert!(curve.quality.iter().all(|q| (0.0..=1.0).contains(q)));
        }
        let starts: Vec<usize> = found
            .curves
            .iter()
            .filter(|c| c.draw == 2 && c.strategy != Strategy::Typical)
            .map(|c| c.found[0])
            .collect();
        assert!(starts.iter().all(|found| *found == starts[0]), "all start alike: {starts:?}");
    }

    #[test]
    fn workers_change_nothing() {
        let (features, labels) = rare();
        let oracle = Oracle { features: &features, labels: &labels, classes: 2, anomaly: None };
        let config = SimulateConfig { strategies: vec![Strategy::Diverse], seeds: 2, ..config() };
        assert_eq!(simulate(&oracle, &config, 1).unwrap(), simulate(&oracle, &config, 3).unwrap());
    }

    #[test]
    fn many_classes_are_judged_by_accuracy_and_wrong_input_is_refused() {
        let values: Vec<f32> =
            (0..300).flat_map(|i| [(i % 3) as f32 * 4.0 - 4.0, (i / 3) as f32 * 0.01]).collect();
        let features = Matrix { n_rows: 300, n_cols: 2, values };
        let labels: Vec<u16> = (0..300).map(|i| i % 3).collect();
        let oracle = Oracle { features: &features, labels: &labels, classes: 3, anomaly: None };
        let found = simulate(&oracle, &SimulateConfig { seeds: 2, budget: 40, ..config() }, 1).unwrap();
        assert_eq!(found.quality, Quality::Accuracy);
        assert!(found.curves.iter().all(|curve| *curve.quality.last().unwrap() > 0.9));
        let short = Oracle { labels: &labels[1..], ..oracle };
        assert!(simulate(&short, &config(), 1).is_err());
        let few = Oracle { classes: 2, ..oracle };
        assert!(simulate(&few, &config(), 1).unwrap_err().to_string().contains("`labels` is 2"));
    }
}
