// Windows of series: real ones beside made ones, and those that are most unusual with what comes back of them.

import { Curve } from "./curve.js";
import { brief, make } from "./element.js";
import { number, saveTable } from "./words.js";

const LINES = 40;
const UNUSUAL = 24;

// The shares of values below lines at each step.
function quantiles(rows, shares) {
  const steps = rows[0]?.length ?? 0;
  const sorted = Array.from({ length: steps }, (_, i) => rows.map((row) => row[i]).filter((v) => v !== null).sort((a, b) => a - b));
  return shares.map((share) => sorted.map((values) => values[Math.round(share * (values.length - 1))] ?? null));
}

// Not more than can be told apart, from all over.
const some = (rows) => rows.filter((_, i) => i % Math.ceil(rows.length / LINES) === 0);

export function windows(place, about) {
  let channel = about.main;
  const x = Array.from({ length: about.steps }, (_, i) => i + 1);
  const of = make("select", { "aria-label": "Channel", onchange: () => ((channel = Number(of.value)), draw()) }, about.channels.map((text, c) => make("option", { value: c }, text)));
  of.value = channel;
  const charts = [];
  const chart = (box, title, more) => {
    const part = make("div", { style: { "min-width": 0 } }, make("h2", { style: { margin: "4px 0" } }, title));
    box.append(part);
    const curve = new Curve(part, { label: title, height: 200, xLabel: "step", onHover: (at) => curve.at(at), ...more });
    charts.push(curve);
    return curve;
  };
  const both = make("div", {}), sides = make("div", { class: "pairs" }), unusual = make("section", {});
  place.append(
    make("p", { class: "soft" }, `${number(about.real.length)} of ${number(about.of)} ${about.part} windows of ${about.steps} steps${about.made ? `, beside ${number(about.made.length)} made ones` : ""}, in the unit of the data${about.label.endsWith("= 1") ? "; a window begins at 1" : ""}.`),
    make("div", { class: "row toolbar" }, about.channels.length > 1 && of, make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV")),
    both, sides, unusual);
  const spread = about.made && chart(both, "Where values lie at each step: nine tenths, and the median", { height: 220, legend: true });
  const real = chart(sides, "Real windows"), made = about.made && chart(sides, "Made windows");

  function draw() {
    const lines = (side) => side.map((window) => window[channel]);
    const [ours, theirs] = [lines(about.real), about.made && lines(about.made)];
    const all = [...some(ours), ...some(theirs ?? [])].flat().filter((v) => v !== null);
    // One scale for both, or nothing could be compared.
    const reach = { y: [Math.min(...all), Math.max(...all)] };
    const each = (curve, rows, color) => (Object.assign(curve, { reach, yLabel: about.channels[channel] }), curve.set(some(rows).map((y, i) => ({ name: `${i + 1}`, x, y, color, thin: true }))));
    each(real, ours, "var(--real)");
    if (!theirs) return;
    each(made, theirs, "var(--made)");
    spread.yLabel = about.channels[channel];
    spread.set([["real", ours, "var(--real)"], ["made", theirs, "var(--made)"]].flatMap(([name, rows, color]) => {
      const [low, middle, high] = quantiles(rows, [0.05, 0.5, 0.95]);
      return [{ name: `${name}, nine tenths`, x, y: low, between: high, color }, { name: `${name}, median`, x, y: middle, color }];
    }));
  }

  function drawUnusual() {
    const scored = about.scored;
    const order = about.real.map((_, i) => i);
    if (scored) order.sort((a, b) => scored.scores[b] - scored.scores[a]);
    if (!scored && !about.back) return;
    const smalls = make("div", { class: "pairs" });
    unusual.replaceChildren(make("h2", { style: { "margin-top": "18px" } }, scored ? `The most unusual windows${about.back ? ", and what comes back of them" : ""}` : "Windows, and what comes back of them"), smalls);
    for (const i of order.slice(0, UNUSUAL)) {
      const box = make("div", { style: { "min-width": 0 } });
      smalls.append(box);
      const curve = chart(box, `${about.names[i] ? `from ${about.names[i]}` : `window ${i + 1}`}${scored ? ` · score ${number(scored.scores[i])}` : ""}`, { height: 130, legend: Boolean(about.back) });
      const show = () => curve.set([{ name: "actual", x, y: about.real[i][channel], color: "var(--real)" }, ...(about.back ? [{ name: "given back", x, y: about.back[i][channel], color: "var(--made)" }] : [])]);
      const reasons = scored?.reasons[i] ?? [];
      if (reasons.length) box.append(make("p", { class: "reasons" }, reasons.map(([column, adds, actual, expected]) => make("span", {}, make("b", {}, column), ` ${brief(actual ?? "–")}, expected ${brief(expected ?? "–")} (+${number(adds)}) `))));
      of.addEventListener("change", show);
      show();
    }
  }

  function csv() {
    const rows = (kind, side) => (side ?? []).flatMap((window, i) => x.map((step, s) => [kind, kind === "made" ? i + 1 : about.names[i] || i + 1, step, ...window.map((values) => values[s])]));
    saveTable("windows.csv", [["kind", "window", "step", ...about.channels], ...rows("real", about.real), ...rows("given back", about.back), ...rows("made", about.made)]);
  }

  draw();
  drawUnusual();
  const key = (event) => {
    if (!["j", "k"].includes(event.key) || about.channels.length < 2) return false;
    of.value = channel = (channel + (event.key === "j" ? 1 : about.channels.length - 1)) % about.channels.length;
    of.dispatchEvent(new Event("change"));
    return true;
  };
  return { close: () => charts.forEach((curve) => curve.close()), key, keys: about.channels.length > 1 ? [["j k", "The next channel, the one before"]] : [] };
}
