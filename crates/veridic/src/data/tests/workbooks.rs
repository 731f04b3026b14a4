// Workbooks, made here as small as they can be.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// A workbook of sheets, each with rows of cells: a number, `text`, or `!` and a date's days.
fn workbook(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    workbook_with(sheets, &[])
}

/// A workbook in which cells that begin with `0` are shown with five digits, and those of `merged` are one.
fn workbook_with(sheets: &[(&str, &[&[&str]])], merged: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut part = |name: &str, text: &str| {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}").as_bytes()).unwrap();
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let (mut list, mut relations) = (String::new(), String::new());
    for (i, (name, _)) in sheets.iter().enumerate() {
        let id = i + 1;
        list += &format!("<sheet name=\"{name}\" sheetId=\"{id}\" r:id=\"rId{id}\"/>");
        relations += &format!(
            "<Relationship Id=\"rId{id}\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet{id}.xml\"/>"
        );
    }
    relations += &format!("<Relationship Id=\"rId99\" Type=\"{office}/styles\" Target=\"styles.xml\"/>");
    part(
        "_rels/.rels",
        &format!(
            "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    );
    part(
        "xl/workbook.xml",
        &format!("<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{list}</sheets></workbook>"),
    );
    part(
        "xl/_rels/workbook.xml.rels",
        &format!("<Relationships xmlns=\"{package}\">{relations}</Relationships>"),
    );
    part(
        "xl/styles.xml",
        &format!(
            "<styleSheet xmlns=\"{main}\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"00000\"/></numFmts>\
             <cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\" applyNumberFormat=\"1\"/></cellXfs>\
             </styleSheet>"
        ),
    );
    for (i, (_, rows)) in sheets.iter().enumerate() {
        let mut data = String::new();
        for (at, row) in rows.iter().enumerate() {
            data += &format!("<row r=\"{}\">", at + 1);
            for (column, cell) in row.iter().enumerate() {
                let place = format!("{}{}", char::from(b'A' + column as u8), at + 1);
                data += &match cell.strip_prefix('!') {
                    Some(days) => format!("<c r=\"{place}\" s=\"1\"><v>{days}</v></c>"),
                    None if cell.is_empty() => String::new(),
                    None if cell.starts_with('0') && cell.parse::<u32>().is_ok() => {
                        format!("<c r=\"{place}\" s=\"2\"><v>{}</v></c>", cell.trim_start_matches('0'))
                    }
                    None if cell.parse::<f64>().is_ok() => format!("<c r=\"{place}\"><v>{cell}</v></c>"),
                    None => format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"),
                };
            }
            data += "</row>";
        }
        let cells: String = merged.iter().map(|place| format!("<mergeCell ref=\"{place}\"/>")).collect();
        let joined = if merged.is_empty() { cells } else { format!("<mergeCells>{cells}</mergeCells>") };
        part(
            &format!("xl/worksheets/sheet{}.xml", i + 1),
            &format!("<worksheet xmlns=\"{main}\"><sheetData>{data}</sheetData>{joined}</worksheet>"),
        );
    }
    zip.finish().unwrap().into_inner()
}

const CARS: &[&[&str]] =
    &[&["name", "price", "sold"], &["a", "1.5", "!45351"], &["b", "2.25", "!45352"], &["c", "", "!45353.5"]];

#[test]
fn a_sheet_is_a_table_and_several_are_asked_for() {
    let options = ReadOptions::default();
    let one = read_bytes("cars.xlsx", workbook(&[("Cars", CARS), ("Empty", &[])]), &options).unwrap();
    let kinds: Vec<&str> = one.schema.columns.iter().map(ColumnSchema::kind_name).collect();
    assert_eq!(kinds, ["categorical", "real", "date-time"]);
    assert_eq!(one.schema.columns[1].missing, 1);
    // 29 February, 1 March and noon of 2 March 2024.
    assert_eq!(numbers(&one.table, "sold"), [1_709_164_800.0, 1_709_251_200.0, 1_709_380_800.0]);
    let two = workbook(&[("Cars", CARS), ("Boats", &[&["n"], &["7"], &["8"]])]);
    let error = read_bytes("t", two.clone(), &options).unwrap_err();
    assert_eq!(error.to_string(), "the workbook has 2 sheets with cells: t");
    assert!(error.hint().unwrap().ends_with("there are `Cars`, `Boats`"));
    let boats = ReadOptions { sheet: Some("Boats".into()), ..ReadOptions::default() };
    let reading = read_bytes("t", two.clone(), &boats).unwrap();
    assert_eq!(numbers(&reading.table, "n"), [7.0, 8.0]);
    let (again, _) = read_bytes_as("t", two.clone(), &reading.schema, &boats).unwrap();
    assert_eq!(again, reading.table);
    let planes = ReadOptions { sheet: Some("Planes".into()), ..ReadOptions::default() };
    let error = read_bytes("t", two, &planes).unwrap_err();
    assert_eq!(error.to_string(), "the workbook has no sheet `Planes`: t");
}

#[test]
fn merged_cells_have_the_value_of_their_first_and_zeros_that_are_shown_are_kept() {
    let rows: &[&[&str]] = &[
        &["region", "zip", "n"],
        &["North", "00501", "3"],
        &["", "01234", "4"],
        &["", "09876", "5"],
        &["South", "00042", "7"],
        &["", "01111", "9"],
        &["West", "00777", "1"],
    ];
    let bytes = workbook_with(&[("T", rows)], &["A2:A4", "A5:A6"]);
    let found = read_bytes("t.xlsx", bytes.clone(), &ReadOptions::default()).unwrap();
    let [north, south, west] = [Some("North"), Some("South"), Some("West")];
    assert_eq!(texts(&found.table, "region"), [north, north, north, south, south, west]);
    let told: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|note| note == "3 cells merged with a cell above have its value"), "{told:?}");
    let mut out = Vec::new();
    write_csv(&found.table, &found.schema, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("North,00501,3\n") && text.contains("South,00042,7\n"), "{text}");
    let (again, _) = read_bytes_as("t.xlsx", bytes, &found.schema, &ReadOptions::default()).unwrap();
    assert_eq!(again, found.table);
    // Regions that reach beyond the cells, and a title over all columns, change nothing else.
    let bytes = workbook_with(&[("T", rows)], &["A7:C9", "A1:XFD1048576"]);
    assert!(read_bytes("t.xlsx", bytes, &ReadOptions::default()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_makes_the_workbook_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let mut bytes = workbook(&[("Cars", CARS)]);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read_bytes("t.xlsx", bytes, &ReadOptions::default());
    }
}
