//! Rules as users write them: `start <= end`, `total = x + y`, `city decides country`, `age in 0..120`, `city with country`.

use super::calendar::Unit;
use super::rule::RATE_OF;

/// What a rule may look like.
pub(super) const FORMS: &str = "`A <= B`, `A < B`, `A = B * C - D + E` (+, -, *, /; each column once), `A = B * 0.19`, `A = 100 - B - C` or `A + B + C = 100`, A = B * `rate of C`, A = `year of B` - C, A = `date of B` - `date of C`, A = `full years to B` - `full years to C` (or `full months to`), `A decides B`, `A in FROM..TO` or `A with B`, names with spaces in backquotes";

/// A rule as it was written; columns by name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    Order {
        low: String,
        high: String,
        strict: bool,
    },
    /// Products that are added, or subtracted where it is said; factors that are divided by where it is said.
    Formula {
        column: String,
        terms: Vec<(bool, Vec<(String, bool)>)>,
    },
    Decides {
        by: String,
        column: String,
    },
    Range {
        column: String,
        from: String,
        to: String,
    },
    With([String; 2]),
}

/// The words of a rule: names in backquotes, and what stands between spaces.
fn words(text: &str) -> Option<Vec<(String, bool)>> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('`') {
            let (name, after) = quoted.split_once('`')?;
            words.push((name.to_string(), true));
            rest = after.trim_start();
        } else {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            words.push((word.to_string(), false));
            rest = after.trim_start();
        }
    }
    Some(words)
}

/// A rule with blanks around its signs where it has none: `tax=net*0.19`. Minus signs are parted only `with_minus`, as names
/// have hyphens.
fn spaced(text: &str, with_minus: bool) -> String {
    let is_sign = |c: char| "=<>*/+".contains(c) || (with_minus && c == '-');
    let (mut spaced, mut quoted, mut last) = (String::with_capacity(text.len() + 8), false, ' ');
    for c in text.chars() {
        let opens = c == '`' && !quoted;
        let is_inner = quoted;
        quoted ^= c == '`';
        // `<=` is one sign.
        let is_second = c == '=' && matches!(last, '<' | '>');
        if !is_inner && !is_second && (is_sign(c) || is_sign(last)) {
            spaced.push(' ');
        }
        spaced.push(c);
        last = if is_inner || opens { '`' } else { c };
    }
    spaced
}

impl Written {
    /// Reads a rule of columns that are known, whose signs need no blanks around them where that makes names of columns; `None`
    /// where it is none of [`FORMS`].
    pub(super) fn parse_of(text: &str, is_known: impl Fn(&str) -> bool) -> Option<Self> {
        let readings = [text.to_owned(), spaced(text, false), spaced(text, true)];
        let mut readings = readings.into_iter().filter_map(|text| Self::parse(&text)).peekable();
        let first = readings.peek().cloned();
        readings.find(|written| written.names(&is_known).iter().all(|name| is_known(name))).or(first)
    }

    /// The columns that it names, in its order; of `rate of kind`, where no column is called so, `kind`.
    pub(super) fn names(&self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let bare = |name: String| match Unit::named(&name).map(|(_, of)| of).or(name.strip_prefix(RATE_OF)) {
            Some(of) if !is_known(&name) => of.trim_matches('`').to_string(),
            _ => name,
        };
        self.written_names().into_iter().map(bare).collect()
    }

    fn written_names(&self) -> Vec<String> {
        match self {
            Self::Order { low, high, .. } => vec![low.clone(), high.clone()],
            Self::Formula { column, terms } => {
                let parts = terms.iter().flat_map(|(_, of)| of).map(|(name, _)| name);
                let parts = parts.filter(|name| name.parse::<f64>().is_err());
                std::iter::once(column).chain(parts).cloned().collect()
            }
            Self::Decides { by, column } => vec![by.clone(), column.clone()],
            Self::Range { column, .. } => vec![column.clone()],
            Self::With(names) => names.to_vec(),
        }
    }

    /// Reads a rule; `None` where it is none of [`FORMS`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words = words(text)?;
        let name = |i: usize| words[i].0.clone();
        // What is in backquotes is a name, whatever it reads.
        let sign = |i: usize| if words[i].1 { "" } else { words[i].0.as_str() };
        match words.len() {
            3 => match sign(1) {
                "<=" | "<" => Some(Self::Order { low: name(0), high: name(2), strict: sign(1) == "<" }),
                ">=" | ">" => Some(Self::Order { low: name(2), high: name(0), strict: sign(1) == ">" }),
                "decides" => Some(Self::Decides { by: name(0), column: name(2) }),
                "with" => Some(Self::With([name(0), name(2)])),
                "in" => {
                    let (from, to) = words[2].0.split_once("..")?;
                    Some(Self::Range { column: name(0), from: from.to_string(), to: to.to_string() })
                }
                "=" => Some(Self::Formula { column: name(0), terms: vec![(false, vec![(name(2), false)])] }),
                _ => None,
            },
            n if n >= 5 && n % 2 == 1 && sign(1) == "=" => {
                let signs: Vec<&str> = (3..n).step_by(2).map(sign).collect();
                let are_known = signs.iter().all(|sign| ["+", "-", "*", "/"].contains(sign));
                let names = (2..n).step_by(2).map(name);
                are_known.then(|| Self::Formula { column: name(0), terms: products(names, &signs) })
            }
            // `A + B + C = 100` is `A = 100 - B - C`, and `A - B = C` is `C = A - B`.
            n if n >= 5 && n % 2 == 1 && sign(n - 2) == "=" => {
                let signs: Vec<&str> = (1..n - 2).step_by(2).map(sign).collect();
                let are_added = signs.iter().all(|sign| ["+", "-"].contains(sign));
                let single = |(name, minus)| (minus, vec![(name, false)]);
                let names = (0..n - 1).step_by(2).map(name);
                let is_number = !words[n - 1].1 && words[n - 1].0.parse::<f64>().is_ok();
                let minus = std::iter::once(false).chain(signs.iter().map(|sign| *sign == "-"));
                let (column, terms) = match is_number {
                    true => {
                        let others = names.zip(minus).skip(1).map(|(name, minus)| (name, !minus));
                        (name(0), std::iter::once((name(n - 1), false)).chain(others).map(single).collect())
                    }
                    false => (name(n - 1), names.zip(minus).map(single).collect()),
                };
                are_added.then_some(Self::Formula { column, terms })
            }
            _ => None,
        }
    }
}

/// Columns with the sign before each but the first, as products: those go before sums.
fn products(names: impl Iterator<Item = String>, signs: &[&str]) -> Vec<(bool, Vec<(String, bool)>)> {
    let mut terms: Vec<(bool, Vec<(String, bool)>)> = Vec::new();
    for (name, sign) in names.zip(std::iter::once(&"+").chain(signs)) {
        match (*sign, terms.last_mut()) {
            (sign @ ("*" | "/"), Some((_, of))) => of.push((name, sign == "/")),
            (sign, _) => terms.push((sign == "-", vec![(name, false)])),
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_need_no_blanks_where_names_are_known() {
        let known = ["tax", "net", "a-b", "a", "b", "km/h", "start day"];
        let read = |text: &str| Written::parse_of(text, |name| known.contains(&name));
        for (text, wanted) in [
            ("tax=net*0.19", "tax = net * 0.19"),
            ("tax = net*0.19", "tax = net * 0.19"),
            ("a<=b", "a <= b"),
            ("a>b", "a > b"),
            ("`start day`<=b", "`start day` <= b"),
            ("b<=`start day`", "b <= `start day`"),
            ("tax=a-b+net", "tax = a-b + net"),
            ("tax=net-b", "tax = net - b"),
            ("km/h <= net", "km/h <= net"),
        ] {
            assert_eq!(read(text), Written::parse(wanted), "{text}");
            assert!(read(text).is_some());
        }
        // Of names that are not known the rule as it is written is told.
        assert_eq!(read("x=y*z"), Written::parse("x = y * z"));
        assert_eq!(read("tax=net*"), None);
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        let order = |low: &str, high: &str, strict| {
            Some(Written::Order { low: low.into(), high: high.into(), strict })
        };
        assert_eq!(Written::parse("`start day` <= end"), order("start day", "end", false));
        assert_eq!(Written::parse("a > b"), order("b", "a", true));
        let range = Written::Range { column: "age".into(), from: "0".into(), to: String::new() };
        assert_eq!(Written::parse("age in 0.."), Some(range));
        let part = |name: &str, inverse| (name.to_string(), inverse);
        let terms = vec![
            (false, vec![part("b", false), part("c", true)]),
            (true, vec![part("d", false)]),
            (false, vec![part("e", false), part("*", false)]),
        ];
        let written = Written::Formula { column: "a".into(), terms };
        assert_eq!(Written::parse("a = b / c - d + e * `*`"), Some(written));
        assert_eq!(Written::parse("a + b - c = 100"), Written::parse("a = 100 - b + c"));
        assert_eq!(Written::parse("b - c + d = a"), Written::parse("a = b - c + d"));
        let same = Written::Formula { column: "a".into(), terms: vec![(false, vec![part("b", false)])] };
        assert_eq!(Written::parse("a = b"), Some(same));
        for wrong in [
            "",
            "a",
            "a b c",
            "a == b",
            "`a <= b",
            "a = b ? c",
            "a = b +",
            "a = b + c * d ^ e",
            "a = * b + c",
            "a in 3",
            "a `<=` b",
        ] {
            assert_eq!(Written::parse(wrong), None, "{wrong}");
        }
    }
}
