//! Labels to files of other programs and back.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use veridic::data::{self, Cells, Column, ColumnSchema, Kind, MISSING, ReadOptions, Schema, Table};
use veridic::label::{Action, Decision, Event, Status};

use super::desk::check_class;
use super::items::{Content, Fingerprint, Items, hex};
use super::store::{self, Entry, Store};
use crate::{Result, StudioError};

/// Names of classes that an error lists.
const MOST: usize = 10;
/// Names of the column of classes that are understood.
const CLASS: [&str; 4] = ["class", "label", "Class", "Label"];

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Rows written: all that were shown.
    pub rows: usize,
    /// Of them, those with a label.
    pub labelled: usize,
}

/// How a file is imported.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Columns of the file by what they are: `class`, `row`, `fingerprint`, `comment`.
    pub columns: Vec<(String, String)>,
    /// Classes of ours by those of the file.
    pub classes: Vec<(String, String)>,
    /// Who is said to have labelled, where the file does not say.
    pub annotator: String,
}

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Labels, skips and flags added.
    pub added: usize,
    /// Rows whose label is as it was already.
    pub known: usize,
    /// Rows without a label.
    pub without: usize,
    /// Rows whose content is not in the data.
    pub absent: usize,
}

/// Writes one row for each row shown, in the form of the ending (csv, csv.gz, jsonl, parquet): `row` from 1, `status`,
/// `class`, `annotator`, `time`, what the model had proposed, remarks, and the fingerprint by which an import finds the
/// row; with the table that was labelled, also its columns.
///
/// # Errors
/// Labels that do not add up, are of other data, or cannot be written.
pub fn export(labels: &Path, items: Option<&Items>, to: &Path) -> Result<Exported> {
    super::check(labels, items)?;
    let contents = Store::existing(labels, false)?.contents()?;
    let (ledger, classes) = (&contents.ledger, &contents.classes);
    let name = |class: u16| classes.get(usize::from(class)).cloned();
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); 6];
    let (mut rows, mut times, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
    let mut labelled = 0;
    for (&row, fingerprint) in &contents.shown {
        let (status, class) = match ledger.status(row) {
            Status::Labelled(class) => ("label", name(class)),
            Status::Skipped => ("skip", None),
            Status::Flagged => ("flag", None),
            Status::Pending => ("pending", None),
        };
        labelled += usize::from(class.is_some());
        let event = ledger.decided(row);
        let comments: Vec<&str> = ledger.comments(row).collect();
        rows.push(f64::from(row) + 1.0);
        times.push(event.map_or(f64::NAN, |event| event.time.div_euclid(1000) as f64));
        let proposal = event.and_then(|event| event.proposal);
        probabilities.push(proposal.map_or(f64::NAN, |proposal| f64::from(proposal.probability)));
        let texts = [
            Some(status.to_owned()),
            class,
            event.and_then(|event| contents.annotators.get(&event.annotator).cloned()),
            proposal.and_then(|proposal| name(proposal.class)),
            (!comments.is_empty()).then(|| comments.join(" | ")),
            Some(hex(fingerprint)),
        ];
        columns.iter_mut().zip(texts).for_each(|(column, text)| column.push(text));
    }
    // What people wrote must not become a formula where the file is opened as a sheet.
    if is_csv(to) {
        for column in [2, 4] {
            columns[column].iter_mut().flatten().for_each(|text| *text = guarded(text));
        }
    }
    let n_rows = rows.len();
    let [status, class, annotator, proposal, comment, fingerprint] =
        columns.try_into().unwrap_or([const { Vec::new() }; 6]);
    let number = |name: &str, values| Column { name: name.to_owned(), cells: Cells::Number(values) };
    let mut table = Table {
        n_rows,
        columns: vec![
            number("row", rows),
            text("status", &status),
            text("class", &class),
            text("annotator", &annotator),
            number("time", times),
            text("proposal", &proposal),
            number("probability", probabilities),
            text("comment", &comment),
            text("fingerprint", &fingerprint),
        ],
    };
    let plain = |name: &str| match name {
        "row" => Kind::Integer { min: 1.0, max: contents.identity.rows as f64 },
        "time" => Kind::DateTime { format: "%Y-%m-%dT%H:%M:%SZ".to_owned(), min: 0.0, max: f64::MAX },
        "probability" => Kind::Real { decimals: 4, min: 0.0, max: 1.0 },
        _ => Kind::Identifier,
    };
    let mut schema = Schema {
        columns: table
            .columns
            .iter()
            .map(|column| ColumnSchema::new(&column.name, plain(&column.name), 0))
            .collect(),
    };
    if let Some(Content::Table { table: data, schema: of_data }) = items.map(Items::content) {
        let places: Vec<usize> = contents.shown.keys().map(|row| *row as usize).collect();
        for mut column in data.take(&places).columns {
            let kind = of_data.column(&column.name).map_or(Kind::Identifier, |column| column.kind.clone());
            while table.column(&column.name).is_some() {
                column.name.insert_str(0, "data.");
            }
            schema.columns.push(ColumnSchema::new(&column.name, kind, 0));
            table.columns.push(column);
        }
    }
    write(&table, &schema, to)?;
    Ok(Exported { rows: n_rows, labelled })
}

fn write(table: &Table, schema: &Schema, to: &Path) -> Result<()> {
    let name = to.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if [".csv", ".csv.gz", ".parquet"].iter().any(|ending| name.ends_with(ending)) {
        return Ok(data::write(table, schema, to)?);
    }
    if !name.ends_with(".jsonl") {
        let ending = name.split_once('.').map_or(name.as_str(), |(_, ending)| ending).to_owned();
        return Err(StudioError::ExportEnding { ending, path: to.to_owned() });
    }
    let mut json = Vec::new();
    data::write_json(table, schema, &mut json).map_err(StudioError::Server)?;
    // The array has one object a line, and no text has a line end in it.
    let lines = json.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"));
    data::replace(to, |file| {
        for line in lines {
            file.write_all(line.strip_suffix(b",").unwrap_or(line))?;
            file.write_all(b"\n")?;
        }
        Ok(())
    })?;
    Ok(())
}

fn is_csv(to: &Path) -> bool {
    let name = to.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.ends_with(".csv") || name.ends_with(".csv.gz")
}

/// Whether spreadsheets take a text for a formula (OWASP, "CSV injection").
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A text that no spreadsheet takes for a formula.
fn guarded(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text that was [`guarded`].
fn unguarded(text: String) -> String {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest.to_owned(),
        _ => text,
    }
}

fn text(name: &str, cells: &[Option<String>]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let mut places: HashMap<&str, u32> = HashMap::new();
    let codes = cells.iter().map(|cell| match cell {
        None => MISSING,
        Some(cell) => *places.entry(cell).or_insert_with(|| {
            levels.push(cell.clone());
            levels.len() as u32 - 1
        }),
    });
    let codes = codes.collect();
    Column { name: name.to_owned(), cells: Cells::Text { codes, levels } }
}

/// A row of a file that is imported.
struct Line {
    row: Option<u32>,
    fingerprint: Option<String>,
    class: Option<String>,
    status: Option<String>,
    annotator: Option<String>,
    comment: Option<String>,
}

/// Adds the labels of a CSV, JSONL or Parquet file to the labels at `labels`, which are of `items` and may be new, with
/// `classes`. Rows are found by their fingerprint where the file has one, else by their number `row`, from 1, else, with as
/// many rows as the data, in order. All or nothing; a file that is imported twice changes nothing the second time.
///
/// # Errors
/// Classes that are not known, rows that are not there, a file without labels, and those of [`super::Desk::open`].
pub fn import(
    labels: &Path,
    items: &Items,
    classes: &[String],
    from: &Path,
    options: &ImportOptions,
) -> Result<Imported> {
    let lines = read(from, options)?;
    let _lock =
        super::lock::Lock::take(labels)?.ok_or_else(|| StudioError::InUse { path: labels.to_owned() })?;
    let mut store = Store::open(labels, items.identity())?;
    let contents = store.contents()?;
    contents.identity.check(items, contents.shown.iter(), labels)?;
    let mut known = contents.classes.clone();
    for name in classes.iter().filter(|name| !contents.classes.contains(name)) {
        check_class(name, &known)?;
        known.push(name.clone());
    }
    let rows = places(&lines, items, from)?;
    let renamed = |class: &str| -> String {
        let found = options.classes.iter().find(|(theirs, _)| theirs == class);
        found.map_or_else(|| class.to_owned(), |(_, ours)| ours.clone())
    };
    let number = |class: &str| known.iter().position(|name| *name == renamed(class)).map(|i| i as u16);
    let unknown: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.class.as_deref())
        .filter(|class| number(class).is_none())
        .collect();
    if !unknown.is_empty() {
        let mut names: Vec<String> = unknown.iter().map(|name| (*name).to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(MOST);
        return Err(StudioError::UnknownClasses { names, rows: unknown.len(), path: from.to_owned() });
    }
    for name in &known[contents.classes.len()..] {
        store.add_class(name)?;
    }
    let mut ledger = contents.ledger;
    known[contents.classes.len()..].iter().for_each(|_| ledger.add_class());
    let mut people: BTreeMap<String, u32> = BTreeMap::new();
    let mut imported = Imported::default();
    let (mut shown, mut entries): (Vec<(u32, Fingerprint)>, Vec<Entry>) = Default::default();
    let time = store::now().max(ledger.events().last().map_or(0, |last| last.time));
    let mark = file_mark(from)?;
    for (i, (line, row)) in lines.iter().zip(rows).enumerate() {
        let Some(row) = row else {
            imported.absent += 1;
            continue;
        };
        let decision = match (line.class.as_deref().and_then(number), line.status.as_deref()) {
            (Some(class), _) => Some(Decision::Label(class)),
            (None, Some("skip")) => Some(Decision::Skip),
            (None, Some("flag")) => Some(Decision::Flag),
            _ => None,
        };
        let who = line.annotator.as_deref().unwrap_or(&options.annotator);
        let annotator = match people.get(who) {
            Some(number) => *number,
            None => {
                let number = store.annotator(who)?;
                people.insert(who.to_owned(), number);
                number
            }
        };
        let is_known = decision.is_some_and(|decision| match decision {
            Decision::Label(class) => ledger.opinions(row).get(&annotator) == Some(&class),
            Decision::Skip => ledger.status(row) == Status::Skipped,
            Decision::Flag => ledger.status(row) == Status::Flagged,
        });
        match decision {
            None => imported.without += 1,
            Some(_) if is_known => imported.known += 1,
            Some(_) => imported.added += 1,
        }
        let has_remark = |text: &str| ledger.comments(row).any(|there| there == text || there.contains(text));
        let remark = line.comment.clone().filter(|text| !has_remark(text)).map(Action::Comment);
        let actions = decision.filter(|_| !is_known).map(Action::Decide).into_iter().chain(remark);
        for (j, action) in actions.enumerate() {
            let id = ledger.events().len() as u64 + 1;
            let event = Event { id, time, row, annotator, action, proposal: None };
            ledger.add(event.clone())?;
            // The number of the entry: what was undone meanwhile may be imported again.
            entries.push(Entry { event, key: format!("import/{mark}/{i}/{j}/{id}") });
            shown.push((row, items.fingerprints()[row as usize]));
        }
    }
    store.commit(&shown, &entries)?;
    Ok(imported)
}

/// The row of each line.
fn places(lines: &[Line], items: &Items, from: &Path) -> Result<Vec<Option<u32>>> {
    let wrong = |reason: String, remedy| StudioError::Import { reason, remedy, path: from.to_owned() };
    let n = items.len();
    // A table has a line of names.
    let has_names = !from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl"));
    let first = if has_names { 2 } else { 1 };
    let check = |line: usize, row: u32| -> Result<u32> {
        if (row as usize) < n {
            return Ok(row);
        }
        let reason = format!("line {} is of row {}, the data has {n} rows", line + first, u64::from(row) + 1);
        Err(wrong(reason, "rows are counted from 1; check that the labels are of this data"))
    };
    if lines.iter().any(|line| line.fingerprint.is_some()) {
        let mut by_content: HashMap<String, u32> = HashMap::with_capacity(n);
        for (row, fingerprint) in items.fingerprints().iter().enumerate() {
            by_content.entry(hex(fingerprint)).or_insert(row as u32);
        }
        let place = |line: &Line| -> Option<u32> {
            let fingerprint = line.fingerprint.as_deref()?;
            let is_there = |row: &u32| {
                items.fingerprints().get(*row as usize).is_some_and(|there| hex(there) == fingerprint)
            };
            line.row.filter(is_there).or_else(|| by_content.get(fingerprint).copied())
        };
        return Ok(lines.iter().map(place).collect());
    }
    if lines.iter().any(|line| line.row.is_some()) {
        return lines
            .iter()
            .enumerate()
            .map(|(i, line)| match line.row {
                Some(row) => check(i, row).map(Some),
                None => {
                    Err(wrong(format!("line {} has no row", i + 1), "every line needs the number of its row"))
                }
            })
            .collect();
    }
    if lines.len() == n {
        return Ok((0..n as u32).map(Some).collect());
    }
    Err(wrong(
        format!("no column says which row is meant, and there are {} lines for {n} rows", lines.len()),
        "name the column of row numbers, counted from 1, with --map row=COLUMN",
    ))
}

fn read(from: &Path, options: &ImportOptions) -> Result<Vec<Line>> {
    let is_jsonl = from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl"));
    let (names, rows) = if is_jsonl { of_json(from)? } else { of_table(from)? };
    let wrong = |reason: String, remedy| StudioError::Import { reason, remedy, path: from.to_owned() };
    let place = |what: &str, known: &[&str]| -> Result<Option<usize>> {
        let asked = options.columns.iter().find(|(field, _)| field == what);
        if let Some((_, column)) = asked {
            let found = names.iter().position(|name| name == column);
            let reason = || format!("there is no column `{column}`, there are {}", names.join(", "));
            return found.map(Some).ok_or_else(|| wrong(reason(), "name one of these with --map"));
        }
        Ok(names.iter().position(|name| known.contains(&name.as_str())))
    };
    let class = place("class", &CLASS)?.ok_or_else(|| {
        let reason = format!("no column is called `class` or `label`, there are {}", names.join(", "));
        wrong(reason, "name the column of classes with --map class=COLUMN")
    })?;
    let row = place("row", &["row"])?;
    let fingerprint = place("fingerprint", &["fingerprint"])?;
    let status = place("status", &["status"])?;
    let annotator = place("annotator", &["annotator"])?;
    let comment = place("comment", &["comment"])?;
    let mut lines = Vec::with_capacity(rows.len());
    for (i, cells) in rows.into_iter().enumerate() {
        let cell = |place: Option<usize>| place.and_then(|place| cells.get(place).cloned().flatten());
        let row = match cell(row) {
            None => None,
            Some(text) => match text.parse::<u32>().ok().and_then(|row| row.checked_sub(1)) {
                Some(row) => Some(row),
                None => {
                    let reason = format!("`{text}` in line {} is no number of a row", i + 1);
                    return Err(wrong(reason, "rows are counted from 1"));
                }
            },
        };
        lines.push(Line {
            row,
            fingerprint: cell(fingerprint),
            class: cell(Some(class)),
            status: cell(status),
            annotator: cell(annotator).map(unguarded),
            comment: cell(comment).map(unguarded),
        });
    }
    Ok(lines)
}

/// The rows that a file names in its column `row`, from 0, of data that has `n`.
pub(super) fn rows(from: &Path, n: usize) -> Result<Vec<u32>> {
    let remedy = "it needs a column `row` with numbers of rows of this data, counted from 1";
    let wrong = |reason: String| StudioError::Import { reason, remedy, path: from.to_owned() };
    let (names, lines) = of_table(from)?;
    let at = names.iter().position(|name| name == "row");
    let at = at.ok_or_else(|| wrong(format!("there is no column `row` among {}", names.join(", "))))?;
    let row = |(i, cells): (usize, &Vec<Option<String>>)| {
        let text = cells[at].as_deref().unwrap_or_default();
        let row = text.parse::<usize>().ok().filter(|row| (1..=n).contains(row));
        let reason = || format!("line {} has the row `{text}`, the data has rows 1 to {n}", i + 2);
        row.map(|row| row as u32 - 1).ok_or_else(|| wrong(reason()))
    };
    lines.iter().enumerate().map(row).collect()
}

type Rows = (Vec<String>, Vec<Vec<Option<String>>>);

fn of_table(from: &Path) -> Result<Rows> {
    let data::Reading { table, schema, .. } = data::read(from, &ReadOptions::default())?;
    let names = table.columns.iter().map(|column| column.name.clone()).collect();
    let row = |row: usize| {
        let cells = table.columns.iter().map(|column| {
            let mut text = String::new();
            let kind = schema.column(&column.name).map(|column| &column.kind);
            data::cell(kind, &column.cells, row, &mut text).then_some(text)
        });
        cells.collect()
    };
    Ok((names, (0..table.n_rows).map(row).collect()))
}

fn of_json(from: &Path) -> Result<Rows> {
    let failed = |source| StudioError::File { path: from.to_owned(), source };
    let text = std::fs::read_to_string(from).map_err(failed)?;
    let mut names: Vec<String> = Vec::new();
    let mut objects = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).map_err(|error| {
            let reason = format!("line {} is no JSON object: {error}", i + 1);
            StudioError::Import { reason, remedy: "JSONL has one object a line", path: from.to_owned() }
        })?;
        for name in object.keys().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>() {
            names.push(name);
        }
        objects.push(object);
    }
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let rows = objects
        .iter()
        .map(|object| names.iter().map(|name| object.get(name).and_then(cell)).collect())
        .collect();
    Ok((names, rows))
}

/// What tells a file from others in the keys of its entries.
fn file_mark(from: &Path) -> Result<String> {
    let bytes = std::fs::read(from).map_err(|source| StudioError::File { path: from.to_owned(), source })?;
    Ok(hex(&Sha256::digest(&bytes)[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_formula_is_guarded_and_comes_back() {
        for text in ["=1+1", "+49 30", "-", "@sum", "\tx"] {
            let written = guarded(text);
            assert!(!is_formula(&written), "{written}");
            assert_eq!(unguarded(written), text);
        }
        for text in ["looks odd", "", "'quoted'", "don't"] {
            assert_eq!(guarded(text), text);
            assert_eq!(unguarded(text.to_owned()), text);
        }
    }
}
