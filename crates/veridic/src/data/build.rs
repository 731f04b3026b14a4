//! Cells of text into a column of a known kind.

use super::century;
use super::date::Clock;
use super::evidence::Cell;
use super::level::Levels;
use super::note::ReadNote;
use super::numbers::{Found, date_kind};
use super::pattern::Patterns;
use super::spelled::{Spelled, Unspelled};
use super::{Cells, ColumnSchema, Kind, MISSING, Spelling, number, pair};

/// Texts that mean no and yes, in that order.
pub(super) const NO_YES: [(&str, &str); 22] = [
    ("no", "yes"),
    ("false", "true"),
    ("n", "y"),
    ("f", "t"),
    ("off", "on"),
    ("negative", "positive"),
    ("absent", "present"),
    ("bad", "good"),
    ("fail", "pass"),
    ("nein", "ja"),
    ("non", "oui"),
    ("não", "sim"),
    ("нет", "да"),
    ("no", "sí"),
    ("nie", "tak"),
    ("nej", "ja"),
    ("nee", "ja"),
    ("ne", "ano"),
    ("hayır", "evet"),
    ("いいえ", "はい"),
    ("否", "是"),
    ("아니오", "예"),
];

/// Texts of a column that are remembered with their lines.
const SHOWN_TEXTS: usize = 3;
/// Cells that do not fit and are remembered, at most.
const MOST_MISFITS: usize = 6;

/// Collects the cells of one column.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    cells: Growing,
    /// Cells that did not fit the kind.
    misfits: Misfits,
}

/// Cells that do not fit the kind of their column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Misfits {
    pub(crate) count: usize,
    /// The lines and texts of the first.
    pub(crate) first: Vec<Cell>,
}

#[derive(Debug)]
enum Growing {
    Number {
        values: Vec<f64>,
        spelling: Option<Box<Spelling>>,
        /// Whether they have no decimals.
        whole: bool,
    },
    /// Numbers of which the spelling is being found out.
    Spelled(Box<Spelled>),
    Date {
        clock: Box<Clock>,
        seconds: Vec<f64>,
        inferred: Option<Box<Inferred>>,
    },
    Text {
        codes: Vec<u32>,
        levels: Levels,
        /// The first cells that differ, and how they are written.
        first: Vec<Cell>,
        patterns: Patterns,
    },
    /// Whole numbers written plainly, as long as all are: they take less room and can be turned back.
    Identifier(Vec<f64>),
}

/// What was found out of a column of moments.
#[derive(Debug)]
struct Inferred {
    format: String,
    spelling: Spelling,
    /// Cells that are written in another way than they were read, and the first.
    respelled: usize,
    first: Option<(String, String)>,
}

/// A column that was read to the end.
#[derive(Debug)]
pub(crate) enum Finished {
    Texts {
        codes: Vec<u32>,
        levels: Vec<String>,
        /// The first cells that differ.
        first: Vec<Cell>,
    },
    Numbers(Box<Found>),
    /// The cells have to be read again, as texts.
    Again,
    /// Two cells in spellings that contradict each other.
    Mixed(Cell, Cell),
    /// Cells that do not fit.
    Misfits {
        expected: &'static str,
        cells: Vec<Cell>,
    },
}

impl ColumnBuilder {
    /// A column of any texts.
    pub(crate) fn text() -> Self {
        Self::of(Growing::Text {
            codes: Vec::new(),
            levels: Levels::default(),
            first: Vec::new(),
            patterns: Patterns::default(),
        })
    }

    /// A column of date-times.
    pub(crate) fn date(format: String, spelling: Spelling, n_rows: usize) -> Self {
        let clock = Box::new(Clock::new(&format, Some(&spelling)));
        let inferred = Some(Box::new(Inferred { format, spelling, respelled: 0, first: None }));
        Self::of(Growing::Date { clock, seconds: Vec::with_capacity(n_rows), inferred })
    }

    /// A column of numbers in a spelling of which signs and affixes are known.
    pub(crate) fn spelled(spelling: Spelling) -> Self {
        Self::of(Growing::Spelled(Box::new(Spelled::new(spelling))))
    }

    /// A column as a schema has it; texts that are no level of it become further levels.
    pub(crate) fn column(schema: &ColumnSchema) -> Self {
        Self::kind(&schema.kind, schema.spelling.as_ref())
    }

    /// A column of `kind`; texts that are no level of it become further levels.
    pub(crate) fn kind(kind: &Kind, spelling: Option<&Spelling>) -> Self {
        let text = |levels: &[String]| Growing::Text {
            codes: Vec::new(),
            levels: Levels::known(levels),
            first: Vec::new(),
            patterns: Patterns::default(),
        };
        Self::of(match kind {
            Kind::Integer { .. } | Kind::Real { .. } => {
                let spelling = spelling.filter(|spelling| !spelling.reads_plainly()).cloned().map(Box::new);
                Growing::Number { values: Vec::new(), spelling, whole: matches!(kind, Kind::Integer { .. }) }
            }
            Kind::DateTime { format, .. } => {
                let clock = Box::new(Clock::new(format, spelling));
                Growing::Date { clock, seconds: Vec::new(), inferred: None }
            }
            Kind::Categorical { levels } => text(levels),
            Kind::Boolean { levels } => Growing::Text {
                codes: Vec::new(),
                levels: Levels::of_flag(levels),
                first: Vec::new(),
                patterns: Patterns::default(),
            },
            Kind::Constant { value } => text(value.as_slice()),
            Kind::Identifier => Growing::Identifier(Vec::new()),
        })
    }

    fn of(cells: Growing) -> Self {
        Self { cells, misfits: Misfits::default() }
    }

    /// Whether the cells are texts.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.cells, Growing::Text { .. })
    }

    /// Adds a missing cell.
    pub(crate) fn push_missing(&mut self) {
        match &mut self.cells {
            Growing::Number { values, .. }
            | Growing::Date { seconds: values, .. }
            | Growing::Identifier(values) => values.push(f64::NAN),
            Growing::Spelled(spelled) => spelled.push_missing(),
            Growing::Text { codes, .. } => codes.push(MISSING),
        }
    }

    /// Adds the cell `text` of line `line`; what does not fit is counted and missing.
    pub(crate) fn push(&mut self, text: &str, line: u64) {
        let value = match &mut self.cells {
            Growing::Number { values, spelling, whole } => {
                let value = match spelling {
                    Some(spelling) => spelling.parse(text),
                    None => number::parse(text),
                };
                // Numbers that were learned from may have been too small for what parts thousands.
                let grouped = || spelling.as_deref().unwrap_or(&Spelling::default()).grouped(text, *whole);
                let value = value.or_else(grouped);
                values.push(value.unwrap_or(f64::NAN));
                value
            }
            Growing::Spelled(spelled) => spelled.push(text, line),
            Growing::Date { clock, seconds, inferred } => {
                let value = clock.parse(text);
                seconds.push(value.unwrap_or(f64::NAN));
                if let (Some(inferred), Some(value)) = (inferred, value) {
                    inferred.compare(clock, value, text);
                }
                value
            }
            Growing::Text { codes, levels, first, patterns } => {
                let known = levels.codes.len();
                let code = levels.code(text);
                if first.len() < SHOWN_TEXTS && code as usize == first.len() {
                    first.push((line, text.to_owned()));
                }
                if levels.codes.len() > known {
                    patterns.see(text, line);
                }
                codes.push(code);
                return;
            }
            Growing::Identifier(values) => {
                match plain_whole(text) {
                    Some(value) => values.push(value),
                    None => {
                        let mut levels = Levels::default();
                        let mut codes: Vec<u32> = values.iter().map(|&v| levels.code_of(v)).collect();
                        codes.push(levels.code(text));
                        self.cells =
                            Growing::Text { codes, levels, first: Vec::new(), patterns: Patterns::default() };
                    }
                }
                return;
            }
        };
        if value.is_none() {
            self.misfits.count += 1;
            if self.misfits.first.len() < MOST_MISFITS {
                self.misfits.first.push((line, text.to_owned()));
            }
        }
    }

    /// The cells, and those that did not fit.
    pub(crate) fn finish(self) -> (Cells, Misfits) {
        let cells = match self.cells {
            Growing::Number { mut values, .. }
            | Growing::Date { seconds: mut values, .. }
            | Growing::Identifier(mut values) => {
                values.shrink_to_fit();
                Cells::Number(values)
            }
            Growing::Spelled(spelled) => Cells::Number(spelled.into_values()),
            Growing::Text { mut codes, levels, .. } => {
                codes.shrink_to_fit();
                Cells::Text { codes, levels: levels.into_texts() }
            }
        };
        (cells, self.misfits)
    }

    /// The cells with what they are, for a column that is being found out.
    pub(crate) fn finish_inferred(self, name: &str, notes: &mut Vec<ReadNote>) -> Finished {
        if self.misfits.count > 0 {
            let is_date = matches!(self.cells, Growing::Date { .. });
            let expected = if is_date { "date-time" } else { "finite number" };
            return Finished::Misfits { expected, cells: self.misfits.first };
        }
        match self.cells {
            Growing::Date { seconds, inferred: Some(inferred), .. } => {
                let Inferred { format, mut spelling, respelled, first } = *inferred;
                if let Some((from, to)) = first {
                    notes.push(ReadNote::Respelled { column: name.to_owned(), from, to, cells: respelled });
                }
                let is_constant = !seconds.is_empty() && seconds.iter().all(|value| *value == seconds[0]);
                let clock = Clock::new(&format, Some(&spelling));
                let kind = date_kind(format, &seconds);
                if let (Some(year), Kind::DateTime { min, max, .. }) = (spelling.first_year, &kind) {
                    notes.push(century::note(name, year, &clock, [*min, *max]));
                }
                if is_constant && respelled == 0 {
                    let mut text = String::new();
                    clock.write(seconds[0], &mut text);
                    let cells = Cells::Text { codes: vec![0; seconds.len()], levels: vec![text.clone()] };
                    let kind = Kind::Constant { value: Some(text) };
                    return Finished::Numbers(Box::new(Found {
                        kind,
                        cells,
                        spelling: Spelling::default(),
                        values: None,
                    }));
                }
                if !matches!(kind, Kind::DateTime { .. }) {
                    spelling = Spelling::default();
                }
                Finished::Numbers(Box::new(Found {
                    kind,
                    cells: Cells::Number(seconds),
                    spelling,
                    values: None,
                }))
            }
            Growing::Spelled(spelled) => match spelled.finish(name, notes) {
                Ok(found) => Finished::Numbers(Box::new(found)),
                Err(Unspelled::Mixed(first, second)) => Finished::Mixed(first, second),
                Err(Unspelled::Texts) => Finished::Again,
            },
            Growing::Text { mut codes, levels, first, patterns } => {
                codes.shrink_to_fit();
                let first = patterns.odd().unwrap_or(first);
                Finished::Texts { codes, levels: levels.into_texts(), first }
            }
            cells => match (Self { cells, misfits: Misfits::default() }).finish().0 {
                Cells::Text { codes, levels } => Finished::Texts { codes, levels, first: Vec::new() },
                Cells::Number(values) => {
                    let (codes, levels) = (vec![MISSING; values.len()], Vec::new());
                    Finished::Texts { codes, levels, first: Vec::new() }
                }
            },
        }
    }
}

impl Inferred {
    fn compare(&mut self, clock: &Clock, seconds: f64, text: &str) {
        // Moments of several zones are said to be written in UTC.
        if super::date::has_offset(&self.format) && self.spelling.zone.is_none() {
            return;
        }
        // Four digits, two and two come back as they are.
        if self.format == "%Y-%m-%d" && self.spelling.formats.is_empty() && text.len() == 10 {
            return;
        }
        let mut again = String::with_capacity(text.len());
        clock.write(seconds, &mut again);
        if again != text {
            self.respelled += 1;
            self.first.get_or_insert_with(|| (text.to_owned(), again));
        }
    }
}

/// `levels` in the order of a schema (numbers and bands by value, else by text, no before yes), and the new place of each.
pub(crate) fn ordered_levels(levels: Vec<String>) -> (Vec<String>, Vec<u32>) {
    let numbers: Option<Vec<f64>> = levels.iter().map(|level| number::parse(level)).collect();
    let places = pair::places(&levels);
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|&a, &b| {
        let by_place = |places: &Vec<[f64; 2]>| {
            places[a][0].total_cmp(&places[b][0]).then_with(|| places[a][1].total_cmp(&places[b][1]))
        };
        let by_number = numbers.as_ref().map(|numbers| numbers[a].total_cmp(&numbers[b]));
        by_number
            .or_else(|| places.as_ref().map(by_place))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then_with(|| levels[a].cmp(&levels[b]))
    });
    if let [a, b] = order.as_slice() {
        let pair = (levels[*a].to_lowercase(), levels[*b].to_lowercase());
        if NO_YES.iter().any(|&(no, yes)| pair.0 == yes && pair.1 == no) {
            order.swap(0, 1);
        }
    }
    let mut place = vec![0; levels.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = u32::try_from(new).expect("codes fit u32");
    }
    let mut levels: Vec<Option<String>> = levels.into_iter().map(Some).collect();
    let sorted = order.iter().filter_map(|&old| levels[old].take()).collect();
    (sorted, place)
}

/// `codes` after their levels moved to `place`.
pub(crate) fn to_codes(mut codes: Vec<u32>, place: &[u32]) -> Vec<u32> {
    for code in &mut codes {
        *code = place.get(*code as usize).copied().unwrap_or(MISSING);
    }
    codes
}

/// The number of a text that is exactly how that whole number is written.
fn plain_whole(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty()
        && digits.len() <= 15
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (!digits.starts_with('0') || text == "0");
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unseen_texts_become_further_levels_and_numbers_match_by_value() {
        let levels = vec!["3".to_owned(), "7".to_owned()];
        let mut builder = ColumnBuilder::kind(&Kind::Categorical { levels }, None);
        for text in ["7.0", "3", "x"] {
            builder.push(text, 1);
        }
        builder.push_missing();
        let (cells, misfits) = builder.finish();
        let levels = vec!["3".to_owned(), "7".to_owned(), "x".to_owned()];
        assert_eq!(cells, Cells::Text { codes: vec![1, 0, 2, MISSING], levels });
        assert_eq!(misfits.count, 0);
    }

    #[test]
    fn flags_are_known_in_other_letters_and_numbers_with_thousands() {
        let levels = ["False".to_owned(), "TRUE".to_owned()];
        let mut builder = ColumnBuilder::kind(&Kind::Boolean { levels: levels.clone() }, None);
        ["true", "FALSE", "TRUE", "maybe"].iter().for_each(|text| builder.push(text, 1));
        let levels = levels.into_iter().chain(["maybe".to_owned()]).collect();
        assert_eq!(builder.finish().0, Cells::Text { codes: vec![1, 0, 1, 2], levels });
        // Two levels that are no words for no and yes stay as they are.
        let kind = Kind::Boolean { levels: ["a".to_owned(), "b".to_owned()] };
        let mut builder = ColumnBuilder::kind(&kind, None);
        builder.push("A", 1);
        assert!(matches!(builder.finish().0, Cells::Text { codes, .. } if codes == [2]));

        let comma = Spelling { decimal: Some(','), ..Spelling::default() };
        let real = Kind::Real { min: 0.0, max: 9.0, decimals: 2 };
        let whole = Kind::Integer { min: 0.0, max: 9.0 };
        for (kind, spelling, text, value) in [
            (&real, Some(&comma), "1.234,50", Some(1234.5)),
            (&real, Some(&comma), "1.234.567", Some(1_234_567.0)),
            (&real, None, "1,234.50", Some(1234.5)),
            (&real, None, "1,234", None),
            (&real, None, "1,23", None),
            (&real, Some(&comma), "1 234,5", Some(1234.5)),
            (&whole, None, "1,234", Some(1234.0)),
            (&whole, None, "1,5", None),
        ] {
            let mut builder = ColumnBuilder::kind(kind, spelling);
            builder.push(text, 1);
            let (cells, misfits) = builder.finish();
            assert_eq!(misfits.count, usize::from(value.is_none()), "{text}");
            let Cells::Number(values) = cells else { panic!("{text}") };
            assert!(value.is_none_or(|value| values == [value]), "{text}: {values:?}");
        }
    }

    #[test]
    fn text_in_a_numeric_column_is_counted_with_its_first_line() {
        let mut builder = ColumnBuilder::kind(&Kind::Integer { min: 0.0, max: 1.0 }, None);
        builder.push("1", 2);
        builder.push("abc", 3);
        builder.push("def", 4);
        let (_, misfits) = builder.finish();
        assert_eq!(misfits, Misfits { count: 2, first: vec![(3, "abc".into()), (4, "def".into())] });
    }

    #[test]
    fn identifiers_keep_their_text() {
        let mut builder = ColumnBuilder::kind(&Kind::Identifier, None);
        for text in ["12", "-3", "007"] {
            builder.push(text, 1);
        }
        let (cells, _) = builder.finish();
        let texts: Vec<_> = (0..3).map(|row| cells.text(row).unwrap()).collect();
        assert_eq!(texts, ["12", "-3", "007"]);
    }

    #[test]
    fn levels_are_ordered_by_number_or_text_with_no_first() {
        let order = |levels: &[&str]| ordered_levels(levels.iter().map(|&l| l.to_owned()).collect()).0;
        assert_eq!(order(&["10", "9", "2"]), ["2", "9", "10"]);
        assert_eq!(order(&["b", "a", "c"]), ["a", "b", "c"]);
        assert_eq!(order(&["good", "Bad"]), ["Bad", "good"]);
        assert_eq!(order(&["absent", "present"]), ["absent", "present"]);
        assert_eq!(order(&["True", "False"]), ["False", "True"]);
    }
}
