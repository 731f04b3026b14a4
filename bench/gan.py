"""Fits adversarial recipes with many seeds and stores what their samples are like in results/gan.json.

python bench/gan.py [--only gaussian-gan,...] [--seeds 10] [--first 1] [--tricks 5]
then: python bench/run.py --workloads '' --no-binary --render

Seeds run side by side on one thread each; results do not depend on that, only on seed and recipe.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor

from run import BENCH, RESULTS, ROOT, machine, say, store

ALONE = ["model.gan.minibatch.kernels=0"]
# Even noise, small batches, one update each at one rate that does not fall, and the last weights.
BOOK = [
    *("model.gan.noise={ stratified = 8.0 }", "train.batch=8"),
    *("model.gan.discriminator-updates=1", "model.gan.discriminator-optimizer.adam.rate=0.001"),
    *("train.schedule=constant", "model.gan.average=0.0"),
]
SPREAD = ["sample.mean", "sample.sd", "sample.kolmogorov_smirnov"]
COVERED = ["sample.modes", "sample.high_quality", "sample.reverse_kl"]
# What is fitted, with which overrides, and the figures that count.
CASES = {
    "gaussian-gan": ("gaussian-gan", [], SPREAD),
    "gaussian-gan without minibatch": ("gaussian-gan", ALONE, SPREAD),
    "gaussian-gan by the book": ("gaussian-gan", BOOK, SPREAD),
    "gaussian-gan by the book without minibatch": ("gaussian-gan", [*BOOK, *ALONE], SPREAD),
    "ring-gan": ("ring-gan", [], COVERED),
    "grid-gan": ("grid-gan", [], COVERED),
}
# When a seed has met its goal.
MET = {
    "gaussian-gan": lambda r: abs(r["sample.mean"] - 4) < 0.15 and r["sample.kolmogorov_smirnov"] <= 0.03,
    "ring-gan": lambda r: r["sample.modes"] == 8,
    "grid-gan": lambda r: r["sample.modes"] == 25,
}


def layers(activation, *others):
    """Three hidden layers of the grid's networks, with what follows each."""
    return "[" + ", ".join(f'{{ dense = 128, activation = "{activation}" }}{"".join(others)}' for _ in range(3)) + "]"


# Tricks, each changed alone in the recipe of the grid at less than half its length.
SHORT = ["train.epochs=15"]
TRICKS = {
    "as shipped": [],
    "values within 0 and 1 (not standardized)": ['codec.numeric="min-max"'],
    "minimax loss": ['model.gan.objective="minimax"'],
    "least squares": ['model.gan.objective="least-squares"'],
    "hinge": ['model.gan.objective="hinge"'],
    "Wasserstein, gradient penalty 10": ['model.gan.objective="wasserstein"', "model.gan.penalty={ gradient = 10.0 }"],
    "normal noise": ['model.gan.noise="normal"'],
    "batch norm in G": ["model.gan.generator=" + layers("relu", ", { batch-norm = 0.9 }")],
    "no penalty": ["model.gan.penalty={ real-gradient = 0.000001 }"],
    "batch norm in D, separate batches": [
        "model.gan.penalty={ clip = 1000.0 }",
        "model.gan.discriminator=" + layers("leaky-relu", ", { batch-norm = 0.9 }"),
    ],
    "batch norm in D, mixed batches": [
        "model.gan.penalty={ clip = 1000.0 }",
        "model.gan.discriminator=" + layers("leaky-relu", ", { batch-norm = 0.9 }"),
        "model.gan.mixed-batches=true",
    ],
    "real labels 0.9": ["model.gan.labels.real=[0.9, 0.9]"],
    "real labels 0.7 to 1.2": ["model.gan.labels.real=[0.7, 1.2]"],
    "real labels 0.7 to 1.2, made 0 to 0.3": ["model.gan.labels={ real = [0.7, 1.2], made = [0.0, 0.3] }"],
    "5 % of labels flipped": ["model.gan.labels.flip=0.05"],
    "relu in D": ["model.gan.discriminator=" + layers("relu")],
    "SGD for D": ["model.gan.discriminator-optimizer={ sgd = { rate = 0.05, momentum = 0.5 } }"],
    "G goes on while its loss is above 1": ["model.gan.generator-while-above=1.0"],
    "two updates of D": ["model.gan.discriminator-updates=2"],
    "input noise 0.1, to 0": ["model.gan.input-noise=0.1"],
    "noise layers 0.1 in D": ["model.gan.discriminator=" + layers("leaky-relu", ", { noise = 0.1 }")],
    "dropout 0.1 in G, on in sampling": [
        "model.gan.generator=" + layers("relu", ", { dropout = 0.1 }"),
        "model.gan.sample-dropout=true",
    ],
    "history 0.01": ["model.gan.history=0.01"],
    "replay of 200 steps": ["model.gan.replay=200"],
    "target network 0.99": ["model.gan.target=0.99"],
    "diversity 0.1": ["model.gan.diversity=0.1"],
    "feature matching 1": ["model.gan.feature-matching=1.0"],
    "no average of G": ["model.gan.average=0.0"],
    "packing 2": ["model.gan.packing=2"],
    "minibatch discrimination": ["model.gan.penalty={ clip = 1000.0 }", "model.gan.minibatch={ group = 16 }"],
    "spectral norm": ["model.gan.spectral-norm=true"],
}
ABLATED = ["trick", "modes", "", "high quality", "", "reverse KL", "", "all modes found", "vectors"]
COLUMNS = ["recipe", "seeds", "goal met", "figure", "mean", "standard error", "least", "most"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CASES), help="recipes to fit; '' for none")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--tricks", type=int, default=0, help="seeds of the ablation of tricks; 0 leaves it out")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="fits side by side")
    parser.add_argument("--veridic", default=str(ROOT / "target" / "release" / "veridic"))
    args = parser.parse_args()
    if args.only:
        seeds(args)
    if args.tricks:
        tricks(args)


def seeds(args):
    """Fits recipes with many seeds, and stores a row a figure."""
    about = (
        "Recipes at full length with seeds counted up. The goal of `gaussian-gan` is a mean within 0.15 of 4 and a deviation "
        "within 0.15 of 0.5; of `ring-gan` and `grid-gan` that all 8 and 25 modes are found in 2 500 samples (real samples: "
        "high quality 0.989, reverse KL 0.0014 and 0.0048)."
    )
    rows = []
    path = RESULTS / "gan.json"
    if path.is_file():
        rows = [row for row in json.loads(path.read_text())["rows"] if row[0] not in args.only.split(",")]
    for name in args.only.split(","):
        recipe, sets, figures = CASES[name]
        reports = fitted(args, name, recipe, sets, args.first, args.seeds)
        met = sum(map(MET[recipe], reports))
        for figure in figures:
            values = [each[figure] for each in reports if figure in each]
            numbers = [f"{value:.4g}" for value in (statistics.mean(values), error(values), min(values), max(values))]
            span = f"{args.first} to {args.first + args.seeds - 1}"
            rows.append([name, span, f"{met} of {args.seeds}", figure, *numbers])
            say(" ".join(rows[-1]))
        store("gan", {"kind": "table", "title": "Adversarial networks over seeds", "about": about, "machine": machine(),
                      "columns": COLUMNS, "rows": rows})  # fmt: skip


def tricks(args):
    """Fits the grid with each trick alone, and stores a row a trick."""
    about = (
        f"Tricks of adversarial training, each changed alone in `grid-gan` ({', '.join(SHORT)}), seeds 1 to {args.tricks}; "
        "mean and, behind ±, standard error. All settings are in `bench/gan.py`. 25 modes can be found; real samples have "
        "high quality 0.989 and reverse KL 0.0048; where no sample is of high quality there is no divergence."
    )
    rows = []
    path = RESULTS / "tricks.json"
    if path.is_file():
        stored = json.loads(path.read_text())
        # Of a measurement that was cut off; a row is of the same recipe, length and seeds, or is measured again.
        rows = stored["rows"] if stored["about"] == about and len(stored["rows"]) < len(TRICKS) else []
        # The instruction set rounds in its own way, and a measurement may go on with another one.
        rows = [row if len(row) == len(ABLATED) else [*row, stored["machine"]["vectors"]] for row in rows]
    for name, sets in list(TRICKS.items())[len(rows) :]:
        reports = fitted(args, f"trick {name}", "grid-gan", [*SHORT, *sets], 1, args.tricks)
        row = [name]
        for figure, digits in zip(COVERED, (1, 3, 3), strict=True):
            values = [each[figure] for each in reports if figure in each]
            if values:
                row += [f"{statistics.mean(values):.{digits}f}", f"± {error(values):.{digits}f}"]
            else:
                row += ["", ""]
        rows.append([*row, f"{sum(map(MET['grid-gan'], reports))} of {args.tricks}", machine()["vectors"]])
        say(" ".join(rows[-1]))
        store("tricks", {"kind": "table", "title": "Tricks of adversarial training", "about": about,
                         "machine": machine(), "columns": ABLATED, "rows": rows})  # fmt: skip


def error(values):
    """The standard error of their mean."""
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def fitted(args, name, recipe, sets, first, count):
    """The reports of a recipe fitted with seeds counted up, side by side."""
    out = BENCH / ".work" / "gan" / "".join(c if c.isalnum() else "-" for c in name)

    def report(seed):
        shutil.rmtree(out / str(seed), ignore_errors=True)
        command = [args.veridic, "fit", "--recipe", recipe, "--seed", str(seed), "--threads", "1", "--quiet"]
        command += ["--out", out / str(seed), "--set", "figure=[]", "--set", "evaluate.picture-every=0"]
        subprocess.run([*command, *(part for each in sets for part in ("--set", each))], check=True)
        return json.loads((out / str(seed) / "report.json").read_text())

    with ThreadPoolExecutor(args.jobs) as side_by_side:
        return list(side_by_side.map(report, range(first, first + count)))


if __name__ == "__main__":
    main()
