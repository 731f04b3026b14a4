// One item, large and clear.

import { brief, count, hue, make } from "./element.js";
import { post } from "./server.js";

const WHY = {
  unsure: "the model is unsure here",
  likely: "likely of the rare class",
  unusual: "unusual values",
  typical: "stands for many others",
  random: "by chance",
  again: "seen before",
  chosen: "you chose it",
};

// Pictures of rows by number: fetched and decoded once. The server lets nothing be kept, so they are kept here.
const pictures = new Map();
const MOST = 300;

function picture(id) {
  let one = pictures.get(id);
  if (one) {
    // Used last, given up last.
    pictures.delete(id);
    pictures.set(id, one);
    return one;
  }
  one = { image: new Image(), url: null, waiting: [] };
  one.image.alt = `Image of row ${id + 1}`;
  pictures.set(id, one);
  load(id, one).catch(() => pictures.delete(id));
  if (pictures.size > MOST) {
    const [oldest, { url }] = pictures.entries().next().value;
    pictures.delete(oldest);
    if (url) URL.revokeObjectURL(url);
  }
  return one;
}

async function load(id, one) {
  const answer = await fetch(`/api/image/${id}`);
  if (!answer.ok) throw new Error("no image");
  one.url = URL.createObjectURL(await answer.blob());
  [one.image, ...one.waiting].forEach((image) => (image.src = one.url));
  one.waiting = [];
  await one.image.decode();
}

// Cells of rows beside the item by number: asked for once, many at a time, when nothing is waited for. What waits for them is told.
const texts = new Map(), waiting = new Map();
let asking = null;

function keep(id, cells) {
  texts.delete(id);
  texts.set(id, cells);
  if (texts.size > MOST) texts.delete(texts.keys().next().value);
  waiting.get(id)?.forEach((fill) => fill(cells));
  waiting.delete(id);
}

function want(id, fill = () => {}) {
  if (texts.has(id)) return fill(texts.get(id));
  waiting.set(id, [...(waiting.get(id) ?? []), fill]);
  asking ??= setTimeout(async () => {
    const ids = [...waiting.keys()].slice(0, 64);
    await post("/api/cells", { ids }).then(({ rows }) => rows.forEach(([id, cells]) => keep(id, cells)), () => ids.forEach((id) => waiting.delete(id)));
    asking = null;
    if (waiting.size) want(waiting.keys().next().value);
  }, 20);
}

// Gets what painting the item needs before it is its turn.
export function preload(about, item) {
  if (about.kind === "images") return void picture(item.id);
  keep(item.id, item.cells);
  item.near.forEach(([id]) => want(id));
}

// An element is in one place at a time, and the same picture may be asked for in several.
function copy(id) {
  const one = picture(id);
  const image = new Image();
  image.alt = `Image of row ${id + 1}`;
  image.decoding = "sync";
  if (one.url) image.src = one.url;
  else one.waiting.push(image);
  return image;
}

export function draw(about, item) {
  const head = make(
    "p",
    { class: "head" },
    make("strong", {}, `Row ${count(item.id + 1)}`),
    make("span", {}, WHY[item.why] ?? ""),
    item.score === null ? null : make("span", {}, `score ${item.score.toPrecision(3)}`),
  );
  const comments = item.comments.map((text) => make("p", { class: "remark" }, text));
  const body = about.kind === "images" ? drawImage(about, item) : drawRow(about, item);
  return make("article", { class: about.kind, "aria-label": `Row ${item.id + 1}` }, head, body, comments);
}

function drawImage(about, item) {
  const { image } = picture(item.id);
  const [height, width] = about.size;
  image.decoding = "sync";
  image.classList.toggle("pixels", Math.max(height, width) < 200);
  image.style.aspectRatio = `${width} / ${height}`;
  return make("div", { class: "picture" }, image);
}

// Columns that are the steps of a series, `close_1`, `close_2`, … or `1`, `2`, …: so many that follow each other.
const STEPS = 16;
let known = null;
export function seriesOf(about) {
  if (known?.columns === about.columns) return known.found;
  const found = [];
  let run = null;
  about.columns.forEach((name, i) => {
    const [, prefix = "", step] = /^(.*_)?(\d+)$/.exec(name) ?? [];
    const follows = step !== undefined && run && run.prefix === prefix && Number(step) === run.last + 1;
    if (follows) (run.last += 1), run.columns.push(i);
    else if (step !== undefined) found.push((run = { prefix, last: Number(step), columns: [i] }));
  });
  // Channels side by side, step by step: `open_1`, `close_1`, `open_2`, …
  const byPrefix = new Map();
  for (const one of found) byPrefix.set(one.prefix, [...(byPrefix.get(one.prefix) ?? []), ...one.columns]);
  const all = [...byPrefix].filter(([, columns]) => columns.length >= STEPS).map(([prefix, columns]) => ({ name: prefix.replace(/_$/, "") || "value", columns }));
  known = { columns: about.columns, found: all };
  return all;
}

function drawing(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// A series as a line as wide as there is room, with its lowest and highest value; steps that are marked as unusual have a dot.
function plot({ name, columns }, item, height) {
  const values = columns.map((i) => (item.cells[i] === null ? NaN : Number(item.cells[i])));
  const there = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const words = there.length ? `${values.length} steps, ${brief(String(low))} to ${brief(String(high))}` : `${values.length} steps, all missing`;
  const at = (i) => `${((1 + (98 * i) / Math.max(1, values.length - 1))).toFixed(2)} ${(94 - 88 * ((values[i] - low) / (high - low || 1))).toFixed(2)}`;
  const line = values.map((v, i) => (Number.isFinite(v) ? `${Number.isFinite(values[i - 1]) ? "L" : "M"}${at(i)}` : "")).join("");
  const marked = new Set(item.marks.map(([column]) => column));
  const dots = columns.map((column, i) => (marked.has(column) && Number.isFinite(values[i]) ? `M${at(i)}h0` : "")).join("");
  const picture = drawing("svg", { class: "plot", viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: ${words}` });
  picture.style.setProperty("height", `${height}px`);
  picture.append(drawing("path", { d: line }), drawing("path", { d: dots, class: "marks" }));
  return make("figure", { class: "series" }, make("figcaption", {}, make("b", {}, name), make("span", {}, words)), picture);
}

function drawRow(about, item) {
  const marks = new Map(item.marks.map(([column, level, why]) => [column, [level, why]]));
  const series = seriesOf(about), steps = new Set(series.flatMap(({ columns }) => columns));
  const rows = [...about.columns.keys()].filter((i) => !steps.has(i)).map((i) => {
    const name = about.columns[i];
    const [level, why] = marks.get(i) ?? [0, ""];
    const cell = item.cells[i];
    const value = cell === null ? make("span", { class: "missing" }, "missing") : brief(cell);
    const place = item.places[i];
    return make(
      "div",
      { class: `cell level-${level}`, title: `${name}: ${cell ?? "missing"}${why ? `, ${why}` : ""}` },
      make("dt", {}, name),
      make("dd", {}, value, why ? make("span", { class: "hidden" }, ` (${why})`) : null),
      place === null ? make("span", { class: "strip none" }) : strip(place),
    );
  });
  const unusual = item.marks.map(([column, level, why]) =>
    make(
      "li",
      { class: `level-${level}` },
      make("b", {}, about.columns[column]),
      " ",
      brief(item.cells[column] ?? "missing"),
      make("span", {}, why),
    ),
  );
  return [
    ...series.map((one) => plot(one, item, series.length > 2 ? 90 : 170)),
    unusual.length ? make("ul", { class: "unusual", "aria-label": "Unusual values" }, unusual) : null,
    make("dl", { class: "cells" }, rows),
  ];
}

// Where a value lies in its column: left is the lowest, right the highest of all rows.
function strip(place) {
  return make(
    "span",
    { class: "strip", "aria-hidden": "true", title: `above ${Math.round(place * 100)} % of rows` },
    make("i", { style: { left: `${place * 100}%` } }),
  );
}

// A row in a few words or as a small picture: in lists beside the item and in batches.
export function small(about, item) {
  if (about.kind === "images") {
    const image = copy(item.id);
    image.classList.toggle("pixels", Math.max(...about.size) < 200);
    return image;
  }
  const [series] = seriesOf(about);
  if (series) return plot(series, item, 110);
  return told(about, item, 5);
}

// Some cells of a row: those that are marked first.
function told(about, item, most) {
  const marked = item.marks.slice(0, 3).map(([column]) => column);
  const columns = [...marked, ...about.columns.keys()].filter((column, i, all) => all.indexOf(column) === i).slice(0, most);
  return make(
    "span",
    { class: "brief" },
    columns.map((column) => make("span", {}, make("b", {}, about.columns[column]), ` ${brief(item.cells[column] ?? "–")}`)),
  );
}

// A class as a colored name.
export function badge(name, i) {
  return make("span", { class: "badge", style: { "--hue": hue(i) } }, name);
}

// What a row is that stands beside the item: a small picture, a small plot of its series, or some of its cells. Those that are
// marked in `item` come first, so that both can be compared.
export function thumbnail(about, id, item = null) {
  if (about.kind === "images") {
    const image = copy(id);
    image.classList.toggle("pixels", Math.max(...about.size) < 200);
    return image;
  }
  const place = make("span", { class: "small" });
  want(id, (cells) => {
    if (!cells.length) return;
    const [series] = seriesOf(about);
    const row = { id, cells, marks: item && !series ? item.marks : [] };
    // In the list of decisions there is room for values alone.
    const values = () => make("span", { class: "brief", title: cells.slice(0, 8).map((cell, i) => `${about.columns[i]} ${cell ?? "–"}`).join(", ") }, cells.slice(0, 4).map((cell) => brief(cell ?? "–")).join(" · "));
    place.replaceChildren(series ? plot(series, row, item ? 56 : 26).lastChild : item ? told(about, row, 4) : values());
  });
  return place;
}
