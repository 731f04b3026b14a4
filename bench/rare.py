"""Whether what is certain of rare categories of Adult is certain in rows made under them; prints a table.

python bench/rare.py [--data-dir DIR] [--binary FILE] [--seed N] [--set SETTING ...] [COLUMN ...]

The chain is fitted on all rows of the training file. Of each category that 10 to 200 rows have, a relation is certain if another
column has one value in all of those rows, which would be so by chance in less than one table of a hundred. Rows are made with
`--given CATEGORY`; of each relation the share that keeps it is printed.
"""

import argparse
import collections
import csv
import os
import subprocess
import tempfile
import time
from pathlib import Path

from run import ROOT
from tables import adult, write

LEAST, MOST, CHANCE = 10, 200, 0.01


def relations(names, rows):
    """By category, the columns and values that are certain."""
    shares = [collections.Counter(row[j] for row in rows) for j in range(len(names))]
    found = {}
    for j, name in enumerate(names):
        if len(shares[j]) > 100 or all(value.lstrip("-").isdigit() for value in shares[j]):
            continue
        for value, count in shares[j].items():
            if not LEAST <= count <= MOST:
                continue
            of = [row for row in rows if row[j] == value]
            for i, other in enumerate(names):
                values = {row[i] for row in of}
                if i == j or len(values) > 1:
                    continue
                certain = values.pop()
                if (shares[i][certain] / len(rows)) ** count < CHANCE:
                    found.setdefault((name, value, count), []).append((other, certain))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("columns", nargs="*", metavar="COLUMN")
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=["model=chain"])
    given = parser.parse_args()
    names, rows, _, _ = adult(given.data_dir)
    kept_of_all, seconds = [], []
    print("| given | rows | what | in made rows |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        table, run, made = folder / "adult.csv", folder / "run", folder / "made.csv"
        write(table, names, rows)
        tail = ["--quiet", "--seed", str(given.seed), "--threads", str(given.threads)]
        call = lambda *command: subprocess.run([str(given.binary), *map(str, command), *tail], check=True, capture_output=True)
        settings = [part for setting in given.set for part in ("--set", setting)]
        call("fit", table, "--out", run, *settings, "--set", "evaluate.sample-rows=0")
        for (name, value, count), certain in relations(names, rows).items():
            if given.columns and name not in given.columns:
                continue
            begun = time.perf_counter()
            condition = "missing" if value == "?" else value
            try:
                call("sample", run, "-n", 1000, "-o", made, "--given", f"{name}={condition}")
            except subprocess.CalledProcessError as error:
                print(f"| {name}={value} | {count} | refused: {error.stderr.decode().splitlines()[0]} | |", flush=True)
                continue
            seconds.append(time.perf_counter() - begun)
            with open(made, newline="") as file:
                found = list(csv.DictReader(file))
            for other, only in certain:
                kept = sum(row[other] == only for row in found) / len(found)
                kept_of_all.append(kept)
                print(f"| {name}={value} | {count} | {other}={only} | {kept:.3f} |", flush=True)
    right = sum(kept >= 0.97 for kept in kept_of_all)
    mean = sum(kept_of_all) / max(len(kept_of_all), 1)
    print(f"\n{right} of {len(kept_of_all)} relations in at least 97 % of made rows; mean {mean:.4f}, least {min(kept_of_all, default=0):.3f}")
    print(f"{sum(seconds) / max(len(seconds), 1):.2f} s a call")


if __name__ == "__main__":
    main()
