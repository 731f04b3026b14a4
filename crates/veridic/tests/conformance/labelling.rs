//! Networks that learn from few labels keep to what all models do, and find what labels alone cannot.

use std::fs;

use veridic::data::{Cells, Column, Data, Schema, Table};
use veridic::run::{Config, FitOptions, Fitted, fit, fit_files};

use super::support::{Place, never};

/// 400 rows of two heaps that touch, 100 of them of the second; the first 360 distinct.
fn heaps() -> (Table, Schema) {
    let mut state = 7u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let (mut x, mut y, mut kind) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..400u32 {
        let is_second = i % 4 == 0;
        x.push(normal() + if is_second { 3.0 } else { 0.0 });
        y.push(normal() - if is_second { 3.0 } else { 0.0 });
        kind.push(u32::from(is_second));
    }
    let number = |name: &str, values| Column { name: name.to_string(), cells: Cells::Number(values) };
    let levels = vec!["first".to_string(), "second".to_string()];
    let target = Column { name: "kind".to_string(), cells: Cells::Text { codes: kind, levels } };
    let table = Table { n_rows: 400, columns: vec![number("x", x), number("y", y), target] };
    let schema = Schema::of(&table);
    (table, schema)
}

/// A semi-supervised network of a draw of few labels, compared with another form of itself.
fn semi_supervised(more: &str) -> Config {
    let text = format!(
        "seed = 3\n\
         [data]\ntarget = 'kind'\npositive = ['second']\nmodel-target = false\n\
         split = {{ by = 'few-labels', valid = 0.34, few = {{ positive = 12, other = 30, unlabelled = 120, rate = 0.1 }} }}\n\
         [codec]\nnumeric = 'standard'\ncut = 8.0\n\
         [model.gan]\nlatent = 2\nclassify = 2.0\nadversarial = 0.0\nfeature-matching = 1.0\n\
         generator = [{{ dense = 16, activation = 'relu' }}]\n\
         discriminator = [{{ noise = 0.1 }}, {{ dense = 16, activation = 'leaky-relu' }}]\n\
         semi-supervised = {{ rare = 0.4, average = 0.9 }}\n\
         [train]\nepochs = 8\nepoch-steps = 10\nbatch = 32\noptimizer = {{ adam = {{ rate = 0.01 }} }}\n\
         [evaluate]\nbest-by = 'valid.average_precision'\nmade-rows = 10\n{more}"
    );
    Config::from_toml(&text, "the test").unwrap()
}

fn told(fitted: &mut Fitted, table: &Table) -> Vec<String> {
    let (told, ..) = fitted.classify(Data::Table(table.clone(), Schema::of(table))).unwrap();
    let Cells::Text { codes, levels } = &told.columns[0].cells else { panic!("classes are texts") };
    codes.iter().map(|&code| levels[code as usize].clone()).collect()
}

#[test]
fn a_semi_supervised_network_tells_classes_alike_at_any_number_of_threads_and_after_reopening() {
    let (table, schema) = heaps();
    let config = semi_supervised("");
    let mut one = fit(Data::Table(table.clone(), schema.clone()), &config, 1).unwrap();
    let report = one.report();
    assert!(report["test.accuracy"] > 0.8 && report["test.average_precision"] > 0.9, "{report:?}");
    let classes = told(&mut one, &table);
    let second = classes.iter().filter(|class| *class == "second").count();
    assert!((60..180).contains(&second), "{second} of 400, where 100 are");
    let mut two = fit(Data::Table(table.clone(), schema), &config, 2).unwrap();
    assert_eq!(told(&mut two, &table), classes);
    let place = Place::new();
    one.save(&place.at("saved")).unwrap();
    let mut again = Fitted::open(&place.at("saved"), 2).unwrap();
    assert_eq!(told(&mut again, &table), classes);
    assert!(again.sample(5, &[], 1).is_ok());
}

/// The table as a file, fitted with a comparison over draws.
fn compared(place: &Place, config: &Config, out: &str) -> veridic::run::FittedRun {
    let (table, schema) = heaps();
    let mut csv = Vec::new();
    veridic::data::write_csv(&table, &schema, &mut csv).unwrap();
    fs::write(place.at("heaps.csv"), csv).unwrap();
    let options = FitOptions { data: Some(place.at("heaps.csv")), ..place.options(config, out, 1) };
    fit_files(&options, &never(), &mut |_| {}).unwrap()
}

#[test]
fn networks_and_classifiers_of_few_labels_are_compared_on_the_same_draws() {
    let place = Place::new();
    let more = "[few-labels]\ndraws = 2\n[[figure]]\nkind = 'few-label-curves'\n";
    let run = compared(&place, &semi_supervised(more), "run");
    for name in [
        "sgan.best_f1",
        "sgan.final_f1",
        "sgan.held",
        "control.logistic.f1",
        "control.trees_unlabelled.auroc",
    ] {
        let (low, value, high) =
            (run.report[&format!("{name}.low")], run.report[name], run.report[&format!("{name}.high")]);
        assert!(low <= value && value <= high && value > 0.5 && high <= 1.2, "{name}: {low} {value} {high}");
    }
    assert!(run.notes.iter().any(|note| note.contains("the network has")), "{:?}", run.notes);
    let curves = fs::read_to_string(place.at("run").join("few-labels.csv")).unwrap();
    assert_eq!(curves.lines().count(), 1 + 2 * 8);
    assert!(run.figures.iter().all(|figure| figure.is_file()) && run.figures.len() == 1);
}

#[test]
fn pseudo_labels_in_rounds_use_rows_without_a_label_and_repeat_bit_by_bit() {
    let (table, schema) = heaps();
    let text = "seed = 3\n\
        [data]\ntarget = 'kind'\nmodel-target = false\nlabelled = 8\nsplit = { valid = 0.0, test = 0.3 }\n\
        [model.classifier]\nlayers = [{ dense = 8, activation = 'tanh' }]\n\
        pseudo = { rounds = 3, threshold = 0.8, true-share = 0.3 }\n\
        [train]\nepochs = 15\nbatch = 16\noptimizer = { adam = { rate = 0.01 } }\n";
    let config = Config::from_toml(text, "the test").unwrap();
    let mut one = fit(Data::Table(table.clone(), schema.clone()), &config, 1).unwrap();
    let report = one.report();
    assert_eq!(report["labels.rows"], 8.0);
    assert!(report["pseudo.rows"] > 50.0 && report["pseudo.rounds"] >= 1.0, "{report:?}");
    assert!(report["pseudo.error"] < 0.15 && report["test.error"] < 0.15, "{report:?}");
    assert!(report["pseudo.taken_error"] <= report["pseudo.error"] + 0.02, "{report:?}");
    let mut two = fit(Data::Table(table.clone(), schema), &config, 2).unwrap();
    assert_eq!(two.report(), report);
    assert_eq!(told(&mut one, &table), told(&mut two, &table));
}

#[test]
fn classifiers_of_a_table_look_at_no_label_that_is_hidden() {
    let (mut table, schema) = heaps();
    let place = Place::new();
    let mut labels = "row,class\n".to_string();
    (0..80).for_each(|i| labels += &format!("{},{}\n", i + 1, if i % 4 == 0 { "second" } else { "first" }));
    fs::write(place.at("labels.csv"), labels).unwrap();
    let model = |name: &str, table: &Table| {
        let labels = place.at("labels.csv");
        let text =
            format!("seed = 3\n[data]\ntarget = 'kind'\nlabels = '{}'\n[model.{name}]\n", labels.display());
        let config = Config::from_toml(&text, "the test").unwrap();
        let mut fitted = fit(Data::Table(table.clone(), schema.clone()), &config, 1).unwrap();
        told(&mut fitted, table)
    };
    let names = ["boosted-trees", "extra-trees", "logistic-regression", "rare-class"];
    let before = names.map(|name| model(name, &table));
    let second = before[0].iter().filter(|class| *class == "second").count();
    assert!((60..160).contains(&second), "{second} of 400, where 100 are");
    // All labels of the table are turned around; those of the file count.
    for column in &mut table.columns {
        if let Cells::Text { codes, .. } = &mut column.cells {
            codes.iter_mut().for_each(|code| *code = 1 - *code);
        }
    }
    for (name, before) in names.into_iter().zip(before) {
        assert_eq!(model(name, &table), before, "{name}");
    }
}

#[test]
fn what_cannot_be_learned_from_few_labels_is_said() {
    let (table, schema) = heaps();
    let text = "[data]\ntarget = 'kind'\n[model.classifier]\nself-training = {}\n";
    let config = Config::from_toml(text, "the test").unwrap();
    let error = fit(Data::Table(table, schema), &config, 1).unwrap_err();
    assert!(error.to_string().contains("warps images"), "{error}");
    let wrong = |text: &str| Config::from_toml(text, "the test").unwrap_err().to_string();
    assert!(wrong("[model.gan]\nsemi-supervised = {}\n").contains("`classify` is 0"));
    assert!(
        wrong("[model.gan]\nclassify = 1.0\nconditional = true\nsemi-supervised = {}\n")
            .contains("conditional")
    );
    assert!(wrong("[few-labels]\ndraws = 2\n").contains("semi-supervised"));
    assert!(wrong("[model.classifier]\npseudo = {}\nself-training = {}\n").contains("both give labels"));
}
