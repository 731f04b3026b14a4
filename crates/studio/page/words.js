// Numbers and times as people read them.

import { grouped } from "./element.js";

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  // Four digits are read at a glance, and are often years.
  if (Number.isInteger(value) && size < 1e4) return String(value);
  if (Number.isInteger(value) && size < 1e7) return grouped(value, "\u202f");
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 4)));
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds > 0 && seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function when(seconds) {
  if (!seconds) return "–";
  const date = new Date(seconds * 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

// Figures most people look at first.
const MAIN = [
  "test.log_likelihood", "test.loss", "test.error_rate", "table.c2st_unseen", "table.shapes", "sample.modes", "sample.high_quality",
  "sample.frechet", "sample.classifier_score", "score.auroc", "score.auprc", "valid.loss", "train.loss", "train.generator",
];
export function byWeight(names) {
  const place = (name) => {
    const at = MAIN.indexOf(name);
    if (at >= 0) return at;
    if (name.startsWith("floor.") || name.startsWith("ceiling.")) return 1000;
    return 100;
  };
  return [...names].map((name) => [place(name), name]).sort(([x, a], [y, b]) => x - y || (a < b ? -1 : 1)).map(([, name]) => name);
}

// A cell of a CSV file. A sign that a spreadsheet would take for a formula is kept from being one.
function csvCell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function save(name, text, kind = "text/csv") {
  const link = document.createElement("a");
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export const saveTable = (name, rows) => save(name, rows.map((row) => row.map(csvCell).join(",")).join("\n") + "\n");
