//! Convolutions of images `[rows, height, width, channels]`; axes before the height are kept, each with images of its
//! own: `[rows, n, height, width, channels]`.

use crate::error::GraphError;
use crate::expr::Expr;
use crate::op::Op;
use crate::shape::Shape;
use crate::window::{Geometry, Window};

impl<'g> Expr<'g> {
    /// The convolution of `[rows, h, w, c]` with shared weights `[kh, kw, c, d]`: place `o` of the result
    /// `[rows, oh, ow, d]` is the sum over taps and channels of `self` below the window times the weights (not
    /// flipped, as everywhere in deep learning). `windows` are down, then across.
    ///
    /// Of stride 1 to few channels it is computed as the transposed convolution it equals, which is faster.
    pub fn conv2d(self, weight: Self, windows: [Window; 2]) -> Self {
        let Some(geometry) = self.geometry("conv2d", weight, windows, |c, d| (c, d)) else {
            return self;
        };
        let [down, across] = windows;
        let Some((lead, sides)) = self.image() else {
            return self;
        };
        if sides[..2] != [down.fine, across.fine] {
            return self.refuse("conv2d", "as many places as the fine side of its windows has");
        }
        if let Some(mirrored) = geometry.mirrored() {
            let flipped = weight.permute(&[0, 1, 3, 2]).flipped_sums(0, 1).flipped_sums(1, 1);
            return self.conv2d_transposed(flipped, mirrored);
        }
        let dims = [&lead[..], &[down.coarse, across.coarse, geometry.coarse_channels]].concat();
        self.graph.node(Op::Conv { x: self.id, w: weight.id, geometry }, Shape::with_rows(&dims))
    }

    /// The transposed convolution of `[rows, oh, ow, d]` with shared weights `[kh, kw, c, d]`: the adjoint of
    /// [`Self::conv2d`], which gives `[rows, h, w, c]`. The weights are those of the convolution it transposes (the
    /// layout of Keras' `Conv2DTranspose`).
    pub fn conv2d_transposed(self, weight: Self, windows: [Window; 2]) -> Self {
        let Some(geometry) = self.geometry("conv2d_transposed", weight, windows, |c, d| (d, c)) else {
            return self;
        };
        let [down, across] = windows;
        let Some((lead, sides)) = self.image() else {
            return self;
        };
        if sides[..2] != [down.coarse, across.coarse] {
            return self.refuse("conv2d_transposed", "as many places as the coarse side of its windows has");
        }
        let dims = [&lead[..], &[down.fine, across.fine, geometry.fine_channels]].concat();
        self.graph.node(Op::ConvTransposed { y: self.id, w: weight.id, geometry }, Shape::with_rows(&dims))
    }

    /// The gradient of [`Self::conv2d`] by its weights: the sum over rows and places of `self` (`[rows, h, w, c]`)
    /// below the window times `y` (`[rows, oh, ow, d]`), `[kh, kw, c, d]`.
    pub(crate) fn conv2d_weight(self, y: Self, geometry: Geometry) -> Self {
        let [down, across] = geometry.axes;
        let dims = [down.kernel, across.kernel, geometry.fine_channels, geometry.coarse_channels];
        self.graph.node(Op::ConvWeight { x: self.id, y: y.id, geometry }, Shape::shared(&dims))
    }

    /// Each place of `[rows, h, w, c]` repeated `times` times down and across (nearest-neighbor upsampling).
    pub fn upsample(self, times: usize) -> Self {
        let Some((lead, [h, w, c])) = self.image() else {
            return self.refuse("upsample", "an image [rows, height, width, channels]");
        };
        let rows = self.shape().rows;
        let apart = self.reshape(&[&lead[..], &[h, 1, w, 1, c]].concat());
        let dims = [&lead[..], &[h, times, w, times, c]].concat();
        apart.broadcast(&Shape { rows, dims }).reshape(&[&lead[..], &[h * times, w * times, c]].concat())
    }

    /// The largest of each `size` x `size` places of `[rows, h, w, c]`, without overlap; places beyond the last whole
    /// window are left out, as with `valid` padding. Ties share the gradient.
    pub fn max_pool2d(self, size: usize) -> Self {
        self.windows("max_pool2d", size).map_or(self, |(windows, dims)| {
            let down = dims.len() - 2;
            windows.max_over(down + 2).max_over(down).reshape(&dims)
        })
    }

    /// The mean of each `size` x `size` places, as [`Self::max_pool2d`].
    pub fn mean_pool2d(self, size: usize) -> Self {
        self.windows("mean_pool2d", size).map_or(self, |(windows, dims)| {
            let down = dims.len() - 2;
            windows.sum(down + 2).sum(down).reshape(&dims) * (1.0 / (size * size) as f32)
        })
    }

    /// `[rows, h, w, c]` as `[rows, h / size, size, w / size, size, c]`, and the axes of one value a window.
    fn windows(self, op: &'static str, size: usize) -> Option<(Self, Vec<usize>)> {
        let (Some((lead, [h, w, c])), true) = (self.image(), size > 0) else {
            self.refuse(op, "an image [rows, height, width, channels] and a window of at least 1");
            return None;
        };
        let (down, across) = (h / size, w / size);
        if down == 0 || across == 0 {
            self.refuse(op, "an image of at least one window");
            return None;
        }
        let whole = self.slice(lead.len(), 0, down * size).slice(lead.len() + 1, 0, across * size);
        let dims = [&lead[..], &[down, size, across, size, c]].concat();
        Some((whole.reshape(&dims), [&lead[..], &[down, across, c]].concat()))
    }

    /// [`Self::upsample`] followed by a convolution of stride 1 and `same` padding, with weights `[kh, kw, c, d]`.
    ///
    /// Computed as the transposed convolution of stride `times` it equals, whose taps are sums of the given ones: for
    /// `times` 2 and 5 taps, `w6[t] = w5[4 - t] + w5[5 - t]` along each axis. That takes 36 products where the plain
    /// form takes 100.
    pub fn upsample_conv2d(self, weight: Self, times: usize) -> Self {
        let taps = weight.shape().dims;
        let (Some((_, [h, w, _])), &[kh, kw, _, _], true) = (self.image(), taps.as_slice(), times > 0) else {
            return self.mismatch("upsample_conv2d", weight);
        };
        let windows = [Window::upsampled(h, kh, times), Window::upsampled(w, kw, times)];
        // What this computes from is the coarse side, so channels in and out change places.
        let merged = weight.permute(&[0, 1, 3, 2]).flipped_sums(0, times).flipped_sums(1, times);
        self.conv2d_transposed(merged, windows)
    }

    /// `out[u] = sum over r below times of self[n - 1 - u + r]` along an axis of length `n`, `n + times - 1` long.
    fn flipped_sums(self, axis: usize, times: usize) -> Self {
        let n = self.shape().dims[axis];
        let flipped: Vec<Self> = (0..n).rev().map(|t| self.slice(axis, t, 1)).collect();
        let flipped = self.graph.concat(&flipped, axis);
        let shifted = (0..times).map(|r| flipped.pad(axis, r, times - 1 - r));
        shifted.reduce(|sum, part| sum + part).unwrap_or(flipped)
    }

    /// The geometry of an image and weights; `order` puts the weights' channels as (channels of `self`, others).
    fn geometry(
        self,
        op: &'static str,
        weight: Self,
        windows: [Window; 2],
        order: impl Fn(usize, usize) -> (usize, usize),
    ) -> Option<Geometry> {
        let (image, taps) = (self.shape(), weight.shape());
        let fits = match (self.image(), taps.dims.as_slice()) {
            (Some((_, [_, _, channels])), &[kh, kw, c, d]) => {
                let kernels = [kh, kw] == [windows[0].kernel, windows[1].kernel];
                image.rows && !taps.rows && kernels && order(c, d).0 == channels && c > 0 && d > 0
            }
            _ => false,
        };
        if !fits || weight.is_foreign(self.graph) || !windows.iter().all(Window::is_sound) {
            if weight.is_foreign(self.graph) {
                self.graph.fail(GraphError::Foreign { op });
            } else {
                self.graph.fail(GraphError::Mismatch { op, left: image, right: taps });
            }
            return None;
        }
        let images = image.dims[..image.dims.len() - 3].iter().product();
        Some(Geometry { axes: windows, fine_channels: taps.dims[2], coarse_channels: taps.dims[3], images })
    }

    /// The axes before an image, and its height, width and channels.
    fn image(self) -> Option<(Vec<usize>, [usize; 3])> {
        let dims = self.shape().dims;
        let (lead, image) = dims.split_last_chunk::<3>()?;
        Some((lead.to_vec(), *image))
    }
}
