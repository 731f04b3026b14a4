"""Measures what few labels bring: card frauds over draws of the labels, and digits by the number of labels. Stores
results/few-labels-card.json and results/few-labels-digits.json.

    python bench/few_labels.py [--data-dir DIR] [--binary PATH] [--only card,rare,digits] [--draws 10] [--labels 10,20,50,100,200]
        [--methods propagation,self-training,...] [--threads N]
    then: python bench/run.py --workloads '' --no-binary --render

Card frauds: the recipe `creditcard-sgan`, which compares networks and classifiers on draws of its own, and a run of
`creditcard-few-labels` for each of the same seeds; medians with the least and the largest. Digits: for each method, number of
labels and seed the error on the 10 000 test digits and the seconds of the whole run. `propagation` (the graph alone, with what
learns from the labels alone beside it) is one run of `mnist-few-labels`, all draws on one graph; `self-training` is
`mnist-self-training`; `supervised` is its network on the labelled images alone, warped alike; `pseudo-labels` is the network with
pseudo-labels in rounds. Runs that are stored are not made again (`--again` makes them), so it goes on where it was stopped.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

from run import ROOT, RESULTS, machine, say, store

CARD = [
    ("control.logistic", "logistic regression"),
    ("control.mlp", "perceptron, one hidden layer of 32"),
    ("control.boosted_trees", "small boosted trees"),
    ("control.extra_trees", "extra trees"),
    ("control.sum", "first, third and fourth together"),
    ("control.logistic_unlabelled", "logistic regression, unlabelled = genuine"),
    ("control.boosted_trees_unlabelled", "boosted trees, unlabelled = genuine"),
    ("control.extra_trees_unlabelled", "extra trees, unlabelled = genuine"),
    ("control.trees_unlabelled", "both trees, unlabelled = genuine"),
    ("control.sum_unlabelled", "all three, unlabelled = genuine"),
    ("sgan.best", "semi-supervised GAN, features matched, weights kept"),
    ("sgan.final", "the same, last step"),
    ("sgan.book.best", "form of the book, weights kept"),
    ("sgan.book.final", "the same, last step"),
]
FIGURES = ["f1", "average_precision", "natural_f1", "natural_average_precision"]
METHODS = ["propagation", "self-training", "supervised", "pseudo-labels"]
NAMES = {
    "logistic": "logistic regression, labels alone",
    "nearest": "nearest label alone",
    "supervised": "network, labels alone",
    "pseudo-labels": "network, pseudo-labels in rounds",
    "propagation": "labels spread over the graph",
    "self-training": "self-training, guided by the graph",
}


def fit(options, out, recipe, sets=()):
    """Fits a recipe, built in or a file; gives its report and the seconds it took."""
    command = [str(options.binary), "fit", "--recipe", str(recipe), "--data-dir", str(options.data_dir), "--out", str(out), "--quiet"]
    command += ["--threads", str(options.threads)] if options.threads else []
    for name, value in sets:
        command += ["--set", f"{name}={value}"]
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((out / "report.json").read_text()), time.monotonic() - begun


def before(name):
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()).get("runs", {}) if path.is_file() else {}


def spread(values, digits=3, scale=1.0):
    low, middle, high = (scale * of(values) for of in (min, statistics.median, max))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def card(options, folder, where):
    runs = {} if options.again else before("few-labels-card")
    runs.setdefault("rare", {})
    if "card" in options.only and runs.get("draws") != options.draws:
        report, seconds = fit(options, folder / "card", "creditcard-sgan", [("few-labels.draws", options.draws)])
        runs |= {"draws": options.draws, "report": report, "seconds": seconds}
    for seed in range(options.draws):
        if str(seed) not in runs["rare"]:
            recipe = ROOT / "recipes" / "creditcard-few-labels.toml"
            report, _ = fit(options, folder / f"rare-{seed}", recipe, [("seed", seed)])
            runs["rare"][str(seed)] = report
            keep_card(runs, options, where)
            say(f"rare-class, seed {seed}: natural average precision {report['test.natural_average_precision']:.3f}")
    keep_card(runs, options, where)


def keep_card(runs, options, where):
    """Stores what there is so far."""
    report, rows = runs.get("report", {}), []

    def cell(name):
        if name not in report:
            return ""
        return f"{report[name]:.3f} ({report[f'{name}.low']:.3f} to {report[f'{name}.high']:.3f})"

    for prefix, words in CARD if report else []:
        join = "_" if prefix.startswith("sgan") else "."
        rows.append([words, *(cell(f"{prefix}{join}{figure}") for figure in FIGURES)])
    if report:
        rows.append(["form of the book, most probable class, last step", cell("sgan.book.argmax_final_f1"), "", "", ""])
    rare = list(runs["rare"].values())
    if rare:
        natural = [spread([run[f"test.natural_{figure}"] for run in rare]) for figure in ("f1", "average_precision")]
        rows.append(["`rare-class`", "", "", *natural])
    about = (
        f"60 frauds and 540 genuine transactions with a label to learn from, half as many to choose thresholds by (`rare-class` learns from "
        "all of them, as its folds choose the threshold), 4 007 without a "
        f"label, of which 7 are frauds; {options.draws} draws of them, seeds from 0; medians with the least and the largest, on all "
        "other rows. At 10 % frauds, as among the labels, and at 0.17 %, as among all transactions. `rare-class` is the model of "
        "the recipe creditcard-few-labels; the others are of creditcard-sgan."
    )
    columns = ["", "F1 at 10 %", "average precision at 10 %", "F1 at 0.17 %", "average precision at 0.17 %"]
    store("few-labels-card", {"kind": "table", "title": "Few labels: card frauds", "about": about, "machine": where,
                              "columns": columns, "rows": rows, "runs": runs})  # fmt: skip


def written(folder, method):
    """The configuration of a method, from that of self-training."""
    text = (ROOT / "recipes" / "mnist-self-training.toml").read_text()
    if method == "supervised":
        text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("graph = "))
    if method == "pseudo-labels":
        head, _ = text.split("[model.classifier.self-training]")
        text = head + "[model.classifier.pseudo]\nthreshold = 0.95\n\n[train]" + text.split("[train]", 1)[1]
        text = text.replace("checkpoint-every", "# checkpoint-every")
    path = folder / f"{method}.toml"
    path.write_text(text)
    tomllib.loads(text)
    return path


SETS = {
    # No answer is sure enough, so that images without a label teach nothing but the statistics of batches.
    "supervised": [("model.classifier.self-training.threshold", 1), ("train.batch", 16), ("train.epochs", 12)],
    "pseudo-labels": [("train.epochs", 3)],
    "self-training": [],
}  # fmt: skip


def digits(options, folder, where):
    runs = {} if options.again else before("few-labels-digits")
    counts = [int(count) for count in options.labels.split(",")]

    def curve(method, count):
        report, name = runs.get("curve", {"report": {}})["report"], f"learning.{method}.{count}"
        if name not in report:
            return ""
        low, middle, high = (100 * report[name + end] for end in (".low", "", ".high"))
        return f"{middle:.2f} ({low:.2f} to {high:.2f})"

    def keep():
        rows = []
        for method in ["logistic", "nearest", "supervised", "pseudo-labels", "propagation", "self-training"]:
            cells, seconds = [], []
            for count in counts:
                found = [run for key, run in runs.items() if key.startswith(f"{method}/{count}/")]
                errors = [100 * run["error"] for run in found]
                seconds += [run["seconds"] for run in found]
                draws = "" if len(errors) == options.draws else f", {len(errors)} draw{'s' * (len(errors) > 1)}"
                cells.append(spread(errors, 2) + draws if errors else curve(method, count))
            if method == "propagation" and "curve" in runs:
                seconds = [runs["curve"]["seconds"]]
            rows.append([NAMES[method], *cells, f"{statistics.median(seconds):.0f}" if seconds else ""])
        about = (
            "Error in percent on the 10 000 test digits, which nothing learned from; the 60 000 others have no label but for so "
            f"many. Labels: one of each class, the others by chance; {options.draws} draws unless said otherwise, seeds from "
            "0; medians with the least and the largest. Seconds of a whole run, reading, graph and report included "
            f"(of the graph alone with all draws of all numbers; {options.threads or 'all'} threads)."
        )
        columns = ["labels", *(str(count) for count in counts), "seconds"]
        store("few-labels-digits", {"kind": "table", "title": "Few labels: digits", "about": about, "machine": where,
                                    "columns": columns, "rows": rows, "runs": runs})  # fmt: skip
        return rows

    wanted = options.methods.split(",")
    of = {"labels": counts, "draws": options.draws}
    if "propagation" in wanted and runs.get("curve", {}).get("of") != of:
        inline = f"{{ labels = {counts}, draws = {options.draws} }}"
        sets = [("model.propagation.curve", inline)]
        report, seconds = fit(options, folder / "propagation", "mnist-few-labels", sets)
        runs["curve"] = {"of": of, "report": report, "seconds": seconds}
        keep()
    # All methods of a draw before the next draw, so that what is stored early compares.
    for seed in range(options.draws):
        for count in sorted(counts, key=lambda count: count != 100):
            for method in (method for method in SETS if method in wanted):
                key = f"{method}/{count}/{seed}"
                if key in runs:
                    continue
                out = folder / key.replace("/", "-")
                sets = [("data.labelled", count), ("seed", seed), *SETS[method]]
                report, seconds = fit(options, out, written(folder, method), sets)
                runs[key] = {"error": report["test.error"], "seconds": seconds}
                say(f"{key}: {100 * report['test.error']:.2f} %, {seconds:.0f} s")
                keep()
    for row in keep():
        say(" | ".join(row))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data")))
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "veridic")
    parser.add_argument("--only", default="card,rare,digits")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--labels", default="10,20,50,100,200")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        if "card" in options.only or "rare" in options.only:
            card(options, Path(folder), where)
        if "digits" in options.only:
            digits(options, Path(folder), where)


if __name__ == "__main__":
    main()
