//! Training that goes on one step at a time, for those who look on.

use std::collections::BTreeMap;
use std::path::Path;

use veridic_graph::Pool;

use crate::data::{Data, Matrix, Table};
use crate::error::{Result, RunError, TrainError};
use crate::models::{Layout, ModelConfig, Network};
use crate::run::config::Config;
use crate::run::dataset::{self, Dataset};
use crate::run::fit::{network, stream};
use crate::run::fitted::Form;
use crate::seed::Seed;
use crate::train::{Learner as _, Pace, Progress};

/// An adversarial network in training, a step at a time. After as many steps it is bit-equal to what [`super::fit`] gives of the
/// same configuration and data.
#[derive(Debug)]
pub struct Live {
    config: Config,
    data: Dataset,
    form: Form,
    network: Network,
    pool: Pool,
    pace: Pace,
    progress: Progress,
}

impl Live {
    /// An adversarial network at its start, for `data` or, without it, for the mixture that the configuration names.
    ///
    /// # Errors
    /// Another model; data that does not suit the configuration.
    pub fn new(config: &Config, data: Option<Data>, threads: usize) -> Result<Self> {
        let mut config = config.clone();
        config.check()?;
        let is_game = matches!(config.model, ModelConfig::Gan(_));
        if !is_game || (data.is_none() && config.data.mixture.is_none()) {
            return Err(RunError::Cannot {
                model: config.model.noun().to_string(),
                verb: "be trained step by step on this data".to_string(),
                remedy: "choose an adversarial network, and give its data or a mixture".to_string(),
            }
            .into());
        }
        let data = match data {
            Some(data) => dataset::given(&mut config, data)?,
            None => dataset::load(&mut config, None, Path::new(""))?,
        };
        let form = Form::of(&data).ok_or_else(|| RunError::Cannot {
            model: config.model.noun().to_string(),
            verb: "speak of data without an encoding".to_string(),
            remedy: "choose an adversarial network".to_string(),
        })?;
        let network = network(&config, &data)?;
        let (train, second) = stream::streams(&config, &data);
        let pace = Pace::new(&config.train, &network, Seed(config.seed), (&train, &second));
        let progress = Progress { sums: vec![0.0; network.parts().len()], ..Progress::default() };
        Ok(Self { config, data, form, network, pool: Pool::new(threads), pace, progress })
    }

    /// One step; `only` does one of its updates alone: 0 is the discriminator's, 1 the generator's. Does nothing, and says
    /// no, once all steps are done.
    ///
    /// # Errors
    /// A loss that is not finite.
    pub fn step(&mut self, only: Option<usize>) -> Result<bool> {
        if self.is_over() {
            return Ok(false);
        }
        let (index, rates, draw) = self.pace.next(&self.progress, 0.0);
        let taken = index.len();
        let losses = self.network.update(&mut self.pool, self.data.rows(), index, (rates, draw), only)?;
        let losses: Vec<f64> = losses.iter().map(|&loss| f64::from(loss)).collect();
        if let Some(at) = losses.iter().position(|loss| !loss.is_finite()) {
            let (part, loss) = (self.network.parts()[at], losses[at] as f32);
            let (step, epoch) = (self.progress.step + 1, self.progress.epoch + 1);
            return Err(TrainError::NotFinite { part, step, epoch, loss }.into());
        }
        self.progress.sums = losses;
        self.pace.advance(&mut self.progress, taken);
        if self.progress.epoch_steps == self.pace.steps_per_epoch {
            self.progress.epoch += 1;
            (self.progress.epoch_steps, self.progress.rows) = (0, 0);
        }
        Ok(true)
    }

    /// Steps done, and steps to be done in all.
    pub fn steps(&self) -> (u64, u64) {
        (self.progress.step, self.pace.total_steps)
    }

    /// Whether all steps are done.
    pub fn is_over(&self) -> bool {
        self.progress.step >= self.pace.total_steps
    }

    /// The losses of the last step by name: `discriminator`, `generator`, shares that are judged right (`real`, `made`), norms
    /// of gradients.
    pub fn losses(&self) -> BTreeMap<&'static str, f64> {
        self.network.parts().iter().copied().zip(self.progress.sums.iter().copied()).collect()
    }

    /// The configuration, as it is saved.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The rows of the data, if it is a table.
    pub fn table(&self) -> Option<&Table> {
        self.data.content.table().map(|(table, _)| table)
    }

    /// What the networks know of rows.
    pub fn layout(&self) -> &Layout {
        self.network.layout()
    }

    /// Training rows as the networks see them, `[rows, width]`.
    pub fn real(&self, most: usize) -> Matrix {
        let rows: Vec<usize> = self.data.split.train.iter().copied().take(most).collect();
        let values: Vec<f32> = rows.iter().flat_map(|&row| self.data.rows().row(row)).collect();
        Matrix { n_rows: rows.len(), n_cols: self.data.layout.width(), values }
    }

    /// Dimensions of the noise.
    pub fn latent(&self) -> usize {
        self.network.latent()
    }

    /// `n` points of noise that follow from the seed and the name alone, `[n, latent]`.
    pub fn noise(&self, name: &str, n: usize) -> Matrix {
        self.network.points(Seed(self.config.seed), name, n)
    }

    /// What the generator makes of points of noise, as the networks see rows, `[points, width]`.
    ///
    /// # Errors
    /// Points of another dimension.
    pub fn make(&mut self, noise: &Matrix) -> Result<Matrix> {
        Ok(self.network.decode(&mut self.pool, noise)?)
    }

    /// The discriminator's output for rows as the networks see them, less the boundary of the objective: above 0 it takes a
    /// row for real. Where rows are judged in groups, each is judged among the same few real and made ones.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn judge(&mut self, rows: &Matrix) -> Result<Vec<f64>> {
        let made = self.make(&self.noise("company", 256))?;
        let company = self.network.company(&self.real(256), &made, 1);
        let scores = self.network.score_among(&mut self.pool, rows, &company)?;
        Ok(scores.into_iter().map(|score| -score).collect())
    }

    /// Rows in original units.
    ///
    /// # Errors
    /// Rows of another width.
    pub fn decode(&self, rows: &Matrix) -> Result<Data> {
        self.form.decode(rows)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::run::fit_watched;

    const RECIPE: &str = "
        [data]
        mixture = { ring = { rows = 200 } }
        split = { valid = 0.0, test = 0.0 }
        [model.gan]
        latent = 2
        generator = [{ dense = 8, activation = 'relu' }]
        discriminator = [{ dense = 8, activation = 'relu' }]
        discriminator-updates = 2
        [train]
        epochs = 3
        epoch-steps = 4
        batch = 16
        best = false
        schedule = 'cosine'
    ";

    #[test]
    fn steps_one_by_one_end_where_a_fit_ends() {
        let config = Config::from_toml(RECIPE, "recipe").unwrap();
        let mut live = Live::new(&config, None, 1).unwrap();
        let data = live.data.content.clone();
        assert_eq!(live.steps(), (0, 12));
        while live.step(None).unwrap() {}
        assert!(live.is_over() && live.progress.epoch == 3);
        let (fitted, _) = fit_watched(data, &config, 2, &AtomicBool::new(false), &mut |_| ()).unwrap();
        assert_eq!(fitted.network().unwrap().weights(), live.network.weights());
    }

    #[test]
    fn an_update_alone_leaves_the_other_network_as_it_is() {
        let config = Config::from_toml(RECIPE, "recipe").unwrap();
        let mut live = Live::new(&config, None, 1).unwrap();
        let weights = |live: &Live, of: &str| -> Vec<f32> {
            let of = format!("{of}.");
            let own = live.network.weights().into_iter().filter(|state| state.name.starts_with(&of));
            own.flat_map(|state| state.values).collect()
        };
        for (only, still, moved) in [(0, "generator", "discriminator"), (1, "discriminator", "generator")] {
            let before = (weights(&live, still), weights(&live, moved));
            assert!(live.step(Some(only)).unwrap());
            assert_eq!(weights(&live, still), before.0);
            assert_ne!(weights(&live, moved), before.1);
        }
    }

    #[test]
    fn other_models_are_not_trained_so() {
        assert!(Live::new(&Config::default(), None, 1).is_err());
    }
}
