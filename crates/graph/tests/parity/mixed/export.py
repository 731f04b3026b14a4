"""Mixed-type likelihood: two Gaussian columns with learned log-variances, one categorical of three levels, one Bernoulli.

Columns of x and of the decoder output: 0 and 1 Gaussian (output = mean), 2 to 4 one-hot (output = logits),
5 Bernoulli (output = logit). Gaussian: 0.5 (log(2 pi) + log_variance + (x - mean)^2 / exp(log_variance)).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import normal, save
from math import log, pi

from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, one_hot

ROWS = 8
level = torch.tensor([0, 2, 1, 1, 0, 2, 2, 0])
flag = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
x = torch.cat([normal(1, ROWS, 2), one_hot(level, 3).float(), flag[:, None]], 1)
output = (normal(2, ROWS, 6) * 1.5).requires_grad_(True)
log_variance = torch.tensor([-1.2, 0.7]).requires_grad_(True)

gaussian = 0.5 * (log(2 * pi) + log_variance + (x[:, :2] - output[:, :2]) ** 2 / torch.exp(log_variance))
categorical = -(x[:, 2:5] * log_softmax(output[:, 2:5], 1)).sum(1)
bernoulli = binary_cross_entropy_with_logits(output[:, 5], x[:, 5], reduction="none")
rows = gaussian.sum(1) + categorical + bernoulli
loss = rows.mean()
expected = {
    "x": x,
    "output": output,
    "log_variance": log_variance,
    "gaussian.cells": gaussian,
    "categorical.rows": categorical,
    "bernoulli.rows": bernoulli,
    "loss.rows": rows,
    "loss": loss,
}
expected["grad.output"], expected["grad.log_variance"] = torch.autograd.grad(loss, [output, log_variance])
save(expected, "loss = mean over rows of the negative log-likelihood in nats, all terms and constants included")
