//! What is left of a number, what nearly all rows keep, and what is asked of dates in order.

use super::*;
use crate::data::Kind;

/// Three shares of 100, a price of two parts, and days in order; one total and one day are wrong.
fn projects(n: usize) -> Table {
    let mut random = Seed(4).stream("projects");
    let mut draw = |most: f64| (uniform(&mut random) * most).floor();
    let work: Vec<[f64; 2]> = (0..n).map(|_| [draw(60.0), draw(40.0)]).collect();
    let parts: Vec<[f64; 2]> = (0..n).map(|_| [draw(900.0), draw(300.0)]).collect();
    let start: Vec<f64> = (0..n).map(|_| draw(900.0) * 86_400.0).collect();
    let mut end: Vec<f64> = start.iter().map(|start| start + (5.0 + draw(5.0)) * 86_400.0).collect();
    let mut total: Vec<f64> = parts.iter().map(|[a, b]| a + b).collect();
    (total[7], end[9]) = (total[7] + 1.0, start[9] - 86_400.0);
    let columns = vec![
        number("dev", work.iter().map(|of| of[0]).collect()),
        number("ops", work.iter().map(|of| of[1]).collect()),
        number("admin", work.iter().map(|of| 100.0 - of[0] - of[1]).collect()),
        number("net", parts.iter().map(|of| of[0]).collect()),
        number("tax", parts.iter().map(|of| of[1]).collect()),
        number("total", total),
        number("start", start),
        number("end", end),
    ];
    Table { columns, n_rows: n }
}

fn schema(table: &Table) -> Schema {
    let mut schema = Schema::of(table);
    for column in schema.columns.iter_mut().filter(|column| ["start", "end"].contains(&column.name.as_str()))
    {
        column.kind = Kind::DateTime { format: "%Y-%m-%d".into(), min: 0.0, max: 1e8 };
    }
    schema
}

#[test]
fn shares_of_a_hundred_and_rules_with_mistakes_hold_in_made_rows() {
    let table = projects(1500);
    let chain = fitted(&table, &schema(&table), &quick(), 2);
    let rules: Vec<(String, usize)> =
        chain.rules().iter().map(|found| (found.rule.to_string(), found.exceptions)).collect();
    for rule in [("`admin` = 100 - `dev` - `ops`", 0), ("`total` = `net` + `tax`", 1), ("`start` < `end`", 1)]
    {
        assert!(rules.contains(&(rule.0.to_owned(), rule.1)), "{rule:?} in {rules:?}");
    }
    let made = chain.sample(1000, Seed(3), 2).unwrap();
    let of = |name: &str| numbers(&made, name);
    let all = |holds: &dyn Fn(usize) -> bool| (0..1000).all(holds);
    assert!(all(&|row| of("dev")[row] + of("ops")[row] + of("admin")[row] == 100.0));
    assert!(all(&|row| of("admin")[row] >= 2.0), "none is below what was seen");
    assert!(all(&|row| of("net")[row] + of("tax")[row] == of("total")[row]));
    assert!(all(&|row| of("start")[row] < of("end")[row]));
    assert_eq!(Chain::restore(&chain.store()).unwrap().rules(), chain.rules());
}

#[test]
fn shares_of_a_hundred_can_be_declared() {
    let table = projects(1500);
    let config = ChainConfig {
        rules: RuleConfig {
            formulas: false,
            hold: vec!["dev + ops + admin = 100".into()],
            ..RuleConfig::default()
        },
        ..quick()
    };
    let chain = fitted(&table, &schema(&table), &config, 2);
    let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    assert!(rules.contains(&"`admin` = 100 - `dev` - `ops`".to_owned()), "{rules:?}");
}

#[test]
fn answers_about_dates_and_parts_go_by_the_other_columns() {
    let table = projects(1500);
    let chain = fitted(&table, &schema(&table), &quick(), 2);
    let fresh = projects(300);
    let days =
        |name: &str| numbers(&fresh, name).iter().map(|seconds| seconds / 86_400.0).collect::<Vec<f64>>();
    let (start, end) = (days("start"), days("end"));
    for (name, known, sign) in [("end", &start, 1.0), ("start", &end, -1.0)] {
        let told = chain.predict(&fresh, name, 2).unwrap();
        assert_eq!(told.falls, sign < 0.0);
        let width = told.answers.len();
        for row in (0..300).filter(|row| *row != 9) {
            assert_eq!(told.base[row] / 86_400.0, known[row]);
            let shares = &told.probabilities[row * width..][..width];
            let near = told.answers.iter().zip(shares).filter(|(answer, _)| match answer {
                Answer::Number(apart) => (5.0..10.0).contains(&(apart / 86_400.0)),
                Answer::Range(low, _, high) => *low >= 4.0 * 86_400.0 && *high <= 10.0 * 86_400.0,
                _ => false,
            });
            assert!(near.map(|(_, share)| share).sum::<f32>() > 0.95, "{name} of row {row}");
        }
    }
    // What is left of a sum is certain.
    let told = chain.predict(&fresh, "tax", 2).unwrap();
    let left = |row: usize| numbers(&fresh, "total")[row] - numbers(&fresh, "net")[row];
    assert!((0..300).all(|row| told.known[row] == left(row)));
}

#[test]
fn columns_that_hardly_vary_are_not_the_rest_of_a_number() {
    let mut random = Seed(6).stream("pixels");
    // Two pixels at the edge of images: black but in one of three hundred.
    let mut pixel = |black: f64| -> Vec<f64> {
        let lit = |random: &mut rand_chacha::ChaCha8Rng| uniform(random) < 0.003;
        (0..3000).map(|_| if lit(&mut random) { 200.0 * uniform(&mut random) } else { black }).collect()
    };
    let (a, b) = (pixel(-3.25), pixel(-7.5));
    let table = Table { columns: vec![number("a", a), number("b", b)], n_rows: 3000 };
    let chain = fitted(&table, &schema(&table), &quick(), 1);
    let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    assert!(!rules.iter().any(|rule| rule.contains('=') && !rule.contains('<')), "{rules:?}");
}

/// Departures on a clock of hours and minutes, and planes of which each flies for one company, but for one mistake.
fn flights(n: usize) -> Table {
    let mut random = Seed(8).stream("flights");
    let mut draw = |most: f64| (uniform(&mut random) * most).floor();
    let times: Vec<[f64; 2]> = (0..n).map(|_| [5.0 + draw(18.0), draw(12.0) * 5.0]).collect();
    let planes: Vec<u32> = (0..n).map(|_| draw(90.0) as u32).collect();
    let company = |plane: u32| plane * 7 % 5;
    let mut companies: Vec<u32> = planes.iter().map(|plane| company(*plane)).collect();
    companies[11] = (companies[11] + 1) % 5;
    let texts = |name: &str, codes: Vec<u32>, levels: usize| {
        let levels = (0..levels).map(|level| format!("{name}{level}")).collect();
        Column { name: name.into(), cells: Cells::Text { codes, levels } }
    };
    let columns = vec![
        number("sched", times.iter().map(|[hour, minute]| hour * 100.0 + minute).collect()),
        texts("plane", planes, 90),
        number("hour", times.iter().map(|of| of[0]).collect()),
        texts("company", companies, 5),
        number("minute", times.iter().map(|of| of[1]).collect()),
    ];
    Table { columns, n_rows: n }
}

#[test]
fn weighted_sums_and_what_nearly_always_decides_hold_in_made_rows() {
    let table = flights(2000);
    let schema = Schema::of(&table);
    let declared = ChainConfig {
        rules: RuleConfig {
            formulas: false,
            hold: vec!["sched = hour * 100 + minute".into()],
            ..RuleConfig::default()
        },
        ..quick()
    };
    for config in [quick(), declared] {
        let chain = fitted(&table, &schema, &config, 2);
        let rules: Vec<(String, usize)> =
            chain.rules().iter().map(|found| (found.rule.to_string(), found.exceptions)).collect();
        let sum = "`minute` = `sched` - `hour` * 100";
        assert!(rules.contains(&(sum.to_owned(), 0)), "{rules:?}");
        assert!(rules.contains(&("`plane` decides `company`".to_owned(), 1)), "{rules:?}");
        let made = chain.sample(1000, Seed(3), 2).unwrap();
        let of = |name: &str| numbers(&made, name);
        let which = |name: &str, row: usize| -> u32 {
            made.column(name).unwrap().cells.text(row).unwrap()[name.len()..].parse().unwrap()
        };
        for row in 0..1000 {
            assert_eq!(of("sched")[row], of("hour")[row] * 100.0 + of("minute")[row]);
            assert!((0.0..60.0).contains(&of("minute")[row]));
            assert_eq!(which("company", row), which("plane", row) * 7 % 5);
        }
        assert_eq!(Chain::restore(&chain.store()).unwrap().rules(), chain.rules());
    }
    let refused = |rule: &str| {
        let rules = RuleConfig { hold: vec![rule.into()], ..RuleConfig::default() };
        let (config, rows) = (ChainConfig { rules, ..quick() }, (0..table.n_rows).collect::<Vec<usize>>());
        let stop = AtomicBool::new(false);
        let error =
            Chain::fit(&config, &table, &schema, &rows, Seed(1), 1, &stop, &|_| (), None).unwrap_err();
        error.to_string()
    };
    assert!(refused("sched = hour * 99.5 + minute").contains("whole numbers"));
    assert!(refused("sched = hour * 99 + minute").contains("row"));
}
