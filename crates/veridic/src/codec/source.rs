use std::collections::BTreeMap;

use crate::data::{Cells, Column, MISSING};
use crate::error::ColumnProblem;

/// The cells of one column, checked, ready to encode.
pub(super) enum Source<'a> {
    Numbers(&'a [f64]),
    /// Cell `i` has slot `slots[codes[i]]` of a category or flag, [`UNSEEN`] if there is none.
    Slots {
        codes: &'a [u32],
        slots: Vec<u32>,
        levels: &'a [String],
    },
    AllMissing,
}

/// What encoding a column met that its training rows did not have.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    pub(super) unseen: usize,
    pub(super) first_unseen: Option<(usize, String)>,
    pub(super) missing: usize,
}

/// The slot of a level that a category or flag does not have.
pub(super) const UNSEEN: u32 = u32::MAX;
/// Largest magnitude that is scaled: its square is still finite.
const EXTREME: f64 = 1e150;

impl Tally {
    pub(super) fn note_unseen(&mut self, row: usize, value: impl FnOnce() -> String) {
        self.unseen += 1;
        self.first_unseen.get_or_insert_with(|| (row + 1, value()));
    }
}

/// Checks a column of numbers.
pub(super) fn numbers(column: &Column) -> Result<Source<'_>, ColumnProblem> {
    match &column.cells {
        Cells::Number(cells) => {
            // One branch-free pass; only a failure is looked at closely.
            if cells.iter().filter(|x| x.abs() > EXTREME).count() == 0 {
                return Ok(Source::Numbers(cells));
            }
            let mut extreme = cells.iter().enumerate().filter(|(_, x)| x.abs() > EXTREME);
            let (row, value) = extreme.next().map_or((0, f64::NAN), |(i, x)| (i + 1, *x));
            Err(ColumnProblem::Extreme {
                column: column.name.clone(),
                row,
                value,
                count: 1 + extreme.count(),
            })
        }
        Cells::Text { codes, levels } => match codes.iter().position(|code| *code != MISSING) {
            None => Ok(Source::AllMissing),
            Some(row) => Err(ColumnProblem::Text {
                column: column.name.clone(),
                row: row + 1,
                value: levels.get(codes[row] as usize).cloned().unwrap_or_default(),
            }),
        },
    }
}

/// Checks a column of text and finds the slot of each of its levels among `known`.
pub(super) fn slots<'a>(column: &'a Column, known: &[String]) -> Result<Source<'a>, ColumnProblem> {
    let Cells::Text { codes, levels } = &column.cells else { return Ok(Source::AllMissing) };
    if let Some(row) = codes.iter().position(|code| *code != MISSING && *code as usize >= levels.len()) {
        return Err(ColumnProblem::Code { column: column.name.clone(), row: row + 1, code: codes[row] });
    }
    let known: BTreeMap<&str, u32> = known.iter().map(String::as_str).zip(0..).collect();
    let slots = levels.iter().map(|level| known.get(level.as_str()).copied().unwrap_or(UNSEEN)).collect();
    Ok(Source::Slots { codes, slots, levels })
}

/// The levels of a flag as numbers, if they are.
pub(super) fn parsed(levels: &[String; 2]) -> Option<[f64; 2]> {
    Some([levels[0].trim().parse().ok()?, levels[1].trim().parse().ok()?])
}
