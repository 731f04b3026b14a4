//! Fitting models of tables without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::file::{FitOptions, FittedRun};
use super::made::write_page;
use crate::data::{Cells, Data, MISSING, Table};
use crate::error::{Result, RunError, as_code};
use crate::models::chain::Found;
use crate::models::detector::DetectorConfig;
use crate::models::series::SeriesModel;
use crate::models::{Lesson, Parts, Stored, TableModel};
use crate::run::config::{Config, SplitBy};
use crate::run::dataset::Dataset;
use crate::run::dataset::search::way_back;
use crate::run::directory::{Directory, RunInfo, Status, now};
use crate::run::figures;
use crate::run::fitted::provenance;
use crate::run::report::card::card;
use crate::run::report::table::{TableReport, report};
use crate::seed::Seed;
use crate::train::{End, Event};

/// What a fit in a directory has learned so far, to go on from.
pub(super) const PARTIAL: &str = "checkpoint/partial.safetensors";

/// What a run says of itself at its beginning.
pub(super) fn about(config: &Config, data: &Dataset, options: &FitOptions) -> RunInfo {
    let split = &data.split;
    let rows = [split.train.len(), split.valid.len(), split.test.len()];
    let mut info = RunInfo::new(config.seed, options.threads, data.files.clone(), rows);
    info.classes.clone_from(&data.classes);
    info.notes.clone_from(&data.notes);
    info.text.clone_from(&data.text);
    info
}

/// Keeps what a run said of itself when it was begun: the time, and where its data lies unless that is named anew.
pub(super) fn keep_begin(info: &mut RunInfo, before: &RunInfo, options: &FitOptions) {
    info.started = before.started;
    if options.data.is_none() {
        info.data.clone_from(&before.data);
        info.folder.clone_from(&before.folder);
    }
}

/// The directory of a run without epochs, new or gone on with, with what it says of itself and what was learned so far.
///
/// # Errors
/// A directory that cannot be made or read.
pub(super) fn begin(
    config: &Config,
    data: &Dataset,
    (options, resumed): (&FitOptions, Option<Directory>),
) -> Result<(Directory, RunInfo, Option<Stored>)> {
    let mut info = about(config, data, options);
    let (directory, from) = match resumed {
        Some(directory) => {
            let before = directory.info()?;
            keep_begin(&mut info, &before, options);
            info.seconds = before.seconds;
            let from = directory.read_partial(PARTIAL)?;
            (directory, from)
        }
        None => (Directory::create(&options.out)?, None),
    };
    info.folder = info.folder.or_else(|| way_back(&directory.path, &info.data));
    directory.write_info(&info)?;
    directory.write_config(config)?;
    Ok((directory, info, from))
}

/// How to fit: what may stop it, who is told, and where it goes on from.
pub(super) struct Course<'a> {
    pub(super) threads: usize,
    pub(super) stop: &'a AtomicBool,
    pub(super) observe: &'a mut dyn FnMut(&Event),
    pub(super) from: Option<Stored>,
    pub(super) keep: &'a mut dyn FnMut(&Stored) -> Result<()>,
}

/// Fits the parts of a model of a table; `None` once it was stopped.
pub(super) fn learn(
    parts: &Parts,
    config: &Config,
    data: &Dataset,
    course: Course<'_>,
) -> Result<Option<TableModel>> {
    let Data::Table(table, schema) = &data.content else {
        return Err(RunError::NoData {
            reason: format!("{} learns from tables, and the data is images", config.model.noun()),
            remedy: "name a table, or fit a network".to_string(),
        }
        .into());
    };
    // What learns from labels learns them from the rows that have one.
    let of_labels = parts.trees.is_some() || parts.discriminant.is_some();
    let seen = match parts.rare {
        Some(_) => Some(data.seen()),
        None => data.labelled.clone().filter(|_| of_labels),
    };
    let target = config.data.target.as_deref();
    let taught = match (&seen, target, &data.labels) {
        (Some(seen), Some(target), Some(labels)) => Some(taught(table, target, labels, seen)),
        _ => None,
    };
    let table = taught.as_ref().unwrap_or(table);
    let mut is_seen = vec![false; table.n_rows];
    seen.iter().flatten().for_each(|&row| is_seen[row] = true);
    let unlabelled: Vec<usize> = data.split.train.iter().copied().filter(|&row| !is_seen[row]).collect();
    let lesson = Lesson {
        table,
        schema,
        rows: seen.as_ref().unwrap_or(&data.split.train),
        unlabelled: &unlabelled,
        target,
        models_target: config.data.model_target,
        dropped: &config.data.drop,
        layout: &config.data.series,
        rules: &config.data.rules,
    };
    let mut parts = parts.clone();
    if let (Some(DetectorConfig::Surprise(surprise)), SplitBy::OneClass) =
        (&mut parts.detector, config.data.split.by)
    {
        surprise.trim.get_or_insert(0.0);
    }
    let Course { threads, stop, observe, from, keep } = course;
    TableModel::fit(&parts, lesson, (Seed(config.seed), threads), stop, observe, (from, keep))
}

/// The table with the labels of the rows `seen` as its target, which are not always those that the table came with, and no other.
fn taught(table: &Table, target: &str, labels: &[Option<String>], seen: &[usize]) -> Table {
    let known = |row: &usize| labels.get(*row)?.as_ref();
    let levels: Vec<String> =
        seen.iter().filter_map(known).cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let mut codes = vec![MISSING; table.n_rows];
    for row in seen {
        if let Some(code) = known(row).and_then(|label| levels.binary_search(label).ok()) {
            codes[*row] = code as u32;
        }
    }
    let mut taught = table.clone();
    if let Some(column) = taught.columns.iter_mut().find(|column| column.name == target) {
        column.cells = Cells::Text { codes, levels };
    }
    taught
}

/// Fits a model of a table and writes its run directory, or goes on with one.
pub(super) fn fit_run(
    (config, parts): (&Config, &Parts),
    data: &Dataset,
    (options, resumed): (&FitOptions, Option<Directory>),
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<FittedRun> {
    let (directory, mut info, from) = begin(config, data, (options, resumed))?;
    if let Data::Table(_, schema) = &data.content {
        directory.write_json("schema.json", schema)?;
    }
    let mut log = directory.event_log(0)?;
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
    let mut keep = |partial: &Stored| directory.write(PARTIAL, &partial.to_bytes());
    let course = Course { threads: options.threads, stop, observe: &mut notify, from, keep: &mut keep };
    let learned = learn(parts, config, data, course);
    info.seconds += begun.elapsed().as_secs_f64();
    info.ended = Some(now());
    let mut fitted = FittedRun {
        run: directory.path.clone(),
        end: End::Done,
        epochs: 0,
        seconds: info.seconds,
        report: BTreeMap::new(),
        figures: Vec::new(),
        notes: data.notes.clone(),
    };
    let finished = match (learned, lost) {
        (Ok(model), None) => {
            model.map(|model| finish(&directory, (config, &info), data, &model, (options, &mut fitted)))
        }
        (Err(error), _) | (Ok(_), Some(error)) => Some(Err(error)),
    };
    info.ended = Some(now());
    info.status = match &finished {
        None => Status::Stopped,
        Some(Ok(())) => Status::Done,
        Some(Err(_)) => Status::Failed,
    };
    if finished.is_none() {
        fitted.end = End::Stopped;
    }
    info.error = finished.as_ref().and_then(|done| done.as_ref().err()).map(ToString::to_string);
    let told = directory.write_info(&info);
    finished.unwrap_or(Ok(()))?;
    told?;
    Ok(fitted)
}

fn finish(
    directory: &Directory,
    (config, info): (&Config, &RunInfo),
    data: &Dataset,
    model: &TableModel,
    (options, fitted): (&FitOptions, &mut FittedRun),
) -> Result<()> {
    directory.write_model(&model.store())?;
    directory.remove(PARTIAL)?;
    let TableReport { figures, made } = report(config, data, model, options.threads)?;
    fitted.report = figures;
    directory.write_json("report.json", &fitted.report)?;
    directory.write("card.md", card(config, info, Some(model.schema()), &fitted.report).as_bytes())?;
    if let Some(private) = model.private() {
        fitted.notes.extend(private.warnings());
    }
    fitted.notes.extend(model.series().and_then(SeriesModel::left_out));
    for found in model.rules().iter().filter(|found| found.exceptions > 0) {
        let Found { rule, support, exceptions, .. } = found;
        let rule = as_code(&rule.said(|_| String::new()));
        fitted
            .notes
            .push(format!("{rule} holds in all but {exceptions} of {support} rows: made rows keep it"));
    }
    for rule in model.chain().map_or(&[][..], |chain| chain.idle_rules()) {
        fitted.notes.push(format!(
            "`data.rules.off` names {}, which no row shows to be a rule",
            as_code(&rule.to_string())
        ));
    }
    if let Some(made) = &made {
        fitted.notes.extend(write_page(directory, config, data, made, options.threads)?);
    }
    fitted.figures = figures::table::draw(
        directory,
        config,
        data,
        (model, made.as_ref()),
        (&fitted.report, options.threads),
    )?;
    provenance::sign(directory, (config, info), &fitted.figures)
}
