//! What latent points are drawn from before anything is known of a row.

use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Graph, Shape};

use crate::data::Matrix;
use crate::seed::{Seed, standard_normal, uniform};

/// The distribution of the noise a generator is given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseSource {
    /// Standard normal.
    #[default]
    Normal,
    /// Uniform within -1 and 1.
    Uniform,
    /// `{ stratified = 8.0 }`: uniform within plus and minus this, each sample of a group in a stratum of its own.
    Stratified(f32),
}

/// The parts of a latent point, one after the other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prior {
    /// Where the noise comes from, and how many dimensions it has.
    pub noise: (NoiseSource, usize),
    /// A class that is asked for, one of so many (one-hot); 0 is none.
    pub classes: usize,
    /// A set of images that is asked for, one of so many (one-hot), of coupled networks; 0 is none.
    pub sets: usize,
    /// A category that is drawn, one of so many (one-hot); 0 is none.
    pub categories: usize,
    /// Codes drawn uniformly within -1 and 1.
    pub continuous: usize,
}

/// A part of latent points, and what it is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fixed {
    /// The class or the set that is asked for.
    Class(usize),
    /// The category.
    Category(usize),
    /// A code by its place, and its value; training draws it within -1 and 1.
    Code(usize, f32),
}

impl Fixed {
    /// Whether both are of one part.
    pub(crate) fn is_same_part(self, other: Self) -> bool {
        match (self, other) {
            (Self::Code(one, _), Self::Code(other, _)) => one == other,
            _ => std::mem::discriminant(&self) == std::mem::discriminant(&other),
        }
    }
}

impl Prior {
    /// Standard normal noise alone.
    pub fn normal(latent: usize) -> Self {
        Self { noise: (NoiseSource::Normal, latent), ..Self::default() }
    }

    /// Dimensions of a latent point.
    pub fn width(&self) -> usize {
        self.noise.1 + self.classes + self.sets + self.categories + self.continuous
    }

    /// The class (or the set) that a latent point asks for, where one is asked for.
    pub fn asked(&self, point: &[f32]) -> Option<usize> {
        hot(&point[self.noise.1..][..self.classes + self.sets])
    }

    /// The category drawn for a latent point, where there are categories.
    pub fn category(&self, point: &[f32]) -> Option<usize> {
        hot(&point[self.noise.1 + self.classes + self.sets..][..self.categories])
    }

    /// Makes a part of a latent point what it is to be; the place must be one that the part has.
    pub fn fix(&self, point: &mut [f32], part: Fixed) {
        let (classes, rest) = point[self.noise.1..].split_at_mut(self.classes + self.sets);
        let (categories, codes) = rest.split_at_mut(self.categories);
        let (flags, at) = match part {
            Fixed::Class(at) => (classes, at),
            Fixed::Category(at) => (categories, at),
            Fixed::Code(at, value) => {
                codes[at] = value;
                return;
            }
        };
        flags.fill(0.0);
        flags[at] = 1.0;
    }

    /// `n` latent points that follow from the seed and the name alone; `class` of each (its number) where classes or sets
    /// are asked for, else drawn evenly.
    pub fn draw(&self, seed: Seed, name: &str, n: usize, class: impl Fn(usize) -> Option<usize>) -> Matrix {
        let mut random = seed.stream(name);
        let mut z = Matrix::zeros(n, self.width());
        for i in 0..n {
            let row = z.row_mut(i);
            let (noise, rest) = row.split_at_mut(self.noise.1);
            for value in noise {
                *value = match self.noise.0 {
                    NoiseSource::Normal => standard_normal(&mut random) as f32,
                    NoiseSource::Uniform => around_zero(&mut random),
                    NoiseSource::Stratified(limit) => limit * around_zero(&mut random),
                };
            }
            let (classes, rest) = rest.split_at_mut(self.classes + self.sets);
            let (categories, continuous) = rest.split_at_mut(self.categories);
            let mut evenly = |n: usize| (uniform(&mut random) * n as f64) as usize;
            if !classes.is_empty() {
                let drawn = evenly(classes.len());
                classes[class(i).unwrap_or(drawn)] = 1.0;
            }
            if self.categories > 0 {
                categories[evenly(self.categories)] = 1.0;
            }
            for code in continuous {
                *code = around_zero(&mut random);
            }
        }
        z
    }

    /// Noise drawn at each step, `[rows, .., dimensions]`; `lead` is what axes come before the dimensions.
    pub(crate) fn noise<'g>(&self, graph: &'g Graph, lead: &[usize]) -> Expr<'g> {
        let shape = Shape::with_rows(&[lead, &[self.noise.1]].concat());
        match self.noise.0 {
            NoiseSource::Normal => graph.normal(&shape),
            NoiseSource::Uniform => graph.uniform(&shape) * 2.0 - 1.0,
            NoiseSource::Stratified(limit) => {
                let samples: usize = lead.iter().product();
                let step = 2.0 * limit / samples as f32;
                let starts: Vec<f32> = (0..samples).map(|i| i as f32 * step - limit).collect();
                let starts = constants(graph, &starts).reshape(&[lead, &[1]].concat());
                starts + graph.uniform(&shape) * step
            }
        }
    }
}

/// Which of one-hot flags is set.
fn hot(flags: &[f32]) -> Option<usize> {
    flags.iter().position(|&flag| flag == 1.0)
}

/// A number drawn evenly between -1 and 1.
fn around_zero(random: &mut impl Rng) -> f32 {
    (2.0 * uniform(random) - 1.0) as f32
}

/// A vector of constants.
pub(crate) fn constants<'g>(graph: &'g Graph, values: &[f32]) -> Expr<'g> {
    let each: Vec<Expr<'g>> = values.iter().map(|&value| graph.constant(value).reshape(&[1])).collect();
    graph.concat(&each, 0)
}

/// The one-hot form of whole numbers `number` (last axis of length 1), with `n` values in the last axis.
pub(crate) fn one_hot<'g>(number: Expr<'g>, n: usize) -> Expr<'g> {
    let numbers: Vec<f32> = (0..n).map(|i| i as f32).collect();
    constants(number.graph(), &numbers).equal(number)
}

/// Whole numbers below `n`, evenly, drawn at each step, one-hot in the last axis.
pub(crate) fn drawn_category<'g>(graph: &'g Graph, lead: &[usize], n: usize) -> Expr<'g> {
    let u = graph.uniform(&Shape::with_rows(&[lead, &[1]].concat())) * n as f32;
    let numbers: Vec<f32> = (0..n).map(|i| i as f32).collect();
    let starts = constants(graph, &numbers);
    // Exactly one of the intervals [i, i + 1) holds a value below n.
    (1.0 - u.less(starts)) * u.less(starts + 1.0)
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Pool, States};

    use super::*;

    fn drawn(graph: &Graph, of: Expr<'_>, rows: usize) -> Vec<f32> {
        let mut plan = graph.compile(&[of], &[]).unwrap();
        let mut states = States::new(graph, 0);
        plan.run(&mut Pool::new(1), &mut states, &[], rows, Draw { seed: 1, step: 0 }).unwrap();
        plan.output(0).to_vec()
    }

    #[test]
    fn a_drawn_category_is_one_hot_and_even() {
        let graph = Graph::new();
        let values = drawn(&graph, drawn_category(&graph, &[2], 5), 5000);
        let mut counts = [0; 5];
        for row in values.chunks(5) {
            assert_eq!(row.iter().sum::<f32>(), 1.0);
            counts[row.iter().position(|&value| value == 1.0).unwrap()] += 1;
        }
        assert!(counts.iter().all(|&count| (1800..2200).contains(&count)), "{counts:?}");
    }

    #[test]
    fn one_hot_rows_have_their_number() {
        let graph = Graph::new();
        let number = graph.normal(&Shape::with_rows(&[1])) * 0.0 + 2.0;
        assert_eq!(drawn(&graph, one_hot(number, 4), 1), [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn each_sample_of_a_group_has_its_stratum() {
        let graph = Graph::new();
        let prior = Prior { noise: (NoiseSource::Stratified(8.0), 1), ..Prior::default() };
        for group in drawn(&graph, prior.noise(&graph, &[4]), 50).chunks(4) {
            for (i, &value) in group.iter().enumerate() {
                let start = i as f32 * 4.0 - 8.0;
                assert!((start..start + 4.0).contains(&value), "{group:?}");
            }
        }
    }

    #[test]
    fn points_have_all_their_parts_in_range() {
        let prior =
            Prior { noise: (NoiseSource::Uniform, 3), classes: 4, sets: 0, categories: 2, continuous: 1 };
        let z = prior.draw(Seed(1), "test", 200, |i| Some(i % 4));
        assert_eq!((z.n_rows, z.n_cols), (200, 10));
        for i in 0..200 {
            let row = z.row(i);
            assert!(row.iter().all(|value| (-1.0..=1.0).contains(value)));
            assert_eq!(row[3..7].iter().position(|&value| value == 1.0), Some(i % 4));
            assert_eq!(prior.asked(row), Some(i % 4));
            assert_eq!(row[7 + prior.category(row).unwrap()], 1.0);
            assert_eq!(row[7..9].iter().sum::<f32>(), 1.0);
        }
        assert_eq!(prior.draw(Seed(1), "test", 200, |i| Some(i % 4)), z);
        let mut fixed = z.clone();
        for part in [Fixed::Class(2), Fixed::Category(1), Fixed::Code(0, 1.5)] {
            fixed.values.chunks_mut(prior.width()).for_each(|point| prior.fix(point, part));
        }
        for i in 0..200 {
            assert_eq!(fixed.row(i)[..3], z.row(i)[..3]);
            assert_eq!(fixed.row(i)[3..], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.5]);
        }
        let normal = Prior::normal(2).draw(Seed(2), "test", 20_000, |_| None);
        let mean = normal.values.iter().sum::<f32>() / 40_000.0;
        let square = normal.values.iter().map(|v| v * v).sum::<f32>() / 40_000.0;
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.03, "{mean} {square}");
    }
}
