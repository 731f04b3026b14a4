"""The numbers of docs/fairness.md: groups of Adult in real rows, in made ones, and as classifiers decide that learned from either.

    python fairness.py VERIDIC DATA_FOLDER [--picture docs/images/adult-fairness.png]

Learns from the published training file, makes as many rows, as they come and with sex and income balanced, and judges both against the published
test file. --picture needs Playwright and Chromium, as tests/browser/run does.
"""

import argparse
import csv
import gzip
import json
import subprocess
import tempfile
from pathlib import Path

NAMES = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
    "capital-gain,capital-loss,hours-per-week,native-country,income"
).split(",")


def adult(path, out):
    with gzip.open(path, "rt") as file, open(out, "w", newline="") as to:
        lines = [line.strip().rstrip(".").split(", ") for line in file if "," in line and not line.startswith("|")]
        csv.writer(to).writerows([NAMES, *([cell.replace("?", "") for cell in line] for line in lines)])
    return len(lines)


def gaps(name, figures):
    print(f"\n{name:36} {'sex real':>9} {'synthetic':>9} {'race real':>9} {'synthetic':>9}")
    for what in ["base_gap", "selection_gap", "selection_ratio", "true_positive_gap", "false_positive_gap"]:
        values = [figures[f"{side}fairness.{column}.{what}"] for column in ["sex", "race"] for side in ["ceiling.", ""]]
        print(f"{what:36} " + " ".join(f"{value:9.3f}" for value in values))


def worth(name, figures):
    print(f"\n{name:36} {'synthetic':>9} {'floor':>9} {'ceiling':>9}")
    for what in ["table.shapes", "table.pairs", "table.c2st_unseen", "table.beta_recall", "table.tstr"]:
        print(f"{what:36} " + " ".join(f"{figures[side + what]:9.3f}" for side in ["", "floor.", "ceiling."]))


def picture(page, out):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1080, "height": 900})
        view.goto(page.as_uri())
        heading = view.get_by_role("heading", name="Groups by sex").bounding_box()
        end = view.get_by_role("heading", name="Groups by race").bounding_box()
        area = {"x": 0, "y": heading["y"], "width": 1080, "height": end["y"] - heading["y"] - 20}
        view.screenshot(path=out, clip=area, full_page=True)
        browser.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("veridic")
    parser.add_argument("data", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    binary = str(Path(options.veridic).resolve())
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        run = lambda *arguments: subprocess.run([binary, *arguments, "--quiet"], check=True, cwd=place)
        n = adult(options.data / "adult/adult.data.gz", place / "real.csv")
        adult(options.data / "adult/adult.test.gz", place / "unseen.csv")
        run("fit", "real.csv", "--target", "income", "--set", "data.split.test=0.05", "--out", "run")
        run("sample", "run", "-n", str(n), "-o", "made.csv")
        run("sample", "run", "-n", str(n), "--balance", "sex,income", "-o", "balanced.csv")
        for name in ["made", "balanced"]:
            run("evaluate", "real.csv", f"{name}.csv", "--unseen", "unseen.csv", "--target", "income", "--positive", ">50K",
                "--protected", "sex,race", "-o", f"{name}.html")
            found = json.loads((place / f"{name}.json").read_text())
            gaps(name, found["figures"])
            worth(name, found["figures"])
            print(*(f"{finding['word']}: {finding['text']}" for finding in found["findings"]), sep="\n")
        for column in found["fairness"]:
            proxies = [f"{proxy['column']} {proxy['real']:.2f}" for proxy in column["proxies"][:4]]
            print(f"\nproxies of {column['column']}: {', '.join(proxies)}")
        if options.picture:
            picture(place / "made.html", options.picture)


if __name__ == "__main__":
    main()
