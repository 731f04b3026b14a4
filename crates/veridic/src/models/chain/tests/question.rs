//! Conditions, completed rows and predictions.

use super::*;

fn condition(column: &str, allowed: Allowed) -> Condition {
    Condition { column: column.into(), allowed }
}

fn texts(values: &[&str]) -> Allowed {
    Allowed::Texts(values.iter().map(|value| (*value).to_string()).collect())
}

#[test]
fn conditions_of_any_kind_hold_and_the_rest_follows() {
    let (table, schema) = weather(3000);
    let chain = fitted(&table, &schema, &quick(), 2);
    let given = |conditions: &[Condition]| chain.sample_given(400, conditions, Seed(2), 2).unwrap();
    // The last column, of a few cells: towns follow.
    let warm = given(&[condition("heat", Allowed::Range(185.0, 1000.0))]);
    assert!(numbers(&warm.table, "heat").iter().all(|v| *v >= 185.0));
    let oslo = codes(&warm.table, "town").iter().filter(|town| **town == 2).count();
    assert!(oslo > 360, "{oslo}");
    assert!(warm.effective > 100.0 && warm.drawn >= 400);
    // A column that another decides.
    let italian = given(&[condition("country", texts(&["IT"]))]).table;
    assert!(codes(&italian, "country").iter().all(|country| *country == 1));
    assert!(codes(&italian, "town").iter().all(|town| [3, 4].contains(town)));
    let rain =
        given(&[condition("rain", Allowed::Missing), condition("town", texts(&["Bern", "Oslo"]))]).table;
    assert!(numbers(&rain, "rain").iter().all(|v| v.is_nan()));
    let dry = given(&[condition("rain", Allowed::Numbers(vec![0.0]))]).table;
    assert!(numbers(&dry, "rain").iter().all(|v| *v == 0.0));
    let one = given(&[condition("heat", Allowed::Numbers(vec![100.0]))]).table;
    assert!(numbers(&one, "heat").iter().all(|v| *v == 100.0));
    let balanced = chain.sample_balanced(500, &["country"], Seed(2), 2).unwrap();
    for country in 0..3 {
        let count = codes(&balanced, "country").iter().filter(|code| **code == country).count();
        assert!((166..=168).contains(&count), "{count}");
    }
}

#[test]
fn conditions_that_cannot_be_met_are_said() {
    let (table, schema) = weather(900);
    let chain = fitted(&table, &schema, &quick(), 2);
    let refused = |conditions: &[Condition]| chain.sample_given(10, conditions, Seed(2), 1).unwrap_err();
    let error = refused(&[condition("wind", Allowed::Missing)]);
    assert_eq!(error.to_string(), "there is no column `wind` in the model");
    assert_eq!(error.hint().unwrap(), "it has country, town, rain, heat");
    let error = refused(&[condition("town", texts(&["Paris"]))]);
    assert_eq!(error.to_string(), "column `town` has no value `Paris`");
    assert_eq!(error.hint().unwrap(), "it has Basel, Bern, Oslo, Rome, Turin");
    let error = refused(&[condition("town", Allowed::Range(1.0, 2.0))]);
    assert_eq!(error.to_string(), "column `town` is categorical: a range says nothing about it");
    assert!(refused(&[condition("heat", texts(&["hot"]))]).hint().is_some());
    for impossible in [Allowed::Range(1e6, 2e6), Allowed::Missing, Allowed::Numbers(vec![])] {
        let error = refused(&[condition("heat", impossible)]);
        assert_eq!(error.to_string(), "no row can meet the condition on heat");
    }
    let twice = [condition("heat", Allowed::Missing), condition("heat", Allowed::Missing)];
    assert_eq!(refused(&twice).to_string(), "there are two conditions on column `heat`");
    let apart = [condition("town", texts(&["Rome"])), condition("country", texts(&["CH", "NO"]))];
    let error = refused(&apart);
    assert_eq!(error.to_string(), "no row can meet the conditions on town and country together");
    assert!(error.hint().unwrap().contains("leave one out"));
    // A condition on a third column changes nothing.
    let [town, country] = apart;
    let wet = condition("rain", Allowed::Range(0.1, 100.0));
    let error = refused(&[town, wet, country]);
    assert_eq!(error.to_string(), "no row can meet the conditions on town and country together");
    assert_eq!(chain.sample_given(0, &[], Seed(2), 1).unwrap().table.n_rows, 0);
}

#[test]
fn missing_cells_are_completed_by_what_is_known() {
    let (table, schema) = weather(3000);
    let chain = fitted(&table, &schema, &quick(), 2);
    let rows = Table {
        columns: vec![
            text("country", &["NO", "CH"], (0..300).map(|i| if i < 200 { 0 } else { 1 }).collect()),
            text("town", &["Oslo"], vec![MISSING; 300]),
            number("heat", (0..300).map(|i| if i < 200 { f64::NAN } else { 0.0 }).collect()),
            number("rain", vec![f64::NAN; 300]),
        ],
        n_rows: 300,
    };
    let filled = chain.fill(&rows, 2, Seed(1), 2).unwrap();
    assert_eq!(filled.len(), 2);
    for table in &filled {
        // Oslo is the only town in Norway; it is warm there. Where it is 0 in Switzerland, it is Basel.
        assert!(codes(table, "town")[..200].iter().all(|town| *town == 2));
        assert!(codes(table, "country")[..200].iter().all(|country| *country == 2));
        assert!(codes(table, "town")[200..].iter().filter(|town| **town == 0).count() > 90);
        let heat = numbers(table, "heat");
        assert!(heat[200..].iter().all(|v| *v == 0.0));
        let mean = heat[..200].iter().sum::<f64>() / 200.0;
        assert!((mean - 200.0).abs() < 6.0, "{mean}");
        assert!(numbers(table, "rain").iter().all(|v| !v.is_nan()));
    }
    assert_ne!(numbers(&filled[0], "heat"), numbers(&filled[1], "heat"));
    // As it is given, missing cells and all.
    let like = chain.sample_like(&rows.select(&["rain", "country"]).unwrap(), Seed(1), 2).unwrap();
    assert!(numbers(&like, "rain").iter().all(|v| v.is_nan()));
    assert!(codes(&like, "town")[..200].iter().all(|town| *town == 2));
    let other = Table { columns: vec![number("wind", vec![1.0])], n_rows: 1 };
    assert!(chain.fill(&other, 1, Seed(1), 1).is_err());
    assert!(chain.sample_like(&other, Seed(1), 1).is_err());
}

#[test]
fn cells_stay_blank_where_the_rules_leave_them_nothing() {
    let mut random = Seed(9).stream("orders");
    let mut draw = |most: f64| (uniform(&mut random) * most) as u32;
    let mut text = "status,shipped,promo,code,count\n".to_string();
    for _ in 0..1200 {
        let (open, day, promo) = (draw(3.0) == 0, 10 + draw(18.0), draw(2.0) == 0);
        let shipped = if open { String::new() } else { format!("2024-05-{day}") };
        let code = if promo { ["VIP", "MAY", "SUN"][draw(3.0) as usize] } else { "" };
        let (status, promo) = (if open { "open" } else { "shipped" }, if promo { "yes" } else { "no" });
        text += &format!("{status},{shipped},{promo},{code},{}\n", draw(900.0));
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    let chain = fitted(&table, &schema, &quick(), 2);
    let mut open = table.take(&(0..300).collect::<Vec<_>>());
    for column in &mut open.columns {
        match &mut column.cells {
            Cells::Number(values) if column.name == "shipped" => values.fill(f64::NAN),
            Cells::Text { codes, .. } if column.name == "code" => codes.fill(MISSING),
            _ => {}
        }
    }
    let filled = &chain.fill(&open, 1, Seed(1), 2).unwrap()[0];
    let column = |name: &str| filled.column(name).unwrap();
    for row in 0..300 {
        let is = |name: &str, level: &str| column(name).cells.text(row) == Some(level);
        assert_eq!(column("shipped").cells.is_missing(row), is("status", "open"), "row {row}");
        assert_eq!(column("code").cells.is_missing(row), is("promo", "no"), "row {row}");
    }
}

#[test]
fn predictions_are_the_posterior() {
    let (table, schema) = weather(3000);
    let chain = fitted(&table, &schema, &quick(), 2);
    let part = table.take(&(0..200).collect::<Vec<_>>());
    // Of a column early in the chain, from one late in it.
    let town = chain.predict(&part, "town", 2).unwrap();
    assert_eq!(town.answers.len(), 5);
    for (row, probabilities) in town.probabilities.chunks(5).enumerate() {
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        // Towns are fifty degrees apart, and a fifth of them beyond two and a half deviations.
        let best = (0..5).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap();
        let known = part.columns[1].cells.text(row).unwrap();
        if probabilities[best] > 0.95 {
            assert_eq!(town.answers[best], Answer::Text(known.to_string()), "row {row}");
        }
    }
    let sure = town.probabilities.chunks(5).filter(|row| row.iter().any(|p| *p > 0.95)).count();
    assert!(sure > 150, "{sure}");
    let country = chain.predict(&part, "country", 1).unwrap();
    assert_eq!(country.answers.len(), 3);
    assert!(country.probabilities.iter().all(|p| *p < 0.001 || *p > 0.99));
    let heat = chain.predict(&part, "heat", 1).unwrap();
    assert!(heat.answers.iter().any(|answer| matches!(answer, Answer::Range(..))));
    assert!(chain.predict(&part, "wind", 1).is_err());
    assert!(chain.predict(&part.select(&["town"]).unwrap(), "heat", 1).is_err());
}
