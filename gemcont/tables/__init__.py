"""Tables as text, parquet or DataFrames <-> columns; every column is declared once, as data.

phenotypes       traits and covariates of samples, from text, .parquet or .npy
sample_frames    the same from a DataFrame or an array
covariates       columns as numbers or categories
formula          covariate formulas, behind a fence
missing_codes    warnings of values that look like codes for missing ones
kinship_files    kinship matrices and their eigendecompositions
kinship_frames   kinship matrices from a DataFrame
regenie          leave-one-chromosome-out predictions of REGENIE's step 1
relatives        pairs of relatives
genes            genes of a BED or GFF file
weights          combinations of traits
embeddings       the json beside a table of embeddings
schema           every column that gemcont writes
files            files that appear whole or not at all
sumstats/        summary statistics of any program, read
results/         result files, written while a scan runs
"""
