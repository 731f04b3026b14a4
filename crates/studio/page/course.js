// The course of a run: its events, read as far as they are written.

import { get } from "./server.js";

// A run with the events read so far.
export class Course {
  constructor(name) {
    this.name = name;
    this.clear();
  }

  clear() {
    Object.assign(this, { next: 0, epoch: [], step: [], seconds: [], figures: {}, notices: [], parts: [], skipped: 0 });
  }

  // Reads what is new; says whether anything is.
  async read() {
    let changed = false;
    for (;;) {
      const piece = await get(`/api/course?run=${encodeURIComponent(this.name)}&from=${this.next}`);
      if (piece.anew) this.clear();
      const before = this.epoch.length;
      // What comes first is taken as it is.
      const add = (own, more) => (own.length ? own.concat(more) : more);
      for (const key of ["epoch", "step", "seconds"]) this[key] = add(this[key], piece[key]);
      for (const [name, values] of Object.entries(piece.figures)) {
        const own = this.figures[name] ?? [];
        while (own.length < before) own.push(null);
        this.figures[name] = add(own, values);
      }
      for (const own of Object.values(this.figures)) while (own.length < this.epoch.length) own.push(null);
      this.notices.push(...piece.notices);
      this.parts.push(...piece.parts);
      this.skipped += piece.skipped;
      changed ||= piece.anew || piece.epoch.length + piece.notices.length + piece.parts.length > 0;
      this.next = piece.next;
      if (!piece.more) return changed;
    }
  }

  // Of a model that learns in passes: the passes with their losses.
  passes() {
    return this.parts.flatMap(([, , , loss], i) => (loss === null || loss === undefined ? [] : [[i + 1, loss]]));
  }

  best(criterion) {
    if (!criterion) return null;
    const values = this.figures[criterion[0]] ?? [];
    let at = -1;
    values.forEach((value, i) => {
      if (value !== null && (at < 0 || (criterion[1] ? value > values[at] : value < values[at]))) at = i;
    });
    return at < 0 ? null : this.epoch[at];
  }
}
