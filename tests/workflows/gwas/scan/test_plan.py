"""What a scan needs beside its genotypes."""

import time

import pytest

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import VariantFilter
from gemcont.stats.contrasts import Conditional
from gemcont.workflows.gwas.scan.groups import Group
from gemcont.workflows.gwas.scan.plan import Plan, Stopwatch
from gemcont.workflows.gwas.scan.single_traits import Wanted


def plan(models=None, **changes):
    settings = {"test": "lrt", "min_neg_log_10_p": None, "singles": Wanted(), "joint": True}
    settings |= {"trait_names": list("abc"), "effects": False, "products": False}
    return Plan(models=models or {}, groups=None, filter=VariantFilter(), **settings | changes)


@pytest.mark.parametrize(
    ("contrast", "dof"),
    [("any", 3), ("common", 1), ("any-vs-common", 2), (1, 1), (Conditional(1), 1)],
)
def test_degrees_of_freedom_are_those_of_the_contrast(contrast, dof):
    assert plan(contrast=contrast).joint_dof == dof


def test_tested_are_the_ploidies_with_models_of_their_own():
    models = {
        Group(Ploidy.AUTOSOME): ["a"],
        Group(Ploidy.XY): ["a"],  # shares those of the autosomes
        Group(Ploidy.X): ["x"],
        Group(Ploidy.Y): None,  # cannot be fitted
        Group(Ploidy.AUTOSOME, "1"): ["one"],  # left out: a group of the same people
    }
    assert plan(models).tested_groups() == {Group(Ploidy.AUTOSOME): ["a"], Group(Ploidy.X): ["x"]}


def test_a_stopwatch_books_every_second_once():
    started = time.perf_counter()
    stopwatch = Stopwatch()
    time.sleep(0.02)
    stopwatch.lap("read")
    stopwatch.lap("product")
    time.sleep(0.01)
    stopwatch.lap("read")
    passed = time.perf_counter() - started
    assert stopwatch.seconds.keys() == {"read", "product"}
    assert 0.03 <= stopwatch.seconds["read"] <= passed
    assert sum(stopwatch.seconds.values()) <= passed
