//! Maps from files and runs: what is mapped, what is refused, and that nothing bad comes out of bad numbers.

#![expect(clippy::unwrap_used, reason = "test support")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use veridic::data::{Cells, Table};
use veridic::error::Result;
use veridic::run::{
    Config, FitOptions, FittedRun, MapConfig, MapEvent, MapOptions, Mapped, TableReading, fit_files, map,
};

/// A file in a folder of its own.
fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn options(input: &Path, sets: &[(&str, &str)]) -> MapOptions {
    let sets: Vec<(String, String)> =
        sets.iter().map(|(p, v)| ((*p).to_string(), (*v).to_string())).collect();
    MapOptions {
        input: input.to_path_buf(),
        data: None,
        data_dir: PathBuf::from("."),
        color: None,
        columns: None,
        config: MapConfig::default().with(&sets).unwrap(),
        reading: TableReading::default(),
        seed: 3,
        threads: 2,
    }
}

fn mapped(options: &MapOptions) -> Result<Mapped> {
    map(options, &AtomicBool::new(false), &mut |_| {})
}

fn numbers<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match &table.column(name).unwrap().cells {
        Cells::Number(values) => values,
        cells @ Cells::Text { .. } => panic!("{name} has {cells:?}"),
    }
}

/// Two clouds of `rows / 2` rows in three columns.
fn clouds(rows: usize) -> String {
    let mut text = String::from("a,b,c,side\n");
    for i in 0..rows {
        let noise = |k: usize| ((i * (31 + 12 * k) + 7 * k) % 101) as f64 / 101.0;
        let far = if i % 2 == 0 { 0.0 } else { 20.0 };
        let side = if i % 2 == 0 { "left" } else { "right" };
        text.push_str(&format!("{:.4},{:.4},{:.4},{side}\n", far + noise(0), noise(1) - far, noise(2)));
    }
    text
}

/// A NumPy array of 32-bit floats.
fn npy(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.bytes());
    for i in 0..rows {
        (0..columns).for_each(|j| bytes.extend(value(i, j).to_le_bytes()));
    }
    bytes
}

#[test]
fn numpy_arrays_are_mapped_as_they_are_and_tables_by_standard_columns() {
    // Along the first axis 100, along the second 1: as it is, the first component is the first axis.
    let (_folder, path) =
        file(
            "x.npy",
            npy(5, 2, |i, j| {
                if j == 0 { [0.0, 100.0, 200.0, 300.0, 400.0][i] } else { [1.0, -1.0, 0.5, -1.0, 0.5][i] }
            }),
        );
    let map = mapped(&options(&path, &[("method", "pca")])).unwrap();
    let x = numbers(&map.table, "x");
    assert!((x[4] - x[0]).abs() > 399.9 && (x[4] - x[0]).abs() < 400.1, "{x:?}");
    // Brought to deviation 1, no point is farther than two columns of standard numbers can be.
    let map = mapped(&options(&path, &[("method", "pca"), ("standardize", "true")])).unwrap();
    assert!(numbers(&map.table, "x").iter().all(|x| x.abs() < 3.0));
}

#[test]
fn the_map_separates_clouds_and_is_the_same_at_any_number_of_threads() {
    let (_folder, path) = file("clouds.csv", clouds(300));
    let mut asked =
        MapOptions { color: Some("side".to_string()), ..options(&path, &[("tsne.perplexity", "15")]) };
    let mut steps = 0;
    let map = veridic::run::map(&asked, &AtomicBool::new(false), &mut |event| {
        steps += usize::from(matches!(event, MapEvent::Step { .. }));
    })
    .unwrap();
    assert!(steps >= 15, "{steps}");
    let names: Vec<&str> = map.table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["x", "y", "side"]);
    assert_eq!(map.report["map.knn_accuracy"], 1.0, "{:?}", map.report);
    for name in [
        "map.kl",
        "map.neighbour_preservation",
        "map.distance_correlation",
        "map.trustworthiness",
        "map.seconds",
    ] {
        assert!(map.report[name].is_finite(), "{name}");
    }
    asked.threads = 1;
    let again = mapped(&asked).unwrap();
    assert_eq!((&again.table, again.report["map.kl"]), (&map.table, map.report["map.kl"]));
    assert_eq!(again.figure().unwrap().svg().unwrap(), map.figure().unwrap().svg().unwrap());
}

#[test]
fn a_stop_ends_with_a_map_that_can_be_used() {
    let (_folder, path) = file("clouds.csv", clouds(200));
    let stop = AtomicBool::new(false);
    let map = map(&options(&path, &[]), &stop, &mut |event| {
        stop.store(matches!(event, MapEvent::Step { .. }), Ordering::Relaxed);
    })
    .unwrap();
    let [done, of] = map.stopped.unwrap();
    assert!((50..100).contains(&done) && of == 750, "{done} of {of}");
    assert!(numbers(&map.table, "x").iter().chain(numbers(&map.table, "y")).all(|v| v.is_finite()));
    // Before rows have neighbors there is nothing to show.
    let error = veridic::run::map(&options(&path, &[]), &AtomicBool::new(true), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("there is no map yet"), "{error}");
}

#[test]
fn few_equal_huge_and_constant_rows_give_finite_maps() {
    let repeated = |line: &str, n: usize| format!("a,b\n{}", format!("{line}\n").repeat(n));
    let mut two = repeated("1,2", 1500);
    two.push_str(&"3,1\n".repeat(1500));
    let tables = [
        ("two rows", "a,b\n1,2\n3,5\n".to_string(), 2),
        ("three rows", "a,b\n1,2\n3,5\n8,1\n".to_string(), 3),
        ("two places", two, 3000),
        ("huge", "a,b\n1e300,2\n-1e300,5\n8e299,1\n3e299,0\n".to_string(), 4),
        ("one that varies", "a,b\n1,7\n2,7\n4,7\n3,7\n9,7\n".to_string(), 5),
    ];
    for (what, text, rows) in tables {
        let (_folder, path) = file("t.csv", text);
        for method in ["tsne", "pca"] {
            let short =
                [("method", method), ("tsne.iterations", "60"), ("tsne.exaggeration-iterations", "40")];
            let map = mapped(&options(&path, &short)).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(map.table.n_rows, rows, "{what}");
            let places = numbers(&map.table, "x").iter().chain(numbers(&map.table, "y"));
            assert!(places.clone().all(|v| v.is_finite()), "{what}, {method}");
            assert!(map.report.values().all(|v| v.is_finite()), "{what}: {:?}", map.report);
            map.figure().unwrap().png().unwrap();
            map.page("t").unwrap();
        }
    }
    // A single row, which as a table has nothing that varies.
    let (_folder, path) = file("x.npy", npy(1, 3, |_, j| j as f32));
    assert!(mapped(&options(&path, &[])).unwrap_err().to_string().contains("none of the 3 columns"));
}

#[test]
fn a_perplexity_too_large_is_lowered_and_said_so_or_refused() {
    let (_folder, path) = file("clouds.csv", clouds(40));
    let map = mapped(&options(&path, &[])).unwrap();
    assert!(map.notes.iter().any(|note| note.contains("perplexity")), "{:?}", map.notes);
    let error = mapped(&options(&path, &[("tsne.strict", "true")])).unwrap_err();
    assert_eq!(error.to_string(), "perplexity 30 needs at least 91 rows, found 40");
}

/// Fits a small autoencoder to 200 rows of two clouds, the fifth part of one being the rare class.
fn fitted(folder: &Path, map: &str) -> FittedRun {
    let table = folder.join("t.csv");
    let mut text = String::from("a,b,c,bad\n");
    for i in 0..300usize {
        let noise = |k: usize| ((i * (31 + 12 * k) + 7 * k) % 101) as f64 / 101.0;
        let bad = i % 10 == 3;
        let far = if bad { 6.0 } else { 0.0 };
        text.push_str(&format!(
            "{:.4},{:.4},{:.4},{}\n",
            far + noise(0),
            noise(1) - far,
            noise(2),
            u8::from(bad)
        ));
    }
    fs::write(&table, text).unwrap();
    let config = format!(
        "[data]\ntarget = \"bad\"\npositive = [\"1\"]\nmodel-target = false\n[model.autoencoder]\n\
         encoder = [{{ dense = 2 }}]\nlikelihood = {{ squared-error = {{ output = \"linear\" }} }}\n[train]\nepochs = 15\nbatch = 32\n\
         optimizer = {{ adam = {{ rate = 0.02 }} }}\n[evaluate]\nlatent = true\n{map}\n\
         [[figure]]\nkind = \"latent-map\"\n[[figure]]\nkind = \"roc-pr\"\n"
    );
    let options = FitOptions {
        data: Some(table),
        data_dir: folder.to_path_buf(),
        out: folder.join("run"),
        target: None,
        config: Some(Config::from_toml(&config, "test").unwrap()),
        sets: Vec::new(),
        threads: 2,
        resume: false,
    };
    fit_files(&options, &AtomicBool::new(false), &mut |_| {}).unwrap()
}

#[test]
fn a_run_reports_its_map_and_scores_by_neighbors_of_its_codes() {
    let folder = tempfile::tempdir().unwrap();
    let fitted = fitted(folder.path(), "[map]\nmethod = \"pca\"");
    let report = &fitted.report;
    // Six of sixty test rows are of the rare class, all far from the others.
    assert_eq!(
        (report["map.positives"], report["latent.auroc"], report["latent.average_precision"]),
        (6.0, 1.0, 1.0)
    );
    assert!(report["map.knn_accuracy"] > 0.8 && report.contains_key("map.clusters"), "{report:?}");
    for ending in ["svg", "png", "csv", "html"] {
        assert!(fitted.run.join("figures").join(format!("latent-map.{ending}")).is_file(), "{ending}");
    }
    // The map of a run's own rows is that of its test rows, in their order.
    let mut asked = options(&fitted.run, &[("method", "pca")]);
    let own = mapped(&asked).unwrap();
    assert_eq!(own.table.n_rows, 60);
    let written = fs::read_to_string(fitted.run.join("figures/latent-map.csv")).unwrap();
    for (line, (x, y)) in
        written.lines().skip(1).zip(numbers(&own.table, "x").iter().zip(numbers(&own.table, "y")))
    {
        assert!(line.starts_with(&format!("{x},{y},")), "{line} is not at {x}, {y}");
    }
    // Other data is said to be other data.
    fs::write(folder.path().join("t.csv"), "a,b,c,bad\n1,2,3,0\n2,3,1,1\n4,4,1,0\n").unwrap();
    assert!(mapped(&asked).is_err());
    asked.data = Some(folder.path().join("t.csv"));
    assert_eq!(mapped(&asked).unwrap().table.n_rows, 3);
}

#[test]
fn a_figure_of_a_map_needs_a_map() {
    let error = Config::from_toml("[[figure]]\nkind = \"latent-map\"\n", "test").unwrap_err();
    assert_eq!(error.to_string(), "the figure `latent-map` needs a map, and there is no `[map]`");
}

#[test]
fn a_table_is_read_as_settings_say_and_a_run_as_it_was_fitted() {
    let reading = |path: &str, value: &str| TableReading::of(&[(path.to_string(), value.to_string())]);
    // Three digits behind every point: thousands, unless it is said that a point stands before decimals.
    let rows: Vec<String> = (0..40).map(|i| format!("{}.250;{}", 1 + i % 7, i % 5)).collect();
    let (folder, path) = file("points.csv", format!("a;b\n{}\n", rows.join("\n")));
    let asked = MapOptions { columns: Some(vec!["a".to_string()]), ..options(&path, &[("method", "pca")]) };
    assert_eq!(numbers(&mapped(&asked).unwrap().table, "a")[..2], [1250.0, 2250.0]);
    let asked = MapOptions { reading: reading("data.decimal", ".").unwrap(), ..asked };
    assert_eq!(numbers(&mapped(&asked).unwrap().table, "a")[..2], [1.25, 2.25]);

    let refused = reading("data.target", "a").unwrap_err().to_string();
    assert!(refused.contains("data.target") && refused.contains("does not say how"), "{refused}");
    let images = MapOptions { input: folder.path().to_path_buf(), ..asked };
    let refused = mapped(&images).unwrap_err().to_string();
    assert!(refused.contains("no table"), "{refused}");
}
