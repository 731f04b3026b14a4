"""Fits the recipes of Dow Jones windows over several seeds, checks what they report anew, and stores results/djia.json.

python bench/djia.py [--seeds 3] [--threads 1] [--only path-4,return-4,return-8,lstm-4,lstm-8] [--peer] [--map RUN] [--crash RUN]
then: python bench/run.py --workloads '' --no-binary --render

What does not come back of held-out shares in the held-out period, beside as many principal components, is the recipe's
test.reconstruction. It is reckoned a second time here, by NumPy from the file of prices: windows of the held-out shares and
years alone are given to `veridic reconstruct` as a file of their own, so that nothing of training can be in them. With --peer
the LSTM autoencoder is also trained by PyTorch, from the file of prices and with code that shares nothing with ours.
Runs stay in bench/.work/djia. --map RUN places shares and years by the codes of their windows (mean and spread of each value), writes
map.csv, map.png and map.html there, and stores how often the nearest of a share's 2008 are other shares' 2008. --crash RUN gives
a run of djia-vae the autumn of 2008 of all shares and has paths like it made, real and made ones in scenario.csv.
"""

import argparse
import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from run import BENCH, ROOT, machine, say, store

WORK = BENCH / ".work" / "djia"
DATA = Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data"))
VERIDIC = Path(os.environ.get("VERIDIC", ROOT / "target" / "release" / "veridic"))
HELD = ["AABA", "AXP", "CSCO", "GE", "HD", "JNJ", "MCD", "MSFT", "PG", "UTX", "XOM"]
FROM = "2014-01-01"
LENGTH, STRIDE = 32, 2
WIDE = '{ dense = 256, activation = "relu" }'
# The recipe of each kind, its form, its network, and the layers of its encoder before the code.
KINDS = {
    "path": ("djia-path-autoencoder", "price paths over their volatility", "dense, from PCA", [WIDE, WIDE]),
    "return": ("djia-return-autoencoder", "returns, turned and with either sign", "dense", [WIDE, WIDE]),
    "lstm": ("djia-lstm-autoencoder", "returns, turned and with either sign", "LSTM, as in the book", ['{ lstm = 32, output = "last" }']),
}  # fmt: skip
COLUMNS = ["windows", "network", "code", "seeds", "does not come back", "reckoned anew", "PCA", "less than PCA, worst seed", "seconds of a fit"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="path-4,return-4,return-8,lstm-4,lstm-8")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--map", type=Path)
    parser.add_argument("--crash", type=Path)
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    result = {"kind": "table", "title": "Windows of Dow Jones shares"}
    result["about"] = (
        "Share of the variance of windows of 32 days that does not come back, of 11 shares from 2014 on, learned from 20 other "
        "shares until 2013: median (and range) over the seeds, as reports say it and as NumPy reckons it from `veridic reconstruct` "
        "of a file of the held-out prices alone; as many principal components; by how much less than those in the worst seed."
    )
    result["machine"], result["columns"] = machine(), COLUMNS
    previous = BENCH / "results" / "djia.json"
    kept = {tuple(row[:3]): row for row in json.loads(previous.read_text())["rows"]} if previous.is_file() else {}
    if args.map or args.crash:
        rows = [mapped(args.map)] if args.map else []
        rows += crash(args.crash) if args.crash else []
        for row in rows:
            say(" | ".join(row))
            kept[tuple(row[:3])] = row
        store("djia", result | {"rows": [kept[key] for key in sorted(kept)]})
        return
    held = held_out()
    for name in filter(None, args.only.split(",")):
        kind, code = name.split("-")
        row = measured(args, kind, int(code), held)
        say(" | ".join(row))
        kept[tuple(row[:3])] = row
        store("djia", result | {"rows": [kept[key] for key in sorted(kept)]})
    if args.peer:
        for forget in [0.0, 1.0]:
            row = peer(args, forget)
            say(" | ".join(row))
            kept[tuple(row[:3])] = row
            store("djia", result | {"rows": [kept[key] for key in sorted(kept)]})


def over_seeds(values, form):
    said = [form.format(value) for value in (np.median(values), min(values), max(values))]
    return said[0] if said[1] == said[2] else f"{said[0]} ({said[1]} to {said[2]})"


def row_of(kind, code, found, anew, pca, seconds, network=None):
    _, form, own, _ = KINDS[kind]
    less = 100 * (1 - max(a / b for a, b in zip(found, pca)))
    cells = [over_seeds(found, "{:.4f}"), over_seeds(anew, "{:.4f}") if anew else "", over_seeds(pca, "{:.4f}")]
    return [form, network or own, str(code), str(len(found)), *cells, f"{less:.1f} %", f"{np.median(seconds):.0f}"]


def measured(args, kind, code, held):
    """A row of the table: a recipe with a code of so many values over the seeds."""
    recipe, _, _, layers = KINDS[kind]
    found, anew, pca, seconds = [], [], [], []
    for seed in range(args.seeds):
        out = WORK / f"{kind}-{code}-{seed}"
        shutil.rmtree(out, ignore_errors=True)
        encoder = "[" + ", ".join([*layers, f"{{ dense = {code} }}"]) + "]"
        settings = [f"seed={seed}", f"model.autoencoder.encoder={encoder}"]
        if seed > 0:
            settings.append("figure=[]")
        command = [VERIDIC, "fit", "--recipe", recipe, "--data-dir", DATA, "--out", out, "--quiet"]
        command += ["--threads", str(args.threads)]
        started = time.monotonic()
        subprocess.run([*command, *(word for setting in settings for word in ("--set", setting))], check=True)
        seconds.append(time.monotonic() - started)
        report = json.loads((out / "report.json").read_text())
        found.append(report["test.reconstruction"])
        pca.append(report["control.pca.reconstruction"])
        anew.append(reckoned(out, kind, held))
        say(f"{kind}-{code}, seed {seed}: {found[-1]:.4f}, anew {anew[-1]:.4f}, PCA {pca[-1]:.4f}, {seconds[-1]:.0f} s")
    return row_of(kind, code, found, anew, pca, seconds)


def prices():
    """Dates and closing prices of each share."""
    shares = {}
    with gzip.open(DATA / "djia" / "all_stocks_2006-01-01_to_2018-01-01.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            shares.setdefault(row["Name"], []).append((row["Date"], float(row["Close"])))
    return shares


def held_out():
    """A file of the prices of held-out shares from the held-out date on."""
    path = WORK / "held-out.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Date", "Close", "Name"])
        for name, days in prices().items():
            writer.writerows([date, close, name] for date, close in days if name in HELD and date >= FROM)
    return path


def windows(is_held, kind):
    """The windows of the held-out shares and years, or of those learned from."""
    found = []
    for name, days in prices().items():
        if (name in HELD) != is_held:
            continue
        close = np.log([close for date, close in days if (date >= FROM) == is_held])
        for start in range(0, len(close) - LENGTH, STRIDE):
            part = close[start : start + LENGTH + 1]
            returns = np.diff(part)
            found.append((part[1:] - part[0]) / returns.std() if kind == "path" else returns)
    return np.array(found)


def reckoned(run, kind, held):
    """The share of the variance that does not come back, by what `veridic reconstruct` writes of the held-out file."""
    out = WORK / "given-back.csv"
    subprocess.run([VERIDIC, "reconstruct", run, held, "-o", out, "--threads", "1", "--quiet"], check=True)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    given = np.array([[float(row[f"Close_{step + 1}"]) for step in range(LENGTH)] for row in rows])
    real, mean = windows(True, kind), windows(False, kind).mean(0)
    if given.shape != real.shape:
        sys.exit(f"{len(given)} windows were given back, {len(real)} are there")
    return float(((given - real) ** 2).sum() / ((real - mean) ** 2).sum())


def mapped(run):
    """Shares and years in the plane by the codes of their windows; of the five nearest of each share's 2008, how many are 2008 too."""
    codes = WORK / "codes.csv"
    table = DATA / "djia" / "all_stocks_2006-01-01_to_2018-01-01.csv.gz"
    subprocess.run([VERIDIC, "encode", run, table, "-o", codes, "--threads", "1", "--quiet"], check=True)
    groups = {}
    with codes.open(newline="") as file:
        for row in csv.DictReader(file):
            # A window is of the year that most of its days are in.
            year = row["from"][:4] if row["from"][5:] < "12-10" else row["until"][:4]
            values = [float(value) for name, value in row.items() if name[0] == "z" and name[1:].isdigit()]
            groups.setdefault((row["Name"], year), []).append(values)
    groups = {key: np.array(values) for key, values in groups.items() if len(values) > 50}
    points = np.array([np.r_[values.mean(0), values.std(0)] for values in groups.values()])
    years = np.array([year for _, year in groups])
    file = WORK / "shares-and-years.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["share", "year", "period", *(f"p{i}" for i in range(points.shape[1]))])
        for (name, year), point in zip(groups, points):
            period = year if year in ("2007", "2008", "2009") else "other years"
            writer.writerow([name, f"y{year}", period, *(f"{value:.6f}" for value in point)])
    outputs = [word for end in ("csv", "png", "html") for word in ("-o", WORK / f"map.{end}")]
    command = [VERIDIC, "map", file, "--color", "period", "--columns", "share,year,period", *outputs, "--threads", "1", "--quiet"]
    subprocess.run(command, check=True)
    with (WORK / "map.csv").open(newline="") as out:
        places = np.array([[float(row["x"]), float(row["y"])] for row in csv.DictReader(out)])
    shares = {}
    for name, rows in [("codes", (points - points.mean(0)) / (points.std(0) + 1e-9)), ("map", places)]:
        apart = ((rows[:, None] - rows[None]) ** 2).sum(-1)
        np.fill_diagonal(apart, np.inf)
        near = np.argsort(apart, 1)[:, :5]
        shares[name] = (years[near[years == "2008"]] == "2008").mean()
    chance = ((years == "2008").sum() - 1) / (len(years) - 1)
    said = f"{shares['codes']:.3f} of codes, {shares['map']:.3f} in the map, {chance:.3f} by chance"
    return ["shares and years, their five nearest", run.name, "2008 beside 2008", "1", said, "", "", "", ""]


def crash(run):
    """What paths like the autumn of 2008 are like, beside its windows and those of all years."""
    falls, scenario = WORK / "crash.csv", WORK / "scenario.csv"
    with falls.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Date", "Close", "Name"])
        for name, days in prices().items():
            writer.writerows([date, close, name] for date, close in days if "2008-09-01" <= date <= "2008-11-30")
    command = [VERIDIC, "sample", run, "-n", "2000", "--like", falls, "-o", scenario, "--threads", "1", "--quiet"]
    subprocess.run(command, check=True)
    paths = {}
    with scenario.open(newline="") as file:
        for row in csv.DictReader(file):
            paths.setdefault(row["path"], []).append(float(row["Close"]))
    everything = [part for days in prices().values() for part in cut([close for _, close in days])]
    kinds = {
        "windows of 2008-09 to 2008-11": [np.diff(np.log([1, *path])) for name, path in paths.items() if name.startswith("real")],
        "2000 paths like them": [np.diff(np.log([1, *path])) for name, path in paths.items() if name.startswith("made")],
        "windows of all years": everything,
    }
    rows = []
    for name, returns in kinds.items():
        returns = np.array(returns)
        month, size, flat = returns.sum(1), np.abs(returns), returns - returns.mean()
        storms = [np.corrcoef(size[:, lag:].ravel(), size[:, :-lag].ravel())[0, 1] for lag in (1, 5, 10)]
        low, middle, high = np.quantile(month, [0.05, 0.5, 0.95])
        said = f"a day's sd {returns.std():.4f}, kurtosis {(flat**4).mean() / (flat**2).mean() ** 2:.1f}"
        said += f", log change of 32 days {middle:.2f} ({low:.2f} to {high:.2f})"
        said += ", sizes 1, 5, 10 days apart " + ", ".join(f"{storm:.2f}" for storm in storms)
        rows.append(["crash scenario", run.name, name, str(len(returns)), said, "", "", "", ""])
    return rows


def cut(close):
    logs = np.log(close)
    return [np.diff(logs[start : start + LENGTH + 1]) for start in range(0, len(logs) - LENGTH, LENGTH)]


def peer(args, forget):
    """The LSTM autoencoder of the recipe by PyTorch: 30 epochs, batches of 64, turned and with either sign."""
    import torch
    from torch import nn

    torch.set_num_threads(args.threads)
    train, test = windows(False, "lstm"), windows(True, "lstm")
    mean, size = train.mean(), train.std()
    x = torch.tensor((train - mean) / size, dtype=torch.float32)
    y = torch.tensor((test - mean) / size, dtype=torch.float32)
    found, pca, seconds = [], [], []
    for seed in range(args.seeds):
        torch.manual_seed(seed)
        encoder, code = nn.LSTM(1, 32, batch_first=True), nn.Linear(32, 4)
        decoder, out = nn.LSTM(4, 32, batch_first=True), nn.Linear(32, 1)
        with torch.no_grad():
            for lstm in (encoder, decoder):
                lstm.bias_hh_l0.zero_()
                lstm.bias_ih_l0.zero_()
                lstm.bias_ih_l0[32:64] = forget
        layers = nn.ModuleList([encoder, code, decoder, out])

        def given_back(rows):
            _, (last, _) = encoder(rows[..., None])
            states, _ = decoder(code(last[0])[:, None].expand(-1, LENGTH, -1))
            return out(states)[..., 0]

        batches = len(x) // 64
        optimizer = torch.optim.Adam(layers.parameters(), 5e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30 * batches)
        started = time.monotonic()
        for _ in range(30):
            for rows in torch.randperm(len(x))[: batches * 64].view(-1, 64):
                turn = (torch.arange(LENGTH) + torch.randint(LENGTH, (64, 1))) % LENGTH
                batch = x[rows].gather(1, turn) * (2.0 * torch.randint(2, (64, 1)) - 1)
                loss = ((given_back(batch) - batch) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(layers.parameters(), 1.0)
                optimizer.step()
                schedule.step()
        seconds.append(time.monotonic() - started)
        with torch.no_grad():
            found.append(float(((given_back(y) - y) ** 2).sum() / ((y - x.mean(0)) ** 2).sum()))
        directions = np.linalg.svd(train - train.mean(0), full_matrices=False)[2][:4]
        rest = test - train.mean(0)
        pca.append(float(((rest - rest @ directions.T @ directions) ** 2).sum() / (rest**2).sum()))
        say(f"PyTorch, forget gate {forget:.0f}, seed {seed}: {found[-1]:.4f}, PCA {pca[-1]:.4f}")
    return row_of("lstm", 4, found, [], pca, seconds, f"the same by PyTorch, forget gate from {forget:.0f}")


if __name__ == "__main__":
    main()
