// The shell: which page is shown, what is told on all of them, and the keys that work everywhere.

import { $, make } from "./element.js";
import { isTyping } from "./key.js";
import { shelf } from "./shelf.js";

// Pages by the first word of the address behind `#`. Each draws into the place it is given, and gives back what closes it and what it
// does with keys. The list is there at once; the others come when they are opened, or when nothing else is to be done.
const later = {
  run: () => import("./run.js"), latent: () => import("./latent.js"), map: () => import("./map.js"), series: () => import("./series.js"),
  table: () => import("./table.js"), world: () => import("./world.js"),
};
const saving = () => import("./snapshot.js");
const WAIT = 2000;

async function pageOf(word) {
  const name = word === "compare" ? "run" : word;
  return Object.hasOwn(later, name) ? (await later[name]())[name] : shelf;
}
const NAMES = [["#/", "Runs"], ["#/world", "GAN world"]];

let open = null;
let count = 0;

// `#/run/a%2Fb?x=1` → ["run", "a/b", parameters]
function address() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/");
  let name = rest.join("/");
  try {
    name = decodeURIComponent(name);
  } catch {
    // It stays as it is, and no run is found.
  }
  return [page, name, new URLSearchParams(query)];
}

export function alarm(text) {
  $("alarm").textContent = text ?? "";
  $("alarm").hidden = !text;
}

let fading = null;
export function toast(text, act = null, then = null) {
  const place = $("toast");
  place.replaceChildren(text, ...(act ? [make("button", { type: "button", onclick: () => ((place.hidden = true), then()) }, act)] : []));
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (place.hidden = true), act ? 12000 : 4000);
}

async function show() {
  const own = ++count;
  open?.close?.();
  open = null;
  alarm(null);
  const [page, name, parameters] = address();
  const main = $("main");
  const place = make("div", {});
  main.replaceChildren(place);
  $("nav").replaceChildren(
    ...NAMES.map(([href, text]) => {
      const is = href === "#/" ? page !== "world" : href === `#/${page}`;
      return make("a", { href, "aria-current": is ? "page" : null }, text);
    }),
  );
  const shell = { alarm, toast, isOpen: () => own === count };
  try {
    const draw = await pageOf(page);
    if (own !== count) return;
    const opened = await draw(place, name, parameters, shell);
    if (own === count) open = opened;
    else opened?.close?.();
  } catch (error) {
    if (own !== count) return;
    place.replaceChildren(
      make("div", { class: "empty" }, make("h1", {}, error.message), error.hint && make("p", {}, error.hint), make("p", {}, make("a", { href: "#/" }, "All runs"))),
    );
  }
  if (own !== count) return;
  $("save").hidden = !open || ["", "map", "world"].includes(page);
  document.documentElement.dataset.ready = page || "runs";
}

function help() {
  const rows = [["?", "All keys"], ["g", "All runs"], ["w", "GAN world"], ...(open?.keys ?? [])];
  const dialog = $("dialog");
  dialog.replaceChildren(
    make("h2", { id: "dialog-title" }, "Keys"),
    make("table", {}, rows.map(([key, text]) => make("tr", {}, make("td", {}, make("kbd", {}, key)), make("td", {}, text)))),
    make("form", { method: "dialog" }, make("button", {}, "Close")),
  );
  dialog.showModal();
}

addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  if ($("dialog").open || isTyping(event)) return;
  if (event.key === "?") help();
  else if (event.key === "g") location.hash = "#/";
  else if (event.key === "w") location.hash = "#/world";
  else if (!open?.key?.(event)) return;
  event.preventDefault();
});
$("help").addEventListener("click", help);
const snapshot = async () => (await saving()).snapshot($("main"), document.title.replace(" · Studio", ""));
$("save").addEventListener("click", () => snapshot().catch((error) => toast(error.message)));
show();
setTimeout(() => [...Object.values(later), saving].forEach((load) => load().catch(() => {})), WAIT);
