//! Sets of images put together: two for coupled networks, stacks of several images, a few classes of many.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use veridic::data::Data;

use veridic::run::{Config, FitOptions, fit_files};
use veridic::train::{End, Event};

use super::support::{Place, never, numbers};

/// A folder in the layout of MNIST: squares of `side` pixels whose size is their label, 1 to 3.
fn squares(place: &Place, name: &str, side: usize) -> PathBuf {
    let folder = place.at(name);
    fs::create_dir(&folder).unwrap();
    for (part, n) in [("train", 60usize), ("t10k", 24)] {
        let count = (n as u32).to_be_bytes();
        let (height, width) = ((side as u32).to_be_bytes(), (side as u32).to_be_bytes());
        let mut images = [&[0, 0, 8, 3][..], &count, &height, &width].concat();
        let mut labels = [&[0, 0, 8, 1][..], &count].concat();
        for i in 0..n {
            let (top, left, size) = (i % 4, (i / 4) % 4, 1 + i % 3);
            labels.push(size as u8);
            for pixel in 0..side * side {
                let inside = |at: usize, from: usize| (from..from + size).contains(&at);
                images.push(if inside(pixel / side, top) && inside(pixel % side, left) { 250 } else { 3 });
            }
        }
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
    folder
}

fn options(place: &Place, text: &str, out: &str, threads: usize) -> FitOptions {
    let config = Config::from_toml(text, "the test").unwrap();
    FitOptions { data: None, ..place.options(&config, out, threads) }
}

/// Networks for both sets that `data` names.
fn coupled(data: &str) -> String {
    format!(
        "seed = 4\n[data]\n{data}\nsplit = {{ valid = 0.0 }}\n\
         [model.gan]\nlatent = 3\ncoupled = {{}}\nclassify = 1.0\naverage = 0.9\n\
         generator = [{{ dense = 64, activation = 'relu' }}, {{ batch-norm = 0.9 }}, {{ reshape = [8, 8, 1] }}, \
         {{ conv = 1, activation = 'tanh' }}]\n\
         discriminator = [{{ conv = 3, stride = 2, activation = 'leaky-relu' }}, {{ dropout = 0.1 }}, \
         {{ dense = 8, activation = 'leaky-relu' }}]\n\
         [train]\nepochs = 4\nepoch-steps = 5\nbatch = 16\n\
         [evaluate]\nmade-rows = 20\n[[figure]]\nkind = 'made'\n"
    )
}

#[test]
fn a_coupled_run_gives_the_same_bits_after_a_stop_and_makes_the_set_that_is_asked_for() {
    let place = Place::new();
    let (first, second) = (squares(&place, "first", 8), squares(&place, "second", 8));
    let (first, second) = (first.display().to_string(), second.display().to_string());
    let text = coupled(&format!("images = '{first}'\nsecond = '{second}'"));
    let fitted = fit_files(&options(&place, &text, "one", 1), &never(), &mut |_| {}).unwrap();
    for name in ["test.accuracy", "transfer.accuracy"] {
        assert!((0.0..=1.0).contains(&fitted.report[name]), "{name}");
    }
    let flag = never();
    let mut watch = |event: &Event| {
        if matches!(event, Event::Step { step: 8, .. }) {
            flag.store(true, Ordering::Relaxed);
        }
    };
    let stopped = fit_files(&options(&place, &text, "stopped", 2), &flag, &mut watch).unwrap();
    assert_eq!(stopped.end, End::Stopped);
    assert_eq!(place.resume("stopped", &[], 1).unwrap().end, End::Done);
    assert!(place.outcome("one") == place.outcome("stopped"));

    let mut run = place.open("one", 1);
    let mut of_set = |set: &str| {
        let given = [("set".to_string(), set.to_string())];
        match run.sample(5, &given, 3) {
            Ok(Data::Images(images)) => Ok(images.pixels),
            Ok(_) => panic!("images were fitted"),
            Err(error) => Err(error.to_string()),
        }
    };
    assert_ne!(of_set(&first).unwrap(), of_set(&second).unwrap());
    let error = of_set("third").unwrap_err();
    assert!(error.contains("third") && error.contains(&first) && error.contains(&second), "{error}");
}

#[test]
fn labels_of_the_second_set_are_never_learned_from() {
    let place = Place::new();
    let (first, second) = (squares(&place, "first", 8), squares(&place, "second", 8));
    let text = coupled(&format!("images = '{}'\nsecond = '{}'", first.display(), second.display()));
    fit_files(&options(&place, &text, "right", 1), &never(), &mut |_| {}).unwrap();
    // Other labels, all within the classes there are, change no weight.
    let labels = second.join("train-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[8..].iter_mut().for_each(|label| *label = 1 + *label % 3);
    fs::write(&labels, bytes).unwrap();
    fit_files(&options(&place, &text, "wrong", 1), &never(), &mut |_| {}).unwrap();
    let weights = |out: &str| fs::read(place.at(out).join("model.safetensors")).unwrap();
    assert!(weights("right") == weights("wrong"));
}

#[test]
fn sets_that_do_not_go_together_are_refused_before_training() {
    let place = Place::new();
    let (first, second) = (squares(&place, "first", 8), squares(&place, "second", 10));
    let (first, second) = (first.display(), second.display());
    let refused = |text: &str| {
        let error = Config::from_toml(text, "the test").and_then(|config| {
            let options = FitOptions { data: None, ..place.options(&config, "refused", 1) };
            fit_files(&options, &never(), &mut |_| {}).map(|_| ())
        });
        let error = error.unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        format!("{error}; {}", error.hint().unwrap_or_default())
    };
    let both = format!("images = '{first}'\nsecond = '{second}'");
    let error = refused(&coupled(&both));
    assert!(
        error.contains("8 x 8") && error.contains("10 x 10") && error.contains("data.images.size"),
        "{error}"
    );
    let error = refused(&coupled(&format!("images = '{first}'\nsecond = '{first}'\nstack = 3")));
    assert!(error.contains("`data.images.stack` and `data.images.second`"), "{error}");
    let error = refused(&coupled(&format!("images = '{first}'")));
    assert!(error.contains("`model.gan.coupled` and `data.images.second` need each other"), "{error}");
    let error = refused(&coupled(&format!("images = '{first}'\nsecond = 'nowhere'")));
    assert!(error.contains("nowhere"), "{error}");
    // A size that all get makes them alike.
    let text = coupled(&format!("{both}\nsize = [8, 8]"));
    fit_files(&options(&place, &text, "alike", 1), &never(), &mut |_| {}).unwrap();
    assert!(!place.at("refused").exists());
}

#[test]
fn classes_that_are_asked_for_are_kept_and_stacks_are_of_one_part() {
    let place = Place::new();
    let folder = squares(&place, "squares", 8);
    let text = |data: &str| {
        format!(
            "[data]\nimages = '{}'\nsplit = {{ valid = 0.0 }}\n{data}\n[model.gan]\nlatent = 2\n\
             [train]\nepochs = 1\nepoch-steps = 2\nbatch = 8\n[evaluate]\nmade-rows = 10\n",
            folder.display()
        )
    };
    fit_files(&options(&place, &text("classes = ['2', '3']"), "two", 1), &never(), &mut |_| {}).unwrap();
    assert_eq!(place.info("two", "rows"), serde_json::json!([40, 0, 16]));
    assert_eq!(place.info("two", "classes"), serde_json::json!(["2", "3"]));

    let config = Config::from_toml(&text("classes = ['7']"), "the test").unwrap();
    let options = |config: &Config| FitOptions { data: None, ..place.options(config, "refused", 1) };
    let error = fit_files(&options(&config), &never(), &mut |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("data.images.classes") && error.contains("`7`") && error.contains("`1`, `2`, `3`"),
        "{error}"
    );

    let config = Config::from_toml(&text("stack = 3"), "the test").unwrap();
    let stacked = FitOptions { data: None, ..place.options(&config, "stacked", 1) };
    fit_files(&stacked, &never(), &mut |_| {}).unwrap();
    let Data::Images(images) = place.open("stacked", 1).sample(2, &[], 1).unwrap() else { panic!() };
    assert_eq!((images.n, images.channels), (2, 3));
    let labels = place.info("stacked", "classes").to_string();
    // Three digits, the first of them of the image itself.
    assert!(labels.contains("\"111\"") && labels.contains("\"123\""), "{labels}");
}

#[test]
fn a_conditional_model_reads_codes_and_judges_images_with_their_labels() {
    let place = Place::new();
    let folder = squares(&place, "squares", 8);
    let text = format!(
        "[data]\nimages = '{}'\nsplit = {{ valid = 0.0 }}\n\
         [model.gan]\nlatent = 2\nconditional = true\ninfo = {{ categories = 3, continuous = 1, hidden = 0 }}\n\
         [train]\nepochs = 1\nepoch-steps = 2\nbatch = 8\n[evaluate]\nmade-rows = 10\n\
         [[figure]]\nkind = 'code-traversal'\n[[figure]]\nkind = 'diagram'\n",
        folder.display()
    );
    let fitted = fit_files(&options(&place, &text, "run", 1), &never(), &mut |_| {}).unwrap();
    assert!(fitted.report["info.mutual_information"].is_finite());
    assert_eq!(fitted.figures.len(), 2);
    let mut run = place.open("run", 1);
    let (scores, _) = run.score(&folder, 0).unwrap().table();
    assert_eq!(scores.n_rows, 24);
    let error = run.score(folder.join("t10k-images-idx3-ubyte"), 0).unwrap_err();
    assert!(error.to_string().contains("judges an image with its label"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("1, 2, 3")), "{error}");

    let (encoded, _, _) = run.encode(&folder).unwrap();
    let categories = numbers(&encoded, "category");
    assert!(categories.iter().all(|category| [1.0, 2.0, 3.0].contains(category)), "{categories:?}");
    assert!(numbers(&encoded, "code1").iter().all(|code| code.is_finite()));
    let mut of = |given: &[(&str, &str)]| {
        let given: Vec<_> = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        match run.sample(5, &given, 3) {
            Ok(Data::Images(images)) => Ok(images.pixels),
            Ok(_) => panic!("images were fitted"),
            Err(error) => Err(error.to_string()),
        }
    };
    let all = [("label", "2"), ("category", "3"), ("code1", "-1.5")];
    let asked = of(&all).unwrap();
    for (i, other) in [("label", "1"), ("category", "1"), ("code1", "1.5")].into_iter().enumerate() {
        let mut one = all;
        one[i] = other;
        assert_ne!(of(&one).unwrap(), asked, "{other:?}");
        assert_eq!(
            of(&[all[i], other]).unwrap_err(),
            format!("cannot sample with {} = {}: another `{}` is asked for, too", other.0, other.1, other.0)
        );
    }
    let refused = [
        ("category", "0", "there are 1 to 3"),
        ("label", "7", "there are 1, 2, 3"),
        ("code1", "NaN", "a code is a number"),
        ("code2", "0", "the run's images can be asked for by `label`, `category`, `code1`"),
    ];
    for (name, value, reason) in refused {
        let error = of(&[(name, value)]).unwrap_err();
        assert_eq!(error, format!("cannot sample with {name} = {value}: {reason}"));
    }
}
