//! Detectors on one of ADBench's sets, as one JSON line a detector.
//!
//! `adbench --data FILE.npz --protocol file|shuffle|unsupervised [--seed 0] [--detectors surprise,neighbors]
//! [--settings '{"trim": 0.1}'] [--relations true|false] [--threads 2]`: for the benchmarks. `file` learns from the first half of the normal rows and
//! scores the others and all anomalies, as published with DTE (Livernoche et al., ICLR 2024); sets below 1 000 rows are drawn
//! with replacement up to 1 000 before, above 50 000 without down to that. `shuffle` puts the normal rows in a random order
//! first, and makes no copies. `unsupervised` learns from all rows and scores them.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::path::Path;
use std::time::Instant;

use rand_chacha::rand_core::Rng;
use veridic::data::{Cells, Column, ColumnSchema, Kind, Schema, Table, npy};
use veridic::evaluate::{auroc, average_precision};
use veridic::models::chain::RuleConfig;
use veridic::models::detector::{Detector, DetectorConfig, NAMES};
use veridic::seed::Seed;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1)).map_or(default.to_string(), String::clone)
    };
    let arrays = npy::read_npz(Path::new(&value("--data", ""))).expect("a .npz file after --data");
    let array = |name: &str| &arrays.iter().find(|(found, _)| found.starts_with(name)).expect("X and y").1;
    let (rows, labels) = (array("X"), array("y"));
    let protocol = value("--protocol", "file");
    let seed = Seed(value("--seed", "0").parse().expect("a number after --seed"));
    let looked = value("--relations", "true") == "true";
    let rules = RuleConfig {
        decides: looked,
        formulas: looked,
        order: looked,
        pairs: looked,
        ..RuleConfig::default()
    };
    let threads = value("--threads", "2").parse().expect("a number after --threads");
    let (train, test) = split(&labels.values, &protocol, seed);
    let truth: Vec<bool> = test.iter().map(|&i| labels.values[i] != 0.0).collect();
    let (fitted, scored) =
        (table(&rows.values, rows.shape[1], &train), table(&rows.values, rows.shape[1], &test));
    let schema = schema(&fitted);
    let all: Vec<usize> = (0..fitted.n_rows).collect();
    for name in value("--detectors", &NAMES.join(",")).split(',') {
        // As published, a copy of a training row is not taken for that row.
        let published = protocol != "unsupervised" && matches!(name, "surprise" | "neighbors" | "lof");
        let own = match name {
            "surprise" if published => "{\"leave-out\": false, \"reference\": 50000, \"trim\": 0.0}",
            _ if published => "{\"leave-out\": false, \"reference\": 50000}",
            _ => "{}",
        };
        let mut settings: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(own).expect("JSON");
        settings
            .extend(serde_json::from_str::<serde_json::Map<_, _>>(&value("--settings", "{}")).expect("JSON"));
        let config: DetectorConfig =
            serde_json::from_value(serde_json::json!({ name: settings })).expect("settings");
        let begun = Instant::now();
        let detector =
            Detector::fit(config, &fitted, &schema, &all, &rules, (seed, threads)).expect("a detector");
        let fit = begun.elapsed().as_secs_f64();
        if value("--show", "false") == "true" {
            detector.relations().iter().for_each(|found| println!("{}", found.rule));
        }
        let score = detector.score(&scored, threads).expect("scores").score;
        let seconds = begun.elapsed().as_secs_f64() - fit;
        let (area, precision) = (
            auroc(&score, &truth).unwrap_or(f64::NAN),
            average_precision(&score, &truth).unwrap_or(f64::NAN),
        );
        println!(
            "{{\"detector\": \"{name}\", \"train\": {}, \"test\": {}, \"columns\": {}, \"auroc\": {area:.6}, \
             \"average_precision\": {precision:.6}, \"fit_seconds\": {fit:.3}, \"score_seconds\": {seconds:.3}}}",
            train.len(),
            test.len(),
            rows.shape[1],
        );
    }
}

/// Rows to learn from and to score.
fn split(labels: &[f64], protocol: &str, seed: Seed) -> (Vec<usize>, Vec<usize>) {
    let mut random = seed.stream("adbench");
    let mut below = |n: usize| ((u128::from(random.next_u64()) * n as u128) >> 64) as usize;
    let mut rows: Vec<usize> = (0..labels.len()).collect();
    let (n, copies) = (rows.len(), protocol != "shuffle");
    if protocol == "unsupervised" {
        return (rows.clone(), rows);
    }
    if n < 1000 && copies {
        rows = (0..1000).map(|_| below(n)).collect();
    } else if !(1000..=50_000).contains(&n) {
        for i in 0..n {
            let j = i + below(n - i);
            rows.swap(i, j);
        }
        rows.truncate(50_000);
    }
    let (mut normal, anomalies): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(|i| labels[*i] == 0.0);
    if protocol == "shuffle" {
        for i in 0..normal.len() {
            let j = i + below(normal.len() - i);
            normal.swap(i, j);
        }
    }
    // To even, as NumPy rounds.
    let half = (normal.len() as f64 / 2.0).round_ties_even() as usize;
    let test = normal[half..].iter().chain(&anomalies).copied().collect();
    normal.truncate(half);
    (normal, test)
}

fn table(values: &[f64], width: usize, rows: &[usize]) -> Table {
    let column = |j: usize| Column {
        name: format!("column_{}", j + 1),
        cells: Cells::Number(rows.iter().map(|i| values[i * width + j]).collect()),
    };
    Table { columns: (0..width).map(column).collect(), n_rows: rows.len() }
}

/// All columns are numbers, whatever they hold.
fn schema(table: &Table) -> Schema {
    let kind = || Kind::Real { decimals: 17, min: 0.0, max: 1.0 };
    let columns = table.columns.iter();
    Schema { columns: columns.map(|c| ColumnSchema::new(c.name.as_str(), kind(), 0)).collect() }
}
