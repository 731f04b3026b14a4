// A run, or several beside each other: losses, figures of merit, pictures and notices on one time line.

import { Curve, color } from "./curve.js";
import { make } from "./element.js";
import { get, post } from "./server.js";
import { runAddress } from "./shelf.js";
import { byWeight, duration, number, saveTable, when } from "./words.js";

const GLANCE = 1000;
// To read and draw a run that learns takes a browser without a graphics card about a tenth of a second of a core; where cores
// are few, learning needs them more than the page does.
const LIVE = GLANCE * Math.max(1, 6 / (navigator.hardwareConcurrency || 6));

const fileAddress = (run, file) => `/api/file?run=${encodeURIComponent(run)}&file=${encodeURIComponent(file)}`;

// A run with the events read so far.
class Course {
  constructor(name) {
    this.name = name;
    this.clear();
  }

  clear() {
    Object.assign(this, { next: 0, epoch: [], step: [], seconds: [], figures: {}, notices: [], parts: [], skipped: 0 });
  }

  // Reads what is new; says whether anything is.
  async read() {
    let changed = false;
    for (;;) {
      const piece = await get(`/api/course?run=${encodeURIComponent(this.name)}&from=${this.next}`);
      if (piece.anew) this.clear();
      const before = this.epoch.length;
      this.epoch.push(...piece.epoch);
      this.step.push(...piece.step);
      this.seconds.push(...piece.seconds);
      for (const [name, values] of Object.entries(piece.figures)) {
        const own = (this.figures[name] ??= []);
        while (own.length < before) own.push(null);
        own.push(...values);
      }
      for (const own of Object.values(this.figures)) while (own.length < this.epoch.length) own.push(null);
      this.notices.push(...piece.notices);
      this.parts.push(...piece.parts);
      this.skipped += piece.skipped;
      changed ||= piece.anew || piece.epoch.length + piece.notices.length + piece.parts.length > 0;
      this.next = piece.next;
      if (!piece.more) return changed;
    }
  }

  best(criterion) {
    if (!criterion) return null;
    const values = this.figures[criterion[0]] ?? [];
    let at = -1;
    values.forEach((value, i) => {
      if (value !== null && (at < 0 || (criterion[1] ? value > values[at] : value < values[at]))) at = i;
    });
    return at < 0 ? null : this.epoch[at];
  }
}

export async function run(place, name, parameters, shell) {
  const names = name ? [name] : (parameters.get("runs") ?? "").split(",").filter(Boolean).map(decodeURIComponent);
  if (names.length === 0) throw new Error("No runs were named");
  const isOne = names.length === 1;
  const load = () => Promise.all(names.map((one) => get(`/api/run?run=${encodeURIComponent(one)}`)));
  let views = await load().catch(async (error) => {
    // A run that is about to begin has no files yet.
    if (error.status !== 404 || !isOne) throw error;
    const wait = make("p", { class: "empty" }, `There is no run \`${name}\` (yet). It is shown as soon as it begins.`);
    place.append(wait);
    for (;;) {
      document.documentElement.dataset.ready = "waiting";
      await new Promise((done) => setTimeout(done, GLANCE));
      if (!shell.isOpen()) throw error;
      const found = await load().catch(() => null);
      if (found) return wait.remove(), found;
    }
  });
  const courses = names.map((one) => new Course(one));
  await Promise.all(courses.map((course) => course.read()));
  // A studio that was opened on one run calls it as its folder is called.
  const called = name === "." ? views[0].path.replace(/[\\/.]+$/, "").split(/[\\/]/).pop() || name : name;
  document.title = `${isOne ? called : `${names.length} runs`} · Studio`;

  const title = make("h1", {}, isOne ? called : names.map((one, i) => make("span", {}, i > 0 && " · ", make("i", { class: "swatch", style: { "--c": color(i) } }), make("a", { href: runAddress(one) }, one))));
  const facts = make("div", { class: "facts" });
  const trouble = make("div", {});
  const left = make("div", {}), right = make("div", {});
  place.append(make("div", { class: "row spread" }, title, links()), facts, trouble, make("div", { class: "columns" }, left, right));

  function links() {
    const [view] = views;
    if (!isOne) return make("a", { href: "#/" }, "All runs");
    return make("div", { class: "row" },
      view.latent && make("a", { href: `#/latent/${encodeURIComponent(name)}` }, "Latent space"),
      view.table && make("a", { href: `#/table/${encodeURIComponent(name)}` }, "Table"));
  }

  // --- one time line for everything ---------------------------------------------------------------------------------

  const slider = make("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Epoch" });
  const where = make("output", { class: "soft" });
  const play = make("button", { type: "button", onclick: () => toggle() }, "Play");
  const line = make("div", { class: "timeline" }, play, slider, where);
  let follows = true, playing = null;
  const epochs = () => courses.reduce((a, b) => (b.epoch.length > a.length ? b.epoch : a), []);
  slider.addEventListener("input", () => go(Number(slider.value)));

  function go(i, own = true) {
    const all = epochs();
    i = Math.max(0, Math.min(i, all.length - 1));
    if (own) follows = i === all.length - 1;
    slider.value = i;
    charts.forEach((chart) => chart.at(own || playing ? (all[i] ?? null) : null));
    const step = courses.map((course) => course.step[course.epoch.indexOf(all[i])]).find((one) => one !== undefined);
    where.textContent = all.length ? `epoch ${number(all[i])} of ${number(Math.max(...views.map((view) => view.epochs), all[i]))}, step ${number(step)}` : "no epoch yet";
    showSamples(step ?? 0);
  }

  function toggle() {
    if (playing) {
      clearInterval(playing);
      playing = null;
    } else {
      if (Number(slider.value) >= epochs().length - 1) slider.value = 0;
      const by = Math.max(1, Math.round(epochs().length / 200));
      playing = setInterval(() => {
        const next = Number(slider.value) + by;
        go(next);
        if (next >= epochs().length - 1) toggle();
      }, 60);
    }
    play.textContent = playing ? "Pause" : "Play";
  }

  // --- curves -------------------------------------------------------------------------------------------------------

  let log = false, smooth = 0, hidden = new Set();
  const logTick = make("input", { type: "checkbox", id: "log", onchange: () => ((log = logTick.checked), drawCurves()) });
  const smoothing = make("input", { type: "range", min: 0, max: 40, value: 0, "aria-label": "Smoothing", style: { width: "110px" }, oninput: () => ((smooth = Number(smoothing.value)), drawCurves()) });
  const controls = make("div", { class: "row" }, make("label", {}, logTick, "log"), make("label", {}, "smooth", smoothing), make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV"));
  const legend = make("div", { class: "legend" });
  const groups = make("div", {}), smalls = make("div", { class: "pairs" });
  let charts = [], drawnGroups = "";
  const pick = (epoch) => epoch !== null && go(epochs().indexOf(epoch));

  // Losses on one pair of axes; figures that are none each on their own.
  function grouped() {
    const all = byWeight(new Set(courses.flatMap((course) => Object.keys(course.figures))));
    const kind = (name) => {
      const [first, rest = ""] = [name.split(".")[0], name.split(".").slice(1).join(".")];
      if (!["train", "valid"].includes(first)) return name;
      if (["real", "made"].includes(rest)) return "share told right by the discriminator";
      if (rest.endsWith("gradient")) return "gradient norms";
      if (["loss", "discriminator", "generator"].includes(rest)) return "loss, nats a row";
      return `${rest.replaceAll("_", " ")}`;
    };
    const map = new Map();
    for (const one of all) map.set(kind(one), [...(map.get(kind(one)) ?? []), one]);
    // Validation first, so that it has the same color everywhere.
    map.forEach((names) => names.sort((a, b) => b.startsWith("valid.") - a.startsWith("valid.")));
    return [...map].sort((a, b) => b[0].startsWith("loss") - a[0].startsWith("loss"));
  }

  function drawCurves() {
    const all = grouped();
    const key = JSON.stringify(all);
    if (key !== drawnGroups) {
      drawnGroups = key;
      charts.forEach((chart) => chart.close());
      groups.replaceChildren();
      smalls.replaceChildren();
      charts = all.map(([kind], i) => {
        const box = make("div", { style: { "min-width": 0 } }, make("h2", { style: { margin: "4px 0" } }, kind));
        (i === 0 ? groups : smalls).append(box);
        return new Curve(box, { label: kind, height: i === 0 ? 280 : 150, onPick: pick });
      });
    }
    const shown = new Map();
    all.forEach(([, names], g) => {
      const series = [];
      courses.forEach((course, c) => {
        names.forEach((one, k) => {
          if (!course.figures[one]) return;
          const tone = isOne ? color(k) : color(c);
          const label = isOne ? one : names.length > 1 ? `${course.name} ${one}` : course.name;
          const id = isOne ? one : course.name;
          shown.set(id, isOne ? null : color(c));
          const best = views[c].criterion?.[0] === one ? course.best(views[c].criterion) : null;
          if (!hidden.has(id)) series.push({ name: label, x: course.epoch, y: course.figures[one], color: tone, dash: !isOne && one.startsWith("train."), best });
        });
      });
      Object.assign(charts[g], { log, smooth });
      charts[g].set(series);
    });
    if (shown.size > 1) {
      const colors = new Map(all.flatMap(([, names]) => names.map((one, k) => [one, color(k)])));
      legend.replaceChildren(...[...shown].map(([id, tone]) => make("button", { type: "button", "aria-pressed": String(!hidden.has(id)), onclick: () => ((hidden.has(id) ? hidden.delete(id) : hidden.add(id)), drawCurves()) }, make("i", { class: "swatch", style: { "--c": tone ?? colors.get(id) } }), id)));
    }
  }

  function csv() {
    const keys = byWeight(new Set(courses.flatMap((course) => Object.keys(course.figures))));
    const rows = courses.flatMap((course) => course.epoch.map((epoch, i) => [course.name, epoch, course.step[i], course.seconds[i], ...keys.map((key) => course.figures[key]?.[i])]));
    saveTable(`${isOne ? name.replaceAll("/", "-") : "runs"}-curves.csv`, [["run", "epoch", "step", "seconds", ...keys], ...rows]);
  }

  // --- pictures made while training ---------------------------------------------------------------------------------

  const samples = make("div", { class: "samples" });
  let shownSamples = "";
  function showSamples(step) {
    const cards = views.flatMap((view, i) => {
      if (view.samples.length === 0) return [];
      let at = view.samples[0];
      for (const one of view.samples) if (one[0] <= step) at = one;
      const card = [{ run: view.name, file: `samples/${at[1]}`, text: isOne ? `made at step ${number(at[0])}, always of the same noise` : `${view.name}, step ${number(at[0])}` }];
      if (view.real && i === views.length - 1) card.push({ run: view.name, file: "samples/real.png", text: "real" });
      return card;
    });
    const key = JSON.stringify(cards);
    if (key === shownSamples) return;
    shownSamples = key;
    const old = [...samples.querySelectorAll("img")];
    if (old.length === cards.length) {
      cards.forEach((card, i) => {
        old[i].src = fileAddress(card.run, `${card.file}`);
        old[i].alt = card.text;
        old[i].nextSibling.textContent = card.text;
      });
      return;
    }
    samples.replaceChildren(...cards.map((card) => make("figure", {}, make("img", { src: fileAddress(card.run, card.file), alt: card.text }), make("figcaption", {}, card.text))));
  }

  // --- what else there is -------------------------------------------------------------------------------------------

  function drawFacts() {
    if (!isOne) return;
    const [view] = views, [course] = courses, info = view.info;
    const fact = (label, value) => make("span", {}, `${label} `, make("b", {}, value));
    const best = course.best(view.criterion);
    const spent = course.seconds.reduce((a, b) => a + b, 0);
    const left = info?.status === "running" && course.epoch.length ? (spent / course.epoch.length) * (view.epochs - course.epoch.length) : null;
    facts.replaceChildren(...(info ? [
      make("span", { class: `status ${info.status}` }, info.status),
      fact("model", view.model),
      fact("rows", info.rows.map(number).join(" / ")),
      fact("seed", info.seed),
      fact("time", duration(info.status === "running" ? spent : info.seconds)),
      left !== null && left > 0 && fact("remaining about", duration(left)),
      best !== null && fact("best epoch", `${number(best)} (${view.criterion[0]} ${number(course.figures[view.criterion[0]][course.epoch.indexOf(best)])})`),
      fact("begun", when(info.started)),
      info.status === "running" && !view.silent && make("button", { type: "button", class: "quiet", onclick: () => steer("stop") }, "Stop"),
      (view.silent || ["stopped", "failed"].includes(info.status)) && make("button", { type: "button", class: "quiet", onclick: () => steer("resume") }, "Go on"),
      course.skipped > 0 && fact("lines of events.jsonl not understood", course.skipped),
    ].filter(Boolean) : []));
    const notices = [];
    if (view.trouble) notices.push(make("p", { class: "notice bad" }, view.trouble));
    if (info?.error) notices.push(make("p", { class: "notice bad" }, info.error));
    for (const [epoch, , text] of course.notices.slice(-8)) notices.push(make("p", { class: "notice" }, make("button", { type: "button", class: "quiet", onclick: () => go(course.epoch.indexOf(epoch)) }, `epoch ${epoch}`), " ", text));
    trouble.replaceChildren(...(notices.length ? [make("div", { style: { display: "grid", gap: "6px", "margin-top": "10px" } }, notices)] : []));
  }

  const ASKED = { stop: "It stops at the next step, and can be gone on with", resume: "It goes on" };
  async function steer(what) {
    await post(`/api/${what}`, { run: name }).then(() => shell.toast(ASKED[what]), (error) => shell.toast(error.message));
  }

  function report() {
    const all = byWeight(new Set(views.flatMap((view) => Object.keys(view.report)))).filter((key) => !/^(floor|ceiling)\./.test(key));
    if (all.length === 0) return null;
    const has = (kind) => isOne && Object.keys(views[0].report).some((key) => key.startsWith(`${kind}.`));
    const [floor, ceiling] = [has("floor"), has("ceiling")];
    const cell = (value) => make("td", { class: "n", title: value ?? null }, number(value));
    const headings = isOne ? ["value", floor && "floor", ceiling && "ceiling"].filter(Boolean) : names;
    const save = () => saveTable(`${isOne ? name.replaceAll("/", "-") : "runs"}-report.csv`, [["figure", ...headings], ...all.map((key) => [key, ...(isOne ? [views[0].report[key], floor && (views[0].report[`floor.${key}`] ?? ""), ceiling && (views[0].report[`ceiling.${key}`] ?? "")].filter((v) => v !== false) : views.map((view) => view.report[key]))])]);
    return make("section", {}, make("div", { class: "row spread" }, make("h2", {}, "Report"), make("button", { type: "button", class: "quiet", onclick: save }, "CSV")),
      make("div", { class: "scroll" }, make("table", { class: "list report" },
        make("thead", {}, make("tr", {}, make("th", {}, make("span", { class: "plain" }, "figure")), headings.map((text) => make("th", { class: "n" }, make("span", { class: "plain" }, text))))),
        make("tbody", {}, all.map((key) => make("tr", {}, make("td", {}, key), isOne ? [cell(views[0].report[key]), floor && cell(views[0].report[`floor.${key}`]), ceiling && cell(views[0].report[`ceiling.${key}`])] : views.map((view) => cell(view.report[key]))))))),
      (floor || ceiling) && make("p", { class: "soft" }, "floor: rows whose columns were shuffled; ceiling: real rows. A figure that the floor reaches says nothing."));
  }

  function pictures() {
    if (!isOne || views[0].figures.length === 0) return null;
    const [view] = views;
    const others = (figure) => view.files.filter((file) => file.startsWith(`${figure}.`) && !file.endsWith(".png"));
    return make("section", {}, make("h2", {}, "Figures"), make("div", { class: "pictures" }, view.figures.map((figure) => make("figure", {},
      make("img", { src: fileAddress(name, `figures/${figure}.png`), alt: figure, loading: "lazy" }),
      make("figcaption", {}, figure, others(figure).map((file) => make("a", { href: fileAddress(name, `figures/${file}`), download: file }, file.split(".").pop())))))));
  }

  function notes() {
    if (!isOne || !views[0].info) return null;
    const [view] = views;
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

  function configuration() {
    if (!isOne) return null;
    return make("section", {}, make("details", {}, make("summary", {}, "Configuration"), make("pre", {}, views[0].config)));
  }

  function drawRest() {
    right.replaceChildren(...[report(), notes(), configuration()].filter(Boolean));
    pictureBox.replaceChildren(...[pictures()].filter(Boolean));
  }

  const pictureBox = make("div", {});
  const parts = make("p", { class: "soft" });
  const hasCurves = () => courses.some((course) => course.epoch.length > 0);
  const curveBox = make("section", {}, make("div", { class: "row spread" }, legend, controls), groups, line, samples, smalls);
  left.append(parts, curveBox, pictureBox);

  function drawAll(rest) {
    curveBox.hidden = !hasCurves() && views.every((view) => view.samples.length === 0 && view.info?.status !== "running");
    slider.max = Math.max(0, epochs().length - 1);
    const [course] = courses;
    const last = course.parts[course.parts.length - 1];
    parts.hidden = !isOne || !last;
    if (last) parts.textContent = `${course.parts.length} parts learned, the last \`${last[0]}\`; ${Math.round(last[1] * 100)} % of the work in ${duration(last[2])}`;
    drawFacts();
    drawCurves();
    if (follows && !playing) go(epochs().length - 1, false);
    if (rest) drawRest();
  }
  drawAll(true);

  let timer = null;
  const isLive = () => views.some((view) => view.info?.status === "running");
  const state = () => JSON.stringify(views.map((view) => [view.info?.status, view.files, view.report, view.latent]));
  async function watch() {
    try {
      if (!document.hidden) {
        const before = state();
        const counts = views.map((view) => view.samples.length).join();
        const changed = (await Promise.all(courses.map((course) => course.read()))).some(Boolean);
        views = await load();
        if (!shell.isOpen()) return;
        const other = before !== state();
        if (changed || other || counts !== views.map((view) => view.samples.length).join()) drawAll(other);
      }
      shell.alarm(null);
    } catch (error) {
      shell.alarm(error.status === 404 ? "This run is not there any more; what is shown is what was read of it." : "The studio does not answer; what is shown may be old.");
    }
    if (shell.isOpen()) timer = setTimeout(watch, isLive() ? LIVE : 4 * GLANCE);
  }
  timer = setTimeout(watch, GLANCE);

  function key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, "[": -10, "]": 10 }[event.key];
    if (by) go(Number(slider.value) + by);
    else if (event.key === " " && event.target === document.body) toggle();
    else if (event.key === "l") (logTick.checked = log = !log), drawCurves();
    else if (event.key === "s") (smoothing.value = smooth = smooth ? 0 : 8), drawCurves();
    else if (event.key === "Escape") location.hash = "#/";
    else return false;
    return true;
  }
  const keys = [["← →", "One epoch back, on"], ["[ ]", "Ten"], ["space", "Play, pause"], ["l", "Log axis"], ["s", "Smoothing"], ["esc", "All runs"]];
  return { close: () => (clearTimeout(timer), clearInterval(playing), charts.forEach((chart) => chart.close())), key, keys };
}
