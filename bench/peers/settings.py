"""The settings of every peer: data only, so that the harness can list them without importing a framework.

`steps_per_call` above one means that one call from Python makes so many steps inside the framework.
"""

LOOP = 128

# `only` in a setting lists the workloads it is for.
CONVOLUTIONAL = ["C1", "W4", "W5"]
# XLA never ends compiling a loop of convolutional steps.
DENSE = ["W1", "W2", "W3", "W6", "W7"]
# A step of these takes hundreds of times as long as a call, so several steps a call gain nothing, and one thread is not
# tried.
HEAVY = ["W4", "W5"]
NOT_HEAVY = [*DENSE, "C1"]
# What the JAX script has.
PLAIN = ["W1", "W2", "W3"]
# Adversarial networks without batch normalization, so that real and made rows judged as one batch give the same losses.
JOINABLE = ["W4", "W7"]

SETTINGS = {
    "pytorch": {
        "script": "torch_steps.py",
        # What an ordinary user writes: always measured in full.
        "usual": "eager",
        "settings": {
            "eager": {},
            "foreach": {"foreach": True},
            "fused": {"fused": True},
            "flush": {"flush": True},
            "fused-flush": {"fused": True, "flush": True},
            "compile": {"compile": True},
            "compile-fused-flush": {"compile": True, "fused": True, "flush": True},
            "compile-whole-flush": {"compile": True, "compile_optimizer": True, "flush": True},
            "fused-flush-joined": {"fused": True, "flush": True, "joined": True, "only": JOINABLE},
            "compile-fused-flush-joined": {
                "compile": True,
                "fused": True,
                "flush": True,
                "joined": True,
                "only": JOINABLE,
            },
            "channels-last": {"channels_last": True, "only": CONVOLUTIONAL},
            "channels-last-fused-flush": {
                "channels_last": True,
                "fused": True,
                "flush": True,
                "only": CONVOLUTIONAL,
            },
            "compile-channels-last-fused-flush": {
                "compile": True,
                "channels_last": True,
                "fused": True,
                "flush": True,
                "only": CONVOLUTIONAL,
            },
        },
    },
    "keras": {
        "script": "keras_steps.py",
        "usual": "fit",
        "settings": {
            "fit": {},
            "fit-jit": {"jit": True},
            "fit-many": {"steps_per_call": LOOP, "only": NOT_HEAVY},
            "fit-jit-many": {"jit": True, "steps_per_call": LOOP, "only": NOT_HEAVY},
            "train-on-batch": {},
            "train-on-batch-jit": {"jit": True},
            "function": {},
            "function-jit": {"jit": True},
            "function-joined": {"joined": True, "only": JOINABLE},
            "function-jit-joined": {"jit": True, "joined": True, "only": JOINABLE},
            "function-many": {"steps_per_call": LOOP, "only": NOT_HEAVY},
            "function-jit-many": {"jit": True, "steps_per_call": LOOP, "only": DENSE},
            "function-jit-joined-many": {"jit": True, "joined": True, "steps_per_call": LOOP, "only": ["W7"]},
        },
    },
    "jax": {
        "script": "jax_steps.py",
        "usual": "jit",
        "settings": {
            "jit": {"only": PLAIN},
            "scan-many": {"steps_per_call": LOOP, "only": PLAIN},
        },
    },
}

# What each setting is, for the closing notes of the results.
NOTES = {
    "eager": "the default: operation by operation, optimizer as a loop over parameters",
    "foreach": "`foreach=True` in the optimizer",
    "fused": "`fused=True` in the optimizer (RMSprop has no such form: `foreach=True`)",
    "flush": "`torch.set_flush_denormal(True)`",
    "compile": "`torch.compile` of model and loss (C++ back end), kernels cached from earlier runs",
    "compile-whole": "`torch.compile` of model and loss and of the optimizer's step",
    "channels-last": "images and weights in PyTorch's `channels_last` memory format",
    "fit": "`model.fit` on the resident array",
    "train-on-batch": "`model.train_on_batch`",
    "jit": "a training step compiled by `jax.jit`",
    "scan": "`jax.lax.scan` over the steps of a call",
    "function": "a training step written by hand as a `tf.function`",
    "-jit": "`jit_compile=True` (XLA)",
    "-joined": "the discriminator judges real and made rows as one batch (networks without batch normalization)",
    "-many": f"{LOOP} steps in one call: `steps_per_execution={LOOP}` for fit, a loop inside the `tf.function` otherwise",
}
