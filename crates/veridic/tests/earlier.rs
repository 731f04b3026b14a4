//! Run directories of earlier versions open and say the same of the same data.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::{Path, PathBuf};

use veridic::data::{Data, Schema, Table, write_csv};
use veridic::run::Fitted;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs-0.1")
}

fn open(name: &str) -> Fitted {
    Fitted::open(&fixtures().join(name), 1).unwrap()
}

fn records(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|record| record.unwrap().iter().map(str::to_string).collect()).collect()
}

/// Equal but for the last digits of numbers: another kind of processor rounds otherwise.
fn assert_expected((table, schema): (&Table, &Schema), name: &str) {
    let expected = records(&std::fs::read(fixtures().join("expected").join(name)).unwrap());
    let mut written = Vec::new();
    write_csv(table, schema, &mut written).unwrap();
    let found = records(&written);
    assert_eq!(found.len(), expected.len(), "{name}");
    assert_eq!(found[0], expected[0], "{name}");
    for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (column, (found, expected)) in found.iter().zip(expected).enumerate() {
            let same = match (found.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(found), Ok(expected)) => (found - expected).abs() <= 1e-3 * (1.0 + expected.abs()),
                _ => found == expected,
            };
            assert!(same, "{name}, row {row}, column {column}: {found}, was {expected}");
        }
    }
}

#[test]
fn scores_with_reasons_and_codes_of_tables_are_as_they_were() {
    let patients = fixtures().join("patients.csv");
    let (table, schema) = open("table-vae").score(&patients, 2).unwrap().table();
    assert_expected((&table, &schema), "table-vae-score.csv");
    let mut autoencoder = open("table-autoencoder");
    let (table, schema) = autoencoder.score(&patients, 0).unwrap().table();
    assert_expected((&table, &schema), "table-autoencoder-score.csv");
    let (table, schema, _) = autoencoder.encode(&patients).unwrap();
    assert_expected((&table, &schema), "table-autoencoder-encode.csv");
}

#[test]
fn samples_are_as_they_were() {
    for name in ["table-vae", "gan"] {
        let mut run = open(name);
        let seed = run.config().seed;
        let Data::Table(table, schema) = run.sample(20, &[], seed).unwrap() else {
            panic!("{name} is of a table")
        };
        assert_expected((&table, &schema), &format!("{name}-sample.csv"));
    }
}

#[test]
fn images_are_encoded_as_they_were() {
    let mut run = open("image-vae");
    let (table, schema, _) = run.encode(fixtures().join("shapes")).unwrap();
    assert_expected((&table, &schema), "image-vae-encode.csv");
    assert_eq!(run.sample(4, &[], 0).unwrap().len(), 4);
}
