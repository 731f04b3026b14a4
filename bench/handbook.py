"""Simulated card payments as in the handbook of card fraud detection, and what detectors find; stores results/handbook.json.

    python bench/handbook.py [--windows N] [--only METHOD,...] [--binary FILE]     (add --render to store what was kept)
    python bench/run.py --workloads '' --no-binary --render

The data are made by card_simulator.py beside this file. Protocol of the book: a week to learn from, a week in which frauds are
not yet known, a week to test on; of its chapter 7 (autoencoders) the week to learn from starts on 2018-07-11. Of a day to test on
are left out the cards that had a fraud in the week learned from, or one that is known by then. Card precision: of the 100 cards
with the highest scores of a day those that had a fraud that day; a card that was found counts no more on later days. The same is
done for weeks two apart, up to eight of them, the book's first. What is measured is kept in .work/handbook.jsonl, and a run goes
on where it was stopped. Needs: pip install numpy scikit-learn.
"""

import argparse
import csv
import json
import statistics
import subprocess
import time
from pathlib import Path

import numpy
from card_simulator import DAY, FEATURES, FIRST_DAY, features, payments
from keep import Keep
from run import BENCH, ROOT, machine, say, store
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

WORK = BENCH / ".work" / "handbook"
KEPT = Keep("handbook")
WINDOWS = ["2018-07-11", "2018-07-25", "2018-06-27", "2018-08-08", "2018-06-13", "2018-08-22", "2018-05-30", "2018-09-05"]
PUBLISHED = {
    "autoencoder of the book": (0.836, 0.180, 0.217),
    "isolation forest of scikit-learn, 10 trees": (0.808, 0.164, 0.190),
    "boosted trees, told the frauds": (0.862, 0.639, 0.273),
    "logistic regression, told the frauds": (0.871, 0.606, 0.291),
}
BOOK = [
    "model.autoencoder.encoder=[{ dense = 100, activation = \"relu\" }, { dense = 20, activation = \"relu\" }]",
    "model.autoencoder.decoder=[{ dense = 100, activation = \"relu\" }]",
    "model.autoencoder.likelihood={ squared-error = { output = \"linear\" } }",
    "train.batch=64",
    "train.epochs=500",
    "train.patience=2",
    "train.optimizer={ adam = { rate = 0.0001 } }",
    "data.split.by=random",
    "data.split.valid=0.1",
    "data.split.test=0.0",
]
ALL = ["data.split.by=order", "data.split.valid=0.0", "data.split.test=0.0"]
# Name: what is learned from ("all" rows, those not known as "genuine", or "labelled" ones), how rows are judged, settings.
METHODS = {
    "surprise, all rows": ("all", "score", ["model=surprise", *ALL]),
    "surprise, without the known frauds": ("genuine", "score", ["model=surprise", "model.surprise.trim=0.0", *ALL]),
    "nearest neighbors, all rows": ("all", "score", ["model=neighbors", *ALL]),
    "nearest neighbors, without the known frauds": ("genuine", "score", ["model=neighbors", *ALL]),
    "isolation forest, all rows": ("all", "score", ["model=isolation-forest", *ALL]),
    "ECOD, all rows": ("all", "score", ["model=ecod", *ALL]),
    "COPOD, all rows": ("all", "score", ["model=copod", *ALL]),
    "PCA, all rows": ("all", "score", ["model=pca", *ALL]),
    "Gaussian mixture, without the known frauds": ("genuine", "score", ["model=gaussian-mixture", *ALL]),
    "chain, without the known frauds, -log p": ("genuine", "likelihood", ["model=chain"]),
    "autoencoder of the book": ("scaled", "score", BOOK),
    "isolation forest of scikit-learn, 10 trees": ("all", "scikit-learn", []),
    "boosted trees, told the frauds": ("labelled", "classify", ["model=boosted-trees"]),
    "logistic regression, told the frauds": ("labelled", "classify", ["model=logistic-regression"]),
}


def part(made, start):
    """Rows to learn from and to test on, when learning starts on a day."""
    first = (numpy.datetime64(start) - numpy.datetime64(FIRST_DAY)).astype(int)
    day, customer, fraud = made["time"] // DAY, made["customer"], made["fraud"] > 0
    train = (day >= first) & (day < first + 7)
    known = set(customer[train & fraud])
    tested = []
    for at in range(7):
        known |= set(customer[fraud & (day == first + 7 + at - 1)])
        tested.append(numpy.flatnonzero((day == first + 14 + at) & ~numpy.isin(customer, list(known))))
    return numpy.flatnonzero(train), numpy.concatenate(tested)


def card_precision(score, fraud, customer, day, most=100):
    """Mean over days of the share of cards with a fraud among the `most` cards with the highest scores."""
    found, shares = set(), []
    for today in numpy.unique(day):
        cards = {}
        for s, f, c in zip(*(column[day == today].tolist() for column in (score, fraud, customer))):
            if c not in found:
                high, guilty = cards.get(c, (s, f))
                cards[c] = (max(high, s), guilty or f)
        top = sorted(cards, key=lambda c: -cards[c][0])[:most]
        hit = [c for c in top if cards[c][1]]
        shares.append(len(hit) / most)
        found.update(hit)
    return statistics.mean(shares)


def write(path, rows, labels=None):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*FEATURES, *(["fraud"] if labels is not None else [])])
        for i, row in enumerate(rows):
            cells = [f"{v:.6g}" for v in row]
            writer.writerow([*cells, *([int(labels[i])] if labels is not None else [])])


def judged(arguments, kind, how, settings, train, label, test):
    """A score of each row of `test`, by a model of the rows of `train`."""
    if how == "scikit-learn":
        forest = IsolationForest(n_estimators=10, random_state=42).fit(train)
        return -forest.score_samples(test)
    if kind == "scaled":
        center, scale = train.mean(0), train.std(0)
        train, test = (train - center) / scale, (test - center) / scale
    if kind == "genuine":
        train = train[~label]
    paths = [WORK / "train.csv", WORK / "test.csv"]
    write(paths[0], train, label if kind == "labelled" else None)
    write(paths[1], test)
    fitted, out = WORK / "run", WORK / "out.csv"
    subprocess.run(["rm", "-rf", str(fitted)], check=True)
    threads = ["--threads", str(arguments.threads), "--quiet"]
    fit = [str(arguments.binary), "fit", str(paths[0]), "--out", str(fitted), *threads]
    for setting in settings:
        fit += ["--set", setting]
    fit += ["--target", "fraud"] if kind == "labelled" else []
    subprocess.run(fit, check=True, stdout=subprocess.DEVNULL)
    use = [str(arguments.binary), how, str(fitted), str(paths[1]), "-o", str(out), *threads]
    subprocess.run(use, check=True, stdout=subprocess.DEVNULL)
    with open(out, newline="") as file:
        lines = list(csv.DictReader(file))
    column = {"score": "score", "likelihood": "log_likelihood", "classify": "p_1"}[how]
    score = numpy.array([float(line[column]) for line in lines])
    return -score if how == "likelihood" else score


def measure(arguments):
    wanted = arguments.only.split(";") if arguments.only else list(METHODS)
    done = {(line["start"], line["method"]) for line in KEPT.lines()}
    starts = WINDOWS[: arguments.windows]
    if all((start, method) in done for start in starts for method in wanted):
        return
    WORK.mkdir(parents=True, exist_ok=True)
    if (cache := WORK / "payments.npz").is_file():
        made = dict(numpy.load(cache))
    else:
        made = payments()
        numpy.savez(cache, **made)
    say(f"{len(made['time'])} payments, {(made['fraud'] > 0).sum()} frauds")
    x, fraud, day = features(made), made["fraud"] > 0, made["time"] // DAY
    for start in starts:
        train, test = part(made, start)
        say(f"{start}: {len(train)} rows, {fraud[train].sum()} frauds; tested on {len(test)}, {fraud[test].sum()} frauds")
        for method in wanted:
            if (start, method) in done:
                continue
            kind, how, settings = METHODS[method]
            begun = time.perf_counter()
            score = judged(arguments, kind, how, settings, x[train], fraud[train], x[test])
            line = {
                "start": start,
                "method": method,
                "auroc": roc_auc_score(fraud[test], score),
                "average_precision": average_precision_score(fraud[test], score),
                "card_precision": card_precision(score, fraud[test], made["customer"][test], day[test]),
                "seconds": time.perf_counter() - begun,
                "payments": len(made["time"]),
                "frauds": int(fraud.sum()),
                "train": len(train),
                "test": len(test),
                "test_frauds": int(fraud[test].sum()),
            }
            KEPT.add(line)
            say(json.dumps(line))


def report(lines):
    path = BENCH / "results" / "handbook.json"
    # What is not measured keeps its row.
    rows = {row[0]: row for row in json.loads(path.read_text())["rows"]} if path.is_file() else {}
    for method in METHODS:
        found = {line["start"]: line for line in lines if line["method"] == method}
        if WINDOWS[0] not in found:
            continue
        cells = [method, " / ".join(f"{v:.3f}" for v in PUBLISHED.get(method, ()))]
        for figure in ["auroc", "average_precision", "card_precision"]:
            values = [line[figure] for line in found.values()]
            cells.append(f"{found[WINDOWS[0]][figure]:.3f}")
            wide = f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
            cells.append(wide if len(values) > 1 else "")
        rows[method] = [*cells, str(len(found))]
    first = next(line for line in lines if line["start"] == WINDOWS[0])
    figures = ["AUROC", "average precision", "card precision@100"]
    store(
        "handbook",
        {
            "kind": "table",
            "title": "Simulated card payments, protocol of the handbook",
            "about": f"Made anew after the published description, {first['payments']} payments with {first['frauds']} frauds (the book: "
            "1754155 and 14681). Learned from a week, a week of delay, tested on a week; figures of the book's week "
            f"({first['train']} rows; {first['test']} tested, {first['test_frauds']} frauds) and, behind each, the median and range over weeks "
            "two apart, where more were measured. Published: AUROC / average precision / card precision@100 of the book, of the same week but "
            "for those told the frauds (XGBoost, and logistic regression of another week). "
            "`Without the known frauds`: those of the week learned from are left out; `told`: learned as a class.",
            "machine": machine(),
            "columns": ["method", "published", *(c for f in figures for c in (f, "over weeks")), "weeks"],
            "rows": list(rows.values()),
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=len(WINDOWS))
    parser.add_argument("--only", help="methods, parted by semicolons")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--render", action="store_true", help="measure nothing, store what was kept")
    arguments = parser.parse_args()
    if not arguments.render:
        measure(arguments)
    report(KEPT.lines())


if __name__ == "__main__":
    main()
