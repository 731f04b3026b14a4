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

function drawRow(about, item) {
  const marks = new Map(item.marks.map(([column, level, why]) => [column, [level, why]]));
  const rows = about.columns.map((name, i) => {
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
