"""Rows by a peer's model of a table: TVAE or CTGAN of the package `ctgan`, with their defaults (300 epochs, batches of 500), or
`TabularARGN` of `mostlyai-engine` with its defaults (it stops by itself).

    python table_models.py tvae|ctgan|mostlyai REAL.csv MADE.csv [--rows N] [--epochs N] [--seed N] [--threads N]

For TVAE and CTGAN columns of text are declared discrete, and numbers of at most --few values; missing cells of numbers become their
mean. `mostlyai` finds kinds by itself in the table that pandas reads. Prints seconds and peak memory as one JSON line.
Needs: pip install ctgan, or pip install mostlyai-engine (each in an environment of its own)
"""

import argparse
import json
import resource
import time

import numpy
import pandas
import torch


def discrete_columns(real, few):
    """Names of the columns that hold no numbers, or few; the others become numbers without gaps."""
    found = []
    for name in real:
        numbers = pandas.to_numeric(real[name].replace("", numpy.nan), errors="coerce")
        if (numbers.isna() == (real[name] == "")).all() and numbers.nunique() > few:
            real[name] = numbers.fillna(numbers.mean())
        else:
            found.append(name)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["tvae", "ctgan", "mostlyai"])
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
    if arguments.model == "mostlyai":
        from mostlyai.engine import TabularARGN

        real = pandas.read_csv(arguments.real)
        begun = time.perf_counter()
        model = TabularARGN(random_state=arguments.seed, device="cpu", verbose=0).fit(real)
    else:
        import ctgan

        real = pandas.read_csv(arguments.real, dtype=str, keep_default_na=False)
        discrete = discrete_columns(real, arguments.few)
        begun = time.perf_counter()
        model = {"tvae": ctgan.TVAE, "ctgan": ctgan.CTGAN}[arguments.model](epochs=arguments.epochs)
        model.fit(real, discrete)
    fitted = time.perf_counter()
    model.sample(arguments.rows or len(real)).to_csv(arguments.made, index=False)
    found = {"fit": fitted - begun, "sample": time.perf_counter() - fitted}
    print(json.dumps(found | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
