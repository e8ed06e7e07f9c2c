"""A store of many traits: a folder of float32 columns, one a trait, and what they mean.

part-00000.parquet ...   a row per variant, a column per trait
variants.parquet         the variants, in the order of the parts' rows
traits.parquet           a row per trait and group of chromosomes
cross_products.parquet   of products: Y'MY by group; samples.parquet: hashes of ids
store.json               what else is known (``Store.facts``)
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from io import BytesIO

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.tables.files import digest_of, digest_of_bytes, unfinished
from gemcont.tables.results.frames import FileParts, FrameParts, link

log = logging.getLogger(__name__)

VERSION = 1
_FACTS = "store.json"


def is_store(path: str | os.PathLike) -> bool:
    """Return whether a store stands at ``path``."""
    return os.path.isfile(os.path.join(path, _FACTS))


def refuse_foreign(path: str) -> None:
    """Raise GemcontError if ``path`` is there and no store: it would be replaced."""
    if os.path.lexists(path) and not is_store(path):
        raise GemcontError(f"{path}: is in the way of the store; move it or choose another --out")


def write_facts(folder: str, facts: dict) -> None:
    """Write store.json: the facts, the digests of the files that lie there, and its own."""
    names = sorted(set(os.listdir(folder)) - {_FACTS})
    facts = facts | {"digests": {name: digest_of(os.path.join(folder, name)) for name in names}}
    facts.pop("digest", None)
    with open(os.path.join(folder, _FACTS), "w", encoding="utf-8") as file:
        json.dump(facts | {"digest": _digest_of_facts(facts)}, file)


def _digest_of_facts(facts):
    return digest_of_bytes(json.dumps(facts, sort_keys=True).encode())


class WideParts(FileParts):
    """The parts of a store while it grows."""

    def _file(self, number):
        return os.path.join(self._folder, _part(number))

    def encode(self, frame: pl.DataFrame) -> bytes:
        """Return the bytes of a part; float32 is not compressed: little would be won."""
        buffer = BytesIO()
        frame.write_parquet(buffer, compression="uncompressed", statistics=False)
        return buffer.getvalue()

    def _write(self, piece, path):
        with open(path, "wb") as file:
            file.write(piece)


def _part(number):
    return f"part-{number:05d}.parquet"


def write_store(
    path: str,
    kind: str,
    parts: WideParts,
    variants: FrameParts,
    beside: Mapping[str, pl.DataFrame],
    facts: dict,
) -> None:
    """Make the folder of a store.

    Args:
        path: the folder.
        kind: "t" or "products".
        parts: columns of the traits.
        variants: rows of the variants.
        beside: further frames by name.
        facts: ready for JSON.
    """
    with unfinished(path) as temporary:
        os.makedirs(temporary)
        for i, file in enumerate(parts.files):
            link(file, os.path.join(temporary, _part(i)))
        variants.finish(os.path.join(temporary, "variants.parquet"))
        for name, frame in beside.items():
            frame.write_parquet(os.path.join(temporary, f"{name}.parquet"))
        write_facts(temporary, {"version": VERSION, "kind": kind} | facts)


class Store:
    """A store that was written.

    Attributes:
        path: the folder.
        facts: contents of store.json.
    """

    def __init__(self, path: str | os.PathLike, kind: str) -> None:
        """Open a store; kind: "t" or "products", which it has to hold. Raises GemcontError."""
        self.path = os.fspath(path)
        self.facts = self._read_facts(kind)
        self._digests: dict[str, str] | None = self.facts.get("digests")
        self._checked: set[str] = set()
        if self._digests is None:
            log.warning("%s: of an earlier gemcont, without digests: its parts are believed", path)

    def _read_facts(self, kind):
        try:
            with open(os.path.join(self.path, _FACTS), encoding="utf-8") as file:
                facts = json.load(file)
        except (OSError, ValueError):
            raise GemcontError(
                f"{self.path}: not a store of gemcont-gwas (no store.json)"
            ) from None
        if not isinstance(facts, dict):
            raise GemcontError(f"{self.path}: store.json is damaged")
        if "digest" in facts:
            digest = facts.pop("digest")
            if digest != _digest_of_facts(facts):
                raise GemcontError(f"{self.path}: store.json is damaged: make the store anew")
        if facts.get("kind") != kind:
            raise GemcontError(f"{self.path}: holds {facts.get('kind')}, not {kind}")
        if facts["version"] != VERSION:
            raise GemcontError(
                f"{self.path}: format {facts['version']}, this gemcont reads {VERSION}"
            )
        return facts

    @cached_property
    def variants(self) -> pl.DataFrame:
        """Frame of ``schema.store_variant_columns``."""
        return self.table("variants")

    @cached_property
    def traits(self) -> pl.DataFrame:
        """Frame of ``schema.store_trait_columns``."""
        return self.table("traits")

    def table(self, name: str) -> pl.DataFrame:
        """Read one of the frames beside the parts."""
        return self._read(f"{name}.parquet")

    def _read(self, name, columns=None):
        path = os.path.join(self.path, name)
        self._check(name, path)
        try:
            return pl.read_parquet(path, columns=columns)
        except (OSError, pl.exceptions.PolarsError):
            raise GemcontError(f"{path}: missing or damaged") from None

    def _check(self, name, path):
        """Raise GemcontError unless a part is what was written; each is looked at once."""
        if self._digests is None or name in self._checked:
            return
        digest = digest_of(path)
        if digest is None:
            raise GemcontError(f"{path}: missing; make the store anew")
        if digest != self._digests.get(name):
            raise GemcontError(f"{path}: damaged, not what was written; make the store anew")
        self._checked.add(name)

    def blocks(self, traits: list[str] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first variant, float32 (variants, traits)) part by part.

        traits: names, None for all. Raises GemcontError where the parts do not hold every variant.
        """
        first, number = 0, 0
        while first < self.variants.height:
            values = self.part(number, traits)
            yield first, values
            first, number = first + len(values), number + 1
        if first != self.variants.height:
            raise GemcontError(
                f"{self.path}: {first} rows in its parts, {self.variants.height} expected"
            )

    def part(self, number: int, traits: list[str] | None) -> np.ndarray:
        """Read one part as float32 (variants, traits); traits: names, None for all."""
        return self._read(_part(number), columns=traits).to_numpy()

    def row_reader(self, traits: list[str]) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function of ascending rows that gives their float64 (rows, traits)."""
        return _RowReader(self, traits)


class _RowReader:
    """Reader of rows of a store's parts, keeping the part at hand: rows come mostly in order."""

    def __init__(self, store, traits):
        self._store, self._traits = store, traits
        firsts = [first for first, _ in store.blocks(traits[:1])]  # says what is missing, too
        self._starts = np.array(firsts)
        self._number, self._values = -1, None

    def __call__(self, rows):
        out = np.empty((len(rows), len(self._traits)))
        parts = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(parts):
            here = np.flatnonzero(parts == number)
            out[here] = self._part(number)[rows[here] - self._starts[number]]
        return out

    def _part(self, number):
        if number != self._number:
            self._values, self._number = self._store.part(number, self._traits), number
        return self._values
