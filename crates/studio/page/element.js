// Elements from plain values: text can never become markup.

export const $ = (id) => document.getElementById(id);

// `make("button", { class: "quiet", onclick: f }, "text", child)`
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") Object.entries(value).forEach(([name, one]) => element.style.setProperty(name, one));
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A whole number in groups of three. (What the browser knows of languages would take longer than a list of runs.)
export const grouped = (n, sign) => String(n).replace(/\B(?=(\d{3})+$)/g, sign);
export const count = (n) => grouped(n, ",");
export const percent = (share) => {
  if (share >= 0.9995) return "100 %";
  if (share > 0.99) return `${(share * 100).toFixed(1)} %`;
  return `${Math.round(share * 100)} %`;
};

// A number with so many digits that only a program wants them is cut for people; its title has them all.
export function brief(text) {
  const value = Number(text);
  if (text.length <= 9 || !/^-?\d*\.\d+(e-?\d+)?$/i.test(text) || !Number.isFinite(value)) return text;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(3);
  return String(Number(value.toPrecision(Math.max(5, Math.ceil(Math.log10(size + 1)) + 2))));
}

// Class colors: told apart by lightness too, legible on both papers.
const HUES = [212, 28, 145, 330, 265, 48, 185, 0, 95, 300];
export const hue = (i) => HUES[i % HUES.length];

// The name of a key as it is written on it.
export const keyName = (key) => ({ " ": "space", Enter: "↵", Backspace: "⌫", Escape: "esc" })[key] ?? key;

// Text for screen readers alone.
export function say(text) {
  $("said").textContent = text;
}
