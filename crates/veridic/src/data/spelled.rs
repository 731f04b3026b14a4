//! The numbers of a column read in a spelling of which signs and affixes are known, the rest of it being found out.

use super::digits::{Digits, parts};
use super::evidence::Cell;
use super::limit::{self, Beyond};
use super::magnitude::Places;
use super::note::ReadNote;
use super::number::Plain;
use super::numbers::{Found, NoNumbers, Numbers, number_column};
use super::spelling::{DurationForm, Spelling};
use super::{Kind, duration, number, script};

/// Decimals of amounts of money.
const CENTS: u8 = 2;

/// A cell, and how it comes back.
type Pair = (String, String);

/// Why cells in one spelling make no column of numbers.
#[derive(Debug)]
pub(crate) enum Unspelled {
    /// Two cells whose spellings contradict each other.
    Mixed(Cell, Cell),
    /// The digits matter: they are texts.
    Texts,
}

#[derive(Debug)]
pub(crate) struct Spelled {
    spelling: Spelling,
    values: Vec<f64>,
    missing: usize,
    numbers: Numbers,
    /// The first cells with groups and without: of four digits, and of more.
    grouped: [Option<Cell>; 2],
    ungrouped: [Option<Cell>; 2],
    /// The first cells whose higher groups have two digits, and three.
    lakh: Option<Cell>,
    thousand: Option<Cell>,
    /// The first cells above zero with a plus sign, and without.
    plus: Option<Cell>,
    bare: Option<Cell>,
    first: Option<Cell>,
    /// Cells that are written in another way than they were read, and the first.
    respelled: usize,
    respelling: Option<Pair>,
    /// Digits of numbers with a word for their power of ten, and the first that would have another word.
    places: Places,
    unusual: Option<(String, f64)>,
    /// The ways in which lengths of time may be written, how many cells would come back otherwise, and the first.
    lengths: Vec<(DurationForm, usize, Option<Pair>)>,
    /// Cells beyond a limit.
    n_beyond: usize,
}

impl Spelled {
    pub(crate) fn new(spelling: Spelling) -> Self {
        let lengths = spelling.duration.map_or(&[][..], duration::alike);
        let lengths = lengths.iter().map(|form| (*form, 0, None)).collect();
        Self {
            spelling,
            lengths,
            values: Vec::new(),
            missing: 0,
            numbers: Numbers::new(),
            grouped: [None, None],
            ungrouped: [None, None],
            lakh: None,
            thousand: None,
            plus: None,
            bare: None,
            first: None,
            respelled: 0,
            respelling: None,
            places: Places::default(),
            unusual: None,
            n_beyond: 0,
        }
    }

    pub(crate) fn push_missing(&mut self) {
        self.missing += 1;
        self.values.push(f64::NAN);
    }

    /// Adds a cell; `None` where it does not fit.
    pub(crate) fn push(&mut self, text: &str, line: u64) -> Option<f64> {
        let read = self.read(text, line);
        self.values.push(read.unwrap_or(f64::NAN));
        read
    }

    fn read(&mut self, text: &str, line: u64) -> Option<f64> {
        let original = text;
        let cell = || Some((line, original.to_owned()));
        let latin = self.spelling.zero.map(|zero| script::in_latin(text, zero));
        let text = latin.as_deref().unwrap_or(text);
        let (value, read, has_plus) = match self.spelling.duration {
            Some(form) => {
                let decimals = text
                    .rsplit_once(['.', ','])
                    .map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count() as u8);
                let value = duration::parse(text, form)?;
                for (form, respelled, first) in &mut self.lengths {
                    let mut again = String::new();
                    let own = Spelling {
                        duration: Some(*form),
                        decimal: self.spelling.decimal,
                        ..Spelling::default()
                    };
                    own.write(value, decimals, &mut again);
                    if again != text {
                        *respelled += 1;
                        first.get_or_insert_with(|| (text.to_owned(), again));
                    }
                }
                let none = Digits { value, decimals, whole: 1, grouped: false, lakh: false, padded: false };
                (value, none, false)
            }
            None if let Some(compound) = &self.spelling.compound => {
                let (value, decimals) = compound.parse(text)?;
                let mut again = String::new();
                compound.write(value, decimals, &mut again);
                if again != text {
                    self.respelled += 1;
                    self.respelling.get_or_insert_with(|| (text.to_owned(), again));
                }
                let none = Digits { value, decimals, whole: 1, grouped: false, lakh: false, padded: false };
                (value, none, false)
            }
            None if let Some(magnitudes) = &self.spelling.magnitudes => {
                let parts = parts(text).filter(|parts| parts.prefix == self.spelling.prefix)?;
                let read = self.spelling.digits(&parts)?;
                let before = read.value;
                let (value, unit) = magnitudes.read(before, parts.suffix, &self.spelling.suffix)?;
                if unit.power > 0 {
                    self.places.see(before, read.decimals, parts.core);
                }
                if !magnitudes.is_usual(before, unit) {
                    self.respelled += 1;
                    self.unusual.get_or_insert_with(|| (text.to_owned(), value));
                }
                let decimals = read.decimals.saturating_sub(unit.power);
                (value, Digits { value, decimals, ..read }, parts.plus)
            }
            None if let Some(limits) = &self.spelling.limits
                && let Some(beyond) = limits.read(text, &self.spelling) =>
            {
                self.n_beyond += 1;
                let Beyond { value, decimals, .. } = beyond;
                let whole = value.abs().max(1.0).log10().floor() as u8 + 1;
                (value, Digits { value, decimals, whole, grouped: false, lakh: false, padded: false }, false)
            }
            None if self.spelling.limits.is_some()
                && let Some(plain) = number::scan(text).filter(|plain| !plain.is_regular) =>
            {
                let Plain { value, decimals, digits: whole, .. } = plain;
                let read = Digits { value, decimals, whole, grouped: false, lakh: false, padded: false };
                (value, read, plain.has_plus)
            }
            None if self.spelling.sides.is_some() => {
                let parts = parts(text)?;
                let value = self.spelling.sided(&parts)?;
                if value == 0.0 {
                    self.compare(text, value);
                }
                (value, self.spelling.digits(&parts)?, false)
            }
            None => {
                let parts = self.spelling.parts(text)?;
                if parts.prefix != self.spelling.prefix || parts.suffix != self.spelling.suffix {
                    return None;
                }
                let mut read = self.spelling.digits(&parts)?;
                let value = read.value;
                if self.spelling.no_cents.is_some() && text.ends_with(|c: char| !c.is_ascii_digit()) {
                    read.decimals = CENTS;
                }
                if value < 0.0 && parts.minus.is_some_and(|minus| minus != self.spelling.minus) {
                    self.respelled += 1;
                    self.unusual.get_or_insert_with(|| (text.to_owned(), value));
                }
                if let Some(mut limits) = self.spelling.limits.take() {
                    limits.crossed(value, &self.spelling);
                    self.spelling.limits = Some(limits);
                }
                (value, read, parts.plus)
            }
        };
        let long = usize::from(read.whole > 4);
        let first =
            if read.grouped { Some(&mut self.grouped[long]) } else { Some(&mut self.ungrouped[long]) };
        if let Some(first) = first.filter(|first| read.whole >= 4 && first.is_none()) {
            *first = cell();
        }
        if read.grouped && read.whole > 5 {
            let first = if read.lakh { &mut self.lakh } else { &mut self.thousand };
            if first.is_none() {
                *first = cell();
            }
        }
        if value > 0.0 {
            let first = if has_plus { &mut self.plus } else { &mut self.bare };
            if first.is_none() {
                *first = cell();
            }
        }
        // A cell that shows the spelling, rather than one that any spelling has.
        if self.first.is_none() && (latin.is_some() || number::scan(text).is_none()) {
            self.first = cell();
        }
        let power = text.find(['e', 'E']).filter(|_| self.spelling.is_decimal());
        let plain = Plain {
            value,
            decimals: read.decimals,
            digits: read.whole,
            is_padded: read.padded,
            has_plus,
            has_point: read.decimals > 0,
            is_regular: power.is_none(),
            is_large: value.abs() > number::MAX_EXACT,
        };
        match power {
            None => self.numbers.see(&plain, original, line),
            Some(_) => self.numbers.see(&plain, &text.replace(',', "."), line),
        }
        Some(value)
    }

    /// Counts a number that is written in another way than it was.
    fn compare(&mut self, text: &str, value: f64) {
        let mut again = String::new();
        self.spelling.write(value, 0, &mut again);
        if !text.ends_with(again.trim_start_matches(|c: char| c.is_ascii_digit())) {
            self.respelled += 1;
            self.unusual.get_or_insert_with(|| (text.to_owned(), value));
        }
    }

    pub(crate) fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// The column, or why it is not one of numbers.
    pub(crate) fn finish(self, name: &str, notes: &mut Vec<ReadNote>) -> Result<Found, Unspelled> {
        let Self { mut spelling, values, missing, numbers, grouped, ungrouped, .. } = self;
        if let (Some(plus), Some(bare)) = (&self.plus, &self.bare) {
            return Err(Unspelled::Mixed(plus.clone(), bare.clone()));
        }
        spelling.plus = self.plus.is_some();
        if let Some((form, respelled, first)) =
            self.lengths.into_iter().min_by_key(|(_, respelled, _)| *respelled)
        {
            spelling.duration = Some(form);
            if let Some((from, to)) = first {
                notes.push(ReadNote::Respelled { column: name.to_owned(), from, to, cells: respelled });
            }
        }
        if let Some((from, to)) = self.respelling {
            notes.push(ReadNote::Respelled { column: name.to_owned(), from, to, cells: self.respelled });
        }
        let [grouped_four, grouped_more] = grouped;
        let [ungrouped_four, ungrouped_more] = ungrouped;
        match grouped_four.clone().or_else(|| grouped_more.clone()) {
            None => spelling.thousands = None,
            Some(group) => {
                let contrary =
                    ungrouped_more.or_else(|| ungrouped_four.clone().filter(|_| grouped_four.is_some()));
                if let Some(contrary) = contrary {
                    return Err(Unspelled::Mixed(group, contrary));
                }
                spelling.four_ungrouped = ungrouped_four.is_some();
            }
        }
        if let (Some(lakh), Some(thousand)) = (&self.lakh, &self.thousand) {
            return Err(Unspelled::Mixed(lakh.clone(), thousand.clone()));
        }
        spelling.lakh = self.lakh.is_some();
        if let Some(magnitudes) = &mut spelling.magnitudes {
            self.places.put(magnitudes);
        }
        if let Some((from, value)) = self.unusual.clone().filter(|_| spelling.magnitudes.is_some()) {
            let mut to = String::new();
            spelling.write(value, numbers.decimals, &mut to);
            notes.push(ReadNote::Respelled { column: name.to_owned(), from, to, cells: self.respelled });
        }
        let (line, example) = self.first.or(grouped_four).or(grouped_more).unwrap_or_default();
        let (limits, cells) = (spelling.limits.clone(), self.n_beyond);
        let respelled = self.unusual.filter(|_| spelling.magnitudes.is_none());
        let found = match number_column(name, values, missing, numbers, spelling, false, notes) {
            Ok(found) => found,
            Err(NoNumbers::Texts | NoNumbers::Large(_) | NoNumbers::Undated(_)) => {
                return Err(Unspelled::Texts);
            }
        };
        if let Some((from, value)) = respelled {
            let mut to = String::new();
            found.spelling.write(value, found.decimals(), &mut to);
            notes.push(ReadNote::Respelled { column: name.to_owned(), from, to, cells: self.respelled });
        }
        if let Some([above, below]) = found.spelling.sides.as_deref() {
            let [above, below] = [above, below].map(|side| side.trim().to_owned());
            notes.push(ReadNote::Sides { column: name.to_owned(), above, below });
            return Ok(found);
        }
        if let Some(limits) = limits {
            let read = |text: &String| Some((text.clone(), limits.read(text, &found.spelling)?));
            let of = limits.texts().filter_map(read);
            let of = of.map(|(text, beyond)| (text, limit::said(beyond.value))).collect();
            let others = limits.others.clone();
            notes.push(ReadNote::Limits { column: name.to_owned(), limits: of, others, cells });
            return Ok(found);
        }
        if found.spelling.magnitudes.is_some() {
            let value = found.spelling.parse(&example).map(limit::said).unwrap_or_default();
            notes.push(ReadNote::Scaled { column: name.to_owned(), example, line, value });
            return Ok(found);
        }
        if found.spelling.duration.is_none() && !found.spelling.reads_plainly() {
            let mut meaning = String::from("the number ");
            if let Some(value) = found.spelling.parse(&example) {
                number::write(value, number::SHORTEST, &mut meaning);
            }
            if let Some(unit) = found.spelling.compound.as_ref().and_then(|compound| compound.units.last()) {
                meaning = format!("{meaning}, counted in `{}`", unit.text.trim());
            }
            if matches!(found.kind, Kind::Integer { .. } | Kind::Real { .. }) {
                notes.push(ReadNote::Spelled { column: name.to_owned(), example, meaning });
            }
        }
        Ok(found)
    }
}
