// What the page of this address needs first is asked for before its modules are here: its modules, and what `get` will ask.
(() => {
  const [page, ...rest] = location.hash.replace(/^#\/?/, "").split("?")[0].split("/");
  const chart = ["curve", "time"];
  const course = ["run", "course", "record", "series", "window", ...chart];
  const modules = {
    run: course, compare: course, latent: ["latent", "selection", ...chart], map: ["map"], series: ["series", "window", ...chart],
    table: ["table", "distance", ...chart], world: ["world", "scene", "trouble", ...chart],
  }[page] ?? [];
  for (const name of modules) document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href: `/page/${name}.js` }));
  let name = rest.join("/");
  try {
    name = encodeURIComponent(decodeURIComponent(name));
  } catch {
    return;
  }
  const paths = { "": ["/api/runs?seen="], run: [`/api/run?run=${name}&seen=`, `/api/course?run=${name}&from=0`] }[page] ?? [];
  globalThis.early = new Map(paths.map((path) => [path, fetch(path)]));
  // Whoever takes an answer hears what is wrong with it.
  globalThis.early.forEach((answer) => answer.catch(() => {}));
})();
