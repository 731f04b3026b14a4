//! In which format the moments of a column are, told from the shapes of all its cells.

use super::Language;
use super::evidence::{Cell, Context};
use super::language::{ANY, ENGLISH_ONLY, Tongues, language_of, to_english};
use super::spelling::{DurationForm, Letters};

/// More shapes than this in one column are no way of writing moments.
const MOST_SHAPES: usize = 6;
const LONGEST: usize = 48;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Names of zones that stay as they are; the moments are those of the clock on the wall there.
const ZONES: [&str; 24] = [
    "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "EET", "EEST",
    "WET", "WEST", "BST", "IST", "MSK", "JST", "KST", "AEST", "AEDT", "HST",
];

/// Behind the years and hours of East Asia.
const MARKED_YEARS: [&str; 2] = ["年", "년"];
const MARKED_HOURS: [&str; 3] = ["時", "时", "시"];

/// A part of a moment's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// A character that stands for itself.
    Sign(u8),
    /// A word that does.
    Mark(&'static str),
    /// Four digits of a year.
    Year,
    /// One or two digits of a day, month or year, by its place among them.
    Number(u8),
    /// Eight digits: year, month, day.
    Compact,
    Month,
    Weekday,
    Hour,
    Minute,
    Second,
    /// A fraction after this sign.
    Fraction(u8),
    /// `AM` or `PM`.
    Half,
    /// One of [`ZONES`].
    Zone(u8),
    /// Hours east: `+02`, `+0200` or `+02:00`, by its length.
    Offset(u8),
}

/// What a cell is made of.
#[derive(Debug, Clone, Default)]
struct Shape {
    pieces: Vec<Piece>,
    numbers: [(u8, bool, bool); 3],
    n_numbers: usize,
    hour: (u32, u8),
    fraction: u8,
    month: Option<Word>,
    weekday: Option<Word>,
    half: Option<Word>,
    offset: Option<i32>,
    tongues: Tongues,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    /// `None` for a name that is as long as its short form: May.
    long: Option<bool>,
    capital: bool,
    small: bool,
}

/// Cells of one shape.
#[derive(Debug, Clone)]
struct Seen {
    pieces: Vec<Piece>,
    n: usize,
    first: Cell,
    most: [u8; 3],
    padded: [bool; 3],
    short: [bool; 3],
    hour: u32,
    hour_padded: bool,
    hour_short: bool,
    fraction: [u8; 2],
    long: bool,
    abbreviated: bool,
    weekday_long: bool,
    capital: bool,
    small: bool,
    half_small: bool,
    offset: Option<i32>,
    other_offset: Option<Cell>,
    /// Languages that the months of all cells may be in.
    tongues: Tongues,
}

/// The cells of a column that are moments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    shapes: Vec<Seen>,
    n: usize,
}

/// The format that reads the moments of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Format {
    pub(crate) format: String,
    /// Coarser ones, the coarsest first.
    pub(crate) coarser: Vec<String>,
    pub(crate) zone: Option<i32>,
    pub(crate) letters: Option<Letters>,
    pub(crate) language: Option<Language>,
    pub(crate) duration: Option<DurationForm>,
    /// The first cell of the most precise shape.
    pub(crate) first: Cell,
    /// Cells read.
    pub(crate) matched: usize,
    /// A cell in which day and month could be each other.
    pub(crate) ambiguous: Option<Cell>,
    pub(crate) is_day_first: bool,
    /// Cells of two zones.
    pub(crate) zones: Option<(Cell, Cell)>,
    /// A cell that is read, and one that is a moment in another format.
    pub(crate) mixed: Option<(Cell, Cell)>,
}

impl Moments {
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// Takes in a cell; `false` where it is no moment in any format.
    pub(crate) fn see(&mut self, text: &str, line: u64) -> bool {
        let Some(shape) = shape(text) else { return false };
        let cell = || (line, text.to_owned());
        let at = self.shapes.iter().position(|seen| seen.pieces == shape.pieces);
        let at = match at {
            Some(at) => at,
            None if self.shapes.len() < MOST_SHAPES => {
                self.shapes.push(Seen::new(&shape, cell()));
                self.shapes.len() - 1
            }
            None => return false,
        };
        if self.shapes[at].tongues & shape.tongues == 0 {
            return false;
        }
        self.n += 1;
        self.shapes[at].add(&shape, cell);
        true
    }

    /// The format that reads most cells; `None` where none can be.
    ///
    /// `years` cells more are whole numbers of four digits.
    pub(crate) fn choose(&self, years: usize, context: &Context) -> Option<Format> {
        let order = self.day_first(context);
        let mut formats: Vec<(&Seen, String, bool, bool)> = Vec::new();
        for seen in &self.shapes {
            let Some((format, open, day_first)) = seen.format(order) else { continue };
            formats.push((seen, format, open, day_first));
        }
        // The most precise of the shapes, or the most frequent.
        let finest =
            formats.iter().max_by_key(|(seen, ..)| (seen.pieces.len(), seen.offset.is_some(), seen.n))?;
        let nested =
            |format: &str| finest.1.starts_with(format) || in_utc(&finest.1).as_deref() == Some(format);
        let matched: usize =
            formats.iter().filter(|(_, format, ..)| nested(format)).map(|(seen, ..)| seen.n).sum();
        let main =
            if matched * 2 > self.n { finest } else { formats.iter().max_by_key(|(seen, ..)| seen.n)? };
        let nested = |format: &str| {
            main.1.starts_with(format)
                || in_utc(&main.1).as_deref() == Some(format)
                || simple_fraction(&main.1) == simple_fraction(format)
        };
        let (seen, format, open, is_day_first) = main;
        let read = || formats.iter().filter(|(_, format, ..)| nested(format));
        let mut coarser: Vec<String> =
            read().map(|(_, other, ..)| other.clone()).filter(|other| other != format).collect();
        let mut matched: usize = read().map(|(seen, ..)| seen.n).sum();
        if years > 0 && format.starts_with("%Y") && format != "%Y%m%d" {
            coarser.push("%Y".to_owned());
            matched += years;
        }
        coarser.sort_by_key(String::len);
        coarser.dedup();
        // Formats that differ by a fraction alone are one that may have one.
        let mut format = format.clone();
        if let Some(at) = coarser.iter().position(|other| simple_fraction(other) == simple_fraction(&format))
        {
            let base = simple_fraction(&format);
            coarser.remove(at);
            coarser.retain(|other| *other != base);
            format = base.replacen("%S", "%S%.f", 1);
        }
        let other = self.shapes.iter().find(|other| !read().any(|(seen, ..)| std::ptr::eq(*seen, *other)));
        let offsets: Vec<&Seen> =
            read().map(|(seen, ..)| *seen).filter(|seen| seen.offset.is_some()).collect();
        let zones = offsets.iter().find_map(|seen| Some((seen.first.clone(), seen.other_offset.clone()?)));
        // Beside an offset, `Z` is one more.
        let utc = in_utc(&format).and_then(|utc| read().find(|(_, other, ..)| *other == utc));
        let zones = zones.or_else(|| Some((offsets.first()?.first.clone(), utc?.0.first.clone())));
        let zone = offsets.first().and_then(|seen| seen.offset).filter(|_| zones.is_none());
        let letters = match (seen.capital, seen.small) {
            (true, _) => Some(Letters::Capital),
            (_, true) => Some(Letters::Small),
            _ => None,
        };
        Some(Format {
            duration: seen.duration(),
            first: seen.first.clone(),
            format,
            coarser,
            zone,
            letters,
            language: language_of(seen.tongues),
            matched,
            ambiguous: open.then(|| seen.first.clone()),
            is_day_first: *is_day_first,
            zones,
            mixed: other.map(|other| (seen.first.clone(), other.first.clone())),
        })
    }

    /// Whether the day comes before the month, where some cell or the setting tells.
    pub(crate) fn day_first(&self, context: &Context) -> Option<bool> {
        let told = self.shapes.iter().find_map(Seen::told_day_first);
        told.or(context.day_first)
    }
}

/// A format that ends in an offset, with `Z` in its place.
fn in_utc(format: &str) -> Option<String> {
    let at = ["%:z", "%z"].iter().find_map(|offset| format.strip_suffix(offset))?;
    Some(format!("{at}Z"))
}

/// A format without its fraction of a second.
fn simple_fraction(format: &str) -> String {
    let mut format = format.to_owned();
    for fraction in ["%.3f", "%.6f", "%.9f", "%.f", ",%3f", ",%6f", ",%9f"] {
        format = format.replace(fraction, "");
    }
    format
}

impl Seen {
    fn new(shape: &Shape, first: Cell) -> Self {
        Self {
            pieces: shape.pieces.clone(),
            n: 0,
            first,
            most: [0; 3],
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
        }
    }

    fn add(&mut self, shape: &Shape, cell: impl Fn() -> Cell) {
        self.n += 1;
        self.tongues &= shape.tongues;
        for (i, &(value, padded, short)) in shape.numbers.iter().take(shape.n_numbers).enumerate() {
            self.most[i] = self.most[i].max(value);
            self.padded[i] |= padded;
            self.short[i] |= short;
        }
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

    fn told_day_first(&self) -> Option<bool> {
        let (a, b) = self.day_and_month()?;
        if self.n_numbers() == 3
            && (self.most[0] > 31 || self.most[2] <= 31 && self.most[a] > 12 && self.most[b] > 12)
        {
            return None;
        }
        match (self.most[a] > 12, self.most[b] > 12) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    fn duration(&self) -> Option<DurationForm> {
        let only_time = !self.pieces.iter().any(|piece| {
            matches!(
                piece,
                Piece::Year | Piece::Number(_) | Piece::Compact | Piece::Month | Piece::Half | Piece::Weekday
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
    fn format(&self, day_first: Option<bool>) -> Option<(String, bool, bool)> {
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
                Piece::Year => format.push_str("%Y"),
                Piece::Compact => format.push_str("%Y%m%d"),
                Piece::Number(i) => {
                    let i = usize::from(i);
                    format.push('%');
                    if self.short[i] && !self.padded[i] {
                        format.push('-');
                    }
                    format.push(fields[i]);
                }
                Piece::Month => format.push_str(if self.long { "%B" } else { "%b" }),
                Piece::Weekday => format.push_str(if self.weekday_long { "%A" } else { "%a" }),
                Piece::Hour => {
                    format.push('%');
                    if self.hour_short && !self.hour_padded {
                        format.push('-');
                    }
                    format.push(if self.has(Piece::Half) { 'I' } else { 'H' });
                }
                Piece::Minute => format.push_str("%M"),
                Piece::Second => format.push_str("%S"),
                Piece::Fraction(sign) => {
                    let [least, most] = self.fraction;
                    match (sign, least == most, most) {
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
        let most = self.most;
        let sign = self.pieces.iter().find_map(|piece| match piece {
            Piece::Sign(sign) if b"-/._ ".contains(sign) => Some(*sign),
            _ => None,
        });
        if self.has(Piece::Month) {
            return match n {
                0 => Some((['d'; 3], false, false)),
                // A month and a year, or a month and a day.
                1 if has_year || self.has(Piece::Hour) => (most[0] <= 31).then_some((['d'; 3], false, false)),
                1 => Some((['y'; 3], false, false)),
                2 if most[0] <= 31 => Some((['d', 'y', 'd'], false, false)),
                2 if most[1] <= 31 => Some((['y', 'd', 'd'], false, false)),
                _ => None,
            };
        }
        match (n, has_year) {
            (0, _) => Some((['d'; 3], false, false)),
            (1, true) => (most[0] <= 12).then_some((['m'; 3], false, false)),
            (2, true) if self.day_and_month().is_none() => match (most[0] <= 12, most[1] <= 12) {
                (true, _) if most[1] <= 31 => Some((['m', 'd', 'd'], false, false)),
                (false, true) if most[0] <= 31 => Some((['d', 'm', 'd'], false, false)),
                _ => None,
            },
            (2, true) | (3, false) => {
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

/// Cuts a moment's text into its pieces.
fn shape(text: &str) -> Option<Shape> {
    // Every moment has a digit and is short; most texts fail here.
    if text.len() > LONGEST || text.len() < 4 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let english = to_english(text);
    let (text, tongues) = match &english {
        Some((english, tongues)) => (english.as_str(), *tongues),
        None => (text, ENGLISH_ONLY),
    };
    let bracketed = text.starts_with('[') && text.ends_with(']');
    let inner = if bracketed { &text[1..text.len() - 1] } else { text };
    let mut scanner = Scanner { rest: inner.as_bytes(), shape: Shape { tongues, ..Shape::default() } };
    if bracketed {
        scanner.shape.pieces.push(Piece::Sign(b'['));
    }
    scanner.moment()?;
    if bracketed {
        scanner.shape.pieces.push(Piece::Sign(b']'));
    }
    scanner.rest.is_empty().then_some(scanner.shape)
}

struct Scanner<'a> {
    rest: &'a [u8],
    shape: Shape,
}

impl Scanner<'_> {
    fn moment(&mut self) -> Option<()> {
        if let Some(word) = self.word(&DAYS) {
            self.shape.weekday = Some(word);
            self.shape.pieces.push(Piece::Weekday);
            self.sign(b",");
            self.sign(b" ").then_some(())?;
        }
        if self.time().is_some() {
            self.zone();
            // A weekday and a time of day, or a time of day alone.
            return Some(());
        }
        self.date()?;
        if self.rest.is_empty() {
            return Some(());
        }
        if self.rest.starts_with(b", ") {
            self.sign(b",");
        }
        let is_marked = matches!(self.shape.pieces.last(), Some(Piece::Mark(_)));
        (self.sign(b"T ") || is_marked).then_some(()).or_else(|| {
            // The log of a web server: `10/Oct/2000:13:55:36`.
            (self.shape.month.is_some() && self.sign(b":")).then_some(())
        })?;
        self.time()?;
        self.zone();
        if self.rest.first() == Some(&b' ') && self.rest.len() == 5 {
            // `Mon Jan 2 15:04:05 2006`.
            self.sign(b" ");
            self.year()?;
        }
        Some(())
    }

    fn date(&mut self) -> Option<()> {
        let digits = self.count();
        if digits == 4 && MARKED_YEARS.iter().any(|mark| self.rest[4..].starts_with(mark.as_bytes())) {
            return self.marked_date();
        }
        match digits {
            8 => {
                let (month, day) = (self.two(4), self.two(6));
                (self.rest[0] != b'0' && matches!(month, 1..=12) && matches!(day, 1..=31)).then_some(())?;
                // Digits alone are a number.
                (self.rest.len() > 8).then_some(())?;
                self.rest = &self.rest[8..];
                self.shape.pieces.push(Piece::Compact);
                Some(())
            }
            4 => {
                self.year()?;
                let sign = self.separator()?;
                self.month_or_number()?;
                if self.rest.first() == Some(&sign) && (sign != b' ' || self.time_does_not_follow()) {
                    self.rest = &self.rest[1..];
                    self.shape.pieces.push(Piece::Sign(sign));
                    self.number()?;
                }
                Some(())
            }
            1 | 2 => {
                self.number()?;
                if self.mark(&[" de "]).is_some() {
                    self.month()?;
                    self.mark(&[" de ", " del "])?;
                    return self.year();
                }
                let sign = self.separator();
                if sign == Some(b'.') {
                    self.sign(b" ");
                }
                // `05MAY2017` has no signs.
                if sign.is_none() {
                    self.month()?;
                } else {
                    self.month_or_number()?;
                }
                if let Some(sign) = sign {
                    if self.shape.month.is_some() && sign == b'.' {
                        self.sign(b". ").then_some(())?;
                    } else if self.shape.month.is_some() && sign == b' ' && self.rest.starts_with(b", ") {
                        self.sign(b",");
                        self.sign(b" ");
                    } else {
                        (self.rest.first() == Some(&sign)).then_some(())?;
                        self.sign(&[sign]).then_some(())?;
                        if sign == b'.' {
                            self.sign(b" ");
                        }
                    }
                } else if self.shape.month.is_none() {
                    return None;
                }
                self.year_or_number()
            }
            0 => {
                self.month()?;
                let dotted = self.sign(b".");
                let sign = if dotted { self.sign(b" ").then_some(b' ')? } else { self.separator()? };
                // `Jan  2`: a blank stands for a leading zero.
                if sign == b' ' && self.rest.first() == Some(&b' ') {
                    return None;
                }
                if self.count() == 4 {
                    return self.year();
                }
                self.number()?;
                if self.rest.starts_with(b", ") {
                    self.sign(b",");
                    self.sign(b" ");
                    return self.year_or_number();
                }
                if self.rest.first() == Some(&sign) && self.time_does_not_follow() {
                    self.sign(&[sign]);
                    return self.year_or_number();
                }
                Some(())
            }
            _ => None,
        }
    }

    /// `2024年5月11日`, `2024년 5월 11일`, or without the day.
    fn marked_date(&mut self) -> Option<()> {
        self.year()?;
        self.mark(&MARKED_YEARS)?;
        self.sign(b" ");
        self.number()?;
        self.mark(&["月", "월"])?;
        self.sign(b" ");
        if self.count() > 0 {
            self.number()?;
            self.mark(&["日", "일"])?;
        }
        Some(())
    }

    /// `13時45分`, `13时45分30秒`, `13시 45분`.
    fn marked_time(&mut self) -> Option<()> {
        let digits = self.count();
        (matches!(digits, 1 | 2)
            && MARKED_HOURS.iter().any(|mark| self.rest[digits..].starts_with(mark.as_bytes())))
        .then_some(())?;
        let hour = self.rest[..digits].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
        self.shape.hour = (hour, digits as u8);
        self.shape.pieces.push(Piece::Hour);
        self.rest = &self.rest[digits..];
        self.mark(&MARKED_HOURS)?;
        for (piece, marks) in [(Piece::Minute, ["分", "분"]), (Piece::Second, ["秒", "초"])] {
            let blank = usize::from(self.rest.first() == Some(&b' '));
            if !self.rest.get(blank).is_some_and(u8::is_ascii_digit) {
                break;
            }
            self.sign(b" ");
            (self.count() == 2 && self.two(0) < 60).then_some(())?;
            self.shape.pieces.push(piece);
            self.rest = &self.rest[2..];
            self.mark(&marks)?;
        }
        Some(())
    }

    /// Takes one of these words, which has to come next.
    fn mark(&mut self, marks: &[&'static str]) -> Option<()> {
        let mark = marks.iter().find(|mark| self.rest.starts_with(mark.as_bytes()))?;
        self.shape.pieces.push(Piece::Mark(mark));
        self.rest = &self.rest[mark.len()..];
        Some(())
    }

    /// Whether what comes after the next sign is no `12:…`.
    fn time_does_not_follow(&self) -> bool {
        let after = &self.rest[1..];
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        after.get(digits) != Some(&b':')
    }

    fn time(&mut self) -> Option<()> {
        if self.marked_time().is_some() {
            return Some(());
        }
        let digits = self.count();
        let start = self.shape.pieces.len();
        // After a date, `T1230` and `T123005`.
        if matches!(digits, 4 | 6) && self.shape.pieces.last() == Some(&Piece::Sign(b'T')) {
            for (i, piece) in
                [Piece::Hour, Piece::Minute, Piece::Second].into_iter().take(digits / 2).enumerate()
            {
                let value = self.two(i * 2);
                (value < 60).then_some(())?;
                if i == 0 {
                    self.shape.hour = (value, 2);
                }
                self.shape.pieces.push(piece);
            }
            self.rest = &self.rest[digits..];
        } else {
            let after = *self.rest.get(digits).unwrap_or(&0);
            let is_half =
                matches!(after.to_ascii_uppercase(), b'A' | b'P' | b' ') && self.half_follows(digits);
            if !(1..=4).contains(&digits) || (after != b':' && !is_half) || (digits > 2 && start > 0) {
                return None;
            }
            let hour = self.rest[..digits].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
            self.shape.hour = (hour, digits as u8);
            self.shape.pieces.push(Piece::Hour);
            self.rest = &self.rest[digits..];
            for piece in [Piece::Minute, Piece::Second] {
                if self.rest.first() != Some(&b':') {
                    break;
                }
                self.rest = &self.rest[1..];
                if self.count() != 2 || self.two(0) >= 60 + u32::from(piece == Piece::Second) {
                    return None;
                }
                self.shape.pieces.extend([Piece::Sign(b':'), piece]);
                self.rest = &self.rest[2..];
            }
        }
        if self.shape.pieces.last() == Some(&Piece::Second)
            && let Some(&sign @ (b'.' | b',')) = self.rest.first()
        {
            self.rest = &self.rest[1..];
            let digits = self.count();
            (1..=9).contains(&digits).then_some(())?;
            self.shape.fraction = digits as u8;
            self.shape.pieces.push(Piece::Fraction(sign));
            self.rest = &self.rest[digits..];
        }
        if self.half_follows(0) {
            self.sign(b" ");
            let small = self.rest[0].is_ascii_lowercase();
            self.shape.half = Some(Word { long: None, capital: !small, small });
            self.shape.pieces.push(Piece::Half);
            self.rest = &self.rest[2..];
        }
        Some(())
    }

    /// Whether `AM` or `PM` comes after so many characters, a blank before it or not.
    fn half_follows(&self, at: usize) -> bool {
        let rest = &self.rest[at.min(self.rest.len())..];
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let ends = rest.get(2).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        ends && [&b"AM"[..], b"PM", b"am", b"pm"].iter().any(|half| rest.starts_with(half))
    }

    fn zone(&mut self) {
        let blank = self.rest.first() == Some(&b' ');
        let rest = &self.rest[usize::from(blank)..];
        let (piece, length, offset) = if rest == b"Z" || rest.starts_with(b"Z]") {
            (Piece::Sign(b'Z'), 1, None)
        } else if let Some(at) = ZONES.iter().position(|zone| {
            rest.strip_prefix(zone.as_bytes()).is_some_and(|after| after.first().is_none_or(|&c| c == b' '))
        }) {
            (Piece::Zone(at as u8), ZONES[at].len(), None)
        } else if let Some((length, seconds)) = offset(rest) {
            (Piece::Offset(length), usize::from(length), Some(seconds))
        } else {
            return;
        };
        if blank {
            self.shape.pieces.push(Piece::Sign(b' '));
        }
        self.shape.pieces.push(piece);
        self.shape.offset = offset;
        self.rest = &rest[length..];
    }

    fn year(&mut self) -> Option<()> {
        (self.count() == 4 && self.rest[0] != b'0').then_some(())?;
        self.rest = &self.rest[4..];
        self.shape.pieces.push(Piece::Year);
        Some(())
    }

    fn year_or_number(&mut self) -> Option<()> {
        match self.count() {
            4 => self.year(),
            2 => self.number(),
            _ => None,
        }
    }

    fn month_or_number(&mut self) -> Option<()> {
        if self.count() > 0 { self.number() } else { self.month() }
    }

    fn number(&mut self) -> Option<()> {
        let digits = self.count();
        let at = self.shape.n_numbers;
        if !(1..=2).contains(&digits) || at == 3 {
            return None;
        }
        let value = self.rest[..digits].iter().fold(0, |sum, byte| sum * 10 + (byte - b'0'));
        // Only a year may be zero, and it has two digits.
        if value == 0 && (digits == 1 || at < 2) {
            return None;
        }
        self.shape.numbers[at] = (value, digits == 2 && value < 10, digits == 1);
        self.shape.n_numbers += 1;
        self.shape.pieces.push(Piece::Number(at as u8));
        self.rest = &self.rest[digits..];
        Some(())
    }

    fn month(&mut self) -> Option<()> {
        if self.shape.month.is_some() {
            return None;
        }
        self.shape.month = Some(self.word(&MONTHS)?);
        self.shape.pieces.push(Piece::Month);
        Some(())
    }

    /// Takes a name or its first three letters.
    fn word(&mut self, names: &[&str]) -> Option<Word> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if length < 3 {
            return None;
        }
        let word = &self.rest[..length];
        let name = names.iter().find(|name| {
            (length == name.len() || length == 3) && name.as_bytes()[..length].eq_ignore_ascii_case(word)
        })?;
        let long = if name.len() == 3 { None } else { Some(length > 3) };
        let capital = word.iter().all(u8::is_ascii_uppercase);
        let small = word.iter().all(u8::is_ascii_lowercase);
        // What is neither is written as a name is: `May`.
        let is_titled = word[0].is_ascii_uppercase() && word[1..].iter().all(u8::is_ascii_lowercase);
        if !(capital || small || is_titled) {
            return None;
        }
        self.rest = &self.rest[length..];
        Some(Word { long, capital, small })
    }

    fn separator(&mut self) -> Option<u8> {
        let sign = *self.rest.first().filter(|sign| b"-/._ ".contains(sign))?;
        self.rest = &self.rest[1..];
        self.shape.pieces.push(Piece::Sign(sign));
        Some(sign)
    }

    /// Takes one of these signs if it comes next.
    fn sign(&mut self, signs: &[u8]) -> bool {
        match self.rest.first() {
            Some(sign) if signs.contains(sign) => {
                self.shape.pieces.push(Piece::Sign(*sign));
                self.rest = &self.rest[1..];
                true
            }
            _ => false,
        }
    }

    /// Digits that come next.
    fn count(&self) -> usize {
        self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// The number of the two digits at `at`.
    fn two(&self, at: usize) -> u32 {
        u32::from(self.rest[at] - b'0') * 10 + u32::from(self.rest[at + 1] - b'0')
    }
}

/// The length of an offset from UTC at the start of `rest`, and its seconds.
fn offset(rest: &[u8]) -> Option<(u8, i32)> {
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let two = |at: usize| -> Option<i32> {
        let digits = rest.get(at..at + 2)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| i32::from(digits[0] - b'0') * 10 + i32::from(digits[1] - b'0'))
    };
    let hours = two(1)?;
    let ends = |at: usize| rest.get(at).is_none_or(|&byte| byte == b' ' || byte == b']');
    let (length, minutes) = if ends(3) {
        (3, 0)
    } else if rest.get(3) == Some(&b':') && ends(6) {
        (6, two(4)?)
    } else if ends(5) {
        (5, two(3)?)
    } else {
        return None;
    };
    (hours < 24 && minutes < 60).then_some((length, sign * (hours * 3600 + minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(cells: &[&str]) -> Option<Format> {
        let mut moments = Moments::default();
        for (i, cell) in cells.iter().enumerate() {
            if !moments.see(cell, i as u64 + 2) {
                return None;
            }
        }
        moments.choose(0, &Context::default())
    }

    fn format_of(cells: &[&str]) -> Option<String> {
        choose(cells).filter(|format| format.mixed.is_none()).map(|format| format.format)
    }

    #[test]
    fn formats_are_told_over_all_cells() {
        for (cells, format) in [
            (&["2006-01-03", "2017-12-29"][..], "%Y-%m-%d"),
            (&["2014-07-01 00:30:00"], "%Y-%m-%d %H:%M:%S"),
            (&["2014-07-01T00:30Z"], "%Y-%m-%dT%H:%MZ"),
            (&["20140701T003000"], "%Y%m%dT%H%M%S"),
            (&["03/04/2011", "13/04/2011"], "%d/%m/%Y"),
            (&["03/04/2011", "04/13/2011"], "%m/%d/%Y"),
            (&["3/4/2011", "10/13/2011"], "%-m/%-d/%Y"),
            (&["31.12.1999"], "%d.%m.%Y"),
            (&["03-Jan-2006"], "%d-%b-%Y"),
            (&["May 05, 2017", "February 17, 2015"], "%B %d, %Y"),
            (&["May 5, 2017", "Feb 17, 2015"], "%b %-d, %Y"),
            (&["12/17/2015 06:12:03 AM"], "%m/%d/%Y %I:%M:%S %p"),
            (&["10/27/93", "11/02/94"], "%m/%d/%y"),
            (&["4/14/20", "12/1/21"], "%-m/%-d/%y"),
            (&["93-10-27", "94-11-02"], "%y-%m-%d"),
            (&["10/Oct/2000:13:55:36 -0700"], "%d/%b/%Y:%H:%M:%S %z"),
            (&["[10/Oct/2000:13:55:36 +0200]"], "[%d/%b/%Y:%H:%M:%S %z]"),
            (&["Mon, 02 Jan 2006 15:04:05 GMT"], "%a, %d %b %Y %H:%M:%S GMT"),
            (&["Monday, January 2, 2006"], "%A, %B %-d, %Y"),
            (&["Mon Jan 12 15:04:05 2006"], "%a %b %d %H:%M:%S %Y"),
            (&["2020-01-01 12:00:00,123"], "%Y-%m-%d %H:%M:%S,%3f"),
            (&["2021-11-19T03:48:27+02:00"], "%Y-%m-%dT%H:%M:%S%:z"),
            (&["2021-11-19 03:48:27+00"], "%Y-%m-%d %H:%M:%S+00"),
            (&["2:30 PM", "11:05 AM"], "%-I:%M %p"),
            (&["14:30", "09:05"], "%H:%M"),
            (&["May 2017", "June 2018"], "%B %Y"),
            (&["2017-05"], "%Y-%m"),
            (&["05MAY2017"], "%d%b%Y"),
            (&["2017 May 5"], "%Y %b %-d"),
            (&["Oct 11 22:14:15"], "%b %d %H:%M:%S"),
        ] {
            assert_eq!(format_of(cells).as_deref(), Some(format), "{cells:?}");
        }
    }

    #[test]
    fn what_is_no_moment_has_no_format() {
        for text in [
            "A11",
            "2006-13-03x",
            "1.2.3.4",
            "0000-00-00",
            "soon",
            "12",
            "Maybe 5",
            "5/5",
            "2006-01-03T",
            "1:2",
            "0001-01-01",
        ] {
            assert_eq!(format_of(&[text]), None, "{text}");
        }
        assert_eq!(format_of(&["13/14/2011"]), None);
    }

    #[test]
    fn day_and_month_that_could_be_exchanged_are_told() {
        let open = choose(&["03/04/2011", "05/06/2012"]).unwrap();
        assert_eq!((open.format.as_str(), open.ambiguous), ("%m/%d/%Y", Some((2, "03/04/2011".into()))));
        let mut moments = Moments::default();
        assert!(moments.see("03/04/2011", 2));
        let set = moments.choose(0, &Context { day_first: Some(true), ..Context::default() }).unwrap();
        assert_eq!((set.format.as_str(), set.ambiguous), ("%d/%m/%Y", None));
    }

    #[test]
    fn precision_may_be_mixed_and_formats_may_not() {
        let mixed = choose(&["2020-01-01", "2020-01-01 12:30", "2020-01-01 12:30:05"]).unwrap();
        assert_eq!(mixed.format, "%Y-%m-%d %H:%M:%S");
        assert_eq!(mixed.coarser, ["%Y-%m-%d", "%Y-%m-%d %H:%M"]);
        assert_eq!((mixed.matched, mixed.mixed), (3, None));
        let fraction = choose(&["2020-01-01T12:30:05Z", "2020-01-01T12:30:05.250Z"]).unwrap();
        assert_eq!((fraction.format.as_str(), fraction.coarser.len()), ("%Y-%m-%dT%H:%M:%S%.fZ", 0));
        let two = choose(&["2020-01-01", "2020-01-02", "03/13/2020"]).unwrap();
        assert_eq!(two.mixed.unwrap(), ((2, "2020-01-01".into()), (4, "03/13/2020".into())));
    }

    #[test]
    fn capitals_zones_and_lengths_are_told() {
        assert_eq!(choose(&["05-MAY-2017"]).unwrap().letters, Some(Letters::Capital));
        assert_eq!(choose(&["05-may-2017"]).unwrap().letters, Some(Letters::Small));
        assert_eq!(choose(&["2021-11-19T03:48:27+02:00"]).unwrap().zone, Some(7200));
        let two = choose(&["2021-11-19T03:48:27+02:00", "2021-07-19T03:48:27+03:00"]).unwrap();
        assert!(two.zone.is_none() && two.zones.is_some());
        assert_eq!(choose(&["36:05:09", "2:00:00"]).unwrap().duration, Some(DurationForm::Hours));
        assert_eq!(choose(&["90:05", "12:30"]).unwrap().duration, Some(DurationForm::Minutes));
        assert_eq!(choose(&["12:30"]).unwrap().duration, None);
    }
}
