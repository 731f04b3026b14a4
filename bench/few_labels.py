"""Prints what few labels bring: card frauds over ten draws, and digits by the number of labels.

python bench/few_labels.py [--data-dir DIR] [--binary PATH] [--only card,digits] [--draws N] [--labels 10,20,50,100,200]

Card frauds: the recipe `creditcard-sgan`, which compares networks and classifiers on draws of its own; medians with the least
and the largest. Digits: for each number of labels and each seed a run of `mnist-few-labels` (the graph alone) and of
`mnist-self-training` (the network guided by it); median error on the 10 000 test digits with the range, and seconds. Runs lie
in a temporary folder. Results are printed, nothing is stored.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIGITS = ["mnist-few-labels", "mnist-self-training"]


def fit(binary, recipe, data_dir, out, *sets):
    """Fits a recipe; gives its report and the seconds it took."""
    command = [str(binary), "fit", "--recipe", recipe, "--data-dir", str(data_dir), "--out", str(out), "--quiet"]
    for name, value in sets:
        command += ["--set", f"{name}={value}"]
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((out / "report.json").read_text()), time.monotonic() - begun


def card(binary, data_dir, folder, draws):
    report, seconds = fit(binary, "creditcard-sgan", data_dir, folder / "card", ("few-labels.draws", draws))
    print(f"card frauds, {draws} draws, {seconds:.0f} s: median (least to largest)")
    for name in sorted(report):
        if f"{name}.low" in report:
            print(f"  {name:52} {report[name]:.3f} ({report[f'{name}.low']:.3f} to {report[f'{name}.high']:.3f})")


def digits(binary, data_dir, folder, draws, labels):
    for recipe in DIGITS:
        for count in labels:
            errors, times = [], []
            for seed in range(draws):
                out = folder / f"{recipe}-{count}-{seed}"
                report, seconds = fit(binary, recipe, data_dir, out, ("data.labelled", count), ("seed", seed))
                errors.append(100 * report["test.error"])
                times.append(seconds)
            print(
                f"{recipe:22} {count:4} labels: {statistics.median(errors):.2f} % "
                f"({min(errors):.2f} to {max(errors):.2f}), {statistics.median(times):.0f} s",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", "data")))
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "veridic")
    parser.add_argument("--only", default="card,digits")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--labels", default="10,20,50,100,200")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if "card" in options.only:
            card(options.binary, options.data_dir, Path(folder), options.draws)
        if "digits" in options.only:
            labels = [int(count) for count in options.labels.split(",")]
            digits(options.binary, options.data_dir, Path(folder), options.draws, labels)


if __name__ == "__main__":
    main()
