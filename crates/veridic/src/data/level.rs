//! The distinct texts of a column.

use foldhash::HashMap;

use super::build::NO_YES;
use super::{MISSING, number};

/// Distinct texts by code.
#[derive(Debug, Default)]
pub(super) struct Levels {
    pub(super) codes: HashMap<String, u32>,
    /// Numbers of the levels that are numbers, so that `3.0` finds `3`; only for levels of a schema.
    numbers: Vec<(f64, u32)>,
    /// Words for no and yes, of which other capitals are no other word.
    words: Vec<(String, u32)>,
}

impl Levels {
    pub(super) fn known(levels: &[String]) -> Self {
        let mut known = Self::default();
        for level in levels {
            // Levels that differ only in spelling, such as `0` and `-0`, stay apart.
            let code = known.add(level);
            known.numbers.extend(number::parse(level).map(|value| (value, code)));
        }
        known
    }

    /// The levels of a flag: where they are words for no and yes, `TRUE` finds `true`.
    pub(super) fn of_flag(levels: &[String; 2]) -> Self {
        let mut known = Self::known(levels);
        let are = |a: &str, b: &str| levels[0].eq_ignore_ascii_case(a) && levels[1].eq_ignore_ascii_case(b);
        if NO_YES.iter().any(|(no, yes)| are(no, yes) || are(yes, no)) {
            known.words = levels.iter().cloned().zip(0..).collect();
        }
        known
    }

    pub(super) fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        if let Some(&(_, code)) = self.words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
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

    pub(super) fn code_of(&mut self, value: f64) -> u32 {
        if value.is_nan() { MISSING } else { self.code(&format!("{value}")) }
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        let mut texts: Vec<(u32, String)> = self.codes.into_iter().map(|(text, code)| (code, text)).collect();
        texts.sort_unstable_by_key(|(code, _)| *code);
        texts.into_iter().map(|(_, text)| text).collect()
    }
}
