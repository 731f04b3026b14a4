"""How well missing cells are completed; stores results/conditional.json.

python bench/conditional.py [--data-dir DIR] [--binary FILE] [--only NAME,...]   then: python bench/run.py --workloads '' --no-binary --render

A chain is fitted to real rows (Adult: the training file; others: a random two thirds), cells of rows that it never saw are hidden,
`veridic fill` completes them once, and XGBoost is to tell the completed rows from those that they were (1: cannot; 0: always;
3 folds, as in judge.py). `floor` completes hidden cells with those of a row that was fitted. Known are: the target alone, three columns
(the last two and the middle one), each cell with a chance of a quarter, of a half. Needs what tables.py needs.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
import xgboost

from run import BENCH, ROOT, machine, say, store
from tables import TABLES, write

ROWS = 8000


def c2st(real, made):
    both = pd.concat([real, made], ignore_index=True)
    for column in both:
        numbers = pd.to_numeric(both[column], errors="coerce")
        both[column] = numbers if numbers.notna().all() else pd.Categorical(both[column])
    truth = np.r_[np.ones(len(real)), np.zeros(len(made))]
    gaps = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(both, truth):
        model = xgboost.XGBClassifier(n_jobs=2, enable_categorical=True, tree_method="hist", random_state=0)
        model.fit(both.iloc[train], truth[train])
        gaps.append(2 * max(0.5, roc_auc_score(truth[test], model.predict_proba(both.iloc[test])[:, 1])) - 1)
    return 1 - float(np.mean(gaps))


def hidden(n, width, kind, draw):
    """Whether each cell is hidden."""
    if kind == "target":
        return [[j != width - 1 for j in range(width)] for _ in range(n)]
    if kind == "three columns":
        return [[j not in (width // 2, width - 2, width - 1) for j in range(width)] for _ in range(n)]
    share = {"a quarter": 0.25, "half": 0.5}[kind]
    return [[draw.random() >= share for _ in range(width)] for _ in range(n)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    given = parser.parse_args()
    work = BENCH / ".work" / "conditional"
    work.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in given.only.split(","):
        names, whole, _, test = TABLES[name](given.data_dir)
        random.Random(0).shuffle(whole)
        held = test if test else whole[2 * len(whole) // 3 :]
        real = whole if test else whole[: 2 * len(whole) // 3]
        random.Random(1).shuffle(held)
        # What is completed is never missing.
        held = [row for row in held if not any(cell.strip() in ("?", "", "NA") for cell in row)][:ROWS]
        write(work / "real.csv", names, real)
        subprocess.run(["rm", "-rf", str(work / "run")], check=True)
        call = lambda *command: subprocess.run([str(given.binary), *map(str, command), "--quiet"], check=True, stdout=subprocess.DEVNULL)
        call("fit", work / "real.csv", "--out", work / "run", "--set", "model=chain", "--seed", 0)
        truth = pd.DataFrame(held, columns=names)
        for kind in ["target", "three columns", "a quarter", "half"]:
            draw = random.Random(2)
            hide = hidden(len(held), len(names), kind, draw)
            write(work / "holes.csv", names, [["" if h else cell for cell, h in zip(row, hides)] for row, hides in zip(held, hide)])
            begun = time.perf_counter()
            call("fill", work / "run", work / "holes.csv", "-o", work / "filled.csv", "--seed", 0)
            seconds = time.perf_counter() - begun
            made = pd.read_csv(work / "filled.csv", dtype=str, keep_default_na=False)[names]
            other = draw.sample(real, len(held))
            floor = [[b if h else a for a, b, h in zip(row, far, hides)] for row, far, hides in zip(held, other, hide)]
            figures = c2st(truth, made), c2st(truth, pd.DataFrame(floor, columns=names))
            lines.append([name, kind, str(len(held)), *(f"{figure:.3f}" for figure in figures), f"{seconds:.1f}"])
            say(str(lines[-1]))
    store(
        "conditional",
        {
            "kind": "table",
            "title": "Cells that were completed",
            "about": "`veridic fill` of rows that the chain never saw: XGBoost tells them from what they were (1: not at all). `floor` "
            "takes the hidden cells of a row that was fitted, all of them.",
            "machine": machine(),
            "columns": ["table", "known", "rows", "c2st", "floor", "fill s"],
            "rows": lines,
        },
    )


if __name__ == "__main__":
    main()
