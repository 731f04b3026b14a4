//! How wide text is, and how to make it fit.

use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};

/// DejaVu Sans, cut down to the scripts named in `font/README.md`.
pub(crate) const FONT: &[u8] = include_bytes!("font/DejaVuSans.ttf");

/// The family written into the SVG; the others have nearly the same widths and serve browsers without the first.
pub(crate) const FAMILY: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

/// The width of `text` in pixels at `size` pixels an em.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let font = skrifa::FontRef::new(FONT).expect("the embedded font is valid");
    let characters = font.charmap();
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    // A letter the font lacks is drawn by another font in a browser; one em is the width of the widest scripts.
    let ems: f64 = text
        .chars()
        .map(|letter| {
            characters.map(letter).and_then(|glyph| metrics.advance_width(glyph)).map_or(1.0, f64::from)
        })
        .sum();
    ems * size
}

/// Texts as [`shorten`] cuts them; those that would look alike keep their ends instead.
pub(crate) fn shorten_apart(names: &[&str], size: f64, limit: f64) -> Vec<String> {
    let short: Vec<String> = names.iter().map(|name| shorten(name, size, limit)).collect();
    let is_shared =
        |i: usize| (0..short.len()).any(|j| j != i && short[j] == short[i] && names[j] != names[i]);
    let by_end = |name: &str| {
        let letters: Vec<char> = name.chars().collect();
        let head: String = letters.iter().take(2).collect();
        let tail = |n: usize| format!("{head}…{}", letters[letters.len() - n..].iter().collect::<String>());
        let fits = |n: &usize| width(&tail(*n), size) <= limit;
        (1..letters.len().saturating_sub(2)).rev().find(fits).map(tail)
    };
    (0..names.len())
        .map(|i| {
            if is_shared(i) { by_end(names[i]).unwrap_or_else(|| short[i].clone()) } else { short[i].clone() }
        })
        .collect()
}

/// `text`, cut with an ellipsis where it is wider than `limit` pixels.
pub(crate) fn shorten(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    // Widths grow with the number of letters, so the longest prefix that fits is found by bisection.
    let (mut fits, mut too_long) = (0, letters.len());
    while too_long - fits > 1 {
        let middle = fits.midpoint(too_long);
        let prefix: String = letters[..middle].iter().collect();
        if width(&prefix, size) + width("…", size) <= limit {
            fits = middle;
        } else {
            too_long = middle;
        }
    }
    let prefix: String = letters[..fits].iter().collect();
    format!("{}…", prefix.trim_end())
}

/// `text` in at most `lines` lines of at most `limit` pixels, broken between words.
pub(crate) fn wrap(text: &str, size: f64, limit: f64, lines: usize) -> Vec<String> {
    let mut result: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = result.len() == lines;
        match result.last_mut() {
            Some(line) if full || width(&format!("{line} {word}"), size) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => result.push(word.to_owned()),
        }
    }
    for line in &mut result {
        *line = shorten(line, size, limit);
    }
    result
}

/// `text` as it may stand in XML: special characters written out, forbidden ones replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\t' | '\n' | '\r' => result.push(' '),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => result.push('\u{fffd}'),
            _ => result.push(letter),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_font() {
        // DejaVu Sans: 2048 units an em, a digit is 1303 units wide.
        assert!((width("0", 2048.0) - 1303.0).abs() < 0.5);
        assert!((width("00", 10.0) - 2.0 * width("0", 10.0)).abs() < 1e-9);
        assert!(width("漢", 12.0) > 0.0);
    }

    #[test]
    fn long_text_is_cut_to_fit() {
        let text = "a rather long name of a column";
        let short = shorten(text, 12.0, 80.0);
        assert!(short.ends_with('…') && width(&short, 12.0) <= 80.0, "{short}");
        assert_eq!(shorten("V14", 12.0, 80.0), "V14");
        let lines = wrap(text, 12.0, 90.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| width(line, 12.0) <= 90.0));
        assert_eq!(wrap("", 12.0, 90.0, 2), Vec::<String>::new());
    }

    #[test]
    fn markup_in_names_is_harmless() {
        assert_eq!(escape("<a href=\"x\">&\u{0}"), "&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd}");
    }
}
