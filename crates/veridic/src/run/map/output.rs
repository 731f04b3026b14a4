use std::path::{Path, PathBuf};

use super::Mapped;
use crate::data::{self, Cells, Column, ColumnSchema, Kind, MISSING, Schema, Table, categories};
use crate::error::Result;
use crate::figure::{self, Coloring, Figure, MapImages, MapNeighbors, MapPage};
use crate::run::form::Form;

/// Endings that a map can be written with.
pub const MAP_ENDINGS: [&str; 7] = ["csv", "csv.gz", "parquet", "json", "png", "svg", "html"];

impl Mapped {
    /// Writes the map in the form of the ending of `path`: coordinates with the columns asked for (`csv`, `csv.gz`,
    /// `parquet`, `json`), a picture (`png`, `svg`), or a page to look around in (`html`).
    ///
    /// # Errors
    /// Another ending, a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let bytes = if name.ends_with(".png") {
            let figure = self.figure()?;
            if let Some(labels) = figure.labels() {
                data::replace(&path.with_extension("labels.csv"), |file| file.write_all(labels.as_bytes()))?;
            }
            figure.png()?
        } else if name.ends_with(".svg") {
            self.figure()?.svg()?.into_bytes()
        } else if name.ends_with(".html") {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            self.page(&stem)?.into_bytes()
        } else {
            return Ok(data::write(&self.table, &self.schema, path)?);
        };
        Ok(data::replace(path, |file| file.write_all(&bytes))?)
    }

    /// Writes the figures of the map as `NAME.report.json` beside each of `paths`, one for each name.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_report(&self, paths: &[&Path]) -> Result<()> {
        let mut text = serde_json::to_string_pretty(&self.report).expect("figures are JSON");
        text.push('\n');
        let mut reports: Vec<_> = paths.iter().map(|path| map_report_path(path)).collect();
        reports.sort();
        reports.dedup();
        for report in reports {
            data::replace(&report, |file| file.write_all(text.as_bytes()))?;
        }
        Ok(())
    }

    /// The map as a picture, colored by the column that gives the color.
    ///
    /// # Errors
    /// A picture that cannot be drawn.
    pub fn figure(&self) -> Result<Figure> {
        let column = self.color.as_deref().and_then(|name| self.known.column(name));
        let about = column.and_then(|column| self.known_schema.column(&column.name));
        let kind = about.map(|column| &column.kind);
        let form = about.map_or(Form::Number, Form::of);
        let classes = column.and_then(|column| categories(column, kind));
        let values: &[f64] = match column.map(|column| &column.cells) {
            Some(Cells::Number(values)) => values,
            _ => &[],
        };
        let label = column.map_or("", |column| column.name.as_str());
        let coloring = match (&classes, column) {
            (Some((codes, names)), _) => Coloring::Category { codes, names },
            (None, Some(_)) => Coloring::Value { values, label, written: form.as_written() },
            (None, None) => Coloring::Plain,
        };
        let by = if label.is_empty() { String::new() } else { format!(" by {label}") };
        Ok(figure::plane(&figure::Scatter {
            title: &format!("{}{by}", self.title),
            x_label: &self.axes[0],
            y_label: &self.axes[1],
            points: &self.points,
            coloring,
            marginals: false,
        })?)
    }

    /// The map as a page of one file; `name` is what files saved from it are called.
    ///
    /// # Errors
    /// A page that cannot be made.
    pub fn page(&self, name: &str) -> Result<String> {
        let images = self.pictures.as_ref().map(|pictures| MapImages {
            height: pictures.codec.height,
            width: pictures.codec.width,
            channels: pictures.codec.channels,
            original: &pictures.original,
            decoded: pictures.decoded.as_deref(),
        });
        let neighbors = self.neighbors.as_ref().map(|near| MapNeighbors {
            k: near.k,
            indices: &near.indices,
            distances: &near.distances,
        });
        Ok(figure::map_page(&MapPage {
            name,
            title: &self.title,
            about: &self.about,
            points: &self.points,
            rows: self.rows.as_deref(),
            table: &self.known,
            schema: &self.known_schema,
            color: self.color.as_deref(),
            images,
            neighbors,
            quality: &self.report,
            notes: &self.notes,
        })?)
    }
}

/// Where the figures of a map go that is written to `path`: `a/map.csv.gz` to `a/map.report.json`.
pub fn map_report_path(path: &Path) -> PathBuf {
    path.with_file_name(report_name(path))
}

fn report_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_lowercase();
    let ending =
        MAP_ENDINGS.iter().map(|ending| format!(".{ending}")).filter(|ending| lower.ends_with(ending));
    let cut = ending.map(|ending| ending.len()).max().unwrap_or(0);
    format!("{}.report.json", &name[..name.len() - cut])
}

/// Columns `x` and `y`, then the columns asked for; one of a name that is taken gets `_data` behind it.
pub(super) fn coordinates(
    points: &[[f32; 2]],
    known: &Table,
    schema: &Schema,
    wanted: &[String],
) -> Result<(Table, Schema)> {
    let axis = |name: &str, at: usize| {
        // The shortest text of the single-precision number, so that no digit is made up.
        let exact = |point: &[f32; 2]| point[at].to_string().parse().unwrap_or(f64::from(point[at]));
        Column { name: name.to_string(), cells: Cells::Number(points.iter().map(exact).collect()) }
    };
    let mut table = Table { columns: vec![axis("x", 0), axis("y", 1)], n_rows: points.len() };
    let real = || Kind::Real { decimals: 17, min: f64::NEG_INFINITY, max: f64::INFINITY };
    let mut columns: Vec<ColumnSchema> = ["x", "y"].map(|name| ColumnSchema::new(name, real(), 0)).to_vec();
    for name in wanted {
        let column = known.require(name)?;
        // The data may have an `x` of its own.
        let is_taken = |name: &String| table.column(name).is_some();
        let written = std::iter::successors(Some(name.clone()), |name| Some(format!("{name}_data")));
        let name = written.into_iter().find(|name| !is_taken(name)).unwrap_or_default();
        let known = schema.column(&column.name).cloned();
        let known = known.unwrap_or_else(|| ColumnSchema::new("", real(), 0));
        columns.push(ColumnSchema { name: name.clone(), missing: column.n_missing(), ..known });
        table.columns.push(Column { name, cells: column.cells.clone() });
    }
    Ok((table, Schema { columns }))
}

/// Codes past the last text are missing cells.
pub(super) fn texts(name: &str, values: impl Iterator<Item = Option<String>>) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    let codes = values.map(|value| match value {
        None => MISSING,
        Some(value) => *known.entry(value).or_insert_with_key(|value| {
            levels.push(value.clone());
            levels.len() as u32 - 1
        }),
    });
    let codes = codes.collect();
    Column { name: name.to_string(), cells: Cells::Text { codes, levels } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_named_after_its_map() {
        let names = ["a/map.csv.gz", "map.HTML", "x.y.png"].map(|name| report_name(Path::new(name)));
        assert_eq!(names, ["map.report.json", "map.report.json", "x.y.report.json"]);
    }

    #[test]
    fn coordinates_are_written_without_made_up_digits() {
        let known =
            Table { columns: vec![texts("kind", [Some("a".to_string()), None].into_iter())], n_rows: 2 };
        let (table, schema) =
            coordinates(&[[0.1, -2.0], [1e-7, 3.25]], &known, &Schema::of(&known), &["kind".to_string()])
                .unwrap();
        let mut text = Vec::new();
        data::write_csv(&table, &schema, &mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "x,y,kind\n0.1,-2,a\n1e-7,3.25,\n");
        assert!(coordinates(&[], &known, &Schema::of(&known), &["knd".to_string()]).is_err());
        let known = Table { columns: vec![texts("x", [Some("a".to_string())].into_iter())], n_rows: 1 };
        let (table, _) = coordinates(&[[0.0; 2]], &known, &Schema::of(&known), &["x".to_string()]).unwrap();
        assert_eq!(table.columns[2].name, "x_data");
    }
}
