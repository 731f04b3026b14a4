mod follow;
mod known;
mod nearly;
mod partly;
mod question;
mod rule;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::data::{Cells, Column, MISSING, Table};
use crate::seed::{Seed, standard_normal, uniform};

fn number(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.into(), cells: Cells::Number(values) }
}

fn text(name: &str, levels: &[&str], codes: Vec<u32>) -> Column {
    let levels = levels.iter().map(|level| (*level).to_string()).collect();
    Column { name: name.into(), cells: Cells::Text { codes, levels } }
}

/// Towns in countries, rain that is often none and sometimes unknown, and a temperature that follows the town.
fn weather(n: usize) -> (Table, Schema) {
    let mut random = Seed(3).stream("weather");
    let town: Vec<u32> = (0..n).map(|_| (uniform(&mut random) * 5.0) as u32).collect();
    let country = town.iter().map(|town| [0, 0, 1, 1, 2][*town as usize]).collect();
    let rain = (0..n).map(|_| match uniform(&mut random) {
        u if u < 0.1 => f64::NAN,
        u if u < 0.7 => 0.0,
        u => ((u - 0.7) * 300.0).round() / 10.0 + 0.1,
    });
    let rain = rain.collect();
    let heat = town
        .iter()
        .map(|town| (f64::from(*town) * 50.0 + 10.0 * standard_normal(&mut random)).round())
        .collect();
    let columns = vec![
        text("country", &["CH", "IT", "NO"], country),
        text("town", &["Basel", "Bern", "Rome", "Turin", "Oslo"], town),
        number("rain", rain),
        number("heat", heat),
    ];
    let table = Table { columns, n_rows: n };
    let schema = Schema::of(&table);
    (table, schema)
}

fn quick() -> ChainConfig {
    let mut config = ChainConfig { codes: 16, fine: 4, members: 1, ..ChainConfig::default() };
    config.boost.rounds = 40;
    config.boost.learning_rate = 0.3;
    config
}

/// Settings by which a rule must hold, or need not.
fn declared(rule: &str, hold: bool) -> ChainConfig {
    let (hold, off) = if hold { (vec![rule.to_string()], vec![]) } else { (vec![], vec![rule.to_string()]) };
    ChainConfig { rules: RuleConfig { hold, off, ..RuleConfig::default() }, ..quick() }
}

fn fitted(table: &Table, schema: &Schema, config: &ChainConfig, threads: usize) -> Chain {
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let stop = AtomicBool::new(false);
    match Chain::fit(config, table, schema, &rows, Seed(1), threads, &stop, &|_| (), None).unwrap() {
        Outcome::Fitted(chain) => *chain,
        Outcome::Stopped(_) => panic!("nobody stopped it"),
    }
}

fn numbers<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match &table.column(name).unwrap().cells {
        Cells::Number(values) => values,
        Cells::Text { .. } => panic!("`{name}` is text"),
    }
}

fn codes<'a>(table: &'a Table, name: &str) -> &'a [u32] {
    match &table.column(name).unwrap().cells {
        Cells::Text { codes, .. } => codes,
        Cells::Number(_) => panic!("`{name}` is numbers"),
    }
}

#[test]
fn made_rows_are_like_the_data() {
    let (table, schema) = weather(3000);
    let chain = fitted(&table, &schema, &quick(), 2);
    let made = chain.sample(3000, Seed(2), 2).unwrap();
    assert_eq!(made.n_rows, 3000);
    let names: Vec<&str> = made.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["country", "town", "rain", "heat"]);
    let share = |is: &dyn Fn(&f64) -> bool, table: &Table| {
        numbers(table, "rain").iter().filter(|v| is(v)).count() as f64 / 3000.0
    };
    for is in [&(|v: &f64| *v == 0.0) as &dyn Fn(&f64) -> bool, &|v: &f64| v.is_nan(), &|v: &f64| *v > 5.0] {
        assert!((share(is, &table) - share(is, &made)).abs() < 0.03);
    }
    for (country, town) in codes(&made, "country").iter().zip(codes(&made, "town")) {
        // Levels are those of the schema, sorted.
        let town = &schema.columns[1].kind.levels()[*town as usize];
        let country = &schema.columns[0].kind.levels()[*country as usize];
        let right = match town.as_str() {
            "Basel" | "Bern" => "CH",
            "Rome" | "Turin" => "IT",
            _ => "NO",
        };
        assert_eq!(country, right);
    }
    let heat = numbers(&made, "heat");
    assert!(heat.iter().all(|v| v.fract() == 0.0));
    let town_of = |row: usize| &schema.columns[1].kind.levels()[codes(&made, "town")[row] as usize];
    let oslo: Vec<f64> = (0..3000).filter(|row| town_of(*row) == "Oslo").map(|row| heat[row]).collect();
    let mean = oslo.iter().sum::<f64>() / oslo.len() as f64;
    assert!((mean - 200.0).abs() < 4.0, "{mean}");
    assert!(numbers(&made, "rain").iter().all(|v| v.is_nan() || *v >= 0.0));
}

#[test]
fn threads_change_nothing_and_rows_come_back_from_a_file() {
    let (table, schema) = weather(900);
    let one = fitted(&table, &schema, &quick(), 1);
    let three = fitted(&table, &schema, &quick(), 3);
    assert_eq!(one, three);
    assert_eq!(one.sample(5000, Seed(4), 1).unwrap().columns.len(), 4);
    let read = Chain::restore(&one.store()).unwrap();
    assert_eq!(read, one);
    let (a, b) = (one.sample(700, Seed(4), 1).unwrap(), read.sample(700, Seed(4), 3).unwrap());
    assert_eq!(codes(&a, "town"), codes(&b, "town"));
    assert_eq!(numbers(&a, "heat"), numbers(&b, "heat"));
    assert_ne!(numbers(&a, "heat"), numbers(&one.sample(700, Seed(5), 1).unwrap(), "heat"));
}

#[test]
fn damaged_files_are_refused() {
    let (table, schema) = weather(600);
    let stored = fitted(&table, &schema, &quick(), 2).store();
    for name in stored.tensors.keys() {
        let mut damaged = stored.clone();
        damaged.tensors.remove(name);
        // A loss of a whole fine model is a chain without one.
        assert!(Chain::restore(&damaged).is_err(), "{name}");
    }
    for name in stored.about.keys().filter(|name| *name != "margins") {
        let mut damaged = stored.clone();
        damaged.about.insert(name.clone(), "?".into());
        assert!(Chain::restore(&damaged).is_err(), "{name}");
    }
    assert!(Chain::restore(&crate::models::Stored::default()).is_err());
}

#[test]
fn a_stopped_fit_goes_on_where_it_was() {
    let (table, schema) = weather(600);
    let rows: Vec<usize> = (0..600).collect();
    let stop = AtomicBool::new(false);
    let seen = AtomicUsize::new(0);
    let observe = |progress: &Progress| {
        seen.fetch_add(1, Ordering::Relaxed);
        assert!(progress.share > 0.0 && progress.share <= 1.0 && progress.done <= progress.of);
        stop.store(true, Ordering::Relaxed);
    };
    let outcome = Chain::fit(&quick(), &table, &schema, &rows, Seed(1), 1, &stop, &observe, None).unwrap();
    let Outcome::Stopped(partial) = outcome else { panic!("it was stopped") };
    assert_eq!(seen.load(Ordering::Relaxed), 1);
    let partial = Partial::restore(&partial.store()).unwrap();
    let stop = AtomicBool::new(false);
    let after = AtomicUsize::new(0);
    let count = |_: &Progress| {
        after.fetch_add(1, Ordering::Relaxed);
    };
    let outcome =
        Chain::fit(&quick(), &table, &schema, &rows, Seed(1), 1, &stop, &count, Some(partial)).unwrap();
    let Outcome::Fitted(chain) = outcome else { panic!("nobody stopped it") };
    assert_eq!(after.load(Ordering::Relaxed), 2);
    assert_eq!(*chain, fitted(&table, &schema, &quick(), 1));
}

#[test]
fn likelihoods_of_all_rows_there_can_be_add_up_to_one() {
    let mut random = Seed(3).stream("small");
    let a: Vec<u32> = (0..800).map(|_| (uniform(&mut random) * 3.0) as u32).collect();
    let b: Vec<f64> = a.iter().map(|a| f64::from(*a) + (uniform(&mut random) * 30.0).floor()).collect();
    let columns = vec![text("a", &["x", "y", "z"], a), number("b", b)];
    let table = Table { columns, n_rows: 800 };
    let schema = Schema::of(&table);
    let config = ChainConfig { codes: 8, fine: 0, ..quick() };
    let chain = fitted(&table, &schema, &config, 1);
    let all = Table {
        columns: vec![
            text("a", &["x", "y", "z"], (0..3 * 32).map(|i| i / 32).collect()),
            number("b", (0..3 * 32).map(|i| f64::from(i % 32)).collect()),
        ],
        n_rows: 96,
    };
    let likelihoods = chain.log_likelihood(&all, 1).unwrap();
    assert_eq!(likelihoods.columns, ["a", "b"]);
    let sum: f64 = likelihoods.rows().iter().map(|log| log.exp()).sum();
    assert!((sum - 1.0).abs() < 0.01, "{sum}");
    // What is not there is hardly likely, and not impossible.
    let odd = Table {
        columns: vec![text("a", &["q"], vec![0, MISSING]), number("b", vec![1.0, f64::NAN])],
        n_rows: 2,
    };
    let logs = chain.log_likelihood(&odd, 1).unwrap().rows();
    assert!(logs.iter().all(|log| log.is_finite() && *log < -13.0), "{logs:?}");
}

#[test]
fn small_and_odd_tables_work_or_say_why_not() {
    let three = Table {
        columns: vec![number("n", vec![1.5, 2.5, f64::NAN]), text("t", &["a", "b"], vec![0, 1, 1])],
        n_rows: 3,
    };
    let chain = fitted(&three, &Schema::of(&three), &ChainConfig::default(), 2);
    let made = chain.sample(50, Seed(1), 1).unwrap();
    assert!(numbers(&made, "n").iter().all(|v| v.is_nan() || [1.5, 2.5].contains(v)));
    assert_eq!(chain.sample(0, Seed(1), 1).unwrap().n_rows, 0);

    let stop = AtomicBool::new(false);
    let fit = |table: &Table, schema: &Schema, rows: &[usize]| {
        Chain::fit(&ChainConfig::default(), table, schema, rows, Seed(1), 1, &stop, &|_| (), None)
    };
    let error = fit(&three, &Schema::of(&three), &[1]).unwrap_err();
    assert_eq!(error.to_string(), "a chain of conditionals needs 2 rows to learn from, there is 1");
    let mut schema = Schema::of(&three);
    schema.columns[0].name = "m".into();
    assert!(fit(&three, &schema, &[0, 1]).unwrap_err().to_string().contains("no column `m`"));
    schema.columns.clear();
    assert!(fit(&three, &schema, &[0, 1]).unwrap_err().hint().is_some());
}

#[test]
fn many_categories_come_back() {
    let n = 20_000;
    let mut random = Seed(3).stream("many");
    let levels: Vec<String> = (0..1500).map(|i| format!("level {i:04}")).collect();
    let of: Vec<u32> = (0..n).map(|_| (uniform(&mut random).powi(3) * 1500.0) as u32).collect();
    let group: Vec<u32> = of.iter().map(|level| level % 4).collect();
    let names: Vec<&str> = levels.iter().map(String::as_str).collect();
    let columns = vec![text("group", &["a", "b", "c", "d"], group), text("level", &names, of)];
    let table = Table { columns, n_rows: n };
    let kind = |levels: &[String]| crate::data::Kind::Categorical { levels: levels.to_vec() };
    let schema = Schema {
        columns: vec![
            ColumnSchema::new("group", kind(&["a", "b", "c", "d"].map(String::from)), 0),
            ColumnSchema::new("level", kind(&levels), 0),
        ],
    };
    let chain = fitted(&table, &schema, &quick(), 2);
    let made = chain.sample(5000, Seed(1), 2).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for (group, level) in codes(&made, "group").iter().zip(codes(&made, "level")) {
        assert_eq!(*group, level % 4);
        kinds.insert(*level);
    }
    assert!(kinds.len() > 700, "{}", kinds.len());
}

#[test]
fn nothing_is_made_in_gaps() {
    let mut random = Seed(3).stream("gap");
    let n = 2000;
    // A sentinel in one row of a hundred, far from the others.
    let values: Vec<f64> =
        (0..n).map(|i| if i % 100 == 0 { 9999.0 } else { 20.0 + 10.0 * uniform(&mut random) }).collect();
    let table = Table { columns: vec![number("v", values)], n_rows: n };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 1);
    let made = chain.sample(n, Seed(1), 1).unwrap();
    let far = numbers(&made, "v").iter().filter(|v| **v == 9999.0).count();
    assert!((5..50).contains(&far), "{far}");
    assert!(numbers(&made, "v").iter().all(|v| (20.0..=30.0).contains(v) || *v == 9999.0));
    // No value of the table comes back as it is, but at random.
    let real = numbers(&table, "v");
    let copies = numbers(&made, "v").iter().filter(|v| **v != 9999.0 && real.contains(v)).count();
    assert!(copies < 10, "{copies}");
}
