"""Minibatches, a function of seed, epoch and step."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.data.batches import (
    Batches,
    equal_genotypes,
    order_of,
    standardised,
    training_data,
)
from gemcont.learn.data.people import ImagePeople
from gemcont.learn.data.split import HELD_OUT, TRAIN
from gemcont.settings.train import TrainSettings

N, N_VARIANTS = 24, 5
SETTINGS = TrainSettings(encoder="mlp", corruption=0.3, augment=("erase",))


@pytest.fixture
def cohort():
    """24 people with an image each, the first three with another one."""
    rng = np.random.default_rng(0)
    dosages = rng.binomial(2, 0.4, (N, N_VARIANTS)).astype(np.float32)
    dosages[2, 1] = np.nan
    person = np.array([*range(N), 0, 1, 2])
    return ImagePeople(
        pixels=rng.integers(1, 256, (N + 3, 6, 6)).astype(np.uint8),
        shape=(1, 6, 6),
        image_row=np.arange(N + 3)[::-1],
        person=person,
        fid=[f"f{i}" for i in range(N)],
        iid=[f"p{i}" for i in range(N)],
        dosages=dosages,
        target=rng.standard_normal(N),
    )


def batches_of(cohort, settings=SETTINGS, rank=0, world=1, **kind):
    kind = {"augments": True, "two_views": False, "needs_genotypes": True} | kind
    method = SimpleNamespace(**kind, options=SimpleNamespace(width=7))
    role = np.where(np.arange(N) < 20, TRAIN, HELD_OUT)
    return Batches(training_data(cohort, role, settings), method, settings, rank, world)


def test_equal_genotypes_have_equal_codes():
    rows = np.array([[0, 1, np.nan], [0, 1, np.nan], [0, 1, 2], [0, 1, np.nan]], dtype=np.float32)
    codes = equal_genotypes(rows)
    assert codes[0] == codes[1] == codes[3] != codes[2]


def test_a_batch_is_what_its_people_are(cohort):
    made = batches_of(cohort)
    chosen = np.array([25, 3, 0])
    batch = made.clean(chosen, 0)
    assert batch.person.tolist() == [1, 3, 0]
    expected = cohort.pixels[cohort.image_row[chosen]][:, None].astype(np.float32) / 255
    np.testing.assert_array_equal(batch.images, expected)
    frequency = np.nanmean(cohort.dosages[:20], axis=0)
    coded = np.nan_to_num(cohort.dosages - frequency)[[1, 3, 0]]
    np.testing.assert_allclose(batch.genotypes, coded, atol=1e-6)
    z = (cohort.target - cohort.target[:20].mean()) / cohort.target[:20].std()
    np.testing.assert_allclose(batch.target, z[[1, 3, 0]], rtol=1e-5)
    assert not batch.noise.any()


def test_corrupted_genotypes_are_a_training_persons_of_the_same_variant(cohort):
    batch = batches_of(cohort).make(np.arange(N), 0, 0, 0.5)
    donors = batches_of(cohort).data.donors
    assert len(donors) == 20
    changed = (batch.genotypes != batch.clean).float().mean()
    assert 0.05 < float(changed) < 0.3
    for j in range(N_VARIANTS):
        assert torch.isin(batch.genotypes[:, j], torch.cat([donors[:, j], batch.clean[:, j]])).all()
    assert batch.progress == 0.5
    plain = batches_of(cohort, replace(SETTINGS, corruption=0.0)).make(np.arange(N), 0, 0, 0.5)
    torch.testing.assert_close(plain.genotypes, plain.clean)


@pytest.mark.parametrize("world", [2, 3, 6])
def test_parts_of_the_processes_are_the_whole_batch(cohort, world):
    chosen = np.arange(12) * 2
    whole = batches_of(cohort, two_views=True).make(chosen, 3, 4, 0.5)
    parts = [
        batches_of(cohort, rank=rank, world=world, two_views=True).make(chosen, 3, 4, 0.5)
        for rank in range(world)
    ]
    for name in ("images", "second", "genotypes", "target", "person", "code", "noise"):
        joined = torch.cat([getattr(part, name) for part in parts])
        torch.testing.assert_close(joined, getattr(whole, name), rtol=0, atol=0)


def test_batches_depend_on_seed_epoch_and_step_alone(cohort):
    chosen = np.arange(8)
    first = batches_of(cohort).make(chosen, 1, 2, 0.0)
    again = batches_of(cohort).make(chosen, 1, 2, 0.9)
    torch.testing.assert_close(first.images, again.images, rtol=0, atol=0)
    others = [
        batches_of(cohort).make(chosen, 2, 1, 0.0),
        batches_of(cohort).make(chosen, 1, 3, 0.0),
        batches_of(cohort, replace(SETTINGS, seed=1)).make(chosen, 1, 2, 0.0),
    ]
    for other in others:
        assert not torch.equal(other.noise, first.noise)


def test_an_epoch_has_every_image_once_in_an_order_of_its_own():
    images = np.array([4, 7, 9, 12, 30])
    orders = [order_of(images, seed, epoch).tolist() for seed in (0, 1) for epoch in range(4)]
    assert all(sorted(order) == images.tolist() for order in orders)
    assert len({tuple(order) for order in orders}) > 4
    assert order_of(images, 0, 2).tolist() == orders[2]


def test_targets_are_standardised_unless_they_are_classes():
    values, trained = np.array([1.0, 3.0, 5.0, 100.0]), np.array([True, True, True, False])
    z = standardised(values, trained, is_class=False)
    np.testing.assert_allclose(z, (values - 3) / np.std([1, 3, 5]), rtol=1e-6)
    classes = np.array([0.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(standardised(classes, trained, is_class=True), classes)
    with pytest.raises(GemcontError, match="has one value in the people who are trained on"):
        standardised(np.array([2.0, 2, 2, 3]), trained, is_class=False)
