//! What stands above a table and is no row of it: comments, titles, and what spreadsheets are told.

use super::dialect::{are_years, header_of};
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

/// How many of the first `rows` are a title: each has one text at most, is a pair above a table of four columns and more, or
/// lacks cells above names over numbers; and below them are names, one for every column, over rows of as many cells.
///
/// `known` are names of columns that make a row a header when one of them is in it.
pub(super) fn title_rows(rows: &[Vec<String>], options: &ReadOptions, known: &[&str]) -> usize {
    let filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.is_empty()).count();
    let is_wide = rows.last().is_some_and(|row| row.len() > 3);
    // `Account:;DE02 …` above a statement.
    let is_above = |row: &&Vec<String>| filled(row) <= 1 || (is_wide && row.len() <= 2);
    let above = rows.iter().take(MOST_ROWS).take_while(is_above).count();
    if above > 0 && are_names(rows, above, options, known, false) {
        return above;
    }
    // `Account:;DE02 …;;`: names over numbers are the first of them in the table, and rows above are not whole.
    let most = rows.len().min(MOST_ROWS);
    (1..most)
        .take_while(|&names| {
            rows[names - 1].len() != rows[most - 1].len() || rows[names - 1].iter().any(String::is_empty)
        })
        .find(|&names| are_names(rows, names, options, known, true))
        .unwrap_or(0)
}

/// Whether the row at `above` has the names of a table. With `is_told` a name stands over numbers or dates.
fn are_names(
    rows: &[Vec<String>],
    above: usize,
    options: &ReadOptions,
    known: &[&str],
    is_told: bool,
) -> bool {
    let Some((names, below)) = rows[above..].split_first() else { return false };
    let is_value = |cell: &str| number::parse(cell).is_some() || parts(cell).is_some();
    let is_name = |cell: &String| !cell.is_empty() && !is_value(cell);
    let is_known = names.iter().any(|name| known.contains(&name.as_str()));
    let alike = below.iter().filter(|row| row.len() == names.len()).count();
    // Below a table there may be a note or two.
    let is_table = alike > usize::from(!is_known) && alike * 20 >= below.len() * 19;
    let is_over = |column: usize| {
        let cells = below.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty());
        let (values, all) =
            cells.fold((0, 0), |(values, all), cell| (values + usize::from(is_value(cell)), all + 1));
        all > 1 && values == all
    };
    let is_over_numbers = (0..names.len()).any(is_over);
    // A text over two columns may be the name of the first.
    let is_title = names.len() > 2
        || rows[..above].iter().any(|row| row.len() == names.len() && !row[0].is_empty())
        || (is_over_numbers && rows[..above].iter().all(|row| row.len() < names.len()));
    let has_names = names.len() > 1 && (names.iter().all(is_name) || are_years(names, below));
    is_table
        && is_title
        && has_names
        && (is_over_numbers || !is_told)
        && header_of(&rows[above..], options, known).0
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
        assert_eq!(titles("Report\nregion,units\nN,5\nS,6\n"), 1);
        assert_eq!(
            titles("Report,,,\nBranch:,Rome,,\n,,,\nregion,units,price,day\nN,5,1.5,x\nS,6,2.5,y\n"),
            3
        );
        assert_eq!(titles("Balance:,12.50,,\nregion,units,price,day\nN,5,1.5,x\nS,6,2.5,y\n"), 1);
        let bank = "Source,Bank,\n\nDate,2024-05-01,\n\nname,code,1960,1961,\nA,AA,1.5,2.5,\nB,BB,2.5,,\n";
        assert_eq!(titles(bank), 4);
        // A first row with a blank cell over texts is a row.
        assert_eq!(titles("ann,,x\nbob,rome,y\neve,oslo,z\n"), 0);
        assert_eq!(titles("5,,1.5\nN,5,1.5\nS,6,2.5\n"), 0);
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
