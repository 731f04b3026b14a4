// The page: one item at a time, one key an item. It moves on when the server has confirmed.

import { Batch } from "./batch.js";
import { askName, askRemark, showKeys, showPerson, showReview } from "./dialog.js";
import { $, count, keyName, make, percent, say } from "./element.js";
import { draw, preload } from "./item.js";
import { Keys, isPressing, isTyping } from "./key.js";
import { drawActions, drawBeside, drawFigures, drawHistory, drawOptions, drawOverview } from "./panel.js";
import { actKey, get, insist, post } from "./server.js";

// Items that are ready behind the one that is shown.
const AHEAD = 4;
const GLANCE = 4000;

const keys = new Keys();
let about, state;
let queue = [];
// Rows that are looked at once more, and what the queue was meanwhile.
let again = null;
let rejected = new Set();
let busy = false;
let goesOn = false;
let order = "";
let batch = null;

const items = () => again ?? queue;
const current = () => items()[0];
const names = () => state.classes.map(([name]) => name);

// --- what is proposed ------------------------------------------------------------------------------------------------

// Where every class is a digit, the digit is its key.
const areDigits = () => names().every((name) => /^[0-9]$/.test(name));

function byRank() {
  if (order) return order === "rank";
  return !areDigits();
}

// Classes in the order of their keys: class, probability, key.
function options() {
  const item = current();
  const shares = item?.shares ?? [];
  const has = shares.length > 0;
  const all = names().map((_, i) => ({ class: i, share: has ? (shares[i] ?? 0) : null, key: "" }));
  if (areDigits() && !(byRank() && has)) {
    all.forEach((option) => (option.key = names()[option.class]));
    return all;
  }
  if (byRank() && has) all.sort((a, b) => b.share - a.share || a.class - b.class);
  all.slice(0, 9).forEach((option, i) => (option.key = String(i + 1)));
  return all;
}

function proposal() {
  const shares = current()?.shares ?? [];
  let best = -1;
  shares.forEach((share, i) => {
    if (!rejected.has(i) && (best < 0 || share > shares[best])) best = i;
  });
  return best;
}

// --- drawing ---------------------------------------------------------------------------------------------------------

function paint() {
  const item = current();
  const stage = $("stage");
  if (item && !(isSpent() && !goesOn)) {
    stage.replaceChildren(draw(about, item));
    stage.dataset.row = item.id + 1;
    stage.scrollTop = 0;
    if (scrollY > 0) scrollTo(0, 0);
  } else {
    stage.replaceChildren(isSpent() && !goesOn ? spent() : nothing());
    delete stage.dataset.row;
  }
  paintOptions();
  drawBeside(about, names(), item);
  document.documentElement.dataset.ready = "yes";
}

function paintOptions() {
  const item = current();
  const off = !item || batch || (isSpent() && !goesOn);
  $("desk").hidden = Boolean(off);
  if (off) return;
  const best = proposal();
  const line = [];
  if (again) line.push(make("span", { class: "mode" }, `Looking again, ${count(again.length)} to go`));
  if (item.decided) {
    const { decision, class: i, annotator } = item.decided;
    line.push(make("span", {}, `${annotator}: `, make("b", {}, decision === "label" ? names()[i] : `${decision}`)));
  }
  if (best >= 0) {
    line.push(make("span", {}, "Proposed ", make("b", {}, names()[best]), ` ${percent(item.shares[best])}`));
  } else if (rejected.size) {
    line.push(make("span", {}, "All classes were rejected: choose one, or skip"));
  } else if (!item.decided) {
    line.push(make("span", { class: "soft" }, "No proposal yet: choose a class"));
  }
  $("proposal").replaceChildren(...line);
  drawOptions(names(), options(), best, rejected, (i) => label(i));
  drawActions(keys, best >= 0, run);
}

function paintState() {
  drawFigures(about, state);
  drawHistory(about, state, reopen);
  drawOverview(state, review, newClass);
}

// Keys go to the item; nothing moves for it.
const focusStage = () => $("stage").focus({ preventScroll: true });

const isSpent = () => state.budget_left === 0 && !again;

function spent() {
  return make(
    "div",
    { class: "notice" },
    make("h2", {}, `${count(state.labelled)} labels: the budget is spent`),
    make("p", {}, `They are in ${about.file}. `, "Close the page when you like; nothing is left to save."),
    make("button", { type: "button", id: "go-on", class: "main", onclick: goOn }, "Go on beyond it", make("kbd", {}, keyName("Enter"))),
  );
}

function nothing() {
  const open = state.total - state.labelled - state.skipped - state.flagged;
  return make(
    "div",
    { class: "notice" },
    make("h2", {}, open > 0 ? "Nothing to ask just now" : "Every row is decided"),
    make("p", {}, open > 0 ? `${count(open)} rows are on other pages; they come back when those are closed.` : `All labels are in ${about.file}.`),
  );
}

function goOn() {
  goesOn = true;
  paint();
  focusStage();
}

// --- the server ------------------------------------------------------------------------------------------------------

function alarm(error) {
  const text = [error.message, error.hint].filter(Boolean).join(". ");
  const words = error.status
    ? `Not saved: ${text}.`
    : "Not saved: the server does not answer. It is asked again and again; nothing is lost that was confirmed.";
  $("alarm").textContent = error.status === 401 ? "This page was closed by the server: open the link that the command prints now." : words;
  $("alarm").hidden = false;
  document.body.classList.add("waiting");
}

function calm() {
  $("alarm").hidden = true;
  document.body.classList.remove("waiting");
}

function refresh(next) {
  state = next;
  paintState();
}

function add(more) {
  const there = new Set([...queue, ...(again ?? [])].map((item) => item.id));
  for (const item of more) {
    if (there.has(item.id)) continue;
    preload(about, item);
    queue.push(item);
  }
}

async function fill() {
  const answer = await insist("/api/next", { have: ids(), want: AHEAD + 1 - queue.length }, alarm);
  calm();
  add(answer.items);
  refresh(answer.state);
}

const ids = () => [...queue, ...(again ?? [])].map((item) => item.id);

// --- deciding --------------------------------------------------------------------------------------------------------

async function decide(decision, which = null) {
  const item = current();
  if (!item || busy || batch || (isSpent() && !goesOn)) return;
  busy = true;
  $("desk").setAttribute("aria-busy", "true");
  const top = item.shares.length ? item.shares.reduce((best, share, i, all) => (share > all[best] ? i : best), 0) : -1;
  const body = {
    key: actKey(),
    id: item.id,
    decision,
    class: which,
    proposal: top >= 0 ? [top, item.shares[top]] : null,
    again: item.decided !== null,
    have: ids().filter((id) => id !== item.id),
    want: again ? 0 : Math.max(0, AHEAD + 2 - queue.length),
  };
  try {
    const answer = await insist("/api/decide", body, alarm);
    calm();
    leave(item);
    add(answer.items);
    state = answer.state;
    paint();
    // What stands around the item may come a frame later.
    setTimeout(paintState);
    say(which === null ? `Row ${item.id + 1} ${decision}` : `Row ${item.id + 1}: ${names()[which]}`);
  } catch (error) {
    if (error.status === 409) {
      // Somebody else was faster: their decision stands, the next item comes.
      leave(item);
      paint();
    }
    alarm(error);
  } finally {
    busy = false;
    $("desk").removeAttribute("aria-busy");
  }
  if (!current()) {
    await fill();
    paint();
  }
}

function leave(item) {
  rejected = new Set();
  if (again) {
    again = again.filter((other) => other.id !== item.id);
    if (!again.length) again = null;
  } else {
    queue = queue.filter((other) => other.id !== item.id);
  }
}

const label = (i) => decide("label", i);

function reject() {
  const best = proposal();
  if (best < 0) return;
  const left = names().map((_, i) => i).filter((i) => i !== best && !rejected.has(i));
  // Of two classes, not the one is the other.
  if (left.length === 1 && names().length === 2) return label(left[0]);
  rejected.add(best);
  paintOptions();
}

async function undo(event = null) {
  if (busy || batch) return;
  if (rejected.size && event === null) {
    rejected.delete([...rejected].pop());
    paintOptions();
    return;
  }
  busy = true;
  try {
    const answer = await insist("/api/undo", event === null ? { key: actKey() } : { key: actKey(), event }, alarm);
    calm();
    if (answer.item) {
      if (again) endReview();
      queue = [answer.item, ...queue.filter((item) => item.id !== answer.item.id)];
      preload(about, answer.item);
      rejected = new Set();
      goesOn = goesOn || answer.state.budget_left === 0;
      say(`Row ${answer.item.id + 1} is open again`);
    } else {
      say("There is nothing to undo");
    }
    state = answer.state;
    paint();
    paintState();
  } catch (error) {
    alarm(error);
  } finally {
    busy = false;
  }
}

const reopen = (one) => undo(one.event);

async function remark() {
  const item = current();
  if (!item || batch) return;
  const text = await askRemark(item);
  if (!text) return;
  try {
    const answer = await insist("/api/comment", { key: actKey(), id: item.id, text }, alarm);
    calm();
    item.comments = answer.comments;
    if (current() === item) paint();
  } catch (error) {
    alarm(error);
  }
}

async function review(what = null) {
  if (batch) endBatch();
  const chosen = what ?? (await showReview(state));
  if (!chosen) return;
  const answer = await post("/api/review", { what: chosen }).catch((error) => ({ items: [], error }));
  if (answer.error) alarm(answer.error);
  again = answer.items.length ? answer.items : null;
  (again ?? []).forEach((item) => preload(about, item));
  rejected = new Set();
  paint();
  focusStage();
}

function endReview() {
  const ids = again.map((item) => item.id);
  again = null;
  rejected = new Set();
  post("/api/release", { ids }).catch(() => {});
  paint();
}

async function newClass() {
  const name = await askName("Add a class", "Name of the class", "");
  if (!name) return;
  try {
    refresh((await post("/api/class", { name })).state);
    calm();
    paint();
  } catch (error) {
    alarm(error);
  }
}

async function person() {
  const name = await showPerson(state);
  if (!name || name === state.annotator) return;
  try {
    refresh((await post("/api/annotator", { name })).state);
    calm();
  } catch (error) {
    alarm(error);
  }
}

function startBatch() {
  if (again) endReview();
  const best = Math.max(0, proposal());
  batch = new Batch({
    get about() {
      return about;
    },
    get state() {
      return state;
    },
    keys,
    alarm,
    calm,
    refresh,
    endBatch,
  });
  $("together").setAttribute("aria-pressed", "true");
  $("beside").replaceChildren();
  $("desk").hidden = true;
  delete $("stage").dataset.row;
  batch.open(best);
}

async function endBatch() {
  batch?.release();
  batch = null;
  $("together").setAttribute("aria-pressed", "false");
  await look();
  paint();
  focusStage();
}

function switchOrder() {
  order = byRank() ? "place" : "rank";
  paintOptions();
  say(order === "rank" ? "Classes by probability" : "Classes each at its own place");
}

// --- keys ------------------------------------------------------------------------------------------------------------

const ACTIONS = {
  accept: () => proposal() >= 0 && label(proposal()),
  reject,
  skip: () => decide("skip"),
  flag: () => decide("flag"),
  undo: () => undo(),
  comment: remark,
  batch: startBatch,
  review: () => review(),
  order: switchOrder,
  help: () => showKeys(keys, paintOptions),
};

function run(act) {
  ACTIONS[act]?.();
}

function onKey(event) {
  if (event.defaultPrevented || isTyping(event) || $("dialog").open) return;
  if (batch) {
    if (isPressing(event) && !event.target.classList.contains("tile")) return;
    if (batch.onKey(event)) event.preventDefault();
    else if (event.key === "?") run("help");
    return;
  }
  // A key that is held down says one thing, once.
  if (event.repeat) return;
  if (isPressing(event)) return;
  if (event.key === "Escape" && again) return endReview();
  if (isSpent() && !goesOn && event.key === "Enter") return goOn();
  const option = /^[0-9]$/.test(event.key) && options().find(({ key }) => key === event.key);
  if (option) {
    event.preventDefault();
    label(option.class);
    return;
  }
  const act = keys.act(event.key);
  if (!act) return;
  event.preventDefault();
  run(act);
}

// --- beginning and end -----------------------------------------------------------------------------------------------

// Fresh proposals for what is ready; what is being looked at changes only where it had none.
async function look() {
  const stale = queue.filter((item, i) => i > 0 || item.shares.length === 0).map((item) => item.id);
  if (!stale.length) return;
  const fresh = new Map((await post("/api/look", { ids: stale })).items.map((item) => [item.id, item]));
  const first = queue[0];
  queue = queue.map((item) => fresh.get(item.id) ?? item);
  if (!batch && !again && queue[0] !== first && !busy && !rejected.size) paint();
}

async function glance() {
  if (document.hidden || busy) return;
  try {
    const before = state.model?.[1];
    refresh(await get("/api/state"));
    // A decision may have told of the model before; what came without a proposal gets one.
    const isBlind = Boolean(state.model) && queue.some((item) => item.shares.length === 0);
    if ((state.model?.[1] !== before || isBlind) && !busy) await look();
    if (!current() && !batch) {
      await fill();
      paint();
    }
    if ($("alarm").dataset.lost) {
      delete $("alarm").dataset.lost;
      calm();
    }
  } catch (error) {
    if (busy) return;
    alarm(error);
    $("alarm").dataset.lost = "yes";
  }
}

async function start() {
  about = await get("/api/about");
  document.title = `Label ${about.name}`;
  $("title").textContent = about.name;
  $("title").title = `${count(about.rows)} rows; labels go to ${about.file}`;
  await fill();
  paintState();
  paint();
  addEventListener("keydown", onKey);
  $("help").onclick = () => run("help");
  $("person").onclick = person;
  $("together").onclick = () => (batch ? endBatch() : startBatch());
  addEventListener("pagehide", () => {
    batch?.release({ keepalive: true });
    post("/api/release", { ids: ids() }, { keepalive: true }).catch(() => {});
  });
  setInterval(glance, GLANCE);
  focusStage();
}

start().catch(alarm);
