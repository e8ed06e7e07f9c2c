"""The json beside a table of embeddings: the model's hash, and the samples it was trained on."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gemcont.errors import GemcontError

_KINDS = (".embed", ".directions")
_COLUMN = re.compile(r"[ed][1-9][0-9]*")


@dataclass(frozen=True, kw_only=True)
class EmbeddingFacts:
    """Contents of NAME.embed.json.

    Attributes:
        path: the file.
        model: hash of the model that made the embeddings.
        fid: FIDs of the samples used in training, or related to those.
        iid: their IIDs.
    """

    path: str
    model: str
    fid: list[str]
    iid: list[str]


def facts_path(path: str | os.PathLike) -> str:
    """Return the path of a table's json: NAME.embed.json of NAME.embed.tsv, and of NAME.tsv."""
    stem = os.path.splitext(os.fspath(path).removesuffix(".gz"))[0]
    return f"{stem}.json" if stem.endswith(_KINDS) else f"{stem}.embed.json"


def embedding_facts(path: str | os.PathLike) -> EmbeddingFacts | None:
    """Read the ``EmbeddingFacts`` of a table; None where no json lies beside it.

    Raises GemcontError where that file cannot be understood.
    """
    json_path = facts_path(path)
    if not os.path.exists(json_path):
        return None
    try:
        with open(json_path, encoding="utf-8") as file:
            facts = json.load(file)
        seen = facts.get("seen", {"fid": [], "iid": []})
        return EmbeddingFacts(
            path=json_path, model=str(facts["model"]), fid=list(seen["fid"]), iid=list(seen["iid"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise GemcontError(
            f"{json_path}: not the json of gemcont-embed (keys 'model' and 'seen')"
        ) from None


def looks_embedded(names: Sequence[str]) -> bool:
    """Return whether all columns have names of gemcont-embed: e1, e2, ... or d1, d2, ..."""
    return len(names) > 1 and all(_COLUMN.fullmatch(name) for name in names)
