"""Fits every recipe to its full length and stores what report.json says in results/recipes.json.

python bench/recipes.py [--data-dir DIR] [--only NAME,...]   then: python bench/run.py --workloads '' --no-binary --render

Figures stay in bench/.work/recipes/NAME/figures.
"""

import argparse
import json
import os
import shutil
import subprocess

from run import BENCH, ROOT, RESULTS, machine, say, store

FIGURES = [
    "train.loss",
    "test.loss",
    "test.loss_per_pixel",
    "test.elbo",
    "test.nll",
    "latent.active_units",
    "latent.probe_accuracy",
    "test.auroc",
    "test.average_precision",
    "control.pca.auroc",
    "control.pca.average_precision",
    "control.knn.auroc",
    "control.knn.average_precision",
    "sample.shape_similarity",
    "sample.correlation_similarity",
]

# Days on a processor: only when asked for with --only.
LONG = {"mnist-iwae-paper"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("VERIDIC_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data-dir", default=default)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    names = sorted(path.stem for path in (ROOT / "recipes").glob("*.toml") if path.stem not in LONG)
    if args.only:
        names = args.only.split(",")
    about = "Every recipe at its full length; figures of `report.json`, training time in seconds with all cores."
    where = machine()
    rows = []
    for name in names:
        say(f"fitting {name}")
        out = BENCH / ".work" / "recipes" / name
        shutil.rmtree(out, ignore_errors=True)
        veridic = ROOT / "target" / "release" / "veridic"
        command = [veridic, "fit", "--recipe", name, "--data-dir", args.data_dir, "--out", out, "--quiet"]
        subprocess.run(command, check=True)
        report = json.loads((out / "report.json").read_text())
        seconds = json.loads((out / "run.json").read_text())["seconds"]
        cells = [f"{report[key]:.4g}" if key in report else "" for key in FIGURES]
        rows.append([name, f"{report['train.epochs']:.0f}", f"{seconds:.2f}", *cells])
    RESULTS.mkdir(exist_ok=True)
    columns = ["recipe", "epochs", "seconds", *FIGURES]
    store("recipes", {"kind": "table", "title": "Recipes", "about": about, "machine": where, "columns": columns, "rows": rows})


if __name__ == "__main__":
    main()
