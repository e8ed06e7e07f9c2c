"""Reports to clump, with the genotypes behind them."""

from pathlib import Path

import numpy as np
from conftest import BUNDLED, named_samples, named_variants

from reference.packed import write_fileset

DATA = Path(__file__).parent.parent / "data"


MOUSE = BUNDLED / "mouse_hs1940"


SETTINGS = {
    "default": {},
    "loci": {"p1": 5e-8, "r2": 0.05, "kb": 5000},
    "panel": {"p1": 1e-5, "p2": 1e-5, "r2": 0.05, "kb": 5000},
}


def awkward(folder, seed=3, n_variants=300, n_samples=160):
    """A fileset with linkage and missing genotypes, and its report: ties, NA, unknown ids."""
    rng = np.random.default_rng(seed)
    haplotypes = rng.random((2, n_samples)) < 0.4
    dosages = np.empty((n_variants, n_samples))
    for v in range(n_variants):
        fresh = rng.random((2, n_samples)) < rng.uniform(0.1, 0.9)
        haplotypes = np.where(rng.random((2, n_samples)) < 0.85, haplotypes, fresh)
        dosages[v] = haplotypes.sum(axis=0)
    dosages[rng.random(dosages.shape) < 0.03] = np.nan
    prefix = str(folder / "a")
    variants = named_variants(n_variants, ("1", "2", "X"))
    write_fileset(prefix, dosages, named_samples(n_samples), variants)
    p = np.round(rng.random(n_variants) ** 8, 4) + 1e-4
    text = [f"{x:.4g}" for x in p]
    for i in range(0, n_variants, 17):
        text[i], p[i] = "NA", np.nan
    rows = [(variants[i][1], text[i]) for i in range(n_variants)] + [("nobody", "1e-20")]
    rng.shuffle(rows)
    report = folder / "report"
    report.write_text("SNP P\n" + "".join(f"{i} {x}\n" for i, x in rows))
    return prefix, str(report), dosages, variants, p


def small(folder, rows, header="SNP\tCHR\tBP\tA1\tA2\tP", variants=None):
    """Two linked variants and a lone one, and a report of the rows."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, 90).astype(float)
    dosages = np.array([x, x, rng.integers(0, 3, 90)])
    variants = variants or [
        ("1", "a", 10, "A", "G"),
        ("1", "b", 20, "C", "T"),
        ("chr2", "c", 5, "A", "C"),
    ]
    write_fileset(str(folder / "g"), dosages, named_samples(90), variants)
    (folder / "r").write_text("\n".join([header, *("\t".join(map(str, r)) for r in rows)]) + "\n")
    return str(folder / "g"), str(folder / "r")


FLOORS = ["2.2250738585072014e-308", "1e-300", "0", "4.94065645841247e-324", "1e-200"]
