"""How long tables of a million rows take; stores results/scale.json.

python bench/scale.py [--rows N] [--binary FILE] [--threads N]   then: python bench/run.py --workloads '' --no-binary --render

The table has fifteen columns in the manner of Adult: eight of categories (2 to 40 levels), seven of numbers (whole, continuous,
mostly zero, two in order), which depend on each other; it is written here. Measured are wall and processor seconds and peak memory
of `veridic fit --set model=chain` without and with its report, `sample` and `likelihood`, all with reading and writing CSV.
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    given = parser.parse_args()
    work = BENCH / ".work" / "scale"
    work.mkdir(parents=True, exist_ok=True)
    table, part, made, run = work / "table.csv", work / "part.csv", work / "made.csv", work / "run"
    if not table.exists() or sum(1 for _ in open(table)) != given.rows + 1:
        write(table, given.rows)
    with open(table) as file, open(part, "w") as head:
        head.writelines(line for line, _ in zip(file, range(min(given.rows, 200_000) + 1)))
    counted = min(given.rows, 200_000)
    tail = ["--quiet", "--threads", given.threads]
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
        wall, processor, memory = timed([given.binary, *command, *tail])
        lines.append([name, str(n), f"{wall:.1f}", f"{processor:.1f}", f"{n / wall:.0f}", f"{memory:.0f}"])
        say(str(lines[-1]))
    store(
        "scale",
        {
            "kind": "table",
            "title": "A million rows",
            "about": f"Fifteen columns in the manner of Adult, the chain alone, {given.threads} threads; reading and writing CSV counts.",
            "machine": machine(),
            "columns": ["what", "rows", "seconds", "processor seconds", "rows a second", "MB"],
            "rows": lines,
        },
    )


if __name__ == "__main__":
    main()
