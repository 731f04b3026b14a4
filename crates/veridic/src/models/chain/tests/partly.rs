use super::*;
use crate::models::Stored;
use crate::models::circuit::{Circuit, CircuitConfig};

const TOWNS: [&str; 5] = ["Basel", "Bern", "Oslo", "Rome", "Turin"];
const COUNTRIES: [u32; 5] = [0, 0, 2, 1, 1];

/// Bills of towns of which some cells were not filled in, whatever the rest of the row.
fn bills(n: usize) -> (Table, Schema) {
    let mut random = Seed(8).stream("bills");
    let mut blank = |share: f64| uniform(&mut random) < share;
    let cents = |value: f64| (value * 100.0).round() / 100.0;
    let mut other = Seed(9).stream("bills");
    let town: Vec<u32> = (0..n).map(|_| (uniform(&mut other) * 5.0) as u32).collect();
    let net: Vec<f64> = (0..n).map(|_| cents(uniform(&mut other) * 800.0 + 1.0)).collect();
    let tax: Vec<f64> = net.iter().map(|net| cents(net * 0.19)).collect();
    let gross: Vec<f64> = net.iter().zip(&tax).map(|(net, tax)| cents(net + tax)).collect();
    let mut holes = |values: Vec<f64>, share: f64| -> Vec<f64> {
        values.into_iter().map(|value| if blank(share) { f64::NAN } else { value }).collect()
    };
    let (net, tax, gross) = (holes(net, 0.02), holes(tax, 0.1), holes(gross, 0.0));
    let country: Vec<u32> = town.iter().map(|town| COUNTRIES[*town as usize]).collect();
    let mut without = |codes: Vec<u32>, share: f64| -> Vec<u32> {
        codes.into_iter().map(|code| if blank(share) { MISSING } else { code }).collect()
    };
    let columns = vec![
        text("town", &TOWNS, without(town, 0.03)),
        text("country", &["CH", "IT", "NO"], without(country, 0.05)),
        number("net", net),
        number("tax", tax),
        number("gross", gross),
    ];
    let table = Table { columns, n_rows: n };
    let schema = Schema::of(&table);
    (table, schema)
}

fn codes<'a>(table: &'a Table, name: &str) -> &'a [u32] {
    match &table.column(name).unwrap().cells {
        Cells::Text { codes, .. } => codes,
        Cells::Number(_) => panic!("{name} is of texts"),
    }
}

/// Rows that have both and break what holds of them: taxes, sums, countries.
fn broken(table: &Table) -> usize {
    let of = |name: &str| numbers(table, name);
    let (net, tax, gross) = (of("net"), of("tax"), of("gross"));
    let (town, country) = (codes(table, "town"), codes(table, "country"));
    let breaks = |row: &usize| {
        let row = *row;
        let tax_breaks = (tax[row] - net[row] * 0.19).abs() > 0.005 + 1e-9;
        let sum_breaks = (gross[row] - net[row] - tax[row]).abs() > 0.005 + 1e-9;
        let both = town[row] != MISSING && country[row] != MISSING;
        tax_breaks || sum_breaks || both && COUNTRIES[town[row] as usize] != country[row]
    };
    (0..table.n_rows).filter(breaks).count()
}

fn blanks(table: &Table, name: &str) -> f64 {
    let n = match &table.column(name).unwrap().cells {
        Cells::Number(values) => values.iter().filter(|value| value.is_nan()).count(),
        Cells::Text { codes, .. } => codes.iter().filter(|code| **code == MISSING).count(),
    };
    n as f64 / table.n_rows as f64
}

#[test]
fn what_follows_follows_where_some_cells_are_missing() {
    let (table, schema) = bills(2500);
    assert_eq!(broken(&table), 0);
    let chain = fitted(&table, &schema, &quick(), 1);
    let rules = chain.rules();
    for rule in ["`town` decides `country`", "`tax` = `net` * 0.19"] {
        let found = rules.iter().find(|found| found.rule.to_string() == rule);
        let found = found.unwrap_or_else(|| panic!("{rule}: {rules:?}"));
        // Only rows that have both show it.
        assert!((2100..2350).contains(&found.support), "{rule}: {}", found.support);
    }
    let check = |made: &Table| {
        assert_eq!(broken(made), 0);
        for name in ["town", "country", "net", "tax", "gross"] {
            let (real, made) = (blanks(&table, name), blanks(made, name));
            assert!((real - made).abs() < 0.02, "{name}: {made} blank, {real} of the real");
        }
        // Where the net is missing, a tax is made all the same.
        let (net, tax) = (numbers(made, "net"), numbers(made, "tax"));
        let alone = net.iter().zip(tax).filter(|(net, tax)| net.is_nan() && !tax.is_nan()).count();
        assert!(alone > 0);
    };
    check(&chain.sample(2000, Seed(4), 1).unwrap());
    let never = AtomicBool::new(false);
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let config = CircuitConfig { states: 16, epochs: 6, ..CircuitConfig::default() };
    let circuit = Circuit::fit(&config, (&table, &schema), &rows, (Seed(1), 1), &never, &|_, _| ());
    check(&circuit.unwrap().unwrap().sample(2000, Seed(4), 1).unwrap());
    // It is a chain like others in a file.
    let stored: Stored = chain.store();
    let again = Chain::restore(&stored).unwrap();
    assert_eq!(again, chain);
    let drawn = |chain: &Chain| format!("{:?}", chain.sample(50, Seed(5), 1));
    assert_eq!(drawn(&again), drawn(&chain));
    // A rule that the data keeps but for blanks can be declared.
    let config = |rule: &str| ChainConfig {
        rules: RuleConfig { hold: vec![rule.to_string()], ..RuleConfig::default() },
        ..quick()
    };
    let fit =
        |rule: &str| Chain::fit(&config(rule), &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None);
    assert!(fit("tax = net * 0.19").is_ok() && fit("town decides country").is_ok());
    assert!(fit("tax = net * 0.18").is_err() && fit("country decides town").is_err());
}

#[test]
fn questions_about_what_follows_in_part_are_answered() {
    let (table, schema) = bills(2500);
    let chain = fitted(&table, &schema, &quick(), 1);
    let given = |column: &str, allowed: Allowed| {
        let wanted = [Condition { column: column.into(), allowed }];
        chain.sample_given(200, &wanted, Seed(3), 1).unwrap().table
    };
    let between = given("tax", Allowed::Range(40.0, 60.0));
    assert!(numbers(&between, "tax").iter().all(|tax| (40.0..=60.0).contains(tax)));
    let near = numbers(&between, "net").iter().filter(|net| (210.0..316.0).contains(*net)).count();
    assert!(near > 180 && broken(&between) == 0, "{near}");
    let absent = given("tax", Allowed::Missing);
    assert_eq!(blanks(&absent, "tax"), 1.0);
    let swiss = given("country", Allowed::Texts(vec!["CH".into()]));
    assert_eq!(broken(&swiss), 0);
    assert!(codes(&swiss, "country").iter().all(|code| *code == 0));
    // The country says which towns there are, and a town without a country says nothing of it.
    assert!(blanks(&swiss, "town") < 0.1);
    let unsaid = given("country", Allowed::Missing);
    let rome = codes(&unsaid, "town").iter().filter(|town| **town == 3).count();
    assert!(rome > 10, "{rome}");
    // What is missing is completed by what follows, in either direction.
    let filled = chain.fill(&table, 1, Seed(2), 1).unwrap().pop().unwrap();
    assert_eq!(broken(&filled), 0);
    assert_eq!(blanks(&filled, "tax") + blanks(&filled, "country") + blanks(&filled, "net"), 0.0);
    // A cell that follows has the probability of being there, and another value none.
    let mut wrong = table.clone();
    let row = (0..table.n_rows).find(|row| is_whole(&table, *row)).unwrap();
    if let Cells::Number(values) = &mut wrong.columns[3].cells {
        values[row] += 1.0;
    }
    let at = |table: &Table| chain.log_likelihood(table, 1).unwrap().values[row * 5 + 3];
    assert!(at(&table) > 0.8f64.ln() && at(&table) < 0.0, "{}", at(&table));
    assert!(at(&wrong) < -10.0, "{}", at(&wrong));
    let of_blanks: f64 = {
        let mut blank = table.clone();
        if let Cells::Number(values) = &mut blank.columns[3].cells {
            values[row] = f64::NAN;
        }
        at(&blank)
    };
    assert!((of_blanks - 0.1f64.ln()).abs() < 0.7, "{of_blanks}");
    // Of the tax that follows there is one answer, and a blank.
    let told = chain.predict(&table, "tax", 1).unwrap();
    let width = told.answers.len();
    let net = numbers(&table, "net")[row];
    assert!((told.known[row] - net * 0.19).abs() < 0.0051);
    let shares = &told.probabilities[row * width..][..width];
    let sure = shares.iter().filter(|share| **share > 0.8).count();
    assert_eq!(sure, 1, "{shares:?}");
    let country = chain.predict(&table, "country", 1).unwrap();
    let of_row = &country.probabilities[row * country.answers.len()..][..country.answers.len()];
    let best = of_row.iter().copied().fold(0.0, f32::max);
    assert!(best > 0.85 && best < 0.999, "{of_row:?}");
}

/// Whether a row has all its cells, so that one can be made wrong.
fn is_whole(table: &Table, row: usize) -> bool {
    let has = |name: &str| !numbers(table, name)[row].is_nan();
    has("net")
        && has("tax")
        && codes(table, "town")[row] != MISSING
        && codes(table, "country")[row] != MISSING
}
