"""The adversarial networks of W4, W5 and W7 in PyTorch. See `workload.Game` for what they minimize."""

import torch
import workload
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


class Image(nn.Module):
    """A row as an image of this shape."""

    def __init__(self, layout, *shape):
        super().__init__()
        self.layout, self.shape = layout, shape

    def forward(self, x):
        return x.unflatten(1, self.shape).contiguous(memory_format=self.layout)


def leaky():
    return nn.LeakyReLU(0.2)


def norm(channels, kind=nn.BatchNorm2d):
    return kind(channels, eps=1e-3, momentum=0.2)


def up(inputs, outputs):
    return nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, 1)


def down(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 5, 2, 2)


def networks(name, layout):
    """The generator, the discriminator up to its last hidden layer, and the width of that."""
    if name == "W4":
        generator = [nn.Linear(100, 6272), leaky(), Image(layout, 128, 7, 7)]
        generator += [nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 5, padding=2), leaky()]
        generator += [nn.Upsample(scale_factor=2), nn.Conv2d(64, 1, 5, padding=2), nn.Tanh()]
        discriminator = [down(1, 64), leaky(), nn.Dropout(0.3), down(64, 128), leaky(), nn.Dropout(0.3), nn.Flatten()]
        features = 6272
    elif name == "W5":
        generator = [nn.Linear(100, 3072), norm(3072, nn.BatchNorm1d), nn.ReLU(), Image(layout, 192, 4, 4)]
        generator += [up(192, 256), norm(256), nn.ReLU(), up(256, 128), norm(128), nn.ReLU(), up(128, 3), nn.Tanh()]
        discriminator = [down(3, 64), leaky(), down(64, 128), norm(128), leaky(), down(128, 256), norm(256), leaky()]
        discriminator += [nn.Flatten()]
        features = 4096
    else:
        generator = [nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 29)]
        discriminator = [nn.Linear(29, 31), leaky(), nn.Linear(31, 16), leaky()]
        features = 16
    return nn.Sequential(*generator), nn.Sequential(*discriminator), features


class Gan(nn.Module):
    """Both networks and their losses, so that these are compiled with them."""

    def __init__(self, name, size, layout, joined):
        super().__init__()
        self.game, self.latent, self.joined = workload.GAMES[name], size.latent, joined
        self.generator, hidden, features = networks(name, layout)
        self.discriminator = nn.ModuleDict({"hidden": hidden, "output": nn.Linear(features, 1)})
        if self.game.classify:
            self.discriminator["classes"] = nn.Linear(features, 2)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                if self.game.start:
                    nn.init.normal_(module.weight, std=self.game.start)
                else:
                    nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def updates(self):
        """Of each update its loss, the parameters that learn, and those that its gradient passes through."""
        own = [list(self.discriminator.parameters()), list(self.generator.parameters())]
        return [(self.discriminator_loss, own[0], []), (self.generator_loss, own[1], own[0])]

    def make(self, like):
        return self.generator(torch.randn(like.shape[0], self.latent))

    def discriminator_loss(self, real, classes=None):
        with torch.no_grad():
            made = self.make(real)
        hidden, output = self.discriminator["hidden"], self.discriminator["output"]
        if self.joined:
            on_real, on_made = hidden(torch.cat([real, made])).chunk(2)
        else:
            on_real, on_made = hidden(real), hidden(made)
        loss = labelled(output(on_real), self.game.real) + labelled(output(on_made), self.game.made)
        if self.game.classify:
            loss = loss + self.game.classify * cross_entropy(self.discriminator["classes"](on_real), classes)
        return loss

    def generator_loss(self, real, classes=None):
        features = self.discriminator["hidden"](self.make(real))
        loss = labelled(self.discriminator["output"](features), (1.0, 1.0))
        if self.game.matching:
            with torch.no_grad():
                on_real = self.discriminator["hidden"](real).mean(0)
            loss = loss + self.game.matching * (features.mean(0) - on_real).square().sum()
        return loss


def labelled(logits, label):
    """Mean binary cross-entropy with labels drawn evenly from a range."""
    low, high = label
    labels = torch.full_like(logits, low) if low == high else torch.rand_like(logits) * (high - low) + low
    return binary_cross_entropy_with_logits(logits, labels)
