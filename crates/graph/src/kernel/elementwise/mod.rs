//! Fused elementwise work: a short program over registers that hold a tile of a few hundred values each.
//!
//! A tile is a number of whole rows, or a part of one wide row. Values pass through the whole program while they are
//! in the first-level cache; reductions over a row or over rows are taken from the registers at the end.

mod chain;
mod fold;

pub(crate) use fold::fold_all;
use fold::{fold_into, fold_of_more, fold_rows, fold_two};

use super::isa::dispatch;
use super::math;
use crate::op::{Binary, Fold, Unary};

/// Values in a register.
pub(crate) const TILE: usize = 512;

/// Where a register's values come from at the start of a tile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// One value for each value: read in place.
    Full(*const f32),
    /// One value a column, the same for each row.
    Column(*const f32),
    /// One value a row.
    Row(*const f32),
    /// Value `index[j]` for column `j`; `stride` values further for each row (0 when shared).
    Table { values: *const f32, stride: usize, index: *const u32 },
    /// The fold of `count` parts, `stride` values apart, each with one value for each value.
    Parts { values: *const f32, stride: usize, count: usize, fold: Fold },
}

/// An operand of an instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Arg {
    /// A register.
    Reg(u16),
    /// An entry of the list of scalars.
    Scalar(u16),
}

/// What an instruction does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Code {
    Copy,
    Unary(Unary),
    Binary(Binary),
    Select,
    /// `a x + b y`, for scalars `x` and `y`.
    Blend {
        x: u16,
        y: u16,
    },
    /// `a x + b² y`.
    BlendSquare {
        x: u16,
        y: u16,
    },
    /// `ln(1 + e^a)`, and the sigmoid of `a` into register `sigmoid`: both from one exponential.
    SoftplusSigmoid {
        sigmoid: u16,
    },
    /// `a - b rate / (sqrt(c scale) + epsilon)`.
    RootStep {
        rate: u16,
        scale: u16,
        epsilon: u16,
    },
}

impl Code {
    /// Whether the result may be written where operand `a` is read.
    pub(crate) fn takes_result_as_first(self) -> bool {
        match self {
            Self::Blend { .. } | Self::BlendSquare { .. } | Self::RootStep { .. } => true,
            Self::Copy | Self::Unary(_) | Self::Binary(_) | Self::Select | Self::SoftplusSigmoid { .. } => {
                false
            }
        }
    }
}

/// `dst = code(a, b, c)`; operands a code does not take are ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Instr {
    pub(crate) code: Code,
    pub(crate) dst: u16,
    pub(crate) a: Arg,
    pub(crate) b: Arg,
    pub(crate) c: Arg,
}

impl Instr {
    /// The registers written.
    pub(crate) fn results(&self) -> impl Iterator<Item = u16> {
        let second = match self.code {
            Code::SoftplusSigmoid { sigmoid } => Some(sigmoid),
            Code::Copy
            | Code::Unary(_)
            | Code::Binary(_)
            | Code::Select
            | Code::Blend { .. }
            | Code::BlendSquare { .. }
            | Code::RootStep { .. } => None,
        };
        std::iter::once(self.dst).chain(second)
    }
}

/// Where a register goes when the tile is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sink {
    /// One value for each value.
    Store(*mut f32),
    /// Folded over each row: one value a row.
    FoldRow(Fold, *mut f32),
    /// Folded over rows, one value a column; added to what is there if `more`.
    FoldRows { fold: Fold, out: *mut f32, more: bool },
}

/// A register: a place of its own in the scratch, or memory that is read or written in place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reg {
    /// Tile `n` of the scratch.
    Scratch(u16),
    /// Loaded by a source.
    Load(u16),
    /// The memory of store `n` of the sinks.
    Direct(u16),
}

/// A program with its addresses, for one block of rows (or one range of a shared tensor).
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) regs: &'a [Reg],
    /// Source and, for those that are not read in place, the scratch tile that holds the values.
    pub(crate) loads: &'a [(Source, u16)],
    pub(crate) scalars: &'a [f32],
    pub(crate) code: &'a [Instr],
    pub(crate) sinks: &'a [(u16, Sink)],
    /// At least `TILE` values for each scratch tile.
    pub(crate) scratch: *mut f32,
    /// One pointer a register.
    pub(crate) pointers: &'a mut [*mut f32],
}

dispatch! {
    /// Runs a program over a block.
    pub(crate) unsafe fn run = body(call: &mut Call<'_>)
}

/// # Safety
/// Every address of `call` is valid for `rows * width` values (or as its variant says); stores overlap nothing that
/// is read, except values read in full by the same program whose store is not direct; the scratch is large enough.
#[inline(always)]
unsafe fn body<const FMA: bool>(call: &mut Call<'_>) {
    let narrow = call.width <= TILE;
    let rows_per_tile = if narrow { rows_per_tile(call.width) } else { 1 };
    let columns_per_tile = if narrow { call.width } else { TILE };
    let mut row = 0;
    while row < call.rows {
        let rows = rows_per_tile.min(call.rows - row);
        let mut column = 0;
        while column < call.width {
            let columns = columns_per_tile.min(call.width - column);
            let first = row == 0 && column == 0;
            // SAFETY: the caller's contract, for the part of it that is this tile.
            unsafe { tile::<FMA>(call, (row, rows), (column, columns), first) };
            column += columns;
        }
        row += rows;
    }
}

/// Rows of a narrow tile: as many as fit, or a few less if they fill whole vectors, because what is left of a tile behind its
/// last whole vector is computed value by value.
fn rows_per_tile(width: usize) -> usize {
    let most = (TILE / width.max(1)).max(1);
    // The least number of rows that fills whole vectors of 16: 16 by the greatest power of two in the width.
    let whole = 16 >> width.trailing_zeros().min(4);
    let fewer = most / whole * whole;
    if 4 * fewer >= 3 * most { fewer } else { most }
}

/// # Safety
/// See [`body`]; the tile lies inside the block.
#[inline(always)]
unsafe fn tile<const FMA: bool>(
    call: &mut Call<'_>,
    (row, rows): (usize, usize),
    (column, columns): (usize, usize),
    first: bool,
) {
    let n = rows * columns;
    let offset = row * call.width + column;
    let narrow = call.width <= TILE;
    // SAFETY: `offset + n` stays inside the block, rows inside `row..row + rows`, columns inside the width; scratch
    // tiles hold `TILE >= n` values.
    unsafe {
        for (r, reg) in call.regs.iter().enumerate() {
            call.pointers[r] = match *reg {
                Reg::Scratch(t) => call.scratch.add(t as usize * TILE),
                Reg::Direct(s) => match call.sinks[s as usize].1 {
                    Sink::Store(out) => out.add(offset),
                    _ => call.scratch,
                },
                Reg::Load(l) => {
                    let (source, t) = call.loads[l as usize];
                    let own = call.scratch.add(t as usize * TILE);
                    match source {
                        Source::Full(values) => values.add(offset).cast_mut(),
                        Source::Column(values) if !narrow => values.add(column).cast_mut(),
                        Source::Column(values) => {
                            // The same for every tile of whole rows, so repeated once a call.
                            if first {
                                let repeats = (TILE / call.width).max(1).min(call.rows);
                                for i in 0..repeats {
                                    own.add(i * columns).copy_from_nonoverlapping(values, columns);
                                }
                            }
                            own
                        }
                        Source::Row(values) => {
                            for i in 0..rows {
                                fill(own.add(i * columns), columns, *values.add(row + i));
                            }
                            own
                        }
                        Source::Table { values, stride, index } => {
                            for i in 0..rows {
                                let values = values.add((row + i) * stride);
                                for j in 0..columns {
                                    *own.add(i * columns + j) = *values.add(*index.add(column + j) as usize);
                                }
                            }
                            own
                        }
                        Source::Parts { values, stride, count, fold } => {
                            let values = values.add(offset);
                            if count == 1 {
                                own.copy_from_nonoverlapping(values, n);
                            } else {
                                fold_two(fold, own, values, values.add(stride), n);
                            }
                            for part in 2..count {
                                fold_into(fold, own, values.add(part * stride), n);
                            }
                            own
                        }
                    }
                }
            };
        }
        for instr in call.code {
            step::<FMA>(instr, call.pointers, call.scalars, n);
        }
        for (s, &(reg, sink)) in call.sinks.iter().enumerate() {
            let values = call.pointers[reg as usize].cast_const();
            match sink {
                Sink::Store(out) => {
                    let direct = matches!(call.regs[reg as usize], Reg::Direct(own) if own as usize == s);
                    if !direct {
                        out.add(offset).copy_from_nonoverlapping(values, n);
                    }
                }
                Sink::FoldRow(fold, out) => {
                    for i in 0..rows {
                        let part = fold_of_more(fold, values.add(i * columns), columns, n - i * columns);
                        let out = out.add(row + i);
                        *out = match fold {
                            _ if column == 0 => part,
                            Fold::Sum => *out + part,
                            Fold::Max => maximum(*out, part),
                        };
                    }
                }
                Sink::FoldRows { fold, out, more } => {
                    let out = out.add(column);
                    let (mut values, mut rows) = (values, rows);
                    if row == 0 && !more {
                        out.copy_from_nonoverlapping(values, columns);
                        (values, rows) = (values.add(columns), rows - 1);
                    }
                    fold_rows(fold, out, values, rows, columns);
                }
            }
        }
    }
}

/// The larger value; NaN if either is, as a broken value should not look healthy.
#[inline(always)]
pub(crate) fn maximum(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// The smaller value, likewise.
#[inline(always)]
fn minimum(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

/// # Safety
/// `out` is valid for writing `n` values.
#[inline(always)]
unsafe fn fill(out: *mut f32, n: usize, value: f32) {
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts_mut(out, n) }.fill(value);
}

/// # Safety
/// The registers the instruction names are valid for `n` values, and its destination overlaps no operand, or is the first
/// if [`Code::takes_result_as_first`].
#[inline(always)]
unsafe fn step<const FMA: bool>(instr: &Instr, pointers: &[*mut f32], scalars: &[f32], n: usize) {
    if instr.code.takes_result_as_first() {
        // SAFETY: the caller's contract.
        return unsafe { chain::step(instr, pointers, scalars, n) };
    }
    // SAFETY: the caller's contract.
    let out = unsafe { std::slice::from_raw_parts_mut(pointers[instr.dst as usize], n) };
    let read = |reg: u16| {
        // SAFETY: the caller's contract.
        unsafe { std::slice::from_raw_parts(pointers[reg as usize].cast_const(), n) }
    };
    macro_rules! one {
        ($f:expr) => {
            match instr.a {
                Arg::Reg(a) => map1(out, read(a), $f),
                Arg::Scalar(a) => out.fill($f(scalars[a as usize])),
            }
        };
    }
    macro_rules! two {
        ($f:expr) => {
            match (instr.a, instr.b) {
                (Arg::Reg(a), Arg::Reg(b)) => zip2(out, read(a), read(b), $f),
                (Arg::Reg(a), Arg::Scalar(b)) => {
                    let b = scalars[b as usize];
                    map1(out, read(a), |a| $f(a, b));
                }
                (Arg::Scalar(a), Arg::Reg(b)) => {
                    let a = scalars[a as usize];
                    map1(out, read(b), |b| $f(a, b));
                }
                (Arg::Scalar(a), Arg::Scalar(b)) => out.fill($f(scalars[a as usize], scalars[b as usize])),
            }
        };
    }
    match instr.code {
        Code::Copy => one!(|a: f32| a),
        Code::Unary(Unary::Neg) => one!(|a: f32| -a),
        Code::Unary(Unary::Exp) => one!(math::exp::<FMA>),
        Code::Unary(Unary::Ln) => one!(math::ln::<FMA>),
        Code::Unary(Unary::Sqrt) => one!(|a: f32| a.sqrt()),
        Code::Unary(Unary::Tanh) => one!(math::tanh::<FMA>),
        Code::Unary(Unary::Sigmoid) => one!(math::sigmoid::<FMA>),
        Code::Unary(Unary::Softplus) => one!(math::softplus::<FMA>),
        Code::Unary(Unary::Abs) => one!(|a: f32| a.abs()),
        Code::Unary(Unary::Sign) => one!(|a: f32| f32::from(a > 0.0) - f32::from(a < 0.0)),
        Code::Binary(Binary::Add) => two!(|a: f32, b: f32| a + b),
        Code::Binary(Binary::Sub) => two!(|a: f32, b: f32| a - b),
        Code::Binary(Binary::Mul) => two!(|a: f32, b: f32| a * b),
        Code::Binary(Binary::Div) => two!(|a: f32, b: f32| a / b),
        Code::Binary(Binary::Min) => two!(minimum),
        Code::Binary(Binary::Max) => two!(maximum),
        Code::Binary(Binary::Less) => two!(|a: f32, b: f32| f32::from(a < b)),
        Code::Binary(Binary::Equal) => two!(|a: f32, b: f32| f32::from(a == b)),
        Code::Blend { .. } | Code::BlendSquare { .. } | Code::RootStep { .. } => {}
        Code::SoftplusSigmoid { sigmoid } => {
            let Arg::Reg(a) = instr.a else { return };
            // SAFETY: likewise.
            let sigmoid = unsafe { std::slice::from_raw_parts_mut(pointers[sigmoid as usize], n) };
            for ((o, s), &a) in out.iter_mut().zip(sigmoid).zip(read(a)) {
                (*o, *s) = math::softplus_sigmoid::<FMA>(a);
            }
        }
        Code::Select => {
            let (Arg::Reg(mask), b, c) = (instr.a, instr.b, instr.c) else {
                // A mask of one value picks a whole operand.
                if let Arg::Scalar(mask) = instr.a {
                    let picked = if scalars[mask as usize] != 0.0 { instr.b } else { instr.c };
                    match picked {
                        Arg::Reg(r) => out.copy_from_slice(read(r)),
                        Arg::Scalar(s) => out.fill(scalars[s as usize]),
                    }
                }
                return;
            };
            let mask = read(mask);
            match (b, c) {
                (Arg::Reg(b), Arg::Reg(c)) => {
                    for (((o, &m), &b), &c) in out.iter_mut().zip(mask).zip(read(b)).zip(read(c)) {
                        *o = pick(m, b, c);
                    }
                }
                (Arg::Reg(b), Arg::Scalar(c)) => {
                    let c = scalars[c as usize];
                    zip2(out, mask, read(b), |m, b| pick(m, b, c));
                }
                (Arg::Scalar(b), Arg::Reg(c)) => {
                    let b = scalars[b as usize];
                    zip2(out, mask, read(c), |m, c| pick(m, b, c));
                }
                (Arg::Scalar(b), Arg::Scalar(c)) => {
                    let (b, c) = (scalars[b as usize], scalars[c as usize]);
                    map1(out, mask, |m| pick(m, b, c));
                }
            }
        }
    }
}

/// One of two values, by bits: a choice between values in memory would load only the chosen one, value by value.
#[inline(always)]
fn pick(mask: f32, b: f32, c: f32) -> f32 {
    let chosen = u32::from(mask != 0.0).wrapping_neg();
    f32::from_bits((b.to_bits() & chosen) | (c.to_bits() & !chosen))
}

#[inline(always)]
fn map1(out: &mut [f32], a: &[f32], f: impl Fn(f32) -> f32) {
    for (o, &a) in out.iter_mut().zip(a) {
        *o = f(a);
    }
}

#[inline(always)]
fn zip2(out: &mut [f32], a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) {
    for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *o = f(a, b);
    }
}
