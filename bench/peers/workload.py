"""What all peers share: the workloads, their data, the timed loop and the line that is printed.

One step of a workload is: gather the next batch of a shuffled epoch from a float32 matrix of all rows held in memory,
forward, loss, backward, update of every weight. The last batch of an epoch is left out where it is not full. Rows are
shuffled anew every epoch, inside the timed part. The clock runs after at least 0.5 seconds and 20 steps of warm-up.
"""

import argparse
import gzip
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

LOADED = time.time()
ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "bench" / ".work"


class Workload(NamedTuple):
    """Sizes of a workload; `data` is creditcard or mnist."""

    data: str
    columns: int
    hidden: int
    latent: int
    batch: int


WORKLOADS = {
    # 29-12-29, tanh, sigmoid, mean squared error, Adam
    "W1": Workload("creditcard", 29, 12, 0, 128),
    # 784-32-784, relu, logits, binary cross-entropy (mean over cells), Adam
    "W2": Workload("mnist", 784, 32, 0, 256),
    # 784-256-(32, 32)-256-784, relu, logits, binary cross-entropy (sum over columns) + KL, RMSprop
    "W3": Workload("mnist", 784, 256, 32, 100),
    # 28x28-conv 32-conv 64-128-(16, 16)-3136-conv transposed 32-conv transposed 1, 3x3 kernels of stride 2, relu,
    # logits, binary cross-entropy (sum over columns) + KL, Adam
    "C1": Workload("mnist", 784, 128, 16, 128),
}


def arguments(about, settings):
    """Parses the command line that all peers have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--workload", choices=list(WORKLOADS), required=True)
    parser.add_argument("--setting", choices=list(settings), required=True)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long to measure after the warm-up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--data-dir", type=Path, help="folder with mnist/ and creditcard/ (default: $VERIDIC_DATA or ../shared/data)"
    )
    return parser.parse_args()


def load(workload, data_dir=None):
    """All training rows [rows, columns] as float32 in [0, 1], and whether they are real or random."""
    folder = data_dir or Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data"))
    if workload.data == "creditcard":
        path = folder / "creditcard" / "creditcard_subset.csv.gz"
        if path.is_file():
            with gzip.open(path, "rt") as file:
                # Time (column 0) and Class (30) are left out.
                rows = np.loadtxt(file, np.float32, delimiter=",", skiprows=1, usecols=range(1, 30))
            low, high = rows.min(0), rows.max(0)
            return (rows - low) / (high - low), "real"
        return np.random.default_rng(1).random((17_709, 29), np.float32), "random"
    path = folder / "mnist" / "train-images-idx3-ubyte.gz"
    if path.is_file():
        with gzip.open(path) as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16)
        return pixels.reshape(60_000, 784).astype(np.float32) / np.float32(255), "real"
    # Like the real images, four of five pixels are exactly zero.
    random = np.random.default_rng(1)
    return random.random((60_000, 784), np.float32) * (random.random((60_000, 784), np.float32) < 0.2), "random"


def since_start():
    """Seconds since this process was started, interpreter start and imports included (to 10 ms)."""
    try:
        ticks = float(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.time() - LOADED


def peak_rss_mb():
    """Most memory resident at once, in MB of 10^6 bytes. Not ru_maxrss, which starts at the size of the parent."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def measure(run, seconds, stride=1):
    """Times `run()`, which makes `stride` steps, until `seconds` are over; returns steps, seconds."""
    begin, warm = time.perf_counter(), 0
    while warm < 20 or time.perf_counter() - begin < 0.5:
        run()
        warm += stride
    begin, steps = time.perf_counter(), 0
    while True:
        run()
        steps += stride
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return steps, elapsed


def report(args, peer, versions, data, startup, steps, seconds, loss):
    """Prints the one line that the harness reads."""
    line = {
        "peer": peer,
        "setting": args.setting,
        "workload": args.workload,
        "threads": args.threads,
        "steps_per_second": round(steps / seconds, 2),
        "steps": steps,
        "seconds": round(seconds, 3),
        "peak_rss_mb": round(peak_rss_mb(), 1),
        "startup_s": round(startup, 3),
        "loss": float(loss),
        "data": data,
        "versions": versions,
    }
    print(json.dumps(line), flush=True)
