//! Data of any kind, as one thing.

use super::{Images, Schema, Table};

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
