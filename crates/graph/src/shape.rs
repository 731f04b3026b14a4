//! What a tensor's axes are: an optional row axis, whose length is known when a plan runs, and fixed axes.

use std::fmt;

/// The shape of a tensor.
///
/// A tensor with rows has one leading axis that is the batch; a shared tensor (a parameter, a statistic, a loss)
/// has none. The remaining axes are fixed when the graph is built.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Whether there is a row axis.
    pub rows: bool,
    /// The fixed axes, outermost first; empty for a scalar.
    pub dims: Vec<usize>,
}

impl Shape {
    /// A tensor with a row axis and `dims` after it.
    pub fn with_rows(dims: &[usize]) -> Self {
        Self { rows: true, dims: dims.to_vec() }
    }

    /// A tensor without a row axis.
    pub fn shared(dims: &[usize]) -> Self {
        Self { rows: false, dims: dims.to_vec() }
    }

    /// Values in one row, or in the whole of a shared tensor.
    pub fn width(&self) -> usize {
        self.dims.iter().product()
    }

    /// The shape of an elementwise operation on `self` and `other`: axes of length 1 stretch, as in NumPy.
    pub(crate) fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.dims.len().max(other.dims.len());
        let axis = |shape: &Self, i: usize| {
            let missing = rank - shape.dims.len();
            if i < missing { 1 } else { shape.dims[i - missing] }
        };
        let mut dims = Vec::with_capacity(rank);
        for i in 0..rank {
            dims.push(match (axis(self, i), axis(other, i)) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            });
        }
        Some(Self { rows: self.rows || other.rows, dims })
    }

    /// For each value of `target` (one row of it), the index of the value of `self` that it repeats.
    pub(crate) fn broadcast_index(&self, target: &Self) -> Vec<u32> {
        let rank = target.dims.len();
        let missing = rank - self.dims.len();
        let mut strides = vec![0usize; rank];
        let mut stride = 1;
        for i in (0..self.dims.len()).rev() {
            if self.dims[i] != 1 {
                strides[missing + i] = stride;
            }
            stride *= self.dims[i];
        }
        strided_index(&target.dims, &strides)
    }
}

/// The flat source index of every position of a row-major tensor of shape `dims`, given a source stride per axis.
pub(crate) fn strided_index(dims: &[usize], strides: &[usize]) -> Vec<u32> {
    let mut index = vec![0u32];
    for (&dim, &stride) in dims.iter().zip(strides) {
        index = index.iter().flat_map(|&base| (0..dim).map(move |i| base + (i * stride) as u32)).collect();
    }
    index
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        let rows = self.rows.then(|| "rows".to_string());
        let axes: Vec<String> = rows.into_iter().chain(self.dims.iter().map(usize::to_string)).collect();
        f.write_str(&axes.join(", "))?;
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_of_length_one_stretch() {
        let a = Shape::with_rows(&[3, 1]);
        let b = Shape::shared(&[4]);
        assert_eq!(a.broadcast(&b), Some(Shape::with_rows(&[3, 4])));
        assert_eq!(Shape::shared(&[2]).broadcast(&Shape::shared(&[3])), None);
        assert_eq!(Shape::shared(&[3, 1]).broadcast_index(&Shape::shared(&[3, 2])), [0, 0, 1, 1, 2, 2]);
        assert_eq!(Shape::shared(&[2]).broadcast_index(&Shape::shared(&[3, 2])), [0, 1, 0, 1, 0, 1]);
        assert_eq!(a.to_string(), "[rows, 3, 1]");
    }
}
