"""Whether what is certain in small tables is certain in rows made of them; prints a table, and ends with 1 if anything is not.

python bench/relations.py [--cases DIR] [--binary FILE] [--seed N] [NAME ...]

Each case is fitted by `veridic fit --set model=chain`, and as many rows are made as the table has (4 000 for a few). Of a relation
the share of made rows that keep it is measured: of rules all must, of others 97 %. Of a value that many rows have, the share in
made rows may differ by .02. Rows with conditions (`--given`) are judged the same way. Tables that are not files are written here.
"""

import argparse
import csv
import datetime
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from run import ROOT

ALMOST, POINT = 0.97, 0.02


def number(text):
    return float(text)


def day(text):
    return datetime.date.fromisoformat(text).toordinal()


def share(rows, holds):
    return sum(map(holds, rows)) / len(rows)


def rule(name, holds):
    """All made rows keep it."""
    return lambda real, made: (name, "1", f"{share(made, holds):.4f}", all(map(holds, made)))


def relation(name, holds, of=lambda row: True):
    """Nearly all made rows keep it, among those that it is about."""

    def judge(_, made):
        about = [row for row in made if of(row)]
        kept = share(about, holds) if about else 0.0
        return f"{name} ({len(about)} rows)", f">= {ALMOST}", f"{kept:.4f}", kept >= ALMOST

    return judge


def point(name, holds):
    """The share of a value."""

    def judge(real, made):
        expected, found = share(real, holds), share(made, holds)
        return f"share of {name}", f"{expected:.4f}", f"{found:.4f}", abs(expected - found) <= POINT

    return judge


def mean(name, of, within):
    """The mean of something, within so many standard errors of the real one's."""

    def judge(real, made):
        a, b = [of(row) for row in real], [of(row) for row in made]
        middle = lambda values: sum(values) / len(values)
        spread = math.sqrt(middle([(value - middle(a)) ** 2 for value in a]) * (1 / len(a) + 1 / len(b)))
        return f"mean {name}", f"{middle(a):.3f}", f"{middle(b):.3f}", abs(middle(a) - middle(b)) <= within * spread

    return judge


def known(column):
    """No value that the data does not have."""

    def judge(real, made):
        values = {row[column] for row in real}
        kept = share(made, lambda row: row[column] in values)
        return f"known {column}", "1", f"{kept:.4f}", kept == 1

    return judge


def correlation(a, b, within=0.03):
    def judge(real, made):
        def of(rows):
            x, y = [number(row[a]) for row in rows], [number(row[b]) for row in rows]
            mx, my = sum(x) / len(x), sum(y) / len(y)
            xy = sum((u - mx) * (v - my) for u, v in zip(x, y))
            return xy / math.sqrt(sum((u - mx) ** 2 for u in x) * sum((v - my) ** 2 for v in y))

        return f"correlation of {a}, {b}", f"{of(real):.3f}", f"{of(made):.3f}", abs(of(real) - of(made)) <= within

    return judge


def pairs(a, b):
    """No combination that the data does not have."""

    def judge(real, made):
        values = {(row[a], row[b]) for row in real}
        kept = share(made, lambda row: (row[a], row[b]) in values)
        return f"{a} with {b}", "1", f"{kept:.4f}", kept == 1

    return judge


AMOUNTS = {"common": (-5, 25), "medium": (17, 46), "rare": (74, 92), "very rare": (143, 157)}


def in_range(row):
    low, high = AMOUNTS[row["kind"]]
    return low <= number(row["amount"]) <= high


def spends(row):
    return (number(row["spend"]) > 150) == (row["churned"] == "yes")


def stays(folder):
    """Stays of 5.3 days on average that begin on any of 900 days, invoices that follow, and a bill of four parts."""
    draw = random.Random(0)
    path = folder / "start_end.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["start", "end", "invoiced", "ward", "room", "care", "drugs", "discount", "bill"])
        for _ in range(3000):
            start = datetime.date(2021, 1, 1) + datetime.timedelta(days=draw.randrange(900))
            ward = draw.choice("ABC")
            end = start + datetime.timedelta(days=int(draw.expovariate(1 / {"A": 2.8, "B": 5.8, "C": 8.8}[ward])))
            invoiced = end + datetime.timedelta(days=draw.randrange(1, 30))
            room, care, drugs = draw.randrange(100, 900), draw.randrange(0, 500), draw.randrange(0, 80)
            discount = draw.choice([0, 0, 10, 50])
            writer.writerow([start, end, invoiced, ward, room, care, drugs, discount, room + care + drugs - discount])
    return path


def boxes(folder):
    """Volumes of three sides, and whether boxes are large: sides above 2 are only had by those."""
    draw = random.Random(1)
    path = folder / "boxes.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "length", "width", "height", "volume"])
        for _ in range(3000):
            kind = draw.choice(["small", "large"])
            sides = [round(draw.uniform(0.2, 2.0) + (2.5 if kind == "large" else 0), 2) for _ in range(3)]
            writer.writerow([kind, *sides, round(math.prod(sides), 3)])
    return path


PRICES = {"apple": 1.2, "pear": 2.35, "cherry": 7.9, "nut": 12.5, "mushroom": 18.0}
TAXES = {"apple": 0.07, "pear": 0.07, "cherry": 0.07, "nut": 0.19, "mushroom": 0.19}
RATES = {"EUR": 1.0, "USD": 0.92, "CHF": 1.05}
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def orders(folder):
    """Orders of which a cell in a hundred was not filled in: what products cost, currencies are worth and calendars say follows."""
    draw = random.Random(2)
    path = folder / "orders.csv"
    columns = ["date", "product", "pieces", "currency", "total", "net", "tax", "gross", "rebate", "paid", "weekday"]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for _ in range(3000):
            date = datetime.date(2024, 1, 1) + datetime.timedelta(days=draw.randrange(365))
            product, pieces, currency = draw.choice(list(PRICES)), draw.randrange(1, 60), draw.choice(list(RATES))
            total = round(pieces * PRICES[product], 2)
            net = round(total * RATES[currency], 2)
            tax = round(net * TAXES[product], 2)
            gross = round(net + tax, 2)
            rebate = round(gross * draw.choice([0, 0.05, 0.1]), 2)
            row = [date, product, pieces, currency, total, net, tax, gross, rebate, round(gross - rebate, 2), DAYS[date.weekday()]]
            holes = {"product", "currency", "net", "tax", "paid"}
            writer.writerow(["" if name in holes and draw.random() < 0.01 else cell for name, cell in zip(columns, row)])
    return path


def filled(holds, *columns):
    """What holds where these columns are filled in."""
    return lambda row: any(row[column] == "" for column in columns) or holds(row)


def cents(row, column, value):
    return abs(number(row[column]) - value) <= 0.00501


ORDERS = [
    rule("total of pieces and product", filled(lambda r: cents(r, "total", int(r["pieces"]) * PRICES[r["product"]]), "product")),
    rule("net of total and currency", filled(lambda r: cents(r, "net", number(r["total"]) * RATES[r["currency"]]), "net", "currency")),
    rule("tax of net and product", filled(lambda r: cents(r, "tax", number(r["net"]) * TAXES[r["product"]]), "net", "tax", "product")),
    rule("gross = net + tax", filled(lambda r: cents(r, "gross", number(r["net"]) + number(r["tax"])), "net", "tax")),
    rule("paid = gross - rebate", filled(lambda r: cents(r, "paid", number(r["gross"]) - number(r["rebate"])), "paid")),
    rule("weekday of date", lambda r: DAYS[datetime.date.fromisoformat(r["date"]).weekday()] == r["weekday"]),
]


def days(of):
    return lambda row: day(row["end"]) - day(row["start"]) if of is None or row["ward"] == of else 0


BILL = lambda row: int(row["room"]) + int(row["care"]) + int(row["drugs"]) - int(row["discount"]) == int(row["bill"])
ORDER = lambda row: row["start"] <= row["end"] < row["invoiced"]
VOLUME = lambda row: abs(math.prod(number(row[side]) for side in ["length", "width", "height"]) - number(row["volume"])) <= 5.1e-4

# Case, file, [(conditions, what is judged)].
CASES = {
    "rare-category": (
        "rare-category/rare.csv",
        [
            ([], [relation("amount of kind", in_range), point("rare", lambda r: r["kind"] == "rare"), known("kind")]),
            (["kind=very rare"], [relation("amount of `very rare`", in_range)]),
            (["kind=rare"], [relation("amount of `rare`", in_range)]),
        ],
    ),
    "given": (
        "given/yes10-6000.csv",
        [
            ([], [relation("spend of churned", spends), point("churned", lambda r: r["churned"] == "yes")]),
            (["churned=yes"], [relation("spend", spends, lambda r: r["churned"] == "yes")]),
            (["spend=170.."], [relation("churned", spends), rule("spend in range", lambda r: number(r["spend"]) >= 170)]),
            (["city=Rome", "churned=yes"], [relation("spend", spends, lambda r: r["city"] == "Rome" and r["churned"] == "yes")]),
        ],
    ),
    "lost-dependence": ("lost-dependence/city-country.csv", [([], [pairs("city", "country")]), (["country=IT"], [pairs("city", "country")])]),
    "corr95": ("lost-dependence/corr95.csv", [([], [correlation("a", "b")])]),
    "tvae": ("tvae/abc.csv", [([], [pairs("n", "letter")]), (["letter=b"], [pairs("n", "letter")])]),
    "zero-inflated": (
        "zero-inflated/rain.csv",
        [([], [point("no rain", lambda r: number(r["rain_mm"]) == 0), rule("none between 0 and .127", lambda r: not 0 < number(r["rain_mm"]) < 0.127)])],
    ),
    "old-dates": (
        "old-dates/sentinel-1900.csv",
        [([], [point("1900-01-01", lambda r: r["last_seen"] == "1900-01-01"), rule("nothing between 1900 and 2019", lambda r: r["last_seen"] == "1900-01-01" or r["last_seen"] >= "2019")])],
    ),
    "births": ("old-dates/births.csv", [([], [rule("dates of the data", lambda r: "1850-02-16" <= r["born"] <= "1969-12-11")])]),
    "spike": ("tables/spike.csv", [([], [point("gain 0", lambda r: number(r["gain"]) == 0)])]),
    "pdays": ("tables/pdays.csv", [([], [point("pdays 999", lambda r: r["pdays"] == "999"), rule("none between 20 and 999", lambda r: not 20 < int(r["pdays"]) < 999)])]),
    "edu": ("tables/edu.csv", [([], [pairs("edu", "edu_num")]), (["edu_num=3"], [pairs("edu", "edu_num")])]),
    "negint_sum": (
        "tables/negint_sum.csv",
        [([], [rule("x + y = total", lambda r: int(r["x"]) + int(r["y"]) == int(r["total"]))]), (["total=114"], [rule("x + y = 114", lambda r: int(r["x"]) + int(r["y"]) == 114)])],
    ),
    "few_reals": ("tables/few_reals.csv", [([], [known("rate"), point("5195.8", lambda r: r["rate"] == "5195.8")])]),
    "coded_ints": ("tables/coded_ints.csv", [([], [known("thal"), point("3.0", lambda r: r["thal"] == "3.0")])]),
    "start_end": (
        stays,
        [
            ([], [rule("start <= end < invoiced", ORDER), rule("bill of four parts", BILL), mean("days", days(None), 4)] + [mean(f"days of {ward}", days(ward), 4) for ward in "ABC"]),
            (["ward=C"], [rule("start <= end < invoiced", ORDER), rule("bill of four parts", BILL)]),
            (["end=2022-03-01..2022-03-31"], [rule("start <= end < invoiced", ORDER), rule("end in March", lambda r: r["end"][:7] == "2022-03")]),
            (["bill=1000"], [rule("bill of four parts", lambda r: BILL(r) and r["bill"] == "1000")]),
        ],
    ),
    "orders": (
        orders,
        [
            ([], ORDERS + [point(f"blank {name}", lambda r, name=name: r[name] == "") for name in ("product", "net", "tax", "paid")]),
            (["weekday=Sun"], [*ORDERS, rule("Sundays", lambda r: r["weekday"] == "Sun")]),
            (["product=nut", "gross=100..200"], [*ORDERS, rule("nuts", lambda r: r["product"] == "nut" and 100 <= number(r["gross"]) <= 200)]),
            (["tax=missing"], [*ORDERS, rule("no tax", lambda r: r["tax"] == "")]),
        ],
    ),
    "boxes": (boxes, [([], [rule("volume of three sides", VOLUME), relation("sides of kind", lambda r: (number(r["length"]) > 2.2) == (r["kind"] == "large"))])]),
}


def read(path):
    return list(csv.DictReader(open(path, newline="")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--cases", type=Path, default=Path(os.environ.get("VERIDIC_CASES", ROOT / "../shared/cases")))
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/veridic")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    failed = 0
    print("| case | given | what | in the data | in made rows | |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, (source, asked) in CASES.items():
            if given.names and name not in given.names:
                continue
            path = source(folder) if callable(source) else given.cases / source
            real, run, made = read(path), folder / name, folder / f"{name}.made.csv"
            seed = ["--seed", str(given.seed)]
            call = lambda *command: subprocess.run([str(given.binary), *map(str, command), "--quiet"], check=True, capture_output=True, text=True)
            call("fit", path, "--out", run, "--set", "model=chain", *seed)
            for conditions, judges in asked:
                wanted = [part for condition in conditions for part in ("--given", condition)]
                n = 1000 if conditions else max(len(real), 4000)
                try:
                    call("sample", run, "-n", n, "-o", made, *seed, *wanted)
                except subprocess.CalledProcessError as error:
                    print(f"| {name} | {', '.join(conditions)} | refused: {error.stderr.strip().splitlines()[0]} | | | NO |")
                    failed += 1
                    continue
                rows = read(made)
                for judge in judges:
                    what, expected, found, right = judge(real, rows)
                    failed += not right
                    print(f"| {name} | {', '.join(conditions)} | {what} | {expected} | {found} | {'' if right else 'NO'} |", flush=True)
    print(f"\n{failed} not right" if failed else "\nall right")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
