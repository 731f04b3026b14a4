//! Cutting weeks, quarters and years with a word of their own into their pieces.

use chrono::{NaiveDate, Weekday};

use super::Piece;
use super::scan::Scanner;

/// Between a year and what follows it, or before one; none is the last.
const BETWEEN: [&str; 9] = [" - ", ", ", "-", "/", " ", ".", ":", "'", ""];
/// Before the number of a week.
const WEEKS: [&str; 10] = ["W", "KW ", "KW", "Week ", "week ", "wk ", "Wk ", "w", "S", "uke "];
/// Behind it.
const WEEKS_BEHIND: [&str; 3] = [" WK", ". KW", " KW"];
/// Before or behind the number of a quarter.
const QUARTERS_BEFORE: [&str; 7] = ["Q", "q", "T", "K", "Qtr ", "第", "Quarter "];
const QUARTERS_BEHIND: [&str; 11] =
    [" Q", ". Quartal", "Q", "T", "季度", "四半期", "분기", " кв.", " kw.", "er trimestre", "º trimestre"];
/// Before a year of accounts, or one of something else.
const YEARS: [&str; 6] = ["FY ", "FY", "AY ", "AY", "CY", "GJ "];
/// Behind a year in East Asia.
const MARKED: [&str; 4] = ["年 ", "年", "년 ", "년"];

impl Scanner<'_> {
    /// A week or a quarter of a year, or a year with a word before it; what was taken of one that is none is given back.
    pub(super) fn period(&mut self) -> Option<()> {
        // All have a letter behind or before the year.
        let has_letter = |byte: &u8| !byte.is_ascii() || (byte.is_ascii_alphabetic() && *byte != b'Z');
        let at = self.rest.iter().position(has_letter).filter(|at| *at < 8);
        if at.is_none() || self.rest.len() > 24 {
            return None;
        }
        let (rest, shape) = (self.rest, self.shape.clone());
        let forms: [fn(&mut Self) -> Option<()>; 6] = [
            Self::week_of_year,
            Self::year_of_week,
            Self::quarter_of_year,
            Self::year_of_quarter,
            Self::named_year,
            Self::month_of_year,
        ];
        for form in forms {
            if form(self).is_some() && self.rest.is_empty() {
                return Some(());
            }
            (self.rest, self.shape) = (rest, shape.clone());
        }
        None
    }

    /// `2024-W05`, `2024W05`, `2024 KW 5`, `2024-W05-1`.
    fn week_of_year(&mut self) -> Option<()> {
        let year = self.whole_year(Piece::IsoYear)?;
        self.between();
        self.mark(&WEEKS)?;
        self.week(year)?;
        if self.rest.first() == Some(&b'-') && self.rest.len() == 2 && matches!(self.rest[1], b'1'..=b'7') {
            self.sign(b"-");
            self.shape.pieces.push(Piece::DayOfWeek);
            self.rest = &self.rest[1..];
        }
        Some(())
    }

    /// `W05 2024`, `KW 5/2024`, `5 WK 2024`.
    fn year_of_week(&mut self) -> Option<()> {
        let is_told = self.mark(&WEEKS).is_some();
        let digits = self.count();
        let year = self.rest.get(self.rest.len().checked_sub(4)?..)?;
        let year =
            year.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(year).ok()?.parse().ok())??;
        (matches!(digits, 1 | 2) && self.rest.len() > digits + 4).then_some(())?;
        self.week(year)?;
        (is_told || self.mark(&WEEKS_BEHIND).is_some()).then_some(())?;
        self.between();
        self.whole_year(Piece::IsoYear).map(|_| ())
    }

    /// `2024Q1`, `2024-Q1`, `2024年第1季度`.
    fn quarter_of_year(&mut self) -> Option<()> {
        self.whole_year(Piece::Year)?;
        if self.mark(&MARKED).is_none() {
            self.between();
        }
        let is_told = self.mark(&QUARTERS_BEFORE).is_some();
        self.quarter()?;
        (self.mark(&QUARTERS_BEHIND).is_some() || is_told).then_some(())
    }

    /// `Q1 2024`, `1Q24`, `T1-2024`, `1. Quartal 2024`.
    fn year_of_quarter(&mut self) -> Option<()> {
        let is_told = self.mark(&QUARTERS_BEFORE).is_some();
        self.quarter()?;
        (is_told || self.mark(&QUARTERS_BEHIND).is_some()).then_some(())?;
        self.between();
        if self.count() == 2 && self.rest.len() == 2 {
            self.shape.short_year = Some(self.two(0) as u8);
            self.rest = &self.rest[2..];
            self.shape.pieces.push(Piece::ShortYear);
            return Some(());
        }
        self.whole_year(Piece::Year).map(|_| ())
    }

    /// `FY2024`.
    fn named_year(&mut self) -> Option<()> {
        self.mark(&YEARS)?;
        self.whole_year(Piece::Year).map(|_| ())
    }

    /// `2024M05`, `2024m5`.
    fn month_of_year(&mut self) -> Option<()> {
        self.whole_year(Piece::Year)?;
        self.mark(&["M", "m"])?;
        self.number()
    }

    /// Four digits of a year of this time or the last ones.
    fn whole_year(&mut self, piece: Piece) -> Option<i32> {
        (self.count() == 4).then_some(())?;
        let year = (self.two(0) * 100 + self.two(2)) as i32;
        (1800..2200).contains(&year).then_some(())?;
        self.rest = &self.rest[4..];
        self.shape.pieces.push(piece);
        Some(year)
    }

    fn week(&mut self, year: i32) -> Option<()> {
        let digits = self.count();
        matches!(digits, 1 | 2).then_some(())?;
        let week = self.rest[..digits].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
        NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)?;
        self.shape.numbers[0] = (week as u8, digits == 2 && week < 10, digits == 1);
        self.shape.n_numbers = 1;
        self.shape.pieces.push(Piece::Week);
        self.rest = &self.rest[digits..];
        Some(())
    }

    fn quarter(&mut self) -> Option<()> {
        (self.count() == 1 && matches!(self.rest[0], b'1'..=b'4')).then_some(())?;
        self.shape.pieces.push(Piece::Quarter);
        self.rest = &self.rest[1..];
        Some(())
    }

    /// Takes what stands between a year and its part, if anything.
    fn between(&mut self) {
        if !self.rest.is_empty() {
            self.mark(&BETWEEN);
        }
    }
}
