//! How the samples of a row lie before the discriminator.

use veridic_graph::{Expr, Shape};

/// Samples of `axes` axes with a class in the last one: of images a channel a class, of series a value a class at each step.
pub(super) fn beside<'g>(x: Expr<'g>, asked: Expr<'g>, axes: usize) -> Expr<'g> {
    let dims = x.shape().dims;
    let last = dims.len() - 1;
    if axes == 1 {
        return x.graph().concat(&[x, asked], last);
    }
    let places = &dims[last + 1 - axes..last];
    let classes = asked.shape().dims;
    let (lead, n) = classes.split_at(classes.len() - 1);
    let flags = asked.reshape(&[lead, &vec![1; places.len()], n].concat());
    let everywhere = Shape::with_rows(&[lead, places, n].concat());
    x.graph().concat(&[x, flags.broadcast(&everywhere)], last)
}

/// All samples of a row as one: their values one after the other, or their channels, or the values of their steps.
pub(super) fn packed(x: Expr<'_>) -> Expr<'_> {
    let dims = x.shape().dims;
    match *dims.as_slice() {
        [m, h, w, c] => x.permute(&[1, 2, 0, 3]).reshape(&[h, w, m * c]),
        [m, steps, values] => x.permute(&[1, 0, 2]).reshape(&[steps, m * values]),
        _ => x.reshape(&[dims.iter().product()]),
    }
}
