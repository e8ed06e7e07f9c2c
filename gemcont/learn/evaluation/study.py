"""Judge an embedding: by the trait it recovers, and by the variants the engine finds with it."""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

import gemcont
from gemcont.errors import GemcontError
from gemcont.learn.embedding.embed import embed, fit_directions, lack_for_directions, unseen
from gemcont.learn.files import Inputs, open_inputs
from gemcont.learn.training.model import read_model
from gemcont.learn.training.provenance import (
    refuse_other_panel,
    refuse_other_study,
    warn_of_other_data,
)
from gemcont.plots.recovery import recovery
from gemcont.plots.save import save
from gemcont.stats.calibration import GENOME_WIDE, lambda_gc
from gemcont.tables.files import unfinished
from gemcont.workflows.gwas import run_gwas

log = logging.getLogger(__name__)

MAIN_PCS = 16
_FOLDS, _ALPHAS = 5, np.logspace(-3, 3, 13)


class Recovery(NamedTuple):
    """Result of one test.

    Attributes:
        test: its name.
        dof: degrees of freedom that the engine gave it.
        causal_recovered: share of the causal variants at p < 5e-8.
        share_of_oracle: the same over the oracle's.
        null_recovered: number of null variants at p < 5e-8: false positives.
        lambda_gc: inflation factor of the null variants, None without any.
    """

    test: str
    dof: int
    causal_recovered: float
    share_of_oracle: float
    null_recovered: int
    lambda_gc: float | None


def ridge_r2(embeddings: np.ndarray, target: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Return the R2 of a target from embeddings by ridge regression, 5 folds within these people.

    Columns are standardised and the penalty chosen within each training fold (leave-one-out).

    Args:
        embeddings: (n, d).
        target: (n,).
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


def evaluate_study(
    folder: str,
    model_folder: str,
    prefix: str,
    *,
    pcs: Sequence[int] = (1, 4, 16, 64),
    covar: str | None = None,
    covar_names: list[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: bool = False,
) -> dict:
    """Judge a model by a simulated study's test people; write PREFIX.eval.json, .tsv and .png.

    Canonical directions (those that hold, see ``chosen_directions``) and the trait itself (the
    oracle of the same draw) are tested as well as components.

    Args:
        folder: the study.
        model_folder: the model.
        prefix: beginning of the names of the results.
        pcs: numbers of principal components that the joint test is made of, ranked, beside the main
            16. The engine itself takes them, as by --pcs, and leaves out those without variance: a
            test is called by the degrees of freedom that it had, and fewer than asked for are
            warned of.
        covar: table of covariates, as the model was trained with; test people who lack one are left
            out.
        covar_names: columns of it, as the model was trained with.
        device: "cpu", "cuda" or "mps".
        threads: threads of the engine, None for all.
        progress: show a bar on a terminal.

    Returns:
        Contents of the json.

    Raises:
        GemcontError: the model is of another study, or no test people are left.
    """
    model = read_model(model_folder)
    inputs = Inputs(study=folder, covar=covar, covar_names=covar_names)
    opened = open_inputs(inputs, weights=model.facts["settings"].weights, target=True)
    _refuse_other_data(model, opened)
    cohort, test = opened.cohort, _test_people(model, opened)
    embeddings = embed(model, cohort, test, device=device, progress=progress).astype(np.float64)
    if not np.ptp(embeddings, axis=0).any():
        raise GemcontError(f"--model: {model_folder} embeds all test people alike; train it anew")
    assert cohort.target is not None  # it was asked for
    z = cohort.target[test]
    scan = _Scan(opened.study, [cohort.iid[i] for i in np.flatnonzero(test)], threads)
    components = _components(scan, embeddings, pcs)
    directions, facts = _directions(scan, model, cohort, embeddings, device)
    oracle = scan.recovery(z[:, None], lambda dof: "oracle: z itself")
    rows = [
        row._replace(share_of_oracle=row.causal_recovered / max(oracle.causal_recovered, 1e-9))
        for row in (*dict.fromkeys(components.values()), *directions, oracle)
    ]
    report = {
        **_facts(model),
        "n_test": len(z),
        "r2": ridge_r2(embeddings, z),
        **_main_facts(components[MAIN_PCS], oracle),
        "pcs": {str(count): row.dof for count, row in components.items()},
        "directions": facts,
        "tests": [row._asdict() for row in rows],
    }
    _write(prefix, report, rows)
    return report


def _refuse_other_data(model, opened):
    """Raise GemcontError for a study, panel or covariates that are not the model's."""
    refuse_other_study(model, opened.study)
    refuse_other_panel(model, opened)
    warn_of_other_data(model, opened.cohort)


def _test_people(model, opened):
    """Return bool (people,): the study's test people who were not used in training."""
    test = unseen(model, opened.cohort, opened.in_training)
    if test.sum() < _FOLDS:
        raise GemcontError(
            f"--study: {opened.study.folder} has {test.sum()} test people whom the model has not "
            f"seen; at least {_FOLDS} are needed"
        )
    return test


def _facts(model):
    """Return the json's description of the model."""
    settings = model.facts["settings"]
    return {
        "gemcont": gemcont.__version__,
        "model": model.hash,
        "method": settings.method,
        "loss": settings.loss,
        "encoder": settings.encoder,
        "n_train": model.facts["n_train"],
    }


def _main_facts(main, oracle):
    """Return the json's description of the main test of components."""
    return {
        "main_test": main.test,
        "causal_recovered": main.causal_recovered,
        "null_recovered": main.null_recovered,
        "lambda_gc": main.lambda_gc,
        "oracle_recovered": oracle.causal_recovered,
    }


def _components(scan, embeddings, pcs):
    """Return a ``Recovery`` by the number of components asked for; warn where there are fewer."""
    width, recoveries, most = embeddings.shape[1], {}, np.inf
    for count in sorted({*pcs, MAIN_PCS}):
        if count <= most:
            row = scan.recovery(embeddings, lambda dof: _counted(dof, "PC"), min(count, width))
            most = row.dof if row.dof < count else most
        recoveries[count] = row
    if most < np.inf:
        log.warning(
            "--pcs: the embeddings have %d components with variance: %s are tested as %s",
            *(most, ", ".join(str(k) for k in recoveries if k > most), _counted(most, "PC")),
        )
    return recoveries


def _directions(scan, model, cohort, embeddings, device):
    """Return ``Recovery`` of the first canonical direction and of all that hold, and facts."""
    lack = lack_for_directions(model, cohort)
    if lack is not None:
        log.warning("no canonical direction is tested: %s", lack)
        return [], {"kept": 0, "reason": lack}
    directions = fit_directions(model, cohort, "auto", device=device)
    values = directions.of(embeddings)
    rows = [
        scan.recovery(values[:, :count], lambda dof: _counted(dof, "canonical direction"))
        for count in sorted({1, directions.count})
        if directions.count
    ]
    return rows, directions.facts


def _counted(count, what):
    return f"{count} {what}{'s' if count > 1 else ''}"


class _Scan:
    """Scans of a study's test people by the engine."""

    def __init__(self, study, iid, threads):
        self.source, self.threads = study.source, threads
        self.index, self.causal = pd.Index(iid, name="IID"), study.causal

    def recovery(
        self, traits: np.ndarray, label: Callable[[int], str], pcs: int | None = None
    ) -> Recovery:
        """Test the ranked traits (people, D), or so many of their components.

        label: the test's name, a function of the degrees of freedom that it had
        """
        frame = pd.DataFrame(traits, index=self.index).add_prefix("e")
        with _quiet():
            rows = run_gwas(self.source, frame, threads=self.threads, pcs=pcs, rank_int=True)
        p, dof = rows["neg_log_10_p_value"].to_numpy(), int(rows["dof"].max())
        causal = rows["variant_id"].isin(self.causal).to_numpy()
        hit = p > -np.log10(GENOME_WIDE)
        inflation = lambda_gc(p[~causal], dof) if (~causal).any() else None
        return Recovery(
            test=label(dof),
            dof=dof,
            causal_recovered=float(hit[causal].mean()),
            share_of_oracle=1.0,
            null_recovered=int(hit[~causal].sum()),
            lambda_gc=inflation,
        )


@contextmanager
def _quiet():
    """Silence the engine inside: ten scans of the same people are summed up in a table."""
    engine = logging.getLogger("gemcont.workflows")
    level = engine.level
    engine.setLevel(logging.ERROR)
    try:
        yield
    finally:
        engine.setLevel(level)


def _write(prefix, report, rows):
    types = {"lambda_gc": pl.Float64}  # which may be None in every row
    table = pl.DataFrame([row._asdict() for row in rows], schema_overrides=types)
    log.info("R2 of z %.4f in %d test people", report["r2"], report["n_test"])
    for row in rows:
        log.info(
            "%s: %.0f %% of the causal variants (%.0f %% of the oracle's), %d false, lambda %s",
            *(row.test, 100 * row.causal_recovered, 100 * row.share_of_oracle),
            *(row.null_recovered, "NA" if row.lambda_gc is None else f"{row.lambda_gc:.3f}"),
        )
    with unfinished(f"{prefix}.eval.tsv") as path:
        table.write_csv(path, separator="\t", float_precision=6, null_value="NA")
    title = f"{report['method']}, {report['encoder']}: R² of z {report['r2']:.2f}"
    save(recovery(rows, title=title), f"{prefix}.eval.png")
    with unfinished(f"{prefix}.eval.json") as path, open(path, "w") as file:
        json.dump(report, file, indent=2)
