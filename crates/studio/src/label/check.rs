//! The proof that nothing is lost: every row shown stands somewhere, and two ways of counting agree.

use std::collections::BTreeMap;
use std::path::Path;

use veridic::label::{Action, Agreement, Status, agreement};

use super::items::Items;
use super::store::Store;
use crate::{Result, StudioError};

/// Problems that are told at most.
const MOST: usize = 10;

/// What a file of labels holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// The name of the data, and its rows.
    pub data: (String, usize),
    /// Name and rows of each class.
    pub classes: Vec<(String, usize)>,
    /// Rows that were given to a page.
    pub shown: usize,
    /// Of them, those skipped.
    pub skipped: usize,
    /// Of them, those flagged.
    pub flagged: usize,
    /// Of them, those without a decision that counts.
    pub pending: usize,
    /// Entries of the history.
    pub entries: usize,
    /// Of them, decisions that were undone.
    pub undone: usize,
    /// Of them, remarks.
    pub comments: usize,
    /// Who labelled.
    pub annotators: Vec<String>,
    /// How far they agree.
    pub agreement: Option<Agreement>,
}

impl Audit {
    /// Rows that are labelled.
    pub fn labelled(&self) -> usize {
        self.classes.iter().map(|(_, rows)| rows).sum()
    }
}

/// Reads the labels at `path` and proves that each row shown is labelled, skipped, flagged or pending and that the sums
/// agree: those of the entries, replayed one by one, and those that SQLite makes of its tables. With `items`, also that the
/// rows shown hold what they held then.
///
/// # Errors
/// [`StudioError::Inconsistent`] with everything that does not agree; labels of other or changed data.
pub fn check(path: &Path, items: Option<&Items>) -> Result<Audit> {
    let store = Store::existing(path, false)?;
    let contents = store.contents()?;
    let (mut problems, by_sql) = store.audit()?;
    if let Some(items) = items {
        contents.identity.check(items, contents.shown.iter(), path)?;
    }
    let ledger = &contents.ledger;
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let (mut skipped, mut flagged, mut pending) = (0, 0, 0);
    let mut classes: Vec<(String, usize)> = contents.classes.iter().map(|name| (name.clone(), 0)).collect();
    for &row in contents.shown.keys() {
        let name = match ledger.status(row) {
            Status::Labelled(class) => {
                let class = &mut classes[usize::from(class)];
                class.1 += 1;
                format!("label: {}", class.0)
            }
            Status::Skipped => {
                skipped += 1;
                "skip".to_owned()
            }
            Status::Flagged => {
                flagged += 1;
                "flag".to_owned()
            }
            Status::Pending => {
                pending += 1;
                "pending".to_owned()
            }
        };
        *counted.entry(name).or_default() += 1;
    }
    for (name, rows) in &counted {
        let other = by_sql.get(name).copied().unwrap_or(0);
        if other != *rows {
            problems.push(format!("{rows} rows are `{name}` by the entries, {other} by the tables"));
        }
    }
    for name in by_sql.keys().filter(|name| !counted.contains_key(*name)) {
        problems.push(format!("`{name}` has rows by the tables and none by the entries"));
    }
    let counts = ledger.counts();
    let of_ledger = (counts.labelled(), counts.skipped, counts.flagged);
    let of_rows = (classes.iter().map(|(_, rows)| rows).sum::<usize>(), skipped, flagged);
    if of_ledger != of_rows {
        problems.push(format!(
            "running counts say {} labelled, {} skipped and {} flagged, the rows say {}, {} and {}",
            of_ledger.0, of_ledger.1, of_ledger.2, of_rows.0, of_rows.1, of_rows.2
        ));
    }
    let strays = ledger.events().iter().filter(|event| !contents.shown.contains_key(&event.row)).count();
    if strays > 0 {
        problems.push(format!("{strays} entries are about rows that were never shown"));
    }
    let beyond = contents.shown.keys().filter(|row| **row as usize >= contents.identity.rows).count();
    if beyond > 0 {
        problems.push(format!("{beyond} rows shown are beyond the {} of the data", contents.identity.rows));
    }
    if !problems.is_empty() {
        problems.truncate(MOST);
        return Err(StudioError::Inconsistent { problems, path: path.to_owned() });
    }
    let opinions: Vec<Vec<u16>> =
        contents.shown.keys().map(|row| ledger.opinions(*row).into_values().collect()).collect();
    Ok(Audit {
        data: (contents.identity.name.clone(), contents.identity.rows),
        classes,
        shown: contents.shown.len(),
        skipped,
        flagged,
        pending,
        entries: ledger.events().len(),
        undone: ledger.events().iter().filter(|event| ledger.is_undone(event.id)).count(),
        comments: ledger.events().iter().filter(|event| matches!(event.action, Action::Comment(_))).count(),
        annotators: contents.annotators.into_values().collect(),
        agreement: agreement(opinions.iter().map(Vec::as_slice)),
    })
}
