"""Measures detectors and generators of series under the protocols of the field and stores results/series.json.

cargo build --release -p veridic --example series_bench
python bench/series.py [--only nab,alarms,skab,smap,ecg,ucr,stock,million,djia] [--repeats 10] [--threads 2]
then: python bench/run.py --workloads '' --no-binary --render

Each part that is named is stored as soon as it is measured, beside what is known of the others; `djia` is bench/djia.py, which has
a table of its own and is not run by default. Needs numpy. Everything is scored and judged by our program, but for the two generation scores of TimeGAN, whose judge (a GRU
of three units, trained with Adam) is written here.
"""

import argparse
import ast
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from run import BENCH, ROOT, machine, say, store

WORK = BENCH / ".work" / "series"
DATA = Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data"))
DETECTORS = [
    "four-surprises", "nearest-windows", "local-polynomial-skip", "local-polynomial", "window-pca", "seasonal-naive",
    "autoregression",
]  # fmt: skip
MEASURED = ["nab", "alarms", "skab", "smap", "ecg", "ucr", "stock", "million"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(MEASURED))
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--makers", default=",".join(MAKERS))
    parser.add_argument("--ours", default=str(ROOT / "target" / "release" / "examples" / "series_bench"))
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    result = {"kind": "table", "title": "Series"}
    result["about"] = (
        "VUS-PR is that of TSB-AD (250 thresholds, buffers up to the period), whole series, detector fitted on the same series "
        "without labels; NAB labels hold a tenth of every series, so a random score gets .12. SKAB: fitted on the first 400 "
        "rows of each file, points pooled. SMAP and MSL: telemetry column, fitted on the train file, segments as Orion counts "
        "them, one rule for all channels. Stock: 24 days of 6 columns; judge of TimeGAN."
    )
    result["columns"] = ["data", "model", "figure", "value", "of"]
    previous = BENCH / "results" / "series.json"
    known = json.loads(previous.read_text()) if previous.is_file() else {}
    # Of what is measured only seconds depend on the machine.
    result["machine"] = known["machine"] if known and "million" not in args.only.split(",") else machine()
    kept = known.get("rows", [])
    result["rows"] = [row for row in kept if "nan" not in row[3]]
    for name in args.only.split(","):
        if name == "djia":
            subprocess.run([sys.executable, str(BENCH / "djia.py")], check=True)
            continue
        if name not in MEASURED:
            sys.exit(f"`{name}` is none of {', '.join(MEASURED)} and djia")
        rows = []
        for row in globals()[f"measure_{name}"](args):
            # Makers of months take long: each is stored when it is done.
            if name == "stock" and rows and row[1] != rows[-1][1]:
                keep(result, name, rows)
            say(" | ".join(row))
            rows.append(row)
        keep(result, name, rows)


def keep(result, name, rows):
    """Stores what was measured in place of what was known of it, and nothing less."""
    if not rows or any("nan" in row[3] for row in rows):
        sys.exit(f"nothing was measured of {name}; results/series.json is as it was")
    made = {row[1] for row in rows}
    others = [row for row in result["rows"] if measured(row) != name or (name == "stock" and row[1] not in made)]
    result["rows"] = sorted(others + rows, key=lambda row: MEASURED.index(measured(row)))
    store("series", result)


def measured(row):
    """Which of what is measured a row is of: the first word of its data."""
    return row[0].split()[0].lower()


def ours(args, *words):
    """What our program prints, a line for each of the files that end the words; nothing less."""
    command = [args.ours, words[0], "--threads", args.threads, *words[1:]]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"series_bench {words[0]} failed: {done.stderr[-800:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    files = sum(isinstance(word, Path) for word in words)
    if not lines or (words[0] == "score" and len(lines) != files):
        sys.exit(f"series_bench {words[0]} gave {len(lines)} lines for {files} files")
    return lines


def write(name, columns, rows):
    path = WORK / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def f1(counts):
    return 2 * counts[0] / max(2 * counts[0] + counts[1] + counts[2], 1)


def nab_files():
    windows = json.loads((DATA / "nab" / "labels" / "combined_windows.json").read_text())
    files = []
    for key, spans in sorted(windows.items()):
        with (DATA / "nab" / "data" / key).open() as file:
            rows = list(csv.DictReader(file))
        labels = [int(any(a[:19] <= row["timestamp"] <= b[:19] for a, b in spans)) for row in rows]
        if any(labels):
            points = [(row["value"], label) for row, label in zip(rows, labels)]
            files.append(write(f"nab-{Path(key).stem}", ["value", "label"], points))
    return files


def measure_nab(args):
    files = nab_files()
    for detector in DETECTORS:
        lines = ours(args, "score", "--detector", detector, *files)
        found = [line["vus_pr"] for line in lines]
        yield ["NAB", detector, "VUS-PR, mean", f"{np.mean(found):.3f}", f"{len(found)} series"]
        yield ["NAB", detector, "VUS-PR, median", f"{np.median(found):.3f}", f"{len(found)} series"]


def measure_alarms(args):
    """Of the series with and without labels: labelled stretches with an alarm, and alarms elsewhere."""
    windows = json.loads((DATA / "nab" / "labels" / "combined_windows.json").read_text())
    files, stretches = [], []
    for key, spans in sorted(windows.items()):
        with (DATA / "nab" / "data" / key).open() as file:
            rows = list(csv.DictReader(file))
        files.append(write(f"alarms-{Path(key).stem}", ["value", "label"], [(row["value"], 0) for row in rows]))
        at = [[i for i, row in enumerate(rows) if a[:19] <= row["timestamp"] <= b[:19]] for a, b in spans]
        stretches.append([(points[0], points[-1] + 1) for points in at if points])
    found, elsewhere, quiet = 0, 0, 0
    for line, known in zip(ours(args, "alarms", *files), stretches):
        meets = lambda a, b: a[0] < b[1] and b[0] < a[1]
        found += sum(any(meets(alarm, span) for alarm in line["alarms"]) for span in known)
        wrong = sum(not any(meets(alarm, span) for span in known) for alarm in line["alarms"])
        elsewhere, quiet = elsewhere + wrong, quiet + (0 if known else wrong)
    value = f"{found} of {sum(map(len, stretches))} / {elsewhere} / {quiet}"
    yield ["Alarms NAB", "four-surprises", "labelled stretches found / alarms elsewhere / in series without any", value, f"{len(files)} series"]


def measure_skab(args):
    files = []
    with zipfile.ZipFile(DATA / "skab" / "skab.zip") as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".csv") and "anomaly-free" not in name:
                rows = list(csv.DictReader(io.StringIO(archive.read(name).decode()), delimiter=";"))
                columns = [c for c in rows[0] if c not in ("datetime", "anomaly", "changepoint")]
                points = [[row[c] for c in columns] + [int(float(row["anomaly"]))] for row in rows]
                files.append(write("skab-" + name.replace("/", "-")[:-4], [*columns, "label"], points))
    for detector in ["four-surprises", "trailing-distances"]:
        lines = ours(args, "score", "--detector", detector, "--train", 400, "--judge", "rest", *files)
        mean = np.mean([line["vus_pr"] for line in lines])
        yield ["SKAB", detector, "VUS-PR of rows after 400, mean", f"{mean:.3f}", f"{len(files)} files"]
    for judge in ["rest", "all"]:
        lines = ours(args, "score", "--detector", "trailing-distances", "--train", 400, "--judge", judge, *files)
        for rule in ["1.5 x plain", "1.75 x plain", "2 x plain", "2 x usual", "2.25 x usual"]:
            tp, fp, fn, tn = np.sum([line["thresholds"][rule]["points"] for line in lines], axis=0)
            figure = f"F1 / false / missed alarms, {'rows after 400' if judge == 'rest' else 'whole files'}, {rule}"
            value = f"{f1((tp, fp, fn)):.3f} / {100 * fp / (fp + tn):.1f} % / {100 * fn / (fn + tp):.1f} %"
            yield ["SKAB", "trailing-distances", figure, value, f"{len(files)} files"]


def measure_smap(args):
    groups = {}
    with zipfile.ZipFile(DATA / "smap-msl" / "smap_msl.zip") as archive:
        names = {Path(name).parts[-2:]: name for name in archive.namelist() if not name.endswith("/")}
        labels = {}
        text = archive.read(next(name for name in archive.namelist() if name.endswith("labeled_anomalies.csv"))).decode()
        for row in csv.DictReader(io.StringIO(text)):
            spans = labels.setdefault((row["spacecraft"], row["chan_id"]), set())
            spans |= {tuple(span) for span in ast.literal_eval(row["anomaly_sequences"])}
        for (craft, channel), spans in sorted(labels.items()):
            train, test = (
                np.load(io.BytesIO(archive.read(names[part, f"{channel}.npy"])))[:, 0] for part in ("train", "test")
            )
            known = np.zeros(len(train) + len(test), int)
            for first, last in spans:
                known[len(train) + first : len(train) + last + 1] = 1
            file = write(f"smap-{channel}", ["value", "label"], zip(np.r_[train, test].tolist(), known.tolist()))
            groups.setdefault(craft, []).append((file, len(train)))
    for craft, files in groups.items():
        lines = []
        for file, train in files:
            options = ["--train", train, "--judge", "rest", "--smooth", 64, "--gap", 99, "--window", 100]
            lines += ours(args, "score", "--detector", "four-surprises", *options, file)
        for rule in ["1.5 x usual", "2 x usual", "3 x usual", "1.5 x highest"]:
            counts = np.sum([line["thresholds"][rule]["segments"] for line in lines], axis=0)
            value = f"{f1(counts):.3f} ({counts[0]} / {counts[1]} / {counts[2]})"
            yield ["SMAP " + craft, "four-surprises", f"segment F1 (tp / fp / fn), {rule}", value, f"{len(files)} channels"]
        mean = np.mean([line["vus_pr"] for line in lines if line["vus_pr"] is not None])
        yield ["SMAP " + craft, "four-surprises", "VUS-PR, mean", f"{mean:.3f}", f"{len(files)} channels"]


def measure_ecg(args):
    files = []
    for path in sorted((DATA / "mba-ecg").glob("*.gz")):
        with gzip.open(path, "rt") as file:
            rows = np.loadtxt(file, delimiter=",")
        files.append(write(path.name[:10], ["value", "label"], zip(rows[:, 0].tolist(), rows[:, 1].astype(int).tolist())))
    yield from volumes(args, "ECG", files)


def measure_ucr(args):
    files = []
    for path in sorted((DATA / "ucr-anomaly").glob("*.txt")):
        values, parts = np.loadtxt(path).ravel(), path.stem.split("_")
        known = np.zeros(len(values), int)
        known[int(parts[-2]) : int(parts[-1]) + 1] = 1
        files.append(write("UCR-" + parts[0], ["value", "label"], zip(values.tolist(), known.tolist())))
    yield from volumes(args, "UCR", files)


def volumes(args, data, files):
    for detector in ["four-surprises", "window-pca", "local-polynomial-skip"]:
        for line in ours(args, "score", "--detector", detector, *files):
            yield [f"{data} {line['file']}", detector, "VUS-PR", f"{line['vus_pr']:.3f}", f"{line['points']} points"]


def measure_million(args):
    for threads in [1, 2]:
        line = ours(args, "million", "--threads", threads)[0]
        for part in ["fit", "score"]:
            yield ["Million points", "four-surprises", f"seconds to {part}, {threads} threads", f"{line[part]:.2f}", "1 run"]


def measure_stock(args):
    path = DATA / "timegan-stock" / "stock_data.csv"
    prices = np.genfromtxt(path, delimiter=",", skip_header=1)
    low, high = prices.min(0), prices.max(0)
    real = np.stack([prices[i : i + 24] for i in range(len(prices) - 24)])
    scaled = (real - low) / (high - low)
    for name in args.makers.split(","):
        make = MAKERS[name]
        made, seconds = make(args, [path], len(real))
        fake = (made - low) / (high - low)
        for figure, judge in [("discriminative score", discriminative), ("predictive score", predictive)]:
            found = [judge(scaled, fake, seed) for seed in range(args.repeats)]
            value = f"{np.mean(found):.4f} ± {np.std(found):.4f}"
            yield ["Stock", name, figure, value, f"{args.repeats} judges"]
        yield ["Stock", name, "seconds to fit and sample", f"{seconds:.2f}", f"{len(real)} windows"]
        for (figure, value), (_, truth) in zip(facts(made), facts(real)):
            yield ["Stock", name, f"{figure} (real {truth:.3f})", f"{value:.3f}", ""]
        near = f"{copied(args, make, prices):.3f}"
        yield ["Stock", name, "excess nearness to the half learned from (0 ideal, 0.5 copies)", near, "two more fits"]


def by(model):
    """New paths by a copula, or by the network of a recipe, learned from files that are series of their own."""

    def make(args, files, n):
        out = WORK / f"stock-{model}.csv"
        options = ["--model", model, "--paths", n, "--length", 24, "--seed", 1, "--out", out]
        seconds = ours(args, "paths", *options, *files)[0]["seconds"]
        return np.genfromtxt(out, delimiter=",", skip_header=1).reshape(-1, 24, 6), seconds

    return make


def bootstrap(args, files, n):
    """Windows drawn from the data: a copy, which scores of indistinguishability cannot tell from real ones."""
    windows = []
    for path in files:
        rows = np.genfromtxt(path, delimiter=",", skip_header=1)
        windows += [rows[i : i + 24] for i in range(len(rows) - 24)]
    chosen = np.random.default_rng(1).choice(len(windows), n)
    return np.stack([windows[i] for i in chosen]), 0.0


STOCK = ["Open", "High", "Low", "Close", "Adj_Close", "Volume"]
MAKERS = {
    "candle copula": by("candle"),
    "window copula": by("window"),
    "stock-vae": by("stock-vae"),
    "timegan-stock": by("timegan-stock"),
    "bootstrap (a copy)": bootstrap,
}


def facts(windows):
    """Stylised facts, pooled over windows."""
    close = np.log(windows[:, :, 3])
    returns = np.diff(close, axis=1)
    size = np.abs(returns)
    together = lambda a, b: float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    flat = returns - returns.mean()
    found = [("sd of returns", float(returns.std())), ("kurtosis", float((flat**4).mean() / (flat**2).mean() ** 2))]
    found += [(f"correlation of |returns| at lag {k}", together(size[:, k:], size[:, :-k])) for k in (1, 5, 10)]
    return found + [("leverage: return, next |return|", together(returns[:, :-1], size[:, 1:]))]


def copied(args, make, prices):
    """Half the difference between the shares of made windows nearer to A when fitted on A and when fitted on B."""
    blocks = [prices[i : i + 150] for i in range(0, len(prices) - 24, 150)]
    shares = []
    windows = [np.concatenate([shapes(b) for b in blocks[half::2] if len(b) > 24]) for half in (0, 1)]
    for half in (0, 1):
        own = [block for block in blocks[half::2] if len(block) > 24]
        files = [write(f"stock-block-{i}", STOCK, block.tolist()) for i, block in enumerate(own)]
        made = np.concatenate([shapes(window) for window in make(args, files, 1500)[0]])
        both = np.concatenate(windows)
        mean, size = both.mean(0), both.std(0) + 1e-9
        near = [nearest((made - mean) / size, (w - mean) / size) for w in windows]
        shares.append(np.mean(near[0] < near[1]))
    return (shares[0] - shares[1]) / 2


def shapes(block):
    """The returns, places of the prices and changes of volume of the windows of a block."""
    windows = np.stack([block[i : i + 24] for i in range(len(block) - 23)])
    log, volume = np.log(windows[:, :, :4]), np.log(windows[:, :, 5])
    parts = [np.diff(log[:, :, 3], axis=1), log[:, :, 0] - log[:, :, 3], log[:, :, 1] - log[:, :, 2], volume - volume.mean(1, keepdims=True)]
    return np.concatenate(parts, axis=1)


def nearest(rows, others):
    squares = (others**2).sum(1)
    return np.concatenate([((part**2).sum(1)[:, None] + squares - 2 * part @ others.T).min(1) for part in np.array_split(rows, 20)])


class Gru:
    """A GRU as in TensorFlow 1 (reset before the product, gate bias 1) with one logistic output, and Adam."""

    def __init__(self, inputs, units, random):
        glorot = lambda a, b: random.uniform(-1, 1, (a, b)) * np.sqrt(6 / (a + b))
        wide = inputs + units
        self.units = units
        self.weights = [glorot(wide, 2 * units), np.ones(2 * units), glorot(wide, units), np.zeros(units), glorot(units, 1), np.zeros(1)]
        self.first, self.second = [np.zeros_like(w) for w in self.weights], [np.zeros_like(w) for w in self.weights]
        self.steps = 0

    def run(self, x):
        """Logits by step, and what the gradient needs."""
        gates, gate_bias, new, new_bias, out, out_bias = self.weights
        state, kept, logits = np.zeros((len(x), self.units)), [], []
        for t in range(x.shape[1]):
            joined = np.concatenate([x[:, t], state], 1)
            opened = 1 / (1 + np.exp(-(joined @ gates + gate_bias)))
            reset, update = opened[:, : self.units], opened[:, self.units :]
            inner = np.concatenate([x[:, t], reset * state], 1)
            fresh = np.tanh(inner @ new + new_bias)
            kept.append((joined, reset, update, inner, fresh, state))
            state = update * state + (1 - update) * fresh
            logits.append(state @ out + out_bias)
        return np.stack(logits, 1)[:, :, 0], kept, state

    def learn(self, x, slopes, kept, states):
        """One step of Adam; `slopes` are the gradients of the loss by logit."""
        gates, _, new, _, out, _ = self.weights
        sums = [np.zeros_like(w) for w in self.weights]
        back, width = np.zeros((len(x), self.units)), x.shape[2]
        for t in reversed(range(x.shape[1])):
            joined, reset, update, inner, fresh, state = kept[t]
            slope = slopes[:, t : t + 1]
            sums[4] += states[t].T @ slope
            sums[5] += slope.sum(0)
            back = back + slope @ out.T
            d_fresh = back * (1 - update) * (1 - fresh**2)
            d_inner = d_fresh @ new.T
            d_reset = d_inner[:, width:] * state
            d_gates = np.concatenate([d_reset * reset * (1 - reset), back * (state - fresh) * update * (1 - update)], 1)
            sums[2] += inner.T @ d_fresh
            sums[3] += d_fresh.sum(0)
            sums[0] += joined.T @ d_gates
            sums[1] += d_gates.sum(0)
            back = back * update + d_inner[:, width:] * reset + (d_gates @ gates.T)[:, width:]
        self.steps += 1
        rate = 1e-3 * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for weight, first, second, gradient in zip(self.weights, self.first, self.second, sums):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            weight -= rate * first / (np.sqrt(second) + 1e-8)


def states_of(kept, last):
    return [step[5] for step in kept[1:]] + [last]


def discriminative(real, fake, seed, iterations=2000, batch=128):
    """How far from one half a classifier of real and made windows is right on the held-out fifth."""
    random = np.random.default_rng(seed)
    real, fake = real[random.permutation(len(real))], fake[random.permutation(len(fake))]
    a, b = int(0.8 * len(real)), int(0.8 * len(fake))
    net = Gru(real.shape[2], real.shape[2] // 2, random)
    target = np.r_[np.ones(batch), np.zeros(batch)]
    for _ in range(iterations):
        x = np.concatenate([real[random.choice(a, batch, False)], fake[random.choice(b, batch, False)]])
        logits, kept, last = net.run(x)
        slopes = np.zeros_like(logits)
        slopes[:, -1] = (1 / (1 + np.exp(-logits[:, -1])) - target) / batch
        net.learn(x, slopes, kept, states_of(kept, last))
    right = (net.run(real[a:])[0][:, -1] > 0).sum() + (net.run(fake[b:])[0][:, -1] <= 0).sum()
    return abs(right / (len(real) - a + len(fake) - b) - 0.5)


def predictive(real, fake, seed, iterations=5000, batch=128):
    """Mean absolute error of the last column a step ahead on real windows, learned from made ones."""
    random = np.random.default_rng(seed + 100)
    net = Gru(real.shape[2] - 1, real.shape[2] // 2, random)
    x, y = fake[:, :-1, :-1], fake[:, 1:, -1]
    for _ in range(iterations):
        rows = random.choice(len(x), batch, False)
        logits, kept, last = net.run(x[rows])
        made = 1 / (1 + np.exp(-logits))
        slopes = np.sign(made - y[rows]) * made * (1 - made) / made.size
        net.learn(x[rows], slopes, kept, states_of(kept, last))
    return float(np.abs(1 / (1 + np.exp(-net.run(real[:, :-1, :-1])[0])) - real[:, 1:, -1]).mean())


if __name__ == "__main__":
    main()
