use proptest::prelude::*;

use super::*;

const MIXED: &str = "day,n,x,flag,text,on\n\
    2024-02-29 12:30:00,3,0.10,1,\"a, \"\"b\"\"\",true\n\
    ,,,,,\n\
    1969-12-31 23:59:59,-7,12.345,0,zürich,false\n\
    2001-01-01 00:00:00,12,-3,1,\"two\nlines\",true\n";

#[test]
fn cells_are_written_as_they_were() {
    let (table, schema) = load(MIXED).unwrap();
    let mut out = Vec::new();
    write_csv(&table, &schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), MIXED.replace("0.10", "0.1"));
    let mut out = Vec::new();
    write_json(&table, &schema, &mut out).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        json[0],
        serde_json::json!({
            "day": "2024-02-29 12:30:00", "n": 3, "x": 0.1, "flag": 1, "text": "a, \"b\"", "on": true
        })
    );
    assert!(json[1]["text"].is_null() && json[1]["n"].is_null());
}

#[test]
fn every_format_brings_the_table_back() {
    let (table, schema) = load(MIXED).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.csv", "t.csv.gz", "T.Parquet"] {
        let path = folder.path().join(name);
        write(&table, &schema, &path).unwrap();
        let (again, found) = pair(read(&path, &ReadOptions::default())).unwrap();
        // Missing cells are NaN, which differs from itself; printed it does not.
        assert_eq!(format!("{again:?}"), format!("{table:?}"), "{name}");
        assert_eq!(found, schema, "{name}");
    }
}

#[test]
fn decimals_and_times_of_day_of_parquet_come_back_as_their_types() {
    let (table, mut schema) = load("price,at\n12.50,08:30:00\n3.05,23:59:59\n,\n100.00,00:00:01\n").unwrap();
    let types = [StoredType::Decimal { precision: 9, scale: 2 }, StoredType::Time];
    for (column, stored) in schema.columns.iter_mut().zip(types.clone()) {
        column.stored = Some(stored);
    }
    let written = |table: &Table, schema: &Schema| {
        let mut bytes = Vec::new();
        super::super::parquet::write(table, schema, &mut bytes, None).unwrap();
        pair(read_bytes("t.parquet", bytes, &ReadOptions::default())).unwrap()
    };
    let (again, found) = written(&table, &schema);
    assert_eq!(format!("{again:?}"), format!("{table:?}"));
    assert_eq!(found.columns.iter().map(|column| column.stored.clone()).collect::<Vec<_>>(), types.map(Some));
    assert_eq!(written(&again, &found).1, found);
    // What no longer fits into the digits is a plain number.
    let mut large = table;
    large.columns[0].cells = Cells::Number(vec![1e9, 1.0, f64::NAN, 2.5]);
    let (again, found) = written(&large, &schema);
    assert_eq!(numbers(&again, "price")[..2], [1e9, 1.0]);
    assert_eq!(found.columns[0].stored, None);
}

#[test]
fn zones_of_parquet_come_back_by_name() {
    let (table, mut schema) =
        load("at,utc,clock,n\n2024-07-01T10:00:00Z,2024-07-01T10:00:00Z,2024-07-01 10:00:00,1\n,,,2\n")
            .unwrap();
    let zone = |zone: &str| Some(StoredType::Moment { zone: zone.to_owned() });
    let written = |schema: &Schema| {
        let mut bytes = Vec::new();
        super::super::parquet::write(&table, schema, &mut bytes, None).unwrap();
        pair(read_bytes("t.parquet", bytes, &ReadOptions::default())).unwrap()
    };
    for name in ["Europe/Berlin", "+02:00"] {
        schema.columns[0].stored = zone(name);
        let (again, found) = written(&schema);
        assert_eq!(numbers(&again, "at")[0], numbers(&table, "at")[0]);
        let stored: Vec<_> = found.columns.iter().map(|column| column.stored.clone()).collect();
        assert_eq!(stored, [zone(name), None, None, None]);
        // An offset is a clock that text is written by.
        let mut text = Vec::new();
        write_csv(&again, &found, &mut text).unwrap();
        let at = if name == "+02:00" { "2024-07-01 12:00:00+02:00" } else { "2024-07-01 10:00:00+00:00" };
        assert!(String::from_utf8(text).unwrap().contains(at), "{name}");
    }
    schema.columns[0].stored = None;
    assert_eq!(written(&schema).1.columns[0].stored, None);
}

#[test]
fn made_values_are_written_within_the_decimals_of_the_source() {
    let (mut table, schema) = load("n,x\n1,0.25\n5,1.5\n9,2.75\n").unwrap();
    table.columns[0].cells = Cells::Number(vec![2.6, -0.2, 9.0]);
    table.columns[1].cells = Cells::Number(vec![0.1 + 0.2, 1.999, f64::NAN]);
    let mut out = Vec::new();
    write_csv(&table, &schema, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "n,x\n3,0.3\n0,2.0\n9,\n");
}

#[test]
fn rows_of_one_empty_cell_are_rows() {
    for text in ["a\n1\n\"\"\n2\n", "a\r\n1\r\n\"\"\r\n\r\n2\r\n\r\n"] {
        let (table, schema) = load(text).unwrap();
        assert_eq!(format!("{:?}", numbers(&table, "a")), "[1.0, NaN, 2.0]");
        let mut out = Vec::new();
        write_csv(&table, &schema, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\n1\n\"\"\n2\n");
    }
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        5 => "[a-c]{1,2}",
        1 => "[ -~äß\n]{0,6}",
        5 => (-999_i32..999).prop_map(|n| n.to_string()),
        5 => (-1e6..1e6_f64).prop_map(|x| format!("{x:.3}")),
        1 => any::<f64>().prop_map(|x| x.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec(prop::collection::vec(cell(), 3), 1..30),
        like in 0_usize..2,
    ) {
        // A column of one sort of cell is likelier to be a number than one of all sorts.
        let mut text = "first,second,third\n".to_owned();
        for row in &rows {
            let quoted: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(i, cell)| if i == like && cell.parse::<f64>().is_err() { String::new() } else { cell.clone() })
                .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
                .collect();
            text += &(quoted.join(",") + "\n");
        }
        let options = ReadOptions { header: Some(true), delimiter: Some(','), ..ReadOptions::default() };
        let Ok((table, schema)) = pair(read_bytes("t", text.into_bytes(), &options)) else { return Ok(()) };
        prop_assert_eq!(table.n_rows, rows.len());
        let mut csv = Vec::new();
        write_csv(&table, &schema, &mut csv).unwrap();
        let (again, differences) = read_bytes_as("t", csv.clone(), &schema, &options).unwrap();
        prop_assert_eq!(differences, []);
        let mut second = Vec::new();
        write_csv(&again, &schema, &mut second).unwrap();
        prop_assert_eq!(&csv, &second);

        let mut parquet = Vec::new();
        super::super::parquet::write(&table, &schema, &mut parquet, None).unwrap();
        let (again, _) = read_bytes_as("t", parquet, &schema, &options).unwrap();
        let mut third = Vec::new();
        write_csv(&again, &schema, &mut third).unwrap();
        prop_assert_eq!(&csv, &third);
    }

    #[test]
    fn no_text_makes_the_csv_reader_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[#|%\"',;\t \r\na-c0-9.?-]{0,200}".prop_map(String::into_bytes),
            "([0-9]{1,4}[-/.:, T]){0,80}\n?".prop_map(String::into_bytes),
        ],
        delimiter in prop::option::of(prop::char::range(' ', '~')),
        header: Option<bool>,
    ) {
        let options = ReadOptions { delimiter, header, ..ReadOptions::default() };
        if let Ok((table, schema)) = pair(read_bytes("t", bytes.clone(), &options)) {
            prop_assert!(table.columns.iter().all(|column| column.cells.len() == table.n_rows));
            prop_assert!(schema.validate().is_ok());
            let _ = read_bytes_as("t", bytes, &schema, &options);
        }
    }

    #[test]
    fn no_damage_makes_the_parquet_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let (table, schema) = load(MIXED).unwrap();
        let mut bytes = Vec::new();
        super::super::parquet::write(&table, &schema, &mut bytes, None).unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read_bytes("t", bytes, &ReadOptions::default());
    }
}
