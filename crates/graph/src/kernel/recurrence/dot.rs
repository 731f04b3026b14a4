//! The adjoints of the weights of few inputs and of the biases: sums over registers of rows, where a product would fill
//! its panels with zeros.

use crate::kernel::copy;
use crate::kernel::isa::{Isa, dispatch};
use crate::kernel::math::fma;
use crate::kernel::product::PANEL;

/// Inputs that are few.
pub(super) const FEW: usize = 3;

/// Adds to `found[sum * distance + i]` the sum over `steps` steps and rows of adjoint (`[step][sum][row]`) times input
/// `i` (`[step][input][row]`), and behind the inputs the sum of the adjoints alone.
///
/// # Safety
/// `back` holds `steps * sums * rows` values, `x` `steps * inputs * rows`, and `found` its sums; there are 1 to [`FEW`]
/// inputs.
pub(super) unsafe fn add(
    isa: Isa,
    inputs: usize,
    sizes: (usize, usize, usize),
    back: *const f32,
    x: *const f32,
    found: (*mut f32, usize),
) {
    // SAFETY: the caller's contract.
    unsafe {
        match inputs {
            1 => one(isa, sizes, back, x, found),
            2 => two(isa, sizes, back, x, found),
            _ => three(isa, sizes, back, x, found),
        }
    }
}

dispatch! {
    /// For one input.
    unsafe fn one = body::<1>(sizes: (usize, usize, usize), back: *const f32, x: *const f32, found: (*mut f32, usize))
}
dispatch! {
    /// For two.
    unsafe fn two = body::<2>(sizes: (usize, usize, usize), back: *const f32, x: *const f32, found: (*mut f32, usize))
}
dispatch! {
    /// For three.
    unsafe fn three = body::<3>(sizes: (usize, usize, usize), back: *const f32, x: *const f32, found: (*mut f32, usize))
}

/// # Safety
/// As for [`add`], with `INPUTS` inputs.
#[inline(always)]
unsafe fn body<const FMA: bool, const INPUTS: usize>(
    (steps, sums, rows): (usize, usize, usize),
    back: *const f32,
    x: *const f32,
    (found, distance): (*mut f32, usize),
) {
    for sum in 0..sums {
        let (mut products, mut alone) = ([[0.0f32; PANEL]; INPUTS], [0.0f32; PANEL]);
        for t in 0..steps {
            for row in (0..rows).step_by(PANEL) {
                let width = PANEL.min(rows - row);
                // SAFETY: all offsets are those of steps, sums, inputs and rows.
                unsafe {
                    let g = register(back.add((t * sums + sum) * rows + row), width);
                    for (i, product) in products.iter_mut().enumerate() {
                        let x = register(x.add((t * INPUTS + i) * rows + row), width);
                        for lane in 0..PANEL {
                            product[lane] = fma::<FMA>(g[lane], x[lane], product[lane]);
                        }
                    }
                    for lane in 0..PANEL {
                        alone[lane] += g[lane];
                    }
                }
            }
        }
        for (i, values) in products.iter().chain([&alone]).enumerate() {
            // SAFETY: likewise.
            unsafe { *found.add(sum * distance + i) += total(values) };
        }
    }
}

/// The next values, zeros behind the last: an array whose places are not chosen at run time stays in a register.
///
/// # Safety
/// `from` holds `width` values.
#[inline(always)]
unsafe fn register(from: *const f32, width: usize) -> [f32; PANEL] {
    // SAFETY: the caller's contract.
    unsafe {
        if width == PANEL {
            return from.cast::<[f32; PANEL]>().read_unaligned();
        }
        let mut values = [0.0; PANEL];
        copy(from, values.as_mut_ptr(), width);
        values
    }
}

/// The sum of a register, by halves.
#[inline(always)]
fn total(values: &[f32; PANEL]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|i| values[i] + values[i + 8]);
    let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}
