//! Texts that stand for nothing where numbers or moments are.

/// Words for nothing, in small letters, without blanks and full stops.
const WORDS: [&str; 36] = [
    "na", "n/a", "nan", "nil", "none", "null", "nul", "unknown", "unk", "missing", "blank", "empty", "nd", "n/d", "tbd",
    "tba", "notavailable", "notapplicable", "notreported", "ka", "k/a", "keineangabe", "unbekannt", "so", "s/o", "nc",
    "inconnu", "desconocido", "sindatos", "desconhecido", "sconosciuto", "okänd", "ukendt", "неизвестно", "нд", "不明",
];

/// Whether a text among numbers or moments looks as if it stood for a missing one: signs alone (`-`, `.`, `—`), a word such as
/// `n.a.` or `unknown`, an error of a spreadsheet (`#DIV/0!`), or a date of zeros.
pub(super) fn stands_for_nothing(text: &str) -> bool {
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
        for text in
            ["-", ".", "--", "—", "*", "n.a.", "N. A.", "unknown", "k.A.", "#DIV/0!", "#N/A", "0000-00-00", "不明", "…"]
        {
            assert!(stands_for_nothing(text), "{text}");
        }
        for text in ["other", "0", "00", "A", "free", "closed", "12 kg", "#3", "2020-01-01", "so so"] {
            assert!(!stands_for_nothing(text), "{text}");
        }
    }
}
