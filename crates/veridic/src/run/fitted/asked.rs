//! Conditions on columns of a table, as they are typed.

use super::condition::{Condition, refused};
use crate::data::{self, Cells, ColumnSchema, Kind, ReadOptions, Schema};
use crate::error::Result;
use crate::models::chain::{self, Allowed};

/// The condition that was typed: `VALUE`, `{VALUE,VALUE}`, `FROM..TO` with either end left out, or `missing`. Numbers and
/// moments are written as the column writes them.
pub(super) fn condition(schema: &Schema, typed: &Condition) -> Result<chain::Condition> {
    let (name, text) = typed;
    let column = schema.column(name).ok_or_else(|| {
        let columns: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        refused(typed, "there is no such column".to_string(), &format!("there are {}", columns.join(", ")))
    })?;
    let text = text.trim();
    let is_level = |text: &str| column.kind.levels().iter().any(|level| level == text);
    let allowed = if text == "missing" && !is_level(text) {
        Allowed::Missing
    } else if matches!(column.kind, Kind::Categorical { .. } | Kind::Boolean { .. } | Kind::Constant { .. }) {
        let values = if is_level(text) { vec![text] } else { listed(text) };
        Allowed::Texts(values.into_iter().map(|value| level(column, value)).collect())
    } else {
        let number = |text: &str| {
            number(column, text).ok_or_else(|| {
                let kind = column.kind.name();
                let bare = text.trim().trim_start_matches(['+', '-']).to_lowercase();
                if ["inf", "infinity", "∞"].contains(&bare.as_str()) {
                    let remedy = format!("leave the end open: `{name}=FROM..` or `{name}=..TO`");
                    return refused(typed, "no cell is infinite".to_string(), &remedy);
                }
                let remedy = "give VALUE, FROM..TO, {VALUE,VALUE} or `missing`, written as in the data";
                refused(typed, format!("`{text}` is no value of a column of kind {kind}"), remedy)
            })
        };
        match text.split_once("..") {
            Some((low, high)) if number(text).is_err() => {
                let end =
                    |text: &str, open: f64| if text.trim().is_empty() { Ok(open) } else { number(text) };
                let (from, to) = (end(low, f64::MIN)?, end(high, f64::MAX)?);
                if from > to {
                    let (low, high) = (low.trim(), high.trim());
                    let remedy = format!("write `{name}={high}..{low}`");
                    return Err(refused(typed, format!("`{low}` is above `{high}`"), &remedy));
                }
                Allowed::Range(from, to)
            }
            _ => Allowed::Numbers(listed(text).into_iter().map(number).collect::<Result<_>>()?),
        }
    };
    Ok(chain::Condition { column: name.clone(), allowed })
}

/// The values in braces, or the one value there is.
fn listed(text: &str) -> Vec<&str> {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(inner) => inner.split(',').map(str::trim).collect(),
        None => vec![text],
    }
}

/// The level that a text means: itself, or the one that is the same number.
fn level(column: &ColumnSchema, text: &str) -> String {
    let levels = column.kind.levels();
    let same = |level: &&String| text.parse::<f64>().is_ok_and(|value| level.parse() == Ok(value));
    let found = levels.iter().find(|level| *level == text).or_else(|| levels.iter().find(same));
    found.cloned().unwrap_or_else(|| text.to_string())
}

/// A cell of a column of numbers or moments, read as its file would be.
fn number(column: &ColumnSchema, text: &str) -> Option<f64> {
    let cell = text.trim().replace('"', "\"\"");
    let bytes = format!("cell\n\"{cell}\"\n").into_bytes();
    let column = ColumnSchema { name: "cell".to_string(), ..column.clone() };
    let schema = Schema { columns: vec![column] };
    let options = ReadOptions { header: Some(true), delimiter: Some(','), ..ReadOptions::default() };
    let (table, _) = data::read_bytes_as("cell", bytes, &schema, &options).ok()?;
    match &table.columns.first()?.cells {
        Cells::Number(values) => values.first().copied().filter(|value| value.is_finite()),
        Cells::Text { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: Kind, text: &str) -> Result<Allowed> {
        let schema = Schema { columns: vec![ColumnSchema::new("c", kind, 0)] };
        condition(&schema, &("c".to_string(), text.to_string())).map(|condition| condition.allowed)
    }

    #[test]
    fn conditions_are_values_ranges_sets_and_missing() {
        let integer = || Kind::Integer { min: 0.0, max: 99.0 };
        assert_eq!(asked(integer(), "7").unwrap(), Allowed::Numbers(vec![7.0]));
        assert_eq!(asked(integer(), "{7, 9}").unwrap(), Allowed::Numbers(vec![7.0, 9.0]));
        assert_eq!(asked(integer(), "3..5").unwrap(), Allowed::Range(3.0, 5.0));
        assert_eq!(asked(integer(), "..5").unwrap(), Allowed::Range(f64::MIN, 5.0));
        assert_eq!(asked(integer(), "missing").unwrap(), Allowed::Missing);
        let date = Kind::DateTime { format: "%Y-%m-%d".to_string(), min: 0.0, max: 1e9 };
        assert_eq!(asked(date, "1970-01-02..").unwrap(), Allowed::Range(86_400.0, f64::MAX));
        let city = || Kind::Categorical { levels: ["Bonn", "missing", "1.0"].map(str::to_string).to_vec() };
        assert_eq!(asked(city(), "missing").unwrap(), Allowed::Texts(vec!["missing".to_string()]));
        assert_eq!(asked(city(), "{Bonn,1}").unwrap(), Allowed::Texts(vec!["Bonn".into(), "1.0".into()]));
        for (text, reason, remedy) in [
            ("40..30", "`40` is above `30`", "`c=30..40`"),
            ("30..inf", "no cell is infinite", "`c=FROM..`"),
            ("-Infinity", "no cell is infinite", "`c=FROM..`"),
        ] {
            let error = asked(integer(), text).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.hint().unwrap().contains(remedy), "{error}");
        }
        assert_eq!(asked(integer(), "5..5").unwrap(), Allowed::Range(5.0, 5.0));
        let error = asked(integer(), "old").unwrap_err();
        assert!(error.to_string().contains("`old` is no value"), "{error}");
    }
}
