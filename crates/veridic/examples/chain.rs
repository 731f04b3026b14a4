//! Fits a chain of conditionals to a table and writes as many made rows: `chain REAL.csv SYN.csv [THREADS]`.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use veridic::data::{self, ReadOptions};
use veridic::models::chain::{Chain, ChainConfig, Outcome};
use veridic::seed::Seed;

#[expect(clippy::print_stdout, reason = "an example reports what it measured")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [real, made, ..] = arguments.as_slice() else {
        return Err("usage: chain REAL.csv SYN.csv [THREADS]".into());
    };
    let threads = arguments.get(2).map_or(Ok(2), |threads| threads.parse())?;
    // Cells like `?` are values here, as they are for the judge.
    let options = ReadOptions { missing: Vec::new(), ..ReadOptions::default() };
    let (table, schema) = data::read(Path::new(real), &options)?;
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let start = Instant::now();
    let stop = AtomicBool::new(false);
    let observe = |_: &veridic::models::chain::Progress| ();
    let config = ChainConfig::default();
    let fitted = Chain::fit(&config, &table, &schema, &rows, Seed(1), threads, &stop, &observe, None)?;
    let Outcome::Fitted(chain) = fitted else { return Err("the fit was stopped".into()) };
    let fit = start.elapsed();
    let start = Instant::now();
    let sample = chain.sample(table.n_rows, Seed(7), threads)?;
    let sampled = start.elapsed();
    data::write(&sample, &schema, Path::new(made))?;
    let likelihoods = chain.log_likelihood(&table, threads)?.rows();
    let mean = likelihoods.iter().sum::<f64>() / likelihoods.len() as f64;
    for found in chain.rules() {
        println!("{found:?}");
    }
    println!("fit {fit:.2?}, {} rows {sampled:.2?}, {mean:.3} nats a row", table.n_rows);
    Ok(())
}
