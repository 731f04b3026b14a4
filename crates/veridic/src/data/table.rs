//! A table in memory, column by column.

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
