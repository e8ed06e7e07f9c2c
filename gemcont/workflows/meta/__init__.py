"""Cohorts -> one set of associations.

run        read, align and pool the cohorts
names      names of the cohorts
rows       read the usable rows of a cohort
builds     genome build of a cohort's positions
union      variants of all cohorts so far
align      align a cohort's rows to them: alleles, strand
reference  variants of a reference, to which all cohorts are aligned
pool       pooled statistics
files      .meta.tsv, .dropped.tsv.gz, pictures
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "cohort_names": "names",
        "refuse_inputs": "files",
        "run_meta": "run",
        "write_meta": "files",
    },
)
