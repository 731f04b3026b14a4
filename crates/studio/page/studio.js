// The shell: which page is shown, what is told on all of them, and the keys that work everywhere.

import { $, make } from "./element.js";
import { isTyping } from "./key.js";
import { latent } from "./latent.js";
import { run } from "./run.js";
import { series } from "./series.js";
import { shelf } from "./shelf.js";
import { snapshot } from "./snapshot.js";
import { table } from "./table.js";
import { world } from "./world.js";

// Pages by the first word of the address behind `#`. Each draws into the place it is given, and gives back what closes
// it and what it does with keys.
const PAGES = { "": shelf, compare: run, run, latent, series, table, world };
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
      const is = href === "#/" ? ["", "run", "compare", "latent", "series", "table"].includes(page) : href === `#/${page}`;
      return make("a", { href, "aria-current": is ? "page" : null }, text);
    }),
  );
  const shell = { alarm, toast, isOpen: () => own === count };
  try {
    const opened = await (PAGES[page] ?? shelf)(place, name, parameters, shell);
    if (own === count) open = opened;
    else opened?.close?.();
  } catch (error) {
    if (own !== count) return;
    place.replaceChildren(
      make("div", { class: "empty" }, make("h1", {}, error.message), error.hint && make("p", {}, error.hint), make("p", {}, make("a", { href: "#/" }, "All runs"))),
    );
  }
  if (own !== count) return;
  $("save").hidden = !open || page === "" || page === "world";
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
$("save").addEventListener("click", () => snapshot($("main"), document.title.replace(" · Studio", "")).catch((error) => toast(error.message)));
show();
