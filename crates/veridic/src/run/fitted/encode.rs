//! Rows to codes, and to what the model expects them to be.

use super::score::{number, numbered, plain_schema};
use super::{Fitted, Given, InUse};
use crate::data::{Data, Schema, Table};
use crate::error::Result;
use crate::models::{Ability, ModelConfig};
use crate::run::report::judge::largest;

impl Fitted {
    /// The code of each row, of an adversarial network the discriminator's features: columns `z1`, `z2`, … With
    /// `model.gan.info` also what is read from each row: `category`, from 1, and `code1`, `code2`, … Of windows of series what is
    /// known of each comes first. Also returns what the user should know.
    ///
    /// # Errors
    /// A model without codes; data that cannot be read or does not fit the model.
    pub fn encode(&mut self, given: impl Into<Given>) -> Result<(Table, Schema, Vec<String>)> {
        let reading = self.read(given)?;
        if !self.can(Ability::Encode) {
            return Err(self.cannot(Ability::Encode));
        }
        let (encoded, notes) = self.encoded(&reading)?;
        let info = match &self.config.model {
            ModelConfig::Gan(gan) => gan.info,
            _ => None,
        };
        let rows = encoded.index();
        let known = self.known_of(&reading);
        let (mut columns, mut kinds) =
            known.map_or_else(Default::default, |(known, kinds)| (known.columns, kinds.columns));
        let InUse { network, pool, .. } = self.in_use(Ability::Encode)?;
        let (latent, _) = network.encode(pool, encoded.rows(), &rows)?;
        columns.extend(numbered("z", &latent));
        if let Some(info) = info {
            let mut read = network.recognize(pool, encoded.rows(), &rows)?.into_iter();
            if info.categories > 0
                && let Some(logits) = read.next()
            {
                let category = |i: usize| largest(logits.row(i)) as f64 + 1.0;
                columns.push(number("category", (0..rows.len()).map(category).collect()));
            }
            if info.continuous > 0
                && let Some(codes) = read.next()
            {
                columns.extend(numbered("code", &codes));
            }
        }
        let table = Table { n_rows: rows.len(), columns };
        let known = kinds.len();
        let schema = plain_schema(&table);
        kinds.extend(schema.columns.into_iter().skip(known));
        let schema = Schema { columns: kinds };
        Ok((table, schema, [reading.notes.as_slice(), &notes].concat()))
    }

    /// What the model expects each row to be, in original units, and what the user should know.
    ///
    /// # Errors
    /// A model that gives no rows back; data that cannot be read or does not fit the model.
    pub fn reconstruct(&mut self, given: impl Into<Given>) -> Result<(Data, Vec<String>)> {
        if !self.can(Ability::Reconstruct) {
            return Err(self.cannot(Ability::Reconstruct));
        }
        let reading = self.read(given)?;
        let (encoded, notes) = self.encoded(&reading)?;
        let InUse { form, network, pool } = self.in_use(Ability::Reconstruct)?;
        let (latent, _) = network.encode(pool, encoded.rows(), &encoded.index())?;
        let expected = network.decode(pool, &latent)?;
        let expected = form.decode(&expected)?;
        Ok((self.beside_known(expected, &reading), [reading.notes.as_slice(), &notes].concat()))
    }
}
