"""The network and protocol of `mnist-vae-nll` in PyTorch: prints training and validation loss by epoch, nats a digit.

python bench/reference_vae.py [--rate 0.0001] [--epochs 25] [--data-dir DIR]

For laying beside the losses in a run's events.jsonl. Digits are binarized once with NumPy's generator, so they are not the
same draw; weights start as PyTorch starts them.
"""

import argparse
import gzip
import os
from pathlib import Path

import numpy
import torch

ROOT = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--data-dir", default=os.environ.get("VERIDIC_DATA", str(ROOT.parent / "shared" / "data")))
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    file = gzip.open(Path(args.data_dir) / "mnist" / "train-images-idx3-ubyte.gz")
    grey = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 784) / 255
    digits = torch.tensor((numpy.random.default_rng(1).random(grey.shape) < grey).astype(numpy.float32))
    train, valid = digits[:50_000], digits[50_000:]
    encoder, decoder = torch.nn.Linear(784, 400), torch.nn.Linear(40, 400)
    mean, log_variance, output = torch.nn.Linear(400, 40), torch.nn.Linear(400, 40), torch.nn.Linear(400, 784)
    layers = torch.nn.ModuleList([encoder, mean, log_variance, decoder, output])
    optimizer = torch.optim.Adam(layers.parameters(), lr=args.rate)

    def loss(rows):
        hidden = torch.relu(encoder(rows))
        m, v = mean(hidden), log_variance(hidden)
        logits = output(torch.relu(decoder(m + torch.exp(v / 2) * torch.randn_like(m))))
        cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, rows, reduction="none")
        return (cross_entropy.sum(1) + 0.5 * (m * m + v.exp() - 1 - v).sum(1)).mean()

    for epoch in range(1, args.epochs + 1):
        order, total = torch.randperm(len(train)), 0.0
        for start in range(0, len(train), 100):
            step = loss(train[order[start : start + 100]])
            optimizer.zero_grad()
            step.backward()
            optimizer.step()
            total += step.item() * 100 / len(train)
        with torch.no_grad():
            print(f"epoch {epoch}: training {total:.2f}, validation {loss(valid).item():.2f}", flush=True)


if __name__ == "__main__":
    main()
