//! Cutting times of day into their pieces.

use super::scan::Scanner;
use super::{Piece, Word, ZONES};
use crate::data::offset::NAMES_OF_UTC;

/// Behind the hours of East Asia.
const MARKED_HOURS: [&str; 3] = ["時", "时", "시"];
/// Blanks that do not break a line.
const FIRM_BLANKS: [&str; 2] = ["\u{a0}", "\u{202f}"];
/// Words behind a time of day that say that it is one.
const BEHIND: [&str; 7] = ["Uhr", "uhr", "uur", "hrs", "Hrs", "น.", "h"];
/// Words before one.
const BEFORE: [&str; 6] = ["kl. ", "Kl. ", "kl ", "klo ", "godz. ", "T"];
/// Between hours and minutes of a time that is said in words.
const HOUR_MARKS: [&str; 3] = ["h", "H", "Uhr"];

impl Scanner<'_> {
    /// A time of day; what was taken of one that is none is given back.
    pub(super) fn time(&mut self) -> Option<()> {
        let (rest, shape) = (self.rest, self.shape.clone());
        let mut time = None;
        if !rest.is_ascii() {
            time = self.marked_time();
            if time.is_none() {
                (self.rest, self.shape) = (rest, shape.clone());
            }
        }
        let time = time.or_else(|| self.clock());
        if time.is_none() {
            (self.rest, self.shape) = (rest, shape);
        }
        time
    }

    fn clock(&mut self) -> Option<()> {
        let start = self.shape.pieces.len();
        // After a date, `T1230` and `T123005`; after one without signs also ` 123005`.
        let is_compact = matches!(
            self.shape.pieces.as_slice(),
            [.., Piece::Sign(b'T')] | [.., Piece::Compact, Piece::Sign(b' ')]
        );
        // Behind the day of the week alone, `4.04.23` is a date.
        let has_date = start > 0 && !self.is_after_weekday();
        let is_told = self.mark(&BEFORE).is_some();
        // `오후 3:05`: the half comes first.
        let has_half = self.half_follows(0);
        if has_half {
            self.half();
            self.blank();
        }
        // `5 2024  1:05PM`: a blank stands for a leading zero.
        if start > 0 && matches!(self.rest, [b' ', b'0'..=b'9', b':', ..]) {
            self.shape.blank_hour = true;
            self.rest = &self.rest[1..];
        }
        let digits = self.count();
        if matches!(digits, 4 | 6) && is_compact {
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
            let after = self.rest.get(digits..)?;
            let in_words = HOUR_MARKS.iter().any(|mark| skip_blank(after).starts_with(mark.as_bytes()));
            let is_clock = matches!(after.first(), Some(b':' | b'.'))
                || self.half_follows(digits)
                || (in_words && digits <= 2);
            if !(1..=4).contains(&digits) || !is_clock || (digits > 2 && start > 0) {
                return None;
            }
            let hour = self.rest[..digits].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
            self.shape.hour = (hour, digits as u8);
            self.shape.pieces.push(Piece::Hour);
            self.rest = after;
            match self.rest.first() {
                Some(&sign @ (b':' | b'.')) => self.parted(sign, has_date || is_told || has_half)?,
                _ if in_words => self.in_words(),
                _ => {}
            }
        }
        if self.shape.pieces.last() == Some(&Piece::Second)
            && let Some(&sign @ (b'.' | b',')) = self.rest.first()
        {
            self.rest = &self.rest[1..];
            let digits = self.count();
            (1..=9).contains(&digits).then_some(())?;
            self.shape.fraction = digits as u8;
            self.shape.has_fraction = self.rest[..digits].iter().any(|byte| *byte != b'0');
            self.shape.pieces.push(Piece::Fraction(sign));
            self.rest = &self.rest[digits..];
        }
        if !has_half && self.half_follows(0) {
            self.blank();
            self.half();
        }
        let behind = skip_blank(self.rest);
        if BEHIND.iter().any(|word| behind == word.as_bytes()) {
            self.blank();
            self.mark(&BEHIND);
        }
        Some(())
    }

    /// Whether nothing but the day of the week stands before.
    fn is_after_weekday(&self) -> bool {
        self.shape
            .pieces
            .iter()
            .all(|piece| matches!(piece, Piece::Weekday | Piece::Sign(b',' | b' ' | b'[')))
    }

    /// Minutes and seconds after `sign`. A full stop is that of a time where something else says so.
    fn parted(&mut self, sign: u8, is_told: bool) -> Option<()> {
        for piece in [Piece::Minute, Piece::Second] {
            if self.rest.first() != Some(&sign) {
                break;
            }
            self.rest = &self.rest[1..];
            if self.count() != 2 || self.two(0) >= 60 + u32::from(piece == Piece::Second) {
                return None;
            }
            self.shape.pieces.extend([Piece::Sign(sign), piece]);
            self.rest = &self.rest[2..];
        }
        let behind = skip_blank(self.rest);
        let is_said = self.half_follows(0) || BEHIND.iter().any(|word| behind == word.as_bytes());
        (sign == b':' || is_told || is_said).then_some(())
    }

    /// `21h`, `21h54`, `21 h 54`, `21 Uhr 54`.
    fn in_words(&mut self) {
        self.blank();
        self.mark(&HOUR_MARKS);
        let minutes = skip_blank(self.rest);
        let digits = minutes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 2 && minutes[0] < b'6' {
            self.blank();
            self.shape.pieces.push(Piece::Minute);
            self.rest = &self.rest[2..];
        }
    }

    /// `13時45分`, `13时45分30秒`, `13시 45분`.
    fn marked_time(&mut self) -> Option<()> {
        // `午後1時45分`: the half comes first.
        if self.half_follows(0) {
            self.half();
            self.blank();
        }
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

    /// Takes `AM` or `PM`.
    fn half(&mut self) {
        let small = self.rest[0].is_ascii_lowercase();
        self.shape.half = Some(Word { long: None, capital: !small, small });
        self.shape.pieces.push(Piece::Half);
        self.rest = &self.rest[2..];
    }

    /// Takes a blank, or one that does not break a line.
    fn blank(&mut self) {
        if !self.sign(b" ") {
            self.mark(&FIRM_BLANKS);
        }
    }

    /// Whether `AM` or `PM` comes after so many characters, a blank before it or not.
    fn half_follows(&self, at: usize) -> bool {
        let rest = skip_blank(&self.rest[at.min(self.rest.len())..]);
        // `上午9:05` has no blank.
        let ends = rest.get(2).is_none_or(|byte| !byte.is_ascii_alphanumeric())
            || (at == 0 && self.shape.halves.is_some());
        ends && [&b"AM"[..], b"PM", b"am", b"pm"].iter().any(|half| rest.starts_with(half))
    }

    pub(super) fn zone(&mut self) {
        let blank = self.rest.first() == Some(&b' ');
        let rest = &self.rest[usize::from(blank)..];
        let (piece, length, offset) = if rest == b"Z" || rest.starts_with(b"Z]") {
            (Piece::Sign(b'Z'), 1, None)
        } else if let Some(at) = ZONES.iter().position(|zone| {
            rest.strip_prefix(zone.as_bytes()).is_some_and(|after| after.first().is_none_or(|&c| c == b' '))
        }) {
            (Piece::Zone(at as u8), ZONES[at].len(), None)
        } else if let Some(name) = NAMES_OF_UTC.into_iter().find(|name| rest.starts_with(name.as_bytes()))
            && let Some((length, seconds)) = offset(&rest[name.len()..])
        {
            if blank {
                self.shape.pieces.push(Piece::Sign(b' '));
            }
            self.shape.pieces.extend([Piece::Mark(name), Piece::Offset(length)]);
            self.shape.offset = Some(seconds);
            self.rest = &rest[name.len() + usize::from(length)..];
            return;
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
}

/// What follows a blank, if there is one.
fn skip_blank(rest: &[u8]) -> &[u8] {
    let blanks = [" ", FIRM_BLANKS[0], FIRM_BLANKS[1]];
    let blank = blanks.into_iter().find(|blank| rest.starts_with(blank.as_bytes()));
    &rest[blank.map_or(0, str::len)..]
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
    (hours < 15 && minutes < 60).then_some((length, sign * (hours * 3600 + minutes * 60)))
}
