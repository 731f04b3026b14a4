// A run, or several beside each other: losses, figures of merit, pictures and notices on one time line.

import { Course } from "./course.js";
import { Curve, color, painting } from "./curve.js";
import { make } from "./element.js";
import { columns, configuration, fileAddress, learned, notes, pictures, report } from "./record.js";
import { inside } from "./series.js";
import { get, post } from "./server.js";
import { runAddress } from "./shelf.js";
import { byWeight, duration, number, saveTable, when } from "./words.js";

const GLANCE = 1000;
// To read and draw a run that learns takes a browser without a graphics card about a tenth of a second of a core; where cores
// are few, learning needs them more than the page does.
const LIVE = GLANCE * Math.max(1, 6 / (navigator.hardwareConcurrency || 6));
// The share of its time that a page may draw while a run learns.
const DRAWING = 0.01;

export async function run(place, name, parameters, shell) {
  const names = name ? [name] : parameters.getAll("run");
  if (names.length === 0) throw new Error("No runs were named");
  const isOne = names.length === 1;
  // What is as it was is not sent again.
  let views = [];
  const load = () => Promise.all(names.map(async (one, i) => (await get(`/api/run?run=${encodeURIComponent(one)}&seen=${encodeURIComponent(views[i]?.mark ?? "")}`)) ?? views[i]));
  views = await load().catch(async (error) => {
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
  const head = make("div", { class: "row spread" }, title, links());
  place.append(head, facts, trouble, make("div", { class: "columns" }, left, right));

  function links() {
    const [view] = views;
    if (!isOne) return make("a", { href: "#/" }, "All runs");
    return make("div", { class: "row" },
      view.latent && make("a", { href: `#/latent/${encodeURIComponent(name)}` }, "Latent space"),
      view.series && make("a", { href: `#/series/${encodeURIComponent(name)}` }, "Series"),
      view.map && make("a", { href: `/#/map/${encodeURIComponent(name)}`, target: "_blank", rel: "noopener", title: "Where rows lie, like by like; a lasso selects them" }, "Map"),
      view.table && make("a", { href: `#/table/${encodeURIComponent(name)}` }, "Table"));
  }

  // --- one time line for everything ---------------------------------------------------------------------------------

  const slider = make("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Epoch" });
  const where = make("output", { class: "soft" });
  const play = make("button", { type: "button", onclick: () => toggle() }, "Play");
  const holds = make("button", { type: "button", "aria-pressed": "false", hidden: true, title: "Keep the pictures of this step beside those of others, of the same noise", onclick: () => hold() }, "Hold", make("kbd", {}, "h"));
  const line = make("div", { class: "timeline" }, play, slider, where, holds);
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

  // Pictures of one step can be held beside those of another: both are made of the same noise.
  const samples = make("div", { class: "samples" });
  let shownSamples = "", held = [], made = [];
  function hold() {
    held = held.length ? [] : made.map((card) => ({ ...card, text: `held: ${card.text}` }));
    holds.setAttribute("aria-pressed", String(held.length > 0));
    go(Number(slider.value));
  }

  function showSamples(step) {
    const isReal = (card) => card.file === "samples/real.png";
    const now = views.flatMap((view, i) => {
      if (view.samples.length === 0) return [];
      let at = view.samples[0];
      for (const one of view.samples) if (one[0] <= step) at = one;
      const card = [{ run: view.name, file: `samples/${at[1]}`, text: isOne ? `made at step ${number(at[0])}, always of the same noise` : `${view.name}, step ${number(at[0])}` }];
      if (view.real && i === views.length - 1) card.push({ run: view.name, file: "samples/real.png", text: "real" });
      return card;
    });
    made = now.filter((card) => !isReal(card));
    const cards = [...held, ...now];
    holds.hidden = made.length === 0;
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

  // The series themselves, on the page of a run that has no curves to show.
  let within = null, isWithin = false;
  async function drawSeries() {
    const [view] = views;
    if (!isOne || !view.series || isWithin || hasCurves()) return;
    isWithin = true;
    const box = make("section", {});
    pictureBox.before(box);
    within = await inside(box, name, new URLSearchParams(), shell).catch((error) => (box.replaceChildren(make("p", { class: "soft" }, `The series cannot be shown: ${error.message}`)), null));
  }

  function drawRest() {
    head.replaceChildren(title, links());
    const [view] = views;
    right.replaceChildren(...[report(views, names, isOne ? called : "runs"), isOne && notes(view, name, shell), isOne && !isAtOnce() && columns(view, name), isOne && view.config !== "" && configuration(view)].filter(Boolean));
    // What was learned from is all there is to say of models that learn at once.
    learnedFrom.replaceChildren(...[isAtOnce() && !view.series && columns(view, name, true)].filter(Boolean));
    pictureBox.replaceChildren(...[isOne && pictures(view, name)].filter(Boolean));
    drawSeries();
  }

  const pictureBox = make("div", {}), learnedFrom = make("div", {});
  const isAtOnce = () => isOne && !hasCurves() && courses[0].parts.length === 0 && views[0].samples.length === 0;
  const parts = learned();
  const plain = make("p", { class: "soft" });
  const hasCurves = () => courses.some((course) => course.epoch.length > 0);
  const curveBox = make("section", {}, make("div", { class: "row spread" }, legend, controls), groups, line, samples, smalls);
  left.append(parts.box, plain, curveBox, pictureBox, learnedFrom);

  function drawAll(rest) {
    const isRunning = views.some((view) => view.info?.status === "running");
    const [view] = views, [course] = courses;
    curveBox.hidden = !hasCurves() && (course.parts.length > 0 || isAtOnce());
    plain.hidden = !isAtOnce();
    if (isAtOnce()) plain.textContent = isRunning ? "Nothing to be seen yet." : view.info?.status === "done" ? `Learned at once, in ${duration(view.info.seconds)}: there is no course that could be drawn.` : "";
    slider.max = Math.max(0, epochs().length - 1);
    if (isOne) parts.draw(course, isRunning);
    drawFacts();
    drawCurves();
    if (follows && !playing) go(epochs().length - 1, false);
    if (rest) drawRest();
  }
  drawAll(true);

  let timer = null;
  const isLive = () => views.some((view) => view.info?.status === "running");
  // Whether more than a picture made while training is new.
  const isOther = (view, before) => view !== before && JSON.stringify({ ...view, mark: "", samples: [] }) !== JSON.stringify({ ...before, mark: "", samples: [] });
  let spent = 0, painted = painting.spent;
  async function watch() {
    try {
      if (!document.hidden) {
        const before = views;
        const changed = (await Promise.all(courses.map((course) => course.read()))).some(Boolean);
        views = await load();
        if (!shell.isOpen()) return;
        const begun = performance.now();
        if (changed || views.some((view, i) => view !== before[i])) drawAll(views.some((view, i) => isOther(view, before[i])));
        // What is drawn now is seen, and counted, by the next time.
        spent = performance.now() - begun + painting.spent - painted;
        painted = painting.spent;
      }
      shell.alarm(null);
    } catch (error) {
      shell.alarm(error.status === 404 ? "This run is not there any more; what is shown is what was read of it." : "The studio does not answer; what is shown may be old.");
    }
    if (shell.isOpen()) timer = setTimeout(watch, isLive() ? Math.max(LIVE, spent / DRAWING) : 4 * GLANCE);
  }
  timer = setTimeout(watch, GLANCE);

  function key(event) {
    if (isWithin && within?.key(event)) return true;
    const by = { ArrowLeft: -1, ArrowRight: 1, "[": -10, "]": 10 }[event.key];
    if (by) go(Number(slider.value) + by);
    else if (event.key === " " && event.target === document.body) toggle();
    else if (event.key === "l") (logTick.checked = log = !log), drawCurves();
    else if (event.key === "s") (smoothing.value = smooth = smooth ? 0 : 8), drawCurves();
    else if (event.key === "h" && !holds.hidden) hold();
    else if (event.key === "Escape") location.hash = "#/";
    else return false;
    return true;
  }
  const keys = [["← →", "One epoch back, on"], ["[ ]", "Ten"], ["h", "Hold the pictures of this step beside those of others"], ["space", "Play, pause"], ["l", "Log axis"], ["s", "Smoothing"], ["esc", "All runs"]];
  return { close: () => (clearTimeout(timer), clearInterval(playing), charts.forEach((chart) => chart.close()), parts.close(), within?.close()), key, keys };
}
