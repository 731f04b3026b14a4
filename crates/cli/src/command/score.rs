//! `veridic score`.

use std::path::{Path, PathBuf};

use clap::Args;
use veridic::data::{Cells, Column, ColumnSchema, Data, Kind, MISSING, Schema, Table};
use veridic::error::DataError;
use veridic::models::Ability;
use veridic::run::{Fitted, Reading, Reason, ScorePage, Scores};

use super::{Threads, finite, share};
use crate::error::CliError;
use crate::input::Input;
use crate::output::{Output, check_figure, check_page};
use crate::quantity::counted;
use crate::ui::Ui;

/// Say how unusual each row is: a higher score is more unusual
///
/// One row for each row of DATA, in its order: `row`, its number from 1, or with --id the cell of a
/// column; `score`; of detectors `tail`, the share of left-out training rows with such a score. --explain
/// adds, for each of the K columns that contribute most, its name, how much it adds to the score, its
/// actual value and the expected one. --threshold, --contamination and --budget add `unusual`, yes or no.
/// --page writes a page to send on: how scores are spread, and the rows with the highest, each with its
/// reasons and its place among the others. --row N lists why one row has its score, a row a column that
/// adds to it; with --figure FILE it draws that instead. Where a cell breaks what nearly all training rows
/// keep (`gross = net + tax`, `country follows city`), the relation is named beside it.
/// Of series there is one row for each point instead, by entity where there are several, and time.
/// Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Score {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on; `-` is standard input
    data: PathBuf,
    /// Name the K columns that contribute most
    #[arg(long, value_name = "K", default_value_t = 0, hide_default_value = true)]
    explain: usize,
    /// Name rows by what they have in COLUMN
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Rows with a score of X or more are unusual
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = finite)]
    threshold: Option<f64>,
    /// This share of the rows, those with the highest scores, is unusual
    #[arg(long, value_name = "SHARE", conflicts_with = "threshold", value_parser = share)]
    contamination: Option<f64>,
    /// The N rows with the highest scores are unusual
    #[arg(long, value_name = "N", conflicts_with_all = ["threshold", "contamination"], value_parser = clap::value_parser!(u64).range(1..))]
    budget: Option<u64>,
    /// Write a page of the rows with the highest scores to FILE, one HTML file that works offline
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Rows that the page shows
    #[arg(long, value_name = "N", default_value_t = 25, requires = "page")]
    page_rows: usize,
    /// List why row N has its score; with --figure draw it, and say the score of that row alone
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    row: Option<u64>,
    /// Draw the row of --row, or else the one with the highest score, as FILE, png or svg, with its numbers as CSV
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

/// Columns of each row that pages and pictures show, where no more are asked for.
const PICTURED: usize = 6;

/// Rows that are scored at a time, where scores can be written as they come.
const PART: usize = 1 << 12;

/// Digits after the point of scores: what is beyond says nothing.
const DIGITS: u8 = 4;

impl Score {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        if let Some(page) = &self.page {
            check_page(page, &self.run, Some(&self.data))?;
        }
        if let Some(figure) = &self.figure {
            check_figure(figure, &self.run, Some(&self.data))?;
        }
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let input = Input::of(self.data.clone())?;
        let reading = run.read(input.path())?;
        if self.id.is_some() && run.can(Ability::Alarm) {
            return Err(CliError::PointsHaveTimes);
        }
        let id = self.id.as_deref().map(|name| named(&reading, name)).transpose()?;
        let pictured = self.page.is_some() || self.figure.is_some();
        let listed = self.row.filter(|_| !pictured);
        if listed.is_some() && run.can(Ability::Alarm) {
            return Err(CliError::PagesAreOfRows);
        }
        if let Some(row) = self.row.map(|row| row as usize).filter(|row| *row > reading.data.len()) {
            return Err(CliError::NoSuchRow { row, rows: reading.data.len() });
        }
        if let Some(row) = listed {
            return self.list(ui, &mut run, &reading, row as usize - 1);
        }
        if pictured && run.can(Ability::Alarm) {
            return Err(CliError::PagesAreOfRows);
        }
        let (mut told, whole) = (Vec::new(), pictured || run.can(Ability::Alarm) || !self.output.is_csv());
        if !whole && reading.data.len() > PART {
            for note in &reading.notes {
                ui.note(note);
            }
            let of_all = self.contamination.is_some() || self.budget.is_some();
            let mut scores = Vec::new();
            if of_all {
                for part in run.score_batches(reading.chunks(PART), 0) {
                    scores.extend(part?.scores);
                }
            }
            let least = self.least(&scores);
            let mut start = 0;
            let mut parts = run.score_batches(reading.chunks(PART), self.explain).map(|part| {
                let part = part?;
                for note in &part.notes {
                    if !told.contains(note) {
                        ui.note(note);
                        told.push(note.clone());
                    }
                }
                let rows = start..start + part.scores.len();
                start = rows.end;
                Ok(self.described(part, least, id_part(id.as_ref(), rows)))
            });
            // All parts have the columns of the first.
            let Some(first) = parts.next() else { return Ok(()) };
            let (first, schema) = first?;
            let others = parts.map(|part: Result<_, CliError>| part.map(|(table, _)| table));
            return self.output.parts(ui, &schema, std::iter::once(Ok(first)).chain(others));
        }
        let kept = pictured.then(|| reading.clone());
        let explain = if pictured { self.explain.max(PICTURED) } else { self.explain };
        let mut scores = run.score(reading, explain)?;
        if let Some(Data::Table(rows, about)) = kept.map(|reading| reading.data) {
            self.picture(ui, &scores, (&rows, &about), id.as_ref())?;
        }
        scores.reasons.iter_mut().for_each(|reasons| reasons.truncate(self.explain));
        for note in &scores.notes {
            ui.note(note);
        }
        let least = self.least(&scores.scores);
        let rows = 0..scores.scores.len();
        let (mut table, schema) = self.described(scores, least, id_part(id.as_ref(), rows));
        if let Some(row) = self.row {
            table = table.take(&[row as usize - 1]);
        }
        self.output.table(ui, &table, &schema)
    }

    /// Says the score of one row, and lists the columns that add to it.
    fn list(&self, ui: &Ui, run: &mut Fitted, reading: &Reading, row: usize) -> Result<(), CliError> {
        let most = if self.explain > 0 { self.explain } else { PICTURED };
        let mut scores = run.score(reading.part(row..row + 1), most)?;
        for note in reading.notes.iter().chain(&scores.notes) {
            ui.note(note);
        }
        let tail = scores.tails.as_ref().and_then(|tails| tails.first());
        let tail = tail.map_or_else(String::new, |tail| {
            format!("; the share of left-out training rows that score as high is {}", rounded(*tail))
        });
        let score = scores.scores.first().copied().unwrap_or(f64::NAN);
        ui.say(&format!("row {} has the score {score:.2}{tail}", row + 1));
        let reasons = scores.reasons.pop().unwrap_or_default();
        let (table, schema) = listed(&reasons, scores.relations);
        self.output.table(ui, &table, &schema)
    }

    /// Scores as they are written: beside what names each row or point, and whether it is unusual.
    fn described(&self, scores: Scores, least: Option<f64>, id: (Column, ColumnSchema)) -> (Table, Schema) {
        let (mut table, mut schema) = scores.table();
        for column in &mut schema.columns {
            if let Kind::Real { decimals, .. } = &mut column.kind
                && column.name != "tail"
            {
                *decimals = DIGITS;
            }
        }
        for column in table.columns.iter_mut().filter(|column| column.name == "tail") {
            if let Cells::Number(tails) = &mut column.cells {
                tails.iter_mut().for_each(|tail| *tail = rounded(*tail));
            }
        }
        if let Some(least) = least {
            let codes = scores.scores.iter().map(|score| u32::from(*score >= least)).collect();
            let levels = ["no", "yes"].map(str::to_owned);
            let cells = Cells::Text { codes, levels: levels.to_vec() };
            table.columns.insert(1, Column { name: "unusual".to_owned(), cells });
            schema.columns.insert(1, ColumnSchema::new("unusual", Kind::Boolean { levels }, 0));
        }
        match scores.points {
            // What is scored is no row of the file: what names it stands before its score.
            Some((points, about)) => {
                table.columns.splice(0..0, points.columns);
                schema.columns.splice(0..0, about.columns);
            }
            None => {
                table.columns.insert(0, id.0);
                schema.columns.insert(0, id.1);
            }
        }
        (table, schema)
    }

    /// Writes the page and the picture that were asked for.
    fn picture(
        &self,
        ui: &Ui,
        scores: &Scores,
        (rows, about): (&Table, &Schema),
        id: Option<&(Column, ColumnSchema)>,
    ) -> Result<(), CliError> {
        let name = |row: usize| match id {
            Some((column, _)) => match &column.cells {
                Cells::Number(values) => format!("{} {}", column.name, values[row]),
                cells => format!("{} {}", column.name, cells.text(row).unwrap_or("missing")),
            },
            None => format!("row {}", row + 1),
        };
        if let Some(path) = &self.page {
            let names: Vec<String> = (0..rows.n_rows).map(name).collect();
            let file = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
            let about_line = format!(
                "{} of {}, scored by {}",
                counted(rows.n_rows, "row"),
                file(&self.data).unwrap_or_default(),
                file(&self.run).unwrap_or_default()
            );
            let page = ScorePage {
                title: "Unusual rows",
                about: &about_line,
                names: &names,
                threshold: self.least(&scores.scores).filter(|least| least.is_finite()),
                rows: self.page_rows,
            };
            let html = scores.page((rows, about), &page)?;
            veridic::data::replace(path, |file| file.write_all(html.as_bytes()))
                .map_err(veridic::Error::from)?;
            ui.say(&format!("wrote {}", path.display()));
        }
        if let Some(path) = &self.figure {
            let highest = || (0..rows.n_rows).max_by(|&a, &b| scores.scores[a].total_cmp(&scores.scores[b]));
            let row = self.row.map(|row| row as usize - 1).or_else(highest).unwrap_or(0);
            let figure = scores.explained(rows, row, &name(row))?;
            figure.write(path).map_err(veridic::Error::from)?;
            ui.say(&format!("drew {}", path.display()));
        }
        Ok(())
    }

    /// The least score of a row that is unusual; none where that was not asked for.
    fn least(&self, scores: &[f64]) -> Option<f64> {
        let most = match (self.threshold, self.contamination, self.budget) {
            (Some(threshold), ..) => return Some(threshold),
            (None, Some(share), _) => (share * scores.len() as f64).round() as usize,
            (None, None, Some(budget)) => {
                usize::try_from(budget).map_or(scores.len(), |budget| budget.min(scores.len()))
            }
            (None, None, None) => return None,
        };
        let mut sorted = scores.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        Some(most.checked_sub(1).and_then(|last| sorted.get(last).copied()).unwrap_or(f64::INFINITY))
    }
}

/// A row a reason that adds to a score: `column`, `adds`, `actual`, `expected` and, of models that look at relations, `relation`.
fn listed(reasons: &[Reason], relations: bool) -> (Table, Schema) {
    let reasons: Vec<&Reason> = reasons.iter().filter(|reason| reason.adds > 0.0).collect();
    let text = |name: &str, of: &dyn Fn(&Reason) -> Option<String>| {
        let texts: Vec<Option<String>> = reasons.iter().map(|reason| of(reason)).collect();
        let levels: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut next = 0..;
        let codes =
            texts.iter().map(|text| text.as_ref().map_or(MISSING, |_| next.next().unwrap_or(MISSING)));
        let cells = Cells::Text { codes: codes.collect(), levels: levels.clone() };
        let column = Column { name: name.to_owned(), cells };
        (column, ColumnSchema::new(name, Kind::Categorical { levels }, 0))
    };
    let adds = Cells::Number(reasons.iter().map(|reason| reason.adds).collect());
    let kind = Kind::Real { decimals: DIGITS, min: 0.0, max: f64::INFINITY };
    let mut columns = vec![
        text("column", &|reason| Some(reason.column.clone())),
        (Column { name: "adds".to_owned(), cells: adds }, ColumnSchema::new("adds", kind, 0)),
        text("actual", &|reason| reason.actual.clone()),
        text("expected", &|reason| reason.expected.clone()),
    ];
    if relations {
        columns.push(text("relation", &|reason| reason.relation.clone()));
    }
    let (columns, about): (Vec<Column>, Vec<ColumnSchema>) = columns.into_iter().unzip();
    (Table { n_rows: reasons.len(), columns }, Schema { columns: about })
}

/// The column that names the rows.
fn named(reading: &Reading, name: &str) -> Result<(Column, ColumnSchema), CliError> {
    let Data::Table(table, schema) = &reading.data else {
        return Err(veridic::Error::from(DataError::NoSuchColumn {
            name: name.to_owned(),
            nearest: None,
            columns: Vec::new(),
        })
        .into());
    };
    let column = table.require(name).map_err(veridic::Error::from)?.clone();
    let kind = Kind::Categorical { levels: Vec::new() };
    let about = schema.column(name).cloned().unwrap_or_else(|| ColumnSchema::new(name, kind, 0));
    Ok((column, about))
}

/// What names these rows: a column of the data, or else their number.
fn id_part(id: Option<&(Column, ColumnSchema)>, rows: std::ops::Range<usize>) -> (Column, ColumnSchema) {
    if let Some((column, about)) = id {
        let cells = match &column.cells {
            Cells::Number(values) => Cells::Number(values[rows].to_vec()),
            Cells::Text { codes, levels } => {
                Cells::Text { codes: codes[rows].to_vec(), levels: levels.clone() }
            }
        };
        return (Column { name: column.name.clone(), cells }, about.clone());
    }
    let numbers: Vec<u32> = rows.clone().map(|row| row as u32 + 1).collect();
    let kind = Kind::Integer { min: 1.0, max: rows.end as f64 };
    let column = Column { name: "row".to_owned(), cells: Cells::numbers(numbers) };
    (column, ColumnSchema::new("row", kind, 0))
}

/// A share with three digits that mean something.
fn rounded(share: f64) -> f64 {
    if share < 1e-300 { 0.0 } else { format!("{share:.2e}").parse().unwrap_or(share) }
}
