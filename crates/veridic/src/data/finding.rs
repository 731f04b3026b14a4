//! What a column turned out to be, and how what it has is spelled.

use super::build::ColumnBuilder;
use super::century;
use super::evidence::{Cell, Choice};
use super::foreign::Foreign;
use super::moment::Format;
use super::note::ReadNote;
use super::numbers::Found;
use super::spelling::{DurationForm, Spelling};
use crate::error::StrayCell;

/// What a column turned out to be.
#[derive(Debug)]
pub(crate) enum Finding {
    /// The column is complete.
    Done(Found),
    /// The cells have to be read again, into this; what became of them is to be judged by the doubt.
    Again(ColumnBuilder, Doubt),
    /// Nearly all cells are of one kind, a few are not.
    Strays(Vec<StrayCell>),
    /// Two cells in spellings that contradict each other.
    Mixed(Cell, Cell),
}

/// Why a column that is read as texts may be meant otherwise.
#[derive(Debug)]
pub(crate) enum Doubt {
    None,
    /// Numbers or moments in two spellings.
    Mixed(Cell, Cell),
    /// Numbers with words behind them that are no units; one of them.
    Names(Cell),
    /// Numbers or moments, and other cells between them.
    Foreign {
        expected: &'static str,
        foreign: Foreign,
        examples: Vec<Cell>,
        /// Whether most of the others are moments, or numbers spelled as amounts are.
        is_sure: bool,
    },
}

/// How numbers are written that were found to be so.
pub(super) fn spelling_of(choice: &Choice) -> Spelling {
    Spelling {
        decimal: (choice.decimal != '.').then_some(choice.decimal),
        thousands: choice.thousands,
        prefix: choice.prefix.clone(),
        suffix: choice.suffix.clone(),
        minus: choice.minus,
        plus: choice.plus,
        ..Spelling::default()
    }
}

pub(super) fn moments_found(
    name: &str,
    found: Format,
    zero: Option<char>,
    n_rows: usize,
    first_year: Option<u16>,
    notes: &mut Vec<ReadNote>,
) -> Finding {
    if let Some((first, second)) = found.mixed {
        return Finding::Mixed(first, second);
    }
    if let Some(form) = found.duration {
        return durations_found(name, form, found.first.1, notes);
    }
    if let Some((_, example)) = found.ambiguous {
        let taken = if found.is_day_first { "day, month" } else { "month, day" };
        let setting = if found.is_day_first { "data.day-first = false" } else { "data.day-first = true" };
        let column = name.to_owned();
        // It is said once for all columns that are read alike.
        let alike = notes.iter_mut().find_map(|note| match note {
            ReadNote::Ambiguous { columns, setting: known, .. } if *known == setting => Some(columns),
            _ => None,
        });
        match alike {
            Some(columns) => columns.push(column),
            None => notes.push(ReadNote::Ambiguous { columns: vec![column], example, taken, setting }),
        }
    }
    if found.era.is_some() {
        let example = found.first.1.clone();
        notes.push(ReadNote::Spelled {
            column: name.to_owned(),
            example,
            meaning: "a date by an era of Japan".to_owned(),
        });
    }
    if let Some(((_, a), (_, b))) = found.zones {
        notes.push(ReadNote::Zones { column: name.to_owned(), examples: [a, b] });
    }
    if let Some((cells, (line, example))) = found.odd_times {
        notes.push(ReadNote::OddTimes { column: name.to_owned(), cells, example, line });
    }
    let spelling = Spelling {
        summer: found.summer.map(str::to_owned),
        zone: found.zone,
        letters: found.letters,
        language: found.language,
        halves: found.halves.map(Box::new),
        ordinal: found.ordinal,
        era: found.era,
        short_offset: found.short_offset,
        weekdays: found.weekdays.map(Box::new),
        first_year: (found.short_years != 0).then(|| {
            first_year.unwrap_or_else(|| century::first_year(found.short_years, century::this_year()))
        }),
        zero,
        formats: found.coarser,
        ..Spelling::default()
    };
    Finding::Again(ColumnBuilder::date(found.format, spelling, n_rows), Doubt::None)
}

pub(super) fn durations_found(
    name: &str,
    form: DurationForm,
    example: String,
    notes: &mut Vec<ReadNote>,
) -> Finding {
    let decimal = (form == DurationForm::Laps && example.contains(',')).then_some(',');
    notes.push(ReadNote::Spelled {
        column: name.to_owned(),
        example,
        meaning: "a length of time, in seconds".to_owned(),
    });
    let spelling = Spelling { duration: Some(form), decimal, ..Spelling::default() };
    Finding::Again(ColumnBuilder::spelled(spelling), Doubt::None)
}
