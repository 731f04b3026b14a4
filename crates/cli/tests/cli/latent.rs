//! Latent tools, comparisons, and images from folders.

use std::io::Write as _;

use crate::{Place, fitted};

/// A PNG of grey pixels.
fn png(height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [&(data.len() as u32).to_be_bytes(), kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut rows = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for row in pixels.chunks(width as usize) {
        rows.write_all(&[0]).unwrap();
        rows.write_all(row).unwrap();
    }
    let rows = rows.finish().unwrap();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &head), chunk(b"IDAT", &rows), chunk(b"IEND", &[])]
        .concat()
}

/// Image `i` of a set: a bright bar that stands or lies by its label, at a place of its own.
fn bar(side: usize, i: usize) -> Vec<u8> {
    let at = 1 + i / 2 % (side - 2);
    (0..side * side)
        .map(|p| if (if i.is_multiple_of(2) { p % side } else { p / side }) == at { 230 } else { 10 })
        .collect()
}

/// A folder of IDX files named as those of MNIST.
fn idx_folder(place: &Place, name: &str, side: usize) {
    std::fs::create_dir(place.path(name)).unwrap();
    for (part, n) in [("train", 80_usize), ("t10k", 20)] {
        let size = (side as u32).to_be_bytes();
        let mut pixels = [&[0, 0, 8, 3][..], &(n as u32).to_be_bytes(), &size, &size].concat();
        pixels.extend((0..n).flat_map(|i| bar(side, i)));
        let mut labels = [&[0, 0, 8, 1][..], &(n as u32).to_be_bytes()].concat();
        labels.extend((0..n).map(|i| (i % 2) as u8));
        std::fs::write(place.path(&format!("{name}/{part}-images-idx3-ubyte")), pixels).unwrap();
        std::fs::write(place.path(&format!("{name}/{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn a_table_is_walked_in_its_own_units_behind_columns_that_say_where() {
    let place = Place::new();
    fitted(&place);
    let walk = |arguments: &[&str]| place.succeed(&[&["latent"], arguments].concat()).out;
    let grid = walk(&["grid", "run", "--side", "3"]);
    assert!(grid.starts_with("z1,z2,age,income,city,buys\n"), "{grid}");
    assert_eq!(grid.lines().count(), 10);
    // The 5 % quantile of the prior on the left and its 95 % quantile above.
    let first: Vec<&str> = grid.lines().nth(1).unwrap().split(',').collect();
    let value = |text: &str| text.parse::<f64>().unwrap();
    assert!(
        (value(first[0]) + 1.644_853_6).abs() < 1e-6 && (value(first[1]) - 1.644_853_6).abs() < 1e-6,
        "{first:?}"
    );
    assert!(["Bonn", "Oslo", "Rome"].contains(&first[4]), "{first:?}");
    let ranged = walk(&["grid", "run", "--side", "2", "--range", "-4,4", "--dims", "2,1", "--row", "3"]);
    assert!(ranged.starts_with("z2,z1,") && ranged.contains("\n-4,4,"), "{ranged}");

    let along =
        walk(&["walk", "run", "data.csv", "--row", "2", "--dims", "2", "--steps", "5", "--reach", "2"]);
    let steps: Vec<&str> = along.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert!(along.starts_with("dimension,step,value,age,"), "{along}");
    assert_eq!(steps, ["-2", "-1", "0", "1", "2"]);

    // A path begins and ends at what `reconstruct` expects of its rows.
    let expected = place.succeed(&["reconstruct", "run", "data.csv"]).out;
    let expected: Vec<&str> = expected.lines().skip(1).collect();
    for spherical in [&[][..], &["--spherical"]] {
        let way =
            [&["between", "run", "data.csv", "--from", "4", "--to", "9", "--steps", "3"], spherical].concat();
        let way = walk(&way);
        let rows: Vec<&str> = way.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
        // The target is in the rows of both, and the model may see it otherwise at neither.
        assert_eq!((rows[0], rows[2]), (expected[3], expected[8]), "{way}");
    }

    let by_value =
        ["concept", "run", "data.csv", "--of", "city=Rome", "--against", "city=Oslo", "--rows", "1,2"];
    let concept = walk(&[&by_value[..], &["--strengths", "-1,1,3"]].concat());
    assert!(concept.starts_with("row,strength,age,"), "{concept}");
    assert_eq!(concept.lines().count(), 7);
    let still = walk(&[&by_value[..], &["--strength", "0"]].concat());
    assert_eq!(still.lines().nth(1).unwrap(), format!("1,0,{}", expected[0]));
    // The other group's mean, moved by 1, is this group's mean: from rows alone a single row.
    let moved =
        walk(&["concept", "run", "data.csv", "--of-rows", "7", "--against-rows", "2,3", "--strength", "1"]);
    assert_eq!(moved.lines().nth(1).unwrap(), format!("1,{}", expected[6]));

    let sum = walk(&["arithmetic", "run", "data.csv", "-a", "5", "-b", "6", "-c", "6"]);
    assert_eq!(sum.lines().nth(4).unwrap(), format!("5 - 6 + 6,{}", expected[4]));
    let draws = walk(&["repeat", "run", "data.csv", "--row", "1", "-n", "4"]);
    assert_eq!((draws.lines().count(), draws.starts_with("draw,age,")), (5, true), "{draws}");
    assert_eq!(walk(&["repeat", "run", "data.csv", "--row", "1", "-n", "4"]), draws);
    assert_ne!(walk(&["repeat", "run", "data.csv", "--row", "1", "-n", "4", "--seed", "9"]), draws);
}

#[test]
fn rows_dimensions_values_and_models_that_are_not_there_are_named() {
    let place = Place::new();
    fitted(&place);
    let fail = |arguments: &[&str]| place.fail(&[&["latent"], arguments].concat());
    let err = fail(&["walk", "run", "data.csv", "--row", "121"]);
    assert!(
        err.starts_with("error: there is no row 121, allowed are 1 to 120: data.csv\nhint: count from 1"),
        "{err}"
    );
    let err = fail(&["between", "run", "--from", "0", "--to", "1"]);
    assert!(err.contains("there is no row 0, allowed are 1 to 24: the run's test rows"), "{err}");
    let err = fail(&["grid", "run", "--dims", "1,99"]);
    assert!(err.contains("there is no latent dimension 99, the run has 1 to 16"), "{err}");
    let err = fail(&["concept", "run", "--of", "city=Paris", "--against", "city=Rome"]);
    assert!(
        err.contains("no row has city = Paris") && err.contains("hint: there are `Bonn`, `Oslo`, `Rome`"),
        "{err}"
    );
    let err = fail(&["concept", "run", "--of", "town=Rome", "--against-rows", "1"]);
    assert!(err.contains("there is no column `town`"), "{err}");
    let err = fail(&["grid", "run", "-o", "grid.png"]);
    assert!(err.contains("cannot write a table as a picture") && !place.is_there("grid.png"), "{err}");
    assert_eq!(place.run(&["latent", "concept", "run", "--of", "city=Rome"]).code, Some(2));
    let told = place.run(&["latent", "walk", "run", "--reach", "-1"]);
    assert!(told.code == Some(2) && told.err.contains("it is not above 0"), "{}", told.err);
    let told = place.run(&["latent", "grid", "run", "--dims", "1,1"]);
    assert!(
        told.code == Some(2) && told.err.contains("a grid needs two different dimensions"),
        "{}",
        told.err
    );
    let err = fail(&["walk", "run", "-o", "walk.jpg"]);
    assert!(err.contains("cannot write `jpg`") && err.contains("png and svg for pictures"), "{err}");

    // The data has changed since.
    let text = place.read("data.csv").replace("Rome", "Roma");
    place.write("data.csv", text);
    let err = fail(&["walk", "run"]);
    assert!(err.contains("the data has changed since the run was begun"), "{err}");
}

#[test]
fn an_idx_folder_of_other_content_works_with_the_recipes_of_mnist() {
    let place = Place::new();
    idx_folder(&place, "bars", 28);
    let few = ["--set", "train.epochs=2", "--quiet"];
    for (recipe, out) in [("mnist-vae-2d", "vae"), ("mnist-denoising-autoencoder", "dae")] {
        place.succeed(&[&["fit", "bars", "--recipe", recipe, "--out", out], &few[..]].concat());
    }
    assert!(place.is_there("vae/figures/latent-grid.png") && place.is_there("dae/figures/denoised.png"));
    let report = place.read("dae/report.json");
    assert!(report.contains("test.noisy_error") && report.contains("test.restored_error"), "{report}");

    for (tool, arguments) in [
        ("grid", &["--side", "4"][..]),
        ("walk", &["--row", "2", "--steps", "3"]),
        ("between", &["--from", "1", "--to", "2"]),
        ("concept", &["--of", "label=1", "--against", "label=0", "--rows", "1,3"]),
        ("arithmetic", &["-a", "1", "-b", "2", "-c", "3"]),
        ("repeat", &["--row", "1"]),
    ] {
        let file = format!("{tool}.png");
        place.succeed(&[&["latent", tool, "vae", "-o", &file, "--quiet"], arguments].concat());
        assert!(std::fs::read(place.path(&file)).unwrap().starts_with(b"\x89PNG"), "{tool}");
    }
    place.succeed(&["latent", "between", "vae", "--from", "1", "--to", "2", "-o", "way.svg"]);
    assert!(place.read("way.svg").starts_with("<svg"));
    let rows = place.succeed(&["latent", "grid", "vae", "--side", "2", "-o", "-"]).out;
    assert!(rows.starts_with("z1,z2,pixel_0,pixel_1,"), "{}", &rows[..60]);
    assert_eq!(rows.lines().count(), 5);

    // An autoencoder has codes to go between, but no posterior; its grid says what it follows.
    let grid = place.succeed(&["latent", "grid", "dae", "--side", "2", "-o", "grid2.png"]);
    assert!(grid.err.contains("note: an autoencoder has no prior"), "{}", grid.err);
    let err = place.fail(&["latent", "repeat", "dae", "--row", "1", "-o", "no.png"]);
    assert!(
        err.contains("an autoencoder cannot draw from a row's posterior") && err.contains("fit a VAE"),
        "{err}"
    );
    let err =
        place.fail(&["latent", "concept", "vae", "--of", "kind=1", "--against", "label=0", "-o", "no.png"]);
    assert!(err.contains("images have no column `kind`, only `label`"), "{err}");
    let err = place.fail(&["latent", "grid", "vae"]);
    assert!(err.contains("images cannot be shown here"), "{err}");

    let table = place.succeed(&["compare", "vae", "dae"]).out;
    assert!(
        table.starts_with("run,model,likelihood,binarization,parameters,epochs,seconds,test.loss,"),
        "{table}"
    );
    assert!(
        table.contains("\nvae,vae,bernoulli,none,404244,2,") && table.contains("\ndae,autoencoder,"),
        "{table}"
    );
    let told = place.succeed(&["compare", "vae", "dae", "-n", "5", "--side", "3", "-o", "both.png"]);
    assert!(std::fs::read(place.path("both.png")).unwrap().starts_with(b"\x89PNG"), "{}", told.err);
    place.succeed(&["compare", "vae", "dae", "-o", "both.json", "--quiet"]);
    assert!(place.read("both.json").contains("\"run\":\"dae\""), "{}", place.read("both.json"));
}

#[test]
fn runs_of_other_data_are_not_compared_and_tables_are() {
    let place = Place::new();
    // Models that give no rows back are compared by their figures.
    place.write("people.csv", crate::customers(600));
    for (run, model) in [("chain", "chain"), ("circuit", "circuit")] {
        place.succeed(&["fit", "people.csv", "--set", &format!("model={model}"), "--out", run, "--quiet"]);
    }
    let ran = place.succeed(&["compare", "chain", "circuit"]);
    assert!(ran.err.contains("so figures alone are compared"), "{}", ran.err);
    assert!(ran.out.lines().count() == 3 && ran.out.contains("\nchain,chain,none,,"), "{}", ran.out);
    assert!(ran.out.contains("table.shapes"), "{}", ran.out);
    fitted(&place);
    let again =
        ["--set", "model=vae", "--set", "train.epochs=1", "--set", "evaluate.sample-rows=0", "--quiet"];
    place.succeed(&[&["fit", "data.csv", "--target", "buys", "--out", "again"], &again[..]].concat());
    place.succeed(&["compare", "run", "again", "-o", "both.svg"]);
    let svg = place.read("both.svg");
    assert!(svg.contains(">again</text>") && svg.contains("The same test rows, reconstructed"), "no page");
    place.write("other.csv", crate::customers(60));
    place.succeed(&[&["fit", "other.csv", "--out", "other"], &again[..]].concat());
    let err = place.fail(&["compare", "run", "other"]);
    assert!(err.contains("the run was fitted to other data than run: other"), "{err}");
    assert_eq!(place.run(&["compare", "run"]).code, Some(2));
}

#[test]
fn a_folder_of_pictures_is_fitted_and_bad_ones_are_named_with_the_remedy() {
    let place = Place::new();
    for label in ["lying", "standing"] {
        std::fs::create_dir_all(place.path(&format!("pictures/{label}"))).unwrap();
    }
    for i in 0..40 {
        let label = ["standing", "lying"][i % 2];
        place.write(&format!("pictures/{label}/{i:02}.png"), png(8, 8, &bar(8, i)));
    }
    place.write("pictures/lying/broken.png", &png(8, 8, &[0; 64])[..60]);
    place.write("pictures/standing/cut.jpg", b"\xff\xd8\xff\xe0");
    let fit = ["fit", "pictures", "--set", "train.epochs=1", "--out", "run"];
    let err = place.fail(&fit);
    assert!(err.contains("2 of 42 pictures cannot be read: pictures/lying/broken.png is damaged"), "{err}");
    assert!(
        err.contains("pictures/standing/cut.jpg is damaged") && err.contains("data.images.skip-corrupt=true"),
        "{err}"
    );
    assert!(!place.is_there("run"));
    let skipped = [&fit[..], &["--set", "data.images.skip-corrupt=true"]].concat();
    let ran = place.succeed(&skipped);
    assert!(ran.err.contains("note: 2 of 42 pictures cannot be read and are left out"), "{}", ran.err);
    let err = place.fail(&[
        "latent",
        "concept",
        "run",
        "--of",
        "label=up",
        "--against",
        "label=lying",
        "-o",
        "a.png",
    ]);
    assert!(err.contains("hint: there are `lying`, `standing`"), "{err}");
    place.succeed(&[
        "latent",
        "concept",
        "run",
        "--of",
        "label=standing",
        "--against",
        "label=lying",
        "-o",
        "a.png",
    ]);
    place.succeed(&["score", "run", "pictures", "-o", "scores.csv"]);
    assert_eq!(place.read("scores.csv").lines().count(), 41);

    place.write("pictures/lying/40.png", png(9, 8, &[0; 72]));
    let err = place.fail(&[&fit[..5], &["other", "--set", "data.images.skip-corrupt=true"]].concat());
    assert!(err.contains("the pictures have 2 sizes (height x width): 8 x 8 (40,"), "{err}");
    assert!(err.contains("--set 'data.images.size=[8,8]'"), "{err}");
    place.write("one.png", png(9, 8, &[0; 72]));
    let err = place.fail(&["encode", "run", "one.png"]);
    assert!(err.contains("the run's images are 8 x 8, grey, these are 9 x 8, grey"), "{err}");
    let err = place.fail(&[&fit[..5], &["other", "--set", "data.images.channels=2"]].concat());
    assert!(err.contains("`data.images.channels` is 2, allowed is 1 (grey) or 3 (color)"), "{err}");
}
