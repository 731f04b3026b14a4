// The map of a run while it is made: how far it is. When it is there, it takes the place of this page.

import { make } from "./element.js";
import { post } from "./server.js";
import { runAddress } from "./shelf.js";
import { number } from "./words.js";

const GLANCE = 250;

const said = ({ stage, rows, step }) => {
  const all = rows === null ? "the rows" : `${number(rows)} rows`;
  if (stage === "read") return "Reading the rows, and finding where the model has them …";
  if (stage === "measure") return `Measuring how faithful the map of ${all} is …`;
  return step ? `Placing ${all}, like by like: step ${number(step[0])} of ${number(step[1])}` : `Looking for the nearest neighbors of ${all} …`;
};

export async function map(place, name, _, shell) {
  const words = make("p", { role: "status" }, "Beginning …");
  const done = make("i", {}), meter = make("div", { class: "meter wide", role: "progressbar", "aria-label": "The map", "aria-valuemin": 0, "aria-valuemax": 100 }, done);
  const leave = make("a", { href: runAddress(name), role: "button" }, "Leave it");
  place.append(make("div", { class: "empty" }, make("h1", {}, make("a", { href: runAddress(name) }, name), " · map"), words, meter, make("p", { class: "soft" }, "Leaving this page ends the work on it. ", leave)));
  document.title = `${name}, map · Studio`;
  let over = false, timer = null;

  async function look() {
    try {
      const told = await post("/api/map", { run: name });
      if (!shell.isOpen()) return;
      shell.alarm(null);
      if (told.stage === "done") {
        over = true;
        return location.replace(`/map?run=${encodeURIComponent(name)}`);
      }
      words.textContent = said(told);
      const share = told.step ? told.step[0] / told.step[1] : 0;
      meter.setAttribute("aria-valuenow", Math.round(share * 100));
      done.style.setProperty("width", `${share * 100}%`);
    } catch (error) {
      if (!shell.isOpen()) return;
      if (error.status) {
        over = true;
        return place.replaceChildren(make("div", { class: "empty" }, make("h1", {}, error.message), error.hint && make("p", {}, error.hint), make("p", {}, make("a", { href: runAddress(name) }, "The run"))));
      }
      shell.alarm("The studio does not answer.");
    }
    timer = setTimeout(look, GLANCE);
  }

  const close = () => {
    clearTimeout(timer);
    removeEventListener("pagehide", close);
    if (over) return;
    over = true;
    post("/api/map/leave", { run: name }, { keepalive: true }).catch(() => {});
  };
  addEventListener("pagehide", close);
  look();
  const key = (event) => event.key === "Escape" && ((location.hash = runAddress(name)), true);
  return { close, key, keys: [["esc", "Leave it, to the run"]] };
}
