//! Bad input from the command line: each a clear error with a hint, exit code 1, nothing written.

use crate::{Place, customers, exists, fitted};

/// `fit` on a file with `content` fails with an error of these parts, and leaves no run.
#[track_caller]
fn refuses(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let place = Place::new();
    place.write(name, content);
    let err = place.fail(&["fit", name, "--out", "run"]);
    for part in parts {
        assert!(err.contains(part), "{part:?} is not in:\n{err}");
    }
    assert!(err.contains("hint: "), "{err}");
}

#[test]
fn a_missing_file_is_named_with_one_that_is_alike() {
    let place = Place::new();
    place.write("customers.csv", customers(10));
    let err = place.fail(&["fit", "customer.csv", "--out", "run"]);
    assert!(err.contains("customer.csv") && err.contains("hint: did you mean"), "{err}");
    assert!(!place.is_there("run"));
}

#[test]
fn files_that_are_no_tables_are_refused_by_line_and_column() {
    refuses("a.csv", "", &["the file is empty", "a.csv"]);
    refuses("a.csv", "x,y\n", &["2 column names and no rows"]);
    refuses("a.csv", "x,y\n1,2\n3\n", &["line 3", "1 cells, 2 are expected"]);
    let mut stray = String::from("x,y\n");
    (0..300).for_each(|i| stray.push_str(&format!("{}.25,{}\n", i * 37 % 151, i % 90)));
    stray.push_str("oops,3\n");
    refuses("a.csv", stray, &["line 302, column `x`: `oops` is not a "]);
    refuses("a.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b", &["cut off", "a.csv.gz"]);
    refuses("a.parquet", b"PAR1 and then nothing of use PAR1", &["Parquet"]);
}

#[test]
fn one_row_is_too_few() {
    refuses("a.csv", "x,y\n1,2\n", &["1 row"]);
}

#[test]
fn a_target_that_is_not_there_suggests_the_nearest() {
    let place = Place::new();
    place.write("a.csv", customers(30));
    let err = place.fail(&["fit", "a.csv", "--target", "buy", "--out", "run"]);
    assert!(err.starts_with("error: there is no column `buy`\nhint: did you mean `buys`?"), "{err}");
}

#[test]
fn recipes_with_mistakes_are_refused_with_the_nearest_key() {
    let place = Place::new();
    place.write("a.csv", customers(30));
    place.write("own.toml", "[train]\nepoch = 3\n");
    let err = place.fail(&["fit", "a.csv", "--recipe", "own.toml", "--out", "run"]);
    assert!(err.contains("own.toml") && err.contains("hint: did you mean `epochs`?"), "{err}");
    let err = place.fail(&["fit", "--recipe", "hart-vae", "--out", "run"]);
    assert!(err.contains("`hart-vae`") && err.contains("did you mean `heart-vae`?"), "{err}");
    let err = place.fail(&["recipes", "show", "hart-vae"]);
    assert!(err.contains("did you mean `heart-vae`?"), "{err}");
    let err = place.fail(&["fit", "--recipe", "heart-vae", "--set", "train.epoch=3", "--out", "run"]);
    assert!(err.contains("hint: did you mean `epochs`?"), "{err}");
    let err = place.fail(&["fit", "--recipe", "heart-vae", "--set", "train.batch=0", "--out", "run"]);
    assert!(err.contains("`train.batch` is 0, allowed is 1 and above"), "{err}");
    let err = place.fail(&["fit", "a.csv", "--set", "train.epoch=3", "--out", "run"]);
    assert!(err.contains("hint: did you mean `epochs`?"), "{err}");
    assert!(!place.is_there("run"));
}

#[test]
fn a_data_set_that_is_not_there_names_the_folder_and_the_way_to_get_it() {
    let place = Place::new();
    let err = place.fail(&["fit", "--recipe", "heart-vae", "--out", "run"]);
    assert!(err.starts_with("error: data set heart is not there; looked for "), "{err}");
    assert!(err.contains(": data\n"), "{err}");
    assert!(err.contains("`veridic data fetch heart`") && err.contains("--data-dir"), "{err}");
    let ran =
        place.command(&["fit", "--recipe", "heart-vae"]).env("VERIDIC_DATA", "elsewhere").output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stderr).contains(": elsewhere\n"));
    let err = place.fail(&["data", "check", "--data-dir", "nowhere"]);
    assert!(err.contains("there is no folder nowhere") && err.contains("--data-dir"), "{err}");
    let err = place.fail(&["data", "fetch", "hart"]);
    assert!(err.contains("hint: did you mean \"heart\"?"), "{err}");
}

#[test]
fn a_folder_that_is_no_run_or_a_damaged_one_is_refused() {
    let place = Place::new();
    place.write("a.csv", customers(10));
    std::fs::create_dir(place.path("other")).unwrap();
    for arguments in [&["show", "other"][..], &["score", "other", "a.csv"], &["sample", "none", "-n", "1"]] {
        let err = place.fail(arguments);
        assert!(err.starts_with("error: this is not a run"), "{err}");
        assert!(err.contains("hint: "), "{err}");
    }
    fitted(&place);
    for (file, content) in [("run.json", "{"), ("codec.json", "[]"), ("model.safetensors", "nothing")] {
        let path = place.path("run").join(file);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, content).unwrap();
        let err = place.fail(&["sample", "run", "-n", "1"]);
        assert!(err.contains(file), "{err}");
        std::fs::write(&path, good).unwrap();
    }
    place.succeed(&["sample", "run", "-n", "1"]);
}

#[test]
fn a_run_is_never_overwritten() {
    let place = Place::new();
    fitted(&place);
    let before = std::fs::read(place.path("run").join("model.safetensors")).unwrap();
    let err = place.fail(&["fit", "data.csv", "--out", "run"]);
    assert!(err.contains("not empty: run") && err.contains("--resume"), "{err}");
    assert_eq!(std::fs::read(place.path("run").join("model.safetensors")).unwrap(), before);
    let err = place.fail(&["demo", "--out", "run"]);
    assert!(err.contains("not empty: run"), "{err}");
}

#[test]
fn data_that_does_not_match_the_run_is_refused_with_every_difference() {
    let place = Place::new();
    fitted(&place);
    place.write("other.csv", "age,incme,city\nold,1,Bonn\nyoung,2,Rome\n");
    let err = place.fail(&["score", "run", "other.csv", "-o", "scores.csv"]);
    assert!(err.contains("`age`") && err.contains("`income`"), "{err}");
    assert!(!place.is_there("scores.csv"));
}

#[test]
fn conditions_that_cannot_be_met_are_refused() {
    let place = Place::new();
    fitted(&place);
    let err = place.fail(&["sample", "run", "-n", "1", "--given", "cty=Bonn"]);
    assert!(err.contains("cty"), "{err}");
    let err = place.fail(&["sample", "run", "-n", "1", "--given", "city=Paris"]);
    assert!(err.contains("Paris"), "{err}");
}

#[test]
fn outputs_that_cannot_be_written_are_refused_and_what_was_there_stays() {
    let place = Place::new();
    fitted(&place);
    place.write("old.xls", "old");
    let err = place.fail(&["sample", "run", "-n", "1", "-o", "old.xls"]);
    assert!(err.contains("known are csv, csv.gz, parquet and json"), "{err}");
    assert_eq!(place.read("old.xls"), "old");
    let err = place.fail(&["sample", "run", "-n", "1", "-o", "rows.png"]);
    assert!(err.contains("a table as a picture"), "{err}");
    let err = place.fail(&["sample", "run", "-n", "1", "-o", "no/rows.csv"]);
    assert!(err.ends_with("hint: make the folder first\n"), "{err}");
    if exists("/dev/full") {
        let err = place.fail(&["sample", "run", "-n", "1", "-o", "/dev/full"]);
        assert!(err.starts_with("error: could not write: /dev/full\ncaused by: "), "{err}");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = place.command(&["sample", "run", "-n", "1"]).stdout(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(1));
        assert!(
            String::from_utf8_lossy(&ran.stderr).starts_with("error: could not write to standard output\n")
        );
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.write("a.csv", customers(30));
    let locked = place.path("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere, but not below a process's own status.
    let out = if std::fs::write(locked.join("probe"), "").is_ok() { "/proc/self/run" } else { "locked/run" };
    if out.starts_with("locked") || exists("/proc/self") {
        let err = place.fail(&["fit", "a.csv", "--out", out]);
        assert!(err.contains(out), "{err}");
    }
}
