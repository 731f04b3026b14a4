//! Images turned, slanted, stretched and moved a little, which leaves what they show.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Graph, Shape};

/// How much images are warped, all of a batch alike and each batch anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WarpConfig {
    /// Degrees that they are turned by at most, to either side, 0 to 90.
    pub rotation: f32,
    /// How far a line is moved against the next one at most, to either side, as a share of their distance, 0 to 1.
    pub shear: f32,
    /// How much larger or smaller they become at most, 0 to 1; height and width apart.
    pub scale: f32,
    /// Pixels that they are moved by at most, to any side, 0 to 1000.
    pub shift: f32,
}

impl Default for WarpConfig {
    fn default() -> Self {
        Self { rotation: 15.0, shear: 0.2, scale: 0.2, shift: 2.0 }
    }
}

/// Most pixels of an image that is warped: a warp is a matrix of pixels by pixels.
pub(super) const MOST_PIXELS: usize = 4096;

impl WarpConfig {
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        [
            ("info.warp.rotation", self.rotation, 90.0, "0 to 90"),
            ("info.warp.shear", self.shear, 1.0, "0 to 1"),
            ("info.warp.scale", self.scale, 1.0, "0 to 1"),
            ("info.warp.shift", self.shift, 1000.0, "0 to 1000"),
        ]
        .into_iter()
        .find(|(_, value, most, _)| !(0.0..=*most).contains(value))
        .map(|(field, value, _, allowed)| (field, value.to_string(), allowed))
    }

    /// The matrix by which images of `h` x `w` pixels are multiplied, `[h w, h w]`: each column has the shares of the four
    /// pixels between which a pixel of the result lies (bilinear). Beyond the edge is what is at the edge.
    pub(super) fn drawn<'g>(&self, graph: &'g Graph, [h, w]: [usize; 2]) -> Expr<'g> {
        let within = |most: f32| (graph.uniform(&Shape::shared(&[])) * 2.0 - 1.0) * most;
        // Of a tangent of half the angle, sine and cosine are rational.
        let t = within((self.rotation.to_radians() / 2.0).tan());
        let (cosine, sine) = ((-t.square() + 1.0) / (t.square() + 1.0), t * 2.0 / (t.square() + 1.0));
        let shear = within(self.shear);
        let grow = (1.0 + self.scale).ln();
        let (tall, wide) = (within(grow).exp(), within(grow).exp());
        let (down, right) = (within(self.shift), within(self.shift));
        let middle = |n: usize| (n as f32 - 1.0) / 2.0;
        let y = counted(graph, h).reshape(&[h, 1]) - middle(h);
        let x = counted(graph, w).reshape(&[1, w]) - middle(w) + y * shear;
        let from = |at: Expr<'g>, n: usize| (at + middle(n)).clamp(0.0, n as f32 - 1.0).reshape(&[1, h * w]);
        let from_y = from((y * cosine - x * sine) * tall + down, h);
        let from_x = from((y * sine + x * cosine) * wide + right, w);
        let share = |at: Expr<'g>, n: usize| (-(at - counted(graph, n).reshape(&[n, 1])).abs() + 1.0).relu();
        let (of_y, of_x) =
            (share(from_y, h).reshape(&[h, 1, h * w]), share(from_x, w).reshape(&[1, w, h * w]));
        (of_y * of_x).reshape(&[h * w, h * w])
    }
}

/// Images `[.., h, w, channels]` warped by a matrix of [`WarpConfig::drawn`].
pub(super) fn warped<'g>(images: Expr<'g>, by: Expr<'g>) -> Expr<'g> {
    let dims = images.shape().dims;
    let Some((lead, &[h, w, channels])) = dims.split_last_chunk::<3>() else { return images };
    let n = lead.len();
    // Channels first, pixels last.
    let order: Vec<usize> = (0..n).chain([n + 1, n]).collect();
    let by_channel = images.reshape(&[lead, &[h * w, channels]].concat()).permute(&order);
    by_channel.matmul(by).permute(&order).reshape(&dims)
}

/// 0, 1, 2, … of shape `[n]`.
fn counted(graph: &Graph, n: usize) -> Expr<'_> {
    let each: Vec<Expr<'_>> = (0..n).map(|i| graph.constant(i as f32).reshape(&[1])).collect();
    graph.concat(&each, 0)
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Pool, States};

    use super::*;

    const STILL: WarpConfig = WarpConfig { rotation: 0.0, shear: 0.0, scale: 0.0, shift: 0.0 };

    /// Images of 5 x 4 pixels and 2 channels as they come out, and the matrix.
    fn of(config: WarpConfig, images: &[f32], seed: u64) -> (Vec<f32>, Vec<f32>) {
        let graph = Graph::new();
        let x = graph.rows("x", &[5, 4, 2]);
        let by = config.drawn(&graph, [5, 4]);
        let mut plan = graph.compile(&[warped(x, by), by], &[]).unwrap();
        let mut states = States::new(&graph, 3);
        let draw = Draw { seed, step: 0 };
        plan.run(&mut Pool::new(1), &mut states, &[Feed::Rows(images)], images.len() / 40, draw).unwrap();
        (plan.output(0).to_vec(), plan.output(1).to_vec())
    }

    fn images() -> Vec<f32> {
        (0..80).map(|i| ((i * 29) % 17) as f32 - 8.0).collect()
    }

    #[test]
    fn a_warp_by_nothing_changes_nothing() {
        let (warped, _) = of(STILL, &images(), 1);
        let furthest = warped.iter().zip(images()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-5, "{furthest}");
    }

    #[test]
    fn every_pixel_is_a_mean_of_pixels() {
        let wild = WarpConfig { rotation: 90.0, shear: 1.0, scale: 1.0, shift: 9.0 };
        for seed in 0..20 {
            let (warped, by) = of(wild, &images(), seed);
            for pixel in 0..20 {
                let shares: Vec<f32> = (0..20).map(|from| by[from * 20 + pixel]).collect();
                assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{shares:?}");
                assert!(shares.iter().all(|share| *share >= 0.0), "{shares:?}");
                assert!(shares.iter().filter(|share| **share > 0.0).count() <= 4, "{shares:?}");
                // Channels do not mix.
                let want: f32 = shares.iter().zip(images().chunks(2)).map(|(share, p)| share * p[1]).sum();
                assert!((warped[pixel * 2 + 1] - want).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_shift_moves_images_and_repeats_their_edge() {
        // Lines that rise by 3 to the right are moved by the same everywhere but at the edges.
        let ramp: Vec<f32> = (0..40).map(|i| (i / 2 % 4) as f32 * 3.0).collect();
        let shifts: Vec<f32> = (0..20)
            .map(|seed| {
                let (warped, _) = of(WarpConfig { shift: 0.9, ..STILL }, &ramp, seed);
                let by = warped[2] - ramp[2];
                let line: Vec<f32> = (0..4).map(|i| (ramp[i * 2] + by).clamp(0.0, 9.0)).collect();
                for (i, value) in warped.iter().enumerate() {
                    assert!((value - line[i / 2 % 4]).abs() < 1e-4, "{warped:?} {line:?}");
                }
                by
            })
            .collect();
        assert!(shifts.iter().all(|by| by.abs() <= 2.7 + 1e-4), "{shifts:?}");
        assert!(shifts.iter().any(|by| *by < -0.5) && shifts.iter().any(|by| *by > 0.5), "{shifts:?}");
    }
}
