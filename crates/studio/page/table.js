// A table beside what was made of it: each column, any pair, and rows with their scores and reasons.

import { resolved, ticks } from "./curve.js";
import { pairs, shares } from "./distance.js";
import { make } from "./element.js";
import { post } from "./server.js";
import { runAddress } from "./shelf.js";
import { moment, moments } from "./time.js";
import { number, saveTable } from "./words.js";

// Columns that are drawn at first, that pairs are looked for among, pairs that are listed, columns and rows of the list of rows.
const CARDS = 60;
const PAIRED = 60;
const PAIRS = 12;
const WIDE = 16;
const ROWS = 60;
const HEIGHT = 112;
const FOOT = 18;

const text = (column, v) => (column.kind === "date-time" ? moment(v) : number(v));

function context(canvas, height) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth || 220;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  c.font = "11px system-ui, sans-serif";
  return [c, width];
}

// Round places of a column and what stands there.
function places(column, low, high, most) {
  if (column.kind === "date-time") return moments(low, high, most);
  return ticks(low, high, most).map((at) => [at, number(at)]);
}

// Words as wide as there is room.
function fitted(c, words, width) {
  if (c.measureText(words).width <= width) return words;
  let cut = words;
  while (cut.length > 1 && c.measureText(`${cut}…`).width > width) cut = cut.slice(0, -1);
  return `${cut}…`;
}

export async function table(place, name, _, shell) {
  const heading = make("h1", {}, make("a", { href: runAddress(name) }, name), " · table");
  place.append(heading, make("p", { class: "soft" }, "reading rows and making as many …"));
  const answer = await post("/api/table", { run: name });
  if (!shell.isOpen()) return null;
  document.title = `${name}, table · Studio`;
  const made = new Map((answer.made ?? []).map((column) => [column.name, column]));
  const compared = answer.real.filter((real) => !real.names);
  const columns = compared.map((real) => ({ real, made: made.get(real.name), ...shares(real, made.get(real.name)) }));
  columns.sort((a, b) => (b.distance ?? -1) - (a.distance ?? -1));
  const find = (one) => answer.real.find((column) => column.name === one);
  let shown = CARDS;
  const cards = make("div", { class: "smalls", style: { margin: "10px 0 20px" } });
  const more = make("button", { type: "button", onclick: () => ((shown *= 4), drawCards()) });
  const options = () => compared.map((column) => make("option", { value: column.name }, column.name));
  const across = make("select", { "aria-label": "To the right", onchange: () => drawPair() }, options()), up = make("select", { "aria-label": "Upwards", onchange: () => drawPair() }, options());
  up.selectedIndex = Math.min(1, compared.length - 1);
  const sides = ["real", "made"].map((side) => make("canvas", { role: "img", "aria-label": `${side} rows`, style: { width: "100%" } }));
  const worst = make("div", { class: "row", style: { margin: "6px 0" } });
  const rows = make("div", {});
  place.replaceChildren(heading,
    make("p", { class: "soft" }, `${number(answer.rows)} of ${number(answer.of)} ${answer.part} rows${answer.made ? ` beside ${number(answer.rows)} made ones; columns that differ most come first. Half of the rows against the other half would differ a little too.` : "; this model makes no rows"}`),
    make("p", {}, make("i", { class: "swatch", style: { "--c": "var(--real)" } }), "real ", answer.made && [make("i", { class: "swatch", style: { "--c": "var(--made)" } }), "made"]),
    cards,
    compared.length > 1 && make("div", { class: "row" }, make("h2", { style: { margin: 0 } }, "A pair"), across, up, make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV")),
    worst,
    compared.length > 1 && make("div", { class: "pairs", style: { margin: "8px 0 20px" } }, sides.slice(0, answer.made ? 2 : 1)),
    rows);

  // Pictures that are far below are drawn when they come near.
  const near = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => isIntersecting && (near.unobserve(target), target.show())), { rootMargin: "300px" });

  function drawCards() {
    near.disconnect();
    cards.replaceChildren(...columns.slice(0, shown).map((column) => {
      const canvas = make("canvas", { role: "img", "aria-label": `${column.real.name}: real and made`, style: { height: `${HEIGHT}px` } });
      canvas.show = () => drawCard(canvas, column);
      near.observe(canvas);
      return make("button", { type: "button", title: column.real.name, onclick: () => pick(column.real.name) }, make("b", {}, column.real.name), column.distance !== null && make("span", { class: "soft" }, ` ${Math.round(column.distance * 100)} % apart`), canvas);
    }), ...(columns.length > shown ? [more] : []));
    more.textContent = `More of ${number(columns.length)} columns`;
  }

  function drawCard(canvas, { real, one, other, names, low, high }) {
    const [c, width] = context(canvas, HEIGHT);
    const floor = HEIGHT - FOOT, most = Math.max(...one, ...(other ?? []), 1e-9), n = one.length, w = width / n;
    const y = (v) => floor - (v / most) * (floor - 6);
    c.fillStyle = resolved("var(--real)");
    c.globalAlpha = 0.45;
    one.forEach((v, i) => c.fillRect(i * w + 1, y(v), Math.max(1, w - 2), floor - y(v)));
    c.globalAlpha = 1;
    c.fillStyle = resolved("var(--soft)");
    c.textAlign = "center";
    if (names) names.forEach((level, i) => w > 22 && c.fillText(fitted(c, level, w - 4), (i + 0.5) * w, HEIGHT - 5));
    else for (const [at, words] of places(real, low, high, real.kind === "date-time" ? 5 : 3)) {
      const half = c.measureText(words).width / 2;
      c.fillText(words, Math.max(half, Math.min(width - half, ((at - low) / (high - low || 1)) * width)), HEIGHT - 5);
    }
    if (!other) return;
    c.strokeStyle = resolved("var(--made)");
    c.lineWidth = 2;
    c.beginPath();
    other.forEach((v, i) => (c.moveTo(i * w, y(v)), c.lineTo((i + 1) * w, y(v))));
    c.stroke();
  }

  function drawPair() {
    const left = 64, top = 8, bottom = 26, height = 320;
    const ranges = [across.value, up.value].map((one) => {
      const column = find(one);
      if (!column) return null;
      if (column.levels) return { column, low: -0.5, high: Math.max(0.5, column.levels.length - 0.5) };
      // What is made may lie outside of what is real.
      const values = [column, made.get(one)].filter(Boolean).flatMap((of) => of.values.filter((v) => v !== null));
      return values.length ? { column, low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) } : { column, low: 0, high: 1 };
    });
    if (ranges.includes(null)) return;
    sides.forEach((canvas, s) => {
      if (s === 1 && !answer.made) return;
      const [c, width] = context(canvas, height);
      const [w, h] = [width - left - 10, height - top - bottom];
      const of = (one) => (s === 0 ? find(one) : made.get(one));
      const [x, y] = [of(across.value), of(up.value)];
      c.strokeStyle = resolved("var(--grid)");
      const rule = (a, b, p, q) => (c.beginPath(), c.moveTo(a, b), c.lineTo(p, q), c.stroke());
      const marks = ({ column, low, high }, most) => (column.levels ? column.levels.map((level, i) => [i, level]).filter((_, i) => i % Math.ceil(column.levels.length / most) === 0) : places(column, low, high, most)).map(([at, words]) => [(at - low) / (high - low || 1), words]);
      const [ax, ay] = [marks(ranges[0], Math.max(2, w / 90)), marks(ranges[1], 6)];
      c.fillStyle = resolved("var(--soft)");
      for (const [share, words] of ax) {
        rule(left + share * w, top, left + share * w, top + h);
        c.textAlign = "center";
        c.fillText(fitted(c, words, Math.max(30, w / ax.length)), left + share * w, height - 9);
      }
      for (const [share, words] of ay) {
        rule(left, top + h - share * h, left + w, top + h - share * h);
        c.textAlign = "right";
        c.fillText(fitted(c, words, left - 8), left - 5, top + h - share * h + 4);
      }
      c.fillStyle = resolved(s === 0 ? "var(--real)" : "var(--made)");
      c.textAlign = "right";
      c.fillText(s === 0 ? "real" : "made", width - 12, top + 10);
      if (!x || !y) return;
      c.globalAlpha = 0.4;
      const at = (column, i, { column: real, low, high }) => {
        let v = column.values[i];
        if (v === null) return null;
        if (real.levels) {
          const place = real.levels.indexOf(column.levels[v]);
          if (place < 0) return null;
          // Levels are spread a little, the same way each time.
          v = place + (((i * 0.618) % 1) - 0.5) * 0.6;
        }
        return (v - low) / (high - low || 1);
      };
      for (let i = 0; i < x.values.length; i++) {
        const [p, q] = [at(x, i, ranges[0]), at(y, i, ranges[1])];
        if (p === null || q === null) continue;
        c.beginPath();
        c.arc(left + p * w, top + h - q * h, 2, 0, 7);
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

  let listed = [], pairAt = -1;
  function drawWorst() {
    if (!answer.made || columns.length < 2) return;
    listed = pairs(columns, PAIRED).slice(0, PAIRS);
    worst.replaceChildren(make("span", { class: "soft" }, `Pairs by how much more they differ than halves of the real rows (in brackets)${columns.length > PAIRED ? ` among the ${PAIRED} columns that do` : ""}:`),
      ...listed.map(({ names: [a, b], distance, floor }, i) => make("button", { type: "button", class: "quiet", title: `${Math.round(distance * 100)} % of the rows would have to move; half of the real rows are ${Math.round(floor * 100)} % from the other half`, onclick: () => showPair(i) }, `${a} × ${b}`, make("span", { class: "soft" }, `${Math.round(distance * 100)} % (${Math.round(floor * 100)} %)`))));
    if (listed.length) showPair(0);
  }

  function showPair(i) {
    pairAt = i;
    [across.value, up.value] = listed[i].names;
    drawPair();
  }

  const cell = (column, i) => (column.values[i] === null ? null : column.levels ? column.levels[column.values[i]] : column.values[i]);
  const words = (column, i) => {
    const value = cell(column, i);
    return typeof value === "number" ? text(column, value) : (value ?? "–");
  };
  function drawRows() {
    const scored = answer.scored;
    if (!scored) return;
    const order = scored.scores.map((_, i) => i).sort((a, b) => scored.scores[b] - scored.scores[a]).slice(0, ROWS);
    // Of wide tables the columns that are given as reasons, and the first others.
    const named = new Set(order.flatMap((i) => (scored.reasons[i] ?? []).map(([column]) => column)));
    const kept = answer.real.length <= WIDE ? answer.real : [...answer.real.filter((column) => named.has(column.name)), ...answer.real.filter((column) => !named.has(column.name))].slice(0, WIDE);
    rows.replaceChildren(make("h2", {}, "Rows, the most unusual first"), kept.length < answer.real.length && make("p", { class: "soft" }, `${kept.length} of ${number(answer.real.length)} columns, those that reasons name first`) || "", make("div", { class: "scroll" }, make("table", { class: "list" },
      make("thead", {}, make("tr", {}, ["row", "score", "why", ...kept.map((column) => column.name)].map((text, i) => make("th", { class: i < 2 ? "n" : null }, make("span", { class: "plain" }, text))))),
      make("tbody", {}, order.map((i) => make("tr", {}, make("td", { class: "n" }, number(answer.numbers[i])), make("td", { class: "n" }, number(scored.scores[i])),
        make("td", { class: "reasons" }, (scored.reasons[i] ?? []).map(([column, adds, actual, expected]) => make("div", {}, make("b", {}, column), ` ${actual ?? "–"}, expected ${expected ?? "–"} (+${number(adds)})`))),
        kept.map((column) => make("td", {}, column.texts?.[i] ?? words(column, i)))))))));
  }

  function csv() {
    const side = (kind, list) => Array.from({ length: list[0]?.values.length ?? 0 }, (_, i) => [kind, ...list.map((column) => (column.kind === "date-time" ? words(column, i) : cell(column, i)))]);
    saveTable("rows.csv", [["side", ...answer.real.map((column) => column.name)], ...side("real", answer.real), ...(answer.made ? side("made", answer.made) : [])]);
  }

  const drawAll = () => (drawCards(), drawPair());
  drawCards();
  drawWorst();
  drawPair();
  drawRows();
  addEventListener("resize", drawAll);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", drawAll);
  const key = (event) => {
    if (event.key === "Escape") location.hash = runAddress(name);
    else if (["j", "k"].includes(event.key)) (across.selectedIndex = (across.selectedIndex + (event.key === "j" ? 1 : compared.length - 1)) % compared.length), drawPair();
    else if (["n", "p"].includes(event.key) && listed.length) showPair((pairAt + (event.key === "n" ? 1 : listed.length - 1)) % listed.length);
    else return false;
    return true;
  };
  const keys = [["j k", "The next column of the pair, the one before"], ["n p", "The next of the pairs that differ most, the one before"], ["esc", "The run"]];
  return { close: () => (near.disconnect(), removeEventListener("resize", drawAll), scheme.removeEventListener("change", drawAll)), key, keys };
}
