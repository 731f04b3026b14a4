use rand_chacha::rand_core::Rng;

use super::probe::linear_probe;
use crate::data::Matrix;
use crate::error::EvaluateError;
use crate::seed::Seed;

/// Bins of a code where it is counted.
const BINS: usize = 20;

/// The mutual information gap: 0 to 1, higher is better, 1 where each factor is in one code and that code alone.
///
/// `MIG = mean over factors of (I₁ - I₂) / H(factor)` with the two largest mutual informations of a code with the factor;
/// each code is cut into 20 bins of equal width. `codes` are posterior means, one row a row of the data; `factors` hold
/// a class for each row. Source: Chen et al. 2018, "Isolating sources of disentanglement", equation 6; bins as in Locatello
/// et al. 2019.
///
/// # Errors
/// No rows or factors, lists of different length, a factor with one class, a code that is not finite.
pub fn mutual_information_gap(codes: &Matrix, factors: &[Vec<u32>]) -> Result<f64, EvaluateError> {
    check("mutual_information_gap", codes, factors)?;
    let binned: Vec<Vec<u32>> = (0..codes.n_cols).map(|j| binned(codes, j, BINS)).collect();
    let gap = |factor: &Vec<u32>| {
        let information = binned.iter().map(|code| mutual_information(code, factor)).collect();
        best_gap(information) / mutual_information(factor, factor)
    };
    Ok(factors.iter().map(gap).sum::<f64>() / factors.len() as f64)
}

/// The separated attribute predictability: 0 to 1, higher is better; how much more the best single code says of a factor
/// than the second best.
///
/// `SAP = mean over factors of (a₁ - a₂)` with the two largest accuracies of a [`linear_probe`] on one code. Two thirds of
/// the rows, at random, are learned from, at most 10 000, and at most 5 000 of the others tested. Source: Kumar,
/// Sattigeri and Balakrishnan 2018, section 3, with logistic regression as the classifier.
///
/// # Errors
/// As [`mutual_information_gap`].
pub fn separated_attribute_predictability(
    codes: &Matrix,
    factors: &[Vec<u32>],
) -> Result<f64, EvaluateError> {
    check("separated_attribute_predictability", codes, factors)?;
    let (train, test) = parted(codes.n_rows);
    let mut sum = 0.0;
    for factor in factors {
        let of = |rows: &[usize]| rows.iter().map(|&row| factor[row]).collect::<Vec<u32>>();
        let accuracies = (0..codes.n_cols).map(|j| {
            let one = |rows: &[usize]| Matrix {
                n_rows: rows.len(),
                n_cols: 1,
                values: rows.iter().map(|&row| codes.row(row)[j]).collect(),
            };
            linear_probe(&one(&train), &of(&train), &one(&test), &of(&test))
        });
        sum += best_gap(accuracies.collect::<Result<_, _>>()?);
    }
    Ok(sum / factors.len() as f64)
}

/// Codes with a smaller standard deviation than this over all rows are not considered.
const INACTIVE_BELOW: f64 = 0.05;

/// Rows of a vote, votes to learn from, votes to test.
const VOTE: usize = 64;
const VOTES: [usize; 2] = [10_000, 5_000];

/// The score of the FactorVAE paper: 0 to 1, higher is better; `1 / factors` by chance, 0 where no code is active.
///
/// A vote holds one factor at a value, draws 64 rows that have it, and names the code of least variance relative to its
/// variance over all rows; codes with a standard deviation below 0.05 are left out. A majority rule from code to
/// factor is learned from 10 000 votes; the score is its accuracy on 5 000 others. Rows are drawn with
/// replacement, from a stream of a fixed seed. Source: Kim and Mnih 2018, "Disentangling by factorising", section 4.
///
/// # Errors
/// As [`mutual_information_gap`].
pub fn factor_vae_score(codes: &Matrix, factors: &[Vec<u32>]) -> Result<f64, EvaluateError> {
    check("factor_vae_score", codes, factors)?;
    let everything: Vec<usize> = (0..codes.n_rows).collect();
    let overall: Vec<f64> = (0..codes.n_cols).map(|j| variance(codes, j, &everything)).collect();
    let active: Vec<usize> = (0..codes.n_cols).filter(|&j| overall[j].sqrt() >= INACTIVE_BELOW).collect();
    if active.is_empty() {
        return Ok(0.0);
    }
    let with_value: Vec<Vec<Vec<usize>>> = factors.iter().map(|factor| rows_by_class(factor)).collect();
    let mut random = Seed(0).stream("factor-vae score");
    let mut below = |n: usize| ((u64::from(random.next_u32()) * n as u64) >> 32) as usize;
    let mut vote = || {
        let k = below(factors.len());
        let rows = &with_value[k][factors[k][below(codes.n_rows)] as usize];
        let drawn: Vec<usize> = (0..VOTE).map(|_| rows[below(rows.len())]).collect();
        let relative = |j: usize| variance(codes, j, &drawn) / overall[j];
        let least = active.iter().copied().min_by(|&a, &b| relative(a).total_cmp(&relative(b)));
        (least.unwrap_or(0), k)
    };
    let mut counts = vec![vec![0usize; factors.len()]; codes.n_cols];
    for _ in 0..VOTES[0] {
        let (code, factor) = vote();
        counts[code][factor] += 1;
    }
    let rule: Vec<usize> = counts
        .iter()
        .map(|of_code| (0..factors.len()).rev().max_by_key(|&k| of_code[k]).unwrap_or(0))
        .collect();
    let hits = (0..VOTES[1]).filter(|_| {
        let (code, factor) = vote();
        rule[code] == factor
    });
    Ok(hits.count() as f64 / VOTES[1] as f64)
}

/// The rows of each class.
fn rows_by_class(factor: &[u32]) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); factor.iter().max().map_or(0, |&class| class as usize + 1)];
    for (row, &class) in factor.iter().enumerate() {
        rows[class as usize].push(row);
    }
    rows
}

fn variance(codes: &Matrix, j: usize, rows: &[usize]) -> f64 {
    let values = || rows.iter().map(|&row| f64::from(codes.row(row)[j]));
    let mean = values().sum::<f64>() / rows.len() as f64;
    values().map(|x| (x - mean).powi(2)).sum::<f64>() / rows.len() as f64
}

/// A code as the number of its bin among bins of equal width from its least to its largest value.
pub(super) fn binned(codes: &Matrix, j: usize, bins: usize) -> Vec<u32> {
    let values = || (0..codes.n_rows).map(|row| codes.row(row)[j]);
    let (low, high) = values().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let width = f64::from(high) - f64::from(low);
    let bin = |x: f32| {
        let share = if width > 0.0 { (f64::from(x) - f64::from(low)) / width } else { 0.0 };
        ((share * bins as f64) as u32).min(bins as u32 - 1)
    };
    values().map(bin).collect()
}

/// `I(a; b)` in nats; of a list with itself its entropy.
fn mutual_information(a: &[u32], b: &[u32]) -> f64 {
    let classes = |of: &[u32]| of.iter().max().map_or(0, |&class| class as usize + 1);
    let (rows, columns) = (classes(a), classes(b));
    let mut joint = vec![0.0; rows * columns];
    for (&a, &b) in a.iter().zip(b) {
        joint[a as usize * columns + b as usize] += 1.0;
    }
    let total: f64 = joint.iter().sum();
    let row = |i: usize| joint[i * columns..(i + 1) * columns].iter().sum::<f64>();
    let column = |j: usize| (0..rows).map(|i| joint[i * columns + j]).sum::<f64>();
    let (of_rows, of_columns): (Vec<f64>, Vec<f64>) =
        ((0..rows).map(row).collect(), (0..columns).map(column).collect());
    let mut sum = 0.0;
    for i in 0..rows {
        for j in 0..columns {
            let p = joint[i * columns + j];
            if p > 0.0 {
                sum += p / total * (p * total / (of_rows[i] * of_columns[j])).ln();
            }
        }
    }
    sum
}

/// The difference of the two largest values; a lone one is its own difference.
fn best_gap(mut values: Vec<f64>) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    values.first().copied().unwrap_or(0.0) - values.get(1).copied().unwrap_or(0.0)
}

/// Rows to learn from and rows to test, at random.
pub(super) fn parted(n_rows: usize) -> (Vec<usize>, Vec<usize>) {
    let mut random = Seed(0).stream("disentanglement rows");
    let mut rows: Vec<usize> = (0..n_rows).collect();
    for i in (1..rows.len()).rev() {
        let j = ((u64::from(random.next_u32()) * (i as u64 + 1)) >> 32) as usize;
        rows.swap(i, j);
    }
    let mut test = rows.split_off(n_rows - n_rows / 3);
    rows.truncate(10_000);
    test.truncate(5_000);
    (rows, test)
}

pub(super) fn check(metric: &'static str, codes: &Matrix, factors: &[Vec<u32>]) -> Result<(), EvaluateError> {
    if factors.is_empty() || codes.n_rows < 3 || codes.n_cols == 0 {
        return Err(EvaluateError::Empty { metric });
    }
    if let Some(index) = codes.values.iter().position(|value| !value.is_finite()) {
        let value = f64::from(codes.values[index]);
        return Err(EvaluateError::NotANumber { metric, index, value });
    }
    for (number, factor) in factors.iter().enumerate() {
        if factor.len() != codes.n_rows {
            return Err(EvaluateError::Lengths { metric, left: codes.n_rows, right: factor.len() });
        }
        if factor.iter().all(|class| *class == factor[0]) {
            return Err(EvaluateError::ConstantFactor { metric, factor: number });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::importance_disentanglement;

    const ROWS: usize = 6000;

    /// Three independent factors with 3, 4 and 5 classes, every combination equally often.
    fn factors() -> Vec<Vec<u32>> {
        let class = |i: usize, of: [usize; 2]| ((i / of[0]) % of[1]) as u32;
        [[1, 3], [3, 4], [12, 5]].map(|of| (0..ROWS).map(|i| class(i, of)).collect()).to_vec()
    }

    /// A code for each row from its factors.
    fn codes(n_cols: usize, code: impl Fn(usize, &[f32]) -> Vec<f32>) -> Matrix {
        let factors = factors();
        let of = |row: usize| factors.iter().map(|factor| factor[row] as f32).collect::<Vec<f32>>();
        Matrix { n_rows: ROWS, n_cols, values: (0..ROWS).flat_map(|row| code(row, &of(row))).collect() }
    }

    /// Independent of every factor, from -1 to 1.
    fn noise(row: usize, stream: u64) -> f32 {
        let mixed = (row as u64 * 2 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ (stream << 17));
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} is not {expected}");
    }

    #[test]
    fn a_code_for_each_factor_scores_one_everywhere() {
        // One code a factor, turned round and scaled, and two codes that say nothing.
        let codes =
            codes(5, |row, f| vec![noise(row, 1), -7.0 * f[1], f[0] + 3.0, 0.2 * f[2], noise(row, 2)]);
        close(mutual_information_gap(&codes, &factors()).unwrap(), 1.0, 0.02);
        // Another code is right by chance: 1/3, 1/4, 1/5.
        let gap = ((1.0 - 1.0 / 3.0) + (1.0 - 1.0 / 4.0) + (1.0 - 1.0 / 5.0)) / 3.0;
        close(separated_attribute_predictability(&codes, &factors()).unwrap(), gap, 0.03);
        assert_eq!(factor_vae_score(&codes, &factors()).unwrap(), 1.0);
        let dci = importance_disentanglement(&codes, &factors()).unwrap();
        close(dci.disentanglement, 1.0, 0.01);
        close(dci.completeness, 1.0, 0.01);
        close(dci.informativeness, 1.0, 0.01);
    }

    #[test]
    fn two_codes_for_one_factor_leave_no_gap_but_stay_disentangled() {
        let codes = codes(6, |_, f| [f, f].concat());
        close(mutual_information_gap(&codes, &factors()).unwrap(), 0.0, 1e-12);
        close(separated_attribute_predictability(&codes, &factors()).unwrap(), 0.0, 1e-12);
        assert_eq!(factor_vae_score(&codes, &factors()).unwrap(), 1.0);
        assert!(importance_disentanglement(&codes, &factors()).unwrap().disentanglement > 0.99);
    }

    #[test]
    fn a_mixture_of_factors_in_every_code_is_neither_disentangled_nor_complete() {
        let codes = codes(3, |row, f| {
            let of = |i: usize| f[i] / [0.8, 1.1, 1.4][i] + 0.05 * noise(row, i as u64);
            vec![of(0) + of(1) + of(2), of(0) - of(1) + 0.5 * of(2), 0.7 * of(0) + of(1) - of(2)]
        });
        assert!(mutual_information_gap(&codes, &factors()).unwrap() < 0.2);
        let dci = importance_disentanglement(&codes, &factors()).unwrap();
        assert!(dci.disentanglement < 0.5 && dci.completeness < 0.5, "{dci:?}");
    }

    #[test]
    fn codes_that_say_nothing_score_by_chance() {
        let codes = codes(4, |row, _| (0..4).map(|j| noise(row, 10 + j)).collect());
        assert!(mutual_information_gap(&codes, &factors()).unwrap() < 0.02);
        assert!(separated_attribute_predictability(&codes, &factors()).unwrap() < 0.03);
        close(factor_vae_score(&codes, &factors()).unwrap(), 1.0 / 3.0, 0.06);
        let dci = importance_disentanglement(&codes, &factors()).unwrap();
        close(dci.informativeness, (1.0 / 3.0 + 1.0 / 4.0 + 1.0 / 5.0) / 3.0, 0.05);
    }

    #[test]
    fn inactive_codes_take_no_votes() {
        // Tiny and constant codes would have the least relative variance of all.
        let tiny = codes(5, |row, f| vec![0.01 * noise(row, 3), f[0], f[1], f[2], 2.0]);
        assert_eq!(factor_vae_score(&tiny, &factors()).unwrap(), 1.0);
        let none = codes(3, |row, f| vec![0.01 * f[0], 0.001 * noise(row, 4), 5.0]);
        assert_eq!(factor_vae_score(&none, &factors()).unwrap(), 0.0);
    }

    #[test]
    fn information_has_its_closed_forms() {
        let two = [0, 0, 1, 1];
        close(mutual_information(&two, &two), 2.0_f64.ln(), 1e-12);
        close(mutual_information(&two, &[0, 1, 0, 1]), 0.0, 1e-12);
        // H(1/2, 1/4, 1/4) of which the halves tell ln 2.
        close(mutual_information(&[0, 0, 1, 2], &two), 2.0_f64.ln(), 1e-12);
        close(mutual_information(&[0, 0, 1, 2], &[0, 0, 1, 2]), 1.5 * 2.0_f64.ln(), 1e-12);
    }

    #[test]
    fn factors_that_cannot_be_measured_are_refused() {
        let codes = codes(1, |_, f| vec![f[0]]);
        let refused = |factors: &[Vec<u32>]| mutual_information_gap(&codes, factors).unwrap_err().to_string();
        assert_eq!(refused(&[]), "`mutual_information_gap` needs at least one value, found none");
        assert_eq!(
            refused(&[vec![0, 1]]),
            "`mutual_information_gap` needs two lists of equal length, found 6000 and 2"
        );
        assert_eq!(
            refused(&[factors()[0].clone(), vec![4; ROWS]]),
            "`mutual_information_gap` needs factors that vary, factor 2 has one class"
        );
    }
}
