"""Rows of Bayesian networks that are known: how likely what models make of them is; stores results/networks.json.

    python bench/networks.py [--data-dir DIR] [--seeds N] [--only NETWORK,...] [--models chain,circuit] [--peers tvae,ctgan]
    python bench/run.py --workloads '' --no-binary --render

Protocol of CTGAN and TVAE (Xu et al., NeurIPS 2019, section 5): 10 000 rows are drawn from the network to learn from, 10 000 to test;
as many are made. `Lsyn` is the mean log-likelihood of made rows in the network, in nats; `Ltest` that of the test rows in a network
of the same arrows whose tables are counted from the made rows. Lsyn alone rewards rows that are all alike, Ltest alone rows that are
too various: both count, and what was learned from itself (`real rows`) is the best there is. A row that a network calls impossible
counts as a probability of 1e-8, as in SDMetrics; how many there are is told. Networks (asia, alarm, child, insurance) are those of
the bnlearn repository, in `bayes-nets/*.bif.gz`. What is measured is kept in .work/networks.jsonl, and a run goes on where it was
stopped. Needs numpy; a peer runs in the Python of `--peer-python`, where `ctgan` is installed (peers/table_models.py).
"""

import argparse
import csv
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
from keep import Keep
from run import BENCH, ROOT, machine, say, store
from tables import PEERS

WORK = BENCH / ".work" / "networks"
KEPT = Keep("networks")
NETWORKS = ["asia", "alarm", "child", "insurance"]
ROWS = 10_000
IMPOSSIBLE = numpy.log(1e-8)
# Lsyn and Ltest of tables 4 and 5 of the paper.
PUBLISHED = {
    "real rows": {"asia": (-2.23, -2.24), "alarm": (-10.3, -10.3), "child": (-12.0, -12.0), "insurance": (-12.8, -12.9)},
    "TVAE": {"asia": (-2.31, -2.27), "alarm": (-11.2, -10.7), "child": (-12.3, -12.3), "insurance": (-14.7, -14.2)},
    "CTGAN": {"asia": (-2.56, -2.31), "alarm": (-14.2, -12.6), "child": (-13.4, -12.7), "insurance": (-16.5, -14.8)},
    "PrivBN": {"asia": (-2.28, -2.24), "alarm": (-11.9, -10.9), "child": (-12.3, -12.2), "insurance": (-14.7, -13.6)},
}


class Network:
    """Discrete columns, each with a table of its probabilities given some others."""

    def __init__(self, levels, parents, tables):
        self.levels, self.parents, self.tables = levels, parents, tables
        self.order = []
        while len(self.order) < len(levels):
            ready = [n for n in levels if n not in self.order and all(p in self.order for p in parents[n])]
            self.order += ready

    @classmethod
    def read(cls, path):
        """A file of the Bayesian interchange format, gzipped."""
        text = gzip.open(path, "rt").read()
        levels = {}
        for name, values in re.findall(r"variable\s+(\S+)\s*\{\s*type\s+discrete\s*\[\s*\d+\s*\]\s*\{([^}]*)\}", text):
            levels[name] = [value.strip() for value in values.split(",")]
        parents, tables = {}, {}
        for head, body in re.findall(r"probability\s*\(([^)]*)\)\s*\{([^}]*)\}", text):
            name, _, given = (piece.strip() for piece in head.partition("|"))
            parents[name] = [piece.strip() for piece in given.split(",")] if given else []
            table = numpy.full([len(levels[n]) for n in [*parents[name], name]], numpy.nan)
            for line in body.split(";"):
                if not (line := line.strip()):
                    continue
                if line.startswith("table"):
                    key, numbers = (), line.removeprefix("table")
                else:
                    inside, _, numbers = line.removeprefix("(").partition(")")
                    values = [piece.strip() for piece in inside.split(",")]
                    key = tuple(levels[p].index(v) for p, v in zip(parents[name], values))
                table[key] = [float(number) for number in numbers.split(",")]
            # Thirds are printed with seven digits.
            tables[name] = table / table.sum(-1, keepdims=True)
        return cls(levels, parents, tables)

    def draw(self, n, seed):
        """Rows of level numbers, a column a name."""
        random, rows = numpy.random.default_rng(seed), {}
        for name in self.order:
            chance = self.tables[name][tuple(rows[p] for p in self.parents[name])]
            chance = numpy.broadcast_to(chance, (n, len(self.levels[name])))
            rows[name] = (random.random(n)[:, None] > chance.cumsum(1)[:, :-1]).sum(1)
        return rows

    def likelihood(self, rows):
        """Mean log-likelihood of a row, and the share of rows that are impossible."""
        sums = 0.0
        with numpy.errstate(divide="ignore"):
            for name, table in self.tables.items():
                sums = sums + numpy.log(table[tuple(rows[p] for p in [*self.parents[name], name])])
        return float(numpy.maximum(sums, IMPOSSIBLE).mean()), float(numpy.isneginf(sums).mean())

    def counted(self, rows):
        """The network of the same arrows that fits the rows best; what has no rows is uniform."""
        tables = {}
        for name, table in self.tables.items():
            count = numpy.zeros(table.shape)
            numpy.add.at(count, tuple(rows[p] for p in [*self.parents[name], name]), 1)
            total = count.sum(-1, keepdims=True)
            tables[name] = numpy.where(total > 0, count / numpy.maximum(total, 1), 1 / table.shape[-1])
        return Network(self.levels, self.parents, tables)

    def write(self, path, rows):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self.levels)
            writer.writerows(zip(*([self.levels[n][i] for i in rows[n]] for n in self.levels)))

    def numbers(self, path):
        with open(path, newline="") as file:
            made = list(csv.DictReader(file))
        return {n: numpy.array([self.levels[n].index(row[n]) for row in made]) for n in self.levels}


def made_by(arguments, model, network, rows, seed):
    """Rows of a model, and the seconds it took."""
    begun = time.perf_counter()
    if model == "independent columns":
        random = numpy.random.default_rng(seed)
        return {name: random.permutation(column) for name, column in rows.items()}, 0.0
    if model == "real rows":
        return rows, 0.0
    real, made, fitted = WORK / "real.csv", WORK / "made.csv", WORK / "run"
    network.write(real, rows)
    if model in PEERS:
        command = [str(arguments.peer_python), str(BENCH / "peers" / "table_models.py"), model.lower(), str(real), str(made)]
        subprocess.run([*command, "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL)
    else:
        subprocess.run(["rm", "-rf", str(fitted)], check=True)
        common = ["--seed", str(seed), "--threads", str(arguments.threads), "--quiet"]
        fit = [str(arguments.binary), "fit", str(real), "--out", str(fitted), *common]
        subprocess.run([*fit, *("--set", f"model={model}")], check=True, stdout=subprocess.DEVNULL)
        sample = [str(arguments.binary), "sample", str(fitted), "-n", str(ROWS), "-o", str(made), *common]
        subprocess.run(sample, check=True, stdout=subprocess.DEVNULL)
    return network.numbers(made), time.perf_counter() - begun


def measure(arguments):
    WORK.mkdir(parents=True, exist_ok=True)
    models = ["real rows", "independent columns", *filter(None, arguments.models.split(","))]
    models += [name for name in PEERS if name.lower() in arguments.peers.split(",")]
    done = {(line["network"], line["model"], line["seed"]) for line in KEPT.lines()}
    for name in arguments.only.split(","):
        network = Network.read(arguments.data_dir / "bayes-nets" / f"{name}.bif.gz")
        for seed in range(arguments.seeds):
            rows, test = network.draw(ROWS, 2 * seed), network.draw(ROWS, 2 * seed + 1)
            for model in models:
                if (name, model, seed) in done:
                    continue
                made, seconds = made_by(arguments, model, network, rows, seed)
                line = {"network": name, "model": model, "seed": seed, "seconds": seconds}
                line["lsyn"], line["impossible"] = network.likelihood(made)
                line["ltest"], line["unseen"] = network.counted(made).likelihood(test)
                KEPT.add(line)
                say(json.dumps(line))


def report(lines):
    rows = []
    for name in NETWORKS:
        found = {}
        for line in lines:
            if line["network"] == name:
                found.setdefault(line["model"], []).append(line)
        for model in ["real rows", "chain", "circuit", *PEERS, "PrivBN", "independent columns"]:
            cells = [name, model]
            for at, figure in enumerate(["lsyn", "ltest"]):
                values = [line[figure] for line in found.get(model, [])]
                wide = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
                cells.append(f"{statistics.median(values):.2f}{wide}" if values else "")
                paper = PUBLISHED.get(model, {}).get(name)
                cells.append(f"{paper[at]}" if paper else "")
            for figure, digits in [("impossible", 2), ("unseen", 2)]:
                values = [100 * line[figure] for line in found.get(model, [])]
                cells.append(f"{statistics.median(values):.{digits}f}" if values else "")
            rows.append([*cells, str(len(found.get(model, []))) if model in found else ""])
    store(
        "networks",
        {
            "kind": "table",
            "title": "Rows of known networks",
            "about": "10 000 rows of a Bayesian network learned from, as many made. Nats a row, median (range) over draws: `Lsyn` of made "
            "rows in the true network, `Ltest` of other real rows in a network of the same arrows counted from made rows; an impossible row counts as 1e-8. "
            "Published: Xu et al., NeurIPS 2019. `chain` and `circuit` have their defaults; TVAE and CTGAN with theirs (300 epochs). "
            "`impossible` are the made rows that the network never makes, in percent, `unseen` the test rows that the counted one never makes.",
            "machine": machine(),
            "columns": ["network", "rows of", "Lsyn", "published", "Ltest", "published", "impossible %", "unseen %", "draws"],
            "rows": rows,
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT / "../shared/data")))
    parser.add_argument("--only", default=",".join(NETWORKS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", default="chain,circuit")
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
