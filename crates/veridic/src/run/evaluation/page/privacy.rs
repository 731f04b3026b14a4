//! What attacks found.

use std::fmt::Write as _;

use super::super::{Evaluation, Quasi};
use super::{named, range, rate};
use crate::evaluate::{AttackRisk, Interval, KMap};

pub(super) fn write(of: &Evaluation, out: &mut String) {
    out.push_str(
        "<h2>Privacy</h2><div class=\"wide\"><table class=\"stack\"><tr><th>rows that</th>\
        <th class=\"n\">synthetic</th><th class=\"n\">not learned from, or ideal</th></tr>",
    );
    let mut line = |what: &str, value: String, ideal: String| {
        let _ = write!(
            out,
            "<tr><td>{what}</td><td class=\"n\" data-label=\"synthetic\">{value}</td>\
             <td class=\"n\" data-label=\"not learned from, or ideal\">{ideal}</td></tr>"
        );
    };
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    if let Some(close) = &of.closeness {
        line("equal a real row in every column", percent(of.exact_copies.0), percent(of.exact_copies.1));
        let but = "equal a real row but for nearly unique columns";
        line(but, percent(close.copies), percent(close.copies_holdout));
        if of.rows.unseen > 0 {
            let nearer = "are nearer to a row that was learned from than to an unseen one";
            line(nearer, percent(close.dcr_share), "50 %".to_string());
            line(
                "are nearer to a real row than 98 % of unseen rows",
                percent(close.tail2),
                "2 %".to_string(),
            );
        }
    }
    for (name, member) in
        [("distance", &of.membership), ("densities (DOMIAS)", &of.domias), ("shadow models", &of.shadow)]
    {
        if let Some(member) = member {
            let auc = format!("membership by {name}: AUC");
            line(&auc, format!("{:.3}", member.auc), "0.5".to_string());
            let found = format!("membership by {name}: found at 1 % false alarms");
            line(&found, percent(member.tpr_at_1), "1 %".to_string());
        }
    }
    out.push_str("</table></div>");
    if let Some(quasi) = &of.quasi {
        write_quasi(quasi, out);
    }
    if of.attacks.is_empty() {
        return;
    }
    out.push_str(
        "<p>The share of guesses that are right about rows that were learned from, and about control rows, which were \
         not.</p><div class=\"wide\"><table><tr><th>attack</th><th class=\"n\">learned from</th><th class=\"n\">\
         control</th><th class=\"n\">most frequent value</th><th class=\"n\">risk</th></tr>",
    );
    for attack in &of.attacks {
        let AttackRisk { attack: on, control, .. } = &attack.risk;
        let base = attack.base_rate.map(|base| format!("{base:.3}")).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{base}</td><td class=\"n\">\
             {}</td></tr>",
            named(&attack.title()),
            rate(on),
            rate(control),
            risk(&attack.risk)
        );
    }
    out.push_str("</table></div>");
}

/// The risk with the part of its interval that a risk can be in; that of no guess at all is not known.
fn risk(of: &AttackRisk) -> String {
    if of.attack.n == 0 || of.control.n == 0 {
        return "no guesses".to_string();
    }
    range(&Interval { mean: of.risk, low: of.risk - of.error, high: of.risk + of.error })
}

/// Rows by how many real rows have what others may know of them.
fn write_quasi(of: &Quasi, out: &mut String) {
    let columns: Vec<String> = of.columns.iter().map(|column| named(&format!("`{column}`"))).collect();
    let _ = write!(
        out,
        "<p>Rows by the number of real rows that have the same {}, which others may know. A synthetic row that points at one \
         real row alone may be taken for that person&#39;s; whether its other cells are right, the attacks say.</p>\
         <div class=\"wide\"><table class=\"stack\"><tr><th>rows that point at</th><th class=\"n\">synthetic</th>\
         <th class=\"n\">not learned from</th><th class=\"n\">real (themselves counted)</th></tr>",
        columns.join(", ")
    );
    let percent = |of: &KMap, place: usize| {
        format!("{:.2} %", 100.0 * of.counts()[place] as f64 / of.rows().max(1) as f64)
    };
    let titles = ["no real row", "one real row alone", "2 to 4", "5 to 9", "10 and more"];
    for (place, what) in titles.into_iter().enumerate() {
        let unseen = of.unseen.as_ref().map(|of| percent(of, place)).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td>{what}</td><td class=\"n\" data-label=\"synthetic\">{}</td><td class=\"n\" \
             data-label=\"not learned from\">{unseen}</td><td class=\"n\" data-label=\"real\">{}</td></tr>",
            percent(&of.synthetic, place),
            percent(&of.real, place)
        );
    }
    out.push_str("</table></div>");
}
