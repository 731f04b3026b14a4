// Curves over steps: several series on shared axes, raw behind smooth, values under the pointer or the arrow keys.

import { make } from "./element.js";
import { number } from "./words.js";

export const color = (i) => `var(--s${i % 8})`;
const HEIGHT = 260;
const LEFT = 58;
const BOTTOM = 24;

// Round places for lines of an axis.
export function ticks(low, high, most) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const all = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) all.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return all;
}

export const resolved = (name) => {
  const match = /^var\((.*)\)$/.exec(name);
  return match ? getComputedStyle(document.documentElement).getPropertyValue(match[1]).trim() : name;
};

// Means with a memory of about `n` points; points that are not there are passed over.
function smoothed(y, n) {
  if (n <= 0) return y;
  const keep = n / (n + 1);
  let mean = null, weight = 0;
  return y.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    mean = (mean ?? 0) * keep + value * (1 - keep);
    weight = weight * keep + (1 - keep);
    return mean / weight;
  });
}

export class Curve {
  // `series`: [{ name, x, y, color, dash, best }]; x rises.
  constructor(place, { label = "", height = HEIGHT, xLabel = "epoch", onPick = null } = {}) {
    this.series = [];
    this.log = false;
    this.smooth = 0;
    this.cursor = null;
    this.height = height;
    this.xLabel = xLabel;
    this.onPick = onPick;
    this.canvas = make("canvas", { tabindex: 0, role: "img", "aria-label": label });
    this.values = make("div", { class: "values", hidden: true });
    this.element = make("div", { class: "chart" }, this.canvas, this.values);
    place.append(this.element);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.at(null));
    this.canvas.addEventListener("click", () => this.onPick?.(this.cursor));
    this.canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const all = this.xs();
      const now = all.indexOf(this.cursor);
      this.at(all[Math.max(0, Math.min(all.length - 1, (now < 0 ? all.length - 1 : now) + by * (event.shiftKey ? 10 : 1)))]);
      this.onPick?.(this.cursor);
    });
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.element);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", (this.redraw = () => this.draw()));
  }

  close() {
    this.watch.disconnect();
    this.scheme.removeEventListener("change", this.redraw);
  }

  set(series) {
    this.series = series;
    this.draw();
  }

  xs() {
    const longest = this.series.reduce((a, b) => (b.x.length > a.length ? b.x : a), []);
    return longest;
  }

  at(x) {
    this.cursor = x;
    this.draw();
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - 10);
    const [low, high] = this.range ?? [0, 1];
    const want = low + share * (high - low);
    const all = this.xs();
    if (all.length === 0 || share < -0.05) return this.at(null);
    this.at(all.reduce((best, x) => (Math.abs(x - want) < Math.abs(best - want) ? x : best), all[0]));
  }

  draw() {
    const ratio = devicePixelRatio || 1;
    const width = this.element.clientWidth;
    if (width === 0) return;
    this.canvas.width = width * ratio;
    this.canvas.height = this.height * ratio;
    this.canvas.style.setProperty("height", `${this.height}px`);
    const c = this.canvas.getContext("2d");
    c.scale(ratio, ratio);
    const soft = resolved("var(--soft)"), grid = resolved("var(--grid)");
    c.font = "11.5px system-ui, sans-serif";
    const shown = this.series.filter((one) => one.x.length > 0);
    const lines = shown.map((one) => ({ ...one, smooth: smoothed(one.y, this.smooth) }));
    let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
    const map = (y) => (this.log ? Math.log10(y) : y);
    const good = (y) => y !== null && y !== undefined && Number.isFinite(y) && (!this.log || y > 0);
    for (const one of lines) {
      x0 = Math.min(x0, one.x[0]);
      x1 = Math.max(x1, one.x[one.x.length - 1]);
      for (const y of one.y) if (good(y)) (y0 = Math.min(y0, map(y))), (y1 = Math.max(y1, map(y)));
    }
    const right = width - 10, top = 8, bottom = this.height - BOTTOM;
    c.fillStyle = soft;
    if (!(y1 >= y0)) {
      c.textAlign = "center";
      c.fillText(this.log && shown.length ? "nothing above 0 to draw on a log axis" : "nothing yet", width / 2, this.height / 2);
      this.values.hidden = true;
      return;
    }
    if (y1 === y0) (y0 -= Math.abs(y0) * 0.05 + 1e-3), (y1 += Math.abs(y1) * 0.05 + 1e-3);
    if (x1 === x0) (x0 -= 0.5), (x1 += 0.5);
    this.range = [x0, x1];
    const X = (x) => LEFT + ((x - x0) / (x1 - x0)) * (right - LEFT);
    const Y = (y) => bottom - ((map(y) - y0) / (y1 - y0)) * (bottom - top);
    c.textBaseline = "middle";
    c.lineWidth = 1;
    for (const at of ticks(y0, y1, 5)) {
      const y = bottom - ((at - y0) / (y1 - y0)) * (bottom - top);
      c.strokeStyle = grid;
      c.beginPath();
      c.moveTo(LEFT, y);
      c.lineTo(right, y);
      c.stroke();
      c.textAlign = "right";
      c.fillText(number(this.log ? 10 ** at : at), LEFT - 6, y);
    }
    c.textBaseline = "alphabetic";
    c.textAlign = "center";
    for (const at of ticks(x0, x1, Math.max(2, width / 110))) if (Number.isInteger(at) || x1 - x0 < 3) c.fillText(number(at), X(at), this.height - 7);
    c.textAlign = "right";
    c.fillText(this.xLabel, right, bottom - 5);
    c.save();
    c.beginPath();
    c.rect(LEFT, top - 4, right - LEFT + 4, bottom - top + 8);
    c.clip();
    for (const one of lines) {
      c.strokeStyle = resolved(one.color);
      c.setLineDash(one.dash ? [4, 3] : []);
      const path = (values) => {
        c.beginPath();
        let down = false;
        // No more than a few points a pixel: the lowest and highest of each bunch.
        const bunch = Math.max(1, Math.floor(values.length / (4 * width)));
        for (let i = 0; i < values.length; i += bunch) {
          let low = null, high = null;
          for (let j = i; j < Math.min(values.length, i + bunch); j++) {
            if (!good(values[j])) continue;
            if (low === null || values[j] < values[low]) low = j;
            if (high === null || values[j] > values[high]) high = j;
          }
          if (low === null) {
            down = false;
            continue;
          }
          for (const j of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
            if (down) c.lineTo(X(one.x[j]), Y(values[j]));
            else c.moveTo(X(one.x[j]), Y(values[j]));
            down = true;
          }
        }
        c.stroke();
      };
      if (this.smooth > 0) {
        c.globalAlpha = 0.28;
        c.lineWidth = 1;
        path(one.y);
      }
      c.globalAlpha = 1;
      c.lineWidth = 1.8;
      path(one.smooth);
      if (one.x.length === 1 && good(one.y[0])) {
        c.fillStyle = resolved(one.color);
        c.fillRect(X(one.x[0]) - 2.5, Y(one.y[0]) - 2.5, 5, 5);
      }
      c.setLineDash([]);
      if (one.best !== null && one.best !== undefined) {
        const at = one.x.indexOf(one.best);
        if (at >= 0 && good(one.y[at])) {
          c.fillStyle = resolved("var(--paper)");
          c.lineWidth = 2;
          c.beginPath();
          c.arc(X(one.x[at]), Y(one.y[at]), 4.5, 0, 7);
          c.fill();
          c.stroke();
        }
      }
    }
    if (this.cursor !== null) {
      c.strokeStyle = soft;
      c.lineWidth = 1;
      c.beginPath();
      c.moveTo(X(this.cursor), top);
      c.lineTo(X(this.cursor), bottom);
      c.stroke();
    }
    c.restore();
    this.tell(lines, X, width);
  }

  tell(lines, X, width) {
    this.values.hidden = this.cursor === null;
    if (this.cursor === null) return;
    const rows = lines.map((one) => {
      const at = one.x.indexOf(this.cursor);
      const text = at < 0 ? "–" : number(one.y[at]);
      return make("div", {}, make("span", {}, make("i", { class: "swatch", style: { "--c": one.color } }), one.name), make("span", {}, text));
    });
    this.values.replaceChildren(make("div", { class: "soft" }, `${this.xLabel} ${number(this.cursor)}`), ...rows);
    const x = X(this.cursor);
    this.values.style.setProperty("left", x < width / 2 ? `${x + 10}px` : "auto");
    this.values.style.setProperty("right", x < width / 2 ? "auto" : `${width - x + 10}px`);
  }
}
