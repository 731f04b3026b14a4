use std::sync::atomic::AtomicBool;

use super::*;
use crate::data::{Cells, Column, Schema, Table};
use crate::error::ModelError;
use crate::models::Stored;
use crate::models::chain::{Allowed, Answer, Condition};
use crate::seed::{Seed, standard_normal, uniform};

fn text(name: &str, levels: &[&str], codes: Vec<u32>) -> Column {
    let levels = levels.iter().map(|level| (*level).to_string()).collect();
    Column { name: name.into(), cells: Cells::Text { codes, levels } }
}

fn number(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.into(), cells: Cells::Number(values) }
}

fn table(columns: Vec<Column>) -> (Table, Schema) {
    let table = Table { n_rows: columns[0].cells.len(), columns };
    let schema = Schema::of(&table);
    (table, schema)
}

const TOWNS: [&str; 3] = ["Basel", "Oslo", "Rome"];
const SKIES: [&str; 2] = ["clear", "cloudy"];
const RAINS: [f64; 4] = [0.0, 1.0, 5.0, f64::NAN];
const WINDS: [&str; 2] = ["calm", "windy"];

/// Towns, a sky that depends on the town, rain that depends on the sky and may be missing, and a wind with the rain.
fn weather(n: usize) -> (Table, Schema) {
    let mut random = Seed(3).stream("weather");
    let mut below = |share: f64| uniform(&mut random) < share;
    let (mut town, mut sky, mut rain, mut wind) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let place = if below(0.5) { 0 } else { 1 + u32::from(below(0.5)) };
        let cloudy = below([0.5, 0.1, 0.8][place as usize]);
        let fallen = match (cloudy, below(0.5), below(0.1)) {
            (_, _, true) => 3,
            (true, false, _) => 2,
            (true, true, _) => 1,
            (false, ..) => usize::from(below(0.1)),
        };
        town.push(place);
        sky.push(u32::from(cloudy));
        rain.push(RAINS[fallen]);
        wind.push(u32::from(below(if fallen == 2 { 0.9 } else { 0.2 })));
    }
    table(vec![
        text("town", &TOWNS, town),
        text("sky", &SKIES, sky),
        number("rain", rain),
        text("wind", &WINDS, wind),
    ])
}

/// Every row there can be.
fn all_rows() -> Table {
    let n = 48;
    let of = |stride: usize, count: usize| (0..n).map(move |i| i / stride % count);
    let symbols = |stride: usize, count: usize| of(stride, count).map(|code| code as u32).collect();
    table(vec![
        text("town", &TOWNS, symbols(16, 3)),
        text("sky", &SKIES, symbols(8, 2)),
        number("rain", of(2, 4).map(|i| RAINS[i]).collect()),
        text("wind", &WINDS, symbols(1, 2)),
    ])
    .0
}

fn fitted((table, schema): &(Table, Schema), threads: usize) -> Circuit {
    let config = CircuitConfig { states: 16, epochs: 4, batch: 512, ..CircuitConfig::default() };
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let stop = AtomicBool::new(false);
    Circuit::fit(&config, (table, schema), &rows, (Seed(1), threads), &stop, &|_, _| ()).unwrap().unwrap()
}

/// The probability of each of [`all_rows`].
fn chances(circuit: &Circuit) -> Vec<f64> {
    circuit.log_likelihood(&all_rows(), 1).unwrap().rows().into_iter().map(f64::exp).collect()
}

fn is(column: &str, value: &str) -> Condition {
    Condition { column: column.to_string(), allowed: Allowed::Texts(vec![value.to_string()]) }
}

/// Cells as they compare, a missing one the same as another.
fn cells(table: &Table) -> Vec<Vec<String>> {
    let cell = |column: &Column, row: usize| match &column.cells {
        Cells::Number(values) => values[row].to_string(),
        cells => cells.text(row).unwrap_or_default().to_string(),
    };
    let column = |column: &Column| (0..table.n_rows).map(|row| cell(column, row)).collect();
    table.columns.iter().map(column).collect()
}

fn near(a: f64, b: f64, most: f64) {
    assert!((a - b).abs() < most, "{a} is not {b}");
}

#[test]
fn probabilities_of_all_rows_sum_to_one_and_are_those_of_the_data() {
    let data = weather(6000);
    let circuit = fitted(&data, 1);
    let chances = chances(&circuit);
    near(chances.iter().sum(), 1.0, 1e-4);
    let all = all_rows();
    let (seen, all) = (cells(&data.0), cells(&all));
    for (row, chance) in chances.iter().enumerate() {
        let same = |i: &usize| (0..4).all(|j| seen[j][*i] == all[j][row]);
        let share = (0..6000).filter(same).count() as f64 / 6000.0;
        near(*chance, share, 0.02);
    }
}

#[test]
fn a_prediction_is_what_all_rows_say() {
    let circuit = fitted(&weather(3000), 1);
    let (all, chances) = (all_rows(), chances(&circuit));
    // Rows of the same other cells follow each other at the stride of the column.
    for (column, stride, count) in [("town", 16, 3), ("sky", 8, 2), ("rain", 2, 4), ("wind", 1, 2)] {
        let told = circuit.predict(&all, column, 2).unwrap();
        let place = |i: usize| match column {
            "rain" => told.answers.iter().position(|answer| match answer {
                Answer::Missing => RAINS[i].is_nan(),
                answer => *answer == Answer::Number(RAINS[i]),
            }),
            _ => {
                let levels: &[&str] = match column {
                    "town" => &TOWNS,
                    "sky" => &SKIES,
                    _ => &WINDS,
                };
                told.answers.iter().position(|answer| *answer == Answer::Text(levels[i].to_string()))
            }
        };
        for row in 0..all.n_rows {
            let first = row - row / stride % count * stride;
            let sum: f64 = (0..count).map(|i| chances[first + i * stride]).sum();
            for i in 0..count {
                let said = told.probabilities[row * count + place(i).unwrap()];
                near(f64::from(said), chances[first + i * stride] / sum, 1e-4);
            }
        }
    }
}

#[test]
fn conditions_have_the_probability_of_the_rows_that_meet_them_and_made_rows_their_shares() {
    let circuit = fitted(&weather(3000), 1);
    let chances = chances(&circuit);
    let rainy = Condition { column: "rain".to_string(), allowed: Allowed::Range(1.0, 9.0) };
    let conditions = [is("town", "Rome"), rainy];
    let meets = |row: &usize| row / 16 == 2 && matches!(row / 2 % 4, 1 | 2);
    let share: f64 = (0..48).filter(meets).map(|row| chances[row]).sum();
    near(circuit.probability(&conditions).unwrap(), share, 1e-5);
    near(circuit.probability(&[]).unwrap(), 1.0, 1e-4);
    let made = circuit.sample_given(8000, &conditions, Seed(2), 2).unwrap();
    assert!(made.effective >= 8000.0, "{}", made.effective);
    let (town, rain) = (made.table.column("town").unwrap(), made.table.column("rain").unwrap());
    assert!((0..8000).all(|row| town.cells.text(row) == Some("Rome")));
    let Cells::Number(rain) = &rain.cells else { panic!("rain is a number") };
    assert!(rain.iter().all(|rain| [1.0, 5.0].contains(rain)));
    let wind = &made.table.column("wind").unwrap().cells;
    let windy = (0..8000).filter(|row| wind.text(*row) == Some("windy")).count() as f64 / 8000.0;
    let of_all: f64 = (0..48).filter(|row| meets(row) && row % 2 == 1).map(|row| chances[row]).sum();
    near(windy, of_all / share, 0.02);
    let balanced = circuit.sample_balanced(300, &["town"], Seed(2), 1).unwrap();
    let town = &balanced.column("town").unwrap().cells;
    for level in TOWNS {
        assert_eq!((0..300).filter(|row| town.text(*row) == Some(level)).count(), 100);
    }
}

#[test]
fn missing_cells_are_drawn_given_the_others() {
    let circuit = fitted(&weather(3000), 1);
    let n = 4000;
    let open = table(vec![
        text("town", &TOWNS, (0..n).map(|row| row % 3).collect()),
        text("sky", &SKIES, vec![1; n as usize]),
        number("rain", vec![f64::NAN; n as usize]),
        text("wind", &WINDS, vec![1; n as usize]),
    ])
    .0;
    let filled = circuit.fill(&open, 2, Seed(4), 2).unwrap();
    assert_eq!(filled.len(), 2);
    assert!(cells(&filled[0]) != cells(&filled[1]));
    let told = circuit.predict(&open, "rain", 1).unwrap();
    let width = told.answers.len();
    let place = |rain: f64| told.answers.iter().position(|answer| *answer == Answer::Number(rain)).unwrap();
    let missing = told.answers.iter().position(|answer| *answer == Answer::Missing).unwrap();
    for table in &filled {
        for name in ["town", "sky", "wind"] {
            assert!(table.column(name) == open.column(name), "{name} is not as it was");
        }
        let Cells::Number(rain) = &table.column("rain").unwrap().cells else { panic!("rain is a number") };
        assert!(rain.iter().all(|rain| !rain.is_nan()));
        for value in [0.0, 1.0, 5.0] {
            let share = rain.iter().filter(|rain| **rain == value).count() as f64 / f64::from(n);
            let rows = told.probabilities.chunks(width);
            let of = rows.map(|row| f64::from(row[place(value)]) / (1.0 - f64::from(row[missing])));
            near(share, of.sum::<f64>() / f64::from(n), 0.03);
        }
    }
    // Of columns that are not there, every cell is made; a missing one stays so where it is asked to.
    let few = Table { columns: open.columns[1..3].to_vec(), n_rows: n as usize };
    let like = circuit.sample_like(&few, Seed(5), 1).unwrap();
    assert!(like.column("sky") == few.column("sky"));
    let Cells::Number(rain) = &like.column("rain").unwrap().cells else { panic!("rain is a number") };
    assert!(rain.iter().all(|rain| rain.is_nan()));
    let town = &like.column("town").unwrap().cells;
    assert!((0..n as usize).any(|row| town.text(row) == Some("Oslo")));
}

#[test]
fn numbers_between_quantiles_have_a_density_that_sums_to_one() {
    let mut random = Seed(9).stream("heat");
    let heat: Vec<f64> = (0..3000).map(|_| (50.0 + 10.0 * standard_normal(&mut random)).round()).collect();
    let warm = heat.iter().map(|heat| u32::from(*heat > 50.0)).collect();
    let data = table(vec![number("heat", heat.clone()), text("warm", &["no", "yes"], warm)]);
    let config = CircuitConfig { states: 16, codes: 8, epochs: 4, ..CircuitConfig::default() };
    let rows: Vec<usize> = (0..3000).collect();
    let stop = AtomicBool::new(false);
    let fit = Circuit::fit(&config, (&data.0, &data.1), &rows, (Seed(1), 1), &stop, &|_, _| ());
    let circuit = fit.unwrap().unwrap();
    let (low, high) = heat.iter().fold((f64::MAX, f64::MIN), |(low, high), h| (low.min(*h), high.max(*h)));
    let grid: Vec<f64> = (0..=(high - low) as usize).map(|i| low + i as f64).collect();
    let n = grid.len();
    let both = [grid.clone(), grid].concat();
    let codes = [vec![0; n], vec![1; n]].concat();
    let every = table(vec![number("heat", both), text("warm", &["no", "yes"], codes)]).0;
    let sum: f64 = circuit.log_likelihood(&every, 1).unwrap().rows().into_iter().map(f64::exp).sum();
    near(sum, 1.0, 0.02);
    let made = circuit.sample(3000, Seed(2), 1).unwrap();
    let (heat, warm) = (made.column("heat").unwrap(), made.column("warm").unwrap());
    let Cells::Number(values) = &heat.cells else { panic!("heat is a number") };
    let agree = |row: &usize| (values[*row] > 50.0) == (warm.cells.text(*row) == Some("yes"));
    let agreeing = (0..3000).filter(agree).count();
    assert!(agreeing > 2600, "{agreeing}");
}

#[test]
fn the_same_comes_of_any_number_of_threads_and_of_what_was_stored() {
    let data = weather(1500);
    let circuit = fitted(&data, 1);
    assert!(circuit == fitted(&data, 3));
    let made = |seed: u64, threads: usize| cells(&circuit.sample(5000, Seed(seed), threads).unwrap());
    assert!(made(2, 1) == made(2, 3) && made(2, 1) != made(3, 1));
    let read = Stored::from_bytes(&circuit.store().to_bytes()).unwrap();
    assert!(Circuit::restore(&read).unwrap() == circuit);
    assert_eq!(circuit.sample(0, Seed(2), 1).unwrap().n_rows, 0);
}

#[test]
fn damage_is_an_error() {
    let stored = fitted(&weather(300), 1).store();
    for name in stored.tensors.keys() {
        let mut broken = stored.clone();
        broken.tensors.remove(name);
        Circuit::restore(&broken).unwrap_err();
        let mut broken = stored.clone();
        broken.insert(name.clone(), &[16], vec![f32::NAN; 16]);
        Circuit::restore(&broken).unwrap_err();
        let mut broken = stored.clone();
        broken.insert(name.clone(), &[0], Vec::<f32>::new());
        Circuit::restore(&broken).unwrap_err();
    }
    for name in stored.about.keys() {
        let mut broken = stored.clone();
        broken.about.insert(name.clone(), "[".to_string());
        Circuit::restore(&broken).unwrap_err();
    }
    for parents in ["[null,null,0,0]", "[1,0,null,0]", "[null,9,0,0]", "[null,0,0]", "[1,2,3,0]"] {
        let mut broken = stored.clone();
        broken.about.insert("parents".to_string(), parents.to_string());
        Circuit::restore(&broken).unwrap_err();
    }
}

#[test]
fn what_cannot_be_answered_is_said() {
    let data = weather(1000);
    let circuit = fitted(&data, 1);
    let given = |conditions: &[Condition]| circuit.sample_given(5, conditions, Seed(1), 1).unwrap_err();
    assert!(matches!(given(&[is("cloud", "x")]), ModelError::UnknownColumn { .. }));
    assert!(matches!(given(&[is("sky", "green")]), ModelError::UnknownValue { .. }));
    assert!(matches!(given(&[is("sky", "clear"), is("sky", "clear")]), ModelError::TwoConditions { .. }));
    let far = Condition { column: "rain".to_string(), allowed: Allowed::Range(100.0, 200.0) };
    assert!(matches!(given(std::slice::from_ref(&far)), ModelError::Impossible { .. }));
    assert_eq!(circuit.probability(&[far]).unwrap(), 0.0);
    let words = Condition { column: "rain".to_string(), allowed: Allowed::Texts(vec!["much".into()]) };
    assert!(matches!(given(&[words]), ModelError::WrongCondition { .. }));
    let lacking = Table { columns: data.0.columns[..2].to_vec(), n_rows: 1000 };
    assert!(matches!(circuit.predict(&lacking, "sky", 1), Err(ModelError::MissingColumn { .. })));
    assert!(matches!(circuit.log_likelihood(&lacking, 1), Err(ModelError::MissingColumn { .. })));
    assert!(matches!(circuit.predict(&data.0, "cloud", 1), Err(ModelError::UnknownColumn { .. })));
    let other = table(vec![number("x", vec![1.0])]).0;
    assert!(matches!(circuit.fill(&other, 1, Seed(1), 1), Err(ModelError::NoColumns { .. })));
    // A level that no row had says nothing, and is as unlikely as can be.
    let strange = table(vec![
        text("town", &["Paris"], vec![0]),
        text("sky", &SKIES, vec![0]),
        number("rain", vec![0.0]),
        text("wind", &WINDS, vec![0]),
    ])
    .0;
    let likelihoods = circuit.log_likelihood(&strange, 1).unwrap();
    assert_eq!(likelihoods.values[0], 1e-6f64.ln());
    assert!(likelihoods.values[1..].iter().all(|value| (-6.0..=0.0).contains(value)));
}

#[test]
fn a_fit_of_too_little_or_that_is_stopped_comes_to_nothing() {
    let (table, schema) = weather(300);
    let config = CircuitConfig { states: 16, ..CircuitConfig::default() };
    let fit = |rows: &[usize], schema: &Schema, stopped: bool| {
        let stop = AtomicBool::new(stopped);
        Circuit::fit(&config, (&table, schema), rows, (Seed(1), 1), &stop, &|_, _| ())
    };
    assert!(matches!(fit(&[0], &schema, false), Err(ModelError::TooFewRows { .. })));
    let none = Schema { columns: Vec::new() };
    assert!(matches!(fit(&[0, 1, 2], &none, false), Err(ModelError::NoColumns { .. })));
    assert_eq!(fit(&[0, 1, 2], &schema, true).unwrap(), None);
    // Three rows, of which no column need vary.
    let made = fit(&[0, 0, 0], &schema, false).unwrap().unwrap().sample(10, Seed(1), 1).unwrap();
    assert_eq!(made.columns[0].cells.text(9), table.columns[0].cells.text(0));
    for config in [
        CircuitConfig { states: 17, ..config.clone() },
        CircuitConfig { states: 528, ..config.clone() },
        CircuitConfig { codes: 3, ..config.clone() },
        CircuitConfig { epochs: 0, ..config.clone() },
        CircuitConfig { batch: 1, ..config.clone() },
        CircuitConfig { smoothing: f64::NAN, ..config.clone() },
    ] {
        assert!(config.check("model.circuit").is_err(), "{config:?}");
    }
}

/// Stays that never end before they start, their price, what is paid of it, and a code of the ward.
fn stays(n: usize) -> (Table, Schema) {
    let mut random = Seed(5).stream("stays");
    let mut below = |most: f64| (uniform(&mut random) * most).floor();
    let (mut start, mut end, mut care, mut room, mut bill) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut ward, mut code) = (vec![], vec![]);
    for _ in 0..n {
        let from = below(200.0);
        start.push(from);
        end.push(from + below(30.0));
        care.push(below(500.0));
        room.push(below(300.0));
        bill.push(care[care.len() - 1] + room[room.len() - 1]);
        let of = below(3.0);
        ward.push(of as u32);
        code.push(f64::from(7 - of as i32));
    }
    table(vec![
        number("start", start),
        number("end", end),
        number("care", care),
        number("room", room),
        number("bill", bill),
        text("ward", &["a", "b", "c"], ward),
        number("code", code),
    ])
}

#[test]
fn made_rows_keep_the_rules_of_the_data() {
    let circuit = fitted(&stays(2000), 2);
    let rules: Vec<String> = circuit.rules().iter().map(|found| found.rule.to_string()).collect();
    for rule in ["`ward` decides `code`", "`bill` = `care` + `room`", "`start` <= `end`"] {
        assert!(rules.iter().any(|found| found == rule), "{rules:?}");
    }
    let values = |table: &Table, name: &str| match &table.column(name).unwrap().cells {
        Cells::Number(values) => values.clone(),
        Cells::Text { .. } => panic!("`{name}` is text"),
    };
    let check = |table: &Table| {
        let of = |name: &str| values(table, name);
        let (start, end, care, room) = (of("start"), of("end"), of("care"), of("room"));
        let (bill, code) = (of("bill"), of("code"));
        let ward = &table.column("ward").unwrap().cells;
        for row in 0..table.n_rows {
            assert!(start[row] <= end[row] && care[row] + room[row] == bill[row]);
            assert_eq!(ward.text(row), Some(["a", "b", "c"][7 - code[row] as usize]));
        }
    };
    // What follows from the other cells is that.
    let known = stays(50).0;
    let bill = circuit.predict(&known, "bill", 1).unwrap();
    assert_eq!(bill.known, values(&known, "bill"));
    assert!(bill.probabilities.chunks(bill.answers.len()).all(|row| row.contains(&1.0)));
    let made = circuit.sample(3000, Seed(2), 2).unwrap();
    check(&made);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    near(mean(values(&made, "start")), 100.0, 6.0);
    let within =
        |column: &str, from, to| Condition { column: column.to_string(), allowed: Allowed::Range(from, to) };
    let given = circuit
        .sample_given(500, &[within("end", 50.0, 60.0), within("bill", 300.0, 300.0)], Seed(3), 1)
        .unwrap();
    check(&given.table);
    assert!(values(&given.table, "end").iter().all(|end| (50.0..=60.0).contains(end)));
    assert!(values(&given.table, "bill").iter().all(|bill| *bill == 300.0));
    let coded = circuit.sample_given(50, &[within("code", 6.0, 6.0)], Seed(3), 1).unwrap().table;
    assert!((0..50).all(|row| coded.column("ward").unwrap().cells.text(row) == Some("b")));
    // What is known of a row decides what is not.
    let open = table(vec![
        number("start", vec![f64::NAN; 40]),
        number("end", vec![20.0; 40]),
        number("care", vec![100.0; 40]),
        number("room", vec![f64::NAN; 40]),
        number("bill", vec![180.0; 40]),
        text("ward", &["a", "b", "c"], vec![crate::data::MISSING; 40]),
        number("code", vec![5.0; 40]),
    ])
    .0;
    for filled in circuit.fill(&open, 2, Seed(4), 2).unwrap() {
        check(&filled);
        assert!(values(&filled, "room").iter().all(|room| *room == 80.0));
    }
    let two = [within("start", 100.0, 120.0), within("end", 10.0, 20.0)];
    let error = circuit.sample_given(5, &two, Seed(1), 1).unwrap_err();
    assert_eq!(error.to_string(), "no row can meet the conditions on start and end together");
    assert!(error.hint().is_some());
}
