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

    /// The same values at each of `steps` steps: `[rows, steps, values]` from `[rows, values]`.
    pub fn repeat(self, steps: usize) -> Self {
        let Shape { rows, dims } = self.shape();
        let &[values] = dims.as_slice() else {
            return self.refuse("repeat", "one axis of values");
        };
        self.reshape(&[1, values]).broadcast(&Shape { rows, dims: vec![steps, values] })
    }

    /// The values of one step of `[rows, steps, values]`: `[rows, values]`.
    pub fn step(self, at: usize) -> Self {
        let dims = self.shape().dims;
        let &[_, values] = dims.as_slice() else {
            return self.refuse("step", "a sequence [rows, steps, values]");
        };
        self.slice(0, at, 1).reshape(&[values])
    }

    /// The convolution along time of `[rows, steps, c]` with shared weights `[taps, c, d]`: step `o` of the result
    /// `[rows, window.coarse, d]` is the sum over taps and channels of the steps below the window, `dilation` steps
    /// from tap to tap, times the weights.
    ///
    /// `window` counts steps as [`Window`] does: `before` is the number of steps by which the first tap of the first
    /// window begins before the first step, divided by the dilation. Dilated windows have stride 1 and as many steps
    /// out as in (van den Oord et al. 2016, "WaveNet").
    pub fn conv1d(self, weight: Self, window: Window, dilation: usize) -> Self {
        let (own, taps) = (self.shape(), weight.shape());
        let (&[steps, channels], &[kernel, _, d]) = (own.dims.as_slice(), taps.dims.as_slice()) else {
            return self.mismatch("conv1d", weight);
        };
        let same = window.stride == 1 && window.fine == window.coarse;
        if window.fine != steps || dilation == 0 || (dilation > 1 && !same) {
            return self.refuse(
                "conv1d",
                "as many steps as its window has and, dilated, stride 1 and as many steps out",
            );
        }
        if dilation == 1 {
            let one = Window { kernel: 1, stride: 1, before: 0, fine: 1, coarse: 1 };
            let image = self.reshape(&[1, steps, channels]);
            let filters = weight.reshape(&[1, kernel, channels, d]);
            return image.conv2d(filters, [one, window]).reshape(&[window.coarse, d]);
        }
        // Steps as an image of `dilation` columns: what is a dilation apart in time is one line apart in it, and taps
        // that follow each other down a column are the dilated ones.
        let lines = steps.div_ceil(dilation);
        let image = self.pad(0, 0, lines * dilation - steps).reshape(&[lines, dilation, channels]);
        let down = Window { fine: lines, coarse: lines, ..window };
        let across = Window { kernel: 1, stride: 1, before: 0, fine: dilation, coarse: dilation };
        let filters = weight.reshape(&[kernel, 1, channels, d]);
        image.conv2d(filters, [down, across]).reshape(&[lines * dilation, d]).slice(0, 0, steps)
    }
}
