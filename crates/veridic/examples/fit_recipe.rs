//! Fits a recipe from a Rust program: `fit_recipe RECIPE DATA_DIR OUT [THREADS]`.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use veridic::run::{Config, FitOptions, fit_files};
use veridic::train::Event;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recipe, data_dir, out, threads @ ..] = arguments.as_slice() else {
        return Err("usage: fit_recipe RECIPE DATA_DIR OUT [THREADS]".into());
    };
    let options = FitOptions {
        data: None,
        data_dir: PathBuf::from(data_dir),
        out: PathBuf::from(out),
        config: Some(Config::recipe(recipe)?),
        target: None,
        sets: Vec::new(),
        threads: threads.first().map_or(Ok(2), |threads| threads.parse())?,
        resume: false,
    };
    let mut watch = |event: &Event| {
        if let Event::Epoch { epoch, seconds, losses, .. } = event {
            println!("epoch {epoch} ({seconds:.2} s): {losses:?}");
        }
    };
    let fitted = fit_files(&options, &AtomicBool::new(false), &mut watch)?;
    for (name, value) in &fitted.report {
        println!("{name} = {value:.4}");
    }
    for note in &fitted.notes {
        println!("note: {note}");
    }
    println!("{} epochs in {:.2} s", fitted.epochs, fitted.seconds);
    Ok(())
}
