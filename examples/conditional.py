"""Conditional analysis: is there a second signal beside the top hit of a chromosome?

python examples/conditional.py
"""

from principal_components import MOUSE, table

import gemcont


def main(chromosome="17"):
    traits, sex = table("pheno", ["cd8", "mch"]), table("covar", ["sex"])
    settings = {"test": "f", "autosomes": 19, "chromosomes": chromosome}
    conditions, steps = [], []
    for _ in range(3):
        results = gemcont.run_gwas(MOUSE, traits, sex, condition=conditions or None, **settings)
        best = results.loc[results.neg_log_10_p_value.idxmax()]
        given = ", ".join(conditions) or "nothing"
        print(f"given {given}: {best.variant_id}, -log10 p {best.neg_log_10_p_value:.1f}")
        conditions.append(best.variant_id)
        steps.append(best.neg_log_10_p_value)
    return conditions, steps


if __name__ == "__main__":
    main()
