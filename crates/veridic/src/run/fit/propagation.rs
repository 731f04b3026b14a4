//! Fitting label propagation: the graph of all training rows, then their few labels.

use std::collections::BTreeMap;
use std::time::Instant;

use super::file::{FitOptions, FittedRun};
use crate::error::{Result, RunError};
use crate::models::{Neighborhood, Propagation, PropagationConfig};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index};
use crate::run::directory::{Directory, RunInfo, Status, now};
use crate::run::fitted::Form;
use crate::run::report;
use crate::run::report::card::card;
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
    let train = &data.split.train;
    let seed = Seed(config.seed);
    let rows = (data.rows(), &data.layout);
    let near = Neighborhood::new(settings, rows, &index(train), (Seed(seed.key("propagation")), threads))?;
    let labelled = match config.data.labelled.filter(|_| settings.ask) {
        Some(count) => {
            let asked = near.typical(count, Seed(seed.key("propagation.ask")))?;
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

/// Fits the model and writes its run directory.
pub(super) fn fit_run(
    settings: &PropagationConfig,
    config: &Config,
    data: &Dataset,
    options: &FitOptions,
) -> Result<FittedRun> {
    let split = &data.split;
    let rows = [split.train.len(), split.valid.len(), split.test.len()];
    let mut info = RunInfo::new(config.seed, options.threads, data.files.clone(), rows);
    info.classes.clone_from(&data.classes);
    info.notes.clone_from(&data.notes);
    info.text.clone_from(&data.text);
    let directory = Directory::create(&options.out)?;
    directory.write_info(&info)?;
    directory.write_config(config)?;
    let begun = Instant::now();
    let finish = || -> Result<BTreeMap<String, f64>> {
        let spread = learn(settings, config, data, options.threads)?;
        let form = Form::of(data).ok_or_else(|| RunError::NoData {
            reason: "there are no rows to spread labels over".to_string(),
            remedy: "name a table with a target, or images".to_string(),
        })?;
        directory.write_form(&form)?;
        directory.write_model(&spread.model.store())?;
        let figures = report::few::report(data, &spread, options.threads)?;
        directory.write_json("report.json", &figures)?;
        let schema = data.content.table().map(|(_, schema)| schema);
        directory.write("card.md", card(config, &info, schema, &figures).as_bytes())?;
        Ok(figures)
    };
    let done = finish();
    info.seconds += begun.elapsed().as_secs_f64();
    info.ended = Some(now());
    info.status = if done.is_ok() { Status::Done } else { Status::Failed };
    info.error = done.as_ref().err().map(ToString::to_string);
    let told = directory.write_info(&info);
    let report = done?;
    told?;
    Ok(FittedRun {
        run: directory.path.clone(),
        end: End::Done,
        epochs: 0,
        seconds: info.seconds,
        report,
        figures: Vec::new(),
        notes: data.notes.clone(),
    })
}
