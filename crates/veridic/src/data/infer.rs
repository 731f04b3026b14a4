//! What a column is, told from all its cells.

use super::build::{ColumnBuilder, ordered_levels, to_codes};
use super::date::{self, Formats};
use super::name::{is_date_name, is_id_name, is_time_name};
use super::{Cells, Kind, MISSING, number};
use crate::error::StrayCell;

/// At most this many cells that fit no number may be mistakes; more make the column text.
const MAX_STRAYS: usize = 5;
/// With fewer cells than this, one that fits no number is taken as meant.
const MIN_FOR_STRAYS: usize = 100;
/// Mistakes are at most one cell in so many.
const CELLS_A_STRAY: usize = 100;
/// With fewer rows than this no column is told to be an identifier.
const MIN_FOR_IDENTIFIER: usize = 20;

/// What has been seen of a column, cell by cell.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    missing: usize,
    present: usize,
    values: Vec<f64>,
    numbers: Numbers,
    strays: Vec<(u64, String)>,
    n_strays: usize,
    infinities: Vec<(u64, String)>,
    dates: Dates,
    is_text: bool,
    is_padded: bool,
}

#[derive(Debug, Clone)]
struct Numbers {
    n: usize,
    min: f64,
    max: f64,
    decimals: u8,
    whole: bool,
    increasing: bool,
    decreasing: bool,
    last: f64,
    /// The first two values with their texts; `None` when a third value or a second spelling came.
    two: Option<Vec<(f64, String)>>,
}

#[derive(Debug, Clone)]
enum Dates {
    Unknown,
    Never,
    Some { formats: Formats, n: usize, strays: Vec<(u64, String)> },
}

/// What a column turned out to be.
#[derive(Debug)]
pub(crate) enum Finding {
    /// The column is complete.
    Done(Kind, Cells),
    /// The cells have to be read again, into this.
    Again(ColumnBuilder),
    /// Nearly all cells are of one kind, a few are not.
    Strays(Vec<StrayCell>),
}

impl Profile {
    /// Nothing seen yet. With `as_text`, digits are text too.
    pub(crate) fn new(as_text: bool) -> Self {
        Self {
            missing: 0,
            present: 0,
            values: Vec::new(),
            numbers: Numbers::new(),
            strays: Vec::new(),
            n_strays: 0,
            infinities: Vec::new(),
            dates: if as_text { Dates::Never } else { Dates::Unknown },
            is_text: as_text,
            is_padded: false,
        }
    }

    /// Takes in a missing cell.
    pub(crate) fn see_missing(&mut self) {
        self.missing += 1;
        if !self.is_text {
            self.values.push(f64::NAN);
        }
    }

    /// Takes in the cell `text` of line `line`.
    pub(crate) fn see(&mut self, text: &str, line: u64) {
        self.present += 1;
        if self.is_text {
            self.see_date(text, line);
            return;
        }
        if let Some(value) = number::parse(text) {
            self.values.push(value);
            self.is_padded |= number::is_padded(text);
            self.numbers.see(value, text);
            return;
        }
        self.values.push(f64::NAN);
        if number::is_infinite(text) {
            if self.infinities.len() <= MAX_STRAYS {
                self.infinities.push((line, text.to_owned()));
            }
            return;
        }
        self.see_date(text, line);
        self.n_strays += 1;
        if self.n_strays <= MAX_STRAYS {
            self.strays.push((line, text.to_owned()));
        } else {
            self.is_text = true;
            self.values = Vec::new();
        }
    }

    fn see_date(&mut self, text: &str, line: u64) {
        match &mut self.dates {
            Dates::Never => {}
            Dates::Unknown => {
                let first = self.numbers.n == 0 && self.infinities.is_empty();
                self.dates = match Formats::of(text) {
                    Some(formats) if first => Dates::Some { formats, n: 1, strays: Vec::new() },
                    _ => Dates::Never,
                };
            }
            Dates::Some { formats, n, strays } => {
                if formats.accept(text) {
                    *n += 1;
                } else if strays.len() < MAX_STRAYS {
                    strays.push((line, text.to_owned()));
                } else {
                    self.dates = Dates::Never;
                }
            }
        }
    }

    /// What the column named `name` is, with its missing cells.
    pub(crate) fn finish(self, name: &str) -> (usize, Finding) {
        (self.missing, self.find(name))
    }

    fn find(mut self, name: &str) -> Finding {
        let n_rows = self.missing + self.present;
        if self.present == 0 {
            let (kind, cells) = all_missing(n_rows);
            return Finding::Done(kind, cells);
        }
        let few = |n: usize| {
            n > 0 && n <= MAX_STRAYS && self.present >= MIN_FOR_STRAYS && n * CELLS_A_STRAY <= self.present
        };
        let stray_cells = |cells: Vec<(u64, String)>, expected| {
            let column = || name.to_owned();
            let stray = |(line, value)| StrayCell { line, unit: "line", column: column(), value, expected };
            Finding::Strays(cells.into_iter().map(stray).collect())
        };
        if let Dates::Some { formats, n, strays } = self.dates {
            let other = self.present - n;
            if other == 0 {
                return Finding::Again(ColumnBuilder::date(formats.best().to_owned(), n_rows));
            }
            if other == strays.len() && few(other) {
                return stray_cells(strays, "date-time");
            }
        }
        if self.is_text || (self.n_strays > 0 && !few(self.n_strays)) || self.numbers.n == 0 {
            return Finding::Again(ColumnBuilder::text());
        }
        if self.n_strays > 0 || !self.infinities.is_empty() {
            let mut cells = self.strays;
            cells.append(&mut self.infinities);
            cells.sort();
            return stray_cells(cells, "finite number");
        }
        if self.is_padded && self.numbers.whole && self.numbers.decimals == 0 {
            return Finding::Again(ColumnBuilder::text());
        }
        self.values.shrink_to_fit();
        number_column(name, self.values, self.missing, self.numbers)
    }
}

impl Numbers {
    fn new() -> Self {
        Self {
            n: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            decimals: 0,
            whole: true,
            increasing: true,
            decreasing: true,
            last: f64::NAN,
            two: Some(Vec::new()),
        }
    }

    fn see(&mut self, value: f64, text: &str) {
        self.n += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if self.decimals < number::SHORTEST {
            self.decimals = self.decimals.max(number::decimals(text));
        }
        self.whole &= value.fract() == 0.0 && value.abs() <= number::MAX_EXACT;
        if self.n > 1 {
            self.increasing &= value > self.last;
            self.decreasing &= value < self.last;
        }
        self.last = value;
        if let Some(two) = &mut self.two {
            match two.iter().find(|(known, _)| *known == value) {
                Some((_, spelling)) if spelling == text => {}
                None if two.len() < 2 => two.push((value, text.to_owned())),
                _ => self.two = None,
            }
        }
    }
}

fn number_column(name: &str, values: Vec<f64>, missing: usize, numbers: Numbers) -> Finding {
    let Numbers { n, min, max, decimals, whole, .. } = numbers;
    if min == max && missing == 0 {
        let mut text = String::new();
        number::write(min, number::SHORTEST, &mut text);
        let spelling = numbers.two.and_then(|two| two.into_iter().next()).map_or(text, |(_, text)| text);
        let cells = Cells::Text { codes: vec![0; n], levels: vec![spelling.clone()] };
        return Finding::Done(Kind::Constant { value: Some(spelling) }, cells);
    }
    if let Some(two) = numbers.two.filter(|two| two.len() == 2)
        // Two different numbers in a handful of rows are no sign of a flag, 0 and 1 are.
        && whole && (n >= MIN_FOR_IDENTIFIER || (min == 0.0 && max == 1.0))
    {
        let [low, high] = if two[0].0 < two[1].0 { [0, 1] } else { [1, 0] };
        let levels = [two[low].1.clone(), two[high].1.clone()];
        let codes = values.iter().map(|&v| if v.is_nan() { MISSING } else { u32::from(v == max) });
        let cells = Cells::Text { codes: codes.collect(), levels: levels.to_vec() };
        return Finding::Done(Kind::Boolean { levels }, cells);
    }
    if whole && decimals == 0 && n >= MIN_FOR_IDENTIFIER && !is_time_name(name) {
        let unique = numbers.increasing || numbers.decreasing || (is_id_name(name) && all_differ(&values));
        if unique {
            return Finding::Done(Kind::Identifier, Cells::Number(values));
        }
    }
    if whole
        && min >= 1_000_101.0
        && max <= 99_991_231.0
        && is_date_name(name)
        && let Some(seconds) = compact_dates(&values)
    {
        return Finding::Done(date_kind(date::COMPACT.to_owned(), &seconds), Cells::Number(seconds));
    }
    let kind = if whole { Kind::Integer { min, max } } else { Kind::Real { decimals, min, max } };
    Finding::Done(kind, Cells::Number(values))
}

/// The kind of a column of texts, and its codes into levels in the kind's order.
pub(crate) fn text_column(codes: Vec<u32>, levels: Vec<String>, as_categories: bool) -> (Kind, Cells) {
    let (levels, order) = ordered_levels(levels);
    let codes = to_codes(codes, &order);
    let n = codes.iter().filter(|&&code| code != MISSING).count();
    let kind = match levels.as_slice() {
        [] => Kind::Constant { value: None },
        [one] if n == codes.len() => Kind::Constant { value: Some(one.clone()) },
        [no, yes] if !as_categories => Kind::Boolean { levels: [no.clone(), yes.clone()] },
        // With less than two rows a text on average there is nothing to learn from it.
        _ if n >= MIN_FOR_IDENTIFIER && levels.len() * 2 > n && !as_categories => Kind::Identifier,
        _ => Kind::Categorical { levels: levels.clone() },
    };
    (kind, Cells::Text { codes, levels })
}

/// The missing cells, kind and cells of a column of numbers that were never text, such as those of a Parquet file.
///
/// # Errors
/// The first infinite value, its row as line.
pub(crate) fn number_cells(name: &str, values: Vec<f64>) -> Result<(usize, Kind, Cells), StrayCell> {
    if let Some(row) = values.iter().position(|value| value.is_infinite()) {
        return Err(StrayCell {
            line: row as u64 + 1,
            unit: "row",
            column: name.to_owned(),
            value: values[row].to_string(),
            expected: "finite number",
        });
    }
    let (missing, numbers) = survey(&values);
    if numbers.n == 0 {
        let (kind, cells) = all_missing(values.len());
        return Ok((missing, kind, cells));
    }
    match number_column(name, values, missing, numbers) {
        Finding::Done(kind, cells) => Ok((missing, kind, cells)),
        Finding::Again(_) | Finding::Strays(_) => unreachable!("numbers are complete"),
    }
}

/// The kind and cells of a column without any value.
pub(crate) fn all_missing(n_rows: usize) -> (Kind, Cells) {
    (Kind::Constant { value: None }, Cells::Text { codes: vec![MISSING; n_rows], levels: Vec::new() })
}

/// The kind of numbers that stay numbers, whatever their values.
pub(crate) fn plain_number_kind(values: &[f64]) -> Kind {
    let Numbers { n, min, max, decimals, whole, .. } = survey(values).1;
    match (n, whole) {
        (0, _) => Kind::Constant { value: None },
        (_, true) => Kind::Integer { min, max },
        (_, false) => Kind::Real { decimals, min, max },
    }
}

/// The number of missing values, and what the others are like; infinite values count as neither.
fn survey(values: &[f64]) -> (usize, Numbers) {
    let mut numbers = Numbers::new();
    let mut missing = 0;
    let mut text = String::new();
    for &value in values {
        if value.is_finite() {
            text.clear();
            number::write(value, number::SHORTEST, &mut text);
            numbers.see(value, &text);
        } else {
            missing += usize::from(value.is_nan());
        }
    }
    (missing, numbers)
}

/// The kind of a column of date-times in seconds.
pub(crate) fn date_kind(format: String, seconds: &[f64]) -> Kind {
    let present = seconds.iter().copied().filter(|value| !value.is_nan());
    let (min, max) =
        present.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if min > max { Kind::Constant { value: None } } else { Kind::DateTime { format, min, max } }
}

fn compact_dates(values: &[f64]) -> Option<Vec<f64>> {
    let seconds = |&value: &f64| {
        if value.is_nan() { Some(value) } else { date::parse(&format!("{value}"), date::COMPACT) }
    };
    values.iter().map(seconds).collect()
}

fn all_differ(values: &[f64]) -> bool {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str, cells: impl IntoIterator<Item = String>) -> Finding {
        let mut profile = Profile::new(false);
        for (row, cell) in cells.into_iter().enumerate() {
            if cell.is_empty() { profile.see_missing() } else { profile.see(&cell, row as u64 + 1) }
        }
        profile.finish(name).1
    }

    fn kind(name: &str, cells: impl IntoIterator<Item = String>) -> Kind {
        match find(name, cells) {
            Finding::Done(kind, _) => kind,
            other => panic!("{other:?}"),
        }
    }

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn whole_numbers_are_integers_however_they_are_written() {
        assert_eq!(kind("x", texts(&["63.0", "", "41"])), Kind::Integer { min: 41.0, max: 63.0 });
        let real = Kind::Real { decimals: 2, min: -0.25, max: 3.0 };
        assert_eq!(kind("x", texts(&["3", "-0.25", "1.5"])), real);
    }

    #[test]
    fn two_whole_numbers_are_a_flag_with_the_spelling_of_the_source() {
        let levels = ["0.0".to_owned(), "1.0".to_owned()];
        assert_eq!(kind("x", texts(&["1.0", "0.0", "", "1.0"])), Kind::Boolean { levels });
        assert_eq!(kind("x", texts(&["4", "7", "4"])), Kind::Integer { min: 4.0, max: 7.0 });
        let many = (0..30).map(|i| (1 + i % 2).to_string());
        assert_eq!(kind("x", many), Kind::Boolean { levels: ["1".into(), "2".into()] });
    }

    #[test]
    fn counters_are_identifiers_and_measurements_and_times_are_not() {
        let counter = || (1..=30).map(|i| i.to_string());
        let shuffled = || (0..30).map(|i| (1000 + i * 7 % 31).to_string());
        assert_eq!(kind("No", counter()), Kind::Identifier);
        assert_eq!(kind("customerId", shuffled()), Kind::Identifier);
        assert!(matches!(kind("weight", shuffled()), Kind::Integer { .. }));
        assert!(matches!(kind("year", counter()), Kind::Integer { .. }));
        let measured = (0..30).map(|i| format!("{}", f64::from(i) + 0.5));
        assert!(matches!(kind("id", measured), Kind::Real { .. }));
    }

    #[test]
    fn a_few_texts_among_many_numbers_are_mistakes() {
        let cells = |n: usize| (0..n).map(|i| if i == 17 { "abc".to_owned() } else { (i % 9).to_string() });
        let Finding::Strays(strays) = find("age", cells(100)) else { panic!("no strays") };
        let expected = StrayCell {
            line: 18,
            unit: "line",
            column: "age".into(),
            value: "abc".into(),
            expected: "finite number",
        };
        assert_eq!(strays, [expected]);
        assert!(matches!(find("age", cells(99)), Finding::Again(_)));
        let half = (0..200).map(|i| if i % 2 == 0 { "abc".to_owned() } else { i.to_string() });
        assert!(matches!(find("age", half), Finding::Again(_)));
    }

    #[test]
    fn infinities_among_numbers_are_always_mistakes() {
        assert!(matches!(find("x", texts(&["1", "inf", "2"])), Finding::Strays(_)));
    }

    #[test]
    fn constants_are_the_same_in_every_row() {
        assert_eq!(kind("x", texts(&["7", "7"])), Kind::Constant { value: Some("7".into()) });
        assert_eq!(kind("x", texts(&["7", ""])), Kind::Integer { min: 7.0, max: 7.0 });
        assert_eq!(kind("x", texts(&["", ""])), Kind::Constant { value: None });
    }

    #[test]
    fn compact_dates_are_told_by_name_and_value() {
        let cells = texts(&["20240229", "20231231"]);
        assert!(matches!(kind("sold_date", cells.clone()), Kind::DateTime { .. }));
        assert!(matches!(kind("amount", cells), Kind::Integer { .. }));
    }

    #[test]
    fn texts_are_flags_categories_or_identifiers() {
        let codes = |n: u32, levels: u32| (0..n).map(|i| i % levels).collect::<Vec<_>>();
        let levels = |n: u32| (0..n).map(|i| format!("t{i}")).collect::<Vec<_>>();
        assert!(matches!(text_column(codes(9, 2), levels(2), false).0, Kind::Boolean { .. }));
        assert!(matches!(text_column(codes(9, 2), levels(2), true).0, Kind::Categorical { .. }));
        assert!(matches!(text_column(codes(30, 15), levels(15), false).0, Kind::Categorical { .. }));
        assert_eq!(text_column(codes(30, 16), levels(16), false).0, Kind::Identifier);
    }
}
