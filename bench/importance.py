"""Fits `mnist-iwae` with 1, 5 and 50 draws a digit on one budget and stores what report.json says in
results/importance.json.

python bench/importance.py [--data-dir DIR] [--threads N]   then: python bench/run.py --workloads '' --no-binary --render

A run that is there already goes on where it was, or is only read if it is done: bench/.work/importance/K.
"""

import argparse
import json
import os
import subprocess

from run import BENCH, ROOT, RESULTS, machine, say, store

DRAWS = [1, 5, 50]
FIGURES = ["test.nll", "test.elbo", "test.reconstruction", "test.kl", "latent.active_units", "latent.probe_accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("VERIDIC_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data-dir", default=default)
    parser.add_argument("--threads", default="2")
    args = parser.parse_args()
    where = machine()
    rows, first = [], None
    for draws in DRAWS:
        say(f"fitting mnist-iwae with {draws} draws")
        out = BENCH / ".work" / "importance" / str(draws)
        begun = ["--resume"] if (out / "run.json").exists() else []
        new = ["--recipe", "mnist-iwae", "--set", f"model.vae.samples={draws}"]
        command = [ROOT / "target" / "release" / "veridic", "fit", *(begun or new), "--data-dir", args.data_dir]
        subprocess.run([*command, "--threads", args.threads, "--out", out, "--quiet"], check=True)
        report = json.loads((out / "report.json").read_text())
        info = json.loads((out / "run.json").read_text())
        first = first or report["test.nll"]
        cells = [f"{report[key]:.5g}" for key in FIGURES]
        seconds = f"{info['seconds']:.0f}"
        rows.append([str(draws), f"{report['train.epochs']:.0f}", seconds, *cells, f"{first - report['test.nll']:.2f}"])
    about = (
        "`mnist-iwae` (784-200-200-50, tanh; dynamic binarization, 50 000 / 10 000 / 10 000 digits) with 1, 5 and 50 draws a"
        f" digit, everything else equal; the negative log-likelihood with {report['test.nll_samples']:.0f} importance samples,"
        " nats; training time in seconds."
    )
    columns = ["draws", "epochs", "seconds", *FIGURES, "better than one draw by"]
    RESULTS.mkdir(exist_ok=True)
    title = "Importance-weighted autoencoders"
    store("importance", {"kind": "table", "title": title, "about": about, "machine": where, "columns": columns, "rows": rows})


if __name__ == "__main__":
    main()
