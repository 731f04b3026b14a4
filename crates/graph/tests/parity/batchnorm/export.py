"""Batch normalization in training mode (eps 1e-3, Keras momentum 0.99), then a linear layer and mean squared error.

The batch variance that normalizes is the biased one (divided by the rows) in Keras and PyTorch alike. The running
variance is updated with the biased one by Keras and with the unbiased one (divided by rows - 1) by PyTorch: both are
stored, and running_variance.biased is what Keras does. Keras' momentum 0.99 is PyTorch's 0.01.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import apply, dense, gradients, leaves, normal, save, uniform
from torch.nn.functional import batch_norm

EPS, MOMENTUM, ROWS = 1e-3, 0.99, 9
# Columns with different scales and offsets, so that a mistake in mean or variance shows.
x = normal(1, ROWS, 4) * torch.tensor([1.0, 0.1, 3.0, 10.0]) + torch.tensor([0.0, 1.0, -2.0, 5.0])
target = normal(2, ROWS, 3)
before = {"running_mean": uniform(3, 4, low=-1.0), "running_variance": uniform(4, 4, low=0.5, high=1.5)}
weights = {"norm.gamma": uniform(5, 4, low=0.5, high=1.5), "norm.beta": uniform(6, 4, low=-0.5, high=0.5)}
weights |= dense("linear", 4, 3, 10)

w = leaves(weights | {"x": x})
running = {name: value.clone() for name, value in before.items()}
normalized = batch_norm(
    w["x"],
    running["running_mean"],
    running["running_variance"],
    w["norm.gamma"],
    w["norm.beta"],
    training=True,
    momentum=1 - MOMENTUM,
    eps=EPS,
)
output = apply(w, "linear", normalized)
loss = torch.mean((output - target) ** 2)
biased = x.var(0, unbiased=False)

expected = {"x": x, "target": target} | weights | gradients(loss, w)
expected |= {f"before.{name}": value for name, value in before.items()}
expected |= {
    "batch.mean": x.mean(0),
    "batch.variance": biased,
    "normalized": normalized,
    "output": output,
    "loss": loss,
    "running_mean": running["running_mean"],
    "running_variance.biased": MOMENTUM * before["running_variance"] + (1 - MOMENTUM) * biased,
    "running_variance.unbiased": running["running_variance"],
}
(expected["grad.normalized"],) = torch.autograd.grad(loss, normalized)
expected["inference.normalized"] = batch_norm(
    x,
    expected["running_mean"],
    expected["running_variance.biased"],
    weights["norm.gamma"],
    weights["norm.beta"],
    training=False,
    eps=EPS,
)
save(expected, "x[9,4] -> batch norm (training) -> linear; loss = mean over all cells of (output - target)^2")
