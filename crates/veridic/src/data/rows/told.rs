//! What is said of columns of texts.

use crate::data::evidence::Cell as Found;
use crate::data::foreign::Mark;
use crate::data::note::ReadNote;
use crate::data::text::{TextColumn, look_measured};
use crate::data::{Kind, Unused};

/// More categories than this are announced.
const MANY_LEVELS: usize = 1000;

/// The marks of missing cells that are in no quotes, and how many have each.
pub(super) fn blanks_of(marks: &[Mark]) -> Vec<(String, usize)> {
    marks.iter().filter(|mark| !mark.quoted).map(|mark| (mark.text.clone(), mark.cells)).collect()
}

/// How the `missing` cells of a column come back, which have these marks or are empty: as most are; said where others are not.
pub(super) fn blank(
    column: &str,
    missing: usize,
    mut marks: Vec<(String, usize)>,
    notes: &mut Vec<ReadNote>,
) -> Option<String> {
    let marked: usize = marks.iter().map(|(_, cells)| cells).sum();
    match missing.checked_sub(marked) {
        // Some of these texts are values.
        None => return None,
        Some(0) => {}
        Some(empty) => marks.push((String::new(), empty)),
    }
    marks.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let texts: Vec<String> = marks.into_iter().map(|(text, _)| text).collect();
    let kept = texts.first()?.clone();
    if texts.len() > 1 {
        let alike = notes.iter_mut().find_map(|note| match note {
            ReadNote::Marks { columns, marks, kept: known } if *marks == texts && *known == kept => {
                Some(columns)
            }
            _ => None,
        });
        match alike {
            Some(columns) => columns.push(column.to_owned()),
            None => notes.push(ReadNote::Marks {
                columns: vec![column.to_owned()],
                marks: texts,
                kept: kept.clone(),
            }),
        }
    }
    Some(kept).filter(|kept| !kept.is_empty())
}

/// Says which usual marks of missing cells a column of texts has.
pub(super) fn marks_of(column: &str, marks: Vec<Mark>, notes: &mut Vec<ReadNote>) {
    // A question mark is no value of anything.
    for mark in marks.into_iter().filter(|mark| mark.text != "?") {
        notes.push(ReadNote::Mark {
            column: column.to_owned(),
            mark: mark.text,
            cells: mark.cells,
            line: mark.line,
            is_value: mark.quoted,
        });
    }
}

/// Says what is worth knowing of a column of texts.
pub(in crate::data) fn tell(
    name: &str,
    column: &TextColumn,
    unused: Option<Unused>,
    examples: Vec<Found>,
    notes: &mut Vec<ReadNote>,
) {
    if !column.merged.is_empty() {
        notes.push(ReadNote::Merged { column: name.to_owned(), texts: column.merged.clone() });
    }
    if let Kind::Categorical { levels } = &column.kind
        && levels.len() > MANY_LEVELS
    {
        notes.push(ReadNote::ManyLevels { column: name.to_owned(), levels: levels.len() });
    }
    if let Kind::Categorical { levels } = &column.kind
        && look_measured(levels)
    {
        notes.push(ReadNote::Unread {
            column: name.to_owned(),
            examples: levels.iter().take(3).cloned().collect(),
        });
    }
    // What is not understood is told with the cells that do not fit, where these are known.
    let told = notes.iter().any(|note| matches!(note, ReadNote::LeftOut { column, .. } if column == name));
    if let Some(unused) = unused.filter(|_| !told) {
        notes.push(left_out(name, unused, examples));
    }
}

pub(in crate::data) fn left_out(name: &str, unused: Unused, examples: Vec<Found>) -> ReadNote {
    let remedy = match unused {
        Unused::FreeText => "put what matters of it into columns of its own",
        Unused::Scattered => "to have it as categories, name it in data.categorical",
        Unused::SeveralNumbers => "put each number into a column of its own, or name it in data.categorical",
        Unused::Calendar => "write them as dates such as 2024-08-21, or name it in data.categorical",
        Unused::NotUnderstood => {
            "write its cells in one way, such as plain numbers, or name it in data.categorical"
        }
    };
    ReadNote::LeftOut { column: name.to_owned(), why: unused.reason(), examples, remedy }
}
