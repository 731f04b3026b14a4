//! Fitting: from data and a configuration to a fitted model.
//!
//! [`fit`] takes data in memory and leaves a model in memory; [`fit_files`] finds and reads the data and leaves a run
//! directory. Both train with the same steps.

mod few_labels;
mod file;
mod live;
mod made;
pub(crate) mod propagation;
mod resume;
pub(crate) mod seeds;
pub(crate) mod snapshot;
mod stream;
mod table;
pub(crate) mod watch;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use veridic_graph::{Pool, State};

use self::watch::Watch;
use super::check;
use super::config::Config;
use super::dataset::{self, Dataset, index};
use super::directory::{Directory, RunInfo, Status, now};
use super::fitted::{Coded, Fitted, Form, Model, Record, Spread};
use super::report;
use crate::data::Data;
use crate::error::{ConfigError, Result, RunError};
use crate::models::{ModelConfig, Network};
use crate::seed::Seed;
use crate::train::{self, Checkpoint, End, Event, Measure, Outcome, Progress, Session};

pub use file::{FitOptions, FittedRun, Planned, fit_files, plan};
pub use live::Live;
pub(crate) use resume::unchanged;

/// Fits a model to data in memory.
///
/// The data is parted by `config.data.split`, and the report made on the test rows. Files that the configuration names are
/// not read.
///
/// # Errors
/// Data that is none ([`crate::error::ContentError`]) or does not suit the configuration; a loss that is not finite.
pub fn fit(data: impl Into<Data>, config: &Config, threads: usize) -> Result<Fitted> {
    let never = AtomicBool::new(false);
    Ok(fit_watched(data, config, threads, &never, &mut |_| ())?.0)
}

/// As [`fit`]; `stop` ends training at the next step with the model as it is then, `observe` is told what happens. Also says
/// how training ended.
///
/// # Errors
/// As [`fit`].
pub fn fit_watched(
    data: impl Into<Data>,
    config: &Config,
    threads: usize,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<(Fitted, End)> {
    let mut config = config.clone();
    config.check()?;
    if config.train.seeds > 1 {
        return Err(ConfigError::Conflict {
            what: "`train.seeds` is for runs in directories: each seed has one of its own".to_string(),
            remedy: "fit once for each `seed`".to_string(),
        }
        .into());
    }
    let data = dataset::given(&mut config, data.into())?;
    let mut pool = Pool::new(threads);
    let split = &data.split;
    let rows = [split.train.len(), split.valid.len(), split.test.len()];
    let mut info = RunInfo::new(config.seed, threads, Vec::new(), rows);
    info.classes.clone_from(&data.classes);
    info.notes.clone_from(&data.notes);
    info.text.clone_from(&data.text);
    let begun = Instant::now();
    let mut events = Vec::new();
    let mut tell = |event: &Event| {
        if event.is_kept() {
            events.push(event.clone());
        }
        observe(event);
    };
    let form = Form::of(&data);
    let (model, end, latents, report) = match (form, &config.model) {
        (Some(form), ModelConfig::Propagation(settings)) => {
            let near = propagation::neighborhood(settings, &config, &data, threads)?;
            // Without a directory there is nothing to go on with: it is not stopped.
            let never = AtomicBool::new(false);
            let done = propagation::reported((settings, &config), &data, &near, threads, &never)?;
            let (spread, report) = done.expect("nothing stops it");
            (
                Model::Propagation(Box::new(Spread { form, model: spread.model })),
                End::Done,
                Vec::new(),
                report,
            )
        }
        (Some(form), _) => {
            let mut network = network(&config, &data)?;
            check::figure::check(&config, &data, &network)?;
            let progress = Training { config: &config, data: &data, directory: None }.run(
                &mut network,
                &mut pool,
                None,
                (stop, &mut tell),
                &mut |_| Ok(()),
            )?;
            let latents = latents(&config, &data, &mut network, &mut pool)?;
            let report = report::report(&config, &data, &mut network, &mut pool, &progress.progress)?;
            (Model::Network(Box::new(Coded { form, network })), progress.end, latents, report)
        }
        (None, _) => {
            let parts = config.model.table().unwrap_or_default();
            let course =
                table::Course { threads, stop, observe: &mut tell, from: None, keep: &mut |_| Ok(()) };
            let Some(model) = table::learn(&parts, &config, &data, course)? else {
                return Err(RunError::Stopped.into());
            };
            let report = report::table::report(&config, &data, &model, threads)?.figures;
            (Model::Table(Box::new(model)), End::Done, Vec::new(), report)
        }
    };
    info.seconds = begun.elapsed().as_secs_f64();
    info.ended = Some(now());
    info.status = if end == End::Stopped { Status::Stopped } else { Status::Done };
    let record = Record::Memory { report, events, latents };
    Ok((Fitted { config, info, model, pool, record }, end))
}

/// The model of a configuration for a data set, at its start.
pub(crate) fn network(config: &Config, data: &Dataset) -> Result<Network> {
    check::likelihood::check(config, data)?;
    check::memory::check(config, data)?;
    let seed = Seed(config.seed).key("weights");
    let mut network = Network::new(&config.model, data.layout.clone(), &config.train, seed)?;
    network.begin(&config.model, data.rows(), &index(&data.split.train))?;
    Ok(network)
}

/// The training of a network on the data of a run.
pub(crate) struct Training<'a> {
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Dataset,
    /// Where pictures of what is made go, for models that make some.
    pub(crate) directory: Option<&'a Directory>,
}

impl Training<'_> {
    /// Trains from the start, or from a checkpoint.
    pub(crate) fn run(
        &self,
        network: &mut Network,
        pool: &mut Pool,
        from: Option<Checkpoint>,
        (stop, observe): (&AtomicBool, &mut dyn FnMut(&Event)),
        keep: &mut dyn FnMut(&Checkpoint) -> Result<()>,
    ) -> Result<Outcome> {
        let Training { config, data, directory } = *self;
        if let ModelConfig::Classifier(classifier) = &config.model {
            if let Some(settings) = &classifier.self_training {
                return self.run_self_training(settings, (network, pool), from, (stop, observe), keep);
            }
            if let Some(settings) = &classifier.pseudo {
                return self.run_rounds(settings, (network, pool), (stop, observe), keep);
            }
        }
        let (train, second) = stream::streams(config, data);
        let valid = index(&data.split.valid);
        let watch =
            matches!(config.model, ModelConfig::Gan(_)).then(|| Watch::new(config, data, directory, pool));
        let mut watch = watch.transpose()?;
        if let (Some(watch), None) = (&watch, &from) {
            watch.begin(network, pool)?;
        }
        let mut measure = watch.as_mut().map(|watch| {
            move |network: &mut Network, pool: &mut Pool, progress: &Progress| {
                watch.measure(network, pool, progress)
            }
        });
        let session = Session {
            config: &config.train,
            divergence: config.model.divergence(),
            seed: Seed(config.seed),
            train: &train,
            second: &second,
            valid: &valid,
            from,
            measure: measure.as_mut().map(|measure| measure as &mut Measure<'_, Network>),
            criterion: check::criterion::of(config),
            stop,
            observe,
            keep,
        };
        let outcome = train::fit(network, pool, data.rows(), session)?;
        network.fit_prior(pool, data.rows(), &index(&data.split.train), Seed(config.seed))?;
        Ok(outcome)
    }
}

/// Posteriors kept for sampling given a target that the model itself does not speak of: at most so many for each value.
const KEPT: usize = 5000;

/// Posterior means and log-variances of training rows by value of the target, `mean.VALUE` and `log_variance.VALUE`; none
/// where the model speaks of the target itself.
pub(crate) fn latents(
    config: &Config,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
) -> Result<Vec<State>> {
    let Some(labels) = data.labels.as_ref().filter(|_| network.has_posterior() && !config.data.model_target)
    else {
        return Ok(Vec::new());
    };
    let mut tensors = Vec::new();
    for (value, _) in dataset::counts(labels) {
        let of_value = data.split.train.iter().filter(|&&row| labels[row].as_deref() == Some(&value));
        let rows: Vec<u32> = of_value.take(KEPT).map(|&row| row as u32).collect();
        if rows.is_empty() {
            continue;
        }
        let (mean, log_variance) = network.encode(pool, data.rows(), &rows)?;
        for (part, matrix) in [("mean", Some(mean)), ("log_variance", log_variance)] {
            if let Some(matrix) = matrix {
                let dims = vec![matrix.n_rows, matrix.n_cols];
                tensors.push(State { name: format!("{part}.{value}"), dims, values: matrix.values });
            }
        }
    }
    Ok(tensors)
}
