//! Rules are found, and made rows keep them.

use super::*;

/// A stay that ends after it begins, a total of two parts, and floors that only some houses have.
fn stays(n: usize) -> Table {
    let mut random = Seed(9).stream("stays");
    let mut draw = |most: f64| (uniform(&mut random) * most).floor();
    let begin: Vec<f64> = (0..n).map(|_| draw(300.0)).collect();
    let end = begin.iter().map(|begin| begin + 1.0 + draw(40.0)).collect();
    let parts: Vec<(f64, f64)> = (0..n).map(|_| (draw(90.0), draw(50.0) - 20.0)).collect();
    let house: Vec<u32> = (0..n).map(|_| draw(3.0) as u32).collect();
    let floor = house.iter().map(|house| draw(f64::from(*house) + 2.0) as u32).collect();
    let columns = vec![
        number("begin", begin),
        number("end", end),
        number("x", parts.iter().map(|part| part.0).collect()),
        number("y", parts.iter().map(|part| part.1).collect()),
        number("total", parts.iter().map(|part| part.0 + part.1).collect()),
        text("house", &["a", "b", "c"], house),
        text("floor", &["0", "1", "2", "3"], floor),
    ];
    Table { columns, n_rows: n }
}

#[test]
fn what_held_in_every_row_holds_in_every_made_row() {
    let table = stays(2000);
    let schema = Schema::of(&table);
    let chain = fitted(&table, &schema, &quick(), 2);
    let rules: Vec<Rule> = chain.rules().into_iter().map(|found| found.rule).collect();
    let order = Rule::Order { low: "begin".into(), high: "end".into(), strict: true };
    assert!(rules.contains(&order), "{rules:?}");
    let of = ["x".to_string(), "y".to_string()];
    assert!(
        rules.contains(&Rule::Formula { column: "total".into(), of, operation: Operation::Sum }),
        "{rules:?}"
    );
    let columns = ["house".to_string(), "floor".to_string()];
    assert!(rules.contains(&Rule::Pairs { columns, impossible: 3 }), "{rules:?}");
    let made = chain.sample(3000, Seed(3), 2).unwrap();
    let of = |name: &str| numbers(&made, name);
    assert!(of("begin").iter().zip(of("end")).all(|(begin, end)| begin < end));
    assert!((0..3000).all(|row| of("x")[row] + of("y")[row] == of("total")[row]));
    let floors = codes(&made, "house").iter().zip(codes(&made, "floor"));
    assert!(floors.into_iter().all(|(house, floor)| *floor < house + 2));
    // And where there are conditions.
    let wanted = [Condition { column: "total".into(), allowed: Allowed::Range(60.0, 80.0) }];
    let given = chain.sample_given(200, &wanted, Seed(3), 2).unwrap().table;
    assert!((0..200).all(|row| {
        let total = numbers(&given, "total")[row];
        (60.0..=80.0).contains(&total) && numbers(&given, "x")[row] + numbers(&given, "y")[row] == total
    }));
    assert_eq!(Chain::restore(&chain.store()).unwrap().rules(), chain.rules());
}

#[test]
fn rules_can_be_turned_off_and_chance_makes_none() {
    let table = stays(2000);
    let schema = Schema::of(&table);
    let rules = RuleConfig { decides: false, formulas: false, order: false, pairs: false };
    let chain = fitted(&table, &schema, &ChainConfig { rules, pool: 1, ..quick() }, 2);
    assert!(chain.rules().is_empty());
    let made = chain.sample(2000, Seed(3), 2).unwrap();
    let of = |name: &str| numbers(&made, name);
    assert!((0..2000).any(|row| of("x")[row] + of("y")[row] != of("total")[row]));

    let mut random = Seed(9).stream("chance");
    let mut column =
        |most: f64| -> Vec<f64> { (0..400).map(|_| (uniform(&mut random) * most).floor()).collect() };
    let columns = vec![number("a", column(9.0)), number("b", column(9.0)), number("c", column(500.0))];
    let table = Table { columns, n_rows: 400 };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 1);
    assert!(chain.rules().is_empty(), "{:?}", chain.rules());
}
