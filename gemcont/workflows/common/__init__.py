"""Helpers shared by several commands.

alleles          integer codes of alleles, complementary strand
lookup           values by 64-bit key; cells that hold several ids
variant_index    find the variants of a genotype file by rows of summary statistics
matching         rows of summary statistics -> variants, with counts of how they matched
samples          founders and variants that linkage is measured in
array_genotypes  arrays and DataFrames of dosages -> a source
dataframes       polars -> pandas
result_rows      rows of the result files
pictures         write pictures next to the tables
calibration      true rate of the likelihood-ratio test
plausible        checks that a cohort's columns hold what their names say
memory           memory and time of a matrix over all samples
wording          names and bounds in messages
"""
