"""What classifiers learn from made rows of the tables of CTGAN's and TVAE's paper; stores results/classic-tables.json.

    python bench/classic_tables.py [--data-dir DIR] [--only adult,credit] [--seeds N] [--peers tvae,ctgan]
    python bench/run.py --workloads '' --no-binary --render

Protocol of Xu et al. (NeurIPS 2019, table 6 and appendix): a model learns the training rows, as many are made, classifiers learn from
the made rows and are tested on real ones; F1 of the rarer class, mean over the classifiers. These are scikit-learn's with the paper's sizes
(decision tree of depth 20 or 30, AdaBoost of 50, logistic regression, a layer of 50 or 100); what the paper does not say is as in
SDMetrics: the tree and the regression weigh classes alike, the regression makes 50 steps and the network 50 epochs. Numbers are scaled
to variance 1, categories one-hot. `adult`: 32 561 rows, 10 000 of them for testing, as published. `credit`: the payments at hand are
17 709 of 284 807 with all 492 frauds, so that 2.8 % are frauds where the paper has 0.17 %: real rows beside it say what that is worth.
What is measured is kept in .work/classic-tables.jsonl, and a run goes on where it was stopped. Needs: pip install numpy pandas
scikit-learn; a peer runs in the Python of `--peer-python`, where `ctgan` is installed.
"""

import argparse
import csv
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas
from keep import Keep
from run import BENCH, ROOT, machine, say, store
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tables import PEERS, adult, independent, write

WORK = BENCH / ".work" / "classic-tables"
KEPT = Keep("classic-tables")
PUBLISHED = {
    "adult": {"real rows": 0.669, "TVAE": 0.626, "CTGAN": 0.601},
    "credit": {"real rows": 0.720, "TVAE": 0.098, "CTGAN": 0.672},
}


def credit(folder):
    table = list(csv.reader(gzip.open(folder / "creditcard" / "creditcard_subset.csv.gz", "rt")))
    # The paper has 29 numbers and the class: without the time.
    return table[0][1:], [row[1:] for row in table[1:]], "Class", None


# Name: what reads it, rows to test on, the rarer class, depth of the tree, width of the network, whether logistic regression is in.
TABLES = {
    "adult": (adult, 10_000, ">50K", 20, 50, True),
    "credit": (credit, 5_900, "1", 30, 100, False),
}


def learners(name, seed):
    _, _, _, depth, width, logistic = TABLES[name]
    found = {
        "decision tree": DecisionTreeClassifier(max_depth=depth, class_weight="balanced", random_state=seed),
        "AdaBoost": AdaBoostClassifier(n_estimators=50, random_state=seed),
        "network": MLPClassifier((width,), max_iter=50, random_state=seed),
    }
    if logistic:
        found["logistic regression"] = LogisticRegression(class_weight="balanced", max_iter=50)
    return found


def scores(name, names, target, train, test, seed):
    """F1 of each classifier that learned from `train`, on `test`; rows of text."""
    rare = TABLES[name][2]
    frames = [pandas.DataFrame(rows, columns=names) for rows in (train, test)]
    truth = [frame.pop(target).str.strip() == rare for frame in frames]
    numeric = [c for c in frames[1] if pandas.to_numeric(frames[1][c], errors="coerce").notna().all()]
    for frame in frames:
        frame[numeric] = frame[numeric].apply(pandas.to_numeric)
    encode = ColumnTransformer(
        [("numbers", StandardScaler(), numeric)],
        remainder=OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    found = {}
    for label, model in learners(name, seed).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predicted = make_pipeline(encode, model).fit(frames[0], truth[0]).predict(frames[1])
        found[label] = float(f1_score(truth[1], predicted))
    return found


def made_by(arguments, model, names, target, train, seed):
    """Rows of a model, and the seconds it took to fit and to make them."""
    if model == "real rows":
        return train, 0.0
    if model == "independent columns":
        return independent(train, seed), 0.0
    real, made, fitted = WORK / "real.csv", WORK / "made.csv", WORK / "run"
    write(real, names, train)
    begun = time.perf_counter()
    if model in PEERS:
        command = [str(arguments.peer_python), str(BENCH / "peers" / "table_models.py"), model.lower(), str(real), str(made)]
        subprocess.run([*command, "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL)
    else:
        subprocess.run(["rm", "-rf", str(fitted)], check=True)
        common = ["--seed", str(seed), "--threads", str(arguments.threads), "--quiet"]
        fit = [str(arguments.binary), "fit", str(real), "--target", target, "--out", str(fitted), *common]
        subprocess.run(fit, check=True, stdout=subprocess.DEVNULL)
        sample = [str(arguments.binary), "sample", str(fitted), "-n", str(len(train)), "-o", str(made), *common]
        subprocess.run(sample, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begun
    with open(made, newline="") as file:
        rows = list(csv.reader(file))
    order = [rows[0].index(name) for name in names]
    return [[row[i] for i in order] for row in rows[1:]], seconds


def measure(arguments):
    WORK.mkdir(parents=True, exist_ok=True)
    models = ["real rows", "chain", "independent columns"]
    models += [name for name in PEERS if name.lower() in arguments.peers.split(",")]
    done = {(line["table"], line["model"], line["seed"]) for line in KEPT.lines()}
    for name in arguments.only.split(","):
        read, tested = TABLES[name][:2]
        names, rows, target, _ = read(arguments.data_dir)
        for seed in range(arguments.seeds):
            shuffled = random.Random(seed).sample(rows, len(rows))
            test, train = shuffled[:tested], shuffled[tested:]
            for model in models:
                if (name, model, seed) in done:
                    continue
                made, seconds = made_by(arguments, model, names, target, train, seed)
                line = {"table": name, "model": model, "seed": seed, "seconds": seconds}
                line["f1"] = scores(name, names, target, made, test, seed)
                KEPT.add(line)
                say(json.dumps(line))


def report(lines):
    rows = []
    for name in TABLES:
        for model in ["real rows", "chain", *PEERS, "independent columns"]:
            found = [line for line in lines if (line["table"], line["model"]) == (name, model)]
            paper = PUBLISHED[name].get(model)
            if not found and paper is None:
                continue
            means = [statistics.mean(line["f1"].values()) for line in found]
            wide = f" ({min(means):.3f} to {max(means):.3f})" if len(means) > 1 else ""
            cells = [f"{statistics.median(means):.3f}{wide}" if means else ""]
            for label in ["decision tree", "AdaBoost", "network", "logistic regression"]:
                values = [line["f1"][label] for line in found if label in line["f1"]]
                cells.append(f"{statistics.median(values):.3f}" if values else "")
            rows.append([name, model, f"{paper:.3f}" if paper else "", *cells, str(len(found) or "")])
    store(
        "classic-tables",
        {
            "kind": "table",
            "title": "Classifiers that learned from made rows, tables of CTGAN and TVAE",
            "about": "F1 of the rarer class on real test rows, mean over the classifiers (median and range over splits), and each classifier. "
            "Published: Xu et al., NeurIPS 2019. `adult` has the paper's split (22 561 rows learned from, 10 000 tested). `credit` is not the paper's data: "
            "17 709 payments with all 492 frauds (2.8 %, the paper 0.17 %), 5 900 of them tested; compare with real rows. "
            "`chain` is `veridic fit` with its defaults.",
            "machine": machine(),
            "columns": ["table", "learned from", "published F1", "F1", "decision tree", "AdaBoost", "network", "logistic regression", "splits"],
            "rows": rows,
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", default="")
    parser.add_argument("--peer-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--render", action="store_true", help="measure nothing, store what was kept")
    arguments = parser.parse_args()
    if not arguments.render:
        measure(arguments)
    report(KEPT.lines())


if __name__ == "__main__":
    main()
