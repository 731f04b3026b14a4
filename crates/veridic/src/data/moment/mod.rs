//! In which format the moments of a column are, told from the shapes of all its cells.

mod clock;
mod format;
mod period;
mod scan;

use format::{in_utc, simple_fraction};
use scan::shape;

use super::evidence::{Cell, Context};
use super::language::{Tongues, language_of};
use super::spelling::{DurationForm, Letters};
use super::weekday::{self, Sets};
use super::{Era, Language, offset, summer};

/// More shapes than this in one column are no way of writing moments.
const MOST_SHAPES: usize = 6;

/// Of so many days one may have a time of day by mistake.
const DAYS_AN_ODD_TIME: usize = 50;

/// Names of zones that stay as they are; the moments are those of the clock on the wall there.
const ZONES: [&str; 24] = [
    "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "EET", "EEST",
    "WET", "WEST", "BST", "IST", "MSK", "JST", "KST", "AEST", "AEDT", "HST",
];

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
    /// The year that a week belongs to (ISO 8601), the week and the day of it.
    IsoYear,
    Week,
    DayOfWeek,
    /// Three digits behind a year (ISO 8601).
    DayOfYear,
    Quarter,
    /// Two digits of a year, after a quarter.
    ShortYear,
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
    /// Marks of both halves of the day, if they are not English.
    halves: Option<[&'static str; 2]>,
    ordinal: bool,
    /// How the year is written, if it is one of an era of Japan.
    era: Option<Era>,
    short_offset: bool,
    /// Sets of names that the day of the week may be from, if it is not English.
    weekdays: Option<Sets>,
    /// Whether the day, or the hour, has a blank in the place of a zero.
    blank_day: bool,
    blank_hour: bool,
    /// Whether the fraction of a second has a digit other than zero.
    has_fraction: bool,
    /// Two digits of a year behind a quarter.
    short_year: Option<u8>,
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
    /// How many cells have which number in each place.
    counts: Box<[[u32; 100]; 3]>,
    /// Two digits of years behind quarters, one bit each.
    short_years: u128,
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
    halves: Option<[&'static str; 2]>,
    ordinal: bool,
    era: Option<Era>,
    short_offset: bool,
    weekdays: Option<Sets>,
    blank_day: bool,
    blank_hour: bool,
    has_fraction: bool,
    /// The first cells of which the first number is no month, and the second.
    no_months: [Option<Cell>; 2],
}

/// The cells of a column that are moments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    shapes: Vec<Seen>,
    n: usize,
}

/// The format that reads the moments of a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Format {
    pub(crate) format: String,
    /// Coarser ones, the coarsest first.
    pub(crate) coarser: Vec<String>,
    pub(crate) zone: Option<i32>,
    pub(crate) letters: Option<Letters>,
    pub(crate) language: Option<Language>,
    pub(crate) halves: Option<[String; 2]>,
    pub(crate) ordinal: bool,
    pub(crate) era: Option<Era>,
    pub(crate) short_offset: bool,
    pub(crate) weekdays: Option<[String; 7]>,
    pub(crate) duration: Option<DurationForm>,
    /// The first cell of the most precise shape.
    pub(crate) first: Cell,
    /// Cells read.
    pub(crate) matched: usize,
    /// A cell in which day and month could be each other.
    pub(crate) ambiguous: Option<Cell>,
    pub(crate) is_day_first: bool,
    /// Years of two digits, one bit each.
    pub(crate) short_years: u128,
    /// The name of the summer time, if the format has that of the standard time and cells have both.
    pub(crate) summer: Option<&'static str>,
    /// Where a few of many days have a time of day, how many, and the first.
    pub(crate) odd_times: Option<(usize, Cell)>,
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
        let is_alike = |seen: &Seen| {
            seen.pieces == shape.pieces
                && seen.halves == shape.halves
                && seen.ordinal == shape.ordinal
                && seen.era.map(|era| era.letter) == shape.era.map(|era| era.letter)
                && seen.short_offset == shape.short_offset
                && seen.weekdays.is_some() == shape.weekdays.is_some()
        };
        let at = self.shapes.iter().position(is_alike);
        let at = match at {
            Some(at) => at,
            None if self.shapes.len() < MOST_SHAPES => {
                self.shapes.push(Seen::new(&shape, cell()));
                self.shapes.len() - 1
            }
            None => return false,
        };
        let seen = &self.shapes[at];
        let days = seen.weekdays.zip(shape.weekdays).is_none_or(|(known, sets)| known & sets != 0);
        if seen.tongues & shape.tongues == 0 || !days {
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
        if let Some(format) = self.race() {
            return Some(format);
        }
        let order = self.day_first(context);
        let mut formats: Vec<(&Seen, String, bool, bool)> = Vec::new();
        for seen in &self.shapes {
            let Some((format, open, day_first)) = seen.format(order) else { continue };
            formats.push((seen, format, open, day_first));
        }
        let summer = formats.iter().find_map(|(_, format, ..)| {
            let (standard, summer) = summer::pair(format)?;
            let other = format.strip_suffix(standard)?.to_owned() + summer;
            formats.iter().any(|(_, known, ..)| *known == other).then_some((standard, summer))
        });
        if let Some((standard, summer)) = summer {
            for (_, format, ..) in &mut formats {
                if let Some(before) = format.strip_suffix(summer).filter(|before| before.ends_with(' ')) {
                    *format = format!("{before}{standard}");
                }
            }
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
        // Beside an offset, `Z` is one more, and `GMT` beside `GMT+1`.
        let is_utc = |other: &str| {
            let is_named = |before: &&str| offset::NAMES_OF_UTC.iter().any(|name| before.ends_with(name));
            let named = format.strip_suffix("%:z").filter(is_named);
            in_utc(&format).as_deref() == Some(other) || named == Some(other)
        };
        let utc = read().find(|(_, other, ..)| is_utc(other));
        let zones = zones.or_else(|| Some((offsets.first()?.first.clone(), utc?.0.first.clone())));
        let zone = offsets.first().and_then(|seen| seen.offset).filter(|_| zones.is_none());
        let odd_times = (coarser.len() == 1 && coarser[0] == "%Y-%m-%d").then(|| {
            let timed = || read().map(|(seen, ..)| *seen).filter(|seen| seen.pieces.contains(&Piece::Minute));
            let first = timed().map(|seen| &seen.first).min();
            Some((timed().map(|seen| seen.n).sum(), first?.clone()))
        });
        let odd_times = odd_times.flatten().filter(|(n, _): &(usize, Cell)| n * DAYS_AN_ODD_TIME <= matched);
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
            halves: seen.halves.map(|halves| halves.map(str::to_owned)),
            ordinal: seen.ordinal,
            era: seen.era,
            short_offset: seen.short_offset,
            weekdays: seen.weekdays.and_then(weekday::names),
            matched,
            ambiguous: open.then(|| seen.first.clone()),
            is_day_first: *is_day_first,
            summer: summer.map(|(_, summer)| summer),
            odd_times,
            short_years: read().fold(0, |years, (seen, ..)| years | seen.years(order)),
            zones,
            mixed: other.map(|other| (seen.first.clone(), other.first.clone())),
        })
    }

    /// A cell in which the day comes before the month, and one in which the month does, both with a year of four digits, if there are
    /// such: no order of them reads all.
    pub(crate) fn contradiction(&self) -> Option<(Cell, Cell)> {
        self.shapes.iter().find_map(Seen::contradiction)
    }

    /// Whether the day comes before the month, where some cell or the setting tells.
    pub(crate) fn day_first(&self, context: &Context) -> Option<bool> {
        let is_set = context.day_first == Some(false) && self.shapes.iter().any(Seen::may_be_year_first);
        let told = self.shapes.iter().find_map(Seen::told_day_first);
        if is_set { Some(false) } else { told.or(context.day_first) }
    }
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

    #[test]
    fn no_order_of_day_and_month_reads_both() {
        let contradict = |cells: &[&str]| {
            let mut moments = Moments::default();
            cells.iter().for_each(|cell| assert!(moments.see(cell, 2), "{cell}"));
            moments.contradiction().map(|(a, b)| [a.1, b.1])
        };
        let both = |a: &str, b: &str| Some([a.to_owned(), b.to_owned()]);
        assert_eq!(contradict(&["03/04/2021", "20/03/2021", "03/20/2021"]), both("20/03/2021", "03/20/2021"));
        assert_eq!(contradict(&["2021-04-30", "2021-31-04"]), both("2021-31-04", "2021-04-30"));
        assert_eq!(contradict(&["03/04/2021", "20/03/2021"]), None);
        // Of two-digit years the third number may be the day.
        assert_eq!(contradict(&["20/03/21", "03/20/21"]), None);
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
            (&["9:05 p. m.", "11:30 a. m."], "%-I:%M %p"),
            (&["오후 3:05", "오전 11:30"], "%p %-I:%M"),
            (&["午後3時05分", "午前11時30分"], "%p%-I時%M分"),
            (&["21.54 Uhr", "09.05 Uhr"], "%H.%M Uhr"),
            (&["21h54", "09h05"], "%Hh%M"),
            (&["21 h 54"], "%H h %M"),
            (&["kl. 09.05"], "kl. %H.%M"),
            (&["17.12.2015 06.12"], "%d.%m.%Y %H.%M"),
            (&["31.12.99"], "%d.%m.%y"),
            (&["2024-W05", "2024-W52"], "%G-W%V"),
            (&["KW 5/2024", "KW 12/2024"], "KW %-V/%G"),
            (&["2024-W05-1"], "%G-W%V-%u"),
            (&["2024Q1"], "%YQ%q"),
            (&["Q3 2024"], "Q%q %Y"),
            (&["1Q24"], "%qQ%y"),
            (&["1. Quartal 2024"], "%q. Quartal %Y"),
            (&["2024年第1季度"], "%Y年第%q季度"),
            (&["FY2024"], "FY%Y"),
            (&["2024M05"], "%YM%m"),
            (&["05/2017"], "%m/%Y"),
            (&["May 5th, 2024", "June 22nd, 2024"], "%B %-d, %Y"),
            (&["2020. augusztus 4.", "2020. december 24."], "%Y. %B %-d."),
            (&["Oct  1 22:14:15", "Oct 11 22:14:15"], "%b %e %H:%M:%S"),
            (&["May  5 2024  1:05PM", "May 15 2024 11:05AM"], "%b %e %Y %l:%M%p"),
            (&["Mo, 06.05.2024", "Mi, 08.05.2024"], "%a, %d.%m.%Y"),
            (&["2024/05/01(水)", "2024/05/02(木)"], "%Y/%m/%d(%a)"),
            (&["26.08.2024 г.", "13.09.2024 г."], "%d.%m.%Y г."),
            (&["24.06.2024."], "%d.%m.%Y."),
            (&["12 de mar. de 2024"], "%d de %b. de %Y"),
            (&["13/05/2024 às 10h30"], "%d/%m/%Y às %Hh%M"),
            (&["T10:30"], "T%H:%M"),
            (&["2 Q 2020"], "%q Q %Y"),
            (&["16 WK 2020"], "%V WK %G"),
            (&["1984m2", "1984m12"], "%Ym%-m"),
            (&["02-JAN-2006 15:04:05.00"], "%d-%b-%Y %H:%M:%S.00"),
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
            "2024-W54",
            "2023-W53",
            "2024Q5",
            "25h10",
            "1.2.34 Uhr",
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
