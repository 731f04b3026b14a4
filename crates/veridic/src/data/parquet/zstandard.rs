//! Column chunks compressed as Zstandard, unpacked page by page in pure Rust.
//!
//! The Parquet reader has no decoder of its own for them that is not in C; it is handed the same pages uncompressed. A page is
//! a header in Thrift's compact protocol (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>)
//! and its body (<https://parquet.apache.org/docs/file-format/data-pages/>).

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;
use ruzstd::decoding::StreamingDecoder;

/// Bytes a page has at most when it is unpacked; a larger announcement is damage.
const LARGEST_PAGE: i64 = 1 << 30;
/// Structs within structs in a page header, at most.
const DEEPEST: usize = 16;

/// A reader of the column chunk `chunk` of a row group of `n_rows` rows in `file`.
pub(super) fn column_reader(
    file: &impl ChunkReader,
    chunk: &ColumnChunkMetaData,
    n_rows: usize,
) -> Result<ColumnReader, ParquetError> {
    let (start, length) = chunk.byte_range();
    let length = usize::try_from(length).map_err(|_| damaged("a column is too long"))?;
    let pages = Bytes::from(unpacked(&file.get_bytes(start, length)?)?);
    let plain = chunk
        .clone()
        .into_builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_page_offset(None)
        .set_data_page_offset(0)
        .set_total_compressed_size(pages.len() as i64)
        .build()?;
    let pages = SerializedPageReader::new(Arc::new(pages), &plain, n_rows, None)?;
    Ok(get_column_reader(chunk.column_descr_ptr(), Box::new(pages)))
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(format!("{what} in a page"))
}

/// The pages of a chunk with their bodies unpacked.
fn unpacked(chunk: &[u8]) -> Result<Vec<u8>, ParquetError> {
    let mut pages = Vec::with_capacity(chunk.len() * 2);
    let mut rest = chunk;
    while !rest.is_empty() {
        let header = Header::read(rest)?;
        let body = rest
            .get(header.length..header.length + header.packed)
            .ok_or_else(|| damaged("bytes are missing"))?;
        let (levels, packed) =
            body.split_at_checked(header.levels).ok_or_else(|| damaged("levels are missing"))?;
        let mut data = Vec::new();
        if header.is_packed && !packed.is_empty() {
            let decoder = StreamingDecoder::new(packed).map_err(|error| damaged(&error.to_string()))?;
            let read = decoder.take(LARGEST_PAGE as u64).read_to_end(&mut data);
            read.map_err(|error| damaged(&error.to_string()))?;
        } else {
            data.extend_from_slice(packed);
        }
        pages.extend_from_slice(&rest[..header.size_at.0]);
        write_varint(((levels.len() + data.len()) as u64) << 1, &mut pages);
        pages.extend_from_slice(&rest[header.size_at.1..header.length]);
        pages.extend_from_slice(levels);
        pages.extend_from_slice(&data);
        rest = &rest[header.length + header.packed..];
    }
    Ok(pages)
}

/// What of a page header matters here.
#[derive(Debug, Default)]
struct Header {
    /// Bytes of the header.
    length: usize,
    /// Bytes of the body.
    packed: usize,
    /// Where the number of these is written, from and to.
    size_at: (usize, usize),
    /// Bytes of levels before the data, which are never packed.
    levels: usize,
    is_packed: bool,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, ParquetError> {
        let mut reader = Compact { bytes, at: 0 };
        let mut header = Self { is_packed: true, ..Self::default() };
        let mut field = 0;
        while let Some(kind) = reader.field(&mut field)? {
            match (field, kind) {
                (3, I32) => {
                    let start = reader.at;
                    header.packed =
                        usize::try_from(reader.number()?).map_err(|_| damaged("a size is negative"))?;
                    header.size_at = (start, reader.at);
                }
                // The second version of data pages.
                (8, STRUCT) => {
                    let mut inner = 0;
                    while let Some(kind) = reader.field(&mut inner)? {
                        match (inner, kind) {
                            (5 | 6, I32) => {
                                let length = usize::try_from(reader.number()?);
                                header.levels += length.map_err(|_| damaged("a size is negative"))?;
                            }
                            (7, TRUE | FALSE) => header.is_packed = kind == TRUE,
                            _ => reader.skip(kind, 0)?,
                        }
                    }
                }
                _ => reader.skip(kind, 0)?,
            }
        }
        if header.size_at.1 == 0 {
            return Err(damaged("a size is missing"));
        }
        header.length = reader.at;
        Ok(header)
    }
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

/// Thrift's compact protocol, read.
struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Compact<'_> {
    fn byte(&mut self) -> Result<u8, ParquetError> {
        let byte = self.bytes.get(self.at).copied().ok_or_else(|| damaged("bytes are missing"))?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, ParquetError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(damaged("a number is too long"))
    }

    fn number(&mut self) -> Result<i64, ParquetError> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// The type of the next field, whose number goes into `field`; `None` at the end of the struct.
    fn field(&mut self, field: &mut i64) -> Result<Option<u8>, ParquetError> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        *field = if byte >> 4 == 0 { self.number()? } else { field.saturating_add(i64::from(byte >> 4)) };
        Ok(Some(byte & 0x0f))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), ParquetError> {
        if depth > DEEPEST {
            return Err(damaged("structs lie too deep"));
        }
        match kind {
            TRUE | FALSE => {}
            BYTE => self.at += 1,
            I16 | I32 | I64 => {
                self.varint()?;
            }
            DOUBLE => self.at += 8,
            BINARY => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                self.at = self.at.saturating_add(length).min(self.bytes.len());
            }
            LIST | SET => {
                let byte = self.byte()?;
                let length = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                for _ in 0..length {
                    // A flag in a list takes a byte of its own.
                    if matches!(byte & 0x0f, TRUE | FALSE) {
                        self.byte()?;
                    } else {
                        self.skip(byte & 0x0f, depth + 1)?;
                    }
                }
            }
            STRUCT => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            _ => return Err(damaged("a field is of no type")),
        }
        Ok(())
    }
}

fn write_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_make_the_page_reader_panic() {
        use crate::seed::Seed;
        use rand_chacha::rand_core::Rng as _;
        let mut random = Seed(3).stream("pages");
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length % 40).map(|_| (random.next_u64() % 130) as u8).collect();
            let _ = unpacked(&bytes);
        }
    }

    #[test]
    fn a_header_is_read_with_its_fields() {
        // Type 0 (data page), 30 bytes unpacked, 20 packed, and an empty data page header.
        let header = Header::read(&[0x15, 0x00, 0x15, 60, 0x15, 40, 0x2c, 0x00, 0x00]).unwrap();
        assert_eq!((header.packed, header.size_at, header.length, header.is_packed), (20, (5, 6), 9, true));
    }
}
