//! Windows of series as the rows of networks: every verb, in memory and from a directory.

#![allow(clippy::unwrap_used, reason = "test code")]

use veridic::data::series::{WindowConfig, WindowForm};
use veridic::data::{Cells, Data, Table};
use veridic::models::ModelConfig;
use veridic::run::{Config, Fitted, SplitBy, Walk};

/// Prices of entities: a wave each with its own phase and a little noise; one entity goes wrong near its end.
fn prices(n: usize) -> Table {
    let names = ["a", "b", "c", "d", "e", "f"];
    let (mut who, mut day, mut price, mut bad) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (k, name) in names.iter().enumerate() {
        for i in 0..n {
            let noise = ((i * 7919 + k * 104_729) % 101) as f64 / 101.0 - 0.5;
            let wrong = *name == "f" && (n - 30..n - 20).contains(&i);
            let wave = ((i + 2 * k) as f64 * std::f64::consts::TAU / 12.0).sin();
            who.push(Some(*name));
            day.push(i as f64);
            price.push(50.0 + 10.0 * if wrong { -wave } else { wave } + noise);
            bad.push(f64::from(u8::from(wrong)));
        }
    }
    Table::new([
        ("who", Cells::texts(who)),
        ("day", Cells::numbers(day)),
        ("price", Cells::numbers(price)),
        ("bad", Cells::numbers(bad)),
    ])
    .unwrap()
}

fn config(model: &str) -> Config {
    let mut config = Config { model: toml::from_str::<ModelConfig>(model).unwrap(), ..Config::default() };
    config.data.series.entity = Some("who".into());
    config.data.series.time = Some("day".into());
    config.data.series.values = vec!["price".into()];
    config.data.series.window = Some(WindowConfig { length: 12, stride: 2, ..WindowConfig::default() });
    config.data.target = Some("bad".into());
    config.data.split.by = SplitBy::EntityAndTime;
    config.data.split.entities = vec!["e".into(), "f".into()];
    config.data.split.from = Some("60".into());
    config.data.split.valid = 0.2;
    config.train.epochs = 150;
    config.train.optimizer = toml::from_str("adam = { rate = 0.01 }").unwrap();
    config.train.batch = 32;
    config
}

const LSTM: &str = "[autoencoder]
encoder = [{ lstm = 12, output = 'last' }, { dense = 3 }]
decoder = [{ repeat = 12 }, { lstm = 12 }]
likelihood = { squared-error = { output = 'linear' } }";

const SKIP: &str = "[autoencoder]
encoder = [{ dense = 24, activation = 'tanh' }, { dense = 2 }]
decoder = [{ dense = 24, activation = 'tanh' }]
pca-skip = true
likelihood = { squared-error = { output = 'linear' } }";

const VAE: &str = "[vae]
latent = 2
encoder = [{ dense = 24, activation = 'tanh' }]
decoder = [{ dense = 24, activation = 'tanh' }]
likelihood = { gaussian = { variance = 'shared' } }";

fn names(data: &Data) -> Vec<String> {
    data.table().unwrap().0.columns.iter().map(|column| column.name.clone()).collect()
}

#[test]
fn an_lstm_autoencoder_of_windows_answers_every_verb_also_from_its_directory() {
    let table = prices(120);
    let mut fitted = veridic::fit(table.clone(), &config(LSTM), 2).unwrap();
    let report = fitted.report();
    assert!(report["test.reconstruction"] < 0.6, "{report:?}");
    assert!(report["control.pca.reconstruction"] < 0.2 && report["test.auroc"] > 0.9, "{report:?}");
    // 4 entities of 60 points for training and validation, 2 of 60 for testing.
    let rows = fitted.info().rows;
    assert_eq!((rows[0] + rows[1], rows[2]), (4 * (25 - 6), 50), "{rows:?}");

    let scores = fitted.score(table.clone(), 1).unwrap();
    let (points, _) = scores.points.as_ref().unwrap();
    let columns: Vec<&str> = points.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["who", "from", "until", "bad"]);
    assert_eq!(scores.scores.len(), 6 * 55);
    assert!(scores.reasons[0][0].column.starts_with("price_"));
    let (codes, _, _) = fitted.encode(table.clone()).unwrap();
    let columns: Vec<&str> = codes.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["who", "from", "until", "bad", "z1", "z2", "z3"]);
    let (given_back, _) = fitted.reconstruct(table.clone()).unwrap();
    assert_eq!(names(&given_back)[3..6], ["bad", "price_1", "price_2"]);

    let place = tempfile::tempdir().unwrap();
    fitted.save(&place.path().join("run")).unwrap();
    let mut opened = Fitted::open(&place.path().join("run"), 1).unwrap();
    assert_eq!(opened.score(table.clone(), 1).unwrap(), scores);
    assert_eq!(opened.encode(table.clone()).unwrap().0, codes);
    // A file of one series, without the label and the entity's column: what is needed is asked for.
    let without = table.select(&["day", "price"]).unwrap();
    let error = opened.score(without, 0).unwrap_err().to_string();
    assert!(error.contains("who"), "{error}");
    let unlabelled = table.select(&["who", "day", "price"]).unwrap();
    assert_eq!(opened.score(unlabelled, 0).unwrap().scores, scores.scores);
    std::fs::write(place.path().join("run/series.json"), "{}").unwrap();
    let error = Fitted::open(&place.path().join("run"), 1).unwrap_err().to_string();
    assert!(error.contains("series.json"), "{error}");
}

#[test]
fn a_skip_starts_at_the_principal_components_and_learns_the_rest() {
    let mut still = config(SKIP);
    still.train.epochs = 1;
    // A step so small that nothing moves: what is measured is the start.
    still.train.optimizer = toml::from_str("adam = { rate = 1e-12 }").unwrap();
    let report = veridic::fit(prices(120), &still, 1).unwrap().report();
    let (ours, pca) = (report["test.reconstruction"], report["control.pca.reconstruction"]);
    assert!((ours - pca).abs() < 1e-4 * pca, "{ours} {pca}");
    let report = veridic::fit(prices(120), &config(SKIP), 1).unwrap().report();
    assert!(report["train.loss"] > 0.0 && report["test.reconstruction"] < 1.1 * pca, "{report:?}");
    let text = SKIP.replace("{ dense = 2 }", "{ dense = 20 }");
    let error = veridic::fit(prices(120), &config(&text), 1).unwrap_err().to_string();
    assert!(error.contains("a code of at most 12 values, and it has 20"), "{error}");
    let text = SKIP.replace("{ squared-error = { output = 'linear' } }", "'mixed'");
    assert!(veridic::fit(prices(120), &config(&text), 1).unwrap_err().to_string().contains("without bounds"));
}

#[test]
fn a_vae_of_windows_makes_paths_of_the_channels() {
    let mut config = config(VAE);
    config.data.series.window.as_mut().unwrap().form = WindowForm::Returns;
    let mut fitted = veridic::fit(prices(120), &config, 2).unwrap();
    assert!(fitted.report().contains_key("test.unexplained"));
    let paths = fitted.sample(5, &[], 3).unwrap();
    assert_eq!(names(&paths), ["path", "step", "price"]);
    let (table, _) = paths.table().unwrap();
    assert_eq!(table.n_rows, 5 * 12);
    let Cells::Number(price) = &table.columns[2].cells else { panic!() };
    assert!(price.iter().all(|price| *price > 0.3 && *price < 3.0), "relative to 1: {price:?}");
    assert_eq!(fitted.sample(5, &[], 3).unwrap(), paths);
    let walk = Walk::Grid { dimensions: [1, 2], side: 3, range: None, row: None };
    let walked = fitted.walk(&walk, None, std::path::Path::new("data")).unwrap();
    assert_eq!(walked.rows.len(), 9);
    assert!(walked.figure().is_ok());
}

#[test]
fn settings_that_do_not_go_with_windows_are_refused() {
    let refused = |change: &dyn Fn(&mut Config), words: &str| {
        let mut config = config(LSTM);
        change(&mut config);
        let error = veridic::fit(prices(120), &config, 1).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    };
    refused(&|c| c.model = ModelConfig::Series(Box::default()), "the model is a detector of series");
    refused(&|c| c.data.split.by = SplitBy::OneClass, "windows of series overlap");
    refused(&|c| c.data.split.by = SplitBy::Time, "is no rule by entity");
    refused(&|c| c.data.split.entities = vec!["z".into()], "there is no series of `z`");
    refused(&|c| c.data.split.from = Some("spring".into()), "`spring` is no time such as 0");
    refused(&|c| c.data.split.from = Some("115".into()), "no series has a window of 12 points for testing");
    refused(&|c| c.data.series.window.as_mut().unwrap().length = 1, "data.series.window.length");
    refused(&|c| c.data.series.window.as_mut().unwrap().stride = 0, "data.series.window.stride");
    refused(&|c| c.data.series.values = vec!["who".into()], "holds text");
    let mut config = config(LSTM);
    config.data.series.window = None;
    let error = veridic::fit(prices(120), &config, 1).unwrap_err().to_string();
    assert!(error.contains("are for windows of series"), "{error}");
}

#[test]
fn entities_too_short_to_be_cut_in_time_are_parted_whole() {
    // Forty shops of five days each, all of the same week.
    let shops: Vec<String> = (0..200).map(|i| format!("s{}", i / 5)).collect();
    let table = Table::new([
        ("who", Cells::texts(shops.iter().map(|shop| Some(shop.as_str())))),
        ("day", Cells::numbers((0..200).map(|i| f64::from(i % 5)))),
        ("price", Cells::numbers((0..200).map(|i| f64::from((i * 7919) % 101)))),
    ])
    .unwrap();
    let of = |change: &dyn Fn(&mut Config)| {
        let mut config = Config { data: Default::default(), ..config(VAE) };
        config.data.series.entity = Some("who".into());
        config.data.series.time = Some("day".into());
        config.data.series.window = Some(WindowConfig { length: 4, ..WindowConfig::default() });
        config.train.epochs = 2;
        change(&mut config);
        veridic::fit(table.clone(), &config, 1)
    };
    let fitted = of(&|_| ()).unwrap();
    assert!(
        fitted.info().notes.iter().any(|note| note.contains("parted by entity")),
        "{:?}",
        fitted.info().notes
    );
    // Two windows of each shop, both in one part.
    let rows = fitted.info().rows;
    assert!(
        rows.iter().sum::<usize>() == 80 && rows.iter().all(|part| part % 2 == 0 && *part > 0),
        "{rows:?}"
    );
    // What is asked for is not decided otherwise.
    let error = of(&|config| config.data.split.by = SplitBy::Time).unwrap_err().to_string();
    assert!(error.contains("a part would be empty"), "{error}");
}
