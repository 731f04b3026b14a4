// One item, large and clear.

import { brief, hue, make } from "./element.js";

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

// Gets what painting the item needs before it is its turn.
export function preload(about, item) {
  if (about.kind === "images") picture(item.id);
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
    make("strong", {}, `Row ${(item.id + 1).toLocaleString("en-US")}`),
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

// A series as a line, with its lowest and highest value; steps that are marked as unusual have a dot.
function plot({ name, columns }, item, height) {
  const values = columns.map((i) => (item.cells[i] === null ? NaN : Number(item.cells[i])));
  const there = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const words = `${values.length} steps, ${brief(String(low))} to ${brief(String(high))}`;
  const canvas = make("canvas", { class: "plot", width: 1200, height: 2 * height, role: "img", "aria-label": `${name}: ${words}` });
  const c = canvas.getContext("2d");
  c.scale(2, 2);
  const X = (i) => 6 + (i / Math.max(1, values.length - 1)) * 588;
  const Y = (v) => height - 8 - ((v - low) / (high - low || 1)) * (height - 16);
  const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  c.strokeStyle = tone("--accent");
  c.lineWidth = 1.8;
  c.beginPath();
  values.forEach((v, i) => Number.isFinite(v) && c[Number.isFinite(values[i - 1]) ? "lineTo" : "moveTo"](X(i), Y(v)));
  c.stroke();
  const marked = new Set(item.marks.map(([column]) => column));
  c.strokeStyle = tone("--bad");
  columns.forEach((column, i) => marked.has(column) && Number.isFinite(values[i]) && (c.beginPath(), c.arc(X(i), Y(values[i]), 4, 0, 7), c.stroke()));
  return make("figure", { class: "series" }, make("figcaption", {}, make("b", {}, name), make("span", {}, words)), canvas);
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
  if (series) return plot(series, item, 120);
  const told = item.marks.slice(0, 3).map(([column]) => column);
  const columns = [...told, ...about.columns.keys()].filter((column, i, all) => all.indexOf(column) === i).slice(0, 5);
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

export function thumbnail(about, id) {
  if (about.kind !== "images") return null;
  const image = copy(id);
  image.classList.toggle("pixels", Math.max(...about.size) < 200);
  return image;
}
