//! How alike the rows are.

use std::fmt::Write as _;

use super::super::{Evaluation, Judged};
use super::{escape, named, range};

/// Columns and pairs that are listed.
const LISTED: usize = 15;

/// Floor, value and ceiling on a line from 0 to 1.
fn strip(judged: &Judged) -> String {
    let x = |value: f64| 6.0 + 148.0 * value.clamp(0.0, 1.0);
    format!(
        "<svg width=\"160\" height=\"18\" viewBox=\"0 0 160 18\" role=\"img\" aria-label=\"floor {:.2}, value {:.2}, \
         ceiling {:.2}\"><line x1=\"6\" x2=\"154\" y1=\"9\" y2=\"9\" stroke=\"#c8cdd2\"/><circle cx=\"{:.1}\" \
         cy=\"9\" r=\"4\" fill=\"#d55e00\"/><rect x=\"{:.1}\" y=\"2\" width=\"2\" height=\"14\" fill=\"#8a8a8a\"/>\
         <rect x=\"{:.1}\" y=\"2\" width=\"2\" height=\"14\" fill=\"#0072b2\"/></svg>",
        judged.floor.mean,
        judged.value.mean,
        judged.ceiling.mean,
        x(judged.value.mean),
        x(judged.floor.mean) - 1.0,
        x(judged.ceiling.mean) - 1.0,
    )
}

pub(super) fn write(of: &Evaluation, out: &mut String) {
    figures(of, out);
    columns(of, out);
    out.push_str(
        "<h2>What gives synthetic rows away</h2><p>The AUROC that trees lose when the column is shuffled among the judged \
         rows, and the synthetic rows that are most surely not real.</p><div class=\"wide\"><table>\
         <tr><th>column</th><th class=\"n\">lost</th></tr>",
    );
    for (column, lost) in of.giveaway.iter().take(10) {
        let _ = write!(out, "<tr><td>{}</td><td class=\"n\">{lost:.3}</td></tr>", escape(column));
    }
    out.push_str("</table></div><div class=\"wide\"><table><tr><th>column</th>");
    for row in 1..=of.least_real.len() {
        let _ = write!(out, "<th>row {row}</th>");
    }
    out.push_str("</tr>");
    // A row of the table is a column: many columns fit no screen.
    for (at, name) in of.compared_columns.iter().enumerate() {
        let _ = write!(out, "<tr><td>{}</td>", escape(name));
        for row in &of.least_real {
            let _ = write!(out, "<td>{}</td>", row.get(at).map(|cell| escape(cell)).unwrap_or_default());
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
}

fn figures(of: &Evaluation, out: &mut String) {
    out.push_str(
        "<h2>Fidelity</h2><p class=\"key\"><span class=\"floor\"></span>floor: shuffled columns<span class=\"dot\">\
         </span>synthetic rows<span class=\"ceiling\"></span>ceiling: other real rows</p><div class=\"wide\">\
         <table class=\"stack\"><tr><th>figure</th><th class=\"n\">synthetic</th><th class=\"n\">floor</th>\
         <th class=\"n\">ceiling</th><th>from 0 to 1</th><th>in a word</th></tr>",
    );
    for judged in &of.judged {
        let says =
            if judged.floor_reaches { " <small>(shuffled columns reach this too)</small>" } else { "" };
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"n\" data-label=\"synthetic\">{}</td><td class=\"n\" data-label=\"floor\">{}</td>\
             <td class=\"n\" data-label=\"ceiling\">{}</td><td>{}</td><td data-label=\"in a word\">{}{says}</td></tr>",
            judged.title(),
            range(&judged.value),
            range(&judged.floor),
            range(&judged.ceiling),
            strip(judged),
            judged.word.text()
        );
    }
    out.push_str("</table></div>");
    for missed in of.missed.iter().take(5) {
        let shown: Vec<String> = missed.values.iter().take(5).map(|value| format!("`{value}`")).collect();
        let more = match missed.values.len().saturating_sub(5) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!(
            "of `{}`, hardly made: {}{more} ({:.1} % of real rows)",
            missed.column,
            shown.join(", "),
            100.0 * missed.share
        );
        let _ = write!(out, "<p>{}</p>", named(&text));
    }
}

fn columns(of: &Evaluation, out: &mut String) {
    out.push_str(
        "<h2>Columns and pairs</h2><p class=\"key\"><span class=\"area\"></span>real rows<span class=\"line\"></span>\
         synthetic rows</p><div class=\"columns\">",
    );
    for figure in &of.drawn {
        // A picture of a column has no pixels inside that could fail.
        out.push_str(&figure.svg().unwrap_or_default());
    }
    out.push_str("</div>");
    if of.drawn.len() == super::MOST_DRAWN {
        let _ = write!(out, "<p class=\"note\">the first {} columns are drawn</p>", super::MOST_DRAWN);
    }
    out.push_str(
        "<div class=\"two\"><div class=\"wide\"><table><tr><th>column, least alike first</th><th class=\"n\">shape</th>\
         </tr>",
    );
    for (column, score) in of.columns.iter().take(LISTED) {
        let _ = write!(out, "<tr><td>{}</td><td class=\"n\">{score:.3}</td></tr>", escape(column));
    }
    out.push_str(
        "</table></div><div class=\"wide\"><table><tr><th>pair, least alike first</th><th></th>\
         <th class=\"n\">synthetic</th><th class=\"n\">ceiling</th></tr>",
    );
    for (a, b, score, ceiling) in of.pairs.iter().take(LISTED) {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{score:.3}</td><td class=\"n\">{ceiling:.3}</td></tr>",
            escape(a),
            escape(b)
        );
    }
    out.push_str("</table></div></div>");
}
