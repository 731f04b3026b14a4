"""The adversarial networks of W4, W5 and W7 in Keras. See `workload.Game` for what they minimize."""

import keras
import tensorflow as tf
import workload
from keras import layers


def leaky():
    return layers.LeakyReLU(negative_slope=0.2)


def norm():
    return layers.BatchNormalization(momentum=0.8, epsilon=1e-3)


def networks(name, size):
    """The generator, and the discriminator from a row to its output, its last hidden layer and, for W7, its classes."""
    game = workload.GAMES[name]

    def start():
        return keras.initializers.RandomNormal(stddev=game.start) if game.start else "glorot_uniform"

    def dense(units, activation=None):
        return layers.Dense(units, activation, kernel_initializer=start())

    def conv(channels, stride, activation=None):
        return layers.Conv2D(channels, 5, stride, "same", activation=activation, kernel_initializer=start())

    def up(channels, activation=None):
        return layers.Conv2DTranspose(channels, 5, 2, "same", activation=activation, kernel_initializer=start())

    if name == "W4":
        shape = (28, 28, 1)
        generator = [dense(6272), leaky(), layers.Reshape((7, 7, 128)), layers.UpSampling2D(2), conv(64, 1), leaky()]
        generator += [layers.UpSampling2D(2), conv(1, 1, "tanh")]
        hidden = [conv(64, 2), leaky(), layers.Dropout(0.3), conv(128, 2), leaky(), layers.Dropout(0.3)]
        hidden += [layers.Flatten()]
    elif name == "W5":
        shape = (32, 32, 3)
        generator = [dense(3072), norm(), layers.ReLU(), layers.Reshape((4, 4, 192)), up(256), norm(), layers.ReLU()]
        generator += [up(128), norm(), layers.ReLU(), up(3, "tanh")]
        hidden = [conv(64, 2), leaky(), conv(128, 2), norm(), leaky(), conv(256, 2), norm(), leaky(), layers.Flatten()]
    else:
        shape = (29,)
        generator = [dense(16, "relu"), dense(29)]
        hidden = [dense(31), leaky(), dense(16), leaky()]
    row = keras.Input(shape)
    features = keras.Sequential([keras.Input(shape), *hidden])(row)
    judged = [dense(1)(features), features] + ([dense(2)(features)] if game.classify else [])
    return keras.Sequential([keras.Input((size.latent,)), *generator]), keras.Model(row, judged), shape


class Gan(keras.Model):
    """Both networks, with the two updates as the training step."""

    def __init__(self, name, size, joined):
        super().__init__()
        self.game, self.size, self.joined = workload.GAMES[name], size, joined
        self.generator, self.discriminator, self.shape = networks(name, size)
        self.optimizers = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in self.game.rates]
        for optimizer, network in zip(self.optimizers, (self.discriminator, self.generator)):
            optimizer.build(network.trainable_variables)
        self.built = True

    def make(self):
        return self.generator(tf.random.normal([self.size.batch, self.size.latent]), training=True)

    def train_step(self, data):
        real, classes, _ = keras.utils.unpack_x_y_sample_weight(data)
        made = self.make()
        with tf.GradientTape() as tape:
            if self.joined:
                both = [tf.split(part, 2) for part in self.discriminator(tf.concat([real, made], 0), training=True)]
                on_real, on_made = zip(*both)
            else:
                on_real, on_made = (self.discriminator(rows, training=True) for rows in (real, made))
            judged = labelled(on_real[0], self.game.real) + labelled(on_made[0], self.game.made)
            if self.game.classify:
                cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, on_real[2])
                judged += self.game.classify * tf.reduce_mean(cross_entropy)
        self.learn(0, tape, judged, self.discriminator)
        on_real = self.discriminator(real, training=True) if self.game.matching else None
        with tf.GradientTape() as tape:
            on_made = self.discriminator(self.make(), training=True)
            fooled = labelled(on_made[0], (1.0, 1.0))
            if self.game.matching:
                apart = tf.reduce_mean(on_made[1], 0) - tf.reduce_mean(on_real[1], 0)
                fooled += self.game.matching * tf.reduce_sum(tf.square(apart))
        self.learn(1, tape, fooled, self.generator)
        return {"loss": judged, "generator": fooled}

    def learn(self, which, tape, loss, network):
        own = network.trainable_variables
        self.optimizers[which].apply(tape.gradient(loss, own), own)


def labelled(logits, label):
    """Mean binary cross-entropy with labels drawn evenly from a range."""
    low, high = label
    labels = tf.fill(tf.shape(logits), low) if low == high else tf.random.uniform(tf.shape(logits), low, high)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
