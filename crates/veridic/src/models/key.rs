//! Names of rows, made new in the form of those of the data: `ID-00017`, running numbers, UUIDs.
//!
//! A name says nothing of its row but what parts of it repeat of other columns, so nothing but its form is learned, and no name of the
//! data is made again.

use std::collections::{BTreeSet, HashSet};

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::segment::{self, Segment};
use crate::data::{Cells, ColumnSchema, Kind, Schema, Table};
use crate::seed::{Seed, uniform};

/// Fewest names that show a form.
const LEAST_NAMES: usize = 2;

/// Names of a form there must be for each that the data has, before names are drawn and not counted.
const ROOM: f64 = 4.0;

/// Numbers that run from the least to the most with so many places for each name are counted on.
const DENSE: f64 = 2.0;

/// Names of a form, so many that none comes twice by chance.
const VAST: f64 = 1e18;

/// Draws for one name until the names are counted through.
const TRIES: usize = 100;

/// A column that names rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    column: String,
    form: Form,
    /// Parts that other columns decide, in the order in which the form leaves places for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    segments: Vec<Segment>,
    /// Whether the cells are numbers.
    number: bool,
    /// What the names of the data are known by: the first bytes of their digests, rising. Empty where names cannot meet.
    seen: Vec<u64>,
}

/// What the names of a column look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Form {
    /// A number, counted on from the last, with so many digits at least, between texts that are always the same.
    Counted { prefix: String, suffix: String, width: usize, next: u64 },
    /// Such a number, drawn from the least to the most.
    Drawn { prefix: String, suffix: String, width: usize, least: u64, most: u64 },
    /// As many characters, each one of those that are in its place.
    Places(Vec<Vec<char>>),
}

impl Key {
    /// The columns that name rows by unique names of one form; others, such as names of people, are no keys.
    pub(crate) fn find(table: &Table, schema: &Schema) -> Vec<Self> {
        let is_key = |column: &&ColumnSchema| column.kind == Kind::Identifier && column.unused.is_none();
        let key = |column: &ColumnSchema| Self::of(&column.name, table, schema);
        schema.columns.iter().filter(is_key).filter_map(key).collect()
    }

    /// What the names of a column look like; `None` where a cell is missing, two are equal, or they have no form.
    fn of(column: &str, table: &Table, schema: &Schema) -> Option<Self> {
        let cells = &table.column(column)?.cells;
        let (names, number): (Vec<String>, bool) = match cells {
            Cells::Number(values) => {
                let whole = |value: &f64| (value.fract() == 0.0 && *value >= 0.0).then(|| format!("{value}"));
                (values.iter().map(whole).collect::<Option<_>>()?, true)
            }
            Cells::Text { .. } => {
                let text = |row: usize| cells.text(row).map(str::to_string);
                ((0..cells.len()).map(text).collect::<Option<_>>()?, false)
            }
        };
        let different: HashSet<&str> = names.iter().map(String::as_str).collect();
        if names.len() < LEAST_NAMES || different.len() < names.len() {
            return None;
        }
        let of_others = if number { None } else { segment::find(column, &names, table, schema) };
        // What is left of names that others decide whole has no form.
        let decided = of_others.and_then(|(segments, left)| Some((form(&left)?, segments)));
        let (form, segments) = decided.or_else(|| Some((form(&names)?, Vec::new())))?;
        let seen = if form.meets() { seen(&names) } else { Vec::new() };
        Some(Self { column: column.to_string(), form, segments, number, seen })
    }

    /// The column.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Names of the data that are known by a digest each.
    pub(crate) fn seen(&self) -> usize {
        self.seen.len()
    }

    /// The columns that decide parts of the names.
    pub fn decided_by(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| segment.column.as_str())
    }

    /// Names for the rows of a table that are not those of the data nor of each other.
    pub(crate) fn make(&self, table: &Table, schema: &Schema, seed: Seed) -> Cells {
        let n = table.n_rows;
        let parts: Vec<Vec<String>> =
            self.segments.iter().map(|segment| segment.parts(table, schema)).collect();
        let mut random = seed.stream(&format!("key.{}", self.column));
        let mut made: Vec<String> = Vec::with_capacity(n);
        let mut taken: HashSet<String> = HashSet::new();
        let is_new = |name: &str| self.seen.is_empty() || self.seen.binary_search(&digest(name)).is_err();
        for i in 0..n {
            let whole =
                |name: String| if parts.is_empty() { name } else { segment::filled(&name, &parts, i) };
            let mut name = whole(self.form.draw(i, &mut random));
            let mut tries = 0;
            while self.form.meets() && (!is_new(&name) || taken.contains(&name)) {
                tries += 1;
                name = whole(if tries < TRIES {
                    self.form.draw(i, &mut random)
                } else {
                    // All names of the form are used up: longer ones of the same kind.
                    self.form.beyond(taken.len() + tries)
                });
            }
            if self.form.meets() {
                taken.insert(name.clone());
            }
            made.push(name);
        }
        if self.number {
            return Cells::Number(made.iter().map(|name| name.parse().unwrap_or(f64::NAN)).collect());
        }
        Cells::Text { codes: (0..n as u32).collect(), levels: made }
    }

    /// What is wrong with a key that was read from a file, if anything.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let sound = match &self.form {
            Form::Counted { width, .. } => *width <= 64,
            Form::Drawn { width, least, most, .. } => *width <= 64 && least <= most,
            Form::Places(places) => !places.is_empty() && places.iter().all(|place| !place.is_empty()),
        };
        (!sound).then_some("names of rows without a form")
    }
}

impl Form {
    /// Whether drawn names can be equal to others.
    fn meets(&self) -> bool {
        match self {
            Self::Counted { .. } => false,
            Self::Drawn { .. } => true,
            Self::Places(places) => room(places) < VAST,
        }
    }

    fn draw(&self, i: usize, random: &mut ChaCha8Rng) -> String {
        match self {
            Self::Counted { prefix, suffix, width, next } => {
                format!("{prefix}{:0width$}{suffix}", next.saturating_add(i as u64))
            }
            Self::Drawn { prefix, suffix, width, least, most } => {
                let number = least + ((most - least) as f64 * uniform(random)) as u64;
                format!("{prefix}{number:0width$}{suffix}")
            }
            Self::Places(places) => {
                let pick = |place: &Vec<char>| {
                    let at = (uniform(random) * place.len() as f64) as usize;
                    place[at.min(place.len() - 1)]
                };
                places.iter().map(pick).collect()
            }
        }
    }

    /// Name `i` of those behind the form's own.
    fn beyond(&self, i: usize) -> String {
        match self {
            Self::Drawn { prefix, suffix, width, most, .. } => {
                format!("{prefix}{:0width$}{suffix}", most.saturating_add(i as u64))
            }
            Self::Places(places) => {
                let first: String = places.iter().map(|place| place[0]).collect();
                format!("{first}-{i}")
            }
            Self::Counted { next, .. } => format!("{}", next.saturating_add(i as u64)),
        }
    }
}

/// The form of names, if they have one.
fn form(names: &[String]) -> Option<Form> {
    counted(names).or_else(|| places(names))
}

/// How many names have these characters in their places.
fn room(places: &[Vec<char>]) -> f64 {
    places.iter().map(|place| place.len() as f64).product()
}

/// Numbers between the texts that all names begin and end with, if the rest is that.
fn counted(names: &[String]) -> Option<Form> {
    let first = names[0].as_str();
    let shared = |name: &String| first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let mut start = names.iter().map(shared).min()?;
    // Digits belong to the number, whether or not all numbers begin with them.
    while start > 0 && first.as_bytes()[start - 1].is_ascii_digit() {
        start -= 1;
    }
    let digits = |name: &str| name.bytes().skip(start).take_while(u8::is_ascii_digit).count();
    let prefix = first.get(..start)?;
    let suffix = first.get(start + digits(first)..)?;
    let mut numbers = Vec::with_capacity(names.len());
    let (mut shortest, mut longest, mut padded) = (usize::MAX, 0, false);
    for name in names {
        let number = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
        // Up to what a floating-point number holds exactly.
        if number.is_empty() || number.len() > 15 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        (shortest, longest) = (shortest.min(number.len()), longest.max(number.len()));
        padded |= number.len() > 1 && number.starts_with('0');
        numbers.push(number.parse::<u64>().ok()?);
    }
    if padded && shortest < longest {
        return None;
    }
    let width = if padded { longest } else { 0 };
    let (least, most) = (*numbers.iter().min()?, *numbers.iter().max()?);
    let (prefix, suffix) = (prefix.to_string(), suffix.to_string());
    let n = names.len() as f64;
    let span = (most - least) as f64 + 1.0;
    if span > DENSE.max(ROOM) * n {
        return Some(Form::Drawn { prefix, suffix, width, least, most });
    }
    Some(Form::Counted { prefix, suffix, width, next: most + 1 })
}

/// Names of one length by the characters in each place, if there is room for many more.
fn places(names: &[String]) -> Option<Form> {
    let length = names[0].chars().count();
    let mut places = vec![BTreeSet::new(); length];
    for name in names {
        if name.chars().count() != length {
            return None;
        }
        places.iter_mut().zip(name.chars()).for_each(|(place, c)| {
            place.insert(c);
        });
    }
    let places: Vec<Vec<char>> = places.into_iter().map(|place| place.into_iter().collect()).collect();
    (length > 0 && room(&places) >= ROOM * ROOM * names.len() as f64).then_some(Form::Places(places))
}

fn digest(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    u64::from_le_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ])
}

fn seen(names: &[String]) -> Vec<u64> {
    let mut seen: Vec<u64> = names.iter().map(|name| digest(name)).collect();
    seen.sort_unstable();
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, ReadOptions, read_bytes};

    fn key_of(cells: Cells) -> Option<Key> {
        let table = Table { n_rows: cells.len(), columns: vec![Column { name: "id".into(), cells }] };
        Key::of("id", &table, &Schema { columns: Vec::new() })
    }

    fn key(names: &[String]) -> Option<Key> {
        key_of(Cells::Text { codes: (0..names.len() as u32).collect(), levels: names.to_vec() })
    }

    fn cells(key: &Key, n: usize, seed: u64) -> Cells {
        key.make(&Table { n_rows: n, columns: Vec::new() }, &Schema { columns: Vec::new() }, Seed(seed))
    }

    fn made(key: &Key, n: usize) -> Vec<String> {
        let cells = cells(key, n, 3);
        (0..n).map(|row| cells.text(row).unwrap_or_default().to_string()).collect()
    }

    #[test]
    fn running_numbers_run_on_in_the_same_form() {
        let names: Vec<String> = (17..117).map(|i| format!("ID-{i:05}/x")).collect();
        assert_eq!(made(&key(&names).unwrap(), 2), ["ID-00117/x", "ID-00118/x"]);
        let key = key_of(Cells::Number((1..=50).map(f64::from).collect())).unwrap();
        assert_eq!(cells(&key, 3, 1), Cells::Number(vec![51.0, 52.0, 53.0]));
    }

    #[test]
    fn scattered_names_are_drawn_and_none_comes_twice_nor_is_of_the_data() {
        let mut random = Seed(4).stream("names");
        let mut draw = |most: f64| (uniform(&mut random) * most) as u64;
        let numbers: BTreeSet<String> = (0..500).map(|_| format!("K{:04}", draw(10_000.0))).collect();
        let hex: BTreeSet<String> =
            (0..500).map(|_| format!("{:03x}-{:03x}", draw(4096.0), draw(4096.0))).collect();
        for names in [numbers, hex] {
            let names: Vec<String> = names.into_iter().collect();
            let key = key(&names).unwrap();
            let made = made(&key, 2000);
            let different: HashSet<&String> = made.iter().collect();
            assert_eq!(different.len(), 2000);
            assert!(made.iter().all(|name| !names.contains(name) && name.len() == names[0].len()));
            assert!(key.problem().is_none());
        }
    }

    #[test]
    fn names_without_a_form_or_that_come_twice_are_no_keys() {
        let text = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(key(&text(&["Ann Lee", "Bo", "Christopher"])).is_none());
        assert!(key(&text(&["a1", "a1", "a2"])).is_none());
        assert!(key_of(Cells::Number(vec![1.0, f64::NAN, 3.0])).is_none());
        assert!(key_of(Cells::Number(vec![1.5, 2.5])).is_none());
        // Of more than there is room for, longer ones of the same kind.
        let two = key(&text(&["a1", "a9", "a5"])).unwrap();
        assert_eq!(made(&two, 3), ["a10", "a11", "a12"]);
    }

    #[test]
    fn parts_of_names_follow_from_other_columns() {
        let country = |i: usize| ["Germany", "France", "Spain"][i * 7 % 3];
        let code = |i: usize| ["DE", "FR", "ES"][i * 7 % 3];
        let day = |i: usize| format!("{}-{:02}-{:02}", 2022 + i % 4, 1 + i % 12, 1 + i * 11 % 28);
        let read = |name: &dyn Fn(usize) -> String| {
            let rows: String =
                (0..300).map(|i| format!("{},{},{},{}\n", name(i), country(i), day(i), i % 17)).collect();
            let text = format!("order,country,date,items\n{rows}").into_bytes();
            read_bytes("t.csv", text, &ReadOptions::default()).unwrap()
        };
        type Names<'a> = (&'a dyn Fn(usize) -> String, &'a [&'a str]);
        let forms: [Names<'_>; 4] = [
            (&|i| format!("{}-{}-{:04}", code(i), 2022 + i % 4, i / 4 + 1), &["country", "date"]),
            (&|i| format!("{}{:05}", code(i), i + 200), &["country"]),
            (&|i| format!("{}/{}", i + 1000, day(i).replace('-', "")), &["date"]),
            (&|i| format!("X-{:04}", i * 3 + 7), &[]),
        ];
        for (name, decide) in forms {
            let reading = read(name);
            let key = Key::of("order", &reading.table, &reading.schema).unwrap();
            assert_eq!(key.decided_by().collect::<Vec<_>>(), decide, "{}", name(5));
            let cells = key.make(&reading.table, &reading.schema, Seed(2));
            let mut seen: HashSet<String> = (0..300).map(name).collect();
            for row in 0..300 {
                let made = cells.text(row).unwrap();
                assert!(seen.insert(made.to_owned()), "{made}");
                let own = name(row);
                let begins = if decide.contains(&"country") { &own[..2] } else { "" };
                let holds = if decide == ["date"] { &own[4..] } else { "" };
                assert!(made.starts_with(begins) && made.ends_with(holds), "{made}, {own}");
                if decide.len() == 2 {
                    assert_eq!(made[3..7], own[3..7]);
                }
            }
            let stored = serde_json::to_string(&key).unwrap();
            assert_eq!(serde_json::from_str::<Key>(&stored).unwrap(), key);
        }
    }
}
