//! What a reader of a table is told of how it was read.

mod words;

/// Something that was assumed, converted or left out while a table was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadNote {
    /// The text is in another encoding than UTF-8.
    Encoding {
        /// Its name, such as `windows-1252`.
        encoding: &'static str,
        /// Whether it was guessed from bytes that are not UTF-8.
        is_guess: bool,
    },
    /// The table read out of several.
    Chosen {
        /// A member of an archive or a sheet of a workbook.
        name: String,
        /// The others.
        others: Vec<String>,
    },
    /// Lines above the table that are no rows: comments, a title.
    Above {
        /// How many.
        lines: usize,
        /// The first of them.
        example: String,
    },
    /// The first row has no names.
    NoHeader {
        /// Columns that were named `column_1` and on.
        columns: usize,
    },
    /// Numbers in the first row were taken for names.
    NumberedHeader {
        /// The names.
        names: Vec<String>,
    },
    /// Columns of one name were numbered.
    NumberedNames {
        /// The names they got.
        names: Vec<String>,
    },
    /// The last row has the sums of the rows above, or says so.
    Totals {
        /// Its line.
        line: u64,
        /// Whether it was left out.
        is_dropped: bool,
    },
    /// Rows that say to be totals and have sums of rows above them.
    Subtotals {
        /// How many.
        rows: usize,
        /// The line of the first.
        line: u64,
        /// What it says.
        example: String,
        /// Whether they were left out.
        is_dropped: bool,
    },
    /// Rows at the end with a value in one column alone, or in none.
    Below {
        /// How many.
        rows: usize,
        /// The line of the first.
        line: u64,
        /// The first value of them; empty where there is none.
        says: String,
        /// Whether they were left out.
        is_dropped: bool,
    },
    /// No row is a total, though totals were to be left out.
    NoTotals,
    /// Rows that have the names of the columns again, left out.
    RepeatedNames {
        /// How many.
        rows: usize,
        /// The line of the first.
        line: u64,
    },
    /// The first row has one cell less than the others, whose first are names of rows.
    RowNames {
        /// The first of them.
        example: String,
    },
    /// Cells of a workbook that were merged with one above them and have its value.
    Joined {
        /// How many.
        cells: usize,
    },
    /// Missing cells that were marked in several ways.
    Marks {
        /// The columns.
        columns: Vec<String>,
        /// The marks of the first; an empty one is an empty cell.
        marks: Vec<String>,
        /// How all of them come back.
        kept: String,
    },
    /// Numbers of which letters say whether they are above zero or below.
    Sides {
        /// The column.
        column: String,
        /// The letters of numbers from zero on.
        above: String,
        /// The letters of numbers below zero.
        below: String,
    },
    /// Days of which a few have a time of day.
    OddTimes {
        /// The column.
        column: String,
        /// Cells that have one.
        cells: usize,
        /// The first of them.
        example: String,
        /// Its line.
        line: u64,
    },
    /// Numbers or moments in a spelling of their own, which comes back.
    Spelled {
        /// The column.
        column: String,
        /// A cell.
        example: String,
        /// What it is read as.
        meaning: String,
    },
    /// A cell that can be read in two ways.
    Ambiguous {
        /// The columns read so.
        columns: Vec<String>,
        /// A cell.
        example: String,
        /// How it is read.
        taken: &'static str,
        /// The setting that decides.
        setting: &'static str,
    },
    /// Years of two digits.
    Century {
        /// The column.
        column: String,
        /// The first of the hundred years that they are taken to be of.
        first_year: u16,
        /// The earliest moment as it is written, and its day.
        earliest: (String, String),
        /// The latest.
        latest: (String, String),
    },
    /// A usual mark of missing cells in a column of texts, where it may be a value.
    Mark {
        /// The column.
        column: String,
        /// The mark.
        mark: String,
        /// Cells that have it.
        cells: usize,
        /// The line of the first.
        line: u64,
        /// Whether it is a value, since it is in quotes.
        is_value: bool,
    },
    /// A value far from all others that may stand for missing cells.
    Sentinel {
        /// The column.
        column: String,
        /// The value, as the data writes it.
        value: String,
        /// Cells that have it.
        cells: usize,
    },
    /// Numbers beyond what can be measured: `<0.10`, `>100`.
    Limits {
        /// The column.
        column: String,
        /// How they are written, and what they count as.
        limits: Vec<(String, String)>,
        /// Those of them that come back as the number that they count as.
        others: Vec<String>,
        /// How many cells have them.
        cells: usize,
    },
    /// Numbers with words for their powers of ten, which come back: `5.6k`.
    Scaled {
        /// The column.
        column: String,
        /// A cell.
        example: String,
        /// Its line.
        line: u64,
        /// The number that it is read as.
        value: String,
    },
    /// Dates of another calendar than the Gregorian, read as if they were of it or as categories.
    Calendar {
        /// The column.
        column: String,
        /// A cell.
        example: String,
        /// The calendar and what its years are: `the Buddhist calendar, 543 years ahead`.
        calendar: &'static str,
        /// Whether they are categories, and no moments.
        are_texts: bool,
    },
    /// A column of whole numbers with a few that are not.
    Odd {
        /// The column.
        column: String,
        /// Cells that are not whole.
        cells: usize,
        /// The first of them.
        example: String,
        /// Its line.
        line: u64,
    },
    /// Whole numbers too large to be exact as numbers, kept as texts.
    Large {
        /// The column.
        column: String,
        /// One of them.
        example: String,
    },
    /// A column of numbers that became categories because of a few other cells.
    Categories {
        /// The column.
        column: String,
        /// Such a cell.
        example: String,
        /// The line of the first.
        line: u64,
        /// How many cells have it, of those that are not missing.
        cells: usize,
        /// Cells that are not missing.
        of: usize,
        /// What the others are: `finite number` or `date-time`.
        expected: &'static str,
    },
    /// Categories that may be numbers or moments in a spelling that is not known.
    Unread {
        /// The column.
        column: String,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A column that is neither used nor an identifier.
    LeftOut {
        /// The column.
        column: String,
        /// Why.
        why: &'static str,
        /// Up to three cells with their lines.
        examples: Vec<(u64, String)>,
        /// What to do about it.
        remedy: &'static str,
    },
    /// An identifier.
    Identifier {
        /// The column.
        column: String,
    },
    /// Spellings of one flag.
    Merged {
        /// The column.
        column: String,
        /// The texts, those of no first.
        texts: Vec<String>,
    },
    /// Moments of several zones, kept as moments and written in UTC.
    Zones {
        /// The column.
        column: String,
        /// Two cells of different zones.
        examples: [String; 2],
    },
    /// Cells that come back in another spelling of the same value.
    Respelled {
        /// The column.
        column: String,
        /// The first such cell.
        from: String,
        /// How it is written.
        to: String,
        /// How many there are.
        cells: usize,
    },
    /// Numbers that may be times of day.
    MayBeTimes {
        /// The column.
        column: String,
        /// A cell.
        example: String,
    },
    /// Numbers that are all below zero by what stands behind them: `$897.00-`.
    BelowZero {
        /// The column.
        column: String,
        /// A cell.
        example: String,
    },
    /// Two cells of a column that are one number.
    Twice {
        /// The column.
        column: String,
        /// The cells with their lines.
        cells: [(u64, String); 2],
    },
    /// A column of very many categories.
    ManyLevels {
        /// The column.
        column: String,
        /// How many there are.
        levels: usize,
    },
}

impl ReadNote {
    /// Whether the note needs no more than a glance: nothing was guessed or lost.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Spelled { .. } | Self::Identifier { .. })
    }
}

/// So many of so many cells, with their share.
pub(crate) fn share(cells: usize, of: usize) -> String {
    let percent = 100.0 * cells as f64 / of.max(1) as f64;
    if percent < 1.0 {
        counted(cells, "cell")
    } else {
        format!("{} ({percent:.0} %)", counted(cells, "cell"))
    }
}

pub(crate) fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// The first of `names`, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", short(name))).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The beginning of a long text.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}
