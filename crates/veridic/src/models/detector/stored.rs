//! Parts that detectors store, and how they are read back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::Matrix;
use crate::models::Stored;

/// Reading back what must fit together.
pub(in crate::models) trait Parts {
    /// A text as JSON.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, String>;
    /// Finite numbers, `count` of them.
    fn finite(&self, name: &str, count: usize) -> Result<Vec<f64>, String>;
    /// A matrix of finite numbers of this width.
    fn matrix(&self, name: &str, width: usize) -> Result<Matrix, String>;
}

impl Parts for Stored {
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        serde_json::from_str(self.text(name)?).map_err(|error| format!("`{name}`: {error}"))
    }

    fn finite(&self, name: &str, count: usize) -> Result<Vec<f64>, String> {
        let values = self.values::<f64>(name)?;
        if values.len() != count || values.iter().any(|value| !value.is_finite()) {
            return Err(format!("`{name}` should hold {count} finite numbers"));
        }
        Ok(values.to_vec())
    }

    fn matrix(&self, name: &str, width: usize) -> Result<Matrix, String> {
        let values = self.values::<f32>(name)?;
        let rows = self.tensors.get(name).and_then(|tensor| tensor.dims.first()).copied().unwrap_or(0);
        if rows.checked_mul(width) != Some(values.len()) || values.iter().any(|value| !value.is_finite()) {
            return Err(format!("`{name}` should hold finite rows of {width}"));
        }
        Ok(Matrix { n_rows: rows, n_cols: width, values: values.to_vec() })
    }
}

/// Adds a matrix.
pub(in crate::models) fn insert_matrix(stored: &mut Stored, name: &str, matrix: &Matrix) {
    stored.insert(name, &[matrix.n_rows, matrix.n_cols], matrix.values.clone());
}

/// Adds a text as JSON.
pub(in crate::models) fn insert_json(stored: &mut Stored, name: &str, value: &impl Serialize) {
    stored.about.insert(name.to_string(), serde_json::to_string(value).expect("finite numbers and texts"));
}
