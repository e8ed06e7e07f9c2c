"""Clumps of gemcont and of PLINK 1.9 on the same files, clump for clump.

    python validation/against_plink19_clump.py PREFIX [PREFIX ...] [--plink plink1.9]

For a simulated fileset of chromosomes 1, X, Y, MT and XY (heterozygous males, unknown sexes,
parents, missing genotypes) and every PREFIX, random p-values with everything awkward in them
(ties, p = 0.01 exactly, NA, unknown ids, shuffled rows) are clumped by both with PLINK's
defaults, with the loci of the paper (r2 0.05, 5 Mb) and with a loose p1; prints a table.
PLINK 1.9 lists members with p < p2, PLINK 2
and gemcont those with p <= p2: members whose p equals p2 are left out of the comparison, and so
are clumps on chromosome 0, which PLINK 2 and gemcont do not form.
"""

import argparse
import contextlib
import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from gemcont import open_genotypes
from gemcont.cli.clump import main as gemcont_clump
from gemcont.genotype.readers.bed import write_fileset
from gemcont.genotype.simulate import simulate_genotypes

P2 = 0.01
CHOICES = {
    "defaults": ["--clump-p1", "1e-4"],
    "loci": ["--clump-p1", "1e-3", "--clump-r2", "0.05", "--clump-kb", "5000"],
    "loose": ["--clump-p1", "0.05", "--clump-r2", "0.2", "--clump-kb", "1000"],
}


def simulate(prefix, n_variants=400, n_samples=500):
    """A fileset with every kind of chromosome and person."""
    genotypes = simulate_genotypes(5 * n_variants, n_samples, seed=4, ld=0.9, missing=0.03)
    code = np.repeat(["1", "23", "24", "25", "26"], n_variants)
    number = np.arange(5 * n_variants)
    variants = pl.DataFrame(
        {
            "chromosome": code,
            "variant_id": [f"v{i}" for i in number],
            "base_pair_location": 1000 * (number % n_variants + 1),
            "effect_allele": ["A"] * len(number),
            "other_allele": ["G"] * len(number),
        }
    )
    iid = [f"s{i}" for i in range(n_samples)]
    sex = np.arange(n_samples) % 2 + 1
    sex[:20] = 0
    samples = pl.DataFrame({"fid": iid, "iid": iid, "sex": sex})
    write_fileset(prefix, genotypes, samples, variants)
    people = [line.split() for line in Path(prefix + ".fam").read_text().split("\n")[:-1]]
    for person in people[40:60]:
        person[2] = "s1"
    Path(prefix + ".fam").write_text("".join("\t".join(p) + "\n" for p in people))


def write_report(source, path, seed):
    """SNP and P of every variant, smooth along the genome so that neighbours are significant."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(source.n_variants)
    for _ in range(3):
        z[1:] = 0.7 * z[:-1] + 0.71 * z[1:]
    p = np.exp(-0.5 * z**2 * 2.2)
    p[rng.random(len(p)) < 0.05] = P2
    text = [f"{x:.2g}" for x in p]  # two digits: many ties
    for i in rng.choice(len(p), len(p) // 50, replace=False):
        text[i] = "NA"
    rows = list(zip(source.variants["variant_id"], text, strict=True))
    rows += [(f"unknown{i}", "1e-9") for i in range(20)]
    rng.shuffle(rows)
    path.write_text("SNP P\n" + "".join(f"{i} {x}\n" for i, x in rows))


def theirs(path):
    """index -> (counts, members) of a .clumped."""
    found = {}
    for line in path.read_text().split("\n")[1:]:
        fields = line.split()
        if fields and fields[0] != "0":
            members = [] if fields[11] == "NONE" else fields[11].replace("(1)", "").split(",")
            found[fields[2]] = (fields[5:11], members)
    return found


def ours(path, report):
    """index -> (counts, members with p < p2) of a .clumps."""
    p = dict(line.split() for line in report.read_text().split("\n")[1:-1])
    found = {}
    for line in path.read_text().split("\n")[1:-1]:
        fields = line.split("\t")
        members = [m for m in fields[10].split(",") if m != "." and float(p[m]) < P2]
        found[fields[2]] = (fields[4:10], members)
    return found


def compare(prefix, name, flags, report, folder, plink):
    """One row of the table."""
    common = ["--bfile", prefix, "--clump", str(report), *flags]
    out = folder / "theirs"
    subprocess.run(
        [plink, *common, "--out", str(out), "--allow-no-sex"], check=True, capture_output=True
    )
    with contextlib.redirect_stdout(io.StringIO()):
        assert gemcont_clump([*common, "--out", str(folder / "ours")]) == 0
    mine, other = ours(folder / "ours.clumps", report), theirs(folder / "theirs.clumped")
    same = sum(mine.get(index) == clump for index, clump in other.items())
    order = list(mine) == list(other)
    return f"| {Path(prefix).name} | {name} | {len(other)} | {len(mine)} | {same} | {order} |"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prefix", nargs="*")
    parser.add_argument("--plink", default="plink1.9")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(str(folder / "simulated"))
        for prefix in [str(folder / "simulated"), *arguments.prefix]:
            write_report(open_genotypes(prefix), folder / "report", seed=1)
            for choice, flags in CHOICES.items():
                rows.append(
                    compare(prefix, choice, flags, folder / "report", folder, arguments.plink)
                )
    print("| fileset | settings | clumps, PLINK 1.9 | clumps, gemcont | the same | order alike |")
    print("|---|---|---|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
