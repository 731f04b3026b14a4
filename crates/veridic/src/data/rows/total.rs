//! Rows that are sums of others: the last, and those behind each group.

use super::Origin;
use super::name::names;
use crate::data::ReadOptions;
use crate::data::digits::{BETWEEN, digits, parts};
use crate::data::infer::Profile;
use crate::data::note::ReadNote;
use crate::data::number;
use crate::data::read::Markers;
use crate::data::record::Cell;
use crate::error::DataError;

/// Cells of a row that may say that it is a total.
const LABELS: usize = 3;
/// Groups behind which a total may stand and sum up several of them.
const MOST_GROUPS: usize = 64;
/// A table of fewer columns may have rows with one value.
const MIN_WIDTH: usize = 3;
/// Lines below a table, at most.
const MOST_LINES_BELOW: usize = 8;
/// A sum of so much and more is hardly that of some rows by chance.
const LARGE: f64 = 100.0;

/// Rows that say to be a total.
#[derive(Default)]
pub(super) struct Totals {
    /// The rows with their lines, and whether they say nothing but that.
    said: Vec<(usize, u64, bool)>,
    /// The cell of the first that says so.
    example: String,
    /// The line of the last row seen.
    line: u64,
    /// Rows with a value in one column alone or in none, the last of them with their cells.
    n_lone: usize,
    lone: Vec<(usize, u64, String)>,
}

/// The rows of a table that are totals.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Their lines, rising.
    pub(super) lines: Vec<u64>,
    /// What the first of several says.
    example: Option<String>,
    /// Lines of rows at the end that are no rows of the table, and what the first says.
    footer: Vec<u64>,
    says: String,
}

impl Totals {
    pub(super) fn see(&mut self, cells: &[Cell<'_>], row: usize, line: u64) {
        self.line = line;
        self.see_lone(cells, row, line);
        if let Some(cell) = cells.iter().take(LABELS).find(|cell| is_total(cell.text)) {
            if self.said.is_empty() {
                self.example = cell.text.to_owned();
            }
            self.said.push((row, line, is_word(cell.text)));
        }
    }

    fn see_lone(&mut self, cells: &[Cell<'_>], row: usize, line: u64) {
        if cells.len() < MIN_WIDTH {
            return;
        }
        let mut present = cells.iter().filter(|cell| !cell.text.is_empty());
        let (first, second) = (present.next(), present.next());
        if second.is_none() {
            self.n_lone += 1;
            if self.lone.len() == MOST_LINES_BELOW {
                self.lone.remove(0);
            }
            self.lone.push((row, line, first.map_or(String::new(), |cell| cell.text.to_owned())));
        }
    }

    /// The rows at the end of `n_rows` that are the only ones with a value in one column or none, and the first of these values:
    /// `Source: ERP`, or lines of delimiters.
    fn below(&self, n_rows: usize) -> (Vec<u64>, String) {
        let at_end = |(i, lone): (usize, &(usize, u64, String))| lone.0 + self.lone.len() == n_rows + i;
        let are_below = self.lone.len() == self.n_lone && self.n_lone * MIN_WIDTH < n_rows;
        if !are_below || !self.lone.iter().enumerate().all(at_end) {
            return Default::default();
        }
        let says = self.lone.iter().map(|(.., text)| text).find(|text| !text.is_empty());
        (self.lone.iter().map(|(_, line, _)| *line).collect(), says.cloned().unwrap_or_default())
    }

    /// The rows that are totals, where there are such.
    pub(super) fn find(
        self,
        n_rows: usize,
        profiles: &[Profile],
        origin: &dyn Origin,
        options: &ReadOptions,
    ) -> Result<Found, DataError> {
        let (footer, says) = self.below(n_rows);
        if !footer.is_empty() {
            return Ok(Found { footer, says, ..Found::default() });
        }
        let is_last = |row: usize| n_rows > 2 && row + 1 == n_rows;
        let last =
            self.said.last().filter(|&&(row, _, is_word)| is_word && is_last(row)).map(|&(_, line, _)| line);
        let lines = match self.said.len() {
            0 => sum_line(profiles, &self).into_iter().collect(),
            1 if last.is_some() => Vec::new(),
            n if n * 2 > n_rows => Vec::new(),
            n => {
                let lines = summed(origin, options, &self.said)?;
                // Where most of what says so is no sum, it means something else.
                if lines.len() * 2 < n { Vec::new() } else { lines }
            }
        };
        let is_alone = self.said.len() == 1 || !lines.is_empty();
        let last = last.filter(|line| is_alone && lines.last() != Some(line));
        let lines: Vec<u64> = lines.into_iter().chain(last).collect();
        let example = (lines.len() > 1 || lines.first() != Some(&self.line)).then_some(self.example);
        Ok(Found { lines, example, ..Found::default() })
    }
}

impl Found {
    pub(super) fn has(&self, line: u64) -> bool {
        self.lines.binary_search(&line).is_ok() || self.footer.contains(&line)
    }

    /// What is said of them.
    pub(super) fn note(&self, is_dropped: bool) -> Option<ReadNote> {
        if let Some(&line) = self.footer.first() {
            let (rows, says) = (self.footer.len(), self.says.clone());
            return Some(ReadNote::Below { rows, line, says, is_dropped });
        }
        let line = *self.lines.first()?;
        Some(match &self.example {
            None => ReadNote::Totals { line, is_dropped },
            Some(example) => {
                ReadNote::Subtotals { rows: self.lines.len(), line, example: example.clone(), is_dropped }
            }
        })
    }
}

/// The line of a last row in which two columns, or one beside a cell that is blank there alone, have the sum of those above.
fn sum_line(profiles: &[Profile], totals: &Totals) -> Option<u64> {
    let sums = profiles.iter().filter(|profile| profile.ends_in_sum()).count();
    let is_sum = sums > 1 || (sums == 1 && profiles.iter().any(Profile::ends_blank));
    is_sum.then_some(totals.line)
}

/// The rows that are totals, to be left out; none where that is not asked for.
pub(super) fn left_out(origin: &dyn Origin, options: &ReadOptions) -> Result<Found, DataError> {
    if !options.drop_total {
        return Ok(Found::default());
    }
    let markers = Markers::of(options);
    let mut rows = origin.rows()?;
    let (names, _) = names(rows.as_mut(), origin, options, &mut Vec::new())?;
    let mut profiles: Vec<Profile> = names.iter().map(|_| Profile::new(false)).collect();
    let (mut totals, mut row) = (Totals::default(), 0);
    let n_rows = rows.each(&mut |line, cells| {
        totals.see(cells, row, line);
        row += 1;
        for (profile, cell) in profiles.iter_mut().zip(cells) {
            if markers.is_missing(cell.text) { profile.see_missing() } else { profile.see(cell.text, line) }
        }
    })?;
    totals.find(n_rows, &profiles, origin, options)
}

/// Sums of each column down to a row, with a point and with a comma as decimal sign.
#[derive(Debug, Clone, Default)]
struct Sums {
    rows: usize,
    columns: Vec<[f64; 2]>,
}

/// The lines of those rows `said` to be totals that have sums of the rows above, up to some total before or all.
fn summed(
    origin: &dyn Origin,
    options: &ReadOptions,
    said: &[(usize, u64, bool)],
) -> Result<Vec<u64>, DataError> {
    let mut rows = origin.rows()?;
    let (names, _) = names(rows.as_mut(), origin, options, &mut Vec::new())?;
    let mut sums = Sums { rows: 0, columns: vec![[0.0; 2]; names.len()] };
    let mut starts = vec![sums.clone()];
    let mut lines = Vec::new();
    rows.each(&mut |line, cells| {
        let values: Vec<[Option<(f64, u8)>; 2]> =
            cells.iter().map(|cell| [amount(cell.text, '.'), amount(cell.text, ',')]).collect();
        let is_said = said.binary_search_by_key(&line, |&(_, line, _)| line).is_ok();
        let has_blank = cells.iter().any(|cell| cell.text.is_empty());
        if is_said && starts.iter().any(|start| sums.are_since(start, &values, has_blank)) {
            lines.push(line);
            if starts.len() == MOST_GROUPS {
                starts.remove(1);
            }
            starts.push(sums.clone());
            return;
        }
        sums.rows += 1;
        for (sum, value) in sums.columns.iter_mut().zip(&values) {
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += value.map_or(0.0, |(value, _)| value);
            }
        }
    })?;
    Ok(lines)
}

impl Sums {
    /// Whether these values are what was added since `start`: a large one, one beside a blank cell, or two.
    fn are_since(&self, start: &Self, values: &[[Option<(f64, u8)>; 2]], has_blank: bool) -> bool {
        let mut equal = 0;
        for (i, values) in values.iter().enumerate() {
            let is_sum = |sign: usize| {
                let (value, decimals) = values[sign]?;
                let sum = self.columns[i][sign] - start.columns[i][sign];
                let slack = 0.51 * 10_f64.powi(-i32::from(decimals)) + 1e-9 * value.abs();
                (value != 0.0 && (sum - value).abs() <= slack).then_some(value)
            };
            let Some(value) = is_sum(0).or_else(|| is_sum(1)) else { continue };
            equal += if has_blank || value.abs() >= LARGE { 2 } else { 1 };
        }
        self.rows > start.rows && equal > 1
    }
}

/// The amount of a cell, and its digits after the decimal sign `decimal`.
fn amount(text: &str, decimal: char) -> Option<(f64, u8)> {
    if decimal == '.'
        && let Some(plain) = number::scan(text)
    {
        return Some((plain.value, plain.decimals));
    }
    let parts = parts(text)?;
    let mark = BETWEEN.into_iter().find(|mark| *mark != decimal && parts.core.contains(*mark));
    let read = digits(parts.core, decimal, mark)?;
    Some((if parts.minus.is_some() { -read.value } else { read.value }, read.decimals))
}

/// Words for a total in small letters.
const WORDS: [&str; 60] = [
    "total",
    "totals",
    "sum",
    "grand total",
    "overall total",
    "subtotal",
    "sub-total",
    "sub total",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "zwischensumme",
    "teilsumme",
    "totale",
    "totaal",
    "subtotaal",
    "somme",
    "sous-total",
    "suma",
    "razem",
    "итого",
    "всего",
    "合計",
    "合计",
    "小計",
    // Those of pivot tables.
    "ergebnis",
    "gesamtergebnis",
    "totale complessivo",
    "eindtotaal",
    "totalt",
    "totalsumma",
    "summa",
    "итог",
    "общий итог",
    "промежуточный итог",
    "集計",
    "総計",
    "総合計",
    "汇总",
    "总计",
    "요약",
    "총합계",
    "합계",
    "toplam",
    "genel toplam",
    "összeg",
    "végösszeg",
    "összesen",
    "yhteensä",
    // A mean is none, and is left out as well.
    "average",
    "avg",
    "mean",
    "durchschnitt",
    "mittelwert",
    "moyenne",
    "promedio",
    "gemiddelde",
    "średnia",
    "平均",
];

/// Whether a text says that its row is the sum of others and nothing else.
fn is_word(text: &str) -> bool {
    WORDS.contains(&text.trim_end_matches([':', ' ']).to_lowercase().as_str())
}

/// Whether a text says that its row is the sum of others, perhaps of which: `Total`, `Summe Nord`, `North total`.
pub(crate) fn is_total(text: &str) -> bool {
    const LONGEST: usize = 64;
    const LAST: [&str; 16] = [
        " total",
        " summe",
        " gesamt",
        " subtotal",
        " ergebnis",
        " totale",
        " totaal",
        " subtotaal",
        " totalt",
        " toplamı",
        " összeg",
        " 集計",
        " 合計",
        " 汇总",
        " 요약",
        " итог",
    ];
    let first = text.as_bytes().first().copied().unwrap_or(0);
    let possible = first >= 0x80 || b"TtSsGgOoIiRrZzAaMmDdPpEeYy".contains(&first);
    let ends = |word: &&str| {
        let start = text.len().checked_sub(word.len());
        start.is_some_and(|start| text.as_bytes()[start..].eq_ignore_ascii_case(word.as_bytes()))
    };
    if text.len() > LONGEST || !(possible || LAST.iter().any(ends)) {
        return false;
    }
    let small = text.to_lowercase();
    let begins = |word: &&str| {
        let after = small.strip_prefix(word);
        after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', '-', '(']))
    };
    LAST.iter().any(ends) || WORDS.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_to_be_a_total_is_told_from_what_begins_alike() {
        for text in [
            "Total",
            "TOTAL:",
            "Summe Nord",
            "Subtotal North",
            "North Total",
            "Итого",
            "Grand total",
            "Sous-total : Sud",
            "Nord Ergebnis",
            "Gesamtergebnis",
            "関東 集計",
            "Итог Север",
            "서울 요약",
            "Budapest összeg",
            "Ege Toplamı",
        ] {
            assert!(is_total(text), "{text}");
        }
        for text in ["Summer", "Totally", "Sumatra", "subtotals", "totality", "Zwischen", ""] {
            assert!(!is_total(text), "{text}");
        }
    }
}
