//! A configuration read from TOML and changed at paths.

use serde::Serialize;

use super::images;
use crate::data::nearest_name;
use crate::error::{ConfigError, Result};
use crate::models::ModelConfig;

const ONE_CHOICE: &str = "only one of these can be chosen";
const NEEDS_VALUE: &str = "this choice has a value of its own";
const A_SECTION: &str = "a section of keys";
const A_CHARACTER: &str = "expected a character";

/// Settings with values at paths replaced; what is out of range is left to their own check.
pub(crate) fn with_sets<T: Serialize + serde::de::DeserializeOwned>(
    config: &T,
    sets: &[(String, String)],
) -> Result<T> {
    let text = toml::to_string_pretty(config).expect("a configuration is plain data");
    let mut tree: toml::Table = toml::from_str(&text).map_err(|error| toml_error(&error, &text, "config"))?;
    for (path, value) in sets {
        let path = &images::moved(path);
        let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.clone()));
        let parsed = if path == "model" { named_model(parsed) } else { parsed };
        let remedy = remedy(&tree, path);
        // Whose keys the remedy lists.
        let is_section = remedy.as_ref().is_some_and(|keys| keys.contains(&format!("`{path}.")));
        let refused = |reason: String, nearest: Option<String>| {
            let near = nearest.map(|nearest| format!("did you mean `{nearest}`?"));
            let form = || form(path, value, &reason).filter(|_| !(is_section && reason.ends_with(A_SECTION)));
            let (path, value, remedy) = (path.clone(), value.clone(), near.or_else(form).or(remedy.clone()));
            ConfigError::Set { path, value, reason, remedy }
        };
        place(&mut tree, path, parsed.clone()).map_err(|reason| refused(reason, None))?;
        if let Err(error) = understood::<T>(&tree) {
            // One text where several can be named is one of them: `data.drop=age`.
            if parsed.is_str() {
                place(&mut tree, path, toml::Value::Array(vec![parsed]))
                    .map_err(|reason| refused(reason, None))?;
                if understood::<T>(&tree).is_ok() {
                    continue;
                }
            }
            let reason = plainly(error.message().lines().next().unwrap_or("it is not understood"));
            return Err(refused(reason, nearest_key(error.message())).into());
        }
    }
    let text = toml::to_string(&tree).expect("a tree of TOML values is TOML");
    Ok(toml::from_str(&text).map_err(|error| toml_error(&error, &text, "settings"))?)
}

fn understood<T: serde::de::DeserializeOwned>(tree: &toml::Table) -> std::result::Result<T, toml::de::Error> {
    toml::from_str(&toml::to_string(tree).expect("a tree of TOML values is TOML"))
}

/// A model that is named alone, with its defaults.
fn named_model(value: toml::Value) -> toml::Value {
    match value {
        toml::Value::String(name) if ModelConfig::all().iter().any(|model| model.name() == name) => {
            toml::Value::Table([(name, toml::Value::Table(toml::Table::new()))].into_iter().collect())
        }
        other => other,
    }
}

/// What can be set at a path where something cannot: the keys of a section, or the like of what is there.
fn remedy(tree: &toml::Table, path: &str) -> Option<String> {
    let mut table = tree;
    let mut section: Vec<&str> = Vec::new();
    for part in path.split('.') {
        match table.get(part) {
            Some(toml::Value::Table(inner)) => {
                table = inner;
                section.push(part);
            }
            Some(value) => return Some(format!("it is `{value}` now; leave it out to keep that")),
            None => break,
        }
    }
    let keys: Vec<String> =
        table.keys().map(|key| [&section[..], &[key.as_str()]].concat().join(".")).collect();
    let shown = keys.iter().take(20).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    (!keys.is_empty()).then(|| format!("there are {shown}{}", if keys.len() > 20 { ", …" } else { "" }))
}

/// How to write what was written in another form.
fn form(path: &str, value: &str, reason: &str) -> Option<String> {
    if reason == ONE_CHOICE {
        let (parent, last) = path.rsplit_once('.')?;
        return Some(format!("replace what is chosen with `{parent}={{ {last} = {value} }}`"));
    }
    if reason == NEEDS_VALUE {
        return Some(format!("write `{path}={{ {value} = … }}`"));
    }
    if reason.ends_with(A_CHARACTER) {
        return Some(format!("write one character, such as `{path} = \",\"`"));
    }
    reason.ends_with(A_SECTION).then(|| format!("write `{path}={{ key = value, … }}`"))
}

/// Puts `value` at a dotted path; new keys are left for the check of unknown keys to judge.
fn place(tree: &mut toml::Table, path: &str, value: toml::Value) -> Result<(), String> {
    let (parents, last) = path.rsplit_once('.').map_or((vec![], path), |(p, l)| (p.split('.').collect(), l));
    if last.is_empty() {
        return Err("the path is empty".to_string());
    }
    let mut table = tree;
    for parent in parents {
        // `model.…` and `train.optimizer.…` hold one variant: naming another replaces it.
        let single = table.len() == 1
            && (matches!(parent, "adam" | "sgd" | "rmsprop" | "adadelta")
                || ModelConfig::all().iter().any(|model| model.name() == parent));
        if single && !table.contains_key(parent) {
            table.clear();
        }
        if parent == "images" && table.get(parent).is_some_and(toml::Value::is_str) {
            images::section(table);
        }
        let entry = table.entry(parent).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        table = entry.as_table_mut().ok_or_else(|| format!("`{parent}` is a single value"))?;
    }
    table.insert(last.to_string(), value);
    Ok(())
}

pub(super) fn toml_error(error: &toml::de::Error, text: &str, origin: &str) -> ConfigError {
    // The parser's own rendering is a picture of several lines.
    let line =
        error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let message = plainly(error.message().trim_end());
    ConfigError::Toml {
        message: line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}")),
        nearest: nearest_key(error.message()),
        origin: origin.to_string(),
    }
}

/// The parser's message in words that are not those of a programming language.
fn plainly(message: &str) -> String {
    if message.starts_with("wanted exactly 1 element, more than 1") {
        return ONE_CHOICE.to_string();
    }
    if message.contains("unit variant, expected newtype variant") {
        return NEEDS_VALUE.to_string();
    }
    let number = message.replace("expected usize", "expected a whole number, 0 and above");
    let number = number.replace("expected u64", "expected a whole number, 0 and above");
    let number =
        number.replace("expected f32", "expected a number").replace("expected f64", "expected a number");
    let plain = number
        .replace("expected a sequence", "expected a list")
        .replace("expected a boolean", "expected true or false")
        .replace("invalid type: map", "invalid type: table")
        .replace("expected a map", "expected a section");
    for kind in ["expected struct ", "expected tuple struct ", "expected enum "] {
        if let Some((before, name)) = plain.split_once(kind) {
            let rest = name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            let what = if kind.contains("enum") { "the name of a choice" } else { A_SECTION };
            return format!("{before}expected {what}{rest}");
        }
    }
    if plain.starts_with("data did not match any variant of untagged enum") {
        return "it has none of the forms that are allowed".to_string();
    }
    plain
}

/// The known key nearest to the unknown one that serde names: ``unknown field `x`, expected one of `a`, `b` ``, or the
/// parser: `unexpected keys in table: x, available keys: a, b`.
fn nearest_key(message: &str) -> Option<String> {
    let lists = message.strip_prefix("unexpected keys in table: ");
    if let Some((unknown, known)) = lists.and_then(|lists| lists.split_once(", available keys: ")) {
        return nearest_name(unknown.split(", ").next()?, known.split(", "));
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.contains("unknown"))?;
    let known: Vec<&str> = quoted.collect();
    nearest_name(unknown, known.into_iter())
}
