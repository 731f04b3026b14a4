use super::affinity::Affinity;
use super::grid::Grid;
use super::kernel::{self, Tails};
use super::*;
use crate::project::noise::Normal;
use crate::project::{nearest, neighbors, tsne as make};

static NEVER: AtomicBool = AtomicBool::new(false);

/// Clusters of 20 columns, 8 apart along as many axes, of spread 1.
fn clusters(n: usize, count: usize) -> (Matrix, Vec<u32>) {
    let mut noise = Normal(Seed(7).stream("clusters"));
    let mut rows = Matrix::zeros(n, 20);
    let labels: Vec<u32> = (0..n).map(|i| (i % count) as u32).collect();
    for i in 0..n {
        for (c, v) in rows.row_mut(i).iter_mut().enumerate() {
            *v = (noise.next() + if c == i % count { 8.0 } else { 0.0 }) as f32;
        }
    }
    (rows, labels)
}

/// Points of a map in the middle of its way: clumps of all widths.
fn scattered(n: usize, width: f64) -> Vec<Point> {
    let mut noise = Normal(Seed(3).stream("points"));
    let centers: Vec<[f64; 2]> = (0..12).map(|_| [0; 2].map(|_| width * noise.next())).collect();
    let spread = |i: usize| width * 0.02 * (1 + i % 12) as f64;
    (0..n).map(|i| centers[i % 12].map(|c| (c + spread(i) * noise.next()) as f32)).collect()
}

fn affinity(rows: &Matrix, perplexity: f64) -> Affinity {
    let k = (3.0 * perplexity) as usize;
    let found = neighbors(rows, k, NeighborMethod::Exact, 1).unwrap();
    let conditional = affinity::conditional(&found.distances, k, &[perplexity]);
    affinity::symmetric(&found.indices, &conditional, k)
}

fn fast() -> TsneConfig {
    TsneConfig { exaggeration_iterations: 40, iterations: 60, report_every: 20, ..TsneConfig::default() }
}

fn run(rows: &Matrix, config: &TsneConfig, threads: usize) -> Tsne {
    make(rows, None, config, Seed(11), threads, &NEVER, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn quiet(rows: &Matrix, config: &TsneConfig) -> Result<Tsne, ProjectError> {
    make(rows, None, config, Seed(11), 2, &NEVER, &mut |_| ControlFlow::Continue(()))
}

/// Repulsion over `c` and Z by the definition, in `f64`.
fn repulsion(points: &[Point], alpha: f64) -> (Vec<[f64; 2]>, f64) {
    let (mut forces, mut z) = (vec![[0.0; 2]; points.len()], 0.0);
    for (i, a) in points.iter().enumerate() {
        for (j, b) in points.iter().enumerate().filter(|(j, _)| *j != i) {
            let d = [0, 1].map(|axis| f64::from(a[axis]) - f64::from(b[axis]));
            let base = 1.0 + (d[0] * d[0] + d[1] * d[1]) / alpha;
            let weight = base.powf(-0.5 * (alpha + 1.0));
            let _ = j;
            z += weight;
            for axis in 0..2 {
                forces[i][axis] += weight / base * d[axis] * (alpha + 1.0) / (2.0 * alpha);
            }
        }
    }
    (forces, z)
}

/// The norm of the difference over the norm.
fn error(found: &[Point], exact: &[[f64; 2]]) -> f64 {
    let (mut difference, mut norm) = (0.0, 0.0);
    for (found, exact) in found.iter().flatten().zip(exact.iter().flatten()) {
        difference += (f64::from(*found) - exact).powi(2);
        norm += exact * exact;
    }
    (difference / norm).sqrt()
}

/// `KL` by its definition, in `f64`.
fn divergence(affinity: &Affinity, points: &[[f64; 2]], alpha: f64) -> f64 {
    let weight = |i: usize, j: usize| {
        let d = [0, 1].map(|axis| points[i][axis] - points[j][axis]);
        (1.0 + (d[0] * d[0] + d[1] * d[1]) / alpha).powf(-0.5 * (alpha + 1.0))
    };
    let n = points.len();
    let z: f64 = (0..n)
        .flat_map(|i| (0..n).filter(move |j| *j != i).map(move |j| (i, j)))
        .map(|(i, j)| weight(i, j))
        .sum();
    let mut sum = 0.0;
    for i in 0..n {
        for entry in affinity.starts[i]..affinity.starts[i + 1] {
            let p = f64::from(affinity.values[entry]);
            sum += p * (p * z / weight(i, affinity.indices[entry] as usize)).ln();
        }
    }
    sum
}

#[test]
fn the_gradient_is_that_of_the_divergence() {
    let (rows, _) = clusters(60, 3);
    let affinity = affinity(&rows, 6.0);
    for alpha in [1.0, 0.5, 3.0] {
        let points = scattered(60, 3.0);
        let tails = Tails::new(alpha);
        let (mut attraction, mut repulsion) = (vec![[0.0; 2]; 60], vec![[0.0; 2]; 60]);
        kernel::attract(&affinity, &points, tails, &mut attraction);
        let z = kernel::repulse(&points, tails, &mut repulsion);
        let wide: Vec<[f64; 2]> = points.iter().map(|point| point.map(f64::from)).collect();
        let step = 1e-5;
        for i in 0..60 {
            for axis in 0..2 {
                let at = |by: f64| {
                    let mut moved = wide.clone();
                    moved[i][axis] += by;
                    divergence(&affinity, &moved, alpha)
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                let found = 4.0 * (f64::from(attraction[i][axis]) - f64::from(repulsion[i][axis]) / z);
                assert!((found - slope).abs() < 2e-6, "α {alpha}, point {i}: {found} {slope}");
            }
        }
        let config =
            TsneConfig { degrees_of_freedom: alpha, method: TsneMethod::Exact, ..TsneConfig::default() };
        let found = Optimizer::new(&affinity, points, &config).divergence();
        let exact = divergence(&affinity, &wide, alpha);
        assert!((found - exact).abs() < 1e-5, "{found} {exact}");
    }
}

#[test]
fn repulsion_of_all_pairs_by_tree_and_by_grid_is_that_of_the_definition() {
    for (n, width, alpha) in [(700, 0.001, 1.0), (700, 1.0, 1.0), (1500, 12.0, 1.0), (1500, 12.0, 0.5)] {
        let points = scattered(n, width);
        let tails = Tails::new(alpha);
        let (exact, z) = repulsion(&points, alpha);
        let case = |name: &str, out: &[Point], found: f64, allowed: f64| {
            let error = error(out, &exact);
            assert!(error < allowed, "{name}, {n} points {width} wide, α {alpha}: off by {error}");
            assert!((found / z - 1.0).abs() < allowed, "{name}: Z {found} {z}");
        };
        let mut out = vec![[0.0; 2]; n];
        let found = kernel::repulse(&points, tails, &mut out);
        case("all pairs", &out, found, 1e-5);
        let found = tree::repulse(&points, 0.0, tails, &mut out);
        case("open tree", &out, found, 1e-4);
        let found = tree::repulse(&points, 0.5, tails, &mut out);
        case("tree", &out, found, 0.03);
        let found = Grid::new(tails).repulse(&points, &mut out).unwrap();
        case("grid", &out, found, 0.01);
    }
}

#[test]
fn a_lone_point_is_pushed_by_neither_itself_nor_the_grid() {
    let mut grid = Grid::new(Tails::new(1.0));
    for at in [0.0, 0.05, 0.1, 0.2] {
        // Far from each other, so that what is left is a point's own image.
        let points = [[at, 0.03], [40.0 + at, 0.0]];
        let mut out = [[0.0; 2]; 2];
        let z = grid.repulse(&points, &mut out).unwrap();
        assert!((z - 2.0 / 1601.0).abs() < 0.01, "{z}");
        assert!(out.iter().flatten().all(|force| force.abs() < 0.001), "{out:?}");
    }
}

#[test]
fn bytes_are_the_same_for_any_number_of_threads() {
    // More than one piece of work of every kind.
    let (rows, _) = clusters(1100, 5);
    for (method, neighbors) in [
        (TsneMethod::Exact, NeighborMethod::Exact),
        (TsneMethod::BarnesHut, NeighborMethod::Approximate),
        (TsneMethod::Fft, NeighborMethod::Exact),
    ] {
        let config = TsneConfig { method, neighbors, iterations: 30, ..fast() };
        let one = run(&rows, &config, 1);
        for threads in [2, 3] {
            let more = run(&rows, &config, threads);
            assert_eq!(one.positions, more.positions, "{method:?}");
            assert_eq!(one.history, more.history);
        }
    }
    let (rows, _) = clusters(200, 5);
    let other = make(&rows, None, &fast(), Seed(12), 2, &NEVER, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_ne!(run(&rows, &fast(), 2).positions, other.positions);
}

#[test]
fn clusters_come_apart_by_every_method() {
    let (rows, labels) = clusters(600, 6);
    let mut divergences = Vec::new();
    for method in [TsneMethod::Exact, TsneMethod::BarnesHut, TsneMethod::Fft] {
        let config = TsneConfig { method, iterations: 250, ..TsneConfig::default() };
        let map = run(&rows, &config, 2);
        let near = neighbors(&map.positions, 1, NeighborMethod::Exact, 1).unwrap();
        let right = (0..600).filter(|i| labels[near.indices[*i] as usize] == labels[*i]).count();
        assert!(right >= 599, "{method:?}: {right}");
        assert!(map.history.windows(2).skip(5).all(|pair| pair[1].1 < pair[0].1 + 1e-3), "{:?}", map.history);
        divergences.push(map.kl);
    }
    assert!(divergences.iter().all(|kl| (kl / divergences[0] - 1.0).abs() < 0.01), "{divergences:?}");
}

#[test]
fn few_rows_make_a_map_or_a_clear_error() {
    for n in [1, 2, 3, 4, 5, 10, 100] {
        let (rows, _) = clusters(n, 2);
        for method in [TsneMethod::Exact, TsneMethod::BarnesHut, TsneMethod::Fft] {
            let map = run(&rows, &TsneConfig { method, ..fast() }, 2);
            assert_eq!((map.positions.n_rows, map.positions.n_cols), (n, 2));
            assert!(map.positions.values.iter().all(|v| v.is_finite()) && map.kl.is_finite());
            if n < 91 {
                assert!(map.notes.iter().any(|note| note.starts_with("perplexity 30 was lowered to")), "{n}");
            }
        }
    }
    let (rows, _) = clusters(90, 2);
    let error = quiet(&rows, &TsneConfig { strict: true, ..fast() }).unwrap_err();
    assert_eq!(error.to_string(), "perplexity 30 needs at least 91 rows, found 90");
    assert_eq!(error.hint().unwrap(), "lower the perplexity, or leave `strict` off to have it lowered");
    let (rows, _) = clusters(91, 2);
    assert!(quiet(&rows, &TsneConfig { strict: true, ..fast() }).unwrap().notes.is_empty());
}

#[test]
fn a_map_of_a_hundred_rows_does_not_collapse() {
    let (rows, _) = clusters(100, 2);
    let config = TsneConfig { perplexity: vec![10.0], ..TsneConfig::default() };
    let map = run(&rows, &config, 1);
    let start = TsneConfig { exaggeration_iterations: 0, iterations: 0, ..config };
    assert!(map.kl < 0.5 * run(&rows, &start, 1).kl, "{}", map.kl);
    let near = neighbors(&map.positions, 1, NeighborMethod::Exact, 1).unwrap();
    assert!(near.distances.iter().all(|d| *d > 1e-3));
}

#[test]
fn degenerate_rows_give_finite_positions() {
    let equal = Matrix { n_rows: 2000, n_cols: 4, values: vec![1.5; 8000] };
    let mut three = equal.clone();
    (0..2000).for_each(|i| three.row_mut(i)[0] = (i % 3) as f32);
    let mut huge = clusters(300, 3).0;
    huge.values.iter_mut().for_each(|v| *v *= 1e30);
    let mut outlier = clusters(300, 3).0;
    outlier.values[0] = -3e38;
    let mut tiny = clusters(300, 3).0;
    tiny.values.iter_mut().for_each(|v| *v *= 1e-30);
    let line = Matrix { n_rows: 300, n_cols: 1, values: (0..300).map(|i| i as f32).collect() };
    for (name, rows) in [
        ("equal", equal),
        ("three", three),
        ("huge", huge),
        ("outlier", outlier),
        ("tiny", tiny),
        ("line", line),
    ] {
        for method in [TsneMethod::Auto, TsneMethod::BarnesHut, TsneMethod::Fft] {
            let iterations = if method == TsneMethod::BarnesHut { 5 } else { 20 };
            let map = run(&rows, &TsneConfig { method, exaggeration_iterations: 5, iterations, ..fast() }, 2);
            assert!(map.positions.values.iter().all(|v| v.is_finite()), "{name} {method:?}");
            assert!(map.kl.is_finite(), "{name} {method:?}");
        }
    }
}

#[test]
fn wild_settings_and_starts_end_in_finite_positions() {
    let (rows, _) = clusters(700, 3);
    let wild =
        TsneConfig { learning_rate: Some(1e12), max_step_norm: 1e6, method: TsneMethod::Fft, ..fast() };
    let map = run(&rows, &wild, 2);
    assert!(map.positions.values.iter().all(|v| v.is_finite()));
    assert!(map.notes.iter().any(|note| note.contains("too wide for the grid")), "{:?}", map.notes);

    let mut initial = Matrix::zeros(700, 2);
    initial.row_mut(3).copy_from_slice(&[1e6, -1e6]);
    let map =
        make(&rows, Some(&initial), &fast(), Seed(1), 2, &NEVER, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(map.positions.values.iter().all(|v| v.is_finite()));
}

#[test]
fn bad_input_is_named() {
    let refused = |rows: &Matrix, config: &TsneConfig| quiet(rows, config).unwrap_err().to_string();
    assert_eq!(
        refused(&Matrix::zeros(0, 3), &fast()),
        "a map needs rows and columns, found 0 rows and 3 columns"
    );
    let (mut rows, _) = clusters(50, 2);
    for (value, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        rows.values[20 * 6 + 4] = value;
        let message = format!("rows must be finite numbers, found {name} in row 7, column 5");
        assert_eq!(refused(&rows, &fast()), message);
    }
    let (rows, _) = clusters(50, 2);
    for (config, message) in [
        (
            TsneConfig { perplexity: vec![], ..fast() },
            "`perplexity` is an empty list, allowed is one number or more",
        ),
        (TsneConfig { perplexity: vec![30.0, 0.5], ..fast() }, "`perplexity` is 0.5, allowed is above 1"),
        (TsneConfig { theta: f64::NAN, ..fast() }, "`theta` is NaN, allowed is 0 to 1"),
        (
            TsneConfig { learning_rate: Some(0.0), ..fast() },
            "`learning-rate` is 0, allowed is above 0 to 1e12",
        ),
        (TsneConfig { momentum: [0.5, 1.0], ..fast() }, "`momentum` is 1, allowed is 0 to below 1"),
        (TsneConfig { report_every: 0, ..fast() }, "`report-every` is 0, allowed is 1 and above"),
    ] {
        assert_eq!(refused(&rows, &config), message);
    }
    let start = Matrix::zeros(49, 2);
    let error = make(&rows, Some(&start), &fast(), Seed(1), 1, &NEVER, &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert_eq!(error.to_string(), "initial positions are 49 x 2, expected are 50 x 2");
}

#[test]
fn a_stop_leaves_the_map_of_that_moment() {
    let (rows, _) = clusters(200, 2);
    let mut seen = Vec::new();
    let map = make(&rows, None, &fast(), Seed(1), 1, &NEVER, &mut |progress| {
        assert_eq!(progress.of, 100);
        assert!(progress.gradient_norm > 0.0 && progress.kl.is_finite());
        seen.push((progress.iteration, progress.positions.clone()));
        if progress.iteration == 60 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen.iter().map(|(iteration, _)| *iteration).collect::<Vec<_>>(), [20, 40, 60]);
    assert_eq!(map.positions, seen[2].1);
    assert!(map.settings.stopped && map.settings.iterations == 60);
    assert_eq!(map.history.len(), 3);
    assert_eq!(map.kl, map.history[2].1);
}

#[test]
fn a_small_gradient_ends_the_main_phase() {
    let (rows, _) = clusters(100, 2);
    let map = run(&rows, &TsneConfig { min_gradient_norm: 1e6, ..fast() }, 1);
    assert_eq!((map.settings.iterations, map.settings.stopped), (41, false));
    assert_eq!(map.history.last().unwrap().0, 41);
}

#[test]
fn settings_are_resolved_and_read_as_recipes_write_them() {
    let (rows, _) = clusters(240, 2);
    let map = run(&rows, &TsneConfig { perplexity: vec![5.0, 20.0], ..fast() }, 1);
    assert_eq!(map.settings.perplexity, [5.0, 20.0]);
    assert_eq!(map.settings.neighbors, 60);
    assert_eq!(map.settings.learning_rate, [20.0, 240.0]);
    assert_eq!(map.settings.method, TsneMethod::Exact);
    assert_eq!((map.settings.neighbor_method, map.settings.recall), (NeighborMethod::Exact, 1.0));

    let read = |text: &str| toml::from_str::<TsneConfig>(text);
    assert_eq!(read("perplexity = 50").unwrap().perplexity, [50.0]);
    assert_eq!(read("perplexity = [30, 300.5]").unwrap().perplexity, [30.0, 300.5]);
    let book = read("learning-rate = 800\niterations = 4750\nmethod = \"barnes-hut\"\nmomentum = [0.5, 0.8]")
        .unwrap();
    assert_eq!(
        (book.learning_rate, book.iterations, book.method),
        (Some(800.0), 4750, TsneMethod::BarnesHut)
    );
    assert_eq!(toml::from_str::<TsneConfig>(&toml::to_string(&book).unwrap()).unwrap(), book);
    assert!(read("perplexty = 5").is_err());
}

#[test]
fn new_rows_are_placed_in_their_clusters_and_alone() {
    let (rows, labels) = clusters(800, 4);
    let (fitted, new) = rows.values.split_at(700 * 20);
    let fitted = Matrix { n_rows: 700, n_cols: 20, values: fitted.to_vec() };
    let new = Matrix { n_rows: 100, n_cols: 20, values: new.to_vec() };
    let map = run(&fitted, &TsneConfig { iterations: 150, ..TsneConfig::default() }, 2);
    let placed = map.place(&fitted, &new, &PlaceConfig::default(), 2).unwrap();
    let near = nearest(&map.positions, &placed, 5, 1).unwrap();
    let right = |i: &usize| near.of(*i).iter().all(|other| labels[*other as usize] == labels[700 + i]);
    assert_eq!((0..100).filter(right).count(), 100);

    let alone = Matrix { n_rows: 1, n_cols: 20, values: new.row(17).to_vec() };
    let alone = map.place(&fitted, &alone, &PlaceConfig::default(), 1).unwrap();
    assert_eq!(alone.row(0), placed.row(17));
    assert_eq!(placed, map.place(&fitted, &new, &PlaceConfig::default(), 3).unwrap());
    assert_eq!(map.place(&fitted, &Matrix::zeros(0, 20), &PlaceConfig::default(), 1).unwrap().n_rows, 0);

    let wrong = map.place(&new, &new, &PlaceConfig::default(), 1).unwrap_err();
    assert_eq!(wrong.to_string(), "fitted rows are 100 x 20, expected are 700 x 20");
    let far = Matrix { n_rows: 1, n_cols: 20, values: vec![1e30; 20] };
    let far = map.place(&fitted, &far, &PlaceConfig::default(), 1).unwrap();
    assert!(far.values.iter().all(|v| v.is_finite()));
}

#[test]
fn copies_by_the_thousand_lie_at_one_place_each() {
    // Twelve different rows, each a hundred times, in turns.
    let (different, _) = clusters(12, 3);
    let values = (0..1200).flat_map(|i| different.row(i % 12).to_vec()).collect();
    let rows = Matrix { n_rows: 1200, n_cols: 20, values };
    let map = run(&rows, &fast(), 2);
    assert!(map.notes[0].starts_with("1188 of 1200 rows are copies"), "{:?}", map.notes);
    for i in 12..1200 {
        assert_eq!(map.positions.row(i), map.positions.row(i % 12), "row {i}");
    }
    let places: std::collections::BTreeSet<[u32; 2]> =
        (0..1200).map(|i| [0, 1].map(|axis| map.positions.row(i)[axis].to_bits())).collect();
    assert_eq!(places.len(), 12);
    // A few copies, as ordinary data has them, are rows like others.
    let few = Matrix { n_rows: 24, n_cols: 20, values: rows.values[..480].to_vec() };
    assert!(run(&few, &fast(), 1).notes.iter().all(|note| !note.contains("copies")));
    let wrong = Matrix::zeros(12, 2);
    let refused = make(&rows, Some(&wrong), &fast(), Seed(1), 1, &NEVER, &mut |_| ControlFlow::Continue(()));
    assert_eq!(refused.unwrap_err().to_string(), "initial positions are 12 x 2, expected are 1200 x 2");
}

#[test]
fn a_stop_ends_the_map_between_two_reports_and_before_the_neighbors_refuses_it() {
    let (rows, _) = clusters(600, 3);
    let stop = AtomicBool::new(false);
    let config = fast();
    let map = make(&rows, None, &config, Seed(11), 2, &stop, &mut |_| {
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        ControlFlow::Continue(())
    })
    .unwrap();
    // Raised at the first report, seen after the next iteration.
    assert_eq!((map.settings.stopped, map.settings.iterations), (true, 21));
    assert!(map.history[1].0 == 21 && map.kl.is_finite(), "{:?}", map.history);
    let refused = make(&rows, None, &config, Seed(11), 2, &stop, &mut |_| ControlFlow::Continue(()));
    assert_eq!(refused, Err(ProjectError::Stopped));
}
