// What stands around the item: progress, classes, history.

import { $, count, hue, keyName, make, percent } from "./element.js";
import { badge, thumbnail } from "./item.js";

export function drawFigures(about, state) {
  const goal = about.budget ?? state.total;
  const done = Math.min(state.labelled, goal);
  $("bar").style.width = `${(100 * done) / Math.max(goal, 1)}%`;
  const bar = $("progress");
  bar.setAttribute("aria-valuemax", goal);
  bar.setAttribute("aria-valuenow", done);
  bar.setAttribute("aria-valuetext", `${count(state.labelled)} of ${count(goal)} labelled`);
  const left = about.budget ? state.budget_left : state.total - state.labelled - state.skipped - state.flagged;
  const figures = [
    ["labelled", count(state.labelled), null],
    [about.budget ? "budget left" : "left", count(left), null],
    ["a minute", state.rate === null ? "–" : state.rate.toFixed(state.rate < 10 ? 1 : 0), "Your decisions a minute, lately"],
    [
      "model agrees",
      state.model_agreement ? percent(state.model_agreement[0]) : "–",
      state.model_agreement
        ? `The model had proposed this share of the last ${state.model_agreement[1]} labels`
        : "There is no model yet",
    ],
  ];
  if (state.agreement) {
    const [rows, share, alpha] = state.agreement;
    const words = `Of ${count(rows)} rows that two people labelled; Krippendorff's alpha ${alpha === null ? "–" : alpha.toFixed(2)}`;
    figures.push(["people agree", percent(share), words]);
  }
  $("figures").replaceChildren(
    ...figures.map(([name, value, title]) => make("div", { title }, make("dd", {}, value), make("dt", {}, name))),
  );
  $("person").textContent = state.annotator;
}

// The classes as keys: `options` are class, probability, key.
export function drawOptions(names, options, proposed, rejected, choose) {
  const buttons = options.map(({ class: i, share, key }) => {
    const isRejected = rejected.has(i);
    return make(
      "button",
      {
        type: "button",
        class: `option${i === proposed ? " proposed" : ""}${isRejected ? " rejected" : ""}`,
        style: { "--hue": hue(i), "--share": share ?? 0 },
        "aria-keyshortcuts": key,
        onclick: () => choose(i),
      },
      key ? make("kbd", {}, key) : make("kbd", { class: "none" }, "·"),
      make("span", { class: "name" }, names[i]),
      share === null ? null : make("span", { class: "share" }, percent(share)),
    );
  });
  $("options").replaceChildren(...buttons);
}

export function drawActions(keys, hasProposal, run) {
  const shown = [
    ["accept", "Accept", !hasProposal],
    ["reject", "Reject", !hasProposal],
    ["skip", "Skip", false],
    ["flag", "Flag", false],
    ["comment", "Remark", false],
    ["undo", "Undo", false],
  ];
  const buttons = shown.map(([act, name, off]) => {
    const key = keys.of(act)[0];
    return make(
      "button",
      { type: "button", id: `act-${act}`, disabled: off, "aria-keyshortcuts": key, onclick: () => run(act) },
      name,
      make("kbd", {}, keyName(key)),
    );
  });
  $("actions").replaceChildren(...buttons);
}

export function drawBeside(about, names, item) {
  const near = (item?.near ?? []).map(([id, i]) =>
    make("li", {}, thumbnail(about, id, item), make("span", { class: "soft" }, `row ${count(id + 1)}`), badge(names[i], i)),
  );
  const opinions = (item?.opinions ?? []).map(([who, i]) =>
    make("li", {}, make("span", { class: "soft" }, who), badge(names[i], i)),
  );
  $("beside").replaceChildren(
    ...[
      opinions.length ? make("h2", {}, "Said of this row") : null,
      opinions.length ? make("ul", { class: "list" }, opinions) : null,
      near.length ? make("h2", {}, "Nearest labelled") : null,
      near.length ? make("ul", { class: `list near ${about.kind}` }, near) : null,
    ].filter(Boolean),
  );
}

export function drawHistory(about, state, reopen) {
  const names = state.classes.map(([name]) => name);
  const rows = state.recent.map((one) =>
    make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "line",
          title: "Undo this and look at the row again",
          onclick: () => reopen(one),
        },
        thumbnail(about, one.id),
        make("span", { class: "soft" }, `row ${count(one.id + 1)}`),
        one.class === null
          ? make("span", { class: "plain" }, one.decision === "skip" ? "skipped" : "flagged")
          : badge(names[one.class], one.class),
      ),
    ),
  );
  $("history").replaceChildren(
    make("h2", {}, "Last decisions"),
    rows.length ? make("ol", { class: "list" }, rows) : make("p", { class: "soft" }, "None yet."),
  );
}

export function drawOverview(state, review, addClass) {
  const most = Math.max(1, ...state.classes.map(([, n]) => n));
  const classes = state.classes.map(([name, n], i) =>
    make(
      "li",
      { style: { "--hue": hue(i), "--share": n / most } },
      make("span", { class: "name" }, name),
      make("span", { class: "number" }, count(n)),
    ),
  );
  const queues = [
    ["flagged", "flagged", state.flagged],
    ["skipped", "skipped", state.skipped],
    ["disagreements", "disputed", state.disagreements],
  ].filter(([, , n]) => n > 0);
  $("overview").replaceChildren(
    ...[
      make("h2", {}, "Labels"),
      make("ul", { class: "bars" }, classes),
      make("button", { type: "button", class: "quiet small", onclick: addClass }, "Add a class"),
      queues.length ? make("h2", {}, "Look again") : null,
      queues.length
        ? make(
            "div",
            { class: "row" },
            queues.map(([what, name, n]) =>
              make("button", { type: "button", class: "small", onclick: () => review(what) }, `${count(n)} ${name}`),
            ),
          )
        : null,
      make("h2", {}, "What is asked"),
      make("p", { class: "soft" }, state.strategy ? `${state.strategy[0].toUpperCase()}${state.strategy.slice(1)}.` : "…"),
      make(
        "p",
        { class: "soft" },
        state.model ? `Proposals by ${state.model[0]} from ${count(state.model[1])} labels.` : "Proposals begin with labels of two classes.",
      ),
    ].filter(Boolean),
  );
}
