// Cells that could mean several things: what they are taken for, and what is said.

use super::*;

/// The kind of one column, its spelling or format and the notes, or the error, in one text.
fn told(delimiter: char, cell: impl Fn(usize) -> String) -> String {
    let rows: String =
        (0..240).map(|i| format!("{}{delimiter}{}\n", cell(i), ["a", "b", "c"][i % 3])).collect();
    match read_bytes("t.csv", format!("value{delimiter}kind\n{rows}").into_bytes(), &ReadOptions::default()) {
        Ok(reading) => {
            let column = &reading.schema.columns[0];
            let spelling = column.spelling.as_ref().map(|spelling| serde_json::to_string(spelling).unwrap());
            let format = if let Kind::DateTime { format, .. } = &column.kind { format.as_str() } else { "" };
            let notes: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
            format!("{} {format} {}: {}", column.kind_name(), spelling.unwrap_or_default(), notes.join("; "))
        }
        Err(error) => format!("refused: {error}"),
    }
}

fn spread(i: usize, of: usize) -> usize {
    i * 7919 % of
}

fn pointed(value: usize) -> String {
    if value < 1000 { value.to_string() } else { format!("{}.{:03}", value / 1000, value % 1000) }
}

#[test]
fn points_part_thousands_where_all_have_three_digits_and_smaller_numbers_none() {
    let dots = told(';', |i| pointed(spread(i, 99) * 10 + spread(i, 7) * 4000));
    assert!(dots.starts_with("integer") && dots.contains("`data.decimal = \".\"`"), "{dots}");
    assert!(told(',', |i| pointed(spread(i, 997) * 310)).starts_with("integer"));
    for (currency, cell) in [(" đ", 2_000), (" €", 2_500), (" kg", 3_100)] {
        let text = told(';', |i| format!("{}{currency}", pointed(cell + spread(i, 97) * 250)));
        assert!(text.starts_with("integer") && !text.contains("comma"), "{text}");
    }
    // Means of seven and measures to the thousandth are none.
    let mean = |i: usize| {
        let text = format!("{:.3}", (7 + spread(i, 28)) as f64 / 7.0);
        text.strip_suffix(".000").map_or(text.clone(), str::to_owned)
    };
    for measured in [told(',', mean), told(',', |i| format!("{:.3}", 47.0 + spread(i, 7001) as f64 / 1000.0))]
    {
        assert!(measured.starts_with("real"), "{measured}");
    }
}

#[test]
fn spans_and_days_without_a_year_are_no_moments() {
    for cells in [["22:00-06:00", "06:00-14:00", "14:00-22:00"], ["Mar 5", "Mar 17", "Apr 9"]] {
        assert!(told(',', |i| cells[i % 3].to_owned()).starts_with("categorical"));
    }
    let day = |i: usize| (1 + spread(i, 28), 1 + spread(i, 12), 20 + i % 3);
    let cases: [(&str, &dyn Fn(usize) -> String); 8] = [
        ("%y-%m-%d", &|i| format!("{2}-{1:02}-{0:02}", day(i).0, day(i).1, day(i).2)),
        ("%d-%m-%y", &|i| format!("{0:02}-{1:02}-{2}", day(i).0, day(i).1, day(i).2)),
        ("%b %y", &|i| format!("{} {}", ["Jan", "Jun", "Nov"][i % 3], 15 + i % 9)),
        ("%Y-%m-%d-%H.%M.%S%.6f", &|i| {
            format!("2019-04-{:02}-21.06.{:02}.{:06}", day(i).0, i % 60, 7 + i * 999)
        }),
        ("%V/%G", &|i| format!("{:02}/{}", 1 + spread(i, 52), 2023 + i % 2)),
        ("%a, %d.%m.%y", &|i| {
            let [name, days] = [("Mo", 6), ("Di", 7), ("Mi", 8)]
                .map(|(name, day)| (name.to_owned(), day))
                .into_iter()
                .nth(i % 3)
                .map(|(name, day)| [name, format!("{:02}", day + 7 * (i % 3))])
                .unwrap();
            format!("{name}, {days}.01.20")
        }),
        ("%-d %B %Y", &|i| {
            format!(
                "{} février 20{}",
                if i % 9 == 0 { "1er".into() } else { (2 + i % 9).to_string() },
                20 + i % 3
            )
        }),
        ("race", &|i| {
            if i % 2 == 0 {
                format!("{}:{:02}", 31 + i % 29, i % 60)
            } else {
                format!("1:{:02}:{:02}", i % 60, i % 59)
            }
        }),
    ];
    for (format, cell) in cases {
        let text = told('\t', cell);
        assert!(text.contains(format), "{format}: {text}");
    }
}

/// The first column, called `name`, as [`told`] gives it.
fn named(name: &str, cell: impl Fn(usize) -> String) -> String {
    let rows: String = (0..240).map(|i| format!("{},{}\n", cell(i), i % 7)).collect();
    let reading =
        read_bytes("t.csv", format!("{name},n\n{rows}").into_bytes(), &ReadOptions::default()).unwrap();
    let column = &reading.schema.columns[0];
    let format = if let Kind::DateTime { format, .. } = &column.kind { format.as_str() } else { "" };
    let notes: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
    let mut out = Vec::new();
    write_csv(&reading.table, &reading.schema, &mut out).unwrap();
    let back = String::from_utf8(out).unwrap() == format!("{name},n\n{rows}");
    format!("{} {format} {back}: {}", column.kind_name(), notes.join("; "))
}

#[test]
fn days_of_a_year_and_dates_of_two_digits_each_are_dates_where_the_name_says_so() {
    let of_year = |i: usize| format!("{}-{:03}", 2021 + i % 3, 1 + spread(i, 365));
    assert!(named("obs_date", of_year).starts_with("date-time %Y-%j true"), "{}", named("obs_date", of_year));
    // Things are numbered within a year, too.
    for cell in [&of_year as &dyn Fn(usize) -> String, &|i| format!("2024-{:03}", 1 + spread(i, 12))] {
        assert!(!named("invoice", cell).starts_with("date-time"), "{}", named("invoice", cell));
    }
    let [day, month, year] = [28, 12, 40].map(|of| move |i: usize| 1 + spread(i * 13 + of, of));
    for (format, cell) in [
        ("%y%m%d", &|i: usize| format!("{:02}{:02}{:02}", year(i), month(i), day(i)) as String),
        ("%d%m%y", &|i: usize| format!("{:02}{:02}{:02}", day(i), month(i), 19 + i % 5)),
        ("%m%d%y", &|i: usize| format!("{:02}{:02}{:02}", month(i), day(i), 19 + i % 5)),
    ] as [(&str, &dyn Fn(usize) -> String); 3]
    {
        let text = named("birth_date", cell);
        assert!(text.starts_with(&format!("date-time {format} true")), "{text}");
        assert!(text.contains("data.first-year"), "{text}");
        assert!(!named("amount", cell).starts_with("date-time"));
    }
    let day_of_year = |i: usize| format!("{:02}{:02}", day(i), month(i));
    assert!(
        named("Belegdatum", day_of_year).starts_with("date-time %d%m true"),
        "{}",
        named("Belegdatum", day_of_year)
    );
    // Codes of four digits are times by chance.
    let flags = |i: usize| format!("{}{}{}{}", i % 2, i / 2 % 2, i / 4 % 2, i / 8 % 2);
    for (name, is_time) in [("mask", false), ("opens", true)] {
        assert_eq!(named(name, flags).starts_with("date-time"), is_time);
    }
    let bare = |i: usize| (spread(i, 24) * 100 + spread(i * 3, 60)).to_string();
    assert!(
        named("dep_time", bare).contains("`dep_time` may be times of day"),
        "{}",
        named("dep_time", bare)
    );
    assert!(!named("amount", bare).contains("may be times"));
    let dotted = |i: usize| format!("{}.{:02}", spread(i, 24), spread(i * 3, 60));
    assert!(named("ora", dotted).contains("may be times of day"), "{}", named("ora", dotted));
    let times = |i: usize| format!("{:02}{:02}", spread(i, 24), spread(i * 3, 60));
    assert!(named("x", times).starts_with("date-time"));
    // Born in 1945, not in 2045.
    assert!(named("dob", |i| format!("{:02}0{}{:02}", 40 + i % 59, 1 + i % 9, day(i))).contains("1940"));
}

#[test]
fn years_of_two_digits_come_first_where_they_never_are_late_days() {
    let date = |first: &dyn Fn(usize) -> usize| -> String {
        let month = |i: usize| if first(i).max(1 + spread(i * 3, 31)) > 28 { 1 } else { 1 + spread(i, 12) };
        named("when", |i| format!("{:02}-{:02}-{:02}", first(i), month(i), 1 + spread(i * 3, 31)))
    };
    assert!(date(&|i| 1 + spread(i, 24)).starts_with("date-time %y-%m-%d true"));
    assert!(date(&|i| (95 + spread(i, 29)) % 100).starts_with("date-time %y-%m-%d true"));
    assert!(date(&|i| 1 + spread(i, 31)).starts_with("date-time %d-%m-%y true"));
    // Versions.
    let version = |i: usize| format!("{}.{}.{}", 4 + i % 3, spread(i, 20), spread(i, 90));
    assert!(!named("kernel", version).starts_with("date-time"));
}

#[test]
fn two_spellings_of_a_number_may_be_two_versions() {
    let text = told(',', |i| ["3.25", "3.50", "3.5", "2.75"][i % 4].to_owned());
    assert!(text.contains("`3.50` in line 3 and `3.5` in line 4 are read as one number"), "{text}");
    assert!(text.contains("data.categorical"), "{text}");
    for cells in [["3.90", "3.10", "3.15", "2.70"], ["3.9", "3", "3.15", "2.5"]] {
        let text = told(',', |i| cells[i % 4].to_owned());
        assert!(!text.contains("one number") && !text.contains("come back"), "{text}");
    }
    let price = |i: usize| format!("¥{},{:03}-", 1 + spread(i, 99), spread(i, 997));
    assert!(told('\t', price).contains("is below zero in all cells"), "{}", told('\t', price));
    let text = told(',', |i| if i % 9 == 0 { "<0.6".to_owned() } else { (1 + spread(i, 800)).to_string() });
    assert!(text.starts_with("integer") && text.contains("`<0.6` counts as 0"), "{text}");
    let text =
        told(
            ',',
            |i| if i % 9 == 0 { "<2.2e-16".to_owned() } else { format!("{}.5e-{}", 1 + i % 9, i % 12) },
        );
    assert!(text.starts_with("real") && text.contains("counts as 1.1e-16"), "{text}");
    let text = told(',', |i| ["1.5", "2.50", "2.25", "1.05"][i % 4].to_owned());
    assert!(text.contains("60 cells come back as `2.5` what was `2.50`"), "{text}");
    // What counts on from 9 to 10 are versions, as are codes with zeros before and behind.
    for cells in
        [["3.9", "3.10", "3.11", "3.8"], ["2.10", "2.9", "2.1", "3.1"], ["01.10", "01.1", "47.9", "47.91"]]
    {
        let text = told(',', |i| cells[i % 4].to_owned());
        assert!(text.starts_with("categorical"), "{text}");
    }
}

#[test]
fn letters_beside_digits_are_units_currencies_or_names() {
    let cents = |i: usize| format!("{}.{:02}", 5 + spread(i, 9001), i % 100);
    for before in ["kr. ", "R ", "R", "S/ ", "Bs. ", "NT$", "P", "L. ", "U$S "] {
        let text = told(',', |i| format!("{before}{}", cents(i)));
        assert!(text.starts_with("real"), "{text}");
    }
    let cases: [(&str, &dyn Fn(usize) -> String); 11] = [
        ("identifier", &|i| format!("R{}", 100 + spread(i, 900))),
        ("identifier", &|i| format!("P-{}", 100 + spread(i, 900))),
        ("identifier", &|i| {
            format!("{}{}", 10_000_000 + spread(i, 88_001) * 997, char::from(b'A' + (i % 23) as u8))
        }),
        ("text", &|i| format!("{}{}", 1 + spread(i, 180), if i % 60 == 17 { "b" } else { "" })),
        ("categorical", &|i| ["29", "29B", "30", "31A", "45"][i % 5].to_owned()),
        ("categorical", &|i| format!("{}E{}", 10 + i % 10, 1 + i % 4)),
        ("categorical", &|i| ["1", "2", "2-", "3", "3-", "5"][i % 6].to_owned()),
        ("identifier", &|i| format!("10.{}.{}.{}", 100 + i % 99, spread(i, 250), 1 + spread(i, 254))),
        ("refused", &|i| format!("{} {}", 1 + spread(i, 90), if i % 5 == 0 { "g" } else { "kg" })),
        ("refused", &|i| format!("{}{}", 1 + spread(i, 90), if i % 5 == 0 { "m" } else { "" })),
        ("refused", &|i| {
            if i % 5 == 0 { ["kA", "--", "unbekannt", "n.v."][i / 5 % 3].into() } else { i.to_string() }
        }),
    ];
    for (kind, cell) in cases {
        let text = told(',', cell);
        assert!(text.starts_with(kind), "{kind}, {}: {text}", cell(5));
    }
    // Amounts below zero, and without cents, come back.
    for (cell, minus) in
        [("(4.130,39) €", "inner-parentheses"), ("520,03- €", "behind-digits"), ("18.627,- €", ",- €")]
    {
        let text = told(';', |i| {
            if i % 4 == 0 || minus.len() < 5 {
                cell.to_owned().replace('3', &(i % 9 + 1).to_string())
            } else {
                format!("{},{:02} €", 10 + i, i % 100)
            }
        });
        assert!(text.contains(minus), "{text}");
    }
}

#[test]
fn quotes_behind_backslashes_words_and_ends_of_lines_part_no_cells() {
    let read = |text: &str| read_bytes("t.csv", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    let quoted = read("id,text,n\n1,\"he said \\\"yes, so\\\" then\",4\n2,\"no\",5\n3,\"C:\\\\x\",6\n");
    assert_eq!(quoted.table.columns.len(), 3);
    let texts: Vec<_> = (0..3).map(|row| quoted.table.columns[1].cells.text(row).unwrap()).collect();
    assert_eq!(texts, ["he said \"yes, so\" then", "no", "C:\\x"]);
    // A backslash at the end of a cell is that of a path.
    let path = read("dir,n\n\"C:\\data\\\",4\n\"D:\\\",5\n");
    assert_eq!(path.table.columns[0].cells.text(0).unwrap(), "C:\\data\\");
    assert_eq!(read("full name\nAnn Lee\nBob Moe\nAnn Moe\n").table.columns.len(), 1);
    let ends = read("a,b\n1,x,\n2,y,\n");
    assert_eq!((ends.table.columns.len(), ends.table.n_rows), (2, 2));
}

#[test]
fn lines_below_a_table_are_said_and_left_out_when_asked() {
    let rows: String = (0..30).map(|i| format!("{};{};{}\n", ["Ulm", "Bonn"][i % 2], i * 7, i % 5)).collect();
    for (below, says, n) in [
        ("Quelle: ERP;;\n", "one value, `Quelle: ERP`, and stays", 1),
        (";;\n;;\n", "have no value and stay", 2),
        ("Durchschnitt;101;2\n", "looks like a total or mean", 1),
    ] {
        let text = format!("city;value;n\n{rows}{below}");
        let kept = read_bytes("t.csv", text.clone().into_bytes(), &ReadOptions::default()).unwrap();
        let notes: Vec<String> = kept.notes.iter().map(ToString::to_string).collect();
        assert!(notes.iter().any(|note| note.contains(says)), "{notes:?}");
        let options = ReadOptions { drop_total: true, ..ReadOptions::default() };
        let left = read_bytes("t.csv", text.into_bytes(), &options).unwrap();
        assert_eq!((kept.table.n_rows, left.table.n_rows), (30 + n, 30));
    }
}
