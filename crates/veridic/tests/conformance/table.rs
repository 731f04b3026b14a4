//! Models of tables without a graph: what was fitted answers the same once it is saved and opened again.

use std::fmt::Write as _;

use veridic::data::{Data, ReadOptions, read};
use veridic::models::{Ability, ModelConfig};
use veridic::run::{Config, Fitted, fit};

use super::support::{Place, ROWS, numbers, sampled, text, texts};

/// Settings that make a model small, or that it does not do without.
const SETTINGS: [(&str, &str); 6] = [
    ("table", "chain = { members = 1, boost = { rounds = 20 } }"),
    ("chain", "members = 1\nboost = { rounds = 20 }"),
    ("circuit", "epochs = 2"),
    ("private-marginals", "noise-seed = 1\nranges = { height = [150, 200], visits = [0, 20] }"),
    ("boosted-trees", "rounds = 20"),
    ("rare-class", "rounds = 20\ntrees = 10"),
];

/// Every model of rows that is no network, with its configuration: a new one is among them.
fn cases() -> impl Iterator<Item = (&'static str, Config)> {
    let elsewhere = [Ability::Encode, Ability::Alarm, Ability::Continue];
    let is_here = move |model: &ModelConfig| {
        // Label propagation speaks of encoded rows, and is tested with them.
        !matches!(model, ModelConfig::Propagation(_)) && !elsewhere.iter().any(|ability| model.can(*ability))
    };
    ModelConfig::all().into_iter().filter(is_here).map(|model| {
        let name = model.name();
        let settings = SETTINGS.iter().find(|(of, _)| *of == name).map_or("", |(_, settings)| settings);
        // What learns from rows without a label needs some.
        let labelled = if name == "rare-class" { "labelled = 60\n" } else { "" };
        let text = format!(
            "seed = 7\n[data]\ntarget = \"label\"\n{labelled}[evaluate]\nsample-rows = 40\n[model.{name}]\n{settings}\n"
        );
        (name, Config::from_toml(&text, name).unwrap())
    })
}

/// All that a run says of the table, for every ability that its model has.
fn answers(run: &mut Fitted, place: &Place) -> String {
    let path = place.at("table.csv");
    let mut all = String::new();
    if run.can(Ability::Score) {
        let reasons = if run.can(Ability::Explain) { 99 } else { 0 };
        let (table, schema) = run.score(&path, reasons).unwrap().table();
        let scores = numbers(&table, "score");
        assert!(scores.len() == ROWS && scores.iter().all(|score| score.is_finite()), "{scores:?}");
        all += &text(&table, &schema);
    }
    if run.can(Ability::Sample) {
        all += &sampled(run, 30, &[], 1);
    }
    if run.can(Ability::Likelihood) {
        let (table, schema, _) = run.log_likelihood(&path).unwrap();
        all += &text(&table, &schema);
    }
    if run.can(Ability::Fill) {
        let (data, notes) = run.fill(&path, 1, 1).unwrap();
        let Data::Table(table, schema) = data else { panic!("a table") };
        write!(all, "{}{notes:?}", text(&table, &schema)).unwrap();
    }
    if run.can(Ability::Classify) {
        let (table, schema, _) = run.classify(&path).unwrap();
        assert_eq!(table.n_rows, ROWS);
        all += &text(&table, &schema);
    }
    all
}

#[test]
fn a_saved_model_answers_as_the_fitted_one_at_any_number_of_threads() {
    let place = Place::new();
    let source = read(&place.at("table.csv"), &ReadOptions::default()).unwrap();
    let data = Data::Table(source.table, source.schema);
    for (model, config) in cases() {
        let mut fitted = fit(data.clone(), &config, 1).unwrap_or_else(|error| panic!("{model}: {error}"));
        fitted.save(&place.at(model)).unwrap();
        let said = answers(&mut fitted, &place);
        assert!(!said.is_empty(), "{model} is capable of nothing");
        for threads in [1, 2] {
            let mut opened = Fitted::open(&place.at(model), threads)
                .unwrap_or_else(|error| panic!("{model} cannot be opened: {error}"));
            assert!(answers(&mut opened, &place) == said, "{model}, opened, with {threads} threads");
        }
        let mut again = fit(data.clone(), &config, 2).unwrap();
        assert!(answers(&mut again, &place) == said, "{model}, fitted again with two threads");
    }
}

#[test]
fn no_detector_looks_at_the_target_and_its_reasons_sum_to_the_score() {
    let place = Place::new();
    for (model, config) in cases() {
        if !config.model.can(Ability::Explain) {
            continue;
        }
        place.fit(&config, model, 1);
        let (table, _) = place.open(model, 1).score(place.at("table.csv"), 99).unwrap().table();
        let all = numbers(&table, "score");
        let adds: Vec<_> = (1..)
            .map(|k| format!("reason_{k}_adds"))
            .take_while(|name| table.column(name).is_some())
            .map(|name| numbers(&table, &name))
            .collect();
        for (i, score) in all.iter().enumerate() {
            let sum: f64 = adds.iter().map(|adds| adds[i]).filter(|adds| !adds.is_nan()).sum();
            assert!((sum - score).abs() < 1e-4 * (1.0 + score.abs()), "{model} row {i}: {sum} {score}");
        }
        let named = (1..=adds.len()).flat_map(|k| texts(&table, &format!("reason_{k}")));
        assert!(named.flatten().all(|column| column != "label"), "{model} looks at the target");
    }
}
