// A few cells that are not like all others: they are the ones that are named.

use super::*;

/// The notes or the error of one column, in one text.
fn told(name: &str, cells: &[String]) -> String {
    let options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    match read_bytes("t", format!("{name}\n{}\n", cells.join("\n")).into_bytes(), &options) {
        Ok(reading) => {
            let kind = reading.schema.columns[0].kind_name();
            let notes: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
            format!("{kind}: {}", notes.join("; "))
        }
        Err(error) => format!("refused: {error}"),
    }
}

/// `n` cells of which the one in the middle, which stands in line `n / 2 + 2`, is `odd`.
fn with_odd(n: usize, odd: &str, cell: impl Fn(usize) -> String) -> Vec<String> {
    (0..n).map(|i| if i == n / 2 { odd.to_owned() } else { cell(i) }).collect()
}

fn day(i: usize) -> (usize, usize, usize) {
    (1 + i * 11 % 28, 1 + i * 7 % 12, 2018 + i % 5)
}

#[test]
fn one_impossible_date_or_typing_error_is_refused_by_its_line() {
    type Cells<'a> = (&'a dyn Fn(usize) -> String, &'a [&'a str]);
    let formats: [Cells; 7] = [
        (
            &|i| {
                let (d, m, y) = day(i);
                format!("{d:02}.{m:02}.{y}")
            },
            &["31.02.2021", "32.01.2021", "00.01.2021", "12.13.2021", "12.01.202", "12.O1.2021", "gestern"],
        ),
        (
            &|i| {
                let (d, m, y) = day(i);
                format!("{y}-{m:02}-{d:02}")
            },
            &["2021-02-31", "2021-13-03", "2021-1x-03", "2021-00-10"],
        ),
        (
            &|i| {
                let (d, m, y) = day(i);
                format!("{m:02}/{d:02}/{y}")
            },
            &["02/30/2021", "13/31/2021", "02/3O/2021"],
        ),
        (
            &|i| {
                let (d, m, y) = day(i);
                format!("{d:02}.{m:02}.{:02}", y % 100)
            },
            &["31.02.21", "32.01.21", "12.13.21"],
        ),
        (&|i| format!("{} Mar {}", 1 + i % 28, 2018 + i % 5), &["32 Mar 2021"]),
        (&|i| format!("{}-{:02}", 2018 + i % 5, 1 + i % 12), &["2021-13"]),
        (
            &|i| {
                let (d, m, y) = day(i);
                format!("{y}{m:02}{d:02}")
            },
            &["20210231", "20211301", "2021021", "2021O201", "3"],
        ),
    ];
    for (cell, odd) in formats {
        for odd in odd {
            for n in [60, 200] {
                let text = told("d", &with_odd(n, odd, cell));
                assert!(text.starts_with("refused"), "{odd}: {text}");
                assert!(
                    text.contains(&format!("`{odd}`")) && text.contains(&format!("line {}", n / 2 + 2)),
                    "{odd}: {text}"
                );
                assert!(!text.contains(&format!("`{}`", cell(0))), "{odd}: {text}");
            }
        }
    }
}

#[test]
fn dates_of_digits_with_the_end_of_time_are_dates() {
    let cells = with_odd(60, "99991231", |i| {
        let (d, m, y) = day(i);
        format!("{y}{m:02}{d:02}")
    });
    assert!(told("valid", &cells).starts_with("date-time"));
    // Numbers of eight digits are no dates because one is.
    let cells: Vec<String> = (0..60).map(|i| (20_210_101 + i * 7919 * 13).to_string()).collect();
    assert!(told("v", &cells).starts_with("integer"));
}

#[test]
fn days_of_which_one_has_a_time_of_day_are_said() {
    for odd in ["2023-02-20 10:00", "2023-02-20T10:00:05", "2023-02-20 10:00:05.250"] {
        let cells = with_odd(100, odd, |i| {
            let (d, m, y) = day(i);
            format!("{y}-{m:02}-{d:02}")
        });
        let text = told("d", &cells);
        assert!(
            text.contains(&format!("days but for 1 cell with a time of day (`{odd}` in line 52)")),
            "{text}"
        );
    }
    let half: Vec<String> = (0..100)
        .map(|i| format!("2023-02-{:02}{}", 1 + i % 28, if i % 2 == 0 { " 10:00" } else { "" }))
        .collect();
    assert_eq!(told("d", &half), "date-time: ");
}

#[test]
fn what_is_left_out_is_shown_by_the_cells_that_are_written_otherwise() {
    let mut cells: Vec<String> = (0..100).map(|i| format!("{}-{}", 30_000 + i * 100, 50_000 + i)).collect();
    cells[40] = "n.v.".to_owned();
    let text = told("band", &cells);
    assert!(text.contains("such as `n.v.` in line 42;"), "{text}");
}

#[test]
fn years_of_two_digits_are_said_and_lie_where_all_of_them_can() {
    let read = |text: String, first_year: Option<u16>| {
        let options = ReadOptions { first_year, ..ReadOptions::default() };
        read_bytes("t", format!("born,n\n{text}").into_bytes(), &options).unwrap()
    };
    let births =
        || (0..75).map(|i| format!("12.03.{:02},{}\n", (30 + i) % 100, i * 7 % 5)).collect::<String>();
    let found = read(births(), None);
    let Kind::DateTime { min, max, .. } = found.schema.columns[0].kind else { panic!("{:?}", found.schema) };
    assert_eq!((min, max), (-1_256_256_000.0, 1_079_049_600.0));
    let note: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
    assert!(
        note.iter().any(|note| note
            .contains("the earliest `12.03.30` (1930-03-12), the latest `12.03.04` (2004-03-12)")
            && note.contains("`data.first-year = 1970`")),
        "{note:?}"
    );
    // They come back, are read by the schema, and a setting has it otherwise.
    let mut out = Vec::new();
    write_csv(&found.table, &found.schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), format!("born,n\n{}", births()));
    let (again, _) = load_as("born,n\n01.01.40,1\n", &found.schema).unwrap();
    assert_eq!(numbers(&again, "born"), [-946_771_200.0]);
    let set = read(births(), Some(1970));
    assert!(matches!(set.schema.columns[0].kind, Kind::DateTime { max, .. } if max > 3e9));
    // Sales of these years are as before, and it is said.
    let sales = read((0..40).map(|i| format!("12/31/{:02},{i}\n", 10 + i % 10)).collect(), None);
    let note = sales.notes.iter().map(ToString::to_string).collect::<String>();
    assert!(note.contains("those from 1970 to 2069, the earliest `12/31/10` (2010-12-31)"), "{note}");
    assert!(found.schema.validate().is_ok() && sales.schema.validate().is_ok());
}
