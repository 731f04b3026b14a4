//! What is said about a command line that is not one, and about `--help` and `--version`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::ui;

/// Prints help or version on standard output (exit code 0), anything else on standard error (exit code 2).
pub(crate) fn answer(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if !error.use_stderr() {
        // The reader may have had enough, as `head` does.
        let _ = std::io::stdout().write_all(text.as_bytes());
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        ui::stderr(text.trim_end());
    } else {
        ui::stderr(&in_lines(&text));
    }
    ExitCode::from(2)
}

/// The parser's paragraphs as the lines that every other error has: `error:`, then `hint:`.
fn in_lines(text: &str) -> String {
    let mut error = String::new();
    let mut hints = Vec::new();
    let mut usage = String::new();
    for paragraph in text.split("\n\n") {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let Some(&first) = lines.first() else { continue };
        if let Some(rest) = first.strip_prefix("Usage:") {
            rest.trim().clone_into(&mut usage);
        } else if first.starts_with("tip:") {
            hints.extend(lines.iter().map(|line| line.trim_start_matches("tip:").trim().to_owned()));
        } else if !first.starts_with("For more information") {
            error.push_str(first);
            if lines.len() > 1 {
                error.push(' ');
                error.push_str(&lines[1..].join(", "));
            }
        }
    }
    if let Some((flag, path)) = setting(&error).filter(|_| usage.contains("fit")) {
        hints = vec![format!("settings are given by their path: --set {path}=… instead of --{flag}")];
    }
    if error
        .split_once("unexpected argument '-")
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        hints = vec![
            "a negative number is given after an equals sign, as in --seed=-1, where an option allows one"
                .to_owned(),
        ];
    }
    if !usage.is_empty() {
        hints.push(format!("usage is `{usage}`; --help says more"));
    } else if hints.is_empty() {
        hints.push("--help says what is allowed".to_owned());
    }
    hints.iter().fold(error, |text, hint| format!("{text}\nhint: {hint}"))
}

/// The setting that an option nobody knows was meant for, with the option's name.
fn setting(error: &str) -> Option<(&str, &'static str)> {
    let flag = error.split_once("unexpected argument '--")?.1.split('\'').next()?;
    let path = match flag {
        "epochs" => "train.epochs",
        "batch" | "batch-size" => "train.batch",
        "patience" => "train.patience",
        "model" => "model",
        "drop" => "data.drop",
        "missing" => "data.missing",
        "header" => "data.header",
        "decimal" => "data.decimal",
        "thousands" => "data.thousands",
        "sheet" => "data.sheet",
        "skip" => "data.skip",
        "encoding" => "data.encoding",
        _ => return None,
    };
    Some((flag, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_command_is_one_error_line_and_hints() {
        let text = "error: unrecognized subcommand 'smaple'\n\n  tip: a similar subcommand exists: 'sample'\n\n\
                    Usage: veridic [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n";
        let expected = "error: unrecognized subcommand 'smaple'\n\
                        hint: a similar subcommand exists: 'sample'\n\
                        hint: usage is `veridic [OPTIONS] <COMMAND>`; --help says more";
        assert_eq!(in_lines(text), expected);
    }

    #[test]
    fn an_option_that_is_a_setting_hints_at_it() {
        let text = "error: unexpected argument '--epochs' found\n\n  tip: to pass '--epochs' as a value, use '-- --epochs'\n\n\
                    Usage: veridic fit [OPTIONS] <DATA>\n\nFor more information, try '--help'.\n";
        let expected = "error: unexpected argument '--epochs' found\n\
                        hint: settings are given by their path: --set train.epochs=… instead of --epochs\n\
                        hint: usage is `veridic fit [OPTIONS] <DATA>`; --help says more";
        assert_eq!(in_lines(text), expected);
    }

    #[test]
    fn missing_arguments_are_listed_on_the_error_line() {
        let text = "error: the following required arguments were not provided:\n  -n <N>\n  <RUN>\n\n\
                    Usage: veridic sample -n <N> <RUN>\n\nFor more information, try '--help'.\n";
        let expected = "error: the following required arguments were not provided: -n <N>, <RUN>\n\
                        hint: usage is `veridic sample -n <N> <RUN>`; --help says more";
        assert_eq!(in_lines(text), expected);
    }
}
