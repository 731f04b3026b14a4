//! Days of the week in other languages than English: turned into English to be read, and back when written.

/// Names from Monday to Sunday; the longer before those that begin them.
const NAMES: [&str; 22] = [
    "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "mo. di. mi. do. fr. sa. so.",
    "mo di mi do fr sa so",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lun. mar. mer. jeu. ven. sam. dim.",
    "lunes martes miércoles jueves viernes sábado domingo",
    "lun mar mié jue vie sáb dom",
    "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "seg ter qua qui sex sáb dom",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "lun mar mer gio ven sab dom",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "måndag tisdag onsdag torsdag fredag lördag söndag",
    "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "понедельник вторник среда четверг пятница суббота воскресенье",
    "пн вт ср чт пт сб вс",
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    "周一 周二 周三 周四 周五 周六 周日",
    "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
    "월요일 화요일 수요일 목요일 금요일 토요일 일요일",
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar",
];
/// In parentheses behind a date.
const SIGNS: [&str; 2] = ["月 火 水 木 金 土 日", "월 화 수 목 금 토 일"];
const ENGLISH: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The sets of names that a text may have its day of the week from, one bit each.
pub(super) type Sets = u32;

/// A text with its day of the week in English, and the sets of names that it may be from; `None` where there is none.
pub(super) fn to_english(text: &str) -> Option<(String, Sets)> {
    let (start, end) = place(text)?;
    let word = &text[start..end];
    // The longest name has twelve letters, and what has fewer bytes than two is none.
    if !(2..=32).contains(&word.len()) || word.ends_with('-') {
        return None;
    }
    let small = word.to_lowercase();
    // `mar` is Tuesday, and March.
    if small.starts_with("mar") && small.len() < 5 && !has_date(&text[end..]) {
        return None;
    }
    let is_sign = text[..start].ends_with(['(', '（']);
    let (mut sets, mut day) = (0, None);
    for (i, names) in NAMES.iter().chain(&SIGNS).enumerate() {
        if is_sign == (i >= NAMES.len())
            && let Some(at) = names.split(' ').position(|name| name == small)
        {
            sets |= 1 << i;
            day.get_or_insert(at);
        }
    }
    let english = ENGLISH[day?];
    let english =
        if !word.starts_with(char::is_lowercase) { english.to_owned() } else { english.to_lowercase() };
    Some(([&text[..start], &english, &text[end..]].concat(), sets))
}

/// Each set of names from Monday to Sunday, in small letters; those of English first.
pub(super) fn sets_of_days() -> impl Iterator<Item = std::str::Split<'static, char>> {
    const OWN: [&str; 3] = [
        "monday tuesday wednesday thursday friday saturday sunday",
        "mon tue wed thu fri sat sun",
        "mo tu we th fr sa su",
    ];
    OWN.into_iter().chain(NAMES).chain(SIGNS).map(|names| names.split(' '))
}

/// The names of the first of `sets`.
pub(super) fn names(sets: Sets) -> Option<[String; 7]> {
    let names = NAMES.iter().chain(&SIGNS).nth(sets.trailing_zeros() as usize)?;
    let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
    names.try_into().ok()
}

/// `text`, with a day of the week in English, as `names` have it.
pub(super) fn written(text: &str, names: &[String; 7], is_small: bool) -> String {
    let found = ENGLISH.iter().enumerate().find_map(|(day, english)| Some((text.find(english)?, day)));
    let Some((start, day)) = found else { return text.to_owned() };
    let name = &names[day];
    let mut letters = name.chars();
    let titled = match letters.next() {
        Some(first) if !is_small => first.to_uppercase().chain(letters).collect(),
        _ => name.clone(),
    };
    [&text[..start], &titled, &text[start + 3..]].concat()
}

/// Whether a text has the name of a month, or a date of numbers.
fn has_date(text: &str) -> bool {
    let date =
        text.split(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default();
    let is_month = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() > 2;
    date.bytes().filter(|byte| b"./-".contains(byte)).count() > 1 || text.split(' ').any(is_month)
}

/// The first word, of letters with a hyphen or a full stop in a name, or the sign in parentheses at the end.
fn place(text: &str) -> Option<(usize, usize)> {
    if text.ends_with([')', '）']) {
        let start = text.rfind(['(', '（'])?;
        let start = start + text[start..].chars().next().map_or(1, char::len_utf8);
        let end = text.len() - text.chars().next_back().map_or(1, char::len_utf8);
        return (start < end).then_some((start, end));
    }
    if !text.starts_with(char::is_alphabetic) {
        return None;
    }
    let end = text.find(|c: char| !c.is_alphabetic() && c != '-').unwrap_or(text.len());
    let dot = usize::from(text[end..].starts_with(". ") || text[end..].starts_with(".,"));
    Some((0, end + dot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_turned_into_english_and_back() {
        for (text, there) in [
            ("Mo, 03.05.2024", "Mon, 03.05.2024"),
            ("Mittwoch, 8. Mai 2024", "Wed, 8. Mai 2024"),
            ("lundi 6 mai 2024", "mon 6 mai 2024"),
            ("lun. 6 mai 2024", "mon 6 mai 2024"),
            ("Mar 07/05/2024", "Tue 07/05/2024"),
            ("2024/05/01(水)", "2024/05/01(Wed)"),
            ("星期三 2024-05-01", "Wed 2024-05-01"),
        ] {
            let (english, sets) = to_english(text).unwrap();
            assert_eq!(english, there);
            let is_small = text.starts_with("lun");
            let title = english.replace("mon", "Mon");
            assert_eq!(written(&title, &names(sets).unwrap(), is_small), text, "{sets:b}");
        }
        for text in ["Mon, 02 Jan 2006", "2024-05-01", "March 5", "Mar 05, 1996", "Mar 5 22:14:15", "x (12)"]
        {
            assert_eq!(to_english(text), None, "{text}");
        }
        assert!(NAMES.iter().chain(&SIGNS).all(|names| names.split(' ').count() == 7));
    }
}
