"""Agreement with GEMMA and JAMMA on the bundled mice and maize, variant by variant.

Needs gemma on the PATH; JAMMA is compared where --jamma says where it is. About 8 minutes.

    python validation/against_gemma.py --jamma PATH      # writes docs/gemma.md
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from tables import heading, row, table_head

import gemcont
from gemcont.stats.mixed import model as mixed
from gemcont.tables.kinship_files import read_kinship

ROOT = Path(__file__).parent.parent
MICE = str(ROOT / "examples" / "data" / "mouse_hs1940")
MAIZE = str(ROOT / "examples" / "data" / "maize")
TRAITS = (["cd8"], ["cd8", "mch"])
BEYOND = 8  # traits of the largest null model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--gemma", default=shutil.which("gemma"))
    parser.add_argument("--jamma", default=shutil.which("jamma"))
    options = parser.parse_args()
    table = pd.read_csv(MICE + ".pheno.tsv", sep="\t").set_index(["FID", "IID"])
    lines = pd.read_csv(MAIZE + ".fam", sep=r"\s+", header=None, dtype=str).set_index([0, 1]).index
    maize = pd.read_csv(MAIZE + ".pheno", sep=r"\s+", dtype={"FID": str, "IID": str})
    maize = maize.set_index(["FID", "IID"]).reindex(lines.set_names(["FID", "IID"]))
    with tempfile.TemporaryDirectory() as folder:
        peers = Peers(options, folder)
        peers.gemma(table[["cd8"]], "k", "-gk", "1")
        kinship = read_kinship(f"{folder}/k.cXX.txt").matrix
        text = [*INTRODUCTION, *nulls(table, kinship, peers), *scans(table, kinship, peers)]
        text += [*of_maize(maize[["EarHT", "dpoll"]], Peers(options, folder, MAIZE))]
        if options.jamma:
            text += jamma(table, peers)
        else:
            print("JAMMA is not here and not compared")
    (ROOT / "docs" / "gemma.md").write_text("\n".join(text) + "\n")


class Peers:
    """Runs the other programs in a folder."""

    def __init__(self, options, folder, prefix=MICE):
        self.options, self.folder, self.prefix = options, folder, prefix

    def gemma(self, traits, name, *flags):
        """The log and, where there is one, the table of results."""
        return self._run(self.options.gemma, traits, name, flags, numbered=True)

    def jamma(self, traits, name, *flags):
        """As ``gemma``."""
        return self._run(self.options.jamma, traits, name, [*flags, "--no-telemetry"])

    def _run(self, program, traits, name, flags, numbered=False):
        path = f"{self.folder}/traits.txt"
        traits.to_csv(path, sep="\t", header=False, index=False, na_rep="NA")
        command = [program, "-bfile", self.prefix, "-p", path, *flags, "-o", name]
        command += ["-outdir", self.folder]
        if numbered and "-lmm" in flags:
            command += ["-n", *(str(i + 1) for i in range(traits.shape[1]))]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
        found = Path(self.folder, f"{name}.assoc.txt")
        results = pd.read_csv(found, sep="\t") if found.exists() else None
        log = Path(self.folder, f"{name}.log.txt").read_text()
        return log + done.stdout + done.stderr, results


def centred(kinship, traits):
    """GEMMA's matrix for the analysed mice: their rows, centred again."""
    kept = traits.notna().all(axis=1).to_numpy()
    rows = kinship[np.ix_(kept, kept)]
    rows = rows - rows.mean(axis=0)
    found = np.zeros_like(kinship)
    found[np.ix_(kept, kept)] = rows - rows.mean(axis=1, keepdims=True)
    return kept, found


def nulls(table, kinship, peers):
    """Null models: GEMMA's printed numbers beside ours."""
    yield from heading("Null models")
    yield (
        "On GEMMA's own matrix, read from its text. Vg and Ve as printed by GEMMA, six digits, and "
        "ours: the largest relative difference of their entries. Log-likelihoods with constants; "
        "GEMMA leaves a constant out of the restricted one, so it is not compared."
    )
    yield from table_head("traits", "method", "GEMMA Vg", "Vg", "GEMMA Ve", "Ve", "differ by")
    likelihoods = []
    for names in TRAITS:
        traits = table[names]
        log, _ = peers.gemma(traits, "null", "-k", f"{peers.folder}/k.cXX.txt", "-lmm", "4")
        kept, matrix = centred(kinship, traits)
        y, k = traits.to_numpy()[kept], mixed.decompose(matrix[np.ix_(kept, kept)])
        for method in ("ml", "reml"):
            null = mixed.fit_null(y, np.ones((len(y), 1)), k, method=method)
            theirs = printed(log, method, len(names))
            if theirs is None:  # one trait: REML is what the log has
                theirs = [np.full((1, 1), np.nan)] * 2
            ours = null.genetic_covariance, null.residual_covariance
            differ = max(
                np.nanmax(abs(a / b - 1), initial=0) for a, b in zip(ours, theirs, strict=True)
            )
            if np.isfinite(theirs[0]).all():
                yield row(
                    "+".join(names), method.upper(), shown(theirs[0]), shown(ours[0]),
                    shown(theirs[1]), shown(ours[1]), f"{differ:.1e}",
                )  # fmt: skip
            if method == "ml":
                likelihoods.append((names, gemma_likelihood(log), null.log_likelihood))
    likelihoods.append(eight(table, kinship, peers))
    yield from table_head("traits", "GEMMA's log-likelihood (ML), as printed", "ours")
    for names, theirs, ours in likelihoods:
        yield row("+".join(names), theirs, f"{ours:.4f}")


def eight(table, kinship, peers):
    """Log-likelihoods of eight drawn traits, half of their variance on the kinship."""
    rng = np.random.default_rng(8)
    values, vectors = np.linalg.eigh(kinship / np.diag(kinship).mean())
    drawn = (vectors * np.sqrt(np.maximum(values, 0))) @ rng.standard_normal(
        (len(kinship), BEYOND)
    ) + rng.standard_normal((len(kinship), BEYOND))
    traits = pd.DataFrame(drawn, index=table.index, columns=[f"t{i}" for i in range(BEYOND)])
    some = Path(peers.folder, "few.txt")
    some.write_text("\n".join(f"rs{i}" for i in (3683945, 3707673, 6269442)) + "\n")
    flags = ["-k", f"{peers.folder}/k.cXX.txt", "-lmm", "4", "-snps", str(some)]
    log, _ = peers.gemma(traits, "eight", *flags)
    _, matrix = centred(kinship, traits)
    null = mixed.fit_null(drawn, np.ones((len(drawn), 1)), matrix)
    return ["8 drawn traits"], gemma_likelihood(log), null.log_likelihood


def printed(log, method, d):
    """Vg and Ve of a log: lower triangles of several traits, one number (REML) of one."""
    if d == 1:
        found = [
            re.search(rf"## {v} estimate in the null model = (\S+)", log) for v in ("vg", "ve")
        ]
        return [np.array([[float(m[1])]]) for m in found] if method == "reml" else None
    head = {"ml": "MLE", "reml": "REMLE"}[method]
    found = []
    for name in ("Vg", "Ve"):
        after = log.split(f"## {head} estimate for {name} in the null model:")[1]
        numbers = [float(x) for x in after.split("##")[0].split()]
        if len(numbers) == d * d:  # of maximum likelihood GEMMA prints all, else one triangle
            numbers = np.reshape(numbers, (d, d))[np.tril_indices(d)]
        matrix = np.zeros((d, d))
        matrix[np.tril_indices(d)] = numbers
        found.append(matrix + np.tril(matrix, -1).T)
    return found


def gemma_likelihood(log):
    """As printed: with four decimals of several traits, with two of one."""
    found = re.search(r"(?<!RE)MLE likelihood = (\S+)", log)
    return (found or re.search(r"## MLE log-likelihood in the null model = (\S+)", log))[1]


def shown(matrix):
    """The entries of a lower triangle."""
    return " ".join(f"{x:.6g}" for x in matrix[np.tril_indices(len(matrix))])


SCAN_HEAD = ("traits", "kinship", "refit", "variants", "r", "differ at most", "of the refitted",
             "where its p < 1e-4")  # fmt: skip


def scans(table, kinship, peers):
    """-log10 p of all variants."""
    yield from heading("Variants")
    yield (
        "-log10 p of the likelihood ratio (`-lmm 4`): correlation over variants, and the largest "
        "difference, over all, over those that are refitted (by default those whose -log10 p is "
        "above 0.9 x 4 before) and over those whose p is below 1e-4 by the peer. Kinship: GEMMA's "
        "matrix, or made by `--kinship grm`. Of two traits GEMMA itself ends early where p > 0.001 "
        "(`-pnr`); it was told to polish all (`-pnr 1`)."
    )
    yield from table_head(*SCAN_HEAD)
    for names in TRAITS:
        traits, flags = table[names], ["-k", f"{peers.folder}/k.cXX.txt", "-lmm", "4", "-pnr", "1"]
        _, theirs = peers.gemma(traits, "scan", *flags)
        _, matrix = centred(kinship, traits)
        for what, given in (("GEMMA's", matrix), ("grm", "grm")):
            yield from compared("+".join(names), what, theirs, traits, kinship=given)
        print("+".join(names), "compared")


def of_maize(traits, peers):
    """-log10 p of few lines, whose maximum likelihood runs away where it is not held."""
    yield from heading("Maize")
    yield (
        "276 inbred lines: so few that maximum likelihood has a larger value than GEMMA's, without "
        "end, where the residual covariance is singular (`kinship.md`). The maximum inside is both "
        "programs'. GEMMA's matrix."
    )
    yield from table_head(*SCAN_HEAD)
    peers.gemma(traits[["EarHT"]], "mk", "-gk", "1")
    kinship = f"{peers.folder}/mk.cXX.txt"
    every = "-miss", "1", "-maf", "0"
    _, theirs = peers.gemma(traits, "maize", "-k", kinship, "-lmm", "4", "-pnr", "1", *every)
    _, matrix = centred(read_kinship(kinship).matrix, traits)
    lines = {"prefix": MAIZE, "autosomes": 10, "maf": None}
    yield from compared("EarHT+dpoll", "GEMMA's", theirs, traits, kinship=matrix, **lines)


def scan(traits, prefix=MICE, autosomes=19, maf=0.01, **settings):
    return gemcont.run_gwas(prefix, traits, autosomes=autosomes, maf=maf, **settings)


def compared(names, what, theirs, traits, **settings):
    """A row for no refits, those of the default, and all."""
    plain = scan(traits, refit=0, **settings).neg_log_10_p_value
    for text, refit, bound in (("none", 0, np.inf), ("p < 1e-4", 1e-4, 3.6), ("all", 1, 0)):
        ours = scan(traits, refit=refit, **settings).assign(refitted=plain >= bound)
        both = theirs.merge(ours, left_on="rs", right_on="variant_id")
        both = both[both.neg_log_10_p_value.notna()]
        a, b = -np.log10(both.p_lrt), both.neg_log_10_p_value
        far, r = abs(a - b), np.corrcoef(a, b)[0, 1]
        last = f"{far[both.refitted].max():.2g}" if both.refitted.any() else ""
        numbers = f"{len(both):,}", f"{r:.7f}", f"{far.max():.2g}", last, f"{far[a > 4].max():.2g}"
        yield row(names, what, text, *numbers)


def jamma(table, peers):
    """JAMMA, one trait, with its own kinship and with one chromosome left out."""
    yield from heading("JAMMA")
    yield (
        "One trait, JAMMA's own matrix against `--kinship grm`; then `-loco` against `--loco`. "
        "JAMMA estimates the variance ratio anew for each chromosome and variant; `--loco` keeps "
        "the whole genome's unless variants are refitted."
    )
    yield from table_head(*SCAN_HEAD)
    traits = table[["cd8"]]
    peers.jamma(traits, "jk", "-gk", "1")
    _, theirs = peers.jamma(traits, "j", "-k", f"{peers.folder}/jk.cXX.npy", "-lmm", "4")
    _, others = peers.jamma(traits, "jl", "-loco", "-lmm", "4")
    for what, results, settings in (("grm", theirs, {}), ("grm, LOCO", others, {"loco": True})):
        yield from compared("cd8", what, results, traits, kinship="grm", **settings)


INTRODUCTION = (
    "# Agreement with GEMMA and JAMMA",
    "",
    "Made by `validation/against_gemma.py` with GEMMA 0.98.5 and JAMMA 8.2.4, on the bundled mice "
    "(1,410 have cd8, 1,197 cd8 and mch) and maize. GEMMA's `-gk 1` is the centred matrix of all "
    "mice or lines; for the analysed ones it takes the rows and centres them again, which is done "
    "here too where its matrix is used.",
)


if __name__ == "__main__":
    main()
