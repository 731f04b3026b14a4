//! How groups are treated.

use std::fmt::Write as _;

use super::super::FairnessOf;
use super::{escape, rate};
use crate::evaluate::{GroupRates, Rate};

/// The rates of a group with a classifier of each kind of rows on a line from 0 to 1, with their intervals.
fn strip(real: Option<&Rate>, made: Option<&Rate>) -> String {
    let x = |value: f64| 6.0 + 108.0 * value.clamp(0.0, 1.0);
    let mut out = String::from(
        "<svg width=\"120\" height=\"20\" viewBox=\"0 0 120 20\" aria-hidden=\"true\"><line x1=\"6\" x2=\"114\" y1=\"10\" \
         y2=\"10\" stroke=\"#c8cdd2\"/>",
    );
    for (rate, y, color) in [(real, 6.0, "#0072b2"), (made, 14.0, "#d55e00")] {
        if let Some(rate) = rate {
            let _ = write!(
                out,
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{color}\" stroke-width=\"1.5\"/>\
                 <circle cx=\"{:.1}\" cy=\"{y}\" r=\"3.5\" fill=\"{color}\"/>",
                x(rate.value - rate.error),
                x(rate.value + rate.error),
                x(rate.value)
            );
        }
    }
    out.push_str("</svg>");
    out
}

fn both(real: Option<&Rate>, made: Option<&Rate>) -> String {
    let text = |of: Option<&Rate>| of.map_or_else(|| "none".to_string(), rate);
    format!("{}{}<br>{}", strip(real, made), text(real), text(made))
}

pub(super) fn write(of: &FairnessOf, positive: &str, out: &mut String) {
    let _ = write!(
        out,
        "<h2>Groups by {}</h2><p>Positive is <em>{}</em>. The base rate is that of the rows themselves. The other rates are \
         those of classifiers that learned from real and from synthetic rows, on the same other real rows.</p>\
         <p class=\"key\"><span class=\"ring\"></span>real rows<span class=\"dot\"></span>synthetic rows</p>\
         <div class=\"wide\"><table><tr><th>group</th><th class=\"n\">rows</th><th class=\"n\">base rate</th>\
         <th class=\"n\">selection rate</th><th class=\"n\">true positive rate</th><th class=\"n\">false positive rate</th>\
         <th class=\"n\">calibration gap</th></tr>",
        escape(&of.column),
        escape(positive)
    );
    let sides = [&of.real, &of.synthetic, &of.learned_from_real, &of.learned_from_synthetic];
    // A group may be in some of the tables alone.
    let mut names: Vec<&str> =
        sides.iter().flat_map(|fair| fair.groups.iter().map(|group| group.group.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let [real, made, by_real, by_made] =
            sides.map(|fair| fair.groups.iter().find(|group| group.group == name));
        let few = [by_real, by_made].iter().any(|group| group.is_some_and(|group| group.few));
        let few = if few { " <small>(few: counted in no gap)</small>" } else { "" };
        let rows = |group: Option<&GroupRates>| group.map_or(0, |group| group.rows);
        let pair = |a: Option<&GroupRates>, b: Option<&GroupRates>, of: fn(&GroupRates) -> &Rate| {
            both(a.map(of), b.map(of))
        };
        let gap = |group: Option<&GroupRates>| {
            group.map_or(String::new(), |g| format!("{:+.3}", g.calibration_gap))
        };
        let _ = write!(
            out,
            "<tr><td>{}{few}</td><td class=\"n\"><br>{}<br>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\"><br>{}<br>{}</td></tr>",
            escape(name),
            rows(real),
            rows(made),
            pair(real, made, |group| &group.base_rate),
            pair(by_real, by_made, |group| &group.selection_rate),
            pair(by_real, by_made, |group| &group.true_positive_rate),
            pair(by_real, by_made, |group| &group.false_positive_rate),
            gap(by_real),
            gap(by_made)
        );
    }
    out.push_str("</table></div>");
    gaps(of, out);
    proxies(of, out);
}

/// How far the farthest groups lie apart.
fn gaps(of: &FairnessOf, out: &mut String) {
    out.push_str(
        "<div class=\"wide\"><table><tr><th>largest less smallest</th><th class=\"n\">real rows</th><th class=\"n\">\
         synthetic rows</th></tr>",
    );
    let (real, made) = (&of.learned_from_real, &of.learned_from_synthetic);
    for (name, real, made) in [
        ("base rate", of.real.base_gap, of.synthetic.base_gap),
        ("selection rate (demographic parity difference)", real.selection_gap, made.selection_gap),
        ("smallest over largest selection rate", real.selection_ratio, made.selection_ratio),
        ("true positive rate (equal opportunity)", real.true_positive_gap, made.true_positive_gap),
        ("false positive rate", real.false_positive_gap, made.false_positive_gap),
    ] {
        let _ = write!(
            out,
            "<tr><td>{name}</td><td class=\"n\">{real:.3}</td><td class=\"n\">{made:.3}</td></tr>"
        );
    }
    out.push_str("</table></div>");
}

fn proxies(of: &FairnessOf, out: &mut String) {
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
