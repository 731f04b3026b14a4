"""Dense autoencoder 5-4-5, tanh then sigmoid, mean squared error over all cells; three steps of every optimizer."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import OPTIMIZERS, apply, dense, gradients, leaves, save, trained, uniform

x = uniform(1, 7, 5)
weights = dense("encoder.0", 5, 4, 10) | dense("decoder.0", 4, 5, 20)


def forward(w):
    hidden = torch.tanh(apply(w, "encoder.0", x))
    return hidden, torch.sigmoid(apply(w, "decoder.0", hidden))


def loss(w):
    return torch.mean((forward(w)[1] - x) ** 2)


w = leaves(weights)
hidden, output = forward(w)
expected = {"x": x, "hidden": hidden, "output": output, "loss": loss(w)} | weights | gradients(loss(w), w)
for optimizer in OPTIMIZERS:
    expected |= trained(optimizer, weights, loss)
save(expected, "x[7,5] -> encoder.0 tanh -> decoder.0 sigmoid; loss = mean over all cells of (output - x)^2")
