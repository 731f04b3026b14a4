//! Convolutions as small products over lists of runs: nothing is unfolded, and padding is never multiplied.
//!
//! Images lie as they come, `[row][place][channel]`. For each place of the result, the rows of the batch are the rows
//! of a product, and its depth runs through the channels of the places below the window. Neighboring places lie behind
//! each other, so the taps of one line of the window are one run on both sides. A transposed convolution reads its
//! taps in the order of `Window::descending`, by which its runs are contiguous too, without zeros between places. For
//! images of few channels (grey, color) the other two directions take all taps of a place as one side of a product.
#![allow(unsafe_code, reason = "reads and writes images by address; bounds are those of the geometry")]

use super::isa::Isa;
use super::product::{self, PANEL, Product, Run, Start, Stride, packed_len, product_of_runs};
use crate::window::Geometry;

/// Rows of so many values (or a multiple) are kept apart in scratch memory: they would share few sets of a cache.
const ALIASING: usize = 128;

/// Rows a multiple of so many values (4 KiB) apart share their sets of a cache, and with the weights do not fit into them.
const FAR: usize = 1024;

/// How much further apart they are put: past what a group of runs reads of one.
const GAP: usize = product::DEPTH + PANEL;

/// Values of the packed weights that [`transpose`] reads.
pub(crate) fn transposed_packed_len(g: &Geometry) -> usize {
    if g.is_narrow() {
        packed_len(g.coarse_channels, g.taps() * g.fine_channels)
    } else {
        packed_len(g.taps() * g.coarse_channels, g.fine_channels)
    }
}

/// Panels of the packed weights that [`transpose`] reads.
pub(crate) fn transposed_panels(g: &Geometry) -> usize {
    let columns = if g.is_narrow() { g.taps() * g.fine_channels } else { g.fine_channels };
    columns.div_ceil(PANEL)
}

/// Packs panels of weights `[taps, fine, coarse]` for [`transpose`].
///
/// # Safety
/// `w` holds the weights, `packed` takes [`transposed_packed_len`] values.
pub(crate) unsafe fn pack_transposed(
    isa: Isa,
    g: &Geometry,
    w: *const f32,
    packed: *mut f32,
    panels: (usize, usize),
) {
    let (c, d) = (g.fine_channels, g.coarse_channels);
    // SAFETY: tap `t` begins at `t * c * d`; parts of depth `d` fill the depth `taps * d`.
    unsafe {
        if g.is_narrow() {
            return product::pack(isa, w, (d, g.taps() * c), true, packed, panels);
        }
        let order = g.axes[1].descending();
        let depth = g.taps() * d;
        for down in 0..g.axes[0].kernel {
            for (place, across) in order.iter().enumerate() {
                let tap = down * order.len() + across;
                let at = (down * order.len() + place) * d;
                product::pack_part(isa, w.add(tap * c * d), (d, c), true, packed, (at, depth), panels);
            }
        }
    }
}

/// Values of scratch memory that the functions below need for `rows` rows.
pub(crate) fn scratch_len(g: &Geometry, rows: usize) -> usize {
    let patches = rows * g.taps() * g.fine_channels;
    let products = g.coarse_places() * g.taps() * g.fine_channels;
    let line = packed_len(g.axes[1].coarse * rows, g.coarse_channels);
    let channels = g.fine_channels.max(g.coarse_channels);
    let apart = rows * (apart(g.fine_width()).max(apart(g.coarse_width())) + spaced(channels));
    if g.is_narrow() {
        (g.axes[1].coarse * patches + line).max(products).max(apart)
    } else {
        (g.axes[1].fine * rows * spaced(g.fine_channels) + line).max(apart)
    }
}

/// The distance of rows of this width that share few sets of a cache.
fn apart(width: usize) -> usize {
    if width.is_multiple_of(FAR) { width + GAP } else { width }
}

/// Where rows begin and how far apart they are: as they lie, or copied to where they do not get in each other's way.
///
/// # Safety
/// `of` holds `rows` rows of `width` values; `scratch` takes them with their distance.
unsafe fn put_apart(of: *const f32, (rows, width): (usize, usize), scratch: *mut f32) -> (*const f32, usize) {
    let distance = apart(width);
    if distance == width {
        return (of, width);
    }
    for row in 0..rows {
        // SAFETY: the caller's contract.
        unsafe { scratch.add(row * distance).copy_from_nonoverlapping(of.add(row * width), width) };
    }
    (scratch, distance)
}

/// A product whose rows go to one place of each image, by way of `scratch` where they would share few sets of a cache.
///
/// # Safety
/// As for [`product_of_runs`], with a start that reads nothing from the result; `scratch` takes the rows.
unsafe fn place_product(isa: Isa, product: Product, runs: &[Run], scratch: *mut f32) {
    let Product { c, ldc, m, n, .. } = product;
    // SAFETY: the caller's contract.
    unsafe {
        if !ldc.is_multiple_of(FAR) {
            return product_of_runs(isa, product, runs);
        }
        product_of_runs(isa, Product { c: scratch, ldc: spaced(n), ..product }, runs);
        for row in 0..m {
            c.add(row * ldc).copy_from_nonoverlapping(scratch.add(row * spaced(n)), n);
        }
    }
}

/// From the fine side `x` to the coarse side `y`.
///
/// # Safety
/// `x` and `y` hold `rows` rows, `packed` the weights packed as a `taps * fine` x `coarse` matrix, `bias` (if not null)
/// `coarse` values, `scratch` [`scratch_len`].
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
pub(crate) unsafe fn convolve(
    isa: Isa,
    g: &Geometry,
    rows: usize,
    x: *const f32,
    packed: *const f32,
    bias: *const f32,
    y: *mut f32,
    scratch: *mut f32,
    runs: &mut Vec<Run>,
) {
    let [down, across] = g.axes;
    let (c, d, depth) = (g.fine_channels, g.coarse_channels, g.taps() * g.fine_channels);
    // SAFETY: the caller's contract.
    let (x, distance) = unsafe { put_apart(x, (rows, g.fine_width()), scratch) };
    for oy in 0..down.coarse {
        for ox in 0..across.coarse {
            // SAFETY: places and taps are those of the geometry; every row of the batch has the same.
            unsafe {
                runs.clear();
                let (taps, top) = down.taps(oy);
                let (line, left) = across.taps(ox);
                if !line.is_empty() {
                    runs.extend(taps.enumerate().map(|(j, tap)| Run {
                        a: ((top + j) * across.fine + left) * c,
                        k: (tap * across.kernel + line.start) * c,
                        depth: line.len() * c,
                    }));
                }
                let stride = Stride { row: distance, column: 1 };
                let to = y.add((oy * across.coarse + ox) * d);
                let start = if bias.is_null() { Start::Zero } else { Start::Bias(bias) };
                let ldc = g.coarse_width();
                let product = Product { a: x, stride, packed, k: depth, c: to, ldc, m: rows, n: d, start };
                place_product(isa, product, runs, scratch.add(rows * distance));
            }
        }
    }
}

/// From the coarse side `y` to the fine side `x`.
///
/// # Safety
/// As for [`convolve`], with the weights packed by [`pack_transposed`] and a bias of `fine` values.
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
pub(crate) unsafe fn transpose(
    isa: Isa,
    g: &Geometry,
    rows: usize,
    y: *const f32,
    packed: *const f32,
    bias: *const f32,
    x: *mut f32,
    scratch: *mut f32,
    runs: &mut Vec<Run>,
) {
    if g.is_narrow() {
        // SAFETY: the caller's contract.
        return unsafe { transpose_narrow(isa, g, rows, y, packed, bias, x, scratch) };
    }
    let [down, across] = g.axes;
    let (c, d, depth) = (g.fine_channels, g.coarse_channels, g.taps() * g.coarse_channels);
    let mut place = vec![0; across.kernel];
    for (at, tap) in across.descending().into_iter().enumerate() {
        place[tap] = at;
    }
    // SAFETY: the caller's contract.
    let (y, distance) = unsafe { put_apart(y, (rows, g.coarse_width()), scratch) };
    for iy in 0..down.fine {
        for ix in 0..across.fine {
            let (lines, bottom) = down.seen_by(iy);
            let (line, right) = across.seen_by(ix);
            runs.clear();
            if !line.is_empty() {
                runs.extend(lines.enumerate().map(|(j, oy)| Run {
                    a: (oy * across.coarse + line.start) * d,
                    k: ((bottom - j * down.stride) * across.kernel + place[right]) * d,
                    depth: line.len() * d,
                }));
            }
            let start = if bias.is_null() { Start::Zero } else { Start::Bias(bias) };
            let product = Product {
                a: y,
                stride: Stride { row: distance, column: 1 },
                packed,
                k: depth,
                // SAFETY: a place of the fine side.
                c: unsafe { x.add((iy * across.fine + ix) * c) },
                ldc: g.fine_width(),
                m: rows,
                n: c,
                start,
            };
            // SAFETY: places and taps are those of the geometry; every row of the batch has the same.
            unsafe { place_product(isa, product, runs, scratch.add(rows * distance)) };
        }
    }
}

/// All taps of all places at once, then added where they fall.
///
/// # Safety
/// As for [`transpose`].
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
unsafe fn transpose_narrow(
    isa: Isa,
    g: &Geometry,
    rows: usize,
    y: *const f32,
    packed: *const f32,
    bias: *const f32,
    x: *mut f32,
    scratch: *mut f32,
) {
    let [down, across] = g.axes;
    let (c, d, columns) = (g.fine_channels, g.coarse_channels, g.taps() * g.fine_channels);
    let places = g.coarse_places();
    for row in 0..rows {
        // SAFETY: row by row inside what the caller promised; places and taps are those of the geometry.
        unsafe {
            let stride = Stride { row: d, column: 1 };
            let y = y.add(row * g.coarse_width());
            product::product(isa, y, stride, packed, scratch, (places, d, columns), Start::Zero);
            let image = std::slice::from_raw_parts_mut(x.add(row * g.fine_width()), g.fine_width());
            if bias.is_null() {
                image.fill(0.0);
            } else {
                let bias = std::slice::from_raw_parts(bias, c);
                image.chunks_exact_mut(c).for_each(|place| place.copy_from_slice(bias));
            }
            for oy in 0..down.coarse {
                let (taps, top) = down.taps(oy);
                for ox in 0..across.coarse {
                    let (line, left) = across.taps(ox);
                    let from = scratch.add((oy * across.coarse + ox) * columns);
                    for (j, tap) in taps.clone().enumerate() {
                        let from = from.add((tap * across.kernel + line.start) * c);
                        let from = std::slice::from_raw_parts(from, line.len() * c);
                        let at = ((top + j) * across.fine + left) * c;
                        for (to, value) in image[at..at + from.len()].iter_mut().zip(from) {
                            *to += value;
                        }
                    }
                }
            }
        }
    }
}

/// From both sides to the weights `[taps, fine, coarse]`; `more` adds to what is there.
///
/// # Safety
/// As for [`convolve`]; `w` takes the weights, `scratch` holds [`scratch_len`] values.
#[expect(clippy::too_many_arguments, reason = "addresses of one operation")]
pub(crate) unsafe fn weigh(
    isa: Isa,
    g: &Geometry,
    rows: usize,
    x: *const f32,
    y: *const f32,
    w: *mut f32,
    more: bool,
    scratch: *mut f32,
    runs: &mut Vec<Run>,
) {
    let [down, across] = g.axes;
    let (c, d) = (g.fine_channels, g.coarse_channels);
    let depth = across.coarse * rows;
    // SAFETY: `scratch_len` has room for one line of both sides; places and taps are those of the geometry.
    unsafe {
        if !more {
            std::slice::from_raw_parts_mut(w, g.taps() * c * d).fill(0.0);
        }
        let packed = scratch;
        let line = scratch.add(packed_len(depth, d));
        for oy in 0..down.coarse {
            let (taps, top) = down.taps(oy);
            if taps.is_empty() {
                continue;
            }
            pack_line(g, rows, y, oy, packed);
            let mut product = Product {
                a: line,
                stride: Stride { row: 1, column: spaced(c) },
                packed,
                k: depth,
                c: w,
                ldc: d,
                m: c,
                n: d,
                start: Start::Accumulate,
            };
            if g.is_narrow() {
                product.m = g.taps() * c;
                product.stride.column = product.m;
                for ox in 0..across.coarse {
                    gather_patches(g, rows, x, (oy, ox), line.add(ox * rows * product.m));
                }
                product_of_runs(isa, product, &[Run { a: 0, k: 0, depth }]);
                continue;
            }
            for (j, tap) in taps.enumerate() {
                gather_line(g, rows, x, top + j, line);
                for t in 0..across.kernel {
                    runs.clear();
                    for ox in 0..across.coarse {
                        let (seen, left) = across.taps(ox);
                        if seen.contains(&t) {
                            let ix = left + t - seen.start;
                            let a = ix * rows * product.stride.column;
                            runs.push(Run { a, k: ox * rows, depth: rows });
                        }
                    }
                    product.c = w.add((tap * across.kernel + t) * c * d);
                    product_of_runs(isa, product, runs);
                }
            }
        }
    }
}

/// The channels below the window of one coarse place, `[rows][taps][channels]`, zeros in the padding.
///
/// # Safety
/// `x` holds `rows` rows, `out` takes the patches.
unsafe fn gather_patches(g: &Geometry, rows: usize, x: *const f32, (oy, ox): (usize, usize), out: *mut f32) {
    let [down, across] = g.axes;
    let c = g.fine_channels;
    let len = g.taps() * c;
    let (taps, top) = down.taps(oy);
    let (line, left) = across.taps(ox);
    let inside = taps.len() == down.kernel && line.len() == across.kernel;
    for row in 0..rows {
        // SAFETY: places and taps are those of the geometry.
        unsafe {
            let patch = std::slice::from_raw_parts_mut(out.add(row * len), len);
            if !inside {
                patch.fill(0.0);
            }
            for (j, tap) in taps.clone().enumerate() {
                let from = x.add(row * g.fine_width() + ((top + j) * across.fine + left) * c);
                let from = std::slice::from_raw_parts(from, line.len() * c);
                let at = (tap * across.kernel + line.start) * c;
                patch[at..at + from.len()].copy_from_slice(from);
            }
        }
    }
}

/// One line of the fine side as `[place][row][channel]`.
///
/// # Safety
/// `x` holds `rows` rows, `out` takes the line.
unsafe fn gather_line(g: &Geometry, rows: usize, x: *const f32, iy: usize, out: *mut f32) {
    let (places, c) = (g.axes[1].fine, g.fine_channels);
    for row in 0..rows {
        // SAFETY: a line of the geometry.
        unsafe {
            let from = x.add(row * g.fine_width() + iy * places * c);
            for ix in 0..places {
                out.add((ix * rows + row) * spaced(c)).copy_from_nonoverlapping(from.add(ix * c), c);
            }
        }
    }
}

/// One line of the coarse side packed into panels, its depth `[place][row]`.
///
/// # Safety
/// `y` holds `rows` rows, `out` takes the panels.
unsafe fn pack_line(g: &Geometry, rows: usize, y: *const f32, oy: usize, out: *mut f32) {
    let (places, d) = (g.axes[1].coarse, g.coarse_channels);
    for panel in 0..d.div_ceil(PANEL) {
        let column = panel * PANEL;
        let width = PANEL.min(d - column);
        for row in 0..rows {
            for ox in 0..places {
                // SAFETY: a line of the geometry; panels begin every `places * rows * PANEL` values.
                unsafe {
                    let from = y.add(row * g.coarse_width() + (oy * places + ox) * d + column);
                    let at = (panel * places + ox) * rows + row;
                    let out = std::slice::from_raw_parts_mut(out.add(at * PANEL), PANEL);
                    out[..width].copy_from_slice(std::slice::from_raw_parts(from, width));
                    out[width..].fill(0.0);
                }
            }
        }
    }
}

/// The distance at which rows of `c` channels are kept in scratch memory.
fn spaced(c: usize) -> usize {
    if c.is_multiple_of(ALIASING) { c + PANEL } else { c }
}
