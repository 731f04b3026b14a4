//! A map as one HTML file to look around in, with everything it needs inside.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::color;
use super::number::grouped;
use super::text::escape;
use crate::data::{Cells, Column, Kind, Schema, Table, categories};
use crate::error::FigureError;

const NAME: &str = "map page";
const HTML: &str = include_str!("page/map.html");
const STYLE: &str = include_str!("page/map.css");
const SCRIPTS: [&str; 5] = [
    include_str!("page/data.js"),
    include_str!("page/space.js"),
    include_str!("page/paint.js"),
    include_str!("page/map.js"),
    include_str!("page/use.js"),
];

/// Above this many cells a page would take a browser long to open: further columns are left out, and it is said so.
const MOST_CELLS: usize = 12_000_000;
/// Up to this many cells numbers keep all their digits, above it about seven.
const EXACT_CELLS: usize = 3_000_000;
/// Bytes of all images; more are made smaller.
const MOST_IMAGE_BYTES: usize = 64_000_000;

/// What [`map_page`] shows.
#[derive(Debug, Clone, Copy)]
pub struct MapPage<'a> {
    /// What files saved from the page are called, without ending.
    pub name: &'a str,
    /// The title.
    pub title: &'a str,
    /// A line below it.
    pub about: &'a str,
    /// The points, each across and up.
    pub points: &'a [[f32; 2]],
    /// The number of each point's row in the data, from 1; by default the points are numbered.
    pub rows: Option<&'a [u32]>,
    /// What is known of each point; all of it can be looked at, searched and colored by.
    pub table: &'a Table,
    /// What the columns are.
    pub schema: &'a Schema,
    /// The column that gives the color at first.
    pub color: Option<&'a str>,
    /// An image a point.
    pub images: Option<MapImages<'a>>,
    /// Neighbors of each point where it comes from.
    pub neighbors: Option<MapNeighbors<'a>>,
    /// The figures of the map by their names in a report.
    pub quality: &'a BTreeMap<String, f64>,
    /// What the reader should know.
    pub notes: &'a [String],
}

/// Images of one size, values from 0 to 255, channels last, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct MapImages<'a> {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// The images of the data.
    pub original: &'a [u8],
    /// The same as a model gives them.
    pub decoded: Option<&'a [u8]>,
}

/// The nearest points of each point, nearest first.
#[derive(Debug, Clone, Copy)]
pub struct MapNeighbors<'a> {
    /// How many each point has.
    pub k: usize,
    /// `points * k` points, counted from 0.
    pub indices: &'a [u32],
    /// Their distances.
    pub distances: &'a [f32],
}

/// The page as HTML: pan, zoom, look at rows, color by any column, search, select, save; it fetches nothing.
///
/// Whatever the data holds is packed and encoded, so no cell can become a part of the page.
///
/// # Errors
/// [`FigureError::Empty`] without points, [`FigureError::Length`] if the parts are not of one length,
/// [`FigureError::NotFinite`] for a point that is nowhere.
pub fn map_page(page: &MapPage<'_>) -> Result<String, FigureError> {
    check(page)?;
    let data = base64::engine::general_purpose::STANDARD.encode(packed(page));
    let script = SCRIPTS.concat();
    // One pass over the frame: what is put in is not searched for marks again.
    let mut html = String::with_capacity(HTML.len() + STYLE.len() + script.len() + data.len() + 256);
    let mut rest = HTML;
    while let Some((before, after)) = rest.split_once("{{") {
        let (mark, after) = after.split_once("}}").expect("marks of the frame are closed");
        html.push_str(before);
        match mark {
            "title" => html.push_str(&escape(page.title)),
            "style" => html.push_str(STYLE),
            "script" => html.push_str(&script),
            "data" => html.push_str(&data),
            other => unreachable!("the frame has no mark `{other}`"),
        }
        rest = after;
    }
    html.push_str(rest);
    Ok(html)
}

fn check(page: &MapPage<'_>) -> Result<(), FigureError> {
    let n = page.points.len();
    if n == 0 {
        return Err(FigureError::Empty { figure: NAME, what: "the list of points".to_owned() });
    }
    if let Some(at) = page.points.iter().position(|point| point.iter().any(|v| !v.is_finite())) {
        let value = page.points[at].iter().find(|v| !v.is_finite()).copied().unwrap_or(f32::NAN);
        let what = "the points".to_owned();
        return Err(FigureError::NotFinite { figure: NAME, what, row: at + 1, value: value.into() });
    }
    let image = page.images.map_or(0, |images| images.height * images.width * images.channels);
    let lengths = [
        ("the table", page.table.n_rows, n),
        ("the numbers of rows", page.rows.map_or(n, <[u32]>::len), n),
        ("the images", page.images.map_or(0, |images| images.original.len()), n * image),
        (
            "the decoded images",
            page.images.and_then(|images| images.decoded).map_or(n * image, <[u8]>::len),
            n * image,
        ),
        (
            "the neighbors",
            page.neighbors.map_or(0, |near| near.indices.len()),
            page.neighbors.map_or(0, |near| n * near.k),
        ),
        (
            "the distances of neighbors",
            page.neighbors.map_or(0, |near| near.distances.len()),
            page.neighbors.map_or(0, |near| n * near.k),
        ),
    ];
    match lengths.into_iter().find(|(_, found, expected)| found != expected) {
        Some((what, found, expected)) => {
            Err(FigureError::Length { figure: NAME, what: what.to_owned(), found, expected })
        }
        None => Ok(()),
    }
}

/// Arrays one after the other, each at a multiple of eight bytes.
#[derive(Default)]
struct Arrays(Vec<u8>);

impl Arrays {
    fn add<const W: usize>(&mut self, kind: &str, values: impl Iterator<Item = [u8; W]>) -> Value {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = self.0.len();
        values.for_each(|bytes| self.0.extend_from_slice(&bytes));
        json!({ "type": kind, "at": at, "length": (self.0.len() - at) / W })
    }

    fn bytes(&mut self, values: &[u8]) -> Value {
        self.add("u8", values.iter().map(|value| [*value]))
    }
}

/// The gzip of a JSON header, its length before it, and of the arrays it speaks of.
fn packed(page: &MapPage<'_>) -> Vec<u8> {
    let n = page.points.len();
    let mut arrays = Arrays::default();
    let mut notes = page.notes.to_vec();
    let positions =
        arrays.add("f32", page.points.iter().flat_map(|point| point.iter().map(|v| v.to_le_bytes())));
    let rows = page.rows.map(|rows| arrays.add("u32", rows.iter().map(|row| row.to_le_bytes())));

    let mut shown: Vec<&Column> = page.table.columns.iter().collect();
    let room = (MOST_CELLS / n).max(1);
    if shown.len() > room {
        let is_color = |column: &Column| Some(column.name.as_str()) == page.color;
        // The colored column stays, wherever it stands.
        shown.sort_by_key(|column| !is_color(column));
        notes.push(format!("{} further columns are left out of this page", grouped(shown.len() - room)));
        shown.truncate(room);
    }
    let exact = shown.len() * n <= EXACT_CELLS;
    if !exact {
        notes.push("numbers on this page have about seven digits".to_owned());
    }
    let columns: Vec<Value> =
        shown.iter().map(|column| column_of(column, page.schema, exact, &mut arrays)).collect();
    let color = shown.iter().position(|column| Some(column.name.as_str()) == page.color);
    let images = page.images.map(|images| images_of(&images, n, &mut arrays));
    let neighbors = page.neighbors.map(|near| {
        let index = arrays.add("u32", near.indices.iter().map(|i| i.to_le_bytes()));
        let distance = arrays.add("f32", near.distances.iter().map(|d| d.to_le_bytes()));
        json!({ "k": near.k, "index": index, "distance": distance })
    });
    let header = json!({
        "name": page.name, "about": page.about, "n": n, "positions": positions, "rows": rows,
        "columns": columns, "color": color, "images": images, "neighbors": neighbors,
        "palette": (0..color::CATEGORIES).map(color::category).collect::<Vec<_>>(),
        "scale": (0..=16).map(|i| color::viridis(f64::from(i) / 16.0)).collect::<Vec<_>>(),
        "quality": quality_of(page.quality), "notes": notes,
    });
    let mut header = header.to_string().into_bytes();
    let length = u32::try_from(header.len()).expect("a header is shorter than four gigabytes");
    header.resize((4 + header.len()).next_multiple_of(8) - 4, b' ');
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let parts: [&[u8]; 3] = [&length.to_le_bytes(), &header, &arrays.0];
    parts.into_iter().try_for_each(|part| packed.write_all(part)).expect("memory takes every byte");
    packed.finish().expect("memory takes every byte")
}

fn column_of(column: &Column, schema: &Schema, exact: bool, arrays: &mut Arrays) -> Value {
    let kind = schema.column(&column.name).map(|column| &column.kind);
    if let Some((codes, levels)) = categories(column, kind) {
        let cells = match levels.len() {
            0..=254 => arrays.add("u8", codes.iter().map(|code| [u8::try_from(*code).unwrap_or(u8::MAX)])),
            255..=65_534 => arrays
                .add("u16", codes.iter().map(|code| u16::try_from(*code).unwrap_or(u16::MAX).to_le_bytes())),
            _ => arrays.add("u32", codes.iter().map(|code| (*code).to_le_bytes())),
        };
        return json!({ "name": column.name, "kind": "category", "levels": levels, "cells": cells });
    }
    let Cells::Number(values) = &column.cells else { unreachable!("text has categories") };
    let present = || values.iter().copied().filter(|value| !value.is_nan());
    let (decimals, is_date) = match kind {
        Some(Kind::Integer { .. }) => (Some(0), false),
        Some(Kind::Real { decimals, .. }) => (Some(*decimals).filter(|decimals| *decimals <= 15), false),
        Some(Kind::DateTime { .. }) => (None, true),
        _ => (None, false),
    };
    // What single precision says is enough if it rounds to the same written number.
    let step = decimals.map_or(0.0, |decimals| 0.49 * 10f64.powi(-i32::from(decimals)));
    let fits = || present().all(|v| v.abs() <= f64::from(f32::MAX));
    let single =
        !is_date && ((!exact && fits()) || present().all(|v| (f64::from(v as f32) - v).abs() <= step));
    let cells = if single {
        arrays.add("f32", values.iter().map(|value| (*value as f32).to_le_bytes()))
    } else {
        arrays.add("f64", values.iter().map(|value| value.to_le_bytes()))
    };
    if is_date {
        let has_time = present().any(|seconds| seconds.rem_euclid(86_400.0) != 0.0);
        return json!({ "name": column.name, "kind": "date", "hasTime": has_time, "cells": cells });
    }
    json!({ "name": column.name, "kind": "number", "decimals": decimals, "cells": cells })
}

/// The images, made smaller by whole factors until they fit.
fn images_of(images: &MapImages<'_>, n: usize, arrays: &mut Arrays) -> Value {
    let MapImages { height, width, channels, original, decoded } = *images;
    let sets = 1 + usize::from(decoded.is_some());
    let fits = |by: usize| n * sets * (height / by) * (width / by) * channels <= MOST_IMAGE_BYTES;
    let by = (1..height.min(width).max(2)).find(|by| fits(*by)).unwrap_or(height.min(width).max(1));
    let (small_height, small_width) = (height / by, width / by);
    let shrunk = |pixels: &[u8]| -> Vec<u8> {
        if by == 1 {
            return pixels.to_vec();
        }
        let mut small = Vec::with_capacity(n * small_height * small_width * channels);
        for image in pixels.chunks_exact(height * width * channels) {
            for y in 0..small_height {
                for x in 0..small_width {
                    for c in 0..channels {
                        let at = |i: usize| ((y * by + i / by) * width + x * by + i % by) * channels + c;
                        let sum: usize = (0..by * by).map(|i| usize::from(image[at(i)])).sum();
                        small.push((sum / (by * by)) as u8);
                    }
                }
            }
        }
        small
    };
    let original = arrays.bytes(&shrunk(original));
    let decoded = decoded.map(|pixels| arrays.bytes(&shrunk(pixels)));
    json!({
        "height": small_height, "width": small_width, "channels": channels,
        "original": original, "decoded": decoded,
    })
}

/// The figures that say how faithful a map is, in the words of a reader; not the time, so that a page is the same every
/// time it is made.
fn quality_of(report: &BTreeMap<String, f64>) -> Vec<Value> {
    let share = |value: f64| format!("{:.1} %", 100.0 * value);
    let plain = |value: f64| format!("{value:.3}");
    type Write<'a> = &'a dyn Fn(f64) -> String;
    let known: [(&str, &str, &str, Write<'_>); 6] = [
        (
            "map.neighbour_preservation",
            "Neighbors kept",
            "mean share of a row's 10 nearest that are among its 10 nearest on the map",
            &share,
        ),
        (
            "map.trustworthiness",
            "Trustworthiness",
            "1 if no row is near on the map that is far in the data",
            &plain,
        ),
        (
            "map.distance_correlation",
            "Distances agree",
            "rank correlation of pairwise distances, 1 if their order is the same",
            &plain,
        ),
        ("map.class_preservation", "Classes kept", "the same share for the means of classes", &share),
        (
            "map.knn_accuracy",
            "Class from neighbors",
            "how often the 10 nearest on the map tell the class",
            &share,
        ),
        (
            "map.kl",
            "Divergence (KL)",
            "what t-SNE makes small, in nats; comparable only at equal settings",
            &plain,
        ),
    ];
    let shown = known.iter().filter_map(|(name, label, about, write)| {
        let value = report.get(*name)?;
        Some(json!({ "name": name, "label": label, "about": about, "text": write(*value) }))
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::data::MISSING;

    fn table() -> (Table, Schema) {
        let text = |levels: &[&str], codes: &[u32]| Cells::Text {
            codes: codes.to_vec(),
            levels: levels.iter().map(ToString::to_string).collect(),
        };
        let columns = vec![
            Column {
                name: "</script><b>".to_owned(),
                cells: text(&["</script><script>alert(1)</script>", "b"], &[0, 1, MISSING]),
            },
            Column {
                name: "amount".to_owned(),
                cells: Cells::Number((0..3).map(|i| 149.62 + f64::from(i) * 1000.0).collect()),
            },
            Column { name: "exact".to_owned(), cells: Cells::Number(vec![0.1 + 0.2, f64::NAN, 1e-17]) },
        ];
        let table = Table { columns, n_rows: 3 };
        let schema = Schema::of(&table);
        (table, schema)
    }

    const POINTS: [[f32; 2]; 3] = [[0.0, 1.0], [2.0, 3.5], [-1.0, 0.0]];

    fn page<'a>((table, schema): &'a (Table, Schema), quality: &'a BTreeMap<String, f64>) -> MapPage<'a> {
        MapPage {
            name: "map",
            title: "</title><script>alert(2)</script>",
            about: "",
            points: &POINTS,
            rows: None,
            table,
            schema,
            color: None,
            images: None,
            neighbors: None,
            quality,
            notes: &[],
        }
    }

    /// The header and the bytes of the arrays of a page.
    fn unpacked(html: &str) -> (Value, Vec<u8>) {
        let data = html.split_once(r#"id="data">"#).unwrap().1.split_once("</script>").unwrap().0;
        let packed = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let header = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
        (header, bytes.split_off((4 + length).next_multiple_of(8)))
    }

    #[test]
    fn no_cell_and_no_title_becomes_a_part_of_the_page() {
        let (parts, quality) = (table(), BTreeMap::new());
        let html = map_page(&page(&parts, &quality)).unwrap();
        assert!(!html.contains("alert(1)") && !html.contains("<script>alert(2)"));
        assert!(html.contains("&lt;/title&gt;&lt;script&gt;alert(2)"));
        // The frame has one script of data and one of code, and no mark is left.
        assert_eq!((html.matches("<script").count(), html.matches("</script>").count()), (2, 2));
        assert!(!html.contains("{{") || html.matches("{{").count() == SCRIPTS.concat().matches("{{").count());
        for outside in ["http://", "https://", "src=\"", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn cells_arrive_as_they_are() {
        let figures = [("map.kl".to_owned(), 1.25), ("map.seconds".to_owned(), 7.0)];
        let (parts, quality) = (table(), BTreeMap::from(figures));
        let rows = [7, 8, 9];
        let near = MapNeighbors { k: 1, indices: &[1, 0, 0], distances: &[0.5, 0.5, 2.0] };
        let input = MapPage {
            color: Some("amount"),
            rows: Some(&rows),
            neighbors: Some(near),
            ..page(&parts, &quality)
        };
        let (header, arrays) = unpacked(&map_page(&input).unwrap());
        assert_eq!((header["n"].as_u64(), header["color"].as_u64()), (Some(3), Some(1)));
        let place = |of: &Value| {
            (
                of["type"].as_str().unwrap().to_owned(),
                of["at"].as_u64().unwrap() as usize,
                of["length"].as_u64().unwrap(),
            )
        };
        let columns = &header["columns"];
        assert_eq!(columns[0]["levels"][0], "</script><script>alert(1)</script>");
        let (kind, at, length) = place(&columns[0]["cells"]);
        assert_eq!((kind.as_str(), length, &arrays[at..at + 3]), ("u8", 3, &[0, 1, 255][..]));
        // Two decimals fit single precision, seventeen do not.
        let (kind, at, _) = place(&columns[1]["cells"]);
        assert_eq!((kind.as_str(), columns[1]["decimals"].as_u64()), ("f32", Some(2)));
        assert_eq!(f32::from_le_bytes(arrays[at..at + 4].try_into().unwrap()), 149.62);
        let (kind, at, _) = place(&columns[2]["cells"]);
        assert_eq!(kind, "f64");
        assert_eq!(f64::from_le_bytes(arrays[at..at + 8].try_into().unwrap()), 0.1 + 0.2);
        let (kind, at, length) = place(&header["neighbors"]["index"]);
        assert_eq!((kind.as_str(), at % 8, length, arrays[at]), ("u32", 0, 3, 1));
        assert_eq!(header["quality"][0]["text"], "1.250");
        // The time would make every page another one.
        assert_eq!(header["quality"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn images_that_are_too_many_are_made_smaller() {
        let n = 5000;
        let pixels: Vec<u8> =
            (0..n).flat_map(|_| (0..128 * 128).map(|i| if i % 2 == 0 { 0 } else { 200 })).collect();
        let images = MapImages { height: 128, width: 128, channels: 1, original: &pixels, decoded: None };
        let mut arrays = Arrays::default();
        let about = images_of(&images, n, &mut arrays);
        assert_eq!((about["height"].as_u64(), about["width"].as_u64()), (Some(64), Some(64)));
        assert_eq!((arrays.0.len(), arrays.0[77]), (n * 64 * 64, 100));
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let (parts, quality) = (table(), BTreeMap::new());
        let error = map_page(&MapPage { rows: Some(&[1]), ..page(&parts, &quality) }).unwrap_err();
        assert_eq!(error.to_string(), "the figure 'map page' needs 3 values in the numbers of rows, found 1");
        let points = [[0.0, 0.0], [0.0, f32::NAN], [1.0, 1.0]];
        let error = map_page(&MapPage { points: &points, ..page(&parts, &quality) }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2 of the points is NaN, the figure 'map page' needs finite numbers"
        );
        assert!(matches!(
            map_page(&MapPage { points: &[], ..page(&parts, &quality) }),
            Err(FigureError::Empty { .. })
        ));
    }
}
