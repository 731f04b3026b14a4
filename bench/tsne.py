"""Measures t-SNE maps of Veridic, openTSNE and scikit-learn alternately and stores results/tsne.json.

python bench/tsne.py [--only digits,mnist] [--rounds 3] [--threads 2]
then: python bench/run.py --workloads '' --no-binary --render

Every map is judged by the code below, whoever made it: the divergence over one graph of exact neighbors with all pairs
in Z, the neighbors it keeps, and the labels of its neighbors.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from run import BENCH, ROOT, machine, say, store

WORK = BENCH / ".work"
DATA = Path(os.environ.get("VERIDIC_DATA", ROOT.parent / "shared" / "data"))
# scikit-learn needs half an hour for MNIST, so it takes part where it ends within a minute.
CASES = {
    "digits": ("1 797 digits of scikit-learn, 64 columns", ["openTSNE", "scikit-learn"]),
    "mnist-10k": ("the first 10 000 of MNIST, 50 principal components", ["openTSNE", "openTSNE-bh", "scikit-learn"]),
    "mnist": ("MNIST, 70 000 rows, 50 principal components", ["openTSNE"]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ours", default=str(ROOT / "target" / "release" / "examples" / "map"))
    args = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    (WORK / "maps").mkdir(exist_ok=True)
    about = (
        f"Perplexity 30, 250 iterations at exaggeration 12 and 500 without, {args.threads} threads, alternating runs; seconds "
        "without reading the data. KL is computed by one code for all, over a graph of exact neighbors; kept is the mean "
        "share of the 10 nearest neighbors that are kept; accuracy is that of the 10 nearest neighbors on the map."
    )
    result = {"kind": "table", "title": "t-SNE maps", "about": about, "machine": machine()}
    result["columns"] = [
        "data", "program", "seconds", "range", "of them neighbors", "times ours", "range", "KL", "kept", "accuracy",
        "peak memory (MB)",
    ]  # fmt: skip
    result["rows"], result["rounds"] = [], {}
    for name in args.only.split(","):
        rounds = measure(name, args)
        result["rounds"][name] = rounds
        result["rows"] += rows(name, rounds)
        store("tsne", result)


def measure(name, args):
    """The rounds of one data set: one line a program each, the figures of the maps in the first."""
    path, labels = data(name)
    programs = ["Veridic", *CASES[name][1]]
    judge = Judge(name, np.load(path), labels)
    rounds = []
    for number in range(args.rounds):
        lines = {}
        for program in programs:
            out = WORK / "maps" / f"{name}-{program}.npy"
            head = [args.ours] if program == "Veridic" else [sys.executable, str(BENCH / "peers" / "tsne.py"), "--peer", program]
            command = [*head, "--data", str(path), "--threads", str(args.threads), "--out", str(out)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{program} failed: {done.stderr[-500:]}")
            line = json.loads(done.stdout.strip().splitlines()[-1])
            if number == 0:
                line |= judge.figures(np.load(out))
            lines[program] = line
            say(f"{name} round {number + 1}: {program} {line['seconds']:.2f} s, own KL {line['kl']:.4f}")
        rounds.append(lines)
    return rounds


def rows(name, rounds):
    table = []
    for program in rounds[0]:
        seconds = [lines[program]["seconds"] for lines in rounds]
        ratios = [lines[program]["seconds"] / lines["Veridic"]["seconds"] for lines in rounds]
        neighbors = [lines[program].get("neighbor_seconds") for lines in rounds]
        first = rounds[0][program]
        table.append(
            [
                CASES[name][0],
                program + (f" {first['version']}" if "version" in first else ""),
                f"{statistics.median(seconds):.2f}",
                f"{min(seconds):.2f} to {max(seconds):.2f}",
                f"{statistics.median(neighbors):.2f}" if neighbors[0] else "",
                f"{statistics.median(ratios):.1f}",
                f"{min(ratios):.1f} to {max(ratios):.1f}",
                f"{first['true_kl']:.4f}",
                f"{first['kept']:.4f}",
                f"{first['accuracy']:.4f}",
                f"{statistics.median(lines[program]['peak_rss_mb'] for lines in rounds):.0f}",
            ]
        )
    return table


class Judge:
    """What a map is worth, by one code for all programs."""

    def __init__(self, name, rows, labels):
        from openTSNE.affinity import joint_probabilities_nn
        from sklearn.neighbors import NearestNeighbors

        self.labels = labels
        cache = WORK / f"{name}-neighbors.npz"
        if not cache.is_file():
            say(f"{name}: exact neighbors, once")
            search = NearestNeighbors(n_neighbors=91, algorithm="brute", n_jobs=-1).fit(rows)
            distances, neighbors = search.kneighbors(rows)
            own = neighbors == np.arange(len(rows))[:, None]
            # A row that is not among its own neighbors has duplicates: the last one goes.
            own[~own.any(1), -1] = True
            keep = ~own
            np.savez(cache, neighbors=neighbors[keep].reshape(-1, 90), distances=distances[keep].reshape(-1, 90))
        found = np.load(cache)
        self.neighbors = found["neighbors"]
        self.graph = joint_probabilities_nn(found["neighbors"], found["distances"], [30], n_jobs=-1).tocoo()

    def figures(self, map):
        from sklearn.neighbors import NearestNeighbors

        map = map.astype(np.float64)
        near = NearestNeighbors(n_neighbors=11).fit(map).kneighbors(map, return_distance=False)
        near = np.array([row[row != i][:10] for i, row in enumerate(near)])
        kept = np.mean([len(np.intersect1d(a, b)) for a, b in zip(near, self.neighbors[:, :10])]) / 10
        votes = np.stack([(self.labels[near] == label).sum(1) for label in range(self.labels.max() + 1)])
        accuracy = float(np.mean(votes.argmax(0) == self.labels))
        return {"true_kl": self.divergence(map), "kept": float(kept), "accuracy": accuracy}

    def divergence(self, map):
        z = 0.0
        for start in range(0, len(map), 500):
            part = map[start : start + 500]
            squares = (part[:, :1] - map[:, 0]) ** 2 + (part[:, 1:] - map[:, 1]) ** 2
            z += (1 / (1 + squares)).sum()
        z -= len(map)
        p = self.graph.data
        squares = ((map[self.graph.row] - map[self.graph.col]) ** 2).sum(1)
        positive = p > 0
        return float((p[positive] * np.log(p[positive] * z * (1 + squares[positive]))).sum())


def data(name):
    """The rows as a file, and the labels."""
    rows, labels = WORK / f"{name}.npy", WORK / f"{name}-labels.npy"
    if not rows.is_file() or not labels.is_file():
        found = digits() if name == "digits" else mnist(10_000 if name == "mnist-10k" else 70_000)
        np.save(rows, found[0].astype(np.float32))
        np.save(labels, found[1].astype(np.int64))
    return rows, np.load(labels).astype(np.int64)


def digits():
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def mnist(count):
    from sklearn.decomposition import PCA

    def read(part, kind, offset):
        data = gzip.open(DATA / "mnist" / f"{part}-{kind}-ubyte.gz").read()
        return np.frombuffer(data, np.uint8, offset=offset)

    parts = ["train", "t10k"]
    images = np.concatenate([read(part, "images-idx3", 16).reshape(-1, 784) for part in parts])[:count]
    labels = np.concatenate([read(part, "labels-idx1", 8) for part in parts])[:count]
    return PCA(50, random_state=0).fit_transform(images.astype(np.float32) / 255), labels


if __name__ == "__main__":
    main()
