"""How long tables of a million rows take; stores results/scale.json and scale-detector.json.

python bench/scale.py [--rows N] [--binary FILE] [--threads N] [--parts tables,detector]
then: python bench/run.py --workloads '' --no-binary --render

The table has fifteen columns in the manner of Adult: eight of categories (2 to 40 levels), seven of numbers (whole, continuous,
mostly zero, two in order), which depend on each other; it is written here. Measured are wall and processor seconds and peak memory
of `veridic fit --set model=chain` without and with its report, `sample` and `likelihood`, all with reading and writing CSV.

The default detector alone is fitted to 50 000 rows of 10 and of 100 columns (numbers, ten of which are mixtures of the same three
others), and a million rows of 10 columns are scored against its 20 000 reference rows, without and with reasons.
"""

import argparse
import csv
import math
import os
import random
import subprocess
import time
from pathlib import Path

from run import BENCH, ROOT, machine, say, store


def rows(n):
    draw = random.Random(0)
    levels = [[f"{letter}{i}" for i in range(count)] for letter, count in zip("abcdefgh", [8, 16, 7, 14, 6, 5, 2, 40])]
    for _ in range(n):
        age = int(min(90, max(17, draw.gauss(38, 14))))
        school = min(15, max(0, int(draw.gauss(9 + (age > 25), 2.5))))
        work = min(7, int(draw.expovariate(0.8)) + (school > 12))
        married = int(draw.random() < min(0.8, age / 60)) * (1 + draw.randrange(3)) if age > 20 else 0
        job = min(13, max(0, int(draw.gauss(school * 0.8, 2.0))))
        income = math.exp(draw.gauss(9.5 + 0.08 * school + 0.01 * age + 0.1 * (married > 0), 0.5))
        gain = 0 if draw.random() < 0.9 else int(income * draw.random())
        hours = 40 if draw.random() < 0.45 else int(min(99, max(1, draw.gauss(40, 11))))
        start = draw.randrange(0, 3000)
        end = start + int(draw.expovariate(1 / (20 + 5 * work)))
        weight = round(draw.lognormvariate(12, 0.5))
        origin = 0 if draw.random() < 0.85 else draw.randrange(40)
        codes = [work, school, married, job, draw.randrange(6), draw.randrange(5), int(income > 30000), origin]
        yield [age, *(names[code] for names, code in zip(levels, codes)), round(income, 2), gain, hours, weight, start, end]


NAMES = "age work school married job kin group rich origin income gain hours weight start end".split()


def write(path, n):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        writer.writerows(rows(n))


def timed(command):
    """Wall and processor seconds, and peak memory in MB."""
    begun = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"failed: {command}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_numbers(path, n, width):
    """Numbers: of ten columns, three are drawn and seven are mixtures of them with noise."""
    draw = random.Random(width)
    mixes = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(width)]
    with open(path, "w") as file:
        file.write(",".join(f"x{i}" for i in range(width)) + "\n")
        for _ in range(n):
            cells = []
            for i in range(width):
                if i % 10 == 0:
                    hidden = [draw.gauss(0, 1) for _ in range(3)]
                value = hidden[i % 10] if i % 10 < 3 else sum(a * b for a, b in zip(mixes[i], hidden)) + draw.gauss(0, 0.3)
                cells.append(f"{value:.3f}")
            file.write(",".join(cells) + "\n")


def measured(name, n, command, given):
    wall, processor, memory = timed([given.binary, *command, "--quiet", "--threads", given.threads])
    line = [name, str(n), f"{wall:.1f}", f"{processor:.1f}", f"{n / wall:.0f}", f"{memory:.0f}"]
    say(str(line))
    return line


COLUMNS = ["what", "rows", "seconds", "processor seconds", "rows a second", "MB"]


def detector(given, work):
    lines = []
    for width in [100, 10]:
        table, run = work / f"numbers-{width}.csv", work / f"surprise-{width}"
        if not table.exists():
            write_numbers(table, 50_000, width)
        subprocess.run(["rm", "-rf", str(run)], check=True)
        lines.append(measured(f"fit, {width} columns", 50_000, ["fit", table, "--out", run, "--set", "model=surprise"], given))
    long = work / "numbers-long.csv"
    if not long.exists():
        write_numbers(long, given.rows, 10)
    for name, more in [("score", []), ("score with three reasons", ["--explain", 3])]:
        command = ["score", work / "surprise-10", long, "-o", work / "scores.csv", *more]
        lines.append(measured(name, given.rows, command, given))
    store(
        "scale-detector",
        {
            "kind": "table",
            "title": "The default detector at scale",
            "about": f"Numbers, 20 000 reference rows, {given.threads} threads; reading and writing CSV counts.",
            "machine": machine(),
            "columns": COLUMNS,
            "rows": lines,
        },
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--parts", default="tables,detector")
    given = parser.parse_args()
    work = BENCH / ".work" / "scale"
    work.mkdir(parents=True, exist_ok=True)
    if "detector" in given.parts:
        detector(given, work)
    if "tables" in given.parts:
        tables(given, work)


def tables(given, work):
    table, part, made, run = work / "table.csv", work / "part.csv", work / "made.csv", work / "run"
    if not table.exists() or sum(1 for _ in open(table)) != given.rows + 1:
        write(table, given.rows)
    with open(table) as file, open(part, "w") as head:
        head.writelines(line for line, _ in zip(file, range(min(given.rows, 200_000) + 1)))
    counted = min(given.rows, 200_000)
    lines = []
    for name, n, command in [
        ("read alone", given.rows, ["fit", table, "--dry-run", "--set", "model=chain"]),
        ("fit", given.rows, ["fit", table, "--out", run, "--set", "model=chain", "--set", "evaluate.sample-rows=0"]),
        ("fit with its report", given.rows, ["fit", table, "--out", run, "--set", "model=chain"]),
        ("sample", given.rows, ["sample", run, "-n", given.rows, "-o", made]),
        ("likelihood", counted, ["likelihood", run, part, "-o", made]),
    ]:
        if name.startswith("fit"):
            subprocess.run(["rm", "-rf", str(run)], check=True)
        lines.append(measured(name, n, command, given))
    store(
        "scale",
        {
            "kind": "table",
            "title": "A million rows",
            "about": f"Fifteen columns in the manner of Adult, the chain alone, {given.threads} threads; reading and writing CSV counts.",
            "machine": machine(),
            "columns": COLUMNS,
            "rows": lines,
        },
    )


if __name__ == "__main__":
    main()
