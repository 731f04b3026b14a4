"""The same files judged by `veridic evaluate` and by SDMetrics, Anonymeter and fairlearn: both values, and how far they lie apart.

    pip install sdmetrics==0.32.0 anonymeter==1.1.0 fairlearn==0.15.0
    python compare.py VERIDIC ADULT_FOLDER

2000 rows of Adult are learned from, 2000 are made, and 2000 others are unseen; so few that nothing has to be sampled. Shapes, trends and base
rates have to agree to the third decimal, which is asserted. Attacks that guess from all other cells are the same rows and nearest rows, up to
ties; singling out draws its conditions at random in both, so intervals have to overlap.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
from fairlearn.metrics import demographic_parity_difference
from sdmetrics.column_pairs import ContingencySimilarity
from sdmetrics.reports.single_table import QualityReport

NAMES = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
    "capital-gain,capital-loss,hours-per-week,native-country,income"
).split(",")
NUMBERS = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
ROWS = 2000
POSITIVE = ">50K"


def adult(path):
    with gzip.open(path, "rt") as file:
        lines = [line.strip().rstrip(".").split(", ") for line in file if "," in line and not line.startswith("|")]
    # Rows with missing cells are left out: the libraries differ in what they do with them.
    return pd.DataFrame([line for line in lines if "?" not in line][:ROWS], columns=NAMES)


def show(name, ours, theirs):
    print(f"{name:44} {ours:8.4f} {theirs:8.4f} {abs(ours - theirs):8.4f}")


def fidelity(own, made, found):
    """Veridic compares with unseen rows, where there are some."""
    kinds = {name: {"sdtype": "numerical" if name in NUMBERS else "categorical"} for name in NAMES}
    report = QualityReport()
    # By default pairs that hardly go together are left out; here all are compared.
    report.real_correlation_threshold = report.real_association_threshold = 0
    report.generate(own, made, {"columns": kinds, "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1"}, verbose=False)
    shapes = report.get_details("Column Shapes").set_index("Column")["Score"]
    far = []
    for name, ours in found["columns"]:
        show(f"shape {name}", ours, shapes[name])
        far.append(abs(ours - shapes[name]))
    trends = report.get_details("Column Pair Trends").set_index(["Column 1", "Column 2"])["Score"]
    theirs = {frozenset(pair): score for pair, score in trends.items()}
    print(f"\n{'trends that differ most':44} veridic  library    apart")
    # SDMetrics' report cuts numbers beside a category by the range of each table for itself, so that one large value makes other bins
    # of all rows; Veridic cuts both tables by the bins of the real one. With such bins, SDMetrics' metric is asked again.
    again = {}
    for left, right in map(sorted, theirs):
        if (left in NUMBERS) != (right in NUMBERS):
            cut = [table[[left, right]].copy() for table in (own, made)]
            number = left if left in NUMBERS else right
            edges = np.histogram_bin_edges(own[number])
            for table in cut:
                table[number] = np.digitize(table[number], edges)
            again[frozenset((left, right))] = ContingencySimilarity.compute(*cut)
    for title, known in [("as reported", theirs), ("bins of the real rows", {**theirs, **again})]:
        apart = lambda pair: abs(pair[2] - known[frozenset(pair[:2])])
        worst = max(found["pairs"], key=apart)
        show(f"{title}: {worst[0]}, {worst[1]}", worst[2], known[frozenset(worst[:2])])
        show(f"{title}: mean", found["figures"]["table.pairs"], sum(known.values()) / len(known))
    far.append(apart(worst))
    show("mean of shapes", found["figures"]["table.shapes"], shapes.mean())
    assert max(far) < 5e-4, max(far)


def privacy(real, made, unseen, found):
    ours = {(attack["name"], attack["column"]): attack["risk"] for attack in found["attacks"]}
    print(f"{'':44} {'attack':>17} {'control':>17} {'risk':>17}")

    def beside(name, key, results):
        risk = ours[key]
        theirs = [results.attack_rate.value, results.control_rate.value, results.risk().value]
        pairs = zip([risk["attack"]["value"], risk["control"]["value"], risk["risk"]], theirs)
        print(f"{name:44} " + " ".join(f"{a:8.4f} {b:8.4f}" for a, b in pairs))

    for secret in NAMES:
        evaluator = InferenceEvaluator(
            ori=real, syn=made, control=unseen, aux_cols=[name for name in NAMES if name != secret], secret=secret,
            regression=secret in NUMBERS, n_attacks=ROWS,
        )
        evaluator.evaluate(n_jobs=2)
        beside(f"guessing {secret}", ("disclosure", secret), evaluator.results())
    halves = (NAMES[0::2], NAMES[1::2])
    evaluator = LinkabilityEvaluator(ori=real, syn=made, control=unseen, aux_cols=halves, n_attacks=ROWS, n_neighbors=1)
    evaluator.evaluate(n_jobs=2)
    beside("linking two halves", ("linkability", None), evaluator.results())
    evaluator = SinglingOutEvaluator(ori=real, syn=made, control=unseen, n_attacks=500, n_cols=3)
    evaluator.evaluate(mode="multivariate")
    beside("singling out by three columns", ("singling_out", None), evaluator.results())


def fairness(real, made, found):
    for name, table, figure in [
        ("base gap of real rows", real, "ceiling.fairness.sex.base_gap"),
        ("base gap of made rows", made, "fairness.sex.base_gap"),
    ]:
        truth = (table["income"] == POSITIVE).astype(int)
        theirs = demographic_parity_difference(truth, truth, sensitive_features=table["sex"])
        show(name, found["figures"][figure], theirs)
        assert abs(found["figures"][figure] - theirs) < 5e-4


def main():
    binary, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        for name in ["data", "test"]:
            adult(folder / f"adult.{name}.gz").to_csv(place / f"{name}.csv", index=False)
        run = lambda *arguments: subprocess.run([binary, *arguments, "--quiet"], check=True, cwd=place)
        run("fit", "data.csv", "--out", "run", "--set", "evaluate.sample-rows=0")
        run("sample", "run", "-n", str(ROWS), "-o", "made.csv")
        run("evaluate", "data.csv", "made.csv", "--unseen", "test.csv", "--target", "income", "--positive", POSITIVE,
            "--protected", "sex", "-o", "report.html")
        found = json.loads((place / "report.json").read_text())
        real, made, unseen = (pd.read_csv(place / name) for name in ["data.csv", "made.csv", "test.csv"])
    print(f"{'':44} {'veridic':>8} {'library':>8} {'apart':>8}")
    fidelity(unseen, made, found)
    privacy(real, made, unseen, found)
    fairness(real, made, found)


if __name__ == "__main__":
    main()
