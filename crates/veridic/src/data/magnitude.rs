//! Numbers with words for their powers of ten: `5.6k` beside `1.2M` and `950`, `3,6 Mio. €` beside `1,2 Mrd. €`.

use serde::{Deserialize, Serialize};

use super::number;

/// Powers of ten and the words for them, each with its full stop where it has one.
const WORDS: [(u8, &str); 9] = [
    (3, "k K Tsd. Tsd tsd. tys. tys тыс. тыс thousand Thousand 千 천"),
    (4, "万 萬 만"),
    (5, "L lakh Lakh lakhs Lakhs lac Lac"),
    (6, "m M MM mn Mn Mio. Mio mio. Mill. mln. mln Mln млн. млн million Million millions milj. 백만"),
    (7, "Cr Cr. crore Crore crores Crores"),
    (8, "亿 億 억"),
    (9, "b B bn Bn BN Mrd. Mrd mrd. mrd Mia. mia. mld. mld Mld md. млрд. млрд billion Billion billions"),
    (12, "t T tn trn Bio. трлн. трлн trillion Trillion 兆 조"),
    (0, ""),
];

/// Words that are other units, too, and powers of ten only beside others than numbers without a word.
const OPEN: [&str; 8] = ["m", "b", "t", "L", "T", "B", "Cr", "Cr."];

/// How numbers are written that have a word for their power of ten.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Magnitudes {
    /// Two and more, from the smallest; one without a text is that of numbers as they are.
    pub units: Vec<Magnitude>,
    /// Digits behind the decimal sign where one, two, or three and more stand before it; only of numbers with a word.
    #[serde(default)]
    pub decimals: [u8; 3],
    /// Whether these digits are written where they are zero: `5.0k`.
    #[serde(default)]
    pub zeros: bool,
}

/// A power of ten with what stands behind its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Magnitude {
    /// The word, a blank before it or not.
    pub text: String,
    /// The power of ten.
    pub power: u8,
}

/// The word for a power of ten at the beginning of what stands behind a number, and what stands behind the word.
pub(super) fn cut(suffix: &str) -> Option<(Magnitude, &str)> {
    let start = suffix.len() - suffix.trim_start().len();
    let fits = |word: &&str| {
        let after = suffix[start..].strip_prefix(word);
        // Words of East Asia stand before others without a blank.
        let ends = word.is_empty() || word.starts_with(|c| c >= '\u{3000}');
        after.is_some_and(|rest| ends || !rest.starts_with(|c: char| c.is_alphabetic() || c == '/'))
    };
    let words = WORDS.iter().flat_map(|(power, words)| words.split(' ').map(move |word| (*power, word)));
    let (power, word) = words.filter(|(_, word)| fits(word)).max_by_key(|(_, word)| word.len())?;
    // A blank before a unit is the unit's.
    let end = if word.is_empty() { 0 } else { start + word.len() };
    Some((Magnitude { text: suffix[..end].to_owned(), power }, &suffix[end..]))
}

impl Magnitudes {
    /// The magnitudes of these words, if they go together: each power once, and at least two.
    pub(super) fn of(mut units: Vec<Magnitude>) -> Option<Self> {
        units.sort_by(|a, b| a.power.cmp(&b.power).then_with(|| a.text.cmp(&b.text)));
        units.dedup();
        let is_known = |unit: &Magnitude| unit.power > 0 && !OPEN.contains(&unit.text.trim());
        let goes_together = units.len() > 1
            && units.windows(2).all(|pair| pair[0].power < pair[1].power)
            && (units.iter().any(is_known) || units.iter().all(|unit| unit.power > 0));
        goes_together.then(|| Self { units, ..Self::default() })
    }

    /// The number of `value`, which has the word at the beginning of `suffix`, if `rest` stands behind that.
    pub(super) fn read(&self, value: f64, suffix: &str, rest: &str) -> Option<(f64, &Magnitude)> {
        let own = suffix.strip_suffix(rest)?;
        let unit = self.units.iter().find(|unit| unit.text == own)?;
        // The nearest number to the decimal one.
        let value = number::parse(&format!("{value}e{}", unit.power))?;
        Some((value, unit))
    }

    /// How `value` is written: the word, the number before it and the digits behind its decimal sign.
    pub(super) fn written(&self, value: f64) -> Option<(&Magnitude, f64, u8)> {
        let scaled = |unit: &Magnitude| value / 10_f64.powi(i32::from(unit.power));
        let rounded = |unit: &Magnitude| {
            let scaled = scaled(unit).abs();
            let decimals = self.places(scaled);
            let scale = 10_f64.powi(i32::from(decimals));
            ((scaled * scale).round() / scale, decimals)
        };
        let unit = self.units.iter().rev().find(|unit| scaled(unit).abs() >= 1.0).or(self.units.first())?;
        // What is rounded up to the next power has its word.
        let next = self.units.iter().find(|next| next.power > unit.power);
        let step = next.map(|next| 10_f64.powi(i32::from(next.power - unit.power)));
        match next.zip(step).filter(|(_, step)| unit.power > 0 && rounded(unit).0 >= *step) {
            Some((next, _)) => Some((next, scaled(next), rounded(next).1)),
            None => Some((unit, scaled(unit), rounded(unit).1)),
        }
    }

    fn places(&self, scaled: f64) -> u8 {
        self.decimals[class(scaled)]
    }

    /// Whether `value` before the word of `unit` would be written with that word again.
    pub(super) fn is_usual(&self, value: f64, unit: &Magnitude) -> bool {
        let is_least = self.units.first() == Some(unit) || value == 0.0;
        let next = self.units.iter().find(|next| next.power > unit.power);
        let is_below = |next: &Magnitude| value.abs() < 10_f64.powi(i32::from(next.power - unit.power));
        (is_least || value.abs() >= 1.0) && next.is_none_or(is_below)
    }

    /// What contradicts itself.
    pub(super) fn problem(&self) -> Option<String> {
        let is_rising = self.units.windows(2).all(|pair| pair[0].power < pair[1].power);
        let has_digit = |unit: &Magnitude| unit.text.chars().any(|c| c.is_ascii_digit()) || unit.power > 12;
        (self.units.len() < 2
            || !is_rising
            || self.units.iter().any(has_digit)
            || self.decimals.iter().any(|n| *n > 15))
        .then(|| "words for powers of ten are two and more, from the smallest, without digits".to_owned())
    }
}

/// Whether one, two, or three and more digits stand before the decimal sign: 0, 1, 2.
fn class(value: f64) -> usize {
    [10.0, 100.0].iter().filter(|least| value.abs() >= **least).count()
}

/// The digits that numbers with a word have, gathered.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    decimals: [u8; 3],
    zeros: bool,
}

impl Places {
    /// Takes in a number with a word: what it is before the word, and its digits (`5.60`).
    pub(super) fn see(&mut self, value: f64, decimals: u8, digits: &str) {
        let known = &mut self.decimals[class(value)];
        *known = decimals.max(*known);
        self.zeros |= decimals > 0 && digits.ends_with('0');
    }

    /// Gives the magnitudes these digits.
    pub(super) fn put(&self, magnitudes: &mut Magnitudes) {
        magnitudes.decimals = self.decimals;
        magnitudes.zeros = self.zeros;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(suffixes: &[&str]) -> Option<Magnitudes> {
        Magnitudes::of(suffixes.iter().map(|suffix| cut(suffix).unwrap().0).collect())
    }

    #[test]
    fn words_are_cut_from_what_stands_behind_them_and_go_together() {
        let cut =
            |text: &str| cut(text).map(|(unit, rest)| (unit.text, unit.power, rest.to_owned())).unwrap();
        assert_eq!(cut("k"), ("k".into(), 3, String::new()));
        assert_eq!(cut(" Mio. €"), (" Mio.".into(), 6, " €".into()));
        assert_eq!(cut("万元"), ("万".into(), 4, "元".into()));
        assert_eq!(cut(" kg"), (String::new(), 0, " kg".into()));
        assert!(
            units(&["k", "M", ""]).is_some() && units(&["m", "k"]).is_some() && units(&["k", ""]).is_some()
        );
        for alone in [&["k"][..], &["k", "K"], &["m", ""], &["T", ""]] {
            assert!(units(alone).is_none(), "{alone:?}");
        }
    }

    #[test]
    fn numbers_are_written_with_the_largest_word_that_is_not_above_them() {
        let mut magnitudes = units(&["", "k", "M"]).unwrap();
        magnitudes.decimals = [1, 1, 0];
        let written = |value: f64| {
            let (unit, scaled, decimals) = magnitudes.written(value).unwrap();
            format!("{scaled:.*}{}", usize::from(decimals), unit.text)
        };
        for (value, text) in [
            (950.0, "950"),
            (1200.0, "1.2k"),
            (113_400.0, "113k"),
            (999_960.0, "1.0M"),
            (-2_500_000.0, "-2.5M"),
            (12_340.0, "12.3k"),
        ] {
            assert_eq!(written(value), text);
        }
        assert_eq!(magnitudes.read(1.1, "k", "").unwrap().0, 1100.0);
        assert_eq!(magnitudes.problem(), None);
        magnitudes.units.pop();
        magnitudes.units.pop();
        assert!(magnitudes.problem().is_some());
    }
}
