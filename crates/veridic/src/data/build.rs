//! Cells of text into a column of a known kind.

use std::collections::HashMap;

use super::{Cells, Kind, MISSING, date, infer, number};

/// Texts that mean no and yes, in that order.
const NO_YES: [(&str, &str); 9] = [
    ("no", "yes"),
    ("false", "true"),
    ("n", "y"),
    ("f", "t"),
    ("off", "on"),
    ("negative", "positive"),
    ("absent", "present"),
    ("bad", "good"),
    ("fail", "pass"),
];

/// Collects the cells of one column.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    cells: Growing,
    /// Cells that did not fit the kind.
    misfits: Misfits,
}

/// Cells that do not fit the kind of their column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Misfits {
    pub(crate) count: usize,
    /// The line and text of the first.
    pub(crate) first: Option<(u64, String)>,
}

#[derive(Debug)]
enum Growing {
    Number(Vec<f64>),
    Date {
        format: String,
        seconds: Vec<f64>,
    },
    Text {
        codes: Vec<u32>,
        levels: Levels,
    },
    /// Whole numbers written plainly, as long as all are: they take less room and can be turned back.
    Identifier(Vec<f64>),
}

/// Distinct texts by code.
#[derive(Debug, Default)]
struct Levels {
    codes: HashMap<String, u32>,
    /// Numbers of the levels that are numbers, so that `3.0` finds `3`; only for levels of a schema.
    numbers: Vec<(f64, u32)>,
}

impl ColumnBuilder {
    /// A column of any texts.
    pub(crate) fn text() -> Self {
        Self::of(Growing::Text { codes: Vec::new(), levels: Levels::default() })
    }

    /// A column of date-times.
    pub(crate) fn date(format: String, n_rows: usize) -> Self {
        Self::of(Growing::Date { format, seconds: Vec::with_capacity(n_rows) })
    }

    /// A column of `kind`; texts that are no level of it become further levels.
    pub(crate) fn kind(kind: &Kind) -> Self {
        let text = |levels: &[String]| Growing::Text { codes: Vec::new(), levels: Levels::known(levels) };
        Self::of(match kind {
            Kind::Integer { .. } | Kind::Real { .. } => Growing::Number(Vec::new()),
            Kind::DateTime { format, .. } => Growing::Date { format: format.clone(), seconds: Vec::new() },
            Kind::Categorical { levels } => text(levels),
            Kind::Boolean { levels } => text(levels),
            Kind::Constant { value } => text(value.as_slice()),
            Kind::Identifier => Growing::Identifier(Vec::new()),
        })
    }

    fn of(cells: Growing) -> Self {
        Self { cells, misfits: Misfits::default() }
    }

    /// Adds a missing cell.
    pub(crate) fn push_missing(&mut self) {
        match &mut self.cells {
            Growing::Number(values) | Growing::Date { seconds: values, .. } | Growing::Identifier(values) => {
                values.push(f64::NAN);
            }
            Growing::Text { codes, .. } => codes.push(MISSING),
        }
    }

    /// Adds the cell `text` of line `line`; what does not fit is counted and missing.
    pub(crate) fn push(&mut self, text: &str, line: u64) {
        let value = match &mut self.cells {
            Growing::Number(values) => {
                let value = number::parse(text);
                values.push(value.unwrap_or(f64::NAN));
                value
            }
            Growing::Date { format, seconds } => {
                let value = date::parse(text, format);
                seconds.push(value.unwrap_or(f64::NAN));
                value
            }
            Growing::Text { codes, levels } => {
                codes.push(levels.code(text));
                return;
            }
            Growing::Identifier(values) => {
                match plain_whole(text) {
                    Some(value) => values.push(value),
                    None => {
                        let mut levels = Levels::default();
                        let mut codes: Vec<u32> = values.iter().map(|&v| levels.code_of(v)).collect();
                        codes.push(levels.code(text));
                        self.cells = Growing::Text { codes, levels };
                    }
                }
                return;
            }
        };
        if value.is_none() {
            self.misfits.count += 1;
            self.misfits.first.get_or_insert_with(|| (line, text.to_owned()));
        }
    }

    /// The cells, and those that did not fit.
    pub(crate) fn finish(self) -> (Cells, Misfits) {
        let cells = match self.cells {
            Growing::Number(mut values)
            | Growing::Date { seconds: mut values, .. }
            | Growing::Identifier(mut values) => {
                values.shrink_to_fit();
                Cells::Number(values)
            }
            Growing::Text { mut codes, levels } => {
                codes.shrink_to_fit();
                Cells::Text { codes, levels: levels.into_texts() }
            }
        };
        (cells, self.misfits)
    }

    /// The cells with the kind they show; `as_categories` when two texts are no flag and many no identifier.
    pub(crate) fn finish_inferred(self, as_categories: bool) -> (Kind, Cells, Misfits) {
        let format = match &self.cells {
            Growing::Date { format, .. } => Some(format.clone()),
            _ => None,
        };
        let (cells, misfits) = self.finish();
        let (kind, cells) = match cells {
            Cells::Text { codes, levels } => infer::text_column(codes, levels, as_categories),
            Cells::Number(seconds) => {
                let kind = infer::date_kind(format.unwrap_or_default(), &seconds);
                (kind, Cells::Number(seconds))
            }
        };
        (kind, cells, misfits)
    }
}

impl Levels {
    fn known(levels: &[String]) -> Self {
        let mut known = Self::default();
        for level in levels {
            // Levels that differ only in spelling, such as `0` and `-0`, stay apart.
            let code = known.add(level);
            known.numbers.extend(number::parse(level).map(|value| (value, code)));
        }
        known
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        // `3` may have become `3.0` on its way through another program.
        if !self.numbers.is_empty()
            && let Some(value) = number::parse(text)
            && let Some(&(_, code)) = self.numbers.iter().find(|(known, _)| *known == value)
        {
            return code;
        }
        self.add(text)
    }

    fn add(&mut self, text: &str) -> u32 {
        let code = u32::try_from(self.codes.len()).expect("fewer than 2^32 distinct texts");
        self.codes.insert(text.to_owned(), code);
        code
    }

    fn code_of(&mut self, value: f64) -> u32 {
        if value.is_nan() { MISSING } else { self.code(&format!("{value}")) }
    }

    fn into_texts(self) -> Vec<String> {
        let mut texts: Vec<(u32, String)> = self.codes.into_iter().map(|(text, code)| (code, text)).collect();
        texts.sort_unstable_by_key(|(code, _)| *code);
        texts.into_iter().map(|(_, text)| text).collect()
    }
}

/// `levels` in the order of a schema (numbers by value, else by text, no before yes), and the new place of each.
pub(crate) fn ordered_levels(levels: Vec<String>) -> (Vec<String>, Vec<u32>) {
    let numbers: Option<Vec<f64>> = levels.iter().map(|level| number::parse(level)).collect();
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|&a, &b| {
        let by_number = numbers.as_ref().map(|numbers| numbers[a].total_cmp(&numbers[b]));
        by_number.unwrap_or(std::cmp::Ordering::Equal).then_with(|| levels[a].cmp(&levels[b]))
    });
    if let [a, b] = order.as_slice() {
        let pair = (levels[*a].to_lowercase(), levels[*b].to_lowercase());
        if NO_YES.iter().any(|&(no, yes)| pair.0 == yes && pair.1 == no) {
            order.swap(0, 1);
        }
    }
    let mut place = vec![0; levels.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = u32::try_from(new).expect("codes fit u32");
    }
    let mut levels: Vec<Option<String>> = levels.into_iter().map(Some).collect();
    let sorted = order.iter().filter_map(|&old| levels[old].take()).collect();
    (sorted, place)
}

/// `codes` after their levels moved to `place`.
pub(crate) fn to_codes(mut codes: Vec<u32>, place: &[u32]) -> Vec<u32> {
    for code in &mut codes {
        *code = place.get(*code as usize).copied().unwrap_or(MISSING);
    }
    codes
}

/// The number of a text that is exactly how that whole number is written.
fn plain_whole(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty()
        && digits.len() <= 15
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (!digits.starts_with('0') || text == "0");
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unseen_texts_become_further_levels_and_numbers_match_by_value() {
        let levels = vec!["3".to_owned(), "7".to_owned()];
        let mut builder = ColumnBuilder::kind(&Kind::Categorical { levels });
        for text in ["7.0", "3", "x"] {
            builder.push(text, 1);
        }
        builder.push_missing();
        let (cells, misfits) = builder.finish();
        let levels = vec!["3".to_owned(), "7".to_owned(), "x".to_owned()];
        assert_eq!(cells, Cells::Text { codes: vec![1, 0, 2, MISSING], levels });
        assert_eq!(misfits.count, 0);
    }

    #[test]
    fn text_in_a_numeric_column_is_counted_with_its_first_line() {
        let mut builder = ColumnBuilder::kind(&Kind::Integer { min: 0.0, max: 1.0 });
        builder.push("1", 2);
        builder.push("abc", 3);
        builder.push("def", 4);
        let (_, misfits) = builder.finish();
        assert_eq!(misfits, Misfits { count: 2, first: Some((3, "abc".into())) });
    }

    #[test]
    fn identifiers_keep_their_text() {
        let mut builder = ColumnBuilder::kind(&Kind::Identifier);
        for text in ["12", "-3", "007"] {
            builder.push(text, 1);
        }
        let (cells, _) = builder.finish();
        let texts: Vec<_> = (0..3).map(|row| cells.text(row).unwrap()).collect();
        assert_eq!(texts, ["12", "-3", "007"]);
    }

    #[test]
    fn levels_are_ordered_by_number_or_text_with_no_first() {
        let order = |levels: &[&str]| ordered_levels(levels.iter().map(|&l| l.to_owned()).collect()).0;
        assert_eq!(order(&["10", "9", "2"]), ["2", "9", "10"]);
        assert_eq!(order(&["b", "a", "c"]), ["a", "b", "c"]);
        assert_eq!(order(&["good", "Bad"]), ["Bad", "good"]);
        assert_eq!(order(&["absent", "present"]), ["absent", "present"]);
        assert_eq!(order(&["True", "False"]), ["False", "True"]);
    }
}
