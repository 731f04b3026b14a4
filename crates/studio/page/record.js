// What a run leaves behind: its report, figures, notes and configuration, and what was learned from.

import { Curve, color } from "./curve.js";
import { make } from "./element.js";
import { get, post } from "./server.js";
import { moment } from "./time.js";
import { byWeight, duration, number, saveTable } from "./words.js";

const COLUMNS = 200;
const PARTS = 40;

export const fileAddress = (run, file) => `/api/file?run=${encodeURIComponent(run)}&file=${encodeURIComponent(file)}`;
const fileName = (name) => name.replace(/[^\p{L}\p{N}._-]+/gu, "-");

// What a figure is held against: `floor.x` and `ceiling.x` beside `x`, `real.x` beside `sample.x`, `control.NAME.x` beside `test.x`
// and the like. Gives the columns, and which keys stand in one.
export function beside(report) {
  const columns = new Map(), placed = new Set();
  const has = (key) => report[key] !== undefined;
  const put = (column, key, from) => {
    if (!columns.has(column)) columns.set(column, new Map());
    columns.get(column).set(key, report[from]);
    placed.add(from);
  };
  for (const from of Object.keys(report)) {
    const [first, ...rest] = from.split(".");
    if (first === "floor" || first === "ceiling") {
      const key = rest.join(".");
      if (has(key)) put(first, key, from);
    } else if (first === "real" && has(`sample.${rest.join(".")}`)) put("real rows", `sample.${rest.join(".")}`, from);
    else if (first === "control" && rest.length > 1) {
      const key = ["test", "sample", "valid", "score"].map((kind) => [kind, ...rest.slice(1)].join(".")).find(has);
      if (key) put(rest[0].replaceAll("_", " "), key, from);
    }
  }
  return { columns, placed };
}

export function report(views, names, title) {
  const isOne = views.length === 1;
  const { columns, placed } = isOne ? beside(views[0].report) : { columns: new Map(), placed: new Set() };
  const all = byWeight(new Set(views.flatMap((view) => Object.keys(view.report)))).filter((key) => (isOne ? !placed.has(key) : !/^(floor|ceiling)\./.test(key)));
  if (all.length === 0) return null;
  const order = ["floor", "ceiling", "real rows"];
  const kinds = [...columns.keys()].sort((a, b) => (order.indexOf(a) + 4) % 4 - (order.indexOf(b) + 4) % 4);
  const headings = isOne ? ["value", ...kinds] : names;
  const values = (key) => (isOne ? [views[0].report[key], ...kinds.map((kind) => columns.get(kind).get(key))] : views.map((view) => view.report[key]));
  const cell = (value) => make("td", { class: "n", title: value ?? null }, number(value));
  const save = () => saveTable(`${fileName(title)}-report.csv`, [["figure", ...headings], ...all.map((key) => [key, ...values(key)])]);
  const words = [
    (columns.has("floor") || columns.has("ceiling")) && "floor: rows whose columns were shuffled; ceiling: real rows. A figure that the floor reaches says nothing.",
    [...columns.keys()].some((name) => !["floor", "ceiling", "real rows"].includes(name)) && "The further columns are simple controls: what is not better than they are was not worth its trouble.",
  ].filter(Boolean);
  return make("section", {}, make("div", { class: "row spread" }, make("h2", {}, "Report"), make("button", { type: "button", class: "quiet", onclick: save }, "CSV")),
    make("div", { class: "scroll" }, make("table", { class: "list report" },
      make("thead", {}, make("tr", {}, make("th", {}, make("span", { class: "plain" }, "figure")), headings.map((text) => make("th", { class: "n" }, make("span", { class: "plain" }, text))))),
      make("tbody", {}, all.map((key) => make("tr", {}, make("td", {}, key), values(key).map(cell)))))),
    words.length > 0 && make("p", { class: "soft" }, words.join(" ")),
    isOne && views[0].pages.length > 0 && make("p", { class: "row soft" }, "To send: ", views[0].pages.map((file) => make("a", { href: fileAddress(names[0], file), download: `${fileName(title)}-${file}` }, file))));
}

export function pictures(view, name) {
  if (view.figures.length === 0) return null;
  const others = (figure) => view.files.filter((file) => file.startsWith(`${figure}.`) && !file.endsWith(".png"));
  return make("section", {}, make("h2", {}, "Figures"), make("div", { class: "pictures" }, view.figures.map((figure) => make("figure", {},
    make("img", { src: fileAddress(name, `figures/${figure}.png`), alt: figure, loading: "lazy" }),
    make("figcaption", {}, figure, others(figure).map((file) => make("a", { href: fileAddress(name, `figures/${file}`), download: file }, file.split(".").pop())))))));
}

export function notes(view, name, shell) {
  if (!view.info) return null;
  const tags = make("input", { "aria-label": "Tags", placeholder: "tags, with commas between" });
  const note = make("textarea", { "aria-label": "Note", placeholder: "Anything worth remembering" });
  tags.value = view.notes.tags.join(", ");
  note.value = view.notes.note;
  const keep = async () => {
    const given = { tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean), note: note.value };
    await post("/api/annotate", { run: name, notes: given }).then(() => shell.toast("Kept with the run"), (error) => shell.toast(error.message));
  };
  tags.addEventListener("change", keep);
  note.addEventListener("change", keep);
  const found = view.info.notes ?? [];
  return make("section", {}, make("h2", {}, "Notes"), make("div", { style: { display: "grid", gap: "6px" } }, tags, note,
    found.length > 0 && make("ul", { class: "soft", style: { margin: 0, "padding-left": "18px" } }, found.map((text) => make("li", {}, text)))));
}

export const configuration = (view) => make("section", {}, make("details", {}, make("summary", {}, "Configuration"), make("pre", {}, view.config)));

// The columns that were learned from, once somebody wants to see them.
export function columns(view, name, open = false) {
  if (!view.columns) return null;
  const box = make("div", { style: { "margin-top": "8px" } });
  const details = make("details", {}, make("summary", {}, `Columns: ${number(view.columns)}`), box);
  details.open = open;
  details.addEventListener("toggle", async () => {
    if (!details.open || box.firstChild) return;
    box.append(make("p", { class: "soft" }, "reading …"));
    const { columns } = await get(fileAddress(name, "schema.json")).catch((error) => ({ columns: [], trouble: error }));
    const counts = new Map();
    const line = ({ name: column, kind, missing }) => {
      const [word, about] = typeof kind === "string" ? [kind, {}] : Object.entries(kind)[0];
      const from = word === "date-time" ? moment : number;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      const range = about.levels ? `${about.levels.slice(0, 6).join(", ")}${about.levels.length > 6 ? ` and ${about.levels.length - 6} more` : ""}` : about.min !== undefined ? `${from(about.min)} to ${from(about.max)}` : (about.value ?? "");
      return [column, word, range, missing];
    };
    const lines = columns.map(line);
    box.replaceChildren(
      make("p", { class: "soft" }, [...counts].map(([word, n]) => `${number(n)} ${word}`).join(", "), lines.length > COLUMNS && `; the first ${COLUMNS} are listed, all are in schema.json`),
      make("div", { class: "scroll" }, make("table", { class: "list" },
        make("thead", {}, make("tr", {}, ["column", "kind", "values", "missing"].map((text, i) => make("th", { class: i === 3 ? "n" : null }, make("span", { class: "plain" }, text))))),
        make("tbody", {}, lines.slice(0, COLUMNS).map(([column, word, range, missing]) => make("tr", {}, make("td", { class: "name" }, column), make("td", {}, word), make("td", { class: "reasons" }, range), make("td", { class: "n" }, number(missing))))))));
  });
  return make("section", {}, details);
}

// What a model without epochs learned, one after the other: columns of a chain with the time each took, passes of a circuit with
// their losses.
export function learned() {
  const box = make("section", { hidden: true });
  let curve = null, all = false, drawn = "";
  function draw(course, isRunning) {
    const passes = course.passes();
    box.hidden = course.parts.length === 0;
    const key = JSON.stringify([course.parts.length, all, isRunning]);
    if (box.hidden || key === drawn) return;
    drawn = key;
    const [last, share, seconds] = course.parts[course.parts.length - 1];
    const left = isRunning && share > 0 ? `, about ${duration((seconds / share) * (1 - share))} left` : "";
    const isPasses = course.parts.every(([part]) => /^pass \d+$/.test(part));
    const said = isPasses
      ? `${number(course.parts.length)} passes over the rows in ${duration(seconds)}${left}`
      : `${number(course.parts.length)} columns learned in ${duration(seconds)}, ${Math.round(share * 100)} % of the work, the last \`${last}\`${left}`;
    curve?.close();
    curve = null;
    if (passes.length) {
      const place = make("div", {});
      box.replaceChildren(make("h2", {}, "loss, nats a row"), place, make("p", { class: "soft" }, said));
      curve = new Curve(place, { label: "loss, nats a row", height: 240, xLabel: "pass" });
      const [x, y] = [passes.map(([x]) => x), passes.map(([, y]) => y)];
      curve.set([{ name: "loss", x, y, color: color(0), best: x[y.indexOf(Math.min(...y))] }]);
      return;
    }
    const took = course.parts.map(([part, , seconds], i) => [part, seconds - (i > 0 ? course.parts[i - 1][2] : 0), seconds]);
    const most = Math.max(...took.map(([, own]) => own), 1e-9);
    const shown = all ? took : took.slice(-PARTS);
    const save = () => saveTable("parts.csv", [["part", "seconds", "since the start"], ...took]);
    box.replaceChildren(...[make("div", { class: "row spread" }, make("h2", { style: { margin: 0 } }, isPasses ? "Passes over the rows" : "What was learned, in this order"), make("button", { type: "button", class: "quiet", onclick: save }, "CSV")), make("p", { class: "soft", style: { margin: "0 0 6px" } }, said),
      make("div", { class: "scroll" }, make("table", { class: "list" },
        make("thead", {}, make("tr", {}, [isPasses ? "" : "column", "took", "", "since the start"].map((text, i) => make("th", { class: i % 2 ? "n" : null }, make("span", { class: "plain" }, text))))),
        make("tbody", {}, shown.map(([part, own, since]) => make("tr", {}, make("td", { class: "name" }, part), make("td", { class: "n" }, duration(own)), make("td", { style: { width: "40%" } }, make("span", { class: "meter wide" }, make("i", { style: { width: `${(100 * own) / most}%` } }))), make("td", { class: "n" }, duration(since))))))),
      shown.length < took.length && make("button", { type: "button", class: "quiet", onclick: () => ((all = true), draw(course, isRunning)) }, `All ${number(took.length)}`)].filter(Boolean));
  }
  return { box, draw, close: () => curve?.close() };
}
