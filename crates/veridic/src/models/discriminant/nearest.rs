//! k nearest neighbors (Fix and Hodges, 1951): the shares of the classes among the nearest training rows.

use serde::{Deserialize, Serialize};

use super::Lesson;
use crate::data::Matrix;
use crate::error::Result;
use crate::models::Stored;
use crate::models::detector::stored::{Parts, insert_json, insert_matrix};
use crate::project::Index;

/// The settings of the classifier by nearest neighbors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct NearestClassesConfig {
    /// Neighbors that vote, from 1.
    pub k: usize,
    /// Most training rows that are kept, evenly from all; from 1.
    pub reference: usize,
}

impl Default for NearestClassesConfig {
    fn default() -> Self {
        Self { k: 5, reference: 50_000 }
    }
}

/// The rows that vote.
#[derive(Debug)]
pub struct NearestClasses {
    config: NearestClassesConfig,
    rows: Matrix,
    of: Vec<u32>,
    classes: usize,
    index: Index,
}

impl NearestClasses {
    pub(super) fn fit(config: &NearestClassesConfig, lesson: &Lesson<'_>) -> Result<Self> {
        let n = lesson.of.len();
        let kept = n.min(config.reference.max(1));
        let rows: Vec<usize> = (0..kept).map(|i| i * n / kept).collect();
        let values = rows.iter().flat_map(|&i| lesson.points.row(i)).copied().collect();
        let points = Matrix { n_rows: kept, n_cols: lesson.points.n_cols, values };
        let index = Index::new(&points)?;
        let of = rows.iter().map(|&i| lesson.of[i] as u32).collect();
        Ok(Self { config: config.clone(), rows: points, of, classes: lesson.classes, index })
    }

    /// The neighbors of each row.
    pub(super) fn search(&self, points: &Matrix) -> Result<Vec<u32>> {
        Ok(self.index.nearest(points, self.k())?.indices)
    }

    /// The votes for each class.
    pub(super) fn shares(&self, nearest: &[u32], i: usize) -> Vec<f32> {
        let k = self.k();
        let mut shares = vec![0.0; self.classes];
        nearest[i * k..(i + 1) * k]
            .iter()
            .for_each(|row| shares[self.of[*row as usize] as usize] += 1.0 / k as f32);
        shares
    }

    fn k(&self) -> usize {
        self.config.k.min(self.rows.n_rows)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        insert_matrix(&mut stored, "rows", &self.rows);
        stored.insert("of", &[self.of.len()], self.of.clone());
        stored
    }

    pub(super) fn restore(stored: &Stored, classes: usize, width: usize) -> Result<Self, String> {
        let config: NearestClassesConfig = stored.json("config")?;
        let rows = stored.matrix("rows", width)?;
        let of = stored.values::<u32>("of")?.to_vec();
        if of.len() != rows.n_rows
            || rows.n_rows == 0
            || config.k == 0
            || of.iter().any(|own| *own as usize >= classes)
        {
            return Err("`of` does not fit the rows".to_string());
        }
        let index = Index::new(&rows).map_err(|error| error.to_string())?;
        Ok(Self { config, rows, of, classes, index })
    }
}
