"""Type-I error and power of the mixed model on the kinship of heterogeneous-stock mice.

python validation/kinship.py            # writes docs/kinship.calibration.md, docs/kinship.power.png
python validation/kinship.py --quick    # few replicates, printed: for trying
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from tables import heading, row, table_head

from gemcont.genotype import open_genotypes
from gemcont.genotype.kernels.packed import decode
from gemcont.stats.calibration import GENOME_WIDE
from gemcont.stats.contrasts import contrasted
from gemcont.stats.mixed import model as mixed
from gemcont.stats.mixed.likelihood import _by_factors, evaluate
from gemcont.stats.special import chi2_isf

ROOT = Path(__file__).parent.parent
MICE = ROOT / "examples" / "data" / "mouse_hs1940"
LEVELS = (0.05, 1e-3, 1e-4)
CALIBRATION = ("lambda", *(f"rate at {level:g}" for level in LEVELS))
EVERY = 6  # of the variants one is tested: about 1,500
SHARES = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15)
SADDLE_TRAITS, NULL_TRAITS, POWER_TRAITS = (2, 4, 16), (1, 2, 8, 16), (1, 2, 8)
REAL_TRAITS = (("cd8",), ("cd8", "mch"))
MIXED, LOCO, PLAIN = "mixed model", "mixed model, LOCO", "without kinship"
EXACT, CONTROLLED = "without kinship, exact variance", "without kinship, genomic control"


class Panel(NamedTuple):
    """Variants to test on one kinship: its ``Decomposition``, and G U (variants, N)."""

    found: mixed.Decomposition
    rotated: np.ndarray


class Counts(NamedTuple):
    """Replicates of each part."""

    saddle: int
    null: int
    permuted: int
    power: int


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="few replicates, nothing written")
    quick = parser.parse_args().quick
    counts = Counts(3, 10, 3, 10) if quick else Counts(50, 1000, 200, 500)
    rng, began = np.random.default_rng(2026), time.monotonic()
    genotypes, chromosomes = read_mice()
    panel = panel_of(genotypes[::EVERY], unit_diagonal(genotypes.T @ genotypes))
    check_short_cut(rng, panel, genotypes[::EVERY][:50])
    nulls = {d: null_draws(rng, panel, d, counts.null) for d in NULL_TRAITS}
    text = [
        *introduction(genotypes, panel),
        *saddle_table(rng, panel, counts.saddle),
        *null_table(panel, nulls),
        *permuted_table(rng, genotypes, chromosomes, counts.permuted),
        *power_section(rng, panel, nulls, counts.power, quick),
    ]
    if not quick:
        (ROOT / "docs" / "kinship.calibration.md").write_text("\n".join(text) + "\n")
    print("\n".join(text) if quick else f"done after {(time.monotonic() - began) / 60:.1f} minutes")


def read_mice():
    """Centred genotypes (variants, mice) of MAF 0.01 and more, missing at the mean; chromosomes."""
    source = open_genotypes(f"{MICE}.bed")
    labels = source.variants["chromosome"].cast(pl.String).to_numpy()
    autosomal = np.flatnonzero(np.isin(labels, [str(c) for c in range(1, 20)]))
    genotypes = decode(source.read(autosomal)).astype(np.float64)
    mean = np.nanmean(genotypes, axis=1, keepdims=True)
    kept = np.minimum(mean, 2 - mean)[:, 0] >= 2 * 0.01
    centred = np.where(np.isnan(genotypes), 0, genotypes - mean)
    return centred[kept], labels[autosomal][kept].astype(int)


def unit_diagonal(kinship):
    return kinship / (np.trace(kinship) / len(kinship))


def panel_of(genotypes, kinship):
    found = mixed.decompose(kinship)
    return Panel(found, genotypes @ found.vectors)


def chi2_of(null, panel):
    """``mixed.scan`` of genotypes that are rotated already: chi2 (variants,)."""
    scores, information = null.regressions.sums(panel.rotated)
    return contrasted(null.basis, scores, information).chi2


def check_short_cut(rng, panel, genotypes):
    """The short cut above is the scan, with kinship and without."""
    traits = drawn_traits(rng, panel.found, 3)
    few = Panel(panel.found, panel.rotated[: len(genotypes)])
    for null in (fitted(traits, panel.found), ordinary(traits, panel.found)):
        expected = mixed.scan(null, genotypes).chi2
        np.testing.assert_allclose(chi2_of(null, few), expected, rtol=1e-6, atol=1e-9)


def fitted(traits, found, rank=None):
    return mixed.fit_null(traits, np.ones((len(traits), 1)), found, rank=rank)


def ordinary(traits, found):
    """The null model without kinship, which is the ordinary joint test."""
    rest = traits - traits.mean(axis=0)
    residual = rest.T @ rest / len(rest)
    ones = np.ones((len(traits), 1))
    return mixed.MixedNull.from_covariances(traits, ones, found, 0 * residual, residual)


def from_all_ones(traits, found):
    """Where LIMIX's default start leads: Cg = 11', Cn = LL', L the lower triangle of ones.

    All columns of its factor of Cg are alike, so are their gradients, and they stay alike: Cg
    keeps rank 1 whatever the factor's width.
    """
    d = traits.shape[1]
    data = mixed._rotated(traits, np.ones((len(traits), 1)), found, "ml")
    fit = _by_factors(data, evaluate(data, np.ones((d, d)), np.tri(d) @ np.tri(d).T), 1)
    ones = np.ones((len(traits), 1))
    return mixed.MixedNull.from_covariances(traits, ones, found, fit.genetic, fit.residual)


def drawn_traits(rng, found, d, effect=None):
    """(N, D) of Cg = Cn = I/2; effect: a rotated genotype and its share of the first trait."""
    shape = (len(found.values), d)
    genetic = np.sqrt(found.values / 2)[:, None] * rng.standard_normal(shape)
    rotated = genetic + np.sqrt(0.5) * rng.standard_normal(shape)
    if effect is not None:
        g, share = effect
        unit = g * np.sqrt(len(g) / (g @ g))
        rotated[:, 0] = np.sqrt(1 - share) * rotated[:, 0] + np.sqrt(share) * unit
    return found.vectors @ rotated


def introduction(genotypes, panel):
    yield "# Calibration and power on related mice"
    yield ""
    yield "Made by `validation/kinship.py`; the seed is fixed."
    yield ""
    yield (
        f"{genotypes.shape[1]:,} heterogeneous-stock mice (`examples/data/mouse_hs1940`), "
        f"{len(genotypes):,} autosomal variants of MAF 0.01 and more. The kinship is the product "
        "of their centred genotypes, scaled to a mean diagonal of 1; its largest eigenvalue is "
        f"{panel.found.values[-1]:.0f}. Every {EVERY}th variant is tested in each replicate, "
        f"{len(panel.rotated):,}. The only covariate is the intercept; the test is of an effect "
        "on any trait, D degrees of freedom. Lambda is the median chi2 over that of chi-squared "
        "on D. Drawn traits have Cg = Cn = I/2: half of their variance follows the kinship."
    )


def saddle_table(rng, panel, replicates):
    found = {}
    for d in SADDLE_TRAITS:
        found[d] = np.array([saddle_draw(rng, panel, d) for _ in range(replicates)]).T
        print(f"saddle, D = {d}: {replicates} drawn", flush=True)
    yield from heading("The saddle that a start from all ones does not leave")
    yield SADDLE.format(replicates, max(values[-1].max() for values in found.values()))
    yield from table_head(
        "D", "lambda, all ones", "lambda, `fit_null`", "log-likelihood gained",
        "curvature, all ones (least)", "curvature, `fit_null` (most)",
    )  # fmt: skip
    for d, (stuck, ours, gained, there, here, _) in found.items():
        yield row(d, mean_se(stuck), mean_se(ours), mean_se(gained), f"{there.min():.0f}",
                  f"{here.max():.1g}")  # fmt: skip


SADDLE = (
    "{} draws of null traits. LIMIX (glimix-core) by default starts from Cg = 11', a factor of "
    "ones, and Cn = LL', L the lower triangle of ones. The factor's columns are alike, so are "
    "their gradients, and Cg keeps rank 1 to the end. What was run is not LIMIX: it is this "
    "package's likelihood, maximised by L-BFGS from that very start with Cg of rank 1; "
    "`fit_null(rank=1)`, from another start, ends there too, within {:.0e} of log-likelihood. "
    "Beside it `fit_null` of full rank on the same traits. Lambda and the log-likelihood gained: "
    "mean over draws (standard error). The curvature is the largest eigenvalue of dL/dCg in the "
    "basis in which Cn = I, free of the traits' units: 0 at an optimum, positive at a saddle, "
    "where Cg would gain likelihood by another rank."
)


def saddle_draw(rng, panel, d):
    """Lambda at the saddle and of ours, log-likelihood gained, both curvatures; and how far
    ``fit_null`` with rank=1 ends from the saddle in log-likelihood."""
    traits = drawn_traits(rng, panel.found, d)
    stuck, ours = from_all_ones(traits, panel.found), fitted(traits, panel.found)
    same = fitted(traits, panel.found, rank=1).log_likelihood
    lambdas = (lambda_of(chi2_of(null, panel), d) for null in (stuck, ours))
    gained = ours.log_likelihood - stuck.log_likelihood
    apart = abs(same - stuck.log_likelihood)
    return *lambdas, gained, stuck.fit.curvature, ours.fit.curvature, apart


def null_draws(rng, panel, d, replicates):
    """chi2 (replicates, variants) of null traits, by test."""
    chi2 = {MIXED: [], PLAIN: [], EXACT: []}
    for _ in range(replicates):
        traits = drawn_traits(rng, panel.found, d)
        chi2[MIXED].append(chi2_of(fitted(traits, panel.found), panel))
        chi2[PLAIN].append(chi2_of(ordinary(traits, panel.found), panel))
        chi2[EXACT].append(exact_chi2(traits, panel))
    print(f"null traits, D = {d}: {replicates} drawn", flush=True)
    return {test: np.array(values) for test, values in chi2.items()}


def exact_chi2(traits, panel):
    """Effects of ordinary regression over their true variance under Cg = Cn = I/2."""
    scores = panel.rotated @ (panel.found.vectors.T @ traits)
    variance = panel.rotated**2 @ ((panel.found.values + 1) / 2)
    return (scores**2).sum(axis=1) / variance


def null_table(panel, nulls):
    yield from heading("Type-I error: null traits of the mice's kinship")
    yield (
        f"{len(nulls[1][MIXED]):,} draws of traits for each D, {len(panel.rotated):,} variants "
        "each: lambda of all statistics together, and true / nominal rate. Standard errors are "
        "over draws, so linked variants do not make them too small. Without kinship: Cg = 0."
    )
    yield from table_head("D", "test", *CALIBRATION)
    for d, tests in nulls.items():
        for test in (MIXED, PLAIN):
            yield row(d, test, *calibration(tests[test], d))


def permuted_table(rng, genotypes, chromosomes, replicates):
    yield from heading("Real traits, permuted over mice")
    yield (
        f"{replicates} permutations of the mice's traits, rows kept together. Mixed models with "
        "the kinship of all variants, and with that of the other chromosomes for the variants of "
        "each (LOCO, all 19). Permuted traits follow no kinship, the edge of what Cg can be: what "
        "chance makes of kinship in them is taken up where it is positive and not where it is "
        "negative, so the mixed models are conservative here, on both kinships."
    )
    yield from table_head("traits", "mice", "test", *CALIBRATION)
    for names in REAL_TRAITS:
        traits, observed = real_traits(names)
        here = genotypes[:, observed] - genotypes[:, observed].mean(axis=1, keepdims=True)
        chi2 = permuted_chi2(rng, traits, whole_and_loco(here, chromosomes), replicates)
        for test, values in chi2.items():
            calibrated = calibration(values, len(names))
            yield row(" + ".join(names), f"{len(traits):,}", test, *calibrated)
        print(f"permuted {', '.join(names)}: {replicates} replicates", flush=True)


def real_traits(names):
    """Traits (mice, D) of the mice that have them all, and which those are in the genotypes."""
    table = pl.read_csv(f"{MICE}.pheno.tsv", separator="\t", null_values="NA")
    samples = open_genotypes(f"{MICE}.bed").samples.select("fid", "iid")
    aligned = samples.join(
        table, left_on=["fid", "iid"], right_on=["FID", "IID"], how="left", maintain_order="left"
    )
    values = aligned.select(names).cast(pl.Float64).fill_null(np.nan).to_numpy()
    observed = np.isfinite(values).all(axis=1)
    return values[observed], observed


def whole_and_loco(genotypes, chromosomes):
    """One panel with the whole kinship; one for every chromosome with that of the others."""
    total = genotypes.T @ genotypes
    whole = panel_of(genotypes[::EVERY], unit_diagonal(total))
    loco = []
    for chromosome in np.unique(chromosomes):
        own = genotypes[chromosomes == chromosome]
        loco.append(panel_of(own[::EVERY], unit_diagonal(total - own.T @ own)))
    return whole, loco


def permuted_chi2(rng, traits, panels, replicates):
    """chi2 (replicates, variants) by test."""
    whole, loco = panels
    chi2 = {MIXED: [], LOCO: [], PLAIN: []}
    for _ in range(replicates):
        shuffled = rng.permutation(traits)
        chi2[MIXED].append(chi2_of(fitted(shuffled, whole.found), whole))
        parts = [chi2_of(fitted(shuffled, one.found), one) for one in loco]
        chi2[LOCO].append(np.concatenate(parts))
        chi2[PLAIN].append(chi2_of(ordinary(shuffled, whole.found), whole))
    return {test: np.array(values) for test, values in chi2.items()}


def power_section(rng, panel, nulls, draws, quick):
    power = {}
    for d in POWER_TRAITS:
        inflation = lambda_of(nulls[d][PLAIN], d)
        for share in SHARES:
            found = [power_draw(rng, panel, d, share, inflation) for _ in range(draws)]
            power[d, share] = np.mean(found, axis=0)
        print(f"power, D = {d}: {draws} drawn for each share", flush=True)
    if not quick:
        draw_power(power, ROOT / "docs" / "kinship.power.png")
    yield from heading("Power at 5e-8")
    yield POWER.format(draws, 0.5 / np.sqrt(draws))
    yield from table_head("D", "share", MIXED, EXACT, CONTROLLED)
    for (d, share), values in power.items():
        yield row(d, f"{share:.3f}", *(f"{value:.2f}" for value in values))
    yield from corrected_table(nulls)


POWER = (
    "{} draws a point: one of the tested variants, drawn anew, explains the given share of the "
    "variance of one trait; the rest is drawn as above. Standard errors are at most {:.3f}. The "
    "ordinary test is far too liberal here, so it is corrected in two ways. Exact variance: the "
    "effects of ordinary regression over their true variance under the covariances that the "
    "traits were drawn from; only a simulation knows it, and the rate is then exact, so this is "
    "the comparison at the same true rate (the curve in the picture). Genomic control: chi2 over "
    "the lambda of the null draws above; it leaves rates too high in the tail, as the last table "
    "shows.\n\n![power](kinship.power.png)"
)


def corrected_table(nulls):
    yield ""
    yield "The rates at which these powers are had: true / nominal on the null draws above."
    yield from table_head("D", "test", *CALIBRATION)
    for d in POWER_TRAITS:
        controlled = nulls[d][PLAIN] / lambda_of(nulls[d][PLAIN], d)
        for test, chi2 in {**nulls[d], CONTROLLED: controlled}.items():
            if test != PLAIN:
                yield row(d, test, *calibration(chi2, d))


def power_draw(rng, panel, d, share, inflation):
    """Whether one drawn effect is found, by method."""
    one = slice(i := rng.integers(len(panel.rotated)), i + 1)
    tested = Panel(panel.found, panel.rotated[one])
    traits = drawn_traits(rng, panel.found, d, (tested.rotated[0], share))
    found = chi2_of(fitted(traits, panel.found), tested)
    controlled = chi2_of(ordinary(traits, panel.found), tested) / inflation
    chi2 = np.concatenate([found, exact_chi2(traits, tested), controlled])
    return chi2 >= chi2_isf(-np.log10(GENOME_WIDE), d)


def draw_power(power, path):
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    panels = figure.subplots(1, len(POWER_TRAITS), sharey=True)
    for panel, d in zip(panels, POWER_TRAITS, strict=True):
        lines = np.array([power[d, share] for share in SHARES]).T
        for line, label, style in zip(lines, (MIXED, EXACT), ("-o", "-s"), strict=False):
            panel.plot(100 * np.array(SHARES), line, style, label=label, markersize=4)
        panel.set_title("1 trait" if d == 1 else f"{d} traits")
        panel.set_xlabel("variance of one trait explained (%)")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("power at 5e-8")
    panels[0].set_ylim(-0.02, 1.02)
    figure.legend(
        *panels[0].get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=2
    )
    figure.savefig(path, dpi=150, metadata={"Software": None})


def lambda_of(chi2, d):
    return np.median(chi2) / chi2_isf(np.log10(2), d)


def calibration(chi2, d):
    """Lambda of all (replicates, variants); true over nominal rates; each with its error."""
    yield pooled(chi2, d)
    for level in LEVELS:
        yield mean_se((chi2 >= chi2_isf(-np.log10(level), d)).mean(axis=1) / level, 2)


def pooled(chi2, d):
    """The error is that of the share above the median, over the density there."""
    shares = (chi2 > np.median(chi2)).mean(axis=1)
    low, high = np.quantile(chi2, (0.45, 0.55)) / chi2_isf(np.log10(2), d)
    error = shares.std(ddof=1) / np.sqrt(len(chi2)) * (high - low) / 0.1
    return f"{lambda_of(chi2, d):.3f} ({error:.3f})"


def mean_se(values, digits=3):
    digits = digits if values.mean() < 50 else 0
    return f"{values.mean():.{digits}f} ({values.std(ddof=1) / np.sqrt(len(values)):.{digits}f})"


if __name__ == "__main__":
    main()
