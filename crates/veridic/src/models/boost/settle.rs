//! What boosting leaves undone where rows are few: rare codes of a feature, and rare classes.
//!
//! Boosting stops once rows that it does not learn from are told no better, which is before the few rows of a rare category
//! are told well: what is certain of them stays likely. Here their counts are set beside what the model expects of them. Of n
//! rows, n_g of them in group g where shares q_g are expected, the shares become (n_g + a q_g) / (n + a), with the a by which
//! each row is told best by the others (leaving one out; H. Ney, U. Essen and R. Kneser, On structuring probabilistic
//! dependences in stochastic language modelling, Computer Speech and Language 8, 1994). Where that tells rows no better than the
//! model does, nothing is changed.

use std::ops::RangeInclusive;

use rand_chacha::ChaCha8Rng;

use super::feature::{Feature, Features, MAX_BINS};
use super::probability::Probabilities;
use super::softmax::{Round, Softmax, group};
use super::tree::{Node, Tree};
use crate::seed::shuffle;

/// Rows that are few: of less nothing can be said, more are told well by trees.
const FEW: RangeInclusive<u32> = 5..=500;

/// Most rows that are looked at because they are few, and rows that stand for all others.
const MOST: usize = 32_768;
const OTHERS: usize = 8192;

/// How many rows the model's shares count as; the first is what a certain thing is doubted by.
const DOUBTS: [f64; 5] = [0.3, 1.0, 3.0, 10.0, 30.0];

/// Nats by which rows must be told better, all together.
const GAIN: f64 = 0.7;

/// Groups of neighboring classes that are looked at before single ones, where classes have an order.
const SCALES: [usize; 4] = [4, 8, 16, 32];

/// Groups of neighboring codes of a feature with an order.
const LEVELS: u32 = 20;

/// Most features that are looked at: those by which trees split most often.
const MOST_FEATURES: usize = 64;

/// Least share that is reckoned with, and the largest logarithm of a factor.
const LEAST: f64 = 1e-9;
const LARGEST: f64 = 8.0;

/// Which group of codes each code of a feature is in.
struct Levels {
    of: [u8; MAX_BINS],
    count: usize,
}

impl Levels {
    /// Each code for itself where codes have no order, else neighbors of about equal mass.
    fn new(about: Feature, counts: &[u32; MAX_BINS]) -> Self {
        let mut of = [0u8; MAX_BINS];
        if !about.ordered {
            of.iter_mut().zip(0..=u8::MAX).for_each(|(level, code)| *level = code);
            return Self { of, count: about.bins };
        }
        let total: u32 = counts.iter().sum();
        let (mut below, mut last, mut level) = (0u64, None, 0u8);
        for (code, count) in counts[..about.bins].iter().enumerate() {
            let place = (below + u64::from(*count) / 2) * u64::from(LEVELS) / u64::from(total.max(1));
            // A missing cell's code is the last, and no neighbor of the one before.
            let is_new = last.is_some_and(|last| last != place) || code + 1 == about.bins;
            level += u8::from(is_new && code > 0);
            last = Some(place);
            of[code] = level;
            below += u64::from(*count);
        }
        Self { of, count: usize::from(level) + 1 }
    }

    /// The codes of a level, one bit each.
    fn mask(&self, level: usize, bins: usize) -> [u64; 4] {
        let mut mask = [0; 4];
        for code in (0..bins).filter(|code| usize::from(self.of[*code]) == level) {
            mask[code >> 6] |= 1 << (code & 63);
        }
        mask
    }
}

/// Rows that are looked at, with what the model says of them so far.
struct Rows {
    codes: Vec<Vec<u8>>,
    classes: Vec<u8>,
    /// How many rows each stands for.
    weights: Vec<f64>,
    /// Row after row.
    probabilities: Vec<f32>,
    n_classes: usize,
    /// Rows of each class, of all that there are.
    of_class: Vec<u32>,
    /// Whether a class is rare.
    rare: Vec<bool>,
}

/// Rows by level and class: those that there are, and those that the model expects.
struct Counted {
    seen: Vec<f64>,
    expected: Vec<f64>,
}

impl Softmax {
    /// Has the model say of the few rows of rare codes, and of rare classes, what their counts do, as far as that tells rows
    /// better that are left out. `classes` are those of the rows of `features`, and `depth` is the trees'.
    ///
    /// # Panics
    /// If there are not as many classes as rows.
    pub fn settle(
        &mut self,
        features: &Features,
        (classes, ordered): (&[u8], bool),
        depth: usize,
        random: &mut ChaCha8Rng,
    ) {
        let depth = self.rounds.first().map_or(depth, |round| round.tree.depth);
        let counts: Vec<[u32; MAX_BINS]> = features.codes.iter().map(|codes| counted(codes)).collect();
        let mut rows = Rows::new(self, features, &counts, (classes, ordered), random);
        let masses: Vec<f64> = rows.of_class.iter().map(|count| f64::from(*count)).collect();
        let mut scales: Vec<Vec<u16>> = Vec::new();
        if ordered {
            let total = masses.iter().sum::<f64>().max(1.0);
            let shares: Vec<f64> = masses.iter().map(|mass| mass / total).collect();
            let coarse = SCALES.iter().filter(|scale| **scale < self.classes);
            scales.extend(coarse.map(|scale| group(&shares, *scale, random)));
        }
        scales.push((0..=self.classes as u16).collect());
        for f in self.split_by(features) {
            let (about, counts) = (features.about[f], &counts[f]);
            let levels = Levels::new(about, counts);
            let mut logs = vec![0.0; levels.count * self.classes];
            if !about.ordered {
                let found = rows.of_rare_codes(f, counts, &levels, &scales);
                rows.apply(f, &levels, &found);
                logs.iter_mut().zip(found).for_each(|(log, more)| *log += more);
            }
            let found = rows.of_rare_classes(f, &levels);
            rows.apply(f, &levels, &found);
            logs.iter_mut().zip(found).for_each(|(log, more)| *log += more);
            self.rounds.extend(rounds((f, about), &levels, &logs, self.classes, depth));
        }
    }

    /// The features that can tell rows apart; where they are many, those by which trees split most often.
    fn split_by(&self, features: &Features) -> Vec<usize> {
        let mut found: Vec<usize> = (0..features.len()).filter(|f| features.about[*f].bins > 1).collect();
        if found.len() > MOST_FEATURES {
            let mut splits = vec![0u32; features.len()];
            let nodes = self.rounds.iter().flat_map(|round| &round.tree.nodes);
            // What lets all rows through splits nothing.
            nodes
                .filter(|node| node.left != [u64::MAX; 4])
                .for_each(|node| splits[node.feature as usize] += 1);
            found.sort_by_key(|f| std::cmp::Reverse(splits[*f]));
            found.truncate(MOST_FEATURES);
            found.sort_unstable();
        }
        found
    }
}

impl Rows {
    fn new(
        model: &Softmax,
        features: &Features,
        counts: &[[u32; MAX_BINS]],
        (classes, ordered): (&[u8], bool),
        random: &mut ChaCha8Rng,
    ) -> Self {
        let (n, n_classes) = (classes.len(), model.classes);
        let of_class = counted(classes)[..n_classes].to_vec();
        // Cells of numbers hold about as many rows each: rare are those that hold far fewer.
        let most = if ordered { (n / (2 * n_classes)) as u32 } else { *FEW.end() };
        let rare: Vec<bool> = of_class.iter().map(|count| FEW.contains(count) && *count <= most).collect();
        let rarity = |row: u32| {
            let row = row as usize;
            let class = usize::from(classes[row]);
            let codes = (0..features.len()).filter(|f| !features.about[*f].ordered);
            let of_codes = codes.map(|f| counts[f][usize::from(features.codes[f][row])]);
            let own = rare[class].then_some(of_class[class]);
            of_codes.chain(own).filter(|count| FEW.contains(count)).min()
        };
        let (mut few, mut others) = (Vec::new(), Vec::new());
        for row in 0..n as u32 {
            match rarity(row) {
                Some(count) => few.push((count, row)),
                None => others.push(row),
            }
        }
        if few.is_empty() {
            others.clear();
        }
        few.sort_unstable();
        // Those that are too many are told by trees.
        few.truncate(MOST);
        let stands_for = others.len();
        shuffle(&mut others, random);
        others.truncate(OTHERS);
        let weight = stands_for as f64 / others.len().max(1) as f64;
        let mut weights = vec![1.0; few.len()];
        weights.resize(few.len() + others.len(), weight);
        let chosen: Vec<usize> =
            few.into_iter().map(|few| few.1).chain(others).map(|row| row as usize).collect();
        let pick = |codes: &[u8]| -> Vec<u8> { chosen.iter().map(|row| codes[*row]).collect() };
        let codes: Vec<Vec<u8>> = features.codes.iter().map(|codes| pick(codes)).collect();
        let mut picked = Features::default();
        codes.iter().zip(&features.about).for_each(|(codes, about)| picked.push(codes, *about));
        let mut told = Probabilities::default();
        model.predict(&picked, 0, chosen.len(), &mut told);
        let probabilities = (0..chosen.len())
            .flat_map(|row| (0..n_classes).map(move |class| (row, class)))
            .map(|(row, class)| told.at(row, class))
            .collect();
        Self { codes, classes: pick(classes), weights, probabilities, n_classes, of_class, rare }
    }

    /// Rows by level of feature `f` and class.
    fn count(&self, f: usize, levels: &Levels) -> Counted {
        let mut seen = vec![0.0; levels.count * self.n_classes];
        let mut expected = seen.clone();
        let rows = self.codes[f].iter().zip(&self.classes).zip(&self.weights);
        for ((code, class), weight) in rows.clone() {
            let level = usize::from(levels.of[usize::from(*code)]);
            seen[level * self.n_classes + usize::from(*class)] += weight;
        }
        for (((code, _), weight), of) in rows.zip(self.probabilities.chunks_exact(self.n_classes)) {
            let level = usize::from(levels.of[usize::from(*code)]);
            let sums = &mut expected[level * self.n_classes..][..self.n_classes];
            sums.iter_mut().zip(of).for_each(|(sum, p)| *sum += weight * f64::from(*p));
        }
        Counted { seen, expected }
    }

    /// What the logarithms of class probabilities get by level: what rows of rare codes say, scale by scale.
    fn of_rare_codes(
        &self,
        f: usize,
        counts: &[u32; MAX_BINS],
        levels: &Levels,
        scales: &[Vec<u16>],
    ) -> Vec<f64> {
        let k = self.n_classes;
        let mut logs = vec![0.0; levels.count * k];
        if !counts.iter().any(|count| FEW.contains(count)) {
            return logs;
        }
        let counted = self.count(f, levels);
        for (level, logs) in logs.chunks_exact_mut(k).enumerate() {
            let seen = &counted.seen[level * k..][..k];
            // Where some were left out, nothing is said.
            if !FEW.contains(&counts[level])
                || (seen.iter().sum::<f64>() - f64::from(counts[level])).abs() > 0.5
            {
                continue;
            }
            let mut expected = counted.expected[level * k..][..k].to_vec();
            for starts in scales {
                let sums = |of: &[f64]| -> Vec<f64> {
                    let sum =
                        |bounds: &[u16]| of[usize::from(bounds[0])..usize::from(bounds[1])].iter().sum();
                    starts.windows(2).map(sum).collect()
                };
                let Some(found) = shrunk(&sums(seen), &sums(&expected)) else { continue };
                for (bounds, log) in starts.windows(2).zip(found) {
                    let group = usize::from(bounds[0])..usize::from(bounds[1]);
                    logs[group.clone()].iter_mut().for_each(|sum| *sum += log);
                    expected[group].iter_mut().for_each(|share| *share *= log.exp());
                }
            }
        }
        logs
    }

    /// The same: what rows of rare classes say of the levels at which they are.
    fn of_rare_classes(&self, f: usize, levels: &Levels) -> Vec<f64> {
        let k = self.n_classes;
        let mut logs = vec![0.0; levels.count * k];
        if !self.rare.contains(&true) {
            return logs;
        }
        let counted = self.count(f, levels);
        for class in (0..k).filter(|class| self.rare[*class]) {
            let column = |of: &[f64]| -> Vec<f64> { of[class..].iter().step_by(k).copied().collect() };
            let seen = column(&counted.seen);
            if (seen.iter().sum::<f64>() - f64::from(self.of_class[class])).abs() > 0.5 {
                continue;
            }
            let Some(found) = shrunk(&seen, &column(&counted.expected)) else { continue };
            logs[class..].iter_mut().step_by(k).zip(found).for_each(|(sum, log)| *sum += log);
        }
        logs
    }

    /// Works logarithms by level and class into what is said of each row.
    fn apply(&mut self, f: usize, levels: &Levels, logs: &[f64]) {
        let k = self.n_classes;
        let factors: Vec<f32> = logs.iter().map(|log| log.exp() as f32).collect();
        let is_changed: Vec<bool> =
            logs.chunks_exact(k).map(|logs| logs.iter().any(|log| *log != 0.0)).collect();
        for (code, of) in self.codes[f].iter().zip(self.probabilities.chunks_exact_mut(k)) {
            let level = usize::from(levels.of[usize::from(*code)]);
            if !is_changed.get(level).copied().unwrap_or(false) {
                continue;
            }
            of.iter_mut().zip(&factors[level * k..]).for_each(|(p, factor)| *p *= factor);
            let sum: f32 = of.iter().sum();
            of.iter_mut().for_each(|p| *p /= sum.max(f32::MIN_POSITIVE));
        }
    }
}

/// How often each code is there.
fn counted(codes: &[u8]) -> [u32; MAX_BINS] {
    let mut counts = [0; MAX_BINS];
    codes.iter().for_each(|code| counts[usize::from(*code)] += 1);
    counts
}

/// The logarithms of what shares of groups become over what they were expected to be, where that tells rows better.
fn shrunk(seen: &[f64], expected: &[f64]) -> Option<Vec<f64>> {
    let (n, total): (f64, f64) = (seen.iter().sum(), expected.iter().sum());
    let shares: Vec<f64> = expected.iter().map(|sum| (sum / total.max(LEAST)).max(LEAST)).collect();
    let told = |doubt: f64| -> f64 {
        let each = seen.iter().zip(&shares).filter(|(seen, _)| **seen > 0.0);
        each.map(|(seen, q)| seen * ((seen - 1.0 + doubt * q) / (n - 1.0 + doubt) / q).ln()).sum()
    };
    let best = DOUBTS.map(|doubt| (told(doubt), doubt)).into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let doubt = Some(best.1).filter(|_| best.0 >= GAIN)?;
    let factor =
        |(seen, q): (&f64, &f64)| ((seen + doubt * q) / ((n + doubt) * q)).ln().clamp(-LARGEST, LARGEST);
    Some(seen.iter().zip(&shares).map(factor).collect())
}

/// Rounds that add `logs`, by level and class, whose trees look at one feature and have a leaf for each level that something
/// is added to.
fn rounds(
    (f, about): (usize, Feature),
    levels: &Levels,
    logs: &[f64],
    n_classes: usize,
    depth: usize,
) -> Vec<Round> {
    let is_changed = |level: &usize| logs[level * n_classes..][..n_classes].iter().any(|log| *log != 0.0);
    let changed: Vec<usize> = (0..levels.count).filter(is_changed).collect();
    let round = |parts: &[usize]| {
        let masks: Vec<[u64; 4]> = parts.iter().map(|level| levels.mask(*level, about.bins)).collect();
        let log = |level: &usize, class: usize| logs[level * n_classes + class] as f32;
        let differs = |class: &usize| {
            *class == 0 || parts.iter().any(|level| log(level, *class) != log(level, class - 1))
        };
        let mut starts: Vec<u16> = (0..n_classes).filter(differs).map(|class| class as u16).collect();
        let mut values = Vec::with_capacity(starts.len() << depth);
        for class in &starts {
            let from = values.len();
            values.extend(parts.iter().map(|level| log(level, usize::from(*class))));
            values.resize(from + (1 << depth), 0.0);
        }
        starts.push(n_classes as u16);
        Round { tree: apart(f as u32, &masks, depth), values, starts }
    };
    changed.chunks((1 << depth) - 1).map(round).collect()
}

/// A tree that sends each of some sets of codes to a leaf of its own, in their order, and all other codes to the last.
fn apart(feature: u32, parts: &[[u64; 4]], depth: usize) -> Tree {
    let mut tree = Tree::new(depth);
    for (at, node) in tree.nodes.iter_mut().enumerate() {
        let above = (at + 1).ilog2() as usize;
        let leaves = 1usize << (depth - above);
        let from = (at + 1 - (1 << above)) * leaves;
        let to = (from + leaves / 2).min(parts.len());
        let mut left = [0; 4];
        for part in parts.get(from..to).unwrap_or_default() {
            left.iter_mut().zip(part).for_each(|(left, part)| *left |= part);
        }
        *node = Node { left, feature };
    }
    tree
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::models::boost::BoostConfig;
    use crate::seed::{Seed, uniform};

    /// Amounts of four kinds, of which one is rare and one very rare, with amounts of their own.
    fn kinds(n: usize) -> (Vec<u8>, Vec<u8>) {
        let mut random = Seed(3).stream("kinds");
        let mut below = |most: usize| (uniform(&mut random) * most as f64) as u8;
        let kind = |row: usize| match row % 200 {
            0 => 2,
            1 if row % 400 == 1 => 3,
            2..60 => 1,
            _ => 0,
        };
        let kinds: Vec<u8> = (0..n).map(kind).collect();
        let amounts = kinds.iter().map(|kind| match kind {
            0 => below(20),
            1 => 16 + below(12),
            2 => 28 + below(2),
            _ => 31,
        });
        let amounts = amounts.collect();
        (kinds, amounts)
    }

    fn learned(codes: &[u8], bins: usize, classes: &[u8], n_classes: usize, ordered: bool) -> [Softmax; 2] {
        let mut features = Features::default();
        features.push(codes, Feature { bins, ordered: !ordered });
        let (config, stop) = (BoostConfig::default(), AtomicBool::new(false));
        let mut random = Seed(1).stream("fit");
        let target = (classes, n_classes, ordered);
        let model = Softmax::fit(&features, target, None, &config, &mut random, &stop).unwrap();
        let mut settled = model.clone();
        settled.settle(&features, (classes, ordered), config.depth, &mut random);
        [model, settled]
    }

    /// The mean probability that a row of `code` has one of some classes.
    fn share(
        model: &Softmax,
        (code, bins, ordered): (u8, usize, bool),
        classes: RangeInclusive<usize>,
    ) -> f32 {
        let codes = [code];
        let mut features = Features::default();
        features.push(&codes, Feature { bins, ordered });
        let mut out = Probabilities::default();
        model.predict(&features, 0, 1, &mut out);
        classes.map(|class| out.at(0, class)).sum()
    }

    #[test]
    fn what_is_certain_of_few_rows_becomes_so() {
        let (kinds, amounts) = kinds(2000);
        let [model, settled] = learned(&kinds, 5, &amounts, 32, true);
        for (kind, classes, least) in [(3, 31..=31, 0.97), (2, 28..=29, 0.95)] {
            let (before, after) = (
                share(&model, (kind, 5, false), classes.clone()),
                share(&settled, (kind, 5, false), classes),
            );
            assert!(after > least && after > before, "{kind}: {after} after {before}");
        }
        let (before, after) = (share(&model, (0, 5, false), 0..=19), share(&settled, (0, 5, false), 0..=19));
        assert!((before - after).abs() < 0.01, "{after} after {before}");
        // The other way around: what a rare class is never seen beside.
        let [model, settled] = learned(&amounts, 32, &kinds, 4, false);
        let wrong = |model| (0..28).map(|amount| share(model, (amount, 32, true), 2..=3)).sum::<f32>() / 28.0;
        let (before, after) = (wrong(&model), wrong(&settled));
        assert!(after < 0.003 && after < before, "{after} after {before}");
        assert_eq!(Softmax::restore(&settled.store(), 1).unwrap(), settled);
    }

    #[test]
    fn chance_is_left_as_it_is() {
        let mut random = Seed(3).stream("chance");
        let codes: Vec<u8> =
            (0..3000).map(|row| if row % 100 == 0 { 1 + (row / 100 % 3) as u8 } else { 0 }).collect();
        let classes: Vec<u8> = (0..3000).map(|_| (uniform(&mut random) * 8.0) as u8).collect();
        let [model, settled] = learned(&codes, 5, &classes, 8, true);
        assert_eq!(model.rounds(), settled.rounds());
    }

    #[test]
    fn a_tree_sets_codes_apart() {
        for (count, depth) in [(1, 1), (5, 3), (7, 3), (31, 5)] {
            let parts: Vec<[u64; 4]> = (0..count).map(|part| [1 << (2 * part), 0, 0, 0]).collect();
            let tree = apart(0, &parts, depth);
            let mut leaves = vec![0; 64];
            tree.route(&(0..64).collect::<Vec<u8>>(), 1, &mut leaves);
            for (code, leaf) in leaves.into_iter().enumerate() {
                let own = if code % 2 == 0 && code / 2 < count { code / 2 } else { (1 << depth) - 1 };
                assert_eq!(usize::from(leaf), own, "{code} of {count}");
            }
        }
    }
}
