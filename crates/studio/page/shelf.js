// The list of runs. It looks again by itself, so that what another process trains is seen as it goes.

import { count, make } from "./element.js";
import { get, post } from "./server.js";
import { byWeight, duration, number, saveTable, when } from "./words.js";

const GLANCE = 1500;
// Rows that are drawn, and those that are drawn before anything is seen.
const SHOWN = 150;
const FIRST = 40;
const COLUMNS = 3;
// Made when something is sorted by words: that takes longer than all else.
let collator = null;

export const runAddress = (name) => `#/run/${name.split("/").map(encodeURIComponent).join("/")}`;

export async function shelf(place, _, parameters, shell) {
  let all = [], more = 0, folder = "", trouble = null, mark = "";
  let sort = parameters.get("sort") ?? "started", down = parameters.get("up") === null;
  let wanted = parameters.get("figures")?.split(",").filter(Boolean) ?? null;
  let chosen = new Set(), at = 0, most = FIRST, drawn = "";
  const search = make("input", { type: "search", placeholder: "Filter: name, model, data, status", "aria-label": "Filter", oninput: () => ((at = 0), draw(true)) });
  search.value = parameters.get("find") ?? "";
  const compare = make("button", { type: "button", onclick: () => together() }, "Compare");
  const figures = make("select", { "aria-label": "Add a column", onchange: () => addColumn() });
  const table = make("table", { class: "list" });
  const title = make("h1", {}, "Runs");
  const about = make("p", { class: "soft" });
  const numbers = make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV");
  place.append(title, about, make("div", { class: "row toolbar" }, search, figures, compare, numbers), make("div", { class: "scroll" }, table));

  // Figures that there are, and those that have a column; found once for each answer of the server.
  let names = [];
  const columns = () => wanted ?? names.slice(0, COLUMNS);
  const value = (run, key) => (key.startsWith("figure ") ? run.figures[key.slice(7)] : key === "rows" ? run.rows[0] : run[key]);

  function rows() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (run) => [run.name, run.model, run.data, run.status, run.about, run.notice ?? "", ...run.tags].join(" ").toLowerCase();
    const found = all.filter((run) => words.every((word) => text(run).includes(word)));
    // What has no value comes last, in either direction.
    const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    const none = (v) => v === undefined || v === null || v === "" || v === 0;
    found.sort((a, b) => {
      const [x, y] = [value(a, sort), value(b, sort)];
      if (none(x) || none(y)) return none(x) - none(y) || byName(a, b);
      const order = typeof x === "number" ? x - y : (collator ??= new Intl.Collator("en", { numeric: true })).compare(x, y);
      return (down ? -order : order) || byName(a, b);
    });
    return found;
  }

  function head(key, text, numeric = true, more = null) {
    const is = sort === key;
    const by = () => {
      if (is) down = !down;
      else (sort = key), (down = numeric);
      draw(true);
    };
    const arrow = is ? (down ? " ↓" : " ↑") : "";
    return make("th", { class: [numeric && "n", key === "about" && "about"].filter(Boolean).join(" "), "aria-sort": is ? (down ? "descending" : "ascending") : null },
      make("button", { type: "button", "aria-pressed": String(is), onclick: by, title: more }, text + arrow));
  }

  function line(run, i) {
    const real = !["foreign", "damaged", "newer"].includes(run.status);
    const tick = make("input", { type: "checkbox", "aria-label": `Choose ${run.name}`, onchange: () => ((tick.checked ? chosen.add(run.name) : chosen.delete(run.name)), bar()) });
    tick.checked = chosen.has(run.name);
    tick.disabled = !real;
    const shown = run.status === "silent" ? "running?" : run.status;
    const status = make("span", { class: `status ${run.status}`, title: run.status === "silent" ? "no word for two minutes; it may have ended without one" : null }, shown,
      run.share !== null && ["running", "silent", "stopped"].includes(run.status) && make("span", { class: "meter", title: `${Math.round(run.share * 100)} %` }, make("i", { style: { width: `${Math.round(run.share * 100)}%` } })));
    // `collapse at step 100: …` → `collapse`
    const notice = run.notice && make("a", { class: "tag warn", href: real ? runAddress(run.name) : null, title: run.notice }, run.notice.split(/ (?:at|by) step | has a |:/)[0]);
    return make("tr", { "data-name": run.name, "data-at": i === at ? "yes" : null },
      make("td", {}, tick),
      make("td", { class: "name" }, run.status === "foreign" ? run.name : make("a", { href: runAddress(run.name) }, run.name === "." ? folder.replace(/[\\/.]+$/, "").split(/[\\/]/).pop() || run.name : run.name), run.tags.map((tag) => make("span", { class: "tag" }, tag))),
      make("td", {}, status, notice),
      make("td", {}, run.model),
      make("td", {}, run.data),
      columns().map((name) => make("td", { class: "n", title: run.figures[name] ?? null }, number(run.figures[name]))),
      make("td", { class: "n" }, run.seconds ? duration(run.seconds) : "–"),
      make("td", { class: "n" }, when(run.started)),
      make("td", { class: "about", title: run.about }, run.about));
  }

  function bar() {
    compare.textContent = chosen.size > 1 ? `Compare ${chosen.size}` : "Compare";
    compare.disabled = chosen.size < 2;
  }

  function draw(force = false) {
    const found = rows();
    at = Math.max(0, Math.min(at, found.length - 1));
    const key = JSON.stringify([found.slice(0, most), at, sort, down, wanted]);
    if (!force && key === drawn) return;
    drawn = key;
    const kinds = found.length === all.length ? "" : `, ${count(found.length)} shown`;
    about.textContent = `${count(all.length)} in ${folder}${kinds}${more ? `; ${count(more)} more are not listed` : ""}`;
    const options = names.filter((name) => !columns().includes(name));
    figures.replaceChildren(make("option", { value: "" }, "Columns…"), ...options.map((name) => make("option", { value: `+${name}` }, `+ ${name}`)), ...columns().map((name) => make("option", { value: `-${name}` }, `− ${name}`)));
    bar();
    if (all.length === 0) {
      table.replaceChildren();
      table.parentElement.hidden = true;
      about.textContent = trouble ? `${folder} cannot be looked into: ${trouble}. Start the studio as someone who may read it, or with another folder.` : `There is nothing in ${folder} yet. Fit something, such as \`veridic fit DATA.csv\`: it appears here while it learns.`;
      return;
    }
    table.parentElement.hidden = false;
    const top = make("thead", {}, make("tr", {}, make("th", {}, make("span", { class: "hidden" }, "Chosen")), head("name", "run", false), head("status", "status", false), head("model", "model", false), head("data", "data", false),
      columns().map((name) => head(`figure ${name}`, name)), head("seconds", "time"), head("started", "begun"), head("about", "about", false)));
    const body = make("tbody", {}, found.slice(0, most).map(line));
    if (found.length > most) body.append(make("tr", {}, make("td", { colspan: 9 + columns().length }, make("button", { type: "button", onclick: () => ((most *= 4), draw(true)) }, `Show more of ${count(found.length)}`))));
    const focus = document.activeElement?.closest?.("th")?.cellIndex;
    table.replaceChildren(top, body);
    if (focus >= 0) table.rows[0].cells[focus]?.querySelector("button")?.focus();
  }

  function addColumn() {
    const [sign, name] = [figures.value[0], figures.value.slice(1)];
    if (sign === "+") wanted = [...columns(), name];
    if (sign === "-") wanted = columns().filter((other) => other !== name);
    draw(true);
  }

  function together() {
    if (chosen.size > 1) location.hash = `#/compare?${[...chosen].map((name) => `run=${encodeURIComponent(name)}`).join("&")}`;
  }

  async function remove(run) {
    try {
      const { key } = await post("/api/remove", { run: run.name });
      chosen.delete(run.name);
      await look();
      shell.toast(`${run.name} was set aside`, "Undo", async () => {
        await post("/api/restore", { key }).catch((error) => shell.toast(error.message));
        await look();
      });
    } catch (error) {
      shell.toast(error.message);
    }
  }

  function csv() {
    const keys = names;
    saveTable("runs.csv", [["run", "status", "model", "data", "seed", "seconds", "started", ...keys], ...rows().map((run) => [run.name, run.status, run.model, run.data, run.seed, run.seconds, run.started, ...keys.map((key) => run.figures[key])])]);
  }

  async function look() {
    const found = await get(`/api/runs?seen=${mark}`);
    if (found === null || !shell.isOpen()) return;
    ({ runs: all, more, folder, trouble, mark } = found);
    names = byWeight(new Set(all.flatMap((run) => Object.keys(run.figures))));
    draw();
  }

  let timer = null;
  async function watch() {
    try {
      if (!document.hidden) await look();
      shell.alarm(null);
    } catch (error) {
      shell.alarm(error.status === 401 ? "This page is not let in any more; open the link that the command prints." : "The studio does not answer; what is shown may be old.");
    }
    if (shell.isOpen()) timer = setTimeout(watch, GLANCE);
  }
  await look();
  setTimeout(() => ((most = Math.max(most, SHOWN)), all.length > FIRST && draw(true)), 100);
  timer = setTimeout(watch, GLANCE);
  document.title = "Runs · Studio";

  function key(event) {
    const found = rows();
    if (event.key === "j" || event.key === "ArrowDown") at += 1;
    else if (event.key === "k" || event.key === "ArrowUp") at -= 1;
    else if (event.key === "Enter" && found[at] && event.target === document.body) return (location.hash = runAddress(found[at].name)), true;
    else if (event.key === "x" && found[at]) chosen.has(found[at].name) ? chosen.delete(found[at].name) : chosen.add(found[at].name);
    else if (event.key === "c") return together(), true;
    else if (event.key === "/") return search.focus(), true;
    else if (event.key === "Delete" && found[at]) return remove(found[at]), true;
    else return false;
    draw(true);
    table.querySelector("[data-at=yes]")?.scrollIntoView({ block: "nearest" });
    return true;
  }
  const keys = [["j k", "Down, up"], ["↵", "Open"], ["x", "Choose for a comparison"], ["c", "Compare what is chosen"], ["/", "Filter"], ["Del", "Set aside, with undo"]];
  return { close: () => clearTimeout(timer), key, keys };
}
