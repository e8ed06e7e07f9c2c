"""Summary statistics of any program -> canonical columns.

read        the rows of a file or DataFrame, batch by batch
headings    which column of a header plays which role
dialects    the headers that programs write
canonical   values in one form: alleles, effects, -log10 p
harmonised  the GWAS Catalog's harmonised columns
intervals   standard errors of confidence intervals
"""
