//! How good the rows are that an adversarial network makes, by name as in reports.

use std::collections::BTreeMap;

use veridic_graph::Pool;

use crate::data::{Matrix, Mixture};
use crate::error::Result;
use crate::evaluate::{self, mode_coverage};
use crate::models::{ModelConfig, Network, Prior, Rows};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index};
use crate::run::fit::snapshot::numbers;
use crate::run::report::judge::{Judge, Seen, largest};
use crate::seed::{Seed, normal_quantile};

/// Measures made rows against what is known of the data.
///
/// - Of a mixture of one column: `sample.mean`, `sample.sd` in its units, and
///   `sample.kolmogorov_smirnov`, the distance to its distribution
///   ([`evaluate::kolmogorov_smirnov`]); of two: `sample.modes`, `sample.high_quality`,
///   `sample.reverse_kl` ([`mode_coverage`]).
/// - Of digits of 28 x 28 pixels, by a frozen classifier ([`Judge`]): `sample.frechet`, the distance of its features from those
///   of as many real images, `floor.frechet` that of as many training images, `classifier.accuracy` on the real images,
///   `sample.classifier_score`, and `sample.class_accuracy`, how often the digit is the one asked for. Of stacks of
///   digits, in place of the distances: `sample.modes`, the numbers found (of 1000 for three digits), and
///   `sample.reverse_kl`, the divergence of their shares from even ones, with those of as many stacks of training images
///   as `floor.modes` and `floor.reverse_kl`.
/// - Of codes: `info.mutual_information`, the lower bound `ln K + E ln Q(c | x)` in nats, and `info.category_error`, how often
///   the category read from a real image is not that of its label; which digit a category stands for is learned from
///   training images.
///
/// Real images are test rows in a report, and training rows while training, so that no test row has a say in which epoch
/// is kept.
pub(crate) struct Quality<'a> {
    config: &'a Config,
    data: &'a Dataset,
    real: Vec<usize>,
    judge: Option<Bench>,
}

/// A judge with what it saw in real images.
struct Bench {
    judge: Judge,
    real: Seen,
    floors: Vec<(&'static str, f64)>,
    accuracy: Option<f64>,
}

/// Training images by which a category gets its digit.
const MATCHED: usize = 10_000;

impl<'a> Quality<'a> {
    /// With `n` rows on each side, the real ones from `real`.
    pub(crate) fn new(
        config: &'a Config,
        data: &'a Dataset,
        real: &[usize],
        n: usize,
        pool: &mut Pool,
    ) -> Result<Self> {
        let train = &data.split.train;
        // The last ones, as the first may be the real ones.
        let train = &train[train.len().saturating_sub(n)..];
        let real = real[..n.min(real.len())].to_vec();
        let mut quality = Self { config, data, real, judge: None };
        let Some(mut judge) = Judge::of(&data.layout, config.data.images.stack)? else { return Ok(quality) };
        if quality.real.len() < 2 || train.len() < 2 {
            return Ok(quality);
        }
        let test = index(&quality.real);
        let train = index(train);
        let real = judge.look(pool, data.rows(), &test)?;
        let seen = judge.look(pool, data.rows(), &train)?;
        let floors = if config.data.images.stack > 1 {
            let (modes, divergence) = seen.modes();
            vec![("floor.modes", modes as f64), ("floor.reverse_kl", divergence)]
        } else {
            vec![("floor.frechet", seen.distance(&real)?)]
        };
        // A label says its digits, one or several.
        let accuracy = data.labels.as_ref().map(|labels| {
            let is = |row: u32| labels[row as usize].as_ref().and_then(|label| label.parse::<usize>().ok());
            let hits = real.answers().into_iter().zip(&test).filter(|(said, row)| is(**row) == Some(*said));
            hits.count() as f64 / test.len() as f64
        });
        quality.judge = Some(Bench { judge, real, floors, accuracy });
        Ok(quality)
    }

    /// The figures of rows made of the noise of that name.
    pub(crate) fn figures(
        &mut self,
        network: &mut Network,
        pool: &mut Pool,
        name: &str,
        n: usize,
    ) -> Result<BTreeMap<String, f64>> {
        // Of coupled networks those of the first set, which the real rows are of.
        let Some(prior) = network.prior().cloned() else { return Ok(BTreeMap::new()) };
        let first = (prior.sets > 0).then_some(0);
        let z = prior.draw(Seed(self.config.seed), &format!("{name} latent"), n, |_| first);
        let made = network.decode(pool, &z)?;
        let mut figures = BTreeMap::new();
        let mut insert = |name: &str, value: f64| figures.insert(name.to_string(), value);
        if let (Some(mixture), Some(codec)) = (self.config.data.mixture, &self.data.codec) {
            let values = numbers(&codec.decode(&made)?);
            if let Mixture::Gaussian(normal) = mixture {
                insert("sample.mean", evaluate::mean(&values)?);
                insert("sample.sd", evaluate::standard_deviation(&values)?);
                // Its quantiles stand for the distribution: the distance is right to half a row.
                let share = |i: usize| (i as f64 + 0.5) / values.len() as f64;
                let place = |i: usize| normal.mean + normal.deviation * normal_quantile(share(i));
                let truth: Vec<f64> = (0..values.len()).map(place).collect();
                if let Some(distance) = evaluate::kolmogorov_smirnov(&values, &truth) {
                    insert("sample.kolmogorov_smirnov", distance);
                }
            } else {
                let coverage = mode_coverage(&values, &mixture.centers(), mixture.deviation())?;
                insert("sample.modes", coverage.modes as f64);
                insert("sample.high_quality", coverage.high_quality);
                if let Some(divergence) = coverage.reverse_kl {
                    insert("sample.reverse_kl", divergence);
                }
            }
        }
        let all: Vec<u32> = (0..made.n_rows as u32).collect();
        if let Some(bench) = &mut self.judge {
            let seen = bench.judge.look(pool, Rows::matrix(&made), &all)?;
            if self.config.data.images.stack > 1 {
                let (modes, divergence) = seen.modes();
                insert("sample.modes", modes as f64);
                insert("sample.reverse_kl", divergence);
            } else {
                insert("sample.frechet", seen.distance(&bench.real)?);
                insert("sample.classifier_score", seen.score()?);
            }
            for (name, value) in &bench.floors {
                insert(name, *value);
            }
            if let Some(accuracy) = bench.accuracy {
                insert("classifier.accuracy", accuracy);
            }
            if let Some(asked) = self.asked(&prior, &z) {
                let hits = seen.answers().iter().zip(&asked).filter(|(said, asked)| said == asked).count();
                insert("sample.class_accuracy", hits as f64 / asked.len() as f64);
            }
        }
        if let ModelConfig::Gan(gan) = &self.config.model
            && let Some(info) = gan.info.filter(|info| info.categories > 0)
        {
            // A conditional discriminator is told what was asked for.
            let asked: Vec<f32> =
                (0..z.n_rows).filter_map(|i| prior.asked(z.row(i))).map(|class| class as f32).collect();
            let logits = network.recognize(pool, Rows::matrix(&made).labelled(&asked), &all)?.swap_remove(0);
            let log_share = |i: usize| Some(log_softmax(logits.row(i), prior.category(z.row(i))?));
            let mean = (0..logits.n_rows).filter_map(log_share).sum::<f64>() / logits.n_rows.max(1) as f64;
            insert("info.mutual_information", (info.categories as f64).ln() + mean);
            if let Some(error) = self.category_error(network, pool)? {
                insert("info.category_error", error);
            }
        }
        Ok(figures)
    }

    /// The digit that each latent point asks for, where classes are digits.
    fn asked(&self, prior: &Prior, z: &Matrix) -> Option<Vec<usize>> {
        let digits: Vec<usize> =
            self.data.classes.iter().map(|class| class.parse().ok()).collect::<Option<_>>()?;
        (prior.classes > 0)
            .then(|| (0..z.n_rows).filter_map(|i| Some(digits[prior.asked(z.row(i))?])).collect())
    }

    /// How often the second head of a discriminator tells the class of a real row: `test.accuracy`, and of coupled
    /// networks `transfer.accuracy` on test rows of the second set, whose labels were never learned from.
    pub(crate) fn told(&self, network: &mut Network, pool: &mut Pool) -> Result<BTreeMap<String, f64>> {
        let mut figures = BTreeMap::new();
        let ModelConfig::Gan(gan) = &self.config.model else { return Ok(figures) };
        let (Some(labels), true) = (&self.data.labels, gan.classify > 0.0) else { return Ok(figures) };
        let heads =
            gan.info.map_or(0, |info| usize::from(info.categories > 0) + usize::from(info.continuous > 0));
        let mut accuracy = |name: &str, rows: &[usize], head: usize| -> Result<()> {
            let rows: Vec<usize> = rows.iter().copied().filter(|&row| labels[row].is_some()).collect();
            if rows.is_empty() {
                return Ok(());
            }
            let logits = network.recognize(pool, self.data.rows(), &index(&rows))?.swap_remove(head);
            let hit = |(i, row): (usize, &usize)| {
                labels[*row].as_ref() == self.data.classes.get(largest(logits.row(i)))
            };
            let hits = rows.iter().enumerate().filter(|&at| hit(at)).count();
            figures.insert(name.to_string(), hits as f64 / rows.len() as f64);
            Ok(())
        };
        accuracy("test.accuracy", self.data.tested(), heads)?;
        if let Some(second) = &self.data.second {
            accuracy("transfer.accuracy", &second.test, heads + 1)?;
        }
        Ok(figures)
    }

    fn category_error(&self, network: &mut Network, pool: &mut Pool) -> Result<Option<f64>> {
        let classes = self.data.classes.len();
        if classes == 0 {
            return Ok(None);
        }
        let mut read = |rows: &[usize]| -> Result<Vec<(usize, Option<usize>)>> {
            let logits = network.recognize(pool, self.data.rows(), &index(rows))?.swap_remove(0);
            let class =
                |row: usize| Some(self.data.class_numbers[row]).filter(|&c| c >= 0.0).map(|c| c as usize);
            Ok(rows.iter().enumerate().map(|(i, &row)| (largest(logits.row(i)), class(row))).collect())
        };
        let mut counts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        // Not the first training rows, which may be the real ones.
        let train = &self.data.split.train;
        for (category, class) in read(&train[train.len().saturating_sub(MATCHED)..])? {
            if let Some(class) = class {
                counts.entry(category).or_insert_with(|| vec![0; classes])[class] += 1;
            }
        }
        let stands_for = |category: usize| {
            let counts = counts.get(&category)?;
            (0..classes).max_by_key(|&class| counts[class])
        };
        let known: Vec<_> = read(&self.real)?.into_iter().filter(|(_, class)| class.is_some()).collect();
        let wrong = known.iter().filter(|(category, class)| stands_for(*category) != *class).count();
        Ok((!known.is_empty()).then(|| wrong as f64 / known.len() as f64))
    }
}

/// `ln softmax(logits)` of one of them.
fn log_softmax(logits: &[f32], at: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    f64::from(logits[at] - largest) - sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_shares_are_those_of_a_softmax() {
        let logits = [1.0, 2.0, 1000.0];
        assert!((log_softmax(&[0.0, 0.0], 1) - 0.5f64.ln()).abs() < 1e-12);
        assert!((log_softmax(&logits, 2)).abs() < 1e-12 && log_softmax(&logits, 0) < -990.0);
    }
}
