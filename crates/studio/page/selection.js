// Rows selected in a latent space, their means, and what these are good for: a concept (B - A) that is added to a point with a
// strength, and sums of means (A - B + C).

import { resolved } from "./curve.js";
import { make } from "./element.js";

const NAMES = ["A", "B", "C"];
const TONES = ["var(--accent)", "var(--made)", "var(--ink)"];

// Whether a point lies within a closed line (even-odd rule).
function within([x, y], line) {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [[ax, ay], [bx, by]] = [line[i], line[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

export function selection({ rows, width, row, alike, here, go, changed, toast, save }) {
  let picked = [], line = [], drawn = false, base = null;
  const groups = NAMES.map(() => null);

  const said = make("output", { class: "soft", "data-picked": "0" }, "no rows selected");
  const marks = NAMES.map((name, k) => make("button", { type: "button", class: "quiet", disabled: true, "aria-label": `Call the selected rows ${name}`, onclick: () => keep(k) }, name));
  const strength = make("input", { type: "range", min: -2, max: 2, step: 0.05, value: 0, disabled: true, id: "strength", "aria-label": "Strength of the concept B - A" });
  const value = make("output", {}, "0");
  const sum = make("button", { type: "button", class: "quiet", disabled: true, onclick: () => add() }, "A − B + C", make("kbd", {}, "="));
  const csv = make("button", { type: "button", class: "quiet", disabled: true, onclick: () => save(picked) }, "CSV");
  const element = make("div", { class: "selection" },
    make("div", { class: "row" }, said, ...marks, sum, csv),
    make("div", { class: "row" }, make("label", { for: "strength" }, "B − A"), strength, value));

  function say() {
    const kept = NAMES.flatMap((name, k) => (groups[k] ? `${name} ${groups[k].n}` : []));
    said.textContent = [picked.length ? `${picked.length} rows selected` : "no rows selected", ...kept].join(" · ");
    said.dataset.picked = picked.length;
    marks.forEach((mark) => (mark.disabled = !picked.length));
    csv.disabled = !picked.length;
    strength.disabled = !(groups[0] && groups[1]);
    sum.disabled = groups.includes(null);
  }

  function pick(found) {
    picked = found;
    say();
    changed();
  }

  function keep(k) {
    if (!picked.length) return toast("Select rows first: drag around them");
    const mean = Array(width).fill(0);
    for (const i of picked) row(i).forEach((v, j) => (mean[j] += v / picked.length));
    groups[k] = { n: picked.length, mean };
    left();
    pick([]);
  }

  // The point was moved by something else: the concept starts anew there.
  function left() {
    base = null;
    strength.value = 0;
    value.textContent = "0";
  }

  strength.addEventListener("input", () => {
    const [from, to] = groups, share = Number(strength.value);
    const start = base ?? [...here()];
    go(start.map((v, j) => v + share * (to.mean[j] - from.mean[j])));
    // Moving there has begun anew; the start and the strength stay.
    base = start;
    strength.value = share;
    value.textContent = share.toFixed(2);
  });

  function add() {
    if (groups.includes(null)) return toast("Call selected rows A, B and C first");
    const [a, b, c] = groups.map((group) => group.mean);
    go(a.map((v, j) => v - b[j] + c[j]));
  }

  function lasso(canvas, at, places) {
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", (event) => {
      drawn = false;
      line = [at(event)];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!line.length) return;
      const [x, y] = at(event), [px, py] = line[line.length - 1];
      if (Math.hypot(x - px, y - py) < 4) return;
      line.push([x, y]);
      drawn = line.length > 2;
      changed();
    });
    const end = () => {
      const closed = line;
      line = [];
      if (!drawn) return;
      pick(places().flatMap((place, i) => (within(place, closed) ? i : [])));
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", () => ((line = []), (drawn = false), changed()));
  }

  // The selection, the line under way, and the means, on the drawing of the rows.
  function draw(c, places, [x, y]) {
    c.lineWidth = 1.5;
    c.strokeStyle = resolved("var(--ink)");
    for (const i of picked) (c.beginPath(), c.arc(...places[i], 4, 0, 7), c.stroke());
    if (line.length > 1) {
      c.setLineDash([4, 3]);
      c.beginPath();
      line.forEach(([a, b], i) => (i ? c.lineTo(a, b) : c.moveTo(a, b)));
      c.stroke();
      c.setLineDash([]);
    }
    c.font = "bold 14px system-ui, sans-serif";
    groups.forEach((group, k) => {
      if (!group) return;
      c.fillStyle = resolved(TONES[k]);
      c.fillText(NAMES[k], x(group.mean) - 5, y(group.mean) + 5);
    });
  }

  function key(event) {
    const k = ["a", "b", "c"].indexOf(event.key);
    if (k >= 0) keep(k);
    else if (event.key === "s") {
      const found = alike();
      if (found) pick(found);
      else toast("Go to a row first, and color rows by a column of categories");
    } else if (event.key === "=") add();
    else if (event.key === "x") pick([]);
    else return false;
    return true;
  }
  const keys = [["s", "Select all rows of this row's category"], ["a b c", "Call the selected rows A, B or C"], ["=", "Go to A − B + C"], ["x", "Select nothing"]];
  return { element, draw, lasso, left, key, keys, wasDrawn: () => drawn };
}
