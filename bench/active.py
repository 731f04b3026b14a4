"""Measures what asking for labels is worth: every way of asking on card frauds, adult and digits, and stores results/active.json.

    python bench/active.py [--data-dir DIR] [--binary PATH] [--only creditcard,adult,mnist] [--draws 10] [--budget 500]
        [--strategies A,B,...] [--threads N] [--pictures FOLDER]
    then: python bench/run.py --workloads '' --no-binary --render

Nobody is asked: `veridic label --simulate` gives out known labels as each way wants them. Ways that are stored and not named in
`--strategies` are kept, as long as nothing else differs. `--pictures` keeps the curves as the program draws them.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from run import RESULTS, ROOT, machine, say, store

SETS = {
    "creditcard": ("creditcard/creditcard_subset.csv.gz", ["--target", "Class", "--hide", "Time"], "card frauds, average precision"),
    "adult": ("adult.csv", ["--target", "income", "--hide", "fnlwgt"], "adult, AUROC"),
    "mnist": ("mnist", [], "digits, accuracy"),
}  # fmt: skip
ADULT = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,capital-loss,"
    "hours-per-week,native-country,income"
)


def simulate(options, name, folder):
    place, more, _ = SETS[name]
    out, data = folder / name, options.data_dir / place
    if name == "adult":
        # The file has no names of columns.
        data = folder / place
        text = gzip.decompress((options.data_dir / "adult" / "adult.data.gz").read_bytes()).decode()
        data.write_text(ADULT + "\n" + text.replace(", ", ",").strip() + "\n")
    command = [str(options.binary), "label", str(data), "--simulate", str(out), *more]
    command += ["--budget", str(options.budget), "--draws", str(options.draws)]
    command += ["--strategies", options.strategies] if options.strategies else []
    command += ["--threads", str(options.threads)] if options.threads else []
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        for ending in ("svg", "png"):
            shutil.copy(out / f"medians.{ending}", options.pictures / f"active-{name}.{ending}")
    return json.loads((out / "report.json").read_text()), time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data")))
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "veridic")
    parser.add_argument("--only", default="creditcard,adult,mnist")
    parser.add_argument("--strategies", default="")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--budget", type=int, default=500)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    where, path = machine(), RESULTS / "active.json"
    runs = json.loads(path.read_text())["runs"] if path.is_file() else {}
    of = {"draws": options.draws, "budget": options.budget}
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            report, seconds = simulate(options, name, Path(folder))
        say(f"{name}: {seconds:.0f} s")
        kept = runs.get(name, {})
        if kept.get("of") != of:
            kept = {"of": of, "report": {}}
        kept["report"] |= report
        runs[name] = kept
        store("active", result(runs, of, where))


def result(runs, of, where):
    rows = []
    for name, (_, _, words) in SETS.items():
        report = runs.get(name, {"report": {}})["report"]
        ways = {key.split(".")[1] for key in report}
        for way in sorted(ways, key=lambda way: -report[f"active.{way}.area"]):

            def cell(figure, digits=3, way=way, report=report):
                low, middle, high = (report[f"active.{way}.{figure}{end}"] for end in (".low", "", ".high"))
                return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

            found = "" if name == "mnist" else f"{report[f'active.{way}.found_100']:.0f} / {report[f'active.{way}.found']:.0f}"
            rows.append([words, f"`{way}`", cell("area"), cell("last"), cell("labels_to_random", 0), found])
    about = (
        "`veridic label --simulate`: a logistic regression learns after each ten labels and is tested on rows that are not asked for; "
        f"medians of {of['draws']} draws of the pool, the test rows and the start, with the least and the largest. Area: mean over the "
        f"curve to {of['budget']} labels. Labels to random: those from which the quality holds for three batches what chance reaches "
        f"with all {of['budget']}; {of['budget'] + 10} where it never does. Found: rows of the rarer class among the first 100 and all."
    )
    columns = ["data, quality", "asking", "area", "last", "labels to random", "found"]
    return {"kind": "table", "title": "Asking for labels", "about": about, "machine": where,
            "columns": columns, "rows": rows, "runs": runs}  # fmt: skip


if __name__ == "__main__":
    main()
