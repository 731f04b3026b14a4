//! A t-SNE map of a `.npy` matrix with the default settings, timed, as one JSON line.
//!
//! `map --data rows.npy --threads 2 --out positions.npy [--perplexity 30]`: for the benchmarks.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use veridic::data::{Matrix, npy};
use veridic::project::{TsneConfig, tsne};
use veridic::seed::Seed;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1)).map_or(default.to_string(), String::clone)
    };
    let array = npy::read_npy(Path::new(&value("--data", ""))).expect("a .npy file after --data");
    let values = array.values.iter().map(|v| *v as f32).collect();
    let rows = Matrix { n_rows: array.shape[0], n_cols: array.shape[1], values };
    drop(array.values);
    let threads = value("--threads", "2").parse().expect("a number of threads");
    let perplexity = value("--perplexity", "30").parse().expect("a number");

    let config = TsneConfig { perplexity: vec![perplexity], ..TsneConfig::default() };
    let never = AtomicBool::new(false);
    let map = tsne(&rows, None, &config, Seed(1), threads, &never, &mut |_| ControlFlow::Continue(()))
        .expect("a map");
    fs::write(value("--out", "positions.npy"), encode(&map.positions)).expect("a writable file after --out");
    let settings = map.settings;
    println!(
        "{{\"seconds\": {:.3}, \"neighbor_seconds\": {:.3}, \"kl\": {}, \"iterations\": {}, \"recall\": {}, \
         \"method\": \"{:?}\", \"neighbor_method\": \"{:?}\", \"peak_rss_mb\": {}}}",
        settings.seconds,
        settings.neighbor_seconds,
        map.kl,
        settings.iterations,
        settings.recall,
        settings.method,
        settings.neighbor_method,
        peak_rss_mb(),
    );
}

/// The matrix as a `.npy` file.
fn encode(matrix: &Matrix) -> Vec<u8> {
    let shape = format!("({}, {})", matrix.n_rows, matrix.n_cols);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // The header's length, its line end included, is a multiple of 64 with the ten bytes before it.
    let padded = (header.len() + 11).next_multiple_of(64) - 11;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded as u16 + 1).to_le_bytes());
    bytes.extend(format!("{header:padded$}\n").into_bytes());
    bytes.extend(matrix.values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

/// `VmHWM` of `/proc/self/status`; 0 elsewhere.
fn peak_rss_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|v| v.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
