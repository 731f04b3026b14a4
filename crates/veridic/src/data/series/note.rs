//! What should be known of how rows were taken for series.

use super::form::{channels, counting, numbers, time_column};
use super::{SeriesConfig, SeriesForm, SeriesSet};
use crate::data::{Cells, Kind, Schema, Table};

/// Columns that are named.
const SHOWN: usize = 8;

/// In words, which columns are no channels (of a wide table series, of one of rows steps) and why, where the configuration does not name those that are; nothing where
/// all are.
pub(crate) fn no_channels(
    table: &Table,
    schema: &Schema,
    config: &SeriesConfig,
    set: &SeriesSet,
) -> Option<String> {
    if !config.values.is_empty() {
        return None;
    }
    let time = time_column(table, schema, config);
    let read: Vec<String> = match config.form {
        SeriesForm::Long => set.channels.clone(),
        _ => {
            channels(table, schema, config, time.as_deref()).ok()?.into_iter().map(|(name, _)| name).collect()
        }
    };
    let is_read = |name: &String| {
        read.contains(name)
            || [&time, &config.entity, &config.label].into_iter().flatten().any(|other| other == name)
    };
    let (mut said, mut n_further, mut number) = (Vec::new(), 0, None);
    for column in schema.columns.iter().filter(|column| !is_read(&column.name)) {
        let is_number = table.column(&column.name).is_some_and(|of| numbers(&of.cells).is_some());
        let why = match &column.kind {
            Kind::Boolean { .. } if is_number => "two different numbers".to_owned(),
            Kind::Categorical { levels } if is_number => format!("{} different numbers", levels.len()),
            Kind::Constant { value: None } => "empty".to_owned(),
            Kind::Constant { .. } => "always the same".to_owned(),
            Kind::Identifier => "names rows".to_owned(),
            Kind::DateTime { .. } => "times".to_owned(),
            Kind::Boolean { .. } | Kind::Categorical { .. } => "text".to_owned(),
            Kind::Integer { .. } | Kind::Real { .. } => continue,
        };
        let is_level = matches!(column.kind, Kind::Boolean { .. } | Kind::Categorical { .. });
        if number.is_none() && is_number && is_level {
            number = Some(column.name.as_str());
        }
        if said.len() < SHOWN {
            said.push(format!("`{}` ({why})", column.name));
        } else {
            n_further += 1;
        }
    }
    if said.is_empty() {
        return None;
    }
    let are = if said.len() + n_further == 1 { "is no channel" } else { "are no channels" };
    let further = if n_further > 0 { format!(" and {n_further} more") } else { String::new() };
    // Channels are named all together.
    let remedy = number.map_or_else(String::new, |number| {
        let all = match config.form {
            SeriesForm::Wide => set.entities(),
            _ => set.channels.iter().map(String::as_str).collect(),
        };
        let dots = if all.len() + 1 > SHOWN { ", …" } else { "" };
        let named: Vec<String> =
            all.into_iter().chain([number]).take(SHOWN).map(|n| format!("\"{n}\"")).collect();
        format!("; numbers can be named: `data.series.values = [{}{dots}]`", named.join(", "))
    });
    Some(format!("{}{further} {are}{remedy}", said.join(", ")))
}

/// In words, that a column that counts rows is taken for their time, or why points are numbered in the order of the rows where a column
/// may be meant as their time; nothing where a time is known, or nothing looks like one.
pub(crate) fn untimed(table: &Table, schema: &Schema, config: &SeriesConfig) -> Option<String> {
    const NAMES: [&str; 8] = ["time", "timestamp", "date", "datetime", "day", "month", "ts", "ds"];
    let time = time_column(table, schema, config);
    if let (Some(time), None) = (&time, &config.time)
        && counting(table, schema, config).as_ref() == Some(time)
        && !schema.column(time).is_some_and(|column| matches!(column.kind, Kind::DateTime { .. }))
    {
        return Some(format!(
            "`{time}` counts the rows by the same step throughout, so it is taken for their time and is no channel"
        ));
    }
    if config.form == SeriesForm::Rows || time.is_some() {
        return None;
    }
    let is_free = |name: &str| {
        config.entity.as_deref() != Some(name)
            && config.label.as_deref() != Some(name)
            && !config.values.iter().any(|value| value == name)
    };
    let columns = || schema.columns.iter().filter(|column| is_free(&column.name));
    let dates: Vec<&str> =
        columns().filter(|c| matches!(c.kind, Kind::DateTime { .. })).map(|c| c.name.as_str()).collect();
    if let [first, second, ..] = dates.as_slice() {
        return Some(format!(
            "points are numbered in the order of the rows: `{first}` and `{second}` both hold times, say which counts: \
             `data.series.time = \"{first}\"`"
        ));
    }
    let is_text = |name: &str| table.column(name).is_some_and(|c| matches!(c.cells, Cells::Text { .. }));
    let is_named = |name: &str| NAMES.contains(&name.to_lowercase().as_str());
    let rises = |name: &str| match table.column(name).map(|column| &column.cells) {
        Some(Cells::Number(values)) => values.len() > 2 && values.windows(2).all(|pair| pair[0] < pair[1]),
        _ => false,
    };
    let column = columns()
        .find(|column| is_named(&column.name) && is_text(&column.name))
        .or_else(|| columns().find(|column| column.kind == Kind::Identifier))
        .or_else(|| columns().find(|column| rises(&column.name)))?;
    let name = &column.name;
    if !is_text(name) {
        return Some(format!(
            "points are numbered in the order of the rows; if `{name}` is their time: `data.series.time = \"{name}\"`"
        ));
    }
    let cells = &table.column(name)?.cells;
    let row = (0..table.n_rows).find(|&row| !cells.is_missing(row))?;
    Some(format!(
        "points are numbered in the order of the rows: `{name}` holds no times (row {}: `{}`); `data.series.time = \"NAME\"` names \
         another column",
        row + 1,
        cells.text(row)?
    ))
}
