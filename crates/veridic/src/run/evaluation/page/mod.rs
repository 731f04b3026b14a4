//! The page: one file of HTML that needs nothing else, for wide and narrow screens and for paper.

mod fidelity;
mod group;
mod privacy;

use std::fmt::Write as _;

use super::{Evaluation, Sides};
use crate::evaluate::{Interval, Rate};
use crate::figure::{self, Figure};
use crate::run::figures::table::compared;

/// Columns that are drawn, at most.
const MOST_DRAWN: usize = 60;

const STYLE: &str = include_str!("page.css");

/// A picture of each column that is compared.
pub(super) fn columns(sides: &Sides<'_>) -> Vec<Figure> {
    let drawn = sides.drawn(0, sides.unseen.is_some());
    let columns = compared(&drawn.other, &drawn.synthetic, sides.schema);
    let is_drawn = |name: &String| sides.schema.column(name).is_some_and(super::is_compared);
    let columns = columns.iter().filter(|(name, _)| is_drawn(name)).take(MOST_DRAWN);
    columns.map(|(name, of)| figure::marginal(name, &of.as_marginal())).collect()
}

/// Text as HTML has it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Likewise, with what stands between backticks set off as a name.
fn named(text: &str) -> String {
    let text = escape(text);
    let mut out = String::with_capacity(text.len());
    for (i, part) in text.split('`').enumerate() {
        if i > 0 {
            out.push_str(if i % 2 == 1 { "<code>" } else { "</code>" });
        }
        out.push_str(part);
    }
    // A name with a backtick in it.
    if text.matches('`').count() % 2 == 1 {
        out.push_str("</code>");
    }
    out
}

pub(super) fn page(of: &Evaluation, title: &str) -> String {
    let mut out = String::new();
    let title = escape(title);
    let unseen = match of.rows.unseen {
        0 => "no unseen ones".to_string(),
        n => format!("{n} unseen ones"),
    };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\
         <p>{} real rows, {} synthetic ones, {unseen}. At a time, {} a side are compared{}.</p>",
        of.rows.real,
        of.rows.synthetic,
        of.rows.compared,
        match of.rows.attacked {
            0 => String::new(),
            n => format!(", and attacks look for {n}"),
        }
    );
    for finding in &of.findings {
        let good = ["close", "indistinguishable", "few"].contains(&finding.word);
        let class = if good { "finding" } else { "finding bad" };
        let _ = write!(
            out,
            "<p class=\"{class}\"><strong>{}</strong>: {}</p>",
            escape(finding.word),
            named(&finding.text)
        );
    }
    for note in &of.notes {
        let _ = write!(out, "<p class=\"note\">note: {}</p>", named(note));
    }
    fidelity::write(of, &mut out);
    privacy::write(of, &mut out);
    for fair in &of.fairness {
        group::write(fair, of.positive.as_deref().unwrap_or_default(), &mut out);
    }
    out.push_str(
        "<h2>How to read this</h2><p>Every figure of fidelity is measured four times on drawn rows; the range is a 95 % \
         interval. <em>Floor</em>: real rows whose columns were shuffled, each for itself. <em>Ceiling</em>: other \
         real rows. <em>indistinguishable</em>: the ceiling is reached within the intervals. <em>close</em>: short of \
         it by at most 0.02 or a quarter of the way to the floor. <em>tells apart</em>: farther. An attack succeeds \
         on rows that were learned from and on rows that were not; only the difference is due to the synthetic rows. \
         That no attack here succeeds is no proof that none does.</p></body></html>\n",
    );
    out
}

/// A mean with its interval, which ends where the figure does.
fn range(value: &Interval) -> String {
    let end = |value: f64| value.clamp(0.0, 1.0);
    format!("{:.3} <small>{:.3} to {:.3}</small>", value.mean, end(value.low), end(value.high))
}

/// A rate of guesses that are right; of no guess there is none.
fn rate(rate: &Rate) -> String {
    if rate.n == 0 {
        return "none made".to_string();
    }
    format!("{:.3} ± {:.3}", rate.value, rate.error)
}
