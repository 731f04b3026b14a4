use super::logistic::Problem;
use crate::data::Matrix;
use crate::error::EvaluateError;

/// Rows a probe is fitted to at most, spread evenly over those given.
const MOST_ROWS: usize = 10_000;

/// How often a linear classifier of codes is right on test rows: 0 to 1, higher is better; what the codes keep of the
/// labels in a form that a linear rule can use.
///
/// Multinomial logistic regression on codes that are standardized with figures of the training rows: the minimum of
/// `Σ -ln softmax(W x + b)_label + ‖W‖² / 2`, as scikit-learn's `LogisticRegression` by default, found by L-BFGS
/// (Nocedal and Wright 2006, algorithm 7.5). Fitted to at most 10 000 training rows, spread evenly over those given. A
/// label that training rows do not have counts as wrong.
///
/// # Errors
/// No rows, lists of different length, different widths, an infinite or NaN code.
pub fn linear_probe(
    train: &Matrix,
    train_labels: &[u32],
    test: &Matrix,
    test_labels: &[u32],
) -> Result<f64, EvaluateError> {
    let metric = "linear_probe";
    for (matrix, labels) in [(train, train_labels), (test, test_labels)] {
        if matrix.n_rows != labels.len() {
            return Err(EvaluateError::Lengths { metric, left: matrix.n_rows, right: labels.len() });
        }
        if labels.is_empty() {
            return Err(EvaluateError::Empty { metric });
        }
        if let Some(index) = matrix.values.iter().position(|value| !value.is_finite()) {
            let value = f64::from(matrix.values[index]);
            return Err(EvaluateError::NotANumber { metric, index, value });
        }
    }
    if test.n_cols != train.n_cols {
        return Err(EvaluateError::Width { found: test.n_cols, expected: train.n_cols });
    }
    let (problem, scale, classes) = standardized(train, train_labels);
    let weights = problem.solve();
    let hits = (0..test.n_rows).filter(|&row| {
        let logits = problem.logits(&weights, &scale.apply(test.row(row)));
        let said = (0..classes.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0);
        classes[said] == test_labels[row]
    });
    Ok(hits.count() as f64 / test.n_rows as f64)
}

/// Mean and standard deviation of each code; a code with one value is only centered.
struct Scale {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Scale {
    fn of(codes: &Matrix, rows: &[usize]) -> Self {
        let n = rows.len() as f64;
        let column = |j: usize| rows.iter().map(move |&row| f64::from(codes.row(row)[j]));
        let mean: Vec<f64> = (0..codes.n_cols).map(|j| column(j).sum::<f64>() / n).collect();
        let deviation = (0..codes.n_cols).map(|j| {
            let variance = column(j).map(|x| (x - mean[j]).powi(2)).sum::<f64>() / n;
            if variance > 0.0 { variance.sqrt() } else { 1.0 }
        });
        let deviation = deviation.collect();
        Self { mean, deviation }
    }

    /// A row in units of deviations, and a 1 for the bias.
    fn apply(&self, row: &[f32]) -> Vec<f64> {
        let scaled = row.iter().zip(&self.mean).zip(&self.deviation);
        let scaled = scaled.map(|((&x, mean), deviation)| (f64::from(x) - mean) / deviation);
        scaled.chain(std::iter::once(1.0)).collect()
    }
}

/// The problem of standardized rows and their labels, with the scale of its codes and the labels of its classes.
fn standardized(codes: &Matrix, labels: &[u32]) -> (Problem, Scale, Vec<u32>) {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let kept = codes.n_rows.min(MOST_ROWS);
    let rows: Vec<usize> = (0..kept).map(|i| i * codes.n_rows / kept).collect();
    let scale = Scale::of(codes, &rows);
    let class = |label: u32| classes.partition_point(|&class| class < label);
    let problem = Problem {
        codes: rows.iter().flat_map(|&row| scale.apply(codes.row(row))).collect(),
        width: codes.n_cols + 1,
        targets: rows.iter().map(|&row| class(labels[row])).collect(),
        classes: classes.len(),
        penalty: 1.0,
    };
    (problem, scale, classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n_cols: usize, values: Vec<f32>) -> Matrix {
        Matrix { n_rows: values.len() / n_cols, n_cols, values }
    }

    #[test]
    fn classes_on_either_side_of_a_line_are_told_apart() {
        let codes = matrix(1, (0..40).map(|i| i as f32 * 100.0).collect());
        let labels: Vec<u32> = (0..40).map(|i| if i < 20 { 7 } else { 3 }).collect();
        let test = matrix(1, vec![-500.0, 1500.0, 2500.0, 1e5]);
        assert_eq!(linear_probe(&codes, &labels, &test, &[7, 7, 3, 3]).unwrap(), 1.0);
        // A label that training rows do not have is wrong.
        assert_eq!(linear_probe(&codes, &labels, &test, &[7, 7, 3, 9]).unwrap(), 0.75);
    }

    #[derive(serde::Deserialize)]
    struct Expected {
        train: Vec<f32>,
        train_labels: Vec<u32>,
        test: Vec<f32>,
        test_labels: Vec<u32>,
        loss: f64,
        accuracy: f64,
    }

    #[test]
    fn loss_and_accuracy_are_those_of_scikit_learn() {
        // `tests/fixtures/probe.py` wrote them.
        let expected: Expected =
            serde_json::from_str(include_str!("../../tests/fixtures/probe.json")).unwrap();
        let (train, test) = (matrix(3, expected.train), matrix(3, expected.test));
        let problem = standardized(&train, &expected.train_labels).0;
        let (loss, _) = problem.loss(&problem.solve());
        assert!((loss - expected.loss).abs() < 1e-5 * expected.loss, "{loss} {}", expected.loss);
        let found = linear_probe(&train, &expected.train_labels, &test, &expected.test_labels).unwrap();
        assert_eq!(found, expected.accuracy);
    }

    #[test]
    fn the_minimum_is_where_the_gradient_vanishes() {
        // Two classes of overlapping numbers: with a penalty the minimum is unique.
        let values = [-2.0, -1.0, 0.5, 1.0, -0.5, 2.0, 0.1, -0.2];
        let problem = Problem {
            codes: values.iter().flat_map(|&x| [x, 1.0]).collect(),
            width: 2,
            targets: vec![0, 0, 0, 1, 1, 1, 0, 1],
            classes: 2,
            penalty: 1.0,
        };
        let weights = problem.solve();
        let (loss, gradient) = problem.loss(&weights);
        assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient:?}");
        assert!(loss < 8.0 * 2.0_f64.ln());
        for (i, at) in gradient.iter().enumerate() {
            let mut moved = weights.clone();
            moved[i] += 1e-6;
            let (up, _) = problem.loss(&moved);
            moved[i] -= 2e-6;
            let (down, _) = problem.loss(&moved);
            assert!(((up - down) / 2e-6 - at).abs() < 1e-5, "{i}");
        }
    }

    #[test]
    fn a_constant_code_says_nothing_and_bad_input_is_refused() {
        let codes = matrix(1, vec![5.0; 6]);
        let labels = [0, 0, 0, 0, 1, 1];
        assert!((linear_probe(&codes, &labels, &codes, &labels).unwrap() - 4.0 / 6.0).abs() < 1e-12);
        let error = linear_probe(&codes, &labels[..5], &codes, &labels).unwrap_err().to_string();
        assert_eq!(error, "`linear_probe` needs two lists of equal length, found 6 and 5");
        let error = linear_probe(&codes, &labels, &matrix(2, vec![0.0; 4]), &[0, 1]).unwrap_err();
        assert_eq!(error, EvaluateError::Width { found: 2, expected: 1 });
        let broken = matrix(1, vec![f32::NAN]);
        assert!(linear_probe(&codes, &labels, &broken, &[0]).is_err());
    }
}
