//! Windows of series as rows of networks, from the command line.

use crate::Place;

/// Prices of five shares by day, with a wave each; the last share goes wrong near its end.
fn prices(days: usize) -> String {
    let mut text = String::from("share,day,close\n");
    for share in 0..5 {
        for day in 0..days {
            let noise = ((day * 7919 + share * 104_729) % 101) as f64 / 101.0 - 0.5;
            let wave = ((day + 2 * share) as f64 * std::f64::consts::TAU / 12.0).sin();
            text.push_str(&format!("s{share},{day},{:.4}\n", 50.0 + 10.0 * wave + noise));
        }
    }
    text
}

fn fitted(place: &Place, further: &[&str]) -> String {
    place.write("prices.csv", prices(200));
    let common = [
        "fit",
        "prices.csv",
        "--set",
        "data.series.entity=share",
        "--set",
        "data.series.time=day",
        "--set",
        "data.series.window.length=12",
        "--set",
        "data.series.window.form=returns",
        "--set",
        "train.epochs=3",
        "--out",
        "run",
    ];
    place.succeed(&[&common[..], further].concat()).err
}

#[test]
fn a_vae_of_windows_is_asked_by_every_verb() {
    let place = Place::new();
    let said = fitted(&place, &["--set", "model=vae"]);
    assert!(said.contains("windows of 12 steps is a row"), "{said}");
    assert!(said.contains("windows overlap, so they are parted by time"), "{said}");
    let encoded = place.succeed(&["encode", "run", "prices.csv"]).out;
    assert!(encoded.starts_with("share,from,until,z1,z2"), "{encoded:.80}");
    assert_eq!(encoded.lines().count(), 1 + 5 * (200 - 12));
    let scores = place.succeed(&["score", "run", "prices.csv", "--explain", "1"]).out;
    assert!(scores.starts_with("share,from,until,score,reason_1"), "{scores:.80}");
    let paths = place.succeed(&["sample", "run", "-n", "3"]).out;
    assert!(paths.starts_with("path,step,close\n1,1,"), "{paths:.80}");
    assert_eq!(paths.lines().count(), 1 + 3 * 12);
    place.write("some.csv", prices(14));
    let like = place.succeed(&["sample", "run", "--like", "some.csv", "-n", "4"]).out;
    // Two windows each of five shares, and what was made.
    assert_eq!(like.lines().count(), 1 + (5 * 2 + 4) * 12);
    assert!(like.starts_with("path,step,close\nreal-1,1,") && like.contains("\nmade-4,12,"), "{like:.80}");
    let cut =
        |line: &str| if line.starts_with("s1,40,") { "s1,40,\n".to_owned() } else { format!("{line}\n") };
    place.write("holes.csv", prices(90).lines().map(cut).collect::<String>());
    let filled = place.succeed(&["fill", "run", "holes.csv"]);
    assert!(filled.err.contains("1 value was filled"), "{}", filled.err);
    assert_eq!(filled.out.lines().count(), 1 + 5 * 90);
    place.succeed(&["latent", "walk", "run", "prices.csv", "-o", "walk.png"]);
    assert!(place.is_there("walk.png"));
    place.succeed(&["map", "run", "prices.csv", "--method", "pca", "--color", "share", "-o", "map.csv"]);
    // What is no series like those learned from is told.
    place.write("other.csv", "share,day,open\na,1,2\na,2,3\n");
    let error = place.fail(&["score", "run", "other.csv"]);
    assert!(error.contains("close"), "{error}");
    place.write("short.csv", prices(9));
    let error = place.fail(&["score", "run", "short.csv"]);
    assert!(error.contains("9 points, the window needs at least 13"), "{error}");
}
