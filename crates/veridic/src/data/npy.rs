//! NumPy arrays: `.npy` files and the arrays of `.npz` archives, numbers only.
//!
//! Source: NEP 1, "A Simple File Format for NumPy Arrays".

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use super::source::Source;
use super::{Column, ColumnSchema, Schema, Table, infer};
use crate::error::DataError;

const MAGIC: &[u8] = b"\x93NUMPY";

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
    parse(&source.bytes()?).map_err(|problem| npy_error(&source, problem))
}

/// Reads all arrays of a `.npz` archive with their names, in the order of the archive.
///
/// # Errors
/// [`DataError::Npy`], [`DataError::Zip`] and those of opening a file.
pub fn read_npz(path: &Path) -> Result<Vec<(String, Array)>, DataError> {
    archive(&Source::find(path)?)
}

/// A `.npy` file as a table: columns `x_1`, `x_2`, ….
pub(super) fn read_table(source: &Source) -> Result<(Table, Schema), DataError> {
    let array = parse(&source.bytes()?).map_err(|problem| npy_error(source, problem))?;
    table(source, vec![("x".to_owned(), array)])
}

/// A `.npz` archive as a table: columns `X_1`, `X_2`, … for an array `X` of two dimensions, `y` for one of one.
pub(super) fn read_archive_table(source: &Source) -> Result<(Table, Schema), DataError> {
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
        let array = parse(&bytes).map_err(|problem| npy_error(source, format!("`{name}`: {problem}")))?;
        arrays.push((name, array));
    }
    if arrays.is_empty() {
        return Err(npy_error(source, "the archive has no array".into()));
    }
    Ok(arrays)
}

fn table(source: &Source, arrays: Vec<(String, Array)>) -> Result<(Table, Schema), DataError> {
    let n_rows = arrays.first().and_then(|(_, array)| array.shape.first().copied()).unwrap_or(0);
    let mut table = Table { columns: Vec::new(), n_rows };
    let mut schema = Schema { columns: Vec::new() };
    for (name, Array { shape, values }) in arrays {
        let width = match shape.as_slice() {
            [rows] if *rows == n_rows => None,
            [rows, width] if *rows == n_rows => Some(*width),
            _ => {
                let problem = format!("`{name}` of shape {shape:?} does not make columns of {n_rows} rows");
                return Err(npy_error(source, problem));
            }
        };
        for column in 0..width.unwrap_or(1) {
            let name = if width.is_some() { format!("{name}_{}", column + 1) } else { name.clone() };
            let cells: Vec<f64> = values.iter().skip(column).step_by(width.unwrap_or(1)).copied().collect();
            let (missing, kind, cells) = infer::number_cells(&name, cells).map_err(|stray| {
                DataError::StrayCells { cells: vec![stray], path: source.name().to_owned() }
            })?;
            schema.columns.push(ColumnSchema { name: name.clone(), kind, missing });
            table.columns.push(Column { name, cells });
        }
    }
    if n_rows == 0 || table.columns.is_empty() {
        return Err(DataError::Empty { path: source.name().to_owned() });
    }
    Ok((table, schema))
}

fn npy_error(source: &Source, problem: String) -> DataError {
    DataError::Npy { problem, path: source.name().to_owned() }
}

fn parse(bytes: &[u8]) -> Result<Array, String> {
    let cut = || "the header is cut off".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or("the magic \\x93NUMPY is missing")?;
    let (length, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        [version, _, ..] if *version > 3 => return Err(format!("version {version} is not known")),
        _ => return Err(cut()),
    };
    let end = start + length;
    let header = std::str::from_utf8(rest.get(start..end).ok_or_else(cut)?)
        .map_err(|_| "the header is not text".to_owned())?;
    let code = entry(header, "descr")?.trim_matches(['\'', '"']);
    let fortran = match entry(header, "fortran_order")? {
        "True" => true,
        "False" => false,
        other => return Err(format!("`{other}` is no order")),
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
    let values = numbers(code, &rest[end..])?;
    if values.len() != count {
        return Err(format!("shape {shape:?} needs {count} values, there are {}", values.len()));
    }
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

fn numbers(code: &str, bytes: &[u8]) -> Result<Vec<f64>, String> {
    macro_rules! read {
        ($type:ty, $from:ident) => {{
            let (cells, rest) = bytes.as_chunks::<{ size_of::<$type>() }>();
            if !rest.is_empty() {
                return Err(format!("{} bytes are left over", rest.len()));
            }
            Ok(cells.iter().map(|&cell| <$type>::$from(cell) as f64).collect())
        }};
    }
    match code {
        "|b1" | "|u1" | "<u1" => read!(u8, from_le_bytes),
        "|i1" | "<i1" => read!(i8, from_le_bytes),
        "<u2" => read!(u16, from_le_bytes),
        "<i2" => read!(i16, from_le_bytes),
        "<u4" => read!(u32, from_le_bytes),
        "<i4" => read!(i32, from_le_bytes),
        "<u8" => read!(u64, from_le_bytes),
        "<i8" => read!(i64, from_le_bytes),
        "<f4" => read!(f32, from_le_bytes),
        "<f8" => read!(f64, from_le_bytes),
        ">i2" => read!(i16, from_be_bytes),
        ">i4" => read!(i32, from_be_bytes),
        ">i8" => read!(i64, from_be_bytes),
        ">f4" => read!(f32, from_be_bytes),
        ">f8" => read!(f64, from_be_bytes),
        other => Err(format!("type `{other}` is not a number of 1 to 8 bytes")),
    }
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
    fn arrays_that_are_not_what_they_say_are_refused() {
        assert!(parse(&npy("|O", "False", "(1,)", &[0])).unwrap_err().contains("`|O`"));
        assert!(parse(&npy("|u1", "False", "(3,)", &[0])).unwrap_err().contains("needs 3 values"));
        let vast = "(4294967296, 4294967296)";
        assert!(parse(&npy("|u1", "False", vast, &[0])).unwrap_err().contains("too large"));
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
