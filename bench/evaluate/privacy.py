"""What it costs to keep no values of single rows, and what is left under differential privacy: the numbers of docs/privacy.md.

    python privacy.py VERIDIC DATA_FOLDER [--threads N] [--repeats N]

Learns from the published training file of Adult, makes as many rows, and judges them against the training and the published test file: a
chain; a chain that stores no values; private marginals of epsilon 1 and 10, each fitted N times, for noise is another each time. Floor and
ceiling are those of `veridic evaluate`: columns shuffled each for itself, other real rows.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from fairness import adult

FIGURES = [
    "table.shapes", "table.pairs", "table.c2st_unseen", "table.alpha_precision", "table.beta_recall", "table.tstr",
    "privacy.exact_copies", "privacy.dcr_share", "privacy.membership_auc", "privacy.domias_auc", "privacy.disclosure",
    "privacy.singling_out", "privacy.quasi_one", "privacy.quasi_below_5",
]
QUASI = "age,race,sex,education,native-country"
# What is known of the columns without the data: the codebook of the census.
RANGES = {"age": [0, 120], "fnlwgt": [0, 2000000], "education-num": [1, 16], "capital-gain": [0, 100000], "capital-loss": [0, 10000],
          "hours-per-week": [0, 100]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("veridic")
    parser.add_argument("data", type=Path)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    binary = str(Path(options.veridic).resolve())
    chain = ["--set", "model=chain"]
    private = ["--set", "model=private-marginals"]
    for column, ends in RANGES.items():
        private += ["--set", f"model.private-marginals.ranges.{column}={ends}"]
    fits = {"chain": chain, "no values": [*chain, "--set", "data.privacy.store-values=false"]}
    for epsilon in [10, 1]:
        for repeat in range(options.repeats):
            fits[f"epsilon {epsilon}, {repeat}"] = [*private, "--set", f"model.private-marginals.epsilon={epsilon}.0"]
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        run = lambda *arguments: subprocess.run([binary, *arguments], check=True, cwd=place, capture_output=True, text=True)
        n = adult(options.data / "adult/adult.data.gz", place / "real.csv")
        adult(options.data / "adult/adult.test.gz", place / "unseen.csv")
        found = {}
        for name, settings in fits.items():
            out = name.replace(" ", "-").replace(",", "")
            run("fit", "real.csv", "--target", "income", "--out", out, "--set", "data.split.test=0.0", "--threads", options.threads, *settings)
            run("sample", out, "-n", str(n), "-o", f"{out}.csv")
            run("evaluate", "real.csv", f"{out}.csv", "--unseen", "unseen.csv", "--target", "income", "--positive", ">50K", "--quasi", QUASI,
                "-o", f"{out}.html", "--threads", options.threads)
            found[name] = json.loads((place / f"{out}.json").read_text())
            print(f"\n{name}", *(f"{finding['word']}: {finding['text']}" for finding in found[name]["findings"]), sep="\n  ", flush=True)
        first = found["chain"]["figures"]
        table = {"floor": {f: first.get(f"floor.{f}") for f in FIGURES}, "ceiling": {f: first.get(f"ceiling.{f}", first.get(f"baseline.{f}")) for f in FIGURES}}
        table |= {name: of["figures"] for name, of in found.items()}
        print(f"\n{'':26}" + "".join(f"{name:>14}" for name in table))
        for figure in FIGURES:
            cells = [f"{of[figure]:14.4f}" if of.get(figure) is not None else " " * 14 for of in table.values()]
            print(f"{figure:26}" + "".join(cells))
        for name in ["chain", "no-values"]:
            shown = run("show", name).stdout
            print(f"\n{name}: values of the data\n{shown[shown.index('values of the data'):]}")


if __name__ == "__main__":
    main()
