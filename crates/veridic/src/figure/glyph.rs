//! Texts in scripts that the embedded font has no letters for: pixels show a number in their place, and what each number
//! stands for is written beside the picture. SVG keeps the texts, as whoever shows it has fonts.

use skrifa::MetadataProvider;

use super::text::FONT;

/// What is said below a picture with such numbers.
pub(crate) const NOTE: &str = "[1], [2], …: names in other scripts, listed in .labels.csv and in the SVG";

/// `markup` with numbers in brackets in the place of words that the font lacks letters for; `labels` are those of numbers from
/// 1, and grow.
pub(crate) fn numbered(markup: &str, labels: &mut Vec<String>) -> String {
    if markup.is_ascii() {
        return markup.to_owned();
    }
    let font = skrifa::FontRef::new(FONT).expect("the embedded font is valid");
    let letters = font.charmap();
    // What cannot be seen needs no letter.
    let is_seen =
        |c: char| !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}') && !c.is_whitespace();
    let lacks = |c: char| !c.is_ascii() && is_seen(c) && letters.map(c).is_none();
    let mut result = String::with_capacity(markup.len());
    let mut rest = markup;
    // Letters stand between tags alone, as what an element is has none but those of ASCII.
    while let Some(start) = rest.find('>') {
        let (tag, after) = rest.split_at(start + 1);
        let end = after.find('<').unwrap_or(after.len());
        result.push_str(tag);
        result.push_str(&replaced(&after[..end], &lacks, labels));
        rest = &after[end..];
    }
    result.push_str(rest);
    result
}

/// A text with a number in the place of its words from the first to the last that has such a letter.
fn replaced(text: &str, lacks: &impl Fn(char) -> bool, labels: &mut Vec<String>) -> String {
    let (Some(first), Some(last)) = (text.find(lacks), text.rfind(lacks)) else { return text.to_owned() };
    let start = text[..first].rfind(' ').map_or(0, |at| at + 1);
    let end = text[last..].find(' ').map_or(text.len(), |at| last + at);
    let words = plain(&text[start..end]);
    let number = labels.iter().position(|label| *label == words).unwrap_or_else(|| {
        labels.push(words);
        labels.len() - 1
    });
    format!("{}[{}]{}", &text[..start], number + 1, &text[end..])
}

/// What the numbers stand for, as CSV.
pub(crate) fn csv(labels: &[String]) -> String {
    let mut text = String::from("label,text\n");
    for (i, label) in labels.iter().enumerate() {
        text += &format!("[{}],\"{}\"\n", i + 1, label.replace('"', "\"\""));
    }
    text
}

/// The text that was made XML of.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_letters_are_numbered() {
        let mut labels = Vec::new();
        let markup = "<text x=\"1\">東京 (12)</text>\n<text>Zürich β</text><text>年齢 &lt; 歳</text><text>東京 (12)</text>";
        let numbered = numbered(markup, &mut labels);
        assert_eq!(
            numbered,
            "<text x=\"1\">[1] (12)</text>\n<text>Zürich β</text><text>[2]</text><text>[1] (12)</text>"
        );
        assert_eq!(labels, ["東京", "年齢 < 歳"]);
        assert_eq!(csv(&labels), "label,text\n[1],\"東京\"\n[2],\"年齢 < 歳\"\n");
    }
}
