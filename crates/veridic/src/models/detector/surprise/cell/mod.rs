//! Masked cells: how far each column is from what trees tell of it by other columns.
//!
//! In each round a random half of the columns tells the other half and the reverse, by extremely randomized trees of many
//! outputs (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006) from a bag of the rows. With the distance `r` of a cell
//! from what is told and the scale `s` of such distances on rows out of the bag, its loss is `ln(1 + (r / s)^2)`: that of a
//! Cauchy distribution, which one wild cell does not drown.

mod tree;

use rayon::prelude::*;

use super::super::encoding::Layout;
use super::super::sample::subsample;
use super::super::stored::Parts;
use crate::data::Matrix;
use crate::models::Stored;
use crate::seed::{Seed, shuffle};
use tree::{Node, Tree};

/// Rounds, with at least three columns and at most [`SPLIT`]; with two, each tells the other.
const ROUNDS: usize = 12;
const ROUNDS_OF_TWO: usize = 4;

/// With more columns than this, some tell some others, in groups of so many.
const SPLIT: usize = 200;
const GROUP: usize = 100;

/// Most rows of a bag; at most two thirds of all.
const BAG: usize = 4000;

/// Trees that tell a group of columns.
const TREES: usize = 5;

/// What is added to a scale: where half of the distances are 0, as with a rare value of two.
const LEAST: f64 = 1e-3;

/// Trees of all rounds.
#[derive(Debug, Clone)]
pub(super) struct MaskedCells {
    rounds: Vec<Vec<Group>>,
}

/// Columns that are told together.
#[derive(Debug, Clone)]
struct Group {
    columns: Vec<u32>,
    /// By column, of the distances.
    scales: Vec<f64>,
    trees: Vec<Tree>,
}

/// By round, which of the training rows the trees are made of.
pub(super) struct Bags(Vec<Vec<bool>>);

impl Bags {
    /// The rounds whose trees have not seen row `i`.
    pub(super) fn without(&self, i: usize) -> impl Fn(usize) -> bool {
        move |round| !self.0[round][i]
    }
}

impl MaskedCells {
    /// Learns from rows in standard deviations; none where fewer than two columns vary or rows are too few for a leaf on
    /// either side of a cut.
    pub(super) fn fit(rows: &Matrix, layout: &Layout, seed: Seed) -> Option<(Self, Bags)> {
        let columns: Vec<usize> = layout.single.iter().map(|column| *column as usize).collect();
        let groups = layout.groups.iter().map(|group| group.column as usize);
        let columns: Vec<usize> = columns.into_iter().chain(groups).collect();
        let bag = (2 * rows.n_rows / 3).min(BAG);
        let rounds = match columns.len() {
            0 | 1 => return None,
            2 => ROUNDS_OF_TWO,
            n if n <= SPLIT => ROUNDS,
            n => (ROUNDS * SPLIT / n).clamp(ROUNDS_OF_TWO, ROUNDS),
        };
        if bag < 2 * tree::LEAF_ROWS {
            return None;
        }
        let all: Vec<usize> = (0..rows.n_rows).collect();
        let round = |round: usize| {
            let stream = |of: &str| seed.stream(&format!("detector.cell.{round}.{of}"));
            let mut in_bag = vec![false; rows.n_rows];
            let bag = subsample(&all, bag, &mut stream("bag"));
            bag.iter().for_each(|row| in_bag[*row] = true);
            let out: Vec<usize> = (0..rows.n_rows).filter(|row| !in_bag[*row]).collect();
            let told = told(&columns, &mut stream("columns"));
            let group = |(i, (by, columns)): (usize, (Vec<usize>, Vec<usize>))| {
                let grow = |tree: usize| {
                    let by = coordinates(layout, &by);
                    let of = coordinates(layout, &columns);
                    Tree::grow(rows, &bag, (&by, &of), &mut stream(&format!("{i}.{tree}")))
                };
                let trees = (0..TREES).into_par_iter().map(grow).collect();
                let columns: Vec<u32> = columns.iter().map(|column| *column as u32).collect();
                let mut group = Group { scales: vec![1.0; columns.len()], columns, trees };
                group.learn_scales(rows, layout, &out);
                group
            };
            (told.into_par_iter().enumerate().map(group).collect(), in_bag)
        };
        let rounds: Vec<(Vec<Group>, Vec<bool>)> = (0..rounds).into_par_iter().map(round).collect();
        let (rounds, bags) = rounds.into_iter().unzip();
        Some((Self { rounds }, Bags(bags)))
    }

    /// The mean over columns of their losses in a row, `losses` by column: the mean over the rounds that are `asked`; NaN
    /// where none is.
    pub(super) fn unusual(
        &self,
        layout: &Layout,
        row: &[f32],
        losses: &mut [f64],
        asked: impl Fn(usize) -> bool,
    ) -> f64 {
        losses.fill(0.0);
        let mut told = Vec::new();
        // Not every column is told by every round where there are many.
        let mut times = vec![0u32; losses.len()];
        for groups in (0..self.rounds.len()).filter(|round| asked(*round)).map(|round| &self.rounds[round]) {
            for group in groups {
                group.distances(layout, row, &mut told, |at, column, distance| {
                    let ratio = distance / group.scales[at];
                    losses[column] += (ratio * ratio).ln_1p();
                    times[column] += 1;
                });
            }
        }
        losses.iter_mut().zip(&times).for_each(|(loss, times)| *loss /= f64::from((*times).max(1)));
        let columns = times.iter().filter(|times| **times > 0).count();
        if columns == 0 { f64::NAN } else { losses.iter().sum::<f64>() / columns as f64 }
    }

    pub(super) fn store(&self) -> Stored {
        let groups = || self.rounds.iter().flatten();
        let trees = || groups().flat_map(|group| &group.trees);
        let mut stored = Stored::default();
        let mut insert = |name: &str, values: Vec<u32>| stored.insert(name, &[values.len()], values);
        insert("groups", self.rounds.iter().map(|groups| groups.len() as u32).collect());
        insert("widths", groups().map(|group| group.columns.len() as u32).collect());
        insert("columns", groups().flat_map(|group| &group.columns).copied().collect());
        insert("nodes", trees().map(|tree| tree.nodes.len() as u32).collect());
        insert("coordinates", trees().flat_map(|tree| &tree.nodes).map(|node| node.coordinate).collect());
        insert("children", trees().flat_map(|tree| &tree.nodes).map(|node| node.child).collect());
        let cuts: Vec<f32> = trees().flat_map(|tree| &tree.nodes).map(|node| node.cut).collect();
        let leaves: Vec<f32> = trees().flat_map(|tree| &tree.leaves).copied().collect();
        let scales: Vec<f64> = groups().flat_map(|group| &group.scales).copied().collect();
        stored.insert("cuts", &[cuts.len()], cuts);
        stored.insert("leaves", &[leaves.len()], leaves);
        stored.insert("scales", &[scales.len()], scales);
        stored
    }

    /// What [`store`](Self::store) gave, in a layout of so many columns.
    pub(super) fn restore(stored: &Stored, layout: &Layout, columns: usize) -> Result<Self, String> {
        let damaged = || "the trees of masked cells are damaged".to_string();
        let mut of_columns = Take(stored.values::<u32>("columns")?);
        let mut widths = Take(stored.values::<u32>("widths")?);
        let mut sizes = Take(stored.values::<u32>("nodes")?);
        let mut coordinates = Take(stored.values::<u32>("coordinates")?);
        let mut children = Take(stored.values::<u32>("children")?);
        let mut cuts = Take(stored.values::<f32>("cuts")?);
        let mut leaves = Take(stored.values::<f32>("leaves")?);
        let scales = stored.values::<f64>("scales")?;
        let mut scales = Take(stored.finite("scales", scales.len()).map(|_| scales)?);
        let mut group = || -> Option<Group> {
            let width = widths.next(1)?[0] as usize;
            let own = of_columns.next(width)?.to_vec();
            let sound =
                own.iter().all(|column| (*column as usize) < columns && layout.place(*column as usize).1 > 0);
            let scales = scales.next(width)?.to_vec();
            if !sound || scales.iter().any(|scale| *scale <= 0.0) {
                return None;
            }
            let outputs = own.iter().map(|column| layout.place(*column as usize).1).sum();
            let mut tree = || {
                let size = sizes.next(1)?[0] as usize;
                let nodes = coordinates.next(size)?.iter().zip(children.next(size)?).zip(cuts.next(size)?);
                let nodes: Vec<Node> = nodes
                    .map(|((coordinate, child), cut)| Node {
                        coordinate: *coordinate,
                        cut: *cut,
                        child: *child,
                    })
                    .collect();
                let leaves =
                    leaves.next(nodes.iter().filter(|node| node.is_leaf()).count().checked_mul(outputs)?)?;
                Tree { nodes, leaves: leaves.to_vec(), outputs }.checked(layout.width)
            };
            let trees = (0..TREES).map(|_| tree()).collect::<Option<_>>()?;
            Some(Group { columns: own, scales, trees })
        };
        let mut rounds = Vec::new();
        for count in stored.values::<u32>("groups")? {
            rounds.push((0..*count).map(|_| group()).collect::<Option<_>>().ok_or_else(damaged)?);
        }
        Ok(Self { rounds })
    }
}

/// What is left of stored values.
struct Take<'a, T>(&'a [T]);

impl<'a, T> Take<'a, T> {
    fn next(&mut self, count: usize) -> Option<&'a [T]> {
        let (own, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(own)
    }
}

impl Group {
    /// The distance of each column from what the trees tell of it; `each` is told the column's place in the group and the
    /// column.
    fn distances(
        &self,
        layout: &Layout,
        row: &[f32],
        told: &mut Vec<f32>,
        mut each: impl FnMut(usize, usize, f64),
    ) {
        told.clear();
        told.resize(self.trees[0].outputs, 0.0);
        for tree in &self.trees {
            told.iter_mut().zip(tree.leaf(row)).for_each(|(sum, value)| *sum += value);
        }
        let mut told = told.iter().map(|sum| sum / self.trees.len() as f32);
        for (at, &column) in self.columns.iter().enumerate() {
            let (start, width) = layout.place(column as usize);
            let gap = |(x, told): (&f32, f32)| f64::from(x - told) * f64::from(x - told);
            let square: f64 = row[start..start + width].iter().zip(told.by_ref()).map(gap).sum();
            each(at, column as usize, square.sqrt());
        }
    }

    /// Scales from rows that the trees have not seen.
    fn learn_scales(&mut self, rows: &Matrix, layout: &Layout, out: &[usize]) {
        let width = self.columns.len();
        let of_row = |told: &mut Vec<f32>, &row: &usize| {
            let mut own = vec![0.0; width];
            self.distances(layout, rows.row(row), told, |at, _, distance| own[at] = distance as f32);
            own
        };
        let distances: Vec<Vec<f32>> = out.par_iter().map_init(Vec::new, of_row).collect();
        let scale = |at: usize| {
            let mut own: Vec<f32> = distances.iter().map(|row| row[at]).collect();
            let middle = own.len() / 2;
            let median = *own.select_nth_unstable_by(middle, f32::total_cmp).1;
            // Of a normal distribution, the standard deviation.
            1.48 * f64::from(median) + LEAST
        };
        self.scales = (0..width).map(scale).collect();
    }
}

/// Columns that tell others, and those that are told: halves, and with very many columns groups with some others.
fn told(columns: &[usize], random: &mut impl rand_chacha::rand_core::Rng) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut order = columns.to_vec();
    shuffle(&mut order, random);
    if columns.len() <= SPLIT {
        let (one, other) = order.split_at(columns.len() / 2);
        return vec![(one.to_vec(), other.to_vec()), (other.to_vec(), one.to_vec())];
    }
    let groups = order.chunks(GROUP).enumerate();
    let told = groups.map(|(i, group)| {
        let others: Vec<usize> =
            order[..i * GROUP].iter().chain(&order[i * GROUP + group.len()..]).copied().collect();
        (subsample(&others, GROUP, random), group.to_vec())
    });
    told.collect()
}

/// The coordinates of columns, one column after the other.
fn coordinates(layout: &Layout, columns: &[usize]) -> Vec<u32> {
    let places = columns.iter().map(|column| layout.place(*column));
    places.flat_map(|(start, width)| start as u32..(start + width) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::encoding::Encoding;
    use super::*;
    use crate::data::{Cells, Column, Schema, Table};
    use crate::seed::{standard_normal, uniform};

    /// A number, twice it, a level that tells its sign, and two numbers that have nothing to do with it.
    fn rows(n: usize) -> (Matrix, Layout) {
        let mut random = Seed(5).stream("rows");
        let x: Vec<f64> = (0..n).map(|_| standard_normal(&mut random)).collect();
        let twice = x.iter().map(|x| 2.0 * x + 0.05 * standard_normal(&mut random)).collect();
        let mut alone = || Cells::Number((0..n).map(|_| standard_normal(&mut random)).collect());
        let (one, other) = (alone(), alone());
        let mut random = Seed(6).stream("levels");
        let code = |x: &f64| if *x < 0.0 { 0 } else { 1 + u32::from(uniform(&mut random) < 0.5) };
        let codes = x.iter().map(code).collect();
        let levels = ["minus", "plus", "positive"].map(str::to_string).to_vec();
        let cells = [Cells::Number(x), Cells::Number(twice), one, other, Cells::Text { codes, levels }];
        let named = ["x", "twice", "one", "other", "sign"].into_iter().zip(cells);
        let columns = named.map(|(name, cells)| Column { name: name.to_string(), cells }).collect();
        let table = Table { columns, n_rows: n };
        let all: Vec<usize> = (0..n).collect();
        let encoding = Encoding::fit("a test", &table, &Schema::of(&table), &all).unwrap();
        let encoded = encoding.encode("a test", &table, &all).unwrap();
        (encoding.layout.standard(&encoded), encoding.layout)
    }

    #[test]
    fn a_cell_that_the_others_contradict_is_named() {
        let (rows, layout) = rows(1200);
        let (cells, bags) = MaskedCells::fit(&rows, &layout, Seed(1)).unwrap();
        let mut losses = vec![0.0; 5];
        let left_out =
            |losses: &mut [f64], i: usize| cells.unusual(&layout, rows.row(i), losses, bags.without(i));
        let usual: Vec<f64> =
            (0..200).map(|i| left_out(&mut losses, i)).filter(|unusual| !unusual.is_nan()).collect();
        let usual = usual.iter().sum::<f64>() / usual.len() as f64;
        let (mut named, mut of_sign) = (0, 0);
        for i in 0..100 {
            let mut row = rows.row(i).to_vec();
            // Both values are common; together they are not.
            let far = (0..1200).find(|other| (rows.row(*other)[1] - row[1]).abs() > 1.5).unwrap();
            row[1] = rows.row(far)[1];
            assert!(cells.unusual(&layout, &row, &mut losses, |_| true) > usual - 1.0);
            named += usize::from(losses[0].max(losses[1]) > losses[2].max(losses[3]));
            let mut row = rows.row(i).to_vec();
            let sign = layout.place(4);
            let other = (0..1200).find(|other| rows.row(*other)[0] * row[0] < 0.0).unwrap();
            row[sign.0..].copy_from_slice(&rows.row(other)[sign.0..]);
            let before = (cells.unusual(&layout, rows.row(i), &mut losses, |_| true), losses[4]).1;
            cells.unusual(&layout, &row, &mut losses, |_| true);
            of_sign += usize::from(losses[4] > before);
        }
        assert!(named >= 80 && of_sign >= 95, "{named} {of_sign}");
    }

    #[test]
    fn losses_are_the_same_again_and_on_any_number_of_threads() {
        let (rows, layout) = rows(300);
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| MaskedCells::fit(&rows, &layout, Seed(1)).unwrap().0)
        };
        let (cells, other) = (fit(1), fit(3));
        let again = MaskedCells::restore(&cells.store(), &layout, 5).unwrap();
        let (mut one, mut two, mut three) = (vec![0.0; 5], vec![0.0; 5], vec![0.0; 5]);
        for i in 0..300 {
            let unusual = cells.unusual(&layout, rows.row(i), &mut one, |_| true);
            assert_eq!(unusual, again.unusual(&layout, rows.row(i), &mut two, |_| true));
            assert_eq!(unusual, other.unusual(&layout, rows.row(i), &mut three, |_| true));
            assert!(unusual > 0.0 && one == two && one == three);
        }
        assert!(cells.unusual(&layout, rows.row(0), &mut one, |_| false).is_nan(), "no round was asked");
        let mut damaged = cells.store();
        damaged.insert("children", &[1], vec![7_u32]);
        assert!(MaskedCells::restore(&damaged, &layout, 5).is_err());
    }

    #[test]
    fn a_leaf_is_the_mean_of_its_rows() {
        let values = (0..40).flat_map(|i| [i as f32, if i < 20 { 1.0 } else { 3.0 }]).collect();
        let rows = Matrix { n_rows: 40, n_cols: 2, values };
        let bag: Vec<usize> = (0..40).collect();
        let tree = Tree::grow(&rows, &bag, (&[0], &[1]), &mut Seed(2).stream("tree"));
        for row in [0, 1, 38, 39] {
            let told = tree.leaf(rows.row(row))[0];
            assert!((1.0..=3.0).contains(&told), "{told}");
        }
        assert!(tree.leaf(&[0.0, 0.0])[0] < tree.leaf(&[39.0, 0.0])[0]);
        assert!(tree.nodes.len() < 20, "rows that are all told are not cut: {}", tree.nodes.len());
        let few = Matrix { n_rows: 9, n_cols: 2, values: vec![0.5; 18] };
        assert_eq!(Tree::grow(&few, &[0, 1, 2], (&[0], &[1]), &mut Seed(2).stream("tree")).leaves, [0.5]);
    }

    #[test]
    fn very_many_columns_are_told_in_groups_by_others() {
        let columns: Vec<usize> = (0..450).collect();
        let told = told(&columns, &mut Seed(3).stream("columns"));
        let mut all: Vec<usize> = told.iter().flat_map(|(_, group)| group).copied().collect();
        all.sort_unstable();
        assert_eq!(all, columns);
        for (by, group) in &told {
            assert!(
                by.len() == GROUP && group.len() <= GROUP && by.iter().all(|column| !group.contains(column))
            );
        }
    }
}
