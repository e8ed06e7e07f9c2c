"""What the stores of a scan say beside their columns: traits, people, covariates, encoder."""

import hashlib

import numpy as np
import polars as pl

import gemcont
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.ploidy import group_name
from gemcont.tables.results.store import write_store
from gemcont.tables.schema import store_trait_columns
from gemcont.workflows.gwas.scan.plan import CHROMOSOME

STORES = {"dense": "t", "products": "products"}  # kinds of frames, and what a store is called


def write_stores(run, prefix, parts):
    """PREFIX.t and PREFIX.products of a finished ``GwasRun``, those that were asked for."""
    for kind, name in STORES.items():
        if kind in parts:
            facts = _facts(run)
            beside = {"traits": _traits(run)}
            if kind == "products":
                beside |= {"cross_products": _cross_products(run), "samples": _people(run)}
            write_store(f"{prefix}.{name}", name, parts[kind], parts["variants"], beside, facts)


def _batches(run):
    """(group, ``TraitGroup``) of every group of chromosomes that is tested."""
    for kind, batches in run.plan.batches.items():
        if kind < CHROMOSOME and kind != Ploidy.XY:
            for batch in batches or ():
                yield group_name(kind), batch


def _facts(run):
    groups = {
        group: {
            "n_samples": batch.null.n_samples,
            "n_covariates": batch.null.n_covariates,
            "covariates": [batch.design_names[j] for j in batch.null.kept_covariates],
        }
        for group, batch in _batches(run)
    }
    return {
        "gemcont": gemcont.__version__,
        "traits": run.cohort.trait_names,
        "ranked": run.settings.rank_int,
        "pcs": run.settings.pcs,
        "autosomes": run.settings.autosomes,
        "groups": groups,
        "encoder": run.encoder,
    }


def _traits(run):
    rows = [
        (run.cohort.trait_names[code], group, batch.null.n_samples, batch.null.single_dof, total)
        for group, batch in _batches(run)
        for code, total in zip(batch.trait_codes, batch.null.total_sum_of_squares, strict=True)
    ]
    schema = {column.name: column.dtype for column in store_trait_columns()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _cross_products(run):
    """Y'MY, one group of chromosomes under the other, as ``groups`` has them: a column per trait.

    NaN where a trait is not tested in a group.
    """
    names, frames = run.cohort.trait_names, []
    for _, batch in _batches(run):
        found = np.full((len(names), len(names)), np.nan)
        found[np.ix_(batch.trait_codes, batch.trait_codes)] = batch.null.cross_products
        frames.append(pl.from_numpy(found, schema=names))
    return pl.concat(frames)


def _people(run):
    """Hashes of FID and IID of the analysed people, sorted: to see who is in two stores."""
    batch = run.plan.batches[Ploidy.AUTOSOME][0]
    samples = run.source.samples if batch.samples is None else run.source.samples[batch.samples]
    hashes = [
        int.from_bytes(hashlib.blake2b(f"{fid}\t{iid}".encode(), digest_size=8).digest(), "little")
        for fid, iid in zip(samples["fid"], samples["iid"], strict=True)
    ]
    return pl.DataFrame({"hash": pl.Series(sorted(hashes), dtype=pl.UInt64)})
