"""The folder of a simulated study, as ``gemcont-simulate`` writes it, read back."""

import json
import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds
from gemcont.genotype.source import GenotypeSource
from gemcont.learn.data.images import Images, open_pixels
from gemcont.learn.training.provenance import hash_of_study
from gemcont.tables.phenotypes import SampleTable, read_sample_table

TRAIN, TEST = "train", "test"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A simulated study.

    Attributes:
        folder: the study's folder.
        facts: contents of study.json.
        images: images of its people.
        people: table of people.tsv (split z angle char).
        source: the genotypes.
        panel: path of panel.tsv.
        causal: ids of the causal variants.
    """

    folder: str
    facts: dict
    images: Images
    people: SampleTable
    source: GenotypeSource
    panel: str
    causal: list[str]

    @cached_property
    def hash(self) -> str:
        """Hash that tells the study from others: ``hash_of_study``."""
        return hash_of_study(self.people, self.images.pixels)

    @property
    def in_training(self) -> np.ndarray:
        """Training split: bool (people,), True where the split is not test."""
        return np.array([split != TEST for split in self.people.columns["split"]])


def open_study(folder: str) -> Study:
    """Open the ``Study`` in a folder, or raise GemcontError naming what it lacks."""
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
    people = _people(os.path.join(folder, "people.tsv"))
    ids = SampleIds(people.name, people.fid, people.iid)
    path = os.path.join(folder, "images.npy")
    images = Images(open_pixels(path), ids, name=path)
    source = open_genotypes(os.path.join(folder, "study"))
    return Study(
        folder=folder,
        facts=facts,
        images=images,
        people=people,
        source=source,
        panel=os.path.join(folder, "panel.tsv"),
        causal=_causal(os.path.join(folder, "causal.tsv"), source),
    )


def _people(path):
    """Read people.tsv, with the columns that a study has."""
    people = read_sample_table(path)
    people.select(["split", "z"], "--study")
    other = set(people.columns["split"].to_list()) - {TRAIN, TEST}
    if other:
        raise GemcontError(f"{path}: split is {other.pop()!r}; it is {TRAIN} or {TEST}")
    return people


def _causal(path, source):
    """Read the ids of the causal variants, all of which the genotypes have."""
    try:
        with open(path, encoding="utf-8") as file:
            causal = [line.split("\t")[0] for line in file.read().splitlines()[1:]]
    except (OSError, UnicodeDecodeError) as error:
        raise GemcontError(f"{path}: cannot be read ({error})") from None
    known = set(source.variants["variant_id"])
    missing = [name for name in causal if name not in known]
    if missing or not causal:
        lack = f"{missing[0]} is not in {source.name}" if missing else "names no variant"
        raise GemcontError(f"{path}: {lack}; simulate the study anew")
    return causal
