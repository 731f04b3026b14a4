//! Texts of several numbers each: ranges, bands of age, fractions, ratios, scores, measures of two numbers.

/// Words that may stand between, before or behind such numbers, in small letters.
const WORDS: [&str; 49] = [
    "to", "of", "in", "and", "or", "out", "over", "under", "up", "above", "below", "more", "less", "than",
    "older", "younger", "from", "by", "x", "bis", "von", "unter", "über", "ab", "und", "mehr", "de", "à",
    "a", "et", "plus", "moins", "y", "o", "hasta", "más", "menos", "sur", "year", "month", "months", "days",
    "jahre", "ans", "años", "anos", "years", "yrs", "k",
];

/// Of levels that are pairs of numbers in order, so many of twenty are ranges or shares.
const ORDERED: usize = 19;

/// Numbers of a text, their texts, and whether it says no more than these.
struct Numbers<'a> {
    texts: Vec<&'a str>,
    /// Between them and around them.
    signs: Vec<&'a str>,
}

/// Cuts a text into numbers and what stands around them; `None` where letters that are no words of measures do.
fn numbers(text: &str) -> Option<Numbers<'_>> {
    if text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (mut texts, mut signs, mut rest) = (Vec::new(), Vec::new(), text);
    loop {
        let start = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        signs.push(&rest[..start]);
        rest = &rest[start..];
        if rest.is_empty() {
            break;
        }
        // A point or a comma within digits belongs to them.
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            // In brackets a comma parts.
            let is_point = c == '.' || (c == ',' && !text.starts_with(['[', '(', '{']));
            let is_inner = is_point && rest[at + 1..].starts_with(|c: char| c.is_ascii_digit());
            if !c.is_ascii_digit() && !is_inner {
                break;
            }
            end = at + c.len_utf8();
        }
        texts.push(&rest[..end]);
        rest = &rest[end..];
    }
    // Letters of the compass stand by degrees.
    let is_place = text.contains('°');
    let is_known = |sign: &&str| {
        let words = sign.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        // Capitals are those of codes.
        let is_word = |word: &str| {
            (word.chars().any(char::is_lowercase) && WORDS.contains(&word.to_lowercase().as_str()))
                || (is_place && ["N", "S", "E", "W", "O"].contains(&word))
        };
        words.into_iter().all(is_word)
    };
    signs.iter().all(is_known).then_some(Numbers { texts, signs })
}

/// The value of digits with points and commas, of which those before three digits are taken to part thousands.
fn value(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split([',', '.']).collect();
    let is_grouped = parts.len() > 1 && parts[1..].iter().all(|part| part.len() == 3);
    if is_grouped { parts.concat().parse().ok() } else { text.replace(',', ".").parse().ok() }
}

/// Whether texts have two numbers and more each, and are no codes: these have one width, or zeros before their digits.
pub(super) fn are_pairs(levels: &[String]) -> bool {
    let (mut pairs, mut rising, mut falling, mut measures, mut near) = (0, 0, 0, 0, 0);
    let mut widths: Vec<Vec<usize>> = Vec::new();
    // A unit behind all of them.
    let tail = |level: &String| level.len() - level.trim_end_matches(char::is_alphabetic).len();
    let unit = levels.first().map_or("", |level| &level[level.len() - tail(level)..]);
    let unit = if unit.chars().all(char::is_alphabetic) && levels.iter().all(|level| level.ends_with(unit)) {
        unit
    } else {
        ""
    };
    for level in levels.iter().map(|level| &level[..level.len() - unit.len()]) {
        let Some(numbers) = numbers(level).filter(|numbers| numbers.texts.len() > 1) else { continue };
        // `240.202.67.74` is one that is no number, and blanks alone part telephone numbers.
        let is_padded =
            |text: &&str| text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        let is_blank = numbers.signs[1..numbers.signs.len() - 1].iter().any(|sign| sign.trim().is_empty());
        let values: Option<Vec<f64>> = numbers.texts.iter().map(|text| value(text)).collect();
        let is_padded = numbers.texts.iter().any(is_padded) && !level.contains('°');
        let (Some(values), false) = (values, is_blank || is_padded) else {
            continue;
        };
        pairs += 1;
        // Codes have no decimals nor degrees.
        measures += usize::from(level.contains('°') || numbers.texts.iter().any(|text| text.contains('.')));
        rising += usize::from(values[0] < values[1]);
        falling += usize::from(values[0] > values[1]);
        // Codes of three digits and two are seldom as near to each other as `114/71`.
        let is_near = matches!(values[..], [high, low] if (low..3.0 * low).contains(&high) && high < 1000.0);
        near += usize::from(is_near && numbers.signs[1].trim() == "/");
        let width = numbers.texts.iter().map(|text| text.len()).collect();
        if !widths.contains(&width) && widths.len() < 4 {
            widths.push(width);
        }
    }
    let is_even = widths.iter().all(|width: &Vec<usize>| width.iter().all(|one| *one == width[0]));
    // Codes have numbers of one width each, one of which is always the larger.
    let is_ordered = (is_even || widths.len() > 1)
        && rising.max(falling) * 20 >= levels.len() * ORDERED
        && rising.min(falling) == 0;
    let in_brackets = levels.iter().all(|level| level.starts_with(['[', '(', '{']));
    let are_measures = measures * 2 > levels.len();
    let are_near = near * 20 >= levels.len() * ORDERED;
    pairs * 2 > levels.len() && (widths.len() > 2 || are_measures || is_ordered || are_near || in_brackets)
}

/// Where each of `levels` stands among them, if all are bands such as `<18`, `18-24`, `65+`, or pairs of numbers such as
/// `2:1`; `None` where one is not.
pub(super) fn places(levels: &[String]) -> Option<Vec<[f64; 2]>> {
    // Two numbers, or one with a sign that it is the end of a band.
    let mut has_two = false;
    let places: Option<Vec<[f64; 2]>> = levels
        .iter()
        .map(|level| {
            let numbers = numbers(level)?;
            let before = numbers.signs[0].trim().to_lowercase();
            let is_below = before.starts_with(['<', '\u{2264}'])
                || ["under", "below", "less", "unter", "bis", "menos", "moins", "up to"]
                    .iter()
                    .any(|word| before.starts_with(word));
            let values: Option<Vec<f64>> = numbers.texts.iter().map(|text| value(text)).collect();
            let after = numbers.signs.last().is_some_and(|sign| sign.starts_with('+'));
            has_two |= after || is_below || before.starts_with(['>', '\u{2265}']);
            match values?[..] {
                [high] if is_below => Some([f64::NEG_INFINITY, high]),
                [low] => Some([low, f64::INFINITY]),
                [low, high] => {
                    has_two = true;
                    Some([low, high])
                }
                _ => None,
            }
        })
        .collect();
    places.filter(|_| has_two)
}

/// Whether a text is a year with the two digits of the next: `2001/02`, `2001-02`.
pub(super) fn is_season(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 7 || !matches!(bytes[4], b'/' | b'-') {
        return false;
    }
    let number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten()
    };
    match (text.get(..4).and_then(number), text.get(5..).and_then(number)) {
        (Some(year), Some(next)) => (1800..2200).contains(&year) && (year + 1) % 100 == next,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(n: usize, text: impl Fn(usize) -> String) -> Vec<String> {
        (0..n).map(text).collect()
    }

    #[test]
    fn several_numbers_are_told_from_codes() {
        for (i, pairs) in [
            levels(60, |i| format!("{}-{}", 20 + i * 3, 40 + i * 7)),
            levels(60, |i| format!("{}–{}", 20 + i, 30 + i)),
            levels(60, |i| format!("{}/{}", 4 + i, 270 + i * 3)),
            levels(60, |i| format!("{}/{}", 95 + i * 2, 60 + i)),
            levels(60, |i| format!("{} to {}", 5 + i, 9 + i)),
            levels(60, |i| format!("1 in {}", 5 + i * 50)),
            levels(60, |i| format!("({}.5, {}.25]", i, i + 1)),
            levels(60, |i| format!("{} ({}%)", 3 + i * 7, 1 + i)),
            levels(60, |i| format!("{} x {} x {}", 3 + i * 7, 1 + i, 2 + i)),
            levels(60, |i| format!("{}/{} mmHg", 95 + i * 2, 60 + i)),
            levels(60, |i| format!("{{{},{},{}}}", i % 3, i % 4, i % 5)),
            levels(60, |i| format!("[{i},{})", i + 10)),
            levels(60, |i| format!("{}-{}", 80 + i * 31 % 60, 80 + i * 17 % 60)),
        ]
        .iter()
        .enumerate()
        {
            assert!(are_pairs(pairs), "{i}: {}", pairs[1]);
        }
        for codes in [
            levels(60, |i| format!("555-{:04}", i * 131)),
            levels(60, |i| format!("{}-{}", 10 + i * 31 % 60, 1_000_000 + i * 7919)),
            levels(60, |i| format!("2024/{i:05}")),
            levels(60, |i| format!("AB-{}-{}", i, i * 7)),
            levels(60, |i| format!("{} Main Street {}", i, i * 7)),
            levels(60, |i| format!("{}", 100 + i)),
        ] {
            assert!(!are_pairs(&codes), "{}", codes[1]);
        }
    }

    #[test]
    fn bands_have_an_order() {
        let ordered = |texts: &[&str]| {
            let levels: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let places = places(&levels)?;
            Some(places.windows(2).all(|pair| pair[0] < pair[1]))
        };
        for texts in [
            &["<18", "18-24", "25-34", "65+"][..],
            &["under 18", "18 to 64", "65 and over"],
            &["0-4", "5-9", "10-14", "100+"],
            &["$0-$9,999", "$10,000-$19,999", "$100,000+"],
            &["1:1", "2:1", "10:1"],
            &["< 1 year", "1 year", "2 years", "10+ years"],
            &["bis 17", "18 bis 64", "ab 65"],
        ] {
            assert_eq!(ordered(texts), Some(true), "{texts:?}");
        }
        for texts in [&["rome", "oslo"][..], &["18-24", "unknown"], &["1-2-3", "1-2"]] {
            assert_eq!(ordered(texts), None, "{texts:?}");
        }
        assert!(
            is_season("2001/02") && is_season("1999-00") && !is_season("2001-03") && !is_season("2001-2")
        );
    }
}
