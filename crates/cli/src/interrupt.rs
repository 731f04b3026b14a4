//! Ctrl-C: the first asks for a stop at the next step, the second quits at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::ui::{self, Ui};

/// The exit code of a command that the user stopped, as shells have it (128 + SIGINT).
pub(crate) const EXIT_CODE: u8 = 130;

static STOP: AtomicBool = AtomicBool::new(false);

/// The flag that Ctrl-C raises once it is watched for.
pub(crate) fn flag() -> &'static AtomicBool {
    &STOP
}

/// From now on, Ctrl-C raises the flag that is returned; a second one ends the program.
pub(crate) fn watch(ui: &Ui) -> &'static AtomicBool {
    let tell = !ui.is_quiet();
    // Beside a progress bar the cursor is in the middle of a line.
    let start = if ui.is_terminal() { "\n" } else { "" };
    let handler = move || {
        if STOP.swap(true, Ordering::SeqCst) {
            #[expect(
                clippy::exit,
                reason = "the second Ctrl-C quits at once; files are whole at any moment"
            )]
            std::process::exit(EXIT_CODE.into());
        }
        if tell {
            ui::stderr(&format!("{start}stopping at the next step; Ctrl-C again quits at once"));
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        ui.note(&format!("Ctrl-C will end the command at once, without saving: {error}"));
    }
    &STOP
}
