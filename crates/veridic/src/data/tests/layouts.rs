// What stands above a table and below it, and how its cells are parted.

use super::*;

fn reading(text: &str) -> Reading {
    read_bytes("t.csv", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap()
}

fn names(reading: &Reading) -> Vec<&str> {
    reading.table.columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn a_title_is_left_out_and_said_and_a_setting_decides() {
    let text = "Monthly report,,\nMay 2024,,\n\nregion,units,price\nN,5,1.5\nS,6,2.5\nS,7,2.0\n";
    let found = reading(text);
    assert_eq!((names(&found), found.table.n_rows), (vec!["region", "units", "price"], 3));
    let told = found.notes[0].to_string();
    assert!(told.contains("3 lines above the table are left out (`Monthly report,,`"), "{told}");
    assert!(told.contains("`data.skip = 0`"), "{told}");
    let all = ReadOptions { skip: Some(0), ..ReadOptions::default() };
    let kept = read_bytes("t.csv", text.as_bytes().to_vec(), &all).unwrap();
    assert_eq!((kept.table.n_rows, names(&kept)[0]), (6, "column_1"));
    // More than can be told is said by the setting; a table scored by this schema may have another title or none.
    let skip = ReadOptions { skip: Some(2), ..ReadOptions::default() };
    let set = read_bytes("t.csv", b"x\ny,z\na,b\n1,2\n3,4\n".to_vec(), &skip).unwrap();
    assert_eq!(names(&set), ["a", "b"]);
    for text in ["Report\nregion,units,price\nN,9,3.5\n", "region,units,price\nN,9,3.5\n"] {
        let (table, _) = load_as(text, &found.schema).unwrap();
        assert_eq!(numbers(&table, "units"), [9.0]);
    }
}

#[test]
fn comments_are_said_and_the_delimiter_that_a_line_tells_is_taken() {
    let found = reading("# by hand\n# in mg\nid,dose\na,1\nb,2\nc,5\n");
    assert!(found.notes[0].to_string().contains("2 lines above the table"), "{:?}", found.notes);
    let found = reading("sep=;\r\nname;value\r\na;4,5\r\nb;5,5\r\nc;6,5\r\n");
    assert_eq!(names(&found), ["name", "value"]);
    assert_eq!(numbers(&found.table, "value"), [4.5, 5.5, 6.5]);
}

#[test]
fn bars_part_cells_that_have_a_comma_each_and_a_first_row_like_the_others_is_a_row() {
    let found = reading(
        "2024-03-08 16:48:59,029|INFO|db|5.2ms\n2024-03-09 06:18:01,129|WARN|db|1.2ms\n2024-03-10 11:08:52,700|INFO|web|7.0ms\n",
    );
    assert_eq!((found.table.n_rows, found.table.columns.len()), (3, 4));
    let found = reading("2024-03-08 16:48,x1\n2024-03-09 06:18,x2\n2024-03-10 11:08,x3\n");
    assert_eq!(found.table.n_rows, 3, "a moment over moments is no name");
}

#[test]
fn sums_in_a_last_row_without_a_word_are_noticed_and_can_be_left_out() {
    let text = "day,n,price,paid\n1 May 2020,5,1.5,7.50\n2 May 2020,6,2.0,12.00\n3 May 2020,2,4.5,9.00\n\
                4 May 2020,1,2.5,2.50\n5 May 2020,3,1.5,4.50\n,17,,35.50\n";
    let found = reading(text);
    let told: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|note| note.contains("the last row (line 7) looks like a total")), "{told:?}");
    let options = ReadOptions { drop_total: true, ..ReadOptions::default() };
    let left = read_bytes("t.csv", text.as_bytes().to_vec(), &options).unwrap();
    assert_eq!(left.table.n_rows, 5);
    // A table that is scored is read by the same setting.
    let (scored, _) = read_bytes_as("t.csv", text.as_bytes().to_vec(), &left.schema, &options).unwrap();
    assert_eq!(scored.n_rows, 5);
    // A last number that is larger than the others is no sum.
    let plain = reading(&text.replace(",17,,35.50", "6 May 2020,18,2.5,36.50"));
    assert!(plain.notes.iter().all(|note| !note.to_string().contains("total")), "{:?}", plain.notes);
}

#[test]
fn what_is_not_understood_is_never_an_identifier() {
    let column = |cell: &dyn Fn(usize) -> String| {
        let cells: String = (0..60).map(|i| format!("\"{}\"\t{}\n", cell(i), i % 7)).collect();
        let found = reading(&format!("cell\tn\n{cells}"));
        (found.schema.columns[0].kind_name(), found.notes.iter().map(ToString::to_string).collect::<String>())
    };
    let arabic = |i: usize| {
        let digit = |c: char| char::from_u32(u32::from(c) - 48 + 0x660).unwrap();
        (1000 + i * 37).to_string().chars().map(digit).collect::<String>()
    };
    assert_eq!(column(&arabic).0, "integer");
    let (kind, told) = column(&|i| format!("{}/{}", 4 + i, 270 + i * 3));
    assert_eq!(kind, "text");
    assert!(told.contains("several numbers each, such as `4/270` in line 2, `5/273` in line 3"), "{told}");
    assert_eq!(column(&|i| format!("{}h {:02}m", i, i * 7 % 60)).0, "integer");
    let (kind, told) = column(&|i| format!("令和{}年{}月{}日", 2 + i % 6, 1 + i % 12, 1 + i % 28));
    assert_eq!((kind, told.contains("is a date by an era of Japan")), ("date-time", true), "{told}");
    assert_eq!(column(&|i| format!("{}°{}'N", i, i * 7 % 60)).0, "text");
    assert_eq!(column(&|i| format!("{:08x}", i * 7_368_787 + 1_234_567)).0, "identifier");
}

#[test]
fn moments_of_several_zones_of_which_one_is_utc_are_moments() {
    let found =
        reading("t,n\n2024-04-06T23:58:00+01:00,1\n2024-04-17T19:11:00Z,2\n2024-05-02T00:30:00+02:00,3\n");
    assert_eq!(found.schema.columns[0].kind_name(), "date-time");
    let told = found.notes.iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains("moments of several zones"), "{told}");
    let mut out = Vec::new();
    write_csv(&found.table, &found.schema, &mut out).unwrap();
    let expected = "t,n\n2024-04-06T22:58:00Z,1\n2024-04-17T19:11:00Z,2\n2024-05-01T22:30:00Z,3\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn what_is_made_is_laid_out_as_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let wide =
        |text: &str| [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>();
    let text = "Stadt;Betrag\nKöln;1.234,50\nMünchen;-7,25\nKöln;19,00\n";
    let tabs = text.replace(';', "\t");
    let marked = format!("\u{feff}{}", text.replace(';', "|"));
    let cases: [(Vec<u8>, char, Option<&str>, bool); 4] = [
        (latin(text), ';', Some("windows-1252"), false),
        (wide(&tabs), '\t', Some("UTF-16LE"), false),
        (marked.clone().into_bytes(), '|', None, true),
        (text.as_bytes().to_vec(), ';', None, false),
    ];
    for (bytes, delimiter, encoding, mark) in cases {
        let found = read_bytes("t.csv", bytes.clone(), &ReadOptions::default()).unwrap();
        let layout = TextLayout { delimiter, encoding: encoding.map(str::to_owned), mark };
        assert_eq!(found.layout.as_ref(), Some(&layout));
        let path = folder.path().join("t.csv");
        write_in(&found.table, &found.schema, &layout, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{layout:?}");
        assert_eq!(text_layout(&path, &ReadOptions::default()).unwrap(), Some(layout));
    }
    // Cells that have the delimiter in them stand in quotes, and only those.
    let found = reading("a;b\nx,y;\"1;2\"\n,;z\n");
    let path = folder.path().join("t.csv");
    write_in(&found.table, &found.schema, found.layout.as_ref().unwrap(), &path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a;b\nx,y;\"1;2\"\n,;z\n");
    // Other formats have no layout.
    let path = folder.path().join("t.parquet");
    write(&found.table, &found.schema, &path).unwrap();
    assert_eq!(read(&path, &ReadOptions::default()).unwrap().layout, None);
    assert_eq!(text_layout(&path, &ReadOptions::default()).unwrap(), None);
}

#[test]
fn a_statement_of_an_account_is_read_below_what_stands_above_it() {
    let text = "\"Girokonto\";\"DE02 1203\"\n\"Kontostand:\";\"4.812,77 €\"\n\"\"\n\
                \"Tag\";\"Text\";\"Betrag (€)\";\"Saldo (€)\"\n\
                \"02.01.2024\";\"REWE\";\"-12,50\";\"1.200,00\"\n\"03.01.2024\";\"Miete\";\"-850,00\";\"350,00\"\n";
    let found = reading(text);
    assert_eq!(names(&found), ["Tag", "Text", "Betrag (€)", "Saldo (€)"]);
    assert_eq!(numbers(&found.table, "Betrag (€)"), [-12.5, -850.0]);
    assert!(found.notes[0].to_string().contains("3 lines above the table are left out"), "{:?}", found.notes);
    // What is not found out is said with the setting.
    let error = load("a;b\n1;2;3\n4;5;6\n").unwrap_err();
    assert!(error.hint().unwrap().contains("`data.skip = 1`"), "{error:?}");
    let skip = ReadOptions { skip: Some(1), ..ReadOptions::default() };
    assert_eq!(read_bytes("t", b"a;b\n1;2;3\n4;5;6\n".to_vec(), &skip).unwrap().table.columns.len(), 3);
}

#[test]
fn dates_of_another_calendar_and_amounts_of_another_form_name_no_rows() {
    for cell in [
        &(|i: usize| format!("民國{}年{}月{}日", 105 + i % 6, 1 + i % 12, 1 + i % 28))
            as &dyn Fn(usize) -> String,
        &|i| format!("令和{}年{}月{}日頃", 2 + i % 6, 1 + i % 12, 1 + i % 28),
        &|i| format!("CHF {}.5 (net)", 100 + 7 * i),
    ] {
        let cells: String = (0..60).map(|i| format!("{}\t{}\n", cell(i), i % 7)).collect();
        let found = reading(&format!("cell\tn\n{cells}"));
        assert_eq!(found.schema.columns[0].kind_name(), "text", "{}", cell(0));
        let told = found.notes.iter().map(ToString::to_string).collect::<String>();
        assert!(told.contains("not understood") || told.contains("another calendar"), "{told}");
    }
}
