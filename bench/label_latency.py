"""Measures the time from a key to the next item on the screen of the labelling page, in Chromium with 100 000 items, and
stores results/label-latency.json.

    target/browser/bin/python bench/label_latency.py VERIDIC [--browser chromium] [--presses 300]

`tests/browser/run` makes the environment. Then: python bench/run.py --workloads '' --no-binary --render
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from run import ROOT, machine, store

sys.path.insert(0, str(ROOT / "tests" / "browser"))


def main():
    from playwright.sync_api import sync_playwright

    import label_page

    parser = argparse.ArgumentParser()
    parser.add_argument("veridic")
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--presses", type=int, default=300)
    options = parser.parse_args()
    where, rows = machine(), []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(options.browser), args=["--no-sandbox"])
        binary = str(Path(options.veridic).resolve())
        for name, times in label_page.measured(binary, Path(place), browser, options.presses).items():
            ninth = times[int(0.95 * len(times))]
            rows.append([name, str(len(times)), *(f"{value:.0f}" for value in (statistics.median(times), ninth, times[-1]))])
        browser.close()
    about = (
        "From the time stamp of the key to the end of the frame that shows the next item, in Chromium without a graphics card, "
        "100 000 items, the model learning beside it. Each decision is on disk (fsync) before the page moves on."
    )
    columns = ["what is labelled", "keys", "median, ms", "95 % below, ms", "most, ms"]
    store("label-latency", {"kind": "table", "title": "Labels: from a key to the next item", "about": about, "machine": where,
                            "columns": columns, "rows": rows})


if __name__ == "__main__":
    main()
