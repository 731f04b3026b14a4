// How far made rows are from real ones, in one column and in two together.

const BINS = 24;
const LEVELS = 12;
// Bins of each of two columns, of about equally many real rows each.
const JOINT = 5;

const there = (values) => values.filter((v) => v !== null);

// Shares of both sides in bins that fit both, and half the sum of their differences.
export function shares(real, made) {
  const all = [real, made].filter(Boolean);
  let place, n, names, low = null, high = null;
  if (real.levels) {
    names = [...real.levels.slice(0, LEVELS)];
    const other = real.levels.length > LEVELS || made?.levels.some((level) => !real.levels.includes(level));
    n = names.length + (other ? 1 : 0);
    const at = new Map(names.map((level, i) => [level, i]));
    place = (column) => (v) => at.get(column.levels[v]) ?? n - 1;
    if (other) names.push("others");
  } else {
    const values = all.flatMap((column) => there(column.values)).sort((a, b) => a - b);
    [low, high] = [values[Math.floor(values.length * 0.005)] ?? 0, values[Math.ceil(values.length * 0.995) - 1] ?? 1];
    n = BINS;
    place = () => (v) => Math.max(0, Math.min(BINS - 1, Math.floor(((v - low) / (high - low || 1)) * BINS)));
    names = null;
  }
  const of = (column) => {
    const counts = new Array(n).fill(0), at = place(column);
    for (const v of column.values) if (v !== null) counts[at(v)] += 1 / column.values.length;
    return counts;
  };
  const [one, other] = [of(real), made && of(made)];
  return { one, other, names, low, high, distance: other ? apart(one, other) : null };
}

const apart = (one, other) => one.reduce((sum, v, i) => sum + Math.abs(v - other[i]), 0) / 2;

// A column's values as few numbers of bins, of real and made rows alike; what is missing is a bin too.
function binned(real, made) {
  let place;
  if (real.levels) {
    const at = new Map(real.levels.slice(0, JOINT - 1).map((level, i) => [level, i]));
    place = (column) => (v) => at.get(column.levels[v]) ?? JOINT - 1;
  } else {
    const sorted = there(real.values).sort((a, b) => a - b);
    const edges = [...new Set(Array.from({ length: JOINT - 1 }, (_, i) => sorted[Math.floor(((i + 1) / JOINT) * sorted.length)]))];
    place = () => (v) => edges.filter((edge) => v >= edge).length;
  }
  const of = (column) => {
    const at = place(column);
    return column.values.map((v) => (v === null ? JOINT : at(v)));
  };
  return { real: of(real), made: of(made) };
}

// Pairs of columns by how much of the made rows would have to move for both together to be as in the real ones, the worst
// first. Beside it what one half of the real rows is from the other half.
export function pairs(columns, most) {
  const chosen = columns.filter(({ made }) => made).slice(0, most);
  const bins = chosen.map(({ real, made }) => binned(real, made));
  const side = JOINT + 1;
  // Of every row, or of every other one: rows that follow each other may be alike.
  const counts = (a, b, from = 0, by = 1) => {
    const cells = new Array(side * side).fill(0), n = Math.ceil((a.length - from) / by);
    for (let i = from; i < a.length; i += by) cells[a[i] * side + b[i]] += 1 / n;
    return cells;
  };
  const found = [];
  for (let i = 0; i < chosen.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [bins[j], bins[i]];
      if (a.real.length < 2 || a.made.length === 0) continue;
      const distance = apart(counts(a.real, b.real), counts(a.made, b.made));
      // Halves differ by more than wholes would, by the root of two.
      const floor = apart(counts(a.real, b.real, 0, 2), counts(a.real, b.real, 1, 2)) / Math.SQRT2;
      found.push({ names: [chosen[j].real.name, chosen[i].real.name], distance, floor });
    }
  }
  // Chance alone sets rows apart, the more the more bins they fill.
  return found.sort((a, b) => b.distance - b.floor - (a.distance - a.floor));
}
