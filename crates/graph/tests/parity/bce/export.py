"""Autoencoder 8-3-8, relu then logits, binary cross-entropy summed over columns and averaged over rows."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import apply, dense, gradients, leaves, save, trained, uniform
from torch.nn.functional import binary_cross_entropy_with_logits

x = uniform(1, 6, 8)
weights = dense("encoder.0", 8, 3, 16) | dense("decoder.0", 3, 8, 20)


def forward(w):
    hidden = torch.relu(apply(w, "encoder.0", x))
    return hidden, apply(w, "decoder.0", hidden)


def rows(w):
    return binary_cross_entropy_with_logits(forward(w)[1], x, reduction="none").sum(1)


def loss(w):
    return rows(w).mean()


w = leaves(weights)
hidden, logits = forward(w)
expected = {"x": x, "hidden": hidden, "logits": logits, "loss": loss(w), "loss.rows": rows(w)}
(expected["grad.logits"],) = torch.autograd.grad(
    binary_cross_entropy_with_logits(logits, x, reduction="sum") / 6, logits, retain_graph=True
)
expected |= weights | gradients(loss(w), w) | trained("adadelta", weights, loss) | trained("adam", weights, loss)

# Logits far outside the range where a sigmoid keeps digits: the loss must stay exact and finite.
extreme = torch.tensor([[-200.0, -30.0, -1e-3, 0.0, 1e-3, 30.0, 200.0]]).requires_grad_(True)
target = torch.tensor([[1.0, 0.0, 0.5, 0.25, 1.0, 0.0, 1.0]])
value = binary_cross_entropy_with_logits(extreme, target, reduction="none")
expected |= {"extreme.logits": extreme, "extreme.target": target, "extreme.loss": value}
(expected["grad.extreme.logits"],) = torch.autograd.grad(value.sum(), extreme)
save(expected, "x[6,8] -> encoder.0 relu -> decoder.0 logits; loss = BCE from logits, sum over columns, mean over rows")
