"""JAX on the dense workloads; prints one JSON line. See workload.py for what a step is.

The step is a function of parameters, optimizer's states and a batch, compiled by XLA; `scan` makes many steps in one call.
XLA takes as many threads as the process may run on, so the process is bound to as many processors.
"""

import os

import settings
import workload

SETTINGS = settings.SETTINGS["jax"]["settings"]
ADAM = (0.9, 0.999, 1e-7)
RMSPROP = (0.9, 1e-7)
RATE = 1e-3


def dense(random, inputs, units):
    """Weights and bias, uniform after Glorot and Bengio."""
    limit = (6 / (inputs + units)) ** 0.5
    return jnp.asarray(random.uniform(-limit, limit, (inputs, units)), jnp.float32), jnp.zeros(units)


def apply(layer, x):
    return x @ layer[0] + layer[1]


def cross_entropy(logits, target):
    return jnp.logaddexp(0.0, logits) - target * logits


def network(name, size):
    """The parameters and the loss of a batch."""
    random = np.random.default_rng(1)
    if name in ("W1", "W2"):
        layers = {
            "encoder": dense(random, size.columns, size.hidden),
            "decoder": dense(random, size.hidden, size.columns),
        }

        def loss(layers, x, key):
            if name == "W1":
                hidden = jnp.tanh(apply(layers["encoder"], x))
                return jnp.mean((jax.nn.sigmoid(apply(layers["decoder"], hidden)) - x) ** 2)
            return jnp.mean(cross_entropy(apply(layers["decoder"], jax.nn.relu(apply(layers["encoder"], x))), x))

        return layers, loss
    layers = {
        "encoder": dense(random, size.columns, size.hidden),
        "mean": dense(random, size.hidden, size.latent),
        "log_variance": dense(random, size.hidden, size.latent),
        "decoder": dense(random, size.latent, size.hidden),
        "output": dense(random, size.hidden, size.columns),
    }

    def loss(layers, x, key):
        hidden = jax.nn.relu(apply(layers["encoder"], x))
        mean, log_variance = apply(layers["mean"], hidden), apply(layers["log_variance"], hidden)
        latent = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        logits = apply(layers["output"], jax.nn.relu(apply(layers["decoder"], latent)))
        kl = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - log_variance - 1, axis=1)
        return jnp.mean(jnp.sum(cross_entropy(logits, x), axis=1) + kl)

    return layers, loss


def adam(layers, states, gradients):
    beta1, beta2, epsilon = ADAM
    mean, square, count = states
    count += 1
    mean = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, mean, gradients)
    square = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, square, gradients)
    first, second = 1 - beta1**count, 1 - beta2**count
    layers = jax.tree.map(
        lambda p, m, v: p - RATE * (m / first) / (jnp.sqrt(v / second) + epsilon), layers, mean, square
    )
    return layers, (mean, square, count)


def rmsprop(layers, square, gradients):
    decay, epsilon = RMSPROP
    square = jax.tree.map(lambda s, g: decay * s + (1 - decay) * g * g, square, gradients)
    layers = jax.tree.map(lambda p, s, g: p - RATE * g / (jnp.sqrt(s) + epsilon), layers, square, gradients)
    return layers, square


def main():
    args = workload.arguments(__doc__, SETTINGS)
    size, stride = workload.WORKLOADS[args.workload], SETTINGS[args.setting].get("steps_per_call", 1)
    rows, _, kind = workload.load(size, args.data_dir)
    layers, loss = network(args.workload, size)
    zeros = [jax.tree.map(jnp.zeros_like, layers) for _ in range(2)]
    states, update = (zeros[0], rmsprop) if args.workload == "W3" else ((*zeros, jnp.zeros(())), adam)
    resident = jnp.asarray(rows)

    def one(held, batch):
        layers, states = held
        index, key = batch
        found, gradients = jax.value_and_grad(loss)(layers, resident[index], key)
        return update(layers, states, gradients), found

    # Parameters are written where they lie.
    @partial(jax.jit, donate_argnums=0)
    def call(held, index, key):
        keys = jax.random.split(key, stride)
        held, losses = jax.lax.scan(one, held, (index.reshape(stride, size.batch), keys))
        return held, losses[-1]

    random = np.random.default_rng(1)
    taken = size.batch * stride
    epoch = {"order": random.permutation(len(rows)), "at": 0, "held": (layers, states), "calls": 0, "loss": None}

    def step():
        if epoch["at"] + taken > len(rows):
            epoch["order"], epoch["at"] = random.permutation(len(rows)), 0
        index = epoch["order"][epoch["at"] : epoch["at"] + taken]
        epoch["held"], epoch["loss"] = call(epoch["held"], index, jax.random.key(epoch["calls"]))
        epoch["loss"].block_until_ready()
        epoch["at"], epoch["calls"] = epoch["at"] + taken, epoch["calls"] + 1

    step()
    startup = workload.since_start()
    steps, seconds = workload.measure(step, args, stride)
    workload.report(args, "jax", {"jax": jax.__version__}, kind, startup, steps, seconds, [epoch["loss"]])


if __name__ == "__main__":
    # Before JAX is imported: it counts the processors once.
    threads = workload.arguments(__doc__, SETTINGS).threads
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    from functools import partial

    import jax
    import jax.numpy as jnp
    import numpy as np

    main()
