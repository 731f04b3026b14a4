//! Draws every kind of figure with invented numbers: `cargo run -p veridic --example figure_gallery -- DIRECTORY`.

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use veridic::error::Result;
use veridic::figure::{
    Bars, Coloring, Correlation, Diagram, Direction, Figure, Height, Histogram, ImageGrid, ImagePairs,
    LatentAxes, Layer, LossCurves, Pixels, RocPr, RowGroup, Scatter, ScoreClass, Scorer, Series, TableFigure,
    Threshold, Written, bars, correlation, diagram, histogram, image_grid, image_pairs, loss_curves, roc_pr,
    scatter, table_figure,
};
use veridic::seed::Seed;

fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    for (name, figure) in
        [losses()?, scores()?, points()?, rows()?, digits()?, networks()?, curves()?].into_iter().flatten()
    {
        write(&directory, name, &figure)?;
    }
    Ok(())
}

type Named = Vec<(&'static str, Figure)>;

fn write(directory: &Path, name: &str, figure: &Figure) -> Result<()> {
    for ending in ["svg", "png"] {
        figure.write(&directory.join(format!("{name}.{ending}")))?;
    }
    Ok(())
}

fn losses() -> Result<Named> {
    let mut noise = normal("losses");
    let mut curve = |end: f64, start: f64, rate: f64| -> Vec<f64> {
        (0..50).map(|i| end + start * (-f64::from(i) * rate).exp() + 0.6 * noise()).collect()
    };
    let (train, valid) = (curve(149.4, 60.0, 0.12), curve(151.7, 55.0, 0.12));
    let series = [Series { name: "train", values: &train }, Series { name: "validation", values: &valid }];
    let linear = LossCurves {
        title: "Variational autoencoder of MNIST: loss by epoch",
        y_label: "loss (nats per image)",
        series: &series,
        log: false,
        best: None,
    };
    let mut broken: Vec<f64> = (0..20).map(|i| 3.0 * (-f64::from(i) * 0.4).exp() + 0.0008).collect();
    (broken[7], broken[8]) = (f64::NAN, f64::INFINITY);
    let kl: Vec<f64> = (0..20).map(|i| 0.02 + 0.01 * f64::from(i)).collect();
    let parts = [
        Series { name: "train reconstruction", values: &broken },
        Series { name: "train KL", values: &kl },
        Series { name: "validation, one epoch only", values: &[0.5] },
    ];
    let log = LossCurves {
        title: "Parts of the loss",
        y_label: "loss (nats per row)",
        series: &parts,
        log: true,
        best: None,
    };
    Ok(vec![("loss", loss_curves(&linear)?), ("loss-log", loss_curves(&log)?)])
}

fn scores() -> Result<Named> {
    let mut noise = normal("scores");
    let genuine: Vec<f64> = (0..17_217).map(|_| (-1.2 + 0.5 * noise()).exp()).collect();
    let fraud: Vec<f64> = (0..492).map(|_| (1.0 + 0.9 * noise()).exp()).collect();
    let classes =
        [ScoreClass { name: "genuine", scores: &genuine }, ScoreClass { name: "fraud", scores: &fraud }];
    let base = Histogram {
        title: "Reconstruction error of card transactions",
        x_label: "mean squared error per row (scaled units²)",
        classes: &classes,
        height: Height::LogCount,
        bins: 60,
        log_scores: false,
        threshold: Some(Threshold { score: 2.2, name: "threshold 2.20" }),
    };
    let density = Histogram { height: Height::Density, log_scores: true, ..base };
    let count = Histogram { height: Height::Count, log_scores: true, threshold: None, ..base };
    Ok(vec![
        ("histogram", histogram(&base)?),
        ("histogram-density", histogram(&density)?),
        ("histogram-count", histogram(&count)?),
    ])
}

fn points() -> Result<Named> {
    let mut noise = normal("points");
    let names: Vec<String> = ["no disease", "disease"].map(str::to_owned).to_vec();
    let mut patients = Vec::new();
    let mut codes = Vec::new();
    for i in 0..297u32 {
        let sick = u32::from(i % 9 > 4);
        patients.push([0.9 * noise() as f32 + sick as f32 * 1.6 - 0.8, noise() as f32 + sick as f32 * 0.5]);
        codes.push(sick);
    }
    patients[4] = [f32::NAN, 0.0];
    let heart = Scatter {
        title: "Latent space of the heart data, colored by disease",
        x_label: "first latent coordinate",
        y_label: "second latent coordinate",
        points: &patients,
        coloring: Coloring::Category { codes: &codes, names: &names },
        marginals: true,
    };
    let (mut images, mut labels, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..10_000u32 {
        let digit = i % 10;
        let angle = f64::from(digit) * 0.628;
        let radius = 1.6 + 0.9 * f64::from(digit % 2);
        let place = [radius * angle.cos() + 0.42 * noise(), radius * angle.sin() + 0.42 * noise()];
        images.push(place.map(|coordinate| coordinate as f32));
        labels.push(digit);
        losses.push(150.0 + 30.0 * noise());
    }
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let mnist = Scatter {
        title: "Latent space of MNIST, colored by digit (10 000 test images)",
        points: &images,
        coloring: Coloring::Category { codes: &labels, names: &digits },
        marginals: false,
        ..heart
    };
    let by_loss = Scatter {
        title: "Latent space of MNIST, colored by loss",
        points: &images[..3_000],
        coloring: Coloring::Value {
            values: &losses[..3_000],
            label: "loss (nats per image)",
            written: Written::Number,
        },
        ..mnist
    };
    Ok(vec![
        ("scatter-marginals", scatter(&heart)?),
        ("scatter-digits", scatter(&mnist)?),
        ("scatter-value", scatter(&by_loss)?),
    ])
}

fn rows() -> Result<Named> {
    let mut noise = normal("rows");
    let mut columns: Vec<String> = (1..=28).map(|i| format!("V{i}")).collect();
    columns.push("Amount".to_owned());
    let actual: Vec<f64> = (0..29).map(|_| 2.0 * noise()).collect();
    let reconstructed: Vec<f64> = actual.iter().map(|v| 0.7 * v + 0.4 * noise()).collect();
    let row = Bars {
        title: "Transaction 541 (fraud): actual and reconstructed values",
        y_label: "scaled value",
        columns: &columns,
        actual: &actual,
        reconstructed: &reconstructed,
    };
    let split = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
    let header = split(
        "age,sex,chest pain,blood pressure (mm Hg),cholesterol (mg/dl),max heart rate,oldpeak,thal,disease",
    );
    let real = [
        split("63,male,typical angina,145,233,150,2.3,fixed defect,no"),
        split("67,male,asymptomatic,160,286,108,1.5,normal,yes"),
        split("41,female,atypical angina,130,204,172,1.4,normal,no"),
    ];
    let made = [
        split("58,male,asymptomatic,132,241,141,1.8,reversible defect,yes"),
        split("49,female,non-anginal pain,121,262,163,0.2,normal,no"),
        split("55,male,asymptomatic,138,229,,0.9,reversible defect that has a long name,yes"),
    ];
    let groups = [RowGroup { name: "real", rows: &real }, RowGroup { name: "generated", rows: &made }];
    let table =
        TableFigure { title: "Generated patients beside real ones", columns: &header, groups: &groups };

    let names = &columns[16..];
    let n = names.len();
    let mut real = vec![1.0; n * n];
    let mut synthetic = vec![1.0; n * n];
    for i in 0..n {
        for j in 0..i {
            let value = (0.45 * noise()).clamp(-0.95, 0.95);
            let other = (value + 0.08 * noise()).clamp(-1.0, 1.0);
            (real[i * n + j], real[j * n + i]) = (value, value);
            (synthetic[i * n + j], synthetic[j * n + i]) = (other, other);
        }
    }
    let pairs =
        Correlation { title: "Correlation of columns", columns: names, real: &real, synthetic: &synthetic };
    Ok(vec![("bars", bars(&row)?), ("table", table_figure(&table)?), ("correlation", correlation(&pairs)?)])
}

/// A blurred ring, as a stand-in for a digit.
fn ring(across: f32, down: f32, blur: f32) -> Vec<f32> {
    (0..28 * 28)
        .map(|i| {
            let (x, y) = ((i % 28) as f32 - 13.5, (i / 28) as f32 - 13.5);
            let distance = ((x / across).powi(2) + (y / down).powi(2)).sqrt();
            (-((distance - 1.0) / blur).powi(2)).exp()
        })
        .collect()
}

fn digits() -> Result<Named> {
    let mut noise = normal("digits");
    let sizes: Vec<[f32; 2]> = (0..10).map(|_| [6.0 + 2.0 * noise() as f32, 9.0 + noise() as f32]).collect();
    let rings = |blur: f32| sizes.iter().flat_map(move |[across, down]| ring(*across, *down, blur));
    let originals: Vec<u8> = rings(0.2).map(|value| (value * 255.0) as u8).collect();
    let reconstructions: Vec<f32> = rings(0.35).collect();
    let pairs = ImagePairs {
        title: "MNIST autoencoder: originals above reconstructions",
        originals: Pixels::Bytes(&originals),
        reconstructions: Pixels::Floats(&reconstructions),
        height: 28,
        width: 28,
        channels: 1,
        columns: 10,
    };
    let across: Vec<f64> =
        [-1.64, -1.28, -0.97, -0.71, -0.5, -0.32, -0.15, 0.0, 0.15, 0.32, 0.5, 0.71, 0.97, 1.28, 1.64].into();
    let down: Vec<f64> = across.iter().rev().copied().collect();
    let mut pixels = Vec::new();
    for y in &down {
        for x in &across {
            pixels.extend(ring(7.0 + 2.5 * *x as f32, 8.0 + 2.0 * *y as f32, 0.3));
        }
    }
    let latent = ImageGrid {
        title: "Decoded points of the latent space",
        pixels: Pixels::Floats(&pixels),
        height: 28,
        width: 28,
        channels: 1,
        columns: 15,
        row_labels: &[],
        axes: Some(LatentAxes { x_label: "z1", y_label: "z2", x: &across, y: &down }),
    };
    let colors: Vec<u8> = (0..8 * 32 * 32)
        .flat_map(|i| [i % 32 * 8, i / 32 % 32 * 8, i / 1024 * 32].map(|value| value as u8))
        .collect();
    let labels = ["first four".to_owned(), "last four".to_owned()];
    let color = ImageGrid {
        title: "Color images",
        pixels: Pixels::Bytes(&colors),
        height: 32,
        width: 32,
        channels: 3,
        columns: 4,
        row_labels: &labels,
        axes: None,
    };
    Ok(vec![
        ("pairs", image_pairs(&pairs)?),
        ("latent-grid", image_grid(&latent)?),
        ("color-grid", image_grid(&color)?),
    ])
}

fn networks() -> Result<Named> {
    let layer = |section, name, shape, parameters| Layer { section, name, shape, parameters };
    let layers = [
        layer("encoder", "input", "rows × 784", 0),
        layer("encoder", "dense 256, relu", "rows × 256", 200_960),
        layer("encoder", "mean", "rows × 2", 514),
        layer("encoder", "log-variance", "rows × 2", 514),
        layer("latent", "sample", "rows × 2", 0),
        layer("decoder", "dense 256, relu", "rows × 256", 768),
        layer("decoder", "dense 784, sigmoid", "rows × 784", 201_488),
    ];
    let split = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5), (5, 6)];
    let vae = Diagram { title: "mnist-vae-2d", layers: &layers, arrows: &split, direction: Direction::Down };
    let wide = Diagram { direction: Direction::Right, ..vae };
    let chain = [
        layer("", "input", "rows × 29", 0),
        layer("", "dense 12, tanh", "rows × 12", 360),
        layer("", "dense 29, sigmoid", "rows × 29", 377),
    ];
    let simple =
        Diagram { title: "creditcard-autoencoder", layers: &chain, arrows: &[], direction: Direction::Right };
    let skip = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5), (5, 6), (1, 5)];
    let skips = Diagram { title: "with ways around", arrows: &skip, ..vae };
    Ok(vec![
        ("diagram", diagram(&vae)?),
        ("diagram-right", diagram(&wide)?),
        ("diagram-chain", diagram(&simple)?),
        ("diagram-skip", diagram(&skips)?),
    ])
}

fn curves() -> Result<Named> {
    let mut noise = normal("curves");
    let positive: Vec<bool> = (0..9_000).map(|i| i % 18 == 0).collect();
    let mut scores = |lift: f64| -> Vec<f64> {
        positive.iter().map(|p| noise() + if *p { lift + 0.8 * noise() } else { 0.0 }).collect()
    };
    let (network, pca, neighbors) = (scores(2.9), scores(2.2), scores(1.2));
    let scorers = [
        Scorer { name: "autoencoder", scores: &network },
        Scorer { name: "control: PCA with 12 components", scores: &pca },
        Scorer { name: "control: 5th nearest neighbor", scores: &neighbors },
    ];
    let input =
        RocPr { title: "Frauds found by reconstruction error", positive: &positive, scorers: &scorers };
    Ok(vec![("roc-pr", roc_pr(&input)?)])
}

/// Standard normal numbers of a named stream, near enough: sums of twelve uniform ones.
fn normal(name: &str) -> impl FnMut() -> f64 {
    let mut random: ChaCha8Rng = Seed(7).stream(name);
    move || (0..12).map(|_| f64::from(random.next_u32()) / f64::from(u32::MAX)).sum::<f64>() - 6.0
}
