"""What the stores of a scan say beside their columns: traits, people, covariates, encoder."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import gemcont
from gemcont.genotype.ploidy import group_name
from gemcont.tables.results.store import write_store
from gemcont.tables.schema import store_trait_columns

if TYPE_CHECKING:
    from gemcont.workflows.gwas.run import GwasRun

STORES = {"dense": "t", "products": "products"}  # kinds of frames, and what a store is called


def write_stores(run: "GwasRun", prefix: str, parts: dict) -> None:
    """Write PREFIX.t and PREFIX.products of a finished ``GwasRun``, those that were asked for."""
    for kind, name in STORES.items():
        if kind in parts:
            facts = _facts(run)
            tables = {"traits": _traits(run)}
            if kind == "products":
                tables |= {"cross_products": _cross_products(run), "samples": _people(run)}
            write_store(
                f"{prefix}.{name}",
                kind=name,
                parts=parts[kind],
                variants=parts["variants"],
                beside=tables,
                facts=facts,
            )


def _models(run):
    """Yield every tested group of chromosomes: its name, and each ``TraitGroup``."""
    for group, models in run.plan.tested_groups().items():
        for model in models:
            yield group_name(group.ploidy), model


def _facts(run):
    groups = {
        group: {
            "n_samples": model.null.n_samples,
            "n_covariates": model.null.n_covariates,
            "covariates": [model.design_names[j] for j in model.null.kept_covariates],
        }
        for group, model in _models(run)
    }
    return {
        "gemcont": gemcont.__version__,
        "traits": run.people.trait_names,
        "ranked": run.settings.rank_int,
        "pcs": run.settings.pcs,
        "autosomes": run.settings.autosomes,
        "groups": groups,
        "encoder": run.encoder,
    }


def _traits(run):
    rows = [
        (run.people.trait_names[code], group, model.null.n_samples, model.null.single_dof, total)
        for group, model in _models(run)
        for code, total in zip(model.trait_codes, model.null.total_sum_of_squares, strict=True)
    ]
    schema = {column.name: column.dtype for column in store_trait_columns()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _cross_products(run):
    """Return Y'MY of each group of chromosomes, stacked in the order of ``groups``.

    One column per trait; NaN where a trait is not tested in a group.
    """
    names, frames = run.people.trait_names, []
    for _, model in _models(run):
        products = np.full((len(names), len(names)), np.nan)
        products[np.ix_(model.trait_codes, model.trait_codes)] = model.null.cross_products
        frames.append(pl.from_numpy(products, schema=names))
    return pl.concat(frames)


def _people(run):
    """Return sorted hashes of the analysed samples' FID and IID, to find samples in two stores."""
    model = run.autosomal[0]
    samples = run.source.samples if model.samples is None else run.source.samples[model.samples]
    hashes = [
        int.from_bytes(hashlib.blake2b(f"{fid}\t{iid}".encode(), digest_size=8).digest(), "little")
        for fid, iid in zip(samples["fid"], samples["iid"], strict=True)
    ]
    return pl.DataFrame({"hash": pl.Series(sorted(hashes), dtype=pl.UInt64)})
