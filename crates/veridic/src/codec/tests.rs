use proptest::prelude::*;

use super::*;
use crate::data::{Cells, Column, ColumnSchema, Kind, MISSING, Matrix, Schema, Table};
use crate::error::{CodecError, Error};

const ALL: [Numeric; 4] = [Numeric::Standard, Numeric::MinMax, Numeric::Robust, Numeric::Quantile];

fn number(name: &str, kind: Kind, values: &[f64]) -> (ColumnSchema, Column) {
    let missing = values.iter().filter(|x| x.is_nan()).count();
    (
        ColumnSchema::new(name, kind, missing),
        Column { name: name.into(), cells: Cells::Number(values.to_vec()) },
    )
}

fn text(name: &str, kind: Kind, values: &[Option<&str>]) -> (ColumnSchema, Column) {
    let mut levels: Vec<String> = Vec::new();
    let codes = values.iter().map(|value| {
        value.map_or(MISSING, |value| {
            let at = levels.iter().position(|level| level == value);
            at.unwrap_or_else(|| {
                levels.push(value.to_owned());
                levels.len() - 1
            }) as u32
        })
    });
    let codes: Vec<u32> = codes.collect();
    let missing = codes.iter().filter(|code| **code == MISSING).count();
    (
        ColumnSchema::new(name, kind, missing),
        Column { name: name.into(), cells: Cells::Text { codes, levels } },
    )
}

fn table(columns: Vec<(ColumnSchema, Column)>) -> (Schema, Table) {
    let n_rows = match &columns[0].1.cells {
        Cells::Number(cells) => cells.len(),
        Cells::Text { codes, .. } => codes.len(),
    };
    let (schema, columns) = columns.into_iter().unzip();
    (Schema { columns: schema }, Table { columns, n_rows })
}

/// Whole-number and other kinds without their ranges, which the codec must not use.
fn integer() -> Kind {
    Kind::Integer { min: 0.0, max: 0.0 }
}

fn real(decimals: u8) -> Kind {
    Kind::Real { decimals, min: 0.0, max: 0.0 }
}

fn category() -> Kind {
    Kind::Categorical { levels: vec!["never".into(), "used".into()] }
}

fn time() -> Kind {
    Kind::DateTime { format: "%Y-%m-%d".into(), min: 0.0, max: 0.0 }
}

fn boolean(no: &str, yes: &str) -> Kind {
    Kind::Boolean { levels: [no.into(), yes.into()] }
}

/// The cells as text, so that columns with other codes for the same text are equal.
fn written(table: &Table) -> Vec<(String, Vec<String>)> {
    let cells =
        |column: &Column| match &column.cells {
            Cells::Number(cells) => {
                cells.iter().map(|x| if x.is_nan() { "missing".into() } else { x.to_string() }).collect()
            }
            Cells::Text { codes, levels } => codes
                .iter()
                .map(|code| {
                    if *code == MISSING { "missing".into() } else { format!("{:?}", levels[*code as usize]) }
                })
                .collect(),
        };
    table.columns.iter().map(|column| (column.name.clone(), cells(column))).collect()
}

fn fit_all(config: &CodecConfig, table: &Table, schema: &Schema) -> Codec {
    Codec::fit(config, table, schema, &(0..table.n_rows).collect::<Vec<_>>()).unwrap()
}

fn config(numeric: Numeric) -> CodecConfig {
    CodecConfig { numeric, ..CodecConfig::default() }
}

fn message(result: crate::Result<impl std::fmt::Debug>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_kind_is_laid_out_as_published_and_comes_back() {
    let (schema, data) = table(vec![
        number("age", integer(), &[20.0, 30.0, f64::NAN, 40.0]),
        text("job", category(), &[Some("b"), None, Some("a"), Some("b")]),
        text("member", boolean("no", "yes"), &[Some("yes"), Some("no"), Some("yes"), Some("yes")]),
        number("flag", boolean("0", "2"), &[0.0, 2.0, 2.0, f64::NAN]),
        number("day", time(), &[86_400.0, 172_800.0, 864_000.0, 0.0]),
        text("id", Kind::Identifier, &[Some("x1"), Some("x2"), Some("x3"), Some("x4")]),
        text("country", Kind::Constant { value: Some("NL".into()) }, &[Some("NL"); 4]),
        number("unit", Kind::Constant { value: Some("1.50".into()) }, &[1.5; 4]),
        number("void", Kind::Constant { value: None }, &[f64::NAN; 4]),
        number("amount", real(2), &[0.1, 0.2, 0.3, 12.34]),
    ]);
    let codec = fit_all(&CodecConfig { drop: vec!["day".into()], ..config(Numeric::MinMax) }, &data, &schema);
    assert_eq!(
        codec.column_names(),
        [
            "age",
            "age (missing)",
            "job=a",
            "job=b",
            "job (missing)",
            "member",
            "flag",
            "flag (missing)",
            "amount"
        ]
    );
    assert_eq!(codec.width(), 9);
    let job =
        Block { column: "job".into(), start: 2, width: 2, kind: BlockKind::Category, missing_at: Some(4) };
    assert_eq!(codec.blocks()[1], job);
    assert_eq!(codec.levels("job").unwrap(), ["a", "b"]);
    let matrix = codec.encode(&data).unwrap();
    let third = 2.0 / 3.0;
    assert_eq!(matrix.row(0), [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(matrix.row(2)[..8], [0.5, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(matrix.row(3)[..8], [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, third, 1.0]);
    let mut expected = data.clone();
    expected.columns.retain(|column| column.name != "day" && column.name != "id");
    assert_eq!(written(&codec.decode(&matrix).unwrap()), written(&expected));
    let left_out: Vec<_> = codec.left_out().collect();
    assert_eq!(
        left_out,
        [
            ("day", LeftOut::Dropped),
            ("id", LeftOut::Identifier),
            ("country", LeftOut::Constant),
            ("unit", LeftOut::Constant),
            ("void", LeftOut::Empty)
        ]
    );
}

#[test]
fn nothing_is_learned_from_rows_outside_the_training_rows() {
    let (schema, data) = table(vec![
        number("x", integer(), &[1.0, 3.0, f64::NAN, 1e9]),
        text("c", category(), &[Some("a"), Some("b"), None, Some("z")]),
    ]);
    let codec = Codec::fit(&CodecConfig::default(), &data, &schema, &[0, 1]).unwrap();
    let (_, first) =
        table(vec![number("x", integer(), &[1.0, 3.0]), text("c", category(), &[Some("a"), Some("b")])]);
    assert_eq!(codec, fit_all(&CodecConfig::default(), &first, &schema));
    let encoded = codec.encode_with(&data, None).unwrap();
    assert_eq!(encoded.matrix.row(0), [-1.0, 1.0, 0.0]);
    assert_eq!(encoded.matrix.row(2), [0.0, 0.0, 0.0]);
    assert_eq!(encoded.matrix.row(3)[1..], [0.0, 0.0]);
    assert_eq!(
        encoded.unfamiliar,
        [
            Unfamiliar { column: "x".into(), unseen: 0, first_unseen: None, missing: 1 },
            Unfamiliar { column: "c".into(), unseen: 1, first_unseen: Some((4, "z".into())), missing: 1 }
        ]
    );
    let some = codec.encode_with(&data, Some(&[3, 0])).unwrap().matrix;
    assert_eq!((some.n_rows, some.row(1), some.row(0)), (2, encoded.matrix.row(0), encoded.matrix.row(3)));
}

#[test]
fn decoded_numbers_stay_in_the_training_range_unless_told_otherwise() {
    let (schema, data) = table(vec![number("x", real(1), &[1.0, 2.0, 3.0])]);
    let far = Matrix { n_rows: 2, n_cols: 1, values: vec![9.0, -9.0] };
    for (clamp, expected) in [(true, [3.0, 1.0]), (false, [9.3, -5.3])] {
        let codec = fit_all(&CodecConfig { clamp, ..CodecConfig::default() }, &data, &schema);
        assert_eq!(codec.decode(&far).unwrap().columns[0].cells, Cells::Number(expected.to_vec()));
    }
}

#[test]
fn times_come_back_on_the_step_of_the_training_rows() {
    for (values, near, step) in [
        ([0.0, 86_400.0, 172_800.0], 90_000.0, 86_400.0),
        ([0.0, 7_200.0, 3_600.0], 5_000.0, 3_600.0),
        ([1.0, 7_200.0, 3_600.0], 5_000.4, 5_000.0),
        ([1.25, 7_200.0, 3_600.0], 5_000.123_4, 5_000.123),
    ] {
        let (schema, data) = table(vec![number("t", time(), &values)]);
        let codec = fit_all(&config(Numeric::MinMax), &data, &schema);
        let high = values.iter().fold(0.0, |a: f64, b| a.max(*b));
        let low = values.iter().fold(high, |a: f64, b| a.min(*b));
        let z = ((near - low) / (high - low)) as f32;
        let decoded = codec.decode(&Matrix { n_rows: 1, n_cols: 1, values: vec![z] }).unwrap();
        assert_eq!(decoded.columns[0].cells, Cells::Number(vec![step]));
    }
}

#[test]
fn one_row_one_column_is_encoded_to_zero_and_comes_back() {
    for numeric in ALL {
        let (schema, data) = table(vec![number("x", real(3), &[0.125])]);
        let codec = fit_all(&config(numeric), &data, &schema);
        let matrix = codec.encode(&data).unwrap();
        assert_eq!(matrix.values, [0.0]);
        assert_eq!(codec.decode(&matrix).unwrap(), data);
    }
}

#[test]
fn a_column_without_training_values_is_left_out_and_decodes_to_missing() {
    let (schema, data) = table(vec![
        number("x", integer(), &[1.0, 2.0, 3.0]),
        number("empty", real(1), &[f64::NAN, f64::NAN, 5.0]),
        text("blank", category(), &[None, None, Some("a")]),
        text("flag", boolean("n", "y"), &[None, None, Some("y")]),
    ]);
    let codec = Codec::fit(&CodecConfig::default(), &data, &schema, &[0, 1]).unwrap();
    assert_eq!(codec.width(), 1);
    let decoded = written(&codec.decode(&codec.encode(&data).unwrap()).unwrap());
    assert_eq!(decoded.len(), 4);
    assert!(decoded[1..].iter().all(|(_, cells)| cells.iter().all(|cell| cell == "missing")));
}

#[test]
fn a_category_with_one_level_has_one_column_of_ones() {
    let (schema, data) = table(vec![text("c", category(), &[Some("only"), Some("only")])]);
    let codec = fit_all(&CodecConfig::default(), &data, &schema);
    let matrix = codec.encode(&data).unwrap();
    assert_eq!((matrix.n_cols, matrix.values.as_slice()), (1, [1.0, 1.0].as_slice()));
    assert_eq!(codec.decode(&matrix).unwrap(), data);
}

#[test]
fn a_wholly_missing_text_or_number_column_suits_any_column() {
    let (schema, data) =
        table(vec![number("x", integer(), &[1.0, f64::NAN]), text("c", category(), &[Some("a"), None])]);
    let codec = fit_all(&CodecConfig::default(), &data, &schema);
    let (_, blank) = table(vec![text("x", integer(), &[None]), number("c", category(), &[f64::NAN])]);
    assert_eq!(codec.encode(&blank).unwrap().values, [0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn card_times_and_amounts_are_exact_after_rounding() {
    let seconds: Vec<f64> = (0..=172_792).map(f64::from).collect();
    // A heavy tail up to the largest amount, every cent of it once.
    let cents: Vec<f64> = seconds
        .iter()
        .map(|t| ((t / 172_792.0).powi(8) * 2_569_116.0 + t % 20_000.0).round().min(2_569_116.0) / 100.0)
        .collect();
    for numeric in ALL {
        let (schema, data) =
            table(vec![number("Time", integer(), &seconds), number("Amount", real(2), &cents)]);
        let codec = fit_all(&config(numeric), &data, &schema);
        assert_eq!(codec.decode(&codec.encode(&data).unwrap()).unwrap(), data, "{numeric:?}");
    }
}

#[test]
fn whole_numbers_over_a_range_of_2_to_the_24_come_back_exactly() {
    for (numeric, range) in [(Numeric::MinMax, 16_777_215.0), (Numeric::Standard, 16_777_215.0)] {
        let mut values: Vec<f64> = (0..200_000).map(|i| (f64::from(i) * 83.886).floor()).collect();
        values.extend([range, range - 1.0, range / 2.0 - 0.5]);
        let (schema, data) = table(vec![number("x", integer(), &values)]);
        let codec = fit_all(&config(numeric), &data, &schema);
        assert_eq!(codec.decode(&codec.encode(&data).unwrap()).unwrap(), data, "{numeric:?}");
    }
}

#[test]
fn every_problem_of_a_table_is_listed_at_once() {
    let (schema, data) = table(vec![
        number("x", integer(), &[1.0, 2.0]),
        number("y", integer(), &[1.0, 2.0]),
        number("z", integer(), &[1.0, 2.0]),
        text("c", category(), &[Some("a"), Some("b")]),
    ]);
    let codec = fit_all(&CodecConfig::default(), &data, &schema);
    let (_, bad) = table(vec![
        number("x", integer(), &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        text("y", integer(), &[None, Some("many"), None]),
        number("c", category(), &[1.0, 2.0, 3.0]),
    ]);
    assert_eq!(
        message(codec.encode(&bad)),
        "the table does not suit the codec: column `x` has the value inf in row 2 and 1 more like it, expected at \
         most 1e150 in magnitude; column `y` has the text `many` in row 2, expected numbers; column `z` is absent; \
         column `c` has numbers, expected text"
    );
    let error = codec.encode(&bad).unwrap_err();
    assert_eq!(error.hint().unwrap(), "correct these cells or leave them empty, which means missing");
}

#[test]
fn training_input_that_cannot_be_learned_from_is_refused() {
    let (schema, data) = table(vec![
        number("x", integer(), &[1.0, f64::INFINITY]),
        text("b", boolean("no", "yes"), &[Some("no"), Some("maybe")]),
    ]);
    let fit = |drop: &[&str], rows: &[usize]| {
        let drop = drop.iter().map(|name| (*name).to_owned()).collect();
        message(Codec::fit(&CodecConfig { drop, ..CodecConfig::default() }, &data, &schema, rows))
    };
    assert_eq!(fit(&[], &[]), "a codec needs at least one training row, found none");
    assert_eq!(fit(&[], &[2]), "training row 2 is out of range, the table has 2 rows (counted from 0)");
    assert_eq!(fit(&["X"], &[0]), "columns to drop are not in the data: `X`; its columns are `x`, `b`");
    assert_eq!(
        fit(&[], &[1]),
        "the table does not suit the codec: column `x` has the value inf in row 2, expected at most 1e150 in \
         magnitude; column `b` has `maybe` in row 2, expected `no` or `yes`"
    );
    assert_eq!(fit(&["x", "b"], &[0]), "no column is left to learn from: `x` (dropped), `b` (dropped)");
}

#[test]
fn matrices_that_stand_for_nothing_are_refused() {
    let (schema, data) = table(vec![text("c", category(), &[Some("a"), Some("b")])]);
    let codec = fit_all(&CodecConfig::default(), &data, &schema);
    let decode = |n_cols, values: &[f32]| {
        message(codec.decode(&Matrix { n_rows: 1, n_cols, values: values.to_vec() }))
    };
    assert_eq!(decode(1, &[0.0]), "the matrix has 1 columns, the encoding has 2");
    assert_eq!(
        decode(2, &[0.0, f32::NAN]),
        "value NaN in row 1, encoded column `c=b` of the matrix, expected a finite number"
    );
}

#[test]
fn a_damaged_codec_file_is_refused() {
    let (schema, data) =
        table(vec![number("x", integer(), &[1.0, 2.0]), number("y", integer(), &[4.0, 6.0])]);
    let text = serde_json::to_string(&fit_all(&CodecConfig::default(), &data, &schema)).unwrap();
    for (from, to, why) in [
        ("\"scale\":0.5", "\"scale\":0.0", "the codec contradicts itself: column `x` has impossible figures"),
        (
            "\"start\":1",
            "\"start\":7",
            "the codec contradicts itself: the blocks do not follow from the columns",
        ),
        (
            "\"format\":1",
            "\"format\":9",
            "the codec contradicts itself: format 9 is unknown, this version reads 1",
        ),
        (
            "\"clamp\"",
            "\"clamb\"",
            "unknown field `clamb`, expected one of `numeric`, `missing`, `drop`, `clamp`, `cut`",
        ),
    ] {
        assert!(text.contains(from), "{text}");
        let error = serde_json::from_str::<Codec>(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn the_configuration_reads_as_written_in_a_recipe() {
    let read: CodecConfig = serde_json::from_str(r#"{"numeric": "min-max", "drop": ["Time"]}"#).unwrap();
    assert_eq!(read, CodecConfig { drop: vec!["Time".into()], ..config(Numeric::MinMax) });
    assert!(serde_json::from_str::<CodecConfig>(r#"{"scaling": "robust"}"#).is_err());
}

#[test]
fn errors_of_the_codec_convert_to_the_library_error() {
    assert!(matches!(Error::from(CodecError::NoRows), Error::Codec(CodecError::NoRows)));
}

/// A column of `n` cells of a random kind, with missing cells and sometimes constant.
fn any_column(n: usize) -> impl Strategy<Value = (ColumnSchema, Column)> {
    let gap = || prop_oneof![4 => Just(false), 1 => Just(true)];
    let numbers = |kind: Kind, low: i64, high: i64, step: f64, divide: bool| {
        (prop::collection::vec((low..=high, gap()), n), gap()).prop_map(move |(cells, constant)| {
            let first = cells[0].0;
            let value = |k: i64| if divide { k as f64 / step } else { k as f64 * step };
            let cell = |(k, gap): &(i64, bool)| {
                if *gap { f64::NAN } else { value(if constant { first } else { *k }) }
            };
            number("", kind.clone(), &cells.iter().map(cell).collect::<Vec<_>>())
        })
    };
    let texts = |kind: Kind, levels: &'static [&'static str]| {
        prop::collection::vec((0..levels.len(), gap()), n).prop_map(move |cells| {
            let cell = |(k, gap): &(usize, bool)| (!gap).then_some(levels[*k]);
            text("", kind.clone(), &cells.iter().map(cell).collect::<Vec<_>>())
        })
    };
    // Encoded values are single precision: a cell comes back while it is less than 2^23 (8.39 million) steps of its
    // last digit from the center, which may be anywhere in the range.
    prop_oneof![
        numbers(integer(), -4_000_000, 4_000_000, 1.0, false),
        numbers(integer(), 0, 3, 1.0, false),
        numbers(real(2), -400_000, 7_900_000, 100.0, true),
        numbers(real(5), -400_000, 400_000, 100_000.0, true),
        numbers(time(), -20_000, 40_000, 86_400.0, false),
        numbers(time(), 0, 4_000_000, 60.0, false),
        numbers(boolean("0", "1"), 0, 1, 1.0, false),
        texts(boolean("f", "t"), &["t", "f"]),
        texts(category(), &["lone"]),
        texts(category(), &["b", "a", "", "ü, \"x\"", "missing", "7"]),
        texts(Kind::Identifier, &["p", "q", "r"]),
        Just(text("", Kind::Constant { value: Some("k".into()) }, &vec![Some("k"); n])),
        Just(number("", Kind::Constant { value: Some("1e3".into()) }, &vec![1e3; n])),
        Just(number("", Kind::Constant { value: None }, &vec![f64::NAN; n])),
    ]
}

fn any_table() -> impl Strategy<Value = (Schema, Table)> {
    (1usize..40).prop_flat_map(|n| {
        prop::collection::vec(any_column(n), 0..8).prop_map(move |mut columns| {
            columns.push(number("", integer(), &(0..n).map(|i| i as f64).collect::<Vec<_>>()));
            for (i, (schema, column)) in columns.iter_mut().enumerate() {
                schema.name = format!("c{i}");
                column.name.clone_from(&schema.name);
            }
            table(columns)
        })
    })
}

proptest! {
    #[test]
    fn decoding_an_encoded_table_gives_the_table((schema, data) in any_table(), which in 0..4usize) {
        let codec = fit_all(&config(ALL[which]), &data, &schema);
        let matrix = codec.encode(&data).unwrap();
        prop_assert!(matrix.values.iter().all(|v| v.is_finite()));
        prop_assert_eq!((matrix.n_rows, matrix.n_cols), (data.n_rows, codec.column_names().len()));
        let mut expected = data.clone();
        let omitted: Vec<_> =
            codec.left_out().filter(|(_, why)| *why == LeftOut::Identifier).map(|(name, _)| name).collect();
        expected.columns.retain(|column| !omitted.contains(&column.name.as_str()));
        prop_assert_eq!(written(&codec.decode(&matrix).unwrap()), written(&expected));
        let reopened: Codec = serde_json::from_str(&serde_json::to_string(&codec).unwrap()).unwrap();
        prop_assert_eq!(&reopened, &codec);
        prop_assert_eq!(reopened.encode(&data).unwrap(), matrix);
    }

    #[test]
    fn any_finite_matrix_decodes_to_a_table_that_encodes(
        (schema, data) in any_table(), which in 0..4usize, clamp: bool,
        noise in prop::collection::vec(-1e30f32..1e30, 1..50),
    ) {
        let codec = fit_all(&CodecConfig { clamp, ..config(ALL[which]) }, &data, &schema);
        let n_rows = 3;
        let values = (0..n_rows * codec.width()).map(|i| noise[i % noise.len()]).collect();
        let decoded = codec.decode(&Matrix { n_rows, n_cols: codec.width(), values }).unwrap();
        prop_assert!(codec.encode(&decoded).is_ok());
    }
}
