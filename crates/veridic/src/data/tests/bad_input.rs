use std::fs;
use std::io::Write as _;

use super::*;

/// The message for a text that cannot be read.
fn message(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

#[test]
fn empty_files_and_bare_headers_are_refused() {
    assert_eq!(message(""), "the file is empty: table.csv");
    assert_eq!(message(" \n\r\n"), "the file is empty: table.csv");
    assert_eq!(message("age,sex\n"), "the table has 2 column names and no rows: table.csv");
    assert!(matches!(load("# note\n"), Err(DataError::HeaderOnly { .. })));
}

#[test]
fn one_row_is_read_and_its_columns_are_constant() {
    let (table, schema) = load("age,sex\n41,f\n").unwrap();
    assert_eq!(table.n_rows, 1);
    assert!(schema.columns.iter().all(|column| matches!(column.kind, Kind::Constant { value: Some(_) })));
}

#[test]
fn ragged_rows_name_their_line_whatever_the_line_ends_are() {
    for text in [
        "a,b\n1,2\n3\n4,5\n",
        "a,b\r\n1,2\r\n3\r\n4,5\r\n",
        "\u{feff}a,b\n1,2\n3\n",
        "a,b\n\n3\n",
        "# c\na,\"b\"\n3\n1,2\n",
        "a,b\n\"1\n\",2,3\n",
        "a,b\n1,2\n3",
        "a,b\n\n3",
        "a,b\r\n \r\n3",
    ] {
        let error = load(text).unwrap_err();
        let DataError::Ragged { line, expected: 2, .. } = error else { panic!("{text:?}: {error}") };
        let wanted = if text.contains("\"1") { 2 } else { 3 };
        assert_eq!(line, wanted, "{text:?}");
    }
    assert_eq!(message("a,b\n1,2\n1,2,3\n"), "line 3 has 3 cells, 2 are expected: table.csv");
}

#[test]
fn a_quote_that_is_never_closed_names_its_line_and_a_closed_one_may_hold_lines() {
    let text = "a,b\n1,2\n3,\"oops\n5,6\n";
    assert_eq!(message(text), "the quote opened in line 3 is never closed: table.csv");
    let (table, _) = load("a,b\n1,\"x\ny\"\n2,\"z\"\n").unwrap();
    assert_eq!(table.columns[1].cells.text(0), Some("x\ny"));
}

#[test]
fn bytes_that_are_not_utf8_are_latin_or_name_line_and_column() {
    let read = |bytes: &[u8]| read_bytes("t.csv", bytes.to_vec(), &ReadOptions::default());
    let reading = read(b"a,b\n1,x\n2,caf\xe9\n").unwrap();
    assert_eq!(texts(&reading.table, "b"), [Some("x"), Some("café")]);
    assert!(
        reading.notes.iter().any(|note| note.to_string().contains("windows-1252")),
        "{:?}",
        reading.notes
    );
    // Letters of Central Europe within words; signs of measures are none.
    let polish = read(b"a,b\nzap\xb3acono,1\nkwi\xb3aty,2\n").unwrap();
    assert_eq!(texts(&polish.table, "a"), [Some("zapłacono"), Some("kwiłaty")]);
    assert!(polish.notes.iter().any(|note| note.to_string().contains("windows-1250")), "{:?}", polish.notes);
    let squares = read(b"a,b\n5 m\xb3 je,1\n6 m\xb3,2\n\xa35,3\n").unwrap();
    assert_eq!(texts(&squares.table, "a")[2], Some("£5"));
    let error = read(b"a,b\r\n\r\ncaf\xe9,caf\xc3\xa9\r\n").unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 1 is not UTF-8 text: t.csv");
    assert!(error.hint().unwrap().contains("data.encoding"));
    for (bytes, line) in
        [(&b"a,b\n1,K\xc3\xb6ln\n2,K\xc3"[..], 3), (b"a,b\n1,\"\xe2\x82\xac 5\"\n\"2\",\xe2\x82", 3)]
    {
        let error = read(bytes).unwrap_err();
        assert_eq!(error.to_string(), format!("the file ends inside a letter, in line {line}: t.csv"));
        assert!(error.hint().unwrap().contains("it was cut"));
    }
    assert_eq!(texts(&read(b"a,b\n1,the\n2,caf\xe9").unwrap().table, "b")[1], Some("café"));
    let utf16 = read(b"\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00\x30\x01\n\x00").unwrap();
    assert_eq!(utf16.schema.columns[1].kind, Kind::Constant { value: Some("\u{130}".into()) });
    let options = ReadOptions { encoding: Some("klingon".into()), ..ReadOptions::default() };
    let error = read_bytes("t", b"a\n1\n".to_vec(), &options).unwrap_err();
    assert_eq!(error.to_string(), "there is no encoding `klingon`");
}

#[test]
fn all_stray_texts_are_named_at_once() {
    let mut text = "age,weight\n".to_owned();
    for i in 0..200 {
        text += &match i {
            10 => "abc,5.5\n".to_owned(),
            20 => "30,heavy\n".to_owned(),
            _ => format!("{},{}.5\n", 20 + i % 50, 50 + i % 40),
        };
    }
    let error = load(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 12, column `age`: `abc` is not a finite number; \
         line 22, column `weight`: `heavy` is not a finite number: table.csv"
    );
    assert!(error.hint().unwrap().contains("`data.categorical = [\"age\"]`"));
    let options = ReadOptions { missing: vec!["abc".into(), "heavy".into()], ..ReadOptions::default() };
    let (_, schema) = pair(read_bytes("t", text.clone().into_bytes(), &options)).unwrap();
    assert_eq!((schema.columns[0].missing, schema.columns[1].missing), (1, 1));
    let options = ReadOptions { categorical: vec!["age".into(), "weight".into()], ..ReadOptions::default() };
    let (_, schema) = pair(read_bytes("t", text.into_bytes(), &options)).unwrap();
    assert!(matches!(schema.columns[0].kind, Kind::Categorical { .. }));
}

#[test]
fn names_that_are_twice_or_too_few_are_refused() {
    assert_eq!(message("a,b,a\n1,2,3\n"), "columns 1 and 3 are both named `a`: table.csv");
    let options = ReadOptions { names: Some(vec!["a".into()]), ..ReadOptions::default() };
    let error = read_bytes("t", b"1,2\n".to_vec(), &options).unwrap_err();
    assert!(matches!(error, DataError::NameCount { given: 1, found: 2, .. }));
    let options = ReadOptions { categorical: vec!["aeg".into()], ..ReadOptions::default() };
    let error = read_bytes("t", b"age,b\n1,2\n".to_vec(), &options).unwrap_err();
    assert!(matches!(error, DataError::NoSuchColumn { nearest: Some(nearest), .. } if nearest == "age"));
}

#[test]
fn a_gzip_cut_off_or_damaged_is_told_from_a_short_table() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for i in 0..2000 {
        writeln!(gz, "{},{}", i * 7919 % 1009, i * 104_729 % 997).unwrap();
    }
    let packed = gz.finish().unwrap();
    let read = |bytes: &[u8]| read_bytes("t.csv.gz", bytes.to_vec(), &ReadOptions::default());
    assert_eq!(read(&packed).unwrap().table.n_rows, 2000);
    for cut in [packed.len() / 2, packed.len() - 4] {
        assert!(matches!(read(&packed[..cut]), Err(DataError::Truncated { .. })), "{cut}");
    }
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert!(matches!(
        read(&damaged),
        Err(DataError::Corrupt { .. }
            | DataError::Truncated { .. }
            | DataError::Ragged { .. }
            | DataError::NotUtf8 { .. }
            | DataError::UnknownFormat { .. })
    ));
}

#[test]
fn archives_name_their_members() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, text) in
        [("small.csv", "a\n1\n2\n"), ("large.csv", "b\n1\n2\n3\n"), ("read.me", "no table at all")]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let options = ReadOptions::default();
    let error = read(&path, &options).unwrap_err();
    assert!(error.to_string().starts_with("the archive has 2 tables: "), "{error}");
    assert!(error.hint().unwrap().ends_with("there are `small.csv`, `large.csv`"), "{:?}", error.hint());
    assert_eq!(read(&path.join("small.csv"), &options).unwrap().table.n_rows, 2);
    let error = read(&path.join("other.csv"), &options).unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "name one as `archive.zip/member`; there are `small.csv`, `large.csv`, `read.me`"
    );
}

#[test]
fn nested_parquet_columns_are_named() {
    use std::sync::Arc;
    let message = "message m { required int32 id; required group tags (LIST) { repeated group list { optional int32 element; } } }";
    let layout = Arc::new(::parquet::schema::parser::parse_message_type(message).unwrap());
    let mut bytes = Vec::new();
    ::parquet::file::writer::SerializedFileWriter::new(&mut bytes, layout, Arc::default())
        .unwrap()
        .close()
        .unwrap();
    let error = read_bytes("t.parquet", bytes, &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `tags` is nested (a list), only flat columns can be read: t.parquet"
    );
}

#[test]
fn a_failed_write_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "precious").unwrap();
    let result = replace(&path, |file| {
        file.write_all(b"half")?;
        Err(std::io::ErrorKind::StorageFull.into())
    });
    let error = result.unwrap_err();
    assert!(error.hint().unwrap().contains("what was there before is untouched"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_there_and_an_unknown_ending_are_refused() {
    let (table, schema) = load("a,b\n1,2\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = write(&table, &schema, &folder.path().join("none/t.csv")).unwrap_err();
    assert_eq!(error.hint().unwrap(), "make the folder first");
    let error = write(&table, &schema, &folder.path().join("t.xlsx")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write a table as `xlsx`"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::path::Path::new("/dev/full");
    let error = replace(full, |file| file.write_all(&[0; 100_000])).unwrap_err();
    let DataError::Write { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    assert!(full.exists());
}
