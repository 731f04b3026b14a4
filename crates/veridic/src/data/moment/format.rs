//! The format that all cells of one shape are in.

use super::{Cell, DurationForm, Format, Moments, Piece, Seen, Shape, ZONES};
use crate::data::foreign::MAX_STRAYS;
use crate::data::language::ANY;

/// Mistakes are at most one cell in so many.
const CELLS_A_MISTAKE: usize = 20;
/// More different numbers behind a month, none above 31, are days.
const MOST_SHORT_YEARS: usize = 12;
/// Numbers of so many sorts, of which one is so late, are the days of a month.
const MOST_DAYS: usize = 20;
const LATE_DAY: u8 = 28;
/// Days of a month, and what happens by chance so rarely does not.
const MEAN_DAYS: f64 = 30.4;
const HARDLY: f64 = 1e-3;

impl Seen {
    pub(super) fn new(shape: &Shape, first: Cell) -> Self {
        Self {
            pieces: shape.pieces.clone(),
            n: 0,
            first,
            most: [0; 3],
            counts: Box::new([[0; 100]; 3]),
            short_years: 0,
            padded: [false; 3],
            short: [false; 3],
            hour: 0,
            hour_padded: false,
            hour_short: false,
            fraction: [u8::MAX, 0],
            long: false,
            abbreviated: false,
            weekday_long: false,
            capital: true,
            small: true,
            half_small: false,
            offset: shape.offset,
            other_offset: None,
            tongues: ANY,
            halves: shape.halves,
            ordinal: shape.ordinal,
            era: shape.era,
            short_offset: shape.short_offset,
            weekdays: shape.weekdays,
            blank_day: false,
            blank_hour: false,
            has_fraction: false,
            no_months: [None, None],
        }
    }

    pub(super) fn add(&mut self, shape: &Shape, cell: impl Fn() -> Cell) {
        self.n += 1;
        self.tongues &= shape.tongues;
        self.has_fraction |= shape.has_fraction;
        self.weekdays = self.weekdays.zip(shape.weekdays).map(|(known, sets)| known & sets);
        if let Some((known, era)) = self.era.as_mut().zip(shape.era) {
            known.padded |= era.padded;
            known.first |= era.first;
        }
        self.blank_day |= shape.blank_day;
        self.blank_hour |= shape.blank_hour;
        for (i, &(value, padded, short)) in shape.numbers.iter().take(shape.n_numbers).enumerate() {
            self.most[i] = self.most[i].max(value);
            if let Some(count) = self.counts[i].get_mut(usize::from(value)) {
                *count += 1;
            }
            self.padded[i] |= padded;
            self.short[i] |= short;
        }
        for (i, first) in self.no_months.iter_mut().enumerate() {
            if first.is_none() && i < shape.n_numbers && shape.numbers[i].0 > 12 {
                *first = Some(cell());
            }
        }
        self.short_years |= shape.short_year.map_or(0, |year| 1 << year);
        let (hour, width) = shape.hour;
        self.hour = self.hour.max(hour);
        self.hour_padded |= width == 2 && hour < 10;
        self.hour_short |= width == 1;
        self.fraction = [self.fraction[0].min(shape.fraction), self.fraction[1].max(shape.fraction)];
        if let Some(word) = shape.month {
            self.long |= word.long == Some(true);
            self.abbreviated |= word.long == Some(false);
        }
        if let Some(word) = shape.weekday {
            self.weekday_long |= word.long == Some(true);
        }
        let words = [shape.month, shape.weekday];
        self.capital &= words.iter().flatten().count() > 0 && words.iter().flatten().all(|word| word.capital);
        self.small &= words.iter().flatten().count() > 0 && words.iter().flatten().all(|word| word.small);
        self.half_small |= shape.half.is_some_and(|word| word.small);
        if shape.offset != self.offset && self.other_offset.is_none() {
            self.other_offset = Some(cell());
        }
    }

    fn has(&self, piece: Piece) -> bool {
        self.pieces.contains(&piece)
    }

    fn n_numbers(&self) -> usize {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Number(_))).count()
    }

    /// Two numbers, day and month or month and day, at these places: the year comes last.
    fn day_and_month(&self) -> Option<(usize, usize)> {
        let year = self.pieces.iter().position(|piece| *piece == Piece::Year);
        let first = self.pieces.iter().position(|piece| *piece == Piece::Number(0));
        let year_last = year.is_none_or(|year| first.is_some_and(|first| first < year));
        (!self.has(Piece::Month)
            && year_last
            && self.n_numbers() >= 2
            && (year.is_some() || self.n_numbers() == 3))
            .then_some((0, 1))
    }

    pub(super) fn told_day_first(&self) -> Option<bool> {
        let (a, b) = self.day_and_month()?;
        let most = self.usual();
        if self.n_numbers() == 3 && self.is_year_first(most) {
            return None;
        }
        if self.n_numbers() == 3 && (most[0] > 31 || most[2] <= 31 && most[a] > 12 && most[b] > 12) {
            return None;
        }
        match (most[a] > 12, most[b] > 12) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// Two cells beside a year of which one has the day first and the other the month.
    pub(super) fn contradiction(&self) -> Option<(Cell, Cell)> {
        let are_two = self.has(Piece::Year) && !self.has(Piece::Month) && self.n_numbers() == 2;
        let [first, second] = &self.no_months;
        // Where all but a few have the same first, these few are mistakes.
        let is_open = !are_two || self.usual()[..2].iter().all(|most| *most > 12);
        first.clone().zip(second.clone()).filter(|_| are_two && is_open)
    }

    /// How many cells have a number above `bound` in place `i`.
    fn above(&self, i: usize, bound: usize) -> usize {
        self.counts[i][bound + 1..].iter().sum::<u32>() as usize
    }

    /// The greatest number in place `i` that is not above `bound`.
    fn most_within(&self, i: usize, bound: usize) -> u8 {
        self.counts[i][..=bound].iter().rposition(|count| *count > 0).unwrap_or(0) as u8
    }

    /// The greatest number in each place, but for those of a few cells that are no days and months where those of nearly all are: the
    /// `32` of `32.01.2021`, the `13` of `2021-13-03`.
    fn usual(&self) -> [u8; 3] {
        let (n, mut most) = (self.n_numbers(), self.most);
        let are_few = |cells: usize| cells > 0 && cells <= MAX_STRAYS.min(self.n / CELLS_A_MISTAKE);
        let has_year = self.has(Piece::Year);
        // Of three numbers the last may be a year, and the first is one where it has more of the values.
        let days = match n {
            3 if most[2] <= 31 && self.spread(0) <= self.spread(2) => 0..0,
            3 => 0..2,
            n => 0..n,
        };
        for i in days {
            if are_few(self.above(i, 31)) {
                most[i] = self.most_within(i, 31);
            }
        }
        let are_months = !self.has(Piece::Month) && (has_year || n == 3);
        let year_first = has_year && self.day_and_month().is_none();
        if are_months && n == 1 && are_few(self.above(0, 12)) {
            most[0] = self.most_within(0, 12);
        }
        if are_months && n > 1 && most[0] > 12 && (most[1] > 12 || year_first) {
            let beyond = [self.above(0, 12), self.above(1, 12)];
            let rarer = if year_first { 0 } else { usize::from(beyond[1] < beyond[0]) };
            if are_few(beyond[rarer]) && (year_first || beyond[rarer] < beyond[1 - rarer]) {
                most[rarer] = self.most_within(rarer, 12);
            }
        }
        most
    }

    /// How many different numbers there are in place `i`.
    fn spread(&self, i: usize) -> usize {
        self.counts[i].iter().filter(|count| **count > 0).count()
    }

    /// Whether the first of three numbers are years: the last go through all days of a month and the first through few years, or never
    /// reach the last days of a month, or are zero; `most` are the greatest in each place.
    fn is_year_first(&self, most: [u8; 3]) -> bool {
        let are_days = most[2] >= LATE_DAY && self.spread(2) >= MOST_DAYS;
        // Of so many days some would be later in the month.
        let chance = (f64::from(most[0]) / MEAN_DAYS).powi(self.n.min(10_000) as i32);
        let are_years = self.spread(0) * 2 <= self.spread(2) || most[0] < LATE_DAY && chance < HARDLY;
        let has_zero = self.counts[0][0] > 0;
        most[1] <= 12 && most[2] <= 31 && (has_zero || are_days && are_years)
    }

    /// Whether the first of three numbers may be years for all that is known.
    pub(super) fn may_be_year_first(&self) -> bool {
        let most = self.usual();
        self.n_numbers() == 3 && !self.has(Piece::Month) && most[0] > 12 && most[1] <= 12 && most[2] <= 31
    }

    /// Whether numbers beside years that are no months are weeks, which come again: those of invoices do not.
    fn are_weeks(&self) -> bool {
        self.n >= 2 * self.spread(0) && self.counts[0].iter().filter(|count| **count > 1).count() > 12
    }

    /// Two digits of years, one bit each.
    pub(super) fn years(&self, day_first: Option<bool>) -> u128 {
        let fields = self.fields(day_first).map_or(['d'; 3], |(fields, ..)| fields);
        let places = (0..self.n_numbers()).filter(|&i| fields[i] == 'y');
        let bits = |i: usize| (0..100).filter(move |&year| self.counts[i][year] > 0);
        places.flat_map(bits).fold(self.short_years, |years, year| years | 1 << year)
    }

    pub(super) fn duration(&self) -> Option<DurationForm> {
        let only_time = !self.pieces.iter().any(|piece| {
            matches!(
                piece,
                Piece::Year
                    | Piece::Number(_)
                    | Piece::Compact
                    | Piece::Month
                    | Piece::Half
                    | Piece::Weekday
                    | Piece::IsoYear
                    | Piece::Week
                    | Piece::Quarter
                    // `21h54`, `21.54 Uhr` are times of day.
                    | Piece::Mark(_)
                    | Piece::Sign(b'.')
            )
        });
        if !only_time || self.hour < 24 {
            return None;
        }
        Some(match (self.has(Piece::Second), self.hour_short) {
            (false, _) => DurationForm::Minutes,
            (true, true) => DurationForm::Hours,
            (true, false) => DurationForm::PaddedHours,
        })
    }

    /// The format, whether day and month could be exchanged, and whether the day comes first; `None` where no order of
    /// day, month and year fits all cells.
    pub(super) fn format(&self, day_first: Option<bool>) -> Option<(String, bool, bool)> {
        if self.duration().is_none() && self.hour > 23 || (self.has(Piece::Half) && self.hour > 12) {
            return None;
        }
        if self.long && self.abbreviated {
            return None;
        }
        let (fields, open, is_day_first) = self.fields(day_first)?;
        let mut format = String::new();
        for piece in &self.pieces {
            match *piece {
                Piece::Sign(b'%') => format.push_str("%%"),
                Piece::Sign(sign) => format.push(char::from(sign)),
                Piece::Mark(mark) => format.push_str(mark),
                Piece::Year if fields[0] == 'w' => format.push_str("%G"),
                Piece::Year => format.push_str("%Y"),
                Piece::Compact => format.push_str("%Y%m%d"),
                Piece::Number(i) => {
                    let i = usize::from(i);
                    if self.blank_day && fields[i] == 'd' {
                        format.push_str("%e");
                        continue;
                    }
                    format.push('%');
                    if self.short[i] && !self.padded[i] {
                        format.push('-');
                    }
                    format.push(if fields[i] == 'w' { 'V' } else { fields[i] });
                }
                Piece::Month => format.push_str(if self.long { "%B" } else { "%b" }),
                Piece::Weekday => format.push_str(if self.weekday_long { "%A" } else { "%a" }),
                Piece::Hour if self.blank_hour => {
                    format.push_str(if self.has(Piece::Half) { "%l" } else { "%k" });
                }
                Piece::Hour => {
                    format.push('%');
                    if self.hour_short && !self.hour_padded {
                        format.push('-');
                    }
                    format.push(if self.has(Piece::Half) { 'I' } else { 'H' });
                }
                Piece::IsoYear => format.push_str("%G"),
                Piece::Week if self.short[0] && !self.padded[0] => format.push_str("%-V"),
                Piece::Week => format.push_str("%V"),
                Piece::DayOfWeek => format.push_str("%u"),
                Piece::DayOfYear => format.push_str("%j"),
                Piece::Quarter => format.push_str("%q"),
                Piece::ShortYear => format.push_str("%y"),
                Piece::Minute => format.push_str("%M"),
                Piece::Second => format.push_str("%S"),
                Piece::Fraction(sign) => {
                    let [least, most] = self.fraction;
                    match (sign, least == most, most) {
                        (b'.', true, 1 | 2) if !self.has_fraction => {
                            format.push('.');
                            format.extend(std::iter::repeat_n('0', usize::from(most)));
                        }
                        (b'.', true, 3 | 6 | 9) => format += &format!("%.{most}f"),
                        (b'.', ..) => format.push_str("%.f"),
                        (_, true, 3 | 6 | 9) => format += &format!(",%{most}f"),
                        _ => return None,
                    }
                }
                Piece::Half => format.push_str(if self.half_small { "%P" } else { "%p" }),
                Piece::Zone(zone) => format.push_str(ZONES[usize::from(zone)]),
                Piece::Offset(length) => {
                    match length {
                        // chrono does not write hours alone: they stand for themselves, beside the zone.
                        3 if self.other_offset.is_some() => return None,
                        3 => {
                            let hours = self.offset.unwrap_or(0) / 3600;
                            let is_west = hours < 0 || self.first.1.contains("-00");
                            format += &format!("{}{:02}", if is_west { '-' } else { '+' }, hours.abs());
                        }
                        5 => format.push_str("%z"),
                        _ => format.push_str("%:z"),
                    }
                }
            }
        }
        Some((format, open, is_day_first))
    }

    /// Which of day, month and year each number is.
    fn fields(&self, day_first: Option<bool>) -> Option<([char; 3], bool, bool)> {
        let n = self.n_numbers();
        let has_year = self.has(Piece::Year);
        let most = self.usual();
        let sign = self.pieces.iter().find_map(|piece| match piece {
            Piece::Sign(sign) if b"-/._ ".contains(sign) => Some(*sign),
            _ => None,
        });
        if self.has(Piece::Month) {
            return match n {
                0 => Some((['d'; 3], false, false)),
                // A month and a year, or a month and a day.
                1 if has_year || self.has(Piece::Hour) => (most[0] <= 31).then_some((['d'; 3], false, false)),
                // Months with days alone are no moments.
                1 if self.short[0] || most[0] <= 31 && self.spread(0) > MOST_SHORT_YEARS => None,
                1 => Some((['y'; 3], false, false)),
                2 if most[0] <= 31 => Some((['d', 'y', 'd'], false, false)),
                2 if most[1] <= 31 => Some((['y', 'd', 'd'], false, false)),
                _ => None,
            };
        }
        match (n, has_year) {
            (0, _) => Some((['d'; 3], false, false)),
            (1, true) if most[0] > 12 => {
                (self.are_weeks() && most[0] <= 53).then_some((['w'; 3], false, false))
            }
            (1, true) => Some((['m'; 3], false, false)),
            (2, true) if self.day_and_month().is_none() => match (most[0] <= 12, most[1] <= 12) {
                (true, _) if most[1] <= 31 => Some((['m', 'd', 'd'], false, false)),
                (false, true) if most[0] <= 31 => Some((['d', 'm', 'd'], false, false)),
                _ => None,
            },
            (2, true) | (3, false) => {
                let is_set = day_first == Some(false) && self.may_be_year_first();
                if n == 3 && (is_set || self.is_year_first(most)) {
                    return Some((['y', 'm', 'd'], false, false));
                }
                let default = day_first.unwrap_or(sign != Some(b'/'));
                let day = most[0] <= 31 && most[1] <= 12;
                let month = most[0] <= 12 && most[1] <= 31;
                let open = day && month && day_first.is_none();
                match (day, month) {
                    (true, true) if default => Some((['d', 'm', 'y'], open, true)),
                    (true, true) => Some((['m', 'd', 'y'], open, false)),
                    (true, false) => Some((['d', 'm', 'y'], false, true)),
                    (false, true) => Some((['m', 'd', 'y'], false, false)),
                    // Two digits of a year first.
                    (false, false) if n == 3 && most[1] <= 12 && most[2] <= 31 => {
                        Some((['y', 'm', 'd'], false, false))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Moments {
    /// Lengths of time of which those below an hour have no hours: `58:07` beside `1:02:30`.
    pub(super) fn race(&self) -> Option<Format> {
        let [a, b] = self.shapes.as_slice() else { return None };
        let (long, short) = if a.pieces.len() > b.pieces.len() { (a, b) } else { (b, a) };
        let seconds = |seen: &Seen| seen.pieces.contains(&Piece::Second);
        let is_race = short.duration() == Some(DurationForm::Minutes)
            && short.hour < 60
            && seconds(long)
            && long.pieces.starts_with(&short.pieces)
            && long.pieces.len() == short.pieces.len() + 2
            && !long.hour_padded;
        is_race.then(|| Format {
            duration: Some(DurationForm::Race),
            first: long.first.clone(),
            matched: self.n,
            ..Format::default()
        })
    }
}

/// A format that ends in an offset, with `Z` in its place.
pub(super) fn in_utc(format: &str) -> Option<String> {
    let at = ["%:z", "%z"].iter().find_map(|offset| format.strip_suffix(offset))?;
    Some(format!("{at}Z"))
}

/// A format without its fraction of a second.
pub(super) fn simple_fraction(format: &str) -> String {
    let mut format = format.to_owned();
    for fraction in ["%.3f", "%.6f", "%.9f", "%.f", ",%3f", ",%6f", ",%9f"] {
        format = format.replace(fraction, "");
    }
    format
}
