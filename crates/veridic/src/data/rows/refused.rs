//! What cannot be read, gathered over all columns so that it is said at once.

use std::path::Path;

use crate::data::evidence::Cell as Found;
use crate::data::finding::Doubt;
use crate::data::name::is_id_name;
use crate::data::note::ReadNote;
use crate::data::text::TextColumn;
use crate::data::{Cells, Kind, MISSING, Unused};
use crate::error::{DataError, ForeignMark, StrayCell};

use super::told::left_out;

/// Why a column cannot be read.
#[derive(Debug)]
pub(in crate::data) enum Unreadable {
    Stray(StrayCell),
    Refused(Box<Refused>),
}

impl Unreadable {
    /// The error of the file at `path`, whose cells are counted by rows.
    pub(in crate::data) fn at(self, path: &Path) -> DataError {
        let mut refused = match self {
            Self::Stray(stray) => Refused { strays: vec![stray], ..Refused::default() },
            Self::Refused(refused) => *refused,
        };
        refused.strays.iter_mut().for_each(|stray| stray.unit = "row");
        match refused.check(path) {
            Err(error) => error,
            Ok(()) => unreachable!("something was refused"),
        }
    }
}

/// What cannot be read, gathered over all columns.
#[derive(Debug, Default)]
pub(in crate::data) struct Refused {
    pub(super) strays: Vec<StrayCell>,
    marks: Vec<ForeignMark>,
    mixed: Option<(String, Found, Found)>,
}

impl Refused {
    pub(super) fn is_empty(&self) -> bool {
        self.strays.is_empty() && self.marks.is_empty() && self.mixed.is_none()
    }

    pub(super) fn mix(&mut self, name: &str, first: Found, second: Found) {
        let (first, second) = if first.0 <= second.0 { (first, second) } else { (second, first) };
        self.mixed.get_or_insert_with(|| (name.to_owned(), first, second));
    }

    /// Whether a column of texts may be that, in spite of `doubt`.
    pub(super) fn judge(
        &mut self,
        name: &str,
        doubt: Doubt,
        column: &TextColumn,
        notes: &mut Vec<ReadNote>,
    ) -> Option<Unused> {
        let Cells::Text { codes, levels } = &column.cells else { return column.unused };
        let n = codes.iter().filter(|&&code| code != MISSING).count();
        let are_few = column.kind != Kind::Identifier
            && (levels.len() <= 20 || (levels.len() <= 64 && levels.len() * 20 <= n));
        let categories = |(line, example): Found, expected| {
            let place = levels.iter().position(|level| *level == example);
            let cells = codes.iter().filter(|&&code| Some(code as usize) == place).count();
            ReadNote::Categories { column: name.to_owned(), example, line, cells, of: n, expected }
        };
        match doubt {
            Doubt::None => {}
            Doubt::Names(cell) if column.kind != Kind::Identifier => notes.push(categories(cell, "number")),
            Doubt::Names(_) => {}
            Doubt::Mixed(_, second) if are_few => notes.push(categories(second, "number")),
            Doubt::Mixed(first, second) => self.mix(name, first, second),
            Doubt::Foreign { expected, foreign, examples, is_sure } => {
                let mark = foreign.for_nothing().max_by_key(|(_, cells, _)| *cells);
                let text = mark.or(foreign.texts.first()).map(|(text, _, line)| (*line, text.clone()));
                let Some(first) = text.or_else(|| examples.first().cloned()) else { return column.unused };
                let are_for_nothing = foreign.n_for_nothing() == foreign.n && foreign.n > 0;
                if are_few && !(is_sure && are_for_nothing) {
                    notes.push(categories(first, expected));
                } else if !foreign.are_many && (foreign.texts.len() <= 3 || are_for_nothing) && foreign.n > 0
                {
                    self.marks.extend(foreign.texts.into_iter().map(|(mark, cells, line)| ForeignMark {
                        column: name.to_owned(),
                        expected,
                        mark,
                        cells,
                        of: n,
                        line,
                    }));
                } else if column.kind == Kind::Identifier && !is_id_name(name) {
                    let examples = examples.into_iter().take(3).collect();
                    let unused = column.unused.unwrap_or(Unused::NotUnderstood);
                    notes.push(left_out(name, unused, examples));
                    return Some(unused);
                } else if column.kind != Kind::Identifier {
                    notes.push(categories(first, expected));
                }
            }
        }
        column.unused
    }

    pub(super) fn check(&mut self, path: &Path) -> Result<(), DataError> {
        if !self.strays.is_empty() {
            return Err(DataError::StrayCells {
                cells: std::mem::take(&mut self.strays),
                path: path.to_owned(),
            });
        }
        if let Some((column, first, second)) = self.mixed.take() {
            return Err(DataError::MixedSpelling { column, first, second, path: path.to_owned() });
        }
        if !self.marks.is_empty() {
            return Err(DataError::ForeignMarks {
                marks: std::mem::take(&mut self.marks),
                path: path.to_owned(),
            });
        }
        Ok(())
    }
}
