// Rows that are sums of others, and rows that have the names again.

use super::*;

fn notes(reading: &Reading) -> String {
    reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Regions of cities with a total behind each and one behind all, in these words and amounts.
fn regions(delimiter: char, word: impl Fn(&str) -> String, amount: impl Fn(u32) -> String) -> String {
    let d = delimiter;
    let mut text = format!("region{d}city{d}sales\n");
    let mut all = 0;
    for (i, region) in ["North", "South", "West"].into_iter().enumerate() {
        let mut sum = 0;
        for j in 0..20 {
            let sales = 1234 + (i as u32 * 977 + j * 131) % 5000;
            sum += sales;
            text += &format!("{region}{d}c{}{d}{}\n", j % 4, amount(sales));
        }
        all += sum;
        text += &format!("{}{d}{d}{}\n", word(region), amount(sum));
    }
    text + &format!("Total{d}{d}{}\n", amount(all))
}

#[test]
fn totals_of_groups_are_noticed_and_can_be_left_out() {
    let german = |value: u32| format!("{}.{:03},50", value / 1000, value % 1000);
    let tables = [
        regions(',', |region| format!("Subtotal {region}"), |value| value.to_string()),
        regions(',', |_| "Total".to_owned(), |value| format!("{value}.0")),
        regions(';', |region| format!("Summe {region}"), |value| value.to_string()),
        regions(
            ';',
            |region| format!("{region} total"),
            |value| format!("{} {:03}", value / 1000, value % 1000),
        ),
    ];
    for text in tables {
        let found = read_bytes("t", text.clone().into_bytes(), &ReadOptions::default()).unwrap();
        let told = notes(&found);
        assert!(
            told.contains("4 rows such as `") && told.contains("in line 22, totals of rows above, are kept"),
            "{told}"
        );
        assert!(told.contains("`data.drop-total = true`"), "{told}");
        let options = ReadOptions { drop_total: true, ..ReadOptions::default() };
        let left = read_bytes("t", text.clone().into_bytes(), &options).unwrap();
        assert_eq!(left.table.n_rows, 60);
        assert!(notes(&left).contains("are left out"), "{}", notes(&left));
        let (scored, _) = read_bytes_as("t", text.into_bytes(), &left.schema, &options).unwrap();
        assert_eq!(scored.n_rows, 60);
    }
    // What is no sum is kept, and a setting that does nothing says so.
    let text = regions(',', |region| format!("Summe {region}"), german)
        .replace("Total,,", "Ende,,")
        .replace(",50", "50");
    let found = read_bytes("t", text.clone().into_bytes(), &ReadOptions::default());
    assert!(found.is_err() || !notes(&found.unwrap()).contains("totals"));
    let brands: String = (0..60)
        .map(|i| format!("{},{},{}\n", ["Total", "Shell", "Esso"][i % 3], i * 7 % 5, 1 + i % 4))
        .collect();
    let options = ReadOptions { drop_total: true, ..ReadOptions::default() };
    let found = read_bytes("t", format!("brand,n,stars\n{brands}").into_bytes(), &options).unwrap();
    assert_eq!(found.table.n_rows, 60, "{}", notes(&found));
    assert!(notes(&found).contains("no row is left out as a total"), "{}", notes(&found));
}

#[test]
fn rows_that_have_the_names_again_are_left_out_and_said() {
    let part = |from: usize| {
        (0..30).map(|i| format!("a{},{},2024-01-{:02}\n", i % 5, from + i, 1 + i % 28)).collect::<String>()
    };
    let text = format!("name,price,day\n{}name,price,day\n{}name,price,day\n{}", part(0), part(100), part(7));
    let found = read_bytes("t", text.clone().into_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(found.table.n_rows, 90);
    assert!(
        notes(&found)
            .contains("2 rows have the names of the columns again and are left out (the first in line 32)")
    );
    let kinds: Vec<&str> = found.schema.columns.iter().map(ColumnSchema::kind_name).collect();
    assert_eq!(kinds, ["categorical", "integer", "date-time"]);
    let (again, _) = load_as(&text, &found.schema).unwrap();
    assert_eq!(again.n_rows, 90);
    // Rows that are alike are no names.
    let found =
        read_bytes("t", b"ann,rome\nbob,oslo\nann,rome\nbob,rome\n".to_vec(), &ReadOptions::default())
            .unwrap();
    assert_eq!((found.table.n_rows, notes(&found).contains("again")), (4, false));
}

#[test]
fn names_of_rows_without_a_name_are_read_as_r_writes_them() {
    for text in [
        "\"mpg\",\"cyl\"\n\"1\",21,6\n\"2\",22.8,4\n\"3\",21.4,6\n",
        "mpg cyl\n1 21 6\n2 22.8 4\n3 21.4 6\n",
        "\"mpg\";\"cyl\"\n\"Mazda RX4\";21;6\n\"Datsun\";22.8;4\n\"Hornet\";21.4;6\n",
    ] {
        let found = read_bytes("t", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
        let names: Vec<&str> = found.table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names, found.table.n_rows), (vec!["column_1", "mpg", "cyl"], 3), "{text}");
        assert_eq!(numbers(&found.table, "cyl"), [6.0, 4.0, 6.0]);
        assert!(notes(&found).contains("are taken for names of rows"), "{}", notes(&found));
        let (again, _) = load_as(text, &found.schema).unwrap();
        assert_eq!(numbers(&again, "cyl"), [6.0, 4.0, 6.0]);
    }
}

#[test]
fn hints_of_rows_that_are_too_long_eat_no_row() {
    let hint = |text: &str| load(text).unwrap_err().hint().unwrap_or_default();
    let comma: String = (0..20).map(|i| format!("a{},{},{:02},{}\n", i % 3, i, 10 + i, i % 4)).collect();
    let told = hint(&format!("name,price,n\n{comma}"));
    assert!(told.contains("a comma is a decimal sign") && !told.contains("data.skip"), "{told}");
    // Rows above that are as long as each other are no title.
    let told = hint("a;b\n1;2\n3;4\n5;6;7\n");
    assert!(!told.contains("data.skip") && told.contains("`data.delimiter = \";\"`"), "{told}");
    let options = ReadOptions { delimiter: Some('|'), ..ReadOptions::default() };
    assert_eq!(read_bytes("t", b"a|b,c\n1|2\n3|4\n".to_vec(), &options).unwrap().table.columns.len(), 2);
}

#[test]
fn missing_cells_come_back_as_most_are_marked_and_others_are_said() {
    let cells = |i: usize| match i % 10 {
        0 | 1 => "NA".to_owned(),
        2 => "?".to_owned(),
        _ => (i * 7 % 400).to_string(),
    };
    let text =
        format!("x,y\n{}", (0..60).map(|i| format!("{},{}\n", cells(i), cells(i + 1))).collect::<String>());
    let found = read_bytes("t", text.clone().into_bytes(), &ReadOptions::default()).unwrap();
    assert!(
        notes(&found).contains("`x`, `y`: missing cells are `NA` and `?`; all come back `NA`"),
        "{}",
        notes(&found)
    );
    let mut out = Vec::new();
    write_csv(&found.table, &found.schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), text.replace('?', "NA"));
}
