//! How the texts of a column are written, to show those that are written otherwise.

use super::evidence::Cell;

/// Texts looked at, ways of writing that are told apart, and cells shown of each.
const MOST: usize = 5000;
const MOST_WAYS: usize = 24;
const SHOWN: usize = 3;
/// Texts are written in one way where all but one in so many are.
const TEXTS_AN_ODD: usize = 10;

/// Texts by how they are written, letters and digits taken for each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    ways: Vec<(String, usize, Vec<Cell>)>,
    n: usize,
}

impl Patterns {
    /// Takes in a text.
    pub(super) fn see(&mut self, text: &str, line: u64) {
        if self.n == MOST || self.ways.len() == MOST_WAYS {
            return;
        }
        self.n += 1;
        let way = way(text);
        let at = self.ways.iter().position(|(known, ..)| *known == way).unwrap_or_else(|| {
            self.ways.push((way, 0, Vec::new()));
            self.ways.len() - 1
        });
        let (_, n, cells) = &mut self.ways[at];
        *n += 1;
        if cells.len() < SHOWN {
            cells.push((line, text.to_owned()));
        }
    }

    /// The first texts that are not written as nearly all are; `None` where there is no such way, or no other.
    pub(super) fn odd(self) -> Option<Vec<Cell>> {
        let most = self.ways.iter().map(|(_, n, _)| *n).max()?;
        let is_told =
            most < self.n && (self.n - most) * TEXTS_AN_ODD <= self.n && self.ways.len() < MOST_WAYS;
        let others = self.ways.into_iter().filter(|(_, n, _)| *n < most);
        let mut cells: Vec<Cell> = others.filter(|_| is_told).flat_map(|(.., cells)| cells).collect();
        cells.sort();
        cells.truncate(SHOWN);
        (!cells.is_empty()).then_some(cells)
    }
}

/// A text with one sign for a run of digits and one for a run of letters.
fn way(text: &str) -> String {
    let mut way = String::with_capacity(text.len());
    for c in text.chars() {
        let sign = match c {
            c if c.is_numeric() => '9',
            c if c.is_alphabetic() => 'a',
            c => c,
        };
        if !(matches!(sign, '9' | 'a') && way.ends_with(sign)) {
            way.push(sign);
        }
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_written_otherwise_are_shown() {
        let odd = |texts: &[&str]| {
            let mut patterns = Patterns::default();
            texts.iter().zip(2..).for_each(|(text, line)| patterns.see(text, line));
            patterns.odd()
        };
        let mut texts = vec!["12.5-13.0"; 30];
        assert_eq!(odd(&texts), None);
        texts[4] = "12,5";
        texts[9] = "n/a";
        assert_eq!(odd(&texts), Some(vec![(6, "12,5".to_owned()), (11, "n/a".to_owned())]));
        let mixed: Vec<&str> = (0..30).map(|i| if i % 2 == 0 { "1" } else { "a" }).collect();
        assert_eq!(odd(&mixed), None);
    }
}
