//! In which spelling the numbers of a column are, told from all its cells.

use super::digits::{BETWEEN, NO_CENTS, digits, is_currency, is_letter, is_unit, is_without_cents, parts};
use super::group::Groups;
use super::magnitude::{self, Magnitude, Magnitudes};
use super::plain::PlainCells;
use super::spelling::Minus;

/// More ways of writing than this in one column are no way of writing numbers.
const MOST_FORMS: usize = 24;

/// What accounts write behind amounts: of credit, above zero, and of debit.
const SIDES: [[&str; 2]; 5] = [["H", "S"], ["Cr", "Dr"], ["CR", "DR"], ["Cr.", "Dr."], ["cr", "dr"]];

/// Decimal and thousands signs that are tried, the likeliest first.
const SIGNS: [(char, Option<char>); 20] = [
    ('.', None),
    ('.', Some(',')),
    (',', None),
    (',', Some('.')),
    ('.', Some(BETWEEN[2])),
    (',', Some(BETWEEN[2])),
    ('.', Some(BETWEEN[3])),
    (',', Some(BETWEEN[3])),
    ('.', Some(BETWEEN[4])),
    (',', Some(BETWEEN[4])),
    ('.', Some(BETWEEN[5])),
    (',', Some(BETWEEN[5])),
    ('.', Some(BETWEEN[6])),
    (',', Some(BETWEEN[6])),
    ('.', Some(BETWEEN[7])),
    (',', Some(BETWEEN[7])),
    ('.', Some(BETWEEN[8])),
    (',', Some(BETWEEN[8])),
    (BETWEEN[9], None),
    (BETWEEN[9], Some(BETWEEN[10])),
];

/// The places among them of a decimal point without thousands, and of a decimal comma with points between thousands.
const POINT: usize = 0;
const POINTS_APART: usize = 3;

/// A cell with its line.
pub(crate) type Cell = (u64, String);

/// The cells of a column that are numbers in another spelling than the plainest.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpelledNumbers {
    forms: Vec<Form>,
    n: usize,
}

/// Cells that are written alike.
#[derive(Debug, Clone)]
struct Form {
    /// One bit for each of [`SIGNS`] that reads the cells.
    signs: u32,
    prefix: String,
    suffix: String,
    minus: Option<Minus>,
    plus: bool,
    n: usize,
    first: Cell,
    groups: Groups,
}

impl Form {
    /// What stands before the digits and behind them.
    fn affix(&self) -> (&str, &str) {
        (&self.prefix, &self.suffix)
    }
}

/// What is known beside the column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context {
    /// Settings.
    pub(crate) decimal: Option<char>,
    pub(crate) thousands: Option<char>,
    pub(crate) day_first: Option<bool>,
    pub(crate) first_year: Option<u16>,
    /// Whether other columns have a decimal comma for certain, and whether the layout of the file speaks for one.
    pub(crate) has_comma: bool,
    pub(crate) may_have_comma: bool,
    /// The minutes of other columns of times of day with a point and leading zeros, one bit each.
    pub(crate) minutes: u64,
}

/// The spelling that reads most cells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) decimal: char,
    pub(crate) thousands: Option<char>,
    pub(crate) prefix: String,
    pub(crate) suffix: String,
    pub(crate) minus: Minus,
    pub(crate) plus: bool,
    /// Cells it reads.
    pub(crate) matched: usize,
    /// Cells that are numbers in some spelling.
    pub(crate) numbers: usize,
    /// Whether the other decimal sign reads as many cells.
    pub(crate) ambiguous: Option<Cell>,
    /// A cell that is read, and one that is a number in another spelling.
    pub(crate) mixed: Option<(Cell, Cell)>,
    /// Whether the cells of `mixed` differ by more than the unit behind them.
    pub(crate) is_contradiction: bool,
    /// Whether they name things, as those of houses do: `12`, `12a`, `14B`.
    pub(crate) are_names: bool,
}

impl Choice {
    pub(crate) fn is_plain(&self) -> bool {
        self.decimal == '.'
            && self.thousands.is_none()
            && self.prefix.is_empty()
            && self.suffix.is_empty()
            && self.minus == Minus::Front
    }
}

impl Choice {
    /// Whether its spelling is that of amounts and of nothing else: a decimal comma, groups, a currency, percent.
    pub(crate) fn is_amount(&self) -> bool {
        let is_sign = self.suffix.chars().any(|c| !c.is_alphabetic() && !c.is_whitespace());
        self.decimal != '.'
            || self.thousands.is_some()
            || !self.prefix.is_empty()
            || is_sign
            || is_currency(self.suffix.trim())
    }
}

impl SpelledNumbers {
    /// Cells with a minus.
    pub(crate) fn n_negative(&self) -> usize {
        self.forms.iter().filter(|form| form.minus.is_some()).map(|form| form.n).sum()
    }

    /// The first cell.
    pub(crate) fn example(&self) -> Option<String> {
        self.forms.iter().map(|form| &form.first).min().map(|(_, text)| text.clone())
    }

    /// Takes in a cell; `false` where it is no number in any spelling.
    pub(crate) fn see(&mut self, text: &str, line: u64) -> bool {
        let Some(parts) = parts(text) else { return false };
        let mut signs = 0;
        for (i, &(decimal, thousands)) in SIGNS.iter().enumerate() {
            // A thousands sign that is not there reads as none does.
            let useless = thousands.is_some_and(|mark| !parts.core.contains(mark));
            // Behind `1.200,-` stands the decimal sign of no cents.
            let other = if decimal == '.' { ',' } else { '.' };
            if !useless
                && !parts.suffix.starts_with(other)
                && digits(parts.core, decimal, thousands).is_some()
            {
                signs |= 1 << i;
            }
        }
        for (i, &(decimal, thousands)) in SIGNS.iter().enumerate().skip(1) {
            // Where the same decimal sign stands without one for thousands.
            let bare = match decimal {
                '.' => 0,
                ',' => 2,
                _ => SIGNS.len() - 2,
            };
            if thousands.is_some_and(|mark| !parts.core.contains(mark)) && signs & (1 << bare) != 0 {
                signs |= 1 << i;
            }
        }
        if signs == 0 {
            return false;
        }
        let alike = |form: &&mut Form| {
            form.signs == signs
                && form.minus == parts.minus
                && form.plus == parts.plus
                && form.prefix == parts.prefix
                && form.suffix == parts.suffix
        };
        if let Some(form) = self.forms.iter_mut().find(alike) {
            form.n += 1;
            form.groups.see(parts.core);
        } else if self.forms.len() < MOST_FORMS {
            let mut groups = Groups::default();
            groups.see(parts.core);
            self.forms.push(Form {
                groups,
                signs,
                prefix: parts.prefix.to_owned(),
                suffix: parts.suffix.to_owned(),
                minus: parts.minus,
                plus: parts.plus,
                n: 1,
                first: (line, text.to_owned()),
            });
        } else {
            return false;
        }
        self.n += 1;
        true
    }

    /// Whether whole numbers have letters or words behind them that are no units of measure.
    fn are_names(&self, plain: &PlainCells) -> bool {
        let mut words: Vec<&str> = self.forms.iter().map(|form| form.suffix.trim()).collect();
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        words.dedup();
        let are_whole = self.forms.iter().all(|form| {
            let is_bare = form.prefix.is_empty() && form.minus.is_none() && !form.plus;
            is_bare && !form.groups.is_marked() && form.suffix.trim().chars().all(char::is_alphabetic)
        });
        let known = words.iter().filter(|word| is_unit(word));
        let (letters, longer): (Vec<&str>, Vec<&str>) = known.partition(|word| word.len() == 1);
        let are_degrees = plain.n == 0 && words.iter().all(|word| matches!(*word, "C" | "F" | "K"));
        let is_one = words.len() == 1 && !letters.is_empty();
        are_whole
            && !words.is_empty()
            && plain.with_point == 0
            && plain.negatives == 0
            && longer.is_empty()
            && !is_one
            && !are_degrees
            && letters.len() * 2 <= words.len()
    }

    /// Whether cells have a letter before the digits that is no currency, since nothing is written as an amount (`R837`), or are
    /// addresses of computers.
    pub(crate) fn are_codes(&self, plain: &PlainCells) -> bool {
        let groups = |form: &Form| self.groups(form.affix(), plain);
        self.forms.iter().any(|form| {
            is_letter(&form.prefix) && !groups(form).are_amounts() || groups(form).are_addresses()
        })
    }

    /// What the points of cells with these affixes tell.
    fn groups(&self, affix: (&str, &str), plain: &PlainCells) -> Groups {
        let mut groups = if affix == ("", "") { plain.groups } else { Groups::default() };
        let of_affix = |form: &&Form| form.affix() == affix;
        self.forms.iter().filter(of_affix).for_each(|form| groups.add(&form.groups));
        groups
    }

    /// The cells that are numbers in some spelling but the plainest.
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// The spelling that reads most of these cells and the `plain` ones; `None` where there are none of either.
    pub(crate) fn choose(&self, plain: &PlainCells, context: &Context) -> Option<Choice> {
        let mut affixes: Vec<(&str, &str)> = self.forms.iter().map(Form::affix).collect();
        if plain.n > 0 {
            affixes.push(("", ""));
        }
        affixes.sort_unstable();
        affixes.dedup();
        let allowed = |(decimal, thousands): (char, Option<char>)| {
            context.decimal.is_none_or(|wanted| wanted == decimal)
                && (context.thousands.is_none() || context.thousands == thousands)
        };
        let matched = |affix: (&str, &str), sign: usize| -> usize {
            let of_affix = |form: &&Form| form.affix() == affix;
            let forms = self.forms.iter().filter(of_affix).filter(|form| form.signs & (1 << sign) != 0);
            let spelled: usize = forms.map(|form| form.n).sum();
            spelled + if affix == ("", "") { plain.read_by(SIGNS[sign]) } else { 0 }
        };
        let has_whole = plain.n > plain.with_point
            || self.forms.iter().any(|form| form.signs.count_ones() as usize == SIGNS.len());
        let preference = |sign: usize| {
            let (decimal, _) = SIGNS[sign];
            // In a file of decimal commas, `1.234` is a thousand, and `1,234` is not. Where only the layout speaks for
            // commas, whole numbers without groups beside it speak against them.
            let prefers_comma = context.has_comma || (context.may_have_comma && !has_whole);
            let has_sign =
                self.forms.iter().any(|form| form.first.1.contains([',', '.'])) || plain.with_point > 0;
            let other = prefers_comma && context.decimal.is_none() && decimal == '.' && has_sign;
            (usize::from(other), sign)
        };
        let mut best: Option<((&str, &str), usize, usize)> = None;
        for &affix in &affixes {
            // What has no cents has thousands.
            let is_whole = is_without_cents(affix.0, affix.1);
            let of_affix = || {
                let forms = self.forms.iter();
                forms.filter(|form| form.affix() == affix)
            };
            let parts = |sign: usize| {
                let mark = SIGNS[sign].1;
                mark.is_some_and(|mark| of_affix().any(|form| form.first.1.contains(mark)))
            };
            let order = |sign: usize| (usize::from(is_whole && !parts(sign)), preference(sign));
            for sign in (0..SIGNS.len()).filter(|&sign| allowed(SIGNS[sign])) {
                let count = matched(affix, sign);
                let better = best.is_none_or(|(_, known, most)| {
                    count > most || (count == most && order(sign) < order(known))
                });
                if count > 0 && better {
                    best = Some((affix, sign, count));
                }
            }
        }
        let (affix, sign, count) = best?;
        let groups = self.groups(affix, plain);
        let is_free = context.decimal.is_none() && context.thousands.is_none();
        let is_grouped = sign == POINT && is_free && matched(affix, POINTS_APART) == count;
        let sign = if is_grouped && groups.are_told(context.may_have_comma) { POINTS_APART } else { sign };
        let (decimal, thousands) = SIGNS[sign];
        let is_read = |form: &&Form| form.affix() == affix && form.signs & (1 << sign) != 0;
        let read: Vec<&Form> = self.forms.iter().filter(is_read).collect();
        let is_open = !is_without_cents(affix.0, affix.1)
            && is_free
            && !context.has_comma
            // Where points are all there is, three digits behind each may be those of a measure.
            && (sign != POINT || self.n > 0 || groups.are_open());
        let has_mark = |cell: &&Cell| cell.1.contains([',', '.']);
        let ambiguous = (is_open
            && (0..SIGNS.len()).any(|other| SIGNS[other].0 != decimal && matched(affix, other) == count))
        .then(|| read.iter().map(|form| &form.first).chain(&plain.first_with_point).find(has_mark).cloned())
        .flatten();
        let mut minuses: Vec<(Minus, usize, Cell)> =
            read.iter().filter_map(|form| Some((form.minus?, form.n, form.first.clone()))).collect();
        if affix == ("", "") {
            minuses.extend(
                plain.first_negative.iter().map(|cell| (Minus::Front, plain.negatives, cell.clone())),
            );
        }
        let with = |sign: Minus| {
            minuses.iter().filter(|(minus, ..)| *minus == sign).map(|(_, n, _)| *n).sum::<usize>()
        };
        let most = minuses.iter().max_by_key(|(minus, ..)| (with(*minus), std::cmp::Reverse(*minus as u8)));
        let minus = most.map_or(Minus::Front, |(minus, ..)| *minus);
        let plus = read.iter().any(|form| form.plus) || (affix == ("", "") && plain.first_plus.is_some());
        let mixed_minus = minuses
            .iter()
            .find(|(other, ..)| !other.is_like(minus))
            .and_then(|(.., cell)| Some((most?.2.clone(), cell.clone())));
        let first_read = read.iter().map(|form| form.first.clone()).chain(
            (affix == ("", "") && plain.read_by(SIGNS[sign]) > 0).then(|| plain.first.clone()).flatten(),
        );
        let first_read = first_read.min_by_key(|(line, _)| *line);
        let unread_plain = if affix != ("", "") {
            plain.first.clone()
        } else if plain.read_by(SIGNS[sign]) < plain.n {
            plain.first_with_point.clone()
        } else {
            None
        };
        let unread = self
            .forms
            .iter()
            .filter(|form| !is_read(form))
            .map(|form| form.first.clone())
            .chain(unread_plain);
        let unread = unread.min_by_key(|(line, _)| *line);
        let is_unit = |form: &Form| {
            form.prefix.is_empty()
                && form.suffix.trim_start().chars().all(char::is_alphabetic)
                && !form.suffix.is_empty()
        };
        // Letters of their own behind the digits may be names of things (`12A`, `12B`).
        let is_contradiction = mixed_minus.is_some()
            || self.forms.iter().any(|form| !is_read(&form) && !is_unit(form))
            || (unread.is_some()
                && !read.iter().any(|form| is_unit(form))
                && !self.forms.iter().any(is_unit));
        let are_names = !is_contradiction && self.are_names(plain);
        Some(Choice {
            are_names,
            decimal,
            thousands,
            prefix: affix.0.to_owned(),
            suffix: affix.1.to_owned(),
            minus,
            plus,
            matched: count,
            numbers: self.n + plain.n,
            ambiguous,
            mixed: mixed_minus.or_else(|| first_read.zip(unread)),
            is_contradiction,
        })
    }

    /// The spelling of cells with words for powers of ten, `5.6k` beside `1.2M` or `950`, if all are numbers of one spelling but
    /// for these.
    pub(crate) fn magnified(&self, plain: &PlainCells, context: &Context) -> Option<(Choice, Magnitudes)> {
        let mut same = self.clone();
        let mut units = Vec::new();
        for form in &mut same.forms {
            let (unit, rest) = magnitude::cut(&form.suffix)?;
            units.push(unit);
            form.suffix = rest.to_owned();
        }
        if plain.n > 0 {
            units.push(Magnitude { text: String::new(), power: 0 });
        }
        let magnitudes = Magnitudes::of(units)?;
        let choice = same.choose(plain, context)?;
        (choice.mixed.is_none() && choice.matched == choice.numbers).then_some((choice, magnitudes))
    }

    /// The spelling of cells that have one text behind them above zero and another below, `120,50 H` and `80,00 S`, if all are
    /// numbers of one spelling but for these; and the texts.
    pub(crate) fn sided(&self, plain: &PlainCells, context: &Context) -> Option<(Choice, [String; 2])> {
        let mut same = self.clone();
        let mut found: [Option<String>; 2] = [None, None];
        let has = |word: &str| self.forms.iter().any(|form| form.suffix.trim() == word);
        let pair = SIDES.into_iter().find(|pair| pair.iter().all(|word| has(word)))?;
        for form in &mut same.forms {
            let suffix = std::mem::take(&mut form.suffix);
            let side = pair.iter().position(|word| *word == suffix.trim())?;
            // Letters of their own may be names of things.
            let is_apart = suffix.starts_with(char::is_whitespace) || suffix.len() > 1;
            let is_same = found[side].as_ref().is_none_or(|known| *known == suffix);
            if !is_apart || !is_same || form.minus.is_some() || form.plus {
                return None;
            }
            found[side] = Some(suffix);
        }
        let [above, below] = found;
        let choice = same.choose(plain, context).filter(|_| plain.n == 0)?;
        (choice.mixed.is_none() && choice.matched == choice.numbers).then_some((choice, [above?, below?]))
    }

    /// The spelling of amounts of which whole ones have a text in the place of cents, `598.–` beside `598.50`, if all are numbers of
    /// one spelling but for these; and the text.
    pub(crate) fn without_cents(&self, plain: &PlainCells, context: &Context) -> Option<(Choice, String)> {
        let mut same = self.clone();
        let mark =
            self.forms.iter().map(|form| &form.suffix).find(|suffix| NO_CENTS.contains(&suffix.as_str()))?;
        same.forms.iter_mut().filter(|form| form.suffix == *mark).for_each(|form| form.suffix.clear());
        let has_cents = plain.n > 0 || self.forms.iter().any(|form| form.suffix != *mark);
        let choice = same.choose(plain, context).filter(|_| has_cents)?;
        (choice.mixed.is_none() && choice.matched == choice.numbers).then(|| (choice, mark.clone()))
    }

    /// Whether a decimal comma reads more cells than a point could.
    pub(crate) fn has_comma(&self, plain: &PlainCells) -> bool {
        let context = Context::default();
        self.choose(plain, &context).is_some_and(|choice| choice.decimal == ',' && choice.ambiguous.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(cells: &[&str], context: &Context) -> Choice {
        let mut spelled = SpelledNumbers::default();
        for (i, cell) in cells.iter().enumerate() {
            assert!(spelled.see(cell, i as u64 + 2), "{cell}");
        }
        spelled.choose(&PlainCells::default(), context).unwrap()
    }

    fn signs(cells: &[&str]) -> (char, Option<char>) {
        let choice = choose(cells, &Context::default());
        (choice.decimal, choice.thousands)
    }

    #[test]
    fn signs_are_told_over_all_cells() {
        assert_eq!(signs(&["1,5", "12,75"]), (',', None));
        assert_eq!(signs(&["1,234.5", "12"]), ('.', Some(',')));
        assert_eq!(signs(&["1.234,5", "12,5"]), (',', Some('.')));
        assert_eq!(signs(&["1 234,5", "12,5"]), (',', Some(' ')));
        assert_eq!(signs(&["1'234.50", "7"]), ('.', Some('\'')));
        assert_eq!(signs(&["0,488", "0,135"]), (',', None));
        assert_eq!(signs(&["1.234.567", "12"]), (',', Some('.')));
    }

    #[test]
    fn a_comma_before_three_digits_is_open_until_something_else_tells() {
        let cells = ["1,234", "5,678"];
        let open = choose(&cells, &Context::default());
        assert_eq!((open.decimal, open.thousands), ('.', Some(',')));
        assert_eq!(open.ambiguous.unwrap().1, "1,234");
        let known = choose(&cells, &Context { has_comma: true, ..Context::default() });
        assert_eq!((known.decimal, known.thousands, known.ambiguous), (',', None, None));
        let set = choose(&cells, &Context { decimal: Some(','), ..Context::default() });
        assert_eq!((set.decimal, set.ambiguous), (',', None));
    }

    #[test]
    fn two_currencies_contradict_each_other_and_two_letters_may_not() {
        let money = choose(&["$5.00", "$6.00", "€5.00"], &Context::default());
        assert_eq!(money.mixed.unwrap(), ((2, "$5.00".into()), (4, "€5.00".into())));
        assert!(money.is_contradiction);
        let rooms = choose(&["12A", "13A", "12B"], &Context::default());
        assert!(rooms.mixed.is_some() && !rooms.is_contradiction);
        let minus = choose(&["(5)", "5-", "$5"], &Context::default());
        assert!(minus.is_contradiction);
    }
}
