//! Cutting the text of a moment into its pieces.

use super::{Piece, Shape, Word};
use crate::data::calendar::OTHER_YEARS;
use crate::data::language::{ENGLISH as MONTHS, ENGLISH_ONLY, to_english};
use crate::data::{era, half, offset, ordinal, weekday};

/// Moments are no longer than this, in bytes.
const LONGEST: usize = 48;
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Between a date and a time of day.
const BEFORE_TIMES: [&str; 8] = [" às ", " a las ", " alle ", " at ", " um ", " à ", " - ", " o "];
/// Behind a date: for the year in Slavic languages, the day in Lithuanian, a full stop in Croatian and Hungarian.
const BEHIND_DATES: [&str; 7] = [" г.", " г", "г.", " р.", " r.", " d.", "."];
/// Behind the years of East Asia.
const MARKED_YEARS: [&str; 2] = ["年", "년"];

/// Cuts a moment's text into its pieces.
pub(super) fn shape(text: &str) -> Option<Shape> {
    // Every moment has a digit and is short; most texts fail here.
    // `4pm` is the shortest.
    let is_short = text.len() < 4 && !(text.len() == 3 && text.ends_with(['m', 'M']));
    if text.len() > LONGEST || is_short || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Most moments have no letters but those of ISO 8601.
    let is_letter = |byte: u8| !byte.is_ascii() || (byte.is_ascii_alphabetic() && !b"TZ".contains(&byte));
    if !text.bytes().any(is_letter) {
        return cut(text, Shape { tongues: ENGLISH_ONLY, ..Shape::default() });
    }
    let dated = era::to_gregorian(text);
    let text = dated.as_ref().map_or(text, |(gregorian, _)| gregorian.as_str());
    let whole = offset::long(text);
    let text = whole.as_deref().unwrap_or(text);
    let day = weekday::to_english(text);
    let text = day.as_ref().map_or(text, |(english, _)| english.as_str());
    let first = ordinal::first(text);
    let text = first.as_deref().unwrap_or(text);
    let english = to_english(text);
    let (text, tongues) = match &english {
        Some((english, tongues)) => (english.as_str(), *tongues),
        None => (text, ENGLISH_ONLY),
    };
    let counted = ordinal::plain(text);
    let text = counted.as_deref().unwrap_or(text);
    let halved = half::to_english(text);
    let (text, halves) = match &halved {
        Some((english, pair)) => (english.as_str(), Some(*pair)),
        None => (text, None),
    };
    let weekdays = day.as_ref().map(|(_, sets)| *sets);
    let (era, short_offset) = (dated.as_ref().map(|(_, era)| *era), whole.is_some());
    let ordinal = counted.is_some();
    cut(text, Shape { tongues, halves, ordinal, era, short_offset, weekdays, ..Shape::default() })
}

/// Cuts a text in English into pieces, which are added to `shape`.
fn cut(text: &str, shape: Shape) -> Option<Shape> {
    let bracketed = text.starts_with('[') && text.ends_with(']');
    let inner = if bracketed { &text[1..text.len() - 1] } else { text };
    let mut scanner = Scanner { rest: inner.as_bytes(), shape };
    if bracketed {
        scanner.shape.pieces.push(Piece::Sign(b'['));
    }
    scanner.moment()?;
    if bracketed {
        scanner.shape.pieces.push(Piece::Sign(b']'));
    }
    let shape = scanner.shape;
    let has_zero = shape.n_numbers > 0 && shape.numbers[0].0 == 0;
    let is_short = shape.n_numbers == 3 && shape.month.is_none() && !shape.pieces.contains(&Piece::Year);
    (scanner.rest.is_empty() && (!has_zero || is_short)).then_some(shape)
}

pub(super) struct Scanner<'a> {
    pub(super) rest: &'a [u8],
    pub(super) shape: Shape,
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
            // Two times of day are the ends of a span: `22:00-06:00`.
            (self.rest.trim_ascii_start().first() != Some(&b'-')).then_some(())?;
            self.zone();
            // A weekday and a time of day, or a time of day alone.
            return Some(());
        }
        if self.period().is_some() {
            return Some(());
        }
        self.date()?;
        self.end_of_date();
        if self.rest.is_empty() {
            return Some(());
        }
        if self.rest.starts_with(b", ") {
            self.sign(b",");
        }
        let is_marked =
            self.mark(&BEFORE_TIMES).is_some() || matches!(self.shape.pieces.last(), Some(Piece::Mark(_)));
        // Db2 writes `2019-04-08-21.06.48.267508`.
        let is_joined = matches!(self.rest, [b'-', b'0'..=b'9', b'0'..=b'9', b'.', ..]) && self.sign(b"-");
        (self.sign(b"T ") || is_marked || is_joined).then_some(()).or_else(|| {
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

    /// What stands behind a date: a day of the week in parentheses, a sign for the year.
    fn end_of_date(&mut self) {
        if self.rest.is_empty() || self.rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return;
        }
        let (rest, shape) = (self.rest, self.shape.clone());
        let opens = self.sign(b"(") || self.mark(&["（", " ("]).is_some();
        if opens && let Some(word) = self.word(&DAYS) {
            self.shape.weekday = Some(word);
            self.shape.pieces.push(Piece::Weekday);
            if self.sign(b")") || self.mark(&["）"]).is_some() {
                return;
            }
        }
        (self.rest, self.shape) = (rest, shape);
        let is_end = |mark: &&'static str| self.rest == mark.as_bytes();
        if let Some(mark) = BEHIND_DATES.iter().find(|mark| is_end(mark)) {
            self.mark(&[mark]);
        }
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
                if self.count() == 3 && sign != b' ' {
                    let day = u32::from(self.rest[0] - b'0') * 100 + self.two(1);
                    self.shape.pieces.push(Piece::DayOfYear);
                    self.rest = &self.rest[3..];
                    return (1..=366).contains(&day).then_some(());
                }
                if sign == b'.' {
                    self.sign(b" ");
                }
                self.month_or_number()?;
                if self.shape.month.is_some() && sign == b'.' && self.sign(b" ") {
                    // `2020. augusztus 4.`
                    self.number()?;
                    self.sign(b".");
                    return Some(());
                }
                if self.rest.first() == Some(&sign) && (sign != b' ' || self.time_does_not_follow()) {
                    self.rest = &self.rest[1..];
                    self.shape.pieces.push(Piece::Sign(sign));
                    // `2024. 05. 11.` is Hungarian, `2024. 5. 11.` Korean.
                    if sign == b'.' {
                        self.sign(b" ");
                    }
                    self.number()?;
                    if sign == b'.' {
                        self.sign(b".");
                    }
                }
                Some(())
            }
            1 | 2 => {
                self.number()?;
                if self.mark(&[" de "]).is_some() {
                    self.month()?;
                    self.mark(&[" de ", " del ", ". de "])?;
                    return self.year();
                }
                let sign = self.separator();
                if sign == Some(b'.') {
                    self.sign(b" ");
                }
                // `05/2017`: a month and a year.
                if matches!(sign, Some(b'/' | b'-' | b' ')) && self.count() == 4 && self.rest.len() == 4 {
                    return self.year();
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
                if sign == b' '
                    && matches!(self.rest, [b' ', b'1'..=b'9', after, ..] if !after.is_ascii_digit())
                {
                    self.shape.blank_day = true;
                    self.rest = &self.rest[1..];
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

    /// Takes one of these words, which has to come next.
    pub(super) fn mark(&mut self, marks: &[&'static str]) -> Option<()> {
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

    fn year(&mut self) -> Option<()> {
        (self.count() == 4 && self.rest[0] != b'0').then_some(())?;
        // Years of the calendars of Iran and of Islam today are taken for these.
        (!OTHER_YEARS.contains(&(self.two(0) * 100 + self.two(2)))).then_some(())?;
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

    pub(super) fn number(&mut self) -> Option<()> {
        let digits = self.count();
        let at = self.shape.n_numbers;
        if !(1..=2).contains(&digits) || at == 3 {
            return None;
        }
        let value = self.rest[..digits].iter().fold(0, |sum, byte| sum * 10 + (byte - b'0'));
        // Only a year may be zero, and it has two digits; it is first or last.
        if value == 0 && (digits == 1 || at == 1) {
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
    pub(super) fn sign(&mut self, signs: &[u8]) -> bool {
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
    pub(super) fn count(&self) -> usize {
        self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// The number of the two digits at `at`.
    pub(super) fn two(&self, at: usize) -> u32 {
        u32::from(self.rest[at] - b'0') * 10 + u32::from(self.rest[at + 1] - b'0')
    }
}
