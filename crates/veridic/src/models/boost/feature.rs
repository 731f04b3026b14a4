//! What trees look at.

/// Most codes of a feature.
pub const MAX_BINS: usize = 256;

/// What the codes of a feature are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Codes are below this, at most [`MAX_BINS`].
    pub bins: usize,
    /// Whether neighboring codes are neighboring values; else they are names.
    pub ordered: bool,
}

/// Features of rows: a code of one byte for each row and feature.
#[derive(Debug, Clone, Default)]
pub struct Features<'a> {
    /// One code a row for each feature; all as long.
    pub codes: Vec<&'a [u8]>,
    /// What they are.
    pub about: Vec<Feature>,
}

impl<'a> Features<'a> {
    /// Adds a feature.
    pub fn push(&mut self, codes: &'a [u8], about: Feature) {
        self.codes.push(codes);
        self.about.push(about);
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The rows at `rows`, feature after feature in each.
    pub(super) fn rows_at(&self, rows: &[u32]) -> Vec<u8> {
        rows.iter().flat_map(|row| self.codes.iter().map(|codes| codes[*row as usize])).collect()
    }

    /// Rows `from..to`, feature after feature in each, into `out`.
    pub(super) fn rows(&self, from: usize, to: usize, out: &mut Vec<u8>) {
        let width = self.len();
        out.clear();
        out.resize((to - from) * width, 0);
        for (f, codes) in self.codes.iter().enumerate() {
            for (row, code) in out.iter_mut().skip(f).step_by(width).zip(&codes[from..to]) {
                *row = *code;
            }
        }
    }
}
