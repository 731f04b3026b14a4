//! What a reader should know first.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Evaluation;
use super::judge::{Judged, Word};
use crate::data::{Cells, Schema, Table};
use crate::evaluate::{KMap, Rate};

/// One sentence of the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// `copies`, `leaks`, `independent`, `misses`, `tells apart`, `overlap`, `few`, `close` or `indistinguishable`.
    pub word: &'static str,
    /// What was found, with its numbers.
    pub text: String,
}

impl Finding {
    /// Whether it should keep a reader from taking the rows as they are.
    pub fn is_grave(&self) -> bool {
        ["copies", "leaks", "independent", "misses", "overlap"].contains(&self.word)
    }
}

/// A column with values of real rows that synthetic ones lack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missed {
    /// The column.
    pub column: String,
    /// The share of real rows with a value, or in a tenth of the range of values, that synthetic rows have less than a tenth as
    /// often.
    pub share: f64,
    /// These values, most frequent first.
    pub values: Vec<String>,
}

/// Values that synthetic rows lack, by column, most first; columns that miss less than 2 % are left out.
pub(super) fn missed(real: &Table, synthetic: &Table, schema: &Schema) -> Vec<Missed> {
    let mut all: Vec<Missed> = schema
        .columns
        .iter()
        .filter(|column| super::is_compared(column))
        .filter_map(|column| {
            let name = &column.name;
            let (real, made) = (&real.column(name)?.cells, &synthetic.column(name)?.cells);
            let (real, made) = cells(real, made);
            let (n, m) = (real.len() as f64, made.len() as f64);
            let (real, made) = (count(&real), count(&made));
            // A value of few rows may be lacking by chance.
            let lacks = |(name, count): &(&&str, &f64)| {
                **count >= 10.0 && made.get(*name).copied().unwrap_or(0.0) / m < 0.1 * **count / n
            };
            let mut values: Vec<(&str, f64)> =
                real.iter().filter(lacks).map(|(name, n)| (*name, *n)).collect();
            values.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
            let share = values.iter().map(|(_, count)| count / n).sum();
            let values = values.into_iter().map(|(name, _)| name.to_string()).collect();
            (share >= 0.02).then(|| Missed { column: name.clone(), share, values })
        })
        .collect();
    all.sort_by(|a, b| b.share.total_cmp(&a.share));
    all
}

fn count(names: &[String]) -> BTreeMap<&str, f64> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.as_str()).or_default() += 1.0;
    }
    counts
}

/// The cells of both tables by name: a text, or the tenth of the real values.
fn cells(real: &Cells, made: &Cells) -> (Vec<String>, Vec<String>) {
    if let Cells::Number(values) = real {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut bounds: Vec<f64> =
            (1..10).filter_map(|i| sorted.get(i * sorted.len() / 10).copied()).collect();
        bounds.dedup();
        let name = |value: &f64| {
            let at = bounds.partition_point(|bound| bound <= value);
            match (value.is_nan(), at.checked_sub(1).map(|at| bounds[at]), bounds.get(at)) {
                (true, ..) => "missing".to_string(),
                (_, Some(low), Some(high)) => format!("{low} to below {high}"),
                (_, None, Some(high)) => format!("below {high}"),
                (_, Some(low), None) => format!("{low} and above"),
                (_, None, None) => "any".to_string(),
            }
        };
        let names = |cells: &Cells| match cells {
            Cells::Number(values) => values.iter().map(name).collect(),
            Cells::Text { .. } => Vec::new(),
        };
        return (names(real), names(made));
    }
    let names = |cells: &Cells| {
        (0..cells.len()).map(|row| cells.text(row).unwrap_or("missing").to_string()).collect()
    };
    (names(real), names(made))
}

/// The share of real rows whose values are hardly made from which on that is said before attacks.
const COLLAPSED: f64 = 0.25;

/// Attacks on fewer rows are shown with their intervals, and found nothing in.
const FEWEST_ATTACKED: usize = 100;

/// The summary, gravest first.
pub(super) fn findings(of: &Evaluation) -> Vec<Finding> {
    let mut found: Vec<(u32, Finding)> = Vec::new();
    let mut say = |rank: u32, word: &'static str, text: String| found.push((rank, Finding { word, text }));
    let figure = |name: &str| of.judged.iter().find(|judged| judged.name == name);
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let is_independent = figure("table.pairs").is_some_and(|pairs| {
        let way = pairs.ceiling.mean - pairs.floor.mean;
        way > 0.01 && pairs.value.mean <= pairs.floor.mean + 0.25 * way
    }) && figure("table.shapes")
        .is_some_and(|shapes| shapes.value.mean > shapes.ceiling.mean - 0.05);
    let mut copies = false;
    if let Some(close) = &of.closeness {
        let n = of.rows.synthetic.max(1);
        let rate = |share: f64, n: usize| Rate::wilson((share * n as f64).round() as usize, n);
        let found = |(own, chance): (f64, f64)| {
            let (low, high) = (rate(own, n), rate(chance, of.rows.compared.max(1)));
            low.value - low.error > high.value + high.error && own > chance + 0.005
        };
        // Rows of a model that makes frequent rows too often equal real ones more often than by chance, but no more of those that
        // were learned from than others.
        let near = (close.copies, close.copies_holdout);
        let has_unseen = of.rows.unseen > 0;
        let copied = if has_unseen {
            let (low, high) = (rate(close.copies_trained, n), rate(close.copies_unseen, n));
            low.value - low.error > high.value + high.error
        } else {
            near.0 > near.1 + 0.05
        };
        let all = [
            (of.exact_copies, "in every column", 0),
            (near, "but for nearly unique columns", if has_unseen { 0 } else { 6 }),
        ];
        let is_copied = |(at, of): &(usize, ((f64, f64), &str, u32))| found(of.0) && (*at == 0 || copied);
        if let Some((_, ((own, chance), how, rank))) = all.into_iter().enumerate().find(is_copied) {
            copies = true;
            say(
                rank,
                "copies",
                format!(
                    "{} of the synthetic rows equal a real row {how}; of rows that were not learned from, {} do",
                    percent(own),
                    percent(chance)
                ),
            );
        } else if of.rows.unseen > 0 && close.dcr_share - 1.0 / (n.min(4000) as f64).sqrt() > 0.53 {
            // Values of real rows, each of another row, lie near them too.
            say(
                if is_independent { 5 } else { 2 },
                "copies",
                format!(
                    "{} of the synthetic rows lie nearer to a row that was learned from than to any unseen one \
                     (50 % is ideal)",
                    percent(close.dcr_share)
                ),
            );
        }
    }
    for (column, share, chance) in &of.repeated {
        // Of few rows, a few that meet by chance are a large share.
        let rate = |share: f64, n: usize| Rate::wilson((share * n as f64).round() as usize, n);
        let (low, high) = (rate(*share, of.rows.synthetic.max(1)), rate(*chance, of.rows.compared.max(1)));
        if *share <= chance + 0.05 || low.value - low.error <= high.value + high.error || copies {
            continue;
        }
        let text = format!(
            "`{column}` is nearly unique, and {} of its synthetic values are those of real rows ({} among \
             other real rows)",
            percent(*share),
            percent(*chance)
        );
        // A measure of a real row beside cells of others tells of no row; a name tells of one even so.
        // A measure in few decimals comes back by being near; a column of measures that was copied has most of them.
        let is_measure = of.measures.contains(column);
        if is_measure && *share < chance + 0.5 * (1.0 - chance) {
            continue;
        }
        match (is_independent, is_measure) {
            (true, true) => {}
            (true, false) => say(5, "leaks", text),
            (false, _) => say(1, "leaks", text),
        }
    }
    // Of fewer, one row more or less decides.
    let enough = of.rows.attacked >= FEWEST_ATTACKED;
    for attack in of.attacks.iter().filter(|_| enough) {
        // Of twenty attacks one is found by chance: the interval is that of 99.7 %.
        if attack.risk.risk - 1.53 * attack.risk.error > 0.0 && attack.risk.risk > 0.05 && !copies {
            say(
                2,
                "leaks",
                format!(
                    "{} succeeds on {} of the rows that were learned from and on {} of others",
                    attack.title(),
                    percent(attack.risk.attack.value),
                    percent(attack.risk.control.value)
                ),
            );
        }
    }
    let strongest = [&of.membership, &of.shadow].into_iter().flatten().max_by(|a, b| a.auc.total_cmp(&b.auc));
    if let Some((member, n)) = strongest.map(|member| (member, of.rows.attacked))
        && member.auc > 0.5 + 2.0 / (n.max(1) as f64).sqrt()
        && !copies
    {
        say(
            2,
            "leaks",
            format!(
                "whether a row was learned from can be told: AUC {:.3} (0.5 is chance), {} found at 1 % false alarms",
                member.auc,
                percent(member.tpr_at_1)
            ),
        );
    }
    if let Some((quasi, unseen)) = of.quasi.as_ref().and_then(|quasi| Some((quasi, quasi.unseen.as_ref()?)))
        && !copies
    {
        let rate = |of: &KMap| Rate::wilson(of.one, of.rows());
        let (own, chance) = (rate(&quasi.synthetic), rate(unseen));
        if own.value - own.error > chance.value + chance.error && own.value > chance.value + 0.005 {
            say(
                2,
                "leaks",
                format!(
                    "by {}, {} of the synthetic rows point at one real row alone; of unseen rows, {} do",
                    quasi.columns.join(", "),
                    percent(own.value),
                    percent(chance.value)
                ),
            );
        }
    }
    for (column, auroc) in &of.target_leaks {
        say(
            4,
            "leaks",
            format!(
                "`{column}` alone tells the target (AUROC {auroc:.3} on real rows): leave it out unless it is known \
                 when predicting"
            ),
        );
    }
    if is_independent {
        say(
            3,
            "independent",
            "pairs of columns go together no better than columns shuffled each for itself: the columns are \
             independent"
                .to_string(),
        );
    }
    let recall = figure("table.beta_recall");
    let collapsed =
        recall.filter(|recall| recall.value.mean < 0.7 * recall.ceiling.mean && recall.ceiling.mean > 0.1);
    if let Some(missed) = of.missed.first().filter(|missed| missed.share >= 0.05) {
        let shown: Vec<String> = missed.values.iter().take(3).map(|value| format!("`{value}`")).collect();
        let more = missed.values.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        // Guesses from few kinds of rows succeed and fail together: an attack on them says less than that most are missing.
        say(
            if missed.share >= COLLAPSED { 1 } else { 5 },
            "misses",
            format!(
                "of `{}`, {}{more} are hardly made, which {} of real rows have",
                missed.column,
                shown.join(", "),
                percent(missed.share)
            ),
        );
    } else if let (Some(recall), false) = (collapsed, is_independent) {
        say(
            6,
            "misses",
            format!(
                "parts of the real rows have no synthetic row near: beta-recall is {:.2}, other real rows reach {:.2}",
                recall.value.mean, recall.ceiling.mean
            ),
        );
    }
    apart(of, &mut say);
    if of.rows.overlap > 0 {
        say(
            7,
            "overlap",
            format!(
                "{} of {} unseen rows equal rows of the real file: they may have been learned from, and figures \
                 against them say less",
                of.rows.overlap, of.rows.unseen
            ),
        );
    }
    if of.rows.compared < 100 {
        say(9, "few", format!("only {} rows a side were compared: look at the intervals", of.rows.compared));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// What the judge says.
fn apart(of: &Evaluation, say: &mut impl FnMut(u32, &'static str, String)) {
    let judges = ["table.c2st_unseen", "table.c2st"];
    let Some(judge) =
        judges.iter().find_map(|name| of.judged.iter().find(|judged: &&Judged| judged.name == *name))
    else {
        return;
    };
    let against = if judge.name == "table.c2st_unseen" { "unseen" } else { "real" };
    let short = format!(
        "boosted trees, C2ST {:.2} against {against} rows, where shuffled columns have {:.2} and other real rows {:.2}",
        judge.value.mean, judge.floor.mean, judge.ceiling.mean
    );
    match judge.word {
        Word::TellsApart => {
            let by: Vec<String> = of
                .giveaway
                .iter()
                .take(3)
                .filter(|(_, lost)| *lost > 0.01)
                .map(|(column, _)| format!("`{column}`"))
                .collect();
            let by = if by.is_empty() {
                String::new()
            } else {
                format!("; most is given away by {}", by.join(", "))
            };
            say(8, "tells apart", format!("{short}{by}"));
        }
        word => say(8, word.text(), short),
    }
}
