// What is wrong with a game, as the notices of a run say it, and what can be done about it in the GAN world.

import { number } from "./words.js";

// Frames for which something has to be so before it is said.
const PATIENCE = 25;
// Made points that are spread less than this share of the spread of real ones are a collapse.
const NARROW = 0.15;

// How far points lie from their middle.
function spread(values, width) {
  const n = values.length / width;
  let sum = 0;
  for (let j = 0; j < width; j++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += values[i * width + j] / n;
    for (let i = 0; i < n; i++) sum += (values[i * width + j] - mean) ** 2 / n;
  }
  return Math.sqrt(sum);
}

// Asked again after each frame; what is so for long enough is told, with what helps.
export class Troubles {
  signs = {};

  of(frame, about) {
    const signs = this.signs;
    if (!frame || frame.step < 200) return (this.signs = {}), [];
    const wide = spread(frame.points, about.width) / spread(about.real, about.width);
    const found = {
      point: wide < NARROW && `Collapse: made points differ ${Math.max(1, Math.round(wide * 100))} % as much as real ones. Whatever the noise is, the generator makes what this discriminator takes for real at the moment, and moves on when that is found out. Seen alone, no point is wrong, so nothing drives them apart. What helps: the discriminator sees several points at once (packing 2, minibatch discrimination), diversity, fewer updates of G, or a slope penalty.`,
      collapse: wide >= NARROW && Number.isFinite(frame.of) && about.width === 2 && frame.modes <= frame.of / 2 && frame.quality > 0.3
        && `Collapse: made points lie at ${frame.modes} of ${frame.of} modes. The generator found places that this discriminator takes for real, and gives them whatever the noise is. Seen alone, no point is wrong, so nothing drives them apart. What helps: the discriminator sees several points at once (packing 2, minibatch discrimination), diversity, or a slope penalty.`,
      won: frame.real > 0.99 && frame.made > 0.99
        && `The discriminator has won: it tells ${Math.round(frame.real * 1000) / 10} % of real and ${Math.round(frame.made * 1000) / 10} % of made points. Where it is that sure its slope is nearly level, and the generator is told no way to go (see the pushes). What helps: a lower rate or fewer updates of D, a slope penalty, softer labels, or noise on what D sees.`,
      steep: Math.max(frame.dSlope, frame.gSlope) > 100
        && `A gradient of norm ${number(Math.max(frame.dSlope, frame.gSlope))} is a sign of divergence. What helps: a lower rate, or a slope penalty.`,
    };
    for (const key of Object.keys(found)) signs[key] = found[key] ? Math.min(2 * PATIENCE, (signs[key] ?? 0) + 1) : Math.max(0, (signs[key] ?? 0) - 1);
    return Object.entries(found).flatMap(([key, text]) => (text && signs[key] >= PATIENCE ? [[key, text]] : []));
  }
}
