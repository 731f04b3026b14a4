//! Repulsion on a grid: the potential `Φ(y) = Σ_j (1 + |y - y_j|²/α)^(-(α+1)/2)` by fast Fourier transforms.
//!
//! Points are spread to a grid by cubic B-splines, the grid is convolved with the kernel, and potential and gradient
//! are read off the same splines at the points (smooth particle mesh: Essmann et al., J. Chem. Phys. 103 (1995), with
//! this kernel). The repulsion of a point is `-½ ∇Φ`, so a map needs one convolution where interpolation of the forces
//! (Linderman et al., Nature Methods 16 (2019)) needs four.

use std::sync::Arc;

use rayon::prelude::*;
use veridic_fourier::{Complex, ComplexToReal, Fft, Planner, RealToComplex};

use super::kernel::Tails;
use super::{POINTS, Point};

/// Widest distance between nodes; the kernel is one wide. Half of it halves neither time nor divergence.
const SPACING: f64 = 0.3;

/// The grid is made finer, up to a sixteenth, until the map is so many nodes wide.
const LEAST_NODES: f64 = 32.0;

/// Nodes that a spline reaches: one before the cell of a point, and three after.
const SPLINE: usize = 4;

/// Nodes by which a transform is longer than twice the map, so that the kink where its ends meet is out of reach.
const MARGIN: usize = 8;

/// Rows of the grid that are spread and transformed as one piece of work.
const ROWS: usize = 16;

/// Columns of the spectrum that are transformed as one piece of work: a cache line.
const COLUMNS: usize = 8;

/// The grid, its transforms, and the transformed kernel.
pub(super) struct Grid {
    tails: Tails,
    planner: Planner,
    plan: Option<Plan>,
    /// Those that were needed so far.
    images: Vec<Image>,
}

/// What a lone point sees of itself, by its place `t` in the cell; the kernel itself is 1, without a slope.
#[derive(Debug, Clone, Copy)]
struct Image {
    spacing: f64,
    /// The mean potential.
    value: f32,
    /// The force is `first sin(2πt) + second sin(4πt)` along each axis: what follows is a hundredth of it.
    first: f32,
    second: f32,
}

/// What stays the same while the map stays as wide.
struct Plan {
    spacing: f64,
    /// Lengths of the transforms.
    width: usize,
    height: usize,
    along: Arc<dyn RealToComplex<f32>>,
    back_along: Arc<dyn ComplexToReal<f32>>,
    across: Arc<dyn Fft<f32>>,
    back_across: Arc<dyn Fft<f32>>,
    /// The transformed kernel, column by column of the spectrum, `height / 2 + 1` values each; it is even.
    kernel: Vec<f32>,
}

/// Where the map lies on the grid.
#[derive(Debug, Clone, Copy)]
struct Frame {
    low: [f64; 2],
    spacing: f64,
    /// Nodes in use.
    columns: usize,
    rows: usize,
}

/// Where a point lies: the first of its nodes, and its place in the cell, 0 to 1.
struct Place {
    column: usize,
    row: usize,
    x: f32,
    y: f32,
}

impl Grid {
    pub(super) fn new(tails: Tails) -> Self {
        Self { tails, planner: Planner::new(), plan: None, images: Vec::new() }
    }

    /// Writes the repulsion of each point and returns `Z = Σ_{i≠j} w_ij`; nothing where the map is too wide for a grid.
    pub(super) fn repulse(&mut self, points: &[Point], repulsion: &mut [Point]) -> Option<f64> {
        let frame = Frame::new(points)?;
        let image = self.image(frame.spacing);
        let rows = by_row(points, &frame);
        let plan = self.plan(&frame);
        let potential = plan.potential(points, &frame, &rows);
        let sums: Vec<f64> = points
            .par_chunks(POINTS)
            .zip(repulsion.par_chunks_mut(POINTS))
            .map(|(points, repulsion)| {
                let mut sum = 0.0;
                for (point, out) in points.iter().zip(repulsion) {
                    let place = frame.place(*point);
                    let (value, force) = read(&potential, &frame, &place);
                    let own = [image.force(place.x), image.force(place.y)];
                    sum += f64::from(value);
                    *out = [force[0] - own[0], force[1] - own[1]];
                }
                sum
            })
            .collect();
        // Forces between pairs cancel; what interpolation leaves of their sum would push the whole map.
        let mean = super::mean(repulsion);
        repulsion.iter_mut().for_each(|force| *force = [force[0] - mean[0], force[1] - mean[1]]);
        Some(sums.iter().sum::<f64>() - points.len() as f64 * f64::from(image.value))
    }

    /// Without it, the force of a point on itself is most of the error of a sparse map.
    fn image(&mut self, spacing: f64) -> Image {
        if let Some(image) = self.images.iter().find(|image| image.spacing == spacing) {
            return *image;
        }
        let frame = Frame { low: [0.0; 2], spacing, columns: 2 * SPLINE, rows: 2 * SPLINE };
        let plan = self.plan(&frame);
        let lone = |x: f64, y: f64| {
            let point = [(x * spacing) as f32, (y * spacing) as f32];
            let potential = plan.potential(&[point], &frame, &by_row(&[point], &frame));
            read(&potential, &frame, &frame.place(point))
        };
        let (value, [first, _]) = lone(1.25, 1.25);
        let (_, [force, _]) = lone(1.125, 1.25);
        let image = Image { spacing, value, first, second: force - first * std::f32::consts::FRAC_1_SQRT_2 };
        self.images.push(image);
        image
    }

    fn plan(&mut self, frame: &Frame) -> &Plan {
        let (width, height) = (length(frame.columns), length(frame.rows));
        let fits = |plan: &Plan| (plan.spacing, plan.width, plan.height) == (frame.spacing, width, height);
        if !self.plan.as_ref().is_some_and(fits) {
            let mut plan = Plan {
                spacing: frame.spacing,
                width,
                height,
                along: self.planner.real(width),
                back_along: self.planner.real_inverse(width),
                across: self.planner.complex(height),
                back_across: self.planner.complex_inverse(height),
                kernel: Vec::new(),
            };
            plan.kernel = plan.transformed(self.tails);
            self.plan = Some(plan);
        }
        self.plan.as_ref().expect("a plan was just made")
    }
}

impl Image {
    #[inline]
    fn force(self, t: f32) -> f32 {
        let (sine, cosine) = (sine(t), sine(t + 0.25));
        sine * (self.first + 2.0 * self.second * cosine)
    }
}

/// `sin(2πt)` to five digits for t from 0 to 1.25.
#[inline]
fn sine(t: f32) -> f32 {
    // Half a turn on the sign changes: u is within -1/2 to 1/2 of a half turn, and |u| folds at a quarter.
    let turn = if t > 0.75 { t - 1.0 } else { t };
    let folded = if turn > 0.25 { 0.5 - turn } else { turn };
    let angle = std::f32::consts::TAU * folded;
    let square = angle * angle;
    angle
        * (1.0
            + square * (-1.0 / 6.0 + square * (1.0 / 120.0 - square * (1.0 / 5040.0 - square / 362_880.0))))
}

impl Frame {
    /// The frame of the points; none where it would have more nodes than memory and time allow.
    fn new(points: &[Point]) -> Option<Self> {
        let [mut low, mut high] = [[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]];
        for point in points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let low = low.map(f64::from);
        let extent = [f64::from(high[0]) - low[0], f64::from(high[1]) - low[1]];
        let wider = extent[0].max(extent[1]);
        let mut spacing = SPACING;
        while wider < LEAST_NODES * spacing && spacing > SPACING / 16.0 {
            spacing /= 2.0;
        }
        let nodes = extent.map(|extent| extent / spacing + 1.0 + SPLINE as f64);
        let most = ((1 << 20) + 4 * points.len()) as f64;
        if nodes[0] * nodes[1] > most || nodes[0].max(nodes[1]) > 16384.0 {
            return None;
        }
        Some(Self { low, spacing, columns: nodes[0] as usize, rows: nodes[1] as usize })
    }

    /// In `f64`: early on all points lie in one cell, and their differences matter.
    #[inline]
    fn place(&self, point: Point) -> Place {
        let x = (f64::from(point[0]) - self.low[0]) / self.spacing;
        let y = (f64::from(point[1]) - self.low[1]) / self.spacing;
        let (column, row) = (x as usize, y as usize);
        Place { column, row, x: (x - column as f64) as f32, y: (y - row as f64) as f32 }
    }
}

/// The points by the row of their cell: row `r` has the points `order[starts[r]..starts[r + 1]]`.
struct ByRow {
    starts: Vec<u32>,
    order: Vec<u32>,
}

fn by_row(points: &[Point], frame: &Frame) -> ByRow {
    let rows: Vec<u32> =
        points.par_iter().with_min_len(POINTS).map(|point| frame.place(*point).row as u32).collect();
    let mut starts = vec![0u32; frame.rows + 2];
    rows.iter().for_each(|row| starts[*row as usize + 2] += 1);
    for row in 0..frame.rows {
        starts[row + 2] += starts[row + 1];
    }
    let mut order = vec![0u32; points.len()];
    for (point, row) in rows.iter().enumerate() {
        let next = &mut starts[*row as usize + 1];
        order[*next as usize] = point as u32;
        *next += 1;
    }
    ByRow { starts, order }
}

/// The four values of a cubic B-spline that a point at `t` in its cell has at the nodes, and their derivatives.
#[inline]
fn spline(t: f32) -> [f32; SPLINE] {
    let s = 1.0 - t;
    let (third, sixth) = (2.0 / 3.0, 1.0 / 6.0);
    [sixth * s * s * s, third - t * t * (1.0 - 0.5 * t), third - s * s * (1.0 - 0.5 * s), sixth * t * t * t]
}

#[inline]
fn slope(t: f32) -> [f32; SPLINE] {
    let s = 1.0 - t;
    [-0.5 * s * s, t * (1.5 * t - 2.0), s * (2.0 - 1.5 * s), 0.5 * t * t]
}

/// Potential and repulsion at a place.
#[inline]
fn read(potential: &[f32], frame: &Frame, place: &Place) -> (f32, [f32; 2]) {
    let (across, along) = (spline(place.y), spline(place.x));
    let (slope_across, slope_along) = (slope(place.y), slope(place.x));
    let (mut value, mut x, mut y) = (0.0, 0.0, 0.0);
    for r in 0..SPLINE {
        let start = (place.row + r) * frame.columns + place.column;
        let row = &potential[start..start + SPLINE];
        let (mut sum, mut sloped) = (0.0, 0.0);
        for c in 0..SPLINE {
            sum += row[c] * along[c];
            sloped += row[c] * slope_along[c];
        }
        value += across[r] * sum;
        x += across[r] * sloped;
        y += slope_across[r] * sum;
    }
    let per_node = -0.5 / frame.spacing as f32;
    (value, [x * per_node, y * per_node])
}

impl Plan {
    /// The potential at the nodes of the frame, row by row.
    fn potential(&self, points: &[Point], frame: &Frame, by_row: &ByRow) -> Vec<f32> {
        let half = self.width / 2 + 1;
        let mut spectrum = vec![Complex::default(); frame.rows * half];
        spectrum.par_chunks_mut(ROWS * half).enumerate().for_each_init(
            || (vec![0.0f32; ROWS * self.width], self.along.make_scratch_vec()),
            |(rows, scratch), (piece, out)| {
                let first = piece * ROWS;
                rows.fill(0.0);
                self.spread(points, frame, by_row, first, &mut rows[..out.len() / half * self.width]);
                for (row, out) in rows.chunks_exact_mut(self.width).zip(out.chunks_exact_mut(half)) {
                    let done = self.along.process_with_scratch(row, out, scratch);
                    done.expect("the lengths are those of the plan");
                }
            },
        );
        let mut convolved = vec![Complex::default(); half * frame.rows];
        convolved.par_chunks_mut(COLUMNS * frame.rows).enumerate().for_each_init(
            || self.column_buffers(),
            |(columns, scratch), (piece, out)| {
                let (first, count) = (piece * COLUMNS, out.len() / frame.rows);
                columns.fill(Complex::default());
                for (y, row) in spectrum.chunks_exact(half).enumerate() {
                    for (c, value) in row[first..first + count].iter().enumerate() {
                        columns[c * self.height + y] = *value;
                    }
                }
                self.across.process_with_scratch(columns, scratch);
                let values = self.height / 2 + 1;
                for (c, column) in columns.chunks_exact_mut(self.height).take(count).enumerate() {
                    let kernel = &self.kernel[(first + c) * values..][..values];
                    column[0] *= kernel[0];
                    for (y, factor) in kernel.iter().enumerate().skip(1) {
                        column[y] *= factor;
                        if y < self.height - y {
                            column[self.height - y] *= factor;
                        }
                    }
                }
                self.back_across.process_with_scratch(columns, scratch);
                for (column, out) in columns.chunks_exact(self.height).zip(out.chunks_exact_mut(frame.rows)) {
                    out.copy_from_slice(&column[..frame.rows]);
                }
            },
        );
        let mut potential = vec![0.0f32; frame.rows * frame.columns];
        potential.par_chunks_mut(COLUMNS * frame.columns).enumerate().for_each_init(
            || {
                (
                    vec![Complex::default(); COLUMNS * half],
                    vec![0.0f32; self.width],
                    self.back_along.make_scratch_vec(),
                )
            },
            |(rows, real, scratch), (piece, out)| {
                let (first, count) = (piece * COLUMNS, out.len() / frame.columns);
                for (x, column) in convolved.chunks_exact(frame.rows).enumerate() {
                    for (r, value) in column[first..first + count].iter().enumerate() {
                        rows[r * half + x] = *value;
                    }
                }
                for (row, out) in rows.chunks_exact_mut(half).zip(out.chunks_exact_mut(frame.columns)) {
                    // Zero but for rounding: the values are real.
                    row[0].im = 0.0;
                    row[half - 1].im = 0.0;
                    let done = self.back_along.process_with_scratch(row, real, scratch);
                    done.expect("the lengths are those of the plan");
                    out.copy_from_slice(&real[..frame.columns]);
                }
            },
        );
        potential
    }

    /// Adds the points to the rows from `first` on.
    fn spread(&self, points: &[Point], frame: &Frame, by_row: &ByRow, first: usize, rows: &mut [f32]) {
        let end = first + rows.len() / self.width;
        let cells = first.saturating_sub(SPLINE - 1)..end.min(frame.rows);
        let reach = by_row.starts[cells.start] as usize..by_row.starts[cells.end] as usize;
        for &point in &by_row.order[reach] {
            let place = frame.place(points[point as usize]);
            let (across, along) = (spline(place.y), spline(place.x));
            for (r, weight) in across.iter().enumerate() {
                let row = place.row + r;
                if row >= first && row < end {
                    let start = (row - first) * self.width + place.column;
                    let nodes = &mut rows[start..start + SPLINE];
                    for (node, along) in nodes.iter_mut().zip(along) {
                        *node += weight * along;
                    }
                }
            }
        }
    }

    fn column_buffers(&self) -> (Vec<Complex<f32>>, Vec<Complex<f32>>) {
        let scratch = self.across.get_inplace_scratch_len().max(self.back_across.get_inplace_scratch_len());
        (vec![Complex::default(); COLUMNS * self.height], vec![Complex::default(); scratch])
    }

    /// The transform of the kernel at the nodes, over the splines' own transforms (once for spreading, once for
    /// reading), so that a point on a node acts on another on a node by the kernel exactly; over the number of nodes,
    /// which the transforms do not divide by.
    fn transformed(&self, tails: Tails) -> Vec<f32> {
        let half = self.width / 2 + 1;
        let values = self.height / 2 + 1;
        let distance = |node: usize, length: usize| node.min(length - node) as f64 * self.spacing;
        // Row `height - y` equals row `y`, so the transform across sees real, even columns.
        let mut rows = vec![0.0f32; values * half];
        rows.par_chunks_mut(half).enumerate().for_each(|(y, out)| {
            let y = distance(y, self.height).powi(2);
            let mut row: Vec<f32> =
                (0..self.width).map(|x| tails.weight(y + distance(x, self.width).powi(2)) as f32).collect();
            let mut spectrum = self.along.make_output_vec();
            self.along.process(&mut row, &mut spectrum).expect("the lengths are those of the plan");
            out.iter_mut().zip(spectrum).for_each(|(out, value)| *out = value.re);
        });
        let euler = |k: usize, length: usize| {
            let angle = std::f64::consts::TAU * k as f64 / length as f64;
            ((2.0 + angle.cos()) / 3.0).powi(2)
        };
        let nodes = (self.width * self.height) as f64;
        let mut kernel = vec![0.0f32; half * values];
        kernel.par_chunks_mut(values).enumerate().for_each_init(
            || self.column_buffers().1,
            |scratch, (x, out)| {
                let mut column: Vec<Complex<f32>> = (0..self.height)
                    .map(|y| Complex::new(rows[y.min(self.height - y) * half + x], 0.0))
                    .collect();
                self.across.process_with_scratch(&mut column, scratch);
                for (y, (out, value)) in out.iter_mut().zip(column).enumerate() {
                    let splines = euler(x, self.width) * euler(y, self.height);
                    *out = (f64::from(value.re) / (splines * nodes)) as f32;
                }
            },
        );
        kernel
    }
}

/// The length of a transform for so many nodes: even, with the factors 2, 3 and 5 only.
fn length(nodes: usize) -> usize {
    let mut length = (2 * nodes + MARGIN).next_multiple_of(4);
    loop {
        let mut rest = length;
        for factor in [2, 3, 5] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        if rest == 1 {
            return length;
        }
        length += 4;
    }
}
