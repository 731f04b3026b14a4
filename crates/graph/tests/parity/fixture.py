"""What the export scripts share: a layer in our weight layout, optimizers, the file.

Everything is float32 on one CPU thread with fixed seeds. Weights are stored as [in, out].
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

STEPS = 3

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def uniform(seed, *shape, low=0.0, high=1.0):
    """Values of a uniform distribution from their own seed, so that one tensor cannot shift another."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator) * (high - low) + low


def normal(seed, *shape):
    """Values of the standard normal distribution from their own seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def dense(name, inputs, outputs, seed):
    """A weight [in, out] within +-2/sqrt(in), large enough for curved activations, and a bias that is not zero."""
    bound = 2 * inputs**-0.5
    return {
        f"{name}.weight": uniform(seed, inputs, outputs, low=-bound, high=bound),
        f"{name}.bias": uniform(seed + 1, outputs, low=-0.1, high=0.1),
    }


def apply(weights, name, x):
    """x [rows, in] through the layer: x W + b."""
    return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def leaves(weights):
    """Copies that gradients can be taken of."""
    return {name: value.clone().requires_grad_(True) for name, value in weights.items()}


def gradients(loss, weights):
    """grad.NAME of every weight; zeros where the loss does not depend on it."""
    found = torch.autograd.grad(loss, list(weights.values()), retain_graph=True, allow_unused=True)
    return {
        f"grad.{name}": torch.zeros_like(weights[name]) if value is None else value
        for name, value in zip(weights, found)
    }


class KerasRmsprop(torch.optim.Optimizer):
    """Keras' RMSprop: v = rho v + (1 - rho) g^2, w -= lr g / sqrt(v + eps). Torch adds eps after the root."""

    def __init__(self, parameters, lr=1e-3, rho=0.9, eps=1e-7):
        super().__init__(parameters, {"lr": lr, "rho": rho, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                square = state.setdefault("square", torch.zeros_like(weight))
                square.mul_(group["rho"]).addcmul_(weight.grad, weight.grad, value=1 - group["rho"])
                weight -= group["lr"] * weight.grad / torch.sqrt(square + group["eps"])


class KerasAdam(torch.optim.Optimizer):
    """Keras' Adam: the bias corrections go into the rate, so eps is added to the uncorrected root.

    w -= lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps), eps = 1e-7.
    """

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-7):
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            first, second = group["betas"]
            for weight in group["params"]:
                state = self.state[weight]
                state["step"] = state.get("step", 0) + 1
                mean = state.setdefault("mean", torch.zeros_like(weight))
                square = state.setdefault("square", torch.zeros_like(weight))
                mean.mul_(first).add_(weight.grad, alpha=1 - first)
                square.mul_(second).addcmul_(weight.grad, weight.grad, value=1 - second)
                rate = group["lr"] * (1 - second ** state["step"]) ** 0.5 / (1 - first ** state["step"])
                weight -= rate * mean / (torch.sqrt(square) + group["eps"])


OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
    "adam_keras": lambda p: KerasAdam(p, lr=1e-3, betas=(0.9, 0.999), eps=1e-7),
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=1e-3, alpha=0.9, eps=1e-7),
    "rmsprop_keras": lambda p: KerasRmsprop(p, lr=1e-3, rho=0.9, eps=1e-7),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.9, eps=1e-6),
}


def trained(optimizer, weights, loss):
    """OPTIMIZER.NAME of every weight after three steps on the same batch; `loss` maps weights to a scalar."""
    current = leaves(weights)
    update = OPTIMIZERS[optimizer](list(current.values()))
    for _ in range(STEPS):
        update.zero_grad()
        loss(current).backward()
        update.step()
    return {f"{optimizer}.{name}": value.detach() for name, value in current.items()}


def save(tensors, about):
    """Writes expected.safetensors beside the script that runs."""
    # One metadata key only: the writer does not keep the order of several, and the file must not change by chance.
    metadata = {"about": json.dumps({"about": about, "torch": torch.__version__.split("+")[0]})}
    ready = {name: value.detach().clone().contiguous() for name, value in sorted(tensors.items())}
    for name, value in ready.items():
        assert torch.isfinite(value).all(), f"{name} is not finite"
    path = Path(sys.argv[0]).resolve().parent / "expected.safetensors"
    save_file(ready, path, metadata)
    print(f"{path.parent.name}: {len(ready)} tensors, {path.stat().st_size} bytes")
