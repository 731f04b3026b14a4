//! Several instructions of a kernel as one, where loops of optimizers have them: what passes through the first-level
//! cache once costs a third of what passes through it three times. Each value is computed by the same operations in the
//! same order as before, to the last bit.

use crate::kernel::elementwise::{Arg, Code, Instr};
use crate::op::{Binary, Unary};

/// Replaces chains whose inner values are read by nothing else; `kept` says of each register whether it is also stored or
/// folded, and `one` gives the scalar 1.
pub(super) fn chain(code: Vec<Instr>, kept: &[bool], one: &mut dyn FnMut() -> u16) -> Vec<Instr> {
    let mut chains = Chains {
        made_by: vec![None; kept.len()],
        uses: vec![0; kept.len()],
        code: code.into_iter().map(Some).collect(),
        kept,
    };
    for at in 0..chains.code.len() {
        let Some(instr) = chains.code[at] else { continue };
        chains.made_by[instr.dst as usize] = Some(at);
        for arg in [instr.a, instr.b, instr.c] {
            if let Arg::Reg(reg) = arg {
                chains.uses[reg as usize] += 1;
            }
        }
    }
    for at in 0..chains.code.len() {
        let Some(instr) = chains.code[at] else { continue };
        let found = match instr.code {
            Code::Binary(Binary::Add) => chains.blend(instr.a, instr.b, one),
            Code::Binary(Binary::Sub) => chains.root_step(instr.a, instr.b, one),
            _ => None,
        };
        if let Some(Chain { code, operands: [a, b, c], inner }) = found {
            inner.into_iter().for_each(|inner| chains.code[inner] = None);
            chains.code[at] = Some(Instr { code, dst: instr.dst, a, b, c });
        }
    }
    let mut code: Vec<Instr> = chains.code.into_iter().flatten().collect();
    pair(&mut code);
    code
}

/// Softplus and sigmoid of one register, which losses and their gradients take, as one instruction where the first was.
fn pair(code: &mut Vec<Instr>) {
    let kinds = [Unary::Softplus, Unary::Sigmoid].map(Code::Unary);
    let mut at = 0;
    while at < code.len() {
        let first = code[at];
        let is_other = |instr: &Instr| {
            matches!(first.a, Arg::Reg(_))
                && instr.a == first.a
                && instr.code != first.code
                && kinds.contains(&first.code)
                && kinds.contains(&instr.code)
        };
        if let Some(second) = code[at..].iter().position(is_other) {
            let second = code.remove(at + second);
            let (softplus, sigmoid) = if first.code == kinds[0] { (first, second) } else { (second, first) };
            code[at] = Instr { code: Code::SoftplusSigmoid { sigmoid: sigmoid.dst }, ..softplus };
        }
        at += 1;
    }
}

/// A chain that was found: what replaces its last instruction, and the instructions that go.
struct Chain {
    code: Code,
    operands: [Arg; 3],
    inner: Vec<usize>,
}

struct Chains<'a> {
    code: Vec<Option<Instr>>,
    made_by: Vec<Option<usize>>,
    uses: Vec<u32>,
    kept: &'a [bool],
}

impl Chains<'_> {
    /// The instruction that computes a register which only one other instruction reads.
    fn inner(&self, arg: Arg) -> Option<(usize, Instr)> {
        let Arg::Reg(reg) = arg else { return None };
        let reg = reg as usize;
        let at = self.made_by[reg].filter(|_| self.uses[reg] == 1 && !self.kept[reg])?;
        Some((at, self.code[at]?))
    }

    /// A register times a scalar.
    fn scaled(&self, arg: Arg) -> Option<(usize, Arg, u16)> {
        let (at, instr) = self.inner(arg)?;
        match (instr.code, instr.a, instr.b) {
            (Code::Binary(Binary::Mul), reg @ Arg::Reg(_), Arg::Scalar(scalar))
            | (Code::Binary(Binary::Mul), Arg::Scalar(scalar), reg @ Arg::Reg(_)) => Some((at, reg, scalar)),
            _ => None,
        }
    }

    /// A register times itself.
    fn square(&self, arg: Arg) -> Option<(usize, Arg)> {
        let (at, instr) = self.inner(arg)?;
        (instr.code == Code::Binary(Binary::Mul) && instr.a == instr.b).then_some((at, instr.a))
    }

    /// `a x + b y` and `a x + b² y`, for scalars `x` and `y`, and `a x + b`.
    fn blend(&self, a: Arg, b: Arg, one: &mut dyn FnMut() -> u16) -> Option<Chain> {
        let unused = Arg::Scalar(0);
        match (self.scaled(a), self.scaled(b)) {
            (Some((first, a, x)), Some((second, b, y))) => {
                // A sum is the same in either order.
                let square = self.square(b).map(|square| (a, x, square, y));
                let square = square.or_else(|| self.square(a).map(|square| (b, y, square, x)));
                Some(match square {
                    Some((a, x, (third, b), y)) => Chain {
                        code: Code::BlendSquare { x, y },
                        operands: [a, b, unused],
                        inner: vec![first, second, third],
                    },
                    None => Chain {
                        code: Code::Blend { x, y },
                        operands: [a, b, unused],
                        inner: vec![first, second],
                    },
                })
            }
            (Some((inner, a, x)), None) => self.added((inner, a, x), b, one),
            (None, Some(scaled)) => self.added(scaled, a, one),
            (None, None) => None,
        }
    }

    /// `a x + other`.
    fn added(
        &self,
        (inner, a, x): (usize, Arg, u16),
        other: Arg,
        one: &mut dyn FnMut() -> u16,
    ) -> Option<Chain> {
        let Arg::Reg(_) = other else { return None };
        Some(Chain {
            code: Code::Blend { x, y: one() },
            operands: [a, other, Arg::Scalar(0)],
            inner: vec![inner],
        })
    }

    /// `a - b rate / (sqrt(c scale) + epsilon)`.
    fn root_step(&self, a: Arg, step: Arg, one: &mut dyn FnMut() -> u16) -> Option<Chain> {
        let Arg::Reg(_) = a else { return None };
        let (divided, division) = self.inner(step)?;
        let (scaled, b, rate) = self.scaled(division.a)?;
        let (added, sum) = self.inner(division.b)?;
        let (rooted, root) = self.inner(sum.a)?;
        let (Arg::Scalar(epsilon), Arg::Reg(_)) = (sum.b, root.a) else { return None };
        let codes = (division.code, sum.code, root.code);
        if codes != (Code::Binary(Binary::Div), Code::Binary(Binary::Add), Code::Unary(Unary::Sqrt)) {
            return None;
        }
        let mut inner = vec![divided, scaled, added, rooted];
        let (c, scale) = match self.scaled(root.a) {
            Some((at, c, scale)) => {
                inner.push(at);
                (c, scale)
            }
            None => (root.a, one()),
        };
        Some(Chain { code: Code::RootStep { rate, scale, epsilon }, operands: [a, b, c], inner })
    }
}
