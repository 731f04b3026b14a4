//! What stands above a table and is no row of it: comments, titles, and what spreadsheets are told.

use super::dialect::header_of;
use super::digits::parts;
use super::{ReadOptions, number};

/// Titles have at most so many rows.
const MOST_ROWS: usize = 20;

/// The delimiter that the first line tells spreadsheets, as `sep=;` does.
pub(super) fn told_delimiter(sample: &str) -> Option<char> {
    let line = sample.split_inclusive('\n').next()?;
    let text = line.trim().trim_matches('"');
    let delimiter = text.strip_prefix("sep=").or_else(|| text.strip_prefix("SEP="))?;
    let mut characters = delimiter.chars();
    // The blanks of a tab are trimmed.
    match (characters.next(), characters.next()) {
        (None, _) => line.contains('\t').then_some('\t'),
        (Some(delimiter), None) => Some(delimiter),
        _ => None,
    }
}

/// How many of the first `rows` are a title: each has one text at most, or is a pair above a table of four columns and more,
/// and below them are names, one for every column, over rows of as many cells.
///
/// `known` are names of columns that make a row a header when one of them is in it.
pub(super) fn title_rows(rows: &[Vec<String>], options: &ReadOptions, known: &[&str]) -> usize {
    let filled = |row: &&Vec<String>| row.iter().filter(|cell| !cell.is_empty()).count();
    let is_wide = rows.last().is_some_and(|row| row.len() > 3);
    // `Account:;DE02 …` above a statement.
    let is_above = |row: &&Vec<String>| filled(row) <= 1 || (is_wide && row.len() <= 2);
    let above = rows.iter().take(MOST_ROWS).take_while(is_above).count();
    let Some((names, below)) = rows[above..].split_first() else { return 0 };
    let is_name = |cell: &String| !cell.is_empty() && number::parse(cell).is_none() && parts(cell).is_none();
    let is_known = names.iter().any(|name| known.contains(&name.as_str()));
    let is_table = below.len() > usize::from(!is_known) && below.iter().all(|row| row.len() == names.len());
    // A text over two columns may be the name of the first.
    let is_title =
        names.len() > 2 || rows[..above].iter().any(|row| row.len() == names.len() && !row[0].is_empty());
    let has_names = names.len() > 1 && names.iter().all(is_name);
    if above > 0 && is_table && is_title && has_names && header_of(&rows[above..], options, known).0 {
        above
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(text: &str) -> usize {
        let rows: Vec<Vec<String>> =
            text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
        title_rows(&rows, &ReadOptions::default(), &[])
    }

    #[test]
    fn a_title_is_told_by_the_names_below_it() {
        assert_eq!(titles("Report,,\nMay 2024,,\n,,\nregion,units,price\nN,5,1.5\nS,6,2.5\n"), 3);
        assert_eq!(titles("Report\nregion,units,price\nN,5,1.5\nS,6,2.5\n"), 1);
        assert_eq!(
            titles("Account:,DE02\nPeriod:,2024\n\nregion,units,price,sum\nN,5,1.5,7\nS,6,2.5,9\n"),
            3
        );
        assert_eq!(titles("Report,\nregion,units\nN,5\nS,6\n"), 1);
        // Names of which all but one are blank, rows below without names, and no title at all.
        assert_eq!(titles("x,,\na,1,2\nb,3,4\n"), 0);
        assert_eq!(titles("region,units,price\nN,5,1.5\nS,6,2.5\n"), 0);
        assert_eq!(titles("text\nhello, world\nfoo, bar\nbaz, bar\n"), 0);
        assert_eq!(titles("1,,\n2,,\nN,5,1.5\nS,6,2.5\n"), 0);
    }

    #[test]
    fn the_delimiter_that_a_line_tells_is_taken() {
        assert_eq!(told_delimiter("sep=;\r\na;b\r\n"), Some(';'));
        assert_eq!(told_delimiter("\"sep=,\"\na,b\n"), Some(','));
        assert_eq!(told_delimiter("sep=\t\na\tb\n"), Some('\t'));
        assert_eq!(told_delimiter("sep=ab\n"), None);
        assert_eq!(told_delimiter("a,b\n"), None);
    }
}
