//! What is asked for at the end is checked before training, and nothing is lost to it.

use veridic::Error;
use veridic::run::{Config, FitOptions, fit_files, plan};

use super::image::squares;
use super::support::{Place, mixed_autoencoder, never};

fn config(model: &str, figure: &str) -> Config {
    let text = format!(
        "[model.vae]\n{model}\n\
         [train]\nepochs = 1\noptimizer = {{ adam = {{ rate = 0.01 }} }}\n\
         [[figure]]\n{figure}\n"
    );
    Config::from_toml(&text, "the test").unwrap()
}

fn options(place: &Place, config: &Config) -> FitOptions {
    let data = Some(place.at("squares-idx3-ubyte"));
    FitOptions { data, ..place.options(config, "run", 1) }
}

/// Refused alike by `plan` and `fit`, with nothing written.
fn refused(place: &Place, options: &FitOptions) -> Error {
    let error = fit_files(options, &never(), &mut |_| {}).unwrap_err();
    assert_eq!(plan(options).unwrap_err().to_string(), error.to_string());
    assert!(!place.at("run").exists());
    error
}

#[test]
fn figures_that_cannot_be_drawn_are_refused_before_training() {
    let place = Place::new();
    squares(&place);
    let of = |model: &str, figure: &str| {
        let model = format!("likelihood = 'bernoulli'\n{model}");
        refused(&place, &options(&place, &config(&model, figure))).to_string()
    };
    assert_eq!(
        of("latent = 1", "kind = 'latent-grid'"),
        "the figure `latent-grid` needs two latent dimensions"
    );
    assert_eq!(
        of("latent = 3", "kind = 'latent-grid'"),
        "the figure `latent-grid` needs two latent dimensions"
    );
    assert_eq!(
        of("latent = 1", "kind = 'traversal-grid'"),
        "the figure `traversal-grid` needs two latent dimensions"
    );
    assert_eq!(of("", "kind = 'denoised'"), "the figure `denoised` needs a model with noise");
    assert_eq!(of("", "kind = 'sampled-rows'"), "the figure `sampled-rows` needs a table");
    assert_eq!(of("", "kind = 'roc-pr'"), "the figure `roc-pr` needs positive and other test rows");
    assert_eq!(of("", "kind = 'augmentation'"), "the figure `augmentation` needs the section `augment`");
    assert_eq!(
        of("", "kind = 'posterior-draws'\nrow = 500"),
        "`figure `posterior-draws`: row` is 500, allowed is below 18, the test rows"
    );
    let table = |kind: &str| {
        let mut config = mixed_autoencoder();
        config.figure = self::config("", &format!("kind = '{kind}'")).figure;
        refused(&place, &place.options(&config, "run", 1)).to_string()
    };
    assert_eq!(table("image-pairs"), "the figure `image-pairs` needs images");
    assert_eq!(table("correlation"), "the figure `correlation` needs a model that can sample");
}

#[test]
fn a_figure_of_a_label_that_no_row_has_shows_any_row_and_says_so() {
    let place = Place::new();
    squares(&place);
    let config = config("likelihood = 'bernoulli'", "kind = 'posterior-draws'\nlabel = '7'");
    let note = "the figure `posterior-draws` is of label `7`, which no row has; it shows rows of any label";
    let options = options(&place, &config);
    assert!(plan(&options).unwrap().notes.contains(&note.to_string()));
    let fitted = fit_files(&options, &never(), &mut |_| {}).unwrap();
    assert!(fitted.notes.contains(&note.to_string()), "{:?}", fitted.notes);
    assert!(place.at("run/figures/posterior-draws.png").is_file());
}

#[test]
fn what_would_run_out_of_memory_is_refused_before_training() {
    let place = Place::new();
    squares(&place);
    let of = |model: &str| {
        let model = format!("likelihood = 'bernoulli'\n{model}");
        refused(&place, &options(&place, &config(&model, "kind = 'loss-curves'"))).to_string()
    };
    let error = of("latent = 65536\nencoder = [{ dense = 65536 }, { dense = 65536 }]");
    assert!(error.starts_with("the model would need about ") && error.contains("alone needs"), "{error}");
}

#[test]
fn data_that_is_not_there_is_called_a_file_or_a_set_by_how_it_is_named() {
    let place = Place::new();
    squares(&place);
    let error = |data: &str| {
        let mut config = config("likelihood = 'bernoulli'", "kind = 'loss-curves'");
        config.data.images.source = Some(data.to_string());
        refused(&place, &FitOptions { data: None, ..options(&place, &config) })
    };
    let missing = place.at("square-idx3-ubyte");
    let of_path = error(&missing.display().to_string());
    assert_eq!(of_path.to_string(), format!("there is no such file: {}", missing.display()));
    assert_eq!(of_path.hint().unwrap(), "did you mean `squares-idx3-ubyte`?");
    let of_name = error("mnits");
    assert_eq!(
        of_name.to_string(),
        "there is no file or folder `mnits` here, and no known data set of that name"
    );
    assert_eq!(of_name.hint().unwrap(), "did you mean `mnist`?");
}

#[test]
fn settings_of_images_are_refused_for_a_table() {
    let place = Place::new();
    for (field, value) in
        [("size", "[8, 8]"), ("channels", "1"), ("skip-corrupt", "true"), ("binarization", "static")]
    {
        let sets = vec![(format!("data.images.{field}"), value.to_string())];
        let error = refused(&place, &FitOptions { sets, ..place.options(&mixed_autoencoder(), "run", 1) });
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("`data.images.{field}` is for images, and the data is a table: ")),
            "{message}"
        );
        assert_eq!(error.hint().unwrap(), format!("leave `data.images.{field}` out"));
    }
}

#[test]
fn what_was_left_out_of_the_data_stands_in_the_run() {
    let place = Place::new();
    place.fit(&mixed_autoencoder(), "run", 1);
    let notes = place.info("run", "notes");
    let has = |part: &str| notes.as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains(part));
    assert!(has("`id` is left out") && has("`site` is left out"), "{notes}");
}
