// What is to be seen of a small adversarial network: points, the judgement behind them, the folded noise, and the pushes.

import { resolved, ticks } from "./curve.js";
import { number } from "./words.js";

// From -1 (made) over 0 to 1 (real), as a share: how sure the judgement is.
const sure = (value) => Math.tanh(value / 2);

function tint(value) {
  const color = resolved(value > 0 ? "var(--real)" : "var(--made)");
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return [r, g, b, Math.round(Math.abs(value) * 120)];
}

// Round places along an edge, in the unit of the data.
function marks(about, j, most) {
  const [low, high] = about.bounds[j], [mean, scale] = [about.mean[j] ?? 0, about.scale[j] || 1];
  return ticks(mean + low * scale, mean + high * scale, most).map((at) => [((at - mean) / scale - low) / (high - low), number(at)]);
}

function edges(c, w, h, about) {
  c.fillStyle = c.strokeStyle = resolved("var(--soft)");
  c.font = "11px system-ui, sans-serif";
  c.lineWidth = 1;
  for (const [share, text] of marks(about, 0, 5)) {
    if (share < 0.06 || share > 0.97) continue;
    c.textAlign = "center";
    c.fillText(text, share * w, h - 7);
    c.beginPath();
    c.moveTo(share * w, h);
    c.lineTo(share * w, h - 4);
    c.stroke();
  }
  for (const [share, text] of marks(about, 1, 5)) {
    if (share < 0.06 || share > 0.97) continue;
    c.textAlign = "left";
    c.fillText(text, 7, h - share * h + 4);
    c.beginPath();
    c.moveTo(0, h - share * h);
    c.lineTo(4, h - share * h);
    c.stroke();
  }
}

// Two dimensions, seen from above, with the unit of the data along the edges.
export function two(c, w, h, { about, frame, shown, points }) {
  const [[x0, x1], [y0, y1]] = about.bounds;
  const X = (x) => ((x - x0) / (x1 - x0)) * w, Y = (y) => h - ((y - y0) / (y1 - y0)) * h;
  if (frame && shown.has("heat") && frame.heat.length) {
    const side = Math.round(Math.sqrt(frame.heat.length));
    const small = new OffscreenCanvas(side, side);
    const s = small.getContext("2d"), pixels = s.createImageData(side, side);
    frame.heat.forEach((value, i) => pixels.data.set(tint(sure(value)), ((side - 1 - Math.floor(i / side)) * side + (i % side)) * 4));
    s.putImageData(pixels, 0, 0);
    c.imageSmoothingEnabled = true;
    c.imageSmoothingQuality = "high";
    c.drawImage(small, 0, 0, w, h);
  }
  if (frame && shown.has("fold") && frame.fold.length) {
    const n = frame.fold.length / 2, side = Math.round(Math.sqrt(n));
    const P = (i) => [X(frame.fold[2 * i]), Y(frame.fold[2 * i + 1])];
    c.strokeStyle = resolved("var(--s3)");
    c.lineWidth = 0.8;
    c.globalAlpha = 0.75;
    const lineOf = (list) => {
      c.beginPath();
      list.forEach((i, k) => (k ? c.lineTo(...P(i)) : c.moveTo(...P(i))));
      c.stroke();
    };
    if (side * side === n && n > 60) for (let i = 0; i < side; i++) {
      lineOf(Array.from({ length: side }, (_, j) => i * side + j));
      lineOf(Array.from({ length: side }, (_, j) => j * side + i));
    } else lineOf(Array.from({ length: n }, (_, i) => i));
    c.globalAlpha = 1;
  }
  const dots = (values, color, size) => {
    c.fillStyle = resolved(color);
    for (let i = 0; i < values.length; i += 2) {
      c.beginPath();
      c.arc(X(values[i]), Y(values[i + 1]), size, 0, 7);
      c.fill();
    }
  };
  c.globalAlpha = 0.75;
  if (shown.has("real")) dots(points ?? about.real, "var(--real)", 1.8);
  if (frame && shown.has("made")) dots(frame.points, "var(--made)", 2.2);
  c.globalAlpha = 1;
  if (frame && shown.has("push")) {
    let longest = 1e-12;
    for (let i = 0; i < frame.push.length; i += 4) longest = Math.max(longest, Math.hypot(frame.push[i + 2], frame.push[i + 3]));
    c.strokeStyle = resolved("var(--ink)");
    c.lineWidth = 1;
    for (let i = 0; i < frame.push.length; i += 4) {
      const [x, y, dx, dy] = frame.push.subarray(i, i + 4);
      const length = Math.hypot(dx, dy) || 1, size = (10 + 30 * (length / longest)) / length;
      const [px, py] = [X(x), Y(y)], [qx, qy] = [px + dx * size, py - dy * size];
      const angle = Math.atan2(qy - py, qx - px);
      c.beginPath();
      c.moveTo(px, py);
      c.lineTo(qx, qy);
      for (const turn of [2.6, -2.6]) (c.moveTo(qx, qy), c.lineTo(qx + 5 * Math.cos(angle + turn), qy + 5 * Math.sin(angle + turn)));
      c.stroke();
    }
  }
  edges(c, w, h, about);
}

// The book's picture of one dimension: both densities, the judgement, and below where noise is taken to.
export function one(c, w, h, { about, frame, shown }) {
  const [[x0, x1]] = about.bounds;
  const X = (x) => ((x - x0) / (x1 - x0)) * w;
  const top = 12, floor = h * 0.7, low = h - 14, bins = 60;
  const density = (values) => {
    const counts = new Array(bins).fill(0);
    for (const x of values) {
      const at = Math.floor(((x - x0) / (x1 - x0)) * bins);
      if (at >= 0 && at < bins) counts[at] += bins / values.length / (x1 - x0);
    }
    return counts.map((_, i) => (counts[Math.max(0, i - 1)] + 2 * counts[i] + counts[Math.min(bins - 1, i + 1)]) / 4);
  };
  const real = density(about.real), made = frame ? density(frame.points) : [];
  const most = Math.max(...real) * 1.4;
  const curve = (values, color, fill) => {
    c.beginPath();
    values.forEach((v, i) => c[i ? "lineTo" : "moveTo"](((i + 0.5) / values.length) * w, Math.max(top, floor - (v / most) * (floor - top))));
    c.strokeStyle = resolved(color);
    c.lineWidth = 2;
    c.stroke();
    if (!fill) return;
    c.lineTo(w, floor);
    c.lineTo(0, floor);
    c.globalAlpha = 0.14;
    c.fillStyle = resolved(color);
    c.fill();
    c.globalAlpha = 1;
  };
  if (shown.has("real")) curve(real, "var(--real)", true);
  if (shown.has("made") && frame) curve(made, "var(--made)", true);
  if (shown.has("heat") && frame?.heat.length) {
    const share = [...frame.heat].map((value) => most / 2 + (most / 2) * sure(value) * 0.98);
    c.setLineDash([5, 4]);
    curve(share, "var(--s2)", false);
    c.setLineDash([]);
    c.fillStyle = resolved("var(--s2)");
    c.font = "12px system-ui, sans-serif";
    // Beside its line, where it begins.
    const start = floor - (share[0] / most) * (floor - top);
    c.fillText("judgement: above the middle “real”", 8, start > top + 20 ? start - 7 : start + 16);
  }
  c.strokeStyle = resolved("var(--line)");
  c.lineWidth = 1;
  for (const y of [floor, low]) (c.beginPath(), c.moveTo(0, y), c.lineTo(w, y), c.stroke());
  c.fillStyle = resolved("var(--soft)");
  c.font = "11.5px system-ui, sans-serif";
  c.textAlign = "center";
  for (const [share, text] of marks(about, 0, 6)) if (share > 0.03 && share < 0.97) c.fillText(text, share * w, floor + 14);
  c.textAlign = "left";
  if (shown.has("fold") && frame?.fold.length) {
    c.strokeStyle = resolved("var(--s3)");
    c.globalAlpha = 0.7;
    frame.fold.forEach((x, i) => (c.beginPath(), c.moveTo(((i + 0.5) / frame.fold.length) * w, low), c.lineTo(X(x), floor), c.stroke()));
    c.globalAlpha = 1;
    c.fillText("noise", 6, low - 4);
  }
  if (shown.has("push") && frame?.push.length) {
    c.strokeStyle = resolved("var(--ink)");
    let longest = 1e-12;
    for (let i = 0; i < frame.push.length; i += 4) longest = Math.max(longest, Math.abs(frame.push[i + 2]));
    for (let i = 0; i < frame.push.length; i += 4) (c.beginPath(), c.moveTo(X(frame.push[i]), floor - 5), c.lineTo(X(frame.push[i]) + (frame.push[i + 2] / longest) * 30, floor - 5), c.stroke());
  }
}
