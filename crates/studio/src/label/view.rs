//! What the page is told, as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use veridic::data::{self, Column, Matrix, Schema, Table};
use veridic::label::{self, Action, Decision, Event, Ledger};

use super::desk::Reasons;
use super::items::{Content, Items};
use super::strategy::Why;

/// Labelled rows that neighbors are looked for among at most: the newest.
const MOST_COMPARED: usize = 3000;
/// Nearest labelled rows that are told.
const NEIGHBORS: usize = 6;
/// Columns with numbers at the end of their names from which on they are steps of a series, at least.
const STEPS: usize = 16;
/// Last decisions that are told.
const RECENT: usize = 8;
/// Labels over which agreement with the model is counted.
const WINDOW: usize = 100;
/// Time over which the rate is counted, in milliseconds.
const RATE_OVER: i64 = 5 * 60 * 1000;
/// A pause after which the rate is counted anew, in milliseconds.
const PAUSE: i64 = 90 * 1000;

/// What does not change while a page is open.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    name: String,
    rows: usize,
    /// `table` or `images`.
    kind: &'static str,
    columns: Vec<String>,
    /// Height and width of images.
    size: Option<[usize; 2]>,
    file: String,
    budget: Option<usize>,
}

/// A row as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ItemView {
    id: u32,
    why: Why,
    /// Of a table: the text of each cell, `null` where it is missing.
    cells: Vec<Option<String>>,
    /// Of a table: where each number lies in its column, 0 to 1.
    places: Vec<Option<f32>>,
    /// Of a table: unusual values, most unusual first: column, level 1 or 2, why.
    marks: Vec<(usize, u8, String)>,
    /// How unusual the row is by the run.
    score: Option<f32>,
    /// Probabilities of the classes, once there is a model.
    pub(crate) shares: Vec<f32>,
    /// The nearest labelled rows: row, class.
    pub(crate) near: Vec<(u32, u16)>,
    pub(crate) comments: Vec<String>,
    /// The decision that counts, if there is one.
    pub(crate) decided: Option<Recent>,
    /// Each annotator's class.
    pub(crate) opinions: Vec<(String, u16)>,
}

/// A decision.
#[derive(Debug, Serialize)]
pub(crate) struct Recent {
    event: u64,
    id: u32,
    decision: &'static str,
    class: Option<u16>,
    annotator: String,
    time: i64,
}

/// Counts and figures.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    /// Name and count of each class.
    classes: Vec<(String, usize)>,
    labelled: usize,
    skipped: usize,
    flagged: usize,
    disagreements: usize,
    pub(crate) shown: usize,
    pub(crate) held: usize,
    total: usize,
    /// Labels that may still be asked for.
    budget_left: Option<usize>,
    /// Decisions a minute of whoever sits at the page, lately.
    rate: Option<f64>,
    /// The share of the last labels that the model had proposed, and how many they are.
    model_agreement: Option<(f64, usize)>,
    /// Of annotators: rows with two labels, share of equal pairs, alpha.
    agreement: Option<(usize, f64, Option<f64>)>,
    pub(crate) strategy: String,
    /// The classifier, and the labels it was learned from.
    pub(crate) model: Option<(String, usize)>,
    annotator: String,
    annotators: usize,
    recent: Vec<Recent>,
}

impl Recent {
    pub(crate) fn of(event: &Event, annotators: &BTreeMap<u32, String>) -> Self {
        let (decision, class) = match event.action {
            Action::Decide(Decision::Label(class)) => ("label", Some(class)),
            Action::Decide(Decision::Skip) => ("skip", None),
            _ => ("flag", None),
        };
        let annotator = annotators.get(&event.annotator).cloned().unwrap_or_default();
        Self { event: event.id, id: event.row, decision, class, annotator, time: event.time }
    }
}

pub(crate) fn about(items: &Items, file: &Path, budget: Option<usize>) -> About {
    let (kind, columns, size) = match items.content() {
        Content::Table { table, .. } => {
            ("table", table.columns.iter().map(|column| column.name.clone()).collect(), None)
        }
        Content::Images(images) => ("images", Vec::new(), Some([images.height, images.width])),
    };
    let file = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    About { name: items.identity().name.clone(), rows: items.len(), kind, columns, size, file, budget }
}

/// The row itself, without what is said about it.
pub(crate) fn described(items: &Items, reasons: Option<&Reasons>, row: u32, why: Why) -> ItemView {
    let at = row as usize;
    let mut view = ItemView {
        id: row,
        why,
        cells: Vec::new(),
        places: Vec::new(),
        marks: Vec::new(),
        score: reasons.and_then(|reasons| reasons.scores.get(at).copied()),
        shares: Vec::new(),
        near: Vec::new(),
        comments: Vec::new(),
        decided: None,
        opinions: Vec::new(),
    };
    let (Content::Table { table, schema }, Some(unusual)) = (items.content(), items.unusual()) else {
        return view;
    };
    view.cells = texts(table, schema, at);
    for i in 0..table.columns.len() {
        view.places.push(unusual.place(table, i, at).quantile.map(|quantile| quantile as f32));
    }
    let of_run = reasons.and_then(|reasons| reasons.columns.get(at));
    view.marks = match of_run {
        Some(columns) => columns
            .iter()
            .enumerate()
            .filter_map(|(rank, (name, expected))| {
                let column = table.columns.iter().position(|column| column.name == *name)?;
                Some((column, if rank == 0 { 2 } else { 1 }, format!("expected {expected}")))
            })
            .collect(),
        None => {
            let marks = unusual.marks(table, at, why == Why::Unusual);
            marks.into_iter().map(|mark| (mark.column, mark.level, mark.why)).collect()
        }
    };
    view
}

/// The text of each cell of a row of a table, as the data spells it; none of images, nor of a row that there is not.
pub(crate) fn cells(items: &Items, row: u32) -> Vec<Option<String>> {
    match items.content() {
        Content::Table { table, schema } if (row as usize) < table.n_rows => {
            texts(table, schema, row as usize)
        }
        _ => Vec::new(),
    }
}

fn texts(table: &Table, schema: &Schema, row: usize) -> Vec<Option<String>> {
    // The page draws the steps of a series, `x_1`, `x_2`, …, from plain numbers.
    let is_step = |column: &&Column| column.name.ends_with(|c: char| c.is_ascii_digit());
    let has_steps = table.columns.iter().filter(is_step).count() >= STEPS;
    let text = |column: &Column| match schema.column(&column.name) {
        Some(own) if has_steps && is_step(&column) => {
            let mut text = String::new();
            data::cell(Some(&own.kind), &column.cells, row, &mut text).then_some(text)
        }
        _ => data::cell_text(schema, table, &column.name, row),
    };
    table.columns.iter().map(text).collect()
}

/// The nearest labelled rows with their classes, nearest first; the row itself is left out.
pub(crate) fn near(features: &Matrix, ledger: &Ledger, row: u32) -> Vec<(u32, u16)> {
    if row as usize >= features.n_rows {
        return Vec::new();
    }
    let from = features.row(row as usize);
    let labelled = ledger.newest().filter_map(|event| match event.action {
        Action::Decide(Decision::Label(class)) if event.row != row => Some((event.row, class)),
        _ => None,
    });
    let mut seen = std::collections::HashSet::new();
    let mut found: Vec<(f32, u32, u16)> = labelled
        .filter(|(other, _)| (*other as usize) < features.n_rows && seen.insert(*other))
        .take(MOST_COMPARED)
        .map(|(other, class)| {
            let to = features.row(other as usize);
            (from.iter().zip(to).map(|(a, b)| (a - b) * (a - b)).sum::<f32>(), other, class)
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().take(NEIGHBORS).map(|(_, other, class)| (other, class)).collect()
}

pub(crate) fn state(
    ledger: &Ledger,
    classes: &[String],
    annotators: &BTreeMap<u32, String>,
    annotator: u32,
    total: usize,
    budget: Option<usize>,
) -> State {
    let counts = ledger.counts();
    let labelled = counts.labelled();
    let proposed: Vec<bool> = ledger
        .newest()
        .filter_map(|event| match (&event.action, event.proposal) {
            (Action::Decide(Decision::Label(class)), Some(proposal)) => Some(*class == proposal.class),
            _ => None,
        })
        .take(WINDOW)
        .collect();
    let model_agreement = (!proposed.is_empty()).then(|| {
        (proposed.iter().filter(|same| **same).count() as f64 / proposed.len() as f64, proposed.len())
    });
    // Only where there can be two opinions.
    let agreement = (annotators.len() > 1)
        .then(|| {
            let opinions: Vec<Vec<u16>> =
                ledger.decided_rows().map(|(row, _)| ledger.opinions(row).into_values().collect()).collect();
            label::agreement(opinions.iter().map(Vec::as_slice))
        })
        .flatten();
    State {
        classes: classes.iter().cloned().zip(counts.classes.iter().copied()).collect(),
        labelled,
        skipped: counts.skipped,
        flagged: counts.flagged,
        disagreements: agreement.map_or(0, |agreement| agreement.disagreements),
        shown: 0,
        held: 0,
        total,
        budget_left: budget.map(|budget| budget.saturating_sub(labelled)),
        rate: rate(ledger, annotator),
        model_agreement,
        agreement: agreement.map(|agreement| (agreement.rows, agreement.share, agreement.alpha)),
        strategy: String::new(),
        model: None,
        annotator: annotators.get(&annotator).cloned().unwrap_or_default(),
        annotators: annotators.len(),
        recent: ledger.newest().take(RECENT).map(|event| Recent::of(event, annotators)).collect(),
    }
}

/// Decisions a minute of an annotator over the last minutes without a pause; `None` for fewer than three.
fn rate(ledger: &Ledger, annotator: u32) -> Option<f64> {
    let mut times = ledger.newest().filter(|event| event.annotator == annotator).map(|event| event.time);
    let last = times.next()?;
    let (mut first, mut count) = (last, 0);
    for time in times {
        if first - time > PAUSE || last - time > RATE_OVER {
            break;
        }
        first = time;
        count += 1;
    }
    (count >= 2 && last > first).then(|| f64::from(count) * 60_000.0 / (last - first) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_the_last_minutes_up_to_a_pause() {
        let mut ledger = Ledger::new(2);
        let mut add = |time: i64, annotator| {
            let id = ledger.events().len() as u64 + 1;
            let action = Action::Decide(Decision::Label(0));
            ledger.add(Event { id, time, row: id as u32, annotator, action, proposal: None }).unwrap();
        };
        add(0, 1);
        add(1000, 1);
        for i in 0..11 {
            add(200_000 + i * 2000, 1);
        }
        add(230_000, 2);
        assert_eq!(rate(&ledger, 1), Some(30.0));
        assert_eq!(rate(&ledger, 2), None);
    }

    #[test]
    fn cells_are_spelled_as_the_data_spells_them_but_for_steps_of_series() {
        let items = |header: &str, row: &str| {
            let bytes = format!("{header}\n{row}\n{row}\n").replace("@", "8.111,10 €");
            let read = data::read_bytes("t.csv", bytes.into_bytes(), &data::ReadOptions::default()).unwrap();
            Items::of_table("t.csv", read.table, read.schema)
        };
        let few = cells(&items("Betrag;Tag", "7.924,36 €;03.05.2024\n@;04.05.2024"), 0);
        assert_eq!(few, [Some("7.924,36 €".to_string()), Some("03.05.2024".to_string())]);
        let names: Vec<String> = (1..=STEPS).map(|i| format!("x_{i}")).collect();
        let row = |cell: &str| vec![cell; STEPS].join(";");
        let steps = items(&names.join(";"), &format!("{}\n{}", row("7.924,36 €"), row("@")));
        assert_eq!(cells(&steps, 0)[0].as_deref(), Some("7924.36"));
    }

    #[test]
    fn nearest_labelled_rows_come_nearest_first_without_the_row_itself() {
        let features = Matrix { n_rows: 5, n_cols: 1, values: vec![0.0, 1.0, 5.0, 2.5, 9.0] };
        let mut ledger = Ledger::new(2);
        for (i, (row, class)) in [(0, 0), (2, 1), (3, 0), (1, 1), (3, 1)].into_iter().enumerate() {
            let (id, action) = (i as u64 + 1, Action::Decide(Decision::Label(class)));
            ledger.add(Event { id, time: 0, row, annotator: 1, action, proposal: None }).unwrap();
        }
        assert_eq!(near(&features, &ledger, 1), [(0, 0), (3, 1), (2, 1)]);
        assert_eq!(near(&features, &ledger, 7), []);
    }
}
