"""Cross-entropy over classes, and the gradient penalty of a critic as an example of second-order gradients."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import apply, dense, gradients, leaves, normal, save
from torch.nn.functional import cross_entropy, leaky_relu, log_softmax, one_hot

logits = (normal(1, 6, 5) * 2).requires_grad_(True)
target = torch.tensor([0, 3, 4, 1, 1, 2])
loss = cross_entropy(logits, target)
expected = {
    "logits": logits,
    "target": target,
    "target.onehot": one_hot(target, 5).float(),
    "log_softmax": log_softmax(logits, 1),
    "softmax": torch.softmax(logits, 1),
    "loss": loss,
    "loss.rows": cross_entropy(logits, target, reduction="none"),
}
(expected["grad.logits"],) = torch.autograd.grad(loss, logits)
# The two functions on their own, against a fixed direction in place of a loss.
direction = normal(2, 6, 5)
expected["direction"] = direction
(expected["softmax.grad.logits"],) = torch.autograd.grad((torch.softmax(logits, 1) * direction).sum(), logits)
(expected["log_softmax.grad.logits"],) = torch.autograd.grad((log_softmax(logits, 1) * direction).sum(), logits)

# Logits whose exponentials overflow or vanish in float32.
extreme = torch.tensor([[1000.0, 0.0, -1000.0], [-500.0, -500.0, -500.0], [88.0, 89.0, 90.0]]).requires_grad_(True)
extreme_target = torch.tensor([2, 0, 1])
extreme_loss = cross_entropy(extreme, extreme_target)
expected |= {
    "extreme.logits": extreme,
    "extreme.target": extreme_target,
    "extreme.target.onehot": one_hot(extreme_target, 3).float(),
    "extreme.log_softmax": log_softmax(extreme, 1),
    "extreme.loss": extreme_loss,
}
(expected["grad.extreme.logits"],) = torch.autograd.grad(extreme_loss, extreme)

x = normal(3, 6, 4)
expected["penalty.x"] = x
for name, activation in {"leaky": lambda v: leaky_relu(v, 0.2), "tanh": torch.tanh}.items():
    weights = dense(f"{name}.0", 4, 6, 10) | dense(f"{name}.1", 6, 1, 20)
    w, points = leaves(weights), x.clone().requires_grad_(True)
    critic = apply(w, f"{name}.1", activation(apply(w, f"{name}.0", points)))
    (slope,) = torch.autograd.grad(critic.sum(), points, create_graph=True)
    norm = slope.square().sum(1).sqrt()
    penalty = (norm - 1).square().mean()
    expected |= weights | gradients(penalty, w)
    expected |= {f"{name}.output": critic, f"{name}.slope": slope, f"{name}.norm": norm, f"{name}.penalty": penalty}
    if name == "tanh":
        # A leaky relu is linear around almost every point, so only tanh has a gradient here.
        (expected["grad.tanh.x"],) = torch.autograd.grad(penalty, points)
save(
    expected,
    "loss = mean cross-entropy; NAME.penalty = mean over rows of (|d output / d x|_2 - 1)^2 with x = penalty.x",
)
