//! Dependencies point one way, and the library keeps to itself: read from the sources.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the library may use. `error` names the differences of tables that `data` finds.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("error", &["data"]),
    ("seed", &[]),
    ("data", &["error", "seed"]),
    ("codec", &["error", "seed", "data"]),
    ("latent", &["seed", "data", "codec"]),
    ("project", &["error", "seed", "data"]),
    ("evaluate", &["error", "seed", "data", "project"]),
    ("label", &["error", "seed", "data", "project", "evaluate"]),
    ("figure", &["error", "data"]),
    ("nn", &["error", "seed", "data", "codec"]),
    ("train", &["error", "seed", "data", "codec"]),
    ("models", &["error", "seed", "data", "codec", "project", "evaluate", "label", "nn", "train"]),
    (
        "run",
        &[
            "error", "seed", "data", "codec", "latent", "project", "evaluate", "label", "figure", "nn",
            "train", "models",
        ],
    ),
    ("lib", &["error"]),
];

/// Modules that work on plain arrays and never see a graph.
const WITHOUT_GRAPH: [&str; 8] =
    ["seed", "data", "codec", "latent", "project", "evaluate", "label", "figure"];

/// What a library does not do.
const FORBIDDEN: [&str; 10] = [
    "--set ",
    "print!(",
    "println!(",
    "eprint!(",
    "eprintln!(",
    "dbg!(",
    "env::var",
    "process::exit",
    "TcpStream",
    "TcpListener",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The library's lines of a file, numbered: no comments, and nothing of its tests, which come last or in files apart.
fn code(path: &Path) -> Vec<(usize, String)> {
    let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
    if path.iter().any(is_test) {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let tests =
        lines.windows(2).position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].trim() == "mod tests {");
    let library = &lines[..tests.unwrap_or(lines.len())];
    let numbered = library.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    numbered.map(|(i, line)| (i + 1, (*line).to_string())).collect()
}

/// The module of the library a file belongs to.
fn module(src: &Path, path: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().iter().next().unwrap().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

/// The modules named after `crate::` in a line, one or a list in braces.
fn used(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let list = rest.strip_prefix('{').map_or(rest, |list| list);
        let one = !rest.starts_with('{');
        for name in list.split(',') {
            let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            names.push(name);
            if one {
                break;
            }
        }
    }
    // Types of `error` are known at the top.
    names.retain(|name| !name.is_empty() && name.starts_with(|c: char| c.is_lowercase()));
    names
}

#[test]
fn modules_use_only_those_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for path in sources(&src) {
        let from = module(&src, &path);
        let Some(allowed) = may_use.get(from.as_str()) else {
            panic!("module `{from}` is not in the order of modules: give it a place in this test");
        };
        for (number, line) in code(&path) {
            seen.insert(from.clone());
            for to in used(&line) {
                if to != from && !allowed.contains(&to.as_str()) {
                    wrong.push(format!("{}:{number}: `{from}` must not use `{to}`", path.display()));
                }
            }
            if line.contains("veridic_graph") && WITHOUT_GRAPH.contains(&from.as_str()) {
                wrong.push(format!("{}:{number}: `{from}` must not see a graph", path.display()));
            }
        }
    }
    assert_eq!(seen.len(), MAY_USE.len(), "modules found: {seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_order_of_modules_has_no_circles_but_the_differences_of_tables() {
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    for (module, below) in MAY_USE {
        for other in below {
            let back = may_use[other].contains(&module);
            assert!(!back || (module, *other) == ("error", "data") || (module, *other) == ("data", "error"));
        }
    }
}

#[test]
fn the_library_never_prints_reads_the_environment_exits_or_opens_a_socket() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for folder in [here.join("src"), here.join("../graph/src")] {
        let files = sources(&folder);
        assert!(files.len() > 10, "{}", folder.display());
        for path in files {
            for (number, line) in code(&path) {
                for forbidden in FORBIDDEN.iter().filter(|forbidden| line.contains(**forbidden)) {
                    wrong.push(format!("{}:{number}: {forbidden}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_sources_sees_what_it_must() {
    assert_eq!(used("use crate::data::{Table, read};"), ["data"]);
    assert_eq!(used("use crate::{data, codec::Codec};"), ["data", "codec"]);
    assert_eq!(
        used("let x: crate::Result<crate::models::Network> = crate::figure::draw();"),
        ["models", "figure"]
    );
    assert_eq!(used("pub(crate) fn f() {}"), Vec::<String>::new());
}
