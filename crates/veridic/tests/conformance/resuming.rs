//! A run that was stopped or killed and goes on ends as if nothing had happened.

use std::fs;
use std::io::Write as _;
use std::sync::atomic::Ordering;

use veridic::run::{Config, fit_files};
use veridic::train::{End, Event};

use super::support::{Place, cases, copy, mixed_autoencoder, mixed_vae, never};

/// Fits until `stop` says so, then goes on to the end.
fn stopped_and_resumed(place: &Place, config: &Config, out: &str, at: u64) {
    let flag = never();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Step { step, .. } if *step == at) {
            flag.store(true, Ordering::Relaxed);
        }
    };
    let stopped = fit_files(&place.options(config, out, 1), &flag, &mut watch).unwrap();
    assert_eq!(stopped.end, End::Stopped);
    assert!(stopped.report.is_empty());
    assert_eq!(place.info(out, "status"), "stopped");
    assert!(!place.at(out).join("report.json").exists());
    let resumed = place.resume(out, &[], 2).unwrap();
    assert_eq!(resumed.end, End::Done);
    assert_eq!(place.info(out, "status"), "done");
}

#[test]
fn a_run_stopped_in_the_middle_of_an_epoch_goes_on_bit_by_bit() {
    let place = Place::new();
    for case in cases() {
        let (whole, out) = (format!("{}-whole", case.name()), format!("{}-stopped", case.name()));
        place.fit(&case.config(), &whole, 1);
        // 168 training rows in batches of 32 are six steps an epoch.
        stopped_and_resumed(&place, &case.config(), &out, 9);
        assert!(place.outcome(&whole) == place.outcome(&out), "{case:?}");
    }
}

#[test]
fn a_run_stopped_anywhere_goes_on_bit_by_bit() {
    let place = Place::new();
    let mut config = mixed_vae();
    (config.train.checkpoint_every, config.train.keep) = (3, 2);
    config.model = match config.model {
        veridic::models::ModelConfig::Vae(vae) => {
            veridic::models::ModelConfig::Vae(veridic::models::VaeConfig { kl_warmup: 2, ..vae })
        }
        other => other,
    };
    place.fit(&config, "whole", 1);
    for at in [1, 6, 12, 17, 23] {
        stopped_and_resumed(&place, &config, &format!("at-{at}"), at);
        assert!(place.outcome("whole") == place.outcome(&format!("at-{at}")), "stopped at step {at}");
    }
}

#[test]
fn a_stopped_run_can_be_used_with_the_best_weights_so_far() {
    let place = Place::new();
    let flag = never();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Step { step: 9, .. }) {
            flag.store(true, Ordering::Relaxed);
        }
    };
    fit_files(&place.options(&mixed_vae(), "stopped", 1), &flag, &mut watch).unwrap();
    let mut one = mixed_vae();
    one.train.epochs = 1;
    place.fit(&one, "one", 1);
    let weights = |out: &str| fs::read(place.at(out).join("model.safetensors")).unwrap();
    assert!(weights("stopped") == weights("one"), "the weights are not those of the best epoch");
    assert!(super::support::scores(&mut place.open("stopped", 1), &place.at("table.csv"))[0].is_finite());
}

#[test]
fn a_run_killed_between_checkpoints_goes_on_bit_by_bit() {
    let place = Place::new();
    for (name, config) in [("vae", mixed_vae()), ("autoencoder", mixed_autoencoder())] {
        for every in [1, 3] {
            let config = &Config {
                train: veridic::train::TrainConfig { checkpoint_every: every, ..config.train.clone() },
                ..config.clone()
            };
            let name = format!("{name}-{every}");
            let mut copies = Vec::new();
            let mut watch = |event: &Event| {
                // At the end of an epoch the event is written and the checkpoint is not yet.
                let (what, at) = match event {
                    Event::Start { .. } => ("start", 0),
                    Event::Step { step, .. } if [3, 10, 21].contains(step) => ("step", *step),
                    Event::Epoch { step, .. } => ("epoch", *step),
                    Event::Step { .. } | Event::Notice { .. } | Event::Part { .. } => return,
                };
                let to = format!("{name}-killed-{what}-{at}");
                copy(&place.at(&name), &place.at(&to));
                let log = place.at(&to).join("events.jsonl");
                let mut log = fs::OpenOptions::new().append(true).open(log).unwrap();
                log.write_all(br#"{"event":"epoch","epoch":9,"#).unwrap();
                copies.push(to);
            };
            fit_files(&place.options(config, &name, 1), &never(), &mut watch).unwrap();
            assert_eq!(copies.len(), 8);
            for killed in copies {
                assert_eq!(place.info(&killed, "status"), "running");
                place.resume(&killed, &[], 1).unwrap();
                assert!(place.outcome(&name) == place.outcome(&killed), "{killed}");
            }
        }
    }
}

#[test]
fn a_run_killed_while_its_best_weights_were_being_replaced_loses_one_epoch_at_most() {
    let place = Place::new();
    let config = mixed_vae();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Epoch { epoch: 3, .. }) {
            copy(&place.at("whole"), &place.at("killed"));
        }
    };
    fit_files(&place.options(&config, "whole", 1), &never(), &mut watch).unwrap();
    // The best weights are a later epoch's than the checkpoint's.
    let later = place.at("whole").join("checkpoint");
    for entry in fs::read_dir(&later).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("best") {
            fs::copy(entry.path(), place.at("killed").join("checkpoint").join(entry.file_name())).unwrap();
        }
    }
    let mut epochs = Vec::new();
    let mut options = place.options(&config, "killed", 1);
    options.resume = true;
    fit_files(&options, &never(), &mut |event| {
        if let Event::Epoch { epoch, .. } = event {
            epochs.push(*epoch);
        }
    })
    .unwrap();
    assert!(place.outcome("whole") == place.outcome("killed"));
    assert_eq!(epochs, [3, 4], "finished epochs were lost");
}

#[test]
fn a_run_killed_after_its_last_epoch_is_finished_without_training_more() {
    let place = Place::new();
    let mut config = mixed_autoencoder();
    (config.train.epochs, config.train.patience) = (60, Some(1));
    let fitted = place.fit(&config, "whole", 1);
    assert_eq!(fitted.end, End::Early);
    copy(&place.at("whole"), &place.at("killed"));
    fs::remove_file(place.at("killed").join("report.json")).unwrap();
    fs::remove_file(place.at("killed").join("model.safetensors")).unwrap();
    let info = fs::read_to_string(place.at("killed").join("run.json")).unwrap();
    place.file("killed/run.json", &info.replace("\"done\"", "\"running\""));
    let resumed = place.resume("killed", &[], 1).unwrap();
    assert_eq!((resumed.end, resumed.epochs), (End::Early, fitted.epochs));
    assert!(place.outcome("whole") == place.outcome("killed"));
}

#[test]
fn a_finished_run_stays_as_it_is_and_can_be_given_more_epochs() {
    let place = Place::new();
    let fitted = place.fit(&mixed_vae(), "run", 1);
    let before = super::support::contents(&place.at("run"));
    let again = place.resume("run", &[], 1).unwrap();
    assert_eq!((again.epochs, &again.report), (4, &fitted.report));
    assert!(before == super::support::contents(&place.at("run")));

    let mut long = mixed_vae();
    long.train.epochs = 6;
    place.fit(&long, "long", 1);
    place.resume("run", &[("train.epochs", "6")], 1).unwrap();
    assert!(place.outcome("run") == place.outcome("long"));
}

#[test]
fn an_edited_configuration_is_held_to_what_may_change() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    let text = fs::read_to_string(place.at("run/config.toml")).unwrap();
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        place.file("run/config.toml", &text.replace(from, to));
    };
    edit("latent = 3", "latent = 4");
    let before = super::support::contents(&place.at("run"));
    let error = place.resume("run", &[], 1).unwrap_err();
    assert!(error.to_string().starts_with("a run that was begun cannot go on with other data"), "{error}");
    assert!(error.to_string().ends_with("config.toml"), "{error}");
    assert_eq!(
        error.hint().unwrap(),
        "the file was changed since; `checkpoint/config.toml` there is as it was"
    );
    assert!(before == super::support::contents(&place.at("run")));

    let mut long = mixed_vae();
    long.train.epochs = 6;
    place.fit(&long, "long", 1);
    edit("epochs = 4", "epochs = 6");
    place.resume("run", &[], 1).unwrap();
    assert!(place.outcome("run") == place.outcome("long"));
}

#[test]
fn seconds_add_up_over_resumptions() {
    let place = Place::new();
    stopped_and_resumed(&place, &mixed_vae(), "run", 20);
    let events = place.open("run", 1).events();
    let epochs: f64 = events
        .iter()
        .map(|event| if let Event::Epoch { seconds, .. } = event { *seconds } else { 0.0 })
        .sum();
    let seconds = place.info("run", "seconds").as_f64().unwrap();
    assert!(seconds >= epochs - 1e-6, "{seconds} of {epochs}");
}

#[test]
fn changed_data_is_not_trained_on() {
    let place = Place::new();
    let flag = never();
    flag.store(true, Ordering::Relaxed);
    fit_files(&place.options(&mixed_vae(), "run", 1), &flag, &mut |_| {}).unwrap();
    place.file("table.csv", &super::support::csv().replace("150.0", "151.0"));
    let error = place.resume("run", &[], 1).unwrap_err();
    assert!(error.to_string().starts_with("the data has changed since the run was begun"), "{error}");
    assert!(error.to_string().ends_with("table.csv"), "{error}");
}

#[test]
fn the_graph_of_label_propagation_is_kept_and_gone_on_with() {
    let place = Place::new();
    let text = "seed = 7\n[data]\ntarget = 'label'\nlabelled = 12\n\
                [model.propagation]\ncurve = { labels = [6, 40], draws = 3 }\n[[figure]]\nkind = 'learning-curves'\n";
    let config = Config::from_toml(text, "the test").unwrap();
    place.fit(&config, "whole", 1);
    let flag = never();
    flag.store(true, Ordering::Relaxed);
    let stopped = fit_files(&place.options(&config, "stopped", 1), &flag, &mut |_| {}).unwrap();
    assert_eq!(stopped.end, End::Stopped);
    assert!(stopped.report.is_empty() && place.info("stopped", "status") == "stopped");
    let kept = place.at("stopped").join("checkpoint/partial.safetensors");
    assert!(kept.is_file());
    let resumed = place.resume("stopped", &[], 2).unwrap();
    assert_eq!(resumed.end, End::Done);
    assert!(!kept.exists());
    for file in ["model.safetensors", "report.json", "figures/learning-curves.svg"] {
        let of = |run: &str| fs::read(place.at(run).join(file)).unwrap();
        assert!(of("whole") == of("stopped"), "{file}");
    }
    let report = resumed.report;
    for name in ["propagation", "nearest", "logistic"] {
        let of = |ending: &str| report[&format!("learning.{name}.40{ending}")];
        assert!(of(".low") <= of("") && of("") <= of(".high") && of(".high") < 1.0, "{report:?}");
    }
    // A graph that cannot be read is made again.
    let again = fit_files(&place.options(&config, "damaged", 1), &flag, &mut |_| {}).unwrap();
    assert_eq!(again.end, End::Stopped);
    let kept = place.at("damaged").join("checkpoint/partial.safetensors");
    let mut bytes = fs::read(&kept).unwrap();
    let end = bytes.len();
    bytes[end - 5_000..].fill(0xff);
    fs::write(&kept, bytes).unwrap();
    place.resume("damaged", &[], 1).unwrap();
    let of = |run: &str| fs::read(place.at(run).join("model.safetensors")).unwrap();
    assert!(of("whole") == of("damaged"));
}
