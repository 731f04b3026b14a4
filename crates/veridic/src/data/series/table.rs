//! Series as a table, in the form that a table had.

use super::{Series, SeriesConfig, SeriesForm, SeriesSet};
use crate::data::{Cells, Column, ColumnSchema, Kind, Schema, Table};

/// The name of the channel of tables without a column a channel.
const VALUE: &str = "value";

impl SeriesSet {
    /// The series as a table laid out as `layout` says, its columns in the order and of the kinds of `schema` as far as it knows
    /// them; what it does not know stands behind.
    ///
    /// A wide table needs series of the same times, and one of rows a single channel; others are given in long form. Without an
    /// entity column, several series are told apart by a first column `path`. Labels are left out.
    pub fn to_table(&self, layout: &SeriesConfig, schema: &Schema) -> (Table, Schema) {
        let columns = match layout.form {
            SeriesForm::Wide if self.has_same_times() => self.wide(schema),
            SeriesForm::Rows if self.channels.len() == 1 => self.rows(layout, schema),
            _ => self.long(layout, schema),
        };
        let n_rows = columns.first().map_or(0, |(column, _)| column.cells.len());
        let (columns, kinds) = columns.into_iter().unzip();
        (Table { columns, n_rows }, Schema { columns: kinds })
    }

    fn has_same_times(&self) -> bool {
        self.series.windows(2).all(|pair| pair[0].times == pair[1].times)
    }

    fn long(&self, layout: &SeriesConfig, schema: &Schema) -> Vec<(Column, ColumnSchema)> {
        let mut columns = Vec::new();
        if layout.entity.is_some() || self.series.len() > 1 {
            let name = layout.entity.as_deref().unwrap_or("path");
            let names = self.series.iter().flat_map(|s| std::iter::repeat_n(s.entity.as_str(), s.len()));
            columns.push(text(name, names));
        }
        if let Some(time) = &self.time {
            let times = self.series.iter().flat_map(|series| series.times.iter().copied()).collect();
            columns.push((number(&time.name, times), time.clone()));
        }
        for (i, channel) in self.channels.iter().enumerate() {
            let values = self.series.iter().flat_map(|series| series.values[i].iter().copied()).collect();
            columns.push(of_kind(channel, values, like(schema, channel)));
        }
        if layout.entity.is_some() {
            // As in the file; what it does not have stays behind.
            let place = |name: &str| schema.columns.iter().position(|column| column.name == name);
            columns.sort_by_key(|(column, _)| place(&column.name).unwrap_or(usize::MAX));
        }
        columns
    }

    fn wide(&self, schema: &Schema) -> Vec<(Column, ColumnSchema)> {
        let mut columns = Vec::new();
        if let (Some(time), Some(first)) = (&self.time, self.series.first()) {
            columns.push((number(&time.name, first.times.clone()), time.clone()));
        }
        for series in &self.series {
            for (channel, values) in self.channels.iter().zip(&series.values) {
                let further = channel.strip_prefix(VALUE).unwrap_or(channel);
                let name = format!("{}{further}", series.entity);
                columns.push(of_kind(&name, values.clone(), schema.column(&series.entity)));
            }
        }
        columns
    }

    fn rows(&self, layout: &SeriesConfig, schema: &Schema) -> Vec<(Column, ColumnSchema)> {
        let longest = self.series.iter().map(Series::len).max().unwrap_or(0);
        let is_step = |column: &&ColumnSchema| {
            let name = Some(&column.name);
            name != layout.entity.as_ref() && name != layout.label.as_ref() && name != layout.time.as_ref()
        };
        let steps: Vec<&ColumnSchema> = schema.columns.iter().filter(is_step).collect();
        let name = layout.entity.as_deref().unwrap_or("path");
        let mut columns = vec![text(name, self.series.iter().map(|series| series.entity.as_str()))];
        for i in 0..longest {
            let named = steps.get(i).map_or_else(|| format!("step_{}", i + 1), |column| column.name.clone());
            let at = |series: &Series| series.values[0].get(i).copied().unwrap_or(f64::NAN);
            let values = self.series.iter().map(at).collect();
            columns.push(of_kind(&named, values, steps.get(i).copied()));
        }
        columns
    }
}

/// What a channel is written like: itself, or the channel whose bound it is.
fn like<'a>(schema: &'a Schema, channel: &str) -> Option<&'a ColumnSchema> {
    let bounded = || ["_low", "_high"].iter().find_map(|end| channel.strip_suffix(end));
    schema.column(channel).or_else(|| schema.column(bounded()?))
}

fn number(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.to_owned(), cells: Cells::Number(values) }
}

/// Numbers written as a column of the data writes them.
fn of_kind(name: &str, mut values: Vec<f64>, like: Option<&ColumnSchema>) -> (Column, ColumnSchema) {
    const SHORTEST: u8 = 17;
    if like.is_some_and(|column| matches!(column.kind, Kind::Integer { .. })) {
        values.iter_mut().for_each(|value| *value = value.round());
    }
    let known = |v: &&f64| !v.is_nan();
    let min = values.iter().filter(known).copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().filter(known).copied().fold(f64::NEG_INFINITY, f64::max);
    let (min, max) = if min <= max { (min, max) } else { (0.0, 0.0) };
    let missing = values.iter().filter(|v| v.is_nan()).count();
    let kind = match like.map(|column| &column.kind) {
        Some(Kind::Integer { .. }) => Kind::Integer { min, max },
        Some(Kind::Real { decimals, .. }) => Kind::Real { decimals: *decimals, min, max },
        _ => Kind::Real { decimals: SHORTEST, min, max },
    };
    let mut about = ColumnSchema::new(name, kind, missing);
    about.spelling = like.and_then(|column| column.spelling.clone());
    (number(name, values), about)
}

fn text<'a>(name: &str, cells: impl Iterator<Item = &'a str>) -> (Column, ColumnSchema) {
    let cells: Vec<&str> = cells.collect();
    let mut levels: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
    levels.sort();
    levels.dedup();
    let code = |cell: &&str| levels.binary_search_by(|level| level.as_str().cmp(cell)).unwrap_or(0) as u32;
    let codes = cells.iter().map(code).collect();
    let about = ColumnSchema::new(name, Kind::Categorical { levels: levels.clone() }, 0);
    (Column { name: name.to_owned(), cells: Cells::Text { codes, levels } }, about)
}
