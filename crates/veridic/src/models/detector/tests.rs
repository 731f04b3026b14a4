//! What holds for every detector.

use super::*;
use crate::data::{Cells, Column, MISSING};
use crate::error::{Error, ModelError};
use crate::models::chain::{Bound, RuleConfig};
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

fn all() -> Vec<DetectorConfig> {
    NAMES.iter().map(|name| DetectorConfig::of(name).unwrap()).collect()
}

fn fit(config: DetectorConfig, table: &Table) -> Detector {
    let rows: Vec<usize> = (0..table.n_rows).collect();
    Detector::fit(config, table, &Schema::of(table), &rows, &RuleConfig::default(), (Seed(1), 2)).unwrap()
}

#[test]
fn names_and_settings_go_together() {
    let (mut named, mut known) = (NAMES.to_vec(), serde_names::<DetectorConfig>());
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known, "`NAMES` has every detector");
    for config in all() {
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

/// Invoices: a total of count and price, a country that the city decides, and a due day not before the day of the invoice.
fn invoices(n: usize, seed: u64) -> Table {
    let mut random = Seed(seed).stream("invoices");
    let mut whole = |from: f64, to: f64| (from + (to - from) * uniform(&mut random)).floor();
    let mut columns: [Vec<f64>; 6] = std::array::from_fn(|_| Vec::new());
    for _ in 0..n {
        let (count, price) = (whole(1.0, 20.0), whole(100.0, 5000.0) / 100.0);
        let (day, city) = (whole(0.0, 365.0), whole(0.0, 12.0));
        let due = day + whole(0.0, 60.0);
        let row = [count, price, (count * price * 100.0).round() / 100.0, day, due, city];
        columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
    let levels = |name: &str, n: usize| (0..n).map(|i| format!("{name}{i}")).collect::<Vec<String>>();
    let city: Vec<u32> = columns[5].iter().map(|city| *city as u32).collect();
    let text = |name: &str, codes: Vec<u32>, n: usize| Column {
        name: name.to_string(),
        cells: Cells::Text { codes, levels: levels(name, n) },
    };
    let number =
        |i: usize, name: &str| Column { name: name.to_string(), cells: Cells::Number(columns[i].clone()) };
    let country = city.iter().map(|city| city / 3).collect();
    let columns = vec![
        number(0, "count"),
        number(1, "price"),
        number(2, "total"),
        number(3, "day"),
        number(4, "due"),
        text("city", city, 12),
        text("country", country, 4),
    ];
    Table { columns, n_rows: n }
}

fn set(table: &mut Table, column: usize, row: usize, change: impl Fn(f64) -> f64) {
    match &mut table.columns[column].cells {
        Cells::Number(values) => values[row] = change(values[row]),
        Cells::Text { codes, .. } => codes[row] = change(f64::from(codes[row])) as u32,
    }
}

#[test]
fn a_cell_that_breaks_what_nearly_all_rows_keep_is_unusual_and_named_first() {
    let mut train = invoices(3000, 1);
    // Nobody has taken out the wrong rows.
    (0..15).for_each(|i| set(&mut train, 2, 40 + 190 * i, |total| total + 2.0));
    let detector = fit(DetectorConfig::default(), &train);
    let mut test = invoices(400, 2);
    let place = |name: &str| test.columns.iter().position(|column| column.name == name).unwrap();
    let wrong = [(place("total"), 7), (place("country"), 70), (place("due"), 140)];
    let asked: Vec<String> = wrong.iter().map(|(column, _)| test.columns[*column].name.clone()).collect();
    set(&mut test, wrong[0].0, 7, |total| total + 1.0);
    set(&mut test, wrong[1].0, 70, |country| (country + 1.0) % 4.0);
    set(&mut test, wrong[2].0, 140, |_| -1.0);
    let explained = detector.explain(&test, 1).unwrap();
    let scores = &explained.scored.score;
    // One in two hundred totals of the training rows is wrong: a wrong one is about as unusual as that.
    let mut usual: Vec<f64> =
        (0..400).filter(|row| wrong.iter().all(|(_, wrong)| row != wrong)).map(|row| scores[row]).collect();
    usual.sort_by(f64::total_cmp);
    let most = usual[usual.len() - 4];
    let width = explained.columns.len();
    for ((_, row), name) in wrong.iter().zip(&asked) {
        assert!(scores[*row] > most, "row {row}: {} of {most}", scores[*row]);
        let reasons = &explained.reasons[row * width..(row + 1) * width];
        let first = (0..width).max_by(|a, b| reasons[*a].total_cmp(&reasons[*b])).unwrap();
        assert_eq!(&explained.columns[first], name);
        let sum: f64 = reasons.iter().map(|reason| f64::from(*reason)).sum();
        assert!((sum - scores[*row]).abs() < 1e-3 * scores[*row]);
    }
    let (Cells::Number(found), Cells::Number(expected)) =
        (&test.columns[2].cells, &explained.expected.columns[2].cells)
    else {
        panic!("numbers")
    };
    assert!((found[7] - 1.0 - expected[7]).abs() < 1e-9, "{} {}", found[7], expected[7]);
    // The relation is told, and what it says.
    let told = |row: usize| explained.broken.iter().find(|cell| cell.row == row).unwrap();
    let relation = |row: usize| explained.relations[told(row).relation].to_string();
    assert_eq!(relation(7), "`total` = `count` * `price`");
    assert_eq!(relation(70), "`city` decides `country`");
    assert_eq!((relation(140).as_str(), told(140).bound), ("`day` <= `due`", Some(Bound::AtLeast)));
    let Cells::Number(due) = &explained.expected.columns[4].cells else { panic!("numbers") };
    let Cells::Number(day) = &test.columns[3].cells else { panic!("numbers") };
    assert_eq!(due[140], day[140]);
    assert!(explained.broken.is_sorted_by_key(|cell| (cell.row, cell.column)));
    // A wrong row of the training rows is found there, too.
    let own = detector.score(&train, 1).unwrap().score;
    let mut order: Vec<usize> = (0..own.len()).collect();
    order.sort_by(|a, b| own[*b].total_cmp(&own[*a]));
    let found = order[..30].iter().filter(|row| (**row).saturating_sub(40).is_multiple_of(190)).count();
    assert!(found >= 14, "{found}");
    let shown: Vec<String> = detector.relations().iter().map(|found| found.rule.to_string()).collect();
    for rule in ["`city` decides `country`", "`total` = `count` * `price`", "`day` <= `due`"] {
        assert!(shown.iter().any(|found| found == rule), "{rule}: {shown:?}");
    }
    // The same, stored and read back, and without looking at relations.
    let again = Detector::restore(&detector.store()).unwrap();
    assert_eq!(again.score(&test, 2).unwrap().score, *scores);
    let off =
        RuleConfig { decides: false, formulas: false, order: false, pairs: false, ..RuleConfig::default() };
    let rows: Vec<usize> = (0..train.n_rows).collect();
    let blind =
        Detector::fit(DetectorConfig::default(), &train, &Schema::of(&train), &rows, &off, (Seed(1), 1));
    assert!(blind.unwrap().score(&test, 1).unwrap().score[7] < 0.5 * scores[7]);
}

/// Bills with a tax of 19 % of the price, a fee and their total; some taxes and countries are blank.
fn bills(n: usize, seed: u64) -> Table {
    let mut random = Seed(seed).stream("bills");
    let mut draw = |most: f64| uniform(&mut random) * most;
    let cents = |value: f64| (value * 100.0).round() / 100.0;
    let net: Vec<f64> = (0..n).map(|_| cents(draw(900.0) + 5.0)).collect();
    let tax: Vec<f64> = net.iter().map(|net| cents(net * 0.19)).collect();
    let fee: Vec<f64> = (0..n).map(|_| cents(draw(40.0))).collect();
    let total = (0..n).map(|row| cents(net[row] + tax[row] + fee[row])).collect();
    let blank: Vec<bool> = (0..n).map(|_| draw(1.0) < 0.1).collect();
    let tax = tax.iter().zip(blank).map(|(tax, blank)| if blank { f64::NAN } else { *tax }).collect();
    let of = |name: &str, cells: Vec<f64>| Column { name: name.to_string(), cells: Cells::Number(cells) };
    let columns = vec![of("net", net), of("tax", tax), of("fee", fee), of("total", total)];
    Table { columns, n_rows: n }
}

#[test]
fn sums_of_parts_that_follow_are_seen_beside_blanks_and_the_only_wrong_cell_is_named() {
    let detector = fit(DetectorConfig::default(), &bills(3000, 1));
    let shown: Vec<String> = detector.relations().iter().map(|found| found.rule.to_string()).collect();
    for rule in ["`tax` = `net` * 0.19", "`total` = `net` + `tax` + `fee`"] {
        assert!(shown.iter().any(|found| found == rule), "{rule}: {shown:?}");
    }
    let mut test = bills(400, 2);
    let Cells::Number(taxes) = test.columns[1].cells.clone() else { panic!("numbers") };
    let rows: Vec<usize> = (0..400).filter(|row| !taxes[*row].is_nan()).step_by(90).take(4).collect();
    (0..4).for_each(|column| set(&mut test, column, rows[column], |cell| cell + 2.0));
    let explained = detector.explain(&test, 1).unwrap();
    let mut order: Vec<usize> = (0..400).collect();
    order.sort_by(|a, b| explained.scored.score[*b].total_cmp(&explained.scored.score[*a]));
    for (column, row) in rows.iter().enumerate() {
        assert!(order[..5].contains(row), "row {row} of {:?}", &order[..5]);
        let reasons = &explained.reasons[row * 4..row * 4 + 4];
        let first = (0..4).max_by(|a, b| reasons[*a].total_cmp(&reasons[*b])).unwrap();
        // A fee and a total vouch for nothing: either may be wrong.
        assert!(first == column || column > 1 && first > 1, "{column}: {first}");
        if first == column {
            let Cells::Number(expected) = &explained.expected.columns[column].cells else {
                panic!("numbers")
            };
            let Cells::Number(found) = &test.columns[column].cells else { panic!("numbers") };
            assert!((found[*row] - 2.0 - expected[*row]).abs() < 0.011, "{column}: {}", expected[*row]);
        }
    }
}

/// Claims of few policies, each with an amount of which there is none without a claim; ages from 18 on; a state.
fn claims(n: usize, seed: u64) -> Table {
    let mut random = Seed(seed).stream("claims");
    let mut draw = |most: f64| uniform(&mut random) * most;
    let mut columns: [Vec<f64>; 3] = std::array::from_fn(|_| Vec::new());
    let mut states = Vec::new();
    for _ in 0..n {
        let claims = (draw(10.0) - 7.0).floor().max(0.0);
        let amount = if claims > 0.0 { (claims * (50.0 + draw(900.0))).round() } else { 0.0 };
        let row = [claims, amount, 18.0 + draw(60.0).floor()];
        columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        states.push(Some(["open", "closed"][usize::from(draw(1.0) < 0.5)]));
    }
    let [claims, amount, age] = columns;
    table(vec![
        numbers("claims", claims),
        numbers("amount", amount),
        numbers("age", age),
        texts("state", &states),
    ])
}

#[test]
fn an_amount_without_a_claim_and_a_number_where_none_is_are_named_first() {
    let train = claims(3000, 1);
    let mut test = claims(400, 2);
    let Cells::Number(own) = &test.columns[0].cells else { panic!("numbers") };
    let none = own.iter().position(|claims| *claims == 0.0).unwrap();
    let some = (0..400).filter(|row| *row != none).collect::<Vec<_>>();
    let wrong = [(1, none, 512.0), (2, some[40], -4.0), (0, some[80], 0.5)];
    wrong.iter().for_each(|(column, row, value)| set(&mut test, *column, *row, |_| *value));
    for trim in [0.0, 0.1] {
        let config = SurpriseConfig { trim: Some(trim), ..SurpriseConfig::default() };
        let detector = fit(DetectorConfig::Surprise(config), &train);
        let explained = detector.explain(&test, 2).unwrap();
        let scores = &explained.scored.score;
        let above = |score: f64| scores.iter().filter(|other| **other > score).count();
        for (column, row, _) in wrong {
            assert!(above(scores[row]) < 8, "{trim}, row {row}: {} above", above(scores[row]));
            let reasons = &explained.reasons[row * 4..(row + 1) * 4];
            let first = (0..4).max_by(|a, b| reasons[*a].total_cmp(&reasons[*b])).unwrap();
            assert_eq!(first, column, "{trim}, row {row}: {reasons:?}");
            let sum: f64 = reasons.iter().map(|reason| f64::from(*reason)).sum();
            assert!((sum - scores[row]).abs() < 1e-3 * scores[row]);
        }
        let told = explained.broken.iter().find(|cell| cell.row == none).unwrap();
        assert_eq!(explained.relations[told.relation].to_string(), "`claims` with `amount`");
        // Whoever is scored with it, from a file or not, a row has the same score.
        let again = Detector::restore(&detector.store()).unwrap();
        assert_eq!(again.explain(&test, 1).unwrap().reasons, explained.reasons);
        assert_eq!(again.score(&test, 1).unwrap().score, *scores);
    }
}

#[test]
fn anomalies_that_are_alike_shelter_each_other_less_with_a_forest() {
    let mut random = Seed(5).stream("alike");
    let mut columns: [Vec<f64>; 4] = std::array::from_fn(|_| Vec::new());
    // One row in twelve is of a dense clump beside the others.
    let is_wrong = |row: usize| row.is_multiple_of(12);
    for row in 0..2400 {
        for column in &mut columns {
            let z = standard_normal(&mut random);
            column.push(if is_wrong(row) { 4.0 + 0.1 * z } else { z });
        }
    }
    let names = ["a", "b", "c", "d"];
    let train = table(names.into_iter().zip(columns).map(|(name, values)| numbers(name, values)).collect());
    let missed = |trim: f64| {
        let config = SurpriseConfig { trim: Some(trim), ..SurpriseConfig::default() };
        let scores = fit(DetectorConfig::Surprise(config), &train).score(&train, 2).unwrap().score;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        order[..200].iter().filter(|row| !is_wrong(**row)).count()
    };
    let (with, without) = (missed(super::surprise::TRIMMED), missed(0.0));
    assert!(with + 20 < without, "{with} {without}");
}
