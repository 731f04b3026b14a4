//! A circuit as the model of a table: rows with conditions, predictions, completed cells and likelihoods.

use std::fmt::Write as _;

use super::Place;

/// Visitors whose wing follows from their age, with the age of some unknown.
fn visits() -> String {
    let mut text = "age,wing,paid\n".to_string();
    for i in 0..600 {
        let age = i * 37 % 80 + 5;
        let wing = if age < 40 { "east" } else { "west" };
        let shown = if i % 10 == 0 { String::new() } else { age.to_string() };
        let _ = writeln!(text, "{shown},{wing},{}", ["yes", "no"][usize::from(i % 3 == 0)]);
    }
    text
}

#[test]
fn a_circuit_answers_what_a_chain_does() {
    let place = Place::new();
    place.write("visits.csv", visits());
    let fit = ["fit", "visits.csv", "--out", "run", "--set", "model=circuit", "--threads", "1"];
    place.succeed(&[&fit[..], &["--set", "model.circuit.states=16"]].concat());
    place.succeed(&[
        "sample",
        "run",
        "-n",
        "200",
        "--given",
        "wing=west",
        "--given",
        "age=50..60",
        "-o",
        "m.csv",
    ]);
    for line in place.read("m.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!((50..=60).contains(&cells[0].parse::<i32>().unwrap()) && cells[1] == "west", "{line}");
    }
    place.write("open.csv", "age,wing,paid\n70,,yes\n12,,no\n,west,yes\n");
    place.succeed(&["predict", "run", "open.csv", "--column", "wing", "-o", "told.csv"]);
    let told: Vec<String> = place.read("told.csv").lines().skip(1).map(str::to_string).collect();
    assert!(told[0].starts_with("west,") && told[1].starts_with("east,"), "{told:?}");
    place.succeed(&["fill", "run", "open.csv", "-o", "filled.csv"]);
    let filled = place.read("filled.csv");
    let filled: Vec<&str> = filled.lines().skip(1).collect();
    assert_eq!((filled[0], filled[1]), ("70,west,yes", "12,east,no"));
    assert!(filled[2].ends_with(",west,yes") && !filled[2].starts_with(','), "{filled:?}");
    let likely = place.succeed(&["likelihood", "run", "visits.csv"]).out;
    for line in likely.lines().skip(1) {
        let nats: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert!((nats[0] - nats[1..].iter().sum::<f64>()).abs() < 1e-3 && nats[0] < 0.0, "{line}");
    }
    let err = place.fail(&["sample", "run", "-n", "5", "--given", "wing=north"]);
    assert!(err.contains("north") && err.contains("east"), "{err}");
    let err = place.fail(&["sample", "run", "-n", "5", "--given", "age=900..1000"]);
    assert!(err.contains("age = 900..1000: no row can meet it") && err.contains("`6` to `84`"), "{err}");
}

#[test]
fn a_circuit_keeps_rules_and_says_what_cannot_be_together() {
    let place = Place::new();
    place.write("visits.csv", visits());
    let fit = ["fit", "visits.csv", "--out", "run", "--set", "model=circuit", "--threads", "1"];
    place.succeed(&[&fit[..], &["--set", "data.rules.hold=[\"age in 0..120\"]"]].concat());
    let shown = place.succeed(&["show", "run"]).out;
    assert!(shown.contains("`age` in 0..120") && shown.contains("`age` and `wing` never"), "{shown}");
    place.succeed(&["sample", "run", "-n", "600", "-o", "made.csv"]);
    for line in place.read("made.csv").lines().skip(1).filter(|line| !line.starts_with(',')) {
        let (age, rest) = line.split_once(',').unwrap();
        let age: i32 = age.parse().unwrap();
        // Close to where wings change, too few rows were to be expected.
        assert!((36..44).contains(&age) || rest.starts_with("east") == (age < 40), "{line}");
    }
    let err = place.fail(&["sample", "run", "-n", "5", "--given", "wing=west", "--given", "age=10..20"]);
    assert!(err.contains("no row can meet the conditions on age and wing together"), "{err}");
    let trees = ["--target", "paid", "--set", "model=boosted-trees", "--set", "data.rules.order=false"];
    let said = place.succeed(&[&["fit", "visits.csv", "--out", "trees"][..], &trees].concat()).err;
    assert!(said.contains("`data.rules.order` has no effect"), "{said}");
}

#[test]
fn private_marginals_make_rows_and_refuse_conditions() {
    let place = Place::new();
    place.write("data.csv", visits());
    place.succeed(&["fit", "data.csv", "--set", "model=private-marginals", "--out", "private", "--quiet"]);
    let made = place.succeed(&["sample", "private", "-n", "9"]).out;
    assert_eq!(made.lines().count(), 10, "{made}");
    let error = place.fail(&["sample", "private", "-n", "9", "--given", "wing=east"]);
    assert!(error.contains("as they come"), "{error}");
}
