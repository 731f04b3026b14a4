//! Windows of series as rows of a table, and such rows as series again.

use serde::{Deserialize, Serialize};

use super::candle::CandleNames;
use super::config::{SeriesConfig, WindowConfig, WindowForm, WindowScale};
use super::scaling::Scale;
use super::{Candles, Series, SeriesSet};
use crate::data::{Cells, Column, ColumnSchema, Kind, Schema, Table};
use crate::error::SeriesError;

/// Digits after the point of values that are written in their shortest form.
const SHORTEST: u8 = 17;

/// Windows of series, one a row: what is known of each (entity, first and last time, label, scale), then its values.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowRows {
    /// The rows.
    pub table: Table,
    /// What their columns are.
    pub schema: Schema,
    /// Which of them are values.
    pub columns: WindowColumns,
    /// Windows that are left out because a value is missing.
    pub incomplete: usize,
}

/// The columns of windows that hold values: step by step, the channels of a step side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowColumns {
    /// The channels.
    pub channels: Vec<String>,
    /// Steps of a window.
    pub steps: usize,
    /// The column of entities, `series` where the data has none.
    pub entity: String,
    /// The channels of the series and which of them is which price, where windows hold candles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<(Vec<String>, Candles)>,
}

impl WindowColumns {
    /// The channels that the series have.
    pub fn source(&self) -> &[String] {
        self.prices.as_ref().map_or(&self.channels, |(channels, _)| channels)
    }

    /// Whether the places of prices are what they can be.
    pub(crate) fn is_sound(&self) -> bool {
        self.prices.as_ref().is_none_or(|(channels, candles)| {
            candles.is_sound(channels.len()) && self.channels == candles.names()
        })
    }

    /// The number of the channel of series that stands for all where one is drawn or told of: the close, else the first.
    pub fn main(&self) -> usize {
        self.prices.as_ref().map_or(0, |(_, candles)| candles.close)
    }

    /// The name of a value, `close_1` for the first step of `close`.
    pub fn name(&self, channel: usize, step: usize) -> String {
        format!("{}_{}", self.channels[channel], step + 1)
    }

    /// All names, step by step.
    pub fn names(&self) -> Vec<String> {
        let step = |step| (0..self.channels.len()).map(move |channel| self.name(channel, step));
        (0..self.steps).flat_map(step).collect()
    }

    /// The column of the standard deviation that a channel was divided by.
    fn scale(&self, channel: usize) -> String {
        format!("scale_{}", self.channels[channel])
    }

    /// The values of a channel of each row, window by window; none of a table without them.
    pub fn values(&self, table: &Table, channel: usize) -> Option<Vec<Vec<f64>>> {
        let columns: Option<Vec<&[f64]>> = (0..self.steps)
            .map(|step| match &table.column(&self.name(channel, step))?.cells {
                Cells::Number(values) => Some(values.as_slice()),
                Cells::Text { .. } => None,
            })
            .collect();
        let columns = columns?;
        Some((0..table.n_rows).map(|row| columns.iter().map(|values| values[row]).collect()).collect())
    }
}

impl WindowConfig {
    /// Points that a window looks at: one before its first step where steps are changes.
    pub fn points(&self) -> usize {
        self.length + usize::from(self.form != WindowForm::Values)
    }

    /// The steps of a window of points `x`, and the scale they were divided by.
    fn steps(&self, x: &[f64]) -> (Vec<f64>, Scale) {
        let changes = |values: &[f64]| values.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>();
        let logs = || x.iter().map(|value| value.ln()).collect::<Vec<f64>>();
        let mut steps = match self.form {
            WindowForm::Values => x.to_vec(),
            WindowForm::Candles => x[1..].to_vec(),
            WindowForm::Differences => changes(x),
            WindowForm::Returns => changes(&logs()),
            WindowForm::Paths => {
                let logs = logs();
                logs[1..].iter().map(|value| value - logs[0]).collect()
            }
        };
        let changed = match self.form {
            WindowForm::Values | WindowForm::Candles => changes(x),
            WindowForm::Differences | WindowForm::Returns => steps.clone(),
            WindowForm::Paths => changes(&logs()),
        };
        let scale = match self.scale {
            WindowScale::None => Scale { center: 0.0, size: 1.0 },
            WindowScale::Changes => Scale { center: 0.0, ..Scale::of(changed.iter()) },
            WindowScale::Window => Scale::of(steps.iter()),
        };
        steps.iter_mut().for_each(|value| *value = scale.apply(*value));
        (steps, scale)
    }

    /// The points that steps stand for, after a point `before`: of values the values, of others what they add up to.
    ///
    /// What a mean was taken off from comes back around 0.
    pub fn points_of(&self, steps: &[f64], scale: f64, before: f64) -> Vec<f64> {
        let mut sum = 0.0;
        let each = steps.iter().map(|step| step * scale);
        match self.form {
            WindowForm::Values | WindowForm::Candles => each.collect(),
            WindowForm::Differences => each
                .map(|step| {
                    sum += step;
                    before + sum
                })
                .collect(),
            WindowForm::Returns => each
                .map(|step| {
                    sum += step;
                    before * sum.exp()
                })
                .collect(),
            WindowForm::Paths => each.map(|step| before * step.exp()).collect(),
        }
    }

    /// What a path is taken to start after, where nothing was before: 1 of what is relative, else 0.
    pub fn before(&self) -> f64 {
        if matches!(self.form, WindowForm::Returns | WindowForm::Paths) { 1.0 } else { 0.0 }
    }

    pub(crate) fn is_of_logs(&self) -> bool {
        matches!(self.form, WindowForm::Returns | WindowForm::Paths)
    }
}

impl SeriesSet {
    /// The windows of the series as rows. Windows with a missing value are left out and counted.
    ///
    /// # Errors
    /// No series as long as a window, or none without a missing value; values of 0 or less in a form of logarithms.
    pub fn window_rows(
        &self,
        window: &WindowConfig,
        layout: &SeriesConfig,
    ) -> Result<WindowRows, SeriesError> {
        if window.is_of_logs() {
            self.require_positive()?;
        }
        let mut prices = None;
        let written;
        let set = if window.form == WindowForm::Candles {
            let candles = Candles::of(self, CandleNames::default())?;
            written = candles.written(self)?;
            prices = Some((self.channels.clone(), candles));
            &written
        } else {
            self
        };
        let windows = set.windows(window.points(), window.stride)?;
        let complete: Vec<_> = windows.complete().collect();
        let incomplete = windows.len() - complete.len();
        if complete.is_empty() {
            return Err(SeriesError::NoCompleteWindow { windows: windows.len() });
        }
        let reserved = |name: &String| !matches!(name.as_str(), "from" | "until");
        let entity = layout.entity.clone().filter(reserved).unwrap_or_else(|| "series".to_owned());
        let columns = WindowColumns { channels: set.channels.clone(), steps: window.length, entity, prices };
        // The point before the first step is not one of the window.
        let lead = window.points() - window.length;
        let mut rows = Rows::default();
        if layout.entity.is_some() || self.series.len() > 1 {
            rows.text(&columns.entity, complete.iter().map(|window| window.series.entity.as_str()));
        }
        let at = |step: usize| complete.iter().map(|window| window.times()[step]).collect();
        rows.time("from", self.time.as_ref(), at(lead));
        rows.time("until", self.time.as_ref(), at(window.points() - 1));
        if complete.iter().any(|window| !window.series.labels.is_empty()) {
            let is_unusual = |window: &super::Window<'_>| {
                let labels = &window.series.labels;
                labels
                    .get(window.start + lead..window.start + window.length)
                    .is_some_and(|of| of.contains(&true))
            };
            let name = layout.label.as_deref().unwrap_or("unusual");
            rows.text(name, complete.iter().map(|window| if is_unusual(window) { "1" } else { "0" }));
        }
        let mut values = vec![Vec::with_capacity(complete.len()); window.length * columns.channels.len()];
        let mut scales = vec![Vec::with_capacity(complete.len()); columns.channels.len()];
        for of in &complete {
            for (channel, scales) in scales.iter_mut().enumerate() {
                let (steps, scale) = window.steps(of.channel(channel));
                scales.push(scale.size);
                for (step, value) in steps.into_iter().enumerate() {
                    values[step * columns.channels.len() + channel].push(value);
                }
            }
        }
        if window.scale != WindowScale::None {
            for (channel, scales) in scales.into_iter().enumerate() {
                rows.number(&columns.scale(channel), scales);
            }
        }
        for (name, values) in columns.names().iter().zip(values) {
            rows.number(name, values);
        }
        if let Some(name) = rows.twice() {
            return Err(SeriesError::WindowName { column: name });
        }
        let table = Table { n_rows: complete.len(), columns: rows.columns };
        Ok(WindowRows { table, schema: Schema { columns: rows.kinds }, columns, incomplete })
    }

    /// # Errors
    /// [`SeriesError::NotPositive`] for the first value that has no logarithm.
    fn require_positive(&self) -> Result<(), SeriesError> {
        for series in &self.series {
            for (channel, values) in self.channels.iter().zip(&series.values) {
                if let Some(at) = values.iter().position(|value| *value <= 0.0) {
                    return Err(SeriesError::NotPositive {
                        entity: series.entity.clone(),
                        channel: channel.clone(),
                        point: at + 1,
                        value: values[at],
                    });
                }
            }
        }
        Ok(())
    }
}

impl WindowColumns {
    /// Rows of values as series, named `1`, `2`, … and numbered from 1 by step. Each is multiplied by its scale, of which there is
    /// one for each row and channel, and what is relative starts after 1 (after 0 where it is differences).
    /// Candles become prices.
    pub fn series(&self, table: &Table, window: &WindowConfig, scales: &[Vec<f64>]) -> Option<SeriesSet> {
        let by_channel: Option<Vec<Vec<Vec<f64>>>> =
            (0..self.channels.len()).map(|channel| self.values(table, channel)).collect();
        let by_channel = by_channel?;
        let series = |row: usize| Series {
            entity: (row + 1).to_string(),
            times: (1..=self.steps).map(|step| step as f64).collect(),
            values: by_channel
                .iter()
                .zip(scales)
                .map(|(rows, scales)| window.points_of(&rows[row], scales[row], window.before()))
                .collect(),
            labels: Vec::new(),
        };
        let kind = Kind::Integer { min: 1.0, max: self.steps as f64 };
        let set = SeriesSet {
            channels: self.channels.clone(),
            time: Some(ColumnSchema::new("step", kind, 0)),
            series: (0..table.n_rows).map(series).collect(),
        };
        Some(match &self.prices {
            Some((channels, candles)) => candles.read(&set, channels),
            None => set,
        })
    }

    /// The scales that rows were divided by, of each channel; 1 where a table has none.
    pub fn scales(&self, table: &Table) -> Vec<Vec<f64>> {
        let of = |channel| match table.column(&self.scale(channel)).map(|column| &column.cells) {
            Some(Cells::Number(values)) => values.clone(),
            _ => vec![1.0; table.n_rows],
        };
        (0..self.channels.len()).map(of).collect()
    }
}

/// Columns with their kinds.
#[derive(Default)]
struct Rows {
    columns: Vec<Column>,
    kinds: Vec<ColumnSchema>,
}

impl Rows {
    fn push(&mut self, name: &str, kind: Kind, cells: Cells) {
        self.kinds.push(ColumnSchema::new(name, kind, 0));
        self.columns.push(Column { name: name.to_owned(), cells });
    }

    fn number(&mut self, name: &str, values: Vec<f64>) {
        let extent = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        self.push(
            name,
            Kind::Real { decimals: SHORTEST, min: extent.0, max: extent.1 },
            Cells::Number(values),
        );
    }

    /// Times as the column of times writes them; without one they are numbers of points.
    fn time(&mut self, name: &str, like: Option<&ColumnSchema>, values: Vec<f64>) {
        let max = values.iter().copied().fold(0.0, f64::max);
        let number = ColumnSchema::new(name, Kind::Integer { min: 0.0, max }, 0);
        let kind = like.map_or(number, |column| ColumnSchema { name: name.to_owned(), ..column.clone() });
        self.kinds.push(kind);
        self.columns.push(Column { name: name.to_owned(), cells: Cells::Number(values) });
    }

    fn text<'a>(&mut self, name: &str, cells: impl Iterator<Item = &'a str>) {
        let cells: Vec<&str> = cells.collect();
        let mut levels: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        levels.sort();
        levels.dedup();
        let code =
            |cell: &&str| levels.binary_search_by(|level| level.as_str().cmp(cell)).unwrap_or(0) as u32;
        let codes = cells.iter().map(code).collect();
        self.push(name, Kind::Categorical { levels: levels.clone() }, Cells::Text { codes, levels });
    }

    /// The first name that is there twice.
    fn twice(&self) -> Option<String> {
        let mut seen = std::collections::BTreeSet::new();
        self.columns.iter().map(|column| &column.name).find(|name| !seen.insert(name.as_str())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(entities: &[&str], n: usize) -> SeriesSet {
        let series = |(k, entity): (usize, &&str)| Series {
            entity: (*entity).to_owned(),
            times: (0..n).map(|i| i as f64).collect(),
            values: vec![
                (0..n).map(|i| 10.0 * (k + 1) as f64 * (1.0 + 0.1 * (i as f64).sin())).collect(),
                (0..n).map(|i| (i * i) as f64).collect(),
            ],
            labels: (0..n).map(|i| i == 7).collect(),
        };
        SeriesSet {
            channels: vec!["a".into(), "b".into()],
            time: None,
            series: entities.iter().enumerate().map(series).collect(),
        }
    }

    fn layout() -> SeriesConfig {
        SeriesConfig { entity: Some("who".into()), label: Some("bad".into()), ..SeriesConfig::default() }
    }

    #[test]
    fn a_window_is_a_row_step_by_step_behind_what_is_known_of_it() {
        let window = WindowConfig { length: 4, stride: 3, ..WindowConfig::default() };
        let rows = set(&["x", "y"], 11).window_rows(&window, &layout()).unwrap();
        let names: Vec<&str> = rows.table.columns.iter().map(|column| column.name.as_str()).collect();
        let values = ["a_1", "b_1", "a_2", "b_2", "a_3", "b_3", "a_4", "b_4"];
        assert_eq!(names, [&["who", "from", "until", "bad"][..], &values].concat());
        assert_eq!(
            (rows.table.n_rows, rows.columns.names(), rows.incomplete),
            (6, values.map(String::from).to_vec(), 0)
        );
        assert_eq!(rows.columns.values(&rows.table, 1).unwrap()[1], [9.0, 16.0, 25.0, 36.0]);
        let text = |name: &str, row| rows.table.column(name).unwrap().cells.text(row).map(str::to_owned);
        let bad: Vec<_> = (0..6).map(|row| text("bad", row).unwrap()).collect();
        assert_eq!(bad, ["0", "0", "1", "0", "0", "1"]);
        assert_eq!((text("who", 2), text("who", 3)), (Some("x".into()), Some("y".into())));
        let clash = SeriesSet { channels: vec!["a".into(), "a".into()], ..set(&["x"], 11) };
        let error = clash.window_rows(&window, &layout()).unwrap_err();
        assert_eq!(error, SeriesError::WindowName { column: "a_1".into() });
    }

    #[test]
    fn what_a_window_holds_comes_back_in_units_of_the_data() {
        let all = set(&["x"], 12).select(&["a".into()]).unwrap();
        for form in [WindowForm::Values, WindowForm::Differences, WindowForm::Returns, WindowForm::Paths] {
            for scale in [WindowScale::None, WindowScale::Changes] {
                let window = WindowConfig { length: 5, form, scale, ..WindowConfig::default() };
                let rows = all.window_rows(&window, &layout()).unwrap();
                let lead = window.points() - 5;
                assert_eq!(rows.table.n_rows, 12 - window.points() + 1);
                let values = rows.columns.values(&rows.table, 0).unwrap();
                let scales = rows.columns.scales(&rows.table);
                for (row, steps) in values.iter().enumerate() {
                    let actual = &all.series[0].values[0][row..row + window.points()];
                    let found = window.points_of(steps, scales[0][row], actual[0]);
                    for (found, actual) in found.iter().zip(&actual[lead..]) {
                        assert!((found - actual).abs() < 1e-9, "{form:?} {scale:?} {found} {actual}");
                    }
                }
                if scale == WindowScale::Changes && form == WindowForm::Returns {
                    let sd = Scale::of(values[0].iter()).size;
                    assert!((sd - 1.0).abs() < 1e-9, "{sd}");
                }
            }
        }
        let form = WindowConfig { length: 5, scale: WindowScale::Window, ..WindowConfig::default() };
        let rows = all.window_rows(&form, &layout()).unwrap();
        let values = rows.columns.values(&rows.table, 0).unwrap();
        assert!(values.iter().all(|steps| steps.iter().sum::<f64>().abs() < 1e-9));
    }

    #[test]
    fn windows_with_a_hole_are_left_out_and_logarithms_need_values_above_0() {
        let mut holes = set(&["x"], 10);
        holes.series[0].values[0][5] = f64::NAN;
        let window = WindowConfig { length: 3, ..WindowConfig::default() };
        let rows = holes.window_rows(&window, &layout()).unwrap();
        assert_eq!((rows.table.n_rows, rows.incomplete), (5, 3));
        let whole = WindowConfig { length: 10, ..window.clone() };
        let error = holes.window_rows(&whole, &layout()).unwrap_err();
        assert_eq!(error, SeriesError::NoCompleteWindow { windows: 1 });
        let returns = WindowConfig { form: WindowForm::Returns, ..window };
        let error = set(&["x"], 10).window_rows(&returns, &layout()).unwrap_err();
        assert!(matches!(error, SeriesError::NotPositive { point: 1, .. }), "{error}");
    }

    #[test]
    fn candles_of_a_window_are_its_days_again() {
        let close: Vec<f64> = (0..9).map(|i| 20.0 + f64::from(i * i % 7)).collect();
        let channel = |by: f64| close.iter().map(|price| price * by).collect::<Vec<f64>>();
        let prices = SeriesSet {
            channels: ["Open", "High", "Low", "Close"].map(String::from).to_vec(),
            time: None,
            series: vec![Series {
                times: (0..9).map(f64::from).collect(),
                values: vec![channel(1.01), channel(1.02), channel(0.97), close.clone()],
                ..Series::default()
            }],
        };
        let form =
            WindowConfig { length: 3, stride: 2, form: WindowForm::Candles, ..WindowConfig::default() };
        let rows = prices.window_rows(&form, &SeriesConfig::default()).unwrap();
        assert_eq!((rows.table.n_rows, rows.incomplete), (3, 0));
        assert_eq!(rows.columns.channels, ["range", "open", "close", "gap", "level"]);
        assert_eq!((rows.columns.source()[0].as_str(), rows.columns.main()), ("Open", 3));
        let back = rows.columns.series(&rows.table, &form, &rows.columns.scales(&rows.table)).unwrap();
        assert_eq!(back.channels, prices.channels);
        // The second window is of the days 3 to 5; the one before its first is for the gap.
        for (found, expected) in back.series[1].values.iter().zip(&prices.series[0].values) {
            for (a, b) in found.iter().zip(&expected[3..6]) {
                assert!((a - b).abs() < 1e-9 * b, "{a} {b}");
            }
        }
        let scaled = WindowConfig { scale: WindowScale::Window, ..form.clone() };
        let config = SeriesConfig { window: Some(scaled), ..SeriesConfig::default() };
        assert!(config.check("data.series").unwrap_err().to_string().contains("candles"));
        let error = set(&["x"], 10).window_rows(&form, &layout()).unwrap_err();
        assert!(matches!(error, SeriesError::NoPrice { channel } if channel == "open"));
        let mut columns = rows.columns.clone();
        columns.prices = columns.prices.map(|(_, candles)| (vec!["Open".to_owned()], candles));
        assert!(rows.columns.is_sound() && !columns.is_sound());
    }
}
