//! The built program from the outside: what it prints where, and its exit codes.

#![expect(clippy::unwrap_used, reason = "test support")]

mod bad_input;
mod circuit;
mod evaluate;
mod film;
mod help;
mod label;
mod latent;
mod life;
mod map;
mod rules;
mod series;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own to run the program in, gone afterwards.
struct Place {
    dir: tempfile::TempDir,
}

/// What a command left.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and gives its name back.
    fn write<'a>(&self, name: &'a str, content: impl AsRef<[u8]>) -> &'a str {
        std::fs::write(self.path(name), content).unwrap();
        name
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn is_there(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The program with an empty environment, in this folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veridic"));
        command.args(arguments).env_clear().current_dir(self.dir.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs what must succeed.
    fn succeed(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    }

    /// Runs what must fail for the user's input, with nothing on standard output, and gives standard error.
    fn fail(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
        for line in ran.err.lines().filter(|line| !line.starts_with("note: ")) {
            let known = ["error: ", "caused by: ", "hint: "].iter().any(|start| line.starts_with(start));
            assert!(known, "{arguments:?}: a line of another kind: {line}");
        }
        assert_eq!(ran.err.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{}", ran.err);
        ran.err
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// A table of `rows` customers with two numbers, a category and a flag that follows from them.
fn customers(rows: usize) -> String {
    let mut text = String::from("age,income,city,buys\n");
    for i in 0..rows {
        let age = 20 + i * 7 % 50;
        let city = ["Bonn", "Oslo", "Rome"][i % 3];
        let buys = if age > 45 { "yes" } else { "no" };
        text.push_str(&format!("{age},{}.5,{city},{buys}\n", 1000 + age * 31 + i % 5));
    }
    text
}

/// Writes a table and fits a small model to it in the folder `run`.
fn fitted(place: &Place) {
    place.write("data.csv", customers(120));
    let set = ["--set", "model=vae", "--set", "train.epochs=2", "--set", "evaluate.sample-rows=0"];
    place.succeed(&[&["fit", "data.csv", "--target", "buys", "--out", "run", "--quiet"], &set[..]].concat());
}

fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
