//! How a delimited text is laid out, so that what is made comes back as what was read.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Serialize};

/// How a delimited text is laid out; the default is commas in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TextLayout {
    /// What separates cells: a character of ASCII that is no quote, line end, letter or digit.
    pub delimiter: char,
    /// The encoding by its name on the web, such as `windows-1252`; UTF-8 if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Whether it begins with a byte order mark.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mark: bool,
}

impl Default for TextLayout {
    fn default() -> Self {
        Self { delimiter: ',', encoding: None, mark: false }
    }
}

impl TextLayout {
    /// The layout of a text that was read; runs of blanks, which part cells too, cannot show an empty one and become commas.
    pub(super) fn of(delimiter: u8, encoding: Option<&'static Encoding>, mark: bool) -> Self {
        let delimiter = if delimiter == b' ' { ',' } else { char::from(delimiter) };
        Self { delimiter, encoding: encoding.map(|encoding| encoding.name().to_owned()), mark }
    }

    /// The same in UTF-8 without a mark, for what goes to a terminal or another program.
    #[must_use]
    pub fn in_utf8(&self) -> Self {
        Self { delimiter: self.delimiter, ..Self::default() }
    }

    /// Whether it is that of most programs.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// What separates cells: a comma where a file says what cannot.
    pub(super) fn separator(&self) -> char {
        let c = self.delimiter;
        let can = c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '"' | '\n' | '\r' | '\0' | ' ');
        if can { c } else { ',' }
    }

    /// How texts become bytes; UTF-8 where the encoding is not known.
    pub(super) fn encoder(&self) -> Encoder {
        let encoding = self.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes()));
        Encoder { encoding: encoding.unwrap_or(UTF_8) }
    }
}

/// Turns texts into bytes of an encoding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoder {
    encoding: &'static Encoding,
}

impl Encoder {
    /// What a text begins with: UTF-16 without a mark is hardly known to be that.
    pub(super) fn start(self, layout: &TextLayout) -> Cow<'static, [u8]> {
        let has_mark = (layout.mark && self.encoding == UTF_8) || self.is_wide();
        if has_mark { Cow::Owned(self.bytes("\u{feff}").into_owned()) } else { Cow::Borrowed(&[]) }
    }

    fn is_wide(self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }

    /// A text in bytes; `?` for what the encoding has not.
    pub(super) fn bytes(self, text: &str) -> Cow<'_, [u8]> {
        if self.encoding == UTF_16LE {
            return Cow::Owned(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
        if self.encoding == UTF_16BE {
            return Cow::Owned(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        let (bytes, _, has_unknown) = self.encoding.encode(text);
        if !has_unknown {
            return bytes;
        }
        let known = |c: char| {
            let (_, _, is_unknown) = self.encoding.encode(c.encode_utf8(&mut [0; 4]));
            !is_unknown
        };
        let text: String = text.chars().map(|c| if known(c) { c } else { '?' }).collect();
        Cow::Owned(self.encoding.encode(&text).0.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(name: &str, text: &str) -> Vec<u8> {
        let layout = TextLayout { encoding: Some(name.to_owned()), ..TextLayout::default() };
        let encoder = layout.encoder();
        [&encoder.start(&layout)[..], &encoder.bytes(text)].concat()
    }

    #[test]
    fn texts_are_encoded_and_what_has_no_place_is_a_question_mark() {
        assert_eq!(bytes("windows-1252", "Müller 5 €"), b"M\xfcller 5 \x80");
        assert_eq!(bytes("windows-1252", "東京 é"), b"?? \xe9");
        assert_eq!(bytes("UTF-16LE", "é"), b"\xff\xfe\xe9\0");
        assert_eq!(bytes("utf-16be", "é"), b"\xfe\xff\0\xe9");
        assert_eq!(bytes("shift_jis", "円"), b"\x89\x7e");
        assert_eq!(bytes("no such", "é"), "é".as_bytes());
        let marked = TextLayout { mark: true, ..TextLayout::default() };
        assert_eq!(&*marked.encoder().start(&marked), b"\xef\xbb\xbf");
        assert!(marked.in_utf8().is_plain() && !marked.is_plain());
    }

    #[test]
    fn what_cannot_separate_is_a_comma() {
        for delimiter in ['"', '\n', 'a', '5', ' ', 'é'] {
            assert_eq!(TextLayout { delimiter, ..TextLayout::default() }.separator(), ',');
        }
        assert_eq!(TextLayout::of(b' ', None, false), TextLayout::default());
        assert_eq!(TextLayout::of(b';', None, false).separator(), ';');
    }
}
