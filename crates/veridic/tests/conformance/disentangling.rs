//! Factors of generated images: squares of three sizes at sixteen places, a column a pixel.

use std::fmt::Write as _;

use veridic::run::{Config, FitOptions, fit_files, plan};

use super::support::{Place, never};

const SIDE: usize = 8;

/// Every square six times, as a table of pixels and factors.
fn squares() -> String {
    let mut text: String = (0..SIDE * SIDE).map(|i| format!("p{i},")).collect();
    text += "across,down,size\n";
    for i in 0..6 * 4 * 4 * 3 {
        let (across, down, size) = (i % 4, i / 4 % 4, i / 16 % 3);
        for at in 0..SIDE * SIDE {
            let inside = |at: usize, from: usize| (from..from + 2 + size).contains(&at);
            let lit = inside(at % SIDE, across) && inside(at / SIDE, down);
            write!(text, "{},", u8::from(lit)).unwrap();
        }
        writeln!(text, "{},{},{}", across * 10, down, ["small", "medium", "large"][size]).unwrap();
    }
    text
}

fn config(factors: &str) -> Config {
    let text = format!(
        "[data]\ndrop = [\"across\", \"down\", \"size\"]\n\
         [model.vae]\nlatent = 4\nlikelihood = \"mixed\"\nbeta = 2.0\n\
         encoder = [{{ dense = 32, activation = \"relu\" }}]\ndecoder = [{{ dense = 32, activation = \"relu\" }}]\n\
         [train]\nepochs = 30\nbatch = 32\noptimizer = {{ adam = {{ rate = 0.01 }} }}\n\
         [evaluate]\nsample-rows = 0\nfactors = {factors}\n"
    );
    Config::from_toml(&text, "the test").unwrap()
}

fn options(place: &Place, factors: &str, out: &str, threads: usize) -> FitOptions {
    let data = Some(place.file("squares.csv", &squares()));
    FitOptions { data, ..place.options(&config(factors), out, threads) }
}

#[test]
fn factors_that_are_named_are_measured_the_same_at_any_number_of_threads() {
    let place = Place::new();
    let factors = "[\"across\", \"down\", \"size\"]";
    let report = |out: &str, threads| {
        fit_files(&options(&place, factors, out, threads), &never(), &mut |_| {}).unwrap().report
    };
    let (one, two) = (report("one", 1), report("two", 2));
    assert_eq!(one, two);
    let of = |name: &str| one[&format!("latent.{name}")];
    for name in ["mig", "sap", "factor_vae_score", "dci_disentanglement", "dci_completeness"] {
        assert!((0.0..=1.0).contains(&of(name)), "{name}: {}", of(name));
    }
    // Thirty epochs learn where a square is: far above the chance of 1/4, 1/4 and 1/3.
    assert!(of("dci_informativeness") > 0.45, "{}", of("dci_informativeness"));
    assert!(of("active_units") >= 2.0);
}

#[test]
fn factors_that_cannot_be_measured_are_refused_before_training() {
    let place = Place::new();
    let refused = |factors: &str| {
        let options = options(&place, factors, "run", 1);
        let error = fit_files(&options, &never(), &mut |_| {}).unwrap_err().to_string();
        assert_eq!(plan(&options).unwrap_err().to_string(), error);
        assert!(!place.at("run").exists());
        error
    };
    assert!(refused("[\"colour\"]").contains("`colour`"));
    assert_eq!(
        refused("[\"size\"]"),
        "`evaluate.factors` names `size` alone, and disentanglement is of two factors or more"
    );
    assert_eq!(
        refused("[\"size\", \"p63\", \"p0\"]").split(" of ").next(),
        Some("the factor `p63`"),
        "no square reaches the last corner"
    );
}

#[test]
fn a_latent_space_that_tells_nothing_apart_is_noted_instead_of_measured() {
    let place = Place::new();
    let options = options(&place, "[\"across\", \"down\", \"size\"]", "run", 1);
    let dead = options.config.as_ref().unwrap().with(&[("model.vae.beta".into(), "10000.0".into())]).unwrap();
    let options = FitOptions { config: Some(dead), ..options };
    let fitted = fit_files(&options, &never(), &mut |_| {}).unwrap();
    assert_eq!(fitted.report["latent.active_units"], 0.0);
    assert!(!fitted.report.keys().any(|name| name.contains("mig") || name.contains("dci")));
    assert!(fitted.notes.iter().any(|note| note.starts_with("no latent dimension is active")));
}
