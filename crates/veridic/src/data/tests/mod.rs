//! Tests of several parts of the module at once.

mod bad_input;
mod columns;
mod facts;
mod layouts;
mod meanings;
mod odd_cells;
mod pictures;
mod round_trip;
mod schemas;
mod spellings;
mod totals;
mod workbooks;

use super::*;
use crate::error::DataError;

fn load(text: &str) -> Result<(Table, Schema), DataError> {
    pair(read_bytes("table.csv", text.as_bytes().to_vec(), &ReadOptions::default()))
}

/// The table and the schema of what was read.
fn pair(reading: Result<Reading, DataError>) -> Result<(Table, Schema), DataError> {
    reading.map(|Reading { table, schema, .. }| (table, schema))
}

fn load_as(text: &str, schema: &Schema) -> Result<(Table, Vec<Difference>), DataError> {
    read_bytes_as("table.csv", text.as_bytes().to_vec(), schema, &ReadOptions::default())
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match &table.column(name).unwrap().cells {
        Cells::Number(values) => values.clone(),
        Cells::Text { .. } => panic!("{name} is text"),
    }
}

fn texts<'a>(table: &'a Table, name: &str) -> Vec<Option<&'a str>> {
    let cells = &table.column(name).unwrap().cells;
    (0..table.n_rows).map(|row| cells.text(row)).collect()
}
