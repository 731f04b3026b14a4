//! Questions to a fitted table: how likely rows are, what is missing in them, which class they are of.

use super::score::{number, plain_schema};
use super::{Fitted, Given, Model};
use crate::data::{Column, Data, Schema, Table};
use crate::error::Result;
use crate::models::{Ability, TableModel};

impl Fitted {
    /// The table model and the rows of a question, for models that are capable of answering it.
    fn asked(&self, given: impl Into<Given>, ability: Ability) -> Result<(&TableModel, Table, Vec<String>)> {
        let Model::Table(model) = &self.model else { return Err(self.cannot(ability)) };
        if !self.can(ability) {
            return Err(self.cannot(ability));
        }
        let reading = self.read(given)?;
        match reading.data {
            Data::Table(table, _) => Ok((model, table, reading.notes)),
            Data::Images(_) => Err(self.cannot(ability)),
        }
    }

    /// How likely each row is, in nats: `log_likelihood`, and for each column its part given the columns before it. Also
    /// returns what the user should know.
    ///
    /// # Errors
    /// A model without an exact likelihood; data that cannot be read or does not fit the model.
    pub fn log_likelihood(&self, given: impl Into<Given>) -> Result<(Table, Schema, Vec<String>)> {
        let (model, rows, notes) = self.asked(given, Ability::Likelihood)?;
        let chain = model.chain().ok_or_else(|| self.cannot(Ability::Likelihood))?;
        let likelihoods = chain.log_likelihood(&rows, self.pool.threads())?;
        let width = likelihoods.columns.len();
        let mut columns = vec![number("log_likelihood", likelihoods.rows())];
        columns.extend(likelihoods.columns.iter().enumerate().map(|(j, name)| {
            number(name, likelihoods.values.iter().skip(j).step_by(width).copied().collect())
        }));
        let table = Table { n_rows: rows.n_rows, columns };
        let schema = plain_schema(&table);
        Ok((table, schema, notes))
    }

    /// The class of each row of a classifier's target, `class`, with the probability of each, `p_CLASS`. Also returns what the
    /// user should know.
    ///
    /// # Errors
    /// A model that does not classify; data that cannot be read or does not fit the model.
    pub fn classify(&mut self, given: impl Into<Given>) -> Result<(Table, Schema, Vec<String>)> {
        let (classes, shares, n_rows, notes) = if self.network().is_some() {
            let reading = self.read(given)?;
            let (encoded, notes) = self.encoded(&reading)?;
            let classes = self.info.classes.clone();
            let in_use = self.in_use(Ability::Classify)?;
            let index = encoded.index();
            let mut read = in_use.network.recognize(in_use.pool, encoded.rows(), &index)?;
            let shares = read.pop().map(|matrix| matrix.values).unwrap_or_default();
            (classes, shares, index.len(), [reading.notes, notes].concat())
        } else {
            let (model, rows, notes) = self.asked(given, Ability::Classify)?;
            let trees = model.trees().ok_or_else(|| self.cannot(Ability::Classify))?;
            (trees.classes().to_vec(), trees.probabilities(&rows), rows.n_rows, notes)
        };
        let width = classes.len().max(1);
        let best = |shares: &[f32]| {
            (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]).then(b.cmp(&a))).unwrap_or(0)
        };
        let codes = shares.chunks(width).map(|shares| best(shares) as u32).collect();
        let cells = crate::data::Cells::Text { codes, levels: classes.clone() };
        let mut columns = vec![Column { name: "class".to_string(), cells }];
        columns.extend(classes.iter().enumerate().map(|(j, class)| {
            let values = shares.iter().skip(j).step_by(width).map(|&share| f64::from(share)).collect();
            number(&format!("p_{class}"), values)
        }));
        let table = Table { n_rows, columns };
        let schema = plain_schema(&table);
        Ok((table, schema, notes))
    }
}
