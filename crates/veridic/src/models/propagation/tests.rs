use super::*;

/// Two rings, one in the other, of `n` rows each, and rows by turns: no line tells them apart.
fn rings(n: usize) -> Matrix {
    let values = (0..2 * n).flat_map(|i| {
        let angle = (i / 2) as f32 / n as f32 * std::f32::consts::TAU;
        let radius = if i % 2 == 0 { 1.0 } else { 2.0 };
        [radius * angle.cos(), radius * angle.sin()]
    });
    Matrix { n_rows: 2 * n, n_cols: 2, values: values.collect() }
}

fn layout(width: usize) -> Layout {
    Layout { dims: vec![width], ..Layout::default() }
}

fn near(config: &PropagationConfig, matrix: &Matrix, threads: usize) -> Neighborhood {
    let train: Vec<u32> = (0..matrix.n_rows as u32).collect();
    let rows = (Rows::matrix(matrix), &layout(matrix.n_cols));
    Neighborhood::new(config, rows, &train, (Seed(1), threads)).unwrap()
}

fn classes(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn best(shares: &[f32]) -> usize {
    (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap()
}

/// One label each, for the rows that the classes are of by turns.
fn few(n: usize, k: usize) -> Vec<Option<u16>> {
    (0..n).map(|row| (row < k).then_some(row as u16)).collect()
}

#[test]
fn one_label_a_ring_tells_all_rows_of_it_and_new_ones() {
    let matrix = rings(80);
    let near = near(&PropagationConfig { neighbors: 5, ..Default::default() }, &matrix, 2);
    let model = near.propagate(&few(160, 2), &classes(&["inner", "outer"]), "ring").unwrap();
    assert!((0..160).all(|row| best(model.shares().row(row)) == row % 2));
    let new = Matrix { n_rows: 3, n_cols: 2, values: vec![-1.0, 0.1, 0.1, -2.05, -1.98, 0.0] };
    let told = model.probabilities(Rows::matrix(&new), &[0, 1, 2], 1).unwrap();
    let told: Vec<usize> = told.chunks(2).map(best).collect();
    assert_eq!(told, [0, 1, 1]);
}

#[test]
fn threads_change_no_bit_and_what_is_stored_tells_the_same() {
    let matrix = rings(700);
    let fit = |threads| {
        let near = near(&PropagationConfig::default(), &matrix, threads);
        let asked = near.typical(6, Seed(3)).unwrap();
        (asked, near.propagate(&few(1400, 2), &classes(&["a", "b"]), "t").unwrap())
    };
    let ((asked, one), (others, two)) = (fit(1), fit(3));
    assert_eq!(asked, others);
    assert_eq!(one.shares(), two.shares());
    let back = Propagation::restore(&one.store()).unwrap();
    let told = |model: &Propagation| model.probabilities(Rows::matrix(&matrix), &[0, 5, 9], 1).unwrap();
    assert_eq!(told(&one), told(&back));
}

#[test]
fn conjugate_gradients_solve_the_equation() {
    let matrix = rings(30);
    let found = project::neighbors(&matrix, 4, NeighborMethod::Exact, 1).unwrap();
    let graph = Graph::new(&found);
    // With shares as among the labels and both classes labelled once, scaling keeps the ratio of each class's column.
    let shares = spread::spread(&graph, &few(60, 2), &[1, 1], (0.5, false));
    // By the series F = Σ (α S)^t Y, whose terms halve.
    let mut term: Vec<f64> = vec![0.0; 120];
    (term[0], term[3]) = (1.0, 1.0);
    let mut sum = term.clone();
    for _ in 0..60 {
        let mut next = vec![0.0; 120];
        graph.multiply(&term, &mut next, 2);
        term = next.into_iter().map(|v| v * 0.5).collect();
        sum.iter_mut().zip(&term).for_each(|(sum, v)| *sum += v);
    }
    let mass: Vec<f64> = (0..2).map(|c| sum.iter().skip(c).step_by(2).sum()).collect();
    for row in 0..60 {
        let (a, b) = (sum[row * 2] / mass[0], sum[row * 2 + 1] / mass[1]);
        if a + b > 1e-9 {
            assert!((shares.row(row)[0] as f64 - a / (a + b)).abs() < 1e-5, "row {row}");
        }
    }
}

#[test]
fn rows_asked_for_differ_and_lie_apart() {
    let values = (0..200).flat_map(|i| {
        let (heap, place) = (i % 4, i / 4);
        [(heap * 2) as f32 + (place % 7) as f32 * 0.1, (place / 7) as f32 * 0.1]
    });
    let matrix = Matrix { n_rows: 200, n_cols: 2, values: values.collect() };
    let asked =
        |count: usize| near(&PropagationConfig::default(), &matrix, 1).typical(count, Seed(0)).unwrap();
    let mut rows = asked(4);
    assert_eq!(rows, asked(4));
    rows.sort_unstable();
    rows.dedup();
    assert!(rows.len() == 4 && rows[3] < 200, "{rows:?}");
    let mut heaps: Vec<u32> = rows.iter().map(|row| row % 4).collect();
    heaps.sort_unstable();
    heaps.dedup();
    assert_eq!(heaps, [0, 1, 2, 3]);
}

#[test]
fn classes_of_equal_size_hold_and_classes_without_a_label_get_nothing() {
    let matrix = rings(60);
    let config = PropagationConfig { neighbors: 5, class_shares: ClassShares::Equal, ..Default::default() };
    let model = near(&config, &matrix, 1)
        .propagate(&few(120, 2), &classes(&["inner", "outer", "none"]), "ring")
        .unwrap();
    let sum = |class: usize| (0..120).map(|row| model.shares().row(row)[class]).sum::<f32>();
    assert!((sum(0) - 60.0).abs() < 0.5 && (sum(1) - 60.0).abs() < 0.5 && sum(2) == 0.0);
}

#[test]
fn what_cannot_be_learned_and_damaged_files_are_said() {
    let matrix = rings(20);
    let labels: Vec<Option<u16>> = (0..40).map(|row| (row == 0).then_some(0)).collect();
    let error = near(&PropagationConfig::default(), &matrix, 1)
        .propagate(&labels, &classes(&["a", "b"]), "ring")
        .unwrap_err();
    assert!(error.to_string().contains("`ring`"), "{error}");
    let rows = (Rows::matrix(&matrix), &layout(2));
    let error = Neighborhood::new(&PropagationConfig::default(), rows, &[0, 1], (Seed(0), 1)).unwrap_err();
    assert!(error.to_string().contains("needs 3 rows"), "{error}");
    let config = PropagationConfig { alpha: 1.0, ..Default::default() };
    assert!(config.check("model.propagation").unwrap_err().to_string().contains("model.propagation.alpha"));

    let stored = near(&PropagationConfig::default(), &matrix, 1)
        .propagate(&few(40, 2), &classes(&["a", "b"]), "ring")
        .unwrap()
        .store();
    for name in ["codes", "shares", "lookup", "coder.shape", "coder.columns"] {
        let mut damaged = stored.clone();
        damaged.tensors.remove(name);
        assert!(Propagation::restore(&damaged).is_err(), "{name}");
        damaged.insert(name, &[1], vec![70_000_u64]);
        assert!(Propagation::restore(&damaged).is_err(), "{name}");
    }
    let mut damaged = stored;
    damaged.insert("coder.columns", &[2], vec![0_u32, 9]);
    assert!(Propagation::restore(&damaged).is_err());
}
