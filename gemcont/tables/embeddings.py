"""The json beside a table of embeddings: which model made it, and whom that model has seen."""

import json
import os
import re
from dataclasses import dataclass

from gemcont.errors import GemcontError

_KINDS = (".embed", ".directions")
_COLUMN = re.compile(r"[ed][1-9][0-9]*")


@dataclass(frozen=True)
class EmbeddingFacts:
    """What NAME.embed.json says: model, a hash; fid, iid: lists, of the people it has seen."""

    path: str
    model: str
    fid: list
    iid: list


def facts_path(path):
    """Where the json of a table lies: NAME.embed.json of NAME.embed.tsv, and of NAME.tsv."""
    stem = os.path.splitext(os.fspath(path).removesuffix(".gz"))[0]
    return f"{stem}.json" if stem.endswith(_KINDS) else f"{stem}.embed.json"


def embedding_facts(path):
    """``EmbeddingFacts`` of a table, None where no json lies beside it.

    Raises GemcontError where that file cannot be understood.
    """
    beside = facts_path(path)
    if not os.path.exists(beside):
        return None
    try:
        with open(beside, encoding="utf-8") as file:
            facts = json.load(file)
        seen = facts.get("seen", {"fid": [], "iid": []})
        return EmbeddingFacts(beside, str(facts["model"]), list(seen["fid"]), list(seen["iid"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise GemcontError(
            f"{beside}: not the json of gemcont-embed (keys 'model' and 'seen')"
        ) from None


def looks_embedded(names):
    """Whether columns are called as those of gemcont-embed: e1, e2, ... or d1, d2, ..."""
    return len(names) > 1 and all(_COLUMN.fullmatch(name) for name in names)
