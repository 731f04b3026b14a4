//! How the numbers and moments of a column are spelled: read by it, and written by it again.

use serde::{Deserialize, Serialize};

use super::digits::{Digits, Parts, digits, is_rate, is_scale, parts};
pub use super::sign::{DurationForm, Letters, Minus};
use super::{Compound, Era, Language, Limits, Magnitudes, Scientific, duration, number, script, summer};

/// How a column spells its numbers or moments, where that is not the plainest way; what is written by it looks as what
/// was read.
///
/// A number is, from left to right: sign, prefix, digits in groups, decimal sign, digits, suffix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spelling {
    /// Between whole part and fraction; a point if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Between groups of digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// Whether groups above the first three digits are of two, as in `12,34,567`.
    #[serde(skip_serializing_if = "is_false")]
    pub lakh: bool,
    /// Whether numbers of four digits have no groups though longer ones have.
    #[serde(skip_serializing_if = "is_false")]
    pub four_ungrouped: bool,
    /// Before the digits, such as `$` or `EUR `.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// After the digits, such as `%` or ` kg`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    /// How numbers below zero are marked.
    #[serde(skip_serializing_if = "Minus::is_front")]
    pub minus: Minus,
    /// Whether numbers above zero have a plus sign.
    #[serde(skip_serializing_if = "is_false")]
    pub plus: bool,
    /// Whether zero has one, too.
    #[serde(skip_serializing_if = "is_false")]
    pub plus_zero: bool,
    /// What stands in the place of the decimals of whole amounts: `598.–` beside `598.50`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_cents: Option<String>,
    /// Instead of a suffix and a minus, what stands behind numbers from zero on, and behind those below: ` H` and ` S`, ` Cr` and ` Dr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sides: Option<Box<[String; 2]>>,
    /// Exactly so many digits after the decimal sign, zeros included, at most 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// At least so many digits after the decimal sign, zeros included, at most 15: `7.0` beside `7.25`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_decimals: Option<u8>,
    /// Whether numbers below one have no zero before the decimal sign: `.5`.
    #[serde(skip_serializing_if = "is_false")]
    pub bare: bool,
    /// At least so many digits before the decimal sign, filled with zeros, at most 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u8>,
    /// Digits after the point of the few cells of a column of whole numbers that are not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odd: Option<u8>,
    /// One digit, a point, digits and a power of ten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scientific: Option<Scientific>,
    /// The numbers are seconds, written as a length of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<DurationForm>,
    /// The numbers have several units: `2h 50m`, `5 ft 11 in`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compound: Option<Box<Compound>>,
    /// Words for powers of ten behind the numbers, before the suffix: `5.6k`, `1.2M`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnitudes: Option<Box<Magnitudes>>,
    /// Numbers beyond what can be measured: `<0.10`, `>100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Box<Limits>>,
    /// For moments: seconds east of UTC of the clock they are written by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<i32>,
    /// For moments: whether names of months and days are in capitals or small letters throughout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letters: Option<Letters>,
    /// For moments: the language of the names of months, if it is not English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// For moments: how both halves of the day are written, where not as `AM` and `PM` or `am` and `pm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halves: Option<Box<[String; 2]>>,
    /// For moments: whether the day has the end of an ordinal number: `May 5th, 2024`.
    #[serde(skip_serializing_if = "is_false")]
    pub ordinal: bool,
    /// For moments: how years are written that are counted by the eras of Japan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub era: Option<Era>,
    /// For moments: whether offsets from UTC are as short as they can be: `GMT+1`.
    #[serde(skip_serializing_if = "is_false")]
    pub short_offset: bool,
    /// For moments: the names of the days of the week from Monday on, in small letters, if they are not English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<Box<[String; 7]>>,
    /// For moments: the name of the summer time, where moments have that and that of the standard time: `CEST` beside `CET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summer: Option<String>,
    /// For moments whose years have two digits: the first of the hundred years that are meant; 1970 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_year: Option<u16>,
    /// The zero of the digits, where these are of another script than Latin: `٠`, `۰`, `०`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero: Option<char>,
    /// For moments of mixed precision: coarser formats than the column's, the coarsest first; a moment is written in the
    /// first that loses nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Spelling {
    /// Whether it says nothing that the plainest spelling does not.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it says nothing but a decimal sign other than a point.
    pub(super) fn is_decimal(&self) -> bool {
        self.decimal.is_some() && *self == Self { decimal: self.decimal, ..Self::default() }
    }

    /// Whether it reads numbers as the plainest spelling does.
    pub(crate) fn reads_plainly(&self) -> bool {
        self.decimal.is_none()
            && self.thousands.is_none()
            && self.prefix.is_empty()
            && self.suffix.is_empty()
            && self.minus == Minus::Front
            && self.duration.is_none()
            && self.zero.is_none()
            && self.compound.is_none()
            && self.magnitudes.is_none()
            && self.limits.is_none()
            && self.sides.is_none()
            && self.no_cents.is_none()
    }

    /// Whether a program that reads plain numbers would lose digits that matter: leading zeros, a plus sign, lengths of time.
    pub(crate) fn is_code(&self) -> bool {
        self.width.is_some() || self.plus || self.duration.is_some() || self.compound.is_some()
    }

    /// What contradicts itself.
    pub(crate) fn problem(&self) -> Option<String> {
        let decimal = self.decimal.unwrap_or('.');
        let sign = |mark: char| mark.is_ascii_digit() || matches!(mark, '-' | '+' | '(' | ')' | '\n' | '\r');
        if sign(decimal) || self.thousands.is_some_and(sign) {
            return Some("a decimal or thousands sign is no sign or digit".into());
        }
        if self.thousands == Some(decimal) {
            return Some(format!("`{decimal}` stands for decimals and for thousands"));
        }
        let powers = self.scientific.map(|scientific| scientific.digits.max(scientific.width));
        let counts = [self.decimals, self.least_decimals, self.width, powers];
        if let Some(many) = counts.into_iter().flatten().find(|&many| many > 15) {
            return Some(format!("{many} digits were asked for, at most 15 are kept"));
        }
        let has_digit = |text: &String| text.chars().any(|c| c.is_ascii_digit());
        let per_many = is_rate(&self.suffix) || is_scale(&self.suffix);
        if has_digit(&self.prefix) || (has_digit(&self.suffix) && !per_many) {
            return Some("prefix and suffix have no digits".into());
        }
        let sides = self.sides.iter().flat_map(|sides| sides.iter());
        if sides.chain(&self.no_cents).any(|text| text.trim().is_empty() || has_digit(text)) {
            return Some("what stands behind numbers of a side or without cents is no digit".into());
        }
        if let Some(problem) = summer::problem(self) {
            return Some(problem);
        }
        if let Some(zero) = self.zero.filter(|&zero| !script::is_zero(zero)) {
            return Some(format!("`{zero}` is the zero of no script that is known"));
        }
        if self
            .halves
            .iter()
            .flat_map(|halves| halves.iter())
            .any(|half| half.is_empty() || half.chars().any(|c| c.is_ascii_digit()))
        {
            return Some("marks of the halves of the day are words".into());
        }
        if let Some(problem) = self.compound.as_deref().and_then(Compound::problem) {
            return Some(problem);
        }
        if let Some(problem) = self.limits.as_deref().and_then(|limits| limits.problem(self)) {
            return Some(problem);
        }
        if let Some(problem) = self.magnitudes.as_deref().and_then(Magnitudes::problem) {
            return Some(problem);
        }
        if let Some(year) = self.first_year.filter(|year| !(1000..=9900).contains(year)) {
            return Some(format!("the first of a hundred years is {year}"));
        }
        let day = 86_400;
        if self.zone.is_some_and(|zone| zone.abs() >= day) {
            return Some("a zone is less than a day from UTC".into());
        }
        self.formats
            .iter()
            .find(|format| !super::date::is_format(format))
            .map(|format| format!("`{format}` is no date-time format"))
    }

    /// The number written as `text` in this spelling, or in the plainest where that cannot be mistaken.
    pub(crate) fn parse(&self, text: &str) -> Option<f64> {
        let latin = self.zero.map(|zero| script::in_latin(text, zero));
        let text = latin.as_deref().unwrap_or(text);
        if let Some(form) = self.duration {
            return duration::parse(text, form);
        }
        if let Some(compound) = &self.compound {
            return compound.parse(text).map(|(value, _)| value);
        }
        let beyond = self.limits.as_ref().and_then(|limits| limits.read(text, self));
        beyond.map(|beyond| beyond.value).or_else(|| self.number(text))
    }

    /// The number of a text that is beyond no limit, has one unit and is no length of time.
    pub(super) fn number(&self, text: &str) -> Option<f64> {
        let spelled = self.parts(text).and_then(|parts| {
            if self.sides.is_some() {
                return self.sided(&parts);
            }
            let value = self.digits(&parts)?.value;
            if let Some(magnitudes) = &self.magnitudes {
                let is_own = parts.prefix == self.prefix;
                return is_own.then(|| Some(magnitudes.read(value, parts.suffix, &self.suffix)?.0))?;
            }
            // A unit may be left out, but a sign stands for what it stands for in the other cells.
            let is_bare = parts.prefix.is_empty() && parts.suffix.is_empty();
            let fits = is_bare || parts.prefix == self.prefix && parts.suffix == self.suffix;
            fits.then_some(value)
        });
        spelled.or_else(|| number::parse(text))
    }

    /// The number of a text with a mark between thousands where none was seen, if that can be nothing else: `1.234,50` where the
    /// decimal mark is a comma, `1,234` among whole numbers, `1 234`.
    pub(crate) fn grouped(&self, text: &str, whole: bool) -> Option<f64> {
        if self.thousands.is_some() || self.duration.is_some() || self.compound.is_some() {
            return None;
        }
        let decimal = self.decimal.unwrap_or('.');
        let other = if decimal == ',' { '.' } else { ',' };
        let is_told = whole || text.contains(decimal) || text.matches(other).count() > 1;
        let marks = [' ', '\u{a0}', '\u{202f}', '\'', '\u{2019}'].into_iter();
        let mut marks = marks.chain(is_told.then_some(other)).filter(|mark| text.contains(*mark));
        marks.find_map(|mark| Self { thousands: Some(mark), ..self.clone() }.number(text))
    }

    /// A text cut into the parts of a number, without what stands for no cents.
    pub(super) fn parts<'a>(&self, text: &'a str) -> Option<Parts<'a>> {
        if is_scale(&self.suffix) {
            let suffix = text.get(text.len().checked_sub(self.suffix.len())?..)?;
            let parts = parts(text.strip_suffix(self.suffix.as_str())?)?;
            return Some(Parts { suffix, ..parts });
        }
        let parts = parts(text)?;
        let has_none = self.no_cents.as_deref() == Some(parts.suffix);
        Some(if has_none { Parts { suffix: "", ..parts } } else { parts })
    }

    /// The number of parts that end in what says on which side it is.
    pub(super) fn sided(&self, parts: &Parts<'_>) -> Option<f64> {
        let [above, below] = self.sides.as_deref()?;
        let value = self.digits(parts).filter(|_| parts.prefix == self.prefix)?.value;
        match parts.suffix {
            suffix if suffix == above => Some(value),
            suffix if suffix == below => Some(-value),
            _ => None,
        }
    }

    /// The digits of a number in parts, with its sign.
    pub(super) fn digits(&self, parts: &Parts<'_>) -> Option<Digits> {
        let read = digits(parts.core, self.decimal.unwrap_or('.'), self.thousands)?;
        let value = if parts.minus.is_some() { -read.value } else { read.value };
        Some(Digits { value, ..read })
    }

    /// Appends `value`, which is rounded to `decimals` digits after the point where the spelling says no number of its own.
    pub(crate) fn write(&self, value: f64, decimals: u8, text: &mut String) {
        let start = text.len();
        self.write_latin(value, decimals, text);
        if let Some(zero) = self.zero {
            let written = text.split_off(start);
            text.push_str(&script::from_latin(&written, zero));
        }
    }

    fn write_latin(&self, value: f64, decimals: u8, text: &mut String) {
        if let Some(form) = self.duration {
            let start = text.len();
            duration::write(value, form, decimals, text);
            if let Some(decimal) = self.decimal {
                let written = text.split_off(start).replace('.', decimal.encode_utf8(&mut [0; 4]));
                text.push_str(&written);
            }
            return;
        }
        if let Some(compound) = &self.compound {
            return compound.write(value, decimals, text);
        }
        if let Some(magnitudes) = &self.magnitudes
            && let Some((unit, scaled, places)) = magnitudes.written(value)
        {
            let own = Self {
                magnitudes: None,
                suffix: format!("{}{}", unit.text, self.suffix),
                decimals: (unit.power > 0 && magnitudes.zeros).then_some(places),
                least_decimals: None,
                ..self.clone()
            };
            return own.write_latin(scaled, if unit.power > 0 { places } else { decimals }, text);
        }
        if let Some(beyond) = self.limits.as_ref().and_then(|limits| limits.written(value, self)) {
            text.push_str(beyond);
            return;
        }
        if let Some(scientific) = self.scientific {
            let start = text.len();
            scientific.write(value, text);
            if let Some(decimal) = self.decimal {
                let written = text.split_off(start).replace('.', decimal.encode_utf8(&mut [0; 4]));
                text.push_str(&written);
            }
            return;
        }
        if let Some([above, below]) = self.sides.as_deref() {
            let suffix = if value < 0.0 { below } else { above }.clone();
            let own = Self { sides: None, suffix, ..self.clone() };
            return own.write_latin(value.abs(), decimals, text);
        }
        let decimals =
            if value.fract() == 0.0 { decimals } else { self.odd.unwrap_or(decimals).max(decimals) };
        let mut plain = String::new();
        let cents = self.no_cents.as_deref().filter(|_| value.fract() == 0.0);
        match self.decimals.filter(|_| cents.is_none()) {
            Some(fixed) if value.abs() < 1e15 => {
                use std::fmt::Write as _;
                let fixed = usize::from(fixed);
                write!(plain, "{:.fixed$}", value + 0.0).expect("writing to a string cannot fail");
            }
            _ => number::write(value, decimals, &mut plain),
        }
        if let Some(least) = self.least_decimals
            && !plain.contains('e')
        {
            let digits = plain.find('.').map_or(0, |at| plain.len() - at - 1);
            if digits == 0 && least > 0 {
                plain.push('.');
            }
            plain.extend(std::iter::repeat_n('0', usize::from(least).saturating_sub(digits)));
        }
        let is_zero = plain.bytes().all(|byte| !matches!(byte, b'1'..=b'9'));
        let negative = plain.starts_with('-') && !is_zero;
        let magnitude = plain.trim_start_matches('-');
        let mut digits = String::with_capacity(magnitude.len() + 8);
        self.group(magnitude, &mut digits);
        digits.push_str(cents.unwrap_or_default());
        let (prefix, suffix) = (self.prefix.as_str(), self.suffix.as_str());
        let plus = if self.plus && (!is_zero || self.plus_zero) { "+" } else { "" };
        let parts: [&str; 4] = match (negative, self.minus) {
            (false, _) => [plus, prefix, &digits, suffix],
            (true, minus) if let Some(line) = minus.line() => [line, prefix, &digits, suffix],
            (true, Minus::Triangle) => ["▲", prefix, &digits, suffix],
            (true, Minus::OpenTriangle) => ["△", prefix, &digits, suffix],
            (true, Minus::Inner) => [prefix, "-", &digits, suffix],
            (true, Minus::Behind) => [prefix, &digits, suffix, "-"],
            (true, Minus::BehindDigits) => [prefix, &digits, "-", suffix],
            (true, Minus::Parentheses) => {
                text.push('(');
                text.extend([prefix, &digits, suffix]);
                text.push(')');
                return;
            }
            (true, Minus::InnerParentheses) => {
                text.push_str(prefix);
                text.push('(');
                text.push_str(&digits);
                text.push(')');
                text.push_str(suffix);
                return;
            }
            (true, _) => ["-", prefix, &digits, suffix],
        };
        text.extend(parts);
    }

    /// Appends a plain number with zeros, groups and the decimal sign of the spelling.
    fn group(&self, plain: &str, text: &mut String) {
        if plain.contains('e') {
            text.push_str(plain);
            return;
        }
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let whole = if self.bare && whole == "0" && !fraction.is_empty() { "" } else { whole };
        let width = usize::from(self.width.unwrap_or(0));
        let zeros = width.saturating_sub(whole.len());
        let all: String = "0".repeat(zeros) + whole;
        match self.thousands {
            Some(mark) if all.len() > 4 || (all.len() == 4 && !self.four_ungrouped) => {
                for (i, digit) in all.chars().enumerate() {
                    let left = all.len() - i;
                    let group = if self.lakh && left > 3 {
                        (left - 3).is_multiple_of(2)
                    } else {
                        left.is_multiple_of(3)
                    };
                    if i > 0 && group {
                        text.push(mark);
                    }
                    text.push(digit);
                }
            }
            _ => text.push_str(&all),
        }
        if !fraction.is_empty() {
            text.push(self.decimal.unwrap_or('.'));
            text.push_str(fraction);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(spelling: &Spelling, value: f64) -> String {
        let mut text = String::new();
        spelling.write(value, 2, &mut text);
        text
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        let plain = Spelling::default();
        let german = Spelling { decimal: Some(','), thousands: Some('.'), ..plain.clone() };
        let dollars = Spelling {
            prefix: "$".into(),
            thousands: Some(','),
            minus: Minus::Parentheses,
            decimals: Some(2),
            ..plain.clone()
        };
        let indian = Spelling { thousands: Some(','), lakh: true, prefix: "₹".into(), ..plain.clone() };
        let code = Spelling { width: Some(5), ..plain.clone() };
        let percent = Spelling { suffix: " %".into(), plus: true, minus: Minus::Typographic, ..plain };
        for (spelling, value, text) in [
            (&german, 1_234_567.5, "1.234.567,5"),
            (&german, -12.0, "-12"),
            (&dollars, -1765.4, "($1,765.40)"),
            (&dollars, 0.5, "$0.50"),
            (&indian, 1_234_567.0, "₹12,34,567"),
            (&code, 560.0, "00560"),
            (&percent, 4.5, "+4.5 %"),
            (&percent, -4.5, "−4.5 %"),
            (&percent, 0.0, "0 %"),
        ] {
            assert_eq!(written(spelling, value), text);
            assert_eq!(spelling.parse(text), Some(value), "{text}");
        }
        let euros = Spelling { suffix: " €".into(), ..german };
        for (text, value) in
            [("1.034,00 €", 1034.0), ("1.034", 1034.0), ("8,22", 8.22), ("8.22", 8.22), ("-7", -7.0)]
        {
            assert_eq!(euros.parse(text), Some(value), "{text}");
        }
        assert_eq!(euros.parse("8 kg"), None);
    }

    #[test]
    fn a_spelling_that_contradicts_itself_is_told() {
        let same = Spelling { decimal: Some(','), thousands: Some(','), ..Spelling::default() };
        assert!(same.problem().is_some());
        assert!(Spelling { width: Some(40), ..Spelling::default() }.problem().is_some());
        assert!(Spelling { suffix: "m2".into(), ..Spelling::default() }.problem().is_some());
        assert_eq!(Spelling::default().problem(), None);
    }
}
