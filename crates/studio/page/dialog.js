// Questions in front of the page. While one is open no key of the page works.

import { $, count, keyName, make } from "./element.js";
import { ACTS } from "./key.js";
import { post } from "./server.js";

// Shows `content` and waits for the answer; `null` where it was closed.
function ask(title, content, ready = () => {}) {
  const dialog = $("dialog");
  return new Promise((done) => {
    const finish = (answer) => {
      dialog.onclose = null;
      dialog.close();
      $("stage").focus({ preventScroll: true });
      done(answer);
    };
    const close = make("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => finish(null) }, "Close", make("kbd", {}, "esc"));
    dialog.replaceChildren(
      make("div", { class: "row spread" }, make("h2", { id: "dialog-title" }, title), close),
      ...content(finish),
    );
    dialog.onclose = () => finish(null);
    dialog.showModal();
    ready(dialog);
  });
}

function field(name, value, longest, finish, verb) {
  const input = make("input", { type: "text", value, maxlength: longest, autocomplete: "off", spellcheck: "true" });
  const submit = (event) => {
    event.preventDefault();
    finish(input.value.trim() || null);
  };
  return make(
    "form",
    { class: "field", onsubmit: submit },
    make("label", {}, name, input),
    make("button", { type: "submit", class: "main" }, verb),
  );
}

export function askName(title, name, value) {
  return ask(title, (finish) => [field(name, value, 60, finish, "Add")], (dialog) => dialog.querySelector("input").focus());
}

export function askRemark(item) {
  return ask(
    `Remark on row ${count(item.id + 1)}`,
    (finish) => [field("Remark", "", 2000, finish, "Save")],
    (dialog) => dialog.querySelector("input").focus(),
  );
}

export function showPerson(state) {
  return ask("Who is labelling", (finish) => [
    field("Name", state.annotator, 60, finish, "Take this name"),
    make(
      "p",
      { class: "soft" },
      "Several people can label at once; no row goes to two of them. Each browser needs a link of its own, which works once, on this machine.",
    ),
    make("div", { class: "row" }, make("button", { type: "button", onclick: invite }, "Make a link"), make("output", { id: "link" })),
  ]);
}

async function invite() {
  const { url } = await post("/api/invite", {});
  $("link").replaceChildren(make("code", {}, url));
}

export function showReview(state) {
  const queues = [
    ["flagged", "Flagged", state.flagged],
    ["skipped", "Skipped", state.skipped],
    ["disagreements", "Disputed", state.disagreements],
  ];
  return ask("Look again", (finish) => [
    make(
      "div",
      { class: "row" },
      queues.map(([what, name, n]) =>
        make("button", { type: "button", disabled: n === 0, onclick: () => finish(what) }, `${name} ${count(n)}`),
      ),
    ),
    make("p", { class: "soft" }, "A new decision takes the place of the old one; both stay in the history."),
  ]);
}

export function showKeys(keys, changed) {
  return ask("Keys", () => {
    const list = make("dl", { class: "keys" });
    const note = make("p", { class: "soft", role: "status" }, "Choose a key to change it.");
    const fill = () =>
      list.replaceChildren(
        row("Choose a class", [make("kbd", {}, "1"), "–", make("kbd", {}, "9")]),
        ...ACTS.map(([act, words]) =>
          row(words, [
            make(
              "button",
              { type: "button", class: "quiet", "aria-label": `Change the key of: ${words}`, onclick: (event) => change(act, event.currentTarget) },
              keys.of(act).map((key) => make("kbd", {}, keyName(key))),
            ),
          ]),
        ),
        row("In a batch: leave a row out", [make("kbd", {}, "x"), make("kbd", {}, "space")]),
        row("In a batch: the next class", [make("kbd", {}, "["), make("kbd", {}, "]")]),
        row("Back, or close", [make("kbd", {}, "esc")]),
      );
    const change = (act, button) => {
      button.textContent = "press a key";
      const listen = (event) => {
        event.preventDefault();
        event.stopPropagation();
        removeEventListener("keydown", listen, true);
        if (event.key !== "Escape") note.textContent = keys.set(act, event.key) ?? "Changed, in this browser.";
        fill();
        changed();
      };
      addEventListener("keydown", listen, true);
    };
    fill();
    const reset = () => {
      keys.reset();
      fill();
      changed();
      note.textContent = "All keys are as they were.";
    };
    return [list, note, make("div", { class: "row" }, make("button", { type: "button", onclick: reset }, "All as they were"))];
  });
}

function row(words, keyed) {
  return make("div", {}, make("dt", {}, words), make("dd", {}, keyed));
}
