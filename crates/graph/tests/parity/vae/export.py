"""Variational autoencoder 8-5-2-5-8 with given noise; Bernoulli reconstruction plus KL in closed form."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import apply, dense, gradients, leaves, normal, save, trained, uniform
from torch.nn.functional import binary_cross_entropy_with_logits

x = uniform(1, 6, 8)
epsilon = normal(2, 6, 2)
weights = (
    dense("encoder.0", 8, 5, 10)
    | dense("mean", 5, 2, 20)
    | dense("log_variance", 5, 2, 30)
    | dense("decoder.0", 2, 5, 40)
    | dense("decoder.1", 5, 8, 50)
)


def forward(w):
    hidden = torch.relu(apply(w, "encoder.0", x))
    mean = apply(w, "mean", hidden)
    log_variance = apply(w, "log_variance", hidden)
    latent = mean + torch.exp(0.5 * log_variance) * epsilon
    logits = apply(w, "decoder.1", torch.relu(apply(w, "decoder.0", latent)))
    reconstruction = binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = 0.5 * (mean**2 + torch.exp(log_variance) - log_variance - 1).sum(1)
    return {
        "output.mean": mean,
        "output.log_variance": log_variance,
        "output.latent": latent,
        "output.logits": logits,
        "reconstruction.rows": reconstruction,
        "kl.rows": kl,
        "reconstruction": reconstruction.mean(),
        "kl": kl.mean(),
        "loss": reconstruction.mean() + kl.mean(),
    }


def loss(w):
    return forward(w)["loss"]


w = leaves(weights)
parts = forward(w)
expected = {"x": x, "epsilon": epsilon} | weights | parts | gradients(parts["loss"], w)
for name in ["mean", "log_variance", "latent", "logits"]:
    (expected[f"grad.output.{name}"],) = torch.autograd.grad(parts["loss"], parts[f"output.{name}"], retain_graph=True)
for part in ["reconstruction", "kl"]:
    expected |= {f"{part}.{name}": value for name, value in gradients(parts[part], w).items()}
for optimizer in ["rmsprop", "rmsprop_keras"]:
    expected |= trained(optimizer, weights, loss)
save(
    expected,
    "loss = mean over rows of BCE summed over columns + KL(N(mean, exp(log_variance)) || N(0, 1)); epsilon is the same in all steps",
)
