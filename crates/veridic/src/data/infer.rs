//! What a column is, told from all its cells, in whatever order they come.

use super::build::ColumnBuilder;
use super::compound::Compounds;
use super::evidence::{Cell, Choice, Context, SpelledNumbers};
use super::finding::{Doubt, Finding, durations_found, moments_found, spelling_of};
use super::foreign::{Foreign, MAX_STRAYS, Mark};
use super::frame::Frames;
use super::limit::{Beyonds, Limits};
use super::moment::Moments;
use super::name::is_date_name;
use super::note::ReadNote;
use super::numbers::{NoNumbers, Numbers, all_missing, number_column};
use super::plain::PlainCells;
use super::spelling::{DurationForm, Minus, Spelling};
use super::{duration, number, pair, script};
use crate::error::StrayCell;

/// With fewer cells than this, one that fits no number is taken as meant.
const MIN_FOR_STRAYS: usize = 100;
/// Mistakes are at most one cell in so many.
const CELLS_A_STRAY: usize = 100;
/// A number between moments, or a moment between numbers, is a mistake where there is one in so many.
const CELLS_A_LONE_STRAY: usize = 10;
/// Fewer numbers than this may have a sum among them by chance.
const MIN_FOR_SUM: usize = 5;

/// What has been seen of a column, cell by cell.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    missing: usize,
    present: usize,
    /// The values, as long as the cells may be plain numbers.
    values: Option<Vec<f64>>,
    numbers: Numbers,
    plain: PlainCells,
    spelled: SpelledNumbers,
    moments: Moments,
    durations: Option<(DurationForm, usize, Cell)>,
    /// Times that may be lengths of time where others have days.
    clocks: usize,
    compounds: Compounds,
    /// Cells such as `2001/02`, which may be months.
    seasons: usize,
    /// Cells that are no plain numbers, and the first of them.
    n_other: usize,
    others: Vec<Cell>,
    /// The first cells that are no numbers, no moments, no lengths of time, and no numbers with units.
    unlike: [Vec<Cell>; 4],
    frames: Frames,
    foreign: Foreign,
    beyond: Beyonds,
    infinities: Vec<Cell>,
    marks: Vec<Mark>,
    is_text: bool,
    /// Whether the last cell was missing.
    ends_missing: bool,
    /// Cells with digits of another script, their zero, and the first; and the first cell with none.
    in_script: usize,
    script: Option<(char, Cell)>,
    in_latin: Option<Cell>,
}

impl Profile {
    /// Nothing seen yet. With `as_text`, digits are text too.
    pub(crate) fn new(as_text: bool) -> Self {
        Self {
            missing: 0,
            present: 0,
            values: (!as_text).then(Vec::new),
            numbers: Numbers::new(),
            plain: PlainCells::default(),
            spelled: SpelledNumbers::default(),
            moments: Moments::default(),
            durations: None,
            clocks: 0,
            compounds: Compounds::default(),
            seasons: 0,
            n_other: 0,
            others: Vec::new(),
            unlike: Default::default(),
            frames: Frames::default(),
            foreign: Foreign::default(),
            beyond: Beyonds::default(),
            infinities: Vec::new(),
            marks: Vec::new(),
            is_text: as_text,
            ends_missing: false,
            in_script: 0,
            script: None,
            in_latin: None,
        }
    }

    /// Takes in a missing cell.
    pub(crate) fn see_missing(&mut self) {
        self.missing += 1;
        self.ends_missing = true;
        if let Some(values) = &mut self.values {
            values.push(f64::NAN);
        }
    }

    /// Takes in a missing cell that has the mark `text`.
    pub(crate) fn see_mark(&mut self, text: &str, quoted: bool, line: u64) {
        self.see_missing();
        match self.marks.iter_mut().find(|mark| mark.text == text && mark.quoted == quoted) {
            Some(mark) => mark.cells += 1,
            None => self.marks.push(Mark { text: text.to_owned(), quoted, cells: 1, line }),
        }
    }

    /// The marks of missing cells that were seen.
    pub(crate) fn take_marks(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }

    /// Takes in the cell `text` of line `line`.
    pub(crate) fn see(&mut self, text: &str, line: u64) {
        self.present += 1;
        self.ends_missing = false;
        if self.is_text {
            return;
        }
        let latin = script::to_latin(text);
        let original = text;
        let text = match &latin {
            Some((latin, zero)) => {
                self.script.get_or_insert_with(|| (*zero, (line, original.to_owned())));
                self.in_script += usize::from(self.script.as_ref().is_some_and(|(first, _)| first == zero));
                latin
            }
            None => text,
        };
        if latin.is_none() && self.in_latin.is_none() {
            self.in_latin = Some((line, text.to_owned()));
        }
        if let Some(plain) = number::scan(text) {
            if let Some(values) = &mut self.values {
                values.push(plain.value);
            }
            self.plain.see(&plain, text, line);
            self.numbers.see(&plain, text, line);
            return;
        }
        if let Some(values) = &mut self.values {
            values.push(f64::NAN);
        }
        if number::is_infinite(text) {
            if self.infinities.len() <= MAX_STRAYS {
                self.infinities.push((line, text.to_owned()));
            }
            return;
        }
        self.n_other += 1;
        if self.others.len() <= MAX_STRAYS {
            self.others.push((line, text.to_owned()));
        } else {
            self.values = None;
        }
        if self.beyond.see(text, line) {
            return;
        }
        if self.beyond.are_many() {
            self.no_limits();
        }
        self.see_other(text, line);
    }

    /// What may have been limits are cells like the others.
    fn no_limits(&mut self) {
        for (text, n, line) in self.beyond.take() {
            (0..n).for_each(|_| self.see_other(&text, line));
        }
    }

    /// Takes in a cell that is no plain number.
    fn see_other(&mut self, text: &str, line: u64) {
        self.seasons += usize::from(pair::is_season(text));
        self.frames.see(text);
        let is_number = self.spelled.see(text, line);
        let is_moment = self.moments.see(text, line);
        let is_duration = self.see_duration(text, line);
        let is_compound = self.compounds.see(text);
        for (is, cells) in [is_number, is_moment, is_duration, is_compound].into_iter().zip(&mut self.unlike)
        {
            if !is && cells.len() <= MAX_STRAYS {
                cells.push((line, text.to_owned()));
            }
        }
        if !is_number && !is_moment && !is_duration && !is_compound {
            self.foreign.see(text, line);
        }
    }

    /// Whether the cells are numbers of as many digits, of which some have an `X` as a check digit: `316148410X`.
    fn are_checked(&self) -> bool {
        self.frames.checked > 0
            && self.frames.checked == self.n_other
            && self.frames.checked + self.plain.n == self.present
            && self.plain.with_point == 0
            && self.numbers.have_digits(self.others.iter().map(|(_, text)| text.len()))
    }

    /// The first cells that are not of this sort: numbers, moments, lengths of time, numbers with units.
    fn unlike(&mut self, sort: usize) -> Vec<Cell> {
        let mut cells = std::mem::take(&mut self.unlike[sort]);
        if sort > 0 {
            cells.append(&mut self.plain.firsts);
        }
        cells
    }

    fn see_duration(&mut self, text: &str, line: u64) -> bool {
        let Some(form) = duration::form_of(text) else {
            self.clocks += usize::from(duration::has_clock(text, DurationForm::Interval));
            return false;
        };
        match &mut self.durations {
            None => self.durations = Some((form, 1, (line, text.to_owned()))),
            Some((known, n, _)) if *known == form => *n += 1,
            // Full ones are the others' too.
            Some((known, n, _)) if matches!((*known, form), (DurationForm::Days, DurationForm::Interval)) => {
                (*known, *n) = (form, *n + 1);
            }
            Some((DurationForm::Interval, n, _)) if form == DurationForm::Days => *n += 1,
            Some(_) => return false,
        }
        true
    }

    /// Whether the last cell is the only one that is missing.
    pub(crate) fn ends_blank(&self) -> bool {
        self.ends_missing && self.missing == 1 && self.present > 0
    }

    /// Whether the last of its plain numbers is the sum of those above it.
    pub(crate) fn ends_in_sum(&self) -> bool {
        let Some((&last, above)) = self.values.as_deref().and_then(<[f64]>::split_last) else { return false };
        let present = || above.iter().filter(|value| value.is_finite());
        let (n, sum) = (present().count(), present().sum::<f64>());
        let most = present().fold(0.0, |most: f64, value| most.max(value.abs()));
        // What is summed may have more digits than it is written with.
        let digit = 10_f64.powi(-i32::from(self.numbers.decimals));
        let slack = digit * (0.5 + (n as f64).sqrt()) + 1e-12 * sum.abs();
        n >= MIN_FOR_SUM && last.abs() > most && (sum - last).abs() <= slack
    }

    /// Whether the numbers have a decimal comma for certain.
    pub(crate) fn has_comma(&self) -> bool {
        self.spelled.n() > 0 && self.spelled.has_comma(&self.plain)
    }

    /// Whether the numbers have a decimal point for certain.
    pub(crate) fn has_point(&self) -> bool {
        self.plain.with_point > self.plain.groupable
    }

    /// The minutes of numbers that are times of day with a point, some with a leading zero, as `07.30`; one bit each.
    pub(crate) fn minutes(&self) -> u64 {
        let is_plain = self.n_other == 0 && self.infinities.is_empty();
        let values = self.values.as_deref().filter(|_| is_plain);
        values.map_or(0, |values| self.numbers.padded_minutes(values))
    }

    /// Whether days come before months for certain.
    pub(crate) fn day_first(&self) -> Option<bool> {
        if self.moments.n() == 0 { None } else { self.moments.day_first(&Context::default()) }
    }

    /// What the column named `name` is, with its missing cells.
    pub(crate) fn finish(self, name: &str, context: &Context, notes: &mut Vec<ReadNote>) -> (usize, Finding) {
        (self.missing, self.find(name, context, notes))
    }

    fn find(mut self, name: &str, context: &Context, notes: &mut Vec<ReadNote>) -> Finding {
        let n_rows = self.missing + self.present;
        self.numbers.minutes_beside = context.minutes;
        (self.numbers.first_year, self.numbers.day_first) = (context.first_year, context.day_first);
        if self.present == 0 {
            return Finding::Done(all_missing(n_rows));
        }
        if self.is_text {
            return Finding::Again(ColumnBuilder::text(), Doubt::None);
        }
        if self.in_script < self.present
            && let Some((_, cell)) = &self.script
        {
            // Digits of two scripts, or texts beside them.
            let mixed = self.in_latin.clone().filter(|_| self.numbers.n > 0 && self.n_other == 0);
            let doubt = mixed.map_or(Doubt::None, |other| Doubt::Mixed(cell.clone(), other));
            return Finding::Again(ColumnBuilder::text(), doubt);
        }
        if self.seasons == self.present && self.present > 1 {
            return Finding::Again(ColumnBuilder::text(), Doubt::None);
        }
        if self.beyond.n() > 0 {
            if let Some(spelling) = self.limited(context) {
                return Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None);
            }
            self.no_limits();
        }
        if self.spelled.n() + self.plain.n == self.present
            && self.script.is_none()
            && let Some((choice, magnitudes)) = self.spelled.magnified(&self.plain, context)
        {
            let spelling = Spelling { magnitudes: Some(Box::new(magnitudes)), ..spelling_of(&choice) };
            return Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None);
        }
        if self.are_checked() || self.spelled.are_codes(&self.plain) || self.frames.are_pairs(self.present) {
            return Finding::Again(ColumnBuilder::text(), Doubt::None);
        }
        if self.script.is_none()
            && let Some(suffix) = self.frames.scale_of(self.present)
        {
            let spelling = Spelling { suffix, ..Spelling::default() };
            return Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None);
        }
        if self.spelled.n() + self.plain.n == self.present && self.script.is_none() {
            if let Some((choice, sides)) = self.spelled.sided(&self.plain, context) {
                let spelling = Spelling { sides: Some(Box::new(sides)), ..spelling_of(&choice) };
                return Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None);
            }
            if let Some((choice, mark)) = self.spelled.without_cents(&self.plain, context) {
                let spelling = Spelling { no_cents: Some(mark), ..spelling_of(&choice) };
                return Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None);
            }
        }
        let number = self.spelled.choose(&self.plain, context);
        let years = if self.numbers.are_years() { self.numbers.n } else { 0 };
        let moment = if self.moments.n() > 0 { self.moments.choose(years, context) } else { None };
        // Things are numbered within a year, too, and versions have three parts.
        let is_doubtful = |format: &str| format.contains("%j") || format == "%-m.%-d.%y";
        let moment = moment.filter(|found| !is_doubtful(&found.format) || is_date_name(name));
        if self.moments.n() * 2 > self.present
            && let Some((first, second)) = self.moments.contradiction()
        {
            return Finding::Mixed(first, second);
        }
        let n_number = number.as_ref().map_or(0, |choice| choice.matched);
        let n_moment = moment.as_ref().map_or(0, |format| format.matched);
        let n_duration = self
            .durations
            .as_ref()
            .map_or(0, |(form, n, _)| n + if form.has_clocks() { self.clocks } else { 0 });
        let compound = self.compounds.form();
        let n_compound = compound.as_ref().map_or(0, |(_, n)| *n);
        let most = n_number.max(n_moment).max(n_duration).max(n_compound);
        let other = self.present - most;
        let sort = [n_number, n_moment, n_duration, n_compound].iter().position(|n| *n == most).unwrap_or(0);
        let is_number = n_number == most && most > 0;
        let is_date = !is_number && n_moment == most;
        let expected = if is_date { "date-time" } else { "finite number" };
        let stray_cells = |mut cells: Vec<Cell>| {
            cells.sort();
            cells.truncate(MAX_STRAYS + 1);
            let stray =
                |(line, value)| StrayCell { line, unit: "line", column: name.to_owned(), value, expected };
            Finding::Strays(cells.into_iter().map(stray).collect())
        };
        if other == 0 {
            if is_number && let Some(choice) = number {
                return self.numbers_found(name, &choice, notes);
            }
            if n_moment == most
                && let Some(format) = moment
            {
                let zero = self.script.map(|(zero, _)| zero);
                return moments_found(name, format, zero, n_rows, context.first_year, notes);
            }
            if n_duration == most
                && let Some((form, _, (_, example))) = self.durations
            {
                return durations_found(name, form, example, notes);
            }
            if let Some((compound, _)) = compound {
                let spelling = Spelling { compound: Some(Box::new(compound)), ..Spelling::default() };
                return Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None);
            }
        }
        if is_number && self.n_other == 0 && !self.infinities.is_empty() && self.plain.n > 0 {
            return stray_cells(self.infinities);
        }
        let is_few = most > 0
            && other <= MAX_STRAYS
            && self.present >= MIN_FOR_STRAYS
            && other * CELLS_A_STRAY <= self.present;
        let moments = if moment.is_some() { self.moments.n() } else { 0 };
        let all = self.numbers.n + self.spelled.n() + moments + n_duration;
        if self.foreign.n == 0 && self.infinities.is_empty() && most > 0 {
            // Every cell is a number or a moment, but not in one spelling.
            let mixed = match (&number, &moment) {
                (Some(choice), None) => choice.mixed.clone().map(|mixed| (mixed, choice.is_contradiction)),
                (None, Some(format)) => format.mixed.clone().map(|mixed| (mixed, true)),
                _ => None,
            };
            let is_lone = other <= MAX_STRAYS && other * CELLS_A_LONE_STRAY <= self.present;
            if is_lone && mixed.is_none() {
                let cells = self.unlike(sort);
                return stray_cells(if cells.is_empty() { std::mem::take(&mut self.others) } else { cells });
            }
            let mixed = mixed.or_else(|| Some((self.two_sorts()?, false)));
            if let Some(((first, second), is_contradiction)) = mixed {
                if number.as_ref().is_some_and(|choice| choice.are_names) {
                    return Finding::Again(ColumnBuilder::text(), Doubt::Names(second));
                }
                if is_contradiction {
                    return Finding::Mixed(first, second);
                }
                return Finding::Again(ColumnBuilder::text(), Doubt::Mixed(first, second));
            }
        }
        if is_few {
            let mut cells = if is_number && number.as_ref().is_some_and(Choice::is_plain) {
                std::mem::take(&mut self.others)
            } else {
                self.unlike(sort)
            };
            if cells.is_empty() {
                cells.clone_from(&self.foreign.examples);
            }
            cells.append(&mut self.infinities);
            if cells.is_empty() {
                cells.extend(self.plain.first.clone());
            }
            return stray_cells(cells);
        }
        // What stands for nothing may be most of the cells.
        let doubt = if all * 2 >= self.present - self.foreign.n_for_nothing() && all > 0 {
            let examples = self.foreign.examples.clone();
            let amounts =
                number.as_ref().filter(|choice| choice.is_amount()).map_or(0, |choice| choice.matched);
            let is_sure = amounts.max(n_moment).max(n_duration).max(n_compound) * 2 > all;
            Doubt::Foreign { expected, foreign: self.foreign, examples, is_sure }
        } else {
            Doubt::None
        };
        Finding::Again(ColumnBuilder::text(), doubt)
    }

    /// A plain number and another cell.
    fn two_sorts(&self) -> Option<(Cell, Cell)> {
        let other = self.others.first()?.clone();
        let first = self.plain.first.clone().or_else(|| self.others.get(1).cloned())?;
        Some((first, other))
    }

    /// The spelling of a column of which all cells are numbers but for those beyond a limit.
    fn limited(&self, context: &Context) -> Option<Spelling> {
        let is_whole = self.numbers.n == self.present - self.beyond.n() && self.numbers.whole;
        let whole = is_whole && self.numbers.decimals == 0;
        let limits = Limits { whole, ..self.beyond.limits() };
        let choice = self.spelled.choose(&self.plain, context)?;
        let is_whole = choice.matched + self.beyond.n() == self.present && choice.mixed.is_none();
        let spelling = spelling_of(&choice);
        let is_read = is_whole && limits.texts().all(|text| limits.read(text, &spelling).is_some());
        (is_read && self.script.is_none()).then(|| Spelling { limits: Some(Box::new(limits)), ..spelling })
    }

    fn numbers_found(self, name: &str, choice: &Choice, notes: &mut Vec<ReadNote>) -> Finding {
        if let Some((first, second)) = &choice.mixed {
            return Finding::Mixed(first.clone(), second.clone());
        }
        if let (Some(plus), Some(bare)) = (&self.plain.first_plus, &self.plain.first_bare) {
            return Finding::Mixed(plus.clone(), bare.clone());
        }
        if let Some((_, example)) = &choice.ambiguous {
            notes.push(open_point(name, choice, example));
        }
        let zero = self.script.map(|(zero, _)| zero);
        let spelling = Spelling { plus: choice.plus, zero, ..Spelling::default() };
        let is_plain = choice.is_plain() && self.n_other == 0 && zero.is_none();
        let strays = |cells: Vec<Cell>, expected| {
            let stray =
                |(line, value)| StrayCell { line, unit: "line", column: name.to_owned(), value, expected };
            Finding::Strays(cells.into_iter().map(stray).collect())
        };
        if let (true, Some(mut values)) = (is_plain, self.values) {
            values.shrink_to_fit();
            let column = number_column(name, values, self.missing, self.numbers, spelling, false, notes);
            return match column {
                Ok(found) => Finding::Done(found),
                Err(NoNumbers::Texts) => Finding::Again(ColumnBuilder::text(), Doubt::None),
                Err(NoNumbers::Large(cell)) => {
                    strays(vec![cell], "number that can be kept to its last digit")
                }
                Err(NoNumbers::Undated(cells)) => strays(cells, "date, as the other numbers are"),
            };
        }
        let is_behind = matches!(choice.minus, Minus::Behind | Minus::BehindDigits);
        if is_behind && self.spelled.n_negative() == self.present {
            let example = self.spelled.example().unwrap_or_default();
            notes.push(ReadNote::BelowZero { column: name.to_owned(), example });
        }
        let spelling = Spelling { zero, ..spelling_of(choice) };
        Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None)
    }
}

/// That the other decimal sign would read a column as well.
fn open_point(name: &str, choice: &Choice, example: &str) -> ReadNote {
    let has_thousands = choice.thousands.is_some_and(|mark| example.contains(mark));
    let (taken, setting) = match (has_thousands, choice.decimal) {
        (true, '.') => ("a number with thousands", "data.decimal = \",\""),
        (true, _) => ("a number with thousands", "data.decimal = \".\""),
        (false, '.') => ("a number with a decimal point", "data.decimal = \",\""),
        (false, _) => ("a number with a decimal comma", "data.decimal = \".\""),
    };
    ReadNote::Ambiguous { columns: vec![name.to_owned()], example: example.to_owned(), taken, setting }
}
