//! Times the search for neighbors and a t-SNE map of a `.npy` matrix; prints one JSON line.

#![allow(clippy::print_stdout, reason = "an example")]

use std::time::Instant;

use veridic::project::{NeighborMethod, neighbors};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let array = veridic::data::npy::read_npy(std::path::Path::new(&args[1]))?;
    let matrix = veridic::data::Matrix {
        n_rows: array.shape[0],
        n_cols: array.shape[1],
        values: array.values.iter().map(|v| *v as f32).collect(),
    };
    let threads: usize = args[2].parse()?;
    for method in [NeighborMethod::Exact, NeighborMethod::Approximate] {
        let begin = Instant::now();
        let found = neighbors(&matrix, 90, method, threads)?;
        println!("{method:?} {:.3} s recall {}", begin.elapsed().as_secs_f64(), found.recall);
    }
    Ok(())
}
