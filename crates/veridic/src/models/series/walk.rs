//! Paths of a copula, step by step.

use rand_chacha::rand_core::Rng;

use super::lag::{Conditional, LagCopula, Place};
use crate::seed::standard_normal;

/// Scores step by step: a window at once, and then each step given the window before it.
pub(super) struct Walk<'a> {
    copula: &'a LagCopula,
    /// Places of a step.
    width: usize,
    /// Whether a quantity of the whole window stands before all steps.
    head: usize,
    /// The next step given so many steps before it, from none on.
    next: Vec<Conditional>,
}

impl<'a> Walk<'a> {
    /// `steps` gives the places of a step, `head` a place of the whole window.
    pub(super) fn new(
        copula: &'a LagCopula,
        steps: &dyn Fn(usize) -> Vec<Place>,
        head: Option<Place>,
        length: usize,
    ) -> Self {
        let window = copula.steps().min(length.max(1));
        let places: Vec<Place> = head.into_iter().chain((0..window).flat_map(steps)).collect();
        let matrix = copula.matrix(&places);
        let (width, head) = (steps(0).len(), head.iter().count());
        let next = (0..window).map(|before| {
            let size = head + (before + 1) * width;
            let is_known: Vec<bool> = (0..size).map(|i| i < size - width).collect();
            Conditional::new(&matrix.view((0, 0), (size, size)).into_owned(), &is_known)
        });
        Self { copula, width, head, next: next.collect() }
    }

    /// The scores of `length` steps, the head and the known steps first.
    pub(super) fn path(&self, known: &[f64], length: usize, random: &mut impl Rng) -> Vec<f64> {
        let mut path = known.to_vec();
        if path.len() < self.head {
            path.push(standard_normal(random));
        }
        while path.len() < self.head + length * self.width {
            let done = (path.len() - self.head) / self.width;
            let before = done.min(self.copula.steps() - 1).min(self.next.len() - 1);
            let recent = path[path.len() - before * self.width..].iter();
            let given: Vec<f64> = path[..self.head].iter().chain(recent).copied().collect();
            path.extend(self.next[before].draw(&given, random).iter());
        }
        path
    }
}
