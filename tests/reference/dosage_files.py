"""PLINK 2 and BGEN files of given genotypes, written by the packages that own the formats."""

import numpy as np
from bgen import BgenWriter
from conftest import named_samples
from pgenlib import PgenWriter

N, M = 37, 12  # samples and variants of ``dosages``
PGEN_STEP = 1 / (1 << 14)  # of a .pgen's dosages
META = ["##fileformat=VCFv4.2"]


def write_pgen(prefix, values, *, dosage=True, variants=None, meta=META, several=()):
    """Write PREFIX.pgen, .pvar and .psam of dosages (variants, samples), NaN missing.

    dosage: else hard calls; variants: (chromosome, id, position, alt, ref) each, by default with
    an INFO column and a trait in the .psam; meta: the .pvar's first lines; several: variants of
    two ALT alleles in the .pgen itself.
    """
    write_genotypes(f"{prefix}.pgen", values, dosage, several)
    info = variants is None
    if info:
        variants = [("1", f"rs{i}", 10 + i, "C", "A") for i in range(len(values))]
    lines = [*meta, "#CHROM\tPOS\tID\tREF\tALT" + "\tINFO" * info]
    for i, (chromosome, name, position, alt, ref) in enumerate(variants):
        alts = f"{alt},T" if i in several else alt
        quality = f"\tX=1;R2=0.{i:02d}" if info else ""
        lines.append(f"{chromosome}\t{position}\t{name}\t{ref}\t{alts}{quality}")
    with open(f"{prefix}.pvar", "w") as file:
        file.write("\n".join(lines) + "\n")
    rows = [f"{fid}\t{iid}\t{sex}" for fid, iid, sex in named_samples(values.shape[1])]
    if info:
        rows = [f"{row}\t{i / 7}" for i, row in enumerate(rows)]
    with open(f"{prefix}.psam", "w") as file:
        file.write("\n".join(["#FID\tIID\tSEX" + "\theight" * info, *rows]) + "\n")


def write_genotypes(path, values, dosage, several=()):
    """Write a .pgen; a variant of ``several`` has the calls of nobody's dosages."""
    n_variants, n_samples = values.shape
    options = {"variant_ct": n_variants, "nonref_flags": False, "dosage_present": dosage}
    if several:
        options["allele_ct_limit"] = 3
    with PgenWriter(str(path).encode(), n_samples, **options) as writer:
        for i, row in enumerate(np.nan_to_num(values, nan=-9)):
            if i in several:
                calls = np.zeros(2 * n_samples, dtype=np.int32)
                calls[1::2] = np.arange(n_samples) % 3
                writer.append_alleles(calls, all_phased=False, allele_ct=3)
            elif dosage:
                writer.append_dosages(row.astype(np.float32))
            else:
                writer.append_biallelic(row.astype(np.int8))


def write_bgen(path, values, *, bits=16, samples=True):
    """Write a .bgen of dosages (variants, samples) of the second allele; samples: ids inside."""
    n_samples = values.shape[1]
    ids = [iid for _, iid, _ in named_samples(n_samples)] if samples else []
    options = {"samples": ids, "compression": "zlib", "layout": 2, "metadata": None}
    with BgenWriter(str(path), n_samples, **options) as writer:
        for i, row in enumerate(values):
            p = np.column_stack(
                [np.clip(1 - row, 0, 1), 1 - np.abs(1 - row), np.clip(row - 1, 0, 1)]
            )
            writer.add_variant(f"v{i}", f"rs{i}", "1", 10 + i, ["A", "C"], p, bit_depth=bits)
