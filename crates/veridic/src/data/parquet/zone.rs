//! Names of time zones, such as `Europe/Berlin`: Parquet itself only says whether moments are in UTC. Arrow keeps its own
//! schema beside, under [`KEY`], as a flatbuffer in base64
//! (<https://github.com/apache/arrow/blob/main/format/Schema.fbs>), pandas names zones in JSON under `pandas`.

use std::collections::BTreeMap;

use parquet::file::metadata::{FileMetaData, KeyValue};

use super::write::Form;

/// Where Arrow keeps its schema.
const KEY: &str = "ARROW:schema";
/// The mark before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Numbers of the unions in Schema.fbs and Message.fbs.
const HEADER_SCHEMA: u8 = 1;
const INT: u8 = 2;
const FLOATING_POINT: u8 = 3;
const UTF8: u8 = 5;
const BOOL: u8 = 6;
const DECIMAL: u8 = 7;
const DATE: u8 = 8;
const TIME: u8 = 9;
const TIMESTAMP: u8 = 10;
/// The fifth version of the format, that of all since 2020.
const VERSION: i32 = 4;
const MICROSECOND: i32 = 2;
const DOUBLE: i32 = 2;

/// The zone of each column that has one, by its name; what cannot be read has none.
pub(super) fn zones(metadata: &FileMetaData) -> BTreeMap<String, String> {
    let value = |key: &str| {
        let pairs = metadata.key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    };
    let mut zones = value("pandas").and_then(of_pandas).unwrap_or_default();
    zones.extend(value(KEY).and_then(of_base64).and_then(|bytes| of_arrow(&bytes)).unwrap_or_default());
    zones
}

/// Seconds east of UTC of a zone that is written as `+02:00`.
pub(super) fn offset(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let two = |text: &str| {
        let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_two.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn of_pandas(text: &str) -> Option<BTreeMap<String, String>> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let zone = |column: &serde_json::Value| {
        let name = column.get("field_name").or_else(|| column.get("name"))?.as_str()?;
        let zone = column.get("metadata")?.get("timezone")?.as_str()?;
        Some((name.to_owned(), zone.to_owned()))
    };
    Some(value.get("columns")?.as_array()?.iter().filter_map(zone).collect())
}

fn of_arrow(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    // Before 2019 there was no mark before the length.
    let rest = bytes.strip_prefix(&CONTINUATION).unwrap_or(bytes);
    let message = Flat { bytes: rest.get(4..)? };
    let header = message.table(message.root()?, 2)?;
    let fields = message.field(header, 1)?;
    let fields = fields.checked_add(message.u32(fields)? as usize)?;
    let zone = |i: usize| {
        let at = fields.checked_add(4 * (i + 1))?;
        let field = at.checked_add(message.u32(at)? as usize)?;
        let kind = *message.bytes.get(message.field(field, 2)?)?;
        let zone = (kind == TIMESTAMP).then(|| message.text(message.table(field, 3)?, 1)).flatten()?;
        Some((message.text(field, 0)?, zone))
    };
    // No more fields than there is room for their places.
    let n = (message.u32(fields)? as usize).min(message.bytes.len() / 4);
    Some((0..n).filter_map(zone).collect())
}

/// A flatbuffer, in which a place that is outside of it says nothing.
struct Flat<'a> {
    bytes: &'a [u8],
}

impl Flat<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        let (bytes, _) = self.bytes.get(at..)?.split_first_chunk()?;
        Some(u16::from_le_bytes(*bytes))
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let (bytes, _) = self.bytes.get(at..)?.split_first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    fn root(&self) -> Option<usize> {
        Some(self.u32(0)? as usize)
    }

    /// Where field `number` of the table at `table` is, if the table has it.
    fn field(&self, table: usize, number: usize) -> Option<usize> {
        let back = i64::from(self.u32(table)?.cast_signed());
        let places = usize::try_from(i64::try_from(table).ok()? - back).ok()?;
        let size = usize::from(self.u16(places)?);
        let place = 4 + 2 * number;
        let offset = if place + 2 <= size { self.u16(places.checked_add(place)?)? } else { 0 };
        (offset > 0).then(|| table + usize::from(offset))
    }

    /// Where the table in field `number` is.
    fn table(&self, table: usize, number: usize) -> Option<usize> {
        let field = self.field(table, number)?;
        field.checked_add(self.u32(field)? as usize)
    }

    fn text(&self, table: usize, number: usize) -> Option<String> {
        let at = self.table(table, number)?;
        let start = at.checked_add(4)?;
        let bytes = self.bytes.get(start..start.checked_add(self.u32(at)? as usize)?)?;
        String::from_utf8(bytes.to_vec()).ok()
    }
}

/// Arrow's schema of columns of these names, forms and zones; all may be missing.
pub(super) fn statement(columns: &[(&str, Form<'_>, Option<&str>)]) -> KeyValue {
    let mut out = Growing { bytes: vec![0; 4] };
    let root = out.table(&[Slot::Number(VERSION), Slot::Byte(HEADER_SCHEMA), Slot::Place]);
    out.put(0, root.at);
    let schema = out.table(&[Slot::Number(0), Slot::Place]);
    out.point(root.slots[2], schema.at);
    let fields = out.places(columns.len());
    out.point(schema.slots[1], fields - 4);
    for (i, (name, form, zone)) in columns.iter().enumerate() {
        let (kind, slots) = kind(*form);
        let field =
            out.table(&[Slot::Place, Slot::Byte(1), Slot::Byte(kind), Slot::Place, Slot::None, Slot::Place]);
        out.point(fields + 4 * i, field.at);
        let name = out.text(name);
        out.point(field.slots[0], name);
        // No children.
        let none = out.places(0);
        out.point(field.slots[5], none - 4);
        let of = out.table(&slots[..slots.len() - usize::from(kind == TIMESTAMP && zone.is_none())]);
        out.point(field.slots[3], of.at);
        if let (TIMESTAMP, Some(zone)) = (kind, zone) {
            let zone = out.text(zone);
            out.point(of.slots[1], zone);
        }
    }
    out.bytes.resize(out.bytes.len().next_multiple_of(8), 0);
    let mut message = CONTINUATION.to_vec();
    message.extend((out.bytes.len() as u32).to_le_bytes());
    message.extend(&out.bytes);
    KeyValue::new(KEY.to_owned(), to_base64(&message))
}

/// The number of a form's type and the fields of its table.
fn kind(form: Form<'_>) -> (u8, Vec<Slot>) {
    match form {
        Form::Whole | Form::WholeText(_) => (INT, vec![Slot::Number(64), Slot::Byte(1)]),
        Form::Real(_) => (FLOATING_POINT, vec![Slot::Number(DOUBLE)]),
        Form::Decimal(precision, scale) => {
            (DECIMAL, vec![Slot::Number(precision.into()), Slot::Number(scale.into()), Slot::Number(128)])
        }
        Form::Days => (DATE, vec![Slot::Number(0)]),
        Form::Time => (TIME, vec![Slot::Number(MICROSECOND), Slot::Number(64)]),
        Form::Micros { .. } => (TIMESTAMP, vec![Slot::Number(MICROSECOND), Slot::Place]),
        Form::Flag(_) => (BOOL, Vec::new()),
        Form::Text(_) | Form::NumberText(_) => (UTF8, Vec::new()),
    }
}

/// A field of a table; each has four bytes, the least significant first, so that shorter numbers are right too.
#[derive(Debug, Clone, Copy)]
enum Slot {
    None,
    Byte(u8),
    Number(i32),
    /// Filled when it is known.
    Place,
}

/// A flatbuffer that is written from its root on.
struct Growing {
    bytes: Vec<u8>,
}

/// A table and its fields.
struct Written {
    at: usize,
    slots: Vec<usize>,
}

impl Growing {
    fn table(&mut self, slots: &[Slot]) -> Written {
        let places = self.bytes.len();
        let n = slots.len();
        self.bytes.extend((4 + 2 * n as u16).to_le_bytes());
        self.bytes.extend((4 + 4 * n as u16).to_le_bytes());
        for (i, slot) in slots.iter().enumerate() {
            let offset = if matches!(slot, Slot::None) { 0 } else { 4 + 4 * i as u16 };
            self.bytes.extend(offset.to_le_bytes());
        }
        self.pad();
        let at = self.bytes.len();
        self.bytes.extend(((at - places) as u32).to_le_bytes());
        for slot in slots {
            let value = match slot {
                Slot::None | Slot::Place => 0,
                Slot::Byte(value) => i32::from(*value),
                Slot::Number(value) => *value,
            };
            self.bytes.extend(value.to_le_bytes());
        }
        Written { at, slots: (0..n).map(|i| at + 4 + 4 * i).collect() }
    }

    /// A list of so many places; where its first is.
    fn places(&mut self, n: usize) -> usize {
        self.bytes.extend((n as u32).to_le_bytes());
        let first = self.bytes.len();
        self.bytes.resize(first + 4 * n, 0);
        first
    }

    fn text(&mut self, text: &str) -> usize {
        let at = self.bytes.len();
        self.bytes.extend((text.len() as u32).to_le_bytes());
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
        self.pad();
        at
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// Has the place at `from` lead to `to`, which is behind it.
    fn point(&mut self, from: usize, to: usize) {
        self.put(from, to - from);
    }

    fn put(&mut self, at: usize, value: usize) {
        self.bytes[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    }
}

fn of_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut n) = (0_u32, 0);
    for digit in digits {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        bits = bits << 6 | value as u32;
        n += 6;
        if n >= 8 {
            n -= 8;
            bytes.push((bits >> n) as u8);
        }
    }
    Some(bytes)
}

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let byte = |i: usize| u32::from(part.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= part.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_its_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(of_base64(text).unwrap(), bytes.as_bytes());
        }
        assert_eq!(of_base64("Zm9v!"), None);
    }

    #[test]
    fn zones_that_are_offsets_are_known() {
        assert_eq!(offset("+02:00"), Some(7200));
        assert_eq!(offset("-05:30"), Some(-19_800));
        for zone in ["Europe/Berlin", "UTC", "+2:00", "+24:00", "", "é"] {
            assert_eq!(offset(zone), None, "{zone}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_damage_is_no_panic() {
        let levels = ["a".to_owned()];
        let columns = [
            ("n", Form::Whole, None),
            ("when", Form::Micros { is_utc: true }, Some("Europe/Berlin")),
            ("plain", Form::Micros { is_utc: true }, None),
            ("text", Form::Text(&levels), None),
            ("zurück", Form::Micros { is_utc: true }, Some("Asia/Tokyo")),
        ];
        let text = statement(&columns).value.unwrap();
        let bytes = of_base64(&text).unwrap();
        let expected: BTreeMap<String, String> =
            [("when", "Europe/Berlin"), ("zurück", "Asia/Tokyo")].map(|(a, b)| (a.into(), b.into())).into();
        assert_eq!(of_arrow(&bytes), Some(expected));
        for at in 0..bytes.len() {
            let _ = of_arrow(&bytes[..at]);
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let _ = of_arrow(&damaged);
            }
        }
    }

    #[test]
    fn a_schema_that_arrow_wrote_is_read() {
        // By pyarrow: moments in Europe/Berlin (ns), +02:00 (us) and UTC (ms), moments of no zone, numbers and texts.
        let text = "/////8gBAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAcAAABMAQAAAAEAAMgAAACUAAAAXAAA\
         ADAAAAAEAAAA4P7//wAAAQUQAAAAGAAAAAQAAAAAAAAAAQAAAHMAAAAEAAQABAAAAAj///8AAAEDEAAAABQAAAAEAAAAAAAAAAEA\
         AAB5AAAAov///wAAAgAw////AAABAhAAAAAcAAAABAAAAAAAAAABAAAAeAAAAAgADAAIAAcACAAAAAAAAAFAAAAAZP///wAAAQoQ\
         AAAAHAAAAAQAAAAAAAAABQAAAG5haXZlAAYACAAGAAYAAAAAAAIAlP///wAAAQoQAAAAFAAAAAQAAAAAAAAAAwAAAHV0YwCA////\
         AAABAAQAAAADAAAAVVRDAMj///8AAAEKEAAAABQAAAAEAAAAAAAAAAMAAABvZmYAtP///wAAAgAEAAAABgAAACswMjowMAAAEAAU\
         AAgABgAHAAwAAAAQABAAAAAAAAEKEAAAACAAAAAEAAAAAAAAAAYAAABiZXJsaW4AAAgADAAGAAgACAAAAAAAAwAEAAAADQAAAEV1\
         cm9wZS9CZXJsaW4AAAA=";
        let zones = of_arrow(&of_base64(text).unwrap()).unwrap();
        let expected = [("berlin", "Europe/Berlin"), ("off", "+02:00"), ("utc", "UTC")];
        assert_eq!(zones, expected.map(|(name, zone)| (name.to_owned(), zone.to_owned())).into());
    }

    #[test]
    fn zones_that_pandas_names_are_read() {
        let text = r#"{"columns": [{"name": "t", "metadata": {"timezone": "Asia/Tokyo"}}, {"name": "n", "metadata": null}]}"#;
        assert_eq!(
            of_pandas(text).unwrap().into_iter().collect::<Vec<_>>(),
            [("t".into(), "Asia/Tokyo".into())]
        );
        assert_eq!(of_pandas("{"), None);
    }
}
