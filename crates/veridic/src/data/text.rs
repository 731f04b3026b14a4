//! What a column of texts is: a flag, categories, names of rows, or texts of their own.

use serde::{Deserialize, Serialize};

use super::build::{NO_YES, ordered_levels, to_codes};
use super::digits::is_currency;
use super::name::is_id_name;
use super::{Cells, Kind, MISSING, calendar, pair};

/// With fewer rows than this no column is told to be an identifier.
pub(super) const MIN_FOR_IDENTIFIER: usize = 20;
/// A name of a row has at most so many words.
const WORDS_OF_A_NAME: usize = 4;

/// Why a column of texts that are no categories and name no rows is left out of models; its kind is
/// [`Kind::Identifier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unused {
    /// Sentences.
    FreeText,
    /// Texts that hardly ever come twice.
    Scattered,
    /// Several numbers in each cell: ranges, fractions, measures of two numbers.
    SeveralNumbers,
    /// Dates of another calendar than the Gregorian.
    Calendar,
    /// Numbers or moments in no way of writing that is known, or of several.
    NotUnderstood,
}

impl Unused {
    /// Why, in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::FreeText => "it is free text",
            Self::Scattered => "its texts hardly ever come twice",
            Self::SeveralNumbers => "its cells have several numbers each",
            Self::Calendar => "its dates seem to be of another calendar",
            Self::NotUnderstood => "its cells are not understood",
        }
    }
}

/// A column of texts with what it is.
pub(crate) struct TextColumn {
    pub(crate) kind: Kind,
    pub(crate) cells: Cells,
    pub(crate) unused: Option<Unused>,
    /// The spellings of a flag that were taken for one, those of no first.
    pub(crate) merged: Vec<String>,
}

/// What the column `name` of texts is, and its codes into levels in the kind's order. With `as_categories` two texts are
/// no flag and many no identifier.
pub(crate) fn text_column(
    name: &str,
    codes: Vec<u32>,
    levels: Vec<String>,
    as_categories: bool,
) -> TextColumn {
    let (codes, levels, merged) =
        if as_categories { (codes, levels, Vec::new()) } else { one_flag(codes, levels) };
    let (levels, order) = ordered_levels(levels);
    let codes = to_codes(codes, &order);
    let n = codes.iter().filter(|&&code| code != MISSING).count();
    let mut unused = None;
    let kind = match levels.as_slice() {
        [] => Kind::Constant { value: None },
        [one] if n == codes.len() => Kind::Constant { value: Some(one.clone()) },
        [no, yes] if !as_categories => Kind::Boolean { levels: [no.clone(), yes.clone()] },
        // With less than two rows a text on average there is nothing to learn from it.
        _ if n >= MIN_FOR_IDENTIFIER && levels.len() * 2 > n && !as_categories => {
            unused = unused_text(name, n, &levels);
            Kind::Identifier
        }
        _ => Kind::Categorical { levels: levels.clone() },
    };
    TextColumn { kind, cells: Cells::Text { codes, levels }, unused, merged }
}

/// Why texts that hardly ever come twice are no names of rows, if they are not.
fn unused_text(name: &str, n: usize, levels: &[String]) -> Option<Unused> {
    if is_id_name(name) {
        return None;
    }
    if levels.iter().filter(|level| calendar::of(level).is_some()).count() * 2 > levels.len() {
        return Some(Unused::Calendar);
    }
    let is_dated =
        |level: &&String| (begins_with_date(level) && level.contains(' ')) || level.starts_with("/Date(");
    if levels.iter().filter(is_dated).count() * 2 > levels.len() {
        return Some(Unused::NotUnderstood);
    }
    if levels.iter().filter(|level| is_dialled(level)).count() * 10 > levels.len() * 9 {
        return None;
    }
    if pair::are_pairs(levels) {
        return Some(Unused::SeveralNumbers);
    }
    let words: usize = levels.iter().map(|level| level.split_whitespace().count()).sum();
    let longest = levels.iter().map(|level| level.split_whitespace().count()).max().unwrap_or(0);
    if words > levels.len() * WORDS_OF_A_NAME || longest > 3 * WORDS_OF_A_NAME {
        return Some(Unused::FreeText);
    }
    let measured = levels.iter().filter(|level| is_measured(level)).count();
    if measured * 2 > levels.len() {
        return Some(Unused::NotUnderstood);
    }
    (levels.len() * 10 < n * 9).then_some(Unused::Scattered)
}

/// Whether a text is a number that is called or quoted, and measures nothing: `(963) 817-0830`, `+49 89 123456`, `123-45-6789`.
fn is_dialled(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let mut groups = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    // A point alone is that of a decimal number.
    let mut parts = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    let has_decimals = parts.any(|part| part.matches('.').count() == 1);
    digits >= 7
        && text
            .trim_end_matches('X')
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+()-/.".contains(c))
        && !has_decimals
        && (text.starts_with(['+', '(', '0']) || groups.nth(2).is_some())
}

/// Whether most of many categories begin as numbers or dates do.
pub(super) fn look_measured(levels: &[String]) -> bool {
    levels.len() > MIN_FOR_IDENTIFIER
        && levels.iter().filter(|level| is_measured(level)).count() * 2 > levels.len()
}

/// A text without the code of a currency before its digits.
fn after_currency(text: &str) -> &str {
    let letters = text.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(0);
    if is_currency(&text[..letters]) { text[letters..].trim_start() } else { text }
}

/// Whether a text begins with a date of numbers, whatever follows: `2024-05-01 10:00 Europe/Berlin`.
fn begins_with_date(text: &str) -> bool {
    let mut parts = text.splitn(3, ['-', '/', '.']);
    let mut next = || {
        let part = parts.next()?;
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        Some((part[..digits].parse::<u32>().ok()?, digits, part.as_bytes().get(digits).copied()))
    };
    let (Some((first, width, None)), Some((second, 1..=2, None)), Some((third, last, after))) =
        (next(), next(), next())
    else {
        return false;
    };
    let is_year = |value: u32, width: usize| width == 4 && (1200..2600).contains(&value);
    let is_day = |value: u32, width: usize| width <= 2 && (1..=31).contains(&value);
    let ends = after.is_some_and(|byte| !byte.is_ascii_alphanumeric());
    let fits =
        (is_year(first, width) && is_day(third, last)) || (is_day(first, width) && is_year(third, last));
    ends && fits && (1..=31).contains(&second)
}

/// Whether a text begins as a number does and goes on with words or further numbers: `5 ft 11 in`, `12.5-13.0`, `3h 20m`;
/// or has digits of another script.
fn is_measured(text: &str) -> bool {
    if calendar::is_of_era(text) || begins_with_date(text) {
        return true;
    }
    let sign = |c: char| "%-+<>~($\u{20ac}\u{a3}\u{a5}\u{20b9}\u{2212}\u{2248}\u{b1}".contains(c);
    let text = after_currency(text).trim_start_matches(sign);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text[digits..].chars();
    let (first, second) = (rest.next(), rest.next());
    if digits == 0 {
        return first.is_some_and(char::is_numeric);
    }
    match (first, second) {
        (Some('.' | ','), Some(next)) => next.is_ascii_digit() || next == ' ',
        // `+18:34`; `10:0F:2A` is an address.
        (Some(':'), Some(next)) => {
            next.is_ascii_digit() && !text.bytes().any(|byte| byte.is_ascii_alphabetic())
        }
        (Some(blank), Some(next)) if blank.is_whitespace() => next.is_alphabetic() || next.is_ascii_digit(),
        // Signs of measures: `5月`, `3°12'`.
        (Some(first), _) if !first.is_ascii() => true,
        (Some(first), _) if first.is_ascii_lowercase() => {
            let unit = text[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
            let after = &text[digits + unit..];
            let apart = after.trim_start();
            // Letters between digits may be those of a code, as in `550e8400`; an hour is none.
            let is_unit = apart.len() < after.len() || &text[digits..digits + unit] == "h";
            unit <= 3 && is_unit && apart.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// The spellings `TRUE`, `true` and `True` as one text, the most frequent, where all texts mean no or yes in one way.
fn one_flag(codes: Vec<u32>, levels: Vec<String>) -> (Vec<u32>, Vec<String>, Vec<String>) {
    let pair = NO_YES.iter().find(|(no, yes)| {
        levels.iter().all(|level| level.eq_ignore_ascii_case(no) || level.eq_ignore_ascii_case(yes))
    });
    let Some((no, yes)) = pair.filter(|_| levels.len() > 2) else { return (codes, levels, Vec::new()) };
    let mut counts = vec![0_usize; levels.len()];
    for &code in &codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let of = |word: &str| -> Vec<usize> {
        let mut spellings: Vec<usize> =
            (0..levels.len()).filter(|&i| levels[i].eq_ignore_ascii_case(word)).collect();
        spellings.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then_with(|| levels[a].cmp(&levels[b])));
        spellings
    };
    let (no, yes) = (of(no), of(yes));
    let merged = no.iter().chain(&yes).map(|&i| levels[i].clone()).collect();
    let mut place = vec![0; levels.len()];
    yes.iter().for_each(|&i| place[i] = u32::from(!no.is_empty()));
    let kept = no.first().into_iter().chain(yes.first()).map(|&i| levels[i].clone()).collect();
    (to_codes(codes, &place), kept, merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[String]) -> TextColumn {
        let mut levels: Vec<String> = Vec::new();
        let codes = texts
            .iter()
            .map(|text| {
                let at = levels.iter().position(|level| level == text).unwrap_or_else(|| {
                    levels.push(text.clone());
                    levels.len() - 1
                });
                at as u32
            })
            .collect();
        text_column("x", codes, levels, false)
    }

    fn each(n: usize, text: impl Fn(usize) -> String) -> TextColumn {
        of(&(0..n).map(text).collect::<Vec<_>>())
    }

    #[test]
    fn texts_are_flags_categories_or_identifiers() {
        assert!(matches!(each(9, |i| format!("t{}", i % 2)).kind, Kind::Boolean { .. }));
        assert!(matches!(each(30, |i| format!("t{}", i % 15)).kind, Kind::Categorical { .. }));
        let codes = each(30, |i| format!("u{i:04}-{}", i * 7919));
        assert_eq!((codes.kind, codes.unused), (Kind::Identifier, None));
        let categories = text_column("x", vec![0, 1], vec!["a".into(), "b".into()], true);
        assert!(matches!(categories.kind, Kind::Categorical { .. }));
    }

    #[test]
    fn what_names_no_rows_is_no_identifier() {
        let unused = |text: &dyn Fn(usize) -> String| each(40, text).unused;
        assert_eq!(
            unused(&|i| format!("the parcel of order {i} came two days late")),
            Some(Unused::FreeText)
        );
        assert_eq!(unused(&|i| format!("name{}", i * 3 / 4)), Some(Unused::Scattered));
        assert_eq!(unused(&|i| format!("{} ft {i} in", i % 3)), Some(Unused::NotUnderstood));
        assert_eq!(unused(&|i| format!("{i}.5-{}.0", i + 1)), Some(Unused::SeveralNumbers));
        assert_eq!(unused(&|i| format!("N 48° {:02}.{:03}", i, i * 7 + 100)), Some(Unused::SeveralNumbers));
        assert_eq!(
            unused(&|i| format!("1.{:02} (0.{:02}-2.{:02})", 10 + i, 11 + i * 7 % 80, 12 + i)),
            Some(Unused::SeveralNumbers)
        );
        assert_eq!(unused(&|i| format!("1403/05/{:02}", i + 1)), Some(Unused::Calendar));
        assert_eq!(unused(&|i| format!("Anna Maria {i}")), None);
        assert_eq!(unused(&|i| format!("({}) 817-{:04}", 200 + i, i * 77)), None);
        assert_eq!(unused(&|i| format!("+49 89 {}", 123_456 + i * 7919)), None);
        assert_eq!(unused(&|i| format!("{}-{:02}-6789", 100 + i, i)), None);
        assert_eq!(unused(&|i| format!("{}-{}", 30_000 + i * 100, 50_000 + i)), Some(Unused::SeveralNumbers));
        assert_eq!(unused(&|i| format!("{}/{}", 100 + i, 60 + i * 7 % 30)), Some(Unused::SeveralNumbers));
        assert_eq!(unused(&|i| format!("{}/{}", 100 + i * 77 % 899, 10 + i * 7 % 89)), None);
    }

    #[test]
    fn spellings_of_a_flag_are_one() {
        let texts = ["TRUE", "true", "False", "True", "TRUE"].map(str::to_owned);
        let column = of(&texts);
        assert_eq!(column.kind, Kind::Boolean { levels: ["False".into(), "TRUE".into()] });
        assert_eq!(
            column.cells,
            Cells::Text { codes: vec![1, 1, 0, 1, 1], levels: vec!["False".into(), "TRUE".into()] }
        );
        assert_eq!(column.merged, ["False", "TRUE", "True", "true"]);
    }
}
