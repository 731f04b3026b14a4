//! Measurements beyond what can be measured: `<0.10` and `>100` among numbers, as laboratories write them.
//!
//! A value below a limit counts as half of it, the usual choice for summaries (Hornung and Reed, Applied Occupational and
//! Environmental Hygiene 5 (1990)), rounded down to the digits of the limit; one above a limit as the next number with these
//! digits, or a whole number where all numbers are. Where no other cell is beyond a limit, what is beyond comes back as it was written; where there are several limits on a
//! side, or numbers beyond one, it comes back as the number that it counts as.

use serde::{Deserialize, Serialize};

use super::number;
use super::spelling::Spelling;

/// More different texts than this are no limits.
const MOST: usize = 12;

/// How numbers below or above a limit are written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// What is written for all numbers below a limit: `<0.10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// What is written for all numbers above a limit: `>100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<String>,
    /// What is read as beyond a limit and written as the number that it counts as.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Whether numbers are whole, whatever the digits of limits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// A number beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Beyond {
    pub(crate) limit: f64,
    /// What it counts as.
    pub(crate) value: f64,
    /// Digits after the point of the limit.
    pub(crate) decimals: u8,
}

/// The sign of a text such as `<0.10` and what is behind it; none of another text.
fn cut(text: &str) -> Option<(bool, &str)> {
    let (is_below, rest) = match (text.strip_prefix('<'), text.strip_prefix('>')) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let rest = rest.trim_start();
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
    (is_number && rest.bytes().any(|byte| byte.is_ascii_digit())).then_some((is_below, rest))
}

impl Limits {
    /// What a text that is one of the limits counts as; `spelling` reads their numbers.
    pub(crate) fn read(&self, text: &str, spelling: &Spelling) -> Option<Beyond> {
        if !self.texts().any(|own| own == text) {
            return None;
        }
        let (is_below, rest) = cut(text)?;
        if rest.contains(['e', 'E']) {
            // `<2e-16`: half of it has no fewer digits.
            let limit = number::parse(rest)?;
            let value = if is_below { limit / 2.0 } else { limit * 2.0 };
            return value.is_finite().then_some(Beyond { limit, value, decimals: number::decimals(rest) });
        }
        let limit = spelling.number(rest)?;
        if self.whole {
            let value = if is_below { (limit / 2.0).floor() } else { limit.floor() + 1.0 };
            let value = if value < limit || !is_below { value } else { value - 1.0 };
            return Some(Beyond { limit, value, decimals: 0 });
        }
        let sign = spelling.decimal.unwrap_or('.');
        let decimals = rest
            .split_once(sign)
            .map_or(0, |(_, digits)| digits.bytes().take_while(u8::is_ascii_digit).count().min(15) as u8);
        let scale = 10_f64.powi(i32::from(decimals));
        let steps = (limit * scale).round();
        let value = match is_below {
            true if steps > 0.0 => (steps / 2.0).floor() / scale,
            true => (steps - 1.0) / scale,
            false => (steps + 1.0) / scale,
        };
        value.is_finite().then_some(Beyond { limit, value, decimals })
    }

    /// All that are read.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        self.below.iter().chain(&self.above).chain(&self.others)
    }

    /// The limits once a number like others was found that is beyond one: what is beyond that is written as a number, too.
    pub(crate) fn crossed(&mut self, value: f64, spelling: &Spelling) {
        let Some(text) = self.written(value, spelling).map(str::to_owned) else { return };
        let own = if text.starts_with('<') { &mut self.below } else { &mut self.above };
        *own = None;
        self.others.push(text);
        self.others.sort_unstable();
    }

    /// How a number is written, if it is beyond a limit.
    pub(crate) fn written(&self, value: f64, spelling: &Spelling) -> Option<&str> {
        let beyond = |own: &Option<String>| own.as_deref().and_then(|text| self.read(text, spelling));
        let is_below = beyond(&self.below).is_some_and(|below| value < below.limit);
        let is_above = beyond(&self.above).is_some_and(|above| value > above.limit);
        match (is_below, is_above) {
            (true, _) => self.below.as_deref(),
            (_, true) => self.above.as_deref(),
            _ => None,
        }
    }

    /// What contradicts itself.
    pub(crate) fn problem(&self, spelling: &Spelling) -> Option<String> {
        let is_wrong = |own: &Option<String>, sign: char| {
            own.as_ref().is_some_and(|text| !text.starts_with(sign) || self.read(text, spelling).is_none())
        };
        let is_unread = |text: &String| self.read(text, spelling).is_none();
        (is_wrong(&self.below, '<') || is_wrong(&self.above, '>') || self.others.iter().any(is_unread))
            .then(|| "a limit is `<` or `>` before a number".to_owned())
    }
}

/// The cells of a column that may be beyond limits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beyonds {
    /// Different texts with their number and the first line.
    texts: Vec<(String, usize, u64)>,
    are_many: bool,
}

impl Beyonds {
    /// Takes in a cell; `false` where it is none of these, or where there are too many of them.
    pub(crate) fn see(&mut self, text: &str, line: u64) -> bool {
        if self.are_many || cut(text).is_none() {
            return false;
        }
        if let Some((_, n, _)) = self.texts.iter_mut().find(|(known, ..)| known == text) {
            *n += 1;
        } else if self.texts.len() < MOST {
            self.texts.push((text.to_owned(), 1, line));
        } else {
            self.are_many = true;
            return false;
        }
        true
    }

    /// How many cells there are.
    pub(crate) fn n(&self) -> usize {
        self.texts.iter().map(|(_, n, _)| n).sum()
    }

    /// Whether they are more than limits have.
    pub(crate) fn are_many(&self) -> bool {
        self.are_many
    }

    /// The cells, which are forgotten.
    pub(crate) fn take(&mut self) -> Vec<(String, usize, u64)> {
        std::mem::take(&mut self.texts)
    }

    /// The limits; of several on one side none is written.
    pub(crate) fn limits(&self) -> Limits {
        let mut others = Vec::new();
        let mut of = |sign: char| {
            let own = self.texts.iter().map(|(text, ..)| text).filter(|text| text.starts_with(sign));
            let mut own: Vec<String> = own.cloned().collect();
            own.sort_unstable();
            if own.len() > 1 {
                others.append(&mut own);
            }
            own.pop()
        };
        let (below, above) = (of('<'), of('>'));
        Limits { below, above, others, whole: false }
    }
}

/// The number as notes say it.
pub(crate) fn said(value: f64) -> String {
    let mut text = String::new();
    number::write(value, number::SHORTEST, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_a_limit_counts_as_half_of_it_or_the_next_number_and_comes_back() {
        let plain = Spelling::default();
        let comma = Spelling { decimal: Some(','), ..Spelling::default() };
        for (text, spelling, limit, value) in [
            ("<0.10", &plain, 0.1, 0.05),
            ("<0.1", &plain, 0.1, 0.0),
            ("< 5", &plain, 5.0, 2.0),
            ("<0", &plain, 0.0, -1.0),
            (">1000", &plain, 1000.0, 1001.0),
            ("<0,50", &comma, 0.5, 0.25),
            (">9.99", &plain, 9.99, 10.0),
        ] {
            let own = Some(text.to_owned());
            let limits = match text.starts_with('<') {
                true => Limits { below: own, ..Limits::default() },
                false => Limits { above: own, ..Limits::default() },
            };
            let found = limits.read(text, spelling).unwrap();
            assert!((found.limit - limit).abs() < 1e-12 && (found.value - value).abs() < 1e-12, "{found:?}");
            assert_eq!(limits.written(found.value, spelling), Some(text));
            assert_eq!(limits.written(limit, spelling), None);
            assert_eq!(limits.read("<77", spelling), None);
            assert_eq!(limits.problem(spelling), None);
        }
        let whole =
            Limits { below: Some("<0.6".into()), above: Some(">99.5".into()), others: vec![], whole: true };
        let value = |text: &str| whole.read(text, &plain).unwrap().value;
        assert_eq!([value("<0.6"), value(">99.5")], [0.0, 100.0]);
        let small = Limits { below: Some("<2e-16".into()), ..Limits::default() };
        assert_eq!(small.read("<2e-16", &plain).unwrap().value, 1e-16);
        let wrong = Limits { below: Some(">3".into()), ..Limits::default() };
        assert!(wrong.problem(&plain).is_some());
    }

    #[test]
    fn one_limit_on_each_side_is_written_and_of_several_none() {
        let of = |texts: &[&str]| {
            let mut beyonds = Beyonds::default();
            let seen = texts.iter().filter(|text| beyonds.see(text, 2)).count();
            (seen, beyonds.limits())
        };
        let both = Limits { below: Some("<0.1".into()), above: Some(">50".into()), ..Limits::default() };
        assert_eq!(of(&["<0.1", ">50", "<0.1"]), (3, both));
        let mut several = Limits { above: Some(">50".into()), ..Limits::default() };
        several.others = vec!["<0.1".into(), "<0.2".into()];
        assert_eq!(of(&["<0.2", ">50", "<0.1"]), (3, several.clone()));
        assert_eq!(of(&["<b>", "=3", "<= 3", "5"]), (0, Limits::default()));
        // A number above the limit, as other cells are.
        let plain = Spelling::default();
        several.crossed(7.0, &plain);
        assert_eq!(several.written(60.0, &plain), Some(">50"));
        several.crossed(60.0, &plain);
        assert_eq!((several.written(60.0, &plain), several.others.len()), (None, 3));
        assert_eq!(several.read(">50", &plain).unwrap().value, 51.0);
    }
}
