//! Help, version and usage.

use crate::Place;

#[test]
fn help_lists_the_commands_on_standard_output() {
    let expected = "\
Learns what data is like, makes more of it, and says what does not belong in it

Usage: veridic [OPTIONS] <COMMAND>

Commands:
  demo         Fit, sample, score and draw on data that comes with the program, in seconds
  fit          Learn from a table or a set of images; leaves a run directory
  sample       Make new rows or images like those of a run
  score        Say how unusual each row is: a higher score is more unusual
  alarms       Find the unusual stretches of series
  encode       Give the position of each row in the latent space
  reconstruct  Give each row or image as the model expects it
  fill         Complete missing cells, each with a draw given the row's other cells
  predict      Say what any column would be in each row, given the row's other cells
  classify     Say which class each row is of, with the probability of each
  likelihood   Say how likely each row is, in nats
  map          Place rows in the plane so that like lies by like, and show them
  latent       Walk through the latent space of a run: grids, paths, concepts, draws
  compare      Set runs of the same data side by side: figures, reconstructions, latent spaces
  evaluate     Judge synthetic rows: fidelity beside floor and ceiling, attacks on privacy, fairness
  check        Say where a made file comes from, and whether it was changed since
  film         Show what a run made during training as a film, an animated PNG or with ffmpeg an MP4
  label        Label rows or images on a page in the browser; a model asks for the labels that help most
  studio       Watch runs learn, compare them, and walk through what they have learned, on a page in the browser
  show         Show what a run is: its layers, losses, report and files
  recipes      List the built-in recipes, or show one
  data         List, check or fetch the public data sets that recipes name
  help         Print this message or the help of the given subcommand(s)

Options:
  -q, --quiet    Say nothing but errors on standard error
  -h, --help     Print help (see more with '--help')
  -V, --version  Print version
";
    let ran = Place::new().succeed(&["-h"]);
    assert_eq!(ran.out, expected);
    assert_eq!(ran.err, "");
}

#[test]
fn every_command_of_the_contract_has_its_options() {
    let place = Place::new();
    for (command, options) in [
        ("demo", &["--out <DIR>"][..]),
        (
            "fit",
            &[
                "[DATA]",
                "--recipe <NAME|FILE>",
                "--data-dir <DIR>",
                "--target <COLUMN>",
                "--set <PATH=VALUE>",
                "--out <DIR>",
                "--seed <N>",
                "--threads <N>",
                "--resume",
                "--dry-run",
                "--quiet",
            ],
        ),
        ("sample", &["<RUN>", "-n <N>", "--given <COLUMN=VALUE>", "--seed <N>", "-o, --output <FILE>"]),
        ("score", &["<RUN>", "<DATA>", "--explain <K>", "-o, --output <FILE>"]),
        ("encode", &["<RUN>", "<DATA>", "-o, --output <FILE>"]),
        ("reconstruct", &["<RUN>", "<DATA>", "-o, --output <FILE>"]),
        (
            "map",
            &[
                "<RUN|MATRIX>",
                "[DATA]",
                "--method <METHOD>",
                "--color <COLUMN>",
                "--columns <A,B,…>",
                "--set <PATH=VALUE>",
                "-o, --output <FILE>",
                "--data-dir <DIR>",
                "--seed <N>",
                "--threads <N>",
            ],
        ),
        ("latent", &["grid", "walk", "between", "concept", "arithmetic", "repeat", "clusters", "invert"]),
        ("compare", &["<RUNS> <RUNS>...", "--rows <DATA>", "-o, --output <FILE>"]),
        ("show", &["<RUN>", "--diagram <FILE>"]),
        ("recipes", &["show"]),
        ("data", &["list", "check", "fetch", "--data-dir <DIR>"]),
    ] {
        let help = place.succeed(&[command, "--help"]).out;
        for option in options {
            assert!(help.contains(option), "`{command} --help` lacks {option}:\n{help}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2_with_error_and_hint_lines() {
    let place = Place::new();
    for (arguments, expected) in [
        (
            &["encod"][..],
            "error: unrecognized subcommand 'encod'\nhint: a similar subcommand exists: 'encode'\n\
             hint: usage is `veridic [OPTIONS] <COMMAND>`; --help says more\n",
        ),
        (
            &["fit", "a.csv", "--tagret", "b"],
            "error: unexpected argument '--tagret' found\nhint: a similar argument exists: '--target'\n",
        ),
        (
            &["fit"],
            "error: the following required arguments were not provided: <DATA>\nhint: usage is `veridic fit",
        ),
        (
            &["fit", "a.csv", "--set", "x"],
            "error: invalid value 'x' for '--set <PATH=VALUE>': there is no `=` in it\n",
        ),
        (&["sample", "run", "-n", "0"], "error: invalid value '0' for '-n <N>': 0 is not in 1"),
        (&["sample", "run", "-n", "many"], "error: invalid value 'many' for '-n <N>'"),
        (&["fit", "a.csv", "--threads", "0"], "error: invalid value '0' for '--threads <N>'"),
        (&["fit", "--resume"], "error: the following required arguments were not provided: --out <DIR>\n"),
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.starts_with(expected), "{arguments:?}:\n{}", ran.err);
    }
    assert_eq!(place.run(&[]).code, Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let place = Place::new();
    let mut child = place.command(&["recipes", "show", "heart-vae"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
