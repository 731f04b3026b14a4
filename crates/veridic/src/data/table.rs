//! A table in memory, column by column.

use crate::data::nearest_name;
use crate::error::DataError;

/// The code of a missing cell in a text column.
pub const MISSING: u32 = u32::MAX;

/// Named columns of equal length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// Rows in every column.
    pub n_rows: usize,
}

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name in the header, or `column_1`, `column_2`, … where the file has none.
    pub name: String,
    /// One cell a row.
    pub cells: Cells,
}

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers; date-times as seconds since 1970-01-01T00:00:00 UTC. A missing cell is NaN.
    Number(Vec<f64>),
    /// Text as codes into `levels`; a missing cell is [`MISSING`].
    Text {
        /// One code a row.
        codes: Vec<u32>,
        /// The distinct texts.
        levels: Vec<String>,
    },
}

impl Table {
    /// The column named `name`, if there is one.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column named `name`.
    ///
    /// # Errors
    /// [`DataError::NoSuchColumn`] with the nearest name there is.
    pub fn require(&self, name: &str) -> Result<&Column, DataError> {
        self.column(name).ok_or_else(|| self.no_such_column(name))
    }

    /// The column named `name`, to be learned or split by: it must have a value somewhere.
    ///
    /// # Errors
    /// [`DataError::NoSuchColumn`] with the nearest name, [`DataError::AllMissing`].
    pub fn target(&self, name: &str) -> Result<&Column, DataError> {
        let column = self.require(name)?;
        if column.n_missing() == self.n_rows {
            return Err(DataError::AllMissing { column: name.to_owned() });
        }
        Ok(column)
    }

    /// The rows at `rows`, in that order; a row may be taken more than once.
    ///
    /// # Panics
    /// If an index is not below `n_rows`.
    pub fn take(&self, rows: &[usize]) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|column| Column { name: column.name.clone(), cells: column.cells.take(rows) })
            .collect();
        Self { columns, n_rows: rows.len() }
    }

    /// The rows for which `keep` says yes, by index.
    pub fn filter(&self, keep: impl FnMut(&usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.n_rows).filter(keep).collect();
        self.take(&rows)
    }

    /// The columns named `names`, in that order.
    ///
    /// # Errors
    /// [`DataError::NoSuchColumn`] for the first name there is no column of.
    pub fn select(&self, names: &[&str]) -> Result<Self, DataError> {
        let columns = names.iter().map(|name| self.require(name).cloned()).collect::<Result<_, _>>()?;
        Ok(Self { columns, n_rows: self.n_rows })
    }

    /// Indices of the rows in which no cell is missing.
    pub fn complete_rows(&self) -> Vec<usize> {
        (0..self.n_rows)
            .filter(|&row| self.columns.iter().all(|column| !column.cells.is_missing(row)))
            .collect()
    }

    fn no_such_column(&self, name: &str) -> DataError {
        let columns: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        DataError::NoSuchColumn {
            name: name.to_owned(),
            nearest: nearest_name(name, columns.iter().map(String::as_str)),
            columns,
        }
    }
}

impl Column {
    /// Missing cells.
    pub fn n_missing(&self) -> usize {
        (0..self.cells.len()).filter(|&row| self.cells.is_missing(row)).count()
    }
}

impl Cells {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Text { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether cell `row` is missing.
    ///
    /// # Panics
    /// If there is no cell `row`.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(values) => values[row].is_nan(),
            Self::Text { codes, .. } => codes[row] == MISSING,
        }
    }

    /// The text of cell `row` of a text column; `None` for a missing cell or a number.
    ///
    /// # Panics
    /// If there is no cell `row`.
    pub fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Text { codes, levels } => levels.get(codes[row] as usize).map(String::as_str),
        }
    }

    /// The cells at `rows`; a text column keeps all its levels.
    fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(values) => Self::Number(rows.iter().map(|&row| values[row]).collect()),
            Self::Text { codes, levels } => {
                Self::Text { codes: rows.iter().map(|&row| codes[row]).collect(), levels: levels.clone() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            columns: vec![
                Column { name: "age".into(), cells: Cells::Number(vec![1.0, f64::NAN, 3.0]) },
                Column {
                    name: "sex".into(),
                    cells: Cells::Text { codes: vec![1, 0, MISSING], levels: vec!["f".into(), "m".into()] },
                },
                Column { name: "void".into(), cells: Cells::Number(vec![f64::NAN; 3]) },
            ],
            n_rows: 3,
        }
    }

    #[test]
    fn taking_rows_keeps_order_and_levels() {
        let taken = table().take(&[2, 0, 0]);
        assert_eq!(taken.n_rows, 3);
        assert_eq!(taken.columns[0].cells, Cells::Number(vec![3.0, 1.0, 1.0]));
        assert_eq!(taken.columns[1].cells.text(1), Some("m"));
        assert_eq!(taken.columns[1].cells.text(0), None);
    }

    #[test]
    fn complete_rows_have_no_missing_cell() {
        let table = table().select(&["age", "sex"]).unwrap();
        assert_eq!(table.complete_rows(), [0]);
    }

    #[test]
    fn a_target_that_does_not_exist_suggests_the_nearest_name() {
        let error = table().target("sexx").unwrap_err();
        assert_eq!(error.to_string(), "there is no column `sexx`");
        assert_eq!(error.hint().unwrap(), "did you mean `sex`? there are `age`, `sex`, `void`");
    }

    #[test]
    fn a_target_without_a_value_is_refused() {
        let error = table().target("void").unwrap_err();
        assert_eq!(error.to_string(), "every cell of column `void` is missing");
    }
}
