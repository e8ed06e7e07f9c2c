"""PLINK 1 filesets from arrays and back, one genotype at a time.

Source: the .bed description at www.cog-genomics.org/plink/1.9/formats. Four samples to a byte, the
first in the lowest two bits, each variant padded with zeros to a whole byte.
"""

import math

import numpy as np

MAGIC = bytes([0x6C, 0x1B, 0x01])  # two bytes of signature, one that says variant-major
CODES = {2: 0b00, 1: 0b10, 0: 0b11}  # copies of A1 -> two bits
MISSING = 0b01


def pack(dosages):
    """(variants, samples) copies of A1 in {0, 1, 2, NaN} -> (variants, ceil(samples / 4)) uint8."""
    n_variants, n_samples = np.shape(dosages)
    packed = np.zeros((n_variants, math.ceil(n_samples / 4)), dtype=np.uint8)
    for variant in range(n_variants):
        for sample in range(n_samples):
            dosage = dosages[variant][sample]
            code = MISSING if np.isnan(dosage) else CODES[dosage]
            packed[variant, sample // 4] |= code << 2 * (sample % 4)
    return packed


def unpack(packed, n_samples):
    """(variants, bytes) uint8 -> (variants, n_samples) float64 copies of A1, NaN where missing."""
    dosage_of_code = {code: dosage for dosage, code in CODES.items()} | {MISSING: np.nan}
    dosages = np.empty((len(packed), n_samples))
    for variant in range(len(packed)):
        for sample in range(n_samples):
            byte = int(packed[variant, sample // 4])
            dosages[variant, sample] = dosage_of_code[byte >> 2 * (sample % 4) & 0b11]
    return dosages


def write_fileset(prefix, dosages, samples, variants):
    """Write prefix.bed, .bim and .fam.

    dosages: as pack takes them; samples: a list of (fid, iid, sex), sex 1 male, 2 female, 0
    unknown; variants: a list of (chromosome, variant_id, position, a1, a2).
    """
    assert np.shape(dosages) == (len(variants), len(samples))
    with open(f"{prefix}.bed", "wb") as file:
        file.write(MAGIC + pack(dosages).tobytes())
    with open(f"{prefix}.bim", "w", encoding="utf-8", newline="\n") as file:
        for chromosome, variant_id, position, a1, a2 in variants:
            file.write(f"{chromosome}\t{variant_id}\t0\t{position}\t{a1}\t{a2}\n")
    with open(f"{prefix}.fam", "w", encoding="utf-8", newline="\n") as file:
        for fid, iid, sex in samples:
            file.write(f"{fid}\t{iid}\t0\t0\t{sex}\t-9\n")
