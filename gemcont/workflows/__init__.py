"""Where genotypes, statistics and tables meet: a folder for each command.

common   what several commands need: alleles, lookup, matching, pictures, wording
gwas     the scan
kinship  relatedness, for the scan and on disk
clump    hits -> loci
meta     cohorts -> one set of associations
panel    cohorts -> independent variants and weights; polygenic scores
project  tests from stores of products, of one cohort or several

Each folder's front door is its ``__init__``: import from there, not from inside.
"""
