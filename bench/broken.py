"""Rows that break what nearly all others keep: whether the default detector sees them and names the wrong cell; prints a table.

    python bench/broken.py [--binary FILE] [--seeds 10]

Invoices are simulated: 3 000 to learn from, of which 15 are wrong as nobody has taken them out, 1 000 to score, of which 50 are wrong
in one cell: a total off by 1 to 3, a tax off by .50, another city's country, a due day before the day of the invoice, a count off by
one. And orders, which have no rate of the tax and no other sum: a tax by the rate of another kind of goods or off by .30, another day
of the week than the date's, another month, another product's price. Figures are medians with their range over seeds: AUROC, how many of the 50 rows with the highest scores are wrong (chance: 2.5), how
often the wrong cell is named first among the reasons. Beside it the same detector without relations (`data.rules` off), an isolation forest and
the distance to neighbors.
"""

import argparse
import csv
import datetime
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from run import ROOT

OFF = ["decides", "formulas", "order", "pairs"]
VARIANTS = {
    "surprise": ["model=surprise"],
    "without relations": ["model=surprise", *(f"data.rules.{kind}=false" for kind in OFF)],
    "isolation-forest": ["model=isolation-forest"],
    "neighbors": ["model=neighbors"],
}
FIRST = datetime.date(2024, 1, 1)


def invoices(n, draw):
    for _ in range(n):
        count, price = draw.randint(1, 20), round(draw.uniform(1, 50), 2)
        net = round(count * price, 2)
        tax = round(net * 0.2, 2)
        day, city = draw.randrange(365), draw.randrange(12)
        yield {
            "date": FIRST + datetime.timedelta(day),
            "due": FIRST + datetime.timedelta(day + draw.randint(0, 60)),
            "city": f"City{city}",
            "country": f"Land{city // 3}",
            "count": count,
            "price": price,
            "net": net,
            "tax": tax,
            "total": round(net + tax, 2),
        }


def spoil(row, draw):
    """Makes one cell wrong and says which."""
    column = draw.choice(["total", "tax", "country", "due", "count"])
    if column == "total":
        row["total"] = round(row["total"] + draw.choice([1, 2, 3, -1]), 2)
    elif column == "tax":
        row["tax"] = round(row["tax"] + 0.5, 2)
    elif column == "country":
        row["country"] = f"Land{(int(row['country'][4:]) + draw.randint(1, 3)) % 4}"
    elif column == "due":
        row["due"] = row["date"] - datetime.timedelta(draw.randint(1, 60))
    else:
        row["count"] += 1
    return column


PRODUCTS = {f"P{i}": (["book", "food", "toy"][i % 3], round(2 + 3.7 * i, 2)) for i in range(30)}
RATES = {"book": 0.07, "food": 0.05, "toy": 0.19}


def orders(n, draw):
    for _ in range(n):
        product = draw.choice(list(PRODUCTS))
        kind, price = PRODUCTS[product]
        date = FIRST + datetime.timedelta(draw.randrange(700))
        net = round(price * draw.randint(1, 12) * (1 - draw.randint(0, 30) / 100), 2)
        yield {
            "date": date,
            "weekday": f"{date:%a}",
            "month": date.month,
            "product": product,
            "kind": kind,
            "price": price,
            "net": net,
            "tax": round(net * RATES[kind], 2),
        }


def spoil_order(row, draw):
    """Makes one cell wrong and says which."""
    column = draw.choice(["tax", "tax", "weekday", "month", "price"])
    if column == "tax":
        rate = draw.choice([rate for kind, rate in RATES.items() if kind != row["kind"]])
        row["tax"] = draw.choice([round(row["net"] * rate, 2), round(row["tax"] + 0.3, 2)])
    elif column == "weekday":
        row["weekday"] = draw.choice([day for day in "Mon Tue Wed Thu Fri Sat Sun".split() if day != row["weekday"]])
    elif column == "month":
        row["month"] = draw.choice([month for month in range(1, 13) if month != row["month"]])
    else:
        row["price"] = draw.choice([price for _, price in PRODUCTS.values() if price != row["price"]])
    return column


TABLES = {"invoices": (invoices, spoil), "orders": (orders, spoil_order)}


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({name: f"{cell:.2f}" if isinstance(cell, float) else cell for name, cell in row.items()} for row in rows)


def auroc(scores, wrong):
    bad = [score for i, score in enumerate(scores) if i in wrong]
    good = [score for i, score in enumerate(scores) if i not in wrong]
    return sum((b > g) + 0.5 * (b == g) for b in bad for g in good) / (len(bad) * len(good))


def measure(binary, table, seed, folder):
    draw = random.Random(seed)
    make, spoil = TABLES[table]
    learned, scored = list(make(3000, draw)), list(make(1000, draw))
    for row in draw.sample(learned, 15):
        spoil(row, draw)
    wrong = {i: spoil(scored[i], draw) for i in draw.sample(range(1000), 50)}
    write(folder / "learned.csv", learned)
    write(folder / "scored.csv", scored)
    found = {}
    for name, settings in VARIANTS.items():
        run, out = folder / name.replace(" ", "-"), folder / "scores.csv"
        command = [binary, "-q", "fit", folder / "learned.csv", "--out", run, "--seed", str(seed)]
        subprocess.run([*command, *(word for one in settings for word in ("--set", one))], check=True, capture_output=True)
        subprocess.run([binary, "-q", "score", run, folder / "scored.csv", "--explain", "1", "-o", out], check=True, capture_output=True)
        with out.open() as file:
            rows = list(csv.DictReader(file))
        scores = [float(row["score"]) for row in rows]
        top = sorted(range(len(scores)), key=lambda i: -scores[i])[:50]
        named = sum(rows[i]["reason_1"] == column for i, column in wrong.items())
        found[name] = (auroc(scores, wrong), sum(i in wrong for i in top), named / len(wrong))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "veridic")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    print("| table | detector | AUROC | wrong among the first 50 | wrong cell named first |")
    print("|---|---|---|---|---|")
    for table in TABLES:
        found = []
        for seed in range(arguments.seeds):
            with tempfile.TemporaryDirectory() as folder:
                found.append(measure(arguments.binary, table, seed, Path(folder)))
        for name in VARIANTS:
            cells = []
            for figure, form in enumerate([".4f", ".0f", ".2f"]):
                values = [of[name][figure] for of in found]
                cells.append(f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})")
            print(f"| {table} | {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
