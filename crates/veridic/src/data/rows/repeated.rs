//! Rows that have the names of the columns again, as where tables were put one below the other.

use crate::data::note::ReadNote;
use crate::data::record::Cell;

/// The names of the columns, and the rows that have them again.
#[derive(Debug)]
pub(in crate::data) struct Repeated {
    is_looked_for: bool,
    names: Vec<String>,
    rows: usize,
    line: u64,
}

impl Repeated {
    /// Looks for names where the first row has them.
    pub(in crate::data) fn new(has_header: bool) -> Self {
        Self { is_looked_for: has_header, names: Vec::new(), rows: 0, line: 0 }
    }

    /// Takes in the first row.
    pub(in crate::data) fn learn(&mut self, first: &[String]) {
        // A single name may be a value.
        if self.is_looked_for && first.len() > 1 {
            self.names = first.to_vec();
        }
    }

    /// Whether a row has the names again; it is counted.
    pub(in crate::data) fn is(&mut self, cells: &[Cell<'_>], line: u64) -> bool {
        let is = !self.names.is_empty()
            && cells.len() == self.names.len()
            && cells.iter().zip(&self.names).all(|(cell, name)| cell.text == name);
        if is && self.rows == 0 {
            self.line = line;
        }
        self.rows += usize::from(is);
        is
    }

    /// What is said of them.
    pub(in crate::data) fn note(&self) -> Option<ReadNote> {
        (self.rows > 0).then_some(ReadNote::RepeatedNames { rows: self.rows, line: self.line })
    }
}
