//! Static pictures, drawn by plain functions over arrays.
//!
//! Each function takes numbers and names and gives a [`Figure`], which is written as SVG or PNG with its numbers
//! beside it as CSV. Nothing here knows a model. Text in a PNG is drawn with one font inside the binary, so the same
//! numbers give the same bytes on every machine. A value that is not finite never breaks a picture: it is left out,
//! counted in [`Figure::left_out`] and said so below the title, and it stays in the CSV.
//!
//! Colors are those of Okabe and Ito (<https://jfly.uni-koeln.de/color/>) for categories and viridis
//! (<https://bids.github.io/colormap/>) for numbers; both can be told apart with any color vision.

mod axis;
mod bar;
mod canvas;
mod color;
mod correlation;
mod curve;
mod diagram;
mod fan;
mod film;
mod glyph;
mod grid;
mod header;
mod histogram;
mod line;
mod loss;
mod marginal;
mod number;
mod output;
mod page;
mod pair;
mod panel;
mod reason;
mod scale;
mod scatter;
mod series;
mod sheet;
mod table;
mod text;
mod time;
mod written;

pub use bar::{Bars, bars};
pub use correlation::{Correlation, correlation};
pub use curve::{RocPr, Scorer, roc_pr};
pub use diagram::{Diagram, Direction, Layer, diagram};
pub use fan::{PathFan, path_fan};
pub use film::film;
pub use grid::{ImageGrid, LatentAxes, Pixels, image_grid};
pub use histogram::{Height, Histogram, ScoreClass, Threshold, histogram};
pub use line::{Line, Lines, lines};
pub use loss::{LossCurves, Series, loss_curves};
pub use marginal::{Marginal, Marginals, marginal, marginals};
pub use output::Figure;
pub use page::{MapImages, MapNeighbors, MapPage, map_page};
pub use pair::{ImagePairs, image_pairs};
pub use panel::{LineColor, LinePanel, Panels, panels};
pub(crate) use reason::legible;
pub use reason::{Others, ReasonColumn, Reasons, reasons};
pub use scatter::{Coloring, Scatter, plane, scatter};
pub use series::{SeriesChannel, SeriesFigure, SeriesScore, series_figure};
pub use sheet::{Sheet, sheet};
pub use table::{RowGroup, TableFigure, table_figure};
pub use written::Written;

#[cfg(test)]
mod tests {
    use resvg::usvg;

    use super::*;

    /// The picture is well-formed, holds no number that is not one, and nothing is drawn outside of it.
    pub(super) fn check(figure: &Figure) {
        let svg = figure.svg().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
        let tree = usvg::Tree::from_str(&svg, &output::options()).unwrap();
        let edges = tree.root().abs_stroke_bounding_box();
        let (width, height) = figure.size();
        assert!(edges.left() >= -0.01 && edges.right() <= width as f32 + 0.01, "{edges:?} {width}");
        assert!(edges.top() >= -0.01 && edges.bottom() <= height as f32 + 0.01, "{edges:?} {height}");
    }

    const LONG: &str =
        "a name <of> a \u{1} column & far \"too\" long to stand anywhere without being cut or turned, 漢字";

    #[test]
    fn extreme_numbers_and_names_never_break_a_picture() {
        let ranges: [&[f64]; 7] = [
            &[f64::MAX, -f64::MAX, 1.0, 2.0],
            &[1e299, -1e299],
            &[5e-324, 1e-300],
            &[1e-200, 2e-200],
            &[7.0],
            &[1e16, 1e16 + 2.0],
            &[f64::NAN, 0.0, f64::NEG_INFINITY],
        ];
        for values in ranges {
            for log in [false, true] {
                let series = [Series { name: LONG, values }, Series { name: "1", values: &[1.0] }];
                check(
                    &loss_curves(&LossCurves {
                        title: LONG,
                        y_label: LONG,
                        series: &series,
                        log,
                        best: None,
                    })
                    .unwrap(),
                );
                let classes =
                    [ScoreClass { name: LONG, scores: values }, ScoreClass { name: "", scores: &[1.0] }];
                for height in [Height::Count, Height::LogCount, Height::Density] {
                    let threshold = Some(Threshold { score: 1e3, name: LONG });
                    let (title, x_label, classes) = (LONG, LONG, &classes);
                    let (bins, log_scores) = (20, log);
                    check(
                        &histogram(&Histogram {
                            title,
                            x_label,
                            classes,
                            height,
                            bins,
                            log_scores,
                            threshold,
                        })
                        .unwrap(),
                    );
                }
            }
            let columns: Vec<String> = values.iter().map(|_| LONG.to_owned()).collect();
            let reconstructed = vec![0.5; values.len()];
            let (actual, reconstructed) = (values, reconstructed.as_slice());
            check(
                &bars(&Bars { title: "", y_label: LONG, columns: &columns, actual, reconstructed }).unwrap(),
            );
        }
    }

    #[test]
    fn extreme_points_never_break_a_picture() {
        let sets: [&[[f32; 2]]; 3] = [
            &[[f32::MAX, f32::MIN], [f32::MIN, f32::MAX], [0.0, 1.0]],
            &[[3.0, 3.0]],
            &[[1e-45, 0.0], [0.0, 1e-45]],
        ];
        let names: Vec<String> = (0..40).map(|i| format!("{i} {LONG}")).collect();
        for points in sets {
            let codes: Vec<u32> = (0..points.len() as u32).map(|i| i * 9).collect();
            let values = vec![f64::NAN; points.len()];
            let across: Vec<f64> = points.iter().map(|point| f64::from(point[0])).collect();
            let (label, written) = (LONG, Written::Number);
            for coloring in [
                Coloring::Plain,
                Coloring::Category { codes: &codes, names: &names },
                Coloring::Value { values: &values, label, written },
                Coloring::Value { values: &across, label, written },
                Coloring::Value { values: &across, label, written: Written::Moment },
                Coloring::Value { values: &[1.0, 2.0, 3.0, 4.0], label, written },
            ] {
                let (title, marginals) = (LONG, true);
                let input = Scatter { title, x_label: LONG, y_label: LONG, points, coloring, marginals };
                match coloring {
                    Coloring::Value { values, .. } if values.len() != points.len() => {
                        assert!(scatter(&input).is_err());
                    }
                    _ => check(&scatter(&input).unwrap()),
                }
            }
        }
    }

    #[test]
    fn long_names_fit_into_tables_diagrams_and_grids() {
        let columns: Vec<String> = (0..12).map(|_| LONG.to_owned()).collect();
        let rows = [columns.clone(), vec!["1".to_owned(); 12]];
        let groups = [RowGroup { name: LONG, rows: &rows }];
        check(&table_figure(&TableFigure { title: LONG, columns: &columns, groups: &groups }).unwrap());
        let layers = [Layer { section: LONG, name: LONG, shape: LONG, parameters: usize::MAX / 4 }; 3];
        for direction in [Direction::Down, Direction::Right] {
            for arrows in [&[][..], &[(0, 1), (1, 2), (0, 2), (0, 2)], &[(0, 2), (1, 2)]] {
                check(&diagram(&Diagram { title: LONG, layers: &layers, arrows, direction }).unwrap());
            }
        }
        let labels = [LONG.to_owned(), LONG.to_owned()];
        let pixels = Pixels::Floats(&[f32::NAN, 2.0, -1.0, f32::INFINITY]);
        let axes = Some(LatentAxes { x_label: LONG, y_label: LONG, x: &[1e300, -0.001], y: &[0.0, -1e9] });
        for axes in [None, axes] {
            let (height, width, channels) = (1, 1, 1);
            let (title, row_labels) = (LONG, &labels[..]);
            check(
                &image_grid(&ImageGrid {
                    title,
                    pixels,
                    height,
                    width,
                    channels,
                    columns: 2,
                    row_labels,
                    axes,
                })
                .unwrap(),
            );
        }
        let (real, synthetic) = (vec![f64::NAN; 144], vec![7.0; 144]);
        let (real, synthetic) = (real.as_slice(), synthetic.as_slice());
        check(&correlation(&Correlation { title: LONG, columns: &columns, real, synthetic }).unwrap());
        let scorers = [Scorer { name: LONG, scores: &[1e300, -1e300] }];
        check(&roc_pr(&RocPr { title: LONG, positive: &[true, false], scorers: &scorers }).unwrap());
    }
}
