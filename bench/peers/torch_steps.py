"""PyTorch on the workloads W1, W2, W3 and C1; prints one JSON line. See workload.py for what a step is."""

import os

import settings
import workload

# A cache of its own, kept between runs: compiling from nothing would only make the start slower.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(workload.WORK / "inductor"))

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

SETTINGS = settings.SETTINGS["pytorch"]["settings"]


class Autoencoder(nn.Module):
    """columns-hidden-columns; the loss is part of the module so that it is compiled with it."""

    def __init__(self, size, squared):
        super().__init__()
        self.squared = squared
        self.encoder = nn.Linear(size.columns, size.hidden)
        self.decoder = nn.Linear(size.hidden, size.columns)

    def forward(self, x):
        if self.squared:
            return mse_loss(torch.sigmoid(self.decoder(torch.tanh(self.encoder(x)))), x)
        return binary_cross_entropy_with_logits(self.decoder(torch.relu(self.encoder(x))), x)


class Vae(nn.Module):
    """columns-hidden-(latent, latent)-hidden-columns with a Bernoulli likelihood."""

    def __init__(self, size):
        super().__init__()
        self.encoder = nn.Linear(size.columns, size.hidden)
        self.mean = nn.Linear(size.hidden, size.latent)
        self.log_variance = nn.Linear(size.hidden, size.latent)
        self.decoder = nn.Linear(size.latent, size.hidden)
        self.output = nn.Linear(size.hidden, size.columns)

    def forward(self, x):
        hidden = torch.relu(self.encoder(x))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.output(torch.relu(self.decoder(latent)))
        reconstruction = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * torch.sum(mean**2 + torch.exp(log_variance) - log_variance - 1)
        return (reconstruction + kl) / x.shape[0]


class ConvolutionalVae(nn.Module):
    """Strided convolutions down to 7x7, dense 128, and back by transposed convolutions."""

    def __init__(self, size):
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten()
        )
        self.hidden = nn.Linear(3136, size.hidden)
        self.mean = nn.Linear(size.hidden, size.latent)
        self.log_variance = nn.Linear(size.hidden, size.latent)
        self.decoder = nn.Linear(size.latent, 3136)
        self.up = nn.Sequential(
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 3, 2, 1, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 3, 2, 1, 1),
        )

    def forward(self, x):
        hidden = torch.relu(self.hidden(self.down(x)))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.up(torch.relu(self.decoder(latent)))
        reconstruction = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * torch.sum(mean**2 + torch.exp(log_variance) - log_variance - 1)
        return (reconstruction + kl) / x.shape[0]


def network(name, size):
    """The model of a workload."""
    if name == "C1":
        return ConvolutionalVae(size)
    return Vae(size) if name == "W3" else Autoencoder(size, name == "W1")


def optimizer(name, parameters, options):
    """Adam, and RMSprop for W3 (which has no fused form: its foreach form is taken instead)."""
    if name == "W3":
        return torch.optim.RMSprop(
            parameters, lr=1e-3, alpha=0.9, eps=1e-7, foreach="foreach" in options or "fused" in options
        )
    form = {"fused": True} if "fused" in options else {"foreach": "foreach" in options}
    return torch.optim.Adam(parameters, lr=1e-3, **form)


def main():
    args = workload.arguments(__doc__, SETTINGS)
    options, size = SETTINGS[args.setting], workload.WORKLOADS[args.workload]
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    if "flush" in options:
        torch.set_flush_denormal(True)
    matrix, kind = workload.load(size, args.data_dir)
    rows = torch.from_numpy(matrix)

    model = network(args.workload, size)
    if args.workload == "C1":
        rows = rows.reshape(-1, 1, 28, 28)
    layout = torch.channels_last if "channels_last" in options else torch.contiguous_format
    model = model.to(memory_format=layout)
    update = optimizer(args.workload, model.parameters(), options)
    loss_of = torch.compile(model) if "compile" in options else model
    apply = torch.compile(update.step) if "compile_optimizer" in options else update.step
    epoch = {"order": torch.randperm(len(rows)), "at": 0, "loss": None}

    def step():
        if epoch["at"] + size.batch > len(rows):
            epoch["order"], epoch["at"] = torch.randperm(len(rows)), 0
        batch = rows[epoch["order"][epoch["at"] : epoch["at"] + size.batch]]
        epoch["at"] += size.batch
        update.zero_grad(set_to_none=True)
        if args.workload == "C1":
            batch = batch.contiguous(memory_format=layout)
        epoch["loss"] = loss_of(batch)
        epoch["loss"].backward()
        apply()

    step()
    startup = workload.since_start()
    steps, seconds = workload.measure(step, args.seconds)
    workload.report(args, "pytorch", {"torch": torch.__version__}, kind, startup, steps, seconds, epoch["loss"].item())


if __name__ == "__main__":
    main()
