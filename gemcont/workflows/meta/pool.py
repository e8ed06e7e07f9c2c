"""Pool aligned cohorts, variant by variant."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont.genotype.chromosomes import drawing_order
from gemcont.settings.meta import MetaSettings
from gemcont.stats.meta import gc_lambda, inverse_variance, sample_size
from gemcont.tables.schema import dropped_columns, meta_columns
from gemcont.workflows.meta.rows import StudyRows
from gemcont.workflows.meta.union import Union

log = logging.getLogger(__name__)

_CHUNK = 1 << 19  # variants that are pooled and written at a time


class MetaRun:
    """Cohorts that were read and aligned, ready to be pooled.

    union: the variants
    cohorts: the aligned rows of each, in genome order
    settings: of the meta-analysis
    lambdas: genomic-control factor of each cohort, as estimated
    order: int64 (variants,), slots of the union in genome order
    """

    def __init__(self, union: Union, cohorts: Sequence[StudyRows], settings: MetaSettings) -> None:
        """Estimate the factors and sort the cohorts' rows by genome position."""
        self.union, self.cohorts, self.settings = union, cohorts, settings
        self.lambdas = [gc_lambda(cohort.z) for cohort in cohorts]
        for cohort, factor in zip(cohorts, self.lambdas, strict=True):
            used = settings.genomic_control and factor > 1
            log.info("%s: lambda_gc %.4f%s", cohort.name, factor, ", divided out" if used else "")
        order = self._genome_order()
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order))
        self.order, self._ranks = order, []
        for cohort in cohorts:
            by_rank = np.argsort(rank[cohort.slot], kind="stable")
            for name in ("slot", "beta", "standard_error", "frequency", "n"):
                setattr(cohort, name, getattr(cohort, name)[by_rank])
            self._ranks.append(rank[cohort.slot])

    def _genome_order(self):
        """Return the slots in the order of chromosome and position, unplaced ones last."""
        names = list(self.union.chromosomes)
        rank = np.full(256, 255)  # of a chromosome's code; 255 is that of no chromosome
        rank[drawing_order(names, self.settings.autosomes)] = np.arange(len(names))
        return np.lexsort((self.union.position, rank[self.union.chromosome]))

    def frames(self, progress: bool = False) -> Iterator[pl.DataFrame]:
        """Yield tables with the columns of ``PREFIX.meta.tsv``, in genome order."""
        for _, frame in self.tables(progress):
            yield frame

    def tables(self, progress: bool = False) -> Iterator[tuple[np.ndarray, pl.DataFrame]]:
        """Yield every table of ``frames`` after the slots (rows,) of its variants in the union."""
        total = len(self.order)
        with tqdm(total=total, unit=" variants", disable=None if progress else True) as bar:
            for first in range(0, total, _CHUNK):
                slots, frame = self._frame(first, min(first + _CHUNK, total))
                bar.update(min(_CHUNK, total - first))
                if frame.height:
                    yield slots, frame

    def _frame(self, first, last):
        values = {
            name: self._matrix(name, first, last)
            for name in ("beta", "standard_error", "frequency", "n")
        }
        values["z"] = values["beta"] / values["standard_error"]
        known = ~np.isnan(values["beta"])
        some = np.flatnonzero(known.any(axis=1))
        values = {name: matrix[some] for name, matrix in values.items()}
        lambdas = [max(f, 1.0) for f in self.lambdas] if self.settings.genomic_control else None
        if self.settings.scheme == "stderr":
            pooled = inverse_variance(
                values["beta"],
                values["standard_error"],
                lambdas,
                random=self.settings.random_effects,
            )
        else:
            pooled = sample_size(values["z"], values["n"], lambdas)
        slots = self.order[first:last][some]
        return slots, self._columns(self._variants(slots), values, pooled, lambdas)

    def _matrix(self, name, first, last):
        out = np.full((last - first, len(self.cohorts)), np.nan)
        for c, (cohort, rank) in enumerate(zip(self.cohorts, self._ranks, strict=True)):
            start, stop = np.searchsorted(rank, [first, last])
            out[rank[start:stop] - first, c] = getattr(cohort, name)[start:stop]
        return out

    def _variants(self, slots):
        """Return position, alleles and id of variants, as columns of the table."""
        union = self.union
        names = pl.Series([*union.chromosomes, None], dtype=pl.String)
        code = np.minimum(union.chromosome[slots], len(union.chromosomes))
        placed = pl.Series(code < len(union.chromosomes))
        position = pl.Series(union.position[slots])
        return pl.DataFrame(
            {
                "chromosome": names.gather(code.astype(np.uint32)),
                "base_pair_location": position.set(~placed, None),
                "effect_allele": union.codes.decode(union.effect[slots]),
                "other_allele": union.codes.decode(union.other[slots]),
                "variant_id": union.ids.gather(slots),
            }
        )

    def _columns(self, variants, values, pooled, lambdas):
        frequency = _weighted(values["frequency"], self._weights(values, lambdas))
        n = np.where(np.isnan(values["n"]).all(axis=1), np.nan, np.nansum(values["n"], axis=1))
        columns = {
            "beta": pooled.beta,
            "standard_error": pooled.standard_error,
            "effect_allele_frequency": frequency,
            "neg_log_10_p_value": pooled.neg_log_10_p,
            "n": n,
            "z": pooled.z,
            "q_statistic": pooled.q,
            "q_dof": pooled.q_dof,
            "q_neg_log_10_p_value": pooled.q_neg_log_10_p,
            "i2": pooled.i2,
            "tau2": pooled.tau2,
            "direction": directions(values["z"]),
            "n_studies": pooled.n_studies,
        }
        frame = variants.with_columns(
            pl.Series(name, column, nan_to_null=True) for name, column in columns.items()
        ).with_columns(pl.col("n").round())
        return frame.select(
            pl.col(c.name).cast(c.dtype) for c in meta_columns(self.settings.scheme)
        )

    def _weights(self, values, lambdas):
        """Return the weights of the allele frequencies: inverse variances as METAL, else n."""
        if self.settings.scheme == "samplesize":
            return values["n"]
        factor = 1.0 if lambdas is None else np.array(lambdas)
        return 1 / (values["standard_error"] ** 2 * factor)

    def dropped(self) -> pl.DataFrame:
        """Return the rows that were left out: a table of cohort, row, variant_id, reason."""
        parts = [
            frame.with_columns(pl.lit(cohort.name).alias("cohort")).sort("row")
            for cohort in self.cohorts
            for frame in ([pl.concat(cohort.dropped)] if cohort.dropped else [])
        ]
        schema = {column.name: column.dtype for column in dropped_columns()}
        table = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
        return table.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def directions(z: np.ndarray) -> pl.Series:
    """Return a text per variant, a sign for every cohort: +, -, 0, or ? where it has no z.

    z: (variants, cohorts), NaN missing
    """
    if len(z) == 0:
        return pl.Series([], dtype=pl.String)
    sign = np.where(np.isnan(z), b"?", np.where(z > 0, b"+", np.where(z < 0, b"-", b"0")))
    joined = np.ascontiguousarray(sign.astype("S1")).view(f"S{z.shape[1]}").ravel()
    return pl.Series(joined.astype(str))


def _weighted(values, weights):
    weights = np.where(np.isnan(values) | np.isnan(weights), 0, weights)
    total = weights.sum(axis=1)
    mean = (weights * np.nan_to_num(values)).sum(axis=1)
    return np.where(total > 0, mean / np.where(total > 0, total, 1), np.nan)
