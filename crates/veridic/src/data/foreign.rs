//! Cells that are neither numbers nor moments where these are, and which of them stand for nothing.

use super::evidence::Cell;

/// At most this many cells that fit no number may be mistakes; more make the column text.
pub(crate) const MAX_STRAYS: usize = 5;
/// Different texts between numbers that are counted.
const MOST_FOREIGN: usize = 8;

/// Words for nothing, in small letters, without blanks and full stops.
const WORDS: [&str; 36] = [
    "na",
    "n/a",
    "nan",
    "nil",
    "none",
    "null",
    "nul",
    "unknown",
    "unk",
    "missing",
    "blank",
    "empty",
    "nd",
    "n/d",
    "tbd",
    "tba",
    "notavailable",
    "notapplicable",
    "notreported",
    "ka",
    "k/a",
    "keineangabe",
    "unbekannt",
    "so",
    "s/o",
    "nc",
    "inconnu",
    "desconocido",
    "sindatos",
    "desconhecido",
    "sconosciuto",
    "okänd",
    "ukendt",
    "неизвестно",
    "нд",
    "不明",
];

/// Cells that are numbers or moments in no spelling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Foreign {
    pub(crate) n: usize,
    /// Different texts with their number and first line, as long as they are few.
    pub(crate) texts: Vec<(String, usize, u64)>,
    pub(crate) are_many: bool,
    pub(crate) examples: Vec<Cell>,
}

/// A mark of missing cells that was seen.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) cells: usize,
    pub(crate) line: u64,
}

impl Foreign {
    /// The texts that look as if they stood for nothing.
    pub(crate) fn for_nothing(&self) -> impl Iterator<Item = &(String, usize, u64)> {
        self.texts.iter().filter(|(text, ..)| stands_for_nothing(text))
    }

    /// The cells that have them.
    pub(crate) fn n_for_nothing(&self) -> usize {
        self.for_nothing().map(|(_, n, _)| n).sum()
    }

    /// Takes in a cell.
    pub(crate) fn see(&mut self, text: &str, line: u64) {
        self.n += 1;
        if self.examples.len() <= MAX_STRAYS {
            self.examples.push((line, text.to_owned()));
        }
        if let Some((_, n, _)) = self.texts.iter_mut().find(|(known, ..)| known == text) {
            *n += 1;
        } else if self.texts.len() < MOST_FOREIGN {
            self.texts.push((text.to_owned(), 1, line));
        } else {
            self.are_many = true;
        }
    }
}

/// Whether a text among numbers or moments looks as if it stood for a missing one: signs alone (`-`, `.`, `—`), a word such as
/// `n.a.` or `unknown`, an error of a spreadsheet (`#DIV/0!`), or a date of zeros.
fn stands_for_nothing(text: &str) -> bool {
    let has_sense = |c: char| c.is_alphanumeric();
    let bare: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    let is_error = text.starts_with('#') && text.ends_with(['!', '?', 'A']);
    let is_zero_date = text.len() >= 8 && text.chars().all(|c| c == '0' || !has_sense(c));
    !text.chars().any(has_sense) || is_error || is_zero_date || WORDS.contains(&bare.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_words_for_nothing_are_told_from_values() {
        for text in [
            "-",
            ".",
            "--",
            "—",
            "*",
            "n.a.",
            "N. A.",
            "unknown",
            "k.A.",
            "#DIV/0!",
            "#N/A",
            "0000-00-00",
            "不明",
            "…",
        ] {
            assert!(stands_for_nothing(text), "{text}");
        }
        for text in ["other", "0", "00", "A", "free", "closed", "12 kg", "#3", "2020-01-01", "so so"] {
            assert!(!stands_for_nothing(text), "{text}");
        }
    }
}
