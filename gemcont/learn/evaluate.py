"""What an embedding is worth: the trait it recovers, the variants the engine finds by it."""

import json
import logging
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

import gemcont
from gemcont.errors import GemcontError
from gemcont.learn.embed import embed, fit_directions, unseen
from gemcont.learn.files import Inputs, open_inputs
from gemcont.learn.model import read_model
from gemcont.plots.recovery import recovery
from gemcont.plots.save import save
from gemcont.stats.calibration import GENOME_WIDE, lambda_gc
from gemcont.tables.files import unfinished
from gemcont.workflows.gwas import run_gwas

log = logging.getLogger(__name__)

MAIN_PCS = 16
_FOLDS, _ALPHAS = 5, np.logspace(-3, 3, 13)


class Recovery(NamedTuple):
    """One test's yield: its name and degrees of freedom; share of the causal variants at
    p < 5e-8, the same over the oracle's, false positives among null variants, and their lambda."""

    test: str
    dof: int
    causal_recovered: float
    share_of_oracle: float
    null_recovered: int
    lambda_gc: float


def ridge_r2(embeddings, target, groups=None):
    """R2 of a target (n,) from embeddings (n, d): ridge regression, 5 folds within these people.

    Columns are standardised and the penalty chosen within each training fold (leave-one-out);
    groups: (n,), people who stay in one fold together.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = KFold(_FOLDS, shuffle=True, random_state=0) if groups is None else GroupKFold(_FOLDS)
    model = make_pipeline(StandardScaler(), RidgeCV(_ALPHAS))
    x = np.asarray(embeddings, dtype=np.float64)
    predicted = cross_val_predict(model, x, target, cv=folds, groups=groups)
    return float(1 - ((target - predicted) ** 2).sum() / ((target - target.mean()) ** 2).sum())


def evaluate_study(folder, model_folder, prefix, *, pcs=(1, 4, 16, 64), device="cpu",
                   threads=None, progress=False):  # fmt: skip
    """Judge a model by a simulated study's test people; writes PREFIX.eval.json, .tsv and .png.

    pcs: numbers of principal components that the joint test is made of, ranked, beside the main
    16; canonical directions and the trait itself (the oracle of the same draw) stand beside them.
    Returns what the json holds.
    """
    model = read_model(model_folder)
    opened = open_inputs(Inputs(study=folder), weights=model.facts["settings"].weights, target=True)
    cohort, study = opened.cohort, opened.study
    test = unseen(model, cohort) & ~study.in_training
    if not test.any():
        raise GemcontError(f"--study: {folder} has no test people whom the model has not seen")
    embeddings = embed(model, cohort, test, device=device, progress=progress)
    z = cohort.target[test]
    scan = _Scan(study, [cohort.iid[i] for i in np.flatnonzero(test)], threads)
    oracle = scan.recovery("oracle: z itself", z[:, None])
    width = embeddings.shape[1]
    if max(pcs) > width:
        log.warning("--pcs: %d is more than the embedding's %d", max(pcs), width)
    rows = [
        scan.recovery(_components(k), embeddings, pcs=k)
        for k in sorted({min(k, width) for k in (*pcs, MAIN_PCS)})
    ]
    directions = fit_directions(model, cohort, "auto", device=device)
    values = directions.of(embeddings.astype(np.float64))
    for count in sorted({1, values.shape[1]}):
        name = f"{count} canonical direction{'s' if count > 1 else ''}"
        rows.append(scan.recovery(name, values[:, :count]))
    rows = [
        row._replace(share_of_oracle=row.causal_recovered / max(oracle.causal_recovered, 1e-9))
        for row in (*rows, oracle)
    ]
    main = next(row for row in rows if row.test == _components(min(MAIN_PCS, width)))
    found = {
        "gemcont": gemcont.__version__,
        "model": model.hash,
        "method": model.facts["settings"].method,
        "loss": model.facts["settings"].loss,
        "encoder": model.facts["settings"].encoder,
        "r2": ridge_r2(embeddings, z),
        "causal_recovered": main.causal_recovered,
        "null_recovered": main.null_recovered,
        "lambda_gc": main.lambda_gc,
        "oracle_recovered": oracle.causal_recovered,
        "n_test": int(test.sum()),
        "n_train": model.facts["n_train"],
        "tests": [row._asdict() for row in rows],
    }
    _write(prefix, found, rows)
    return found


def _components(count):
    return f"{count} PC{'s' if count > 1 else ''}"


class _Scan:
    """Scans of a study's test people by the engine."""

    def __init__(self, study, iid, threads):
        self.source, self.threads = study.source, threads
        self.index = pd.Index(iid)
        self.causal = np.isin(
            study.source.variants["variant_id"].cast(pl.String).to_numpy(), study.causal
        )

    def recovery(self, name, traits, pcs=None):
        """``Recovery`` of the ranked traits (people, D), or of so many of their components."""
        frame = pd.DataFrame(traits, index=self.index).add_prefix("e")
        rank = np.linalg.matrix_rank(traits - traits.mean(axis=0)) if pcs else None
        settings = {"pcs": None if pcs is None else min(pcs, int(rank)), "rank_int": True}
        with _quiet():
            rows = run_gwas(self.source, frame, threads=self.threads, **settings)
        p, dof = rows["neg_log_10_p_value"].to_numpy(), settings["pcs"] or traits.shape[1]
        hit = p > -np.log10(GENOME_WIDE)
        null = p[~self.causal]
        inflation = lambda_gc(null, dof) if len(null) else float("nan")
        shares = float(hit[self.causal].mean()), 1.0
        return Recovery(name, dof, *shares, int(hit[~self.causal].sum()), float(inflation))


@contextmanager
def _quiet():
    """Inside, the engine logs nothing: ten scans of the same people, summed up in a table."""
    engine = logging.getLogger("gemcont.workflows")
    level = engine.level
    engine.setLevel(logging.ERROR)
    try:
        yield
    finally:
        engine.setLevel(level)


def _write(prefix, found, rows):
    table = pl.DataFrame([row._asdict() for row in rows])
    log.info("R2 of z %.4f in %d test people", found["r2"], found["n_test"])
    for row in rows:
        log.info(
            "%s: %.0f %% of the causal variants (%.0f %% of the oracle's), %d false, lambda %.3f",
            *(row.test, 100 * row.causal_recovered, 100 * row.share_of_oracle),
            *(row.null_recovered, row.lambda_gc),
        )
    with unfinished(f"{prefix}.eval.tsv") as path:
        table.write_csv(path, separator="\t", float_precision=6)
    title = f"{found['method']}, {found['encoder']}: R² of z {found['r2']:.2f}"
    save(recovery(rows, title=title), f"{prefix}.eval.png")
    with unfinished(f"{prefix}.eval.json") as path, open(path, "w") as file:
        json.dump(found, file, indent=2)
