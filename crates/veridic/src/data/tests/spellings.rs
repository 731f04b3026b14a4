// A column in any spelling that is known comes back as it was written.

use proptest::prelude::*;

use super::*;
use crate::data::date::Clock;
use crate::data::write::CellWriter;

fn spelling() -> impl Strategy<Value = Spelling> {
    let signs = prop_oneof![
        Just((None, None)),
        Just((None, Some(','))),
        Just((Some(','), None)),
        Just((Some(','), Some('.'))),
        Just((None, Some(' '))),
        Just((Some(','), Some('\u{a0}'))),
        Just((None, Some('\''))),
        Just((None, Some('_'))),
    ];
    let prefix = prop_oneof![3 => Just(""), 1 => Just("$"), 1 => Just("EUR "), 1 => Just("₹")];
    let suffix =
        prop_oneof![3 => Just(""), 1 => Just("%"), 1 => Just(" €"), 1 => Just(" kg"), 1 => Just("km/h")];
    let minus = prop_oneof![
        Just(Minus::Front),
        Just(Minus::Typographic),
        Just(Minus::Behind),
        Just(Minus::Parentheses),
    ];
    let decimals = prop_oneof![Just(None), (1_u8..5).prop_map(Some)];
    (signs, prefix, suffix, minus, decimals).prop_map(
        |((decimal, thousands), prefix, suffix, minus, decimals)| Spelling {
            decimal,
            thousands,
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            minus,
            decimals,
            ..Spelling::default()
        },
    )
}

/// The cells as they are written after they were read.
fn back(cells: &[String]) -> Result<Vec<String>, DataError> {
    let options = ReadOptions { header: Some(true), delimiter: Some('\t'), ..ReadOptions::default() };
    let text = format!("x\n{}\n", cells.join("\n"));
    let reading = read_bytes("t", text.into_bytes(), &options)?;
    let writer = CellWriter::new(Some(&reading.schema.columns[0]));
    let text = |row| {
        let mut text = String::new();
        writer.write(&reading.table.columns[0].cells, row, &mut text);
        text
    };
    Ok((0..reading.table.n_rows).map(text).collect())
}

const FORMATS: [&str; 24] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%-m/%-d/%Y",
    "%d-%b-%Y",
    "%-d %B %Y",
    "%B %-d, %Y",
    "%b %d, %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M",
    "%Y%m%dT%H%M%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%-m/%-d/%Y %-I:%M %P",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%A, %B %-d, %Y",
    "%Y-%m-%d %H:%M:%S%.3f",
    "%Y-%m-%d %H:%M:%S,%3f",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%d.%m.%y",
    "%H:%M",
    "%-I:%M %p",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn numbers_in_any_spelling_come_back(
        spelling in spelling(),
        values in prop::collection::vec((-2_000_000_i64..2_000_000, 0_i32..5), 2..30),
    ) {
        let places = i32::from(spelling.decimals.unwrap_or(4));
        let cells: Vec<String> = values
            .iter()
            .map(|&(value, shift)| {
                let mut text = String::new();
                spelling.write(value as f64 / 10_f64.powi(shift.min(places)), places as u8, &mut text);
                text
            })
            .collect();
        // What is refused is said; what is read comes back.
        match back(&cells) {
            Ok(again) => prop_assert_eq!(again, cells),
            Err(error) => prop_assert!(
                matches!(error, DataError::MixedSpelling { .. }) && values.len() < 6,
                "{} {:?}", error, cells
            ),
        }
    }

    #[test]
    fn moments_in_any_format_come_back(
        at in 0_usize..FORMATS.len(),
        seconds in prop::collection::vec(0_i64..1_700_000_000, 2..30),
        zone in -12_i32..13,
        letters in 0_usize..3,
    ) {
        let format = FORMATS[at];
        let has_names = ["%b", "%B", "%a", "%A"].iter().any(|name| format.contains(name)) && !format.contains("GMT");
        let letters = [None, Some(Letters::Capital), Some(Letters::Small)][letters].filter(|_| has_names);
        let zone = Some(zone * 3600).filter(|_| format.contains("z"));
        let clock = Clock::new(format, Some(&Spelling { zone, letters, ..Spelling::default() }));
        let cells: Vec<String> = seconds
            .iter()
            .map(|&seconds| {
                let mut text = String::new();
                clock.write(seconds as f64, &mut text);
                text
            })
            .collect();
        prop_assert_eq!(back(&cells).unwrap(), cells);
    }

    #[test]
    fn no_text_makes_a_column_panic(cells in prop::collection::vec("[0-9.,' $€%()+/:TZapm-]{0,14}", 1..30)) {
        let cells: Vec<String> = cells.iter().map(|cell| format!("\"{cell}\"")).collect();
        let _ = back(&cells);
    }

    #[test]
    fn no_text_makes_the_schema_reader_panic(
        key in "[a-z]{1,8}",
        value in prop_oneof![Just("\",\"".to_owned()), Just("99".to_owned()), Just("[\"%Q\"]".to_owned()), "[ -~]{0,10}"],
    ) {
        let text = format!(
            "{{\"columns\":[{{\"name\":\"x\",\"kind\":{{\"integer\":{{\"min\":0,\"max\":1}}}},\"missing\":0,\
             \"spelling\":{{\"{key}\":{value}}}}}]}}"
        );
        if let Ok(schema) = serde_json::from_str::<Schema>(&text)
            && schema.validate().is_ok()
        {
            let (table, _) = load_as("x\n1\n", &schema).unwrap_or_else(|_| (Table { columns: vec![], n_rows: 0 }, vec![]));
            write_csv(&table, &schema, Vec::new()).unwrap();
        }
    }
}
