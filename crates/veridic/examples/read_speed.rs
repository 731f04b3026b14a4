//! How fast a table of a million rows of numbers is read, and in how much memory.
//!
//! `cargo run --release -p veridic --example read_speed [COLUMNS]`, thirty where nothing is said.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::time::Instant;

use veridic::data::{ReadOptions, Reading, read};
use veridic::seed::Seed;

const ROWS: usize = 1_000_000;

#[expect(clippy::print_stdout, reason = "an example reports what it measured")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use rand_chacha::rand_core::Rng as _;
    let columns: usize = std::env::args().nth(1).map_or(Ok(30), |text| text.parse())?;
    let path = std::env::temp_dir().join("veridic-read-speed.csv");
    let mut random = Seed(7).stream("example");
    let mut out = BufWriter::new(std::fs::File::create(&path)?);
    let mut line: String = (0..columns).map(|i| format!("v{i},")).collect();
    for _ in 0..=ROWS {
        line.pop();
        line.push('\n');
        out.write_all(line.as_bytes())?;
        line.clear();
        for _ in 0..columns {
            let value = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * 200.0 - 100.0;
            write!(line, "{value:.6},")?;
        }
    }
    out.flush()?;
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let start = Instant::now();
    let Reading { table, .. } = read(&path, &ReadOptions::default())?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_file(&path)?;
    let cells = (table.n_rows * table.columns.len() * 8) as f64 / 1e6;
    println!("{megabytes:.0} MB of text read in {seconds:.2} s; the table holds {cells:.0} MB");
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM"))
    {
        println!("{peak}");
    }
    Ok(())
}
