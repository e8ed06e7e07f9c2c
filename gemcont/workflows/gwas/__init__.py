"""The scan: every variant of a genotype file tested against the traits.

prepare     inputs brought together: a ``GwasRun``
people      who is analysed, with which traits
covariates  the design
run         a prepared scan, and what is known of it as it advances
in_memory   ``run_gwas``, ``run_each_trait``: arrays and DataFrames
tails       traits whose tails cost rare variants their level
scan/       blocks of variants -> products -> tests -> rows
relatives/  kinship and predictions: mixed models, chromosome by chromosome
files/      from files to files: journal, chunks, merge, stores, summary
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "Files": "files.inputs",
        "Outputs": "files.outputs",
        "merge_gwas": "files.merge",
        "run_each_trait": "in_memory",
        "run_gwas": "in_memory",
        "write_gwas": "files.write",
        "write_report": "files.summary",
    },
)
