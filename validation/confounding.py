"""What an encoder trained on genotypes can learn by mistake: ancestry, and its own people by heart.

Ancestry: brightness follows ancestry, and so do the frequencies of the panel; the trait, a
rotation, does not. Trained on the raw panel and on one that is residualised on the first genetic
component: what the first two canonical directions are, and lambda on variants without effect.

Leakage: genotypes permuted over people, so that nothing is to be found; lambda of the joint test
on the people trained on and on held-out people.

    python validation/confounding.py --images emnist.npz
"""

import argparse
import os
import tempfile
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl

from gemcont import run_gwas
from gemcont.genotype.readers.bed import write_fileset
from gemcont.learn.data.split import TRAIN
from gemcont.learn.embedding.ancestry import adjusted_r2
from gemcont.learn.embedding.embed import embed, fit_directions, unseen
from gemcont.learn.files import Inputs, Split, open_inputs, train_files
from gemcont.learn.simulation.glyphs import read_glyphs, rotate
from gemcont.learn.training.model import read_model
from gemcont.settings.train import TrainSettings
from gemcont.stats.calibration import GENOME_WIDE, lambda_gc

PANEL, NULL, STRUCTURE = 100, 400, 800  # variants: causal, to test, for the component
H_G, ALPHA, BRIGHTNESS = 0.5, 45.0, 0.6  # the last: correlation with ancestry


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--images", required=True)
    parser.add_argument("--people", type=int, default=64_000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--slope", type=float, default=0.3, help="of logit frequencies, SD")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.images = os.path.abspath(options.images)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        truth = simulate(options)
        settings = TrainSettings(encoder="mlp", epochs=options.epochs, batch_size=256, lr=1e-3)
        ancestry(truth, settings)
        leakage(settings, options.seed)


def simulate(options):
    """Files of a cohort with one axis of ancestry; ancestry and trait by person."""
    rng = np.random.default_rng(options.seed)
    n, total = options.people, PANEL + NULL + STRUCTURE
    axis = rng.standard_normal(n)
    base, slope = rng.uniform(0.1, 0.5, total), options.slope * rng.standard_normal(total)
    logit = np.log(base / (1 - base))[:, None] + slope[:, None] * axis
    dosages = rng.binomial(2, 1 / (1 + np.exp(-logit))).astype(np.int8)
    effects = rng.standard_normal(PANEL)
    score = effects @ dosages[:PANEL]
    design = np.column_stack([np.ones(n), axis, axis**2])
    score = score - design @ np.linalg.lstsq(design, score, rcond=None)[0]  # free of ancestry
    z = np.sqrt(H_G) * score / score.std() + np.sqrt(1 - H_G) * rng.standard_normal(n)
    write_images(options.images, rng, axis, z)
    write_genotypes(dosages, effects / score.std(), rng, n)
    write_components(dosages[PANEL + NULL :], n)
    return {"trait": z, "ancestry": axis}


def write_images(path, rng, axis, z):
    glyphs = read_glyphs(path)
    chosen = np.sort(rng.choice(np.flatnonzero(glyphs.certain), len(z), replace=False))
    images = rotate(glyphs.images[chosen], ALPHA * np.tanh(z / 2))
    bright = BRIGHTNESS * axis + np.sqrt(1 - BRIGHTNESS**2) * rng.standard_normal(len(z))
    factor = np.clip(0.6 + 0.15 * bright, 0.1, 1)
    np.save("images.npy", np.rint(images * factor[:, None, None]).astype(np.uint8))


def write_genotypes(dosages, effects, rng, n):
    ids = [f"p{i}" for i in range(n)]
    samples = pl.DataFrame({"fid": ids, "iid": ids, "sex": [0] * n})
    count = len(dosages)
    variants = pl.DataFrame(
        {
            "chromosome": [str(i * 22 // count + 1) for i in range(count)],
            "variant_id": [f"v{i}" for i in range(count)],
            "base_pair_location": [1_000_000 * (i + 1) for i in range(count)],
            "effect_allele": ["A"] * count,
            "other_allele": ["G"] * count,
        }
    )
    write_fileset("cohort", [dosages], samples, variants)
    noisy = effects + 0.02 * rng.standard_normal(PANEL)  # as a scan of other people gives them
    panel = variants[:PANEL].with_columns(beta=noisy, beta_shrunk=noisy)
    panel.write_csv("panel.tsv", separator="\t")
    pl.DataFrame({"FID": ids, "IID": ids}).write_csv("images.ids.tsv", separator="\t")
    order = rng.permutation(n)  # genotypes of somebody else
    shuffled = pl.DataFrame({"fid": [ids[i] for i in order], "iid": [ids[i] for i in order]})
    write_fileset("permuted", [dosages], shuffled.with_columns(sex=pl.lit(0)), variants)


def write_components(dosages, n):
    scaled = dosages - dosages.mean(axis=1, keepdims=True)
    scaled = scaled / scaled.std(axis=1, keepdims=True)
    vectors = np.linalg.eigh(scaled @ scaled.T)[1]
    first = scaled.T @ vectors[:, -1]
    ids = [f"p{i}" for i in range(n)]
    table = pl.DataFrame({"FID": ids, "IID": ids, "PC1": first / first.std()})
    table.write_csv("pcs.tsv", separator="\t")


def ancestry(truth, settings):
    print("panel | direction 1: R2 with trait, with ancestry | direction 2: the same | direction "
          "1: lambda, lambda with PC1, panel found with PC1 | 16 PCs: the same")  # fmt: skip
    for residualise in (False, True):
        trained = replace(settings, residualise=residualise)
        inputs = Inputs(images="images.npy", genotypes="cohort.bed", panel="panel.tsv",
                        covar="pcs.tsv")  # fmt: skip
        train_files(inputs, Split(fraction=0.4), trained, f"model{residualise}")
        model = read_model(f"model{residualise}")
        cohort = open_inputs(inputs).cohort
        fresh = unseen(model, cohort)
        values = embed(model, cohort, fresh).astype(np.float64)
        iid = np.array(cohort.iid)[fresh]
        rows = np.array([int(name[1:]) for name in iid])
        lines = fit_directions(model, cohort, 2).of(values)
        known = [
            " ".join(f"{adjusted_r2(lines[:, [k]], truth[t][rows]):.2f}" for t in truth)
            for k in (0, 1)
        ]
        pcs = pd.DataFrame({"PC1": cohort.covariates[fresh, 0]}, index=pd.Index(iid, name="IID"))
        for traits, count in ((lines[:, :1], None), (values, 16)):
            plain = scanned("cohort", traits, iid, pcs=count)
            adjusted = scanned("cohort", traits, iid, covariates=pcs, pcs=count)
            known.append(f"{plain[0]:.2f} {adjusted[0]:.2f} {adjusted[1]:.2f}")
        name = "residualised" if residualise else "raw"
        print(f"{name:12s} | " + " | ".join(known), flush=True)


def scanned(bfile, traits, iid, *, covariates=None, pcs=None):
    """Lambda on variants without effect, and the share of the panel found."""
    frame = pd.DataFrame(traits, index=pd.Index(iid, name="IID")).add_prefix("e")
    found = run_gwas(f"{bfile}.bed", frame, covariates, pcs=pcs, rank_int=True)
    p, dof = found["neg_log_10_p_value"].to_numpy(), int(found["dof"].max())
    if pcs is not None and dof < pcs:
        print(f"{dof} components have variance, not {pcs}")
    hits = p[:PANEL] > -np.log10(GENOME_WIDE)
    return lambda_gc(p[PANEL : PANEL + NULL], dof), hits.mean(), lambda_gc(p[:PANEL], dof)


def leakage(settings, seed):
    inputs = Inputs(images="images.npy", genotypes="permuted.bed", panel="panel.tsv")
    train_files(inputs, Split(fraction=0.4), settings, "permuted.model")
    model = read_model("permuted.model")
    cohort = open_inputs(inputs).cohort
    seen, fresh = model.have(cohort.iid, TRAIN), unseen(model, cohort)
    print("leakage, genotypes permuted: people | lambda of the panel, 16 PCs | variants found")
    for name, people in (("trained on", seen), ("held out", fresh)):
        values = embed(model, cohort, people).astype(np.float64)
        _, found, inflation = scanned("permuted", values, np.array(cohort.iid)[people], pcs=16)
        print(f"{name:12s} | {inflation:.2f} | {found:.2f}", flush=True)


if __name__ == "__main__":
    main()
