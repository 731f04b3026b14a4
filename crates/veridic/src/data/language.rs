//! Names of months in other languages than English: turned into English to be read, and back when written.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A language whose names of months are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Januar, Februar, März.
    German,
    /// janvier, février, mars.
    French,
    /// enero, febrero, marzo.
    Spanish,
    /// janeiro, fevereiro, março.
    Portuguese,
    /// gennaio, febbraio, marzo.
    Italian,
    /// januari, februari, maart.
    Dutch,
    /// januari, februari, mars.
    Swedish,
    /// januar, februar, marts.
    Danish,
    /// stycznia, lutego, marca: as in dates, in the genitive.
    Polish,
    /// января, февраля, марта: likewise.
    Russian,
    /// Jänner, Feber, März.
    Austrian,
    /// janv., févr., mars: shortened, with full stops.
    FrenchShort,
    /// januar, februar, mars.
    Norwegian,
    /// ocak, şubat, mart.
    Turkish,
    /// ledna, února, března: in the genitive.
    Czech,
    /// január, február, március.
    Hungarian,
    /// Januari, Februari, Maret.
    Indonesian,
    /// tammikuuta, helmikuuta, maaliskuuta: in the partitive.
    Finnish,
    /// Ιανουαρίου, Φεβρουαρίου, Μαρτίου: in the genitive.
    Greek,
    /// січня, лютого, березня: in the genitive.
    Ukrainian,
    /// ianuarie, februarie, martie.
    Romanian,
    /// styczeń, luty, marzec: without a day.
    PolishAlone,
    /// январь, февраль, март: without a day.
    RussianAlone,
    /// січень, лютий, березень: without a day.
    UkrainianAlone,
    /// leden, únor, březen: without a day.
    CzechAlone,
    /// Jan., Feb., März: shortened, with full stops.
    GermanShort,
    /// Jan., Feb., March: likewise.
    EnglishShort,
    /// ene., feb., mar.: likewise.
    SpanishShort,
    /// jan., fev., mar.: likewise.
    PortugueseShort,
    /// jan., feb., mrt.: likewise.
    DutchShort,
    /// jan., feb., mars: likewise.
    SwedishShort,
    /// jan., feb., mars: likewise.
    NorwegianShort,
    /// янв., февр., мар.: likewise.
    RussianShort,
    /// Jan., Feb., Mär.: of three letters, with full stops.
    GermanDotted,
    /// Jan., Feb., Mar.: likewise.
    EnglishDotted,
    /// ene., feb., mar.: likewise.
    SpanishDotted,
    /// jan., feb., mar.: likewise.
    DanishDotted,
    /// जनवरी, फ़रवरी, मार्च.
    Hindi,
    /// जनवरी, फरवरी, मार्च: as they are written more simply.
    HindiPlain,
    /// يناير, فبراير, مارس.
    Arabic,
    /// يناير, فبراير, مارس, ابريل: likewise.
    ArabicPlain,
    /// มกราคม, กุมภาพันธ์, มีนาคม.
    Thai,
}

/// The months in English, in lower case.
pub(super) const ENGLISH: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Each set of names of the months in small letters, long or short; those of English first.
pub(super) fn sets_of_months() -> impl Iterator<Item = std::vec::IntoIter<&'static str>> {
    let english = ENGLISH.to_vec();
    let short: Vec<&str> = ENGLISH.iter().map(|name| &name[..3]).collect();
    let others = LANGUAGES.iter().flat_map(|(_, long, short)| [*long, *short]);
    let others = others.filter(|names| !names.is_empty()).map(|names| names.split_whitespace().collect());
    [english, short].into_iter().chain(others).map(Vec::into_iter)
}

/// The languages with the long and the short names of their months; no short ones where these are not of one length.
const LANGUAGES: [(Language, &str, &str); 42] = [
    (
        Language::German,
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jan feb mär apr mai jun jul aug sep okt nov dez",
    ),
    (
        Language::French,
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "",
    ),
    (
        Language::Spanish,
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
    ),
    (
        Language::Portuguese,
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
    ),
    (
        Language::Italian,
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
    ),
    (
        Language::Dutch,
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
    ),
    (
        Language::Swedish,
        "januari februari mars april maj juni juli augusti september oktober november december",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
    ),
    (
        Language::Danish,
        "januar februar marts april maj juni juli august september oktober november december",
        "jan feb mar apr maj jun jul aug sep okt nov dec",
    ),
    (
        Language::Polish,
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    ),
    (
        Language::Russian,
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "янв фев мар апр мая июн июл авг сен окт ноя дек",
    ),
    (
        Language::Austrian,
        "jänner feber märz april mai juni juli august september oktober november dezember",
        "jän feb mär apr mai jun jul aug sep okt nov dez",
    ),
    (Language::FrenchShort, "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.", ""),
    (
        Language::Norwegian,
        "januar februar mars april mai juni juli august september oktober november desember",
        "jan feb mar apr mai jun jul aug sep okt nov des",
    ),
    (
        Language::Turkish,
        "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
        "oca şub mar nis may haz tem ağu eyl eki kas ara",
    ),
    (
        Language::Czech,
        "ledna února března dubna května června července srpna září října listopadu prosince",
        "",
    ),
    (
        Language::Hungarian,
        "január február március április május június július augusztus szeptember október november december",
        "",
    ),
    (
        Language::Indonesian,
        "januari februari maret april mei juni juli agustus september oktober november desember",
        "jan feb mar apr mei jun jul agu sep okt nov des",
    ),
    (
        Language::Finnish,
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta \
         marraskuuta joulukuuta",
        "",
    ),
    (
        Language::Greek,
        "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου \
         δεκεμβρίου",
        "",
    ),
    (
        Language::Ukrainian,
        "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
        "",
    ),
    (
        Language::Romanian,
        "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
        "",
    ),
    (
        Language::PolishAlone,
        "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
        "",
    ),
    (
        Language::RussianAlone,
        "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
        "",
    ),
    (
        Language::UkrainianAlone,
        "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень",
        "",
    ),
    (
        Language::CzechAlone,
        "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
        "",
    ),
    (Language::EnglishDotted, "jan. feb. mar. apr. may jun. jul. aug. sep. oct. nov. dec.", ""),
    (Language::EnglishShort, "jan. feb. march april may june july aug. sept. oct. nov. dec.", ""),
    (Language::GermanShort, "jan. feb. märz apr. mai juni juli aug. sept. okt. nov. dez.", ""),
    (Language::SpanishShort, "ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic.", ""),
    (Language::PortugueseShort, "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.", ""),
    (Language::DutchShort, "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.", ""),
    (Language::SwedishShort, "jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.", ""),
    (Language::NorwegianShort, "jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.", ""),
    (Language::RussianShort, "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.", ""),
    (Language::GermanDotted, "jan. feb. mär. apr. mai jun. jul. aug. sep. okt. nov. dez.", ""),
    (Language::SpanishDotted, "ene. feb. mar. abr. may. jun. jul. ago. sep. oct. nov. dic.", ""),
    (Language::Hindi, "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर", ""),
    (Language::HindiPlain, "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितम्बर अक्टूबर नवम्बर दिसम्बर", ""),
    (Language::Arabic, "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر", ""),
    (Language::ArabicPlain, "يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر", ""),
    (
        Language::Thai,
        "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
        "",
    ),
    (Language::DanishDotted, "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.", ""),
];

/// Letters of the longest name of a month, in bytes.
const LONGEST: usize = 32;

/// Languages that a text may be in: one bit for each of [`LANGUAGES`], and the last for English.
pub(super) type Tongues = u64;
pub(super) const ENGLISH_ONLY: Tongues = 1 << LANGUAGES.len();
pub(super) const ANY: Tongues = (ENGLISH_ONLY << 1) - 1;

/// A text with the name of a month in English, and the languages it may have been in; `None` where there is no name of a
/// month in another language.
pub(super) fn to_english(text: &str) -> Option<(String, Tongues)> {
    let may_be = |(_, word): &(usize, &str)| (3..=LONGEST).contains(&word.len()) && *word != "del";
    // A day of the week may stand before.
    let (start, (word, mut tongues, month, is_long)) =
        words(text).filter(may_be).take(2).find_map(|(start, word)| {
            // A full stop belongs to some names and stands behind others.
            let end = start + word.len();
            let dotted = text[end..].starts_with('.').then(|| &text[start..=end]);
            // `12 de nov. de 2024` is Portuguese.
            let dotted = dotted.filter(|_| !text[..start].ends_with(" de "));
            Some((start, dotted.and_then(named).or_else(|| named(word))?))
        })?;
    let (small, english) = (word.to_lowercase(), ENGLISH[month]);
    if small == english || (!is_long && english.starts_with(&small)) {
        tongues |= ENGLISH_ONLY;
    }
    let name = if is_long { english } else { &english[..3] };
    Some(([&text[..start], &in_case_of(word, name), &text[start + word.len()..]].concat(), tongues))
}

/// A word that is the name of a month: the languages it is one in, which month, and whether it is written out.
fn named(word: &str) -> Option<(&str, Tongues, usize, bool)> {
    static NAMES: OnceLock<HashMap<&str, (Tongues, usize, bool)>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut known: HashMap<&str, (Tongues, usize, bool)> = HashMap::new();
        for (i, (_, long, short)) in LANGUAGES.iter().enumerate() {
            for (names, is_long) in [(long, true), (short, false)] {
                for (month, name) in names.split(' ').filter(|name| !name.is_empty()).enumerate() {
                    // A name that is as long as its short form is taken for the short one, as May is.
                    let is_apart = short.is_empty() || short.split(' ').nth(month) != Some(name);
                    known.entry(name).or_insert((0, month, is_long && is_apart)).0 |= 1 << i;
                }
            }
        }
        known
    });
    let (tongues, month, is_long) = *names.get(word.to_lowercase().as_str())?;
    Some((word, tongues, month, is_long))
}

/// The language that is meant where these are possible; `None` for English.
pub(super) fn language_of(tongues: Tongues) -> Option<Language> {
    let first = tongues.trailing_zeros() as usize;
    (tongues & ENGLISH_ONLY == 0).then(|| LANGUAGES.get(first).map(|(language, ..)| *language)).flatten()
}

/// A moment written in English, in `language`; `is_long` says whether its month is written out.
pub(super) fn from_english(text: &str, language: Language, is_long: bool) -> String {
    let Some((_, long, short)) = LANGUAGES.iter().find(|(known, ..)| *known == language) else {
        return text.to_owned();
    };
    for (start, word) in words(text) {
        let small = word.to_lowercase();
        let month = ENGLISH.iter().position(|name| *name == small || name[..3] == *small);
        if let Some(month) = month {
            let names = if is_long || short.is_empty() { long } else { short };
            let name = names.split(' ').nth(month).unwrap_or(word);
            return [&text[..start], &in_case_of(word, name), &text[start + word.len()..]].concat();
        }
    }
    text.to_owned()
}

/// Words of letters, and of signs that belong to letters of Hindi and Thai, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphabetic() || matches!(c, '\u{93c}' | '\u{94d}' | '\u{e4c}');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphabetic)?;
        let length = text[start..].find(|c: char| !is_part(c)).unwrap_or(text.len() - start);
        at = start + length;
        Some((start, &text[start..at]))
    })
}

/// `name`, which is in small letters, in capitals or with one as `word` is.
fn in_case_of(word: &str, name: &str) -> String {
    let is_small = |c: char| c.is_lowercase();
    if !word.contains(|c: char| c.is_lowercase() || c.is_uppercase()) {
        return name.to_owned();
    }
    let mut letters = word.chars();
    match letters.next() {
        Some(first) if is_small(first) => name.to_owned(),
        _ if letters.any(is_small) => {
            let mut letters = name.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
        _ => name.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(text: &str) -> Option<String> {
        to_english(text).map(|(text, _)| text)
    }

    #[test]
    fn months_are_turned_into_english_and_back() {
        for (text, there, language, is_long) in [
            ("9 juin 2020", "9 june 2020", Language::French, true),
            ("1 août 2020", "1 august 2020", Language::French, true),
            ("3. März 2020", "3. March 2020", Language::German, true),
            ("03-MÄR-2020", "03-MAR-2020", Language::German, false),
            ("03-DEZ-2020", "03-DEC-2020", Language::German, false),
            ("2 de febrero de 2023", "2 de february de 2023", Language::Spanish, true),
            ("5 mayo 2023", "5 may 2023", Language::Spanish, true),
            ("1 maja 2020", "1 may 2020", Language::Polish, true),
            ("7 августа 2021", "7 august 2021", Language::Russian, true),
            ("12 janv. 2024", "12 january 2024", Language::FrenchShort, true),
            ("12 mai 2024", "12 may 2024", Language::FrenchShort, true),
            ("3. Sept. 2023", "3. September 2023", Language::GermanShort, true),
            ("3. März 2023", "3. March 2023", Language::GermanShort, true),
            ("12 de fev. de 2024", "12 de feb. de 2024", Language::Portuguese, false),
            ("Październik 2024", "October 2024", Language::PolishAlone, true),
            ("3 Ağustos 2024", "3 August 2024", Language::Turkish, true),
            ("3. července 2024", "3. july 2024", Language::Czech, true),
        ] {
            assert_eq!(english(text).as_deref(), Some(there), "{text}");
            assert_eq!(from_english(there, language, is_long), text);
        }
        assert_eq!(english("9 October 2020"), None);
        assert_eq!(english("2020-01-01"), None);
        assert_eq!(english("5 apples"), None);
    }

    #[test]
    fn every_language_has_twelve_months_that_come_back() {
        for (language, long, short) in LANGUAGES {
            for (names, is_long) in [(long, true), (short, false)] {
                let names: Vec<&str> = names.split(' ').filter(|name| !name.is_empty()).collect();
                assert!(names.len() == 12 || (names.is_empty() && !is_long), "{language:?}");
                for (month, name) in names.into_iter().enumerate() {
                    let (there, _) = to_english(&format!("1 {name} 2020")).unwrap();
                    assert!(ENGLISH[month].starts_with(&there[2..5]), "{name}");
                    assert_eq!(from_english(&there, language, is_long), format!("1 {name} 2020"));
                }
            }
        }
    }

    #[test]
    fn the_language_is_one_that_all_cells_may_be_in() {
        let of = |texts: &[&str]| {
            language_of(
                texts.iter().fold(ANY, |all, text| all & to_english(text).map_or(ENGLISH_ONLY, |(_, t)| t)),
            )
        };
        assert_eq!(of(&["1 mars 2020", "2 juin 2020"]), Some(Language::French));
        assert_eq!(of(&["1 mars 2020", "2 juli 2020"]), Some(Language::Swedish));
        assert_eq!(of(&["1 april 2020", "2 September 2020"]), None);
        assert_eq!(of(&["1 April 2020", "2 Mai 2020"]), Some(Language::German));
    }
}
