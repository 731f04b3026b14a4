//! A last row that is the sum of the others.

use super::Origin;
use super::name::names;
use crate::data::ReadOptions;
use crate::data::infer::Profile;
use crate::data::read::Markers;
use crate::data::record::Cell;
use crate::error::DataError;

/// Rows that say to be a total.
#[derive(Default)]
pub(super) struct Totals {
    n: usize,
    last: Option<(usize, u64)>,
    /// The line of the last row seen.
    line: u64,
}

impl Totals {
    pub(super) fn see(&mut self, cells: &[Cell<'_>], row: usize, line: u64) {
        self.line = line;
        if cells.iter().take(3).any(|cell| is_total(cell.text)) {
            self.n += 1;
            self.last = Some((row, line));
        }
    }

    /// The line of the last row, if it and no other is a total.
    pub(super) fn last(&self, n_rows: usize) -> Option<u64> {
        self.last.filter(|&(row, _)| self.n == 1 && n_rows > 2 && row + 1 == n_rows).map(|(_, line)| line)
    }
}

/// The line of a last row in which two columns, or one beside a cell that is blank there alone, have the sum of those above.
pub(super) fn sum_line(profiles: &[Profile], totals: &Totals) -> Option<u64> {
    let sums = profiles.iter().filter(|profile| profile.ends_in_sum()).count();
    let is_sum = totals.n == 0 && (sums > 1 || (sums == 1 && profiles.iter().any(Profile::ends_blank)));
    is_sum.then_some(totals.line)
}

/// The line of a last row that is a total.
pub(super) fn last_total(origin: &dyn Origin, options: &ReadOptions) -> Result<Option<u64>, DataError> {
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
    Ok(totals.last(n_rows).or_else(|| sum_line(&profiles, &totals)))
}

/// Whether a text says that its row is the sum of others.
pub(crate) fn is_total(text: &str) -> bool {
    const TOTALS: [&str; 18] = [
        "total",
        "totals",
        "sum",
        "grand total",
        "overall total",
        "summe",
        "gesamt",
        "gesamtsumme",
        "insgesamt",
        "totale",
        "totaal",
        "somme",
        "suma",
        "razem",
        "итого",
        "всего",
        "合計",
        "合计",
    ];
    let first = text.as_bytes().first().copied().unwrap_or(0);
    let possible = first >= 0x80
        || matches!(first, b'T' | b't' | b'S' | b's' | b'G' | b'g' | b'O' | b'o' | b'I' | b'i' | b'R' | b'r');
    possible
        && text.len() <= 24
        && TOTALS.contains(&text.trim_end_matches([':', ' ']).to_lowercase().as_str())
}
