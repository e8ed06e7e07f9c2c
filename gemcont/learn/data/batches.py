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
from gemcont.learn.methods.method import Batch, Method
from gemcont.settings.train import TrainSettings

_ORDER, _STEP = 1, 2  # which stream of random numbers


@dataclass(frozen=True, kw_only=True)
class Data:
    """The people of a training, on its device: what batches are made of.

    Attributes:
        cohort: the people and their images.
        genotypes: float32 (people, variants), coded, or None.
        donors: those of the training people, from whose marginals corrupted genotypes are drawn.
        code: int64 (people,), equal for equal genotypes, or None.
        target: float32 (people,), or None.
    """

    cohort: ImagePeople
    genotypes: torch.Tensor | None
    donors: torch.Tensor | None
    code: torch.Tensor | None
    target: torch.Tensor | None


def training_data(cohort: ImagePeople, role: np.ndarray, settings: TrainSettings) -> Data:
    """Code genotypes and target by the training people; role: (people,), as of ``split``."""
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
    return Data(cohort=cohort, genotypes=genotypes, donors=donors, code=code, target=target)


def standardised(values: np.ndarray, trained: np.ndarray, is_class: bool) -> np.ndarray:
    """Return values as float32, standardised by the training people unless they are classes.

    Args:
        values: float64 (people,).
        trained: bool (people,), the training people.
        is_class: whether values are 0 and 1, which stay.

    Raises:
        GemcontError: the training people have one value.
    """
    if len(np.unique(values[trained])) < 2:
        raise GemcontError("--target: has one value in the people who are trained on")
    if is_class:
        return values.astype(np.float32)
    centred = (values - values[trained].mean()) / values[trained].std()
    return centred.astype(np.float32)


def equal_genotypes(dosages: np.ndarray) -> np.ndarray:
    """Return int64 (people,): the same number for the same dosages, NaN being equal to NaN."""
    rows = np.ascontiguousarray(np.nan_to_num(dosages, nan=-1.0))
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    return np.unique(whole, return_inverse=True)[1].astype(np.int64)


def order_of(images: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return the images of an epoch in their order, a permutation."""
    g = augment.generator(seed, _ORDER, epoch)
    return images[torch.randperm(len(images), generator=g).numpy()]


class Batches:
    """Maker of ``Batch``es, each a function of seed, epoch and step."""

    def __init__(
        self,
        data: Data,
        method: Method,
        settings: TrainSettings,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        """Prepare for a method; rank, world: which part of every batch is this process's."""
        self.data, self.method, self.settings = data, method, settings
        self.rank, self.world = rank, world
        names = settings.augment if method.augments else ()
        self.augmentation = augment.Augmentation(names)
        self.channels_last = settings.channels_last

    def make(self, chosen: np.ndarray, epoch: int, step: int, progress: float) -> Batch:
        """Return the training batch of the chosen images: augmented and corrupted."""
        g = augment.generator(self.settings.seed, _STEP, epoch, step)
        drawn = self._draw(len(chosen), g)
        size = len(chosen) // self.world
        mine = slice(self.rank * size, (self.rank + 1) * size)
        views = [[numbers[mine] for numbers in view] for view in drawn["views"]]
        corruption = drawn["corruption"] and [numbers[mine] for numbers in drawn["corruption"]]
        return self._batch(chosen[mine], views, corruption, drawn["noise"][mine], progress)

    def clean(self, chosen: np.ndarray, seed: int) -> Batch:
        """Return a batch uncorrupted: one view as it is, or two where the method needs them."""
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
        noise = torch.randn(n, self.method.options.width, generator=g)  # (n, width)
        return {"views": views, "corruption": corruption, "noise": noise}

    def _batch(self, chosen, views, corruption, noise, progress):
        data, device = self.data, self.settings.device
        images = batch_of(data.cohort.pixels, data.cohort.image_row[chosen], device)
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        views = [self.augmentation.apply(images, v) if v else images for v in views]
        person = torch.from_numpy(data.cohort.person[chosen]).to(device)  # (B,)
        clean = None if data.genotypes is None else data.genotypes[person]  # (B, variants)
        corrupted = clean if corruption is None else augment.corrupt(clean, data.donors, corruption)
        return Batch(
            images=views[0],
            second=views[1] if len(views) > 1 else None,
            genotypes=corrupted,
            clean=clean,
            target=None if data.target is None else data.target[person],
            person=person,
            code=None if data.code is None else data.code[person],
            noise=noise.to(device),
            progress=progress,
        )
