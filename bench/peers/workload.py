"""What all peers share: the workloads, their data, the timed loop and the line that is printed.

One step of a workload is: gather the next batch of a shuffled epoch from a float32 matrix of all rows held in memory,
forward, loss, backward, update of every weight. The last batch of an epoch is left out where it is not full. Rows are
shuffled anew every epoch, inside the timed part. The clock runs after at least 0.5 seconds and 3 steps of warm-up, and
for 3 steps or more. A step of an adversarial network is one update of the discriminator, then one of the generator.
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
    """Sizes of a workload; `data` is creditcard, mnist, cars or waves."""

    data: str
    columns: int
    hidden: int
    latent: int
    batch: int


class Game(NamedTuple):
    """What the two networks of an adversarial workload minimize, and how; both learn by Adam with β₁ = 0.5.

    The discriminator: binary cross-entropy of real rows with labels drawn evenly from `real` and of made rows with labels
    from `made`, drawn anew for each row and step, plus `classify` times the cross-entropy of real rows' classes by a second
    head. The generator: binary cross-entropy of made rows with label 1, plus `matching` times the squared distance between
    the mean last hidden layers of real and made rows. Both take the same real rows and noise of their own.
    """

    real: tuple[float, float]
    made: tuple[float, float]
    # Learning rates of the discriminator and the generator.
    rates: tuple[float, float]
    # Standard deviation of the weights at the start; 0 is uniform by Glorot and Bengio.
    start: float
    classify: float = 0.0
    matching: float = 0.0


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
    # Series of 64 steps: LSTM 1-32, its last state at each step, LSTM 32-1, dense 1 at each step, mean squared error, Adam
    "W6": Workload("waves", 64, 32, 1, 128),
    # Adversarial networks; their layers are in torch_gan.py and keras_gan.py.
    "W4": Workload("mnist", 784, 0, 100, 128),
    "W5": Workload("cars", 3072, 0, 100, 128),
    "W7": Workload("creditcard", 29, 0, 10, 64),
}

GAMES = {
    "W4": Game((0.85, 0.95), (0.05, 0.1), (2e-4, 2e-4), 0.02),
    "W5": Game((0.9, 0.9), (0.0, 0.0), (1e-3, 1e-4), 0.02),
    "W7": Game((1.0, 1.0), (0.0, 0.0), (2e-4, 2e-4), 0.0, classify=1.0, matching=1.0),
}


def arguments(about, settings):
    """Parses the command line that all peers have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--workload", choices=list(WORKLOADS), required=True)
    parser.add_argument("--setting", choices=list(settings), required=True)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long to measure after the warm-up")
    parser.add_argument("--steps", type=int, help="make so many steps instead, to compare losses (not with fit)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--data-dir", type=Path, help="folder with mnist/, creditcard/ and cifar10/ (default: $VERIDIC_DATA or ../shared/data)"
    )
    return parser.parse_args()


def load(workload, data_dir=None):
    """All training rows [rows, columns] as float32 in [0, 1], their classes or None, and whether they are real or random."""
    folder = data_dir or Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data"))
    return {"creditcard": cards, "mnist": digits, "cars": cars, "waves": waves}[workload.data](folder)


def cards(folder):
    """Card transactions, min-max scaled, and which are frauds."""
    path = folder / "creditcard" / "creditcard_subset.csv.gz"
    if path.is_file():
        with gzip.open(path, "rt") as file:
            # Time (column 0) is left out; Class (30) is what rows are labelled with.
            table = np.loadtxt(file, np.float32, delimiter=",", skiprows=1, usecols=range(1, 31))
        rows, classes = np.ascontiguousarray(table[:, :29]), table[:, 29].astype(np.int64)
        low, high = rows.min(0), rows.max(0)
        return (rows - low) / (high - low), classes, "real"
    random = np.random.default_rng(1)
    return random.random((17_709, 29), np.float32), random.integers(0, 2, 17_709), "random"


def digits(folder):
    """The training images of MNIST."""
    path = folder / "mnist" / "train-images-idx3-ubyte.gz"
    if path.is_file():
        with gzip.open(path) as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16)
        return pixels.reshape(60_000, 784).astype(np.float32) / np.float32(255), None, "real"
    # Like the real images, four of five pixels are exactly zero.
    random = np.random.default_rng(1)
    return random.random((60_000, 784), np.float32) * (random.random((60_000, 784), np.float32) < 0.2), None, "random"


def cars(folder):
    """The training images of CIFAR-10's automobiles, channels last."""
    path = folder / "cifar10" / "automobile_train_5000_jpeg.bin.gz"
    if path.is_file():
        with gzip.open(path) as file:
            records = np.frombuffer(file.read(), np.uint8).reshape(-1, 3073)
        pixels = records[:, 1:].reshape(-1, 3, 1024).transpose(0, 2, 1).reshape(-1, 3072)
        return pixels.astype(np.float32) / np.float32(255), None, "real"
    return np.random.default_rng(1).random((5_000, 3072), np.float32), None, "random"


def waves(_):
    """Windows of waves of many lengths with noise on them; what they are does not change the work."""
    random = np.random.default_rng(1)
    length, start = random.uniform(8, 64, (20_480, 1)), random.uniform(0, 64, (20_480, 1))
    rows = 0.5 + 0.4 * np.sin((np.arange(64) + start) * (2 * np.pi / length)) + random.normal(0, 0.05, (20_480, 64))
    return rows.astype(np.float32), None, "made"


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


def measure(run, args, stride=1):
    """Times `run()`, which makes `stride` steps, until `--seconds` are over; returns steps, seconds.

    One call was made before, the one that builds and compiles.
    """
    begin, steps = time.perf_counter(), 0
    while steps < args.steps - stride if args.steps else steps < 3 or time.perf_counter() - begin < 0.5:
        run()
        steps += stride
    if args.steps:
        return steps, time.perf_counter() - begin
    begin, steps = time.perf_counter(), 0
    while True:
        run()
        steps += stride
        elapsed = time.perf_counter() - begin
        if elapsed >= args.seconds and steps >= 3:
            return steps, elapsed


def report(args, peer, versions, data, startup, steps, seconds, losses):
    """Prints the one line that the harness reads; `losses` are those of the updates of the last step."""
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
        "loss": float(losses[0]),
        "losses": [float(loss) for loss in losses],
        "data": data,
        "versions": versions,
    }
    print(json.dumps(line), flush=True)
