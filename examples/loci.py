"""From a scan to its loci, and which of them another trait's scan recovers.

python examples/loci.py
"""

from principal_components import MOUSE, table

import gemcont
from gemcont.workflows.clump import overlap


def main():
    traits, sex = table("pheno", ["cd8", "mch"]), table("covar", ["sex"])
    scans = {
        name: gemcont.run_gwas(MOUSE, traits[[name]], sex, test="f", autosomes=19)
        for name in ("cd8", "mch")
    }
    clumps = gemcont.run_clump(MOUSE, scans["cd8"], autosomes=19, p1=5e-8, r2=0.05, kb=5000)
    print(clumps.loci.head(3)[["variant_id", "locus_start", "locus_end", "n_variants"]])
    shared = overlap(clumps.loci, scans["mch"], threshold="bonferroni")
    print(
        f"{shared.n_recovered} of {shared.n_tested} cd8 loci reach p <= {shared.threshold:.1e} "
        f"for mch; random loci of the same frequencies: {shared.expected:.1%}"
    )
    return clumps, shared


if __name__ == "__main__":
    main()
