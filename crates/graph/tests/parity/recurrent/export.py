"""Recurrent layers: LSTM and GRU, sequences of unequal length (packed), and two bidirectional layers on each other.

The weights of a layer are one matrix, `W` [in, gates], under it `b`, under it `U` [units, gates] and, of a GRU, `c`:
PyTorch's weight_ih, bias_ih, weight_hh and bias_hh transposed (an LSTM's two biases are one here). Outputs of packed
sequences are zero after their end, as PyTorch pads them.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from fixture import normal, save, uniform
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

ROWS, STEPS, INPUTS, UNITS = 5, 7, 3, 4
LENGTHS = torch.tensor([7, 3, 5, 1, 6])
GATES = {"lstm": 4, "gru": 3}

x = normal(1, ROWS, STEPS, INPUTS)
mask = (torch.arange(STEPS)[None] < LENGTHS[:, None]).float()
expected = {"x": x, "mask": mask}


def weights(cell, inputs, seed):
    rows = inputs + 1 + UNITS + (cell == "gru")
    return uniform(seed, rows, GATES[cell] * UNITS, low=-0.7, high=0.7)


def put(module, suffix, matrix):
    """The matrix as the parameters of one direction of one layer."""
    part = lambda name: getattr(module, f"{name}_{suffix}")
    inputs = part("weight_ih").shape[1]
    with torch.no_grad():
        part("weight_ih").copy_(matrix[:inputs].T)
        part("bias_ih").copy_(matrix[inputs])
        part("weight_hh").copy_(matrix[inputs + 1 : inputs + 1 + UNITS].T)
        part("bias_hh").copy_(matrix[-1] if isinstance(module, nn.GRU) else torch.zeros_like(matrix[0]))


def gradient(module, suffix):
    """The gradients of those parameters as a matrix."""
    part = lambda name: getattr(module, f"{name}_{suffix}").grad
    parts = [part("weight_ih").T, part("bias_ih")[None], part("weight_hh").T]
    return torch.cat(parts + ([part("bias_hh")[None]] if isinstance(module, nn.GRU) else []))


def run(name, module, matrices, lengths):
    """Outputs, last states, a loss of both, and its gradients."""
    for suffix, matrix in matrices.items():
        put(module, suffix, matrix)
        expected[f"{name}.{suffix}"] = matrix
    leaf = x.clone().requires_grad_(True)
    fed = pack_padded_sequence(leaf, lengths, batch_first=True, enforce_sorted=False) if lengths is not None else leaf
    output, last = module(fed)
    if lengths is not None:
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=STEPS)
    last = last[0] if isinstance(module, nn.LSTM) else last
    loss = (output**2).mean() + torch.tanh(last).mean()
    loss.backward()
    expected.update({f"{name}.output": output, f"{name}.loss": loss, f"{name}.grad.x": leaf.grad})
    # Of the last layer, one direction after the other.
    directions = 2 if module.bidirectional else 1
    expected[f"{name}.last"] = torch.cat(list(last[-directions:]), 1)
    for suffix in matrices:
        expected[f"{name}.grad.{suffix}"] = gradient(module, suffix)


for cell, kind in (("lstm", nn.LSTM), ("gru", nn.GRU)):
    plain = {"l0": weights(cell, INPUTS, 10)}
    run(cell, kind(INPUTS, UNITS, batch_first=True), plain, None)
    run(f"{cell}.packed", kind(INPUTS, UNITS, batch_first=True), plain, LENGTHS)
    stacked = {
        "l0": weights(cell, INPUTS, 20),
        "l0_reverse": weights(cell, INPUTS, 21),
        "l1": weights(cell, 2 * UNITS, 22),
        "l1_reverse": weights(cell, 2 * UNITS, 23),
    }
    module = kind(INPUTS, UNITS, num_layers=2, bidirectional=True, batch_first=True)
    run(f"{cell}.stacked", module, stacked, LENGTHS)
save(expected, "lstm and gru, plain, packed, two bidirectional layers packed; mean square of outputs + mean tanh of last states")
