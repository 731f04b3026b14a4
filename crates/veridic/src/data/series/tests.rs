use super::*;
use crate::data::split::Fractions;
use crate::data::{Kind, ReadOptions, read_bytes};
use crate::error::{DataError, SeriesError};
use crate::seed::Seed;

fn read(text: &str, config: &SeriesConfig) -> Result<SeriesSet, DataError> {
    let crate::data::Reading { table, schema, .. } =
        read_bytes("t.csv", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    SeriesSet::from_table(&table, &schema, config)
}

fn refused(text: &str, config: &SeriesConfig) -> SeriesError {
    match read(text, config) {
        Err(DataError::Series(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn with(change: impl FnOnce(&mut SeriesConfig)) -> SeriesConfig {
    let mut config = SeriesConfig::default();
    change(&mut config);
    config
}

/// `n` rows of an entity, an hour apart.
fn hours(entity: &str, n: usize, value: impl Fn(usize) -> f64) -> String {
    let row = |i: usize| format!("{entity},2024-01-{:02} {:02}:00:00,{}\n", i / 24 + 1, i % 24, value(i));
    (0..n).map(row).collect()
}

const HEAD: &str = "name,time,x\n";

#[test]
fn a_long_table_becomes_a_series_an_entity_with_gaps_as_missing_points() {
    let mut text =
        HEAD.to_owned() + &hours("a", 30, |i| i as f64) + &hours("b", 25, |i| 100.0 - i as f64 * 1.5);
    text = text.replace("a,2024-01-01 05:00:00,5\n", "").replace("a,2024-01-01 06:00:00,6\n", "");
    let found = read(&text, &with(|c| c.entity = Some("name".into()))).unwrap();
    assert_eq!((found.channels.as_slice(), found.entities()), (&["x".to_owned()][..], vec!["a", "b"]));
    assert!(matches!(found.time.as_ref().unwrap().kind, Kind::DateTime { .. }));
    let [a, b] = found.series.as_slice() else { panic!() };
    assert_eq!((a.len(), b.len()), (30, 25));
    assert!(a.values[0][5].is_nan() && a.values[0][6].is_nan() && !a.is_known(5) && a.is_known(7));
    assert_eq!((a.values[0][7], b.values[0][24]), (7.0, 64.0));
    assert_eq!(a.times[6] - a.times[5], 3600.0);
    assert_eq!(found.moment(a.times[6]), "2024-01-01 06:00:00");
    // Cut instead of filled, or taken row by row.
    let split =
        read(&text, &with(|c| (c.entity, c.spacing) = (Some("name".into()), Spacing::Split))).unwrap();
    assert_eq!(split.series.iter().map(Series::len).collect::<Vec<_>>(), [5, 23, 25]);
    let rows = read(&text, &with(|c| (c.entity, c.spacing) = (Some("name".into()), Spacing::Rows))).unwrap();
    assert_eq!(rows.series[0].len(), 28);
}

#[test]
fn rows_out_of_order_repeated_or_off_the_grid_are_explained() {
    let good = HEAD.to_owned() + &hours("a", 30, |i| i as f64 + 0.5);
    let plain = SeriesConfig::default();
    let late = good.clone() + "a,2024-01-01 03:00:00,3.5\n";
    let error = refused(&late, &plain);
    assert_eq!(
        error.to_string(),
        "the times are not in order: row 31 is at 2024-01-01 03:00:00, after 2024-01-02 05:00:00"
    );
    assert!(error.hint().unwrap().contains("`data.series.unsorted = \"sort\"`"));
    let error = refused(&late, &with(|c| c.unsorted = Unsorted::Sort));
    assert!(matches!(error, SeriesError::Duplicate { row: 31, count: 1, .. }), "{error:?}");
    let sorted = |duplicates| with(|c| (c.unsorted, c.duplicates) = (Unsorted::Sort, duplicates));
    let other = good.clone() + "a,2024-01-01 03:00:00,9.5\n";
    for (duplicates, expected) in [(Duplicates::First, 3.5), (Duplicates::Last, 9.5), (Duplicates::Mean, 6.5)]
    {
        let found = read(&other, &sorted(duplicates)).unwrap();
        assert_eq!((found.series[0].len(), found.series[0].values[0][3]), (30, expected));
    }
    let off = good.replace("2024-01-01 07:00:00", "2024-01-01 07:20:00");
    let error = refused(&off, &plain);
    assert!(matches!(error, SeriesError::Irregular { step: 3600.0, row: 8, found: 4800.0, .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("`data.series.step = 3600`"));
    let even = read(&off, &with(|c| c.step = Some(7200.0))).unwrap();
    assert_eq!((even.series[0].len(), even.series[0].values[0][3]), (15, 7.0));
    let huge = good + "a,2999-01-01 00:00:00,1.5\n";
    assert!(matches!(refused(&huge, &plain), SeriesError::Sparse { rows: 31, .. }));
}

#[test]
fn columns_that_cannot_be_read_are_named() {
    let text = "t,x,y\n1,a,2\n2,b,3\n3,c,5\n";
    let error = refused(text, &with(|c| c.time = Some("x".into())));
    assert_eq!(error, SeriesError::NoTime { column: "x".into(), row: 1, value: "a".into() });
    let error = refused(text, &with(|c| c.values = vec!["x".into()]));
    assert_eq!(error, SeriesError::Text { column: "x".into() });
    let error = read(text, &with(|c| c.time = Some("when".into()))).unwrap_err();
    assert!(matches!(error, DataError::NoSuchColumn { .. }));
    let error = refused("a,b\nx,u\ny,v\nz,w\n", &SeriesConfig::default());
    assert_eq!(error, SeriesError::NoValues);
    let text = "t,x\n1,0.5\n,1.5\n3,2.5\n4,7\n";
    let error = read(text, &with(|c| c.time = Some("t".into()))).unwrap_err();
    assert!(matches!(error, DataError::MissingTime { count: 1, row: 2, .. }), "{error:?}");
    let text = "n,x\na,0.5\n,1.5\na,2.5\nb,7\n";
    let error = refused(text, &with(|c| c.entity = Some("n".into())));
    assert_eq!(error, SeriesError::NoEntity { column: "n".into(), count: 1, row: 2 });
}

#[test]
fn wide_tables_rows_and_labels_are_read() {
    let text = "day,a,b\n1,1.5,10\n2,2.5,20\n4,3.5,\n5,7,8\n6,8,9\n";
    let wide = read(text, &with(|c| (c.form, c.time) = (SeriesForm::Wide, Some("day".into())))).unwrap();
    assert_eq!((wide.entities(), wide.channels.len()), (vec!["a", "b"], 1));
    assert_eq!(wide.series[1].values[0][..2], [10.0, 20.0]);
    assert!(wide.series[0].values[0][2].is_nan() && wide.series[1].values[0][3].is_nan());
    let text = "id,v1,v2,v3\nu,1.5,2,3\nw,4,5.5,\n";
    let rows = read(text, &with(|c| (c.form, c.entity) = (SeriesForm::Rows, Some("id".into())))).unwrap();
    assert_eq!(rows.series[0].values, [[1.5, 2.0, 3.0]]);
    assert_eq!((rows.series[1].entity.as_str(), rows.series[1].len()), ("w", 2));
    // A constant channel and a label of zeros and ones, which tables keep as text.
    let text = "t,x,c,bad\n1,0.5,5,0\n2,1.5,5,1\n3,2.5,5,0\n";
    let config = with(|c| {
        (c.time, c.values, c.label) = (Some("t".into()), vec!["x".into(), "c".into()], Some("bad".into()));
    });
    let labelled = read(text, &config).unwrap();
    assert_eq!(labelled.series[0].values[1], [5.0; 3]);
    assert_eq!(labelled.series[0].labels, [false, true, false]);
}

#[test]
fn resampling_aggregates_and_leaves_holes() {
    let series = Series {
        times: vec![0.0, 1.0, 3.0, 9.0, 10.0],
        values: vec![vec![1.0, 3.0, f64::NAN, 5.0, 7.0]],
        labels: vec![false, true, false, false, false],
        ..Series::default()
    };
    let set = SeriesSet { channels: vec!["x".into()], time: None, series: vec![series] };
    for (aggregate, expected) in [
        (Aggregate::Mean, [2.0, 5.0, 7.0]),
        (Aggregate::Sum, [4.0, 5.0, 7.0]),
        (Aggregate::Min, [1.0, 5.0, 7.0]),
        (Aggregate::Max, [3.0, 5.0, 7.0]),
        (Aggregate::First, [1.0, 5.0, 7.0]),
        (Aggregate::Last, [3.0, 5.0, 7.0]),
    ] {
        let found = &set.resample(2.5, aggregate).unwrap().series[0];
        assert_eq!(found.times, [0.0, 2.5, 5.0, 7.5, 10.0]);
        let present: Vec<f64> = found.values[0].iter().copied().filter(|v| !v.is_nan()).collect();
        assert_eq!(present, expected, "{aggregate:?}");
        assert!(found.values[0][1].is_nan() && found.values[0][2].is_nan());
        assert_eq!(found.labels, [true, false, false, false, false]);
    }
    assert!(set.resample(0.0, Aggregate::Mean).is_err());
    assert!(matches!(set.resample(1e-9, Aggregate::Mean), Err(SeriesError::Sparse { .. })));
}

#[test]
fn windows_are_views_within_a_series() {
    let text = HEAD.to_owned()
        + &hours("a", 10, |i| i as f64)
        + &hours("b", 3, |i| i as f64)
        + &hours("c", 7, |i| i as f64);
    let set = read(&text, &with(|c| c.entity = Some("name".into()))).unwrap();
    let windows = set.windows(4, 3).unwrap();
    let places: Vec<(&str, usize)> = windows.iter().map(|w| (w.series.entity.as_str(), w.start)).collect();
    assert_eq!(places, [("a", 0), ("a", 3), ("a", 6), ("c", 0), ("c", 3)]);
    let window = windows.get(4).unwrap();
    assert_eq!(window.channel(0), [3.0, 4.0, 5.0, 6.0]);
    assert!(std::ptr::eq(window.channel(0), &raw const set.series[2].values[0][3..7]));
    assert!(windows.get(5).is_none());
    assert!(matches!(set.windows(11, 1), Err(SeriesError::Short { found: 10, needed: 11, .. })));
    assert!(set.windows(0, 1).is_err() && set.windows(1, 0).is_err());
    let mut holes = set.clone();
    holes.series[0].values[0][5] = f64::NAN;
    assert_eq!(holes.windows(4, 3).unwrap().complete().count(), 4);
}

#[test]
fn scales_are_undone_and_a_constant_stays_finite() {
    let text = HEAD.to_owned() + &hours("a", 6, |i| i as f64 + 0.5) + &hours("b", 6, |_| 4.0);
    let set = read(&text, &with(|c| c.entity = Some("name".into()))).unwrap();
    for scaling in [Scaling::None, Scaling::Window, Scaling::Entity, Scaling::Global] {
        let scaler = SeriesScaler::fit(&set, scaling);
        for window in set.windows(3, 1).unwrap().iter() {
            let mut row = [0.0f32; 3];
            let scales = scaler.fill(&window, &mut row).unwrap();
            for (value, scaled) in window.channel(0).iter().zip(row) {
                assert!((scales[0].invert(f64::from(scaled)) - value).abs() < 1e-6, "{scaling:?}");
            }
        }
    }
    let mut other = set.clone();
    other.series[0].entity = "z".into();
    let scaler = SeriesScaler::fit(&set, Scaling::Entity);
    let error = scaler.scales(&other.windows(3, 1).unwrap().get(0).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "nothing was learned of `z`");
}

#[test]
fn changes_belong_to_the_later_point() {
    let set = SeriesSet::single("x", vec![1.0, 2.0, f64::NAN, 8.0, 4.0]);
    let differences = set.differences();
    assert_eq!(differences.series[0].times, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!((differences.series[0].values[0][0], differences.series[0].values[0][3]), (1.0, -4.0));
    let returns = set.log_returns().unwrap();
    assert!(
        (returns.series[0].values[0][0] - 2f64.ln()).abs() < 1e-15 && returns.series[0].values[0][2].is_nan()
    );
    let error = SeriesSet::single("x", vec![1.0, 0.0]).log_returns().unwrap_err();
    assert_eq!(error.to_string(), "`x` is 0 at point 2, a log return needs values above zero");
}

#[test]
fn parts_in_time_share_no_moment_and_parts_by_entity_no_entity() {
    let text = HEAD.to_owned() + &hours("a", 100, |i| i as f64 + 0.5) + &hours("b", 60, |i| i as f64 + 0.5);
    let set = read(&text, &with(|c| c.entity = Some("name".into()))).unwrap();
    let split = set.split_by_time(Fractions { valid: 0.1, test: 0.2 }).unwrap();
    let ends = |set: &SeriesSet| {
        let times = set.series.iter().flat_map(|series| &series.times);
        times.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), t| (low.min(*t), high.max(*t)))
    };
    assert!(ends(&split.train).1 < ends(&split.valid).0 && ends(&split.valid).1 < ends(&split.test).0);
    let all = split.train.n_points() + split.valid.n_points() + split.test.n_points();
    assert_eq!((all, split.test.n_points()), (160, 32));
    assert!(split.unseen_entities().is_empty());
    let split = set.split_by_entity(Fractions { valid: 0.0, test: 0.3 }, Seed(1)).unwrap();
    assert_eq!((split.train.series.len(), split.test.series.len()), (1, 1));
    assert_eq!(split.unseen_entities().len(), 1);
    assert!(split.valid.series.is_empty());
    assert!(set.split_by_entity(Fractions { valid: 0.2, test: 0.3 }, Seed(1)).is_err());
}

#[test]
fn series_that_are_too_short_or_void_are_refused() {
    let set = SeriesSet::single("x", vec![1.0, f64::NAN]);
    assert!(set.require(2, "the window").is_ok());
    let error = set.require(3, "the window").unwrap_err();
    assert_eq!(error.to_string(), "the series has 2 points, the window needs at least 3");
    let error = SeriesSet::single("x", vec![f64::NAN; 4]).require(3, "it").unwrap_err();
    assert_eq!(error.to_string(), "every value of `x` is missing");
}

#[test]
fn series_in_columns_and_rows_keep_those_of_few_different_numbers() {
    let rows = |with: &str| -> String {
        let row = |i: usize| format!("r{i},{},{},{with},{}\n", i % 2, i * 7 % 11, i % 3);
        String::from("id,a,b,c,d\n") + &(0..40).map(row).collect::<String>()
    };
    let set =
        read(&rows("4"), &with(|c| (c.form, c.entity) = (SeriesForm::Rows, Some("id".into())))).unwrap();
    assert_eq!((set.series.len(), set.series[5].values[0].clone()), (40, vec![1.0, 2.0, 4.0, 2.0]));
    let set = read(&rows(""), &with(|c| (c.form, c.entity) = (SeriesForm::Rows, Some("id".into())))).unwrap();
    assert!(set.series[5].len() == 4 && set.series[5].values[0][2].is_nan(), "an empty step keeps its place");
    let set = read(&rows(""), &with(|c| c.form = SeriesForm::Wide)).unwrap();
    assert_eq!(set.entities(), ["a", "b", "d"]);
}

#[test]
fn what_is_no_channel_is_said_with_what_makes_it_one() {
    let row = |i: usize| format!("{}.5,{},{},{}\n", i * i, i % 2, ["on", "off", "idle"][i % 3], i * i % 17);
    let text = String::from("load,switch,mode,other\n") + &(0..60).map(row).collect::<String>();
    let crate::data::Reading { table, schema, .. } =
        read_bytes("t.csv", text.clone().into_bytes(), &ReadOptions::default()).unwrap();
    let config = SeriesConfig::default();
    let said = no_channels(&table, &schema, &config, &read(&text, &config).unwrap()).unwrap();
    assert_eq!(
        said,
        "`switch` (two different numbers), `mode` (text) are no channels; numbers can be named: \
         `data.series.values = [\"load\", \"other\", \"switch\"]`"
    );
    let named = with(|c| c.values = vec!["load".into(), "other".into(), "switch".into()]);
    let set = read(&text, &named).unwrap();
    assert_eq!(set.series[0].values[2][..4], [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(no_channels(&table, &schema, &named, &set), None);
    // A number that rises from row to row may be a time.
    assert!(untimed(&table, &schema, &config).unwrap().contains("if `load` is their time"));
}

#[test]
fn a_column_that_only_counts_rows_is_their_time() {
    let text = |step: &dyn Fn(usize) -> f64| -> String {
        let row = |i: usize| format!("f{},{},{}\n", i / 6, step(i), i * 7919 % 101);
        String::from("firm,year,revenue\n") + &(0..60).map(row).collect::<String>()
    };
    let firms = with(|c| c.entity = Some("firm".into()));
    let yearly = text(&|i| 2015.0 + (i % 6) as f64);
    let set = read(&yearly, &firms).unwrap();
    assert_eq!((set.channels.as_slice(), set.series.len()), (["revenue".to_owned()].as_slice(), 10));
    assert_eq!(set.series[3].times[..2], [2015.0, 2016.0]);
    assert!(set.described().contains("every 1 by `year`"), "{}", set.described());
    let said = |text: &str, config: &SeriesConfig| {
        let crate::data::Reading { table, schema, .. } =
            read_bytes("t.csv", text.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
        untimed(&table, &schema, config).unwrap_or_default()
    };
    assert!(said(&yearly, &firms).contains("`year` counts the rows"));
    // Seconds with decimals do too; what rises unevenly, or is named as a channel, does not.
    let seconds = text(&|i| 0.004 * (i % 6) as f64);
    assert_eq!(read(&seconds, &firms).unwrap().channels, ["revenue"]);
    let uneven = text(&|i| ((i % 6) * (i % 6)) as f64);
    assert_eq!(read(&uneven, &firms).unwrap().channels, ["year", "revenue"]);
    let named = with(|c| (c.entity, c.values) = (Some("firm".into()), vec!["year".into(), "revenue".into()]));
    assert_eq!(read(&yearly, &named).unwrap().channels, ["year", "revenue"]);
    // The only number is what the series is of.
    let alone: String =
        String::from("level\n") + &(0..40).map(|i| format!("{}\n", 3 * i)).collect::<String>();
    assert_eq!(read(&alone, &SeriesConfig::default()).unwrap().channels, ["level"]);
}
