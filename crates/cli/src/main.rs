//! The binary `veridic`: parses the command line, runs one command, and turns what went wrong into words and an
//! exit code.

mod command;
mod error;
mod fault;
mod fetch;
mod interrupt;
mod output;
mod progress;
mod quantity;
mod ui;
mod usage;
mod wording;

use std::process::ExitCode;

use clap::Parser as _;

use command::{Arguments, Finish};
use ui::Ui;

fn main() -> ExitCode {
    fault::guard(|| {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => return usage::answer(&error),
        };
        let ui = Ui::new(arguments.quiet);
        match command::run(arguments.command, &ui) {
            Ok(Finish::Done) => ExitCode::SUCCESS,
            Ok(Finish::Stopped) => ExitCode::from(interrupt::EXIT_CODE),
            Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
            Err(error) => {
                ui.error(&error);
                ExitCode::from(error.exit_code())
            }
        }
    })
}
