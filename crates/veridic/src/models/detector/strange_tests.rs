//! Cells that break relations or are where no number is, and anomalies among the training rows.

use super::tests::{fit, numbers, table, texts};
use super::*;
use crate::data::{Cells, Column};
use crate::models::chain::{Bound, RuleConfig};
use crate::seed::{standard_normal, uniform};

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
