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
    let of = vec![("x".to_string(), false), ("y".to_string(), false)];
    assert!(
        rules.contains(&Rule::Formula {
            column: "total".into(),
            of,
            operation: Operation::Sum,
            factor: None,
            weights: Vec::new(),
        }),
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

/// Invoices with a tax of 19 %, an amount in cents, and a price for a hundred pieces.
fn taxed(n: usize) -> Table {
    let mut random = Seed(12).stream("taxed");
    let mut draw = |most: f64| uniform(&mut random) * most;
    let cents = |value: f64| (value * 100.0).round() / 100.0;
    let pieces: Vec<f64> = (0..n).map(|_| draw(900.0).floor() + 1.0).collect();
    let price: Vec<f64> = (0..n).map(|_| cents(draw(50.0) + 1.0)).collect();
    let net: Vec<f64> =
        pieces.iter().zip(&price).map(|(pieces, price)| cents(pieces * price / 100.0)).collect();
    let tax: Vec<f64> = net.iter().map(|net| cents(net * 0.19)).collect();
    let gross: Vec<f64> = net.iter().zip(&tax).map(|(net, tax)| cents(net + tax)).collect();
    let fee: Vec<f64> = (0..n).map(|_| cents(draw(20.0))).collect();
    let due = gross.iter().zip(&fee).map(|(gross, fee)| cents(gross + fee)).collect();
    let due_of_parts = (0..n).map(|row| cents(net[row] + tax[row] - fee[row])).collect();
    let again = gross.iter().map(|gross| (gross * 100.0).round()).collect();
    let columns = vec![
        number("pieces", pieces),
        number("price", price),
        number("net", net),
        number("tax", tax),
        number("gross", gross.clone()),
        number("in cents", again),
        number("paid", gross),
        number("fee", fee),
        number("due", due),
        number("left", due_of_parts),
    ];
    Table { columns, n_rows: n }
}

#[test]
fn columns_that_are_so_many_times_others_are_made_so() {
    let table = taxed(1500);
    let schema = Schema::of(&table);
    let chain = fitted(&table, &schema, &quick(), 1);
    let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    for rule in [
        "`net` = `pieces` * `price` / 100",
        "`tax` = `net` * 0.19",
        "`gross` = `net` + `tax`",
        "`in cents` = `gross` * 100",
        "`paid` = `gross`",
        "`due` = `gross` + `fee`",
    ] {
        assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?}");
    }
    let made = chain.sample(1000, Seed(3), 1).unwrap();
    let of = |name: &str| numbers(&made, name);
    let near = |a: f64, b: f64, by: f64| (a - b).abs() <= by + 1e-9;
    assert!((0..1000).all(|row| {
        near(of("tax")[row], of("net")[row] * 0.19, 0.005)
            && near(of("net")[row], of("pieces")[row] * of("price")[row] / 100.0, 0.005)
            && near(of("in cents")[row], of("gross")[row] * 100.0, 1e-6)
            && of("paid")[row] == of("gross")[row]
    }));
    // Conditions on what follows are conditions on what it follows from.
    let wanted = [Condition { column: "tax".into(), allowed: Allowed::Range(10.0, 12.0) }];
    let given = chain.sample_given(100, &wanted, Seed(3), 1).unwrap().table;
    assert!(numbers(&given, "tax").iter().all(|tax| (10.0..=12.0).contains(tax)));
    // Rules as they are shown can be declared, and left out.
    let never = std::sync::atomic::AtomicBool::new(false);
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let fit =
        |config: &ChainConfig| Chain::fit(config, &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None);
    assert!(fit(&declared("tax = net * 0.19", true)).is_ok());
    assert!(fit(&declared("net = tax / 0.19", true)).is_err());
    assert!(fit(&declared("tax = net * 0.2", true)).unwrap_err().to_string().contains("tax"));
    assert!(fit(&declared("tax = net * 0.2 + price", true)).unwrap_err().to_string().contains("number"));
    let free = fitted(&table, &schema, &declared("tax = net * 0.19", false), 1);
    assert!(!free.rules().iter().any(|found| found.rule.to_string() == "`tax` = `net` * 0.19"));
}

/// Stays in a hospital with their length in days, and the height of who stays, which nothing makes.
fn hospital(n: usize) -> (Table, Schema) {
    let mut random = Seed(4).stream("hospital");
    let mut draw = |most: f64| uniform(&mut random) * most;
    let day = |days: f64| {
        let mut text = String::new();
        crate::data::date::write((19_000.0 + days) * 86_400.0, "%Y-%m-%d", &mut text);
        text
    };
    let mut text = "admitted,discharged,height,days\n".to_string();
    for _ in 0..n {
        let (begin, length) = (draw(900.0).floor(), draw(20.0).floor());
        let height = 1.4 + draw(0.6);
        text += &format!("{},{},{height:.2},{length}\n", day(begin), day(begin + length));
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    (table, schema)
}

#[test]
fn days_lie_between_dates_and_no_ratio_of_dates_is_a_height() {
    let (table, schema) = hospital(600);
    let found = |rules: &RuleConfig| {
        let chain = fitted(&table, &schema, &ChainConfig { rules: rules.clone(), ..quick() }, 2);
        let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
        (chain, rules)
    };
    let days = "`days` = `discharged` - `admitted`";
    let (chain, rules) = found(&RuleConfig::default());
    assert!(rules.iter().any(|rule| rule == days), "{rules:?}");
    assert!(!rules.iter().any(|rule| rule.contains("height")), "{rules:?}");
    let made = chain.sample(500, Seed(2), 2).unwrap();
    let of = |name: &str| numbers(&made, name);
    let apart = of("discharged")
        .iter()
        .zip(of("admitted"))
        .map(|(end, begin)| (end - begin) / 86_400.0)
        .collect::<Vec<_>>();
    assert_eq!(apart, of("days"));
    assert_eq!(Chain::restore(&chain.store()).unwrap().rules(), chain.rules());
    // Said by a user, in whatever order, or not wanted.
    let said = RuleConfig {
        formulas: false,
        hold: vec!["discharged = admitted + days".to_string()],
        ..RuleConfig::default()
    };
    assert!(found(&said).1.iter().any(|rule| rule == days));
    let off = RuleConfig { off: vec!["days = discharged - admitted".to_string()], ..RuleConfig::default() };
    assert!(
        !found(&off).1.iter().any(|rule| rule.contains("days") && rule.contains('-')),
        "{:?}",
        found(&off).1
    );
}

/// Bills of three parts less a discount, volumes of boxes, and a column of chance.
fn bills(n: usize) -> Table {
    let mut random = Seed(5).stream("bills");
    let mut column = |most: f64| -> Vec<f64> {
        (0..n).map(|_| (uniform(&mut random) * most * 100.0).round() / 100.0).collect()
    };
    let (a, b, c) = (column(90.0), column(40.0), column(10.0));
    let discount: Vec<f64> = column(3.0).into_iter().map(|v| v.floor() * 10.0).collect();
    let sides =
        [column(3.0), column(3.0), column(2.0)].map(|side| side.iter().map(|v| v + 1.0).collect::<Vec<_>>());
    let cents = |value: f64| (value * 100.0).round() / 100.0;
    let bill = (0..n).map(|i| cents(a[i] + b[i] + c[i] - discount[i])).collect();
    let volume = (0..n).map(|i| cents(sides[0][i] * sides[1][i] * sides[2][i])).collect();
    let [length, width, height] = sides;
    let columns = vec![
        number("a", a),
        number("b", b),
        number("c", c),
        number("discount", discount),
        number("length", length),
        number("width", width),
        number("height", height),
        number("bill", bill),
        number("volume", volume),
    ];
    Table { columns, n_rows: n }
}

#[test]
fn sums_of_many_parts_and_products_of_three_hold() {
    let table = bills(800);
    let chain = fitted(&table, &Schema::of(&table), &quick(), 2);
    let found: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    let bill = "`bill` = `a` + `b` + `c` - `discount`";
    assert!(found.contains(&bill.to_string()), "{found:?}");
    assert!(found.contains(&"`volume` = `length` * `width` * `height`".to_string()), "{found:?}");
    let made = chain.sample(500, Seed(3), 2).unwrap();
    let holds = |made: &Table| {
        let of = |name: &str| numbers(made, name);
        let sum = |i: usize| of("a")[i] + of("b")[i] + of("c")[i] - of("discount")[i];
        (0..made.n_rows).all(|i| (sum(i) - of("bill")[i]).abs() < 0.006)
    };
    assert!(holds(&made));
    // What follows from the others and the whole is that.
    let mut holes = table.take(&(0..50).collect::<Vec<_>>());
    let known = numbers(&holes, "b").to_vec();
    holes.columns[1].cells = Cells::Number(vec![f64::NAN; 50]);
    let filled = &chain.fill(&holes, 1, Seed(3), 2).unwrap()[0];
    assert!(holds(filled));
    assert!(numbers(filled, "b").iter().zip(known).all(|(a, b)| (a - b).abs() < 0.006));
    // Written in another order, it is the same rule.
    let off = vec!["c = bill + discount - b - a".to_string()];
    let rules = RuleConfig { off, ..RuleConfig::default() };
    let chain = fitted(&table, &Schema::of(&table), &ChainConfig { rules, ..quick() }, 2);
    assert!(!chain.rules().iter().any(|found| found.rule.to_string() == bill));
}

#[test]
fn what_is_in_order_is_learned_as_its_distance() {
    let table = stays(2000);
    let chain = fitted(&table, &Schema::of(&table), &quick(), 2);
    assert!(chain.plan.gaps[1].as_ref().is_some_and(|gap| gap.from == 0 && gap.above && gap.strict));
    let stay = |table: &Table| {
        let of = |name: &str| numbers(table, name);
        assert!(of("begin").iter().zip(of("end")).all(|(begin, end)| begin < end));
        let sum: f64 = of("begin").iter().zip(of("end")).map(|(begin, end)| end - begin).sum();
        sum / table.n_rows as f64
    };
    let made = chain.sample(4000, Seed(3), 2).unwrap();
    assert!((stay(&made) - stay(&table)).abs() < 1.0, "{} {}", stay(&made), stay(&table));
    // Conditions on what is learned so hold, and the other column follows.
    let wanted = [Condition { column: "end".into(), allowed: Allowed::Range(100.0, 110.0) }];
    let given = chain.sample_given(300, &wanted, Seed(3), 2).unwrap().table;
    assert!(numbers(&given, "end").iter().all(|end| (100.0..=110.0).contains(end)));
    assert!((stay(&given) - stay(&table)).abs() < 3.0, "{}", stay(&given));
    // So does the first where the second is known.
    let mut holes = table.take(&(0..400).collect::<Vec<_>>());
    holes.columns[0].cells = Cells::Number(vec![f64::NAN; 400]);
    let filled = &chain.fill(&holes, 1, Seed(3), 2).unwrap()[0];
    assert_eq!(numbers(filled, "end"), numbers(&holes, "end"));
    assert!((stay(filled) - stay(&table)).abs() < 3.0, "{}", stay(filled));
    // Its likelihood is of days, as that of other columns: forty are about as likely.
    let likelihood = chain.log_likelihood(&table, 2).unwrap();
    let of_end: f64 = likelihood.values.chunks(likelihood.columns.len()).map(|row| row[1]).sum();
    let mean = of_end / 2000.0;
    assert!((mean + 40f64.ln()).abs() < 0.15, "{mean}");
    let mut wrong = table.take(&[0]);
    wrong.columns[1].cells = Cells::Number(vec![-5.0]);
    assert!(chain.log_likelihood(&wrong, 1).unwrap().values[1] < -13.0);
    let restored = Chain::restore(&chain.store()).unwrap();
    assert_eq!(restored, chain);
}

#[test]
fn distances_are_learned_where_either_end_may_be_blank() {
    let mut table = stays(3000);
    let (mut begin, mut end) = (numbers(&table, "begin").to_vec(), numbers(&table, "end").to_vec());
    (0..3000).filter(|i| i % 7 == 1).for_each(|i| begin[i] = f64::NAN);
    (0..3000).filter(|i| i % 5 == 2).for_each(|i| end[i] = f64::NAN);
    table.columns[0].cells = Cells::Number(begin);
    table.columns[1].cells = Cells::Number(end);
    let chain = fitted(&table, &Schema::of(&table), &quick(), 2);
    assert!(chain.plan.gaps[1].as_ref().is_some_and(|gap| gap.from == 0 && gap.alone.is_some()));
    let made = chain.sample(6000, Seed(3), 2).unwrap();
    let rows = |table: &Table| -> Vec<(f64, f64)> {
        numbers(table, "begin").iter().copied().zip(numbers(table, "end").iter().copied()).collect()
    };
    // Both blank in 1 of 35 rows, one of them as often as was learned.
    let blanks = |table: &Table| {
        let count = |is: &dyn Fn(bool, bool) -> bool| {
            let blank = rows(table).into_iter().map(|(begin, end)| (begin.is_nan(), end.is_nan()));
            blank.filter(|(begin, end)| is(*begin, *end)).count() as f64 / table.n_rows as f64
        };
        [count(&|begin, end| begin && end), count(&|begin, _| begin), count(&|_, end| end)]
    };
    let all = blanks(&made).into_iter().zip(blanks(&table));
    all.for_each(|(made, real)| assert!((made - real).abs() < 0.02, "{made} {real}"));
    let both = |table: &Table| -> Vec<f64> {
        rows(table).iter().map(|(begin, end)| end - begin).filter(|days| !days.is_nan()).collect()
    };
    assert!(both(&made).iter().all(|days| *days > 0.0));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let days = (mean(&both(&made)), mean(&both(&table)));
    assert!((days.0 - days.1).abs() < 1.5, "{days:?}");
    // Ends without a begin are anywhere, as they were.
    let alone = |table: &Table| -> Vec<f64> {
        rows(table).iter().filter(|row| row.0.is_nan() && !row.1.is_nan()).map(|row| row.1).collect()
    };
    let (own, learned) = (alone(&made), alone(&table));
    assert!((mean(&own) - mean(&learned)).abs() < 20.0, "{} {}", mean(&own), mean(&learned));
    let far = |ends: &[f64]| ends.iter().filter(|end| **end > 250.0).count() as f64 / ends.len() as f64;
    assert!((far(&own) - far(&learned)).abs() < 0.06, "{} {}", far(&own), far(&learned));
    assert_eq!(Chain::restore(&chain.store()).unwrap(), chain);
}

#[test]
fn rules_hold_where_hardly_any_row_would_keep_them() {
    // Of independent columns, one row in about a thousand would be in order.
    let mut random = Seed(5).stream("ladder");
    let n = 1500;
    let mut steps: Vec<Vec<f64>> = vec![Vec::new(); 6];
    for _ in 0..n {
        let mut row: Vec<f64> = (0..6).map(|_| (uniform(&mut random) * 500.0).floor()).collect();
        row.sort_by(f64::total_cmp);
        steps.iter_mut().zip(row).for_each(|(step, value)| step.push(value));
    }
    // The last first, so that bounds come from both sides.
    let order = [5, 0, 3, 1, 4, 2];
    let columns = order.iter().map(|i| number(&format!("step{i}"), steps[*i].clone())).collect();
    let table = Table { columns, n_rows: n };
    let chain = fitted(&table, &Schema::of(&table), &quick(), 2);
    let made = chain.sample(2000, Seed(3), 2).unwrap();
    for low in 0..5 {
        let of = |i: usize| numbers(&made, &format!("step{i}"));
        assert!(of(low).iter().zip(of(low + 1)).all(|(low, high)| low <= high), "{low}");
    }
    let mut holes = table.take(&(0..200).collect::<Vec<_>>());
    for column in [0, 2, 4] {
        holes.columns[column].cells = Cells::Number(vec![f64::NAN; 200]);
    }
    let filled = &chain.fill(&holes, 1, Seed(3), 2).unwrap()[0];
    for low in 0..5 {
        let of = |i: usize| numbers(filled, &format!("step{i}"));
        assert!(of(low).iter().zip(of(low + 1)).all(|(low, high)| low <= high), "{low}");
    }
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
    let idle = ["y <= x", "x = total / y", "house decides x", "y in 0..9"].map(str::to_string);
    let off = [off, idle.to_vec()].concat();
    let chain = fitted(&table, &schema, &wide(RuleConfig { off, ..RuleConfig::default() }), 2);
    assert_eq!(chain.idle_rules(), idle);
    assert_eq!(Chain::restore(&chain.store()).unwrap().idle_rules(), idle);
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
fn a_sum_of_products_holds_in_made_rows_wherever_its_column_stands() {
    let mut random = Seed(9).stream("orders");
    let n = 1500;
    let mut draw =
        |most: f64| (0..n).map(|_| (1.0 + most * uniform(&mut random)).floor()).collect::<Vec<_>>();
    let (price, count, off, fee) = (draw(90.0), draw(9.0), draw(20.0), draw(5.0));
    let total: Vec<f64> = (0..n).map(|i| price[i] * count[i] - off[i] + fee[i]).collect();
    let all = [("price", price), ("count", count), ("off", off), ("fee", fee), ("total", total)];
    let hold = vec!["total = price * count - off + fee".to_string()];
    let rules = RuleConfig { hold, ..RuleConfig::default() };
    // Whichever column is last is made of the others.
    for turn in 0..all.len() {
        let order = (0..all.len()).map(|i| &all[(i + turn) % all.len()]);
        let columns = order.map(|(name, values)| number(name, values.clone())).collect();
        let table = Table { columns, n_rows: n };
        let schema = Schema::of(&table);
        let chain = fitted(&table, &schema, &ChainConfig { rules: rules.clone(), ..quick() }, 2);
        let found: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
        let products = found.iter().find(|rule| rule.contains('*')).unwrap();
        let either =
            ["`price` * `count`", "`count` * `price`"].iter().any(|product| products.contains(product));
        assert!(either, "{found:?}");
        assert_eq!(Chain::restore(&chain.store()).unwrap().rules(), chain.rules());
        let made = chain.sample(500, Seed(3), 2).unwrap();
        let of = |name: &str| numbers(&made, name);
        let (price, count, off, fee, total) = (of("price"), of("count"), of("off"), of("fee"), of("total"));
        for i in 0..500 {
            let value = price[i] * count[i] - off[i] + fee[i];
            // A price that is a ratio is rounded to what prices are.
            let slack = 0.5 * count[i].abs().max(price[i].abs());
            assert!((value - total[i]).abs() <= slack, "{turn}: {value} and {}", total[i]);
        }
        // What is left of the sum is filled in.
        let mut holes = table.take(&(0..100).collect::<Vec<_>>());
        let place = holes.columns.iter().position(|column| column.name == "fee").unwrap();
        holes.columns[place].cells = Cells::Number(vec![f64::NAN; 100]);
        let filled = &chain.fill(&holes, 1, Seed(3), 2).unwrap()[0];
        assert_eq!(numbers(filled, "fee"), &numbers(&table, "fee")[..100], "{turn}");
    }
    let wrong = RuleConfig { hold: vec!["total = price * count - off".into()], ..RuleConfig::default() };
    let table =
        Table { columns: all.iter().map(|(name, values)| number(name, values.clone())).collect(), n_rows: n };
    let rows: Vec<usize> = (0..n).collect();
    let config = ChainConfig { rules: wrong, ..quick() };
    let stop = AtomicBool::new(false);
    let schema = Schema::of(&table);
    let error = Chain::fit(&config, &table, &schema, &rows, Seed(1), 2, &stop, &|_| (), None).unwrap_err();
    assert!(matches!(error, crate::error::ModelError::BrokenRule { .. }), "{error}");
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
