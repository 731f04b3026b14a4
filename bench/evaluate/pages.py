"""Makes the pages of docs/reports with `veridic evaluate`: Adult by the default chain, by a VAE, with shuffled columns and with copies;
card transactions and heart disease by the default chain. Prints what was found and how long each page took.

    python pages.py VERIDIC DATA_DIR

Each table is parted in a training part that generators learn from and a part that nobody sees, half of the rows each; as many rows
are made as were learned from, at most 10 000.
"""

import csv
import gzip
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent.parent / "docs" / "reports"
MOST = 10_000
ADULT = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
    "capital-gain,capital-loss,hours-per-week,native-country,income"
).split(",")
HEART = "age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num".split(",")


def lines(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        return [[cell.strip() for cell in row] for row in csv.reader(file) if row]


def found(folder, *names):
    for name in names:
        for path in sorted(folder.rglob(f"{name}*")):
            return path
    raise SystemExit(f"{folder} has none of {names}")


def tables(data):
    """Name, column names, rows and target of each table."""
    adult = lines(found(data / "adult", "adult.data"))
    yield "adult", ADULT, adult, "income"
    heart = lines(found(data / "heart", "processed.cleveland"))
    yield "heart", HEART, heart, "num"
    header, *rows = lines(found(data / "creditcard", "creditcard_subset"))
    yield "creditcard", header, rows, "Class"


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def run(veridic, *command):
    subprocess.run([veridic, *map(str, command)], check=True, capture_output=True, text=True)


def main():
    veridic, data = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    PAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        for name, names, rows, target in tables(data):
            random.Random(1).shuffle(rows)
            half = min(len(rows) // 2, MOST)
            real, unseen = rows[:half], rows[half : 2 * half]
            write(place / "real.csv", names, real)
            write(place / "unseen.csv", names, unseen)
            made = {}
            for model in ["chain", "vae"] if name == "adult" else ["chain"]:
                out = place / f"{name}-{model}"
                chosen = [] if model == "chain" else ["--set", f"model={model}"]
                run(veridic, "fit", place / "real.csv", "--target", target, "--out", out, "--quiet", *chosen)
                made[model] = place / f"{name}-{model}.csv"
                run(veridic, "sample", out, "-n", half, "-o", made[model])
            if name == "adult":
                columns = [list(column) for column in zip(*real)]
                for k, column in enumerate(columns):
                    random.Random(k).shuffle(column)
                made["shuffled"], made["copies"] = place / "shuffled.csv", place / "copies.csv"
                write(made["shuffled"], names, zip(*columns))
                write(made["copies"], names, random.Random(2).choices(real, k=half))
            for how, path in made.items():
                page = PAGES / f"{name}-{how}.html"
                command = [veridic, "evaluate", place / "real.csv", path, "--unseen", place / "unseen.csv", "--target", target]
                if name == "adult":
                    command += ["--protected", "sex,race"]
                begun = time.monotonic()
                said = subprocess.run([*map(str, command), "-o", str(place / "page.html")], check=True, capture_output=True, text=True)
                taken = time.monotonic() - begun
                page.write_text((place / "page.html").read_text())
                told = [line for line in said.stderr.splitlines() + said.stdout.splitlines() if not line.startswith(("wrote", "note"))]
                print(f"{page.name}: {taken:.1f} s, {page.stat().st_size // 1000} kB\n  " + "\n  ".join(told), flush=True)


if __name__ == "__main__":
    main()
