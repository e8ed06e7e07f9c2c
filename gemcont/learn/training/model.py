"""The folder of a trained model: its settings, its numbers, and the people used in training."""

import hashlib
import io
import json
import logging
import os
import pickle
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch

import gemcont
from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.augment import generator
from gemcont.learn.data.split import HELD_OUT, ROLES, TRAIN, VALIDATION
from gemcont.learn.encoders.build import default_width
from gemcont.learn.methods.baselines import METHODS
from gemcont.learn.methods.method import Method, MethodOptions
from gemcont.learn.training.provenance import hash_of_roles
from gemcont.settings.train import TrainSettings
from gemcont.tables.files import unfinished, unwritable
from gemcont.tables.phenotypes import read_sample_table

log = logging.getLogger(__name__)

FACTS, NUMBERS, PEOPLE, LAST = "model.json", "model.pt", "people.tsv", "last.pt"
_DAMAGED = (RuntimeError, ValueError, LookupError, EOFError, AttributeError, TypeError)


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model.

    Attributes:
        method: the network, in evaluation mode.
        facts: contents of model.json.
        fid: FIDs of the people of people.tsv, by IID.
        role: their roles, by IID.
        hash: of the model's numbers.
    """

    method: Method
    facts: dict
    fid: dict[str, str]
    role: dict[str, str]
    hash: str

    @property
    def seen(self) -> SampleIds:
        """Ids of all whom no scan may hold: used in training, or related to those."""
        iid = [i for i, role in self.role.items() if role != ROLES[HELD_OUT]]
        return SampleIds("the people seen", [self.fid[i] for i in iid], iid)

    def have(self, iid: Sequence[str], *roles: int) -> np.ndarray:
        """Return bool (people,): whether each has one of the roles."""
        names = {ROLES[r] for r in roles}
        return np.array([self.role.get(i) in names for i in iid], dtype=bool)


def build_method(
    settings: TrainSettings,
    shape: Sequence[int],
    genotypes: torch.Tensor | None = None,
    weights: np.ndarray | None = None,
    *,
    binary_target: bool = False,
) -> Method:
    """Build the method that settings name, initialised by their seed.

    Args:
        settings: of the training.
        shape: (C, H, W) of the images.
        genotypes: float32 (people, variants) of the training people, coded.
        weights: (variants,) of the panel.
        binary_target: whether the target is 0 and 1.
    """
    torch.manual_seed(settings.seed)
    options = MethodOptions(
        shape=tuple(shape),
        width=settings.width or default_width(shape),
        encoder=settings.encoder,
        loss=settings.loss,
        start=settings.start,
        temperature=settings.temperature,
        normalise=settings.normalise,
        mask_equal_genotypes=settings.mask_equal_genotypes,
        binary_target=binary_target,
    )
    return METHODS[settings.method](options, genotypes, weights, generator(settings.seed, 1))


def hash_of(state: Mapping[str, torch.Tensor]) -> str:
    """Return the sha256 of a state dict's names and numbers."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_numbers(path: str, content: object) -> None:
    """Write tensors and plain values under a temporary name, then rename."""
    with unfinished(path) as temporary:
        try:
            torch.save(content, temporary)
        except (OSError, RuntimeError) as error:  # torch's own stream says a full disk so
            raise (
                unwritable(path, error)
                if isinstance(error, OSError)
                else GemcontError(f"{path}: cannot be written ({str(error).splitlines()[0]})")
            ) from None


def load_numbers(path: str, device: str = "cpu") -> Any:
    """Load what ``save_numbers`` wrote, or raise GemcontError: nothing else is ever unpickled."""
    try:
        with open(path, "rb") as file:
            content = io.BytesIO(file.read())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about pickles that it then refuses
            return torch.load(content, map_location=device, weights_only=True)
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None
    except (pickle.UnpicklingError, *_DAMAGED):
        raise GemcontError(
            f"{path}: damaged, or holds more than numbers, and is not opened; train the model anew"
        ) from None


def write_facts(folder: str, facts: dict) -> None:
    """Write model.json."""
    with unfinished(os.path.join(folder, FACTS)) as path, open(path, "w") as file:
        json.dump({"gemcont": gemcont.__version__} | facts, file, indent=2)


def write_people(folder: str, fid: Sequence[str], iid: Sequence[str], role: Sequence[str]) -> None:
    """Write people.tsv: FID IID role; role: words of ``ROLES``."""
    table = pl.DataFrame({"FID": fid, "IID": iid, "role": role})
    with unfinished(os.path.join(folder, PEOPLE)) as path:
        table.write_csv(path, separator="\t")


def read_facts(folder: str) -> dict:
    """Read model.json of a folder; its settings as ``TrainSettings``. Raises GemcontError."""
    path = os.path.join(folder, FACTS)
    try:
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
        return facts | {"settings": TrainSettings(**facts["settings"])}
    except FileNotFoundError:
        raise GemcontError(
            f"--model: {folder} is no folder of gemcont-train (no {FACTS})"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GemcontError(f"{path}: damaged or of another version ({error})") from None


def read_model(folder: str) -> TrainedModel:
    """Read the ``TrainedModel`` of a folder. Raises GemcontError."""
    facts = read_facts(folder)
    path = os.path.join(folder, NUMBERS)
    if not os.path.exists(path):
        raise GemcontError(f"--model: the training in {folder} has not ended; run it with --resume")
    n_variants = facts["n_variants"] or 1
    method = build_method(
        facts["settings"],
        facts["shape"],
        torch.eye(n_variants),
        np.ones(n_variants),
        binary_target=facts["binary_target"],
    )
    state = load_numbers(path)
    load_state(method, state, path)
    if facts["width"] != method.options.width:
        raise GemcontError(f"{os.path.join(folder, FACTS)}: damaged: its width is not the model's")
    fid, role = _read_people(folder, facts)
    return TrainedModel(method=method.eval(), facts=facts, fid=fid, role=role, hash=hash_of(state))


def load_state(method: Method, state: Mapping[str, torch.Tensor], path: str) -> None:
    """Put numbers into a method, or raise GemcontError where they are of another architecture."""
    try:
        method.load_state_dict(state)
    except (RuntimeError, AttributeError, TypeError):
        raise GemcontError(
            f"{path}: its numbers are of another architecture than asked for"
        ) from None


def _read_people(folder, facts):
    """Return FIDs and roles by IID of people.tsv, checked against model.json."""
    path = os.path.join(folder, PEOPLE)
    table = read_sample_table(path)
    fid, role = (
        table.fid or table.iid,
        [str(r) for r in table.columns.get_column("role", default=[])],
    )
    counts = [role.count(ROLES[r]) for r in (TRAIN, VALIDATION)]
    if counts != [facts["n_train"], facts["n_validation"]]:
        raise GemcontError(
            f"{path}: damaged: {counts[0]} training and {counts[1]} validation people, not "
            f"{facts['n_train']} and {facts['n_validation']}"
        )
    if set(role) - set(ROLES) or len(set(table.iid)) < len(table.iid):
        raise GemcontError(f"{path}: damaged: a role that is none, or a duplicate IID")
    _refuse_edited(path, fid, table.iid, role, facts.get("data", {}).get("roles"))
    return dict(zip(table.iid, fid, strict=True)), dict(zip(table.iid, role, strict=True))


def _refuse_edited(path, fid, iid, role, known):
    """Raise GemcontError where people.tsv is not what the training wrote; known: its hash."""
    if known is None:
        log.warning(
            "%s: whether it was edited cannot be told: the model is of an earlier gemcont", path
        )
    elif hash_of_roles(fid, iid, role) != known:
        raise GemcontError(
            f"{path}: ids or roles are not those of the training, so who was seen is not known; "
            "put back the file that the training wrote, or train anew"
        )
