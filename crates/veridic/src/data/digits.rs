//! A cell cut into the parts of a number: signs, digits in groups, and what stands around them.

use super::spelling::Minus;
use super::{magnitude, number};

/// A cell cut into what stands around its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) prefix: &'a str,
    /// Digits and the signs between them.
    pub(super) core: &'a str,
    pub(super) suffix: &'a str,
    /// The mark of a number below zero.
    pub(super) minus: Option<Minus>,
    pub(super) plus: bool,
}

/// Signs that stand between digits.
pub(super) const BETWEEN: [char; 11] =
    ['.', ',', ' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}', '_', '\u{66b}', '\u{66c}'];

/// Among them the backslash, which fonts of Japan show as the sign of the yen.
const CURRENCIES: &str = "\\￥＄￦$€£¥₹₽₩₺₪฿₫₴₦₱₡₲₵₸₼₾";
const CODES: [&str; 92] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "RMB", "INR", "RUB", "BRL", "CAD", "AUD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "MXN", "KRW", "ZAR", "TRY", "NZD", "SGD", "HKD", "ILS", "THB", "IDR", "MYR", "PHP",
    "AED", "SAR", "CLP", "COP", "ARS", "PEN", "EGP", "NGN", "KES", "PKR", "BDT", "VND", "UAH", "RON", "BGN",
    "ISK", "TWD", "BTC", "US$", "R$", "A$", "C$", "CA$", "HK$", "S$", "NZ$", "Rs", "Rs.", "Fr.", "SFr.",
    "kr", "RM", "Rp", "Rp.", "kr.", "Kr.", "Kr", "S/", "S/.", "B/.", "Bs", "Bs.", "NT$", "AR$", "U$S", "MX$",
    "J$", "TT$", "G$", "L.", "KSh", "Ksh", "TSh", "USh", "GHS", "DM", "Fr", "UYU",
    // Letters alone may be those of codes: see [`is_letter`].
    "R", "P", "L", "Q",
];

/// Other signs before a number below zero.
const MINUSES: [(char, Minus); 4] = [
    ('\u{2013}', Minus::Dash),
    ('\u{ff0d}', Minus::Wide),
    ('▲', Minus::Triangle),
    ('△', Minus::OpenTriangle),
];

/// What stands behind a whole amount for no cents: `1'200.–`, `kr 450,-`, `Rs. 1,200/-`.
pub(super) const NO_CENTS: [&str; 10] =
    [":-", "/-", ".-", ",-", ".\u{2013}", ",\u{2013}", ".\u{2014}", ",\u{2014}", ".--", ",--"];

/// Cuts `text` into a number's parts; `None` where it cannot be a number in any spelling that is known.
pub(super) fn parts(text: &str) -> Option<Parts<'_>> {
    let first = text.chars().next()?;
    let possible = first.is_ascii_digit()
        || matches!(
            first,
            '-' | '+'
                | '\u{2212}'
                | '('
                | '.'
                | ','
                | '%'
                | '<'
                | '>'
                | '~'
                | '\u{2248}'
                | '\u{2264}'
                | '\u{2265}'
        )
        || MINUSES.iter().any(|(sign, _)| first == *sign)
        || CURRENCIES.contains(first)
        || (first.is_ascii_alphabetic()
            && (CODES.iter().any(|code| text.starts_with(code)) || key(text).is_some()));
    if !possible || text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (mut rest, mut minus, mut plus) = (text, None, false);
    if let Some(inside) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (rest, minus) = (inside, Some(Minus::Parentheses));
    } else if let Some(after) = text.strip_prefix('-') {
        (rest, minus) = (after, Some(Minus::Front));
    } else if let Some(after) = text.strip_prefix('\u{2212}') {
        (rest, minus) = (after, Some(Minus::Typographic));
    } else if let Some((sign, minus_sign)) = MINUSES.into_iter().find(|(sign, _)| text.starts_with(*sign)) {
        (rest, minus) = (&text[sign.len_utf8()..], Some(minus_sign));
    } else if let Some(after) = text.strip_prefix('+') {
        (rest, plus) = (after, true);
    }
    if let (Some(own), Some(after)) = (minus, rest.strip_prefix(' ')) {
        let spaced = match own {
            Minus::Front => Some(Minus::SpacedFront),
            Minus::Typographic => Some(Minus::SpacedTypographic),
            Minus::Dash => Some(Minus::SpacedDash),
            _ => None,
        };
        if let Some(spaced) = spaced.filter(|_| after.starts_with(|c: char| c.is_ascii_digit())) {
            (rest, minus) = (after, Some(spaced));
        }
    }
    let is_start = |c: char| c.is_ascii_digit() || matches!(c, '-' | '(' | '\u{2212}');
    let bytes = rest.as_bytes();
    let mut start = rest.find(is_start)?;
    // A point or comma right before a digit belongs to the number.
    if start > 0
        && bytes[start].is_ascii_digit()
        && matches!(bytes[start - 1], b'.' | b',')
        && !is_currency(rest[..start].trim())
    {
        start -= 1;
    }
    let prefix = &rest[..start];
    if !prefix.is_empty() && !is_prefix(prefix) {
        return None;
    }
    let mut rest = &rest[start..];
    let mut inner = false;
    if minus.is_none() && !plus {
        if let Some(after) = rest.strip_prefix('-').filter(|_| !prefix.is_empty() && !is_letter(prefix)) {
            (rest, minus) = (after, Some(Minus::Inner));
        } else if let Some(after) = rest.strip_prefix('(') {
            (rest, minus, inner) = (after, Some(Minus::InnerParentheses), true);
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && !BETWEEN.contains(&c)).unwrap_or(rest.len());
    let core = rest[..end].trim_end_matches(|c: char| !c.is_ascii_digit());
    // A power of ten behind a comma; one behind a point is a plain number.
    let core = if core.contains(',') { &rest[..core.len() + power(&rest[core.len()..])] } else { core };
    let mut rest = &rest[core.len()..];
    if core.is_empty() {
        return None;
    }
    if inner {
        rest = rest.strip_prefix(')')?;
    }
    let is_none = |unit: &str| unit.is_empty() || is_sign(unit.trim());
    let has_no_cents = NO_CENTS.iter().any(|mark| rest.strip_prefix(mark).is_some_and(is_none));
    if minus.is_none()
        && !plus
        && !has_no_cents
        && let Some(after) = rest.strip_prefix('-').filter(|after| is_sign(after.trim()))
    {
        (rest, minus) = (after, Some(Minus::BehindDigits));
    }
    if minus.is_none()
        && !plus
        && !has_no_cents
        && let Some(before) = rest.strip_suffix('-')
    {
        (rest, minus) = (before, Some(Minus::Behind));
    }
    // `P0D` is a length of time.
    if is_letter(prefix) && !rest.is_empty() {
        return None;
    }
    // Behind the word for a power of ten there may be a unit: `3,6 Mio. €`.
    let is_scaled = || magnitude::cut(rest).is_some_and(|(word, unit)| word.power > 0 && is_suffix(unit));
    (has_no_cents || is_suffix(rest) || is_scaled()).then_some(Parts {
        prefix,
        core,
        suffix: rest,
        minus,
        plus,
    })
}

/// Whether amounts between these have no cents: of currencies that have none in use.
pub(super) fn is_without_cents(prefix: &str, suffix: &str) -> bool {
    const WHOLE: [&str; 18] = [
        "₫", "đ", "VND", "Rp", "IDR", "₩", "￦", "KRW", "원", "¥", "￥", "\\", "JPY", "円", "Ft", "HUF",
        "CLP", "COP",
    ];
    WHOLE.contains(&prefix.trim()) || WHOLE.contains(&suffix.trim())
}

/// Whether a prefix is one letter, which stands for a currency (`R 837.50`) only where the amounts are written as such.
pub(super) fn is_letter(prefix: &str) -> bool {
    matches!(prefix.trim_end(), "R" | "P" | "L" | "Q")
}

/// Whether a word behind a number is a unit of measure for certain.
pub(super) fn is_unit(word: &str) -> bool {
    const UNITS: [&str; 76] = [
        "g", "kg", "mg", "µg", "t", "lb", "lbs", "oz", "m", "cm", "mm", "km", "nm", "ft", "in", "mi", "yd",
        "l", "L", "ml", "mL", "cl", "dl", "gal", "h", "hr", "hrs", "min", "mins", "s", "sec", "ms", "d",
        "day", "days", "week", "weeks", "month", "months", "mo", "yr", "yrs", "year", "years", "W", "kW",
        "MW", "kWh", "V", "mV", "kV", "mA", "Pa", "kPa", "hPa", "bar", "psi", "Hz", "kHz", "MHz", "GHz",
        "KB", "kB", "MB", "GB", "TB", "px", "pt", "pcs", "Tage", "Jahre", "Monate", "Std", "Stk", "ha",
        "mph",
    ];
    UNITS.contains(&word) || is_currency(word)
}

/// Whether a text is the code of a currency.
pub(super) fn is_currency(text: &str) -> bool {
    CODES.contains(&text)
}

/// Whether a text is the sign or the code of a currency.
fn is_sign(text: &str) -> bool {
    let mut characters = text.chars();
    is_currency(text)
        || characters.next().is_some_and(|c| CURRENCIES.contains(c)) && characters.next().is_none()
}

fn is_prefix(prefix: &str) -> bool {
    let mark = prefix.trim_end();
    let mut characters = mark.chars();
    let single = |c: char| {
        CURRENCIES.contains(c) || matches!(c, '%' | '<' | '>' | '~' | '\u{2248}' | '\u{2264}' | '\u{2265}')
    };
    CODES.contains(&mark)
        || key(prefix) == Some(prefix)
        || (characters.next().is_some_and(single) && characters.next().is_none())
}

/// Whether `suffix` can be a unit: a word or sign of at most 12 characters, a blank before it at most.
fn is_suffix(suffix: &str) -> bool {
    let unit = suffix.trim_start();
    // Signs of East Asia for squares and weights are no letters.
    let letter = |c: char| {
        c.is_alphabetic()
            || "%％٪‰°/²³µ·\"'′″^".contains(c)
            || ('\u{3300}'..='\u{33ff}').contains(&c)
            || CURRENCIES.contains(c)
    };
    suffix.chars().count() <= unit.chars().count() + 2
        && unit.chars().count() <= 12
        && unit.chars().all(|c| letter(c) || matches!(c, '.' | '$'))
        // Behind a time of day.
        && !matches!(unit, "Uhr" | "uhr" | "น.")
        && !unit.starts_with(['/', '.', '^'])
        || is_rate(suffix)
}

/// A word with a sign of equality at the start of a text: `dur=` in `dur=402ms`.
pub(super) fn key(text: &str) -> Option<&str> {
    let end = text.find('=')?;
    let is_word =
        (1..=16).contains(&end) && text[..end].bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    is_word.then(|| &text[..=end])
}

/// Whether a suffix says of how many units something is: `/100kg`, `/100 km`.
pub(super) fn is_rate(suffix: &str) -> bool {
    let Some(rest) = suffix.strip_prefix('/') else { return false };
    let unit = ["1000", "100", "10"].iter().find_map(|many| rest.strip_prefix(many)).unwrap_or_default();
    let unit = unit.trim_start();
    (1..=12).contains(&unit.len()) && unit.chars().all(char::is_alphabetic)
}

/// Whether a suffix is the end of a scale: the `/5` of `4.5/5`.
pub(super) fn is_scale(suffix: &str) -> bool {
    suffix.strip_prefix('/').is_some_and(|end| {
        (1..=3).contains(&end.len()) && !end.starts_with('0') && end.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The length of a power of ten at the start of a text: `E-03`.
fn power(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return 0 };
    let digits = rest.trim_start_matches(['-', '+']);
    let is_power = rest.len() - digits.len() < 2
        && (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_power { text.len() } else { 0 }
}

/// Digits with their signs, read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Digits {
    pub(super) value: f64,
    pub(super) decimals: u8,
    /// Digits before the decimal sign.
    pub(super) whole: u8,
    pub(super) grouped: bool,
    /// Whether a group above the first three digits has two.
    pub(super) lakh: bool,
    pub(super) padded: bool,
}

/// Reads digits in groups parted by `thousands`, with a fraction after `decimal`.
pub(super) fn digits(core: &str, decimal: char, thousands: Option<char>) -> Option<Digits> {
    let (core, power) = core.split_at(core.find(['e', 'E']).unwrap_or(core.len()));
    if !power.is_empty() && (decimal == '.' || thousands.is_some()) {
        return None;
    }
    let (whole, fraction) = match core.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (core, None),
    };
    if fraction.is_some_and(|fraction| fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let mut plain = String::with_capacity(core.len());
    let (mut grouped, mut lakh) = (false, false);
    match thousands.filter(|&mark| whole.contains(mark)) {
        Some(mark) => {
            grouped = true;
            let groups: Vec<&str> = whole.split(mark).collect();
            let last = groups.len() - 1;
            for (i, group) in groups.iter().enumerate() {
                let full = group.len() == 3;
                let fits = if i == last {
                    full
                } else if i == 0 {
                    matches!(group.len(), 1..=3) && !group.starts_with('0')
                } else {
                    lakh |= group.len() == 2;
                    full || group.len() == 2
                };
                if !fits || !group.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                plain.push_str(group);
            }
            // Groups of two and of three are not mixed, and with groups of two the first has two at most.
            let inner = &groups[1..last];
            if lakh && (inner.iter().any(|group| group.len() == 3) || groups[0].len() == 3) {
                return None;
            }
        }
        None => {
            if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            plain.push_str(whole);
        }
    }
    let count = plain.len();
    let padded = count > 1 && plain.starts_with('0');
    if count == 0 {
        plain.push('0');
    }
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    plain.push_str(power);
    let scanned = number::scan(&plain)?;
    Some(Digits {
        value: scanned.value,
        decimals: scanned.decimals,
        whole: u8::try_from(count).ok()?,
        grouped,
        lakh,
        padded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_has_no_parts() {
        for text in
            ["", "abc", "A12", "12-15", "1:30", "u0000-077", "7th-8th", "()", "$", "12a4", "5/6/20", "--5"]
        {
            assert_eq!(parts(text), None, "{text}");
        }
        let Parts { prefix, core, suffix, minus, plus } = parts("-1 234,50 €").unwrap();
        assert_eq!((prefix, core, suffix, minus, plus), ("", "1 234,50", " €", Some(Minus::Front), false));
        assert_eq!(parts("Rs. 1,200.50").unwrap().core, "1,200.50");
        assert_eq!(parts("$.50").unwrap().core, ".50");
        for (text, suffix) in
            [("Fr. 1'200.–", ".–"), ("450,-", ",-"), ("Rs. 1,00,000/-", "/-"), ("12.5㎡", "㎡")]
        {
            let parts = parts(text).unwrap();
            assert_eq!((parts.suffix, parts.minus), (suffix, None), "{text}");
        }
        assert_eq!(parts("%12,5").unwrap().prefix, "%");
        assert_eq!(parts("450-").unwrap().minus, Some(Minus::Behind));
    }

    #[test]
    fn groups_have_three_digits_or_the_indian_two() {
        assert_eq!(digits("1,234", '.', Some(',')).unwrap().value, 1234.0);
        assert!(digits("12,34,567", '.', Some(',')).unwrap().lakh);
        for text in ["1,23", "0,488", "1,2345", "1,,234", ",234", "1234,567", "12,345,67"] {
            assert_eq!(digits(text, '.', Some(',')), None, "{text}");
        }
    }
}
