//! Sampled rows look like the table they were learned from.

use super::support::{
    Place, cases, mixed_autoencoder, mixed_vae, numbers, sampled, sampled_table, text, texts,
};

const DAY: f64 = 86_400.0;

#[test]
fn sampled_rows_have_the_form_of_the_data() {
    let place = Place::new();
    for case in cases().into_iter().filter(|case| case.model == "vae") {
        place.fit(&case.config(), &case.name(), 1);
        let mut run = place.open(&case.name(), 2);
        let (table, schema) = sampled_table(&mut run, 300, &[], 1).unwrap();
        assert_eq!(table.n_rows, 300);
        let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["height", "visits", "color", "member", "since", "site", "label"], "{case:?}");
        assert!(texts(&table, "site").iter().all(|site| site.as_deref() == Some("north")), "{case:?}");
        let visits = numbers(&table, "visits");
        assert!(visits.iter().all(|v| v.fract() == 0.0 && (0.0..=11.0).contains(v)), "{case:?} {visits:?}");
        let first = 1_704_067_200.0;
        for since in numbers(&table, "since") {
            let days = (since - first) / DAY;
            assert!(days.fract() == 0.0 && (0.0..=42.0).contains(&days), "{case:?} {since} is not a day");
        }
        for height in numbers(&table, "height").into_iter().filter(|height| !height.is_nan()) {
            let tenths = height * 10.0;
            assert!(
                (tenths - tenths.round()).abs() < 1e-9 && (150.0..=195.0).contains(&height),
                "{case:?} {height}"
            );
        }
        for (column, levels) in [("member", ["no", "yes"]), ("label", ["bad", "good"])] {
            let found = texts(&table, column);
            assert!(found.iter().flatten().all(|text| levels.contains(&text.as_str())), "{case:?} {column}");
            assert!(found.iter().all(Option::is_some), "{case:?} {column} had no missing cells");
        }
        let written = text(&table, &schema);
        assert!(written.lines().skip(1).all(|line| line.contains(",2024-0")), "{case:?} {written}");
        assert_eq!(
            sampled(&mut run, 30, &[], 1),
            sampled(&mut place.open(&case.name(), 1), 30, &[], 1),
            "{case:?}"
        );
        assert_eq!(sampled_table(&mut run, 0, &[], 1).unwrap().0.n_rows, 0, "{case:?}");
    }
}

#[test]
fn a_mixed_model_samples_missing_cells_where_training_had_them() {
    let place = Place::new();
    let mut config = mixed_vae();
    config.train.epochs = 20;
    place.fit(&config, "run", 1);
    let (table, _) = sampled_table(&mut place.open("run", 1), 2000, &[], 1).unwrap();
    let missing = numbers(&table, "height").iter().filter(|height| height.is_nan()).count();
    // 14 of 240 in the table are 117 of 2000.
    assert!((20..400).contains(&missing), "{missing}");
    assert!(numbers(&table, "visits").iter().all(|value| !value.is_nan()));
}

#[test]
fn conditions_on_categories_and_flags_are_met() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    let mut run = place.open("run", 1);
    for given in [vec![("color", "green")], vec![("member", "yes")], vec![("label", "bad"), ("color", "red")]]
    {
        let (table, _) = sampled_table(&mut run, 25, &given, 1).unwrap();
        assert_eq!(table.n_rows, 25);
        for (column, value) in given {
            assert!(
                texts(&table, column).iter().all(|text| text.as_deref() == Some(value)),
                "{column} = {value}"
            );
        }
    }
    let error = sampled_table(&mut run, 5, &[("color", "violet")], 1).unwrap_err();
    assert_eq!(error.to_string(), "cannot sample with color = violet: the model knows blue, green, red");
    let error = sampled_table(&mut run, 5, &[("height", "150.0")], 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot sample with height = 150.0: the model has no such category or flag"
    );
    let error = sampled_table(&mut run, 5, &[("colour", "red")], 1).unwrap_err();
    assert!(error.to_string().starts_with("cannot sample with colour = red"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_target_outside_the_model_is_sampled_from_the_posteriors_of_its_rows() {
    let place = Place::new();
    let mut config = mixed_vae();
    config.data.model_target = false;
    place.fit(&config, "run", 1);
    let mut run = place.open("run", 1);
    let (table, schema) = sampled_table(&mut run, 40, &[("label", "bad")], 1).unwrap();
    assert_eq!(texts(&table, "label"), vec![Some("bad".to_string()); 40]);
    assert!(text(&table, &schema).starts_with("height,visits,color,member,since,site,label\n"));
    assert_eq!(
        sampled(&mut run, 40, &[("label", "bad")], 1),
        sampled(&mut place.open("run", 2), 40, &[("label", "bad")], 1)
    );
    let (table, _) = sampled_table(&mut run, 5, &[], 1).unwrap();
    assert!(table.column("label").is_none(), "nobody said which label");
    let error = sampled_table(&mut run, 5, &[("label", "ugly")], 1).unwrap_err();
    assert_eq!(error.to_string(), "cannot sample with label = ugly: training rows have bad, good");
    let error = sampled_table(&mut run, 5, &[("label", "bad"), ("color", "red")], 1).unwrap_err();
    assert!(error.to_string().starts_with("cannot sample with color = red"), "{error}");
}

#[test]
fn an_autoencoder_says_what_can_sample() {
    let place = Place::new();
    place.fit(&mixed_autoencoder(), "run", 1);
    let error = sampled_table(&mut place.open("run", 1), 5, &[], 1).unwrap_err();
    assert_eq!(error.to_string(), "an autoencoder cannot sample");
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("fit a VAE, ") && hint.contains(" a chain, "), "{hint}");
}
