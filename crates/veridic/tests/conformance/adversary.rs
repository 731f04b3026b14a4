//! Adversarial networks keep to what all models do, and say what they cannot do.

use std::fs;
use std::sync::atomic::Ordering;
use veridic::data::Data;

use veridic::run::{Config, FitOptions, fit_files};
use veridic::train::{End, Event};

use super::image::squares;
use super::support::{Place, never};

/// A ring that is made up, so that there is no file.
fn ring(place: &Place, sets: &str, out: &str, threads: usize) -> FitOptions {
    let text = format!(
        "seed = 4\n\
         [data]\nmixture = {{ ring = {{ modes = 4, deviation = 0.05, rows = 300 }} }}\n\
         split = {{ valid = 0.0, test = 0.0 }}\n\
         [model.gan]\nlatent = 2\npacking = 2\naverage = 0.9\ninput-noise = 0.1\n\
         generator = [{{ dense = 16, activation = 'relu' }}, {{ batch-norm = 0.9 }}]\n\
         discriminator = [{{ dense = 16, activation = 'leaky-relu' }}, {{ dropout = 0.1 }}]\n\
         [train]\nepochs = 4\nepoch-steps = 5\nbatch = 32\n\
         [evaluate]\nmade-rows = 200\n{sets}"
    );
    let config = Config::from_toml(&text, "the test").unwrap();
    FitOptions { data: None, ..place.options(&config, out, threads) }
}

fn pictures(place: &Place, out: &str) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(place.at(out).join("samples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_run_gives_the_same_bits_at_any_number_of_threads_and_after_a_stop() {
    let place = Place::new();
    let figures = "[[figure]]\nkind = 'made'\n[[figure]]\nkind = 'film'\n[[figure]]\nkind = 'game-curves'\n";
    let fitted = fit_files(&ring(&place, figures, "one", 1), &never(), &mut |_| {}).unwrap();
    assert_eq!(fitted.figures.len(), 3);
    assert!(fitted.figures.iter().all(|figure| figure.is_file()));
    fit_files(&ring(&place, figures, "two", 2), &never(), &mut |_| {}).unwrap();
    assert!(place.outcome("one") == place.outcome("two"));
    let flag = never();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Step { step: 8, .. }) {
            flag.store(true, Ordering::Relaxed);
        }
    };
    let stopped = fit_files(&ring(&place, figures, "stopped", 1), &flag, &mut watch).unwrap();
    assert_eq!(stopped.end, End::Stopped);
    assert_eq!(place.resume("stopped", &[], 2).unwrap().end, End::Done);
    assert!(place.outcome("one") == place.outcome("stopped"));
    // Before training and after each of four epochs, always of the same noise.
    assert_eq!(pictures(&place, "one").len(), 5);
    assert_eq!(pictures(&place, "one"), pictures(&place, "stopped"));
}

#[test]
fn what_is_wrong_with_a_game_is_told_once_with_or_without_a_stop() {
    let place = Place::new();
    let steep = "[train.optimizer.adam]\nrate = 100.0\n";
    fit_files(&ring(&place, steep, "straight", 1), &never(), &mut |_| {}).unwrap();
    let mut short = ring(&place, steep, "resumed", 1);
    short.config.as_mut().unwrap().train.epochs = 2;
    fit_files(&short, &never(), &mut |_| {}).unwrap();
    place.resume("resumed", &[("train.epochs", "4")], 1).unwrap();
    let told = |out: &str| -> Vec<String> {
        let events = fs::read_to_string(place.at(out).join("events.jsonl")).unwrap();
        events.lines().filter(|line| line.contains("\"notice\"")).map(str::to_string).collect()
    };
    assert!(!told("straight").is_empty());
    assert_eq!(told("straight"), told("resumed"));
    // A run whose checkpoints are gone says so.
    fs::remove_dir_all(place.at("resumed").join("checkpoint")).unwrap();
    let again = place.resume("resumed", &[("train.epochs", "5")], 1).unwrap();
    assert!(again.notes.iter().any(|note| note.contains("no checkpoint")), "{:?}", again.notes);
}

#[test]
fn a_reopened_run_samples_and_scores_and_refuses_what_needs_a_reconstruction() {
    let place = Place::new();
    let fitted = fit_files(&ring(&place, "", "run", 1), &never(), &mut |_| {}).unwrap();
    for name in ["sample.modes", "sample.high_quality", "sample.diversity", "train.generator"] {
        assert!(fitted.report[name].is_finite(), "{name}");
    }
    let mut run = place.open("run", 1);
    let Data::Table(table, schema) = run.sample(7, &[], 3).unwrap() else { panic!("a table") };
    assert_eq!((table.n_rows, schema.columns.len()), (7, 2));
    assert_eq!(place.open("run", 2).sample(7, &[], 3).unwrap(), Data::Table(table, schema));
    fs::write(place.at("points.csv"), "x,y\n0.5,0.25\n1,0\n").unwrap();
    let (scores, _) = run.score(place.at("points.csv"), 0).unwrap().table();
    assert_eq!(scores.n_rows, 2);
    let refused = [
        run.score(place.at("points.csv"), 2).map(|_| ()).unwrap_err(),
        run.reconstruct(place.at("points.csv")).map(|_| ()).unwrap_err(),
    ];
    for error in refused {
        assert!(error.to_string().starts_with("an adversarial network cannot "), "{error}");
    }
}

#[test]
fn samples_come_from_the_noise_that_was_trained_with() {
    let place = Place::new();
    // A generator without hidden layers keeps the noise's form: even, so no value is further than √3 deviations.
    let text = "[data]\nmixture = { gaussian = { rows = 300 } }\nsplit = { valid = 0.0, test = 0.0 }\n\
                [codec]\nclamp = false\n\
                [model.gan]\nlatent = 1\nnoise = { stratified = 8.0 }\ngenerator = []\n\
                [train]\nepochs = 1\nepoch-steps = 3\nbatch = 16\n";
    let config = Config::from_toml(text, "the test").unwrap();
    let options = FitOptions { data: None, ..place.options(&config, "run", 1) };
    fit_files(&options, &never(), &mut |_| {}).unwrap();
    let Data::Table(table, _) = place.open("run", 1).sample(1000, &[], 3).unwrap() else { panic!("a table") };
    let veridic::data::Cells::Number(values) = &table.columns[0].cells else { panic!("numbers") };
    let mean = values.iter().sum::<f64>() / 1000.0;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 1000.0).sqrt();
    let furthest = values.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max) / deviation;
    assert!(deviation > 0.0 && (1.6..1.85).contains(&furthest), "{furthest}");
}

#[test]
fn the_best_of_several_seeds_is_kept() {
    let place = Place::new();
    let text = "best-by = 'sample.diversity'\n";
    let mut options = ring(&place, text, "seeds", 2);
    options.sets = vec![("train.seeds".to_string(), "3".to_string())];
    let fitted = fit_files(&options, &never(), &mut |_| {}).unwrap();
    let listed = fs::read_to_string(place.at("seeds").join("seeds.csv")).unwrap();
    let values: Vec<f64> =
        listed.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(values.len(), 3);
    // The most diverse, by the epoch that each seed kept.
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let of = |seed: u64| {
        let epochs = place.losses(&format!("seeds/seeds/{seed}"), "sample.diversity");
        epochs.into_iter().fold(f64::NEG_INFINITY, f64::max)
    };
    assert_eq!(values, [of(4), of(5), of(6)]);
    assert_eq!(fitted.report["sample.diversity"], most);
    assert_eq!(place.info("seeds", "status"), "done");
    place.open("seeds", 1).sample(3, &[], 1).unwrap();
}

#[test]
fn labels_and_batches_that_do_not_fit_are_refused_before_training() {
    let place = Place::new();
    squares(&place);
    let message = |gan: &str, batch: usize| {
        let text = format!("[model.gan]\nlatent = 2\n{gan}\n[train]\nepochs = 1\nbatch = {batch}\n");
        let config = Config::from_toml(&text, "the test").unwrap();
        let data = Some(place.at("squares-idx3-ubyte"));
        let options = FitOptions { data, ..place.options(&config, "refused", 1) };
        fit_files(&options, &never(), &mut |_| {}).unwrap_err().to_string()
    };
    let error = message("conditional = true", 16);
    assert_eq!(error, "`model.gan.conditional` needs two classes, and the rows have no labels");
    let error = message("packing = 3", 16);
    assert_eq!(error, "`train.batch` is 16, and the discriminator sees 3 rows together");
    let error = message("discriminator = [{ conv = 4, kernel = 9, padding = 'valid' }]", 16);
    assert!(error.contains("model.gan.discriminator") && error.contains("(8, 8, 1)"), "{error}");
    assert!(!place.at("refused").exists());
}

#[test]
fn the_best_epoch_is_the_one_of_the_most_modes_and_another_criterion_begins_anew() {
    let place = Place::new();
    let options = ring(&place, "best-by = 'sample.modes'\n", "run", 1);
    let fitted = fit_files(&options, &never(), &mut |_| {}).unwrap();
    let modes = place.losses("run", "sample.modes");
    let most = modes.iter().copied().fold(0.0, f64::max);
    let run = place.open("run", 1);
    assert!(run.criterion().is_some_and(|criterion| criterion.higher));
    // What was measured in the kept epoch stands in the report where the report does not measure again.
    let diversity = place.losses("run", "sample.diversity");
    let kept = diversity.iter().position(|value| *value == fitted.report["sample.diversity"]).unwrap();
    assert_eq!(modes[kept], most, "{modes:?}");
    // By a figure of another kind the old best value, however good, does not stand in the way.
    let sets = [("evaluate.best-by", "sample.diversity"), ("train.epochs", "6")];
    let resumed = place.resume("run", &sets, 1).unwrap();
    let later = place.losses("run", "sample.diversity")[4..].iter().copied().fold(0.0, f64::max);
    assert_eq!(resumed.report["sample.diversity"], later);
}

#[test]
fn a_criterion_that_says_nothing_of_these_rows_is_refused_before_training() {
    let place = Place::new();
    let error = fit_files(&ring(&place, "best-by = 'sample.frechet'\n", "refused", 1), &never(), &mut |_| {});
    let error = error.unwrap_err();
    assert!(error.to_string().contains("`sample.frechet`"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("sample.modes")), "{error}");
    assert!(!place.at("refused").exists());
}

#[test]
fn no_score_of_a_table_depends_on_its_target() {
    let place = Place::new();
    let rows = |other: bool| {
        let lines = (0..60).map(|i| {
            let class = ["a", "b", "c"][(i + usize::from(other)) % 3];
            format!("{},{},{class}\n", i % 7, (i * 5) % 11)
        });
        format!("x,y,class\n{}", lines.collect::<String>())
    };
    fs::write(place.at("rows.csv"), rows(false)).unwrap();
    fs::write(place.at("other.csv"), rows(true)).unwrap();
    let text = "[data]\ntarget = 'class'\n[model.gan]\nlatent = 2\n[train]\nepochs = 1\nbatch = 16\n\
                [evaluate]\nmade-rows = 20\n";
    let config = Config::from_toml(text, "the test").unwrap();
    let with = |config: &Config, out: &str| {
        let options = FitOptions { data: Some(place.at("rows.csv")), ..place.options(config, out, 1) };
        fit_files(&options, &never(), &mut |_| {})
    };
    with(&config, "run").unwrap();
    let mut run = place.open("run", 1);
    let scores = run.score(place.at("rows.csv"), 0).unwrap().scores;
    assert_eq!(run.score(place.at("other.csv"), 0).unwrap().scores, scores);
    // The head that tells the target would read it off the row.
    let config = config.with(&[("model.gan.classify".to_string(), "1.0".to_string())]).unwrap();
    let error = with(&config, "refused").unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("model-target = false")), "{error}");
}
