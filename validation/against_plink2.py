"""Agreement with plink2 --glm, live: every kind of chromosome and file, every trait alone.

    python validation/against_plink2.py [--bfile PREFIX]      # writes docs/plink2.md

Differences are the largest over variants without a missing genotype (plink2 leaves such people
out, gemcont fills the mean), relative; plink2 prints six digits, so 5e-6 is agreement.
plink2 must be on the PATH; --bfile adds a fileset of one's own (random traits).
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from gemcont import open_genotypes, run_gwas
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.readers.bed import write_fileset

ROOT = Path(__file__).parent.parent
GLM = "--glm hide-covar omit-ref cols=+a1freq,+err".split()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bfile")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    rows = [*sexes(folder), *dosage_files(folder), *maize(folder)]
    if options.bfile:
        rows += fileset("own fileset", options.bfile, folder)
    text = ["# Agreement with plink2", "", *__doc__.split("\n")[4:7], "", version(), ""]
    text += ["| data | chromosome | variants | beta | SE | -log10 p | NA rows alike |"]
    text += ["|---|---|---|---|---|---|---|", *rows, "", *DIFFERENCES]
    (ROOT / "docs" / "plink2.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


def version():
    return "Measured with " + run("plink2", "--version").strip() + "."


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-800:]}{done.stderr[-800:]}")
    return done.stdout


def write_random_tables(people, folder, seed=1):
    """A trait and two covariates for people of (fid, iid)."""
    rng = np.random.default_rng(seed)
    for name, count in (("y", 1), ("c", 2)):
        table = pd.DataFrame(people, columns=["#FID", "IID"])
        for i in range(count):
            table[f"{name}{i}"] = rng.standard_normal(len(people))
        table.to_csv(folder / name, sep="\t", index=False, float_format="%.5f")


def fileset(label, bfile, folder):
    """Both programs on a fileset with random traits; a row of the table per kind of chromosome."""
    write_random_tables(open_genotypes(bfile).samples.select("fid", "iid").rows(), folder)
    return compared(label, ["--bfile", bfile], ["--bfile", bfile], folder)


def compared(label, ours, theirs, folder):
    tables = ["--pheno", folder / "y", "--covar", folder / "c"]
    run("gemcont-gwas", *ours, *tables, "--test", "f", "--no-plot", "--out", folder / "ours")
    run("plink2", *theirs, *tables, *GLM, "--out", folder / "theirs")
    mine = pd.read_csv(folder / "ours.gwas.tsv", sep="\t", dtype={"effect_allele": str})
    other = pd.read_csv(folder / "theirs.y0.glm.linear", sep="\t", dtype={"A1": str, "#CHROM": str})
    yield from rows_of(label, mine, other)


def rows_of(label, mine, other):
    mine = mine.set_index("variant_id").loc[other.ID].reset_index()
    sign = np.where(mine.effect_allele == other.A1, 1, -1)
    kinds = other["#CHROM"].where(other["#CHROM"].isin(["X", "XY", "Y", "MT"]), "autosomes")
    for kind in kinds.unique():
        here = (kinds == kind) & (other.ERRCODE == ".")
        here &= other.OBS_CT == other.OBS_CT[kinds == kind].max()
        p = -np.log10(other.P)
        pairs = ((mine.beta * sign, other.BETA), (mine.standard_error, other.SE))
        worst = [np.abs(u[here] / v[here] - 1).max() for u, v in pairs]
        tail = here & (p > 0.1)  # P near 1 is printed with few digits of its logarithm
        worst.append(np.abs(mine.neg_log_10_p_value[tail] / p[tail] - 1).max())
        alike = (mine.beta.isna() == (other.ERRCODE != "."))[kinds == kind].all()
        shown = " | ".join(f"{w:.1e}" for w in worst)
        yield f"| {label} | {kind} | {here.sum()} | {shown} | {'yes' if alike else 'no'} |"


def sexes(folder, n=200, each=15):
    """Simulated X, Y, MT, XY and an autosome, with heterozygous haploids and unknown sexes."""
    rng = np.random.default_rng(3)
    sex, dosages, place = rng.integers(0, 3, n), [], []
    for chromosome in ("1", "X", "Y", "MT", "XY"):
        for i in range(each):
            g = rng.binomial(2, rng.uniform(0.1, 0.9), n)
            once = {"X": sex == 1, "Y": sex >= 0, "MT": sex >= 0}.get(chromosome, sex < 0)
            g = np.where(once & (rng.random(n) > 0.05), 2 * (g // 2), g)
            dosages.append(g)
            place.append((chromosome, f"{chromosome}_{i}", 100 + i, "A", "G"))
    names = ("chromosome", "variant_id", "base_pair_location", "effect_allele", "other_allele")
    variants = pl.DataFrame(place, schema=names, orient="row")
    ids = [f"s{i}" for i in range(n)]
    samples = pl.DataFrame({"fid": ids, "iid": ids, "sex": sex})
    prefix = str(folder / "sexes")
    write_fileset(prefix, [np.array(dosages, dtype=np.int8)], samples, variants)
    return list(fileset("simulated", prefix, folder))


def dosage_files(folder):
    """Dosages of plink2 --dummy as .pgen, and exported by it to .bgen of 8 and 16 bits."""
    d = folder / "d"
    run("plink2", "--dummy", 300, 2000, "dosage-freq=0.7", "--seed", 4, "--make-pgen", "--out", d)
    write_random_tables([("0", f"per{i}") for i in range(300)], folder)
    yield from compared(".pgen dosages", ["--pfile", d], ["--pfile", d], folder)
    for bits in (8, 16):
        out = folder / f"d{bits}"
        run("plink2", "--pfile", d, "--export", "bgen-1.2", f"bits={bits}", "--out", out)
        files = ["--bgen", f"{out}.bgen"], ["--sample", f"{out}.sample"]
        theirs = [*files[0], "ref-last", *files[1]]
        yield from compared(f".bgen {bits} bits", [*files[0], *files[1]], theirs, folder)


def maize(folder):
    """Every trait on its own lines; the second time plink2 is given the means as dosages."""
    bfile, pheno = ROOT / "examples/data/maize", ROOT / "examples/data/maize.pheno"
    flags = ["--each-trait-only", "--each-trait-samples", "own", "--no-plot"]
    run("gemcont-gwas", "--bfile", bfile, "--pheno", pheno, *flags, "--out", folder / "m")
    mine = pl.read_parquet(folder / "m.traits.parquet")
    glm = [*GLM, "allow-no-covars", "--out", folder / "m"]
    run("plink2", "--bfile", bfile, "--pheno", pheno, *glm)
    for trait in ("EarHT", "dpoll", "EarDia"):
        ours = mine.filter(pl.col("trait") == trait)
        ours = pd.DataFrame({c: ours[c].to_numpy() for c in ours.columns})
        types = {"A1": str, "#CHROM": str}
        other = pd.read_csv(folder / f"m.{trait}.glm.linear", sep="\t", dtype=types)
        yield from rows_of(f"maize {trait}", ours, other)
        yield from filled(folder, bfile, pheno, trait, ours)


def filled(folder, bfile, pheno, trait, ours):
    source = open_genotypes(bfile)
    values = pd.read_csv(pheno, sep="\t", dtype={"IID": str}).set_index("IID")[trait]
    ids = source.samples["iid"].to_list()
    rows = np.flatnonzero(values.reindex(ids).notna())
    dosage = decode(source.read(np.arange(source.n_variants), rows))
    dosage = np.where(np.isnan(dosage), np.nanmean(dosage, axis=1, keepdims=True), dosage)
    table = source.variants.select("variant_id", "effect_allele", "other_allele").rows()
    with open(folder / "f.dosage", "w") as file:
        file.write("SNP A1 A2 " + " ".join(f"{ids[r]} {ids[r]}" for r in rows) + "\n")
        for (name, a1, a2), row in zip(table, dosage, strict=True):
            file.write(f"{name} {a1} {a2} " + " ".join(f"{x:.6f}" for x in row) + "\n")
    imported = ["--import-dosage", folder / "f.dosage", "--fam", f"{bfile}.fam", "--map"]
    map_file = folder / "f.map"
    place = source.variants.select("chromosome", "variant_id", "base_pair_location").rows()
    map_file.write_text("".join(f"{c} {v} 0 {p}\n" for c, v, p in place))
    glm = [*GLM, "allow-no-covars", "--pheno", pheno, "--pheno-name", trait]
    run("plink2", *imported, map_file, *glm, "--out", folder / "f")
    types = {"A1": str, "#CHROM": str}
    other = pd.read_csv(folder / f"f.{trait}.glm.linear", sep="\t", dtype=types)
    yield from rows_of(f"maize {trait}, missing filled", ours, other)
    run("plink2", *imported, map_file, "--make-pgen", "--out", folder / "f")
    mine = run_gwas(f"{folder / 'f'}.pgen", values.to_frame(), test="f")
    yield from rows_of(f"maize {trait}, filled, both from .pgen", mine, other)


DIFFERENCES = [
    "Differences on purpose:",
    "",
    "- a missing genotype is the mean over the analysed samples; plink2 leaves such people out.",
    "  Given the means as dosages, it holds them in steps of 1/16384; on these both agree;",
    "- `effect_allele_frequency` on X counts a male once, plink2's `A1_FREQ` in --glm twice;",
    "- sex that is already a covariate is not added again on X; plink2 stops (VIF_INFINITE).",
]

if __name__ == "__main__":
    main()
