// One small column at a time: how it is spelled, what it is, and whether it comes back as it was.

use super::*;

/// A column's name, its cells between bars, and the kind it has; every cell comes back as it was.
#[derive(serde::Deserialize)]
struct Columns {
    columns: Vec<(String, String, String)>,
}

fn csv(name: &str, cells: &[&str]) -> String {
    let mut text = format!("{name}\n");
    for cell in cells {
        text += &format!("\"{}\"\n", cell.replace('"', "\"\""));
    }
    text
}

/// The kind of a column, how it comes back, and what was said of it.
fn read_column(name: &str, cells: &[&str]) -> Result<(String, Vec<String>, Reading), DataError> {
    let options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    let reading = read_bytes("t.csv", csv(name, cells).into_bytes(), &options)?;
    let column = &reading.schema.columns[0];
    let writer = crate::data::write::CellWriter::new(Some(column));
    let back = (0..reading.table.n_rows).map(|row| {
        let mut text = String::new();
        writer.write(&reading.table.columns[0].cells, row, &mut text);
        text
    });
    Ok((column.kind_name().to_owned(), back.collect(), reading))
}

#[test]
fn every_spelling_is_known_and_comes_back() {
    let Columns { columns } = toml::from_str(include_str!("columns.toml")).unwrap();
    assert!(columns.len() >= 150, "{}", columns.len());
    let mut wrong = Vec::new();
    for (name, cells, kind) in &columns {
        let cells: Vec<&str> = cells.split('|').collect();
        match read_column(name, &cells) {
            Err(error) if kind == "refused" => assert!(error.hint().is_some(), "{error}"),
            Err(error) => wrong.push(format!("{cells:?}: {error}")),
            Ok((found, back, _)) => {
                let expected: Vec<&str> =
                    cells.iter().map(|cell| if *cell == "-0.0" { "0.0" } else { cell }).collect();
                if found != *kind || (back != expected && kind != "refused") {
                    wrong.push(format!("{cells:?} is {found}, not {kind}, and comes back as {back:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// What is said of a column, in one text.
fn told(name: &str, cells: &[&str]) -> String {
    match read_column(name, cells) {
        Ok((_, _, reading)) => reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Err(error) => format!("{error}; {}", error.hint().unwrap_or_default()),
    }
}

fn column(name: &str, cells: impl IntoIterator<Item = String>) -> ColumnSchema {
    let cells: Vec<String> = cells.into_iter().collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (_, _, reading) = read_column(name, &cells).unwrap();
    reading.schema.columns[0].clone()
}

#[test]
fn bands_are_in_their_order_and_cells_of_several_numbers_name_no_rows() {
    let bands = column("age", ["25-64", "<18", "65+", "18-24", "unknown"].map(str::to_owned));
    assert_eq!(bands.kind.levels(), ["18-24", "25-64", "65+", "<18", "unknown"]);
    let bands = column("age", ["25-64", "<18", "65+", "18-24", "5-9"].map(str::to_owned));
    assert_eq!(bands.kind.levels(), ["<18", "5-9", "18-24", "25-64", "65+"]);
    for cell in [
        &(|i: usize| format!("{}-{}", 20 + i, 69 + i)) as &dyn Fn(usize) -> String,
        &|i| format!("{}/{}", 74 + i, 285 + 2 * i),
        &|i| format!("{}/{}", 95 + i, 60 + i / 2),
        &|i| format!("1 in {}", 20 + 7 * i),
        &|i| format!("{} x {} cm", 3 + i, 90 + i),
    ] {
        let cells: Vec<String> = (0..60).map(cell).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let (kind, _, _) = read_column("x", &cells).unwrap();
        assert_eq!(kind, "text", "{}", cells[1]);
        let told = told("x", &cells);
        assert!(told.contains(&format!("`{}` in line 2, `{}` in line 3", cells[0], cells[1])), "{told}");
        assert!(told.contains("a column of its own, or name it in data.categorical"), "{told}");
    }
    let months: Vec<String> = (0..48).map(|i| format!("{:02}.{}", 1 + i % 12, 1990 + i / 12)).collect();
    assert!(matches!(column("m", months).kind, Kind::DateTime { .. }));
    let months: Vec<String> = (0..48).map(|i| format!("{}{:02}", 1990 + i / 12, 1 + i % 12)).collect();
    assert!(matches!(column("m", months).kind, Kind::DateTime { .. }));
    for (format, cell) in [
        (
            "%d%m%Y",
            &(|i: usize| format!("{:02}{:02}{}", 1 + i % 28, 1 + i % 12, 1990 + i / 12))
                as &dyn Fn(usize) -> String,
        ),
        ("%m%d%Y", &|i| format!("{:02}{:02}{}", 1 + i % 12, 1 + i % 28, 1990 + i / 12)),
    ] {
        let cells: Vec<String> = (0..48).map(cell).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let (kind, back, reading) = read_column("stamp", &cells).unwrap();
        assert_eq!(
            (kind.as_str(), back),
            ("date-time", cells.iter().map(|cell| (*cell).to_owned()).collect())
        );
        assert!(
            matches!(&reading.schema.columns[0].kind, Kind::DateTime { format: found, .. } if found == format)
        );
        assert!(reading.notes.iter().any(|note| note.to_string().contains("a date: ")));
    }
    let amounts: Vec<String> = (0..48).map(|i| format!("{}", 199_000 + i * 7)).collect();
    assert!(matches!(column("m", amounts).kind, Kind::Integer { .. }));
}

#[test]
fn numbers_are_identifiers_by_name_alone_whatever_their_order() {
    let rising = || (0..60).map(|i| (10 + i * 3).to_string());
    let shuffled = || (0..60).map(|i| (10 + (i * 37 % 60) * 3).to_string());
    for name in ["load_kg", "year", "depth", "dose", "x"] {
        assert_eq!(column(name, rising()), column(name, shuffled()), "{name}");
        assert!(matches!(column(name, rising()).kind, Kind::Integer { .. }), "{name}");
    }
    for name in ["id", "customerId", "PASSENGERID", "No", "user_id", "Unnamed: 0"] {
        assert_eq!(column(name, shuffled()).kind, Kind::Identifier, "{name}");
        assert_eq!(column(name, rising()).kind, Kind::Identifier, "{name}");
    }
    let counter = (0..30).map(|i| format!("{i},{}", i * 7 % 5)).collect::<Vec<_>>().join("\n");
    let (_, schema) = load(&format!(",x\n{counter}\n")).unwrap();
    assert_eq!(schema.columns[0].kind, Kind::Identifier);
}

#[test]
fn the_order_of_rows_never_changes_a_kind() {
    let columns: [Vec<String>; 6] = [
        (0..40).map(|i| format!("{},{}", i, i % 10)).collect(),
        (0..40).map(|i| if i == 7 { "-".to_owned() } else { (i * 13 % 29).to_string() }).collect(),
        (0..40).map(|i| format!("2020-01-{:02}", 1 + i % 28)).collect(),
        (0..40).map(|i| if i % 2 == 0 { format!("{i}") } else { format!("a{i}") }).collect(),
        (0..40).map(|i| format!("{}/{}/2020", 1 + i % 12, 1 + i % 28)).collect(),
        (0..40).map(|i| format!("{:03}", i * 7 % 40)).collect(),
    ];
    for cells in columns {
        let read = |cells: &[String]| {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            read_column("x", &cells).map(|(_, _, reading)| reading.schema).map_err(|_| ())
        };
        let first = read(&cells);
        for shift in [1, 7, 20] {
            let mut turned = cells.clone();
            turned.rotate_left(shift);
            turned.reverse();
            assert_eq!(read(&turned), first, "{cells:?}");
        }
    }
}

#[test]
fn few_values_are_kept_and_one_decimal_makes_no_reals() {
    let rates = ["5195.8", "5228.1", "5191"];
    let rate = column("rate", (0..90).map(|i| rates[i % 3].to_owned()));
    assert_eq!(rate.values, Some(vec![5191.0, 5195.8, 5228.1]));
    assert_eq!(column("x", (0..90).map(|i| format!("{}.{}", i, i % 10))).values, None);
    let temp = |i: usize| if i == 5 { "21.333".to_owned() } else { (i * 7 % 400).to_string() };
    let odd = column("temp", (0..1000).map(temp));
    assert!(matches!(odd.kind, Kind::Integer { .. }), "{odd:?}");
    let cells: Vec<String> = (0..1000).map(temp).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (_, back, _) = read_column("temp", &cells).unwrap();
    assert_eq!(back, cells);
    let told = told("temp", &cells);
    assert!(told.contains("whole numbers but for 1 cell (`21.333` in line 7)"), "{told}");
}

#[test]
fn mixed_spellings_are_refused_with_both_lines() {
    for (cells, expected) in [
        ("1.5|2,5|3.5", "`1.5` in line 2 and `2,5` in line 3"),
        ("1,234.5|1.234,5", "`1,234.5` in line 2 and `1.234,5` in line 3"),
        ("$5.00|$6.00|€7.00", "`$5.00` in line 2 and `€7.00` in line 4"),
        ("50%|0.5|70%", "`50%` in line 2 and `0.5` in line 3"),
        ("(5)|-7|12", "`(5)` in line 2 and `-7` in line 3"),
        ("12,345|12345", "`12,345` in line 2 and `12345` in line 3"),
        ("+5|7", "`+5` in line 2 and `7` in line 3"),
        ("2020-01-01|2020-01-02|03/13/2020", "`2020-01-01` in line 2 and `03/13/2020` in line 4"),
    ] {
        let cells: Vec<&str> = cells.split('|').collect();
        let told = told("x", &cells);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_is_below_or_above_what_can_be_measured_is_a_number_and_comes_back() {
    let cell = |i: usize| match i % 7 {
        0 => "<0.10".to_owned(),
        1 => ">50.00".to_owned(),
        _ => format!("{}.{:02}", i % 40, 10 + i * 7 % 90),
    };
    let cells: Vec<String> = (0..140).map(cell).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (kind, back, reading) = read_column("crp", &cells).unwrap();
    assert_eq!((kind.as_str(), back), ("real", cells.iter().map(|cell| (*cell).to_owned()).collect()));
    let values = numbers(&reading.table, "crp");
    assert_eq!(values[..2], [0.05, 50.01]);
    let text = told("crp", &cells);
    assert!(text.contains("`<0.10` counts as 0.05 and `>50.00` counts as 50.01 in 40 cells"), "{text}");
    assert!(text.contains("`data.missing = [\"<0.10\", \">50.00\"]`"), "{text}");
    assert!(text.contains("`data.categorical = [\"crp\"]`"), "{text}");
    // The schema reads new cells alike, and settings have it otherwise.
    let (again, _) = load_as("crp\n<0.10\n3.50\n", &reading.schema).unwrap();
    assert_eq!(numbers(&again, "crp"), [0.05, 3.5]);
    let mut options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    options.missing.extend(["<0.10".to_owned(), ">50.00".to_owned()]);
    let reading = read_bytes("t", csv("crp", &cells).into_bytes(), &options).unwrap();
    assert_eq!(reading.schema.columns[0].missing, 40);
    // With a number beyond a limit, or two limits on one side, they come back as the numbers that they count as.
    for (cell, others) in
        [("0.07", "`<0.10`"), ("<0.20", "`<0.10`, `<0.20`"), (">60.00", "`>50.00`, `>60.00`")]
    {
        let mixed = [&cells[..], &[cell]].concat();
        let (kind, back, _) = read_column("crp", &mixed).unwrap();
        let was = mixed
            .iter()
            .position(|cell| *cell == if others.contains('<') { "<0.10" } else { ">50.00" })
            .unwrap();
        assert_eq!(
            (kind.as_str(), back[was].as_str()),
            ("real", if others.contains('<') { "0.05" } else { "50.01" })
        );
        let said = told("crp", &mixed);
        assert!(said.contains(&format!("cells; {others} come back as these numbers")), "{said}");
    }
    // Bands are categories still.
    let bands: Vec<&str> = (0..60).map(|i| ["<10", "10-19", "20-29", ">30"][i % 4]).collect();
    assert_eq!(read_column("age", &bands).unwrap().0, "categorical");
}

#[test]
fn words_for_powers_of_ten_are_said_and_made_numbers_have_them() {
    let said = told("followers", &["1.2k", "950", "13k", "1.5M"]);
    assert!(said.contains("`1.2k` in line 2 is read as 1200"), "{said}");
    assert!(said.contains("`data.categorical = [\"followers\"]`"), "{said}");
    let (_, _, reading) = read_column("followers", &["1.2k", "950", "13k", "1.5M"]).unwrap();
    let spelling = reading.schema.columns[0].spelling.as_ref().unwrap();
    let written = |value: f64| {
        let mut text = String::new();
        spelling.write(value, 0, &mut text);
        text
    };
    assert_eq!([999.0, 2345.0, 64_321.0, 999_990.0].map(written), ["999", "2.3k", "64k", "1M"]);
    // A cell with another word than it would be written with is said.
    let said = told("x", &["0.5M", "700k", "3M"]);
    assert!(said.contains("1 cell comes back as `500k` what was `0.5M`"), "{said}");
}

#[test]
fn a_single_column_may_have_a_name_of_two_words() {
    let reading =
        read_bytes("t", b"gender: male\nyes\nno\nyes\nno\n".to_vec(), &ReadOptions::default()).unwrap();
    assert_eq!(reading.table.columns.len(), 1);
    assert_eq!(reading.table.columns[0].name, "gender: male");
}

#[test]
fn what_can_be_read_in_two_ways_is_said_with_the_setting() {
    for (cells, expected) in [
        ("1,234|5,678", "data.decimal = \",\""),
        ("03/04/2011|05/06/2012", "month, day (otherwise: `data.day-first = true`)"),
        ("03.04.2011|05.06.2012", "day, month (otherwise: `data.day-first = false`)"),
        ("2021-11-19T03:48:27+02:00|2021-07-19T03:48:27+03:00", "several zones"),
    ] {
        let cells: Vec<&str> = cells.split('|').collect();
        let told = told("x", &cells);
        assert!(told.contains(expected), "{told}");
    }
    let options = ReadOptions { decimal: Some(','), day_first: Some(true), ..ReadOptions::default() };
    let text = "a;d\n1,234;03/04/2011\n5,678;05/06/2012\n";
    let reading = read_bytes("t", text.as_bytes().to_vec(), &options).unwrap();
    assert_eq!(numbers(&reading.table, "a"), [1.234, 5.678]);
    assert!(matches!(&reading.schema.columns[1].kind, Kind::DateTime { format, .. } if format == "%d/%m/%Y"));
    // One date that tells is enough for all columns.
    let text = "a,b\n03/04/2011,25/12/2011\n05/06/2012,01/02/2012\n";
    let reading = read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    assert!(matches!(&reading.schema.columns[0].kind, Kind::DateTime { format, .. } if format == "%d/%m/%Y"));
    assert!(reading.notes.is_empty(), "{:?}", reading.notes);
}

#[test]
fn foreign_marks_are_named_with_the_setting_that_takes_them() {
    let dose = |i: usize| if i % 9 == 3 { "-".to_owned() } else { format!("{}.{}", 20 + i % 37, i % 7) };
    let cells: Vec<String> = (0..90).map(dose).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let told_of = told("dose", &cells);
    assert!(told_of.contains(
        "column `dose` has 10 cells (11 %) with `-`, which is not a finite number, the first in line 5"
    ));
    assert!(told_of.contains("`data.missing = [\"-\"]`"), "{told_of}");
    let mut options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    options.missing.push("-".into());
    let reading = read_bytes("t", csv("dose", &cells).into_bytes(), &options).unwrap();
    assert_eq!(reading.schema.columns[0].missing, 10);
    let day = |i: usize| if i == 4 { "0000-00-00".to_owned() } else { format!("2020-02-{:02}", 1 + i % 28) };
    let cells: Vec<String> = (0..40).map(day).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    assert!(
        told("day", &cells)
            .contains("1 cell (2 %) with `0000-00-00`, which is not a date-time, the first in line 6")
    );
    // These are values.
    for cells in [&["9999-12-31", "2020-01-01"][..], &["-999", "12", "13"]] {
        assert_eq!(column("x", cells.iter().map(|&cell| cell.to_owned())).missing, 0);
    }
}

#[test]
fn times_of_day_with_a_point_are_times_and_come_back() {
    let cells: Vec<String> = (0..48).map(|i| format!("{:02}.{:02}", i * 7 % 24, i * 15 % 60)).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let (kind, back, _) = read_column("Tid", &cells).unwrap();
    assert_eq!((kind.as_str(), back), ("date-time", cells.iter().map(|cell| (*cell).to_owned()).collect()));
    // Months and days, more than 59 minutes, no zero before, too few.
    for cell in [
        &(|i: usize| format!("{:02}.{:02}", 1 + i % 12, 1 + i % 28)) as &dyn Fn(usize) -> String,
        &|i| format!("{:02}.{:02}", i % 24, i * 7 % 100),
        &|i| format!("{}.{:02}", 10 + i % 14, i % 60),
    ] {
        let column = column("x", (0..60).map(cell));
        assert!(matches!(column.kind, Kind::Real { .. }), "{}: {:?}", cell(3), column.kind);
    }
    assert!(matches!(column("x", cells[..10].iter().map(|cell| (*cell).to_owned())).kind, Kind::Real { .. }));
}

#[test]
fn beside_times_with_a_point_others_are_times_too() {
    let rows: String = (0..48)
        .map(|i| {
            format!("{:02}.{:02};{}.{:02};{}.50\n", 7 + i % 3, i % 4 * 15, 14 + i % 5, i % 4 * 15, 10 + i % 7)
        })
        .collect();
    let read = |head: &str, rows: &str| {
        read_bytes("t", format!("{head}\n{rows}").into_bytes(), &ReadOptions::default()).unwrap()
    };
    let reading = read("start;slut;pris", &rows);
    let kinds: Vec<&str> = reading.schema.columns.iter().map(ColumnSchema::kind_name).collect();
    // Prices have other minutes.
    assert_eq!(kinds, ["date-time", "date-time", "real"]);
    let mut out = Vec::new();
    write_csv(&reading.table, &reading.schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap().replace(',', ";"), format!("start;slut;pris\n{rows}"));
    // Alone, or with prices, they are numbers.
    let alone: String = rows.lines().map(|row| row.split_once(';').unwrap().1.to_owned() + "\n").collect();
    let kinds: Vec<Kind> = read("slut;pris", &alone).schema.columns.into_iter().map(|c| c.kind).collect();
    assert!(kinds.iter().all(|kind| matches!(kind, Kind::Real { .. })), "{kinds:?}");
}

#[test]
fn a_frequent_mark_beside_amounts_is_no_category() {
    // Few different amounts, and a mark in so many of ten cells.
    for (amounts, mark, of_ten) in [
        (["$5.00", "$7.50", "$1,200.00"], "-", 3),
        (["5 %", "10 %", "15 %"], "n.a.", 4),
        (["1.200", "2.400,5", "3,75"], "—", 2),
        (["1,200", "2,400", "13,600"], ".", 7),
        (["12 EUR", "15 EUR", "20 EUR"], "unknown", 8),
        (["2024-05-01", "2024-05-02", "2024-06-30"], "0000-00-00", 6),
    ] {
        let cell = |i: usize| if i % 10 < of_ten { mark } else { amounts[i % 3] };
        let cells: Vec<&str> = (0..200).map(cell).collect();
        let text = told("fee", &cells);
        let share = format!("{} cells ({} %) with `{mark}`", 20 * of_ten, 10 * of_ten);
        assert!(text.contains("column `fee` has ") && text.contains(&share), "{mark}: {text}");
        assert!(text.contains(&format!("`data.missing = [\"{mark}\"]`")), "{mark}: {text}");
        let mut options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
        options.missing.push(mark.to_owned());
        let reading = read_bytes("t", csv("fee", &cells).into_bytes(), &options).unwrap();
        assert_eq!(reading.schema.columns[0].missing, 20 * of_ten, "{mark}");
        assert!(matches!(reading.table.columns[0].cells, Cells::Number(_)), "{mark}");
    }
    // Codes, sizes and words of their own may be categories: that is said with the setting.
    for cells in [["1", "2", "-"], ["10 kg", "20 kg", "other"], ["$5", "$7", "free"]] {
        let cells: Vec<&str> = (0..60).map(|i| cells[i % 3]).collect();
        let reading = read_bytes("t", csv("x", &cells).into_bytes(), &ReadOptions::default()).unwrap();
        assert!(matches!(reading.schema.columns[0].kind, Kind::Categorical { .. }), "{cells:?}");
        let text = told("x", &cells);
        assert!(
            text.contains("`x` is categories, not numbers") && text.contains("20 cells (33 %)"),
            "{text}"
        );
        assert!(text.contains(&format!("`data.missing = [\"{}\"]`", cells[2])), "{text}");
    }
}

#[test]
fn marks_in_quotes_are_values_of_texts_and_the_schema_wins() {
    let reading = |text: &str| read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    let bare = reading("country,n\nNA,1\nBW,2\nAO,3\n");
    assert_eq!(texts(&bare.table, "country"), [None, Some("BW"), Some("AO")]);
    assert!(bare.notes[0].to_string().contains("`data.not-missing = [\"NA\"]`"), "{:?}", bare.notes);
    let quoted = reading("country,n\n\"NA\",\"NA\"\n\"BW\",\"2\"\n\"AO\",\"3\"\n");
    assert_eq!(texts(&quoted.table, "country"), [Some("NA"), Some("BW"), Some("AO")]);
    assert!(numbers(&quoted.table, "n")[0].is_nan());
    assert_eq!((quoted.schema.columns[0].missing, quoted.schema.columns[1].missing), (0, 1));
    let (again, _) = load_as("country,n\nNA,5\n", &quoted.schema).unwrap();
    assert_eq!(texts(&again, "country"), [Some("NA")]);
    let mut out = Vec::new();
    write_csv(&quoted.table, &quoted.schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out.clone()).unwrap(), "country,n\n\"NA\",\nBW,2\nAO,3\n");
    assert_eq!(
        read_bytes("t", out, &ReadOptions::default()).unwrap().table.columns[0],
        quoted.table.columns[0]
    );
    let options = ReadOptions { not_missing: vec!["NA".into()], ..ReadOptions::default() };
    let set = read_bytes("t", b"country,n\nNA,1\nBW,2\n".to_vec(), &options).unwrap();
    assert_eq!(set.schema.columns[0].missing, 0);
    let mut marked = bare.schema;
    marked.columns[0].marks = Some(vec!["??".into()]);
    let (again, _) = load_as("country,n\n??,5\nNA,6\n", &marked).unwrap();
    assert_eq!(texts(&again, "country"), [None, Some("NA")]);
}

#[test]
fn what_is_not_understood_is_said_with_three_cells() {
    let cells: Vec<String> = (0..60)
        .map(|i| if i % 3 == 0 { format!("{} or {}", i, i + 1) } else { format!("{}.5", i * 7) })
        .collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let told = told("x", &cells);
    assert!(told.contains("`x` is left out: its cells are not understood"), "{told}");
    assert!(told.contains("`0 or 1` in line 2, `3 or 4` in line 5, `6 or 7` in line 8"), "{told}");
}

#[test]
fn a_row_of_totals_is_noticed_and_can_be_left_out() {
    let text = "city,n\nrome,3\noslo,4\nbern,5\nTotal,12\n";
    let reading = read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    assert!(
        reading.notes[0].to_string().contains("the last row (line 5) looks like a total"),
        "{:?}",
        reading.notes
    );
    let options = ReadOptions { drop_total: true, ..ReadOptions::default() };
    let reading = read_bytes("t", text.as_bytes().to_vec(), &options).unwrap();
    assert_eq!(numbers(&reading.table, "n"), [3.0, 4.0, 5.0]);
    let years: String = (0..30).map(|i| format!("{},{}\n", 1990 + i, i * 31 % 17)).collect();
    let error = load(&format!("year,n\n{years}Total,240\n")).unwrap_err();
    assert!(error.hint().unwrap().contains("data.drop-total = true"), "{error}");
}

#[test]
fn columns_of_one_name_can_be_numbered_and_a_missing_header_is_said() {
    let options = ReadOptions { number_duplicates: true, ..ReadOptions::default() };
    let reading = read_bytes("t", b"a,b,a\n1,2,3\n4,5,6\n".to_vec(), &options).unwrap();
    let names: Vec<&str> = reading.table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "a_2"]);
    let reading = read_bytes("t", b"1,2\n3,4\n".to_vec(), &ReadOptions::default()).unwrap();
    assert!(reading.notes[0].to_string().contains("data.header = true"), "{:?}", reading.notes);
    assert_eq!(reading.summary(), "2 rows, 2 columns: 2 integer");
}
