//! Runs that are opened to be walked through: their latent spaces, and what they make of a table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};
use veridic::data::{self, Cells, Data, Matrix, Schema, Table};
use veridic::latent::{self, Path as Way};
use veridic::models::Ability;
use veridic::run::{Codes, Fitted, OwnRows};
use veridic::seed::Seed;

use super::api::{Shared, Studio};
use super::series::Browsed;
use crate::server::answer::{Answer, Sent, apart, parsed};
use crate::{Result, StudioError};

/// Models that are kept open; the oldest makes way.
const MOST: usize = 3;
/// Rows shown in a latent space, and latent values of all of them together.
const ROWS: usize = 2000;
const VALUES: usize = 120_000;
/// Points decoded at once.
const POINTS: usize = 256;
/// Latent values that sliders are made for.
const SLIDERS: usize = 512;
/// Rows that noise can be looked for.
const INVERTED: usize = 200;
/// Rows of a table that are set against as many made ones.
const TABLE_ROWS: usize = 1000;
/// Cells of a side that are sent of a wide table.
const CELLS: usize = 300_000;

/// A run in memory.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) fitted: Fitted,
    codes: Option<Codes>,
    /// Rows that noise is looked for.
    own: Option<OwnRows>,
    pub(super) series: Option<Browsed>,
}

/// A run's name, when its model was written, and the run.
type Held = (String, Option<SystemTime>, Arc<Mutex<Opened>>);

/// Runs in memory, by name and by when their model was written.
#[derive(Debug, Default)]
pub(super) struct Models {
    open: Mutex<Vec<Held>>,
}

impl Studio {
    /// The run of this name, opened unless it is open already.
    fn open(&self, name: &str) -> Result<Arc<Mutex<Opened>>> {
        let path = self.shelf.run(name)?;
        let written =
            std::fs::metadata(path.join("model.safetensors")).and_then(|about| about.modified()).ok();
        let mut open = self.models.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., model)) = open.iter().find(|(of, when, _)| of == name && *when == written) {
            return Ok(Arc::clone(model));
        }
        let fitted = Fitted::open(&path, self.threads)?;
        let model = Arc::new(Mutex::new(Opened { fitted, codes: None, own: None, series: None }));
        open.retain(|(of, ..)| of != name);
        if open.len() >= MOST {
            open.remove(0);
        }
        open.push((name.to_owned(), written, Arc::clone(&model)));
        Ok(model)
    }

    pub(super) fn with<T>(&self, name: &str, work: impl FnOnce(&mut Opened) -> Result<T>) -> Result<T> {
        let model = self.open(name)?;
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut model)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfRun {
    pub(super) run: String,
}

/// The space of a run: its dimensions, and where rows lie in it.
pub(super) async fn space(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    let answer = apart(move || {
        let data_dir = studio.data_dir.clone();
        studio.with(&run, |opened| {
            let Some(width) = opened.fitted.latent() else {
                return Err(StudioError::Refused("this model has no latent space".into()));
            };
            if opened.fitted.is_asked() || width > SLIDERS {
                return Err(StudioError::Refused(
                    "points of this space ask for a class too, or have too many values to be moved by hand; `veridic sample --given` and \
                     `veridic latent` walk through it"
                        .into(),
                ));
            }
            let most = ROWS.min(VALUES / width.max(1)).max(1);
            let mut trouble = None;
            if opened.codes.is_none() && opened.fitted.can(Ability::Encode) && opened.fitted.can(Ability::Reconstruct) {
                match opened.fitted.codes(&data_dir, most) {
                    Ok(codes) => opened.codes = Some(codes),
                    // The space can be walked without rows.
                    Err(error) => {
                        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                        trouble = Some(format!("{error}{hint}"));
                    }
                }
            }
            let prior = opened.fitted.prior_points(500, 0);
            let values = opened.fitted.window_values();
            Ok(match &opened.codes {
                Some(codes) => {
                    let spread = latent::spread(&codes.mean, codes.log_variance.as_ref());
                    json!({
                        "latent": width, "codes": rounded(&codes.mean.values), "rows": codes.mean.n_rows, "of": codes.own.of,
                        "numbers": codes.own.numbers, "part": codes.own.part, "mean": spread.mean, "deviation": spread.deviation,
                        "posterior": codes.log_variance.is_some(), "columns": colors(&codes.own, &values),
                        "kind": codes.own.rows.kind().name(), "trouble": trouble,
                    })
                }
                None => json!({
                    "latent": width, "codes": rounded(&prior.values), "rows": prior.n_rows, "of": prior.n_rows, "part": "prior",
                    "mean": vec![0.0; width], "deviation": vec![1.0; width], "posterior": false,
                    "columns": judged(&mut opened.fitted, &prior), "kind": opened.fitted.kind().name(), "trouble": trouble,
                    "inverts": !opened.fitted.can(Ability::Reconstruct),
                }),
            })
        })
    });
    Ok(Json(answer.await?).into_response())
}

/// The class of what is made of each point, where that can be told.
fn judged(fitted: &mut Fitted, points: &Matrix) -> Value {
    match fitted.noise_classes(points, None) {
        Ok(classes) => {
            let classes: Vec<Option<String>> = classes.into_iter().map(Some).collect();
            json!([leveled("class, as judged", &classes)])
        }
        Err(_) => json!([]),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    run: String,
    /// A row of the run's own, by its place among those that are shown.
    row: usize,
}

/// Noise of which a generator makes one of the run's own rows, as nearly as it can.
pub(super) async fn invert(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Wanted { run, row } = parsed(sent)?;
    let answer = apart(move || {
        let data_dir = studio.data_dir.clone();
        studio.with(&run, |opened| {
            if opened.own.is_none() {
                opened.own = Some(opened.fitted.own_rows(&data_dir, INVERTED)?);
            }
            let own = opened.own.as_ref().ok_or_else(|| StudioError::Refused("there are no rows".into()))?;
            let row = row % own.rows.len().max(1);
            let reading = opened.fitted.own_reading(own)?;
            let found = opened.fitted.invert(&reading, row, 0)?;
            let label = own.labels.as_ref().and_then(|labels| labels[row].clone());
            Ok(json!({
                "row": own.numbers[row], "of": own.of, "part": own.part, "label": label, "wanted": shown(&found.wanted),
                "made": shown(&found.made), "point": rounded(&found.noise.values), "errors": found.errors,
                "control": found.control,
            }))
        })
    });
    Ok(Json(answer.await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Points {
    run: String,
    points: Vec<Vec<f32>>,
}

/// What is expected at points.
pub(super) async fn decode(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Points { run, points } = parsed(sent)?;
    let answer = apart(move || {
        let width = points.first().map_or(0, Vec::len);
        if points.is_empty() || points.len() > POINTS || points.iter().any(|point| point.len() != width) {
            return Err(StudioError::Refused(format!(
                "1 to {POINTS} points of one length are decoded at once"
            )));
        }
        let points = Matrix { n_rows: points.len(), n_cols: width, values: points.concat() };
        studio.with(&run, |opened| decoded(&mut opened.fitted, &points))
    });
    Ok(Json(answer.await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Walk {
    run: String,
    /// Rows of the space, from 0.
    from: usize,
    /// The other end of a path; draws from the posterior without it.
    to: Option<usize>,
    steps: usize,
    #[serde(default)]
    spherical: bool,
    #[serde(default)]
    seed: u64,
}

/// The way from one row to another, or draws from the posterior of one.
pub(super) async fn walk(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Walk { run, from, to, steps, spherical, seed } = parsed(sent)?;
    let answer = apart(move || {
        studio.with(&run, |opened| {
            let none = || StudioError::Refused("the space has no such row".into());
            let codes = opened.codes.as_ref().ok_or_else(none)?;
            if from >= codes.mean.n_rows
                || to.is_some_and(|to| to >= codes.mean.n_rows)
                || !(2..=64).contains(&steps)
            {
                return Err(none());
            }
            let points = match (to, &codes.log_variance) {
                (Some(to), _) => {
                    let at = latent::even_steps(0.0, 1.0, steps);
                    let way = if spherical { Way::Spherical } else { Way::Linear };
                    latent::interpolate(codes.mean.row(from), codes.mean.row(to), &at, way)
                }
                (None, Some(log_variance)) => {
                    latent::repeat(codes.mean.row(from), log_variance.row(from), steps, Seed(seed))
                }
                (None, None) => {
                    return Err(StudioError::Refused("this model has no posterior to draw from".into()));
                }
            };
            let made = decoded(&mut opened.fitted, &points)?;
            Ok(json!({ "points": rounded(&points.values), "made": made }))
        })
    });
    Ok(Json(answer.await?).into_response())
}

/// Real rows of a table beside as many made ones, with scores and reasons where the model gives some.
pub(super) async fn table(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    let answer = apart(move || {
        let data_dir = studio.data_dir.clone();
        studio.with(&run, |opened| {
            let fitted = &mut opened.fitted;
            // Of a wide table fewer rows: a page has to take in all cells.
            let width = fitted.schema().map_or(1, |schema| schema.columns.len()).max(1);
            let own = fitted.own_rows(&data_dir, TABLE_ROWS.min((CELLS / width).max(100)))?;
            if own.rows.table().is_none() {
                return Err(StudioError::Refused("this run is not of a table".into()));
            }
            let made = match fitted.can(Ability::Sample) && !fitted.is_asked() {
                true => Some(fitted.sample(own.rows.len(), &[], 0)?),
                false => None,
            };
            let reasons = if fitted.can(Ability::Explain) { 3 } else { 0 };
            let scores = if fitted.can(Ability::Score) {
                let scores = fitted.score(own.rows.clone(), reasons)?;
                let told: Vec<Value> = scores
                    .reasons
                    .iter()
                    .map(|row| {
                        row.iter()
                            .map(|reason| json!([reason.column, reason.adds, reason.actual, reason.expected]))
                            .collect()
                    })
                    .collect();
                Some(json!({ "scores": scores.scores, "tails": scores.tails, "reasons": told }))
            } else {
                None
            };
            Ok(json!({
                "part": own.part, "of": own.of, "rows": own.rows.len(), "numbers": own.numbers, "real": columns(&own.rows, None),
                "made": made.map(|made| columns(&made, None)), "scored": scores,
            }))
        })
    });
    Ok(Json(answer.await?).into_response())
}

/// Values with four digits behind the point, which the eye cannot tell from more.
fn rounded(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| (f64::from(*value) * 1e4).round() / 1e4).collect()
}

/// What is expected at points: images, rows, or windows of series with their channels.
fn decoded(fitted: &mut Fitted, points: &Matrix) -> Result<Value> {
    let rows = fitted.decode(points)?;
    let Some((main, label)) = fitted.window_channel() else { return Ok(shown(&rows)) };
    let none = || StudioError::Refused("windows of this run cannot be drawn".into());
    let set = fitted.window_series(&rows, false).ok_or_else(none)?;
    let values: Vec<&Vec<Vec<f64>>> = set.series.iter().map(|series| &series.values).collect();
    Ok(json!({ "channels": set.channels, "main": main, "label": label, "windows": values }))
}

/// Decoded rows: pixels of images, or cells as the data writes them.
fn shown(rows: &Data) -> Value {
    match rows {
        Data::Images(images) => json!({ "shape": images.shape(), "pixels": images.pixels }),
        Data::Table(table, schema) => {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            let cells: Vec<Vec<Option<String>>> = (0..table.n_rows)
                .map(|row| names.iter().map(|name| data::cell_text(schema, table, name, row)).collect())
                .collect();
            json!({ "names": names, "cells": cells })
        }
    }
}

/// Columns that rows are colored by; not the values of windows, which are their form.
fn colors(own: &OwnRows, values: &[String]) -> Value {
    let is_value = |column: &Value| values.iter().any(|value| column["name"] == **value);
    match columns(&own.rows, own.labels.as_deref()) {
        Value::Array(columns) => columns.into_iter().filter(|column| !is_value(column)).collect(),
        other => other,
    }
}

/// Columns to color and to compare by: numbers as they are, other values as numbers of their levels.
fn columns(rows: &Data, labels: Option<&[Option<String>]>) -> Value {
    let mut columns = Vec::new();
    if let (Data::Images(_), Some(labels)) = (rows, labels) {
        columns.push(leveled("label", labels));
    }
    if let Data::Table(table, schema) = rows {
        for column in &table.columns {
            let kind = schema.column(&column.name).map(|column| column.kind_name()).unwrap_or_default();
            // Moments are seconds since 1970; the page writes them as dates.
            let is_number = ["integer", "real", "date-time"].contains(&kind);
            match &column.cells {
                Cells::Number(values) if is_number => {
                    let values: Vec<Option<f64>> =
                        values.iter().map(|value| value.is_finite().then_some(*value)).collect();
                    let mut told = json!({ "name": column.name, "kind": kind, "values": values });
                    // Where the page would write them in another way than the data.
                    let is_spelled = schema.column(&column.name).is_some_and(|own| own.spelling.is_some());
                    if is_spelled || kind == "date-time" {
                        told["texts"] = json!(texts(table, schema, &column.name));
                    }
                    columns.push(told);
                }
                _ => {
                    let mut leveled = leveled(&column.name, &texts(table, schema, &column.name));
                    // Names of rows are made new, and there is nothing to compare.
                    leveled["names"] = json!(["identifier", "text"].contains(&kind));
                    columns.push(leveled);
                }
            }
        }
    }
    Value::Array(columns)
}

/// The cells of a column as the data spells them.
fn texts(table: &Table, schema: &Schema, name: &str) -> Vec<Option<String>> {
    (0..table.n_rows).map(|row| data::cell_text(schema, table, name, row)).collect()
}

/// Texts as levels, the most frequent first.
fn leveled(name: &str, texts: &[Option<String>]) -> Value {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    texts.iter().flatten().for_each(|text| *counts.entry(text).or_default() += 1);
    let mut levels: Vec<(&str, usize)> = counts.into_iter().collect();
    levels.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let at: BTreeMap<&str, usize> = levels.iter().enumerate().map(|(i, (level, _))| (*level, i)).collect();
    let values: Vec<Option<usize>> =
        texts.iter().map(|text| text.as_deref().and_then(|text| at.get(text).copied())).collect();
    let levels: Vec<&str> = levels.into_iter().map(|(level, _)| level).collect();
    json!({ "name": name, "kind": "levels", "levels": levels, "values": values })
}
