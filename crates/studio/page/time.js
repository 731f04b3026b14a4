// Moments, in seconds since 1970 (UTC): round places for an axis, and how they are written.

const DAY = 86400;
// Steps of axes: seconds where all are equally long, else months.
const SECONDS = [0.001, 0.01, 0.1, 1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12000];
const MONTH = 30.44 * DAY;

const two = (n) => String(n).padStart(2, "0");

function parts(seconds) {
  const date = new Date(seconds * 1000);
  const day = `${String(date.getUTCFullYear()).padStart(4, "0")}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  return { date, day, clock: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`, rest: date.getUTCSeconds() + date.getUTCMilliseconds() / 1000 };
}

// Whether all moments are the beginnings of days.
export const areDays = (all) => all.every((at) => at === null || at === undefined || at % DAY === 0);

// As long as it has to be: `2014-12-25`, `2014-12-25 08:00`, `2014-12-25 08:00:07`; a day has its midnight where it stands among hours.
export function moment(seconds, hours = false) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || Math.abs(seconds) > 8.64e12) return "–";
  const { day, clock, rest } = parts(Math.round(seconds * 1000) / 1000);
  if (rest) return `${day} ${clock}:${rest < 10 ? "0" : ""}${Number(rest.toFixed(3))}`;
  return clock === "00:00" && !hours ? day : `${day} ${clock}`;
}

// Round places between two moments, at most about so many, and how each is written there.
export function moments(low, high, most) {
  if (!(high > low)) return [[low, moment(low)]];
  const rough = (high - low) / Math.max(1, most);
  if (rough <= 14 * DAY) {
    const step = SECONDS.find((step) => step >= rough);
    const all = [];
    for (let at = Math.ceil(low / step) * step; at <= high; at += step) {
      const { day, clock, rest } = parts(Math.round(at * 1000) / 1000);
      const isDay = clock === "00:00" && !rest;
      all.push([at, step >= DAY ? day : isDay ? day.slice(5) : step < 60 ? `${clock}:${two(Number(rest.toFixed(3)))}` : clock]);
    }
    return all;
  }
  const step = MONTHS.find((months) => months * MONTH >= rough) ?? MONTHS[MONTHS.length - 1];
  const first = new Date(low * 1000);
  const all = [];
  const start = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step;
  for (let month = start; ; month += step) {
    // Years before 100 would be taken for those of the last century.
    const date = new Date(0);
    date.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
    const at = date.getTime() / 1000;
    if (at > high) return all;
    if (at >= low) all.push([at, step % 12 === 0 ? String(date.getUTCFullYear()) : `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}`]);
  }
}
