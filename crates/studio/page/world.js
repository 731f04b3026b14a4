// A small adversarial network that learns on the server while somebody looks on. The page asks for some steps and what is
// to be seen after them, draws, and asks again; when it is not looked at, nothing is trained.

import { Curve } from "./curve.js";
import { make } from "./element.js";
import { one, two } from "./scene.js";
import { Refusal, post } from "./server.js";
import { Troubles } from "./trouble.js";
import { number, save, saveTable } from "./words.js";

const HEAD = 24;
const SLOW = 900;
const KEPT = 4000;

const DATA = { ring: "eight on a ring", grid: "twenty-five on a grid", blobs: "three of different widths", line: "a line", moons: "two moons", drawn: "drawn by hand", gaussian: "one normal, 1 dimension" };
const OBJECTIVES = ["non-saturating", "minimax", "least-squares", "hinge", "wasserstein"];
const DEFAULTS = {
  data: "ring", objective: "non-saturating", generator: "64,64", discriminator: "64,64", latent: 2, noise: "uniform", rule: "adam", rate: 0.002, lead: 1,
  "discriminator-updates": 1, "generator-updates": 1, batch: 128, steps: 8000, cosine: true, minibatch: false, packing: 1, penalty: 0.03, average: 0.99, "input-noise": 0,
  "soft-labels": 0, "flipped-labels": 0, "feature-matching": 0, history: 0, diversity: 0, replay: 0, "spectral-norm": false, seed: 0,
};
// One dimension as in the books, a few units each.
const ONE = { generator: "16", discriminator: "16,16", latent: 1, noise: "normal", rate: 0.005, batch: 128, steps: 4000, penalty: 0.1, average: 0.99 };
// What can be shown, with the color it has: a judgement is as blue as it is sure of real points, as orange as of made ones.
const LAYERS = [["real", "real points", "var(--real)"], ["made", "made points", "var(--made)"], ["heat", "judgement", "linear-gradient(90deg, var(--made), transparent, var(--real))"], ["fold", "folded noise", "var(--s3)"], ["push", "pushes", "var(--ink)"]];

export async function world(place, _, parameters, shell) {
  const start = () => (parameters.get("data") === "gaussian" ? { ...DEFAULTS, ...ONE } : DEFAULTS);
  const setting = { ...start() };
  for (const [key, value] of parameters) {
    if (!(key in setting)) continue;
    const like = typeof setting[key];
    setting[key] = like === "number" ? Number(value) : like === "boolean" ? value === "true" : value;
  }
  let points = (parameters.get("points") ?? "").split(";").map((pair) => pair.split(",").map(Number)).filter((pair) => pair.length === 2 && pair.every(Number.isFinite));
  const shown = new Set((parameters.get("show") ?? "real,made,heat").split(","));

  let id = null, about = null, frame = null, playing = false, slow = false, asking = false, turn = 0;
  let history = { x: [], kl: [], js: [], d: [], g: [] };
  let seconds = 0;
  const troubles = new Troubles();

  const canvas = make("canvas", { class: "world", tabindex: 0, role: "img", "aria-label": "Real and made points" });
  const title = make("h1", {}, "An adversarial network learns");
  const button = (text, key, act, kind = "") => make("button", { type: "button", class: kind, onclick: act }, text, make("kbd", {}, key));
  const playButton = button("Play", "space", () => play(), "main");
  const slowButton = make("button", { type: "button", "aria-pressed": "false", onclick: () => slower() }, "Slow", make("kbd", {}, "s"));
  const bar = make("div", { class: "row" }, playButton, button("Step both", "b", () => step(null)), button("Step D", "d", () => step(0)), button("Step G", "f", () => step(1)), slowButton, button("Reset", "r", () => begin()));
  const said = make("p", { class: "soft", role: "status" });
  const layers = make("div", { class: "row" }, LAYERS.map(([key, text, tone], i) => {
    const tick = make("input", { type: "checkbox", "data-layer": key, onchange: () => layer(key) });
    tick.checked = shown.has(key);
    return make("label", {}, tick, make("i", { class: "swatch thick", style: { "--c": tone } }), text, make("kbd", {}, i + 1));
  }));
  const measures = make("dl", { class: "measures" });
  const side = make("div", { class: "side" });
  const trouble = make("div", { role: "status", style: { display: "grid", gap: "6px" } });
  const left = make("div", {}, bar, layers, canvas, trouble, said);
  place.append(title, make("div", { class: "stage broad", style: { "margin-top": "10px" } }, left, side));
  document.title = "GAN world · Studio";

  // --- settings -----------------------------------------------------------------------------------------------------

  const fields = {};
  // Of settings that cannot be together the older one makes way; says what was changed.
  function makeWay(key) {
    if (key === "minibatch" && setting.minibatch && setting.penalty > 0) {
      setting.penalty = 0;
      return "The slope penalty is 0 now: it is of single rows, and minibatch discrimination judges rows together.";
    }
    if (key === "penalty" && setting.penalty > 0 && setting.minibatch) {
      setting.minibatch = false;
      return "There is no minibatch discrimination now: the slope penalty is of single rows.";
    }
    return null;
  }

  function field(key, text, control, more) {
    fields[key] = control;
    const read = () => (control.type === "checkbox" ? control.checked : typeof DEFAULTS[key] === "number" ? Number(control.value) : control.value);
    if (control.type === "checkbox") control.checked = setting[key];
    else control.value = setting[key];
    control.addEventListener("change", () => {
      setting[key] = read();
      if (key === "data") Object.assign(setting, setting.data === "gaussian" ? ONE : setting.latent === 1 ? { ...DEFAULTS, data: setting.data, seed: setting.seed } : {});
      const gave = makeWay(key);
      for (const [name, other] of Object.entries(fields)) if (name !== key) other.type === "checkbox" ? (other.checked = setting[name]) : (other.value = setting[name]);
      begin().then(() => gave && id !== null && (said.textContent = gave));
    });
    control.id = `set-${key}`;
    return [make("label", { for: control.id, title: more }, text), control];
  }
  const select = (options) => make("select", {}, Object.entries(options).map(([value, text]) => make("option", { value }, text)));
  const same = (list) => Object.fromEntries(list.map((one) => [one, one]));
  const input = (attributes) => make("input", { type: "number", ...attributes });
  const settings = make("div", { class: "settings" },
    field("data", "data", select(DATA)),
    field("objective", "objective", select(same(OBJECTIVES))),
    field("generator", "generator", make("input", { inputmode: "numeric", spellcheck: "false" }), "units of its hidden layers, with commas between"),
    field("discriminator", "discriminator", make("input", { inputmode: "numeric", spellcheck: "false" }), "units of its hidden layers, with commas between"),
    field("latent", "noise dimensions", input({ min: 1, max: 16 })),
    field("noise", "noise", select(same(["uniform", "normal", "stratified"]))),
    field("rule", "optimizer", select(same(["adam", "sgd"]))),
    field("rate", "rate", input({ min: 0.00001, max: 1, step: "any" })),
    field("lead", "rate of D / rate of G", input({ min: 0.01, max: 100, step: "any" })),
    field("discriminator-updates", "D updates a step", input({ min: 1, max: 10 })),
    field("generator-updates", "G updates a step", input({ min: 1, max: 10 })),
    field("batch", "rows a step", input({ min: 8, max: 1024 })),
    field("steps", "steps", input({ min: 100, max: 200000, step: 100 })),
    field("cosine", "rate falls to 0", make("input", { type: "checkbox" })),
    field("minibatch", "minibatch discrimination", make("input", { type: "checkbox" })),
    field("packing", "packing", input({ min: 1, max: 8 }), "rows that are judged as one"),
    field("penalty", "slope penalty", input({ min: 0, max: 100, step: "any" }), "R1 at real rows; for wasserstein the gradient penalty"),
    field("average", "averaged weights", input({ min: 0, max: 0.9999, step: "any" }), "made points come from a moving average of the generator"),
    field("input-noise", "noise on what D sees", input({ min: 0, max: 2, step: "any" })),
    field("seed", "seed", input({ min: 0, step: 1 })));
  const tricks = make("div", { class: "settings" },
    field("soft-labels", "softer labels of real", input({ min: 0, max: 0.45, step: "any" }), "real points are to be told as 1 less this"),
    field("flipped-labels", "share of flipped labels", input({ min: 0, max: 0.45, step: "any" }), "so many labels are wrong, so that D stays unsure"),
    field("feature-matching", "feature matching", input({ min: 0, max: 100, step: "any" }), "weight of the distance between mean features of real and made points in the generator's loss"),
    field("diversity", "diversity", input({ min: 0, max: 100, step: "any" }), "weight of how alike the features of made points are"),
    field("history", "historical averaging", input({ min: 0, max: 10, step: "any" }), "weight of the distance of all weights from their mean so far"),
    field("replay", "replay, steps", input({ min: 0, max: 10000, step: 1 }), "half of the made points that D learns from are those of the generator as it was up to so many steps ago"),
    field("spectral-norm", "spectral normalization of D", make("input", { type: "checkbox" })));
  const share = make("button", { type: "button", onclick: () => (navigator.clipboard?.writeText(location.href.replace(/^[^#]*/, "")).then(() => shell.toast("The part of the address behind # is on the clipboard; it means the same in any studio"), () => shell.toast(location.hash))) }, "Share");
  const recipe = make("button", { type: "button", onclick: () => keep() }, "Save as recipe");
  const losses = make("div", {}), gaps = make("div", {});
  side.append(
    make("div", { class: "part" }, measures, gaps, losses, make("div", { class: "row" }, share, recipe, make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV"))),
    make("div", { class: "part" }, make("details", { open: innerWidth > 900 }, make("summary", {}, "Settings"), make("div", { style: { height: "8px" } }), settings), make("details", {}, make("summary", {}, "Tricks of training"), make("div", { style: { height: "8px" } }), tricks)));
  gaps.append(make("h2", { style: { margin: "4px 0" } }, "Divergence of made from real points, nats"));
  const lossTitle = make("h2", { style: { margin: "4px 0" } });
  losses.append(lossTitle);
  const gapCurve = new Curve(gaps, { label: "KL and JS divergence over steps, nats", height: 130, xLabel: "step", legend: true });
  const lossCurve = new Curve(losses, { label: "Losses of both networks over steps", height: 120, xLabel: "step", legend: true });

  function body() {
    const layers = (text) => text.split(/[,\s]+/).filter(Boolean).map(Number);
    const { generator, discriminator, noise, ...rest } = setting;
    return { ...rest, generator: layers(generator), discriminator: layers(discriminator), noise: noise === "stratified" ? { stratified: 8 } : noise, points: setting.data === "drawn" ? points : [] };
  }

  // The address says everything that differs from the default.
  function remember() {
    const base = setting.data === "gaussian" ? { ...DEFAULTS, ...ONE } : DEFAULTS;
    const pairs = Object.entries(setting).filter(([key, value]) => String(value) !== String(base[key]));
    if (setting.data === "drawn" && points.length) pairs.push(["points", points.map((pair) => pair.map((v) => v.toFixed(3)).join(",")).join(";")]);
    const layers = LAYERS.map(([key]) => key).filter((key) => shown.has(key)).join(",");
    if (layers !== "real,made,heat") pairs.push(["show", layers]);
    const text = pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
    window.history.replaceState(null, "", `#/world${text ? `?${text}` : ""}`);
  }

  async function begin() {
    pause();
    history = { x: [], kl: [], js: [], d: [], g: [] };
    seconds = 0;
    remember();
    canvas.classList.toggle("wide", setting.data === "gaussian");
    id = frame = null;
    if (setting.data === "drawn" && points.length < 10) {
      about = { width: 2, bounds: [[-1.3, 1.3], [-1.3, 1.3]], real: [], mean: [0, 0], scale: [1, 1] };
      said.textContent = `Draw with the pointer: ${points.length} points, at least 10 are needed. Then play.`;
      return draw();
    }
    try {
      const answer = await post("/api/world/begin", body());
      if (!shell.isOpen()) return;
      ({ id, about } = answer);
      said.textContent = "";
      await ask({ steps: 0 });
    } catch (error) {
      said.textContent = [error.message, error.hint].filter(Boolean).join("; ");
      draw();
    }
  }

  // --- training -----------------------------------------------------------------------------------------------------

  async function ask(what) {
    if (id === null || asking) return false;
    asking = true;
    const own = id;
    const begun = performance.now();
    try {
      const response = await fetch("/api/world/frame", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id, ask: { heat: shown.has("heat"), fold: shown.has("fold"), push: shown.has("push"), ...what } }) });
      if (!response.ok) {
        const answer = await response.json().catch(() => ({}));
        throw new Refusal(response.status, answer.message ?? `the server answered ${response.status}`, answer.hint);
      }
      const values = new Float32Array(await response.arrayBuffer());
      if (own !== id) return false;
      take(values, what.steps > 0 ? (performance.now() - begun) / 1000 : 0);
      draw();
      return true;
    } catch (error) {
      pause();
      if (error.status === 404) {
        said.textContent = "This network made way for others; reset begins anew.";
      } else said.textContent = [error.message, error.hint].filter(Boolean).join("; ");
      return false;
    } finally {
      asking = false;
    }
  }

  function take(v, spent) {
    let at = HEAD;
    const next = (n) => v.subarray(at, (at += n));
    const width = v[14];
    frame = {
      step: v[0], steps: v[1], over: v[2] === 1, d: v[3], g: v[4], real: v[5], made: v[6], dSlope: v[7], gSlope: v[8], kl: v[9], js: v[10], modes: v[11], of: v[12], quality: v[13], done: v[19],
      points: next(v[16] * width), heat: next(v[15]), fold: next(v[17] * width), push: next(v[18] * 4),
    };
    seconds += spent;
    if (frame.done > 0) {
      history.x.push(frame.step);
      for (const key of ["kl", "js", "d", "g"]) history[key].push(Number.isFinite(frame[key]) ? frame[key] : null);
      if (history.x.length > KEPT) for (const key of Object.keys(history)) history[key] = history[key].filter((_, i) => i % 2 === 1);
    }
    if (frame.over) pause();
  }

  async function loop() {
    while (playing && shell.isOpen()) {
      await new Promise((done) => requestAnimationFrame(done));
      if (!playing) break;
      if (slow) {
        // In slow motion the two take turns.
        if (!(await ask({ steps: 1, only: turn }))) break;
        said.textContent = turn === 0 ? "The discriminator has learned: its judgement moved." : "The generator has learned: made points moved.";
        turn = 1 - turn;
        await new Promise((done) => setTimeout(done, SLOW));
      } else if (!(await ask({ steps: 200, milliseconds: 12 }))) break;
    }
    pause();
  }

  function play() {
    if (playing) return pause();
    if (frame?.over) return shell.toast("All steps are done; reset, or set more steps");
    if (id === null) return begin().then(() => id !== null && !playing && play());
    playing = true;
    document.documentElement.dataset.playing = "yes";
    playButton.firstChild.textContent = "Pause";
    loop();
  }

  function pause() {
    playing = false;
    delete document.documentElement.dataset.playing;
    playButton.firstChild.textContent = "Play";
  }

  async function step(only) {
    pause();
    while (asking) await new Promise((done) => setTimeout(done, 5));
    if (id === null) await begin();
    await ask({ steps: 1, only });
  }

  function slower() {
    slow = !slow;
    slowButton.setAttribute("aria-pressed", String(slow));
    if (slow && !playing) play();
  }

  function layer(key) {
    shown.has(key) ? shown.delete(key) : shown.add(key);
    layers.querySelector(`[data-layer=${key}]`).checked = shown.has(key);
    remember();
    if (!playing) ask({ steps: 0 }).then((done) => done || draw());
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  function draw() {
    const ratio = devicePixelRatio || 1;
    // Within its border: a pixel is a pixel of the screen.
    const w = Math.max(1, canvas.clientWidth), h = Math.max(1, canvas.clientHeight);
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
    const c = canvas.getContext("2d");
    c.scale(ratio, ratio);
    if (about) (about.width === 1 ? one : two)(c, w, h, { about, frame, shown, points: id === null ? points.flat() : null });
    tell();
  }

  function tell() {
    const items = [];
    const item = (text, value, more) => items.push(make("div", { title: more }, make("dt", {}, text), make("dd", {}, value)));
    if (frame) {
      item("step", `${number(frame.step)}`, `of ${frame.steps}`);
      if (Number.isFinite(frame.of)) item(about.width === 2 ? "modes" : "near the mean", about.width === 2 ? `${frame.modes} of ${frame.of}` : `${Math.round(frame.quality * 100)} %`);
      if (about.width === 2 && Number.isFinite(frame.quality)) item("at a mode", `${Math.round(frame.quality * 100)} %`, "made points within three standard deviations of a mode; real points have 99 %");
      item("KL", `${frame.kl.toFixed(3)}`, `real from made, nats, on a grid; as many other real points have ${about.floor?.[0].toFixed(3)}`);
      item("JS", `${frame.js.toFixed(3)}`, `nats, at most 0.693; as many other real points have ${about.floor?.[1].toFixed(3)}`);
      if (seconds > 0) item("steps a second", Math.round(frame.step / seconds));
    }
    const all = troubles.of(frame, about);
    if (all.map(([key]) => key).join() !== trouble.dataset.signs) {
      trouble.dataset.signs = all.map(([key]) => key).join();
      trouble.replaceChildren(...all.map(([, text]) => make("p", { class: "notice" }, text)));
    }
    measures.replaceChildren(...items);
    measures.dataset.modes = frame ? frame.modes : "";
    measures.dataset.step = frame ? frame.step : "";
    gapCurve.levels = about?.floor && history.x.length ? [[about.floor[0], "KL of as many real points"]] : [];
    lossTitle.textContent = `Losses, ${["non-saturating", "minimax"].includes(setting.objective) ? "nats a point" : `of the objective ${setting.objective}`}`;
    gapCurve.set([{ name: "KL", x: history.x, y: history.kl, color: "var(--s0)" }, { name: "JS", x: history.x, y: history.js, color: "var(--s2)" }]);
    lossCurve.set([{ name: "discriminator", x: history.x, y: history.d, color: "var(--real)" }, { name: "generator", x: history.x, y: history.g, color: "var(--made)" }]);
  }

  // --- keeping ------------------------------------------------------------------------------------------------------

  async function keep() {
    if (id === null) return shell.toast("There is no network yet");
    const name = `world-${setting.data}`;
    save(`${name}.toml`, about.recipe, "text/plain");
    if (about.drawn) {
      const { csv } = await post("/api/world/rows", { id });
      save(`${name}.csv`, csv);
    }
    const command = `veridic fit ${about.drawn ? `${name}.csv ` : ""}--recipe ${name}.toml`;
    said.replaceChildren("Saved. The same network, to the bit, from the command line: ", make("code", {}, command));
  }

  const csv = () => saveTable("world.csv", [["step", "kl", "js", "discriminator", "generator"], ...history.x.map((x, i) => [x, history.kl[i], history.js[i], history.d[i], history.g[i]])]);

  // --- drawing by hand ----------------------------------------------------------------------------------------------

  let pen = false;
  function dot(event) {
    const box = canvas.getBoundingClientRect();
    const at = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height].map((v) => Math.round((v * 2.6 - 1.3) * 1000) / 1000);
    const last = points[points.length - 1];
    if (points.length >= 1500 || at.some((v) => Math.abs(v) > 1.25) || (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < 0.02)) return;
    points.push(at);
    said.textContent = `${points.length} points drawn${points.length < 10 ? ", at least 10 are needed" : "; play to have them learned"}`;
    draw();
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (setting.data !== "drawn") return;
    if (id !== null) {
      // A drawing that was learned makes way for a new one.
      pause();
      points = [];
      id = frame = null;
      about = { width: 2, bounds: [[-1.3, 1.3], [-1.3, 1.3]], real: [], mean: [0, 0], scale: [1, 1] };
    }
    pen = true;
    canvas.setPointerCapture(event.pointerId);
    dot(event);
  });
  canvas.addEventListener("pointermove", (event) => pen && dot(event));
  canvas.addEventListener("pointerup", () => ((pen = false), setting.data === "drawn" && remember()));

  const again = new ResizeObserver(() => draw());
  again.observe(canvas);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", draw);
  await begin();

  function key(event) {
    const at = Number(event.key) - 1;
    if (event.key === " ") play();
    else if (event.key === "b") step(null);
    else if (event.key === "d") step(0);
    else if (event.key === "f") step(1);
    else if (event.key === "s") slower();
    else if (event.key === "r") begin();
    else if (LAYERS[at]) layer(LAYERS[at][0]);
    else return false;
    return true;
  }
  const keys = [["space", "Play, pause"], ["b", "One step of both"], ["d f", "One step of the discriminator, of the generator"], ["s", "Slow motion"], ["r", "Reset"], ["1 … 5", "What is shown"]];
  return { close: () => (pause(), again.disconnect(), scheme.removeEventListener("change", draw), gapCurve.close(), lossCurve.close()), key, keys };
}
