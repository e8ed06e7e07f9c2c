"""What several commands need.

alleles          codes of alleles, the other strand
lookup           rows by chromosome and position, or by id
variant_index    variants of a genotype file found by rows of summary statistics
matching         rows of summary statistics <-> variants, counted by how they match
samples          which samples and variants measure linkage
array_genotypes  arrays and DataFrames of dosages -> a source
dataframes       polars -> pandas
result_rows      the rows of result files
pictures         pictures beside tables
calibration      the true rate of a likelihood ratio
plausible        whether a cohort can be what its columns say
memory           whether a matrix over all samples fits
wording          names and bounds, as messages say them
"""
