"""The folder of a simulated study, as ``gemcont-simulate`` writes it, read back."""

import json
import os
from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds
from gemcont.genotype.source import GenotypeSource
from gemcont.learn.images import Images
from gemcont.tables.phenotypes import SampleTable, read_sample_table

TEST = "test"


@dataclass(frozen=True)
class Study:
    """A simulated study.

    facts: study.json; images: ``Images``; people: ``SampleTable`` of people.tsv (split z angle
    char); source: the genotypes; panel: path of panel.tsv; causal: ids of the causal variants
    """

    folder: str
    facts: dict
    images: Images
    people: SampleTable
    source: GenotypeSource
    panel: str
    causal: list

    @property
    def in_training(self):
        """bool (people,): those whose split is not test."""
        return np.array([split != TEST for split in self.people.columns["split"]])


def open_study(folder):
    """The ``Study`` in a folder, or GemcontError naming what it lacks."""
    path = os.path.join(folder, "study.json")
    try:
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
    except FileNotFoundError:
        raise GemcontError(
            f"--study: {folder} is no folder of gemcont-simulate (no study.json)"
        ) from None
    except (OSError, ValueError) as error:
        raise GemcontError(f"{path}: cannot be read ({error})") from None
    people = read_sample_table(os.path.join(folder, "people.tsv"))
    causal = _causal(folder)
    pixels = _pixels(os.path.join(folder, "images.npy"), len(people.iid))
    ids = SampleIds(people.name, people.fid, people.iid)
    source = open_genotypes(os.path.join(folder, "study"))
    panel = os.path.join(folder, "panel.tsv")
    return Study(folder, facts, Images(pixels, ids), people, source, panel, causal)


def _causal(folder):
    path = os.path.join(folder, "causal.tsv")
    try:
        with open(path, encoding="utf-8") as file:
            return [line.split("\t")[0] for line in file.read().splitlines()[1:]]
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None


def _pixels(path, n_people):
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise GemcontError(f"{path}: cannot be read ({error})") from None
    if len(pixels) != n_people:
        raise GemcontError(f"{path}: has {len(pixels)} images for {n_people} people")
    return pixels
