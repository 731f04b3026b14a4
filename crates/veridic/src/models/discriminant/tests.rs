use super::*;
use crate::data::{Cells, Column};

fn table(rows: &[Vec<f64>], labels: &[usize]) -> Table {
    let mut columns: Vec<Column> = (0..rows[0].len())
        .map(|j| Column {
            name: format!("c{j}"),
            cells: Cells::Number(rows.iter().map(|row| row[j]).collect()),
        })
        .collect();
    let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let codes = labels.iter().map(|label| *label as u32).collect();
    columns.push(Column { name: "class".into(), cells: Cells::Text { codes, levels } });
    Table { n_rows: rows.len(), columns }
}

fn configs() -> Vec<(&'static str, DiscriminantConfig)> {
    vec![
        ("naive-bayes", DiscriminantConfig::NaiveBayes(Default::default())),
        (
            "linear-discriminant",
            DiscriminantConfig::LinearDiscriminant(LinearDiscriminantConfig { floor: 0.0 }),
        ),
        (
            "quadratic-discriminant",
            DiscriminantConfig::QuadraticDiscriminant(QuadraticDiscriminantConfig {
                floor: 0.0,
                shrink: Some(0.0),
            }),
        ),
        ("logistic-regression", DiscriminantConfig::LogisticRegression(Default::default())),
        ("nearest-classes", DiscriminantConfig::NearestClasses(Default::default())),
    ]
}

/// The same, where blanks make a flag that the others nearly decide: a covariance of its own is then drawn to the shared one.
fn usual() -> Vec<(&'static str, DiscriminantConfig)> {
    let drawn = |(name, config)| match config {
        DiscriminantConfig::QuadraticDiscriminant(_) => {
            (name, DiscriminantConfig::QuadraticDiscriminant(Default::default()))
        }
        other => (name, other),
    };
    configs().into_iter().map(drawn).collect()
}

fn fit(config: &DiscriminantConfig, table: &Table) -> Result<Discriminant> {
    let rows: Vec<usize> = (0..table.n_rows).collect();
    Discriminant::fit(config, (table, &Schema::of(table)), ("class", &rows), (Seed(1), 1))
}

/// Probabilities by scikit-learn (tests/fixtures/discriminant.py), of two and of three classes.
#[test]
fn probabilities_are_those_of_scikit_learn() {
    let text = include_str!("../../../tests/fixtures/discriminant.json");
    let fixture: serde_json::Value = serde_json::from_str(text).unwrap();
    for kind in ["two", "three"] {
        let of = |name: &str| fixture[kind][name].clone();
        let train: Vec<Vec<f64>> = serde_json::from_value(of("train")).unwrap();
        let labels: Vec<usize> = serde_json::from_value(of("labels")).unwrap();
        let test: Vec<Vec<f64>> = serde_json::from_value(of("test")).unwrap();
        let asked = table(&test, &vec![0; test.len()]);
        for (name, config) in configs() {
            let expected: Vec<Vec<f64>> = serde_json::from_value(of(name)).unwrap();
            // scikit-learn adds nothing to variances, nor draws them anywhere.
            let found = fit(&config, &table(&train, &labels)).unwrap().probabilities(&asked).unwrap();
            for (i, (found, expected)) in found.iter().zip(expected.iter().flatten()).enumerate() {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-4,
                    "{kind}, {name}, {i}: {found} {expected}"
                );
            }
        }
    }
}

/// A category with blanks and a level never seen, a number with blanks.
fn mixed() -> Table {
    let n = 120;
    let number = |i: usize| {
        if i % 10 == 9 { f64::NAN } else { (i % 7) as f64 + 5.0 * f64::from(u8::from(i.is_multiple_of(2))) }
    };
    let codes =
        (0..n).map(|i: usize| if i.is_multiple_of(11) { crate::data::MISSING } else { (i % 2) as u32 });
    let levels = ["x", "y"].map(str::to_owned).to_vec();
    let mut table = table(
        &(0..n).map(|i| vec![number(i)]).collect::<Vec<_>>(),
        &(0..n).map(|i| i % 2).collect::<Vec<_>>(),
    );
    table
        .columns
        .insert(0, Column { name: "k".into(), cells: Cells::Text { codes: codes.collect(), levels } });
    table
}

#[test]
fn mixed_columns_blanks_and_levels_never_seen_are_told_by() {
    let train = mixed();
    for (name, config) in usual() {
        let fitted = fit(&config, &train).unwrap();
        let shares = fitted.probabilities(&train).unwrap();
        let right = (0..train.n_rows).filter(|&i| (shares[2 * i + 1] > 0.5) == (i % 2 == 1)).count();
        assert!(right > 110, "{name}: {right}");
        let mut odd = train.take(&[0, 1]);
        odd.columns[0].cells =
            Cells::Text { codes: vec![0, crate::data::MISSING], levels: vec!["zz".into()] };
        odd.columns[1].cells = Cells::Number(vec![1e300, f64::NAN]);
        let shares = fitted.probabilities(&odd).unwrap();
        assert!(shares.chunks(2).all(|pair| (pair[0] + pair[1] - 1.0).abs() < 1e-5), "{name}: {shares:?}");
    }
}

#[test]
fn what_is_stored_comes_back_and_what_is_damaged_is_refused() {
    let train = mixed();
    for (name, config) in configs() {
        let Ok(fitted) = fit(&config, &train) else { continue };
        let stored = fitted.store();
        let again = Discriminant::restore(&stored).unwrap();
        assert_eq!(again.probabilities(&train).unwrap(), fitted.probabilities(&train).unwrap(), "{name}");
        assert_eq!((again.target(), again.classes()), ("class", fitted.classes()));
        for tensor in stored.tensors.keys() {
            let mut damaged = stored.clone();
            damaged.tensors.remove(tensor);
            assert!(Discriminant::restore(&damaged).is_err(), "{name} without {tensor}");
        }
        for text in stored.about.keys() {
            let mut damaged = stored.clone();
            damaged.about.insert(text.clone(), "7".to_string());
            assert!(text == "target" || Discriminant::restore(&damaged).is_err(), "{name}, {text}");
        }
    }
}

#[test]
fn a_quadratic_discriminant_is_no_worse_than_saying_no() {
    // A rare class that one category hardly ever has, and a number with a long tail: its own covariance is very narrow.
    let n = 2000;
    let draw = |i: usize, of: u64| (Seed(of).key(&format!("{i}")) >> 11) as f64 / (1u64 << 53) as f64;
    let is_rare: Vec<usize> = (0..n).map(|i| usize::from(draw(i, 1) < 0.08)).collect();
    let rows: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let tail = -draw(i, 2).ln() * -draw(i, 3).ln() * -draw(i, 4).ln();
            let flag = f64::from(u8::from(draw(i, 5) < if is_rare[i] == 1 { 0.003 } else { 0.4 }));
            vec![tail + 0.3 * is_rare[i] as f64, flag, draw(i, 6)]
        })
        .collect();
    let data = table(&rows, &is_rare);
    let right = |shrink: Option<f64>| {
        let config = QuadraticDiscriminantConfig { shrink, ..QuadraticDiscriminantConfig::default() };
        let fitted = fit(&DiscriminantConfig::QuadraticDiscriminant(config), &data).unwrap();
        let shares = fitted.probabilities(&data).unwrap();
        (0..n).filter(|&i| usize::from(shares[2 * i + 1] > 0.5) == is_rare[i]).count()
    };
    let no = n - is_rare.iter().sum::<usize>();
    assert!(right(None) + n / 100 >= no && right(None) > right(Some(0.0)), "{} of {no}", right(None));
}

#[test]
fn one_class_and_settings_out_of_range_are_refused() {
    let train = table(&[vec![1.0], vec![2.0], vec![3.0]], &[0, 0, 0]);
    for (_, config) in configs() {
        let error = fit(&config, &train).unwrap_err();
        assert!(error.to_string().contains("two classes"), "{error}");
    }
    let far = QuadraticDiscriminantConfig { shrink: Some(1.5), ..QuadraticDiscriminantConfig::default() };
    let far = DiscriminantConfig::QuadraticDiscriminant(far).check("model.quadratic-discriminant");
    assert!(far.unwrap_err().to_string().contains("shrink"));
    let bad = DiscriminantConfig::LogisticRegression(LogisticRegressionConfig { penalty: -1.0, rounds: 5 });
    assert!(bad.check("model.logistic-regression").unwrap_err().to_string().contains("penalty"));
    let singular = table(
        &(0..20).map(|i| vec![f64::from(i), f64::from(2 * i)]).collect::<Vec<_>>(),
        &[[0; 10], [1; 10]].concat(),
    );
    assert!(fit(&DiscriminantConfig::LinearDiscriminant(Default::default()), &singular).is_ok());
}

#[test]
fn generative_classifiers_make_rows_and_say_how_likely_rows_are() {
    // Two Gaussians a class apart, a flag that goes with the class, a number that is missing in a tenth of the rows.
    let n = 3000;
    let mut random = Seed(5).stream("rows");
    let mut draw = || crate::seed::standard_normal(&mut random);
    let of: Vec<usize> = (0..n).map(|i| usize::from(i % 4 == 0)).collect();
    let rows: Vec<Vec<f64>> = of
        .iter()
        .enumerate()
        .map(|(i, class)| {
            let (a, b) = (draw() + 3.0 * *class as f64, draw());
            let gap = if i % 10 == 7 { f64::NAN } else { 100.0 + 10.0 * (0.8 * a + 0.6 * b) };
            vec![a, gap]
        })
        .collect();
    let mut train = table(&rows, &of);
    let codes = of.iter().enumerate().map(|(i, class)| if i % 5 == 0 { 0 } else { *class as u32 }).collect();
    let levels = ["no", "yes"].map(str::to_owned).to_vec();
    train.columns.insert(0, Column { name: "k".into(), cells: Cells::Text { codes, levels } });
    let schema = Schema::of(&train);
    let values = |table: &Table, name: &str| match &table.column(name).unwrap().cells {
        Cells::Number(values) => values.clone(),
        Cells::Text { codes, .. } => codes.iter().map(|code| f64::from(*code)).collect(),
    };
    let mean = |values: &[f64]| {
        let there = || values.iter().filter(|value| !value.is_nan());
        there().sum::<f64>() / there().count() as f64
    };
    for (name, config) in usual() {
        let fitted = fit(&config, &train).unwrap();
        let made = fitted.sample(4000, None, &schema, Seed(2));
        assert_eq!(made.is_some(), config.is_generative(), "{name}");
        assert_eq!(fitted.score(&train, 1).unwrap().is_some(), config.is_generative(), "{name}");
        let Some(made) = made else { continue };
        assert_eq!(made.columns.len(), train.columns.len());
        for column in ["k", "c0", "c1", "class"] {
            let (real, new) = (values(&train, column), values(&made, column));
            let spread = mean(&real.iter().map(|v| (v - mean(&real)).powi(2)).collect::<Vec<_>>()).sqrt();
            assert!(
                (mean(&real) - mean(&new)).abs() < 0.06 * spread,
                "{name} {column}: {} {}",
                mean(&real),
                mean(&new)
            );
        }
        let missing = values(&made, "c1").iter().filter(|v| v.is_nan()).count() as f64 / 4000.0;
        assert!((missing - 0.1).abs() < 0.04, "{name}: {missing}");
        let one = fitted.sample(500, Some(1), &schema, Seed(2)).unwrap();
        assert!(values(&one, "class").iter().all(|class| *class == 1.0));
        assert!((mean(&values(&one, "c0")) - 3.0).abs() < 0.2, "{name}");
        assert_eq!(fitted.sample(500, Some(1), &schema, Seed(2)).unwrap().columns[1], one.columns[1]);
        // Rows of neither class, levels never seen and values far off are less likely than any training row.
        let scored = fitted.score(&train, 1).unwrap().unwrap();
        let mut odd = train.take(&[1, 1]);
        odd.columns[1].cells = Cells::Number(vec![60.0, -1e300]);
        odd.columns[0].cells = Cells::Text { codes: vec![0, 0], levels: vec!["never".into()] };
        let far = fitted.score(&odd, 1).unwrap().unwrap();
        let most = scored.score.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(far.score.iter().all(|score| *score > most), "{name}: {:?} {most}", far.score);
        assert!(far.tail.iter().all(|tail| *tail < 0.01) && scored.tail.iter().all(|tail| *tail <= 1.0));
        let again = Discriminant::restore(&fitted.store()).unwrap();
        assert_eq!(again.score(&train, 1).unwrap().unwrap(), scored);
    }
}
