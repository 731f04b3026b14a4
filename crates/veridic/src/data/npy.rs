//! NumPy arrays: `.npy` files and the arrays of `.npz` archives, numbers only.
//!
//! Source: NEP 1, "A Simple File Format for NumPy Arrays".

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use super::source::Source;
use super::{Column, ColumnSchema, Reading, Schema, Table, numbers};
use crate::error::DataError;

const NO_MAGIC: &str = "the magic \\x93NUMPY is missing";
const MAGIC: &[u8] = b"\x93NUMPY";

const SAVE_AGAIN: &str = "save it again with `np.save`; a table of text needs the ending .csv";
const SAVE_NUMBERS: &str =
    "save numbers: `np.save(\"rows.npy\", a.astype(\"float64\"))`; of complex numbers, their parts";
const SAVE_TABLE: &str = "save a row for each thing: `np.save(\"rows.npy\", a.reshape(len(a), -1))`";
const SAME_ROWS: &str = "save arrays with a row for each thing in files of their own";
const FETCH_AGAIN: &str = "the file did not arrive whole, or was written over: fetch or save it again";

/// Why an array cannot be read, and what to do about it.
#[derive(Debug, PartialEq)]
struct Flaw {
    problem: String,
    remedy: &'static str,
}

impl Flaw {
    fn new(problem: String, remedy: &'static str) -> Self {
        Self { problem, remedy }
    }
}

impl<T: Into<String>> From<T> for Flaw {
    fn from(problem: T) -> Self {
        Self::new(problem.into(), SAVE_AGAIN)
    }
}

/// An array of numbers of any shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Length of each dimension; none for a single number.
    pub shape: Vec<usize>,
    /// The values, the last dimension running fastest; integers above 2^53 are rounded.
    pub values: Vec<f64>,
}

/// Reads the array of a `.npy` file: floats, integers or booleans, in C or Fortran order.
///
/// # Errors
/// [`DataError::Npy`] and those of opening a file.
pub fn read_npy(path: &Path) -> Result<Array, DataError> {
    let source = Source::find(path)?;
    parse(&source.bytes()?).map_err(|flaw| npy_error(&source, flaw))
}

/// Reads all arrays of a `.npz` archive with their names, in the order of the archive.
///
/// # Errors
/// [`DataError::Npy`], [`DataError::Zip`] and those of opening a file.
pub fn read_npz(path: &Path) -> Result<Vec<(String, Array)>, DataError> {
    archive(&Source::find(path)?)
}

/// A `.npy` file as a table: columns `x_1`, `x_2`, ….
pub(super) fn read_table(source: &Source) -> Result<Reading, DataError> {
    let array = parse(&source.bytes()?).map_err(|flaw| npy_error(source, flaw))?;
    table(source, vec![("x".to_owned(), array)])
}

/// A `.npz` archive as a table: columns `X_1`, `X_2`, … for an array `X` of two dimensions, `y` for one of one.
pub(super) fn read_archive_table(source: &Source) -> Result<Reading, DataError> {
    table(source, archive(source)?)
}

fn archive(source: &Source) -> Result<Vec<(String, Array)>, DataError> {
    match source.plain_file() {
        Some(path) => {
            let file = File::open(path).map_err(|error| source.error(error))?;
            arrays(source, BufReader::new(file))
        }
        None => arrays(source, Cursor::new(source.bytes()?)),
    }
}

fn arrays(source: &Source, file: impl Read + Seek) -> Result<Vec<(String, Array)>, DataError> {
    let failed = |error| DataError::Zip { path: source.name().to_owned(), source: error };
    let mut zip = ZipArchive::new(file).map_err(failed)?;
    let mut arrays = Vec::new();
    for i in 0..zip.len() {
        let mut member = zip.by_index(i).map_err(failed)?;
        let name = member.name().map_err(failed)?.into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).map_err(|error| source.error(error))?;
        let array = parse(&bytes).map_err(|Flaw { problem, remedy }| {
            npy_error(source, Flaw::new(format!("`{name}`: {problem}"), remedy))
        })?;
        arrays.push((name, array));
    }
    if arrays.is_empty() {
        return Err(npy_error(source, "the archive has no array"));
    }
    Ok(arrays)
}

fn table(source: &Source, arrays: Vec<(String, Array)>) -> Result<Reading, DataError> {
    let n_rows = arrays.first().and_then(|(_, array)| array.shape.first().copied()).unwrap_or(0);
    let mut table = Table { columns: Vec::new(), n_rows };
    let mut schema = Schema { columns: Vec::new() };
    let mut notes = Vec::new();
    for (name, Array { shape, values }) in arrays {
        let width = match shape.as_slice() {
            [rows] if *rows == n_rows => None,
            [rows, width] if *rows == n_rows => Some(*width),
            [] => {
                let problem = format!("`{name}` is a single number, no rows");
                return Err(npy_error(source, Flaw::new(problem, SAVE_TABLE)));
            }
            [rows, rest @ ..] if *rows == n_rows => {
                let flat: usize = rest.iter().product();
                let (found, flat) = (written_shape(&shape), written_shape(&[*rows, flat]));
                let problem = format!(
                    "`{name}` of shape {found} has {} dimensions, a table has 2: as {flat} it would be one",
                    shape.len()
                );
                return Err(npy_error(source, Flaw::new(problem, SAVE_TABLE)));
            }
            _ => {
                let shape = written_shape(&shape);
                let problem = format!("`{name}` of shape {shape} does not make columns of {n_rows} rows");
                return Err(npy_error(source, Flaw::new(problem, SAME_ROWS)));
            }
        };
        for column in 0..width.unwrap_or(1) {
            let name = if width.is_some() { format!("{name}_{}", column + 1) } else { name.clone() };
            let cells: Vec<f64> = values.iter().skip(column).step_by(width.unwrap_or(1)).copied().collect();
            let (missing, found) = numbers::number_cells(&name, cells, &mut notes).map_err(|stray| {
                DataError::StrayCells { cells: vec![stray], path: source.name().to_owned() }
            })?;
            let kind = ColumnSchema::new(&name, found.kind, missing);
            schema.columns.push(ColumnSchema { values: found.values, ..kind });
            table.columns.push(Column { name, cells: found.cells });
        }
    }
    if n_rows == 0 || table.columns.is_empty() {
        let columns = table.columns.len();
        let problem = format!("it has {n_rows} rows and {columns} columns");
        return Err(npy_error(source, Flaw::new(problem, "save at least a row and a column")));
    }
    Ok(Reading { table, schema, notes, layout: None })
}

/// The error of a file that is called an array and does not begin as one.
pub(super) fn not_an_array(source: &Source) -> DataError {
    npy_error(source, NO_MAGIC)
}

/// As NumPy writes it.
fn written_shape(shape: &[usize]) -> String {
    let sizes = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if shape.len() == 1 { format!("({sizes},)") } else { format!("({sizes})") }
}

fn npy_error(source: &Source, flaw: impl Into<Flaw>) -> DataError {
    let Flaw { problem, remedy } = flaw.into();
    DataError::Npy { problem, remedy, path: source.name().to_owned() }
}

fn parse(bytes: &[u8]) -> Result<Array, Flaw> {
    let cut = || Flaw::new("the header is cut off".to_owned(), FETCH_AGAIN);
    let rest = bytes.strip_prefix(MAGIC).ok_or(NO_MAGIC)?;
    let (length, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        [version, _, ..] if *version > 3 => return Err(format!("version {version} is not known").into()),
        _ => return Err(cut()),
    };
    let end = start + length;
    let header = std::str::from_utf8(rest.get(start..end).ok_or_else(cut)?)
        .map_err(|_| "the header is not text".to_owned())?;
    let code = entry(header, "descr")?.trim_matches(['\'', '"']);
    let fortran = match entry(header, "fortran_order")? {
        "True" => true,
        "False" => false,
        other => return Err(format!("`{other}` is no order").into()),
    };
    let sizes = entry(header, "shape")?.trim_start_matches('(').trim_end_matches(')');
    let shape: Vec<usize> = sizes
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().map_err(|_| format!("`{size}` is no length")))
        .collect::<Result<_, _>>()?;
    let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    let count = count.ok_or("the shape is too large")?;
    let width = width_of(code)?;
    let body = &rest[end..];
    let needed = count.checked_mul(width).ok_or("the shape is too large")?;
    if body.len() != needed {
        let (shape, found) = (written_shape(&shape), body.len());
        let what = if found < needed { "cut off" } else { "too long" };
        let problem = format!("{what}: shape {shape} of `{code}` needs {needed} bytes, there are {found}");
        return Err(Flaw::new(problem, FETCH_AGAIN));
    }
    let values = numbers(code, body);
    let values = if fortran && shape.len() > 1 { to_c_order(&values, &shape) } else { values };
    Ok(Array { shape, values })
}

/// The text of an entry of the header, a Python dictionary of three fixed keys.
fn entry<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    let missing = || format!("the header has no `{key}`");
    let at = header.find(&format!("'{key}'")).ok_or_else(missing)?;
    let rest = header[at + key.len() + 2..].trim_start().strip_prefix(':').ok_or_else(missing)?;
    let rest = rest.trim_start();
    let end = if rest.starts_with('(') { rest.find(')').map(|end| end + 1) } else { rest.find([',', '}']) };
    Ok(rest[..end.ok_or_else(missing)?].trim())
}

/// Bytes of a number of a type.
fn width_of(code: &str) -> Result<usize, Flaw> {
    let kind = code.trim_start_matches(['<', '>', '|', '=']);
    match kind {
        "b1" | "u1" | "i1" => Ok(1),
        "u2" | "i2" | "f2" => Ok(2),
        "u4" | "i4" | "f4" => Ok(4),
        "u8" | "i8" | "f8" => Ok(8),
        _ => {
            let what = match kind.chars().next() {
                Some('c') => "complex numbers",
                Some('O') => "Python objects",
                Some('U' | 'S' | 'a') => "texts",
                Some('M' | 'm') => "times",
                Some('V' | '[') => "records",
                Some('f' | 'g') => "floats of another width",
                _ => "nothing known",
            };
            let known = "whole numbers, floats of 2, 4 and 8 bytes and booleans";
            Err(Flaw::new(format!("type `{code}` is {what}, known are {known}"), SAVE_NUMBERS))
        }
    }
}

/// Whole numbers of a type that is known; in the order of this machine's files unless `>` says otherwise.
fn numbers(code: &str, bytes: &[u8]) -> Vec<f64> {
    let is_big = code.starts_with('>');
    macro_rules! read {
        ($type:ty) => {{
            let value = |cell: [u8; size_of::<$type>()]| {
                if is_big { <$type>::from_be_bytes(cell) } else { <$type>::from_le_bytes(cell) }
            };
            bytes.as_chunks().0.iter().map(|&cell| value(cell) as f64).collect()
        }};
    }
    match code.trim_start_matches(['<', '>', '|', '=']) {
        "b1" | "u1" => read!(u8),
        "i1" => read!(i8),
        "u2" => read!(u16),
        "i2" => read!(i16),
        "f2" => {
            let bits: Vec<f64> = read!(u16);
            bits.into_iter().map(|bits| half(bits as u16)).collect()
        }
        "u4" => read!(u32),
        "i4" => read!(i32),
        "f4" => read!(f32),
        "u8" => read!(u64),
        "i8" => read!(i64),
        "f8" => read!(f64),
        _ => unreachable!("types are checked by their width"),
    }
}

/// A number of half precision: IEEE 754, 1 bit sign, 5 bits exponent, 10 bits fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * (-14f64).exp2(),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * (f64::from(exponent) - 15.0).exp2(),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Values whose first dimension runs fastest, in the order in which the last does.
fn to_c_order(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let mut index = vec![0; shape.len()];
    let mut strides = vec![1; shape.len()];
    for d in 1..shape.len() {
        strides[d] = strides[d - 1] * shape[d - 1];
    }
    let mut ordered = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let place: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        ordered.push(values[place]);
        for d in (0..shape.len()).rev() {
            index[d] += 1;
            if index[d] < shape[d] {
                break;
            }
            index[d] = 0;
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn npy(code: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{code}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn both_orders_give_the_same_rows() {
        let c = npy("|u1", "False", "(2, 3)", &[1, 2, 3, 4, 5, 6]);
        let f = npy("|u1", "True", "(2, 3)", &[1, 4, 2, 5, 3, 6]);
        assert_eq!(parse(&c), parse(&f));
        assert_eq!(parse(&c).unwrap().values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn floats_and_negative_integers_are_read() {
        let floats = npy("<f8", "False", "(1,)", &(-2.5_f64).to_le_bytes());
        assert_eq!(parse(&floats).unwrap(), Array { shape: vec![1], values: vec![-2.5] });
        let integers = npy(">i2", "False", "(1,)", &(-300_i16).to_be_bytes());
        assert_eq!(parse(&integers).unwrap().values, [-300.0]);
    }

    #[test]
    fn every_width_and_order_is_read() {
        let read = |code: &str, bytes: &[u8]| parse(&npy(code, "False", "(1,)", bytes)).unwrap().values[0];
        assert_eq!(read(">u2", &[1, 2]), 258.0);
        assert_eq!(read(">u4", &[0, 0, 1, 2]), 258.0);
        assert_eq!(read(">u8", &[0, 0, 0, 0, 0, 0, 1, 2]), 258.0);
        // 1, -2, the largest, the smallest above zero, 1/3 rounded, and what is no number: IEEE 754.
        for (bits, value) in [
            (0x3c00_u16, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x3555, 0.333_251_953_125),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(read("<f2", &bits.to_le_bytes()), value);
            assert_eq!(read(">f2", &bits.to_be_bytes()), value);
        }
        assert!(read("<f2", &0x7e00_u16.to_le_bytes()).is_nan());
    }

    #[test]
    fn arrays_that_are_no_tables_are_told_how_they_would_be() {
        let refused = |shape: &str, data: &[u8]| {
            let file = npy("|u1", "False", shape, data);
            let error = read_table(&Source::memory(Path::new("a.npy"), file)).unwrap_err();
            (error.to_string(), error.hint().unwrap_or_default())
        };
        let (problem, hint) = refused("(2, 3, 2)", &[0; 12]);
        assert!(
            problem.contains("`x` of shape (2, 3, 2) has 3 dimensions, a table has 2: as (2, 6)"),
            "{problem}"
        );
        assert!(hint.contains("reshape"), "{hint}");
        assert!(refused("()", &[1]).0.contains("is a single number"));
        let error =
            crate::data::read_bytes("a.npy", b"a,b\n1,2\n".to_vec(), &crate::data::ReadOptions::default());
        assert!(error.unwrap_err().to_string().contains("NUMPY is missing"));
        assert!(refused("(0, 5)", &[]).0.contains("it has 0 rows and 5 columns"));
    }

    #[test]
    fn arrays_that_are_not_what_they_say_are_refused() {
        let problem = |file: &[u8]| parse(file).unwrap_err().problem;
        assert!(
            problem(&npy("|u1", "False", "(3,)", &[0]))
                .starts_with("cut off: shape (3,) of `|u1` needs 3 bytes")
        );
        assert!(problem(&npy("|u1", "False", "(1,)", &[0, 0])).starts_with("too long: "));
        assert!(problem(&npy("|O", "False", "(1,)", &[0])).contains("`|O` is Python objects"));
        assert!(problem(&npy("<c16", "False", "(1,)", &[0; 16])).contains("is complex numbers, known are"));
        let vast = "(4294967296, 4294967296)";
        assert!(problem(&npy("|u1", "False", vast, &[0])).contains("too large"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_bytes_make_the_reader_panic(
            header in "\\{'descr': ?'[<>|][uif][1248]', 'fortran_order': (True|False), 'shape': \\([0-9, ]{0,6}\\)[},]?",
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let length = u16::try_from(header.len()).unwrap().to_le_bytes();
            let file = [MAGIC, &[1, 0], &length, header.as_bytes(), &bytes].concat();
            let _ = parse(&file);
            let _ = parse(&bytes);
            let _ = read_table(&Source::memory(Path::new("x"), file));
            let zip = [&b"PK\x03\x04"[..], &bytes].concat();
            let _ = read_archive_table(&Source::memory(Path::new("x"), zip));
        }
    }
}
