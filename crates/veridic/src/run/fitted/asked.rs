//! Conditions on columns of a table, as they are typed.

use super::condition::{Condition, refused};
use crate::data::{self, Cells, ColumnSchema, Kind, ReadOptions, Schema};
use crate::error::{ModelError, Result};
use crate::models::chain::{self, Allowed};

/// Conditions as they were typed, each with the column that is meant where its name has a `=` in it.
pub(super) fn of_columns(schema: Option<&Schema>, given: &[Condition]) -> Vec<Condition> {
    let Some(schema) = schema else { return given.to_vec() };
    let meant = |(name, value): &Condition| {
        if schema.column(name).is_some() {
            return None;
        }
        let typed = format!("{name}={value}");
        let names = schema.columns.iter().map(|column| column.name.as_str());
        let of =
            |name: &str| Some((name.to_string(), typed.strip_prefix(name)?.strip_prefix('=')?.to_string()));
        names.filter_map(of).max_by_key(|(name, _)| name.len())
    };
    given.iter().map(|typed| meant(typed).unwrap_or_else(|| typed.clone())).collect()
}

/// The condition that was typed: `VALUE`, `{VALUE,VALUE}`, `FROM..TO` with either end left out, or `missing`. Numbers and
/// moments are written as the column writes them, dates also as `2024-12-31`. What stands in double quotes is a value as it is,
/// a double quote within it written twice; values with commas stand in quotes between braces.
pub(super) fn condition(schema: &Schema, typed: &Condition) -> Result<chain::Condition> {
    let (name, text) = typed;
    let column = schema.column(name).ok_or_else(|| {
        let columns: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        refused(typed, "there is no such column".to_string(), &format!("there are {}", columns.join(", ")))
    })?;
    let text = text.trim();
    let is_level = |text: &str| column.kind.levels().iter().any(|level| level == text);
    let values = |text: &str| {
        // A value of the data may begin or end with a brace.
        if text.starts_with('{') != text.ends_with('}') {
            let (missing, whole) =
                if text.starts_with('{') { ("}", format!("{text}}}")) } else { ("{", format!("{{{text}")) };
            let remedy = format!("write `{name}={whole}`; a value with a brace stands in double quotes");
            return Err(refused(typed, format!("`{missing}` is missing"), &remedy));
        }
        let remedy = "write a value with quotes as `\"say \"\"yes\"\"\"`";
        listed(text).ok_or_else(|| refused(typed, "a double quote is not closed".to_string(), remedy))
    };
    let allowed = if text == "missing" && !is_level(text) {
        Allowed::Missing
    } else if matches!(column.kind, Kind::Categorical { .. } | Kind::Boolean { .. } | Kind::Constant { .. }) {
        let values = if is_level(text) { vec![text.to_string()] } else { values(text)? };
        let values: Vec<String> = values.iter().map(|value| level(column, value)).collect();
        // Parts of a value with commas that was not quoted.
        if let Some(part) = values.iter().find(|value| !is_level(value))
            && values.len() > 1
            && let Some(whole) =
                column.kind.levels().iter().find(|level| level.contains(',') && level.contains(part.as_str()))
        {
            let remedy = format!("write values with commas in double quotes: `{name}={{\"{whole}\", …}}`");
            return Err(refused(typed, format!("there is no value `{}`", data::short(part)), &remedy));
        }
        Allowed::Texts(values)
    } else {
        let number = |text: &str| {
            number(column, text).ok_or_else(|| {
                let kind = column.kind.name();
                let bare = text.trim().trim_start_matches(['+', '-']).to_lowercase();
                if ["inf", "infinity", "∞"].contains(&bare.as_str()) {
                    let remedy = format!("leave the end open: `{name}=FROM..` or `{name}=..TO`");
                    return refused(typed, "no cell is infinite".to_string(), &remedy);
                }
                let of = column
                    .range()
                    .map_or_else(String::new, |[low, high]| format!(" (from `{low}` to `{high}`)"));
                let remedy =
                    format!("give VALUE, FROM..TO, {{VALUE,VALUE}} or `missing`, written as in the data{of}");
                refused(typed, format!("`{text}` is no value of a column of kind {kind}"), &remedy)
            })
        };
        match text.split_once("..") {
            Some((low, high)) if number(text).is_err() && !text.starts_with('{') => {
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
            _ => Allowed::Numbers(values(text)?.iter().map(|text| number(text)).collect::<Result<_>>()?),
        }
    };
    Ok(chain::Condition { column: name.clone(), allowed })
}

/// What is said where no row can meet conditions: of one alone, which values the column has.
pub(super) fn impossible(schema: &Schema, given: &[Condition], error: ModelError) -> crate::Error {
    if let ModelError::Impossible { columns } = &error
        && let [name] = &columns[..]
        && let Some([low, high]) = schema.column(name).and_then(ColumnSchema::range)
        && let Some(typed) = given.iter().find(|(column, _)| column == name)
    {
        let remedy = format!("the data has values from `{low}` to `{high}`");
        return refused(typed, "no row can meet it".to_string(), &remedy);
    }
    error.into()
}

/// The values in braces, or the one value there is; `None` where a quote is not closed.
fn listed(text: &str) -> Option<Vec<String>> {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return Some(vec![unquoted(text)?]);
    };
    let (mut values, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, c) in inner.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                values.push(unquoted(inner[start..at].trim())?);
                start = at + 1;
            }
            _ => {}
        }
    }
    values.push(unquoted(inner[start..].trim())?);
    (!is_quoted).then_some(values)
}

/// A value without the double quotes around it; one that has none is as it is.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else { return Some(text.to_string()) };
    let inner = inner.strip_suffix('"')?.replace("\"\"", "\0");
    (!inner.contains('"')).then(|| inner.replace('\0', "\""))
}

/// The level that a text means: itself, or the one that is the same number.
fn level(column: &ColumnSchema, text: &str) -> String {
    let levels = column.kind.levels();
    let same = |level: &&String| text.parse::<f64>().is_ok_and(|value| level.parse() == Ok(value));
    let found = levels.iter().find(|level| *level == text).or_else(|| levels.iter().find(same));
    found.cloned().unwrap_or_else(|| text.to_string())
}

/// A cell of a column of numbers or moments, read as its file would be, or of dates as ISO 8601 has them.
fn number(column: &ColumnSchema, text: &str) -> Option<f64> {
    cell(column, text).or_else(|| {
        let Kind::DateTime { min, max, .. } = column.kind else { return None };
        let iso = |format: &str| {
            let kind = Kind::DateTime { format: format.to_string(), min, max };
            cell(&ColumnSchema::new("cell", kind, 0), text)
        };
        ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"].into_iter().find_map(iso)
    })
}

fn cell(column: &ColumnSchema, text: &str) -> Option<f64> {
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
        let comma = || Kind::Categorical {
            levels: ["Paris, TX", "Rome", "1..2", "say \"hi\""].map(str::to_string).to_vec(),
        };
        let texts =
            |values: &[&str]| Allowed::Texts(values.iter().map(|value| (*value).to_string()).collect());
        for (text, values) in [
            ("Paris, TX", &["Paris, TX"][..]),
            ("\"Paris, TX\"", &["Paris, TX"]),
            ("{\"Paris, TX\", Rome}", &["Paris, TX", "Rome"]),
            ("1..2", &["1..2"]),
            ("{1..2,Rome}", &["1..2", "Rome"]),
            ("say \"hi\"", &["say \"hi\""]),
            ("{\"say \"\"hi\"\"\"}", &["say \"hi\""]),
            ("\"missing\"", &["missing"]),
        ] {
            assert_eq!(asked(comma(), text).unwrap(), texts(values), "{text}");
        }
        for (text, reason, remedy) in [
            ("{Paris, TX, Rome}", "there is no value `Paris`", "`c={\"Paris, TX\", …}`"),
            ("{\"Paris, TX, Rome}", "a double quote is not closed", "write a value with quotes"),
            ("{\"Paris, TX\", Rome", "`}` is missing", "`c={\"Paris, TX\", Rome}`"),
            ("Paris, Rome}", "`{` is missing", "`c={Paris, Rome}`"),
        ] {
            let error = asked(comma(), text).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.hint().unwrap().contains(remedy), "{error:?}");
        }
        let day = || Kind::DateTime { format: "%d.%m.%Y".to_string(), min: 0.0, max: 1e9 };
        assert_eq!(asked(day(), "02.01.1970..03.01.1970").unwrap(), Allowed::Range(86_400.0, 172_800.0));
        assert_eq!(asked(day(), "1970-01-02").unwrap(), Allowed::Numbers(vec![86_400.0]));
        let error = asked(day(), "1/2/1970").unwrap_err();
        assert!(error.hint().unwrap().contains("from `01.01.1970` to `09.09.2001`"), "{error:?}");
        let error = asked(integer(), "old").unwrap_err();
        assert!(error.to_string().contains("`old` is no value"), "{error}");
    }

    #[test]
    fn columns_with_an_equals_sign_are_found() {
        let integer = Kind::Integer { min: 0.0, max: 9.0 };
        let schema = Schema {
            columns: vec![ColumnSchema::new("a=b", integer.clone(), 0), ColumnSchema::new("c", integer, 0)],
        };
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        let given = [pair("a", "b=3"), pair("c", "4"), pair("d", "x=y")];
        assert_eq!(of_columns(Some(&schema), &given), [pair("a=b", "3"), pair("c", "4"), pair("d", "x=y")]);
    }
}
