//! Levels of a category that have an order of their own: bands, months, days of the week, `low`, `medium`, `high`.

use super::{language, number, pair, weekday};

/// Scales of words in small letters, from the least to the most, parted by `|`.
const SCALES: [&str; 34] = [
    "very low|low|moderate|medium|mid|middle|average|high|very high",
    "low|normal|elevated|high",
    "tiny|small|medium|large|huge",
    "small|regular|large|extra large",
    "xxs|xs|s|m|l|xl|xxl|xxxl",
    "none|trace|mild|slight|moderate|severe|critical",
    "very poor|poor|fair|average|good|very good|excellent",
    "bad|poor|fair|good|great|excellent",
    "never|rarely|seldom|sometimes|often|usually|always",
    "strongly disagree|disagree|neutral|neither|agree|strongly agree",
    "very dissatisfied|dissatisfied|neutral|satisfied|very satisfied",
    "very unlikely|unlikely|neutral|likely|very likely",
    "trivial|minor|major|critical|blocker",
    "trace|debug|info|notice|warning|error|critical|fatal",
    "freshman|sophomore|junior|senior",
    "bronze|silver|gold|platinum|diamond",
    "primary|secondary|tertiary",
    "beginner|intermediate|advanced|expert",
    "freezing|cold|cool|mild|warm|hot",
    "daily|weekly|monthly|quarterly|yearly",
    "morning|noon|afternoon|evening|night",
    "spring|summer|autumn|winter",
    "q1|q2|q3|q4",
    "first|second|third|fourth|fifth",
    "i|ii|iii|iv|v|vi|vii|viii|ix|x",
    "sehr niedrig|niedrig|gering|mittel|hoch|sehr hoch",
    "klein|mittel|groß",
    "sehr gut|gut|befriedigend|ausreichend|mangelhaft|ungenügend",
    "faible|moyen|moyenne|élevé|élevée|fort",
    "bajo|baja|medio|media|alto|alta",
    "basso|bassa|medio|media|alto|alta",
    "baixo|baixa|médio|média|alto|alta",
    "низкий|средний|высокий",
    "小|低|中|大|高",
];

/// Levels that are no answer and stand behind all others, in small letters.
const NO_ANSWERS: [&str; 12] = [
    "unknown",
    "other",
    "none",
    "n/a",
    "na",
    "don't know",
    "prefer not to say",
    "not stated",
    "not applicable",
    "no answer",
    "keine angabe",
    "unbekannt",
];

/// Where each level stands in the order that all of them have, but for one that is no answer; `None` where they have none.
pub(crate) fn places(levels: &[&str]) -> Option<Vec<usize>> {
    let is_answer = |level: &&str| !NO_ANSWERS.contains(&level.trim().to_lowercase().as_str());
    let answers: Vec<&str> = levels.iter().copied().filter(is_answer).collect();
    in_order(levels).or_else(|| {
        let are_answered = answers.len() + 1 == levels.len() && answers.len() > 2;
        let mut places = in_order(&answers).filter(|_| are_answered)?.into_iter();
        Some(
            levels
                .iter()
                .map(|level| if is_answer(level) { places.next().unwrap_or(0) } else { usize::MAX })
                .collect(),
        )
    })
}

fn in_order(levels: &[&str]) -> Option<Vec<usize>> {
    let names: Vec<String> = levels.iter().map(|level| level.trim().to_lowercase()).collect();
    let in_words = SCALES.iter().find_map(|scale| within(&names, scale.split('|')));
    in_words
        .or_else(|| language::sets_of_months().find_map(|months| within(&names, months)))
        .or_else(|| weekday::sets_of_days().find_map(|days| within(&names, days)))
        .or_else(|| {
            let values: Vec<f64> = levels.iter().map(|level| number::parse(level)).collect::<Option<_>>()?;
            Some(ranks(&values.into_iter().map(|value| [value, 0.0]).collect::<Vec<_>>()))
        })
        .or_else(|| {
            let owned: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();
            Some(ranks(&pair::places(&owned)?))
        })
}

/// The place of each name among the words of a scale; `None` where one is not among them.
fn within<'a>(names: &[String], scale: impl Iterator<Item = &'a str>) -> Option<Vec<usize>> {
    let scale: Vec<&str> = scale.collect();
    names.iter().map(|name| scale.iter().position(|word| word == name)).collect()
}

/// The place of each value among them.
fn ranks(values: &[[f64; 2]]) -> Vec<usize> {
    let is_less = |a: &[f64; 2], b: &[f64; 2]| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).is_lt();
    values.iter().map(|value| values.iter().filter(|other| is_less(other, value)).count()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_with_an_order_have_places_in_it() {
        let sorted = |levels: &[&'static str]| {
            let places = places(levels)?;
            let mut order: Vec<usize> = (0..levels.len()).collect();
            order.sort_by_key(|i| places[*i]);
            Some(order.into_iter().map(|i| levels[i]).collect::<Vec<_>>())
        };
        for (levels, wanted) in [
            (vec!["high", "low", "medium"], vec!["low", "medium", "high"]),
            (vec!["L", "M", "S", "XL"], vec!["S", "M", "L", "XL"]),
            (vec!["Fri", "Mon", "Sun", "Wed"], vec!["Mon", "Wed", "Fri", "Sun"]),
            (vec!["Apr", "Dec", "Feb"], vec!["Feb", "Apr", "Dec"]),
            (vec!["mars", "août", "janvier"], vec!["janvier", "mars", "août"]),
            (vec!["сб", "пн", "вт"], vec!["пн", "вт", "сб"]),
            (vec!["30+", "10-19", "<10", "20-29"], vec!["<10", "10-19", "20-29", "30+"]),
            (vec!["10", "9", "100"], vec!["9", "10", "100"]),
            (vec!["高", "低", "中"], vec!["低", "中", "高"]),
            (
                vec!["<$20k", ">$100k", "$20k-$50k", "$50k-$100k"],
                vec!["<$20k", "$20k-$50k", "$50k-$100k", ">$100k"],
            ),
            (vec!["unknown", "high", "low", "medium"], vec!["low", "medium", "high", "unknown"]),
        ] {
            assert_eq!(sorted(&levels), Some(wanted));
        }
        for levels in [&["Rome", "Oslo", "Bonn"][..], &["low", "high", "unknown"], &["Mon", "Feb", "Tue"]] {
            assert_eq!(sorted(levels), None, "{levels:?}");
        }
    }
}
