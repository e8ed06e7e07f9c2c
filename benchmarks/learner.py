"""Training: images per second of every method against a plain torch loop of the same model.

The plain loop is what one would write first: a Dataset that makes one image a tensor and erases a
rectangle of it, one person's genotypes corrupted at a time, torch's DataLoader, images in torch's
default order in memory. Model, loss, optimiser and batch are the same; both run by turns.

    python benchmarks/learner.py --images emnist.npz --encoder mlp
    python benchmarks/learner.py --images emnist.npz --encoder cnn --people 8000
"""

import argparse
import resource
import tempfile
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from gemcont.learn.data.augment import Erase, generator
from gemcont.learn.data.batches import Batches, Data, equal_genotypes, order_of
from gemcont.learn.data.people import ImagePeople
from gemcont.learn.methods.method import Batch
from gemcont.learn.simulation.glyphs import read_glyphs
from gemcont.learn.training.model import build_method
from gemcont.settings.train import METHODS, TrainSettings

VARIANTS = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--images", required=True)
    parser.add_argument("--encoder", default="mlp")
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cohort = make_cohort(options, folder)
        print(
            f"{options.encoder}, batches of {options.batch_size}, {torch.get_num_threads()} threads"
        )
        print("method | gemcont, images/s | plain loop, images/s | ratio")
        for method in METHODS:
            settings = TrainSettings(
                method=method, encoder=options.encoder, batch_size=options.batch_size
            )
            rates = [[f(cohort, settings) for f in (ours, plain)] for _ in range(options.turns)]
            fast, slow = np.max(rates, axis=0)
            print(f"{method:10s} | {fast:8.0f} | {slow:8.0f} | {fast / slow:.2f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of it all {peak:.0f} MiB")


def make_cohort(options, folder):
    rng = np.random.default_rng(0)
    np.save(f"{folder}/images.npy", read_glyphs(options.images).images[: options.people])
    pixels = np.load(f"{folder}/images.npy", mmap_mode="r")
    n, rows = len(pixels), np.arange(len(pixels))
    ids = [str(i) for i in rows]
    dosages = rng.binomial(2, 0.3, (n, VARIANTS)).astype(np.float32)
    shape = (1, *pixels.shape[1:])
    return ImagePeople(
        pixels=pixels,
        shape=shape,
        image_row=rows,
        person=rows,
        fid=ids,
        iid=ids,
        dosages=dosages,
        target=rng.standard_normal(n),
    )


def prepared(cohort, settings):
    genotypes = torch.from_numpy(cohort.dosages - cohort.dosages.mean(axis=0))
    code = torch.from_numpy(equal_genotypes(cohort.dosages))
    target = torch.from_numpy(cohort.target).float()
    data = Data(cohort=cohort, genotypes=genotypes, donors=genotypes, code=code, target=target)
    method = build_method(settings, cohort.shape, genotypes, np.ones(VARIANTS))
    return data, method, torch.optim.AdamW(method.parameters(), lr=settings.lr)


def step(method, optimizer, batch):
    optimizer.zero_grad()
    loss = method.loss(batch)
    loss.backward()
    optimizer.step()
    method.after_step()
    return float(loss.detach())


def ours(cohort, settings):
    data, method, optimizer = prepared(cohort, settings)
    if settings.channels_last:
        method.to(memory_format=torch.channels_last)
    batches, size = Batches(data, method, settings), settings.batch_size
    order = order_of(np.arange(cohort.n_people), 0, 0)
    steps = len(order) // size
    began = time.perf_counter()
    for k in range(steps):
        step(method, optimizer, batches.make(order[k * size : (k + 1) * size], 0, k, 0.5))
    return steps * size / (time.perf_counter() - began)


class OneByOne(Dataset):
    """A person at a time, as a first version would have it."""

    def __init__(self, data, method):
        self.data, self.method, self.g = data, method, generator(0)

    def __len__(self):
        return self.data.cohort.n_people

    def _view(self, image):
        if not self.method.augments:
            return image
        return Erase.apply(image[None], Erase.draw(1, self.g))[0]

    def __getitem__(self, i):
        image = torch.from_numpy(self.data.cohort.pixels[i].astype(np.float32) / 255)[None]
        item = {"images": self._view(image), "person": i, "target": self.data.target[i]}
        if self.method.two_views:
            item["second"] = self._view(image)
        if self.method.needs_genotypes:
            row = self.data.genotypes[i]
            mask = torch.rand(len(row)) < 0.1
            donors = torch.randint(len(self), (len(row),))
            item["genotypes"] = torch.where(mask, self.data.donors[donors, range(len(row))], row)
            item |= {"clean": row, "code": self.data.code[i]}
        return item | {"noise": torch.randn(self.method.options.width)}


def plain(cohort, settings):
    data, method, optimizer = prepared(cohort, settings)
    loader = DataLoader(OneByOne(data, method), settings.batch_size, shuffle=True, drop_last=True)
    began, seen = time.perf_counter(), 0
    for found in loader:
        step(method, optimizer, Batch(**found, progress=0.5))
        seen += len(found["images"])
    return seen / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
