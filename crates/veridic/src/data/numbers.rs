//! What the numbers of a column are like, and which kind of column they make.

use super::compact::{compact_dates, is_date, months, padded_dates, short_dates};
use super::dotted::{hours_and_minutes, may_be_times, minutes, times_of_day};
use super::evidence::Cell;
use super::foreign::MAX_STRAYS;
use super::name::{is_id_name, is_thing};
use super::note::ReadNote;
use super::number::{self, Plain};
use super::scientific::Powers;
use super::spelling::{Minus, Spelling};
use super::text::MIN_FOR_IDENTIFIER;
use super::zeros::{Zeros, are_versions};
use super::{Cells, Kind, MISSING};
use crate::error::StrayCell;

/// At most this many different values can be few.
const MOST_FEW: usize = 64;
/// Of whole numbers without a gap only so many are few.
const LONGEST_RANGE: usize = 12;
/// Few values come at least so often each, on average.
const ROWS_A_VALUE: usize = 20;
/// Of so many whole numbers one may not be whole.
const WHOLE_AN_ODD: usize = 200;
/// Among so many dates of eight digits a number that is none is a mistake.
const DATES_A_MISTAKE: usize = 20;
/// Running numbers go through so many times as many as there are.
const RUNNING_ON: f64 = 1.5;
/// The greatest mark at school.
const BEST_MARK: f64 = 6.0;
/// Digits that an `f64` keeps in any decimal number.
const KEPT_DIGITS: u8 = 15;

/// A column of known kind with its cells.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) cells: Cells,
    pub(crate) spelling: Spelling,
    /// Every value there is, where these are few.
    pub(crate) values: Option<Vec<f64>>,
}

impl Found {
    /// Digits behind the decimal sign.
    pub(crate) fn decimals(&self) -> u8 {
        if let Kind::Real { decimals, .. } = self.kind { decimals } else { 0 }
    }
}

/// Why a column of numbers is not one.
#[derive(Debug)]
pub(crate) enum NoNumbers {
    /// The digits matter: they are texts.
    Texts,
    /// So few of them are too large to be exact that they are mistakes.
    Large(Cell),
    /// Nearly all are dates of eight digits; these few are not.
    Undated(Vec<Cell>),
}

#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    pub(crate) n: usize,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Most and fewest digits after the point.
    pub(crate) decimals: u8,
    pub(super) least_decimals: u8,
    /// The minutes of other columns of times such as `07.30`, one bit each.
    pub(crate) minutes_beside: u64,
    /// The first of the hundred years that two digits are of, and whether days come first, where it is set.
    pub(crate) first_year: Option<u16>,
    pub(crate) day_first: Option<bool>,
    /// Most and fewest digits before the point.
    pub(super) digits: u8,
    pub(super) least_digits: u8,
    pub(crate) whole: bool,
    fractions: usize,
    first_fraction: Option<Cell>,
    fraction_decimals: u8,
    /// Whether all are digits before and after the point alone.
    is_regular: bool,
    powers: Powers,
    /// Cells with leading zeros, and the fewest and most digits of these.
    pub(super) padded: usize,
    pub(super) padded_digits: [u8; 2],
    /// Numbers below one without a zero before the point, and with one.
    bare: usize,
    led: usize,
    /// Whole numbers with a point behind them: `3.`.
    dotted: usize,
    /// Zeros without a plus sign, and with one.
    plus_zeros: [usize; 2],
    /// Cells that are dates of eight digits, and the first that are not.
    dated: usize,
    undated: Vec<Cell>,
    large: usize,
    first_large: Option<Cell>,
    /// The different values, sorted, as long as they are few, with the digits behind the point and the line of their first cell.
    pub(super) distinct: Option<Vec<(f64, u8, u64)>>,
    pub(super) zeros: Zeros,
    /// Two cells with a point that are one number: `3.1` and `3.10`.
    pub(super) twice: Option<[Cell; 2]>,
    /// The first two values with their texts; `None` when a third value or a second spelling came.
    two: Option<Vec<(f64, String)>>,
}

impl Numbers {
    pub(crate) fn new() -> Self {
        Self {
            n: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            decimals: 0,
            least_decimals: u8::MAX,
            minutes_beside: 0,
            first_year: None,
            day_first: None,
            digits: 0,
            least_digits: u8::MAX,
            whole: true,
            fractions: 0,
            first_fraction: None,
            fraction_decimals: 0,
            is_regular: true,
            powers: Powers::default(),
            padded: 0,
            padded_digits: [u8::MAX, 0],
            bare: 0,
            led: 0,
            dotted: 0,
            plus_zeros: [0, 0],
            dated: 0,
            undated: Vec::new(),
            large: 0,
            first_large: None,
            distinct: Some(Vec::new()),
            zeros: Zeros::default(),
            twice: None,
            two: Some(Vec::new()),
        }
    }

    pub(crate) fn see(&mut self, plain: &Plain, text: &str, line: u64) {
        let value = plain.value;
        self.n += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.decimals = self.decimals.max(plain.decimals);
        self.least_decimals = self.least_decimals.min(plain.decimals);
        self.digits = self.digits.max(plain.digits);
        self.least_digits = self.least_digits.min(plain.digits);
        self.bare += usize::from(plain.digits == 0);
        self.led += usize::from(plain.has_point && plain.digits == 1 && value.abs() < 1.0);
        self.dotted += usize::from(text.ends_with('.'));
        self.is_regular &= plain.is_regular;
        if !plain.is_regular {
            self.powers.see(text);
        }
        if plain.has_point && plain.is_regular {
            self.zeros.see(plain, text, line);
        }
        if value.fract() != 0.0 {
            self.fractions += 1;
            self.fraction_decimals = self.fraction_decimals.max(plain.decimals);
            self.first_fraction.get_or_insert_with(|| (line, text.to_owned()));
        }
        self.whole &= value.fract() == 0.0 && value.abs() <= number::MAX_EXACT;
        if plain.is_padded {
            self.padded += 1;
            let [least, most] = &mut self.padded_digits;
            (*least, *most) = ((*least).min(plain.digits), (*most).max(plain.digits));
        }
        if value == 0.0 {
            self.plus_zeros[usize::from(plain.has_plus)] += 1;
        }
        if plain.digits == 8 && is_date(value) {
            self.dated += 1;
        } else if self.undated.len() <= MAX_STRAYS {
            self.undated.push((line, text.to_owned()));
        }
        if plain.is_inexact() {
            self.large += 1;
            self.first_large.get_or_insert_with(|| (line, text.to_owned()));
        }
        if let Some(distinct) = &mut self.distinct {
            let at = distinct.partition_point(|(known, ..)| *known < value);
            match distinct.get(at).filter(|(known, ..)| *known == value) {
                Some(&(_, decimals, first)) => {
                    let is_other = decimals.min(plain.decimals) > 0 && decimals != plain.decimals;
                    if is_other && plain.is_regular && self.twice.is_none() {
                        let known = format!("{value:.*}", usize::from(decimals));
                        self.twice = Some([(first, known), (line, text.to_owned())]);
                    }
                }
                None if distinct.len() == MOST_FEW => self.distinct = None,
                None => distinct.insert(at, (value, plain.decimals, line)),
            }
        }
        if let Some(two) = &mut self.two {
            match two.iter().find(|(known, _)| *known == value) {
                Some((_, spelling)) if spelling == text => {}
                None if two.len() < 2 => two.push((value, text.to_owned())),
                _ => self.two = None,
            }
        }
    }

    /// Whether every one is a whole number of four digits that could be a year.
    pub(crate) fn are_years(&self) -> bool {
        self.n > 0
            && self.whole
            && self.least_digits == 4
            && self.digits == 4
            && self.min >= 1000.0
            && self.decimals == 0
    }

    /// Whether all have as many digits, and texts of these lengths as many characters.
    pub(crate) fn have_digits(&self, lengths: impl Iterator<Item = usize>) -> bool {
        let digits = usize::from(self.digits);
        let mut lengths = lengths.peekable();
        let first = lengths.peek().copied();
        let known = if self.n > 0 { Some(digits) } else { first };
        (self.n == 0 || self.digits == self.least_digits) && lengths.all(|length| Some(length) == known)
    }

    fn few_values(&self) -> Option<Vec<f64>> {
        let distinct = self.distinct.as_ref()?;
        // Between whole numbers one after the other there is nothing that could be made.
        let is_range = self.whole
            && self.max - self.min + 1.0 == distinct.len() as f64
            && distinct.len() > LONGEST_RANGE;
        let are_few = distinct.len() > 1 && !is_range && distinct.len() * ROWS_A_VALUE <= self.n;
        are_few.then(|| distinct.iter().map(|(value, ..)| *value).collect())
    }
}

/// The number of missing values, and what the others are like; infinite values count as neither.
pub(crate) fn survey(values: &[f64]) -> (usize, Numbers) {
    let mut numbers = Numbers::new();
    let mut missing = 0;
    let mut text = String::new();
    for (row, &value) in values.iter().enumerate() {
        if value.is_finite() {
            text.clear();
            number::write(value, number::SHORTEST, &mut text);
            if let Some(plain) = number::scan(&text) {
                numbers.see(&plain, &text, row as u64 + 1);
            }
        } else {
            missing += usize::from(value.is_nan());
        }
    }
    (missing, numbers)
}

/// The kind of the column `name` of `values`, spelled as `spelling` says as far as that is known.
///
/// With `is_typed` the values were never text, so that their spelling says nothing.
pub(crate) fn number_column(
    name: &str,
    values: Vec<f64>,
    missing: usize,
    numbers: Numbers,
    mut spelling: Spelling,
    is_typed: bool,
    notes: &mut Vec<ReadNote>,
) -> Result<Found, NoNumbers> {
    let Numbers { n, min, max, decimals, whole, .. } = numbers;
    let is_plain = spelling.is_plain();
    let found = |kind, cells, spelling, values| Ok(Found { kind, cells, spelling, values });
    let is_one_text = numbers.two.as_ref().is_some_and(|two| two.len() == 1);
    if numbers.large > 0 && !is_typed && !(is_one_text && missing == 0) {
        let cell = numbers.first_large.clone().unwrap_or_default();
        if numbers.large * 100 <= n && numbers.large <= 5 {
            return Err(NoNumbers::Large(cell));
        }
        notes.push(ReadNote::Large { column: name.to_owned(), example: cell.1 });
        return Err(NoNumbers::Texts);
    }
    // Marks at school are whole and have a minus behind them: `2-`.
    let are_marks =
        spelling.minus == Minus::Behind && whole && decimals == 0 && min.abs().max(max) <= BEST_MARK;
    // `01.1` and `01.10` are two.
    let are_codes = numbers.powers.are_codes()
        || are_versions(&numbers)
        || numbers.padded > 0 && numbers.zeros.lost(numbers.least_decimals).is_some();
    if (are_codes || are_marks) && !is_typed {
        return Err(NoNumbers::Texts);
    }
    if min == max && missing == 0 {
        let mut text = String::new();
        number::write(min, number::SHORTEST, &mut text);
        let text = numbers.two.and_then(|two| two.into_iter().next()).map_or(text, |(_, text)| text);
        let cells = Cells::Text { codes: vec![0; n], levels: vec![text.clone()] };
        return found(Kind::Constant { value: Some(text) }, cells, Spelling::default(), None);
    }
    let is_flag = |two: &Vec<(f64, String)>| {
        // Two different numbers in a handful of rows are no sign of a flag, 0 and 1 are.
        two.len() == 2 && is_plain && whole && (n >= MIN_FOR_IDENTIFIER || (min == 0.0 && max == 1.0))
    };
    if let Some(two) = numbers.two.as_ref().filter(|two| is_flag(two)) {
        let [low, high] = if two[0].0 < two[1].0 { [0, 1] } else { [1, 0] };
        let levels = [two[low].1.clone(), two[high].1.clone()];
        let codes = values.iter().map(|&v| if v.is_nan() { MISSING } else { u32::from(v == max) });
        let cells = Cells::Text { codes: codes.collect(), levels: levels.to_vec() };
        return found(Kind::Boolean { levels }, cells, Spelling::default(), None);
    }
    if is_plain
        && !is_typed
        && let Some(dates) = short_dates(name, &numbers, &values, notes)
    {
        return Ok(dates);
    }
    if numbers.padded > 0 {
        let [least, most] = numbers.padded_digits;
        if least != most || most > KEPT_DIGITS || numbers.least_digits < most || spelling.thousands.is_some()
        {
            return Err(NoNumbers::Texts);
        }
        if n >= MIN_FOR_IDENTIFIER
            && is_plain
            && let Some((format, example, seconds)) = times_of_day(name, &numbers, &values)
        {
            notes.push(hours_and_minutes(name, example));
            let kind = date_kind(format.to_owned(), &seconds);
            return found(kind, Cells::Number(seconds), Spelling::default(), None);
        }
        if n >= MIN_FOR_IDENTIFIER
            && is_plain
            && let Some((format, meaning, seconds)) = padded_dates(&numbers, &values)
        {
            let example = format!("{:08}", values.iter().find(|value| !value.is_nan()).unwrap_or(&min));
            notes.push(ReadNote::Spelled { column: name.to_owned(), example, meaning: meaning.to_owned() });
            let kind = date_kind(format.to_owned(), &seconds);
            return found(kind, Cells::Number(seconds), Spelling::default(), None);
        }
        // Numbers of three digits and more that often come again are codes, as those of the post.
        if most > 2 && whole && (is_id_name(name) || n_distinct(&values) * 2 <= n) {
            return Err(NoNumbers::Texts);
        }
        spelling.width = Some(most);
    }
    // Where others begin at `07.30`, `16.15` is a time, too, if its minutes are among theirs and about as many.
    let own = if numbers.minutes_beside > 0 { minutes(&values) } else { 0 };
    if numbers.minutes_beside > 0
        && own & !numbers.minutes_beside == 0
        && own.count_ones() * 2 >= numbers.minutes_beside.count_ones()
        && is_plain
        && spelling.width.is_none()
        && n >= MIN_FOR_IDENTIFIER
        && let Some((format, example, seconds)) = numbers.dotted_times(&values)
    {
        notes.push(hours_and_minutes(name, example));
        let kind = date_kind(format.to_owned(), &seconds);
        return found(kind, Cells::Number(seconds), Spelling::default(), None);
    }
    if whole && decimals == 0 && is_plain && n >= MIN_FOR_IDENTIFIER {
        let counts = max - min + 1.0 == n as f64 && (min == 0.0 || min == 1.0) && missing == 0;
        // Things are numbered one after the other, a few left out.
        let run_on = max - min + 1.0 <= n as f64 * RUNNING_ON && missing == 0;
        let named = is_id_name(name) || (name.is_empty() && counts) || (run_on && is_thing(name));
        if named && all_differ(&values) {
            if numbers.dotted > 0 && !is_typed {
                return Err(NoNumbers::Texts);
            }
            return found(Kind::Identifier, Cells::Number(values), Spelling::default(), None);
        }
    }
    if whole
        && is_plain
        && spelling.width.is_none()
        && let Some((format, seconds)) = compact_dates(name, &numbers, &values)
    {
        let kind = date_kind(format.to_owned(), &seconds);
        return found(kind, Cells::Number(seconds), Spelling::default(), None);
    }
    let undated = n - numbers.dated;
    if !is_typed && is_plain && undated > 0 && undated <= MAX_STRAYS && undated * DATES_A_MISTAKE <= n {
        return Err(NoNumbers::Undated(numbers.undated));
    }
    if is_plain
        && spelling.width.is_none_or(|width| width == 2)
        && n >= MIN_FOR_IDENTIFIER
        && !is_typed
        && let Some((format, example, seconds)) = months(&numbers, &values)
    {
        notes.push(ReadNote::Spelled {
            column: name.to_owned(),
            example,
            meaning: "a month of a year".to_owned(),
        });
        let kind = date_kind(format.to_owned(), &seconds);
        return found(kind, Cells::Number(seconds), Spelling::default(), None);
    }
    if numbers.dotted == n && is_plain && spelling.width.is_none() {
        spelling.suffix = ".".to_owned();
    }
    spelling.scientific = numbers.powers.all(n).filter(|_| !is_typed && (is_plain || spelling.is_decimal()));
    spelling.plus_zero = spelling.plus && numbers.plus_zeros[1] > numbers.plus_zeros[0];
    let is_fixed = numbers.least_decimals == decimals && decimals > 0 && numbers.is_regular;
    if !is_typed && is_fixed && numbers.digits + decimals <= KEPT_DIGITS {
        spelling.decimals = Some(decimals);
    } else if !is_typed && numbers.is_regular && (1..=KEPT_DIGITS).contains(&numbers.least_decimals) {
        spelling.least_decimals = Some(numbers.least_decimals);
    }
    spelling.bare = !is_typed && numbers.bare > 0 && numbers.led == 0;
    if let Some(first) = may_be_times(name, &numbers, &values).filter(|_| !is_typed && is_plain) {
        let example = format!("{first:.*}", usize::from(decimals));
        notes.push(ReadNote::MayBeTimes { column: name.to_owned(), example });
    }
    let varies = !is_typed && is_plain && spelling.decimals.is_none();
    if let Some(cells) = numbers.twice.clone().filter(|_| varies) {
        notes.push(ReadNote::Twice { column: name.to_owned(), cells });
    } else if let Some((cells, from, to)) =
        numbers.zeros.lost(spelling.least_decimals.unwrap_or(0)).filter(|_| varies)
    {
        notes.push(ReadNote::Respelled { column: name.to_owned(), from, to, cells });
    }
    let values_of = numbers.few_values();
    let odd = !whole
        && numbers.fractions * WHOLE_AN_ODD <= n
        && min.abs().max(max.abs()) <= number::MAX_EXACT
        && spelling.duration.is_none();
    if odd && let Some((line, example)) = numbers.first_fraction {
        spelling.odd = Some(numbers.fraction_decimals);
        notes.push(ReadNote::Odd { column: name.to_owned(), cells: numbers.fractions, example, line });
    }
    let kind = if whole || odd { Kind::Integer { min, max } } else { Kind::Real { decimals, min, max } };
    found(kind, Cells::Number(values), spelling, values_of)
}

/// The missing cells and what the column is, for numbers that were never text, such as those of a Parquet file.
///
/// # Errors
/// The first infinite value, its row as line.
pub(crate) fn number_cells(
    name: &str,
    values: Vec<f64>,
    notes: &mut Vec<ReadNote>,
) -> Result<(usize, Found), StrayCell> {
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
        return Ok((missing, all_missing(values.len())));
    }
    let kept = values.clone();
    let found = number_column(name, values, missing, numbers, Spelling::default(), true, notes);
    Ok((missing, found.unwrap_or_else(|_| plain_numbers(kept))))
}

/// Numbers that stay numbers, whatever their values.
fn plain_numbers(values: Vec<f64>) -> Found {
    let kind = plain_number_kind(&values);
    Found { kind, cells: Cells::Number(values), spelling: Spelling::default(), values: None }
}

/// A column without any value.
pub(crate) fn all_missing(n_rows: usize) -> Found {
    Found {
        kind: Kind::Constant { value: None },
        cells: Cells::Text { codes: vec![MISSING; n_rows], levels: Vec::new() },
        spelling: Spelling::default(),
        values: None,
    }
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

/// The kind of a column of date-times in seconds.
pub(crate) fn date_kind(format: String, seconds: &[f64]) -> Kind {
    let present = seconds.iter().copied().filter(|value| !value.is_nan());
    let (min, max) =
        present.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if min > max { Kind::Constant { value: None } } else { Kind::DateTime { format, min, max } }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

fn all_differ(values: &[f64]) -> bool {
    sorted(values).windows(2).all(|pair| pair[0] != pair[1])
}

pub(super) fn n_distinct(values: &[f64]) -> usize {
    let mut sorted = sorted(values);
    sorted.dedup();
    sorted.len()
}
