"""Rows by a peer's model of a table: TVAE or CTGAN of the package `ctgan`, with their defaults (300 epochs, batches of 500).

    python table_models.py tvae|ctgan REAL.csv MADE.csv [--rows N] [--epochs N] [--seed N] [--threads N]

Columns of text are declared discrete, and numbers of at most --few values; missing cells of numbers become their mean.
Prints seconds and peak memory as one JSON line. Needs: pip install ctgan
"""

import argparse
import json
import resource
import time

import numpy
import pandas
import torch
from ctgan import CTGAN, TVAE


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["tvae", "ctgan"])
    parser.add_argument("real")
    parser.add_argument("made")
    parser.add_argument("--rows", type=int, help="how many are made [default: as many as REAL has]")
    parser.add_argument("--few", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    numpy.random.seed(arguments.seed)
    real = pandas.read_csv(arguments.real, dtype=str, keep_default_na=False)
    discrete = []
    for name in real:
        numbers = pandas.to_numeric(real[name].replace("", numpy.nan), errors="coerce")
        if (numbers.isna() == (real[name] == "")).all() and numbers.nunique() > arguments.few:
            real[name] = numbers.fillna(numbers.mean())
        else:
            discrete.append(name)
    begun = time.perf_counter()
    model = {"tvae": TVAE, "ctgan": CTGAN}[arguments.model](epochs=arguments.epochs)
    model.fit(real, discrete)
    fitted = time.perf_counter()
    model.sample(arguments.rows or len(real)).to_csv(arguments.made, index=False)
    found = {"fit": fitted - begun, "sample": time.perf_counter() - fitted}
    print(json.dumps(found | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
