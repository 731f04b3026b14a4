// A table beside what was made of it: each column, any pair, and rows with their scores and reasons.

import { resolved } from "./curve.js";
import { make } from "./element.js";
import { post } from "./server.js";
import { runAddress } from "./shelf.js";
import { number, saveTable } from "./words.js";

const BINS = 24;
const LEVELS = 12;

// Shares of both sides in bins that fit both, and half the sum of their differences.
function shares(real, made) {
  const all = [real, made].filter(Boolean);
  let place, n, names;
  if (real.levels) {
    names = [...real.levels.slice(0, LEVELS)];
    const other = real.levels.length > LEVELS || made?.levels.some((level) => !real.levels.includes(level));
    n = names.length + (other ? 1 : 0);
    place = (column) => (v) => {
      const at = names.indexOf(column.levels[v]);
      return at < 0 ? n - 1 : at;
    };
    if (other) names.push("others");
  } else {
    const values = all.flatMap((column) => column.values.filter((v) => v !== null)).sort((a, b) => a - b);
    const [low, high] = [values[Math.floor(values.length * 0.005)] ?? 0, values[Math.ceil(values.length * 0.995) - 1] ?? 1];
    n = BINS;
    place = () => (v) => Math.max(0, Math.min(BINS - 1, Math.floor(((v - low) / (high - low || 1)) * BINS)));
    names = [low, high];
  }
  const of = (column) => {
    const counts = new Array(n).fill(0);
    for (const v of column.values) if (v !== null) counts[place(column)(v)] += 1 / column.values.length;
    return counts;
  };
  const [one, other] = [of(real), made && of(made)];
  const distance = other ? one.reduce((sum, v, i) => sum + Math.abs(v - other[i]), 0) / 2 : null;
  return { one, other, names, distance };
}

function context(canvas, height) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth || 220;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  return [c, width];
}

export async function table(place, name, _, shell) {
  const heading = make("h1", {}, make("a", { href: runAddress(name) }, name), " · table");
  place.append(heading, make("p", { class: "soft" }, "reading rows and making as many …"));
  const answer = await post("/api/table", { run: name });
  if (!shell.isOpen()) return null;
  document.title = `${name}, table · Studio`;
  const made = new Map((answer.made ?? []).map((column) => [column.name, column]));
  const columns = answer.real.map((real) => ({ real, made: made.get(real.name), ...shares(real, made.get(real.name)) }));
  columns.sort((a, b) => (b.distance ?? -1) - (a.distance ?? -1));
  const cards = columns.map((column) => {
    const canvas = make("canvas", { role: "img", "aria-label": `${column.real.name}: real and made` });
    const card = make("button", { type: "button", onclick: () => pick(column.real.name) }, make("b", {}, column.real.name), column.distance !== null && make("span", { class: "soft" }, ` ${Math.round(column.distance * 100)} % apart`), canvas, make("span", { class: "soft" }, column.real.levels ? column.names.slice(0, 3).join(", ") : `${number(column.names[0])} to ${number(column.names[1])}`));
    return { column, canvas, card };
  });
  const options = () => answer.real.map((column) => make("option", { value: column.name }, column.name));
  const across = make("select", { "aria-label": "To the right", onchange: () => drawPair() }, options()), up = make("select", { "aria-label": "Upwards", onchange: () => drawPair() }, options());
  up.selectedIndex = Math.min(1, answer.real.length - 1);
  const sides = ["real", "made"].map((side) => make("canvas", { role: "img", "aria-label": `${side} rows`, style: { width: "100%" } }));
  const rows = make("div", {});
  place.replaceChildren(heading,
    make("p", { class: "soft" }, `${number(answer.rows)} of ${number(answer.of)} ${answer.part} rows${answer.made ? ` beside ${number(answer.rows)} made ones; columns that differ most come first. Half of the rows against the other half would differ a little too.` : "; this model makes no rows"}`),
    make("p", {}, make("i", { class: "swatch", style: { "--c": "var(--real)" } }), "real ", answer.made && [make("i", { class: "swatch", style: { "--c": "var(--made)" } }), "made"]),
    make("div", { class: "smalls", style: { margin: "10px 0 20px" } }, cards.map(({ card }) => card)),
    make("div", { class: "row" }, make("h2", { style: { margin: 0 } }, "A pair"), across, up, make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV")),
    make("div", { class: "pairs", style: { margin: "8px 0 20px" } }, sides.slice(0, answer.made ? 2 : 1)),
    rows);

  function drawCards() {
    for (const { column, canvas } of cards) {
      const [c, width] = context(canvas, 92);
      const most = Math.max(...column.one, ...(column.other ?? []), 1e-9), n = column.one.length, w = width / n;
      c.fillStyle = resolved("var(--real)");
      c.globalAlpha = 0.45;
      column.one.forEach((v, i) => c.fillRect(i * w + 1, 90 - (v / most) * 84, Math.max(1, w - 2), (v / most) * 84));
      c.globalAlpha = 1;
      if (!column.other) continue;
      c.strokeStyle = resolved("var(--made)");
      c.lineWidth = 2;
      c.beginPath();
      column.other.forEach((v, i) => (c.moveTo(i * w, 90 - (v / most) * 84), c.lineTo((i + 1) * w, 90 - (v / most) * 84)));
      c.stroke();
    }
  }

  function drawPair() {
    const [a, b] = [across.value, up.value];
    const ranges = [a, b].map((one) => {
      const column = answer.real.find((column) => column.name === one);
      if (column.levels) return { column, low: -0.5, high: column.levels.length - 0.5 };
      const values = column.values.filter((v) => v !== null);
      return { column, low: Math.min(...values), high: Math.max(...values) };
    });
    sides.forEach((canvas, s) => {
      if (s === 1 && !answer.made) return;
      const [c, width] = context(canvas, 300);
      const find = (one) => (s === 0 ? answer.real : answer.made).find((column) => column.name === one);
      const [x, y] = [find(a), find(b)];
      if (!x || !y) return;
      c.fillStyle = resolved(s === 0 ? "var(--real)" : "var(--made)");
      c.globalAlpha = 0.4;
      const at = (column, i, { column: real, low, high }) => {
        let v = column.values[i];
        if (v === null) return null;
        // Levels are spread a little, the same way each time.
        if (real.levels) v = real.levels.indexOf(column.levels[v]) + (((i * 0.618) % 1) - 0.5) * 0.6;
        return (v - low) / (high - low || 1);
      };
      for (let i = 0; i < x.values.length; i++) {
        const [p, q] = [at(x, i, ranges[0]), at(y, i, ranges[1])];
        if (p === null || q === null) continue;
        c.beginPath();
        c.arc(6 + p * (width - 12), 294 - q * 288, 2, 0, 7);
        c.fill();
      }
      c.globalAlpha = 1;
    });
  }

  function pick(one) {
    if (across.value !== one) up.value = across.value;
    across.value = one;
    drawPair();
    across.scrollIntoView({ block: "center" });
  }

  const cell = (column, i) => (column.values[i] === null ? null : column.levels ? column.levels[column.values[i]] : column.values[i]);
  function drawRows() {
    const scored = answer.scored;
    if (!scored) return;
    const order = scored.scores.map((_, i) => i).sort((a, b) => scored.scores[b] - scored.scores[a]).slice(0, 60);
    rows.replaceChildren(make("h2", {}, "Rows, the most unusual first"), make("div", { class: "scroll" }, make("table", { class: "list" },
      make("thead", {}, make("tr", {}, ["row", "score", "why", ...answer.real.map((column) => column.name)].map((text, i) => make("th", { class: i < 2 ? "n" : null }, make("span", { class: "plain" }, text))))),
      make("tbody", {}, order.map((i) => make("tr", {}, make("td", { class: "n" }, i + 1), make("td", { class: "n" }, number(scored.scores[i])),
        make("td", { class: "reasons" }, (scored.reasons[i] ?? []).map(([column, adds, actual, expected]) => make("div", {}, make("b", {}, column), ` ${actual ?? "–"}, expected ${expected ?? "–"} (+${number(adds)})`))),
        answer.real.map((column) => make("td", {}, typeof cell(column, i) === "number" ? number(cell(column, i)) : (cell(column, i) ?? "–")))))))));
  }

  function csv() {
    const side = (kind, list) => Array.from({ length: list[0]?.values.length ?? 0 }, (_, i) => [kind, ...list.map((column) => cell(column, i))]);
    saveTable("rows.csv", [["side", ...answer.real.map((column) => column.name)], ...side("real", answer.real), ...(answer.made ? side("made", answer.made) : [])]);
  }

  const drawAll = () => (drawCards(), drawPair());
  drawAll();
  drawRows();
  addEventListener("resize", drawAll);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", drawAll);
  const key = (event) => {
    if (event.key === "Escape") location.hash = runAddress(name);
    else if (["j", "k"].includes(event.key)) (across.selectedIndex = (across.selectedIndex + (event.key === "j" ? 1 : answer.real.length - 1)) % answer.real.length), drawPair();
    else return false;
    return true;
  };
  return { close: () => (removeEventListener("resize", drawAll), scheme.removeEventListener("change", drawAll)), key, keys: [["j k", "The next column of the pair"], ["esc", "The run"]] };
}
