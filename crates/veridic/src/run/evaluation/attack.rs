//! The attacks, each with its control group.

use serde::Serialize;

use super::{Evaluation, Sides};
use crate::data::Table;
use crate::error::Result;
use crate::evaluate::{self, AttackRisk, KMap};
use crate::seed::shuffle;

/// Columns that are guessed, at most.
const MOST_SECRETS: usize = 20;

/// An attack with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedAttack {
    /// `disclosure`, `singling_out` or `linkability`.
    pub name: &'static str,
    /// The column that was guessed, of a disclosure.
    pub column: Option<String>,
    /// Of a disclosure, what the most frequent value gets right.
    pub base_rate: Option<f64>,
    /// How often it succeeds.
    pub risk: AttackRisk,
}

impl NamedAttack {
    /// In words.
    pub fn title(&self) -> String {
        match (self.name, &self.column) {
            (_, Some(column)) => format!("guessing `{column}` from all other cells"),
            ("linkability", _) => "joining two halves of a row".to_string(),
            _ => "singling out by three columns".to_string(),
        }
    }
}

pub(super) fn insert(all: &mut Evaluation, sides: &Sides<'_>, names: &[&str]) -> Result<()> {
    // Without unseen rows, halves of the real ones say what is shared by chance: with so many more rows to meet, at most twice
    // as much.
    let halves = sides.unseen.is_none().then(|| {
        let mut rows: Vec<usize> = (0..sides.real.n_rows).collect();
        shuffle(&mut rows, &mut sides.seed.stream("halves of real rows"));
        let (own, other) = rows.split_at(rows.len() / 2);
        (sides.real.take(own), sides.real.take(other))
    });
    let twice = |share: f64| (2.0 * share).min(1.0);
    for column in &sides.schema.columns {
        let of =
            |table: &Table| evaluate::unique_values_repeated(sides.real, table, &column.name, sides.schema);
        let chance = match (&halves, sides.unseen) {
            (_, Some(unseen)) => of(unseen),
            (Some((own, other)), None) => {
                evaluate::unique_values_repeated(own, other, &column.name, sides.schema).map(twice)
            }
            (None, None) => None,
        };
        if let Some(share) = of(sides.synthetic) {
            all.repeated.push((column.name.clone(), share, chance.unwrap_or(0.0)));
        }
    }
    let shuffled = |table: &Table, name: &str| -> Result<Table> {
        let mut rows: Vec<usize> = (0..table.n_rows).collect();
        shuffle(&mut rows, &mut sides.seed.stream(name));
        Ok(table.take(&rows).select(names)?)
    };
    let real = shuffled(sides.real, "attacked real")?;
    let made = shuffled(sides.synthetic, "attacked synthetic")?;
    let chance = match (&halves, sides.unseen) {
        (_, Some(unseen)) => evaluate::equal_rows(&real, &unseen.select(names)?),
        (Some((own, other)), None) => twice(evaluate::equal_rows(&own.select(names)?, &other.select(names)?)),
        (None, None) => 0.0,
    };
    all.exact_copies = (evaluate::equal_rows(&real, &made), chance);
    all.figures.insert("privacy.exact_copies".to_string(), all.exact_copies.0);
    all.figures.insert("ceiling.privacy.exact_copies".to_string(), all.exact_copies.1);
    let Some(unseen) = sides.unseen else {
        // Copies are told from chance by halves of the real rows.
        let half = |from: usize, to: usize| real.take(&(from..to).collect::<Vec<_>>());
        let n = real.n_rows / 2;
        all.closeness = evaluate::closeness(&half(0, n), &half(n, 2 * n), &made);
        if let Some(close) = &all.closeness {
            all.figures.insert("privacy.copies".to_string(), close.copies);
            all.figures.insert("ceiling.privacy.copies".to_string(), close.copies_holdout);
        }
        all.notes.push(
            "attacks need rows that no model saw as their control: give unseen ones; of privacy, only copies \
             were looked for"
                .to_string(),
        );
        return Ok(());
    };
    let unseen = shuffled(unseen, "attacked unseen")?;
    all.closeness = evaluate::closeness(&real, &unseen, &made);
    if let Some(close) = &all.closeness {
        let mut insert = |name: &str, value: f64| all.figures.insert(name.to_string(), value);
        insert("privacy.dcr_share", close.dcr_share);
        insert("privacy.tail2", close.tail2);
        insert("privacy.copies", close.copies);
        insert("ceiling.privacy.copies", close.copies_holdout);
    }
    let n = real.n_rows.min(unseen.n_rows).min(sides.most / 5);
    all.rows.attacked = n;
    let first = |table: &Table, n: usize| table.take(&(0..n.min(table.n_rows)).collect::<Vec<_>>());
    let (near, held, made) = (first(&real, n), first(&unseen, n), first(&made, 5 * sides.most));
    let mut figure = |name: &str, value: f64| all.figures.insert(name.to_string(), value);
    let member = evaluate::membership(&near, &held, &made)?;
    figure("privacy.membership_auc", member.auc);
    figure("privacy.membership_tpr_at_1", member.tpr_at_1);
    figure("baseline.privacy.membership_auc", 0.5);
    figure("baseline.privacy.membership_tpr_at_1", 0.01);
    let domias = evaluate::domias(&near, &held, &made)?;
    figure("privacy.domias_auc", domias.auc);
    figure("privacy.domias_tpr_at_1", domias.tpr_at_1);
    (all.membership, all.domias) = (Some(member), Some(domias));
    if names.len() > 1 {
        for secret in names.iter().take(MOST_SECRETS) {
            let risk = evaluate::disclosure(&near, &held, &made, secret)?;
            let base_rate = near.column(secret).map(|column| evaluate::most_frequent(&column.cells));
            all.attacks.push(NamedAttack {
                name: "disclosure",
                column: Some((*secret).to_string()),
                base_rate,
                risk,
            });
        }
    }
    let plain = |name, risk| NamedAttack { name, column: None, base_rate: None, risk };
    all.attacks.extend(
        evaluate::singling_out(&real, &unseen, &made, (3, sides.most / 20), sides.seed)
            .map(|risk| plain("singling_out", risk)),
    );
    all.attacks.extend(evaluate::linkability(&near, &held, &made, 1)?.map(|risk| plain("linkability", risk)));
    all.attacks.sort_by(|a, b| b.risk.risk.total_cmp(&a.risk.risk));
    for attack in all.attacks.iter().rev() {
        // The worst of several is last, and stays.
        all.figures.insert(format!("privacy.{}", attack.name), attack.risk.risk);
        all.figures.insert(format!("baseline.privacy.{}", attack.name), attack.risk.control.value);
    }
    Ok(())
}

/// How many real rows are meant by what others may know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quasi {
    /// The columns that others may know.
    pub columns: Vec<String>,
    /// Of the real rows themselves: k-anonymity.
    pub real: KMap,
    /// Of the synthetic ones.
    pub synthetic: KMap,
    /// Of those that were not learned from, which point at others by chance.
    pub unseen: Option<KMap>,
}

/// Counts real rows by the values of columns that others may know.
pub(super) fn insert_quasi(all: &mut Evaluation, sides: &Sides<'_>, columns: &[String]) {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let of = |table: &Table| evaluate::k_map(sides.real, table, &names);
    let quasi = Quasi {
        columns: columns.to_vec(),
        real: of(sides.real),
        synthetic: of(sides.synthetic),
        unseen: sides.unseen.map(of),
    };
    let mut insert = |name: &str, value: f64| all.figures.insert(name.to_string(), value);
    insert("privacy.quasi_one", quasi.synthetic.share_of_one());
    insert("privacy.quasi_below_5", quasi.synthetic.share_below_five());
    insert("privacy.quasi_real_one", quasi.real.share_of_one());
    if let Some(unseen) = &quasi.unseen {
        insert("ceiling.privacy.quasi_one", unseen.share_of_one());
        insert("ceiling.privacy.quasi_below_5", unseen.share_below_five());
    }
    all.quasi = Some(quasi);
}
