//! What holds for every detector.

use super::*;
use crate::data::{Cells, Column, MISSING};
use crate::error::{Error, ModelError};
use crate::models::chain::RuleConfig;
use crate::models::tests::serde_names;
use crate::seed::{standard_normal, uniform};

pub(super) fn numbers(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.into(), cells: Cells::Number(values) }
}

pub(super) fn texts(name: &str, cells: &[Option<&str>]) -> Column {
    let mut levels: Vec<String> = cells.iter().flatten().map(|text| (*text).to_string()).collect();
    levels.sort();
    levels.dedup();
    let code = |text: &str| levels.iter().position(|level| level == text).unwrap() as u32;
    let codes = cells.iter().map(|cell| cell.map_or(MISSING, code)).collect();
    Column { name: name.into(), cells: Cells::Text { codes, levels } }
}

pub(super) fn table(columns: Vec<Column>) -> Table {
    Table { n_rows: columns[0].cells.len(), columns }
}

/// Two dependent numbers, a pair of categories that go together, a flag with blanks, a constant and an empty column.
pub(super) fn mixed(n: usize) -> Table {
    let mut random = Seed(3).stream("rows");
    let mut draw = || standard_normal(&mut random);
    let a: Vec<f64> = (0..n).map(|_| draw()).collect();
    let b: Vec<f64> = a.iter().map(|a| 2.0 * a + 0.3 * draw()).collect();
    let mut random = Seed(4).stream("levels");
    let place: Vec<usize> = (0..n).map(|_| (uniform(&mut random) * 3.0) as usize).collect();
    let country: Vec<_> = place.iter().map(|i| Some(["de", "gb", "us"][*i])).collect();
    let currency: Vec<_> = place.iter().map(|i| Some(["EUR", "GBP", "USD"][*i])).collect();
    let flag: Vec<_> = (0..n)
        .map(|_| match uniform(&mut random) {
            u if u < 0.1 => None,
            u if u < 0.5 => Some("no"),
            _ => Some("yes"),
        })
        .collect();
    table(vec![
        numbers("a", a),
        numbers("b", b),
        texts("country", &country),
        texts("currency", &currency),
        texts("flag", &flag),
        texts("same", &vec![Some("7"); n]),
        numbers("nothing", vec![f64::NAN; n]),
    ])
}

/// One ordinary row of [`mixed`] with the cell of one column replaced.
fn row(column: &str, cell: Column) -> Table {
    let mut columns = vec![
        numbers("a", vec![0.1]),
        numbers("b", vec![0.2]),
        texts("country", &[Some("de")]),
        texts("currency", &[Some("EUR")]),
        texts("flag", &[Some("no")]),
        texts("same", &[Some("7")]),
        numbers("nothing", vec![f64::NAN]),
    ];
    if let Some(at) = columns.iter().position(|other| other.name == column) {
        columns[at] = cell;
    }
    table(columns)
}

/// Every detector, and the default one with the statistic that it has only where asked.
fn all() -> Vec<DetectorConfig> {
    let with_cell = DetectorConfig::Surprise(SurpriseConfig { cell: true, ..SurpriseConfig::default() });
    NAMES.iter().map(|name| DetectorConfig::of(name).unwrap()).chain([with_cell]).collect()
}

pub(super) fn fit(config: DetectorConfig, table: &Table) -> Detector {
    let rows: Vec<usize> = (0..table.n_rows).collect();
    Detector::fit(config, table, &Schema::of(table), &rows, &RuleConfig::default(), (Seed(1), 2)).unwrap()
}

#[test]
fn names_and_settings_go_together() {
    let (mut named, mut known) = (NAMES.to_vec(), serde_names::<DetectorConfig>());
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known, "`NAMES` has every detector");
    for config in NAMES.iter().map(|name| DetectorConfig::of(name).unwrap()) {
        let name = config.name();
        assert_eq!(serde_json::to_value(&config).unwrap().as_object().unwrap().keys().next().unwrap(), name);
        let empty: DetectorConfig = serde_json::from_str(&format!("{{\"{name}\": {{}}}}")).unwrap();
        assert_eq!(empty, config);
        config.check("model").unwrap();
    }
    assert_eq!(DetectorConfig::of("other"), None);
    let few = DetectorConfig::Neighbors(NeighborsConfig { neighbors: 0, ..Default::default() });
    assert_eq!(
        few.check("model.neighbors").unwrap_err().to_string(),
        "`model.neighbors.neighbors` is 0, allowed is 1 or more"
    );
}

#[test]
fn what_is_unknown_blank_or_out_of_place_is_more_unusual_and_named_first() {
    let train = mixed(600);
    let strange = [
        ("country", texts("country", &[Some("xx")])),
        ("country", texts("country", &[None])),
        ("a", numbers("a", vec![f64::NAN])),
        ("a", numbers("a", vec![1e300])),
        ("b", numbers("b", vec![f64::NEG_INFINITY])),
        ("flag", texts("flag", &[Some("maybe")])),
        ("same", texts("same", &[Some("8")])),
        ("same", texts("same", &[None])),
        ("nothing", numbers("nothing", vec![0.0])),
    ];
    for config in all() {
        let fitted = fit(config, &train);
        let usual = fitted.score(&row("", numbers("", vec![])), 1).unwrap().score[0];
        for (column, cell) in &strange {
            let explained = fitted.explain(&row(column, cell.clone()), 1).unwrap();
            let score = explained.scored.score[0];
            let name = fitted.name();
            assert!(score.is_finite() && score > usual, "{name}: {cell:?} {score} {usual}");
            let first = explained.ranked(0)[0].0;
            assert_eq!(explained.columns[first], *column, "{name}: {cell:?} {:?}", explained.ranked(0));
        }
        let far = |value: f64| fitted.score(&row("a", numbers("a", vec![value])), 1).unwrap().score[0];
        let rising = [5.0, 1e3, 1e6, 1e12, 1e100, 1e300].map(far);
        assert!(rising.windows(2).all(|pair| pair[0] < pair[1]), "{}: {rising:?}", fitted.name());
    }
}

#[test]
fn scores_are_of_rows_alone_and_reasons_sum_to_them() {
    let train = mixed(400);
    let new = mixed(700);
    for config in all() {
        let fitted = fit(config.clone(), &train);
        let name = fitted.name();
        let scored = fitted.score(&new, 2).unwrap();
        assert_eq!(scored.score.len(), 700);
        assert!(scored.tail.iter().all(|p| *p > 0.0 && *p <= 1.0));
        let explained = fitted.explain(&new, 1).unwrap();
        assert_eq!(explained.scored, scored, "{name}");
        for (i, score) in scored.score.iter().enumerate() {
            let sum: f64 = explained.reasons_of(i).iter().map(|part| f64::from(*part)).sum();
            assert!((sum - score).abs() < 1e-4 * (1.0 + score.abs()), "{name}: {sum} {score}");
        }
        assert_eq!(explained.expected.n_rows, 700);
        let some = new.take(&[5, 600, 5]);
        let one = fitted.score(&some, 1).unwrap();
        assert_eq!(one.score, [scored.score[5], scored.score[600], scored.score[5]], "{name}");
        // Columns are found by name.
        let mut turned = some.clone();
        turned.columns.reverse();
        assert_eq!(fitted.score(&turned, 1).unwrap(), one, "{name}");
        // The same seed, the same bits, at any number of threads.
        let rows: Vec<usize> = (0..400).collect();
        let again =
            Detector::fit(config, &train, &Schema::of(&train), &rows, &RuleConfig::default(), (Seed(1), 1))
                .unwrap();
        assert_eq!(again.score(&new, 3).unwrap(), scored, "{name}");
    }
}

#[test]
fn what_is_stored_comes_back_and_what_is_damaged_is_refused() {
    let train = mixed(300);
    for config in all() {
        let fitted = fit(config, &train);
        let stored = Stored::from_bytes(&fitted.store().to_bytes()).unwrap();
        let back = Detector::restore(&stored).unwrap();
        assert_eq!(back.explain(&train, 2).unwrap().reasons, fitted.explain(&train, 2).unwrap().reasons);
        assert_eq!(back.store(), fitted.store());
        for name in stored.tensors.keys() {
            let mut damaged = stored.clone();
            damaged.tensors.remove(name);
            assert!(Detector::restore(&damaged).is_err(), "without {name}");
            let mut damaged = stored.clone();
            damaged.insert(name.clone(), &[1], vec![7_u8]);
            assert!(Detector::restore(&damaged).is_err(), "with another {name}");
        }
        for name in stored.about.keys() {
            let mut damaged = stored.clone();
            damaged.about.insert(name.clone(), "{".into());
            assert!(Detector::restore(&damaged).is_err(), "with another {name}");
        }
    }
}

#[test]
fn few_rows_and_equal_rows_are_scored_or_refused() {
    let train = mixed(50);
    for config in all() {
        let refused = Detector::fit(
            config.clone(),
            &train,
            &Schema::of(&train),
            &[3],
            &RuleConfig::default(),
            (Seed(1), 1),
        )
        .unwrap_err();
        assert!(
            matches!(refused, Error::Model(ModelError::TooFewRows { found: 1, needed: 2, .. })),
            "{refused}"
        );
        let lone = table(vec![numbers("id", (0..50).map(f64::from).collect())]);
        let schema =
            Schema { columns: vec![crate::data::ColumnSchema::new("id", crate::data::Kind::Identifier, 0)] };
        let refused =
            Detector::fit(config.clone(), &lone, &schema, &[0, 1, 2], &RuleConfig::default(), (Seed(1), 1))
                .unwrap_err();
        assert!(matches!(refused, Error::Model(ModelError::NoColumns { .. })), "{refused}");

        let two = Detector::fit(
            config.clone(),
            &train,
            &Schema::of(&train),
            &[0, 1],
            &RuleConfig::default(),
            (Seed(1), 1),
        )
        .unwrap();
        assert!(two.score(&train, 1).unwrap().score.iter().all(|score| score.is_finite()));

        let equal = table(vec![numbers("a", vec![4.0; 30]), texts("c", &[Some("x"); 30])]);
        let fitted = fit(config.clone(), &equal);
        let mut new = equal.take(&[0, 1]);
        new.columns[0].cells = Cells::Number(vec![4.0, 5.0]);
        let found = fitted.explain(&new, 1).unwrap();
        assert!(found.scored.score[1] > found.scored.score[0] && found.scored.score[1].is_finite());
        assert_eq!(found.ranked(1)[0].0, 0);

        // A thousand copies of each of three rows, and one row of its own.
        let copies: Vec<f64> = (0..3000).map(|i| f64::from(i % 3)).collect();
        let copied = table(vec![numbers("a", copies.clone()), numbers("b", copies)]);
        let fitted = fit(config.clone(), &copied);
        let new = table(vec![numbers("a", vec![1.0, 1.0]), numbers("b", vec![1.0, 0.0])]);
        let found = fitted.score(&new, 1).unwrap().score;
        assert!(found.iter().all(|score| score.is_finite()), "{}: {found:?}", fitted.name());

        let mut short = train.clone();
        short.columns.remove(2);
        let refused = fit(config, &train).score(&short, 1).unwrap_err();
        assert!(refused.to_string().starts_with("the table has no column `country`"), "{refused}");
    }
}

#[test]
fn infinite_and_huge_training_cells_hide_nothing() {
    let mut random = Seed(9).stream("rows");
    let mut y: Vec<f64> = (0..600).map(|_| 45.0 + 8.0 * standard_normal(&mut random)).collect();
    let x: Vec<f64> = (0..600).map(|_| standard_normal(&mut random)).collect();
    y[0] = f64::INFINITY;
    y[1] = 1e12;
    y[2] = -1e300;
    let train = table(vec![numbers("y", y), numbers("x", x)]);
    for config in all() {
        let fitted = fit(config, &train);
        let new = table(vec![numbers("y", vec![45.0, 120.0, 1e9]), numbers("x", vec![0.0; 3])]);
        let explained = fitted.explain(&new, 1).unwrap();
        let score = &explained.scored.score;
        // By ranks alone, 120 and 1e9 are alike: both are below the same training value. Bins of one width that reach to the
        // farthest value hold 45 and 120 together.
        let is_coarse = fitted.name() == "hbos";
        assert!(score[0] < score[1] || is_coarse, "{}: {score:?}", fitted.name());
        assert!(score[0] < score[2] && score[1] <= score[2], "{}: {score:?}", fitted.name());
        if is_coarse {
            continue;
        }
        assert_eq!(explained.ranked(1)[0].0, 0, "{}: {:?}", fitted.name(), explained.ranked(1));
    }
}

/// Whether row `i` of `test` beside the rows of `train` changes the sign of a column's skewness.
fn turns_a_skewness(train: &Table, test: &Table, i: usize) -> bool {
    train.columns.iter().zip(&test.columns).any(|(train, test)| {
        let (Cells::Number(train), Cells::Number(test)) = (&train.cells, &test.cells) else { return false };
        let is_right = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|v| (v - mean).powi(3)).sum::<f64>() > 0.0
        };
        is_right(train) != is_right(&[train.as_slice(), &test[i..=i]].concat())
    })
}

/// Scores by scikit-learn and PyOD (tests/fixtures/detector.py).
#[test]
fn classical_scores_are_those_of_the_references() {
    let text = include_str!("../../../tests/fixtures/detector.json");
    let fixture: serde_json::Value = serde_json::from_str(text).unwrap();
    let rows = |name: &str| -> Table {
        let rows: Vec<Vec<f64>> = serde_json::from_value(fixture[name].clone()).unwrap();
        let column = |j: usize| numbers(&format!("c{j}"), rows.iter().map(|row| row[j]).collect());
        table((0..4).map(column).collect())
    };
    let (train, test) = (rows("train"), rows("test"));
    // What lies far beyond every training row scores more here than there, so that it never looks ordinary.
    let is_far = |i: usize| {
        train.columns.iter().zip(&test.columns).any(|(train, test)| {
            let (Cells::Number(train), Cells::Number(test)) = (&train.cells, &test.cells) else {
                return false;
            };
            let mean = train.iter().sum::<f64>() / train.len() as f64;
            let deviation =
                (train.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / train.len() as f64).sqrt();
            let (low, high) =
                (train.iter().copied().fold(mean, f64::min), train.iter().copied().fold(mean, f64::max));
            (test[i] - high).max(low - test[i]) > 9.5 * deviation
        })
    };
    assert!((0..40).filter(|&i| is_far(i)).count() < 5);
    let score = |name: &str, config: &str| {
        let config = serde_json::from_str(&format!("{{\"{name}\": {config}}}")).unwrap();
        fit(config, &train).score(&test, 2).unwrap().score
    };
    for (expected, name, config, tolerance) in [
        ("neighbors", "neighbors", "{}", 1e-5),
        ("neighbors-mean", "neighbors", "{\"distance\": \"mean\"}", 1e-5),
        ("lof", "lof", "{}", 1e-5),
        ("ecod", "ecod", "{}", 1e-9),
        ("copod", "copod", "{}", 1e-9),
        ("hbos", "hbos", "{}", 1e-5),
        ("pca", "pca", "{}", 1e-4),
        (
            "gaussian-mixture",
            "gaussian-mixture",
            "{\"components\": 2, \"tolerance\": 1e-9, \"rounds\": 2000}",
            1e-3,
        ),
        ("isolation-forest", "isolation-forest", "{\"trees\": 2000, \"rows\": 128}", 0.02),
    ] {
        let expected: Vec<f64> = serde_json::from_value(fixture[expected].clone()).unwrap();
        for (i, (found, expected)) in score(name, config).iter().zip(&expected).enumerate() {
            // COPOD counts a new row in the skewness too, which may turn its sign.
            let turns = name == "copod" && turns_a_skewness(&train, &test, i);
            let more = found - expected;
            assert!(
                turns || more.abs() < tolerance * (1.0 + expected.abs()) || (is_far(i) && more > 0.0),
                "{name}, row {i}: {found} {expected}"
            );
        }
    }
}

#[test]
fn a_mixture_of_gaussians_makes_rows_as_those_it_learned_from() {
    let train = mixed(2000);
    let schema = Schema::of(&train);
    let rows: Vec<usize> = (0..train.n_rows).collect();
    let fit = |name: &str| {
        let config = DetectorConfig::of(name).unwrap();
        Detector::fit(config, &train, &schema, &rows, &RuleConfig::default(), (Seed(1), 1)).unwrap()
    };
    assert!(fit("hbos").sample(10, &schema, Seed(1)).is_none());
    let made = fit("gaussian-mixture").sample(3000, &schema, Seed(1)).unwrap();
    let pair = |table: &Table| {
        let of = |name: &str| match &table.column(name).unwrap().cells {
            Cells::Number(values) => values.clone(),
            Cells::Text { codes, .. } => codes.iter().map(|code| f64::from(*code)).collect(),
        };
        let (a, b) = (of("a"), of("b"));
        let n = a.len() as f64;
        let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
        let with = |x: &[f64], mx: f64, y: &[f64], my: f64| {
            x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / n
        };
        let together = of("country").iter().zip(of("currency")).filter(|(a, b)| **a == *b).count() as f64 / n;
        [ma, mb, with(&a, ma, &a, ma), with(&b, mb, &b, mb), with(&a, ma, &b, mb), together]
    };
    for (real, made) in pair(&train).into_iter().zip(pair(&made)) {
        assert!((real - made).abs() < 0.1 * (1.0 + real.abs()), "{real} {made}");
    }
    let blank = |table: &Table| {
        let cells = &table.column("flag").unwrap().cells;
        (0..table.n_rows).filter(|&row| cells.is_missing(row)).count() as f64 / table.n_rows as f64
    };
    assert!((blank(&train) - blank(&made)).abs() < 0.05);
}
