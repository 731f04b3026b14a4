"""PyTorch on the dense workloads W1, W2 and W3; prints one JSON line. See workload.py for what a step is."""

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


def optimizer(name, parameters, options):
    """Adam for W1 and W2, RMSprop for W3 (which has no fused form: its foreach form is taken instead)."""
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

    model = Vae(size) if args.workload == "W3" else Autoencoder(size, args.workload == "W1")
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
        epoch["loss"] = loss_of(batch)
        epoch["loss"].backward()
        apply()

    step()
    startup = workload.since_start()
    steps, seconds = workload.measure(step, args.seconds)
    workload.report(args, "pytorch", {"torch": torch.__version__}, kind, startup, steps, seconds, epoch["loss"].item())


if __name__ == "__main__":
    main()
