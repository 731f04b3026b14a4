//! Numbers of several units, such as `2h 50m` and `5 ft 11 in`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::number;

/// More cells of different units than this are no way of writing numbers.
const MOST_UNITS: usize = 6;

/// Units that go together, by their words in small letters without full stops, and the size of each.
const FAMILIES: [&[(&str, f64)]; 7] = [
    &[
        (
            "w wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane 周 週間",
            604_800.0,
        ),
        (
            "d day days tag tage j jour jours día días dia dias giorno giorni dag dagen dagar дн д 天 日 일",
            86_400.0,
        ),
        (
            "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur t tim godz ч час 小时 小時 時間 시간 \
             saat sa",
            3600.0,
        ),
        ("m min mins minute minutes minuten minuto minutos minuti мин 分 分钟 分鐘 분 dk dakika", 60.0),
        (
            "s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos сек с 秒 초 sn",
            1.0,
        ),
    ],
    &[
        (
            "y yr yrs year years jahr jahre an ans año años ano anos anno anni jaar år lat г лет 年 年間 년",
            12.0,
        ),
        (
            "m mo mos mon mth mths month months monat monate mois mes meses mese mesi maand maanden mån мес 个月 か月 ヶ月 개월",
            1.0,
        ),
    ],
    &[("ft foot feet ' ′ ’", 12.0), ("in inch inches \" ″ ” ''", 1.0)],
    &[("st stone", 14.0), ("lb lbs", 1.0)],
    &[("lb lbs pound pounds", 16.0), ("oz ounce ounces", 1.0)],
    &[("km", 1e5), ("m", 100.0), ("cm", 1.0)],
    &[("' ′ ’", 60.0), ("\" ″ ” ''", 1.0)],
];

/// Words between two units.
const BETWEEN: [&str; 8] = ["", ",", "and", "und", "et", "y", "e", "og"];

/// How numbers of several units are written: `2h 50m`. They are counted in the smallest unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Compound {
    /// From the largest to the smallest: two and more, or one that 1 has another word for.
    pub units: Vec<Unit>,
    /// What stands between them.
    pub between: String,
    /// Whether units above the first that counts are written: `0h 45m`.
    #[serde(default)]
    pub leading: bool,
    /// Whether units below the first that counts are written where they are zero: `2h 0m`.
    #[serde(default)]
    pub zeros: bool,
    /// Whether numbers behind the first have two digits: `2h05m`.
    #[serde(default)]
    pub padded: bool,
}

/// One of several units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unit {
    /// What stands behind its number, a blank before it or not.
    pub text: String,
    /// What stands behind 1, where that is another text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one: Option<String>,
    /// How many of the smallest unit it is, a whole number.
    pub size: u32,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    digits: &'a str,
    unit: &'a str,
    /// What stands before it.
    between: &'a str,
}

/// The cells of a column that are numbers with units.
#[derive(Debug, Clone)]
pub(crate) struct Compounds {
    /// What each family reads.
    families: [Cells; FAMILIES.len()],
    plurals: Plurals,
}

/// Cells that are numbers with units of one family.
#[derive(Debug, Clone, Default)]
struct Cells {
    n: usize,
    /// Texts of each unit of the family behind one and behind other numbers.
    texts: Vec<[Option<String>; 2]>,
    between: Option<String>,
    has_several: bool,
    leading: bool,
    zeros: bool,
    padded: bool,
    short: bool,
}

/// Cells of a number and a word, which may be another behind 1.
#[derive(Debug, Clone, Default)]
struct Plurals {
    n: usize,
    one: Option<String>,
    many: Option<String>,
    /// Whether there were further words.
    is_more: bool,
}

impl Plurals {
    fn see(&mut self, part: &Part) {
        self.n += 1;
        let known = if part.digits.parse() == Ok(1) { &mut self.one } else { &mut self.many };
        self.is_more |= known.as_deref().is_some_and(|known| known != part.unit);
        *known = Some(part.unit.to_owned());
    }

    /// Both words, where they begin alike and are longer than the letters of a code.
    fn unit(&self) -> Option<Unit> {
        let (one, many) = (self.one.clone()?, self.many.clone()?);
        let alike = one.trim().chars().zip(many.trim().chars()).take_while(|(a, b)| a == b).count();
        (!self.is_more && one != many && alike > 2).then_some(Unit { text: many, one: Some(one), size: 1 })
    }
}

impl Default for Compounds {
    fn default() -> Self {
        Self { families: std::array::from_fn(|_| Cells::default()), plurals: Plurals::default() }
    }
}

impl Compounds {
    /// Takes in a cell; `false` where it is no number with units.
    pub(crate) fn see(&mut self, text: &str) -> bool {
        let Some(parts) = parts(text) else { return false };
        if let [part] = parts[..] {
            self.plurals.see(&part);
        }
        let mut is_read = false;
        for (family, cells) in FAMILIES.iter().zip(&mut self.families) {
            is_read |= cells.see(family, &parts);
        }
        is_read
    }

    /// How the cells are written, and how many are; `None` where no cell has two units nor two words for one.
    pub(crate) fn form(&self) -> Option<(Compound, usize)> {
        let has_several = |cells: &Cells| cells.has_several;
        if let Some(unit) = self.plurals.unit().filter(|_| !self.families.iter().any(has_several)) {
            let form = Compound {
                units: vec![unit],
                between: String::new(),
                leading: false,
                zeros: false,
                padded: false,
            };
            return Some((form, self.plurals.n));
        }
        let families = FAMILIES.iter().zip(&self.families).filter(|(_, cells)| cells.has_several);
        // Of families that read as many, the first.
        let (family, cells) = families.rev().max_by_key(|(_, cells)| cells.n)?;
        Some((cells.form(family)?, cells.n))
    }
}

impl Cells {
    fn see(&mut self, family: &[(&str, f64)], parts: &[Part]) -> bool {
        let places: Option<Vec<usize>> = parts.iter().map(|part| place(family, part.unit)).collect();
        let Some(places) = places else { return false };
        let is_falling = places.windows(2).all(|pair| pair[0] < pair[1]);
        let inner = parts.iter().skip(1).map(|part| part.between);
        let is_alike =
            inner.clone().all(|text| self.between.as_deref().or(inner.clone().next()) == Some(text));
        let is_whole = parts.iter().rev().skip(1).all(|part| !part.digits.contains('.'));
        // Sixty minutes are an hour.
        let is_below = |i: usize| {
            let most = family[places[i - 1]].1 / family[places[i]].1;
            parts[i].digits.parse::<f64>().is_ok_and(|value| value < most)
        };
        let is_full = is_falling && (1..parts.len()).all(is_below);
        if !is_full || !is_alike || !is_whole {
            return false;
        }
        let mut texts = self.texts.clone();
        texts.resize(family.len(), [None, None]);
        for (part, &place) in parts.iter().zip(&places) {
            let known = &mut texts[place][usize::from(part.digits.parse() != Ok(1))];
            if known.as_deref().is_some_and(|known| known != part.unit) {
                return false;
            }
            *known = Some(part.unit.to_owned());
        }
        self.texts = texts;
        if let Some(part) = parts.get(1) {
            self.between = Some(part.between.to_owned());
            self.has_several = true;
        }
        self.leading |= parts.len() > 1 && parts[0].digits.parse() == Ok(0);
        for part in &parts[1..] {
            self.zeros |= part.digits.parse() == Ok(0);
            self.padded |= part.digits.len() == 2 && part.digits.starts_with('0');
            self.short |= part.digits.len() == 1;
        }
        self.n += 1;
        true
    }

    fn form(&self, family: &[(&str, f64)]) -> Option<Compound> {
        let seen: Vec<usize> =
            (0..self.texts.len()).filter(|&i| self.texts[i].iter().any(Option::is_some)).collect();
        let smallest = family[*seen.last()?].1;
        let unit = |&place: &usize| {
            let [one, many] = &self.texts[place];
            let text = many.clone().or_else(|| one.clone()).unwrap_or_default();
            let one = one.clone().filter(|one| *one != text);
            Unit { text, one, size: (family[place].1 / smallest) as u32 }
        };
        Some(Compound {
            units: seen.iter().map(unit).collect(),
            between: self.between.clone().unwrap_or_default(),
            leading: self.leading,
            zeros: self.zeros,
            padded: self.padded && !self.short,
        })
    }
}

impl Compound {
    /// What contradicts itself.
    pub(crate) fn problem(&self) -> Option<String> {
        let has_digit = |text: &str| text.chars().any(|c| c.is_ascii_digit());
        let sizes: Vec<u32> = self.units.iter().map(|unit| unit.size).collect();
        let is_one = sizes.len() == 1 && self.units[0].one.is_some();
        if (sizes.len() < 2 && !is_one)
            || sizes.last() != Some(&1)
            || !sizes.windows(2).all(|pair| pair[0] > pair[1])
        {
            return Some("units go from the largest to that of size 1".into());
        }
        let texts = self.units.iter().flat_map(|unit| std::iter::once(&unit.text).chain(&unit.one));
        texts.chain([&self.between]).any(|text| has_digit(text)).then(|| "units have no digits".to_owned())
    }

    /// The number written as `text`, in the smallest unit, and the digits after its point.
    pub(crate) fn parse(&self, text: &str) -> Option<(f64, u8)> {
        let parts = parts(text)?;
        let mut units = self.units.iter();
        let (mut value, mut decimals) = (0.0, 0);
        for part in parts {
            let unit = units.find(|unit| unit.text == part.unit || unit.one.as_deref() == Some(part.unit))?;
            let number = number::scan(part.digits)?;
            value += number.value * f64::from(unit.size);
            decimals = number.decimals;
        }
        Some((if text.starts_with('-') { -value } else { value }, decimals))
    }

    /// Appends `value` of the smallest unit, rounded to `decimals` digits after the point.
    pub(crate) fn write(&self, value: f64, decimals: u8, text: &mut String) {
        let decimals = decimals.min(6);
        let scale = 10_f64.powi(i32::from(decimals));
        let mut rest = (value.abs() * scale).round() / scale;
        if value < 0.0 && rest > 0.0 {
            text.push('-');
        }
        let (mut begun, last) = (false, self.units.len().saturating_sub(1));
        for (i, unit) in self.units.iter().enumerate() {
            let number = if i == last { rest } else { (rest / f64::from(unit.size)).floor() };
            rest -= if i == last { 0.0 } else { number * f64::from(unit.size) };
            let is_written = number > 0.0 || if begun { self.zeros } else { self.leading || i == last };
            if !is_written {
                continue;
            }
            if begun {
                text.push_str(&self.between);
            }
            if i == last && number.fract() != 0.0 {
                number::write(number, decimals, text);
            } else {
                let width = if begun && self.padded { 2 } else { 1 };
                write!(text, "{number:0width$}").expect("writing to a string cannot fail");
            }
            let one = unit.one.as_ref().filter(|_| number == 1.0);
            text.push_str(one.unwrap_or(&unit.text));
            begun = true;
        }
    }
}

/// Cuts `text` into numbers with units.
fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    if !rest.starts_with(|c: char| c.is_ascii_digit()) || rest.len() > 64 {
        return None;
    }
    let (mut parts, mut between) = (Vec::new(), "");
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let is_number = number.len() <= 9 && number::scan(number).is_some_and(|number| number.is_regular);
        let is_blank = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}');
        let blank = after.chars().next().filter(|c| is_blank(*c)).map_or(0, char::len_utf8);
        let is_sign = |c: char| "'\"′″’”".contains(c);
        let word = match after[blank..].chars().next()? {
            c if is_sign(c) => after[blank..].find(|c: char| !is_sign(c)),
            _ => after[blank..].find(|c: char| !c.is_alphabetic() && c != '.'),
        };
        let end = blank + word.unwrap_or(after.len() - blank);
        if !is_number || end == blank {
            return None;
        }
        parts.push(Part { digits: number, unit: &after[..end], between });
        rest = &after[end..];
        let next = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        between = &rest[..next];
        rest = &rest[next..];
        let has_end = rest.is_empty() && !between.is_empty();
        if has_end || !BETWEEN.contains(&between.trim()) || parts.len() > MOST_UNITS {
            return None;
        }
    }
    Some(parts)
}

/// Where in a family a unit is.
fn place(family: &[(&str, f64)], unit: &str) -> Option<usize> {
    let word = unit.trim().trim_end_matches('.').to_lowercase();
    family.iter().position(|(words, _)| words.split(' ').any(|known| known == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(cells: &[&str]) -> Option<Compound> {
        let mut compounds = Compounds::default();
        cells.iter().for_each(|cell| {
            compounds.see(cell);
        });
        compounds.form().filter(|(_, n)| *n == cells.len()).map(|(form, _)| form)
    }

    #[test]
    fn numbers_of_several_units_come_back() {
        for (cells, values) in [
            (&["2h 50m", "19h", "45m", "1h 5m"][..], &[170.0, 1140.0, 45.0, 65.0][..]),
            (&["2h05m", "0h45m", "12h00m"], &[125.0, 45.0, 720.0]),
            (&["5'11\"", "6'0\"", "5'2\""], &[71.0, 72.0, 62.0]),
            (&["3'50\"", "5'08\"", "4'00\""], &[230.0, 308.0, 240.0]),
            (&["1 hour 5 minutes", "2 hours 1 minute", "3 hours 10 minutes"], &[65.0, 121.0, 190.0]),
            (&["3 yrs 2 mos", "1 yr 11 mos"], &[38.0, 23.0]),
            (&["2 Std. 5 Min.", "1 Std. 45 Min."], &[125.0, 105.0]),
            (&["2小时30分钟", "1小时5分钟"], &[150.0, 65.0]),
            (&["1 item", "3 items", "12 items"], &[1.0, 3.0, 12.0]),
            (&["1 Tag", "5 Tage"], &[1.0, 5.0]),
            (&["1 min 30.5 s", "2 min 7.25 s"], &[90.5, 127.25]),
        ] {
            let form = form(cells).unwrap();
            assert_eq!(form.problem(), None);
            for (cell, value) in cells.iter().zip(values) {
                let (read, decimals) = form.parse(cell).unwrap();
                assert_eq!(read, *value, "{cell}");
                let mut text = String::new();
                form.write(read, decimals, &mut text);
                assert_eq!(text, *cell);
            }
        }
    }

    #[test]
    fn what_has_no_units_of_one_family_is_none() {
        for cells in [
            &["5 apples 3 pears"][..],
            &["2h 5"],
            &["12A"],
            &["3 kg 5 cm"],
            &["5m 2h"],
            &["2h 5m", "5 ft 2 in"],
            &["5 h"],
            &["1B", "12A"],
            &["1 kg", "5 cm"],
        ] {
            assert_eq!(form(cells), None, "{cells:?}");
        }
        let broken = Compound {
            units: Vec::new(),
            between: String::new(),
            leading: false,
            zeros: false,
            padded: false,
        };
        assert!(broken.problem().is_some());
        let mut text = String::new();
        broken.write(3.0, 0, &mut text);
        assert_eq!((text.as_str(), broken.parse("3h")), ("", None));
    }
}
