//! What a run directory holds of the data: planted values are searched for in every byte of it.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use veridic::data::{Cells, Data};
use veridic::run::{Config, FitOptions, Fitted, fit_files};

/// Numbers of few rows, each written as nothing else in the file is.
const NUMBERS: [&str; 3] = ["98765.43", "31337.17", "444.21"];
/// Texts of few rows.
const TEXTS: [&str; 3] = ["Plantedville", "name-of-0042", "2031-07-19"];

fn rows(n: usize) -> String {
    let mut text = "name,city,day,amount,score,flag\n".to_string();
    for i in 0..n {
        let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let city = if i == 42 { TEXTS[0] } else { ["north", "south", "west"][mixed as usize % 3] };
        let day = if i == 43 {
            TEXTS[2].to_string()
        } else {
            format!("2024-{:02}-{:02}", 1 + mixed % 12, 1 + mixed % 28)
        };
        let amount = match i {
            44 => NUMBERS[0].to_string(),
            45 => NUMBERS[1].to_string(),
            46 => NUMBERS[2].to_string(),
            _ if i % 3 == 0 => "0".to_string(),
            // No two digits behind the point are those of the planted ones.
            _ => format!("{}.{}5", mixed % 900, mixed % 7),
        };
        let flag = if mixed.is_multiple_of(5) { "yes" } else { "no" };
        writeln!(text, "name-of-{i:04},{city},{day},{amount},{},{flag}", mixed % 40).unwrap();
    }
    text
}

fn config(text: &str) -> Config {
    Config::from_toml(&format!("[data.split]\nvalid = 0.0\ntest = 0.1\n{text}"), "the test").unwrap()
}

fn fitted(place: &Path, config: Config, out: &str) -> Fitted {
    fs::write(place.join("rows.csv"), rows(900)).unwrap();
    let options = FitOptions {
        data: Some(place.join("rows.csv")),
        data_dir: place.to_path_buf(),
        out: place.join(out),
        config: Some(config),
        target: None,
        sets: Vec::new(),
        threads: 2,
        resume: false,
    };
    fit_files(&options, &AtomicBool::new(false), &mut |_| {}).unwrap();
    Fitted::open(&place.join(out), 2).unwrap()
}

/// All bytes of a run, and what of the planted values is in them: as text, or as a number of 8 or 4 bytes.
fn found(run: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![run.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let has = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
            let mut told = |what: &str| found.push(format!("{what} in {}", path.display()));
            for text in TEXTS.iter().chain(&NUMBERS) {
                if has(text.as_bytes()) {
                    told(text);
                }
            }
            for text in NUMBERS {
                let value: f64 = text.parse().unwrap();
                if has(&value.to_le_bytes()) || has(&(value as f32).to_le_bytes()) {
                    told(text);
                }
            }
        }
    }
    found
}

#[test]
fn a_chain_that_stores_no_values_holds_none_of_few_rows() {
    let place = tempfile::tempdir().unwrap();
    let chain = "[[figure]]\nkind = \"columns\"\n[[figure]]\nkind = \"correlation\"\n[evaluate]\nsample-rows = 300\n[model.chain]\nmembers = 1\n[model.chain.boost]\nrounds = 30\n";
    let kept = fitted(place.path(), config(chain), "kept");
    // The search finds what is there.
    let leaked = found(&place.path().join("kept"));
    for text in [NUMBERS[0], TEXTS[0]] {
        assert!(leaked.iter().any(|found| found.starts_with(text)), "{text} is not in {leaked:?}");
    }
    let told: Vec<String> =
        kept.kept_values().into_iter().map(|(file, what)| format!("{file}: {what}")).collect();
    assert!(
        told.iter().any(|line| line.starts_with("model.safetensors: ") && line.contains("quantiles")),
        "{told:?}"
    );
    assert!(!told.concat().contains("ten rows"), "{told:?}");

    let chain = format!("{chain}[data.privacy]\nstore-values = false\n");
    let mut none = fitted(place.path(), config(&chain), "none");
    assert_eq!(found(&place.path().join("none")), Vec::<String>::new());
    assert!(none.kept_values().iter().all(|(_, what)| what.contains("ten rows")), "{:?}", none.kept_values());
    let Data::Table(made, _) = none.sample(600, &[], 1).unwrap() else { panic!("a table") };
    let Cells::Number(amounts) = &made.column("amount").unwrap().cells else { panic!("numbers") };
    let zeros = amounts.iter().filter(|amount| **amount == 0.0).count() as f64 / 600.0;
    assert!((zeros - 1.0 / 3.0).abs() < 0.08, "{zeros}");
    let most = amounts.iter().copied().fold(0.0, f64::max);
    // The largest is the mean of at least ten.
    assert!(most < 20_000.0, "{most}");
    let card = fs::read_to_string(place.path().join("none/card.md")).unwrap();
    assert!(card.contains("store-values") && !card.contains("`veridic show` lists them"), "{card}");
}

#[test]
fn models_that_keep_rows_are_refused_where_none_may_be_kept() {
    for text in [
        "[model.surprise]\n",
        "[model.vae]\n",
        "[model.chain]\n[[figure]]\nkind = \"sampled-rows\"\n",
        "[model.chain]\n[augment]\n",
    ] {
        let text = format!("{text}\n[data.privacy]\nstore-values = false\n");
        let error = Config::from_toml(&text, "the test").unwrap_err();
        assert!(error.to_string().contains("data.privacy.store-values"), "{text}: {error}");
    }
}

#[test]
fn rows_of_private_marginals_are_made_and_the_model_holds_no_planted_value() {
    let place = tempfile::tempdir().unwrap();
    let text = "[model.private-marginals]\nepsilon = 5.0\n[model.private-marginals.ranges]\namount = [0.0, 1000.0]\nday = [1704067200.0, 1735603200.0]\n";
    let mut fitted = fitted(place.path(), config(text), "run");
    let found = found(&place.path().join("run"));
    let in_model: Vec<&String> = found.iter().filter(|found| found.ends_with("model.safetensors")).collect();
    // Names of categories count as known; numbers beyond the range do not.
    assert!(in_model.iter().all(|found| found.starts_with(TEXTS[0])), "{in_model:?}");
    let Data::Table(made, schema) = fitted.sample(200, &[], 1).unwrap() else { panic!("a table") };
    assert_eq!(made.n_rows, 200);
    assert!(schema.column("amount").is_some() && made.column("name").is_none());
    let refused = fitted.sample(10, &[("city".to_string(), "north".to_string())], 1).unwrap_err();
    assert!(refused.to_string().contains("as they come"), "{refused}");
    let card = fs::read_to_string(place.path().join("run/card.md")).unwrap();
    assert!(card.contains("differentially private with epsilon 5"), "{card}");
}
