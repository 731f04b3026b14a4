use super::*;

#[test]
fn what_another_column_decides_is_a_part_of_products_and_sums() {
    let mut random = Seed(21).stream("orders");
    let n = 1500;
    let prices = [1.2, 3.45, 8.0, 15.5, 22.25, 40.1, 7.3];
    let product: Vec<u32> = (0..n).map(|_| (uniform(&mut random) * 7.0) as u32).collect();
    let pieces: Vec<f64> = (0..n).map(|_| (uniform(&mut random) * 40.0).floor() + 1.0).collect();
    let price: Vec<f64> = product.iter().map(|product| prices[*product as usize]).collect();
    let total: Vec<f64> =
        pieces.iter().zip(&price).map(|(pieces, price)| (pieces * price * 100.0).round() / 100.0).collect();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    for price_is_last in [false, true] {
        let mut columns = vec![
            text("product", &names, product.clone()),
            number("pieces", pieces.clone()),
            number("price", price.clone()),
            number("total", total.clone()),
        ];
        if price_is_last {
            columns.swap(2, 3);
        }
        let table = Table { columns, n_rows: n };
        let chain = fitted(&table, &Schema::of(&table), &quick(), 1);
        let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
        assert!(rules.iter().any(|rule| rule == "`total` = `pieces` * `price`"), "{rules:?}");
        let made = Chain::restore(&chain.store()).unwrap().sample(800, Seed(2), 1).unwrap();
        let of = |name: &str| numbers(&made, name);
        let holds = |row: usize| (of("total")[row] - of("pieces")[row] * of("price")[row]).abs() < 0.0051;
        assert!((0..800).all(holds));
    }
}

#[test]
fn a_category_decides_how_many_times_another_column_one_is() {
    let mut random = Seed(22).stream("goods");
    let n = 1500;
    let rates = [0.07, 0.19, 0.0];
    let kind: Vec<u32> = (0..n).map(|_| (uniform(&mut random) * 3.0) as u32).collect();
    let net: Vec<f64> = (0..n).map(|_| (uniform(&mut random) * 90_000.0).round() / 100.0).collect();
    let tax = net.iter().zip(&kind).map(|(net, kind)| (net * rates[*kind as usize] * 100.0).round() / 100.0);
    let columns = vec![
        text("kind", &["books", "cars", "doctors"], kind.clone()),
        number("net", net.clone()),
        number("tax", tax.collect()),
    ];
    let table = Table { columns, n_rows: n };
    let schema = Schema::of(&table);
    let chain = fitted(&table, &schema, &quick(), 1);
    let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    let rule = "`tax` = `net` * `rate of kind`";
    assert!(rules.iter().any(|found| found == rule), "{rules:?}");
    let holds = |made: &Table| {
        let Cells::Text { codes, .. } = &made.column("kind").unwrap().cells else { panic!("no kinds") };
        let (net, tax) = (numbers(made, "net"), numbers(made, "tax"));
        codes
            .iter()
            .zip(net)
            .zip(tax)
            .all(|((kind, net), tax)| (net * rates[*kind as usize] - tax).abs() < 0.0051)
    };
    assert!(holds(&Chain::restore(&chain.store()).unwrap().sample(800, Seed(2), 1).unwrap()));
    let wanted = [Condition { column: "tax".into(), allowed: Allowed::Range(20.0, 30.0) }];
    let given = chain.sample_given(100, &wanted, Seed(3), 1).unwrap().table;
    assert!(holds(&given) && numbers(&given, "tax").iter().all(|tax| (20.0..=30.0).contains(tax)));
    let never = std::sync::atomic::AtomicBool::new(false);
    let rows: Vec<usize> = (0..n).collect();
    let fit = |hold: &[&str], off: &[&str]| {
        let of = |rules: &[&str]| rules.iter().map(|rule| (*rule).to_string()).collect();
        let rules = RuleConfig { hold: of(hold), off: of(off), ..RuleConfig::default() };
        let config = ChainConfig { rules, ..quick() };
        Chain::fit(&config, &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None)
    };
    assert!(fit(&[rule], &[]).is_ok());
    // Wherever the category stands.
    let mut turned = table.clone();
    turned.columns.rotate_left(1);
    let last = fitted(&turned, &Schema::of(&turned), &quick(), 1);
    assert!(last.rules().iter().any(|found| found.rule.to_string() == rule));
    assert!(holds(&Chain::restore(&last.store()).unwrap().sample(500, Seed(2), 1).unwrap()));
    for wrong in
        ["`net` = `tax` * `rate of kind`", "`tax` = `net` * `rate of net`", "`tax` = `net` / `rate of kind`"]
    {
        assert!(fit(&[wrong], &[]).is_err(), "{wrong}");
    }
    let Ok(Outcome::Fitted(free)) = fit(&[], &[rule]) else { panic!("nobody stopped it") };
    assert!(free.rules().iter().all(|found| found.rule.to_string() != rule));
    assert!(free.idle_rules().is_empty());
}

#[test]
fn what_a_calendar_says_of_a_date_follows_from_it() {
    let mut random = Seed(23).stream("days");
    let n = 1500;
    let names = ["1Mo", "2Tu", "3We", "4Th", "5Fr", "6Sa", "7Su"];
    let mut text = "date,weekday,weekend\n".to_string();
    for _ in 0..n {
        let day = 19_700.0 + (uniform(&mut random) * 500.0).floor();
        // 1 January 1970 was a Thursday.
        let weekday = (day as usize + 3) % 7;
        crate::data::date::write(day * 86_400.0, "%Y-%m-%d", &mut text);
        text += &format!(",{},{}\n", names[weekday], ["no", "yes"][usize::from(weekday > 4)]);
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    let chain = fitted(&table, &schema, &quick(), 1);
    let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    for rule in ["`weekday of date` decides `weekday`", "`weekday of date` decides `weekend`"] {
        assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?}");
    }
    let holds = |made: &Table| {
        let Cells::Text { codes, .. } = &made.column("weekday").unwrap().cells else { panic!("no days") };
        let dates = numbers(made, "date");
        codes.iter().zip(dates).all(|(code, date)| ((date / 86_400.0) as u32 + 3) % 7 == *code)
    };
    assert!(holds(&Chain::restore(&chain.store()).unwrap().sample(500, Seed(2), 1).unwrap()));
    let wanted = [Condition { column: "weekday".into(), allowed: Allowed::Texts(vec!["7Su".into()]) }];
    let given = chain.sample_given(100, &wanted, Seed(3), 1).unwrap().table;
    assert!(holds(&given));
    let Cells::Text { codes, .. } = &given.column("weekday").unwrap().cells else { panic!("no days") };
    assert!(codes.iter().all(|code| *code == 6));
    let told = chain.predict(&table, "weekday", 1).unwrap();
    let best =
        told.probabilities.chunks(told.answers.len()).map(|row| row.iter().copied().fold(0.0, f32::max));
    assert!(best.fold(1.0, f32::min) > 0.99);
    // Dates that are not known are those of their weekdays.
    let mut holes = table.clone();
    if let Cells::Number(dates) = &mut holes.columns[0].cells {
        dates.iter_mut().step_by(3).for_each(|date| *date = f64::NAN);
    }
    let filled = chain.fill(&holes, 1, Seed(5), 1).unwrap().pop().unwrap();
    assert!(holds(&filled) && numbers(&filled, "date").iter().all(|date| !date.is_nan()));
    let never = std::sync::atomic::AtomicBool::new(false);
    let rows: Vec<usize> = (0..n).collect();
    let fit = |hold: &str, off: &str| {
        let of = |rule: &str| if rule.is_empty() { vec![] } else { vec![rule.to_string()] };
        let rules = RuleConfig { hold: of(hold), off: of(off), ..RuleConfig::default() };
        let config = ChainConfig { rules, ..quick() };
        Chain::fit(&config, &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None)
    };
    assert!(fit("`weekday of date` decides weekday", "").is_ok());
    assert!(fit("`month of date` decides weekday", "").is_err());
    assert!(fit("`hour of weekday` decides weekend", "").is_err());
    let Ok(Outcome::Fitted(free)) = fit("", "`weekday of date` decides weekend") else { panic!("stopped") };
    assert!(free.rules().iter().all(|found| found.rule.to_string() != "`weekday of date` decides `weekend`"));
}

#[test]
fn years_go_on_beyond_those_of_the_data() {
    let mut text = "day,year\n".to_string();
    for row in 0..1500 {
        crate::data::date::write((17_532.0 + f64::from(row * 37 % 1826)) * 86_400.0, "%Y-%m-%d", &mut text);
        let year = text.lines().last().unwrap()[..4].to_string();
        text += &format!(",{year}\n");
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    let chain = fitted(&table, &schema, &quick(), 1);
    let rules: Vec<String> = chain.rules().iter().map(|found| found.rule.to_string()).collect();
    assert_eq!(rules, ["`year of day` decides `year`"]);
    let mut asked = table.clone();
    let (Cells::Number(days), later) = (&mut asked.columns[0].cells, 5.0 * 365.25 * 86_400.0) else {
        panic!("no days")
    };
    days.iter_mut().for_each(|day| *day += later);
    asked.columns[1].cells = Cells::Number(vec![f64::NAN; table.n_rows]);
    let filled = chain.fill(&asked, 1, Seed(1), 1).unwrap().pop().unwrap();
    assert!(numbers(&filled, "year").iter().all(|year| (2023.0..=2027.0).contains(year)));
    assert!(numbers(&filled, "year").contains(&2027.0));
}

#[test]
fn ages_follow_from_years_and_costs_from_nights() {
    let mut random = Seed(8).stream("visits");
    let mut draw = |most: f64| (uniform(&mut random) * most).floor();
    let date = |days: f64| {
        let mut text = String::new();
        crate::data::date::write((17_000.0 + days) * 86_400.0, "%Y-%m-%d", &mut text);
        text
    };
    let mut text = "birth,start,end,nights,rate,cost,age\n".to_string();
    for _ in 0..900 {
        let (birth, from, nights) = (1940.0 + draw(60.0), draw(1500.0), 1.0 + draw(14.0));
        let rate = [80.0, 95.0, 120.0][draw(3.0) as usize];
        let (start, end) = (date(from), date(from + nights));
        let age = start[..4].parse::<f64>().unwrap() - birth;
        text += &format!("{birth},{start},{end},{nights},{rate},{},{age}\n", nights * rate);
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    let chain = fitted(&table, &schema, &quick(), 2);
    let named = |chain: &Chain| chain.rules().iter().map(|of| of.rule.to_string()).collect::<Vec<_>>();
    let age = "`age` = `year of start` - `birth`";
    for rule in ["`cost` = `nights` * `rate`", "`nights` = `end` - `start`", age] {
        assert!(named(&chain).iter().any(|found| found == rule), "{rule}: {:?}", named(&chain));
    }
    let keep = |made: &Table| {
        let of = |name: &str| numbers(made, name).to_vec();
        let years = of("start").into_iter().map(super::super::calendar::year_of).collect::<Vec<_>>();
        let ages: Vec<f64> = years.iter().zip(of("birth")).map(|(year, birth)| year - birth).collect();
        let costs: Vec<f64> = of("nights").iter().zip(of("rate")).map(|(n, rate)| n * rate).collect();
        assert_eq!((of("age"), of("cost")), (ages, costs));
    };
    let restored = Chain::restore(&chain.store()).unwrap();
    assert_eq!(named(&restored), named(&chain));
    keep(&restored.sample(500, Seed(2), 2).unwrap());
    // From an age and a birth follows the year of the date, and no other age.
    let given = |low, high| Condition { column: "age".to_string(), allowed: Allowed::Range(low, high) };
    let made = chain.sample_given(200, &[given(30.0, 40.0)], Seed(3), 2).unwrap().table;
    assert!(numbers(&made, "age").iter().all(|age| (30.0..=40.0).contains(age)));
    keep(&made);
    let mut open = table.take(&(0..100).collect::<Vec<_>>());
    for column in open.columns.iter_mut().filter(|column| column.name == "start" || column.name == "end") {
        column.cells = Cells::Number(vec![f64::NAN; 100]);
    }
    keep(&chain.fill(&open, 1, Seed(4), 2).unwrap()[0]);
    let rules = RuleConfig { formulas: false, ..declared("age = `year of start` - birth", true).rules };
    let said = fitted(&table, &schema, &ChainConfig { rules, ..quick() }, 2);
    assert!(named(&said).iter().any(|found| found == age));
    let off = fitted(&table, &schema, &declared("age = `year of start` - birth", false), 2);
    assert!(!named(&off).iter().any(|found| found == age));
    let wrong = declared("age = `year of rate` - birth", true);
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let never = std::sync::atomic::AtomicBool::new(false);
    assert!(Chain::fit(&wrong, &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None).is_err());
}

#[test]
fn days_between_moments_with_times_follow_by_midnights_or_by_whole_days() {
    let mut random = Seed(31).stream("stays");
    let mut draw = |to: f64| (uniform(&mut random) * to).floor();
    let moment = |seconds: f64| {
        let at = chrono::DateTime::from_timestamp(1_600_000_000 + seconds as i64, 0).unwrap();
        at.format("%Y-%m-%d %H:%M:%S").to_string()
    };
    let mut text = "start,end,midnights,days,hours\n".to_string();
    for _ in 0..900 {
        let from = draw(3e7);
        let to = from + 3600.0 + draw(9.0 * 86_400.0);
        let day = |at: f64| ((1_600_000_000.0 + at) / 86_400.0).floor();
        let (passed, hours) = (((to - from) / 86_400.0).floor(), ((to - from) / 3600.0).floor());
        text += &format!("{},{},{},{passed},{hours}\n", moment(from), moment(to), day(to) - day(from));
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    let chain = fitted(&table, &schema, &quick(), 2);
    let named = |chain: &Chain| chain.rules().iter().map(|of| of.rule.to_string()).collect::<Vec<_>>();
    let midnights = "`midnights` = `date of end` - `date of start`";
    let rules = [midnights, "`days` = `end` - `start`", "`hours` = `end` - `start`"];
    for rule in rules {
        assert!(named(&chain).iter().any(|found| found == rule), "{rule}: {:?}", named(&chain));
    }
    let keep = |made: &Table| {
        let of = |name: &str| numbers(made, name).to_vec();
        for (i, (start, end)) in of("start").into_iter().zip(of("end")).enumerate() {
            let day = |at: f64| (at / 86_400.0).floor();
            let expected = [day(end) - day(start), day(end - start), ((end - start) / 3600.0).floor()];
            assert_eq!(["midnights", "days", "hours"].map(|name| of(name)[i]), expected, "{start} {end}");
        }
    };
    let restored = Chain::restore(&chain.store()).unwrap();
    assert_eq!(named(&restored), named(&chain));
    keep(&restored.sample(300, Seed(2), 2).unwrap());
    for column in ["midnights", "days"] {
        let given = Condition { column: column.to_string(), allowed: Allowed::Range(3.0, 4.0) };
        let made = chain.sample_given(100, &[given], Seed(3), 2).unwrap().table;
        assert!(numbers(&made, column).iter().all(|days| (3.0..=4.0).contains(days)), "{column}");
        keep(&made);
    }
    // Of a stay that is known the end lies on that day, and the other counts follow from it.
    let mut open = table.take(&(0..60).collect::<Vec<_>>());
    for column in
        open.columns.iter_mut().filter(|column| ["end", "days", "hours"].contains(&column.name.as_str()))
    {
        column.cells = Cells::Number(vec![f64::NAN; 60]);
    }
    keep(&chain.fill(&open, 1, Seed(4), 2).unwrap()[0]);
    for text in ["midnights = `date of end` - `date of start`", "days = end - start"] {
        let rules = RuleConfig { formulas: false, ..declared(text, true).rules };
        let said = fitted(&table, &schema, &ChainConfig { rules, ..quick() }, 2);
        let (column, _) = text.split_once(' ').unwrap();
        let is_said = |found: &String| found.starts_with(&format!("`{column}` = "));
        assert!(named(&said).iter().any(is_said), "{:?}", named(&said));
        let off = fitted(&table, &schema, &declared(text, false), 2);
        assert!(!named(&off).iter().any(is_said), "{:?}", named(&off));
    }
    let wrong = declared("midnights = `date of end` - start", true);
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let never = std::sync::atomic::AtomicBool::new(false);
    assert!(Chain::fit(&wrong, &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None).is_err());
}

#[test]
fn ages_and_months_of_membership_are_full_ones() {
    use chrono::{Datelike, Days, NaiveDate};
    let mut random = Seed(37).stream("members");
    let mut draw = |to: f64| (uniform(&mut random) * to).floor() as u64;
    let date = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let full = |from: NaiveDate, to: NaiveDate| {
        let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
        f64::from(months - i32::from(to.day() < from.day()))
    };
    let mut text = "born,joined,visit,age,membership\n".to_string();
    for _ in 0..900 {
        let born = date(1935) + Days::new(draw(25_000.0));
        let joined = date(2005) + Days::new(draw(4000.0));
        let visit = joined + Days::new(draw(2500.0));
        let (age, months) = ((full(born, visit) / 12.0).floor(), full(joined, visit));
        text += &format!("{born},{joined},{visit},{age},{months}\n");
    }
    let crate::data::Reading { table, schema, .. } =
        crate::data::read_bytes("t.csv", text.into_bytes(), &Default::default()).unwrap();
    let chain = fitted(&table, &schema, &quick(), 2);
    let named = |chain: &Chain| chain.rules().iter().map(|of| of.rule.to_string()).collect::<Vec<_>>();
    let rules = [
        "`age` = `full years to visit` - `full years to born`",
        "`membership` = `full months to visit` - `full months to joined`",
    ];
    for rule in rules {
        assert!(named(&chain).iter().any(|found| found == rule), "{rule}: {:?}", named(&chain));
    }
    let keep = |made: &Table| {
        let of = |name: &str| numbers(made, name).to_vec();
        let day = |seconds: f64| chrono::DateTime::from_timestamp(seconds as i64, 0).unwrap().date_naive();
        let [born, joined, visit] = ["born", "joined", "visit"].map(of);
        for i in 0..made.n_rows {
            let (born, joined, visit) = (day(born[i]), day(joined[i]), day(visit[i]));
            let expected = [(full(born, visit) / 12.0).floor(), full(joined, visit)];
            assert_eq!(["age", "membership"].map(|name| of(name)[i]), expected, "{born} {joined} {visit}");
        }
    };
    let restored = Chain::restore(&chain.store()).unwrap();
    assert_eq!(named(&restored), named(&chain));
    keep(&restored.sample(300, Seed(2), 2).unwrap());
    for (column, from, to) in [("age", 18.0, 19.0), ("age", 65.0, 65.0), ("membership", 12.0, 14.0)] {
        let given = Condition { column: column.to_string(), allowed: Allowed::Range(from, to) };
        let made = chain.sample_given(100, &[given], Seed(3), 2).unwrap().table;
        assert!(numbers(&made, column).iter().all(|value| (from..=to).contains(value)), "{column}");
        keep(&made);
    }
    // Of an age that is known the birth lies in the year before that birthday.
    for blank in [["born", "joined"], ["visit", "membership"], ["age", "membership"]] {
        let mut open = table.take(&(0..60).collect::<Vec<_>>());
        for column in open.columns.iter_mut().filter(|column| blank.contains(&column.name.as_str())) {
            column.cells = Cells::Number(vec![f64::NAN; 60]);
        }
        keep(&chain.fill(&open, 1, Seed(4), 2).unwrap()[0]);
    }
    for rule in rules {
        let plain = RuleConfig { formulas: false, ..declared(rule, true).rules };
        let said = fitted(&table, &schema, &ChainConfig { rules: plain, ..quick() }, 2);
        assert!(named(&said).iter().any(|found| found == rule), "{:?}", named(&said));
        let off = fitted(&table, &schema, &declared(rule, false), 2);
        assert!(!named(&off).iter().any(|found| found == rule), "{:?}", named(&off));
    }
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let never = std::sync::atomic::AtomicBool::new(false);
    for wrong in ["age = `full years to visit` - born", "age = `full years to visit` - `full months to born`"]
    {
        let wrong = declared(wrong, true);
        assert!(Chain::fit(&wrong, &table, &schema, &rows, Seed(1), 1, &never, &|_| (), None).is_err());
    }
}
