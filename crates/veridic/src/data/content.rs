//! Data of any kind, as one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cells, Column, Images, MISSING, Schema, Table};
use crate::error::ContentError;

/// What kind of data there is: the one place that lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// Named columns.
    Table,
    /// Images of one size.
    Images,
}

impl DataKind {
    /// The kind in a word: `table`, `images`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Images => "images",
        }
    }
}

/// Data in memory: what a model learns from, is asked about, and makes.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A table, with what its columns are.
    Table(Table, Schema),
    /// Images.
    Images(Images),
}

impl Data {
    /// The kind.
    pub fn kind(&self) -> DataKind {
        match self {
            Self::Table(..) => DataKind::Table,
            Self::Images(_) => DataKind::Images,
        }
    }

    /// Rows or images.
    pub fn len(&self) -> usize {
        match self {
            Self::Table(table, _) => table.n_rows,
            Self::Images(images) => images.n,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The table and its schema, if it is one.
    pub fn table(&self) -> Option<(&Table, &Schema)> {
        match self {
            Self::Table(table, schema) => Some((table, schema)),
            Self::Images(_) => None,
        }
    }

    /// The images, if there are some.
    pub fn images(&self) -> Option<&Images> {
        match self {
            Self::Table(..) => None,
            Self::Images(images) => Some(images),
        }
    }
}

impl From<Table> for Data {
    /// A table whose columns are what their cells look like ([`Schema::of`]).
    fn from(table: Table) -> Self {
        let schema = Schema::of(&table);
        Self::Table(table, schema)
    }
}

impl From<Images> for Data {
    fn from(images: Images) -> Self {
        Self::Images(images)
    }
}

impl Table {
    /// A table of named columns of equal length.
    ///
    /// # Errors
    /// As [`Table::check`].
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = (N, Cells)>) -> Result<Self, ContentError> {
        let column = |(name, cells): (N, Cells)| Column { name: name.into(), cells };
        let columns: Vec<Column> = columns.into_iter().map(column).collect();
        let table = Self { n_rows: columns.first().map_or(0, |column| column.cells.len()), columns };
        table.check()?;
        Ok(table)
    }

    /// Whether the table is one, as tables read from files are: columns of its length, names that differ, finite numbers
    /// (NaN is missing), codes that stand for levels.
    ///
    /// # Errors
    /// [`ContentError`] with the first thing that is wrong.
    pub fn check(&self) -> Result<(), ContentError> {
        let nothing = |what| Err(ContentError::Nothing { what });
        if self.columns.is_empty() {
            return nothing("columns");
        }
        if self.n_rows == 0 {
            return nothing("rows");
        }
        let mut places = BTreeMap::new();
        for (i, column) in self.columns.iter().enumerate() {
            if let Some(first) = places.insert(column.name.as_str(), i) {
                let (name, first, second) = (column.name.clone(), first + 1, i + 1);
                return Err(ContentError::DuplicateName { name, first, second });
            }
            let (found, expected) = (column.cells.len(), self.n_rows);
            if found != expected {
                return Err(ContentError::Length { column: column.name.clone(), found, expected });
            }
            column.check()?;
        }
        Ok(())
    }
}

impl Column {
    fn check(&self) -> Result<(), ContentError> {
        let column = || self.name.clone();
        match &self.cells {
            Cells::Number(values) => match values.iter().position(|value| value.is_infinite()) {
                Some(row) => {
                    Err(ContentError::Infinite { column: column(), row: row + 1, value: values[row] })
                }
                None => Ok(()),
            },
            Cells::Text { codes, levels } => {
                let mut known = BTreeSet::new();
                if let Some(level) = levels.iter().find(|level| !known.insert(level.as_str())) {
                    return Err(ContentError::DuplicateLevel { column: column(), level: level.clone() });
                }
                let is_unknown = |code: &u32| *code != MISSING && *code as usize >= levels.len();
                match codes.iter().position(is_unknown) {
                    Some(row) => {
                        let (code, levels) = (codes[row], levels.len());
                        Err(ContentError::Code { column: column(), row: row + 1, code, levels })
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

impl Cells {
    /// Numbers; NaN is a missing one.
    pub fn numbers(values: impl IntoIterator<Item = impl Into<f64>>) -> Self {
        Self::Number(values.into_iter().map(Into::into).collect())
    }

    /// Texts, with the levels in order; none is a missing one.
    pub fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let values: Vec<Option<&str>> = values.into_iter().collect();
        let levels: BTreeSet<&str> = values.iter().flatten().copied().collect();
        let codes: BTreeMap<&str, u32> = levels.iter().copied().zip(0..).collect();
        let code = |value: &Option<&str>| value.and_then(|value| codes.get(value)).copied();
        Self::Text {
            codes: values.iter().map(|value| code(value).unwrap_or(MISSING)).collect(),
            levels: levels.into_iter().map(str::to_string).collect(),
        }
    }
}

impl Images {
    /// Whether there are as many pixels and labels as the images have.
    ///
    /// # Errors
    /// [`ContentError`] with what is wrong.
    pub fn check(&self) -> Result<(), ContentError> {
        let &Self { n, height, width, channels, .. } = self;
        if n == 0 {
            return Err(ContentError::Nothing { what: "images" });
        }
        let labels = self.labels.as_ref().map_or(n, Vec::len);
        let counts = [("pixels", self.pixels.len(), n * height * width * channels), ("labels", labels, n)];
        match counts.into_iter().find(|(_, found, expected)| found != expected) {
            Some((what, found, expected)) => {
                Err(ContentError::Count { n, height, width, channels, what, found, expected })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_is_refused_with_what_is_wrong() {
        let number = |values: &[f64]| Cells::numbers(values.iter().copied());
        let refused = |columns: Vec<(&str, Cells)>| Table::new(columns).unwrap_err().to_string();
        assert_eq!(refused(vec![]), "there are no columns");
        assert_eq!(refused(vec![("a", number(&[]))]), "there are no rows");
        let unequal = vec![("a", number(&[1.0, 2.0])), ("b", number(&[1.0]))];
        assert_eq!(refused(unequal), "column `b` has 1 cells, the table 2 rows");
        let twice = vec![("a", number(&[1.0])), ("b", number(&[1.0])), ("a", number(&[1.0]))];
        assert_eq!(refused(twice), "columns 1 and 3 are both named `a`");
        let infinite = vec![("a", number(&[1.0, f64::NEG_INFINITY]))];
        assert_eq!(refused(infinite), "`a` in row 2 is -inf, which is not finite");
        let text = |codes: &[u32], levels: &[&str]| Cells::Text {
            codes: codes.to_vec(),
            levels: levels.iter().map(ToString::to_string).collect(),
        };
        let unknown = vec![("a", text(&[0, MISSING, 2], &["x", "y"]))];
        assert_eq!(refused(unknown), "`a` in row 3 has the code 2, and there are 2 levels");
        assert_eq!(refused(vec![("a", text(&[0], &["x", "x"]))]), "`a` has the level `x` twice");
        let images = Images { n: 2, height: 2, width: 3, channels: 1, pixels: vec![0; 11], labels: None };
        let error = images.check().unwrap_err().to_string();
        assert_eq!(error, "2 images of 2 x 3 x 1 have 11 pixels, 12 are expected");
    }

    #[test]
    fn columns_are_built_of_values() {
        let table =
            Table::new([("n", Cells::numbers([1, 2, 3])), ("t", Cells::texts([Some("b"), None, Some("a")]))])
                .unwrap();
        assert_eq!(table.n_rows, 3);
        assert_eq!(table.columns[1].cells.text(0), Some("b"));
        assert_eq!(table.columns[1].n_missing(), 1);
        assert_eq!(Data::from(table).kind(), DataKind::Table);
    }
}
