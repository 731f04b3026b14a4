//! How the numbers of a column are written beside pictures: lengths of time and amounts as the column writes them.

use crate::data::{CellWriter, Cells, ColumnSchema, Kind};
use crate::figure::Written;

/// How the numbers of a column are written.
pub(crate) enum Form<'a> {
    Number,
    Moment,
    Own(Box<dyn Fn(f64) -> String + 'a>),
}

impl<'a> Form<'a> {
    pub(crate) fn of(column: &'a ColumnSchema) -> Self {
        match (&column.kind, &column.spelling) {
            (Kind::DateTime { .. }, _) => Self::Moment,
            (_, Some(spelling)) if spelling.duration.is_some() || !spelling.reads_plainly() => {
                let writer = CellWriter::new(Some(column));
                Self::Own(Box::new(move |value| {
                    let mut text = String::new();
                    writer.write(&Cells::Number(vec![value]), 0, &mut text);
                    text
                }))
            }
            _ => Self::Number,
        }
    }

    pub(crate) fn as_written(&self) -> Written<'_> {
        match self {
            Self::Number => Written::Number,
            Self::Moment => Written::Moment,
            Self::Own(write) => Written::Own(write),
        }
    }
}
