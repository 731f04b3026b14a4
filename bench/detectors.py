"""Anomaly detectors on the sets of ADBench that are at hand, beside published figures and PyOD; stores results/detectors.json.

    cargo build --release -p veridic --example adbench
    python bench/detectors.py [--data-dir DIR] [--published DIR] [--only SET,...] [--protocols file,shuffle,unsupervised]
    python bench/detectors.py --card [--binary FILE]     # card payments, learned from all rows; stores results/detectors-card.json
    python bench/run.py --workloads '' --no-binary --render

Protocols are those of the example `adbench`: `file` as published with DTE (Livernoche et al., ICLR 2024), sets below 1 000
rows with five seeds and above 50 000 with two; `shuffle` the same in random order and without copies; `unsupervised` learns from
all rows, anomalies included, and scores them. What is measured is kept in .work/detectors.jsonl, so a run goes on where it was
stopped. `--published` is a folder with the tables of the paper (semi_aucroc.csv, ..., a row a set, a column a method).
PyOD is run where it is installed, on the sets whose split is fixed; its rows are in standard deviations, as ours are.
"""

import argparse
import csv
import gzip
import json
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from keep import Keep
from run import BENCH, ROOT, machine, say, store

OURS = ["surprise", "neighbors", "lof", "isolation-forest", "pca", "ecod", "copod", "hbos", "gaussian-mixture"]
NAMES = {"neighbors": "kNN", "lof": "LOF", "isolation-forest": "IForest", "pca": "PCA", "ecod": "ECOD", "copod": "COPOD", "hbos": "HBOS"}
KEPT = Keep("detectors")


def seeds(rows, protocol):
    if protocol == "unsupervised":
        return range(1)
    return range(5 if rows < 1000 else 2 if rows > 50_000 else 1)


def measure(arguments, path, rows, protocol, done):
    name = path.stem.split("_", 1)[1]
    for seed in seeds(rows, protocol):
        variants = [("", arguments.detectors.split(","), {})]
        own = [(", cell", ["surprise"], {"cell": True})]
        if protocol == "unsupervised":
            own = [(f", trim {trim:g}", ["surprise"], {"trim": trim}) for trim in [0.0, 0.3]]
        if "surprise" in variants[0][1]:
            variants += own
        for suffix, wanted, settings in variants:
            missing = [d for d in wanted if (name, protocol, seed, d + suffix) not in done]
            if not missing:
                continue
            command = [str(arguments.example), "--data", str(path), "--protocol", protocol, "--seed", str(seed)]
            command += ["--threads", str(arguments.threads), "--detectors", ",".join(missing)]
            command += ["--settings", json.dumps(settings)]
            found = subprocess.run(command, capture_output=True, text=True, check=False)
            if found.returncode:
                say(f"{name}, {protocol}, seed {seed}: {found.stderr.strip()[-300:]}")
            for line in found.stdout.splitlines():
                line = json.loads(line)
                KEPT.add({"set": name, "rows": rows, "protocol": protocol, "seed": seed, **line, "detector": line["detector"] + suffix})
            say(f"{name}, {protocol}, seed {seed}{suffix}")


def pyod(path, rows, threads, done):
    """The same detectors of PyOD on the fixed split of a set of 1 000 to 50 000 rows."""
    name = path.stem.split("_", 1)[1]
    if not 1000 <= rows <= 50_000 or (name, "file", 0, "pyod pca") in done:
        return
    import numpy
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD
    from pyod.models.hbos import HBOS
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF
    from pyod.models.pca import PCA
    from sklearn.metrics import average_precision_score, roc_auc_score

    data = numpy.load(path, allow_pickle=True)
    x, y = data["X"].astype(float), data["y"].ravel() != 0
    normal = x[~y]
    half = int(numpy.round(len(normal) / 2))
    train, test = normal[:half], numpy.concatenate([normal[half:], x[y]])
    truth = numpy.concatenate([numpy.zeros(len(normal) - half), numpy.ones(y.sum())])
    scale = train.std(0)
    scale[scale < 1e-12] = 1
    train, test = (train - train.mean(0)) / scale, (test - train.mean(0)) / scale
    models = {
        "neighbors": KNN(n_neighbors=5, n_jobs=threads),
        "lof": LOF(n_neighbors=20, novelty=True, n_jobs=threads),
        "isolation-forest": IForest(n_estimators=100, random_state=0, n_jobs=threads),
        "ecod": ECOD(n_jobs=threads),
        "copod": COPOD(n_jobs=threads),
        "hbos": HBOS(),
        "pca": PCA(standardization=False),
    }
    for detector, model in models.items():
        begun = time.perf_counter()
        model.fit(train)
        fitted = time.perf_counter()
        scores = model.decision_function(test)
        if not numpy.isfinite(scores).all():
            say(f"{name}: PyOD's {detector} gives {(~numpy.isfinite(scores)).sum()} scores that are not finite; left out")
            continue
        line = {"fit_seconds": fitted - begun, "score_seconds": time.perf_counter() - fitted}
        line |= {"auroc": roc_auc_score(truth, scores), "average_precision": average_precision_score(truth, scores)}
        KEPT.add({"set": name, "rows": rows, "protocol": "file", "seed": 0, "detector": f"pyod {detector}", **line})
    say(f"{name}, PyOD")


def published(folder, figure, protocol):
    """Set, then method: the figure of the paper in percent."""
    kind = {"file": "semi", "unsupervised": "unsup"}.get(protocol)
    path = folder and kind and folder / f"{kind}_{figure}.csv"
    if not path or not path.is_file():
        return {}
    rows = list(csv.reader(open(path)))
    return {
        row[0].split("_", 1)[-1].lower(): {m: float(v) for m, v in zip(rows[0][1:], row[1:]) if v} for row in rows[1:]
    }


def stored(name):
    """Rows of an earlier result: protocols that are not measured again keep them."""
    path = BENCH / "results" / f"{name}.json"
    return json.loads(path.read_text())["rows"] if path.is_file() else []


def report(arguments, lines):
    sets = sorted({(line["set"], line["rows"]) for line in lines})
    # What is not measured keeps its rows.
    measured = [p for p in arguments.protocols.split(",") if any(line["protocol"] == p for line in lines)]
    before = {tuple(row[:3]): row for row in stored("detectors")}
    rows = []
    for protocol in measured:
        paper = {f: published(arguments.published, f, protocol) for f in ["aucroc", "aucpr"]}
        mean = {}
        for line in lines:
            if line["protocol"] == protocol:
                mean.setdefault((line["detector"], line["set"]), []).append((line["auroc"], line["average_precision"]))
        mean = {key: [100 * statistics.mean(v) for v in zip(*values)] for key, values in mean.items()}
        detectors = sorted({d for d, _ in mean}, key=lambda d: (d.startswith("pyod"), not d.startswith("surprise")))
        # Means are of the sets that all detectors of the protocol have.
        own = [d for d in detectors if not d.startswith("pyod")]
        shared = [s for s in sets if all((d, s[0]) in mean for d in own)]
        # The file of backdoor was rebuilt: published figures are compared without it, as the 43 sets of DTE leave it out.
        compared = [s for s in shared if s[0] != "backdoor"]
        large = [s for s in compared if s[1] >= 1000]
        for label, chosen in [("all", shared), ("all but backdoor", compared), ("of these, 1 000 rows and more", large)]:
            for detector in detectors:
                if detector.startswith("pyod"):
                    continue
                found = [mean[detector, s] for s, _ in chosen if (detector, s) in mean]
                if not found:
                    continue
                cells = []
                for at, figure in enumerate(["aucroc", "aucpr"]):
                    ours = [(mean[detector, s][at], s) for s, _ in chosen if (detector, s) in mean]
                    method = NAMES.get(detector)
                    both = [(v, paper[figure].get(s.lower(), {}).get(method)) for v, s in ours]
                    both = [(v, p) for v, p in both if p is not None]
                    cells.append(f"{statistics.mean(v for v, _ in ours):.2f}")
                    theirs, same = (statistics.mean(v) for v in zip(*[(p, v) for v, p in both])) if both else (0, 0)
                    earlier = before.get((protocol, label, detector), [""] * 8)[5 + 2 * at] if not arguments.published else ""
                    cells.append(f"{theirs:.2f} ({same:.2f} on these {len(both)})" if both else earlier)
                rows.append([protocol, label, detector, str(len(found)), *cells])
            for method in ["DTE-NP", "MCD"] if chosen and paper["aucroc"] else []:
                theirs = [[paper[f].get(s.lower(), {}).get(method) for f in paper] for s, _ in chosen]
                if None not in [figure for both in theirs for figure in both]:
                    cells = [c for figures in zip(*theirs) for c in ("", f"{statistics.mean(figures):.2f}")]
                    rows.append([protocol, label, f"{method} (published)", str(len(chosen)), *cells])
    store(
        "detectors",
        {
            "kind": "table",
            "title": "Anomaly detectors, ADBench",
            "about": "Means over sets of AUROC and average precision, percent, on the sets of ADBench at hand. `file`: learns the "
            "first half of the normal rows, as DTE publishes; sets below 1 000 rows are drawn up to 1 000 with copies. `shuffle`: "
            "random halves, no copies. `unsupervised`: learns from all rows and scores them. Published figures are those of "
            "DTE's tables for the same sets. Defaults everywhere: `trim` of `surprise` is 0 where one class is learned, 0.1 `unsupervised`.",
            "machine": machine(),
            "columns": ["protocol", "sets", "detector", "number", "AUROC", "published", "average precision", "published"],
            "rows": list((before | {tuple(row[:3]): row for row in rows}).values()),
        },
    )
    peers(lines)
    single(arguments, lines)


def single(arguments, lines):
    """Every set: ours, our nearest neighbors, and what was published for them."""
    paper = {f: published(arguments.published, f, "file") for f in ["aucroc", "aucpr"]}
    rows = []
    before = {row[0]: row for row in stored("detectors-sets")}
    sizes = {name: row[1] for name, row in before.items()} | {line["set"]: str(line["rows"]) for line in lines}
    for name, size in sorted(sizes.items()):
        earlier = before.get(name, [""] * 9)
        cells = [name, size]
        for detector in ["surprise", "neighbors"]:
            for protocol in ["file", "shuffle", "unsupervised"]:
                found = [l for l in lines if (l["set"], l["protocol"], l["detector"]) == (name, protocol, detector)]
                both = [100 * statistics.mean(l[f] for l in found) for f in ["auroc", "average_precision"]] if found else []
                cells.append(" / ".join(f"{v:.2f}" for v in both) or earlier[len(cells)])
        both = [paper[f].get(name.lower(), {}).get("kNN") for f in ["aucroc", "aucpr"]]
        cells.append(" / ".join(f"{v:.2f}" for v in both) if None not in both else earlier[len(cells)])
        rows.append(cells)
    columns = ["set", "rows", *(f"{d}, {p}" for d in ["surprise", "neighbors"] for p in ["file", "shuffle", "unsupervised"])]
    store(
        "detectors-sets",
        {
            "kind": "table",
            "title": "Anomaly detectors, each set of ADBench",
            "about": "AUROC / average precision, percent; the mean over seeds.",
            "machine": machine(),
            "columns": [*columns, "published kNN, file"],
            "rows": rows,
        },
    )


def peers(lines):
    """Ours against PyOD's on the same rows: how far figures differ, and how the times compare."""
    rows = []
    by = {(l["set"], l["detector"]): l for l in lines if l["protocol"] == "file" and l["seed"] == 0}
    for detector in OURS:
        pairs = [(by[s, detector], l) for (s, d), l in by.items() if d == f"pyod {detector}" and (s, detector) in by]
        if not pairs:
            continue
        gaps = [[100 * abs(a[f] - b[f]) for a, b in pairs] for f in ["auroc", "average_precision"]]
        seconds = [[l["fit_seconds"] + l["score_seconds"] for l in side] for side in zip(*pairs)]
        ratios = [b / max(a, 1e-3) for a, b in zip(*seconds)]
        rows.append(
            [
                detector,
                str(len(pairs)),
                *(f"{statistics.median(gap):.2f}, {max(gap):.2f}" for gap in gaps),
                f"{sum(seconds[0]):.1f}",
                f"{sum(seconds[1]):.1f}",
                f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})",
            ]
        )
    if rows:
        store(
            "detectors-pyod",
            {
                "kind": "table",
                "title": "Anomaly detectors, beside PyOD's",
                "about": "On the sets of 1 000 to 50 000 rows, protocol `file`, the same split and as many threads. Differences of "
                "AUROC and average precision in points: median, largest. Seconds are fit and score, summed over sets; ours also "
                "learn the tail and the reasons. That single scores are equal is a test (`crates/veridic/tests/fixtures/detector.py`).",
                "machine": machine(),
                "columns": ["detector", "sets", "AUROC apart", "average precision apart", "ours, s", "PyOD, s", "PyOD / ours, median"],
                "rows": rows,
            },
        )


def card(arguments, runs=10):
    """The card payments with their frauds among the rows learned from, every row scored; median and range over seeds."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    work = BENCH / ".work" / "card"
    work.mkdir(parents=True, exist_ok=True)
    source = arguments.data_dir / "creditcard" / "creditcard_subset.csv.gz"
    with gzip.open(source, "rt") as file:
        truth = [row["Class"] == "1" for row in csv.DictReader(file)]
    rows = []
    variants = [("surprise", []), ("surprise, trim 0", ["--set", "model.surprise.trim=0"])]
    variants += [(name, []) for name in ["isolation-forest", "neighbors", "copod"]]
    for label, settings in variants:
        found = []
        for seed in range(runs):
            run, scores = work / "run", work / "scores.csv"
            shutil.rmtree(run, ignore_errors=True)
            fit = ["fit", source, "--target", "Class", "--out", run, "--seed", seed, "--set", f"model={label.split(',')[0]}"]
            for command in [[*fit, *settings], ["score", run, source, "-o", scores]]:
                command = [str(part) for part in [arguments.binary, "--quiet", *command]]
                subprocess.run(command, check=True, capture_output=True)
            with open(scores) as file:
                said = [float(row["score"]) for row in csv.DictReader(file)]
            found.append((roc_auc_score(truth, said), average_precision_score(truth, said)))
            say(f"card, {label}, seed {seed}: {found[-1]}")
        figures = [f"{statistics.median(f):.4f} ({min(f):.4f} to {max(f):.4f})" for f in zip(*found)]
        rows.append([label, *figures])
    rows.append(["by chance", "0.5", f"{statistics.mean(truth):.4f}"])
    store(
        "detectors-card",
        {
            "kind": "table",
            "title": "Card payments, frauds among the rows learned from",
            "about": f"`veridic fit --target Class --set model=...`, then `veridic score` of all {len(truth)} rows, of which "
            f"{sum(truth)} are frauds; median and range over {runs} seeds. The default `trim` was kept with these labels in view.",
            "machine": machine(),
            "columns": ["detector", "AUROC", "average precision"],
            "rows": rows,
        },
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--published", type=Path)
    parser.add_argument("--only")
    parser.add_argument("--protocols", default="file,shuffle,unsupervised")
    parser.add_argument("--detectors", default=",".join(OURS), help="the others keep what was stored")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--example", type=Path, default=ROOT / "target/release/examples/adbench")
    parser.add_argument("--card", action="store_true", help="the card payments alone, by the binary")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--no-pyod", action="store_true")
    parser.add_argument("--render", action="store_true", help="measure nothing, store what was kept")
    arguments = parser.parse_args()
    if arguments.card:
        return card(arguments)
    if arguments.render:
        return report(arguments, KEPT.lines())
    import numpy

    # Small sets first.
    for path in sorted((arguments.data_dir / "adbench").glob("*.npz"), key=lambda path: path.stat().st_size):
        name = path.stem.split("_", 1)[1]
        if arguments.only and name not in arguments.only.split(","):
            continue
        rows = len(numpy.load(path, allow_pickle=True)["y"])
        done = {(l["set"], l["protocol"], l["seed"], l["detector"]) for l in KEPT.lines()}
        for protocol in arguments.protocols.split(","):
            measure(arguments, path, rows, protocol, done)
        if not arguments.no_pyod:
            pyod(path, rows, arguments.threads, done)
    report(arguments, KEPT.lines())


if __name__ == "__main__":
    main()
