// The page: state, drawing, and what the user does.

/** Points drawn at least, however slow the machine, while the map moves. */
const FEWEST = 20_000;
/** A frame that takes longer than this while the map moves makes the next one draw fewer points. */
const SLOW = 30;
const NEIGHBORS = 10;

const $ = (id) => document.getElementById(id);
const GREY = [150, 150, 150];

let map, plane, grid, painter, view, column, images;
/** Which points are drawn, and the order: those of frequent classes shuffled, then those of rare ones. */
let order, common, visible;
let classes = [];
let hidden = new Set();
let found = null, selected, selectedCount = 0, isolated = false;
let stressed = new Uint32Array(0);
let hovered = -1, shown = -1, near = null;
let tool = "pan", drag = null, fingers = new Map(), path = null;
let share = 1, moving = 0, frameAsked = false, lastFrame = 0, walk = -1;

async function start() {
  try {
    map = await readMap();
  } catch (error) {
    $("state").textContent = `the data of this page cannot be read: ${error.message}`;
    return;
  }
  images = map.images;
  plane = toPlane(map.positions);
  grid = new Grid(plane);
  view = new View();
  selected = new Uint8Array(map.n);
  visible = new Uint8Array(map.n).fill(1);
  setUpPage();
  setUpPainter(location.hash.slice(1));
  setUpControls();
  setUpPointer();
  resize();
  chooseColor();
  new ResizeObserver(resize).observe($("overlay"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", chooseColor);
  document.documentElement.dataset.ready = painter.name;
}

function setUpPage() {
  $("about").textContent = map.about;
  const option = (text, value) => Object.assign(document.createElement("option"), { textContent: text, value });
  $("color").append(option("none", -1), ...map.columns.map((one, i) => option(one.name, i)));
  $("color").value = map.color ?? -1;
  for (const { label, text, about } of map.quality) {
    const term = Object.assign(document.createElement("dt"), { textContent: label, title: about });
    $("numbers").append(term, Object.assign(document.createElement("dd"), { textContent: text }));
  }
  $("notes").append(...map.notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
  $("pictures-label").hidden = !images;
  $("size").value = clamp(21 / Math.log10(map.n + 10) ** 1.15 - 0.4, 2.5, 9);
}

/** The painter; without WebGL, or when it fails, the plain one. */
function setUpPainter(wanted) {
  const replace = () => {
    // A canvas that had a context cannot get one of another kind.
    $("points").replaceWith($("points").cloneNode());
    setUpPainter("canvas");
  };
  try {
    painter = makePainter($("points"), plane, wanted);
  } catch {
    return replace();
  }
  $("points").addEventListener("webglcontextlost", () => {
    replace();
    paintColors();
  }, { once: true });
}

// --- color ---------------------------------------------------------------------------------------------------------

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

/** The palette, on dark paper with the darkest colors made lighter. */
function palette() {
  if (!isDark()) return map.palette;
  return map.palette.map((color) => {
    const light = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2];
    const mix = light < 40 ? 0.7 : light < 70 ? 0.42 : light < 110 ? 0.16 : 0.05;
    return color.map((part) => Math.round(part + (255 - part) * mix));
  });
}

/** Recolors everything by the column that the user has chosen. */
function chooseColor() {
  const at = Number($("color").value);
  if (column !== map.columns[at]) hidden = new Set();
  column = map.columns[at];
  classes = column?.levels ? classesOf(column) : [];
  $("rank-label").hidden = !column || Boolean(column.levels);
  drawLegend();
  paintColors();
}

/** The most frequent levels with a color each, then the others, then missing cells; in the order of the levels. */
function classesOf({ cells, levels, missing }) {
  const colors = palette();
  const counts = new Uint32Array(levels.length);
  let absent = 0;
  for (const cell of cells) cell === missing ? absent++ : counts[cell]++;
  let own = [...levels.keys()].filter((code) => counts[code]);
  if (own.length > colors.length) {
    own = own.sort((a, b) => counts[b] - counts[a] || a - b).slice(0, colors.length - 1).sort((a, b) => a - b);
  }
  const list = own.map((code, i) => ({ name: levels[code] || "(empty)", color: colors[i], count: counts[code], codes: [code] }));
  const rest = [...levels.keys()].filter((code) => counts[code] && !own.includes(code));
  const sum = rest.reduce((total, code) => total + counts[code], 0);
  if (sum) list.push({ name: `${rest.length} others`, color: GREY, count: sum, codes: rest });
  if (absent) list.push({ name: "missing", color: GREY, count: absent, codes: [missing] });
  return list;
}

/** The class of each code. */
function classOfCode() {
  const of = new Map();
  classes.forEach((one, c) => one.codes.forEach((code) => of.set(code, c)));
  return of;
}

/** From a number to a place on the color scale, 0 to 1: evenly between the ends, or by rank. */
function scaleOf({ cells }) {
  const sorted = Float64Array.from(cells).filter((cell) => !Number.isNaN(cell)).sort();
  const last = sorted.length - 1;
  if (last < 0) return { of: () => 0, ends: [NaN, NaN], cut: [false, false] };
  if ($("rank").checked) {
    const rank = (value) => {
      let [low, high] = [0, last];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sorted[middle] < value) low = middle + 1; else high = middle;
      }
      return last ? low / last : 0;
    };
    return { of: rank, ends: [sorted[0], sorted[last]], middle: sorted[last >> 1], cut: [false, false] };
  }
  // A few extreme values must not take the colors of all others.
  let [low, high] = [sorted[Math.floor(last * 0.01)], sorted[Math.ceil(last * 0.99)]];
  if (high <= low) [low, high] = [sorted[0], sorted[last]];
  // In halves, since the distance of two numbers may be more than the largest number.
  const of = (value) => (high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5);
  return { of, ends: [low, high], cut: [low > sorted[0], high < sorted[last]] };
}

function drawLegend() {
  const legend = $("legend");
  legend.replaceChildren();
  if (!column) return;
  if (!column.levels) {
    const { ends, cut, middle } = scaleOf(column);
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.style.background = `linear-gradient(90deg, ${map.scale.map(css).join(", ")})`;
    const labels = document.createElement("div");
    labels.className = "ends";
    const text = (value) => (column.kind === "date" ? dateText(value, column.hasTime) : readable(value));
    for (const label of [`${cut[0] ? "≤ " : ""}${text(ends[0])}`, middle === undefined ? "" : text(middle), `${cut[1] ? "≥ " : ""}${text(ends[1])}`]) {
      labels.append(Object.assign(document.createElement("span"), { textContent: label }));
    }
    legend.append(bar, labels);
    const absent = column.cells.reduce((sum, cell) => sum + Number.isNaN(cell), 0);
    if (absent) {
      const entry = Object.assign(document.createElement("div"), { className: "entry" });
      const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
      swatch.style.background = css(GREY);
      entry.append(swatch, Object.assign(document.createElement("span"), { className: "name", textContent: "missing" }),
        Object.assign(document.createElement("span"), { className: "count", textContent: absent.toLocaleString("en-US") }));
      legend.append(entry);
    }
    return;
  }
  classes.forEach((one, c) => {
    const entry = document.createElement("button");
    entry.type = "button";
    entry.className = "entry";
    entry.title = "Show or hide; double click shows it alone";
    entry.setAttribute("aria-pressed", String(!hidden.has(c)));
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    swatch.style.background = css(one.color);
    entry.append(swatch, Object.assign(document.createElement("span"), { className: "name", textContent: one.name }),
      Object.assign(document.createElement("span"), { className: "count", textContent: one.count.toLocaleString("en-US") }));
    entry.onclick = () => toggle(c);
    entry.ondblclick = () => {
      hidden = new Set(classes.keys());
      hidden.delete(c);
      showClasses();
    };
    legend.append(entry);
  });
  if (classes.length > 1) {
    const all = Object.assign(document.createElement("button"), { type: "button", className: "all", textContent: "Show all" });
    all.onclick = () => {
      hidden.clear();
      showClasses();
    };
    legend.append(all);
  }
}

function toggle(c) {
  if (!hidden.delete(c)) hidden.add(c);
  showClasses();
}

function showClasses() {
  $("legend").querySelectorAll(".entry").forEach((entry, c) => entry.setAttribute("aria-pressed", String(!hidden.has(c))));
  paintColors();
}

const css = (color) => `rgb(${color.join(" ")})`;

/** Colors, visibility and order of all points, handed to the painter. */
function paintColors() {
  const { n } = map;
  const bytes = new Uint8Array(4 * n);
  const of = classOfCode();
  const scale = column && !column.levels ? scaleOf(column) : null;
  const steps = scale && Array.from({ length: 257 }, (_, i) => between(map.scale, i / 256));
  const single = palette()[0];
  const isRare = classes.map((one) => one.count * 20 < n);
  const some = found || selectedCount > 0;
  const rows = { common: [], rare: [], stressed: [] };
  for (let i = 0; i < n; i++) {
    let color = single;
    let c = -1;
    if (scale) {
      const cell = column.cells[i];
      color = Number.isNaN(cell) ? GREY : steps[Math.round(clamp(scale.of(cell), 0, 1) * 256)];
    } else if (column) {
      c = of.get(column.cells[i]);
      color = classes[c].color;
    }
    visible[i] = !(hidden.has(c) || (isolated && !selected[i]));
    bytes.set(color, 4 * i);
    bytes[4 * i + 3] = 255;
    if (!visible[i]) continue;
    const stress = some && (selected[i] || (found && found[i]));
    rows[stress ? "stressed" : isRare[c] ? "rare" : "common"].push(i);
  }
  order = Uint32Array.from(shuffled(rows.common).concat(rows.rare));
  common = rows.common.length;
  stressed = Uint32Array.from(rows.stressed);
  painter.setColors(bytes);
  painter.setList("order", order);
  painter.setList("stressed", stressed);
  colors = bytes;
  ask();
}
let colors;

/** The same rows in a scattered order that is always the same: any part of it stands for all. */
function shuffled(rows) {
  const n = rows.length;
  let step = Math.max(1, Math.floor(n * 0.618_034));
  const divisor = (a, b) => (b ? divisor(b, a % b) : a);
  while (divisor(n, step) > 1) step++;
  return rows.map((_, i) => rows[(i * step) % n]);
}

// --- drawing -------------------------------------------------------------------------------------------------------

function resize() {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = $("overlay");
  [view.width, view.height] = [Math.max(width, 1), Math.max(height, 1)];
  for (const id of ["points", "overlay"]) {
    $(id).width = Math.max(1, Math.round(width * ratio));
    $(id).height = Math.max(1, Math.round(height * ratio));
  }
  ask();
}

/** The view has changed: while it goes on changing, a slow machine draws fewer points. */
function moved() {
  moving = performance.now();
  ask();
}

function ask() {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(draw);
}

function draw(now) {
  frameAsked = false;
  const going = performance.now() - moving < 160;
  const took = now - lastFrame;
  lastFrame = now;
  if (going && took < 500 && order.length > FEWEST) {
    if (took > SLOW) share = Math.max(FEWEST / order.length, share * Math.max(0.4, 0.85 * SLOW / took));
    else if (took < SLOW * 0.7) share = Math.min(1, share * 1.1);
  }
  const part = going ? share : 1;
  const drawn = Math.ceil(common * part);
  const size = Number($("size").value) * clamp(view.zoom ** 0.28, 0.8, 3.2);
  const dim = stressed.length || found || (selectedCount && !isolated) ? 0.16 : clamp(1.25 - Math.log10(order.length + 1) * 0.13, 0.5, 0.95);
  painter.draw(view, devicePixelRatio || 1, [
    { list: "order", first: 0, count: drawn, size, strength: dim },
    { list: "order", first: common, count: order.length - common, size: size * 1.15, strength: Math.max(dim, Math.min(0.9, 3 * dim)) },
    { list: "stressed", first: 0, count: stressed.length, size: size * 1.3, strength: 0.95 },
  ]);
  drawOverlay();
  const count = order.length + stressed.length;
  $("state").textContent = `${part < 1 ? `${(drawn + count - common).toLocaleString("en-US")} of ` : ""}${count.toLocaleString("en-US")}`
    + ` of ${map.n.toLocaleString("en-US")} rows${part < 1 ? " while moving" : " shown"}`;
  if (going) setTimeout(ask, part < 1 ? 180 : 400);
}

function drawOverlay() {
  const canvas = $("overlay");
  // Few strokes a frame: in memory they are as quick, and some graphics drivers lose a frame that only clears.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const ratio = devicePixelRatio || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  const style = getComputedStyle(document.documentElement);
  const [accent, ink] = [style.getPropertyValue("--accent"), style.getPropertyValue("--ink")];
  if (images && $("pictures").checked) drawPictures(context);
  const at = (i) => view.toScreen(plane[2 * i], plane[2 * i + 1]);
  const ring = (i, radius, color, width) => {
    context.beginPath();
    context.arc(...at(i), radius, 0, 7);
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.stroke();
  };
  if (near) {
    context.globalAlpha = 0.75;
    for (const i of near.data) {
      context.beginPath();
      context.moveTo(...at(shown));
      context.lineTo(...at(i));
      Object.assign(context, { strokeStyle: accent, lineWidth: 1.3 });
      context.stroke();
      ring(i, 5.5, accent, 1.6);
    }
    context.globalAlpha = 1;
  }
  if (shown >= 0) ring(shown, 9, ink, 2.4);
  if (hovered >= 0) ring(hovered, 7, ink, 1.5);
  if (path && path.length > 1) {
    context.beginPath();
    path.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](...view.toScreen(x, y)));
    context.closePath();
    Object.assign(context, { strokeStyle: accent, lineWidth: 1.6, fillStyle: accent });
    context.stroke();
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
  }
}

const thumbnails = new Map();

/** The image of a row, made once. */
function thumbnail(i) {
  if (!thumbnails.has(i)) {
    if (thumbnails.size > 4000) thumbnails.clear();
    thumbnails.set(i, picture(images, images.original ?? images.decoded, i));
  }
  return thumbnails.get(i);
}

/** One image in each square of the screen that has a point. */
function drawPictures(context) {
  const side = 12 + 3 * Number($("size").value);
  context.imageSmoothingEnabled = side < images.width;
  for (let y = side / 2; y < view.height; y += side + 2) {
    for (let x = side / 2; x < view.width; x += side + 2) {
      const i = grid.nearest(...view.toPlane(x, y), side / 2 / view.unit, isShown);
      if (i < 0) continue;
      const height = side * images.height / images.width;
      context.fillStyle = `rgb(${colors[4 * i]} ${colors[4 * i + 1]} ${colors[4 * i + 2]})`;
      context.fillRect(x - side / 2 - 1, y - height / 2 - 1, side + 2, height + 2);
      context.drawImage(thumbnail(i), x - side / 2, y - height / 2, side, height);
    }
  }
}

const isShown = (i) => visible[i] === 1;
