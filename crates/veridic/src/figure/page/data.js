// What the page was made with: a gzip of a JSON header and of little-endian arrays behind it.

const MISSING = { u8: 0xff, u16: 0xffff, u32: 0xffffffff };
const ARRAYS = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array, f64: Float64Array };

/** The header with every array in the place of its description, and columns that can tell their cells. */
async function readMap() {
  const text = document.getElementById("data").textContent;
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unpacked).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const map = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = Math.ceil((4 + length) / 8) * 8;
  const array = (of) => of && new ARRAYS[of.type](buffer, start + of.at, of.length);
  map.positions = array(map.positions);
  map.rows = array(map.rows);
  map.columns = map.columns.map((about) => new Column(about, array(about.cells)));
  if (map.images) {
    map.images.original = array(map.images.original);
    map.images.decoded = array(map.images.decoded);
  }
  if (map.neighbors) {
    map.neighbors.index = array(map.neighbors.index);
    map.neighbors.distance = array(map.neighbors.distance);
  }
  return map;
}

/** A column: categories are codes into levels, anything else numbers with NaN where a cell is missing. */
class Column {
  constructor(about, cells) {
    Object.assign(this, about);
    this.cells = cells;
    this.missing = this.levels ? MISSING[about.cells.type] : NaN;
    this.single = about.cells.type === "f32";
  }

  isMissing(i) {
    return this.levels ? this.cells[i] === this.missing : Number.isNaN(this.cells[i]);
  }

  /** The cell as the data writes it, empty where it is missing. */
  text(i) {
    if (this.isMissing(i)) return "";
    const cell = this.cells[i];
    if (this.levels) return this.levels[cell];
    if (this.kind === "date") return dateText(cell, this.hasTime);
    return this.number(cell);
  }

  number(value) {
    if (Number.isInteger(this.decimals)) return String(Number(value.toFixed(this.decimals)));
    return this.single ? shortest(value) : String(value);
  }

  /** The cell for people: no more digits than can be read. */
  brief(i) {
    const text = this.text(i);
    if (this.levels || this.kind === "date" || text.length <= 9) return text;
    return readable(this.cells[i]);
  }
}

/** The shortest text that is the same single-precision number again. */
function shortest(value) {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}

/** A number with four significant digits, whole numbers with all of theirs. */
function readable(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString("en-US");
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

function dateText(seconds, hasTime) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const text = date.toISOString();
  return hasTime ? text.slice(0, 19).replace("T", " ") : text.slice(0, 10);
}

/** A cell of a CSV file. */
function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Which rows a search finds, as a mask (null for an empty search), with what was not understood: `text`, `number`,
 * `name = text`, `name != text`, `name > 5`, `#row`, and several of these joined by ` & `.
 */
function search(map, query) {
  const text = query.trim();
  if (!text) return { found: null, problem: "" };
  const terms = text.split(/\s+&+\s+/);
  const parts = terms.map((term) => searchTerm(map, term));
  // A text may have an `&` of its own.
  if (terms.length > 1 && parts.some((part) => part.isText)) {
    const whole = searchTerm(map, text);
    if (whole.found.includes(1)) return whole;
  }
  const found = parts[0].found;
  for (const part of parts.slice(1)) for (let i = 0; i < found.length; i++) found[i] &= part.found[i];
  return { found, problem: parts.map((part) => part.problem).find(Boolean) ?? "" };
}

const RELATION = /^(.+?)\s*(!=|<>|≠|=|<=|>=|≤|≥|<|>|:)\s*(.*)$/;
const SAME_RELATION = { "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">=" };

function searchTerm(map, text) {
  const found = new Uint8Array(map.n);
  if (/^#\d+$/.test(text)) {
    const row = Number(text.slice(1));
    const at = map.rows ? map.rows.indexOf(row) : row - 1;
    const isThere = at >= 0 && at < map.n;
    if (isThere) found[at] = 1;
    return { found, problem: isThere ? "" : `there is no row ${row} on this map` };
  }
  const parts = RELATION.exec(text.replace("==", "="));
  const column = parts && map.columns.find((one) => one.name.toLowerCase() === parts[1].trim().toLowerCase());
  if (column) {
    const problem = mark(column, SAME_RELATION[parts[2]] ?? parts[2], parts[3].trim(), found);
    return { found, problem };
  }
  for (const one of map.columns) mark(one, ":", text, found);
  const isRelation = parts && parts[2] !== ":" && !found.includes(1);
  return { found, problem: isRelation ? `there is no column ${parts[1].trim()}` : "", isText: true };
}

/** Marks the rows whose cell stands in `relation` to `wanted`; `:` is "contains", or "is" for numbers. Tells what is wrong. */
function mark(column, relation, wanted, found) {
  const { cells, levels } = column;
  const lower = wanted.toLowerCase();
  if (relation === "!=") {
    const problem = mark(column, "=", wanted, found);
    // A missing cell is not known to be another.
    for (let i = 0; i < cells.length; i++) found[i] = !problem && !found[i] && !column.isMissing(i) ? 1 : 0;
    return problem;
  }
  if (levels && (relation === ":" || relation === "=")) {
    const fits = levels.map((level) => {
      const text = level.toLowerCase();
      return relation === "=" ? text === lower : text.includes(lower);
    });
    for (let i = 0; i < cells.length; i++) if (fits[cells[i]]) found[i] = 1;
    return "";
  }
  if (column.kind === "date" && (relation === ":" || relation === "=")) {
    for (let i = 0; i < cells.length; i++) if (wanted && column.text(i).startsWith(wanted)) found[i] = 1;
    return "";
  }
  const is = column.kind === "date" ? Date.parse(`${wanted}Z`) / 1000 || Date.parse(wanted) / 1000 : Number(wanted);
  const bound = column.single ? Math.fround(is) : is;
  if (wanted === "") return `there is nothing after ${column.name} ${relation}`;
  if (Number.isNaN(bound)) return `${wanted} is no ${column.kind === "date" ? "date" : "number"}`;
  const value = levels ? levels.map((level) => (level.trim() === "" ? NaN : Number(level))) : null;
  if (value && value.every(Number.isNaN)) return `${column.name} holds texts, which are not ${relation} a number`;
  for (let i = 0; i < cells.length; i++) {
    const cell = value ? value[cells[i]] : cells[i];
    const hit = relation === "<" ? cell < bound : relation === ">" ? cell > bound
      : relation === "<=" ? cell <= bound : relation === ">=" ? cell >= bound : cell === bound;
    if (hit) found[i] = 1;
  }
  return "";
}
