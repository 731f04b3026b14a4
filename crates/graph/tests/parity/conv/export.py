"""Convolutions of every kind with batch and layer normalization, pooling, and a gradient penalty through them.

Images are stored as [rows, height, width, channels] and weights as [down, across, in, out] (for the transposed
convolution [down, across, out, in], the layout of Keras); PyTorch is given them permuted. Computed in float64 from float32 values:
the second gradients are sums of many terms.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
import torch.nn.functional as F
from fixture import gradients, leaves, normal, save, trained, uniform

ROWS, EPS = 5, 1e-3
x, target = uniform(1, ROWS, 9, 8, 3), normal(2, ROWS, 8, 8, 3)


def taps(seed, *shape):
    bound = 2 * (shape[0] * shape[1] * shape[2]) ** -0.5
    return uniform(seed, *shape, low=-bound, high=bound)


weights = {
    "strided.weight": taps(10, 5, 4, 3, 10),
    "strided.bias": uniform(11, 10, low=-0.1, high=0.1),
    "norm.gamma": uniform(12, 10, low=0.5, high=1.5),
    "norm.beta": uniform(13, 10, low=-0.5, high=0.5),
    "same.weight": taps(14, 3, 3, 10, 9),
    "same.bias": uniform(15, 9, low=-0.1, high=0.1),
    "layer.gamma": uniform(16, 2, 2, 9, low=0.5, high=1.5),
    "layer.beta": uniform(17, 2, 2, 9, low=-0.5, high=0.5),
    "transposed.weight": taps(18, 5, 5, 8, 9),
    "transposed.bias": uniform(19, 8, low=-0.1, high=0.1),
    "upsampled.weight": taps(20, 5, 5, 8, 3),
    "upsampled.bias": uniform(21, 3, low=-0.1, high=0.1),
}

weights = {name: value.double() for name, value in weights.items()}
x, target = x.double(), target.double()


def images(x):
    """[rows, h, w, c] as PyTorch has it."""
    return x.permute(0, 3, 1, 2)


def rows(x):
    """And back."""
    return x.permute(0, 2, 3, 1)


def convolve(w, name, x, **settings):
    return F.conv2d(x, w[f"{name}.weight"].permute(3, 2, 0, 1), w[f"{name}.bias"], **settings)


def encode(w, x):
    hidden = convolve(w, "strided", images(x), stride=2, padding=(2, 1))
    normed = F.batch_norm(hidden, None, None, w["norm.gamma"], w["norm.beta"], training=True, eps=EPS)
    same = torch.tanh(convolve(w, "same", F.leaky_relu(normed, 0.2), padding=1))
    pooled = F.max_pool2d(same, 2) + F.avg_pool2d(same, 2)
    code = F.layer_norm(rows(pooled), [2, 2, 9], w["layer.gamma"], w["layer.beta"], eps=EPS)
    return rows(hidden), rows(normed), rows(pooled), code


def decode(w, code):
    kernel = w["transposed.weight"].permute(3, 2, 0, 1)
    settings = {"stride": 2, "padding": 2, "output_padding": 1}
    wide = torch.tanh(F.conv_transpose2d(images(code), kernel, w["transposed.bias"], **settings))
    doubled = F.interpolate(wide, scale_factor=2, mode="nearest")
    return rows(wide), rows(convolve(w, "upsampled", doubled, padding=2))


def loss_of(w):
    return torch.mean((decode(w, encode(w, x)[3])[1] - target) ** 2)


w = leaves(weights | {"x": x})
hidden, normed, pooled, code = encode(w, w["x"])
wide, output = decode(w, code)
loss = torch.mean((output - target) ** 2)
expected = {"x": x, "target": target, "hidden": hidden, "normed": normed, "pooled": pooled, "code": code}
expected |= {"wide": wide, "output": output, "loss": loss} | weights | gradients(loss, w)
# Not Adam: a bias before batch normalization has no gradient but rounding, which Adam would blow up.
expected |= trained("sgd_momentum", weights, loss_of)

# The gradient penalty of a convolutional critic, without normalization over rows.
score = torch.tanh(convolve(w, "strided", images(w["x"]), stride=2, padding=(2, 1)))
score = torch.tanh(convolve(w, "same", score, padding=1)).sum(dim=(1, 2, 3))
(slope,) = torch.autograd.grad(score.sum(), w["x"], create_graph=True)
norm = torch.sqrt((slope**2).sum(dim=(1, 2, 3)))
penalty = torch.mean((norm - 1) ** 2)
critic = {name: w[name] for name in ["strided.weight", "strided.bias", "same.weight", "same.bias"]}
found = torch.autograd.grad(penalty, list(critic.values()))
expected |= {"penalty": penalty, "slope": slope}
expected |= {f"penalty.grad.{name}": value for name, value in zip(critic, found)}
save({name: value.float() for name, value in expected.items()}, "conv 5x4/2 -> batch norm -> conv 3x3 -> max + mean pool -> layer norm -> transposed 5x5/2 -> upsample, conv 5x5; mse")
