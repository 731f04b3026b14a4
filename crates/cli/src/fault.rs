//! What happens when this program itself is wrong: one line that says so, and exit code 70.

use std::backtrace::Backtrace;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use crate::ui;

/// The exit code of a bug, as in `sysexits.h`.
const EXIT_CODE: u8 = 70;
const REPORT: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// The last panic. It is told only if it reaches [`guard`]: the library catches those of damaged Parquet files and
/// reports them as errors.
static LAST: Mutex<Option<Fault>> = Mutex::new(None);

struct Fault {
    message: String,
    place: String,
    backtrace: Option<String>,
}

/// Runs `body`; if it panics, prints one line about it (and the backtrace, if `RUST_BACKTRACE` asks for one).
pub(crate) fn guard(body: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(remember));
    // Nothing is used after a panic but the exit code.
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        ui::stderr(&describe(last.as_ref()));
        ExitCode::from(EXIT_CODE)
    })
}

fn remember(info: &PanicHookInfo<'_>) {
    let message = {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message")
            .to_owned()
    };
    let place = info.location().map_or_else(|| "unknown place".to_owned(), ToString::to_string);
    let wanted = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    let backtrace = wanted.then(|| Backtrace::force_capture().to_string());
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Fault { message, place, backtrace });
}

fn describe(fault: Option<&Fault>) -> String {
    let Some(Fault { message, place, backtrace }) = fault else {
        return "error: internal fault".to_owned();
    };
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!(
        "error: internal fault at {place}: {message}\n\
         hint: this is a bug of Veridic, not of your data; please report this line with the command and `{REPORT}`"
    );
    if let Some(backtrace) = backtrace {
        text.push('\n');
        text.push_str(backtrace.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_exit_code_70_and_one_that_was_caught_is_nothing() {
        let caught = guard(|| {
            let inner = panic::catch_unwind(|| panic!("caught below"));
            ExitCode::from(u8::from(inner.is_err()))
        });
        let fault = guard(|| panic!("on purpose, by a test"));
        let _ = panic::take_hook();
        assert_eq!(format!("{caught:?}"), format!("{:?}", ExitCode::from(1)));
        assert_eq!(format!("{fault:?}"), format!("{:?}", ExitCode::from(70)));
    }

    #[test]
    fn a_fault_is_one_line_and_a_hint() {
        let (message, place) = ("left\n  right".to_owned(), "src/x.rs:1:2".to_owned());
        let text = describe(Some(&Fault { message, place, backtrace: None }));
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("error: internal fault at src/x.rs:1:2: left right"));
        assert!(lines.next().is_some_and(|line| line.starts_with("hint: ")));
        assert_eq!(lines.next(), None);
    }
}
