"""A t-SNE map by openTSNE or scikit-learn, timed, as one JSON line.

python bench/peers/tsne.py --peer openTSNE --data rows.npy --threads 2 --out positions.npy

Perplexity 30, start at two principal components, exaggeration 12 for 250 of 750 iterations: the defaults of openTSNE.
scikit-learn has one learning rate for both phases; its automatic one is taken.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", choices=["openTSNE", "openTSNE-bh", "scikit-learn"], required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    rows = np.load(args.data)
    line = scikit_learn(rows, args) if args.peer == "scikit-learn" else opentsne(rows, args)
    np.save(args.out, line.pop("positions").astype(np.float32))
    status = Path("/proc/self/status").read_text()
    line["peak_rss_mb"] = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps(line))


def opentsne(rows, args):
    """Its neighbors are approximate (Annoy) from 1 000 rows on; its forces are by tree below 10 000 rows, else by grid."""
    import openTSNE

    method = {"openTSNE": "auto", "openTSNE-bh": "bh"}[args.peer]
    begin = time.perf_counter()
    affinities = openTSNE.affinity.PerplexityBasedNN(rows, perplexity=30, n_jobs=args.threads, random_state=1)
    neighbor_seconds = time.perf_counter() - begin
    start = openTSNE.initialization.pca(rows, random_state=1)
    maker = openTSNE.TSNE(negative_gradient_method=method, n_jobs=args.threads, random_state=1)
    found = maker.fit(affinities=affinities, initialization=start)
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "neighbor_seconds": neighbor_seconds,
        "kl": float(found.kl_divergence),
        "positions": np.asarray(found),
        "version": openTSNE.__version__,
    }


def scikit_learn(rows, args):
    import sklearn
    from sklearn.manifold import TSNE

    begin = time.perf_counter()
    maker = TSNE(perplexity=30, init="pca", max_iter=750, n_jobs=args.threads, random_state=1)
    positions = maker.fit_transform(rows)
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "kl": float(maker.kl_divergence_),
        "positions": positions,
        "version": sklearn.__version__,
    }


if __name__ == "__main__":
    main()
