use super::*;
use crate::data::{Cells, MISSING};

/// `b` is `a`, but for one row in ten; `x` depends on `a`, and half of it is 0; `c` is of nothing.
fn table(n: usize) -> (Table, Schema) {
    let mut random = Seed(5).stream("test");
    let levels: Vec<String> = ["p", "q", "r", "s"].map(String::from).to_vec();
    let (mut a, mut b, mut c, mut x) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..n {
        let code = (4.0 * uniform(&mut random)) as u32;
        a.push(code);
        b.push(if row % 10 == 0 { (4.0 * uniform(&mut random)) as u32 } else { code });
        c.push(if row % 5 == 0 { MISSING } else { (2.0 * uniform(&mut random)) as u32 });
        let value = (1000.0 * f64::from(code) + 1.0 + 998.0 * uniform(&mut random)).round();
        x.push(if row % 2 == 0 { 0.0 } else { value });
    }
    let text = |codes: Vec<u32>| Cells::Text { codes, levels: levels.clone() };
    let kind = Kind::Categorical { levels: levels.clone() };
    let parts = [
        ("a", kind.clone(), text(a)),
        ("b", kind.clone(), text(b)),
        ("c", kind, text(c)),
        ("x", Kind::Integer { min: 0.0, max: 4000.0 }, Cells::Number(x)),
    ];
    let schema = Schema {
        columns: parts.iter().map(|(name, kind, _)| ColumnSchema::new(*name, kind.clone(), 3)).collect(),
    };
    let columns = parts.map(|(name, _, cells)| Column { name: name.to_string(), cells }).to_vec();
    (Table { columns, n_rows: n }, schema)
}

fn fitted(epsilon: f64, n: usize) -> PrivateMarginals {
    let (table, schema) = table(n);
    let config = PrivateMarginalsConfig { epsilon, noise_seed: Some(1), ..PrivateMarginalsConfig::default() };
    PrivateMarginals::fit(&config, &table, &schema, &(0..n).collect::<Vec<_>>()).unwrap()
}

fn codes(table: &Table, name: &str) -> Vec<u32> {
    match &table.column(name).unwrap().cells {
        Cells::Text { codes, .. } => codes.clone(),
        Cells::Number(_) => panic!("texts"),
    }
}

/// The share of rows whose `a` is `b`, of those without `x` = 0 whose `x` is that of their `a`, with `x` = 0, and without `c`.
fn traits(table: &Table) -> [f64; 4] {
    let (a, b, c) = (codes(table, "a"), codes(table, "b"), codes(table, "c"));
    let Cells::Number(x) = &table.column("x").unwrap().cells else { panic!("numbers") };
    let n = table.n_rows as f64;
    let share = |of: &dyn Fn(usize) -> bool| (0..table.n_rows).filter(|row| of(*row)).count() as f64;
    let positive = share(&|row| x[row] > 0.0).max(1.0);
    [
        share(&|row| a[row] == b[row]) / n,
        share(&|row| x[row] > 0.0 && (x[row] / 1000.0) as u32 == a[row]) / positive,
        share(&|row| x[row] == 0.0) / n,
        share(&|row| c[row] == MISSING) / n,
    ]
}

#[test]
fn what_hangs_together_does_in_made_rows_and_less_so_under_much_noise() {
    let (real, _) = table(20_000);
    // Groups of neighboring numbers lie across the borders of `a`, of which there are three between sixteen.
    let margins = [0.03, 0.15, 0.03, 0.03];
    let near = |found: [f64; 4]| {
        traits(&real)
            .iter()
            .zip(found)
            .zip(margins)
            .all(|((real, found), margin)| (real - found).abs() < margin)
    };
    let weak = traits(&fitted(10.0, 20_000).sample(20_000, Seed(2)));
    assert!(near(weak), "{weak:?} for {:?}", traits(&real));
    let strong = traits(&fitted(0.01, 20_000).sample(20_000, Seed(2)));
    assert!(!near(strong), "{strong:?}");
    let model = fitted(10.0, 20_000);
    let mut pairs = model.pairs().concat();
    pairs.sort_unstable();
    // Three pairs, `a` in two of them or `b` in its place.
    assert_eq!(pairs.len(), 6);
}

#[test]
fn what_is_spent_is_what_was_asked_for_and_noise_is_as_wide() {
    let fitted = fitted(1.0, 2000);
    let rho: f64 = fitted.spent().iter().map(|spent| spent.rho * spent.times as f64).sum();
    assert!((rho / rho_of(1.0, 1e-6) - 1.0).abs() < 1e-9);
    assert_eq!(fitted.spent().iter().map(|spent| spent.times).collect::<Vec<_>>(), [4, 3, 3]);
    let mut noise = Noise::new(Some(3)).unwrap();
    let draws: Vec<f64> = (0..20_000).map(|_| noise.normal(7.0)).collect();
    let square = draws.iter().map(|draw| draw * draw).sum::<f64>() / draws.len() as f64;
    // Rounding adds a twelfth.
    assert!((square / 49.1 - 1.0).abs() < 0.05, "{square}");
    assert!(draws.iter().all(|draw| draw.fract() == 0.0));
}

#[test]
fn without_a_seed_noise_is_another_each_time() {
    let (table, schema) = table(1000);
    let rows: Vec<usize> = (0..1000).collect();
    let fit = || PrivateMarginals::fit(&PrivateMarginalsConfig::default(), &table, &schema, &rows).unwrap();
    let (first, second) = (fit(), fit());
    assert_ne!(first.root, second.root);
    assert!(first.warnings().iter().all(|warning| !warning.contains("not private")));
    assert!(fitted(1.0, 1000).warnings().last().unwrap().contains("not private"));
}

#[test]
fn nothing_exact_of_the_data_is_stored_and_ranges_are_those_given() {
    let (table, schema) = table(1000);
    let ranges = [("x".to_string(), [-10.0, 9000.0])].into();
    let config = PrivateMarginalsConfig { ranges, noise_seed: Some(1), ..PrivateMarginalsConfig::default() };
    let rows: Vec<usize> = (0..1000).collect();
    let fitted = PrivateMarginals::fit(&config, &table, &schema, &rows).unwrap();
    assert_eq!(fitted.schema().columns[3].kind, Kind::Integer { min: -10.0, max: 9000.0 });
    assert!(fitted.schema().columns.iter().all(|column| column.missing == 0));
    assert!(fitted.assumed().is_empty());
    let Cells::Number(x) = &fitted.sample(500, Seed(0)).columns[3].cells.clone() else { panic!("numbers") };
    assert!(x.iter().all(|x| x.is_nan() || ((-10.0..=9000.0).contains(x) && x.fract() == 0.0)));
}

#[test]
fn a_stored_model_is_the_same_and_a_damaged_one_is_refused() {
    let fitted = fitted(1.0, 1000);
    let stored = fitted.store();
    let again = PrivateMarginals::restore(&stored).unwrap();
    assert_eq!(again, fitted);
    assert_eq!(again.sample(100, Seed(4)), fitted.sample(100, Seed(4)));
    for name in stored.about.keys() {
        let mut damaged = stored.clone();
        damaged.about.insert(name.clone(), "[[".to_string());
        assert!(PrivateMarginals::restore(&damaged).is_err(), "{name}");
    }
    for name in stored.tensors.keys() {
        let mut damaged = stored.clone();
        damaged.insert(name.clone(), &[1], vec![0.5]);
        assert!(PrivateMarginals::restore(&damaged).is_err(), "{name}");
    }
}

#[test]
fn too_few_rows_and_no_columns_are_refused() {
    let (table, schema) = table(200);
    let config = PrivateMarginalsConfig::default();
    let few: Vec<usize> = (0..99).collect();
    assert!(PrivateMarginals::fit(&config, &table, &schema, &few).is_err());
    let none = Schema { columns: Vec::new() };
    let all: Vec<usize> = (0..200).collect();
    assert!(PrivateMarginals::fit(&config, &table, &none, &all).is_err());
    for (epsilon, delta) in [(0.0, 1e-6), (f64::NAN, 1e-6), (1.0, 0.0), (1.0, 1.0)] {
        let config = PrivateMarginalsConfig { epsilon, delta, ..PrivateMarginalsConfig::default() };
        assert!(config.check("model").is_err());
    }
}
