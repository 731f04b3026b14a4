//! Who is told what, and where: data goes to standard output, everything else to standard error.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use crate::error::CliError;

/// The way to the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    quiet: bool,
    terminal: bool,
}

impl Ui {
    /// With `quiet`, nothing but errors is said.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, terminal: io::stderr().is_terminal() }
    }

    /// Whether nothing but errors is said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether standard error is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Says `text`, unless quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            stderr(text);
        }
    }

    /// Says what the user may want to know about what was done, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        self.say(&format!("note: {}", crate::wording::worded(text)));
    }

    /// Says what went wrong, always.
    pub(crate) fn error(&self, error: &CliError) {
        stderr(&error.render());
    }

    /// Gives `write` standard output, for data only.
    ///
    /// # Errors
    /// [`CliError::Stdout`].
    pub(crate) fn data(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out).and_then(|()| out.flush()).map_err(CliError::Stdout)
    }
}

/// Writes `text` and a line end to standard error. Where that is gone, there is nobody to tell.
pub(crate) fn stderr(text: &str) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Rows of cells in aligned columns, two spaces apart; `right` says which columns hold numbers.
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]], right: [bool; N]) -> String {
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[i] - cell.chars().count());
            let separator = if i == 0 { "" } else { "  " };
            let (before, after) = if right[i] { (pad.as_str(), "") } else { ("", pad.as_str()) };
            line.extend([separator, before, cell, after]);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_spaces_at_their_end() {
        let rows = [["a", "10", "x"], ["bcd", "5", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows, [false, true, false]), "a    10  x\nbcd   5\n");
    }
}
