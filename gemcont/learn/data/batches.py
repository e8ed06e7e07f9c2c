"""Batches of a training: a pure function of seed, epoch and step, whatever the processes."""

from dataclasses import dataclass

import numpy as np
import torch

from gemcont.errors import GemcontError
from gemcont.learn.data import augment
from gemcont.learn.data.images import batch_of
from gemcont.learn.data.panel import PanelCoding
from gemcont.learn.data.people import ImagePeople
from gemcont.learn.data.split import TRAIN
from gemcont.learn.methods.method import Batch

_ORDER, _STEP = 1, 2  # which stream of random numbers


@dataclass(frozen=True)
class Data:
    """What batches are made of, on the training's device.

    cohort: ``ImagePeople``; genotypes: float32 (people, variants), coded, or None; donors: those of
    the training people, from whose marginals corrupted genotypes are drawn; code: int64 (people,),
    equal for equal genotypes; target: float32 (people,) or None
    """

    cohort: ImagePeople
    genotypes: torch.Tensor | None
    donors: torch.Tensor | None
    code: torch.Tensor | None
    target: torch.Tensor | None


def training_data(cohort, role, settings):
    """``Data`` of a ``ImagePeople``, coded by its training people (role (people,) of ``split``)."""
    trained, device = role == TRAIN, settings.device
    genotypes = donors = code = target = None
    if cohort.dosages is not None:
        known = cohort.covariates if settings.residualise else None
        of_trained = None if known is None else known[trained]
        coding = PanelCoding.fit(cohort.dosages[trained], of_trained)
        genotypes = torch.from_numpy(coding.apply(cohort.dosages, known)).to(device)
        donors = genotypes[torch.from_numpy(trained)]
        code = torch.from_numpy(equal_genotypes(cohort.dosages)).to(device)
    if cohort.target is not None:
        values = standardised(cohort.target, trained, cohort.target_is_class)
        target = torch.from_numpy(values).to(device)
    return Data(cohort, genotypes, donors, code, target)


def standardised(values, trained, is_class):
    """float32 values, standardised by the training people unless they are 0 and 1 of a class."""
    if len(np.unique(values[trained])) < 2:
        raise GemcontError("--target: has one value in the people who are trained on")
    if is_class:
        return values.astype(np.float32)
    centred = (values - values[trained].mean()) / values[trained].std()
    return centred.astype(np.float32)


def equal_genotypes(dosages):
    """int64 (people,): the same number for the same dosages, NaN being equal to NaN."""
    rows = np.ascontiguousarray(np.nan_to_num(dosages, nan=-1.0))
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    return np.unique(whole, return_inverse=True)[1].astype(np.int64)


def order_of(images, seed, epoch):
    """The images of an epoch in their order, a permutation."""
    g = augment.generator(seed, _ORDER, epoch)
    return images[torch.randperm(len(images), generator=g).numpy()]


class Batches:
    """Makes ``Batch``es; rank and world: which part of every batch is this process's."""

    def __init__(self, data, method, settings, rank=0, world=1):
        self.data, self.method, self.settings = data, method, settings
        self.rank, self.world = rank, world
        names = settings.augment if method.augments else ()
        self.augmentation = augment.Augmentation(names)
        self.channels_last = settings.channels_last

    def make(self, chosen, epoch, step, progress):
        """The training batch of the chosen images: augmented and corrupted."""
        g = augment.generator(self.settings.seed, _STEP, epoch, step)
        drawn = self._draw(len(chosen), g)
        size = len(chosen) // self.world
        mine = slice(self.rank * size, (self.rank + 1) * size)
        views = [[numbers[mine] for numbers in view] for view in drawn["views"]]
        corruption = drawn["corruption"] and [numbers[mine] for numbers in drawn["corruption"]]
        return self._batch(chosen[mine], views, corruption, drawn["noise"][mine], progress)

    def clean(self, chosen, seed):
        """A batch as it is: one view, nothing corrupted (two views where the method needs them)."""
        g = augment.generator(self.settings.seed, _STEP, seed)
        drawn = self._draw(len(chosen), g)
        views = drawn["views"] if self.method.two_views else [[]]
        return self._batch(chosen, views, None, torch.zeros_like(drawn["noise"]), 1.0)

    def _draw(self, n, g):
        views = [self.augmentation.draw(n, g) for _ in range(1 + self.method.two_views)]
        corruption = None
        if self.method.needs_genotypes and self.settings.corruption > 0:
            donors = self.data.donors
            shape = (n, donors.shape[1])
            corruption = augment.draw_corruption(shape, len(donors), self.settings.corruption, g)
        noise = torch.randn(n, self.method.options.width, generator=g)
        return {"views": views, "corruption": corruption, "noise": noise}

    def _batch(self, chosen, views, corruption, noise, progress):
        data, device = self.data, self.settings.device
        images = batch_of(data.cohort.pixels, data.cohort.image_row[chosen], device)
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        views = [self.augmentation.apply(images, v) if v else images for v in views]
        person = torch.from_numpy(data.cohort.person[chosen]).to(device)
        clean = None if data.genotypes is None else data.genotypes[person]
        corrupted = clean if corruption is None else augment.corrupt(clean, data.donors, corruption)
        return Batch(
            views[0],
            views[1] if len(views) > 1 else None,
            corrupted,
            clean,
            None if data.target is None else data.target[person],
            person,
            None if data.code is None else data.code[person],
            noise.to(device),
            progress,
        )
