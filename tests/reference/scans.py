"""Scans that die half-way, and files that are spoilt."""

import shutil

import pytest

from gemcont.workflows.gwas.run import GwasRun

RUNS = [
    ({}, {}),
    ({"layout": "tsv.gz"}, {"test": "f"}),
    ({"layout": "parquet"}, {"effects": True}),
    ({}, {"each_trait": True, "geno": 0.05}),
    ({}, {"each_trait": True, "joint": False, "neg_log10_p_min": 0.3}),
    ({}, {"each_trait": True, "joint": False, "top_k": 3}),
    ({}, {"each_trait": True, "save_products": True}),
    ({}, {"each_trait": True, "joint": False, "dense": True}),
    ({"layout": "ssf", "split": True, "genome_build": "GRCh38"}, {"each_trait": True}),
]


SIZE = 7  # variants in a block: nine blocks of the study's 60


def contents(study, name="result"):
    """Bytes of every result file, the yaml's date apart."""
    files = [p for p in study.folder.glob(f"{name}.*") if p.is_file()]
    files += [p for kind in ("t", "products") for p in study.folder.glob(f"{name}.{kind}/*")]
    found = {p.name.removeprefix(name): p.read_bytes() for p in files}
    return {k: v.replace(f"{name}.".encode(), b"") if "yaml" in k else v for k, v in found.items()}


class Killed(BaseException):
    pass


def kill(*_):
    raise Killed


def kill_scan(scan, monkeypatch, n_blocks, kind=RUNS[0], **more):
    """A scan that dies once ``n_blocks`` are written."""
    blocks = GwasRun.blocks

    def mortal(run, **options):
        for done, block in enumerate(blocks(run, **options)):
            if done == n_blocks:
                raise Killed
            yield block

    with monkeypatch.context() as patch:
        patch.setattr(GwasRun, "blocks", mortal)
        with pytest.raises(Killed):
            scan(kind=kind, **more)


def leave_half_a_block(folder):
    """What a process killed while it writes a block leaves behind the journal."""
    with open(folder / "journal.jsonl", "a") as file:
        file.write('{"n_read": 7, "n_ro')
    with open(folder / "tests.bin", "ab") as file:
        file.write(b"\0" * 13)
    for path in folder.glob("*.tsv*"):
        with open(path, "ab") as file:
            file.write(b"half a li")
    for parts in (p for p in folder.iterdir() if p.is_dir()):
        last = max(parts.iterdir())
        number = last.stem.removeprefix("part-")
        further = parts / last.name.replace(number, f"{int(number) + 1:0{len(number)}d}")
        shutil.copytree(last, further) if last.is_dir() else shutil.copy(last, further)


def flipped(data):
    """The bytes with one bit in their middle turned over."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGE = {"cut": lambda data: data[: len(data) // 3], "turned": flipped, "gone": None}


def spoil(path, how):
    if DAMAGE[how] is None:
        path.unlink()
    else:
        path.write_bytes(DAMAGE[how](path.read_bytes()))


def in_chunks(scan, n, **settings):
    for i in range(1, n + 1):
        scan(f"m.chunk-{i}-of-{n}", chunk=(i, n), **settings)
