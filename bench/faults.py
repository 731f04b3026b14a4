"""Faults among points that were all learned from: which are alarms, and how many alarms clean series raise; stores results/faults.json.

cargo build --release -p veridic --example series_bench
python bench/faults.py [--seeds 10] [--threads 2]
then: python bench/run.py --workloads '' --no-binary --render

Series of 3 000 points of nine kinds, a fault planted in each at a place of its own: a spike up or down of 8 standard deviations of the
series, a shift of 150 points by 3, a stretch of 150 or 60 points with one value, noise of 3 standard deviations on 60 points, three
spikes. The default detector is fitted to the series with the fault and scores it; found is what an alarm has a point of. Beside it a control
without windows: the distance from the median of the 25 points
around, above eight times its own median over the series (1.48 of it is a standard deviation of noise). Needs numpy.
"""

import argparse
import json
import subprocess
import sys

import numpy as np

from run import BENCH, ROOT, machine, say, store

WORK = BENCH / ".work" / "faults"
POINTS = 3000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ours", default=str(ROOT / "target" / "release" / "examples" / "series_bench"))
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    result = {"kind": "table", "title": "Faults among points that were learned from"}
    result["about"] = __doc__.split("\n\n")[2].replace("\n", " ")
    result["machine"] = machine()
    result["columns"] = ["series", "fault", "found", "false alarms", "found, control", "false"]
    result["rows"] = []
    totals = {}
    for kind, make in KINDS.items():
        files, truth = [], []
        for fault, plant in FAULTS.items():
            for seed in range(args.seeds):
                random = np.random.default_rng([seed, list(KINDS).index(kind)])
                values, is_wrong = make(random, np.arange(POINTS)), np.zeros(POINTS, bool)
                plant(random, values, is_wrong, values.std())
                files.append(write(f"{kind}-{fault}-{seed}", values, is_wrong))
                truth.append((fault, values, is_wrong))
        by = {"default": ours(args, files), "control": [control(values) for _, values, _ in truth]}
        for fault in FAULTS:
            row = [kind, fault]
            for name, found in by.items():
                of = [(alarms, is_wrong) for alarms, (this, _, is_wrong) in zip(found, truth) if this == fault]
                hits, false = sum(hit(*pair) for pair in of), sum(wrong(*pair) for pair in of)
                row += ["" if fault == "none" else f"{hits} of {len(of)}", f"{false / len(of):.1f}"]
                total = totals.setdefault(name, [0, 0, 0, 0])
                total[0] += hits
                total[1] += 0 if fault == "none" else len(of)
                total[2] += false if fault == "none" else 0
                total[3] += len(of) if fault == "none" else 0
            say(" | ".join(row))
            result["rows"].append(row)
    row = ["all", ""]
    for hits, planted, false, clean in totals.values():
        row += [f"{hits} of {planted}", f"{false / clean:.2f} in clean ones"]
    result["rows"].append(row)
    say(" | ".join(row))
    store("faults", result)


def white(random, t):
    return random.normal(0, 1, len(t))


def autoregressive(random, t):
    values, noise = np.zeros(len(t)), random.normal(0, 1, len(t))
    for i in range(1, len(t)):
        values[i] = 0.9 * values[i - 1] + noise[i]
    return values


KINDS = {
    "days of 96": lambda random, t: 3 * np.sin(2 * np.pi * t / 96) + random.normal(0, 0.3, len(t)),
    "days of 288": lambda random, t: 3 * np.sin(2 * np.pi * t / 288) + random.normal(0, 0.3, len(t)),
    "noisy days": lambda random, t: np.sin(2 * np.pi * t / 96) + random.normal(0, 1, len(t)),
    "days and weeks": lambda random, t: np.where((t // 24) % 7 < 5, 1, 0.6) * (3 + 2 * np.sin(2 * np.pi * t / 24))
    + random.normal(0, 0.2, len(t)),
    "white noise": white,
    "autoregression": autoregressive,
    "counts": lambda random, t: random.poisson(5 + 4 * np.sin(2 * np.pi * t / 96)).astype(float),
    "on and off": lambda random, t: (t // 50) % 2 + random.normal(0, 0.05, len(t)),
    "trend and days": lambda random, t: t / 600 + np.sin(2 * np.pi * t / 48) + random.normal(0, 0.2, len(t)),
}


def place(random):
    return int(random.integers(300, POINTS - 500))


def none(random, values, is_wrong, size):
    pass


def spike(random, values, is_wrong, size):
    at = place(random)
    values[at] += 8 * size
    is_wrong[at] = True


def dip(random, values, is_wrong, size):
    at = place(random)
    values[at] -= 8 * size
    is_wrong[at] = True


def shift(random, values, is_wrong, size):
    at = place(random)
    values[at : at + 150] += 3 * size
    is_wrong[at : at + 150] = True


def dead(random, values, is_wrong, size):
    at = place(random)
    values[at : at + 150] = values[at]
    is_wrong[at : at + 150] = True


def short_dead(random, values, is_wrong, size):
    at = place(random)
    values[at : at + 60] = values[at]
    is_wrong[at : at + 60] = True


def burst(random, values, is_wrong, size):
    at = place(random)
    values[at : at + 60] += random.normal(0, 3 * size, 60)
    is_wrong[at : at + 60] = True


def three_spikes(random, values, is_wrong, size):
    for at in random.integers(100, POINTS - 100, 3):
        values[at] += 8 * size
        is_wrong[at] = True


FAULTS = {
    "none": none,
    "spike": spike,
    "dip": dip,
    "shift": shift,
    "dead, 150 points": dead,
    "dead, 60 points": short_dead,
    "burst": burst,
    "three spikes": three_spikes,
}


def write(name, values, is_wrong):
    path = WORK / f"{name.replace(',', '').replace(' ', '-')}.csv"
    lines = [f"{value!r},{int(label)}" for value, label in zip(values.tolist(), is_wrong.tolist())]
    path.write_text("value,label\n" + "\n".join(lines) + "\n")
    return path


def ours(args, files):
    """The alarms of each file, as our program prints them."""
    command = [args.ours, "alarms", "--threads", str(args.threads), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(lines) != len(files):
        sys.exit(f"series_bench alarms failed: {done.stderr[-800:]}")
    return [line["alarms"] for line in lines]


def control(values):
    """Stretches of points far from the median of those around them."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 12, mode="edge"), 25)
    away = np.abs(values - np.median(around, axis=1))
    flags = np.flatnonzero(away > 8 * np.median(away))
    alarms = []
    for point in flags.tolist():
        if alarms and point - alarms[-1][1] <= POINTS // 100:
            alarms[-1][1] = point + 1
        else:
            alarms.append([point, point + 1])
    return alarms


def hit(alarms, is_wrong):
    return any(is_wrong[start:end].any() for start, end in alarms)


def wrong(alarms, is_wrong):
    """Alarms without a planted point within 32 points, half a window."""
    return sum(not is_wrong[max(start - 32, 0) : end + 32].any() for start, end in alarms)


if __name__ == "__main__":
    main()
