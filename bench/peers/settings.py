"""The settings of every peer: data only, so that the harness can list them without importing a framework.

`steps_per_call` above one means that one call from Python makes so many steps inside the framework.
"""

LOOP = 128

# Workloads that have images: `only` in a setting lists the workloads it is for.
CONVOLUTIONAL = ["C1"]

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
            "fit-many": {"steps_per_call": LOOP},
            "fit-jit-many": {"jit": True, "steps_per_call": LOOP},
            "train-on-batch": {},
            "train-on-batch-jit": {"jit": True},
            "function": {},
            "function-jit": {"jit": True},
            "function-many": {"steps_per_call": LOOP},
            "function-jit-many": {"jit": True, "steps_per_call": LOOP},
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
    "function": "a training step written by hand as a `tf.function`",
    "-jit": "`jit_compile=True` (XLA)",
    "-many": f"{LOOP} steps in one call: `steps_per_execution={LOOP}` for fit, a loop inside the `tf.function` otherwise",
}
