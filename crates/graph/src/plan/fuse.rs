//! Elementwise nodes as one program: registers, instructions, and what is loaded and stored.

use std::collections::HashMap;

use super::allocate::Placement;
use super::chain::chain;
use super::ir::{Element, Ending, Given, Ir, IrOp, View};
use super::place::Place;
use super::schedule::{Domain, Member};
use super::task::{Kernel, Load, Scalar, SinkPlace, Task};
use crate::error::GraphError;
use crate::kernel::elementwise::{Arg, Code, Instr, Reg};
use crate::op::Unary;

impl Placement<'_> {
    /// The kernel that computes `members`, and its rough cost in nanoseconds (a row, or in all).
    pub(super) fn kernel(
        &mut self,
        members: &[(Ir, Member<'_>)],
        (rows, width): Domain,
        now: usize,
        in_rows: bool,
    ) -> Result<(Task, f64), GraphError> {
        let nodes: Vec<Ir> = members.iter().map(|(ir, _)| *ir).collect();
        let mut builder = KernelBuilder {
            of: self,
            members: &nodes,
            regs: Vec::new(),
            loads: Vec::new(),
            scalars: Vec::new(),
        };
        let mut code = Vec::new();
        let mut reg_of: HashMap<Ir, u16> = HashMap::new();
        let mut endings = Vec::new();
        for &(ir, member) in members {
            let op = match member {
                Member::Element(op) => op,
                Member::Ending(op) => {
                    endings.push((ir, op));
                    continue;
                }
            };
            let arg = |builder: &mut KernelBuilder<'_, '_>, operand: Ir| builder.arg(operand, &reg_of);
            let unused = Arg::Scalar(0);
            let (instr, a, b, c) = match *op {
                Element::Copy(a) => (Code::Copy, arg(&mut builder, a)?, unused, unused),
                Element::Finish(fold, a) => {
                    let Place::Partial(of) = builder.of.of(a)? else {
                        return Err(GraphError::Internal {
                            what: "a finish reads something else than parts",
                        });
                    };
                    (Code::Copy, Arg::Reg(builder.load(Load::Parts { of, fold })), unused, unused)
                }
                Element::Weigh { a, b, column, k, n } => {
                    let (a, b) = (builder.of.of(a)?, builder.of.of(b)?);
                    let loaded = builder.load(Load::Weigh { a, b, column, k, n });
                    (Code::Copy, Arg::Reg(loaded), unused, unused)
                }
                Element::Unary(op, a) => (Code::Unary(op), arg(&mut builder, a)?, unused, unused),
                Element::Binary(op, a, b) => {
                    let a = arg(&mut builder, a)?;
                    (Code::Binary(op), a, arg(&mut builder, b)?, unused)
                }
                Element::Select(m, a, b) => {
                    let (m, a) = (arg(&mut builder, m)?, arg(&mut builder, a)?);
                    (Code::Select, m, a, arg(&mut builder, b)?)
                }
            };
            // What is loaded and only read here needs no copy.
            let loads = matches!(op, Element::Finish(..) | Element::Weigh { .. });
            if let (true, Arg::Reg(loaded), false) = (loads, a, builder.of.stored[ir]) {
                reg_of.insert(ir, loaded);
                continue;
            }
            builder.regs.push(Reg::Scratch(u16::MAX));
            let dst = (builder.regs.len() - 1) as u16;
            reg_of.insert(ir, dst);
            code.push(Instr { code: instr, dst, a, b, c });
        }
        let mut kept = vec![false; builder.regs.len()];
        for &ir in &nodes {
            if let Some(&reg) = reg_of.get(&ir) {
                kept[reg as usize] |= builder.of.stored[ir];
            }
        }
        for (_, Ending::Rows(_, of) | Ending::Width(_, of)) in &endings {
            if let Some(&reg) = reg_of.get(of) {
                kept[reg as usize] = true;
            }
        }
        let code = chain(code, &kept, &mut || builder.scalar_index(Scalar::Const(1.0f32.to_bits())));
        // Folds come first: a store may put its values where a folded operand was.
        let mut sinks: Vec<(u16, SinkPlace)> = Vec::new();
        for (ir, ending) in endings {
            let (Ending::Rows(_, of) | Ending::Width(_, of)) = *ending;
            let Arg::Reg(reg) = builder.arg(of, &reg_of)? else {
                return Err(GraphError::Internal { what: "a fold reads one value" });
            };
            let sink = match (ending, builder.of.place(ir)) {
                (Ending::Rows(fold, _), Place::Partial(out)) => SinkPlace::FoldRows(*fold, out),
                (Ending::Rows(..), _) => {
                    return Err(GraphError::Internal { what: "a fold over rows has no parts" });
                }
                (Ending::Width(fold, _), place) => SinkPlace::FoldRow(*fold, place),
            };
            sinks.push((reg, sink));
        }
        let mut taken: Vec<Ir> = Vec::new();
        for &ir in &nodes {
            if builder.of.nodes[ir].is_elementwise() && builder.of.stored[ir] {
                let reg = reg_of[&ir];
                let (place, in_place) = builder.store(ir, now, in_rows, &mut taken);
                if !in_place || builder.is_read_before(place, reg, &code, &sinks) {
                    builder.regs[reg as usize] = Reg::Direct(sinks.len() as u16);
                }
                sinks.push((reg, SinkPlace::Store(place)));
            }
        }
        let KernelBuilder { mut regs, loads, scalars, .. } = builder;
        // Values read in place need no tile; the others keep theirs for the whole call.
        let mut tiles = 0u16;
        let loads: Vec<(Load, u16)> = loads
            .into_iter()
            .map(|load| {
                let in_place = matches!(load, Load::Full(_) | Load::Weigh { .. });
                tiles += u16::from(!in_place);
                (load, tiles.saturating_sub(1))
            })
            .collect();
        let tiles = assign_tiles(&mut regs, &code, &sinks, tiles);
        self.schedule.tiles = self.schedule.tiles.max(tiles as usize);
        self.schedule.registers = self.schedule.registers.max(regs.len());
        let cost: f64 = code.iter().map(|instr| if is_slow(instr.code) { 0.6 } else { 0.12 }).sum();
        let cost = (cost + 0.1 * (loads.len() + sinks.len()) as f64) * width as f64;
        Ok((Task::Kernel(Kernel { rows, width, regs, loads, scalars, code, sinks }), cost))
    }
}

fn is_slow(code: Code) -> bool {
    use Unary::{Exp, Ln, Sigmoid, Softplus, Tanh};
    matches!(code, Code::Unary(Exp | Ln | Sigmoid | Softplus | Tanh) | Code::SoftplusSigmoid { .. })
}

struct KernelBuilder<'p, 'a> {
    of: &'p mut Placement<'a>,
    members: &'p [Ir],
    regs: Vec<Reg>,
    loads: Vec<Load>,
    scalars: Vec<Scalar>,
}

impl KernelBuilder<'_, '_> {
    fn load(&mut self, load: Load) -> u16 {
        let index = self.loads.iter().position(|known| *known == load).unwrap_or_else(|| {
            self.loads.push(load);
            self.loads.len() - 1
        });
        let known = self.regs.iter().position(|reg| matches!(reg, Reg::Load(l) if *l as usize == index));
        known.unwrap_or_else(|| {
            self.regs.push(Reg::Load(index as u16));
            self.regs.len() - 1
        }) as u16
    }

    fn scalar(&mut self, scalar: Scalar) -> Arg {
        Arg::Scalar(self.scalar_index(scalar))
    }

    fn scalar_index(&mut self, scalar: Scalar) -> u16 {
        let index = self.scalars.iter().position(|known| *known == scalar).unwrap_or_else(|| {
            self.scalars.push(scalar);
            self.scalars.len() - 1
        });
        index as u16
    }

    fn arg(&mut self, ir: Ir, reg_of: &HashMap<Ir, u16>) -> Result<Arg, GraphError> {
        if let Some(&reg) = reg_of.get(&ir) {
            return Ok(Arg::Reg(reg));
        }
        Ok(match &self.of.nodes[ir].op {
            IrOp::Given(Given::Const(bits)) => self.scalar(Scalar::Const(*bits)),
            IrOp::Given(Given::View(source, view)) => {
                let source = *source;
                if let (IrOp::Given(Given::Const(bits)), View::Scalar) = (&self.of.nodes[source].op, view) {
                    return Ok(self.scalar(Scalar::Const(*bits)));
                }
                let place = self.of.of(source)?;
                Arg::Reg(match view {
                    View::Scalar => return Ok(self.scalar(Scalar::Shared(place))),
                    View::Column => self.load(Load::Column(place)),
                    View::Row => self.load(Load::Row(place)),
                    View::Table { index, stride } => {
                        self.load(Load::Table { of: place, stride: *stride, index: index.clone() })
                    }
                })
            }
            IrOp::Given(Given::Shared(_) | Given::State(_) | Given::RowCount)
            | IrOp::Element(_)
            | IrOp::Ending(_)
            | IrOp::Alone(_) => {
                let place = self.of.of(ir)?;
                Arg::Reg(self.load(Load::Full(place)))
            }
        })
    }

    /// Whether everything that is read from `place` has been read when `reg` is computed, so that `reg` can be written
    /// there at once instead of when the tile is done.
    fn is_read_before(&self, place: Place, reg: u16, code: &[Instr], sinks: &[(u16, SinkPlace)]) -> bool {
        let made = code.iter().position(|instr| instr.results().any(|result| result == reg));
        let load = self.loads.iter().position(|load| *load == Load::Full(place));
        let (Some(made), Some(load)) = (made, load) else { return false };
        let source = self.regs.iter().position(|known| matches!(known, Reg::Load(l) if *l as usize == load));
        let Some(source) = source.map(|source| source as u16) else { return false };
        let reads = |instr: &Instr| [instr.a, instr.b, instr.c].contains(&Arg::Reg(source));
        let itself = code[made];
        let in_place = itself.code.takes_result_as_first()
            && itself.a == Arg::Reg(source)
            && ![itself.b, itself.c].contains(&Arg::Reg(source));
        (in_place || !reads(&itself))
            && !code[made + 1..].iter().any(reads)
            && !sinks.iter().any(|(sunk, _)| *sunk == source)
    }

    /// A place for a stored member: the memory of a value this kernel is the last to read, where there is one, so
    /// that fewer lines of cache are touched (then the store waits until the tile is done).
    fn store(&mut self, ir: Ir, now: usize, in_rows: bool, taken: &mut Vec<Ir>) -> (Place, bool) {
        let of = &mut *self.of;
        let fresh = of.pinned[ir] || !in_rows || of.direct_state.contains_key(&ir);
        if !fresh {
            let width = of.nodes[ir].width;
            let operands = self.members.iter().flat_map(|&member| of.nodes[member].operands());
            let dying = operands.into_iter().find(|&operand| {
                !self.members.contains(&operand)
                    && !taken.contains(&operand)
                    && !of.pinned[operand]
                    && of.nodes[operand].rows
                    && of.nodes[operand].width == width
                    && of.last_use[operand] == now
                    && matches!(of.places[operand], Some(Place::Chunk(_)))
                    && self.members.iter().all(|&member| {
                        let viewed = |o: &Ir| matches!(of.nodes[*o].op, IrOp::Given(Given::View(s, _)) if s == operand);
                        !of.nodes[member].operands().iter().any(viewed)
                    })
            });
            if let Some((operand, place)) =
                dying.and_then(|operand| Some((operand, of.places[operand].take()?)))
            {
                taken.push(operand);
                of.places[ir] = Some(place);
                return (place, true);
            }
        }
        let in_place = of.direct_state.contains_key(&ir);
        (of.place(ir), in_place)
    }
}

/// Gives computed registers their scratch tiles, by last use, after the `first` that loads keep.
fn assign_tiles(regs: &mut [Reg], code: &[Instr], sinks: &[(u16, SinkPlace)], first: u16) -> u16 {
    let mut last = vec![0usize; regs.len()];
    for (at, instr) in code.iter().enumerate() {
        for arg in [instr.a, instr.b, instr.c] {
            if let Arg::Reg(reg) = arg {
                last[reg as usize] = at;
            }
        }
        for reg in instr.results() {
            last[reg as usize] = at;
        }
    }
    for (reg, _) in sinks {
        last[*reg as usize] = code.len();
    }
    let mut free: Vec<u16> = Vec::new();
    let mut tiles = first;
    for (at, instr) in code.iter().enumerate() {
        for reg in instr.results() {
            if let Reg::Scratch(tile) = &mut regs[reg as usize] {
                *tile = free.pop().unwrap_or_else(|| {
                    tiles += 1;
                    tiles - 1
                });
            }
        }
        for (reg, &end) in regs.iter().zip(&last) {
            if let Reg::Scratch(tile) = reg
                && end == at
                && *tile != u16::MAX
                && !free.contains(tile)
            {
                free.push(*tile);
            }
        }
    }
    // What chains left out has no tile, and nothing reads it.
    for reg in regs {
        if let Reg::Scratch(tile @ u16::MAX) = reg {
            *tile = 0;
        }
    }
    tiles
}
