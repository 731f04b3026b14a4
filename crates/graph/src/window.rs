//! Where the windows of a convolution lie.
//!
//! A convolution has a *fine* side, which windows move over, and a *coarse* side with one place a window. Ordinary
//! convolution goes from fine to coarse, transposed convolution from coarse to fine, and both share one form: the sum
//! over places `o`, taps `t` and channels of `fine[o * stride + t - before] * weight[t] * coarse[o]`, linear in each
//! of the three, whose partial derivatives are the three operations. Arithmetic as in Dumoulin and Visin (2016), "A
//! guide to convolution arithmetic for deep learning".

use std::ops::Range;

/// One axis of a convolution: place `o` of the coarse side sees places `o * stride + t - before` of the fine side for
/// `t` below `kernel`; what lies outside is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Taps, at least 1.
    pub kernel: usize,
    /// Fine places from one window to the next, at least 1.
    pub stride: usize,
    /// Fine places the first window begins before the first place.
    pub before: usize,
    /// Places of the fine side.
    pub fine: usize,
    /// Places of the coarse side.
    pub coarse: usize,
}

impl Window {
    /// The window that gives `fine / stride` places, rounded up, with padding on both sides (one more after than before
    /// where it is odd), as `same` in Keras.
    ///
    /// For a transposed convolution of `n` places to `n * stride`, ask for `fine = n * stride`.
    pub fn same(fine: usize, kernel: usize, stride: usize) -> Self {
        let coarse = fine.div_ceil(stride.max(1));
        let padding = (coarse.max(1) - 1) * stride + kernel;
        Self { kernel, stride, before: padding.saturating_sub(fine) / 2, fine, coarse }
    }

    /// The window without padding; none fits when the kernel is larger than the fine side.
    pub fn valid(fine: usize, kernel: usize, stride: usize) -> Option<Self> {
        let coarse = fine.checked_sub(kernel)? / stride.max(1) + 1;
        Some(Self { kernel, stride, before: 0, fine, coarse })
    }

    /// The window of the transposed convolution that equals repeating each of `n` places `times` times, then a
    /// convolution of stride 1 with `kernel` taps and `same` padding; see [`crate::Expr::upsample_conv2d`].
    pub(crate) fn upsampled(n: usize, kernel: usize, times: usize) -> Self {
        // Before the rewrite tap t of place o sees place (o + t - before) / times. As a transposed convolution, place
        // i reaches place o by tap o - i * times + p, and the smallest such tap is 0 for this p.
        let p = kernel - 1 - (kernel - 1) / 2;
        Self { kernel: kernel + times - 1, stride: times, before: p, fine: n * times, coarse: n }
    }

    /// For stride 1: the window of the transposed convolution with flipped taps that equals the convolution.
    fn mirrored(&self) -> Option<Self> {
        let before = (self.kernel - 1).checked_sub(self.before)?;
        (self.stride == 1).then_some(Self { before, fine: self.coarse, coarse: self.fine, ..*self })
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.kernel > 0 && self.stride > 0 && self.fine > 0 && self.coarse > 0
    }

    /// The taps of coarse place `o` that fall on a fine place, and the fine place of the first of them.
    pub(crate) fn taps(&self, o: usize) -> (Range<usize>, usize) {
        let at = o * self.stride;
        let start = self.before.saturating_sub(at).min(self.kernel);
        let end = (self.fine + self.before).saturating_sub(at).min(self.kernel).max(start);
        (start..end, (at + start).saturating_sub(self.before))
    }

    /// The coarse places that see fine place `i`, and the tap by which the first of them does.
    pub(crate) fn seen_by(&self, i: usize) -> (Range<usize>, usize) {
        let at = i + self.before;
        let start = (at + 1).saturating_sub(self.kernel).div_ceil(self.stride);
        let end = (at / self.stride + 1).min(self.coarse).max(start);
        (start..end, at.saturating_sub(start * self.stride))
    }

    /// The taps in the order in which neighboring coarse places meet a fine place: descending in steps of the stride.
    pub(crate) fn descending(&self) -> Vec<usize> {
        let of_phase = |phase: usize| (phase..self.kernel).step_by(self.stride).collect::<Vec<_>>();
        (0..self.stride.min(self.kernel)).flat_map(|phase| of_phase(phase).into_iter().rev()).collect()
    }
}

/// Both axes of a convolution with its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Geometry {
    /// Down, then across.
    pub(crate) axes: [Window; 2],
    /// Channels of the fine side.
    pub(crate) fine_channels: usize,
    /// Channels of the coarse side.
    pub(crate) coarse_channels: usize,
    /// Images that a row of the batch holds.
    pub(crate) images: usize,
}

/// With fewer channels than this on the fine side, taps and channels together are one side of a product.
const NARROW: usize = 8;

impl Geometry {
    /// Taps of both axes.
    pub(crate) fn taps(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }

    /// Places of the fine side.
    pub(crate) fn fine_places(&self) -> usize {
        self.axes[0].fine * self.axes[1].fine
    }

    /// Places of the coarse side.
    pub(crate) fn coarse_places(&self) -> usize {
        self.axes[0].coarse * self.axes[1].coarse
    }

    /// Values of the fine side of an image.
    pub(crate) fn fine_width(&self) -> usize {
        self.fine_places() * self.fine_channels
    }

    /// Values of the coarse side of an image.
    pub(crate) fn coarse_width(&self) -> usize {
        self.coarse_places() * self.coarse_channels
    }

    /// Whether the fine side has too few channels to be a side of a product alone.
    pub(crate) fn is_narrow(&self) -> bool {
        self.fine_channels < NARROW
    }

    /// The windows of the transposed convolution that equals this convolution with flipped taps, if that has its few
    /// channels on the better side.
    pub(crate) fn mirrored(&self) -> Option<[Window; 2]> {
        let better = self.coarse_channels < NARROW && !self.is_narrow();
        let [down, across] = self.axes.map(|window| window.mirrored());
        better.then_some([down?, across?])
    }

    /// Products of a row of the batch, those with padding included.
    pub(crate) fn products(&self) -> usize {
        self.images * self.coarse_width() * self.taps() * self.fine_channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All (fine, coarse, tap) triples, by definition.
    fn triples(window: &Window) -> Vec<(usize, usize, usize)> {
        let mut all = Vec::new();
        for i in 0..window.fine {
            for o in 0..window.coarse {
                for t in 0..window.kernel {
                    if i + window.before == o * window.stride + t {
                        all.push((i, o, t));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn both_ways_of_listing_pairs_agree_with_the_definition() {
        for (fine, kernel, stride, before, coarse) in [
            (14, 5, 2, 1, 7),
            (7, 3, 1, 1, 7),
            (5, 2, 3, 0, 2),
            (3, 5, 2, 2, 2),
            (6, 1, 2, 0, 3),
            (4, 7, 1, 5, 9),
        ] {
            let window = Window { kernel, stride, before, fine, coarse };
            let mut want = triples(&window);
            let mut by_coarse: Vec<_> = (0..coarse)
                .flat_map(|o| {
                    let (taps, first) = window.taps(o);
                    taps.enumerate().map(move |(j, t)| (first + j, o, t))
                })
                .collect();
            by_coarse.sort_unstable();
            want.sort_unstable();
            assert_eq!(by_coarse, want, "{window:?}");
            let by_fine: Vec<_> = (0..fine)
                .flat_map(|i| {
                    let (places, tap) = window.seen_by(i);
                    places.enumerate().map(move |(j, o)| (i, o, tap - j * stride))
                })
                .collect();
            assert_eq!(by_fine, want, "{window:?}");
        }
    }

    #[test]
    fn same_padding_is_that_of_keras() {
        assert_eq!(Window::same(28, 5, 2), Window { kernel: 5, stride: 2, before: 1, fine: 28, coarse: 14 });
        assert_eq!(Window::same(28, 3, 1), Window { kernel: 3, stride: 1, before: 1, fine: 28, coarse: 28 });
        assert_eq!(Window::valid(5, 3, 2).map(|window| window.coarse), Some(2));
        assert_eq!(Window::valid(2, 3, 1), None);
    }

    #[test]
    fn taps_of_one_phase_follow_each_other() {
        assert_eq!(Window::same(14, 5, 2).descending(), [4, 2, 0, 3, 1]);
        assert_eq!(Window::same(14, 3, 1).descending(), [2, 1, 0]);
        assert_eq!(Window::same(14, 2, 3).descending(), [0, 1]);
    }
}
