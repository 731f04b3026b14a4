"""Fits the default model of tables to public data, makes as many rows, and has them judged; stores results/tables.json.

python bench/tables.py [--data-dir DIR] [--only NAME,...] [--rounds N]   then: python bench/run.py --workloads '' --no-binary --render

The judge is independent of Veridic: column shapes and pairs by SDMetrics, the two-sample test (c2st) and the classifiers by
XGBoost, as in judge.py beside this file. Figures stand beside what rows with shuffled columns reach (`floor`) and what the
other half of the real rows reaches (`ceiling`). Needs: pip install pandas sdmetrics xgboost scikit-learn.
"""

import argparse
import csv
import gzip
import io
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from run import BENCH, ROOT, machine, say, store

JUDGE = BENCH / "judge.py"
FIGURES = ["shapes", "pairs", "c2st", "c2st_unseen", "dcr_share", "tail2", "dup_syn", "dup_holdout", "tstr", "trtr"]


def adult(folder):
    names = (
        "age workclass fnlwgt education education-num marital-status occupation relationship race sex capital-gain "
        "capital-loss hours-per-week native-country income"
    ).split()

    def rows(file):
        text = gzip.open(folder / "adult" / file, "rt").read()
        lines = [line.strip().rstrip(".") for line in text.splitlines()]
        return [[cell.strip() for cell in line.split(",")] for line in lines if line and not line.startswith("|")]

    return names, rows("adult.data.gz"), "income", rows("adult.test.gz")


def bank(folder):
    archive = zipfile.ZipFile(folder / "bank-marketing" / "bank-additional.zip")
    name = next(name for name in archive.namelist() if name.endswith("bank-additional-full.csv"))
    table = list(csv.reader(io.TextIOWrapper(archive.open(name)), delimiter=";"))
    return table[0], table[1:], "y", None


def beijing(folder):
    text = gzip.open(folder / "beijing-pm25" / "PRSA_data_2010.1.1-2014.12.31.csv.gz", "rt")
    table = list(csv.reader(text))
    rows = [row[1:] for row in table[1:] if "NA" not in row]
    return table[0][1:], rows, "pm2.5", None


TABLES = {"adult": adult, "bank": bank, "beijing": beijing}


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


def independent(rows, seed):
    columns = [list(column) for column in zip(*rows)]
    order = random.Random(seed)
    for column in columns:
        order.shuffle(column)
    return [list(row) for row in zip(*columns)]


def timed(command):
    """Seconds and peak memory in MB of a command and its children."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def judged(real, made, unseen, target, test):
    command = [sys.executable, str(JUDGE), str(real), str(made)]
    command += ["--unseen", str(unseen)] if unseen else []
    command += ["--target", target, "--test", str(test)] if test else []
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    arguments = parser.parse_args()
    work = BENCH / ".work" / "tables"
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in arguments.only.split(","):
        names, whole, target, test = TABLES[name](arguments.data_dir)
        order = random.Random(0)
        shuffled = whole[:]
        order.shuffle(shuffled)
        half, other = shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]
        for part, real, held in [("all rows", whole, test), ("half", half, other)]:
            paths = {key: work / f"{name}-{key}.csv" for key in ["real", "held", "made", "floor"]}
            write(paths["real"], names, real)
            if held:
                write(paths["held"], names, held)
            write(paths["floor"], names, independent(real, 1))
            found = []
            for seed in range(arguments.rounds):
                run = work / f"{name}-{seed}"
                subprocess.run(["rm", "-rf", str(run)], check=True)
                fit = [str(arguments.binary), "fit", str(paths["real"]), "--out", str(run), "--quiet"]
                seconds, megabytes = timed([*fit, "--target", target, "--seed", str(seed)])
                made = ["sample", str(run), "-n", str(len(real)), "--seed", str(seed), "-o", str(paths["made"])]
                sampling, _ = timed([str(arguments.binary), *made, "--quiet"])
                figures = judged(paths["real"], paths["made"], held and paths["held"], target, held and paths["held"])
                found.append({**figures, "fit": seconds, "sample": sampling, "memory": megabytes})
                say(f"{name}, {part}, seed {seed}: {found[-1]}")
            floor = judged(paths["real"], paths["floor"], held and paths["held"], target, held and paths["held"])
            for kind, values in [("made", found), ("floor", [floor])]:
                cells = []
                for figure in ["fit", "sample", "memory", *FIGURES]:
                    numbers = [value[figure] for value in values if figure in value]
                    digits = {"fit": 1, "sample": 1, "memory": 0}.get(figure, 3)
                    cells.append(f"{statistics.median(numbers):.{digits}f}" if numbers else "")
                rows.append([name, part, kind, str(len(values)), *cells])
    store(
        "tables",
        {
            "kind": "table",
            "title": "Tables that were made",
            "about": "`veridic fit TABLE --target …` with its defaults, then as many rows; times are wall seconds with the "
            "report, memory MB. `c2st_unseen` is against rows no model saw: the official test file where all rows are "
            "fitted, the other half where half are. `floor` is the real rows with each column shuffled.",
            "machine": machine(),
            "columns": ["table", "fitted on", "rows", "seeds", "fit s", "sample s", "MB", *FIGURES],
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
