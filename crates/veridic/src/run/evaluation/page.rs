//! The page: one file of HTML that needs nothing else, for wide and narrow screens and for paper.

use std::fmt::Write as _;

use super::{Evaluation, FairnessOf, Judged};
use crate::data::{Schema, Table};
use crate::error::Result;
use crate::evaluate::{AttackRisk, Fairness, Rate};
use crate::figure::{self, Marginals};
use crate::run::figures::table::compared;

/// Columns that are drawn, at most.
const MOST_DRAWN: usize = 60;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:72rem;\
margin:0 auto;padding:1rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ccc}\
table{border-collapse:collapse;font-size:.9rem}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid \
#e6e6e6;vertical-align:top;overflow-wrap:anywhere}td.n{text-align:right;font-variant-numeric:tabular-nums;\
white-space:nowrap}.wide{overflow-x:auto}.finding{border-left:.4rem solid #0072b2;background:#f4f7fa;\
padding:.4rem .8rem;margin:.5rem 0;overflow-wrap:anywhere}.finding.bad{border-color:#d55e00;background:#fdf3ec}\
.columns{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(16rem,100%),1fr));gap:.5rem}\
.columns svg{width:100%;height:auto}small,.note{color:#555}\
@media print{body{max-width:none;font-size:11px}.wide{overflow:visible}svg,tr,.finding{break-inside:avoid}\
h2{break-after:avoid}}";

/// A picture of each column.
pub(super) fn columns(real: &Table, made: &Table, schema: &Schema) -> Result<Vec<String>> {
    let mut drawn = Vec::new();
    for (name, of) in compared(real, made, schema).iter().take(MOST_DRAWN) {
        let columns = [(name.clone(), of.as_marginal())];
        drawn.push(figure::marginals(&Marginals { title: "", columns: &columns })?.svg()?);
    }
    Ok(drawn)
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

pub(super) fn page(of: &Evaluation, title: &str) -> String {
    let mut out = String::new();
    let title = escape(title);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\
         <p>{} real rows, {} synthetic ones, {} unseen ones; {} a side compared.</p>",
        of.rows.real, of.rows.synthetic, of.rows.unseen, of.rows.compared
    );
    for finding in &of.findings {
        let good = ["close", "indistinguishable", "few"].contains(&finding.word);
        let class = if good { "finding" } else { "finding bad" };
        let _ = write!(
            out,
            "<p class=\"{class}\"><strong>{}</strong>: {}</p>",
            escape(finding.word),
            escape(&finding.text)
        );
    }
    for note in &of.notes {
        let _ = write!(out, "<p class=\"note\">note: {}</p>", escape(note));
    }
    fidelity(of, &mut out);
    privacy(of, &mut out);
    for fair in &of.fairness {
        fairness(fair, of.positive.as_deref().unwrap_or_default(), &mut out);
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

fn range(value: &crate::evaluate::Interval) -> String {
    format!("{:.3} <small>{:.3} to {:.3}</small>", value.mean, value.low, value.high)
}

/// Floor, value and ceiling on a line from 0 to 1.
fn strip(judged: &Judged) -> String {
    let x = |value: f64| 4.0 + 152.0 * value.clamp(0.0, 1.0);
    format!(
        "<svg width=\"160\" height=\"18\" viewBox=\"0 0 160 18\" role=\"img\" aria-label=\"floor {:.2}, value {:.2}, \
         ceiling {:.2}\"><line x1=\"4\" x2=\"156\" y1=\"9\" y2=\"9\" stroke=\"#ccc\"/><rect x=\"{:.1}\" y=\"3\" \
         width=\"2\" height=\"12\" fill=\"#999\"/><rect x=\"{:.1}\" y=\"3\" width=\"2\" height=\"12\" \
         fill=\"#0072b2\"/><circle cx=\"{:.1}\" cy=\"9\" r=\"4\" fill=\"#d55e00\"/></svg>",
        judged.floor.mean,
        judged.value.mean,
        judged.ceiling.mean,
        x(judged.floor.mean) - 1.0,
        x(judged.ceiling.mean) - 1.0,
        x(judged.value.mean)
    )
}

fn fidelity(of: &Evaluation, out: &mut String) {
    out.push_str(
        "<h2>Fidelity</h2><div class=\"wide\"><table><tr><th>figure</th><th>synthetic</th><th>floor</th>\
         <th>ceiling</th><th></th><th>in a word</th></tr>",
    );
    for judged in &of.judged {
        let says =
            if judged.floor_reaches { " <small>(shuffled columns reach this too)</small>" } else { "" };
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td>\
             <td>{}{says}</td></tr>",
            judged.title(),
            range(&judged.value),
            range(&judged.floor),
            range(&judged.ceiling),
            strip(judged),
            judged.word.text()
        );
    }
    out.push_str("</table></div><h2>Columns</h2><div class=\"columns\">");
    for svg in &of.drawn {
        out.push_str(svg);
    }
    out.push_str(
        "</div><div class=\"wide\"><table><tr><th>column, least alike first</th><th>shape</th></tr>",
    );
    for (column, score) in of.columns.iter().take(20) {
        let _ = write!(out, "<tr><td>{}</td><td class=\"n\">{score:.3}</td></tr>", escape(column));
    }
    out.push_str(
        "</table></div><h2>Pairs, worst first</h2><div class=\"wide\"><table><tr><th>columns</th><th></th>\
         <th>synthetic</th><th>ceiling</th></tr>",
    );
    for (a, b, score, ceiling) in of.pairs.iter().take(20) {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{score:.3}</td><td class=\"n\">{ceiling:.3}</td></tr>",
            escape(a),
            escape(b)
        );
    }
    out.push_str(
        "</table></div><h2>What gives synthetic rows away</h2><p>The AUROC that trees lose when the column is shuffled \
         among the judged rows.</p><div class=\"wide\"><table><tr><th>column</th><th>lost</th></tr>",
    );
    for (column, lost) in of.giveaway.iter().take(10) {
        let _ = write!(out, "<tr><td>{}</td><td class=\"n\">{lost:.3}</td></tr>", escape(column));
    }
    out.push_str("</table></div><p>The synthetic rows that are most surely not real:</p><div class=\"wide\"><table><tr>");
    for name in &of.compared_columns {
        let _ = write!(out, "<th>{}</th>", escape(name));
    }
    out.push_str("</tr>");
    for row in &of.least_real {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", escape(cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
}

fn rate(rate: &Rate) -> String {
    format!("{:.3} ± {:.3}", rate.value, rate.error)
}

fn privacy(of: &Evaluation, out: &mut String) {
    out.push_str("<h2>Privacy</h2>");
    if let Some(close) = &of.closeness {
        let _ = write!(
            out,
            "<p>Equal to a real row in every column: {:.2} % (of rows not learned from {:.2} %); but for nearly unique \
             columns: {:.2} % ({:.2} %).",
            100.0 * of.exact_copies.0,
            100.0 * of.exact_copies.1,
            100.0 * close.copies,
            100.0 * close.copies_holdout
        );
        if of.rows.unseen > 0 {
            let _ = write!(
                out,
                " Nearer to a row that was learned from than to an unseen one: {:.1} % (50 % is ideal). Nearer than 98 % \
                 of unseen rows are: {:.1} % (2 % is ideal).",
                100.0 * close.dcr_share,
                100.0 * close.tail2
            );
        }
        out.push_str("</p>");
    }
    for (name, member) in [("distance", &of.membership), ("densities (DOMIAS)", &of.domias)] {
        if let Some(member) = member {
            let _ = write!(
                out,
                "<p>Membership by {name}: AUC {:.3} (0.5 is chance), {:.1} % found at 1 % false alarms.</p>",
                member.auc,
                100.0 * member.tpr_at_1
            );
        }
    }
    if of.attacks.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"wide\"><table><tr><th>attack</th><th>on rows learned from</th><th>control</th><th>most frequent \
         value</th><th>risk</th></tr>",
    );
    for attack in &of.attacks {
        let AttackRisk { attack: on, control, risk, error } = &attack.risk;
        let base = attack.base_rate.map(|base| format!("{base:.3}")).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{base}</td><td class=\"n\">\
             {risk:.3} ± {error:.3}</td></tr>",
            escape(&attack.title()),
            rate(on),
            rate(control)
        );
    }
    out.push_str("</table></div>");
}

fn fairness(of: &FairnessOf, positive: &str, out: &mut String) {
    let _ = write!(
        out,
        "<h2>Groups by {}</h2><p>Positive is <em>{}</em>.</p>",
        escape(&of.column),
        escape(positive)
    );
    let parts: [(&str, &Fairness); 4] = [
        ("real rows", &of.real),
        ("synthetic rows", &of.synthetic),
        ("classifier of real rows, on other real rows", &of.learned_from_real),
        ("classifier of synthetic rows, on the same real rows", &of.learned_from_synthetic),
    ];
    for (at, (name, fair)) in parts.iter().enumerate() {
        let told = at >= 2;
        let _ = write!(
            out,
            "<h3>{name}</h3><div class=\"wide\"><table><tr><th>group</th><th>rows</th><th>base rate</th>{}</tr>",
            if told {
                "<th>selection rate</th><th>true positive rate</th><th>false positive rate</th><th>calibration gap</th>"
            } else {
                ""
            }
        );
        for group in &fair.groups {
            let few = if group.few { " <small>(few)</small>" } else { "" };
            let _ = write!(
                out,
                "<tr><td>{}{few}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
                escape(&group.group),
                group.rows,
                rate(&group.base_rate)
            );
            if told {
                let rates = [&group.selection_rate, &group.true_positive_rate, &group.false_positive_rate];
                for of in rates {
                    let _ = write!(out, "<td class=\"n\">{}</td>", rate(of));
                }
                let _ = write!(out, "<td class=\"n\">{:+.3}</td>", group.calibration_gap);
            }
            out.push_str("</tr>");
        }
        out.push_str("</table></div>");
        if told {
            let _ = write!(
                out,
                "<p>Selection gap {:.3}, ratio {:.3}; true positive gap {:.3}; false positive gap {:.3}.</p>",
                fair.selection_gap, fair.selection_ratio, fair.true_positive_gap, fair.false_positive_gap
            );
        } else {
            let _ = write!(out, "<p>Gap of base rates {:.3}.</p>", fair.base_gap);
        }
    }
    let named: Vec<String> = of
        .proxies
        .iter()
        .filter(|proxy| proxy.real >= 0.1)
        .take(8)
        .map(|proxy| {
            format!("{} ({:.2}, synthetic {:.2})", escape(&proxy.column), proxy.real, proxy.synthetic)
        })
        .collect();
    if !named.is_empty() {
        let _ = write!(
            out,
            "<p>Columns that stand for it (Cramér's V): {}. Leaving the column itself out does not take it away.</p>",
            named.join(", ")
        );
    }
}
