//! Fitting from files: find, read, fit, and write the run directory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use veridic_graph::Pool;

use super::resume::{edited, finished, same_run, source_of, unchanged};
use super::{Training, latents, network, propagation, seeds, table, watch};
use crate::data::Data;
use crate::error::{Result, RunError};
use crate::models::detector::DetectorConfig;
use crate::models::{ModelConfig, Network, Objective};
use crate::nn::LayerSummary;
use crate::run::check;
use crate::run::check::criterion;
use crate::run::check::likelihood;
use crate::run::config::Config;
use crate::run::dataset;
use crate::run::dataset::search::way_back;
use crate::run::directory::{self, Directory, Status, now};
use crate::run::figures;
use crate::run::fitted::{Form, provenance};
use crate::run::map::latent_map;
use crate::run::report;
use crate::run::report::card::card;
use crate::run::report::disentanglement;
use crate::run::report::{augment, few_labels};
use crate::train::{Checkpoint, End, Event, Learner};

/// What to fit, and where.
#[derive(Debug, Clone)]
pub struct FitOptions {
    /// A data file or folder instead of what the configuration names.
    pub data: Option<PathBuf>,
    /// Where known data sets lie.
    pub data_dir: PathBuf,
    /// The run directory to write.
    pub out: PathBuf,
    /// The configuration; without one a default for the kind of data is taken.
    pub config: Option<Config>,
    /// The target column, instead of the configuration's.
    pub target: Option<String>,
    /// Overrides, as (path, value).
    pub sets: Vec<(String, String)>,
    /// Threads to use; they change no result.
    pub threads: usize,
    /// Whether to go on with the run in `out`.
    pub resume: bool,
}

/// What would be fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The configuration, every default written out.
    pub config: Config,
    /// Rows for training, validation and testing.
    pub rows: [usize; 3],
    /// Encoded columns.
    pub width: usize,
    /// The layer table.
    pub layers: Vec<LayerSummary>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// What fitting from files left.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedRun {
    /// The run directory.
    pub run: PathBuf,
    /// How training ended.
    pub end: End,
    /// Epochs done.
    pub epochs: usize,
    /// Seconds spent training.
    pub seconds: f64,
    /// The figures of `report.json`; empty for a stopped run.
    pub report: BTreeMap<String, f64>,
    /// Pictures drawn.
    pub figures: Vec<PathBuf>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// The configuration of a fit: the given or default one, with target and overrides.
fn resolve(options: &FitOptions) -> Result<Config> {
    let mut config = match (&options.config, &options.data) {
        (Some(config), _) => config.clone(),
        (None, Some(data)) => {
            let default = dataset::default_for(data, options.target.as_deref());
            dataset::default_with(default, &options.sets)
        }
        (None, None) => Config::default(),
    };
    if options.target.is_some() && options.target != config.data.target {
        config.data.target.clone_from(&options.target);
        config.data.positive.clear();
    }
    if let Some(data) = &options.data {
        // So that `config.toml` alone repeats the run.
        let name = Some(data.to_string_lossy().into_owned());
        (config.data.mixture, config.data.order_flow, config.data.variant) = (None, None, None);
        (config.data.table, config.data.images.source) =
            if dataset::looks_like_images(data) { (None, name) } else { (name, None) };
    }
    // A model that is named alone and is the one there already keeps its settings.
    let named = config.model.name().to_string();
    let sets: Vec<_> =
        options.sets.iter().filter(|(path, value)| path != "model" || *value != named).cloned().collect();
    let mut config = if sets.is_empty() { config } else { config.with(&sets)? };
    if options.config.is_none() {
        // The figures of the default model; another may have been named.
        let makes_rows = config.model.table().is_some_and(|parts| parts.makes_rows());
        let fits = makes_rows || matches!(config.model, ModelConfig::Vae(_));
        let are_own = options.sets.iter().any(|(path, _)| path == "figure" || path.starts_with("figure."));
        config.figure.retain(|_| fits || are_own);
    }
    config.check()?;
    Ok(config)
}

/// What is said of overrides that say nothing to the model.
fn without_effect(config: &Config, sets: &[(String, String)]) -> Option<String> {
    let parts = config.model.table()?;
    let noun = config.model.noun();
    let of_networks = |path: &str| path.starts_with("train.") || path.starts_with("codec.");
    // The default detector looks at relations between columns.
    let has_rules = parts.makes_rows() || matches!(parts.detector, Some(DetectorConfig::Surprise(_)));
    let of_makers = |path: &str| path.starts_with("data.rules") && !has_rules;
    let say = |is_of: &dyn Fn(&str) -> bool, kind: &str, neither: &str| {
        let named: Vec<String> =
            sets.iter().filter(|(path, _)| is_of(path)).map(|(path, _)| format!("`{path}`")).collect();
        (!named.is_empty()).then(|| {
            format!("{} has no effect: it is a setting of {kind}, and {noun} is {neither}", named.join(", "))
        })
    };
    say(&of_networks, "networks", "none")
        .or_else(|| say(&of_makers, "chains, circuits and the default detector", "none of these"))
}

/// Reads the data and builds the model, but fits and writes nothing.
///
/// # Errors
/// As a fit, as far as they can be known before training.
pub fn plan(options: &FitOptions) -> Result<Planned> {
    let mut config = resolve(options)?;
    let data = dataset::load(&mut config, options.data.as_deref(), &options.data_dir)?;
    let (width, layers) = match (config.model.table(), &data.content) {
        (Some(parts), content) => {
            check::figure::check_table(&config, &data, &parts)?;
            (content.table().map_or(0, |(table, _)| table.columns.len()), Vec::new())
        }
        (None, _) if let ModelConfig::Propagation(settings) = &config.model => {
            check::figure::check_graph(&config, settings)?;
            (data.layout.width(), Vec::new())
        }
        (None, _) => {
            let mut network = network(&config, &data)?;
            check::figure::check(&config, &data, &network)?;
            watch::check(&config, &data, &mut network, &mut Pool::new(options.threads))?;
            (data.layout.width(), network.layers().to_vec())
        }
    };
    let split = &data.split;
    Ok(Planned {
        rows: [split.train.len(), split.valid.len(), split.test.len()],
        width,
        layers,
        notes: data.notes,
        config,
    })
}

/// Fits a model and writes its run directory.
///
/// `stop` ends training at the next step with a checkpoint to resume from; `observe` is told what happens.
///
/// # Errors
/// Data that cannot be read or does not fit the configuration; a directory that is not empty or cannot be written; a
/// loss that is not finite (the run then keeps the weights of the last good epoch and says `failed`).
pub fn fit_files(
    options: &FitOptions,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<FittedRun> {
    let resumed = if options.resume && options.out.join("run.json").is_file() {
        let directory = Directory::open(&options.out)?;
        let begun = directory.begun_config()?;
        Some((directory, begun))
    } else if options.resume && directory::holds_something(&options.out) {
        return Err(RunError::NotARun { path: options.out.clone() }.into());
    } else {
        None
    };
    let (mut config, data_path) = match &resumed {
        // What the run was begun with; only the number of epochs may be raised, and such.
        Some((directory, begun)) => {
            let config = directory.config()?;
            let path = source_of(directory, &config, options)?;
            same_run(begun, &config).map_err(|error| edited(directory, error))?;
            // The kind of model named again means the model that there is, not one of that kind with defaults.
            let is_same = |(path, value): &(String, String)| path == "model" && value == config.model.name();
            let sets: Vec<_> = options.sets.iter().filter(|set| !is_same(set)).cloned().collect();
            let mut now = if sets.is_empty() { config } else { config.with(&sets)? };
            if options.target.is_some() {
                now.data.target.clone_from(&options.target);
            }
            if let Some(recipe) =
                options.config.as_ref().filter(|recipe| recipe.model.name() != begun.model.name())
            {
                now.model.clone_from(&recipe.model);
            }
            same_run(begun, &now)?;
            (now, path)
        }
        None => (resolve(options)?, options.data.clone()),
    };
    if config.train.seeds > 1 {
        return seeds::fit_seeds(&config, &FitOptions { data: data_path, ..options.clone() }, stop, observe);
    }
    // Before the data is read, which may take long.
    if resumed.is_none() {
        Directory::check_free(&options.out)?;
    }
    let mut data = dataset::load(&mut config, data_path.as_deref(), &options.data_dir)?;
    data.notes.extend(without_effect(&config, &options.sets));
    if let Some(parts) = config.model.table() {
        check::figure::check_table(&config, &data, &parts)?;
        let resumed = match resumed {
            Some((directory, begun)) => {
                let before = directory.info()?;
                unchanged(&before.data, &data)?;
                if before.status == Status::Done && begun == config {
                    return finished(&directory, &before);
                }
                Some(directory)
            }
            None => None,
        };
        return table::fit_run((&config, &parts), &data, (options, resumed), stop, observe);
    }
    if let ModelConfig::Propagation(settings) = &config.model {
        check::figure::check_graph(&config, settings)?;
        let resumed = match resumed {
            Some((directory, begun)) => {
                let before = directory.info()?;
                unchanged(&before.data, &data)?;
                if before.status == Status::Done && begun == config {
                    return finished(&directory, &before);
                }
                Some(directory)
            }
            None => None,
        };
        return propagation::fit_run((settings, &config), &data, (options, resumed), stop);
    }
    let mut network = network(&config, &data)?;
    check::figure::check(&config, &data, &network)?;
    let mut pool = Pool::new(options.threads);
    watch::check(&config, &data, &mut network, &mut pool)?;
    let mut info = table::about(&config, &data, options);
    let mut notes = data.notes.clone();
    let (directory, from) = match resumed {
        Some((directory, begun)) => {
            let before = directory.info()?;
            unchanged(&before.data, &data)?;
            if before.status == Status::Done && begun == config {
                return finished(&directory, &before);
            }
            table::keep_begin(&mut info, &before, options);
            let mut from = directory.read_checkpoint(&network.states().entries)?;
            match &from {
                None if !directory.events().is_empty() => {
                    notes.push("there is no checkpoint to go on from: training begins again".to_string());
                }
                Some(Checkpoint { progress, best: None, .. })
                    if let Some((epoch, _)) = progress.best
                        && config.train.best =>
                {
                    notes.push(format!(
                        "the weights of epoch {epoch}, the best, are not there: the best is chosen among later ones"
                    ));
                }
                _ => {}
            }
            // By another figure, what was best says nothing of what is.
            if let Some(from) = from.as_mut().filter(|_| criterion::of(&begun) != criterion::of(&config)) {
                (from.progress.best, from.best) = (None, None);
            }
            (directory, from)
        }
        None => (Directory::create(&options.out)?, None),
    };
    if let Some(before) = &from {
        info.seconds = directory.seconds(before.progress.epoch) + before.progress.seconds;
    }
    info.folder = info.folder.or_else(|| way_back(&directory.path, &info.data));
    directory.write_info(&info)?;
    directory.write_config(&config)?;
    if let Some(form) = Form::of(&data) {
        directory.write_form(&form)?;
    }
    let mut log = directory.event_log(from.as_ref().map_or(0, |from| from.progress.epoch))?;
    let mut lost: Option<crate::Error> = None;
    let mut notify = |event: &Event| {
        if event.is_kept()
            && let Err(error) = log.write(event)
        {
            lost.get_or_insert(error);
        }
        observe(event);
    };
    let begun = Instant::now();
    let training = Training { config: &config, data: &data, directory: Some(&directory) };
    let mut keep = |checkpoint: &Checkpoint| directory.write_checkpoint(checkpoint, config.train.keep);
    let result = training.run(&mut network, &mut pool, from, (stop, &mut notify), &mut keep);
    info.seconds += begun.elapsed().as_secs_f64();
    info.ended = Some(now());
    let outcome = match (result, lost) {
        (Ok(outcome), None) => outcome,
        (Err(error), _) | (Ok(_), Some(error)) => {
            info.status = Status::Failed;
            info.error = Some(error.to_string());
            // What fails now (a full disk, say) is not news beside the error that ended the run.
            let _ = keep_last_good(&directory, &mut network);
            let _ = directory.write_info(&info);
            return Err(error);
        }
    };
    let mut fitted = FittedRun {
        run: directory.path.clone(),
        end: outcome.end,
        epochs: outcome.progress.epoch,
        seconds: info.seconds,
        report: BTreeMap::new(),
        figures: Vec::new(),
        notes,
    };
    if outcome.end == End::Stopped {
        keep_last_good(&directory, &mut network)?;
        info.status = Status::Stopped;
        directory.write_info(&info)?;
        return Ok(fitted);
    }
    // Gives whether it came to its end.
    let mut finish = || -> Result<bool> {
        directory.write_weights(&network.weights())?;
        let latents = latents(&config, &data, &mut network, &mut pool)?;
        if !latents.is_empty() {
            directory.write_states("latents.safetensors", &latents)?;
        }
        let map = latent_map(&config, &data, &mut network, &mut pool)?;
        fitted.report = report::report(&config, &data, &mut network, &mut pool, &outcome.progress)?;
        if let ModelConfig::Gan(gan) = &config.model
            && gan.objective == Objective::Wasserstein
            && let Some(correlation) = watch::quality_correlation(&directory.events())
        {
            fitted.report.insert("critic.quality_correlation".to_string(), correlation);
        }
        fitted.report.extend(map.iter().flat_map(|map| map.report.clone()));
        if let Some(augment) = &config.augment {
            let place = (data_path.as_deref(), options.data_dir.as_path());
            let Some(figures) = augment::measure(augment, &config, place, &mut pool, stop)? else {
                return Ok(false);
            };
            fitted.report.extend(figures);
        }
        if let Some(settings) = &config.few_labels {
            let place = (data_path.as_deref(), options.data_dir.as_path());
            let Some(measured) = few_labels::measure(settings, &config, place, &mut pool, stop)? else {
                return Ok(false);
            };
            fitted.report.extend(measured.report);
            fitted.notes.push(measured.verdict);
            directory.write(few_labels::CURVES, few_labels::to_csv(&measured.curves).as_bytes())?;
        }
        if config.evaluate.nll_samples > 0 {
            let is_images = matches!(data.content, Data::Images(_));
            fitted.notes.push(format!("likelihood: {}", likelihood::in_words(&config, is_images)));
        }
        disentanglement::write_units(&directory, &data, &mut network, &mut pool)?;
        // Before what may still fail.
        directory.write_json("report.json", &fitted.report)?;
        match disentanglement::disentanglement(&config, &data, &mut network, &mut pool)? {
            Ok(figures) => fitted.report.extend(figures),
            Err(note) => fitted.notes.push(note),
        }
        directory.write_json("report.json", &fitted.report)?;
        let schema = data.content.table().map(|(_, schema)| schema);
        directory.write("card.md", card(&config, &info, schema, &fitted.report).as_bytes())?;
        fitted.figures = figures::draw(&directory, &config, &data, &mut network, &mut pool, map.as_ref())?;
        provenance::sign(&directory, (&config, &info), &fitted.figures)?;
        Ok(true)
    };
    let finished = finish();
    info.ended = Some(now());
    info.status = match finished {
        Ok(true) => Status::Done,
        Ok(false) => Status::Stopped,
        Err(_) => Status::Failed,
    };
    info.error = finished.as_ref().err().map(ToString::to_string);
    let told = directory.write_info(&info);
    if !finished.and_then(|whole| told.map(|()| whole))? {
        fitted.end = End::Stopped;
    }
    Ok(fitted)
}

/// After a failure or a stop: the weights of the best or last good epoch, if there was one.
fn keep_last_good(directory: &Directory, network: &mut Network) -> Result<()> {
    if let Some(checkpoint) = directory.read_checkpoint(&network.states().entries)? {
        network.states_mut().entries = checkpoint.best.unwrap_or(checkpoint.states);
        directory.write_weights(&network.weights())?;
    }
    Ok(())
}
