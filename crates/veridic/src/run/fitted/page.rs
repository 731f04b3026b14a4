//! A page of the rows that are most unusual, to send to a colleague: one file that needs nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::score::{Reason, Scores};
use crate::data::{Cells, Schema, Table, cell_text};
use crate::error::Result;
use crate::figure::{self, Figure, Height, Histogram, Others, ReasonColumn, Reasons, ScoreClass, Threshold};

/// What a page of scores says beside them.
#[derive(Debug, Clone, Copy)]
pub struct ScorePage<'a> {
    /// The heading.
    pub title: &'a str,
    /// A line below it: what was scored by what.
    pub about: &'a str,
    /// The names of the rows, one each.
    pub names: &'a [String],
    /// The score from which rows are called unusual, if there is one.
    pub threshold: Option<f64>,
    /// Rows that are shown with their reasons, at most.
    pub rows: usize,
}

const STYLE: &str = include_str!("page.css");

/// Levels whose order is kept where they have one: as many as a picture has room for.
const ORDERED: usize = 6;

impl Scores {
    /// Why row `row` is unusual, as a picture: what each column that was asked for adds, and where the row lies in it among the
    /// rows of `table`, which were scored.
    ///
    /// # Errors
    /// Scores without reasons for that row.
    pub fn explained(&self, table: &Table, row: usize, title: &str) -> Result<Figure> {
        let reasons = self.reasons.get(row).map_or(&[][..], Vec::as_slice);
        let columns: Vec<ReasonColumn<'_>> =
            reasons.iter().map(|reason| column_of(table, row, reason)).collect();
        let score = self.scores.get(row).copied().unwrap_or(f64::NAN);
        let tail = self.tails.as_ref().and_then(|tails| tails.get(row));
        let note = match tail {
            Some(tail) => {
                format!("score {score:.2}; {} of left-out training rows score as high", share(*tail))
            }
            None => format!("score {score:.2}"),
        };
        Ok(figure::reasons(&Reasons { title, note: &note, columns: &columns })?)
    }

    /// The scores as a page of one HTML file: how they are spread, with the threshold, and the rows with the highest, each with
    /// its reasons and its place in every column.
    ///
    /// # Errors
    /// No score that can be drawn.
    pub fn page(&self, (table, schema): (&Table, &Schema), page: &ScorePage<'_>) -> Result<String> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]).then(a.cmp(&b)));
        let called = page.threshold.map(|least| self.scores.iter().filter(|score| **score >= least).count());
        let log_scores = self.scores.iter().all(|score| *score > 0.0)
            && order
                .first()
                .zip(order.get(order.len() / 2))
                .is_some_and(|(&top, &middle)| self.scores[top] > 20.0 * self.scores[middle]);
        let histogram = figure::histogram(&Histogram {
            title: "Scores of all rows",
            x_label: "score (higher is more unusual)",
            classes: &[ScoreClass { name: "rows", scores: &self.scores }],
            height: Height::LogCount,
            bins: 60,
            log_scores,
            threshold: page.threshold.map(|score| Threshold { score, name: "unusual from here" }),
        })?;
        let shown = &order[..order.len().min(page.rows)];
        let mut html = String::new();
        let title = escaped(page.title);
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1><p class=\"about\">{}</p>",
            escaped(page.about)
        );
        let _ = match (called, page.threshold) {
            (Some(called), Some(least)) => write!(
                html,
                "<p><b>{}</b> of {} rows are called unusual: those with a score of {least:.2} or more.</p>",
                grouped(called as u64),
                grouped(self.scores.len() as u64)
            ),
            _ => write!(
                html,
                "<p>{} rows, none called unusual: no threshold was asked for.</p>",
                grouped(self.scores.len() as u64)
            ),
        };
        for note in &self.notes {
            let _ = write!(html, "<p class=\"note\">{}</p>", escaped(note));
        }
        let _ = write!(
            html,
            "<figure>{}</figure><h2>The {} most unusual rows</h2>",
            histogram.svg()?,
            shown.len()
        );
        self.rows_table(&mut html, page, shown);
        html.push_str("<h2>Row by row</h2>");
        for &row in shown {
            let name = page.names.get(row).map_or("", String::as_str);
            let _ = write!(
                html,
                "<details id=\"row-{row}\"{}>",
                if Some(&row) == shown.first() { " open" } else { "" }
            );
            let _ = write!(html, "<summary>{} <span>{:.2}</span></summary>", escaped(name), self.scores[row]);
            if self.reasons.get(row).is_some_and(|reasons| !reasons.is_empty()) {
                let figure = self.explained(table, row, name)?;
                let _ = write!(html, "<figure>{}</figure>", figure.svg()?);
            }
            html.push_str("<table class=\"cells\">");
            for column in &table.columns {
                let text = cell_text(schema, table, &column.name, row).unwrap_or_default();
                let _ =
                    write!(html, "<tr><th>{}</th><td>{}</td></tr>", escaped(&column.name), escaped(&text));
            }
            html.push_str("</table></details>");
        }
        html.push_str(
            "<p class=\"about\">A reason is the part of the score that a column adds; those of a row sum to its score. \
             Expected is what rows have that are alike in the other columns, or what a relation that nearly all rows keep says. \
             Heights of grey bars are square roots of \
             numbers of rows.</p></main></body></html>\n",
        );
        Ok(html)
    }

    fn rows_table(&self, html: &mut String, page: &ScorePage<'_>, shown: &[usize]) {
        const NAMED: usize = 3;
        html.push_str("<table class=\"rows\"><tr><th>row</th><th>score</th><th>as high by chance</th><th>reasons</th></tr>");
        for &row in shown {
            let is_called = page.threshold.is_some_and(|least| self.scores[row] >= least);
            let name = page.names.get(row).map_or("", String::as_str);
            let tail = self
                .tails
                .as_ref()
                .and_then(|tails| tails.get(row))
                .map_or(String::new(), |tail| share(*tail));
            let _ = write!(
                html,
                "<tr{}><td><a href=\"#row-{row}\">{}</a></td><td>{:.2}</td><td>{tail}</td><td>",
                if is_called { " class=\"called\"" } else { "" },
                escaped(name),
                self.scores[row]
            );
            for reason in
                self.reasons.get(row).into_iter().flatten().take(NAMED).filter(|reason| reason.adds > 0.0)
            {
                let cell = |cell: &Option<String>| {
                    cell.as_deref().map_or("<i>missing</i>".to_owned(), |cell| escaped(figure::legible(cell)))
                };
                let relation = reason.relation.as_deref().map_or(String::new(), |relation| {
                    format!(" because <i class=\"relation\">{}</i>", escaped(relation))
                });
                let _ = write!(
                    html,
                    "<div><b>{}</b> {} <span>expected {}{relation}, adds {:.2}</span></div>",
                    escaped(&reason.column),
                    cell(&reason.actual),
                    cell(&reason.expected),
                    reason.adds
                );
            }
            html.push_str("</td></tr>");
        }
        html.push_str("</table>");
    }
}

/// A column of the picture of a row.
fn column_of<'a>(table: &'a Table, row: usize, reason: &'a Reason) -> ReasonColumn<'a> {
    let others = match table.column(&reason.column).map(|column| &column.cells) {
        Some(Cells::Number(values)) => {
            let actual = values.get(row).copied().unwrap_or(f64::NAN);
            Others::Numbers { values, actual, expected: reason.expected_number.unwrap_or(f64::NAN) }
        }
        Some(Cells::Text { codes, levels }) => {
            let mut by: BTreeMap<u32, usize> = BTreeMap::new();
            codes
                .iter()
                .filter(|code| (**code as usize) < levels.len())
                .for_each(|code| *by.entry(*code).or_default() += 1);
            let mut counts: Vec<(&str, usize)> =
                by.into_iter().map(|(code, count)| (levels[code as usize].as_str(), count)).collect();
            counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            let names: Vec<&str> = counts.iter().map(|(level, _)| *level).collect();
            if let Some(places) = crate::data::places(&names).filter(|_| names.len() <= ORDERED) {
                let mut order: Vec<usize> = (0..names.len()).collect();
                order.sort_by_key(|i| places[*i]);
                counts = order.into_iter().map(|i| counts[i]).collect();
            }
            let place =
                |text: &Option<String>| counts.iter().position(|(level, _)| Some(*level) == text.as_deref());
            Others::Levels { actual: place(&reason.actual), expected: place(&reason.expected), counts }
        }
        None => Others::Levels { counts: Vec::new(), actual: None, expected: None },
    };
    ReasonColumn {
        name: &reason.column,
        adds: reason.adds,
        actual: reason.actual.as_deref().unwrap_or_default(),
        expected: reason.expected.as_deref().unwrap_or_default(),
        relation: reason.relation.as_deref().unwrap_or_default(),
        others,
    }
}

/// A share as people say it.
fn share(share: f64) -> String {
    match share {
        s if s >= 0.01 => format!("{:.0} %", 100.0 * s),
        s if s >= 1e-4 => format!("{:.2} %", 100.0 * s),
        // Beyond what the rows show themselves, and as sure as that: two digits.
        s if s >= 1e-6 => {
            let unit = 10f64.powf((1.0 / s).log10().floor() - 1.0);
            format!("1 in {}", grouped(((1.0 / s / unit).round() * unit) as u64))
        }
        _ => "fewer than 1 in a million".to_owned(),
    }
}

/// A whole number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: impl AsRef<str>) -> String {
    let mut out = String::new();
    for letter in text.as_ref().chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    #[test]
    fn numbers_are_as_people_read_them() {
        let read = [
            "0.91859080878698",
            "-10.7163393018774",
            "1234567.5",
            "3",
            "2013-01-02",
            "0.00001234567",
            "12.500000",
        ];
        let want = ["0.91859", "-10.716", "1234568", "3", "2013-01-02", "0.000012346", "12.5"];
        assert_eq!(read.map(figure::legible), want);
        assert_eq!(
            (share(2.5e-5).as_str(), share(1e-12).as_str()),
            ("1 in 40,000", "fewer than 1 in a million")
        );
    }

    #[test]
    fn a_page_holds_the_rows_with_reasons_and_nothing_from_outside() {
        let table = Table {
            n_rows: 3,
            columns: vec![
                Column { name: "a<b".into(), cells: Cells::Number(vec![1.0, 2.0, 900.0]) },
                Column {
                    name: "k".into(),
                    cells: Cells::Text { codes: vec![0, 0, 1], levels: vec!["<x>".into(), "y".into()] },
                },
            ],
        };
        let schema = Schema::of(&table);
        let reason = |column: &str, adds: f64, actual: &str| Reason {
            column: column.into(),
            adds,
            actual: Some(actual.into()),
            expected: Some("<x>".into()),
            expected_number: None,
            relation: (column == "k").then(|| "k < l".into()),
        };
        let scores = Scores {
            scores: vec![0.5, 0.6, 40.0],
            tails: Some(vec![0.5, 0.4, 1e-12]),
            reasons: vec![Vec::new(), Vec::new(), vec![reason("a<b", 39.0, "900"), reason("k", 1.0, "y")]],
            notes: vec!["careful & slow".into()],
            ..Scores::default()
        };
        let names = ["first", "second", "<third>"].map(str::to_owned);
        let page = ScorePage { title: "T", about: "", names: &names, threshold: Some(1.0), rows: 2 };
        let html = scores.page((&table, &schema), &page).unwrap();
        assert!(html.contains("<b>1</b> of 3 rows") && html.contains("careful &amp; slow"));
        assert!(html.contains("&lt;third&gt;") && !html.contains("<third>") && !html.contains("<x>"));
        assert!(!html.contains("src=") && !html.contains("@import") && html.matches("<details").count() == 2);
        assert!(html.find("&lt;third&gt;") < html.find("second"));
        assert!(html.contains("because <i class=\"relation\">k &lt; l</i>, adds 1.00"));
    }
}
