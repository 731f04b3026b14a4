//! Directories that are not runs, or not whole: the error names the file and says what to do.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

#[allow(dead_code, reason = "each suite uses what it needs")]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Place, contents, copy, mixed_autoencoder, mixed_vae, never, sampled_table, scores};
use veridic::run::{Fitted, fit_files};
use veridic::train::Event;

/// Text of the error, and of the hint.
fn refused<T>(result: veridic::Result<T>) -> (String, String) {
    match result {
        Ok(_) => panic!("this should have been refused"),
        Err(error) => (error.to_string(), error.hint().unwrap_or_default()),
    }
}

/// What the error says with its causes, and the hint.
fn refused_because<T>(result: veridic::Result<T>) -> (String, String) {
    let Err(error) = result else { panic!("this should have been refused") };
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text += &format!(", caused by: {error}");
        cause = error.source();
    }
    (text, error.hint().unwrap_or_default())
}

fn opened(place: &Place, run: &str) -> (String, String) {
    refused(Fitted::open(&place.at(run), 1))
}

#[test]
fn a_directory_that_is_not_a_run_is_refused_and_left_alone() {
    let place = Place::new();
    for name in ["nowhere", "table.csv"] {
        let (error, hint) = opened(&place, name);
        assert_eq!(error, format!("this is not a run: it has no `run.json`: {}", place.at(name).display()));
        assert_eq!(hint, "name the directory of a run");
    }
    fs::create_dir(place.at("photos")).unwrap();
    place.file("photos/cat.txt", "meow");
    let before = contents(&place.at("photos"));
    let (error, hint) = refused(place.try_fit(&mixed_vae(), "photos", 1));
    assert_eq!(error, format!("the output directory is not empty: {}", place.at("photos").display()));
    assert!(hint.starts_with("choose another directory"), "{hint}");
    let (error, hint) = refused(place.resume("photos", &[], 1));
    assert!(error.starts_with("this is not a run"), "{error}");
    assert!(hint.contains("directory"), "{hint}");
    assert_eq!(before, contents(&place.at("photos")));
}

#[test]
fn a_run_is_not_overwritten() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    let before = contents(&place.at("run"));
    let (error, hint) = refused(place.try_fit(&mixed_vae(), "run", 1));
    assert!(error.starts_with("the output directory is not empty"), "{error}");
    assert!(hint.contains("resume"), "{hint}");
    assert!(before == contents(&place.at("run")));
}

#[test]
fn an_empty_directory_is_filled_and_resuming_nothing_begins() {
    let place = Place::new();
    fs::create_dir(place.at("empty")).unwrap();
    place.fit(&mixed_autoencoder(), "empty", 1);
    let mut options = place.options(&mixed_autoencoder(), "new", 1);
    options.resume = true;
    fit_files(&options, &never(), &mut |_| {}).unwrap();
    assert!(place.outcome("empty") == place.outcome("new"));
}

#[test]
fn a_file_that_is_missing_or_damaged_is_named() {
    let place = Place::new();
    place.fit(&mixed_vae(), "whole", 1);
    let weights = fs::read(place.at("whole/model.safetensors")).unwrap();
    let schema = fs::read_to_string(place.at("whole/schema.json")).unwrap();
    let codec = fs::read_to_string(place.at("whole/codec.json")).unwrap();
    let info = fs::read_to_string(place.at("whole/run.json")).unwrap();
    let damages: Vec<(&str, &str, Option<Vec<u8>>)> = vec![
        ("run.json", "empty", Some(Vec::new())),
        ("run.json", "cut", Some(info.as_bytes()[..info.len() / 2].to_vec())),
        ("run.json", "list", Some(b"[1, 2]".to_vec())),
        ("run.json", "no-status", Some(info.replace("\"status\"", "\"state\"").into_bytes())),
        ("config.toml", "missing", None),
        ("config.toml", "cut", Some(b"[data".to_vec())),
        ("config.toml", "not-text", Some(vec![0xff, 0xfe])),
        ("schema.json", "missing", None),
        ("schema.json", "cut", Some(schema.as_bytes()[..schema.len() / 2].to_vec())),
        ("schema.json", "other", Some(br#"{"columns": 3}"#.to_vec())),
        ("codec.json", "missing", None),
        ("codec.json", "cut", Some(codec.as_bytes()[..codec.len() / 2].to_vec())),
        ("codec.json", "other", Some(b"{}".to_vec())),
        ("model.safetensors", "empty", Some(Vec::new())),
        ("model.safetensors", "cut", Some(weights[..weights.len() - 5].to_vec())),
        ("model.safetensors", "header", Some(weights[..20].to_vec())),
        ("model.safetensors", "huge-header", Some([vec![0xff; 8], weights[8..].to_vec()].concat())),
        ("model.safetensors", "text", Some(b"these are no weights, as you can see".to_vec())),
    ];
    for (file, how, bytes) in damages {
        let name = format!("{file}-{how}");
        copy(&place.at("whole"), &place.at(&name));
        let path = place.at(&name).join(file);
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let (error, _) = opened(&place, &name);
        assert!(error.contains(&path.display().to_string()), "{name}: {error}");
        assert!(!error.contains('\n'), "{name}: {error}");
    }
}

#[test]
fn damage_says_what_to_do() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    fs::write(place.at("run/model.safetensors"), b"short").unwrap();
    let (error, hint) = opened(&place, "run");
    assert!(error.starts_with("a file of the run is missing or damaged ("), "{error}");
    assert!(error.ends_with("model.safetensors"), "{error}");
    assert!(hint.starts_with("fit again into a new directory"), "{hint}");
}

#[test]
fn weights_of_another_model_are_refused_by_name() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    let wider = mixed_vae().with(&[("model.vae.latent".into(), "5".into())]).unwrap();
    place.fit(&wider, "wider", 1);
    fs::copy(place.at("wider/model.safetensors"), place.at("run/model.safetensors")).unwrap();
    let (error, _) = opened(&place, "run");
    assert!(error.contains("is not there or has another shape"), "{error}");
    assert!(error.ends_with("run/model.safetensors"), "{error}");
    // Another codec makes another network: its weights do not fit either.
    place.fit(&mixed_vae(), "other", 1);
    let narrower = mixed_vae().with(&[("data.drop".into(), "[\"color\"]".into())]).unwrap();
    place.fit(&narrower, "narrower", 1);
    fs::copy(place.at("narrower/codec.json"), place.at("other/codec.json")).unwrap();
    let (error, _) = opened(&place, "other");
    assert!(error.ends_with("other/model.safetensors"), "{error}");
}

#[test]
fn a_newer_format_is_told() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    place.file("run/run.json", r#"{"format": 999, "mood": "new"}"#);
    let (error, hint) = opened(&place, "run");
    let path = place.at("run");
    assert_eq!(
        error,
        format!(
            "the run was written by a newer version (format 999, this version reads up to 1): {}",
            path.display()
        )
    );
    assert_eq!(hint, "upgrade veridic");
    let (error, _) = refused(place.resume("run", &[], 1));
    assert!(error.starts_with("the run was written by a newer version"), "{error}");
}

#[test]
fn missing_posteriors_are_named_only_when_they_are_needed() {
    let place = Place::new();
    let config = mixed_vae().with(&[("data.model-target".into(), "false".into())]).unwrap();
    place.fit(&config, "run", 1);
    fs::remove_file(place.at("run/latents.safetensors")).unwrap();
    let mut run = place.open("run", 1);
    assert_eq!(scores(&mut run, &place.at("table.csv")).len(), support::ROWS);
    let (error, _) = refused(sampled_table(&mut run, 3, &[("label", "bad")], 1));
    assert!(error.ends_with("latents.safetensors"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_named_and_nothing_is_lost() {
    let place = Place::new();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Epoch { epoch: 3, .. }) {
            copy(&place.at("run"), &place.at("killed"));
        }
    };
    fit_files(&place.options(&mixed_vae(), "run", 1), &never(), &mut watch).unwrap();
    let last = place.at("killed/checkpoint/last.safetensors");
    let bytes = fs::read(&last).unwrap();
    fs::write(&last, &bytes[..bytes.len() / 2]).unwrap();
    let before = contents(&place.at("killed"));
    let (error, _) = refused(place.resume("killed", &[], 1));
    assert!(error.contains("last.safetensors"), "{error}");
    assert!(before == contents(&place.at("killed")));
}

/// Runs a test of this file again by itself, on what `setup` (a shell command) makes of `folder`, as a user for whom
/// permissions hold. Whether that could be done.
fn again(test: &str, setup: &str, folder: &Path) -> bool {
    let this = std::env::current_exe().unwrap();
    let script = format!("{setup} && cd \"$1\" && exec \"$2\" --exact {test} --nocapture");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command.arg(folder).arg(this).env("VERIDIC_TEST_FOLDER", folder);
    match command.output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(!text.contains("running 1 test"), "{text}");
            eprintln!("skipped {test}: {text}");
            false
        }
        Err(error) => {
            eprintln!("skipped {test}: unshare: {error}");
            false
        }
    }
}

/// Whether this is the test that [`again`] runs.
#[expect(clippy::disallowed_methods, reason = "test support")]
fn is_again() -> bool {
    std::env::var("VERIDIC_TEST_FOLDER").is_ok()
}

#[test]
fn a_read_only_directory_is_told() {
    let place = Place::new();
    if !is_again() {
        fs::create_dir(place.at("mount")).unwrap();
        again(
            "a_read_only_directory_is_told",
            "mount -t tmpfs -o ro,size=64k none \"$1\"",
            &place.at("mount"),
        );
        return;
    }
    let here = std::env::current_dir().unwrap();
    for out in [here.clone(), here.join("run")] {
        let mut options = place.options(&mixed_vae(), "run", 1);
        options.out.clone_from(&out);
        let (error, hint) = refused_because(fit_files(&options, &never(), &mut |_| {}));
        assert!(error.contains(&here.display().to_string()), "{error}");
        assert!(error.to_lowercase().contains("read-only"), "{error}");
        assert!(!hint.is_empty(), "{error}");
    }
}

#[test]
fn a_full_disk_ends_a_run_that_can_go_on_when_there_is_space() {
    let place = Place::new();
    if !is_again() {
        fs::create_dir(place.at("mount")).unwrap();
        let setup = "mount -t tmpfs -o size=256k none \"$1\"";
        again("a_full_disk_ends_a_run_that_can_go_on_when_there_is_space", setup, &place.at("mount"));
        return;
    }
    let out = std::env::current_dir().unwrap().join("run");
    let filler = out.parent().unwrap().join("filler");
    let mut options = place.options(&mixed_vae(), "run", 1);
    options.out.clone_from(&out);
    // The disk fills up in the second epoch.
    let mut watch = |event: &Event| {
        if matches!(event, Event::Step { step: 8, .. }) {
            let mut file = fs::File::create(&filler).unwrap();
            while std::io::Write::write(&mut file, &[0; 4096]).is_ok_and(|n| n > 0) {}
        }
    };
    let (error, hint) = refused_because(fit_files(&options, &never(), &mut watch));
    assert!(error.contains("No space left on device"), "{error}");
    assert!(error.contains(&out.display().to_string()), "{error}");
    assert!(!hint.is_empty(), "{error}");
    let left = fs::read_dir(&out).unwrap().chain(fs::read_dir(out.join("checkpoint")).unwrap());
    for entry in left {
        let name = entry.unwrap().file_name();
        assert!(!name.to_string_lossy().starts_with(".veridic"), "{name:?} was left behind");
    }
    // With space again it goes on, and ends as if nothing had happened.
    fs::remove_file(&filler).unwrap();
    options.resume = true;
    fit_files(&options, &never(), &mut |_| {}).unwrap();
    place.fit(&mixed_vae(), "whole", 1);
    for name in ["model.safetensors", "report.json"] {
        assert!(
            fs::read(out.join(name)).unwrap() == fs::read(place.at("whole").join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_no_directory_that_stands_in_the_way() {
    let place = Place::new();
    if !is_again() {
        fs::create_dir(place.at("mount")).unwrap();
        let name = "a_disk_that_is_full_from_the_start_leaves_no_directory_that_stands_in_the_way";
        let setup = "mount -t tmpfs -o size=64k none \"$1\" && mkdir \"$1/run\" && (dd if=/dev/zero of=\"$1/filler\" 2>/dev/null; true)";
        again(name, setup, &place.at("mount"));
        return;
    }
    let out = std::env::current_dir().unwrap().join("run");
    let mut options = place.options(&mixed_autoencoder(), "run", 1);
    options.out.clone_from(&out);
    let (error, _) = refused_because(fit_files(&options, &never(), &mut |_| {}));
    assert!(error.contains("No space left on device") && error.contains("run.json"), "{error}");
    fs::remove_file(out.parent().unwrap().join("filler")).unwrap();
    fit_files(&options, &never(), &mut |_| {}).unwrap();
}
