//! Fitting label propagation: the graph of all training rows, then their few labels.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::file::{FitOptions, FittedRun};
use super::table::{PARTIAL, begin};
use crate::error::{Result, RunError};
use crate::models::{Neighborhood, Propagation, PropagationConfig};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index};
use crate::run::directory::{Directory, Status, now};
use crate::run::fitted::Form;
use crate::run::report;
use crate::run::report::card::card;
use crate::run::report::learning::learning_curves;
use crate::seed::Seed;
use crate::train::End;

/// A fitted model with what the report needs of its making.
pub(crate) struct Spread {
    pub(crate) model: Propagation,
    /// Rows whose labels were looked at.
    pub(crate) labelled: Vec<usize>,
}

/// Fits the graph, chooses the rows to ask for where the graph is to choose, and spreads their labels.
pub(crate) fn learn(
    settings: &PropagationConfig,
    config: &Config,
    data: &Dataset,
    threads: usize,
) -> Result<Spread> {
    spread(settings, config, data, &neighborhood(settings, config, data, threads)?)
}

/// The labels spread, with all figures of it; nothing once it was stopped.
pub(crate) fn reported(
    (settings, config): (&PropagationConfig, &Config),
    data: &Dataset,
    near: &Neighborhood,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Option<(Spread, BTreeMap<String, f64>)>> {
    let spread = spread(settings, config, data, near)?;
    let mut figures = report::few::report(data, &spread, threads)?;
    if let Some(curve) = &settings.curve {
        let more = report::few::curve(curve, data, near, (config.seed, threads), stop)?;
        let Some(more) = more else { return Ok(None) };
        figures.extend(more);
    }
    Ok(Some((spread, figures)))
}

/// The graph of the training rows.
pub(crate) fn neighborhood(
    settings: &PropagationConfig,
    config: &Config,
    data: &Dataset,
    threads: usize,
) -> Result<Neighborhood> {
    let rows = (data.rows(), &data.layout);
    let seed = Seed(Seed(config.seed).key("propagation"));
    Neighborhood::new(settings, rows, &index(&data.split.train), (seed, threads))
}

/// Chooses the rows to ask for where the graph is to choose, and spreads their labels.
fn spread(
    settings: &PropagationConfig,
    config: &Config,
    data: &Dataset,
    near: &Neighborhood,
) -> Result<Spread> {
    let train = &data.split.train;
    let labelled = match config.data.labelled.filter(|_| settings.ask) {
        Some(count) => {
            let asked = near.typical(count, Seed(Seed(config.seed).key("propagation.ask")))?;
            asked.into_iter().map(|at| train[at as usize]).collect()
        }
        None => data.seen(),
    };
    let mut numbers = vec![None; data.class_numbers.len()];
    for &row in &labelled {
        numbers[row] = data.class_numbers.get(row).filter(|class| **class >= 0.0).map(|class| *class as u16);
    }
    let labels: Vec<Option<u16>> = train.iter().map(|&row| numbers.get(row).copied().flatten()).collect();
    let target = config.data.target.as_deref().unwrap_or("label");
    Ok(Spread { model: near.propagate(&labels, &data.classes, target)?, labelled })
}

/// Fits the model and writes its run directory, or goes on with one: the graph, which takes most of the time, is kept when
/// the fit is stopped.
pub(super) fn fit_run(
    (settings, config): (&PropagationConfig, &Config),
    data: &Dataset,
    (options, resumed): (&FitOptions, Option<Directory>),
    stop: &AtomicBool,
) -> Result<FittedRun> {
    let split = &data.split;
    let (directory, mut info, from) = begin(config, data, (options, resumed))?;
    let mut fitted = FittedRun {
        run: directory.path.clone(),
        end: End::Done,
        epochs: 0,
        seconds: 0.0,
        report: BTreeMap::new(),
        figures: Vec::new(),
        notes: data.notes.clone(),
    };
    let begun = Instant::now();
    let is_stopped = || stop.load(Ordering::Relaxed);
    // Gives whether it came to its end.
    let finish = || -> Result<bool> {
        // What cannot be read is made again.
        let of = (split.train.len(), options.threads);
        let kept = from.and_then(|from| Neighborhood::restore(settings, &from, of).ok());
        let near = match kept {
            Some(near) => near,
            None => neighborhood(settings, config, data, options.threads)?,
        };
        let keep = || directory.write(PARTIAL, &near.store().to_bytes());
        if is_stopped() {
            keep()?;
            return Ok(false);
        }
        let form = Form::of(data).ok_or_else(|| RunError::NoData {
            reason: "there are no rows to spread labels over".to_string(),
            remedy: "name a table with a target, or images".to_string(),
        })?;
        let Some((spread, figures)) = reported((settings, config), data, &near, options.threads, stop)?
        else {
            keep()?;
            return Ok(false);
        };
        directory.write_form(&form)?;
        directory.write_model(&spread.model.store())?;
        directory.write_json("report.json", &figures)?;
        let schema = data.content.table().map(|(_, schema)| schema);
        directory.write("card.md", card(config, &info, schema, &figures).as_bytes())?;
        fitted.figures = draw(&directory, config, &figures)?;
        fitted.report = figures;
        directory.remove(PARTIAL)?;
        Ok(true)
    };
    let done = finish();
    info.seconds += begun.elapsed().as_secs_f64();
    info.ended = Some(now());
    info.status = match &done {
        Ok(true) => Status::Done,
        Ok(false) => Status::Stopped,
        Err(_) => Status::Failed,
    };
    info.error = done.as_ref().err().map(ToString::to_string);
    let told = directory.write_info(&info);
    if !done.and_then(|whole| told.map(|()| whole))? {
        fitted.end = End::Stopped;
    }
    fitted.seconds = info.seconds;
    Ok(fitted)
}

/// Draws the figures of the configuration: errors by the number of labels.
fn draw(directory: &Directory, config: &Config, report: &BTreeMap<String, f64>) -> Result<Vec<PathBuf>> {
    let mut drawn = Vec::new();
    for wanted in &config.figure {
        let Some(figure) = learning_curves(report)? else { continue };
        let folder = directory.folder("figures")?;
        let name = wanted.kind.name();
        figure.write(&folder.join(format!("{name}.svg")))?;
        let png = folder.join(format!("{name}.png"));
        figure.write(&png)?;
        drawn.push(png);
    }
    Ok(drawn)
}
