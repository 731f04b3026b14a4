"""PyTorch on the workloads; prints one JSON line. See workload.py for what a step is."""

import os
from functools import partial

import settings
import workload

# A cache of its own, kept between runs: compiling from nothing would only make the start slower.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(workload.WORK / "inductor"))

import torch
import torch_gan
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


class Recurrent(nn.Module):
    """An LSTM to its last state, which a second one is given at each step, and a dense layer at each step."""

    def __init__(self, size):
        super().__init__()
        self.encoder = nn.LSTM(1, size.hidden, batch_first=True)
        self.decoder = nn.LSTM(size.hidden, size.latent, batch_first=True)
        self.output = nn.Linear(size.latent, 1)

    def forward(self, x):
        series = x.unsqueeze(2)
        _, (state, _) = self.encoder(series)
        states, _ = self.decoder(state[0].unsqueeze(1).expand(-1, x.shape[1], -1))
        return mse_loss(self.output(states), series)


def network(name, size, layout, joined):
    """The model of a workload."""
    if name in workload.GAMES:
        return torch_gan.Gan(name, size, layout, joined)
    if name == "C1":
        return ConvolutionalVae(size)
    if name == "W6":
        return Recurrent(size)
    return Vae(size) if name == "W3" else Autoencoder(size, name == "W1")


def optimizers(name, options):
    """Of each update what makes its optimizer: Adam, and RMSprop for W3 (which has no fused form: foreach is taken)."""
    if name == "W3":
        foreach = "foreach" in options or "fused" in options
        return [partial(torch.optim.RMSprop, lr=1e-3, alpha=0.9, eps=1e-7, foreach=foreach)]
    form = {"fused": True} if "fused" in options else {"foreach": "foreach" in options}
    if name in workload.GAMES:
        return [partial(torch.optim.Adam, lr=rate, betas=(0.5, 0.999), **form) for rate in workload.GAMES[name].rates]
    return [partial(torch.optim.Adam, lr=1e-3, **form)]


def main():
    args = workload.arguments(__doc__, SETTINGS)
    options, size = SETTINGS[args.setting], workload.WORKLOADS[args.workload]
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    if "flush" in options:
        torch.set_flush_denormal(True)
    matrix, classes, kind = workload.load(size, args.data_dir)
    layout = torch.channels_last if "channels_last" in options else torch.contiguous_format
    rows = torch.from_numpy(matrix)
    is_image = args.workload in settings.CONVOLUTIONAL
    if is_image:
        side, channels = (32, 3) if args.workload == "W5" else (28, 1)
        rows = rows.reshape(-1, side, side, channels).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        if args.workload in workload.GAMES:
            rows.mul_(2).sub_(1)
    # Classes are for the workload that tells them apart.
    parts = [rows, torch.from_numpy(classes)] if args.workload == "W7" else [rows]

    model = network(args.workload, size, layout, "joined" in options).to(memory_format=layout)
    # Of each update: its loss, what learns, and what its gradient only passes through.
    updates = model.updates() if args.workload in workload.GAMES else [(model, list(model.parameters()), [])]
    ready = []
    for (loss_of, own, frozen), make in zip(updates, optimizers(args.workload, options)):
        update = make(own)
        loss_of = torch.compile(loss_of) if "compile" in options else loss_of
        apply = torch.compile(update.step) if "compile_optimizer" in options else update.step
        ready.append((loss_of, update.zero_grad, apply, frozen))
    epoch = {"order": torch.randperm(len(rows)), "at": 0, "losses": []}

    def step():
        if epoch["at"] + size.batch > len(rows):
            epoch["order"], epoch["at"] = torch.randperm(len(rows)), 0
        index = epoch["order"][epoch["at"] : epoch["at"] + size.batch]
        batch = [part[index] for part in parts]
        if is_image:
            batch[0] = batch[0].contiguous(memory_format=layout)
        epoch["at"] += size.batch
        epoch["losses"] = []
        for loss_of, zero_grad, apply, frozen in ready:
            for parameter in frozen:
                parameter.requires_grad_(False)
            zero_grad(set_to_none=True)
            loss = loss_of(*batch)
            loss.backward()
            apply()
            for parameter in frozen:
                parameter.requires_grad_(True)
            epoch["losses"].append(loss)

    step()
    startup = workload.since_start()
    steps, seconds = workload.measure(step, args)
    losses = [loss.item() for loss in epoch["losses"]]
    workload.report(args, "pytorch", {"torch": torch.__version__}, kind, startup, steps, seconds, losses)


if __name__ == "__main__":
    main()
