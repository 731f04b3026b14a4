"""Fits the default model of tables to public data, makes as many rows, and has them judged; stores results/tables.json.

    python bench/tables.py [--data-dir DIR] [--only NAME,...] [--rounds N] [--parts all,half] [--peers tvae,ctgan]
    python bench/run.py --workloads '' --no-binary --render

The judge is independent of Veridic: column shapes and pairs by SDMetrics, the two-sample test (c2st) and the classifiers by
XGBoost, as in judge.py beside this file. Figures stand beside what rows with shuffled columns reach (`floor`). What is measured
is kept in .work/tables.jsonl, and a run goes on where it was stopped; `--render` stores what was kept. A peer runs once on a part, in
the Python of `--peer-python`, where `ctgan` is installed. Needs: pip install pandas sdmetrics xgboost scikit-learn.
"""

import argparse
import csv
import gzip
import io
import json
import os
import random
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from keep import Keep
from run import BENCH, ROOT, machine, say, store

JUDGE = BENCH / "judge.py"
KEPT = Keep("tables")
# Models of tables that peers/table_models.py fits.
PEERS = ("TVAE", "CTGAN", "mostlyai")
FIGURES = ["shapes", "pairs", "c2st", "c2st_unseen", "dcr_share", "tail2", "dup_syn", "dup_holdout", "tstr", "trtr"]
# Load average up to which times mean anything.
QUIET = 2.5
RANGES = ["c2st", "c2st_unseen", "dcr_share", "tail2", "tstr"]


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
    """Wall seconds, seconds of processors and peak memory in MB of a command."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def judged(real, made, unseen, target, test):
    command = [sys.executable, str(JUDGE), str(real), str(made)]
    command += ["--unseen", str(unseen)] if unseen else []
    command += ["--target", target, "--test", str(test)] if test else []
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def made_by(arguments, kind, seed, real, target, rows, work):
    """Writes rows of a model of the file `real`, as many, and gives the file with what it took."""
    made = work / f"{real.stem}-made.csv"
    if kind == "floor":
        names = rows[0]
        write(made, names, independent(rows[1:], 1))
        return made, {}
    if kind in PEERS:
        command = [str(arguments.peer_python), str(BENCH / "peers" / "table_models.py"), kind.lower(), str(real), str(made)]
        seconds, processor, megabytes = timed([*command, "--seed", str(seed), "--threads", str(arguments.threads)])
        return made, {"fit": seconds, "processor": processor, "memory": megabytes}
    run = work / f"{real.stem}-run"
    subprocess.run(["rm", "-rf", str(run)], check=True)
    common = ["--seed", str(seed), "--threads", str(arguments.threads), "--quiet"]
    fit = [str(arguments.binary), "fit", str(real), "--out", str(run), "--target", target, *common]
    seconds, processor, megabytes = timed(fit)
    sample = [str(arguments.binary), "sample", str(run), "-n", str(len(rows) - 1), "-o", str(made), *common]
    sampling, more, _ = timed(sample)
    return made, {"fit": seconds, "processor": processor + more, "sample": sampling, "memory": megabytes}


def measure(arguments):
    work = BENCH / ".work" / "tables"
    work.mkdir(parents=True, exist_ok=True)
    done = {(line["table"], line["part"], line["kind"], line["seed"]) for line in KEPT.lines()}
    peers = [name for name in PEERS if name.lower() in arguments.peers.split(",")]
    # A seed of all tables before the next, so that what is stopped has something of each.
    wanted = [("made", seed) for seed in range(arguments.rounds)] + [("floor", 0)] + [(name, 0) for name in peers]
    for kind, seed in wanted:
        for name in arguments.only.split(","):
            names, whole, target, test = TABLES[name](arguments.data_dir)
            shuffled = whole[:]
            random.Random(0).shuffle(shuffled)
            half, other = shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]
            for part, real, held in [("all rows", whole, test), ("half", half, other)]:
                if (name, part, kind, seed) in done or part.split()[0] not in arguments.parts.split(","):
                    continue
                paths = {key: work / f"{name}-{part.split()[0]}-{key}.csv" for key in ["real", "held"]}
                write(paths["real"], names, real)
                if held:
                    write(paths["held"], names, held)
                busy = os.getloadavg()[0]
                made, took = made_by(arguments, kind, seed, paths["real"], target, [names, *real], work)
                figures = judged(paths["real"], made, held and paths["held"], target, held and paths["held"])
                line = {"table": name, "part": part, "kind": kind, "seed": seed, "load": busy, **took, **figures}
                KEPT.add(line)
                say(json.dumps(line))


def report(lines):
    path = BENCH / "results" / "tables.json"
    # What is not measured again keeps its row.
    before = {tuple(row[:3]): row for row in json.loads(path.read_text())["rows"]} if path.is_file() else {}
    rows = []
    for name in TABLES:
        for part in ["all rows", "half"]:
            for kind in ["made", *PEERS, "floor"]:
                values = [line for line in lines if (line["table"], line["part"], line["kind"]) == (name, part, kind)]
                if not values:
                    rows += [before[name, part, kind]] if (name, part, kind) in before else []
                    continue
                cells = []
                for figure in ["fit", "sample", "processor", "memory", *FIGURES]:
                    numbers = [value[figure] for value in values if figure in value]
                    if figure in ("fit", "sample"):
                        numbers = [value[figure] for value in values if figure in value and value.get("load", 9) <= QUIET]
                    digits = {"fit": 1, "sample": 1, "processor": 0, "memory": 0}.get(figure, 3)
                    text = f"{statistics.median(numbers):.{digits}f}" if numbers else ""
                    if figure in RANGES and len(numbers) > 1:
                        text += f" ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"
                    cells.append(text)
                rows.append([name, part, kind, str(len(values)), *cells])
    store(
        "tables",
        {
            "kind": "table",
            "title": "Tables that were made",
            "about": "`veridic fit TABLE --target …` with its defaults, then as many rows; medians over seeds, some with the range. Times are "
            "wall seconds with the report, left out where the machine was busy; seconds of processors are of fitting and making together in one thread, "
            "for the peers with the start of Python; memory MB. "
            "`c2st_unseen` is against rows no model saw: the official test file where all rows are fitted, the other half where half are. "
            "`floor` is the real rows with each column shuffled; TVAE and CTGAN are those of the package `ctgan` with "
            "its defaults (300 epochs), mostlyai is `TabularARGN` of `mostlyai-engine` with its defaults; once each.",
            "machine": machine(),
            "columns": ["table", "fitted on", "rows", "seeds", "fit s", "sample s", "processor s", "MB", *FIGURES],
            "rows": rows,
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--parts", default="all,half")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="")
    parser.add_argument("--peer-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--render", action="store_true", help="measure nothing, store what was kept")
    arguments = parser.parse_args()
    if not arguments.render:
        measure(arguments)
    report(KEPT.lines())


if __name__ == "__main__":
    main()
