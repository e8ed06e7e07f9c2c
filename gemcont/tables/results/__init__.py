"""Result files that grow while a scan runs, and appear whole or not at all.

writers  open, append, close: .tsv, .tsv.gz, .parquet, GWAS-SSF
parts    rows of the joint test and of single traits
every    every row of every single trait
frames   tables of a block each
store    columns of thousands of traits, and reading them back
ssf      GWAS-SSF and its yaml
"""
