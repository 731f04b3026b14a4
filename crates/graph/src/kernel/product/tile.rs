//! Register tiles, and how a product is cut into them.

use super::vector::Vector;
use super::{DEPTH, PANEL, Product, Run, Start, Stride};
use crate::kernel::copy;

/// Does something for each row of a tile, with its number a constant: a loop over many rows is unrolled after the compiler
/// has decided what stays in registers, and then their sums go through memory at every step of the depth.
macro_rules! each_row {
    ($rows:ident, |$i:ident| $body:block) => {
        each_row!($rows, $i, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($rows:ident, $i:ident, $body:block, $($number:literal)*) => {
        $(if $number < $rows {
            const $i: usize = $number;
            $body
        })*
    };
}

/// The tile of a height up to `ROWS`.
macro_rules! each_height {
    ($strip:ident, $height:ident, $v:ident, $rows:ident, $parts:ident) => {
        each_height!($strip, $height, $v, $rows, $parts, 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    };
    ($strip:ident, $height:ident, $v:ident, $rows:ident, $parts:ident, $($number:literal)*) => {
        match $height {
            $($number if $number <= $rows => $strip.tile::<$v, $number, $parts>(),)*
            _ => {}
        }
    };
}

/// Columns of the widest tile.
const WIDEST: usize = 2 * PANEL;

/// Runs done together: as many as fit into the depth, and no more than this.
const GROUP: usize = 64;

/// Tiles of `ROWS` x `PARTS` registers, a panel, and of `WIDE_ROWS` x `WIDE`, one panel or more, where there are columns left
/// for them.
///
/// # Safety
/// See [`super::product_of_runs`]; `PARTS * V::LANES` is [`PANEL`], and `WIDE` a multiple of `PARTS`.
#[inline(always)]
pub(super) unsafe fn blocks<
    V: Vector,
    const ROWS: usize,
    const PARTS: usize,
    const WIDE_ROWS: usize,
    const WIDE: usize,
>(
    product: Product,
    runs: &[Run],
) {
    let mut group = [Run { a: 0, k: 0, depth: 0 }; GROUP];
    let mut column = 0;
    while column < product.n {
        let is_wide = product.n - column > PANEL;
        let widest = if is_wide { WIDE * V::LANES } else { PANEL };
        let (width, most) = (widest.min(product.n - column), DEPTH * PANEL / widest);
        // The next run, and how much of it is done.
        let (mut next, mut done) = (0, 0);
        let mut first = true;
        while first || next < runs.len() {
            let (mut len, mut depth) = (0, 0);
            while next < runs.len() && len < GROUP && depth < most {
                let run = runs[next];
                let part = (run.depth - done).min(most - depth);
                group[len] = Run { a: run.a + done * product.stride.column, k: run.k + done, depth: part };
                (len, depth, done) = (len + 1, depth + part, done + part);
                if done == run.depth {
                    (next, done) = (next + 1, 0);
                }
            }
            // SAFETY: the strip lies inside `a`, the panels and `c` as the caller promised.
            unsafe {
                let strip = Strip {
                    a: product.a,
                    stride: product.stride,
                    b: product.packed.add(column * product.k),
                    panel: product.k * PANEL,
                    c: product.c.add(column),
                    ldc: product.ldc,
                    runs: &group[..len],
                    width,
                    start: match product.start {
                        _ if !first => Start::Accumulate,
                        Start::Bias(bias) => Start::Bias(bias.add(column)),
                        other => other,
                    },
                };
                if is_wide {
                    strip.rows::<V, WIDE_ROWS, WIDE>(product.m);
                } else {
                    strip.rows::<V, ROWS, PARTS>(product.m);
                }
            }
            first = false;
        }
        column += width;
    }
}

/// The rows of some panels of the result that are still to be done.
struct Strip<'a> {
    a: *const f32,
    stride: Stride,
    b: *const f32,
    /// Values from a panel to the next.
    panel: usize,
    c: *mut f32,
    ldc: usize,
    runs: &'a [Run],
    width: usize,
    start: Start,
}

impl Strip<'_> {
    /// All `m` rows, at most `ROWS` at a time and in tiles of heights as equal as can be: a low tile at the end would take
    /// as long as one of eight rows.
    ///
    /// # Safety
    /// See [`super::product_of_runs`].
    #[inline(always)]
    unsafe fn rows<V: Vector, const ROWS: usize, const PARTS: usize>(mut self, m: usize) {
        let tiles = m.div_ceil(ROWS);
        for tile in 0..tiles {
            let height = (tile + 1) * m / tiles - tile * m / tiles;
            // SAFETY: the caller's contract; so many rows are left.
            unsafe { each_height!(self, height, V, ROWS, PARTS) }
        }
    }

    /// The next `ROWS` rows, in registers.
    ///
    /// # Safety
    /// See [`super::product_of_runs`]; so many rows are left.
    #[inline(always)]
    unsafe fn tile<V: Vector, const ROWS: usize, const PARTS: usize>(&mut self) {
        let whole = self.width == PARTS * V::LANES;
        // SAFETY: all offsets stay inside what the caller promised; a narrow strip goes through `edge`.
        unsafe {
            let mut sum = [[V::splat(0.0); PARTS]; ROWS];
            let mut edge = [0.0f32; WIDEST];
            match self.start {
                Start::Zero => {}
                Start::Bias(bias) => {
                    copy(bias, edge.as_mut_ptr(), self.width);
                    let row = std::array::from_fn(|j| V::load(edge.as_ptr().add(j * V::LANES)));
                    sum = [row; ROWS];
                }
                Start::Accumulate => {
                    each_row!(ROWS, |I| {
                        let mut from = self.c.add(I * self.ldc).cast_const();
                        if !whole {
                            copy(from, edge.as_mut_ptr(), self.width);
                            from = edge.as_ptr();
                        }
                        sum[I] = std::array::from_fn(|j| V::load(from.add(j * V::LANES)));
                    });
                }
            }
            for run in self.runs {
                let (mut a, mut b) = (self.a.add(run.a), self.b.add(run.k * PANEL));
                for _ in 0..run.depth {
                    let panels: [V; PARTS] = std::array::from_fn(|j| {
                        let at = j * V::LANES;
                        V::load(b.add(at / PANEL * self.panel + at % PANEL))
                    });
                    each_row!(ROWS, |I| {
                        let x = V::splat(*a.add(I * self.stride.row));
                        for (value, y) in sum[I].iter_mut().zip(panels) {
                            *value = value.add_product(x, y);
                        }
                    });
                    a = a.add(self.stride.column);
                    b = b.add(PANEL);
                }
            }
            each_row!(ROWS, |I| {
                let to = self.c.add(I * self.ldc);
                let whole_row = if whole { to } else { edge.as_mut_ptr() };
                for (j, value) in sum[I].iter().enumerate() {
                    value.store(whole_row.add(j * V::LANES));
                }
                if !whole {
                    copy(edge.as_ptr(), to, self.width);
                }
            });
            self.a = self.a.add(ROWS * self.stride.row);
            self.c = self.c.add(ROWS * self.ldc);
        }
    }
}
