// The latent space of a run by hand: sliders, the rows' places, paths and draws, decoded as they move.

import { Curve, TONES, color, resolved } from "./curve.js";
import { make } from "./element.js";
import { post } from "./server.js";
import { runAddress } from "./shelf.js";
import { selection } from "./selection.js";
import { number, saveTable } from "./words.js";

const MOST_SLIDERS = 64;

// An image of bytes, channels last, on a canvas.
function picture(canvas, pixels, [height, width, channels], at = 0) {
  canvas.width = width;
  canvas.height = height;
  const c = canvas.getContext("2d"), image = c.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = pixels[at * width * height * channels + i * channels + (channels === 3 ? k : 0)];
    image.data[4 * i + 3] = 255;
  }
  c.putImageData(image, 0, 0);
}

export async function latent(place, name, _, shell) {
  place.append(make("h1", {}, make("a", { href: runAddress(name) }, name), " · latent space"), make("p", { class: "soft" }, "opening the model …"));
  const space = await post("/api/space", { run: name });
  if (!shell.isOpen()) return null;
  document.title = `${name}, latent space · Studio`;
  const { latent: width, mean, deviation, rows } = space;
  const point = [...mean];
  const row = (i) => space.codes.slice(i * width, (i + 1) * width);
  // Dimensions that move most come first.
  const spread = Array.from({ length: width }, (_, j) => {
    let sum = 0, square = 0;
    for (let i = 0; i < rows; i++) (sum += space.codes[i * width + j]), (square += space.codes[i * width + j] ** 2);
    return square / rows - (sum / rows) ** 2;
  });
  const order = Array.from({ length: width }, (_, j) => j).sort((a, b) => spread[b] - spread[a] || a - b).slice(0, MOST_SLIDERS);
  let chosen = null, other = null;

  const scatter = make("canvas", { class: "world", tabindex: 0, role: "img", "aria-label": "Rows in the latent space; click one to go there, with shift for the end of a path; drag around rows to select them" });
  const axis = (at) => {
    const control = make("select", { "aria-label": at ? "Upwards" : "To the right", onchange: () => draw() }, order.map((j) => make("option", { value: j }, `z${j + 1}`)));
    control.value = order[Math.min(at, order.length - 1)];
    return control;
  };
  const across = axis(0), up = axis(1);
  const by = make("select", { "aria-label": "Color", onchange: () => draw() }, make("option", { value: "" }, "no color"), space.columns.map((column, i) => make("option", { value: i }, column.name)));
  if (space.columns.length) by.value = 0;
  const legend = make("div", { class: "legend" });
  const where = make("p", { class: "soft" });
  const shown = make("div", { "data-decoded": "" });
  const strip = make("div", { class: "strip" });
  const sliders = make("div", { class: "sliders" });
  const controls = order.map((j) => {
    const reach = Math.max(1e-6, deviation[j]);
    const slider = make("input", { type: "range", min: mean[j] - 3 * reach, max: mean[j] + 3 * reach, step: reach / 50, id: `z${j}`, "aria-label": `z${j + 1}` });
    const value = make("output", {});
    slider.addEventListener("input", () => ((point[j] = Number(slider.value)), means.left(), moved()));
    sliders.append(make("label", { for: `z${j}` }, `z${j + 1}`), slider, value);
    return { j, slider, value };
  });
  const means = selection({
    rows, width, row,
    // All rows of the chosen row's category.
    alike: () => {
      const column = by.value === "" ? null : space.columns[by.value];
      if (chosen === null || !column?.levels) return null;
      return Array.from({ length: rows }, (_, i) => i).filter((i) => column.values[i] === column.values[chosen]);
    },
    here: () => point,
    go: (to) => go(to),
    changed: () => draw(),
    toast: (text) => shell.toast(text),
    save: (picked) => saveTable("selection.csv", [["row", ...space.columns.map((column) => column.name)], ...picked.map((i) => [space.numbers?.[i] ?? i + 1, ...space.columns.map((column) => (column.levels ? column.levels[column.values[i]] : column.values[i]) ?? "")])]),
  });
  const buttons = make("div", { class: "row" },
    make("button", { type: "button", onclick: () => go(mean) }, "Mean", make("kbd", {}, "0")),
    make("button", { type: "button", onclick: () => go(mean.map((m, j) => m + deviation[j] * normal())) }, "Draw", make("kbd", {}, "n")),
    make("button", { type: "button", onclick: () => path(false) }, "Path", make("kbd", {}, "p")),
    make("button", { type: "button", onclick: () => path(true) }, "Arc", make("kbd", {}, "o")),
    space.posterior && make("button", { type: "button", onclick: () => draws() }, "Posterior", make("kbd", {}, "d")),
    space.inverts && make("button", { type: "button", title: "Look for the noise of which a real row could be made", onclick: () => invert() }, "Find a real row", make("kbd", {}, "f")),
    make("button", { type: "button", class: "quiet", onclick: () => saveTable("codes.csv", [["row", ...order.map((j) => `z${j + 1}`)], ...Array.from({ length: rows }, (_, i) => [space.numbers?.[i] ?? i + 1, ...order.map((j) => space.codes[i * width + j])])]) }, "CSV"));
  const about = `${number(rows)} of ${number(space.of)} ${space.part === "prior" ? "draws of the prior" : `${space.part} rows`}${width > MOST_SLIDERS ? `; sliders for the ${MOST_SLIDERS} of ${width} dimensions that vary most` : ""}${space.trouble ? `; rows cannot be shown: ${space.trouble}` : ""}`;
  place.replaceChildren(
    make("h1", {}, make("a", { href: runAddress(name) }, name), " · latent space"), make("p", { class: "soft" }, about),
    make("div", { class: "stage broad", style: { "margin-top": "10px" } },
      make("div", {}, make("div", { class: "row" }, across, up, by), scatter, legend, where, means.element, strip),
      make("div", { class: "side" }, make("div", { class: "part" }, shown, buttons), make("div", { class: "part" }, make("p", { class: "soft" }, "±3 standard deviations; a click on a row goes there, shift and click ends a path; dragging selects rows"), sliders))));

  function normal() {
    return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  }

  function go(to) {
    to.forEach((value, j) => (point[j] = value));
    means.left();
    moved();
  }

  // One request at a time; while it is under way only the latest place is remembered.
  let busy = false, again = false;
  async function moved() {
    controls.forEach(({ j, slider, value }) => {
      slider.value = point[j];
      value.textContent = point[j].toFixed(2);
    });
    draw();
    if (busy) return void (again = true);
    busy = true;
    try {
      do {
        again = false;
        const begun = performance.now();
        const made = await post("/api/space/decode", { run: name, points: [point] });
        if (!shell.isOpen()) return;
        shell.alarm(null);
        show(made);
        shown.dataset.decoded = (performance.now() - begun).toFixed(1);
      } while (again);
    } catch (error) {
      shell.alarm([error.message, error.hint].filter(Boolean).join("; "));
    } finally {
      busy = false;
    }
  }

  let curve = null;
  function show(made) {
    if (made.windows) {
      if (!curve) {
        const box = make("div", {});
        shown.replaceChildren(box);
        curve = new Curve(box, { label: `The decoded window, ${made.label}`, height: 220, xLabel: "step", yLabel: made.label, onHover: (at) => curve.at(at), legend: made.channels.length > 1 });
      }
      // Channels of other units than the one that is looked at would only flatten it.
      const near = made.channels.map((_, c) => c).filter((c) => c === made.main || alike(made.windows[0][c], made.windows[0][made.main]));
      curve.set(near.slice(0, 6).map((c, k) => ({ name: made.channels[c], x: made.windows[0][c].map((_, i) => i + 1), y: made.windows[0][c], color: color(k), thin: c !== made.main })));
    } else if (made.shape) {
      const canvas = shown.firstChild?.tagName === "CANVAS" ? shown.firstChild : make("canvas", { class: "pixels", role: "img", "aria-label": "The decoded image", style: { width: "min(100%, 260px)" } });
      picture(canvas, made.pixels, made.shape);
      if (canvas !== shown.firstChild) shown.replaceChildren(canvas);
    } else shown.replaceChildren(make("dl", { class: "cells" }, made.names.flatMap((column, k) => [make("dt", {}, column), make("dd", {}, made.cells[0][k] ?? "–")])));
  }

  // Whether two channels are of about the same size.
  function alike(a, b) {
    const most = (values) => Math.max(...values.map(Math.abs)), least = (values) => Math.min(...values);
    return most(a) < 3 * most(b) && most(b) < 3 * most(a) && least(a) > 0 === least(b) > 0;
  }

  let walked = null;
  function showAll({ points, made }) {
    walked?.close();
    walked = null;
    if (made.windows) {
      const box = make("div", { style: { width: "100%" } });
      strip.replaceChildren(box);
      walked = new Curve(box, { label: "Decoded windows from the first to the last step", height: 200, xLabel: "step", yLabel: made.label });
      const last = made.windows.length - 1;
      walked.set(made.windows.map((window, i) => ({ name: `${i + 1}`, x: window[made.main].map((_, k) => k + 1), y: window[made.main], color: i === 0 ? "var(--s0)" : i === last ? "var(--s1)" : "var(--soft)", thin: i > 0 && i < last })));
    } else if (made.shape) {
      strip.replaceChildren(...Array.from({ length: points.length / width }, (_, i) => {
        const canvas = make("canvas", { class: "pixels", tabindex: 0, role: "button", "aria-label": `step ${i + 1}`, onclick: () => go(points.slice(i * width, (i + 1) * width)) });
        picture(canvas, made.pixels, made.shape, i);
        return canvas;
      }));
    } else strip.replaceChildren(make("div", { class: "scroll", style: { "max-width": "100%" } }, make("table", { class: "list" },
      make("thead", {}, make("tr", {}, made.names.map((text) => make("th", {}, make("span", { class: "plain" }, text))))),
      make("tbody", {}, made.cells.map((cells) => make("tr", {}, cells.map((cell) => make("td", {}, cell ?? "–"))))))));
  }

  // The points of a way with what was decoded there.
  function saveWay({ points, made }) {
    const steps = points.length / width, size = made.shape ? made.pixels.length / steps : 0;
    const names = made.names ?? (made.shape ? Array.from({ length: size }, (_, k) => `p${k + 1}`) : made.windows[0][made.main].map((_, k) => `${made.channels[made.main]}_${k + 1}`));
    const cells = (i) => made.cells?.[i] ?? (made.shape ? made.pixels.slice(i * size, (i + 1) * size) : made.windows[i][made.main]);
    saveTable("way.csv", [["step", ...Array.from({ length: width }, (_, j) => `z${j + 1}`), ...names], ...Array.from({ length: steps }, (_, i) => [i + 1, ...points.slice(i * width, (i + 1) * width), ...cells(i)])]);
  }

  async function walk(what) {
    await post("/api/space/walk", { run: name, from: chosen, steps: 12, ...what }).then((way) => (showAll(way), strip.append(make("button", { type: "button", class: "quiet", onclick: () => saveWay(way) }, "CSV"))), (error) => shell.toast(error.message));
  }
  const path = (spherical) => (chosen === null || other === null ? shell.toast("Click a row, then another with shift held") : walk({ to: other, spherical }));
  // A real row, and what is made of the noise that comes nearest to it.
  let next = 0;
  async function invert() {
    strip.replaceChildren(make("p", { class: "soft" }, "looking for noise …"));
    const found = await post("/api/space/invert", { run: name, row: next++ }).catch((error) => (strip.replaceChildren(), shell.toast(error.message)));
    if (!found || !shell.isOpen()) return;
    go(found.point);
    const last = found.errors[found.errors.length - 1];
    const one = (text, made) => {
      const box = made.shape ? make("canvas", { class: "pixels", role: "img", "aria-label": text, style: { width: "112px" } }) : make("dl", { class: "cells" }, made.names.flatMap((column, k) => [make("dt", {}, column), make("dd", {}, made.cells[0][k] ?? "–")]));
      if (made.shape) picture(box, made.pixels, made.shape);
      return make("figure", {}, box, make("figcaption", {}, text));
    };
    strip.replaceChildren(
      one(`${found.part} row ${number(found.row)}${found.label ? `, ${found.label}` : ""}`, found.wanted), one("the nearest that is made", found.made),
      make("p", { class: "soft", style: { "max-width": "36ch" } }, `Off by ${number(last)} (root mean square, in values as the network sees them) after ${found.errors.length - 1} steps; the best of 512 draws by ${number(found.errors[0])}, the mean of made rows by ${number(found.control)}.`));
  }
  let seed = 0;
  const draws = () => (chosen === null ? shell.toast("Click a row first") : walk({ seed: seed++ }));

  let places = [];
  function draw() {
    const ratio = devicePixelRatio || 1;
    const w = Math.max(1, scatter.clientWidth);
    scatter.width = scatter.height = Math.round(w * ratio);
    const c = scatter.getContext("2d");
    c.scale(ratio, ratio);
    const [a, b] = [Number(across.value), Number(up.value)];
    const range = (j) => {
      let low = mean[j] - 3 * deviation[j], high = mean[j] + 3 * deviation[j];
      for (let i = 0; i < rows; i++) (low = Math.min(low, space.codes[i * width + j])), (high = Math.max(high, space.codes[i * width + j]));
      return [low, high === low ? low + 1 : high];
    };
    const [[x0, x1], [y0, y1]] = [range(a), range(b)];
    const X = (x) => 14 + ((x - x0) / (x1 - x0)) * (w - 28), Y = (y) => w - 14 - ((y - y0) / (y1 - y0)) * (w - 28);
    const column = by.value === "" ? null : space.columns[by.value];
    let low = Infinity, high = -Infinity;
    if (column && !column.levels) for (const v of column.values) if (v !== null) (low = Math.min(low, v)), (high = Math.max(high, v));
    const tone = (i) => {
      const v = column?.values[i];
      if (!column) return resolved("var(--accent)");
      if (v === null || v === undefined) return resolved("var(--line)");
      if (column.levels) return resolved(v < TONES ? color(v) : "var(--line)");
      const share = high > low ? (v - low) / (high - low) : 0.5;
      return `hsl(${250 - 210 * share} 70% ${45 + 12 * share}%)`;
    };
    c.globalAlpha = 0.8;
    places = Array.from({ length: rows }, (_, i) => [X(space.codes[i * width + a]), Y(space.codes[i * width + b])]);
    places.forEach(([x, y], i) => {
      c.fillStyle = tone(i);
      c.beginPath();
      c.arc(x, y, 2.6, 0, 7);
      c.fill();
    });
    c.globalAlpha = 1;
    means.draw(c, places, [a, b].map((j, k) => (v) => (k ? Y : X)(v[j])));
    c.lineWidth = 2;
    const ring = (x, y, size) => (c.beginPath(), c.arc(x, y, size, 0, 7), c.stroke());
    c.strokeStyle = resolved("var(--ink)");
    if (chosen !== null) ring(...places[chosen], 6);
    if (other !== null) (c.setLineDash([3, 2]), ring(...places[other], 6), c.setLineDash([]));
    const [px, py] = [X(point[a]), Y(point[b])];
    c.beginPath();
    c.moveTo(px - 8, py);
    c.lineTo(px + 8, py);
    c.moveTo(px, py - 8);
    c.lineTo(px, py + 8);
    c.stroke();
    if (column?.levels) legend.replaceChildren(...column.levels.slice(0, TONES).map((level, i) => make("span", {}, make("i", { class: "swatch", style: { "--c": color(i) } }), level)), ...(column.levels.length > TONES ? [make("span", {}, make("i", { class: "swatch", style: { "--c": "var(--line)" } }), `${column.levels.length - TONES} more`)] : []));
    else legend.replaceChildren(column ? `${number(low)} (blue) to ${number(high)} (orange)` : "");
  }

  // Where on the drawing an event is.
  function at(event) {
    const box = scatter.getBoundingClientRect();
    return [event.clientX - box.left - scatter.clientLeft, event.clientY - box.top - scatter.clientTop];
  }
  means.lasso(scatter, at, () => places);
  scatter.addEventListener("click", (event) => {
    if (means.wasDrawn()) return;
    const [x, y] = at(event);
    let best = -1, nearest = Infinity;
    places.forEach(([a, b], i) => {
      const far = (a - x) ** 2 + (b - y) ** 2;
      if (far < nearest) (nearest = far), (best = i);
    });
    if (best < 0) return;
    if (event.shiftKey && chosen !== null) {
      other = best;
      draw();
      path(false);
    } else {
      chosen = best;
      go(row(best));
    }
    const names = space.columns.slice(0, 5).map((column) => `${column.name} ${column.levels ? column.levels[column.values[best]] ?? "–" : number(column.values[best])}`);
    where.textContent = `row ${best + 1}${names.length ? `: ${names.join(", ")}` : ""}`;
  });
  const watch = new ResizeObserver(() => draw());
  watch.observe(scatter);
  await moved();

  function key(event) {
    if (event.key === "0") go(mean);
    else if (event.key === "n") go(mean.map((m, j) => m + deviation[j] * normal()));
    else if (event.key === "p") path(false);
    else if (event.key === "o") path(true);
    else if (event.key === "d" && space.posterior) draws();
    else if (event.key === "f" && space.inverts) invert();
    else if (means.key(event)) return true;
    else if (["j", "k"].includes(event.key)) {
      const at = chosen === null ? 0 : (chosen + (event.key === "j" ? 1 : rows - 1)) % rows;
      other = chosen;
      chosen = at;
      go(row(at));
    } else if (event.key === "Escape") location.hash = runAddress(name);
    else return false;
    return true;
  }
  const keys = [["0", "The mean"], ["n", "A draw"], ["j k", "Next row, row before"], ["p o", "Path to the row before: straight, along an arc"], ...(space.posterior ? [["d", "Draws from the posterior"]] : []), ...(space.inverts ? [["f", "Find the noise of a real row"]] : []), ...means.keys, ["esc", "The run"]];
  return { close: () => (watch.disconnect(), curve?.close(), walked?.close()), key, keys };
}
