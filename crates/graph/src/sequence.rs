//! What sequences `[rows, steps, values]` need beside a recurrent layer.

use crate::expr::Expr;
use crate::op::Op;
use crate::shape::Shape;
use crate::window::Window;

impl<'g> Expr<'g> {
    /// An axis from its end to its beginning: time running backwards.
    pub fn reverse(self, axis: usize) -> Self {
        let shape = self.shape();
        if axis >= shape.dims.len() {
            return self.refuse("reverse", "an axis that is there");
        }
        if shape.dims[axis] == 1 {
            return self;
        }
        self.graph.node(Op::Reverse(self.id, axis), shape)
    }

    /// The same values at each of `steps` steps: `[rows, steps, values]` from `[rows, values]`. Axes before the values
    /// are kept, here and below.
    pub fn repeat(self, steps: usize) -> Self {
        let Shape { rows, dims } = self.shape();
        let Some((&values, before)) = dims.split_last() else {
            return self.refuse("repeat", "an axis of values");
        };
        let dims = [before, &[steps, values]].concat();
        self.reshape(&[before, &[1, values]].concat()).broadcast(&Shape { rows, dims })
    }

    /// The values of one step of `[rows, steps, values]`: `[rows, values]`.
    pub fn step(self, at: usize) -> Self {
        let dims = self.shape().dims;
        let Some((before, &[_, values])) = dims.split_last_chunk::<2>() else {
            return self.refuse("step", "a sequence [rows, steps, values]");
        };
        self.slice(before.len(), at, 1).reshape(&[before, &[values]].concat())
    }

    /// The convolution along time of `[rows, steps, c]` with shared weights `[taps, c, d]`: step `o` of the result
    /// `[rows, window.coarse, d]` is the sum over taps `t` and channels of step `o * stride + (t - before) * dilation`
    /// times the weights, where `window` gives stride and `before`.
    ///
    /// A dilation above 1 (van den Oord et al. 2016, "WaveNet") is for windows of stride 1 with as many steps out as in.
    pub fn conv1d(self, weight: Self, window: Window, dilation: usize) -> Self {
        let (own, taps) = (self.shape(), weight.shape());
        let (Some((before, &[steps, channels])), &[kernel, c, d]) =
            (own.dims.split_last_chunk::<2>(), taps.dims.as_slice())
        else {
            return self.mismatch("conv1d", weight);
        };
        if c != channels || kernel != window.kernel {
            return self.mismatch("conv1d", weight);
        }
        let shaped = |dims: &[usize]| [before, dims].concat();
        let same = window.stride == 1 && window.fine == window.coarse;
        if window.fine != steps || dilation == 0 || (dilation > 1 && !same) {
            return self.refuse(
                "conv1d",
                "as many steps as its window has and, dilated, stride 1 and as many steps out as in",
            );
        }
        if dilation == 1 {
            let one = Window { kernel: 1, stride: 1, before: 0, fine: 1, coarse: 1 };
            let image = self.reshape(&shaped(&[1, steps, channels]));
            let filters = weight.reshape(&[1, kernel, channels, d]);
            return image.conv2d(filters, [one, window]).reshape(&shaped(&[window.coarse, d]));
        }
        // Steps as an image of `dilation` columns: what is a dilation apart in time is one line apart in it, and taps
        // that follow each other down a column are the dilated ones.
        let lines = steps.div_ceil(dilation);
        let image = self.pad(before.len(), 0, lines * dilation - steps);
        let down = Window { fine: lines, coarse: lines, ..window };
        let across = Window { kernel: 1, stride: 1, before: 0, fine: dilation, coarse: dilation };
        let filters = weight.reshape(&[kernel, 1, channels, d]);
        let found = image.reshape(&shaped(&[lines, dilation, channels])).conv2d(filters, [down, across]);
        found.reshape(&shaped(&[lines * dilation, d])).slice(before.len(), 0, steps)
    }
}
