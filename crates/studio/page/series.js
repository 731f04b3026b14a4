// A run of series: its points with scores and alarms, how it may go on, or its windows.

import { Curve } from "./curve.js";
import { make } from "./element.js";
import { post } from "./server.js";
import { runAddress } from "./shelf.js";
import { areDays, moment } from "./time.js";
import { windows } from "./window.js";
import { number, saveTable } from "./words.js";

const CHANNELS = 6;

export async function series(place, name, parameters, shell) {
  place.append(make("h1", {}, make("a", { href: runAddress(name) }, name), " · series"));
  document.title = `${name}, series · Studio`;
  const opened = await inside(place, name, parameters, shell);
  const key = (event) => (event.key === "Escape" && !opened?.out?.() ? ((location.hash = runAddress(name)), true) : (opened?.key?.(event) ?? false));
  return { close: opened?.close, key, keys: [...(opened?.keys ?? []), ["esc", "All of it, then the run"]] };
}

// The same within another page.
export async function inside(place, name, parameters, shell) {
  const wait = make("p", { class: "soft" }, "reading the series …");
  place.append(wait);
  const about = await post("/api/series", { run: name });
  if (!shell.isOpen()) return null;
  wait.remove();
  return about.kind === "windows" ? windows(place, about) : browser(place, name, about, parameters, shell);
}

function browser(place, name, about, parameters, shell) {
  const hours = !areDays([...about.series.flatMap((one) => [one.from, one.to]), ...about.alarms.flatMap((alarm) => [alarm.start, alarm.end, alarm.peak])]);
  const time = (at) => (about.dates ? moment(at, hours) : number(at));
  const order = about.series.map((_, i) => i).sort((a, b) => (about.series[b].peak ?? -Infinity) - (about.series[a].peak ?? -Infinity) || a - b);
  let at = Number(parameters.get("series") ?? order[0]);
  if (!about.series[at]) at = order[0];
  let chosen = (parameters.get("channels") ?? "").split(",").filter(Boolean).map(Number).filter((c) => about.channels[c] !== undefined);
  if (chosen.length === 0) chosen = first();
  let span = null, charts = [], asked = 0, closed = false;

  // Channels that most alarms name come first.
  function first() {
    const named = about.channels.map((channel, c) => [about.alarms.filter((alarm) => alarm.channels.includes(channel)).length, c]);
    return named.sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, CHANNELS).map(([, c]) => c).sort((a, b) => a - b);
  }

  const entity = make("select", { "aria-label": "Series", onchange: () => ((at = Number(entity.value)), (span = null), look()) },
    order.map((i) => make("option", { value: i }, `${about.series[i].name || "the series"}${about.series.length > 1 ? ` · ${number(about.series[i].points)} points from ${time(about.series[i].from)}` : ""}`)));
  entity.value = at;
  const channel = make("select", { "aria-label": "Channels", onchange: () => toggle() });
  const all = make("button", { type: "button", onclick: () => out() }, "All", make("kbd", {}, "0"));
  const where = make("output", { class: "soft" });
  const plots = make("div", { class: "plots" });
  const alarms = make("section", {});
  const ways = make("section", {});
  const many = [`${number(about.points)} points`, about.of > 1 && `of ${number(about.of)} series`, about.scored && `${number(about.raised)} ${about.raised === 1 ? "alarm" : "alarms"} above ${number(about.threshold)}${about.nats ? " nats" : " times what is usual"}`].filter(Boolean).join(", ");
  place.append(
    make("p", { class: "soft" }, `The ${about.part} points: ${many}. ${about.scored ? "A higher score is more unusual; alarms are shaded orange, what is known to be unusual grey. " : ""}Draw over a stretch to look closer.`),
    make("div", { class: "row toolbar" }, about.series.length > 1 && entity, about.channels.length > 1 && channel, all, where, make("button", { type: "button", class: "quiet", onclick: () => csv() }, "CSV")),
    plots, alarms, ways);

  function toggle() {
    const c = Number(channel.value);
    if (channel.value === "") return;
    chosen = chosen.includes(c) ? chosen.filter((other) => other !== c) : [...chosen, c].sort((a, b) => a - b);
    if (chosen.length === 0) chosen = first();
    look();
  }

  function out() {
    if (!span) return false;
    span = null;
    look();
    return true;
  }

  const closer = (from, to) => ((span = [from, to]), look());
  const hover = (x) => charts.forEach((chart) => chart.at(x));

  function build() {
    charts.forEach((chart) => chart.close());
    plots.replaceChildren();
    const one = (title, height, more) => {
      const box = make("div", {}, make("h2", { style: { margin: "6px 0 2px" } }, title));
      plots.append(box);
      return new Curve(box, { label: title, height, xLabel: about.time ?? "point", dates: about.dates, onRange: closer, onHover: hover, ...more });
    };
    charts = chosen.map((c) => one(about.channels[c], chosen.length > 2 ? 130 : 190));
    if (about.scored) charts.push(one("score", 150, { yLabel: about.nats ? "nats" : "times what is usual" }));
    channel.replaceChildren(make("option", { value: "" }, "Channels…"), ...about.channels.map((text, c) => make("option", { value: c }, `${chosen.includes(c) ? "−" : "+"} ${text}`)));
  }

  let part = null;
  async function look() {
    const own = ++asked;
    const [from, to] = span ?? [null, null];
    const found = await post("/api/series/part", { run: name, series: at, channels: chosen, from, to }).catch((error) => shell.toast(error.message));
    if (!found || own !== asked || closed) return;
    part = found;
    if (charts.length !== chosen.length + (about.scored ? 1 : 0) || drawn !== chosen.join()) build();
    drawn = chosen.join();
    const here = about.alarms.filter((alarm) => alarm.series === at);
    const bands = [...part.known.map(([a, b]) => [a, b, "var(--soft)"]), ...here.map((alarm) => [alarm.start, alarm.end, "var(--made)"])];
    const whole = about.series[at];
    const x = span ?? [whole.from, whole.to === whole.from ? whole.from + 1 : whole.to];
    charts.forEach((chart, i) => {
      const line = part.channels[i] ?? part.scores;
      Object.assign(chart, { bands, reach: { x }, levels: i >= chosen.length && about.threshold !== null ? [[about.threshold, "alarm above"]] : [] });
      chart.set([{ name: i < chosen.length ? about.channels[chosen[i]] : "score", ...line, color: i < chosen.length ? "var(--s0)" : "var(--made)" }]);
    });
    // The first and the last point, not where the pointer was.
    const there = part.channels[0]?.x ?? [];
    const [first, last] = span && there.length ? [there[0], there[there.length - 1]] : x;
    where.textContent = `${time(first)} to ${time(last)}, ${number(part.points)} points${part.points > 2000 ? ", drawn as the lowest and highest of each bunch" : ""}`;
    all.disabled = !span;
  }
  let drawn = "";

  function show(alarm) {
    if (alarm.series !== null && alarm.series !== at) (at = alarm.series), (entity.value = at);
    const whole = about.series[at];
    const margin = Math.max(2 * (alarm.end - alarm.start), (whole.to - whole.from) / 60);
    closer(Math.max(whole.from, alarm.start - margin), Math.min(whole.to, alarm.end + margin));
    plots.scrollIntoView({ block: "nearest" });
  }

  let shownAlarm = -1;
  function drawAlarms() {
    if (!about.scored) return;
    const several = about.series.length > 1;
    const heads = ["start", "end", several && "series", "peak", "score", "points", "channels", "reason"].filter(Boolean);
    const link = (alarm, i) => make("button", { type: "button", class: "quiet", onclick: () => ((shownAlarm = i), show(alarm)) }, time(alarm.start));
    alarms.replaceChildren(...[make("h2", { style: { "margin-top": "16px" } }, "Alarms, the highest first"),
      about.alarms.length === 0 ? make("p", { class: "soft" }, "No point is above the threshold.") : make("div", { class: "scroll" }, make("table", { class: "list" },
        make("thead", {}, make("tr", {}, heads.map((text) => make("th", { class: ["score", "points"].includes(text) ? "n" : null }, make("span", { class: "plain" }, text))))),
        make("tbody", {}, about.alarms.map((alarm, i) => make("tr", {}, make("td", { class: "when" }, link(alarm, i)), make("td", { class: "when" }, time(alarm.end)), several && make("td", {}, about.series[alarm.series]?.name ?? "–"), make("td", { class: "when" }, time(alarm.peak)),
          make("td", { class: "n" }, number(alarm.score)), make("td", { class: "n" }, number(alarm.points)), make("td", {}, alarm.channels.join(", ")), make("td", {}, alarm.reason ?? "")))))),
      about.raised > about.alarms.length && make("p", { class: "soft" }, `${number(about.alarms.length)} of ${number(about.raised)}; \`veridic alarms\` lists all`)].filter(Boolean));
  }

  function csv() {
    if (!part) return;
    const lines = [...part.channels.map((line, i) => [about.channels[chosen[i]], line]), ...(part.scores ? [["score", part.scores]] : [])];
    saveTable("series.csv", [[about.time ?? "point", "of", "value"], ...lines.flatMap(([of, line]) => line.x.map((x, i) => [time(x), of, line.y[i]]))]);
  }

  // --- how it may go on -----------------------------------------------------------------------------------------------

  let fan = null, seed = 0, fanChannel = 0, isNew = false, made = null;
  function drawWays() {
    if (!about.paths) return;
    const box = make("div", {});
    const of = make("select", { "aria-label": "Channel of the paths", onchange: () => ((fanChannel = Number(of.value)), walk()) }, about.channels.map((text, c) => make("option", { value: c }, text)));
    fanChannel = Math.max(0, about.channels.findIndex((text) => /^(adj[_ ]?)?close$/i.test(text)));
    of.value = fanChannel;
    const after = make("button", { type: "button", "aria-pressed": "true", onclick: () => choose(false) }, "Ways to go on");
    const fresh = make("button", { type: "button", "aria-pressed": "false", onclick: () => choose(true) }, "New paths");
    const choose = (value) => ((isNew = value), after.setAttribute("aria-pressed", String(!isNew)), fresh.setAttribute("aria-pressed", String(isNew)), walk());
    const said = make("p", { class: "soft" });
    ways.replaceChildren(make("div", { class: "row", style: { margin: "18px 0 6px" } }, after, fresh, of, make("button", { type: "button", onclick: () => ((seed += 1), walk()) }, "Others", make("kbd", {}, "n")), make("button", { type: "button", class: "quiet", onclick: () => saveWays() }, "CSV")), said, box);
    fan = new Curve(box, { label: "Made paths", height: 260, xLabel: about.time ?? "point", dates: about.dates, onHover: (x) => fan.at(x), legend: true });
    walk();

    async function walk() {
      made = await post("/api/series/paths", { run: name, after: isNew ? null : at, channel: fanChannel, seed }).catch((error) => ((said.textContent = error.message), null));
      if (!made || closed) return;
      said.textContent = `${number(made.n)} paths of ${number(made.x.length)} points: nine tenths of them are within the wide band, half within the narrow one.`;
      const [low, q1, middle, q3, high] = made.shares;
      const tone = "var(--made)";
      fan.yLabel = about.channels[fanChannel];
      fan.set([
        ...(made.past ? [{ name: "until now", ...made.past, color: "var(--real)" }] : []),
        { name: "nine tenths of the paths", x: made.x, y: low, between: high, color: tone }, { name: "half of them", x: made.x, y: q1, between: q3, color: tone },
        { name: "median", x: made.x, y: middle, color: tone },
        ...made.paths.map((y) => ({ name: "single paths", x: made.x, y, color: "var(--s3)", thin: true })),
      ]);
    }
    again = () => ((seed += 1), walk());
  }
  let again = null;
  const saveWays = () => made && saveTable("paths.csv", [[about.time ?? "point", ...made.below.map((share) => `${share * 100} %`), ...made.paths.map((_, i) => `path ${i + 1}`)], ...made.x.map((x, i) => [time(x), ...made.shares.map((line) => line[i]), ...made.paths.map((line) => line[i])])]);

  drawAlarms();
  drawWays();
  look();

  function key(event) {
    const whole = about.series[at];
    const [from, to] = span ?? [whole.from, whole.to];
    const far = to - from;
    const move = (a, b) => (closer(Math.max(whole.from, a), Math.min(whole.to, b)), true);
    if (event.key === "0") return out(), true;
    if (event.key === "ArrowLeft") return span && move(Math.max(whole.from, from - far / 2), Math.max(whole.from, from - far / 2) + far);
    if (event.key === "ArrowRight") return span && move(Math.min(whole.to, to + far / 2) - far, to + far / 2);
    if (event.key === "+") return move(from + far / 4, to - far / 4);
    if (event.key === "-") return move(from - far / 2, to + far / 2);
    if (["j", "k"].includes(event.key) && about.alarms.length) {
      shownAlarm = (shownAlarm + (event.key === "j" ? 1 : about.alarms.length - 1) + about.alarms.length) % about.alarms.length;
      return show(about.alarms[shownAlarm]), true;
    }
    if (event.key === "n" && again) return again(), true;
    return false;
  }
  const keys = [["j k", "The next alarm, the one before"], ["← →", "Along the series"], ["+ −", "Closer, farther"], ["0", "All of it"], ...(about.paths ? [["n", "Other paths"]] : [])];
  return { close: () => ((closed = true), charts.forEach((chart) => chart.close()), fan?.close()), key, keys, out };
}
