"""Keras with TensorFlow on the workloads; prints one JSON line. See workload.py for what a step is.

TensorFlow flushes denormals in its own threads, so there is no setting for that.
"""

import os
import time

import settings
import workload

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import keras_gan
import numpy as np
import tensorflow as tf
from keras import layers, ops

SETTINGS = settings.SETTINGS["keras"]["settings"]


class Sampling(layers.Layer):
    """Draws from N(mean, exp(log_variance)) and adds the KL divergence from N(0, 1), averaged over rows, to the loss."""

    def call(self, inputs):
        mean, log_variance = inputs
        self.add_loss(0.5 * ops.mean(ops.sum(ops.square(mean) + ops.exp(log_variance) - log_variance - 1, axis=1)))
        return mean + ops.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))


def network(name, size):
    """The model, its loss and its optimizer, not yet compiled."""
    x = keras.Input((size.columns,))
    if name == "W1":
        hidden = layers.Dense(size.hidden, "tanh")(x)
        model = keras.Model(x, layers.Dense(size.columns, "sigmoid")(hidden))
        return model, keras.losses.MeanSquaredError(), keras.optimizers.Adam(1e-3)
    if name == "W2":
        hidden = layers.Dense(size.hidden, "relu")(x)
        model = keras.Model(x, layers.Dense(size.columns)(hidden))
        return model, keras.losses.BinaryCrossentropy(from_logits=True), keras.optimizers.Adam(1e-3)
    if name == "C1":
        return convolutional(x, size), summed(size), keras.optimizers.Adam(1e-3)
    if name == "W6":
        state = layers.LSTM(size.hidden)(layers.Reshape((size.columns, 1))(x))
        states = layers.LSTM(size.latent, return_sequences=True)(layers.RepeatVector(size.columns)(state))
        model = keras.Model(x, layers.Flatten()(layers.Dense(1)(states)))
        return model, keras.losses.MeanSquaredError(), keras.optimizers.Adam(1e-3)
    hidden = layers.Dense(size.hidden, "relu")(x)
    latent = Sampling()([layers.Dense(size.latent)(hidden), layers.Dense(size.latent)(hidden)])
    hidden = layers.Dense(size.hidden, "relu")(latent)
    model = keras.Model(x, layers.Dense(size.columns)(hidden))
    return model, summed(size), keras.optimizers.RMSprop(1e-3, rho=0.9, epsilon=1e-7)


def summed(size):
    """Binary cross-entropy summed over columns."""

    def loss(target, logits):
        return size.columns * keras.losses.binary_crossentropy(target, logits, from_logits=True)

    return loss


def convolutional(x, size):
    """Strided convolutions down to 7x7, dense 128, and back by transposed convolutions."""
    hidden = layers.Reshape((28, 28, 1))(x)
    for channels in (32, 64):
        hidden = layers.Conv2D(channels, 3, 2, "same", activation="relu")(hidden)
    hidden = layers.Dense(size.hidden, "relu")(layers.Flatten()(hidden))
    latent = Sampling()([layers.Dense(size.latent)(hidden), layers.Dense(size.latent)(hidden)])
    hidden = layers.Reshape((7, 7, 64))(layers.Dense(3136, "relu")(latent))
    hidden = layers.Conv2DTranspose(32, 3, 2, "same", activation="relu")(hidden)
    hidden = layers.Conv2DTranspose(1, 3, 2, "same")(hidden)
    return keras.Model(x, layers.Flatten()(hidden))


class Clock(keras.callbacks.Callback):
    """Starts at the end of the first epoch and stops the fit at the end of the epoch in which the time is up."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.begin, self.epochs, self.elapsed, self.loss = seconds, None, 0, 0.0, float("nan")

    def on_epoch_end(self, epoch, logs=None):
        now = time.perf_counter()
        self.loss = logs["loss"]
        if self.begin is None:
            self.begin = now
            return
        self.epochs, self.elapsed = self.epochs + 1, now - self.begin
        self.model.stop_training = self.elapsed >= self.seconds


class StepClock(Clock):
    """The same by steps, for workloads whose epochs take minutes."""

    def on_train_batch_end(self, batch, logs=None):
        if batch >= 2:
            super().on_epoch_end(batch, logs)
            self.model.stop_training &= self.epochs >= 3

    def on_epoch_end(self, epoch, logs=None):
        pass


def fit(args, setting, size, rows, target, model):
    """`model.fit`, timed over whole epochs after the first."""
    # An exact number of batches, as in the other settings; fit shuffles the rows before every epoch.
    per_epoch = len(rows) // size.batch
    execution = setting.get("steps_per_call", 1)
    per_epoch -= per_epoch % execution
    rows, target = rows[: per_epoch * size.batch], target[: per_epoch * size.batch]
    first = size.batch * execution
    model.fit(rows[:first], target[:first], batch_size=size.batch, verbose=0)
    startup = workload.since_start()
    by_step = args.workload in settings.HEAVY
    clock = (StepClock if by_step else Clock)(args.seconds)
    model.fit(rows, target, batch_size=size.batch, epochs=1_000_000, verbose=0, callbacks=[clock])
    return startup, clock.epochs * (1 if by_step else per_epoch), clock.elapsed, [clock.loss]


def train_on_batch(args, size, rows, target, model):
    """`model.train_on_batch`, the batch gathered by NumPy."""
    random = np.random.default_rng(1)
    epoch = {"order": random.permutation(len(rows)), "at": 0, "losses": []}

    def step():
        if epoch["at"] + size.batch > len(rows):
            epoch["order"], epoch["at"] = random.permutation(len(rows)), 0
        index = epoch["order"][epoch["at"] : epoch["at"] + size.batch]
        batch = rows[index]
        epoch["at"] += size.batch
        # A model that is to give its rows back is not made to gather them twice.
        found = model.train_on_batch(batch, batch if target is rows else target[index], return_dict=True)
        epoch["losses"] = [found.pop("loss"), *found.values()]

    step()
    startup = workload.since_start()
    steps, seconds = workload.measure(step, args)
    return startup, steps, seconds, epoch["losses"]


def function(args, setting, size, rows, target, model, loss_of, optimizer):
    """A training step written as a `tf.function`; the -many settings loop over steps inside it."""
    is_game = args.workload in workload.GAMES
    if not is_game:
        optimizer.build(model.trainable_variables)
    resident = tf.constant(rows)
    labels = tf.constant(target) if is_game else None

    def one(index):
        batch = tf.gather(resident, index)
        if is_game:
            return tf.stack(list(model.train_step((batch, tf.gather(labels, index))).values()))
        with tf.GradientTape() as tape:
            logits = model(batch, training=True)
            loss = tf.reduce_mean(loss_of(batch, logits))
            if model.losses:
                loss += tf.add_n(model.losses)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return tf.stack([loss])

    stride = setting.get("steps_per_call", 1)

    @tf.function(jit_compile=setting.get("jit", False))
    def call(order):
        if stride == 1:
            return one(order)
        batches = tf.reshape(order, [stride, size.batch])
        losses = tf.zeros([2 if is_game else 1])
        for at in tf.range(stride):
            losses = one(batches[at])
        return losses

    taken = size.batch * stride
    epoch = {"order": tf.random.shuffle(tf.range(len(rows))), "at": 0, "losses": None}

    def step():
        if epoch["at"] + taken > len(rows):
            epoch["order"], epoch["at"] = tf.random.shuffle(tf.range(len(rows))), 0
        epoch["losses"] = call(epoch["order"][epoch["at"] : epoch["at"] + taken])
        epoch["at"] += taken

    step()
    epoch["losses"].numpy()
    startup = workload.since_start()
    steps, seconds = workload.measure(step, args, stride)
    return startup, steps, seconds, epoch["losses"].numpy()


def main():
    args = workload.arguments(__doc__, SETTINGS)
    setting, size = SETTINGS[args.setting], workload.WORKLOADS[args.workload]
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    keras.utils.set_random_seed(1)
    rows, classes, kind = workload.load(size, args.data_dir)
    if args.workload in workload.GAMES:
        model, loss_of, optimizer = keras_gan.Gan(args.workload, size, setting.get("joined", False)), None, None
        if args.workload in settings.CONVOLUTIONAL:
            rows = (rows * 2 - 1).reshape(-1, *model.shape)
        target = np.zeros(len(rows), np.int64) if classes is None else classes
    else:
        model, loss_of, optimizer = network(args.workload, size)
        target = rows
    if args.setting.startswith("function"):
        startup, steps, seconds, losses = function(args, setting, size, rows, target, model, loss_of, optimizer)
    else:
        # A game has its optimizers; one that is given here is not used.
        model.compile(
            optimizer or "adam",
            loss_of,
            jit_compile=setting.get("jit", False),
            steps_per_execution=setting.get("steps_per_call", 1),
        )
        if args.setting.startswith("fit"):
            startup, steps, seconds, losses = fit(args, setting, size, rows, target, model)
        else:
            startup, steps, seconds, losses = train_on_batch(args, size, rows, target, model)
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    workload.report(args, "keras", versions, kind, startup, steps, seconds, losses)


if __name__ == "__main__":
    main()
