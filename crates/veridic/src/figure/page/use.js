// What the user does: pointer, keys, search, selection, and the row that is looked at.

function setUpControls() {
  $("color").onchange = chooseColor;
  $("rank").onchange = () => {
    drawLegend();
    paintColors();
  };
  $("size").oninput = ask;
  $("pictures").onchange = ask;
  $("pan").onclick = () => setTool("pan");
  $("lasso").onclick = () => setTool("lasso");
  $("closer").onclick = () => zoomMiddle(1.6);
  $("farther").onclick = () => zoomMiddle(1 / 1.6);
  $("fit").onclick = fit;
  $("clear").onclick = clearSelection;
  $("close").onclick = () => {
    show(-1);
    $("overlay").focus();
  };
  $("save").onclick = save;
  $("only").onclick = () => setIsolated(!isolated);
  $("take").onclick = () => {
    select([...found.keys()].filter((i) => found[i] && visible[i]), false);
    $("query").value = "";
    find();
  };
  let wait = 0;
  $("query").oninput = () => {
    clearTimeout(wait);
    wait = setTimeout(find, 180);
  };
  $("query").onkeydown = (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(wait);
    find();
    const rows = found ? [...found.keys()].filter((i) => found[i] && visible[i]) : [];
    if (rows.length === 1) {
      // One row is looked at where it lies, with what lies around it.
      show(rows[0]);
      view.show(plane, [...rows, ...grid.neighbors(rows[0], 3 * NEIGHBORS)]);
    } else if (rows.length) {
      view.show(plane, rows);
    }
    moved();
  };
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) {
      event.preventDefault();
      $("query").focus();
    }
  });
  $("overlay").addEventListener("keydown", onKey);
}

const KEYS = {
  ArrowLeft: () => view.move(60, 0),
  ArrowRight: () => view.move(-60, 0),
  ArrowUp: () => view.move(0, 60),
  ArrowDown: () => view.move(0, -60),
  "+": () => zoomMiddle(1.3),
  "=": () => zoomMiddle(1.3),
  "-": () => zoomMiddle(1 / 1.3),
  0: fit,
  l: () => setTool("lasso"),
  v: () => setTool("pan"),
  n: nextRow,
  Escape: () => (shown >= 0 ? show(-1) : clearSelection()),
};

function onKey(event) {
  const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
  moved();
}

function setTool(name) {
  tool = name;
  $("pan").setAttribute("aria-pressed", String(name === "pan"));
  $("lasso").setAttribute("aria-pressed", String(name === "lasso"));
  $("overlay").classList.toggle("drawing", name === "lasso");
}

function zoomMiddle(factor) {
  view.zoomAt(view.width / 2, view.height / 2, factor);
  moved();
}

function fit() {
  view.show(plane, null);
  moved();
}

// --- pointer -------------------------------------------------------------------------------------------------------

function setUpPointer() {
  const overlay = $("overlay");
  const at = (event) => {
    const box = overlay.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  overlay.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    view.zoomAt(...at(event), Math.exp(-clamp(event.deltaY * lines, -400, 400) * 0.0022));
    moved();
  }, { passive: false });
  overlay.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    overlay.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    hover(-1);
    if (fingers.size > 1) {
      [drag, path] = [null, null];
      return;
    }
    drag = { from: at(event), last: at(event), far: false, add: event.shiftKey, draws: tool === "lasso" || event.shiftKey };
    if (drag.draws) path = [view.toPlane(...drag.from)];
    else overlay.classList.add("dragging");
  });
  overlay.addEventListener("pointermove", (event) => {
    const here = at(event);
    if (fingers.size > 1 && fingers.has(event.pointerId)) return pinch(event.pointerId, here);
    if (!drag) {
      if (event.pointerType !== "touch") hover(pick(here, 9), here);
      return;
    }
    if (Math.hypot(here[0] - drag.from[0], here[1] - drag.from[1]) > 4) drag.far = true;
    if (drag.draws) {
      const [x, y] = drag.last;
      if (Math.hypot(here[0] - x, here[1] - y) < 3) return;
      path.push(view.toPlane(...here));
      ask();
    } else if (drag.far) {
      view.move(here[0] - drag.last[0], here[1] - drag.last[1]);
      moved();
    } else {
      return;
    }
    drag.last = here;
  });
  const end = (event) => {
    fingers.delete(event.pointerId);
    overlay.classList.remove("dragging");
    if (!drag) return;
    const { far, draws, add, from } = drag;
    const corners = path;
    [drag, path] = [null, null];
    if (event.type === "pointercancel") return ask();
    if (!far) show(pick(from, event.pointerType === "touch" ? 22 : 10));
    else if (draws && corners.length > 2) select(grid.inside(corners).filter(isShown), add);
    ask();
  };
  overlay.addEventListener("pointerup", end);
  overlay.addEventListener("pointercancel", end);
  overlay.addEventListener("pointerleave", () => hover(-1));
}

/** Two fingers: what is between them stays between them. */
function pinch(id, here) {
  const others = [...fingers.entries()].filter(([other]) => other !== id);
  const fixed = others[0][1];
  const before = fingers.get(id);
  fingers.set(id, here);
  const spread = (point) => Math.max(8, Math.hypot(point[0] - fixed[0], point[1] - fixed[1]));
  const middle = (point) => [(point[0] + fixed[0]) / 2, (point[1] + fixed[1]) / 2];
  const [from, to] = [middle(before), middle(here)];
  view.move(to[0] - from[0], to[1] - from[1]);
  view.zoomAt(...to, spread(here) / spread(before));
  moved();
}

/** The point nearest to a pixel, not farther than `reach` pixels; -1 if there is none. */
function pick([x, y], reach) {
  return grid.nearest(...view.toPlane(x, y), reach / view.unit, isShown);
}

const rowOf = (i) => map.rows?.[i] ?? i + 1;

function element(tag, text, attributes = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, attributes);
}

function hover(i, at) {
  const tip = $("tip");
  if (i !== hovered) {
    hovered = i;
    ask();
    tip.replaceChildren();
    if (i >= 0) {
      tip.append(element("strong", `Row ${rowOf(i)}`));
      if (images) tip.append(picture(images, images.original ?? images.decoded, i));
      const table = document.createElement("table");
      for (const one of [column, ...map.columns.filter((other) => other !== column)].filter(Boolean).slice(0, 7)) {
        const line = table.insertRow();
        line.append(element("th", one.name), element("td", one.isMissing(i) ? "missing" : one.brief(i)));
      }
      tip.append(table);
    }
  }
  tip.hidden = i < 0;
  if (i < 0) return;
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  tip.style.left = `${at[0] + 16 + width > view.width ? Math.max(4, at[0] - width - 12) : at[0] + 16}px`;
  tip.style.top = `${clamp(at[1] + 14, 4, Math.max(4, view.height - height - 4))}px`;
}

// --- search and selection ------------------------------------------------------------------------------------------

function find() {
  const asked = search(map, $("query").value);
  found = asked.found;
  const count = found ? found.reduce((sum, one) => sum + one, 0) : 0;
  if (asked.problem) $("hits").textContent = `not understood: ${asked.problem}`;
  else if (found && !count) $("hits").textContent = "nothing found";
  else if (count === 1) $("hits").textContent = "1 found; Enter shows it";
  else $("hits").textContent = found ? `${count.toLocaleString("en-US")} found; Enter zooms to them` : "";
  $("take").disabled = !count;
  walk = -1;
  paintColors();
}

/** Makes `rows` the selection, or adds them to it. */
function select(rows, add) {
  if (!add) selected.fill(0);
  for (const i of rows) selected[i] = 1;
  selectedCount = selected.reduce((sum, one) => sum + one, 0);
  showSelection();
}

function clearSelection() {
  select([], false);
  setIsolated(false);
}

function showSelection() {
  const none = selectedCount === 0;
  if (none) isolated = false;
  const text = selectedCount === 1 ? "1 row selected" : `${selectedCount.toLocaleString("en-US")} rows selected`;
  $("selected").textContent = none ? "nothing selected: draw a lasso, or hold shift and drag" : text + summary();
  for (const id of ["save", "only", "clear"]) $(id).disabled = none;
  $("only").setAttribute("aria-pressed", String(isolated));
  walk = -1;
  paintColors();
}

/** The most frequent classes of the selection. */
function summary() {
  if (!column?.levels) return "";
  const of = classOfCode();
  const counts = classes.map(() => 0);
  for (let i = 0; i < map.n; i++) if (selected[i]) counts[of.get(column.cells[i])]++;
  const most = [...counts.keys()].filter((c) => counts[c]).sort((a, b) => counts[b] - counts[a] || a - b).slice(0, 3);
  const share = (c) => `${classes[c].name} ${readable(Math.round(1000 * counts[c] / selectedCount) / 10)} %`;
  return `; ${column.name}: ${most.map(share).join(", ")}`;
}

function setIsolated(value) {
  isolated = value && selectedCount > 0;
  $("only").setAttribute("aria-pressed", String(isolated));
  paintColors();
}

/** The next row of the selection or of what was found. */
function nextRow() {
  const wanted = found ?? (selectedCount ? selected : null);
  if (!wanted) return;
  for (let step = 1; step <= map.n; step++) {
    const i = (walk + step) % map.n;
    if (!wanted[i] || !visible[i]) continue;
    walk = i;
    return show(i);
  }
}

/** The selected rows as CSV: row, x, y and every column of the page. */
function selectionCsv() {
  const lines = [["row", "x", "y", ...map.columns.map((one) => one.name)].map(quoted).join(",")];
  for (let i = 0; i < map.n; i++) {
    if (!selected[i]) continue;
    const place = [rowOf(i), shortest(map.positions[2 * i]), shortest(map.positions[2 * i + 1])];
    lines.push([...place, ...map.columns.map((one) => quoted(one.text(i)))].join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function save() {
  const address = URL.createObjectURL(new Blob([selectionCsv()], { type: "text/csv" }));
  const link = element("a", "", { href: address, download: `${map.name}-selection.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// --- the row that is looked at -------------------------------------------------------------------------------------

/** Shows row `i` with its neighbors in the data and on the map; -1 shows none. */
function show(i) {
  shown = i;
  near = null;
  $("point").hidden = i < 0;
  ask();
  if (i < 0) return;
  $("point-title").textContent = `Row ${rowOf(i)}`;
  $("point-images").replaceChildren(...pictures(i));
  $("point-values").replaceChildren();
  for (const one of map.columns) {
    const line = $("point-values").insertRow();
    line.append(element("th", one.name), element("td", one.isMissing(i) ? "missing" : one.text(i)));
  }
  showNeighbors(i);
  $("point").parentElement.scrollTop = 0;
}

function pictures(i) {
  if (!images) return [];
  const parts = [[images.original, "the data"], [images.decoded, "as the model sees it"]].filter(([pixels]) => pixels);
  return parts.map(([pixels, caption]) => {
    const figure = document.createElement("figure");
    figure.append(picture(images, pixels, i), element("figcaption", caption));
    return figure;
  });
}

function showNeighbors(i) {
  const onMap = grid.neighbors(i, map.neighbors?.k ?? NEIGHBORS);
  const box = $("point-neighbors");
  box.className = "near";
  box.replaceChildren();
  if (map.neighbors) {
    const { k, index, distance } = map.neighbors;
    near = { data: [...index.subarray(i * k, (i + 1) * k)] };
    const both = near.data.filter((j) => onMap.includes(j));
    const text = (j) => readable(distance[i * k + near.data.indexOf(j)]);
    box.append(neighborList("Nearest in the data", near.data, both, text));
    box.append(neighborList("Nearest on the map", onMap, both, null));
    const count = element("p", `${both.length} of ${near.data.length} are the same.`);
    count.style.gridColumn = "1 / -1";
    box.append(count);
  } else {
    box.append(neighborList("Nearest on the map", onMap, [], null));
  }
}

function neighborList(title, rows, both, distance) {
  const part = document.createElement("div");
  const list = document.createElement("ol");
  for (const j of rows) {
    const line = element("button", "", { type: "button", className: both.includes(j) ? "both" : "" });
    const swatch = element("span", "", { className: "swatch" });
    swatch.style.background = `rgb(${colors[4 * j]} ${colors[4 * j + 1]} ${colors[4 * j + 2]})`;
    const value = column ? `${rowOf(j)}: ${column.brief(j) || "missing"}` : String(rowOf(j));
    line.append(swatch, element("span", value, { className: "value" }));
    if (distance) line.append(element("span", distance(j), { className: "soft" }));
    line.title = `Row ${rowOf(j)}`;
    line.onclick = () => show(j);
    list.append(document.createElement("li"));
    list.lastChild.append(line);
  }
  part.append(element("h3", title), list);
  return part;
}

start();
