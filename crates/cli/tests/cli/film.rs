//! Films of adversarial networks.

use crate::Place;

const RING: &str = "[data]\nmixture = { ring = { modes = 4, rows = 200 } }\nsplit = { valid = 0.0, test = 0.0 }\n\
                    [model.gan]\nlatent = 2\n[train]\nepochs = 2\nepoch-steps = 2\nbatch = 16\n";

#[test]
fn a_run_becomes_an_animated_png_and_bad_endings_are_named() {
    let place = Place::new();
    place.write("ring.toml", RING);
    place.succeed(&["fit", "--recipe", "ring.toml", "--out", "run", "-q"]);
    let ran = place.succeed(&["film", "run", "-o", "film.png", "--milliseconds", "50"]);
    assert!(ran.err.contains("film.png"), "{}", ran.err);
    let bytes = std::fs::read(place.path("film.png")).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.windows(4).any(|part| part == b"acTL"));
    // Before training and after both epochs.
    assert_eq!(bytes.windows(4).filter(|part| *part == b"fcTL").count(), 3);
    let error = place.fail(&["film", "run", "-o", "film.gif"]);
    assert!(error.contains("cannot write a film as `gif`, known are png, apng and mp4"), "{}", error);
    let error = place.fail(&["film", "run", "-o", "run/model.safetensors"]);
    assert!(error.contains("would replace"), "{}", error);
    let error = place.fail(&["film", "run", "-o", "run/samples/step-99999999.png"]);
    assert!(error.contains("would replace"), "{}", error);
    assert!(place.command(&["film", "run", "-o", "-"]).output().unwrap().stdout.starts_with(b"\x89PNG"));
    let error = place.fail(&["film", "nowhere", "-o", "film.png"]);
    assert!(error.contains("nowhere"), "{}", error);
}

#[cfg(unix)]
#[test]
fn an_mp4_is_made_by_ffmpeg_where_it_is_there() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    place.write("ring.toml", RING);
    place.succeed(&["fit", "--recipe", "ring.toml", "--out", "run", "-q"]);
    let error = place.fail(&["film", "run", "-o", "film.mp4"]);
    assert!(error.contains("ffmpeg could not make the film") && error.contains("hint: install"), "{}", error);
    assert!(!place.is_there("film.mp4"));
    // A stand-in that copies its input to its last argument.
    place.write(
        "ffmpeg",
        "#!/bin/sh\nfor last; do :; done\nwhile [ \"$1\" != -i ]; do shift; done\n/bin/cp \"$2\" \"$last\"\n",
    );
    let script = place.path("ffmpeg");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = place.command(&["film", "run", "-o", "film.mp4"]).env("PATH", place.path("")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(std::fs::read(place.path("film.mp4")).unwrap().starts_with(b"\x89PNG"));
}
