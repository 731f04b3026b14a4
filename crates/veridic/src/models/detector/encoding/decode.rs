//! From points and states back to cells.

use super::column::{FittedColumn, Form, States, Value};
use super::{Encoding, Layout};
use crate::data::{Cells, Column, ColumnSchema, Kind, MISSING, Matrix, Schema, Table, has_time};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

impl Layout {
    /// The states of points: the number of a coordinate, missing where its flag is nearer to that, and of a category the
    /// nearest corner.
    pub(in crate::models) fn states(&self, points: &Matrix, columns: &[FittedColumn]) -> Vec<States> {
        let rows = || (0..points.n_rows).map(|i| points.row(i));
        let of = |(column, fitted): (usize, &FittedColumn)| {
            let (start, own) = self.places[column];
            match &fitted.form {
                Form::Number { .. } => {
                    let is_missing = |row: &[f32]| {
                        let flag = self.flags[column];
                        flag.is_some_and(|[there, gone]| row[start + 1] > f32::midpoint(there, gone))
                    };
                    let number = |row: &[f32]| if is_missing(row) { f64::NAN } else { f64::from(row[start]) };
                    States::Numbers(rows().map(number).collect())
                }
                Form::Category { .. } => {
                    let corners = &self.vertices[column];
                    // The last is that of a level never seen.
                    let states = (corners.len() / own.max(1)).saturating_sub(1);
                    let square = |x: &[f32], state: usize| -> f32 {
                        let corner = &corners[state * own..][..own];
                        x.iter().zip(corner).map(|(x, v)| (x - v) * (x - v)).sum()
                    };
                    let nearest = |row: &[f32]| {
                        let x = &row[start..start + own];
                        let best = (0..states).min_by(|a, b| square(x, *a).total_cmp(&square(x, *b)));
                        best.unwrap_or(0) as u32
                    };
                    States::Levels(rows().map(nearest).collect())
                }
                Form::Same { .. } => States::Same,
            }
        };
        columns.iter().enumerate().map(of).collect()
    }
}

impl Encoding {
    /// Rows in these states, one list a column, as cells of the columns of `schema`: numbers within the range that training rows
    /// had, with as many digits, and among the values there are where these are few.
    pub(in crate::models) fn cells(&self, states: &[States], n_rows: usize, schema: &Schema) -> Table {
        let column = |(fitted, states): (&FittedColumn, &States)| Column {
            name: fitted.name.clone(),
            cells: cells(fitted, states, n_rows, schema.column(&fitted.name)),
        };
        Table { columns: self.columns.iter().zip(states).map(column).collect(), n_rows }
    }
}

fn cells(fitted: &FittedColumn, states: &States, n_rows: usize, schema: Option<&ColumnSchema>) -> Cells {
    match (&fitted.form, states) {
        (Form::Number { mean, scale, only }, States::Numbers(z)) => {
            let value = |z: &f64| match only {
                Some(only) if !z.is_nan() => *only,
                _ => written(mean + z * scale, schema),
            };
            Cells::Number(z.iter().map(value).collect())
        }
        (Form::Category { levels, .. }, States::Levels(codes)) => {
            let all: &[String] = schema.map_or(levels, |column| column.kind.levels());
            let place =
                |level: &String| all.iter().position(|known| known == level).map_or(MISSING, |i| i as u32);
            let places: Vec<u32> = levels.iter().map(place).collect();
            let code = |code: &u32| places.get(*code as usize).copied().unwrap_or(MISSING);
            Cells::Text { codes: codes.iter().map(code).collect(), levels: all.to_vec() }
        }
        (Form::Same { value: Some(Value::Number(value)) }, _) => Cells::Number(vec![*value; n_rows]),
        (Form::Same { value: Some(Value::Text(text)) }, _) => {
            Cells::Text { codes: vec![0; n_rows], levels: vec![text.clone()] }
        }
        _ => Cells::Number(vec![f64::NAN; n_rows]),
    }
}

/// A number as its column has them.
fn written(value: f64, schema: Option<&ColumnSchema>) -> f64 {
    let Some(schema) = schema.filter(|_| !value.is_nan()) else { return value };
    if let Some(values) = schema.values.as_ref().filter(|values| !values.is_empty()) {
        let distance = |known: &f64| (known - value).abs();
        return values.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(value);
    }
    match &schema.kind {
        Kind::Integer { min, max } => value.round().clamp(*min, *max),
        Kind::Real { min, max, decimals } => {
            let unit = 10_f64.powi(i32::from(*decimals));
            let rounded = (value * unit).round() / unit;
            (if rounded.is_finite() { rounded } else { value }).clamp(*min, *max)
        }
        Kind::DateTime { min, max, format } => {
            let step = if has_time(format) { 1.0 } else { DAY };
            ((value / step).round() * step).clamp(*min, *max)
        }
        _ => value,
    }
}
