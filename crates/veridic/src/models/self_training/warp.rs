//! Images turned, scaled, sheared and shifted by chance.

use rand_chacha::rand_core::Rng;

use crate::seed::uniform;

/// Where the value of each pixel is read: `(y, x)` from the middle at `(a y + b x + e, c y + d x + f)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Warp {
    matrix: [f32; 4],
    shift: [f32; 2],
}

impl Warp {
    /// One drawn evenly within ranges in the proportion of `strength`: at 1 turned by 0.3, scaled by `e^±0.18`, with sides in the
    /// proportion `e^±0.12`, sheared by 0.25, shifted by 0.09 of a side.
    pub(super) fn drawn(random: &mut impl Rng, strength: f32, [height, width, _]: [usize; 3]) -> Self {
        let mut within = |most: f32| (uniform(random) as f32 * 2.0 - 1.0) * most * strength;
        let (turn, scale, shear) = (within(0.3), within(0.18).exp(), within(0.25));
        let sides = within(0.12).exp();
        let (sine, cosine) = turn.sin_cos();
        let matrix = [
            (cosine + shear * sine) * scale / sides,
            sine * scale / sides,
            (shear * cosine - sine) * scale,
            cosine * scale * sides,
        ];
        Self { matrix, shift: [within(0.09) * height as f32, within(0.09) * width as f32] }
    }

    /// Reads `image`, height x width x channels, with bilinear weights into `out`; what lies outside is 0.
    pub(super) fn apply(&self, image: &[f32], [height, width, channels]: [usize; 3], out: &mut [f32]) {
        let [a, b, c, d] = self.matrix;
        let (middle_y, middle_x) = ((height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0);
        let at = |y: isize, x: isize, channel: usize| {
            let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
            if inside { image[(y as usize * width + x as usize) * channels + channel] } else { 0.0 }
        };
        for (i, pixel) in out.chunks_exact_mut(channels).enumerate() {
            let (y, x) = ((i / width) as f32 - middle_y, (i % width) as f32 - middle_x);
            let from_y = a * y + b * x + self.shift[0] + middle_y;
            let from_x = c * y + d * x + self.shift[1] + middle_x;
            let (top, left) = (from_y.floor(), from_x.floor());
            let (fy, fx) = (from_y - top, from_x - left);
            let (top, left) = (top as isize, left as isize);
            for (channel, value) in pixel.iter_mut().enumerate() {
                let above = at(top, left, channel) * (1.0 - fx) + at(top, left + 1, channel) * fx;
                let below = at(top + 1, left, channel) * (1.0 - fx) + at(top + 1, left + 1, channel) * fx;
                *value = above * (1.0 - fy) + below * fy;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn no_strength_leaves_an_image_as_it_is() {
        let dims = [3, 4, 2];
        let image: Vec<f32> = (0..24).map(|v| v as f32).collect();
        let mut out = vec![0.0; 24];
        Warp::drawn(&mut Seed(1).stream("warp"), 0.0, dims).apply(&image, dims, &mut out);
        assert_eq!(out, image);
    }

    #[test]
    fn a_quarter_turn_and_a_shift_move_pixels_where_they_should() {
        let image = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let mut out = [0.0; 9];
        // The value at (0, 1) is read from (-1, 0): a quarter to the right.
        let turn = Warp { matrix: [0.0, -1.0, 1.0, 0.0], shift: [0.0, 0.0] };
        turn.apply(&image, [3, 3, 1], &mut out);
        assert_eq!(out, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        let shift = Warp { matrix: [1.0, 0.0, 0.0, 1.0], shift: [0.0, 0.5] };
        shift.apply(&image, [3, 3, 1], &mut out);
        assert_eq!(out, [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn stronger_warps_move_more() {
        let moved = |strength: f32| -> f32 {
            let mut random = Seed(1).stream("warp");
            (0..100)
                .map(|_| {
                    let warp = Warp::drawn(&mut random, strength, [28, 28, 1]);
                    warp.matrix.iter().zip([1.0, 0.0, 0.0, 1.0]).map(|(m, one)| (m - one).abs()).sum::<f32>()
                })
                .sum()
        };
        assert!(moved(0.5) < moved(1.0) && moved(1.0) < moved(2.0));
    }
}
