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
    let rules =
        RuleConfig { decides: false, formulas: false, order: false, pairs: false, ..RuleConfig::default() };
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

#[test]
fn rules_of_the_user_hold_and_found_ones_can_be_let_go() {
    let table = stays(600);
    let schema = Schema::of(&table);
    let rules = RuleConfig {
        decides: false,
        formulas: false,
        order: false,
        pairs: false,
        hold: ["begin < end", "x = total - y", "y in -15..", "house with floor"].map(str::to_string).to_vec(),
        ..RuleConfig::default()
    };
    let wide = |rules: RuleConfig| ChainConfig { rules, ..quick() };
    // Rows of the data break the range.
    let stop = AtomicBool::new(false);
    let rows: Vec<usize> = (0..600).collect();
    let fit = |rules: &RuleConfig| {
        Chain::fit(&wide(rules.clone()), &table, &schema, &rows, Seed(1), 2, &stop, &|_| (), None)
    };
    let error = fit(&rules).unwrap_err();
    let crate::error::ModelError::BrokenRule { rows: broken, of, examples, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((*broken, *of), (numbers(&table, "y").iter().filter(|y| **y < -15.0).count(), 600));
    assert!(examples[0].starts_with("row ") && examples[0].contains("y = -"), "{examples:?}");

    let mut rules = rules;
    rules.hold[2] = "y in -20..29".to_string();
    let chain = fitted(&table, &schema, &wide(rules.clone()), 2);
    let found: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    let shown = ["`total` = `x` + `y`", "`begin` < `end`", "`y` in -20..29", "`house` with `floor`"];
    assert_eq!(found, shown);
    let made = chain.sample(1500, Seed(3), 2).unwrap();
    let of = |name: &str| numbers(&made, name);
    assert!((0..1500).all(|i| of("begin")[i] < of("end")[i] && of("x")[i] + of("y")[i] == of("total")[i]));
    let floors = codes(&made, "house").iter().zip(codes(&made, "floor"));
    assert!(floors.into_iter().all(|(house, floor)| *floor < house + 2));

    let off = ["begin <= end", "total = y + x", "house with floor"].map(str::to_string).to_vec();
    let chain = fitted(&table, &schema, &wide(RuleConfig { off, ..RuleConfig::default() }), 2);
    let found: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    assert!(!found.iter().any(|rule| shown.contains(&rule.as_str())), "{found:?}");

    for (rule, said) in
        [("begin <= house", "no numbers"), ("x = x + y", "named twice"), ("z < x", "no column")]
    {
        let error = fit(&RuleConfig { hold: vec![rule.to_string()], ..RuleConfig::default() }).unwrap_err();
        assert!(error.to_string().contains(said), "{rule}: {error}");
    }
    let wrong = RuleConfig { off: vec!["x about y".to_string()], ..RuleConfig::default() };
    assert!(wrong.check("data.rules").unwrap_err().to_string().contains("data.rules.off"));
}

#[test]
fn numbers_that_a_category_never_has_are_not_made() {
    let mut random = Seed(9).stream("spend");
    let n = 3000;
    let churned: Vec<u32> = (0..n).map(|_| u32::from(uniform(&mut random) < 0.1)).collect();
    let spend =
        |churned: &u32| (200.0 * f64::from(*churned) + 30.0 * uniform(&mut random) * 10.0 / 3.0).floor();
    let spend: Vec<f64> = churned.iter().map(spend).collect();
    let table =
        Table { columns: vec![text("churned", &["no", "yes"], churned), number("spend", spend)], n_rows: n };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 2);
    let wanted = [Condition { column: "churned".into(), allowed: Allowed::Texts(vec!["yes".into()]) }];
    let given = chain.sample_given(1000, &wanted, Seed(3), 2).unwrap().table;
    let right = numbers(&given, "spend").iter().filter(|spend| **spend >= 195.0).count();
    assert!(right >= 990, "{right} of 1000");
    let found = chain.rules();
    let pairs = found.iter().find(|found| matches!(found.rule, Rule::Pairs { .. })).unwrap();
    assert!(pairs.examples[0].values[1].contains(".."), "{:?}", pairs.examples);
}
