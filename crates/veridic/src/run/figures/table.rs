//! The pictures of models of tables without a network.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{histogram_of, roc_of};
use crate::data::{self, Cells, Data, MISSING, Schema, Table};
use crate::error::Result;
use crate::evaluate;
use crate::figure::{self, Figure, Marginal, Marginals};
use crate::models::TableModel;
use crate::run::check;
use crate::run::config::{Config, FigureKind};
use crate::run::dataset::Dataset;
use crate::run::directory::Directory;
use crate::run::form::Form;
use crate::run::report::learning::learning_curves;

/// Draws the figures of the configuration into `figures/`, as SVG and PNG with their numbers as CSV.
pub(crate) fn draw(
    directory: &Directory,
    config: &Config,
    data: &Dataset,
    (model, made): (&TableModel, Option<&Table>),
    (report, threads): (&BTreeMap<String, f64>, usize),
) -> Result<Vec<PathBuf>> {
    let mut drawn = Vec::new();
    for wanted in &config.figure {
        let figure = match (wanted.kind, made) {
            (FigureKind::Columns, Some(made)) => Some(columns(data, made)?),
            (FigureKind::LearningCurves, _) => learning_curves(report)?,
            (FigureKind::Correlation, Some(made)) => match &data.content {
                Data::Table(table, _) => Some(dependence(&table.take(&data.split.train), made)?),
                Data::Images(_) => None,
            },
            (FigureKind::ScoreHistogram | FigureKind::RocPr, _) => {
                scored(config, data, (model, wanted.kind), threads)?
            }
            _ => None,
        };
        let Some(figure) = figure else { continue };
        let folder = directory.folder("figures")?;
        let name = wanted.kind.name();
        figure.write(&folder.join(format!("{name}.svg")))?;
        let png = folder.join(format!("{name}.png"));
        figure.write(&png)?;
        drawn.push(png);
    }
    Ok(drawn)
}

fn scored(
    config: &Config,
    data: &Dataset,
    (model, kind): (&TableModel, FigureKind),
    threads: usize,
) -> Result<Option<Figure>> {
    let (Some(detector), Data::Table(table, _)) = (model.detector(), &data.content) else { return Ok(None) };
    let rows = check::figure::shown(data);
    let scores = detector.score(&table.take(rows), threads)?.score;
    if kind == FigureKind::ScoreHistogram {
        return histogram_of((config, data), rows, &scores).map(Some);
    }
    let positive = data.positives(rows).filter(|p| p.contains(&true) && p.contains(&false));
    let all = [(config.model.name().to_string(), scores)];
    positive.map(|positive| roc_of(&positive, &all)).transpose()
}

/// Every column, all rows of the data against made ones.
pub(super) fn columns(data: &Dataset, made: &Table) -> Result<Figure> {
    let Data::Table(table, schema) = &data.content else {
        return Ok(figure::marginals(&Marginals { title: "", columns: &[] })?);
    };
    let owned = compared(table, made, schema);
    let columns: Vec<(String, Marginal<'_>)> =
        owned.iter().map(|(name, of)| (name.clone(), of.as_marginal())).collect();
    Ok(figure::marginals(&Marginals {
        title: "Every column: real rows and rows that were made",
        columns: &columns,
    })?)
}

/// At most so many columns go into a picture of all pairs, and so many rows are looked at.
const MOST_COLUMNS: usize = 30;
const MOST_ROWS: usize = 20_000;
/// Columns of more levels go together with others by chance.
const MOST_LEVELS: usize = 100;

/// How the columns of real and of made rows go together.
pub(crate) fn dependence(real: &Table, made: &Table) -> Result<Figure> {
    let is_compared = |name: &str| match (real.column(name), made.column(name)) {
        (Some(real), Some(made)) => match (&real.cells, &made.cells) {
            (Cells::Number(real), Cells::Number(_)) => {
                real.iter().any(|value| value.is_finite() && *value != real[0])
            }
            (Cells::Text { levels, .. }, Cells::Text { .. }) => (2..=MOST_LEVELS).contains(&levels.len()),
            _ => false,
        },
        _ => false,
    };
    let names = made.columns.iter().map(|column| &column.name).filter(|name| is_compared(name));
    let mut columns: Vec<String> = names.take(MOST_COLUMNS).cloned().collect();
    if columns.is_empty() {
        columns = made.columns.iter().take(MOST_COLUMNS).map(|column| column.name.clone()).collect();
    }
    let of = |table: &Table| {
        let step = table.n_rows.div_ceil(MOST_ROWS).max(1);
        let rows: Vec<usize> = (0..table.n_rows).step_by(step).collect();
        evaluate::dependences(&table.take(&rows), &columns)
    };
    Ok(figure::correlation(&figure::Correlation {
        title: "How columns go together",
        columns: &columns,
        real: &of(real),
        synthetic: &of(made),
    })?)
}

/// The cells of a column in both tables.
pub(crate) enum Compared<'a> {
    Numbers { real: &'a [f64], made: &'a [f64], written: Form<'a> },
    Levels { counts: Vec<(String, usize, usize)>, are_ordered: bool },
}

impl Compared<'_> {
    pub(crate) fn as_marginal(&self) -> Marginal<'_> {
        match self {
            Self::Numbers { real, made, written } => {
                Marginal::Numbers { real, made, written: written.as_written() }
            }
            Self::Levels { counts, are_ordered: true } => Marginal::Ordered(counts),
            Self::Levels { counts, are_ordered: false } => Marginal::Levels(counts),
        }
    }
}

pub(crate) fn compared<'a>(
    real: &'a Table,
    made: &'a Table,
    schema: &'a Schema,
) -> Vec<(String, Compared<'a>)> {
    let mut columns = Vec::new();
    for column in &schema.columns {
        let cells = (real.column(&column.name), made.column(&column.name));
        let (Some(real), Some(made)) = cells else { continue };
        let compared = match (&real.cells, &made.cells) {
            (Cells::Number(real), Cells::Number(made)) => {
                Compared::Numbers { real, made, written: Form::of(column) }
            }
            (real @ Cells::Text { .. }, made @ Cells::Text { .. }) => {
                let mut counts = levels(real, made);
                let missing = counts.iter().position(|(level, ..)| level == "missing");
                let missing = missing.filter(|_| !column.kind.levels().iter().any(|l| l == "missing"));
                let missing = missing.map(|at| counts.remove(at));
                let names: Vec<&str> = counts.iter().map(|(level, ..)| level.as_str()).collect();
                let places = (names.len() > 2).then(|| data::places(&names)).flatten();
                let are_ordered = places.is_some();
                if let Some(places) = places {
                    let mut order: Vec<usize> = (0..counts.len()).collect();
                    order.sort_by_key(|i| places[*i]);
                    counts = order.into_iter().map(|i| counts[i].clone()).collect();
                }
                counts.extend(missing);
                Compared::Levels { counts, are_ordered }
            }
            _ => continue,
        };
        columns.push((column.name.clone(), compared));
    }
    columns
}

/// Levels with their counts in both columns; missing cells are a level where there are some.
fn levels(real: &Cells, made: &Cells) -> Vec<(String, usize, usize)> {
    let mut counts: std::collections::BTreeMap<&str, (usize, usize)> = std::collections::BTreeMap::new();
    for (cells, is_made) in [(real, false), (made, true)] {
        let Cells::Text { codes, levels } = cells else { continue };
        for &code in codes {
            let level = if code == MISSING {
                "missing"
            } else {
                levels.get(code as usize).map_or("", String::as_str)
            };
            let count = counts.entry(level).or_default();
            *(if is_made { &mut count.1 } else { &mut count.0 }) += 1;
        }
    }
    counts.into_iter().map(|(level, (real, made))| (level.to_string(), real, made)).collect()
}
