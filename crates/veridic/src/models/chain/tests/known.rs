//! What is known of some cells says of others through several rules at once.

use super::*;

fn texts(table: &Table, name: &str, row: usize) -> Option<String> {
    table.column(name).unwrap().cells.text(row).map(|text| text.to_string())
}

fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Bills: a tax of the country's rate on what two lines make, of which the second is often none.
fn bills(n: usize) -> (Table, Schema) {
    let mut random = Seed(31).stream("bills");
    let mut draw = || uniform(&mut random);
    let country: Vec<u32> = (0..n).map(|_| u32::from(draw() < 0.4)).collect();
    let first: Vec<f64> = (0..n).map(|_| cents(5.0 + 400.0 * draw() * draw())).collect();
    let second: Vec<f64> = (0..n).map(|_| if draw() < 0.6 { 0.0 } else { cents(90.0 * draw()) }).collect();
    let net: Vec<f64> = first.iter().zip(&second).map(|(a, b)| cents(a + b)).collect();
    let tax: Vec<f64> =
        net.iter().zip(&country).map(|(net, country)| cents(net * [0.19, 0.07][*country as usize])).collect();
    let total = net.iter().zip(&tax).map(|(net, tax)| cents(net + tax)).collect();
    let columns = vec![
        text("country", &["DE", "CH"], country),
        number("first", first),
        number("second", second),
        number("net", net),
        number("tax", tax),
        number("total", total),
    ];
    let table = Table { columns, n_rows: n };
    let schema = Schema::of(&table);
    (table, schema)
}

fn blanked(table: &Table, columns: &[&str]) -> Table {
    let mut table = table.clone();
    for column in table.columns.iter_mut().filter(|column| columns.contains(&column.name.as_str())) {
        column.cells = match &column.cells {
            Cells::Number(values) => Cells::Number(vec![f64::NAN; values.len()]),
            Cells::Text { codes, levels } => {
                Cells::Text { codes: vec![MISSING; codes.len()], levels: levels.clone() }
            }
        };
    }
    table
}

fn are_bills(table: &Table) -> usize {
    let of = |name: &str| numbers(table, name).to_vec();
    let (first, second, net, tax, total) = (of("first"), of("second"), of("net"), of("tax"), of("total"));
    let country = &table.column("country").unwrap().cells;
    let rate = |i: usize| if country.text(i) == Some("DE") { 0.19 } else { 0.07 };
    let near = |a: f64, b: f64| (a - b).abs() < 0.0051;
    (0..table.n_rows)
        .filter(|&i| {
            near(net[i], first[i] + second[i])
                && near(tax[i], net[i] * rate(i))
                && near(total[i], net[i] + tax[i])
        })
        .count()
}

#[test]
fn several_formulas_are_solved_for_cells_that_all_of_them_say() {
    let (table, schema) = bills(2000);
    let chain = fitted(&table, &schema, &quick(), 2);
    let some = table.take(&(0..200).collect::<Vec<_>>());
    // Of totals that the data has there is a way for each, by whatever is left out.
    for blank in
        [&["net", "first"][..], &["net", "tax", "second"], &["first", "net", "tax"], &["tax"], &["country"]]
    {
        let holes = blanked(&some, blank);
        let filled = chain.fill(&holes, 1, Seed(4), 2).unwrap().remove(0);
        let right = are_bills(&filled);
        assert!(right >= 196, "{blank:?}: {right}");
        assert_eq!(numbers(&filled, "total"), numbers(&some, "total"));
        assert!(crate::models::maker::Maker::Chain(&chain).breaking(&filled).unwrap().len() <= 4);
    }
    for known in [&["country", "total"][..], &["country", "tax"], &["country", "second", "total"]] {
        let like = chain.sample_like(&some.select(known).unwrap(), Seed(4), 2).unwrap();
        let right = are_bills(&like);
        assert!(right >= 190, "{known:?}: {right}");
    }
    let condition = |column: &str, allowed: Allowed| Condition { column: column.into(), allowed };
    let given = [
        condition("country", Allowed::Texts(vec!["DE".into()])),
        condition("total", Allowed::Numbers(vec![119.0])),
    ];
    let made = chain.sample_given(50, &given, Seed(4), 2).unwrap().table;
    assert!(numbers(&made, "net").iter().all(|net| *net == 100.0) && are_bills(&made) == 50);
    // What is out of reach of all parts is no part of a sum.
    let mut far = blanked(&some, &["first", "second"]);
    far.columns[3].cells = Cells::Number((0..200).map(|i| 5.0 + f64::from(i) * 2.0).collect());
    let far = chain.fill(&blanked(&far, &["tax", "total"]), 1, Seed(4), 2).unwrap().remove(0);
    let (first, second) = (numbers(&far, "first"), numbers(&far, "second"));
    let net = numbers(&far, "net");
    let odd: Vec<_> = (0..200)
        .filter(|&i| first[i] < 5.0 || second[i] < 0.0)
        .map(|i| (net[i], first[i], second[i]))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert!(are_bills(&far) >= 198, "{}", are_bills(&far));
}

#[test]
fn all_that_one_column_decides_tells_it_together() {
    let firsts = ["Ann", "Bob", "Cid", "Dan", "Eva"];
    let lasts = ["Lee", "Moe", "Nye", "Orr", "Poe"];
    let name: Vec<u32> = (0..1500).map(|i| i * 7 % 25).collect();
    let names: Vec<String> = (0..25).map(|i| format!("{} {}", firsts[i / 5], lasts[i % 5])).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let columns = vec![
        text("name", &names, name.clone()),
        text("first", &firsts, name.iter().map(|name| name / 5).collect()),
        text("last", &lasts, name.iter().map(|name| name % 5).collect()),
    ];
    let table = Table { columns, n_rows: 1500 };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 1);
    let filled = chain.fill(&blanked(&table, &["name"]), 1, Seed(1), 1).unwrap().remove(0);
    assert_eq!(
        (0..1500).filter(|row| texts(&filled, "name", *row) == texts(&table, "name", *row)).count(),
        1500
    );
}

/// Orders: not yet sent, sent or lost, with a day of sending that only those have that were sent.
fn orders(n: usize) -> (Table, Schema) {
    let mut random = Seed(32).stream("orders");
    let mut draw = || uniform(&mut random);
    let placed: Vec<f64> = (0..n).map(|_| (draw() * 300.0).floor()).collect();
    let state: Vec<u32> = placed
        .iter()
        .map(|placed| match draw() {
            u if u < 0.1 + placed / 900.0 => 0,
            u if u < 0.9 => 1,
            _ => 2,
        })
        .collect();
    let sent = placed
        .iter()
        .zip(&state)
        .map(|(placed, state)| match state {
            0 => f64::NAN,
            _ => placed + (draw() * 9.0).floor(),
        })
        .collect();
    let columns =
        vec![text("state", &["open", "sent", "lost"], state), number("placed", placed), number("sent", sent)];
    let table = Table { columns, n_rows: n };
    let schema = Schema::of(&table);
    (table, schema)
}

#[test]
fn conditions_weigh_rows_as_they_are_drawn() {
    let (table, schema) = orders(4000);
    let chain = fitted(&table, &schema, &quick(), 2);
    let shares = |table: &Table, rows: &[usize]| {
        let codes = codes(table, "state");
        let of =
            |state: u32| rows.iter().filter(|row| codes[**row] == state).count() as f64 / rows.len() as f64;
        [of(0), of(1), of(2)]
    };
    let free = chain.sample(12_000, Seed(1), 2).unwrap();
    let sent = numbers(&free, "sent");
    for (allowed, is_in) in [
        (Allowed::Missing, &(|v: f64| v.is_nan()) as &dyn Fn(f64) -> bool),
        (Allowed::Range(100.0, 160.0), &|v: f64| (100.0..=160.0).contains(&v)),
    ] {
        let rows: Vec<usize> = (0..free.n_rows).filter(|row| is_in(sent[*row])).collect();
        let condition = Condition { column: "sent".into(), allowed };
        let given = chain.sample_given(3000, &[condition], Seed(1), 2).unwrap().table;
        let all: Vec<usize> = (0..3000).collect();
        for (a, b) in shares(&free, &rows).into_iter().zip(shares(&given, &all)) {
            assert!((a - b).abs() < 0.04, "{a} {b}");
        }
    }
    // Of cells alone that are asked for the others stay blank.
    let holes = blanked(&table, &["state"]);
    let maker = crate::models::maker::Maker::Chain(&chain);
    let filled = maker.fill_only((&holes, &["state".to_string()]), 1, Seed(1), 2).unwrap().remove(0);
    let (sent, then) = (numbers(&table, "sent"), numbers(&filled, "sent"));
    assert!(sent.iter().zip(then).all(|(a, b)| a == b || a.is_nan() && b.is_nan()));
    let states = &filled.column("state").unwrap().cells;
    assert!((0..4000).all(|row| (states.text(row) == Some("open")) == sent[row].is_nan()));
    assert!(maker.fill_only((&holes, &["sate".to_string()]), 1, Seed(1), 1).is_err());
}

#[test]
fn what_is_left_over_keeps_its_zeros_and_its_sign() {
    let mut random = Seed(33).stream("days");
    let n = 3000;
    let mut rows = [Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..n {
        let mut draw = || uniform(&mut random);
        let (a, b) = ((draw() * 500.0).floor() / 10.0, (draw() * 400.0).floor() / 10.0);
        let idle = if draw() < 0.2 { 0.0 } else { (draw() * 100.0).floor() / 10.0 };
        let opening = (draw() * 300.0).floor();
        let values = [a, b, ((100.0 - a - b - idle) * 10.0).round() / 10.0, idle, opening];
        rows.iter_mut().zip(values).for_each(|(row, value)| row.push(value));
    }
    let [a, b, c, idle, opening] = rows;
    let sold: Vec<f64> =
        opening.iter().map(|opening| (uniform(&mut random) * 1.3 * opening).floor().min(*opening)).collect();
    let closing = opening.iter().zip(&sold).map(|(opening, sold)| opening - sold).collect();
    let columns = vec![
        number("dev", a),
        number("ops", b),
        number("admin", c),
        number("idle", idle),
        number("opening", opening),
        number("sold", sold),
        number("closing", closing),
    ];
    let table = Table { columns, n_rows: n };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 2);
    let made = Chain::restore(&chain.store()).unwrap().sample(3000, Seed(1), 2).unwrap();
    let zeros = |table: &Table, name: &str| {
        numbers(table, name).iter().filter(|v| **v == 0.0).count() as f64 / table.n_rows as f64
    };
    for name in ["idle", "closing"] {
        assert!(
            (zeros(&table, name) - zeros(&made, name)).abs() < 0.04,
            "{name}: {} {}",
            zeros(&table, name),
            zeros(&made, name)
        );
    }
    assert!(numbers(&made, "closing").iter().all(|v| *v >= 0.0));
    let of = |name: &str| numbers(&made, name);
    let (dev, ops, admin, idle) = (of("dev"), of("ops"), of("admin"), of("idle"));
    assert!((0..3000).all(|i| (dev[i] + ops[i] + admin[i] + idle[i] - 100.0).abs() < 1e-6));
}

#[test]
fn the_likelihoods_of_all_rows_sum_to_one() {
    let mut random = Seed(34).stream("few");
    let values = [3.0, 4.0, 9.0, 17.0, 30.0];
    let n: Vec<f64> = (0..900).map(|_| values[(uniform(&mut random) * 5.0) as usize]).collect();
    let k: Vec<u32> = n.iter().map(|n| u32::from(uniform(&mut random) * 40.0 < *n)).collect();
    let table = Table { columns: vec![text("k", &["no", "yes"], k), number("n", n)], n_rows: 900 };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 1);
    let all = Table {
        columns: vec![
            text("k", &["no", "yes"], (0..80).map(|i| i % 2).collect()),
            number("n", (0..80).map(|i| f64::from(i / 2)).collect()),
        ],
        n_rows: 80,
    };
    let sum: f64 = chain.log_likelihood(&all, 1).unwrap().rows().into_iter().map(f64::exp).sum();
    assert!((sum - 1.0).abs() < 0.01, "{sum}");
}
