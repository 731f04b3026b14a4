//! Membership by shadow models: generators of the same kind that learned from a row, and others that did not, say how much its
//! being learned from shows in what is made.

use std::path::Path;

use crate::data::{self, Data, Schema, Table};
use crate::error::{ModelError, Result};
use crate::evaluate::{self, Membership};
use crate::run::config::Config;
use crate::run::dataset::{TableReading, below, table_options};
use crate::run::evaluation::{Evaluation, EvaluationOptions};
use crate::run::fit::fit;
use crate::seed::{Seed, shuffle};

/// Fewest shadow models: each row is learned from by about half of them.
const FEWEST: usize = 4;

/// Rows of each kind that are attacked, at most.
const TARGETS: usize = 500;

/// Shadow models to attack with.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadow {
    /// How the generator learned: its model is fitted again and again, everything else is as it is by default.
    pub config: Config,
    /// How many models are fitted; at least 4.
    pub models: usize,
}

impl Shadow {
    /// Attacks the synthetic rows of files that were evaluated, and adds `privacy.shadow_auc` and `privacy.shadow_tpr_at_1`.
    ///
    /// # Errors
    /// Fewer than 4 models; what reading says; a model that cannot be fitted to the rows.
    pub fn attack_files(
        &self,
        evaluation: &mut Evaluation,
        [real, synthetic, unseen]: [&Path; 3],
        reading: &TableReading,
        options: &EvaluationOptions,
    ) -> Result<()> {
        let data::Reading { table, schema, .. } = data::read(real, &table_options(real, reading))?;
        let other = |path: &Path| -> Result<Table> {
            Ok(data::read_as(path, &schema, &table_options(path, reading))?.0)
        };
        let found = self.membership((&table, &schema), &other(synthetic)?, &other(unseen)?, options)?;
        evaluation.insert_shadow(found);
        Ok(())
    }

    /// How well it can be told by shadow models which of the real and of the unseen rows were learned from.
    ///
    /// The statistic of a row is its nearness to the nearest made row. For each row it is observed in the shadow models that
    /// learned from the row and in those that did not; the score is the logarithm of the likelihood ratio of what is observed
    /// in the synthetic rows, with normal distributions whose variance all rows share. Sources: Stadler, Oprisanu and Troncoso,
    /// Synthetic Data: Anonymisation Groundhog Day, USENIX Security 2022 (shadow generators); Carlini et al., Membership
    /// Inference Attacks From First Principles, IEEE S&P 2022, algorithm 1 with global variance.
    ///
    /// # Errors
    /// Fewer than 4 models, fewer than 20 rows a side, a model that cannot be fitted.
    pub fn membership(
        &self,
        (real, schema): (&Table, &Schema),
        synthetic: &Table,
        unseen: &Table,
        options: &EvaluationOptions,
    ) -> Result<Membership> {
        if self.models < FEWEST {
            let (model, found, needed) = ("an attack by shadow models", self.models, FEWEST);
            return Err(ModelError::TooFewRows { model, found, needed }.into());
        }
        let seed = Seed(options.seed);
        let shuffled = |table: &Table, name: &str| {
            let mut rows: Vec<usize> = (0..table.n_rows).collect();
            shuffle(&mut rows, &mut seed.stream(name));
            rows
        };
        let (known, fresh) = (shuffled(real, "shadow real"), shuffled(unseen, "shadow unseen"));
        // No more than a fifth of what is learned from changes between shadow models.
        let n = known.len().min(fresh.len()).min(TARGETS).min(real.n_rows / 5);
        let (model, needed) = ("an attack by shadow models", 20);
        if n < needed {
            return Err(ModelError::TooFewRows { model, found: n, needed }.into());
        }
        let targets = below(real.take(&known[..n]), &unseen.take(&fresh[..n]));
        let others = real.take(&known[n..]);
        let config = self.config(schema, options.seed);
        let mut inside = vec![Vec::new(); 2 * n];
        let mut outside = vec![Vec::new(); 2 * n];
        for k in 0..self.models {
            let mut order: Vec<usize> = (0..2 * n).collect();
            shuffle(&mut order, &mut seed.stream(&format!("shadow {k}")));
            let rows = below(others.clone(), &targets.take(&order[..n]));
            let mut fitted = fit(Data::Table(rows, schema.clone()), &config, options.threads)?;
            let Data::Table(made, _) =
                fitted.sample(synthetic.n_rows, &[], options.seed.wrapping_add(k as u64))?
            else {
                continue;
            };
            let near = evaluate::nearness(&targets, &made)?;
            for (at, &row) in order.iter().enumerate() {
                if at < n { &mut inside[row] } else { &mut outside[row] }.push(near[row]);
            }
        }
        let seen = evaluate::nearness(&targets, synthetic)?;
        let scores = likelihood_ratios(&seen, &inside, &outside);
        Ok(Membership::of(&scores[..n], &scores[n..])?)
    }

    /// The model on a table of its own, without parts that are held out and reports.
    fn config(&self, schema: &Schema, seed: u64) -> Config {
        let mut config = Config::default_for_tables();
        config.model = self.config.model.clone();
        config.train = self.config.train.clone();
        config.codec = self.config.codec.clone();
        let target = self.config.data.target.clone();
        config.data.target = target.filter(|target| schema.column(target).is_some());
        config.data.model_target = self.config.data.model_target;
        config.data.rules = self.config.data.rules.clone();
        config.data.privacy = self.config.data.privacy.clone();
        config.data.split.by = crate::run::config::SplitBy::Random;
        (config.data.split.valid, config.data.split.test) = (0.05, 0.0);
        config.evaluate.sample_rows = 0;
        config.figure.clear();
        config.seed = seed;
        config
    }
}

/// `ln N(s; mean inside, v) - ln N(s; mean outside, v)` for each row, `v` over all rows; 0 where a row was always or never inside.
fn likelihood_ratios(seen: &[f64], inside: &[Vec<f64>], outside: &[Vec<f64>]) -> Vec<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let variance = |of: &[Vec<f64>]| {
        let squares = of.iter().filter(|values| values.len() > 1).map(|values| {
            let middle = mean(values);
            (values.iter().map(|value| (value - middle).powi(2)).sum::<f64>(), values.len() - 1)
        });
        let (sum, n) = squares.fold((0.0, 0), |(sum, n), (square, m)| (sum + square, n + m));
        (sum / n.max(1) as f64).max(1e-12)
    };
    let (within, without) = (variance(inside), variance(outside));
    let log =
        |value: f64, middle: f64, variance: f64| -0.5 * ((value - middle).powi(2) / variance + variance.ln());
    seen.iter()
        .zip(inside.iter().zip(outside))
        .map(|(&value, (inside, outside))| match (inside.is_empty(), outside.is_empty()) {
            (false, false) => log(value, mean(inside), within) - log(value, mean(outside), without),
            _ => 0.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Cells;
    use crate::models::ModelConfig;
    use crate::seed::standard_normal;

    fn people(n: usize, seed: u64) -> Table {
        let mut random = Seed(seed).stream("people");
        let mut column = || {
            Cells::Number((0..n).map(|_| (100.0 * standard_normal(&mut random)).round() / 100.0).collect())
        };
        Table::new([("a", column()), ("b", column()), ("c", column())]).unwrap()
    }

    #[test]
    fn copies_give_themselves_away_and_new_rows_do_not() {
        let ratios = |seen: &[f64]| {
            likelihood_ratios(seen, &[vec![0.0, -0.1], vec![0.1, 0.0]], &[vec![-2.0, -2.2], vec![-1.9, -2.1]])
        };
        let scores = ratios(&[-0.05, -2.0]);
        assert!(scores[0] > 5.0 && scores[1] < -5.0, "{scores:?}");

        let (real, unseen, fresh) = (people(400, 1), people(200, 2), people(400, 3));
        let schema = Schema::of(&real);
        let mut config = Config::default_for_tables();
        config.model = ModelConfig::all().into_iter().find(|model| model.name() == "circuit").unwrap();
        let shadow = Shadow { config, models: 4 };
        let options = EvaluationOptions::default();
        let copied = shadow.membership((&real, &schema), &real, &unseen, &options).unwrap();
        let free = shadow.membership((&real, &schema), &fresh, &unseen, &options).unwrap();
        assert!((free.auc - 0.5).abs() < 0.2, "{free:?}");
        assert!(copied.auc > free.auc, "{copied:?} {free:?}");
        let few = Shadow { models: 2, ..shadow };
        assert!(few.membership((&real, &schema), &real, &unseen, &options).is_err());
    }
}
