"""GWAS-SSF 1.0, the GWAS Catalog's format: a tsv of fixed columns and a yaml beside it.

Its rules: the first eight columns in order, chromosomes 1 to 25 (X 23, Y 24, MT 25), alleles of
A, C, G, T, no missing beta, standard error or frequency; ``variant_id`` is
chromosome_position_other_effect, rs ids have a column of their own. Rows that break a rule are
left out and counted by reason.
"""

import datetime
import hashlib
import os
from dataclasses import dataclass

import polars as pl

import gemcont

COLUMNS = (
    "chromosome",
    "base_pair_location",
    "effect_allele",
    "other_allele",
    "beta",
    "standard_error",
    "effect_allele_frequency",
    "neg_log_10_p_value",
    "variant_id",
    "rsid",
    "n",
)
_NUMBERS = {"X": "23", "Y": "24", "MT": "25", "M": "25"}


@dataclass(kw_only=True)
class Metadata:
    """Contents of the yaml of one trait's results.

    Attributes:
        trait: name of the trait.
        genome_build: GRCh37 or the like.
        n_samples: number of analysed samples.
        covariates: names of the covariates.
        autosomes: number of autosomes of the species, for PLINK's codes of X, Y and MT.
        minor_allele_frequency: lowest one that was analysed, None without a limit.
    """

    trait: str
    genome_build: str
    n_samples: int
    covariates: list[str]
    autosomes: int = 22
    minor_allele_frequency: float | None = None


def ssf_rows(frame: pl.DataFrame, autosomes: int) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return single-trait results in GWAS-SSF's columns, and by reason how many it leaves out."""
    number = pl.col("chromosome").str.replace("(?i)^chr", "").str.to_uppercase()
    number = number.replace(_NUMBERS | _codes_after(autosomes)).cast(pl.Int64, strict=False)
    frame, left_out = frame.with_columns(number.alias("chromosome")), {}
    acgt = "^[ACGTacgt]+$"
    for reason, bad in (
        ("chromosome not 1-22, X, Y, MT", ~pl.col("chromosome").is_between(1, 25)),
        (
            "alleles other than A, C, G, T",
            ~(_matches("effect_allele", acgt) & _matches("other_allele", acgt)),
        ),
        ("no beta or frequency", pl.any_horizontal(pl.col(c).is_null() for c in COLUMNS[4:8])),
    ):
        kept = frame.filter(~bad.fill_null(True))
        left_out[reason] = frame.height - kept.height
        frame = kept
    variant_id = pl.concat_str(
        "chromosome", "base_pair_location", "other_allele", "effect_allele", separator="_"
    )
    rsid = pl.when(_matches("variant_id", "^rs[0-9]+$")).then(pl.col("variant_id"))
    frame = frame.with_columns(rsid.alias("rsid"), variant_id.alias("variant_id"))
    return frame.select(COLUMNS), left_out


def _matches(column, pattern):
    return pl.col(column).str.contains(pattern)


def _codes_after(autosomes):
    """Return PLINK's codes after the autosomes: X, Y, XY (as X) and MT."""
    return {str(autosomes + i): code for i, code in ((1, "23"), (2, "24"), (3, "23"), (4, "25"))}


def write_yaml(path: str, metadata: Metadata) -> None:
    """Write the yaml beside a finished file."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "md5")
    lines = [
        "# GWAS-SSF metadata",
        f"trait_description: [{_quoted(metadata.trait)}]",
        f"genome_assembly: {metadata.genome_build}",
        "coordinate_system: 1-based",
        "samples:",
        f"  - sample_size: {metadata.n_samples}",
        "    sample_ancestry_category: [NR]",
        "genotyping_technology: [NR]",
        f"data_file_name: {_quoted(os.path.basename(path))}",
        "file_type: GWAS-SSF v1.0",
        f"data_file_md5sum: {digest.hexdigest()}",
        f"analysis_software: gemcont {gemcont.__version__}",
        "is_harmonised: false",
        "is_sorted: false",
        f"date_metadata_last_modified: {datetime.date.today().isoformat()}",
    ]
    if metadata.covariates:
        lines.append(f"adjusted_covariates: [{', '.join(map(_quoted, metadata.covariates))}]")
    if metadata.minor_allele_frequency:
        lines.append(f"minor_allele_freq_lower_limit: {metadata.minor_allele_frequency}")
    with open(path + "-meta.yaml", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _quoted(text):
    return "'" + str(text).replace("'", "''") + "'"
