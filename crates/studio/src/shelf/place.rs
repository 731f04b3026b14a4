//! Names of runs and their files, as places below the folder of runs and nowhere else.

use std::path::{Component, Path, PathBuf};

use crate::{Result, StudioError};

/// Files of a run that a page may read, beside those of `figures/` and `samples/`.
const FILES: [&str; 7] =
    ["run.json", "config.toml", "report.json", "events.jsonl", "schema.json", "report.html", "card.md"];

/// The run of this name below `root`; the folder itself is `.`.
pub(super) fn run(root: &Path, name: &str) -> Result<PathBuf> {
    let absent = || StudioError::NoRun { name: name.to_owned() };
    let path = Path::new(name);
    let is_plain = |part: Component<'_>| match part {
        Component::Normal(part) => !part.to_string_lossy().starts_with('.'),
        _ => false,
    };
    if name != "." && (name.is_empty() || name.contains('\\') || !path.components().all(is_plain)) {
        return Err(absent());
    }
    below(root, &root.join(path)).filter(|place| place.is_dir()).ok_or_else(absent)
}

/// A file of a run that a page may read: a record of the run, or something in `figures/` or `samples/`.
pub(super) fn file(run: &Path, name: &str) -> Option<PathBuf> {
    let is_plain =
        |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    let is_known = match name.split_once('/') {
        None => FILES.contains(&name),
        Some((folder, name)) => ["figures", "samples"].contains(&folder) && is_plain(name),
    };
    if !is_known {
        return None;
    }
    below(run, &run.join(name)).filter(|place| place.is_file())
}

/// The place itself, where it lies below `root` once all links are followed.
fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let (root, place) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
    place.starts_with(&root).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("runs");
        std::fs::create_dir_all(root.join("a/figures")).unwrap();
        std::fs::create_dir_all(dir.path().join("secret")).unwrap();
        std::fs::write(dir.path().join("secret/run.json"), "x").unwrap();
        std::fs::write(root.join("a/run.json"), "{}").unwrap();
        std::fs::write(root.join("a/model.safetensors"), "x").unwrap();
        std::fs::write(root.join("a/figures/x.png"), "x").unwrap();
        assert!(run(&root, "a").is_ok() && run(&root, ".").is_ok());
        for name in
            ["", "..", "../secret", "a/../../secret", "/etc", "b", ".hidden", "a\\b", "./a/..", "a/./.."]
        {
            assert!(run(&root, name).is_err(), "{name}");
        }
        let a = run(&root, "a").unwrap();
        assert!(file(&a, "run.json").is_some() && file(&a, "figures/x.png").is_some());
        for name in [
            "model.safetensors",
            "figures/../run.json",
            "figures/",
            "../secret/run.json",
            "/etc/passwd",
            "figures",
        ] {
            assert!(file(&a, name).is_none(), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link")).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", root.join("a/figures/y.png")).unwrap();
            assert!(run(&root, "link").is_err() && file(&a, "figures/y.png").is_none());
        }
    }
}
