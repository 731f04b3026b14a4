//! Known data sets of many files, each a series, as one table.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::data::catalog::{Located, Role, SeriesFormat};
use crate::error::{DataError, Result, RunError};

/// One comma or otherwise separated table of all parts: a first column names the part each row is of; where stretches are known
/// to be unusual, a last column holds 1 at their points.
///
/// # Errors
/// A part that cannot be read, or has another header than the first; stretches that are not written as they should be.
pub(super) fn gather(located: &Located, format: &SeriesFormat) -> Result<Vec<u8>> {
    let delimiter = char::from(format.table.delimiter);
    let known = located.files_of(Role::TrainLabels).next().map(stretches).transpose()?;
    let mut all = String::new();
    let mut header: Option<String> = None;
    for (path, entity) in parts(located, format) {
        let text = text(&path)?;
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        match &header {
            None => {
                let label = format.label.filter(|_| known.is_some());
                let label = label.map_or_else(String::new, |label| format!("{delimiter}{label}"));
                all.push_str(&format!("{}{delimiter}{first}{label}\n", format.entity));
                header = Some(first.to_owned());
            }
            Some(header) if header == first => {}
            Some(header) => {
                return Err(RunError::NoData {
                    reason: format!("`{}` has the columns {first}, others have {header}", path.display()),
                    remedy: "fetch the data set again".to_owned(),
                }
                .into());
            }
        }
        let of_part = known.as_ref().map(|known| known.iter().filter(|(name, ..)| path.ends_with(name)));
        let of_part: Option<Vec<_>> = of_part.map(Iterator::collect);
        for line in lines.filter(|line| !line.trim().is_empty()) {
            all.push_str(&format!("{entity}{delimiter}{line}"));
            if let Some(stretches) = &of_part {
                let time = line.split(delimiter).next().unwrap_or_default();
                // Times of one format compare as text.
                let is_in =
                    stretches.iter().any(|(_, from, to)| from.as_str() <= time && time <= to.as_str());
                all.push_str(&format!("{delimiter}{}", u8::from(is_in)));
            }
            all.push('\n');
        }
    }
    Ok(all.into_bytes())
}

/// Each part with its name, `folder/file` without ending.
fn parts(located: &Located, format: &SeriesFormat) -> Vec<(PathBuf, String)> {
    let named = |path: PathBuf| {
        let end = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
        let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let name = [folder, end(&path)].into_iter().flatten().collect::<Vec<_>>().join("/");
        (path, name)
    };
    let files = located.files_of(Role::Train);
    if format.members.is_empty() {
        return files.map(|path| named(path.to_owned())).collect();
    }
    files.flat_map(|file| format.members.iter().map(|member| named(file.join(member)))).collect()
}

fn text(path: &Path) -> Result<String> {
    let source = crate::data::Source::find(path)?;
    let mut text = String::new();
    source.open()?.read_to_string(&mut text).map_err(|error| source.error(error))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Name of the part, first and last time of each stretch: a JSON object of lists of pairs, as NAB has it.
fn stretches(path: &Path) -> Result<Vec<(String, String, String)>> {
    /// Digits of a time to the second.
    const TIME: usize = 19;
    let read: std::collections::BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&text(path)?)
        .map_err(|error| DataError::Read { path: path.to_owned(), source: std::io::Error::other(error) })?;
    let cut = |text: String| text.chars().take(TIME).collect::<String>();
    let of = |(name, pairs): (String, Vec<[String; 2]>)| {
        pairs.into_iter().map(move |[from, to]| (name.clone(), cut(from), cut(to)))
    };
    Ok(read.into_iter().flat_map(of).collect())
}
