"""The joint test of principal components: two blood traits of 1,940 mice, rotated and ranked.

The joint statistic of all components equals that of the traits themselves (it does not care how
the traits are rotated); with fewer components the test has fewer degrees of freedom.

    python examples/principal_components.py
"""

from pathlib import Path

import pandas as pd

import gemcont

MOUSE = str(Path(__file__).parent / "data" / "mouse_hs1940")


def table(suffix, columns):
    """Columns of a FID IID table, indexed by sample id (ids are text)."""
    frame = pd.read_csv(f"{MOUSE}.{suffix}.tsv", sep="\t", dtype={"IID": str})
    return frame.set_index("IID")[columns]


def main():
    traits, sex = table("pheno", ["cd8", "mch"]), table("covar", ["sex"])
    runs = {
        "traits": gemcont.run_gwas(MOUSE, traits, sex, test="f", autosomes=19),
        "2 components": gemcont.run_gwas(MOUSE, traits, sex, test="f", autosomes=19, pcs=2),
        "1 component, ranked": gemcont.run_gwas(
            MOUSE, traits, sex, test="f", autosomes=19, pcs=1, rank_int=True
        ),
    }
    for name, results in runs.items():
        best = results.loc[results.neg_log_10_p_value.idxmax()]
        place = f"chromosome {best.chromosome} at {best.base_pair_location}"
        strength = f"{int(best.dof)} dof, -log10 p {best.neg_log_10_p_value:.1f}"
        print(f"{name:20s} best {best.variant_id} on {place}: {strength}")
    return runs


if __name__ == "__main__":
    main()
