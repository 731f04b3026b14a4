//! A table as the rows of a run.

use std::collections::BTreeMap;
use std::path::Path;

use super::few;
use super::gather::gather;
use super::{DataFile, Dataset, Labels, Place, StoredPlace, data_file, window, with_test_file};
use crate::codec::{Codec, LeftOut};
use crate::data::catalog::{self, Role, TableFormat};
use crate::data::series::{no_channels, untimed};
use crate::data::split::{self, Fractions};
use crate::data::{
    self, Cells, Data, MISSING, ReadOptions, Reading, Schema, Split, Table, TextLayout, labels, read, read_as,
};
use crate::error::{ConfigError, Result, RunError};
use crate::models::Layout;
use crate::run::config::{Config, SplitBy};
use crate::seed::Seed;

/// What is said of a table whose values are not kept.
const COARSE: &str = "`data.privacy.store-values` is false: the model, figures and pages are of values of groups of at least ten \
                      rows, real rows among them; compare made rows with the data itself by `veridic evaluate`";

/// The format of a file that lies where a known data set keeps it (`adult/adult.data.gz`, say).
fn known_format(path: &Path) -> Option<&'static TableFormat> {
    let plain = |text: &str| text.trim_end_matches(".gz").to_string();
    let given = plain(&path.to_string_lossy());
    let variants = catalog::all().iter().flat_map(|dataset| dataset.variants);
    let mut files = variants.flat_map(|variant| variant.files.iter().map(move |file| (variant, file)));
    let (variant, _) = files
        .find(|(_, file)| given.ends_with(&format!("/{}", plain(file.path))) || given == plain(file.path))?;
    variant.reading.table()
}

/// How the file at `path` is read in a run of this configuration.
pub(crate) fn read_options_of(config: &Config, path: &Path) -> ReadOptions {
    read_options(config, known_format(path))
}

/// How the table at `path` is read where there is no run: as the settings of `reading` say, else a file of a known data set as
/// that set is, any other as it looks.
pub fn table_options(path: &Path, reading: &TableReading) -> ReadOptions {
    read_options_of(&reading.0, path)
}

/// Settings of how a table is read, where there is no run that knows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableReading(Config);

/// The settings that say how a table is read.
const READING: [&str; 14] = [
    "data.header",
    "data.delimiter",
    "data.number-duplicates",
    "data.missing",
    "data.not-missing",
    "data.decimal",
    "data.thousands",
    "data.day-first",
    "data.first-year",
    "data.drop-total",
    "data.skip",
    "data.sheet",
    "data.encoding",
    "data.categorical",
];

impl TableReading {
    /// The settings at paths such as `data.decimal`. A value is TOML, or else a string.
    ///
    /// # Errors
    /// A path that says nothing of reading, with those that do; a value of the wrong kind.
    pub fn of(sets: &[(String, String)]) -> Result<Self> {
        if let Some((path, value)) = sets.iter().find(|(path, _)| !READING.contains(&path.as_str())) {
            let known: Vec<String> = READING.iter().map(|path| format!("`{path}`")).collect();
            return Err(ConfigError::Set {
                path: path.clone(),
                value: value.clone(),
                reason: "it does not say how a table is read".to_string(),
                remedy: Some(format!("what does: {}", known.join(", "))),
            }
            .into());
        }
        Ok(Self(Config::default().with(sets)?))
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn read_options(config: &Config, format: Option<&TableFormat>) -> ReadOptions {
    let data = &config.data;
    let mut options = ReadOptions {
        header: data.header,
        delimiter: data.delimiter,
        number_duplicates: data.number_duplicates,
        not_missing: data.not_missing.clone(),
        decimal: data.decimal,
        thousands: data.thousands,
        day_first: data.day_first,
        first_year: data.first_year,
        drop_total: data.drop_total,
        skip: data.skip,
        sheet: data.sheet.clone(),
        encoding: data.encoding.clone(),
        categorical: data.categorical.clone(),
        ..ReadOptions::default()
    };
    options.missing.extend(data.missing.iter().cloned());
    if let Some(format) = format {
        options.names = format.names.map(|names| names.iter().map(ToString::to_string).collect());
        options.header = data.header.or(Some(format.header));
        options.delimiter = data.delimiter.or(Some(char::from(format.delimiter)));
        options.missing.extend(format.missing.iter().map(ToString::to_string));
    }
    options
}

/// A table read from files, or drawn.
pub(super) struct Source {
    pub(super) table: Table,
    pub(super) schema: Schema,
    pub(super) files: Vec<DataFile>,
    /// How a delimited text is laid out, where it is not plain.
    pub(super) text: Option<TextLayout>,
    /// Rows of the training file where there is a test file, else 0.
    n_train: usize,
}

fn read_table(config: &Config, place: &Place, notes: &mut Vec<String>) -> Result<Source> {
    let (format, train, test) = match place {
        Place::Made(mixture) => {
            notes.push(format!("data: {}", mixture.label()));
            let table = mixture.draw(Seed(config.seed));
            let schema = Schema::of(&table);
            return Ok(Source { table, schema, files: Vec::new(), text: None, n_train: 0 });
        }
        Place::Simulated(flow) => {
            notes.push(format!("data: {}", flow.label()));
            let table = flow.draw(Seed(config.seed))?;
            let schema = Schema::of(&table);
            return Ok(Source { table, schema, files: Vec::new(), text: None, n_train: 0 });
        }
        Place::Stored(StoredPlace::Known(located)) => {
            let format = located.variant.reading.table();
            let one = |role| located.files_of(role).next().map(Path::to_path_buf);
            let train = one(Role::Train).ok_or_else(|| RunError::NoData {
                reason: format!("`{}` has no training rows", located.dataset.name),
                remedy: "name a file instead".to_string(),
            })?;
            (format, train, one(Role::Test))
        }
        Place::Stored(StoredPlace::File(path)) => (known_format(path), path.clone(), None),
    };
    let mut options = read_options(config, format);
    if let Place::Stored(StoredPlace::Known(located)) = &place
        && let catalog::Reading::Series(series) = &located.variant.reading
    {
        let name = located.dataset.name;
        let reading = data::read_bytes(name, gather(located, series)?, &options)?;
        notes.extend(reading.told());
        let files = located.files.iter().map(|(_, path)| data_file(path)).collect::<Result<_>>()?;
        let Reading { table, schema, .. } = reading;
        return Ok(Source { table, schema, files, text: None, n_train: 0 });
    }
    let (mut table, schema, text) = match &config.data.schema {
        None => {
            let reading = read_without(&config.data.drop, &train, &mut options)?;
            notes.extend(reading.told());
            let Reading { table, schema, layout, .. } = reading;
            (table, schema, layout)
        }
        Some(path) => {
            let given = Schema::load(path)?;
            let (table, differences) = read_as(&train, &given, &options)?;
            notes.extend(differences.iter().map(|difference| format!("schema: {difference}")));
            let schema = given.refreshed(&table);
            (table, schema, data::text_layout(&train, &options)?)
        }
    };
    let mut files = vec![data_file(&train)?];
    let mut n_train = table.n_rows;
    if let Some(test) = test {
        let (more, differences) = read_as(&test, &schema, &options)?;
        notes.extend(differences.iter().map(|difference| format!("test file: {difference}")));
        append(&mut table, &more, format.and_then(|format| format.target_suffix));
        files.push(data_file(&test)?);
    } else {
        n_train = 0;
    }
    // Known sets are laid out as their publisher wants, and what is made of them as most programs do.
    let text = text.filter(|text| format.is_none() && !text.is_plain());
    Ok(Source { table, schema, files, text, n_train })
}

/// Reads a table; where columns that are left out cannot be read as what they seem to be, they are read as they stand.
fn read_without(left_out: &[String], path: &Path, options: &mut ReadOptions) -> Result<Reading> {
    loop {
        let error = match read(path, options) {
            Ok(reading) => return Ok(reading),
            Err(error) => error,
        };
        let is_new = |name: &&&str| {
            let is = |own: &String| own == **name;
            left_out.iter().any(is) && !options.categorical.iter().any(is)
        };
        let unread: Vec<String> =
            error.columns().iter().filter(is_new).map(|name| (*name).to_owned()).collect();
        if unread.is_empty() {
            return Err(error.into());
        }
        options.categorical.extend(unread);
    }
}

pub(super) fn load_table(config: &mut Config, place: &Place, mut notes: Vec<String>) -> Result<Dataset> {
    let source = read_table(config, place, &mut notes)?;
    parted(config, source, notes)
}

/// A table in memory as the rows of a run.
pub(super) fn given_table(config: &mut Config, table: &Table, schema: &Schema) -> Result<Dataset> {
    table.check()?;
    let named: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let table = table.select(&named)?;
    schema.validate()?;
    parted(
        config,
        Source { table, schema: schema.clone(), files: Vec::new(), text: None, n_train: 0 },
        Vec::new(),
    )
}

/// What it means for a detector that rows of the positive value are among those it learns from.
fn contaminated(
    config: &Config,
    labels: Option<&[Option<String>]>,
    positive: &[String],
    train: &[usize],
) -> Option<String> {
    let (target, labels, [value]) = (config.data.target.as_ref()?, labels?, positive) else { return None };
    config.model.table().filter(|parts| parts.detector.is_some())?;
    let count = train.iter().filter(|&&row| labels[row].as_ref() == Some(value)).count();
    (count > 0).then(|| {
        format!(
            "{count} of {} rows to learn from have `{target}` = {value}: a score says how unusual a row is among all of them, \
             not how likely it has {value}. To learn from the others alone: `data.split.by = \"one-class\"`; to tell {value} \
             from the others: a run of `boosted-trees`",
            train.len()
        )
    })
}

/// Rows parted for training and testing, and encoded for models that need it.
fn parted(config: &mut Config, source: Source, mut notes: Vec<String>) -> Result<Dataset> {
    let Source { mut table, mut schema, files, text, mut n_train } = source;
    let target = config.data.target.clone();
    if let Some(target) = &target {
        table.target(target)?;
    }
    for name in &config.data.drop {
        table.require(name)?;
    }
    if config.data.series.window.is_some() {
        return window::parted(config, Source { table, schema, files, text, n_train }, notes);
    }
    if config.data.complete_rows {
        let complete = table.complete_rows();
        if complete.len() < table.n_rows {
            notes.push(format!(
                "{} of {} rows have missing cells and are left out",
                table.n_rows - complete.len(),
                table.n_rows
            ));
            n_train = complete.iter().filter(|&&row| row < n_train).count();
            table = table.take(&complete);
            schema = schema.refreshed(&table);
        }
    }
    let labels = target.as_ref().and_then(|name| table.column(name)).map(labels);
    let mut positive = config.data.positive.clone();
    if let (Some(labels), true) = (&labels, positive.is_empty()) {
        positive = rarer(labels);
        if let [value] = positive.as_slice() {
            let target = target.as_deref().unwrap_or_default();
            notes.push(format!("`{target}` = {value} is the rarer value and counts as positive"));
            config.data.positive.clone_from(&positive);
        }
    } else if let Some(labels) = &labels {
        for value in &positive {
            if !labels.iter().flatten().any(|label| label == value) {
                return Err(ConfigError::Range {
                    field: "data.positive".to_string(),
                    found: format!("`{value}`"),
                    allowed: format!(
                        "a value of `{}`: {}",
                        target.as_deref().unwrap_or_default(),
                        some_values(labels)
                    ),
                }
                .into());
            }
        }
    }
    let n_rows = table.n_rows;
    let split = match n_train {
        0 => split_rows(config, &table, labels.as_deref(), &positive)?,
        n => with_test_file(config, n, n_rows)?,
    };
    if let Some(note) = contaminated(config, labels.as_deref(), &positive, &split.train) {
        notes.push(note);
    }
    let mut labels = labels;
    if !config.data.privacy.store_values {
        let seed = Seed(config.seed);
        data::microaggregate(&mut table, &mut schema, &split.train, target.as_deref(), seed);
        labels = target.as_ref().and_then(|name| table.column(name)).map(data::labels);
        // What was found while reading names cells.
        notes = vec![COARSE.to_string()];
    }
    let of = Labels { labels, positive };
    if let Some(parts) = config.model.table() {
        if parts.of_series() {
            // What is known to be unusual, by the name that tables have for it.
            config.data.series.label = config.data.series.label.take().or(target);
            let kept = |name: &&str| !config.data.drop.iter().any(|dropped| dropped == name);
            let named: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
            let named: Vec<&str> = named.into_iter().filter(kept).collect();
            // What is no series is said before anything is written.
            let read = table.select(&named)?;
            let known = Schema {
                columns: schema.columns.iter().filter(|c| read.column(&c.name).is_some()).cloned().collect(),
            };
            let set = parts.read_series(&config.data.series, (&read, &known))?;
            notes.push(set.described());
            notes.extend(no_channels(&read, &known, &config.data.series, &set));
            notes.extend(untimed(&read, &known, &config.data.series));
        }
        let data = Dataset::new(Data::Table(table, schema), split, of, Layout::default());
        return Ok(Dataset { files, text, notes, ..data });
    }
    let mut codec_config = config.codec.clone();
    codec_config.drop.extend(config.data.drop.iter().cloned());
    if let (Some(target), false) = (&target, config.data.model_target) {
        codec_config.drop.push(target.clone());
    }
    let codec = Codec::fit(&codec_config, &table, &schema, &split.train)?;
    for (name, why) in codec.left_out() {
        // Why text is left out was said with its cells when it was read.
        let was_told = why == LeftOut::Text && config.data.schema.is_none();
        if !was_told && !codec_config.drop.iter().any(|dropped| dropped == name) {
            notes.push(format!("`{name}` is left out: {}", why.reason()));
        }
    }
    if codec.width() == 0 {
        return Err(RunError::NoData {
            reason: "no column is left to learn from".to_string(),
            remedy: "see the kinds in schema.json; identifiers, constants and dropped columns are left out"
                .to_string(),
        }
        .into());
    }
    let matrix = codec.encode(&table)?;
    let layout = table_layout(&codec, target.as_deref());
    let content = Data::Table(table, schema);
    let data = Dataset::new(content, split, of, layout);
    Ok(Dataset { codec: Some(codec), matrix, files, text, notes, ..data })
}

/// The layout of encoded rows: the encoder does not see the target's columns.
pub(crate) fn table_layout(codec: &Codec, target: Option<&str>) -> Layout {
    let blocks = codec.blocks().to_vec();
    let of_target = blocks.iter().filter(|block| Some(block.column.as_str()) == target);
    let unseen = of_target
        .flat_map(|block| (block.start..block.start + block.width).chain(block.missing_at))
        .collect();
    Layout { dims: vec![codec.width()], blocks, unseen, ..Layout::default() }
}

/// Rows of the second table below those of the first; levels are joined by their texts, and a column that the second lacks is
/// missing there.
pub(crate) fn below(mut first: Table, second: &Table) -> Table {
    append(&mut first, second, None);
    first
}

/// Rows of a test file below those of the training file. Texts that differ by the suffix alone are the same.
fn append(table: &mut Table, more: &Table, suffix: Option<&str>) {
    for column in &mut table.columns {
        let other = more.column(&column.name);
        match (&mut column.cells, other.map(|column| &column.cells)) {
            (Cells::Number(values), Some(Cells::Number(more))) => values.extend_from_slice(more),
            (Cells::Text { codes, levels }, Some(Cells::Text { codes: more_codes, levels: more_levels })) => {
                let mut places: BTreeMap<String, u32> = levels.iter().cloned().zip(0..).collect();
                let map: Vec<u32> = more_levels
                    .iter()
                    .map(|level| {
                        let short = suffix.and_then(|suffix| level.strip_suffix(suffix));
                        let known = |text: &str| places.get(text).copied();
                        known(level).or_else(|| short.and_then(known)).unwrap_or_else(|| {
                            let at = levels.len() as u32;
                            levels.push(level.clone());
                            places.insert(level.clone(), at);
                            at
                        })
                    })
                    .collect();
                codes.extend(
                    more_codes.iter().map(|&code| map.get(code as usize).copied().unwrap_or(MISSING)),
                );
            }
            (Cells::Number(values), _) => values.extend(std::iter::repeat_n(f64::NAN, more.n_rows)),
            (Cells::Text { codes, .. }, _) => codes.extend(std::iter::repeat_n(MISSING, more.n_rows)),
        }
    }
    table.n_rows += more.n_rows;
}

/// The rarer of two values; nothing where there are more.
fn rarer(labels: &[Option<String>]) -> Vec<String> {
    let counts = counts(labels);
    match counts.as_slice() {
        [(a, n), (b, m)] => vec![if n <= m { a.clone() } else { b.clone() }],
        _ => vec![],
    }
}

/// Distinct values with their numbers, sorted by value.
pub(crate) fn counts(labels: &[Option<String>]) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for label in labels.iter().flatten() {
        *counts.entry(label.clone()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

fn some_values(labels: &[Option<String>]) -> String {
    let values: Vec<String> =
        counts(labels).into_iter().take(8).map(|(value, _)| format!("`{value}`")).collect();
    values.join(", ")
}

fn split_rows(
    config: &Config,
    table: &Table,
    labels: Option<&[Option<String>]>,
    positive: &[String],
) -> Result<Split> {
    if config.data.split.by == SplitBy::FewLabels {
        return Ok(few::drawn(config, table, labels.unwrap_or_default(), positive)?.split);
    }
    let SplitBy::OneClass = config.data.split.by else {
        let most = config.data.split.most_test.map_or(1.0, |most| most as f64 / table.n_rows.max(1) as f64);
        let fractions = Fractions { valid: config.data.split.valid, test: config.data.split.test.min(most) };
        let seed = Seed(config.seed);
        let column = config.data.split.column.as_deref().unwrap_or_default();
        let target = config.data.target.as_deref().and_then(|name| table.column(name));
        return Ok(match (config.data.split.by, target) {
            (SplitBy::Entity, _) => split::by_entity(table.require(column)?, fractions, seed)?,
            (SplitBy::Time, _) => split::by_time(table.require(column)?, fractions)?,
            (SplitBy::Order, _) => split::in_order(table.n_rows, fractions)?,
            (SplitBy::Stratified, Some(target)) => split::stratified(target, fractions, seed)?,
            (SplitBy::EntityAndTime, _) => {
                return Err(ConfigError::Conflict {
                    what: "`data.split.by = \"entity-and-time\"` is for windows of series".to_string(),
                    remedy: "give `data.series.window`, or part by `entity` or by `time`".to_string(),
                }
                .into());
            }
            _ => split::random(table.n_rows, fractions, seed)?,
        });
    };
    let labels = labels.unwrap_or_default();
    let is_positive = |row: usize| labels[row].as_ref().is_some_and(|label| positive.contains(label));
    let normal: Vec<usize> = (0..table.n_rows).filter(|&row| !is_positive(row)).collect();
    let halves = split::random(normal.len(), Fractions { valid: 0.0, test: 0.5 }, Seed(config.seed))?;
    let learn: Vec<usize> = halves.train.iter().map(|&i| normal[i]).collect();
    let mut test: Vec<usize> = halves.test.iter().map(|&i| normal[i]).collect();
    test.extend((0..table.n_rows).filter(|&row| is_positive(row)));
    test.sort_unstable();
    let fractions = Fractions { valid: config.data.split.valid, test: 0.0 };
    let parts = split::random(learn.len(), fractions, Seed(config.seed))?;
    let pick = |part: &[usize]| part.iter().map(|&i| learn[i]).collect();
    Ok(Split { train: pick(&parts.train), valid: pick(&parts.valid), test })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_left_out_may_be_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laps.csv");
        let gap = |i: usize| if i % 40 == 7 { "DNF".to_owned() } else { format!("{}.5", i * 7 % 97) };
        let rows: String = (0..200).map(|i| format!("{},{}\n", gap(i), i % 9)).collect();
        std::fs::write(&path, format!("gap,lap\n{rows}")).unwrap();
        let mut options = ReadOptions::default();
        let error = read_without(&["lap".to_owned()], &path, &mut options).unwrap_err();
        assert!(error.to_string().contains("`gap`"), "{error}");
        let reading = read_without(&["gap".to_owned()], &path, &mut options).unwrap();
        assert_eq!((reading.table.n_rows, reading.table.columns.len()), (200, 2));
    }
}
