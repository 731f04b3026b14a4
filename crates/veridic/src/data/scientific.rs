//! Numbers with a power of ten, as `8.58E-05`: how they are written, told from the cells of a column.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// How a column writes numbers with one digit before the point and a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scientific {
    /// Digits after the point, at most 15.
    pub digits: u8,
    /// At least so many digits of the exponent, filled with zeros, at most 15.
    pub width: u8,
    /// Whether exponents from 0 have a plus sign.
    #[serde(default)]
    pub plus: bool,
    /// Whether the exponent comes after `E`, not `e`.
    #[serde(default)]
    pub capital: bool,
}

impl Scientific {
    /// Appends `value`.
    pub(crate) fn write(self, value: f64, text: &mut String) {
        let start = text.len();
        let digits = usize::from(self.digits);
        // Adding zero turns -0 into 0.
        write!(text, "{:.digits$e}", value + 0.0).expect("writing to a string cannot fail");
        let Some(at) = text[start..].find('e').map(|at| start + at) else { return };
        let exponent = text.split_off(at);
        let exponent = &exponent[1..];
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => (if self.plus { "+" } else { "" }, exponent),
        };
        let width = usize::from(self.width);
        text.push(if self.capital { 'E' } else { 'e' });
        write!(text, "{sign}{digits:0>width$}").expect("writing to a string cannot fail");
    }
}

/// What cells are written with powers of ten alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Powers {
    form: Option<Form>,
    n: usize,
    differ: bool,
    /// Cells that look like codes, and cells that are numbers with a power of ten for certain.
    codes: usize,
    sure: bool,
}

#[derive(Debug, Clone, Copy)]
struct Form {
    digits: u8,
    capital: bool,
    /// Whether exponents from 0 have a plus sign, once one was seen.
    plus: Option<bool>,
    /// The fewest digits of an exponent, and the most of one that begins with a zero.
    width: u8,
    padded: u8,
}

impl Powers {
    /// Takes in a cell that is a number, but not digits and a point alone.
    pub(super) fn see(&mut self, text: &str) {
        let is_code = looks_like_code(text);
        self.codes += usize::from(is_code);
        self.sure |= !is_code && text.contains(['e', 'E']);
        let Some(form) = form_of(text) else {
            self.differ = true;
            return;
        };
        self.n += 1;
        let Some(known) = &mut self.form else {
            self.form = Some(form);
            return;
        };
        self.differ |= known.digits != form.digits || known.capital != form.capital;
        self.differ |= matches!((known.plus, form.plus), (Some(a), Some(b)) if a != b);
        known.plus = known.plus.or(form.plus);
        known.width = known.width.min(form.width);
        known.padded = known.padded.max(form.padded);
    }

    /// Whether all that look like powers of ten are codes: `23E6`.
    pub(super) fn are_codes(&self) -> bool {
        self.codes > 0 && !self.sure
    }

    /// How all of `n` numbers are written, where these are alike.
    pub(super) fn all(&self, n: usize) -> Option<Scientific> {
        let form = self.form.filter(|form| self.n == n && !self.differ && form.padded <= form.width)?;
        let Form { digits, width, plus, capital, .. } = form;
        Some(Scientific { digits, width, plus: plus.unwrap_or(false), capital })
    }
}

/// Whether a text is two digits and more, an `E` and one or two digits, as no program writes a number.
fn looks_like_code(text: &str) -> bool {
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['e', 'E']).is_some_and(|(before, power)| {
        before.len() > 1 && power.len() < 3 && are_digits(before) && are_digits(power)
    })
}

fn form_of(text: &str) -> Option<Form> {
    let at = text.find(['e', 'E'])?;
    let (mantissa, exponent) = (text[..at].trim_start_matches(['-', '+']), &text[at + 1..]);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_point_last = mantissa.ends_with('.');
    let (plus, digits) = match exponent.as_bytes().first()? {
        b'+' => (Some(true), &exponent[1..]),
        b'-' => (None, &exponent[1..]),
        _ => (Some(false), exponent),
    };
    let is_zero = mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let (length, width) = (u8::try_from(fraction.len()).ok()?, u8::try_from(digits.len()).ok()?);
    let fits = whole.len() == 1 && (whole != "0" || is_zero) && !is_point_last && length <= 15 && width <= 15;
    let is_signed = text.starts_with('+');
    let padded = if digits.len() > 1 && digits.starts_with('0') { width } else { 0 };
    (fits && !is_signed).then_some(Form {
        digits: length,
        capital: text.as_bytes()[at] == b'E',
        plus,
        width,
        padded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Option<Scientific> {
        let mut powers = Powers::default();
        cells.iter().for_each(|cell| powers.see(cell));
        powers.all(cells.len())
    }

    #[test]
    fn powers_of_ten_are_told_and_written_again() {
        for cells in [
            &["8.583E-05", "1.420E-04", "-3.000E+02", "0.000E+00"][..],
            &["1e-5", "2e10", "7e0"],
            &["1.5e-05", "2.5e+10"],
            &["1.50e-300", "2.25e+12"],
        ] {
            let form = of(cells).unwrap();
            for cell in cells {
                let mut again = String::new();
                form.write(cell.parse().unwrap(), &mut again);
                assert_eq!(again, *cell, "{form:?}");
            }
        }
    }

    #[test]
    fn cells_that_are_written_otherwise_have_no_form() {
        for cells in [
            &["1.5e5", "1.55e5"][..],
            &["1e5", "1E5"],
            &["1e5", "1e+5"],
            &["15e5"],
            &["1.e5"],
            &["1e5", "5."],
            &["1e05", "1e5"],
        ] {
            assert_eq!(of(cells), None, "{cells:?}");
        }
    }
}
