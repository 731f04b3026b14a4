// The readers against facts of public data sets that lie outside the repository.

use std::path::PathBuf;

use super::*;

/// The path of a data set.
fn data(path: &str) -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("VERIDIC_DATA").map_or_else(beside, PathBuf::from).join(path)
}

fn load(path: &str) -> (Table, Schema) {
    pair(read(&data(path), &ReadOptions::default())).unwrap()
}

fn size(table: &Table) -> (usize, usize) {
    (table.n_rows, table.columns.len())
}

/// How often each text of a column comes, by text.
fn counts(table: &Table, name: &str) -> Vec<(String, usize)> {
    let cells = &table.column(name).unwrap().cells;
    let mut counts = std::collections::BTreeMap::new();
    for row in 0..table.n_rows {
        let text = match cells {
            Cells::Number(values) => values[row].to_string(),
            Cells::Text { .. } => cells.text(row).unwrap_or("missing").to_owned(),
        };
        *counts.entry(text).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

fn pairs(counts: &[(String, usize)]) -> Vec<(&str, usize)> {
    counts.iter().map(|(text, n)| (text.as_str(), *n)).collect()
}

fn mean(table: &Table, name: &str) -> f64 {
    let Cells::Number(values) = &table.column(name).unwrap().cells else { panic!("{name} is text") };
    let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    present.iter().sum::<f64>() / present.len() as f64
}

fn kind<'a>(schema: &'a Schema, name: &str) -> &'a Kind {
    &schema.column(name).unwrap().kind
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn adult_train_and_test() {
    let (table, schema) = load("adult/adult.data.gz");
    assert_eq!(size(&table), (32561, 15));
    assert_eq!(pairs(&counts(&table, "column_15")), [("<=50K", 24720), (">50K", 7841)]);
    assert_eq!(schema.columns.iter().map(|column| column.missing).sum::<usize>(), 4262);
    assert_eq!(table.n_rows - table.complete_rows().len(), 2399);
    assert_eq!(*kind(&schema, "column_1"), Kind::Integer { min: 17.0, max: 90.0 });
    assert_eq!(*kind(&schema, "column_10"), Kind::Boolean { levels: ["Female".into(), "Male".into()] });

    let path = data("adult/adult.test.gz");
    let (test, differences) = read_as(&path, &schema, &ReadOptions::default()).unwrap();
    assert_eq!(size(&test), (16281, 15));
    assert_eq!(test.n_rows - test.complete_rows().len(), 1221);
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["column `column_15` has 2 new values (`<=50K.`, `>50K.`) in 16281 cells"]);
    assert_eq!(pairs(&counts(&test, "column_15")), [("<=50K.", 12435), (">50K.", 3846)]);
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn credit_card_subset() {
    let (table, schema) = load("creditcard/creditcard_subset.csv.gz");
    assert_eq!(size(&table), (17709, 31));
    assert_eq!(pairs(&counts(&table, "Class")), [("0", 17217), ("1", 492)]);
    let fraud = |row: &usize| table.column("Class").unwrap().cells.text(*row) == Some("1");
    let frauds = table.filter(fraud);
    assert!((mean(&frauds, "Amount") - 122.2113).abs() < 5e-5);
    assert!((mean(&frauds, "V14") + 6.9717).abs() < 5e-5);
    assert!(matches!(kind(&schema, "Amount"), Kind::Real { decimals: 2, .. }));
    assert!(schema.columns.iter().all(|column| column.missing == 0));
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn heart_disease_has_no_header_and_six_missing_cells() {
    let (table, schema) = load("heart/processed.cleveland.data");
    assert_eq!(size(&table), (303, 14));
    assert_eq!(schema.column("column_12").unwrap().missing, 4);
    assert_eq!(schema.column("column_13").unwrap().missing, 2);
    assert_eq!(table.complete_rows().len(), 297);
    assert_eq!(pairs(&counts(&table, "column_14")), [("0", 164), ("1", 55), ("2", 36), ("3", 35), ("4", 13)]);
    assert_eq!(*kind(&schema, "column_1"), Kind::Integer { min: 29.0, max: 77.0 });
    assert!(matches!(kind(&schema, "column_10"), Kind::Real { decimals: 1, .. }));
    let names = (0..14).map(|i| format!("c{i}")).collect();
    let options = ReadOptions { names: Some(names), ..ReadOptions::default() };
    let named = read(&data("heart/processed.cleveland.data"), &options).unwrap().table;
    assert_eq!(named.columns[13].name, "c13");
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn bank_marketing_is_read_out_of_its_archive() {
    for (member, rows, columns, yes) in [
        ("/bank-additional/bank-full.csv", 45211, 17, 5289),
        ("/bank-additional/bank.csv", 4521, 17, 521),
        ("/bank-additional/bank-additional.csv", 4119, 21, 451),
        ("/bank-additional/bank-additional-full.csv", 41188, 21, 4640),
    ] {
        let (table, schema) = load(&format!("bank-marketing/bank-additional.zip{member}"));
        assert_eq!(size(&table), (rows, columns));
        assert_eq!(pairs(&counts(&table, "y")), [("no", rows - yes), ("yes", yes)]);
        assert_eq!(*kind(&schema, "y"), Kind::Boolean { levels: ["no".into(), "yes".into()] });
    }
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn german_credit_is_separated_by_spaces() {
    let (table, schema) = load("german-credit/german.data");
    assert_eq!(size(&table), (1000, 21));
    assert_eq!(pairs(&counts(&table, "column_21")), [("1", 700), ("2", 300)]);
    assert!(matches!(kind(&schema, "column_1"), Kind::Categorical { levels } if levels.len() == 4));
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn usps_digits_are_separated_by_spaces_with_one_at_the_end() {
    let (table, _) = load("usps/zip.train.gz");
    assert_eq!(size(&table), (7291, 257));
    let expected = [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644];
    assert_eq!(counts(&table, "column_1").iter().map(|(_, n)| *n).collect::<Vec<_>>(), expected);
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn usps_digits_are_images_by_name_and_by_folder() {
    let folder = data("usps");
    let options = ImageOptions::default();
    let by_folder = read_images(&folder, &options).unwrap();
    let located = catalog::find("usps").unwrap().locate(folder.parent().unwrap(), None).unwrap();
    let by_name = read_known_images(&located, &options).unwrap();
    for set in [by_folder, by_name] {
        let test = set.test.unwrap();
        for (images, expected) in [
            (&set.train, [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]),
            (&test, [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]),
        ] {
            assert_eq!((images.height, images.width, images.channels), (16, 16, 1));
            let labels = images.labels.as_ref().unwrap();
            let counts: Vec<usize> =
                (0..10).map(|digit| labels.iter().filter(|&&label| label == digit).count()).collect();
            assert_eq!(counts, expected);
            assert_eq!(images.pixels.len(), 256 * expected.iter().sum::<usize>());
        }
        // The first line of the training file: a six whose first values are -1 seven times, then -0.631, 0.862 and -0.167.
        assert_eq!(set.train.labels.as_ref().unwrap()[0], 6);
        assert_eq!(set.train.pixels[..10], [0, 0, 0, 0, 0, 0, 0, 47, 237, 106]);
    }
    let large = read_images(&folder, &ImageOptions { size: Some([28, 28]), ..options }).unwrap();
    assert_eq!((large.train.n, large.train.pixels.len()), (7291, 7291 * 784));
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn beijing_air_has_a_counter_and_missing_measurements() {
    let (table, schema) = load("beijing-pm25/PRSA_data_2010.1.1-2014.12.31.csv.gz");
    assert_eq!(size(&table), (43824, 13));
    assert_eq!(schema.column("pm2.5").unwrap().missing, 2067);
    assert!((mean(&table, "pm2.5") - 98.6132).abs() < 5e-5);
    assert_eq!(*kind(&schema, "No"), Kind::Identifier);
    assert_eq!(pairs(&counts(&table, "cbwd")), [("NE", 4997), ("NW", 14150), ("SE", 15290), ("cv", 9387)]);
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn online_news_leaves_its_addresses_out() {
    let (table, schema) = load("online-news/OnlineNewsPopularity_reduced.csv.gz");
    assert_eq!(size(&table), (4954, 61));
    assert!((mean(&table, "shares") - 3340.911).abs() < 5e-4);
    assert_eq!(*kind(&schema, "url"), Kind::Identifier);
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn stocks_have_dates_and_few_missing_prices() {
    let (table, schema) = load("djia/all_stocks_2006-01-01_to_2018-01-01.csv.gz");
    assert_eq!(size(&table), (93612, 7));
    let missing = |name: &str| schema.column(name).unwrap().missing;
    assert_eq!((missing("Open"), missing("High"), missing("Low")), (25, 10, 20));
    // 2006-01-03 and 2017-12-29.
    let dates = Kind::DateTime { format: "%Y-%m-%d".into(), min: 1_136_246_400.0, max: 1_514_505_600.0 };
    assert_eq!(*kind(&schema, "Date"), dates);
    assert!(matches!(kind(&schema, "Name"), Kind::Categorical { levels } if levels.len() == 31));
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn small_medical_tables() {
    let (table, schema) = load("breast-cancer/wdbc.data");
    assert_eq!(size(&table), (569, 32));
    assert_eq!(pairs(&counts(&table, "column_2")), [("B", 357), ("M", 212)]);
    assert!((mean(&table, "column_3") - 14.12729).abs() < 5e-6);
    assert!(matches!(kind(&schema, "column_3"), Kind::Real { .. }));
    let (table, schema) = load("breast-cancer/breast-cancer-wisconsin.data");
    assert_eq!(size(&table), (699, 11));
    assert_eq!(pairs(&counts(&table, "column_11")), [("2", 458), ("4", 241)]);
    assert_eq!(schema.columns.iter().map(|column| column.missing).sum::<usize>(), 16);
    let (table, _) = load("diabetes/pima-indians-diabetes.csv");
    assert_eq!(size(&table), (768, 9));
    assert!((mean(&table, "column_2") - 120.8945).abs() < 5e-5);
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn series_have_times_and_values() {
    let (table, schema) = load("nab/data/realKnownCause/nyc_taxi.csv");
    assert_eq!(table.columns.len(), 2);
    assert!(
        matches!(kind(&schema, "timestamp"), Kind::DateTime { format, .. } if format == "%Y-%m-%d %H:%M:%S")
    );
    let (table, schema) = load("skab/skab.zip/skab/anomaly-free/anomaly-free.csv");
    assert_eq!(size(&table), (9405, 9));
    assert!(matches!(kind(&schema, "datetime"), Kind::DateTime { .. }));
    let (table, _) = load("timegan-stock/stock_data.csv");
    assert_eq!(size(&table), (3685, 6));
    assert!((mean(&table, "Close") - 453.1549).abs() < 5e-5);
    let (table, _) = load("mba-ecg/MBA_ECG805_data.out.gz");
    assert_eq!(size(&table), (230_400, 2));
    let (table, _) = load("ucr-anomaly/135_UCR_Anomaly_InternalBleeding16_1200_4187_4199.txt");
    assert_eq!(size(&table), (7501, 1));
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn anomaly_sets_of_numpy_arrays() {
    for (name, rows, columns, anomalies) in [
        ("42_WBC", 223, 9, 10),
        ("4_breastw", 683, 9, 239),
        ("20_letter", 1600, 32, 100),
        ("32_shuttle", 49097, 9, 3511),
    ] {
        let (table, _) = load(&format!("adbench/{name}.npz"));
        assert_eq!(size(&table), (rows, columns + 1), "{name}");
        assert_eq!(pairs(&counts(&table, "y")), [("0", rows - anomalies), ("1", anomalies)]);
    }
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn mnist_digits() {
    let folder = data("mnist");
    let count = |labels: &[u8]| {
        let mut counts = [0; 10];
        labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
        counts
    };
    let mean = |pixels: &[u8]| pixels.iter().map(|&p| u64::from(p)).sum::<u64>() as f64 / pixels.len() as f64;
    let train = idx::read_folder(&folder, false).unwrap();
    let labels = train.labels.as_deref().unwrap();
    assert_eq!((train.n, train.height, train.width), (60000, 28, 28));
    assert_eq!(labels[..5], [5, 0, 4, 1, 9]);
    assert_eq!(count(labels), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert!((mean(&train.pixels) - 33.3184).abs() < 5e-5);
    let test = idx::read_folder(&folder, true).unwrap();
    assert_eq!(
        count(test.labels.as_deref().unwrap()),
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    );
    assert!((mean(&test.pixels) - 33.7912).abs() < 5e-5);
}

#[test]
#[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
fn cifar_10_exact_part_and_automobiles() {
    let path = data("cifar10/cifar10_train_first4000.bin.gz");
    let images = cifar::read(&[&path]).unwrap();
    assert_eq!((images.n, images.height, images.width, images.channels), (4000, 32, 32, 3));
    let labels = images.labels.unwrap();
    assert_eq!(labels[..10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    let counts: Vec<usize> = (0..10).map(|label| labels.iter().filter(|&&l| l == label).count()).collect();
    assert_eq!(counts, [396, 366, 420, 384, 422, 393, 414, 385, 407, 413]);
    let path = data("cifar10/automobile_test_1000_jpeg.bin.gz");
    let images = cifar::read(&[&path]).unwrap();
    let sum: u64 = images.pixels.iter().map(|&value| u64::from(value)).sum();
    assert!((sum as f64 / images.pixels.len() as f64 - 116.73).abs() < 0.005);
}
