use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::block::{Block, BlockKind};
use super::column::{Code, ColumnCode, LeftOut};
use super::config::CodecConfig;
use super::source::{Source, Tally};
use crate::Result;
use crate::data::{Cells, Column, ColumnSchema, Matrix, Schema, Table};
use crate::error::{CodecError, ColumnProblem};

/// A fitted transformation of rows into an encoded matrix, and back.
///
/// Columns of the encoding follow the schema's order; each encoded column of the table is one [`Block`]: its value
/// and, right after it, its missing indicator. Serialized it is the run's `codec.json`, complete in itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Codec {
    config: CodecConfig,
    columns: Vec<ColumnCode>,
    blocks: Vec<Block>,
    width: usize,
}

/// An encoded table with what in it the training rows did not have.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// One row a row, one column an encoded column.
    pub matrix: Matrix,
    /// Columns with cells the codec could not express, in the schema's order.
    pub unfamiliar: Vec<Unfamiliar>,
}

/// Cells of one column that the training rows had nothing like.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfamiliar {
    /// The column.
    pub column: String,
    /// Cells with an unseen level: all zero for categories, the training share of yes for flags.
    pub unseen: usize,
    /// The first of them: its row in the table, from 1, and its text.
    pub first_unseen: Option<(usize, String)>,
    /// Missing cells of a column without an indicator; encoded as the imputed value.
    pub missing: usize,
}

/// Version of the stored form.
const FORMAT: u32 = 1;

/// Rows encoded or decoded at a time, so that a tile of the matrix stays in cache while its columns are visited.
const TILE: usize = 512;

impl Codec {
    /// Learns a codec from `rows` of `table` (counted from 0) and from no other row.
    ///
    /// Levels of categories, ranges, scales, imputed values and whether a column needs a missing indicator come from
    /// `rows`; kinds, written decimals and constants come from `schema`. Identifiers, constants, dropped columns and
    /// columns without a value in `rows` are left out, see [`Codec::left_out`]. Columns of the table that the schema
    /// does not name are ignored.
    ///
    /// # Errors
    /// [`CodecError`] if `rows` is empty or out of range, a dropped name is unknown, a column is absent or does not
    /// hold what the schema says (all such columns are listed), a value is infinite or beyond 1e150, or no column is
    /// left.
    pub fn fit(config: &CodecConfig, table: &Table, schema: &Schema, rows: &[usize]) -> Result<Self> {
        check_rows(table, rows)?;
        if rows.is_empty() {
            return Err(CodecError::NoRows.into());
        }
        let known = |name: &&String| schema.columns.iter().any(|column| column.name == **name);
        let unknown: Vec<String> = config.drop.iter().filter(|name| !known(name)).cloned().collect();
        if !unknown.is_empty() {
            let columns = schema.columns.iter().map(|column| column.name.clone()).collect();
            return Err(CodecError::UnknownDrop { names: unknown, columns }.into());
        }
        let mut columns = Vec::with_capacity(schema.columns.len());
        let mut problems = Vec::new();
        for column in &schema.columns {
            if config.drop.contains(&column.name) {
                columns.push(ColumnCode { name: column.name.clone(), code: Code::Dropped, indicator: false });
                continue;
            }
            let fitted = find(table, &column.name)
                .and_then(|cells| ColumnCode::fit(column, cells, rows, config.numeric, config.missing));
            match fitted {
                Ok(code) => columns.push(code),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(CodecError::Columns(problems).into());
        }
        let (blocks, width) = lay_out(&columns);
        let codec = Self { config: config.clone(), columns, blocks, width };
        if width == 0 {
            let left_out = codec.left_out().map(|(name, why)| format!("`{name}` ({why:?})").to_lowercase());
            return Err(CodecError::NothingLeft { left_out: left_out.collect() }.into());
        }
        Ok(codec)
    }

    /// As [`Codec::fit`], but the columns of each of `groups` are encoded alike, by what all of them together have in `rows`:
    /// the steps of a channel of windows. Columns of `table` in no group are left out. Cells are numbers.
    ///
    /// # Errors
    /// As [`Codec::fit`].
    pub fn fit_alike(
        config: &CodecConfig,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
        groups: &[Vec<String>],
    ) -> Result<Self> {
        check_rows(table, rows)?;
        if rows.is_empty() {
            return Err(CodecError::NoRows.into());
        }
        let mut codes: BTreeMap<&str, ColumnCode> = BTreeMap::new();
        for group in groups {
            let mut pooled = Vec::with_capacity(rows.len() * group.len());
            for name in group {
                let column = find(table, name).map_err(|problem| CodecError::Columns(vec![problem]))?;
                if let Cells::Number(cells) = &column.cells {
                    pooled.extend(rows.iter().map(|&row| cells[row]));
                }
            }
            let all: Vec<usize> = (0..pooled.len()).collect();
            let about = group.first().and_then(|name| schema.column(name));
            let (Some(name), Some(about)) = (group.first(), about) else { continue };
            let pooled = Column { name: name.clone(), cells: Cells::Number(pooled) };
            let code = ColumnCode::fit(about, &pooled, &all, config.numeric, config.missing)
                .map_err(|problem| CodecError::Columns(vec![problem]))?;
            codes.extend(
                group.iter().map(|name| (name.as_str(), ColumnCode { name: name.clone(), ..code.clone() })),
            );
        }
        let code = |column: &ColumnSchema| {
            codes.remove(column.name.as_str()).unwrap_or_else(|| ColumnCode {
                name: column.name.clone(),
                code: Code::Dropped,
                indicator: false,
            })
        };
        let columns: Vec<ColumnCode> = schema.columns.iter().map(code).collect();
        let (blocks, width) = lay_out(&columns);
        if width == 0 {
            return Err(CodecError::NothingLeft { left_out: Vec::new() }.into());
        }
        Ok(Self { config: config.clone(), columns, blocks, width })
    }

    /// Encodes every row of `table`, whose columns are found by name and may be more than the codec needs:
    /// `n_rows` x [`Codec::width`], all finite. Values outside the training range are not clamped.
    ///
    /// # Errors
    /// [`CodecError::Columns`] with every absent or unsuitable column and every infinite value's column and first row.
    pub fn encode(&self, table: &Table) -> Result<Matrix> {
        Ok(self.encode_with(table, None)?.matrix)
    }

    /// As [`Codec::encode`], for the given rows (counted from 0, in this order) or all, and with a count of the cells
    /// that the training rows had nothing like.
    ///
    /// # Errors
    /// As [`Codec::encode`], and [`CodecError::RowOutOfRange`].
    pub fn encode_with(&self, table: &Table, rows: Option<&[usize]>) -> Result<Encoded> {
        if let Some(rows) = rows {
            check_rows(table, rows)?;
        }
        let sources = self.sources(table)?;
        let mut tallies = vec![Tally::default(); sources.len()];
        let mut matrix = Matrix::zeros(rows.map_or(table.n_rows, <[usize]>::len), self.width);
        for (t, tile) in matrix.values.chunks_mut(TILE * self.width).enumerate() {
            let pick = |i: usize| rows.map_or(t * TILE + i, |rows| rows[t * TILE + i]);
            for (((column, source), block), tally) in sources.iter().zip(&self.blocks).zip(&mut tallies) {
                column.encode(source, pick, block, self.width, tile, tally);
            }
            if let Some(cut) = self.config.cut {
                for block in self.blocks.iter().filter(|block| block.kind == BlockKind::Number) {
                    tile.iter_mut()
                        .skip(block.start)
                        .step_by(self.width)
                        .for_each(|v| *v = v.clamp(-cut, cut));
                }
            }
        }
        let unfamiliar = self.blocks.iter().zip(tallies).filter(|(_, t)| t.unseen + t.missing > 0);
        let unfamiliar = unfamiliar.map(|(block, tally)| Unfamiliar {
            column: block.column.clone(),
            unseen: tally.unseen,
            first_unseen: tally.first_unseen,
            missing: tally.missing,
        });
        Ok(Encoded { unfamiliar: unfamiliar.collect(), matrix })
    }

    /// The table that `matrix` (any rows x [`Codec::width`]) stands for, in the schema's order.
    ///
    /// Numbers are clamped to the training range (unless configured otherwise) and rounded: integers to whole
    /// numbers, reals to the decimals of the source, times to the step of the training rows. A category is its
    /// largest entry, a flag is yes above 0.5. A cell is missing where its indicator is above 0.5, a category also
    /// where all entries are exactly 0. Constants are written back; identifiers and dropped columns are omitted.
    ///
    /// # Errors
    /// [`CodecError::Width`] and [`CodecError::NotFinite`].
    pub fn decode(&self, matrix: &Matrix) -> Result<Table> {
        if matrix.n_cols != self.width {
            return Err(CodecError::Width { found: matrix.n_cols, expected: self.width }.into());
        }
        if let Some(at) = matrix.values.iter().position(|v| !v.is_finite()) {
            let column = self.column_names().swap_remove(at % self.width);
            return Err(
                CodecError::NotFinite { row: at / self.width + 1, column, value: matrix.values[at] }.into()
            );
        }
        let kept =
            self.columns.iter().filter_map(|c| c.start_decoding(matrix.n_rows).map(|cells| (c, cells)));
        let mut decoded: Vec<_> = kept.collect();
        for tile in matrix.values.chunks(TILE * self.width) {
            let encoded = decoded.iter_mut().filter(|(column, _)| column.left_out().is_none());
            for ((column, cells), block) in encoded.zip(&self.blocks) {
                column.decode(block, self.width, tile, self.config.clamp, cells);
            }
        }
        let columns = decoded.into_iter().map(|(code, cells)| Column { name: code.name.clone(), cells });
        Ok(Table { columns: columns.collect(), n_rows: matrix.n_rows })
    }

    /// The layout of the encoded matrix, from left to right without gaps.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Columns of the encoded matrix, at least one.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The configuration it was fitted with.
    pub fn config(&self) -> &CodecConfig {
        &self.config
    }

    /// Names of the encoded columns: `age`, `workclass=Private`, and `age (missing)` for indicators.
    pub fn column_names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.width);
        for column in self.columns.iter().filter(|column| column.left_out().is_none()) {
            match &column.code {
                Code::Category { levels } => {
                    names.extend(levels.iter().map(|level| format!("{}={level}", column.name)));
                }
                _ => names.push(column.name.clone()),
            }
            if column.indicator {
                names.push(format!("{} (missing)", column.name));
            }
        }
        names
    }

    /// The levels of a categorical column in the order of its block, those of the training rows; of a flag, no and yes.
    pub fn levels(&self, column: &str) -> Option<&[String]> {
        self.columns.iter().find(|c| c.name == column).and_then(|c| match &c.code {
            Code::Category { levels } => Some(levels.as_slice()),
            Code::Flag { levels, .. } => Some(levels.as_slice()),
            _ => None,
        })
    }

    /// Columns of the schema that are not in the matrix, with the reason.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, LeftOut)> {
        self.columns.iter().filter_map(|column| Some((column.name.as_str(), column.left_out()?)))
    }

    fn sources<'a>(&'a self, table: &'a Table) -> Result<Vec<(&'a ColumnCode, Source<'a>)>> {
        let mut sources = Vec::with_capacity(self.blocks.len());
        let mut problems = Vec::new();
        for column in self.columns.iter().filter(|column| column.left_out().is_none()) {
            match find(table, &column.name).and_then(|cells| column.source(cells)) {
                Ok(source) => sources.push((column, source)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(sources) } else { Err(CodecError::Columns(problems).into()) }
    }
}

/// What `codec.json` holds. The blocks are there for other programs; on reading they must agree with the columns.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    config: CodecConfig,
    columns: Vec<ColumnCode>,
    blocks: Vec<Block>,
}

impl From<Codec> for Stored {
    fn from(codec: Codec) -> Self {
        Self { format: FORMAT, config: codec.config, columns: codec.columns, blocks: codec.blocks }
    }
}

impl TryFrom<Stored> for Codec {
    type Error = CodecError;

    fn try_from(stored: Stored) -> Result<Self, CodecError> {
        let corrupt = |problem: String| Err(CodecError::Corrupt { problem });
        if stored.format != FORMAT {
            return corrupt(format!("format {} is unknown, this version reads {FORMAT}", stored.format));
        }
        if let Some(column) = stored.columns.iter().find(|column| !column.is_sound()) {
            return corrupt(format!("column `{}` has impossible figures", column.name));
        }
        let (blocks, width) = lay_out(&stored.columns);
        if blocks != stored.blocks || width == 0 {
            return corrupt("the blocks do not follow from the columns".to_owned());
        }
        Ok(Self { config: stored.config, columns: stored.columns, blocks, width })
    }
}

fn lay_out(columns: &[ColumnCode]) -> (Vec<Block>, usize) {
    let (mut blocks, mut width) = (Vec::new(), 0);
    for block in columns.iter().filter_map(|column| {
        let block = column.block(width)?;
        width += block.width + usize::from(block.missing_at.is_some());
        Some(block)
    }) {
        blocks.push(block);
    }
    (blocks, width)
}

fn check_rows(table: &Table, rows: &[usize]) -> Result<(), CodecError> {
    match rows.iter().find(|row| **row >= table.n_rows) {
        Some(&row) => Err(CodecError::RowOutOfRange { row, n_rows: table.n_rows }),
        None => Ok(()),
    }
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a Column, ColumnProblem> {
    let Some(column) = table.columns.iter().find(|column| column.name == name) else {
        return Err(ColumnProblem::Absent { column: name.to_owned() });
    };
    let found = match &column.cells {
        Cells::Number(cells) => cells.len(),
        Cells::Text { codes, .. } => codes.len(),
    };
    if found != table.n_rows {
        return Err(ColumnProblem::Length { column: name.to_owned(), found, expected: table.n_rows });
    }
    Ok(column)
}
