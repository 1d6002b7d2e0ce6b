"""Networks and data that train within milliseconds."""

import torch
from torch import nn

from sktsgen.nn import Network, mean_of
from sktsgen.training import Recipe, Trainer


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Line(Network):
    """Linear regression; `noise` is added to the inputs in training."""

    def __init__(self, *, n_inputs=3, noise=0.0, generator):
        super().__init__()
        self.config = {"n_inputs": n_inputs, "noise": noise}
        self.noise = noise
        self.weight = nn.Parameter(torch.randn(n_inputs, generator=generator))
        self.register_buffer("n_seen", torch.tensor(0))
        self.cut_at = None

    def loss(self, batch, step=None):
        x, y = batch
        if step is not None:
            if self.n_seen == self.cut_at:
                raise RuntimeError("power cut")
            self.n_seen += 1
            if self.noise:
                x = x + self.noise * torch.randn(x.shape, generator=step.generator)
        return mean_of((x @ self.weight - y).square())


class Scripted(Network):
    """Its weight falls by the learning rate a step; its validation losses are given."""

    def __init__(self, validation_losses=(), *, generator=None):
        super().__init__()
        self.config = {}
        self.weight = nn.Parameter(torch.zeros(1))
        self.script = list(validation_losses)
        self.trained, self.validated = [], []

    def loss(self, batch, step=None):
        weight = self.weight.detach().item()
        if step is None:
            self.validated.append(weight)
            return mean_of(torch.tensor(self.script[len(self.validated) - 1]))
        self.trained.append(weight)
        return mean_of(self.weight.sum())


class Pairs:
    """Inputs and targets of a line, and a record of what was asked for."""

    def __init__(self, n=40, *, seed=0, weight=(1.0, -2.0, 0.5)):
        self.x = torch.randn(n, 3, generator=seeded(seed))
        self.y = self.x @ torch.tensor(weight)
        self.asked = []

    def __len__(self):
        return len(self.x)

    def content(self):
        yield from (self.x, self.y)

    def batch(self, indices):
        self.asked.append(indices)
        return self.x[indices], self.y[indices]


def new_line(*, noise=0.1, seed=0):
    return Line(noise=noise, generator=seeded(seed))


def new_recipe(**changes):
    given = {"max_epochs": 4, "batch_size": 8, "learning_rate": 0.05, "warm_up_steps": 5}
    return Recipe(**{**given, **changes})


def train(network, data=None, *, steps=5, folder=None, recipe=None, seed=0, **options):
    trainer = Trainer(steps_per_epoch=steps, checkpoint_dir=folder)
    return trainer.fit(
        network,
        Pairs() if data is None else data,
        new_recipe() if recipe is None else recipe,
        generator=seeded(seed),
        **options,
    )
