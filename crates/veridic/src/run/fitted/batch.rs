//! Uses of a fitted model on rows that come in batches: what is held at a time is one batch.

use super::{Fitted, Given, Reading, Scores};
use crate::data::{Cells, Data, Schema, Table};
use crate::error::{Result, RunError};

/// Batches that are checked against the first of them.
struct Alike<I> {
    batches: I,
    first: Option<Vec<(String, &'static str)>>,
    n: usize,
}

impl<I: Iterator<Item: Into<Given>>> Iterator for Alike<I> {
    type Item = Result<Given>;

    fn next(&mut self) -> Option<Self::Item> {
        let given = self.batches.next()?.into();
        self.n += 1;
        let Given::Data(Data::Table(table, _)) = &given else { return Some(Ok(given)) };
        let found = columns(table);
        match &self.first {
            Some(first) if *first != found => {
                let differs = |at: &usize| first.get(*at) != found.get(*at);
                let at = (0..first.len().max(found.len())).find(differs).unwrap_or(0);
                let said = |columns: &[(String, &str)]| {
                    columns
                        .get(at)
                        .map_or("no column".to_string(), |(name, cells)| format!("{cells} in `{name}`"))
                };
                let (expected, found) = (said(first), said(&found));
                Some(Err(RunError::OtherBatch { batch: self.n, place: at + 1, expected, found }.into()))
            }
            Some(_) => Some(Ok(given)),
            None => {
                self.first = Some(found);
                Some(Ok(given))
            }
        }
    }
}

fn columns(table: &Table) -> Vec<(String, &'static str)> {
    let said = |cells: &Cells| match cells {
        Cells::Number(_) => "numbers",
        Cells::Text { .. } => "texts",
    };
    table.columns.iter().map(|column| (column.name.clone(), said(&column.cells))).collect()
}

fn alike<I: IntoIterator<Item: Into<Given>>>(batches: I) -> Alike<I::IntoIter> {
    Alike { batches: batches.into_iter(), first: None, n: 0 }
}

impl Fitted {
    /// [`Fitted::score`] batch by batch; a row has the same score as among all.
    ///
    /// # Errors
    /// As [`Fitted::score`], for each batch; [`RunError::OtherBatch`] for a table with other columns than the first.
    pub fn score_batches<'a, I>(
        &'a mut self,
        batches: I,
        explain: usize,
    ) -> impl Iterator<Item = Result<Scores>> + 'a
    where
        I: IntoIterator<Item: Into<Given>, IntoIter: 'a>,
    {
        alike(batches).map(move |given| self.score(given?, explain))
    }

    /// [`Fitted::encode`] batch by batch; a row has the same code as among all.
    ///
    /// # Errors
    /// As [`Fitted::encode`], for each batch; [`RunError::OtherBatch`] for a table with other columns than the first.
    pub fn encode_batches<'a, I>(
        &'a mut self,
        batches: I,
    ) -> impl Iterator<Item = Result<(Table, Schema, Vec<String>)>> + 'a
    where
        I: IntoIterator<Item: Into<Given>, IntoIter: 'a>,
    {
        alike(batches).map(move |given| self.encode(given?))
    }

    /// [`Fitted::sample`] in batches of at most `rows` rows, each with a seed of its own that follows from `seed` and its
    /// number: without end, so `take` says how many.
    ///
    /// # Errors
    /// As [`Fitted::sample`], for each batch.
    pub fn sample_batches<'a>(
        &'a mut self,
        rows: usize,
        given: &'a [(String, String)],
        seed: u64,
    ) -> impl Iterator<Item = Result<Data>> + 'a {
        (0_u64..).map(move |batch| {
            let seed = crate::seed::Seed(seed).key(&format!("batch {batch}"));
            self.sample(rows, given, seed)
        })
    }
}

impl Reading {
    /// Rows `rows`, in order; notes stay with the whole.
    pub fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let part: Vec<usize> = rows.collect();
        let labels = self.labels.as_ref().map(|labels| part.iter().map(|&row| labels[row].clone()).collect());
        let data = match &self.data {
            Data::Table(table, schema) => Data::Table(table.take(&part), schema.clone()),
            Data::Images(images) => Data::Images(images.take(&part)),
        };
        Self { data, labels, from: self.from.clone(), others: Vec::new(), notes: Vec::new() }
    }

    /// The rows in parts of at most `rows`, in order; notes stay with the whole.
    pub fn chunks(&self, rows: usize) -> impl Iterator<Item = Self> + '_ {
        let (rows, n) = (rows.max(1), self.data.len());
        (0..n.div_ceil(rows)).map(move |chunk| self.part(chunk * rows..n.min((chunk + 1) * rows)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Config;

    fn table(rows: std::ops::Range<u32>) -> Table {
        let x = Cells::numbers(rows.clone().map(|i| f64::from(i % 17)));
        let y = Cells::numbers(rows.map(|i| f64::from(i * 7 % 23)));
        Table::new([("x", x), ("y", y)]).unwrap()
    }

    fn fitted() -> Fitted {
        let recipe = "[model.autoencoder]\nencoder = [{ dense = 1 }]\ndecoder = []\n[train]\nepochs = 2";
        crate::fit(table(0..200), &Config::from_toml(recipe, "recipe").unwrap(), 1).unwrap()
    }

    #[test]
    fn rows_have_the_same_scores_and_codes_in_batches_as_among_all() {
        let mut fitted = fitted();
        let whole = fitted.score(table(0..100), 1).unwrap();
        let batches = || [table(0..33), table(33..90), table(90..100)];
        let parts: Vec<Scores> = fitted.score_batches(batches(), 1).collect::<Result<_>>().unwrap();
        let scores: Vec<f64> = parts.iter().flat_map(|part| part.scores.clone()).collect();
        assert_eq!(scores, whole.scores);
        let reasons: Vec<_> = parts.into_iter().flat_map(|part| part.reasons).collect();
        assert_eq!(reasons, whole.reasons);
        let codes = fitted.encode(table(0..100)).unwrap().0;
        let parts: Vec<_> = fitted.encode_batches(batches()).collect::<Result<_>>().unwrap();
        let Cells::Number(all) = &codes.columns[0].cells else { panic!("codes are numbers") };
        let found: Vec<f64> = parts
            .iter()
            .flat_map(|(part, ..)| match &part.columns[0].cells {
                Cells::Number(values) => values.clone(),
                Cells::Text { .. } => Vec::new(),
            })
            .collect();
        assert_eq!(&found, all);
    }

    #[test]
    fn a_batch_of_other_columns_is_refused_with_its_number() {
        let mut fitted = fitted();
        let mut other = table(0..5);
        other.columns.swap(0, 1);
        let mut found = fitted.score_batches([table(0..5), other], 0);
        assert!(found.next().unwrap().is_ok());
        let error = found.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("batch 2") && error.contains("`y`") && error.contains("`x`"), "{error}");
    }

    #[test]
    fn batches_of_made_rows_differ_and_follow_from_the_seed() {
        let mut fitted =
            crate::fit(table(0..200), &Config::from_toml("[model.chain]", "recipe").unwrap(), 1).unwrap();
        let mut drawn = |seed| -> Vec<Data> {
            fitted.sample_batches(20, &[], seed).take(2).collect::<Result<_>>().unwrap()
        };
        let (once, again, other) = (drawn(1), drawn(1), drawn(2));
        assert_eq!(once, again);
        assert!(once[0] != once[1] && once != other && once[0].len() == 20);
    }
}
