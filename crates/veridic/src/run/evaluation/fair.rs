//! What a target is worth, and how groups are treated by it.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::judge::Judged;
use super::{Evaluation, EvaluationOptions, REPEATS, Sides, is_compared};
use crate::data::{self, Cells, Kind, MISSING, Schema, Table};
use crate::error::{ModelError, Result};
use crate::evaluate::{self, Fairness};
use crate::models::{BoostedTrees, BoostedTreesConfig};
use crate::seed::Seed;

/// Above this AUROC a column alone tells the target.
const TELLS: f64 = 0.995;

/// By groups of one protected column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FairnessOf {
    /// The protected column.
    pub column: String,
    /// What real rows say; selected is who is positive.
    pub real: Fairness,
    /// What synthetic rows say.
    pub synthetic: Fairness,
    /// A classifier that learned from real rows, on other real rows.
    pub learned_from_real: Fairness,
    /// A classifier that learned from synthetic rows, on the same.
    pub learned_from_synthetic: Fairness,
    /// Other columns that go with this one, most first.
    pub proxies: Vec<Proxy>,
}

/// A column that says something of a protected one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proxy {
    /// The column.
    pub column: String,
    /// Cramér's V with it among real rows, numbers in ten cells of as many rows each.
    pub real: f64,
    /// The same among synthetic rows.
    pub synthetic: f64,
}

pub(super) fn insert(all: &mut Evaluation, sides: &Sides<'_>, options: &EvaluationOptions) -> Result<()> {
    let Some(target) = &options.target else {
        if !options.protected.is_empty() {
            all.notes.push("fairness needs a target that is decided on".to_string());
        }
        return Ok(());
    };
    let labels = texts(sides.real, sides.schema, target);
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    labels.iter().flatten().for_each(|label| *counts.entry(label).or_default() += 1);
    if counts.len() < 2 {
        return Err(ModelError::OneClass { model: "an evaluation", target: target.clone() }.into());
    }
    let rarest = counts.iter().min_by_key(|(_, n)| **n).map(|(label, _)| (*label).to_string());
    let positive = match &options.positive {
        Some(value) if counts.contains_key(value.as_str()) => value.clone(),
        Some(value) => {
            return Err(ModelError::UnknownValue {
                column: target.clone(),
                value: value.clone(),
                known: counts.keys().take(5).map(|label| (*label).to_string()).collect(),
                count: counts.len(),
            }
            .into());
        }
        None => rarest.unwrap_or_default(),
    };
    if counts.len() > 12 {
        all.notes.push(format!(
            "`{target}` has {} values: it is taken for `{positive}` or not; give a column of classes",
            counts.len()
        ));
    }
    let is = |table: &Table| -> Vec<bool> {
        texts(table, sides.schema, target).iter().map(|label| label.as_deref() == Some(&positive)).collect()
    };
    leaks(all, sides, target, &is(sides.real));
    let mut repeated = Vec::new();
    for repeat in 0..REPEATS {
        let drawn = sides.drawn(repeat, sides.unseen.is_some());
        let truth = is(&drawn.own);
        let seed = Seed(sides.seed.key(&format!("utility {repeat}")));
        let learned = |table: &Table| told(table, &is(table), sides.schema, target, &drawn.own, seed);
        let (made, floor, real) =
            (learned(&drawn.synthetic)?, learned(&drawn.independent)?, learned(&drawn.other)?);
        let (Some(made), Some(real)) = (made, real) else { continue };
        if truth.contains(&true) && truth.contains(&false) {
            let floor = floor.map_or(Ok(0.5), |floor| evaluate::auroc(&floor, &truth))?;
            repeated.push([evaluate::auroc(&made, &truth)?, floor, evaluate::auroc(&real, &truth)?]);
        }
        if repeat == 0 {
            for column in &options.protected {
                let of = Groups::of(sides, column)?;
                let groups = |table: &Table| of.texts(table, sides.schema);
                let as_is = |table: &Table| {
                    let positive = is(table);
                    let shares: Vec<f64> = positive.iter().map(|is| f64::from(u8::from(*is))).collect();
                    evaluate::fairness(&groups(table), &positive, &shares)
                };
                let of = FairnessOf {
                    column: column.clone(),
                    real: as_is(sides.real)?,
                    synthetic: as_is(sides.synthetic)?,
                    learned_from_real: evaluate::fairness(&groups(&drawn.own), &truth, &real)?,
                    learned_from_synthetic: evaluate::fairness(&groups(&drawn.own), &truth, &made)?,
                    proxies: proxies(sides, column, target),
                };
                let mut figure = |name: String, value: f64| all.figures.insert(name, value);
                for (prefix, fair) in [("", &of.learned_from_synthetic), ("ceiling.", &of.learned_from_real)]
                {
                    let name = |what: &str| format!("{prefix}fairness.{column}.{what}");
                    figure(name("selection_gap"), fair.selection_gap);
                    figure(name("selection_ratio"), fair.selection_ratio);
                    figure(name("true_positive_gap"), fair.true_positive_gap);
                    figure(name("false_positive_gap"), fair.false_positive_gap);
                    figure(name("equalized_odds_gap"), fair.equalized_odds_gap);
                }
                figure(format!("fairness.{column}.base_gap"), of.synthetic.base_gap);
                figure(format!("ceiling.fairness.{column}.base_gap"), of.real.base_gap);
                if of.learned_from_real.groups.iter().any(|group| group.few) {
                    all.notes.push(format!(
                        "`{column}` has groups of few rows: their rates are shown with intervals and counted in no gap"
                    ));
                }
                all.fairness.push(of);
            }
        }
    }
    if repeated.len() == REPEATS {
        all.judged.push(Judged::of("table.tstr", &repeated)?);
    } else {
        all.notes.push(format!("`{target}` has too few rows of one class to learn it: no figure of utility"));
    }
    all.positive = Some(positive);
    Ok(())
}

/// Groups of more values than so many are none that rates could be told of.
const MOST_GROUPS: usize = 50;

/// Numbers of more different values than so many are groups by bands, of about as many rows each.
const MOST_NUMBERS: usize = 10;
const BANDS: usize = 5;

/// The groups of a protected column.
struct Groups<'a> {
    column: &'a str,
    /// The largest number of each band but the last; none where each value is a group.
    edges: Vec<f64>,
}

impl<'a> Groups<'a> {
    /// The groups by the real rows: each value, or bands of numbers.
    fn of(sides: &Sides<'_>, column: &'a str) -> Result<Self> {
        let values: BTreeSet<String> =
            texts(sides.real, sides.schema, column).into_iter().flatten().collect();
        let names_rows =
            sides.schema.column(column).is_some_and(|column| matches!(column.kind, Kind::Identifier));
        let numbers = match sides.real.column(column).map(|column| &column.cells) {
            Some(Cells::Number(values)) if !names_rows => values.as_slice(),
            _ => &[],
        };
        if numbers.is_empty() && values.len() > MOST_GROUPS {
            return Err(ModelError::TooManyGroups { column: column.to_string(), found: values.len() }.into());
        }
        let mut edges = Vec::new();
        if values.len() > MOST_NUMBERS && !numbers.is_empty() {
            let mut sorted: Vec<f64> = numbers.iter().copied().filter(|value| !value.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            edges = (1..BANDS).map(|band| sorted[band * sorted.len() / BANDS]).collect();
            edges.dedup();
        }
        Ok(Self { column, edges })
    }

    /// The group of each row.
    fn texts(&self, table: &Table, schema: &Schema) -> Vec<Option<String>> {
        let (false, Some(column)) = (self.edges.is_empty(), table.column(self.column)) else {
            return texts(table, schema, self.column);
        };
        let kind = schema.column(self.column).map(|column| &column.kind);
        let edges = Cells::Number(self.edges.clone());
        let edge = |i: usize| {
            let mut text = String::new();
            data::cell(kind, &edges, i, &mut text);
            text
        };
        let names: Vec<String> = (0..=self.edges.len())
            .map(|band| match band {
                0 => format!("up to {}", edge(0)),
                last if last == self.edges.len() => format!("above {}", edge(last - 1)),
                band => format!("above {} to {}", edge(band - 1), edge(band)),
            })
            .collect();
        let Cells::Number(values) = &column.cells else { return vec![None; table.n_rows] };
        let band = |value: &f64| self.edges.partition_point(|edge| edge < value);
        values.iter().map(|value| (!value.is_nan()).then(|| names[band(value)].clone())).collect()
    }
}

/// The text of each cell as its column writes it.
fn texts(table: &Table, schema: &Schema, name: &str) -> Vec<Option<String>> {
    (0..table.n_rows).map(|row| data::cell_text(schema, table, name, row)).collect()
}

/// The probability of each test row to be positive, by trees that learned from `rows`; none where these have one class.
fn told(
    rows: &Table,
    positive: &[bool],
    schema: &Schema,
    target: &str,
    test: &Table,
    seed: Seed,
) -> Result<Option<Vec<f64>>> {
    let config =
        BoostedTreesConfig { rounds: 100, learning_rate: 0.1, depth: 5, ..BoostedTreesConfig::default() };
    let names: Vec<Option<&str>> = positive.iter().map(|is| Some(if *is { "yes" } else { "no" })).collect();
    let mut learned = rows.clone();
    for column in &mut learned.columns {
        if column.name == target {
            column.cells = Cells::texts(names.iter().copied());
        }
    }
    let all: Vec<usize> = (0..rows.n_rows).collect();
    let never = AtomicBool::new(false);
    let fitted = match BoostedTrees::fit(&config, (&learned, schema), (target, &all), (seed, 1), &never) {
        Ok(Some(fitted)) => fitted,
        Ok(None) | Err(crate::Error::Model(ModelError::OneClass { .. })) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(at) = fitted.classes().iter().position(|class| class == "yes") else { return Ok(None) };
    let classes = fitted.classes().len();
    Ok(Some(fitted.probabilities(test).chunks(classes).map(|shares| f64::from(shares[at])).collect()))
}

/// Codes of cells; numbers in `n` cells of as many rows each, whose bounds are those of `of`.
fn codes(cells: &Cells, of: &Cells, n: usize) -> Vec<u32> {
    match (cells, of) {
        (Cells::Number(values), Cells::Number(of)) => {
            let mut sorted: Vec<f64> = of.iter().copied().filter(|value| !value.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let mut bounds: Vec<f64> =
                (1..n).filter_map(|i| sorted.get(i * sorted.len() / n).copied()).collect();
            bounds.dedup();
            let code = |value: &f64| {
                if value.is_nan() { MISSING } else { bounds.partition_point(|bound| bound <= value) as u32 }
            };
            values.iter().map(code).collect()
        }
        (Cells::Text { codes, .. }, _) => codes.clone(),
        (Cells::Number(values), _) => vec![MISSING; values.len()],
    }
}

fn proxies(sides: &Sides<'_>, protected: &str, target: &str) -> Vec<Proxy> {
    let of = |table: &Table, name: &str| {
        let (cells, real) = (&table.column(name)?.cells, &sides.real.column(name)?.cells);
        Some(codes(cells, real, 10))
    };
    let compared =
        sides.schema.columns.iter().filter(|c| is_compared(c) && c.name != protected && c.name != target);
    let mut all: Vec<Proxy> = compared
        .filter_map(|column| {
            let v = |table: &Table| {
                Some(evaluate::association(&of(table, protected)?, &of(table, &column.name)?))
            };
            Some(Proxy { column: column.name.clone(), real: v(sides.real)?, synthetic: v(sides.synthetic)? })
        })
        .collect();
    all.sort_by(|a, b| b.real.total_cmp(&a.real));
    all
}

/// Columns whose cells alone, by the share of positive rows in each of their codes, order the rows almost perfectly.
fn leaks(all: &mut Evaluation, sides: &Sides<'_>, target: &str, positive: &[bool]) {
    let enough =
        positive.iter().filter(|is| **is).count().min(positive.iter().filter(|is| !**is).count()) >= 20;
    for column in sides.schema.columns.iter().filter(|c| is_compared(c) && c.name != target && enough) {
        let Some(cells) = sides.real.column(&column.name).map(|column| &column.cells) else { continue };
        // Twenty rows a cell, or cells would tell by chance.
        let codes = codes(cells, cells, (positive.len() / 20).clamp(2, 100));
        let mut counts: std::collections::BTreeMap<u32, (f64, f64)> = std::collections::BTreeMap::new();
        for (code, is) in codes.iter().zip(positive) {
            let count = counts.entry(*code).or_default();
            count.0 += f64::from(u8::from(*is));
            count.1 += 1.0;
        }
        // Names of nearly every row would tell anything.
        if counts.len() * 20 > codes.len() {
            continue;
        }
        let scores: Vec<f64> = codes.iter().map(|code| counts[code].0 / counts[code].1).collect();
        if let Ok(auroc) = evaluate::auroc(&scores, positive)
            && auroc >= TELLS
        {
            all.target_leaks.push((column.name.clone(), auroc));
        }
    }
    all.target_leaks.sort_by(|a, b| b.1.total_cmp(&a.1));
}
