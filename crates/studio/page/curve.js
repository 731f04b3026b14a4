// Curves over steps: several series on shared axes, raw behind smooth, values under the pointer or the arrow keys.

import { grouped, make } from "./element.js";
import { moment, moments } from "./time.js";
import { number } from "./words.js";

export const TONES = 10;
export const color = (i) => `var(--s${i % TONES})`;
// Milliseconds that were spent on drawing curves.
export const painting = { spent: 0 };
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

// A number of an axis, with the digits that tell it from the next, a step away.
export function onAxis(at, step) {
  const size = Math.abs(at);
  if (size === 0 || (size >= 1e-3 && size < 1e6)) return number(at);
  const digits = step > 0 ? Math.max(1, 1 + Math.floor(Math.log10(size) + 1e-9) - Math.floor(Math.log10(step) + 1e-9)) : 3;
  if (digits > 4 && size < 1e15) return size < 1e6 ? String(at) : grouped(Math.round(at), "\u202f");
  return at.toExponential(Math.min(digits - 1, 8)).replace("e+", "e");
}

// To ask for a style is slow, and thousands of places of a picture have one of a few.
const tones = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tones.clear());
export const resolved = (name) => {
  const match = /^var\((.*)\)$/.exec(name);
  if (!match) return name;
  if (!tones.has(name)) tones.set(name, getComputedStyle(document.documentElement).getPropertyValue(match[1]).trim());
  return tones.get(name);
};

// The place in rising numbers that is nearest to one.
function nearest(all, wanted) {
  let low = 0, high = all.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && wanted - all[low - 1] <= all[low] - wanted ? low - 1 : low;
}

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
  // `series`: [{ name, x, y, color, dash, best, thin, between }]; x rises, and is seconds since 1970 where they are `dates`; `between`
  // is the upper edge of a band over `y`. `onRange` is told of a stretch that was drawn over, `onHover` where the pointer is. With
  // `legend` the names stand below. `bands` are stretches [from, to, color] behind the lines, `levels` heights [y, words] across them,
  // `reach` what the axes show at least: { x, y }, each [low, high].
  constructor(place, { label = "", height = HEIGHT, xLabel = "epoch", yLabel = "", dates = false, legend = false, onPick = null, onRange = null, onHover = null } = {}) {
    this.series = [];
    this.asked = null;
    Object.assign(this, { yLabel, dates, onRange, onHover, bands: [], levels: [], reach: {}, drag: null });
    this.log = false;
    this.smooth = 0;
    this.cursor = null;
    this.height = height;
    this.xLabel = xLabel;
    this.onPick = onPick;
    this.canvas = make("canvas", { tabindex: 0, role: "img", "aria-label": label });
    this.values = make("div", { class: "values", hidden: true });
    this.element = make("div", { class: "chart" }, this.canvas, this.values);
    this.names = legend ? make("div", { class: "legend names" }) : null;
    place.append(this.element, ...(this.names ? [this.names] : []));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => (this.at(null), this.onHover?.(null)));
    this.canvas.addEventListener("click", () => this.onPick?.(this.cursor));
    if (onRange) this.takesRanges();
    this.canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const all = this.xs();
      const now = all.indexOf(this.cursor);
      this.at(all[Math.max(0, Math.min(all.length - 1, (now < 0 ? all.length - 1 : now) + by * (event.shiftKey ? 10 : 1)))]);
      event.stopPropagation();
      this.onHover?.(this.cursor);
      this.onPick?.(this.cursor);
    });
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.element);
    // What is out of sight is drawn when it comes near, or when somebody wants it all.
    this.isNear = true;
    this.nears = new IntersectionObserver((entries) => {
      const isNear = entries[entries.length - 1].isIntersecting;
      if (isNear && !this.isNear) (this.isNear = true), this.draw();
      this.isNear = isNear;
    }, { rootMargin: "200px" });
    this.nears.observe(this.element);
    this.canvas.show = () => ((this.isNear = true), this.paint());
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", (this.redraw = () => this.draw()));
  }

  close() {
    cancelAnimationFrame(this.asked);
    this.watch.disconnect();
    this.nears.disconnect();
    this.scheme.removeEventListener("change", this.redraw);
  }

  set(series) {
    this.series = series;
    // Bands that lie over each other are darker there.
    const over = (one) => series.slice(0, series.indexOf(one) + 1).filter((other) => other.between && other.color === one.color).length;
    const names = [...new Map([...series.map((one) => [one.name, [one.color, one.between ? over(one) : 0]]), ...this.levels.map(([, text]) => [text, [null, 0]])])];
    if (this.names && JSON.stringify(names) !== this.named) {
      this.named = JSON.stringify(names);
      const swatch = (tone, band) => make("i", { class: band ? "swatch band" : tone ? "swatch" : "swatch level", style: { "--c": tone, "--o": band ? 1 - 0.78 ** band : null } });
      this.names.replaceChildren(...names.map(([name, [tone, band]]) => make("span", {}, swatch(tone, band), name)));
    }
    this.draw();
  }

  // A stretch is drawn over with the pointer; what is shorter than a few pixels was a click.
  takesRanges() {
    this.canvas.style.setProperty("cursor", "crosshair");
    this.canvas.addEventListener("pointerdown", (event) => {
      this.drag = [this.where(event), this.where(event)];
      this.canvas.setPointerCapture(event.pointerId);
    });
    const end = (event) => {
      const drag = this.drag;
      this.drag = null;
      if (!drag) return;
      const [from, to] = drag.sort((a, b) => a - b);
      const wide = ((to - from) / (this.range[1] - this.range[0] || 1)) * this.element.clientWidth > 6;
      if (event.type === "pointerup" && wide) this.onRange(from, to);
      else this.draw();
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
  }

  where(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - 10);
    const [low, high] = this.range ?? [0, 1];
    return low + Math.max(0, Math.min(1, share)) * (high - low);
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
    if (this.drag) {
      this.drag[1] = this.where(event);
      return this.draw();
    }
    const all = this.xs();
    if (all.length === 0 || event.clientX - this.canvas.getBoundingClientRect().left < LEFT - 12) return this.at(null);
    this.at(all[nearest(all, this.where(event))]);
    this.onHover?.(this.cursor);
  }

  // Draws with the next picture of the browser, once, whatever was changed until then.
  draw() {
    this.asked ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.asked);
    this.asked = null;
    const begun = performance.now();
    this.lines();
    painting.spent += performance.now() - begun;
  }

  lines() {
    const ratio = devicePixelRatio || 1;
    const width = this.element.clientWidth;
    if (width === 0 || !this.isNear) return;
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
      for (const y of one.between ? [...one.y, ...one.between] : one.y) if (good(y)) (y0 = Math.min(y0, map(y))), (y1 = Math.max(y1, map(y)));
    }
    for (const [y] of this.levels) if (good(y)) (y0 = Math.min(y0, map(y))), (y1 = Math.max(y1, map(y)));
    if (this.reach.x) [x0, x1] = this.reach.x;
    if (this.reach.y && !this.log) (y0 = Math.min(y0, this.reach.y[0])), (y1 = Math.max(y1, this.reach.y[1]));
    // Words stand above the lines, not over them; where there are names below, those of levels are among them.
    const levels = this.names ? "" : this.levels.map(([, text]) => text).filter(Boolean).join(", ");
    const right = width - 10, top = this.yLabel || levels ? 24 : 8, bottom = this.height - BOTTOM;
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
    const heights = ticks(y0, y1, 5), step = heights[1] - heights[0];
    for (const at of heights) {
      const y = bottom - ((at - y0) / (y1 - y0)) * (bottom - top);
      c.strokeStyle = grid;
      c.beginPath();
      c.moveTo(LEFT, y);
      c.lineTo(right, y);
      c.stroke();
      c.textAlign = "right";
      c.fillText(this.log ? number(10 ** at) : onAxis(at, step), LEFT - 6, y);
    }
    c.textBaseline = "alphabetic";
    c.textAlign = "center";
    const most = Math.max(2, width / 110);
    // Epochs and steps are whole.
    const whole = () => ticks(x0, x1, Math.max(1, Math.min(most, Math.round(x1 - x0)))).filter((at) => Number.isInteger(at));
    const places = this.dates ? moments(x0, x1, most) : whole().map((at, _, all) => [at, onAxis(at, all[1] - all[0])]);
    // Dates say themselves what they are; the name of another axis ends its line of numbers, and those that it would cover make way.
    const name = this.dates ? "" : this.xLabel;
    const room = name ? right - c.measureText(name).width - 8 : width;
    for (const [at, text] of places) {
      const half = c.measureText(text).width / 2, x = Math.min(X(at), width - half - 1);
      if (X(at) > LEFT - 8 && x + half < room) c.fillText(text, x, this.height - 7);
    }
    c.textAlign = "right";
    c.fillText(name, right, this.height - 7);
    for (const [from, to, tone] of this.bands) {
      if (to < x0 || from > x1) continue;
      // However short, it can be seen.
      const [p, q] = [Math.max(LEFT, X(from)), Math.min(right, X(to))];
      c.fillStyle = resolved(tone);
      c.globalAlpha = 0.16;
      c.fillRect(p - 1, top, Math.max(3, q - p + 2), bottom - top);
    }
    c.globalAlpha = 1;
    c.strokeStyle = soft;
    c.setLineDash([5, 4]);
    for (const [y] of this.levels.filter(([y]) => good(y))) {
      c.beginPath();
      c.moveTo(LEFT, Y(y));
      c.lineTo(right, Y(y));
      c.stroke();
    }
    c.setLineDash([]);
    c.save();
    c.beginPath();
    c.rect(LEFT - 6, top - 6, right - LEFT + 12, bottom - top + 12);
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
      if (one.between) {
        const there = one.x.map((_, i) => i).filter((i) => good(one.y[i]) && good(one.between[i]));
        c.beginPath();
        there.forEach((i, k) => c[k ? "lineTo" : "moveTo"](X(one.x[i]), Y(one.y[i])));
        there.reverse().forEach((i) => c.lineTo(X(one.x[i]), Y(one.between[i])));
        c.closePath();
        c.globalAlpha = 0.2;
        c.fillStyle = resolved(one.color);
        c.fill();
        c.globalAlpha = 1;
        continue;
      }
      if (this.smooth > 0) {
        c.globalAlpha = 0.28;
        c.lineWidth = 1;
        path(one.y);
      }
      c.globalAlpha = one.thin ? 0.5 : 1;
      c.lineWidth = one.thin ? 1 : 1.8;
      path(one.smooth);
      c.globalAlpha = 1;
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
    if (this.drag) {
      const [p, q] = this.drag.map(X);
      c.globalAlpha = 0.14;
      c.fillStyle = resolved("var(--accent)");
      c.fillRect(Math.min(p, q), top, Math.abs(q - p), bottom - top);
      c.globalAlpha = 1;
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
    c.fillStyle = soft;
    c.textAlign = "left";
    c.fillText(this.yLabel, LEFT, 13);
    if (levels) {
      const from = right - c.measureText(levels).width - 24;
      c.fillText(levels, from + 24, 13);
      c.strokeStyle = soft;
      c.lineWidth = 1;
      c.setLineDash([5, 4]);
      c.beginPath();
      c.moveTo(from, 9);
      c.lineTo(from + 18, 9);
      c.stroke();
      c.setLineDash([]);
    }
    this.tell(lines, X, width);
  }

  tell(lines, X, width) {
    this.values.hidden = this.cursor === null;
    if (this.cursor === null) return;
    const told = lines.filter((one) => !one.thin);
    const rows = told.map((one) => {
      const at = this.onHover ? nearest(one.x, this.cursor) : one.x.indexOf(this.cursor);
      const text = at < 0 ? "–" : one.between ? `${number(one.y[at])} to ${number(one.between[at])}` : number(one.y[at]);
      return make("div", {}, make("span", {}, make("i", { class: "swatch", style: { "--c": one.color } }), one.name), make("span", {}, text));
    });
    this.values.replaceChildren(make("div", { class: "soft" }, this.dates ? moment(this.cursor) : `${this.xLabel} ${number(this.cursor)}`), ...rows);
    const x = X(this.cursor);
    this.values.style.setProperty("left", x < width / 2 ? `${x + 10}px` : "auto");
    this.values.style.setProperty("right", x < width / 2 ? "auto" : `${width - x + 10}px`);
  }
}
