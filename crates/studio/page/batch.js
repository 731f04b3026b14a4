// Many alike at once: what the model takes for one class, side by side; the odd ones are taken out, the rest confirmed.

import { $, count, hue, keyName, make, percent, say } from "./element.js";
import { small } from "./item.js";
import { actKey, insist, post } from "./server.js";

export class Batch {
  // `desk` has about, state, keys, alarm, calm, refresh, and is told when the batch ends.
  constructor(desk) {
    this.desk = desk;
    this.items = [];
    this.out = new Set();
    this.at = 0;
    this.class = 0;
    this.busy = false;
  }

  get size() {
    return this.desk.about.kind === "images" ? 24 : 12;
  }

  async open(which) {
    this.class = which;
    await this.load();
  }

  async load() {
    this.release();
    this.out.clear();
    this.at = 0;
    try {
      this.items = (await post("/api/alike", { class: this.class, want: this.size })).items;
      this.problem = "";
    } catch (error) {
      this.items = [];
      this.problem = error.message;
    }
    this.draw();
  }

  release(more = {}) {
    const ids = this.items.map((item) => item.id);
    this.items = [];
    if (ids.length) post("/api/release", { ids }, more).catch(() => {});
  }

  draw() {
    const { about, state } = this.desk;
    const names = state.classes.map(([name]) => name);
    const tabs = names.map((name, i) =>
      make(
        "button",
        {
          type: "button",
          class: "tab",
          style: { "--hue": hue(i) },
          "aria-pressed": String(i === this.class),
          onclick: () => this.open(i),
        },
        name,
      ),
    );
    const cells = this.items.map((item, i) =>
      make(
        "button",
        {
          type: "button",
          class: `tile${this.out.has(i) ? " out" : ""}`,
          "aria-pressed": String(!this.out.has(i)),
          "aria-label": `Row ${item.id + 1}, ${names[this.class]} ${percent(item.shares[this.class] ?? 0)}${this.out.has(i) ? ", left out" : ""}`,
          tabindex: i === this.at ? "0" : "-1",
          onclick: () => this.toggle(i),
        },
        small(about, item),
        make("span", { class: "share" }, percent(item.shares[this.class] ?? 0)),
      ),
    );
    const kept = this.items.length - this.out.size;
    const confirm = make(
      "button",
      { type: "button", id: "confirm", class: "main", disabled: kept === 0 || this.busy, onclick: () => this.confirm() },
      kept ? `Label ${count(kept)} as ${names[this.class]}` : "Nothing to confirm",
      make("kbd", {}, keyName("Enter")),
    );
    $("stage").replaceChildren(
      make(
        "div",
        { class: `batch ${about.kind}`, style: { "--hue": hue(this.class) } },
        make("div", { class: "row tabs", role: "group", "aria-label": "Class" }, tabs),
        this.items.length
          ? make("div", { class: "tiles", role: "group", "aria-label": "Rows; press those that do not belong" }, cells)
          : make("p", { class: "empty" }, this.problem || "The model takes no other row for this class."),
        make(
          "div",
          { class: "row" },
          confirm,
          make("button", { type: "button", onclick: () => this.desk.endBatch() }, "Back", make("kbd", {}, "esc")),
          make("span", { class: "soft" }, "Surest first. A click, or arrows and x, leaves a row out; [ and ] change the class."),
        ),
      ),
    );
  }

  toggle(i) {
    this.at = i;
    if (!this.out.delete(i)) this.out.add(i);
    this.draw();
    this.focus();
  }

  focus() {
    $("stage").querySelectorAll(".tile")[this.at]?.focus();
  }

  move(step) {
    if (!this.items.length) return;
    this.at = Math.max(0, Math.min(this.items.length - 1, this.at + step));
    this.draw();
    this.focus();
  }

  columns() {
    const tiles = [...$("stage").querySelectorAll(".tile")];
    const top = tiles[0]?.offsetTop;
    return Math.max(1, tiles.filter((tile) => tile.offsetTop === top).length);
  }

  onKey(event) {
    const classes = this.desk.state.classes.length;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns(), ArrowDown: this.columns() };
    if (event.key in moves) this.move(moves[event.key]);
    else if (event.key === "Enter") this.confirm();
    else if (event.key === "x" || event.key === " ") this.items.length && this.toggle(this.at);
    else if (event.key === "Escape" || this.desk.keys.act(event.key) === "batch") this.desk.endBatch();
    else if (event.key === "[" || event.key === "]") this.open((this.class + (event.key === "]" ? 1 : classes - 1)) % classes);
    else return false;
    return true;
  }

  async confirm() {
    const ids = this.items.filter((_, i) => !this.out.has(i)).map((item) => item.id);
    if (!ids.length || this.busy) return;
    this.busy = true;
    try {
      const answer = await insist("/api/decide-all", { key: actKey(), class: this.class, ids }, this.desk.alarm);
      this.desk.calm();
      this.desk.refresh(answer.state);
      const left = this.items.filter((_, i) => this.out.has(i)).map((item) => item.id);
      if (left.length) post("/api/release", { ids: left }).catch(() => {});
      this.items = [];
      say(`${ids.length} rows labelled`);
    } catch (error) {
      this.desk.alarm(error);
    } finally {
      this.busy = false;
    }
    await this.load();
    this.focus();
  }
}
