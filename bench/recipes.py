"""Fits every recipe to its full length and stores what report.json says in results/recipes.json and adversarial.json.

python bench/recipes.py [--data-dir DIR] [--only NAME,...] [--seeds N]
then: python bench/run.py --workloads '' --no-binary --render

Figures stay in bench/.work/recipes/NAME/figures. With --only, the rows of other recipes are kept. With --seeds, each recipe
is fitted with the seeds 0 to N - 1, and a cell holds the median and the range. With --runs DIR, the finished run DIR/NAME is
taken where it is there and has the recipe's configuration, instead of fitting again. Results are stored after each recipe.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tomllib
from pathlib import Path

from run import BENCH, ROOT, RESULTS, machine, say, store

FIGURES = [
    "train.loss",
    "test.loss",
    "test.loss_per_pixel",
    "test.elbo",
    "test.nll",
    "latent.active_units",
    "test.noisy_error",
    "test.restored_error",
    "latent.probe_accuracy",
    "test.auroc",
    "test.average_precision",
    "control.pca.auroc",
    "control.pca.average_precision",
    "control.knn.auroc",
    "control.knn.average_precision",
    "sample.shape_similarity",
    "sample.correlation_similarity",
    "sample.frechet",
]

ADVERSARIAL = [
    "sample.mean",
    "sample.sd",
    "sample.modes",
    "floor.modes",
    "sample.high_quality",
    "sample.reverse_kl",
    "floor.reverse_kl",
    "sample.frechet",
    "floor.frechet",
    "sample.classifier_score",
    "classifier.accuracy",
    "sample.class_accuracy",
    "sample.diversity",
    "info.mutual_information",
    "info.category_error",
    "critic.quality_correlation",
    "test.accuracy",
    "transfer.accuracy",
]

ABOUT = (
    "Every recipe at its full length; figures of `report.json` (median and range of the seeds where several were run), "
    "training time in seconds with so many threads. "
    "Times were not taken on a quiet machine. Processor, date and commit above are those of the newest rows."
)
# The tables: title and figures.
TABLES = {"recipes": ("Recipes", FIGURES), "adversarial": ("Adversarial recipes", ADVERSARIAL)}
FIRST = ["recipe", "processor", "seeds", "epochs", "threads", "seconds"]

VERIDIC = Path(os.environ.get("VERIDIC", ROOT / "target" / "release" / "veridic"))

# Hours or days on a processor: only when asked for with --only.
LONG = {"mnist-iwae-paper", "mnist-gan", "cars-dcgan"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("VERIDIC_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data-dir", default=default)
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    names = sorted(path.stem for path in (ROOT / "recipes").glob("*.toml") if path.stem not in LONG)
    if args.only:
        names = args.only.split(",")
    where = machine()
    tables = {table_of(name) for name in names}
    rows = {table: kept(table) if args.only else {} for table in TABLES}
    for name in names:
        table = table_of(name)
        runs = [fitted(args, name, seed) for seed in range(args.seeds)]
        reports = [json.loads((out / "report.json").read_text()) for out in runs]
        infos = [json.loads((out / "run.json").read_text()) for out in runs]
        cells = [over_seeds([report[key] for report in reports if key in report], "{:.4g}") for key in TABLES[table][1]]
        epochs = over_seeds([report.get("train.epochs", 0) for report in reports], "{:.0f}")
        seconds = over_seeds([info["seconds"] for info in infos], "{:.2f}")
        rows[table][name] = [
            name, processor(where), str(len(runs)), epochs, str(infos[0]["threads"]), seconds, *cells,
        ]
        write({table}, rows, where)
    write(tables, rows, where)


def fitted(args, name, seed):
    """The finished run of a recipe with a seed, fitted unless it is among `--runs`."""
    found = finished(args.runs, name) if seed == 0 else None
    if found is not None:
        return found
    say(f"fitting {name}, seed {seed}")
    out = BENCH / ".work" / "recipes" / (name if seed == 0 else f"{name}-{seed}")
    shutil.rmtree(out, ignore_errors=True)
    command = [VERIDIC, "fit", "--recipe", name, "--data-dir", args.data_dir, "--out", out, "--quiet"]
    if seed > 0:
        command += ["--set", f"seed={seed}"]
    subprocess.run(command, check=True)
    return out


def over_seeds(values, form):
    """The median of values, and their range where there are several."""
    if not values:
        return ""
    said = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return said[0] if said[1] == said[2] else f"{said[0]} ({said[1]} to {said[2]})"


def write(tables, rows, where):
    """Stores the tables, without the columns that no recipe of a table has."""
    RESULTS.mkdir(exist_ok=True)
    for table in tables:
        title, figures = TABLES[table]
        columns = [*FIRST, *figures]
        said = [i for i in range(len(columns)) if any(row[i] for row in rows[table].values())]
        result = {"kind": "table", "title": title, "about": ABOUT, "machine": where, "columns": [columns[i] for i in said]}
        store(table, result | {"rows": [[rows[table][name][i] for i in said] for name in sorted(rows[table])]})


def table_of(name):
    """The table that a recipe's figures belong into."""
    model = tomllib.loads((ROOT / "recipes" / f"{name}.toml").read_text()).get("model", {})
    return "adversarial" if "gan" in model or "aae" in model else "recipes"


def processor(where):
    """What a row was made on: another instruction set rounds in its own way."""
    return f"{where['processor']}, {where['vectors']}"


def kept(table):
    """The rows of the last results by recipe, in today's columns."""
    path = RESULTS / f"{table}.json"
    if not path.is_file():
        return {}
    last = json.loads(path.read_text())
    before = {"processor": processor(last["machine"])}
    cells = [before | dict(zip(last["columns"], row)) for row in last["rows"]]
    columns = [*FIRST, *TABLES[table][1]]
    mine = [row for row in cells if table_of(row["recipe"]) == table]
    return {row["recipe"]: [row.get(column, "") for column in columns] for row in mine}


def finished(runs, name):
    """The run of a recipe in a folder of runs, if it is done and has the recipe's configuration."""
    run = runs / name if runs else None
    if run is None or not (run / "report.json").is_file():
        return None
    if json.loads((run / "run.json").read_text())["status"] != "done":
        return None
    recipe = ROOT / "recipes" / f"{name}.toml"
    # What the recipe says must be what the run was; defaults are written out in the run.
    asked, was = tomllib.loads(recipe.read_text()), tomllib.loads((run / "config.toml").read_text())
    if not contains(was, asked):
        say(f"{run} is another configuration than {recipe}; fitting again")
        return None
    return run


def contains(whole, part):
    """Whether every value of `part` is in `whole`, tables within tables."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and contains(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return abs(whole - part) < 1e-6 * max(1, abs(part)) if isinstance(part, float) else whole == part


if __name__ == "__main__":
    main()
