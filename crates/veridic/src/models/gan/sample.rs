//! How the samples of a row lie before the discriminator.

use veridic_graph::{Expr, Shape};

/// Samples with a class in the last axis: of images a channel a class.
pub(super) fn beside<'g>(x: Expr<'g>, asked: Expr<'g>, is_image: bool) -> Expr<'g> {
    let dims = x.shape().dims;
    let last = dims.len() - 1;
    if !is_image {
        return x.graph().concat(&[x, asked], last);
    }
    let classes = asked.shape().dims;
    let (lead, n) = classes.split_at(classes.len() - 1);
    let flags = asked.reshape(&[lead, &[1, 1], n].concat());
    let everywhere = Shape::with_rows(&[lead, &dims[last - 2..last], n].concat());
    x.graph().concat(&[x, flags.broadcast(&everywhere)], last)
}

/// All samples of a row as one: their values one after the other, or their channels.
pub(super) fn packed(x: Expr<'_>, is_image: bool) -> Expr<'_> {
    let dims = x.shape().dims;
    if is_image {
        let &[m, h, w, c] = dims.as_slice() else { return x };
        x.permute(&[1, 2, 0, 3]).reshape(&[h, w, m * c])
    } else {
        x.reshape(&[dims.iter().product()])
    }
}
