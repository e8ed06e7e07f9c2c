"""Cohorts -> one set of associations.

run        cohorts read, aligned, pooled
rows       the rows of a cohort that have what they need
builds     the genome build of a cohort's positions
union      the variants of all cohorts so far
align      a cohort's rows brought to them: alleles, strand
reference  a reference's variants, to which all are aligned
pool       the pooled statistics
files      .meta.tsv, .dropped.tsv.gz, pictures
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "cohort_names": "rows",
        "refuse_inputs": "files",
        "run_meta": "run",
        "write_meta": "files",
    },
)
