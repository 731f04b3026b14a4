//! Run directories of earlier versions open and say the same of the same data.

use std::path::{Path, PathBuf};

use veridic::data::{Cells, Data, Table, read};
use veridic::run::Fitted;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs-0.1")
}

fn open(name: &str) -> Fitted {
    Fitted::open(&fixtures().join(name), 1).unwrap()
}

/// Equal but for the last digits of numbers: another kind of processor rounds otherwise.
fn assert_expected(found: &Table, name: &str) {
    let expected = read(&fixtures().join("expected").join(name), &Default::default()).unwrap().table;
    assert_eq!(found.n_rows, expected.n_rows, "{name}");
    for column in &expected.columns {
        let cells = &found.require(&column.name).unwrap().cells;
        for row in 0..expected.n_rows {
            match (&column.cells, cells) {
                (Cells::Number(expected), Cells::Number(found)) => {
                    let (expected, found) = (expected[row], found[row]);
                    let near = (expected - found).abs() <= 1e-3 * (1.0 + expected.abs());
                    assert!(near || expected.is_nan() && found.is_nan(), "{name} {}: {found}", column.name);
                }
                (expected @ Cells::Text { .. }, found @ Cells::Text { .. }) => {
                    assert_eq!(found.text(row), expected.text(row), "{name}, row {row}, {}", column.name);
                }
                // Reasons are texts, and a file of them alone may look like numbers.
                (Cells::Number(expected), found @ Cells::Text { .. }) => {
                    let found: f64 = found.text(row).map_or(f64::NAN, |text| text.parse().unwrap());
                    assert!((expected[row] - found).abs() < 1e-9 || found.is_nan(), "{name} {}", column.name);
                }
                _ => panic!("{name}: `{}` is of another kind", column.name),
            }
        }
    }
}

#[test]
fn scores_with_reasons_and_codes_of_tables_are_as_they_were() {
    let patients = fixtures().join("patients.csv");
    let mut vae = open("table-vae");
    assert_expected(&vae.score(&patients, 2).unwrap().table().0, "table-vae-score.csv");
    let mut autoencoder = open("table-autoencoder");
    assert_expected(&autoencoder.score(&patients, 0).unwrap().table().0, "table-autoencoder-score.csv");
    assert_expected(&autoencoder.encode(&patients).unwrap().0, "table-autoencoder-encode.csv");
}

#[test]
fn samples_are_as_they_were() {
    for (name, n) in [("table-vae", 20), ("gan", 20)] {
        let mut run = open(name);
        let seed = run.config().seed;
        let Data::Table(table, _) = run.sample(n, &[], seed).unwrap() else { panic!("{name} is of a table") };
        assert_expected(&table, &format!("{name}-sample.csv"));
    }
}

#[test]
fn images_are_encoded_as_they_were() {
    let mut run = open("image-vae");
    assert_expected(&run.encode(&fixtures().join("shapes")).unwrap().0, "image-vae-encode.csv");
    assert_eq!(run.sample(4, &[], 0).unwrap().len(), 4);
}
