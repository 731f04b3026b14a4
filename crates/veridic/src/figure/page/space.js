// Where points are: the view, and a grid that finds points without looking at all of them.

/** The plane scaled so that the wider side goes from -1 to 1; `x`, `y` of the canvas are pixels from the upper left. */
class View {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
    this.width = 1;
    this.height = 1;
  }

  /** Pixels for one unit of the plane. */
  get unit() {
    return 0.46 * Math.min(this.width, this.height) * this.zoom;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.unit, this.height / 2 - (y - this.y) * this.unit];
  }

  toPlane(x, y) {
    return [this.x + (x - this.width / 2) / this.unit, this.y - (y - this.height / 2) / this.unit];
  }

  move(dx, dy) {
    this.x = clamp(this.x - dx / this.unit, -1.2, 1.2);
    this.y = clamp(this.y + dy / this.unit, -1.2, 1.2);
  }

  /** Zooms by `factor` so that what is under the pixel stays there. */
  zoomAt(x, y, factor) {
    const before = this.toPlane(x, y);
    this.zoom = clamp(this.zoom * factor, 0.5, 5000);
    const after = this.toPlane(x, y);
    this.x = clamp(this.x + before[0] - after[0], -1.2, 1.2);
    this.y = clamp(this.y + before[1] - after[1], -1.2, 1.2);
  }

  /** Shows the points at `rows` of the plane, or everything. */
  show(plane, rows) {
    let [left, right, low, high] = [-1, 1, -1, 1];
    if (rows && rows.length) {
      [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
      for (const i of rows) {
        left = Math.min(left, plane[2 * i]);
        right = Math.max(right, plane[2 * i]);
        low = Math.min(low, plane[2 * i + 1]);
        high = Math.max(high, plane[2 * i + 1]);
      }
    }
    this.x = (left + right) / 2;
    this.y = (low + high) / 2;
    this.zoom = 1;
    const room = Math.min(this.width / Math.max(right - left, 1e-3), this.height / Math.max(high - low, 1e-3));
    this.zoom = clamp(0.92 * room / this.unit, 0.5, rows ? 60 : 5000);
  }
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** Positions scaled into -1 to 1, both axes alike. */
function toPlane(positions) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    const axis = i & 1;
    if (positions[i] < low[axis]) low[axis] = positions[i];
    if (positions[i] > high[axis]) high[axis] = positions[i];
  }
  const half = Math.max(high[0] - low[0], high[1] - low[1]) / 2 || 1;
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  return Float32Array.from(positions, (value, i) => (value - middle[i & 1]) / half);
}

/** The points sorted into square cells. */
class Grid {
  constructor(plane) {
    this.plane = plane;
    const n = plane.length / 2;
    this.side = clamp(Math.ceil(Math.sqrt(n / 3)), 1, 700);
    this.start = new Uint32Array(this.side * this.side + 1);
    const cell = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      cell[i] = this.column(plane[2 * i]) + this.side * this.column(plane[2 * i + 1]);
      this.start[cell[i] + 1]++;
    }
    for (let c = 0; c < this.side * this.side; c++) this.start[c + 1] += this.start[c];
    const next = this.start.slice();
    this.points = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.points[next[cell[i]]++] = i;
  }

  column(value) {
    return clamp(Math.floor((value + 1) / 2 * this.side), 0, this.side - 1);
  }

  /** Calls `visit` for the points of all cells that touch a rectangle. */
  within(left, low, right, high, visit) {
    const [from, to] = [this.column(left), this.column(right)];
    for (let row = this.column(low); row <= this.column(high); row++) {
      const [first, last] = [this.start[row * this.side + from], this.start[row * this.side + to + 1]];
      for (let p = first; p < last; p++) visit(this.points[p]);
    }
  }

  /** The accepted point nearest to a place, not farther than `radius`; -1 if there is none. */
  nearest(x, y, radius, accept) {
    let best = -1;
    let least = radius * radius;
    this.within(x - radius, y - radius, x + radius, y + radius, (i) => {
      const far = (this.plane[2 * i] - x) ** 2 + (this.plane[2 * i + 1] - y) ** 2;
      if (far <= least && accept(i)) [best, least] = [i, far];
    });
    return best;
  }

  /** The `k` points nearest to point `i` on the map, nearest first, the smaller number first where two are equally near. */
  neighbors(i, k) {
    const { plane } = this;
    const [x, y] = [plane[2 * i], plane[2 * i + 1]];
    const wanted = Math.min(k, plane.length / 2 - 1);
    for (let radius = 2 / this.side; ; radius *= 2) {
      const near = [];
      this.within(x - radius, y - radius, x + radius, y + radius, (j) => {
        const far = (plane[2 * j] - x) ** 2 + (plane[2 * j + 1] - y) ** 2;
        if (j !== i && far <= radius * radius) near.push([far, j]);
      });
      if (near.length >= wanted || radius > 4) {
        return near.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, wanted).map(([, j]) => j);
      }
    }
  }

  /** The points inside a polygon given as pairs of coordinates. */
  inside(polygon) {
    const xs = polygon.map((corner) => corner[0]);
    const ys = polygon.map((corner) => corner[1]);
    const found = [];
    this.within(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
      const [x, y] = [this.plane[2 * i], this.plane[2 * i + 1]];
      let inside = false;
      for (let a = 0, b = xs.length - 1; a < xs.length; b = a++) {
        if (ys[a] > y !== ys[b] > y && x < (xs[b] - xs[a]) * (y - ys[a]) / (ys[b] - ys[a]) + xs[a]) inside = !inside;
      }
      if (inside) found.push(i);
    });
    return found;
  }
}
