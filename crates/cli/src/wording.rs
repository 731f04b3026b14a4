//! What the library says of settings and uses, as this shell has them.

use veridic::error::{CatalogError, ConfigError, RunError};

/// Text in which settings (`` `data.sheet = "NAME"` ``) are options to be typed (`` `--set data.sheet=NAME` ``).
pub(crate) fn worded(text: &str) -> String {
    let mut parts = text.split('`');
    let mut worded = parts.next().unwrap_or_default().to_owned();
    for (i, part) in parts.enumerate() {
        worded.push('`');
        match part.split_once(" = ").filter(|(path, _)| i.is_multiple_of(2) && is_setting(path)) {
            Some((path, value)) => worded.push_str(&option(path, value)),
            None => worded.push_str(part),
        }
    }
    worded
}

fn is_setting(path: &str) -> bool {
    let is_key = |key: &str| {
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    path.contains('.') && path.split('.').all(is_key)
}

fn option(path: &str, value: &str) -> String {
    let bare = |text: &&str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.,".contains(&b))
    };
    // A text needs no quotes of TOML, a list or a table needs those of the shell.
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).filter(bare) {
        Some(text) => format!("--set {path}={text}"),
        None if bare(&value) => format!("--set {path}={value}"),
        None => format!("--set '{path}={}'", tight(value).replace('\'', r"'\''")),
    }
}

/// A list without blanks behind its commas, but for those within texts.
fn tight(list: &str) -> String {
    let (mut is_text, mut before) = (false, ' ');
    let mut tight = String::with_capacity(list.len());
    for c in list.chars() {
        is_text ^= c == '"' && before != '\\';
        if is_text || c != ' ' || before != ',' {
            tight.push(c);
        }
        before = c;
    }
    tight
}

/// What can be done about an error where this shell has a use of its own for it.
pub(crate) fn hint(error: &veridic::Error) -> Option<String> {
    let said = match error {
        veridic::Error::Run(error) => match error {
            RunError::NotARun { .. } => "name a directory that `veridic fit` wrote with --out",
            RunError::NotEmpty { .. } => "choose another --out, or add --resume to go on with the run there",
            RunError::Damaged { path, .. } if path.file_name().is_none_or(|name| name != "config.toml") => {
                "fit again into a new directory; `veridic fit --recipe RUN/config.toml` repeats it"
            }
            RunError::Unfinished { status, .. } if status == "done" => {
                "its weights were deleted; `veridic fit --recipe RUN/config.toml` fits it anew"
            }
            RunError::Unfinished { status, .. } if status == "failed" => return None,
            RunError::Unfinished { .. } => "finish it with `veridic fit --resume --out RUN`",
            RunError::NoSuchData { nearest: None, .. } => {
                "name the file or folder by its path from here; `veridic data list` lists the known data sets"
            }
            RunError::Io { action, source, .. } if *action != "read" => match source.kind() {
                std::io::ErrorKind::NotFound
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::PermissionDenied
                | std::io::ErrorKind::ReadOnlyFilesystem => {
                    "choose a directory that can be written with --out"
                }
                std::io::ErrorKind::StorageFull => "free some space and go on with --resume",
                _ => return None,
            },
            _ => return None,
        },
        veridic::Error::Config(ConfigError::NoRecipe { nearest: Some(nearest), .. }) => {
            return Some(format!("did you mean `{nearest}`? `veridic recipes` lists all"));
        }
        veridic::Error::Config(ConfigError::NoRecipe { nearest: None, .. }) => {
            "`veridic recipes` lists all recipes"
        }
        veridic::Error::Catalog(CatalogError::NotThere { dataset, .. }) => {
            return Some(format!(
                "run `veridic data fetch {dataset}`, or say where data sets lie with --data-dir"
            ));
        }
        _ => return None,
    };
    Some(said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_options_and_all_else_is_as_it_was() {
        for (said, shown) in [
            ("choose one: `data.sheet = \"NAME\"`", "choose one: `--set data.sheet=NAME`"),
            ("`data.missing = [\"-\"]`", "`--set 'data.missing=[\"-\"]'`"),
            ("`data.missing = [\"1. May, 9:05\", \"-\"]`", "`--set 'data.missing=[\"1. May, 9:05\",\"-\"]'`"),
            ("`data.images.size = [28, 28]`, say", "`--set 'data.images.size=[28,28]'`, say"),
            ("`data.drop = [\"Driver's\"]`", r#"`--set 'data.drop=["Driver'\''s"]'`"#),
            ("with `data.header = false`", "with `--set data.header=false`"),
            ("`a = b` and `fare = 2` stay, `x.y` too", "`a = b` and `fare = 2` stay, `x.y` too"),
            ("data.x = 1 `", "data.x = 1 `"),
        ] {
            assert_eq!(worded(said), shown);
        }
    }
}
