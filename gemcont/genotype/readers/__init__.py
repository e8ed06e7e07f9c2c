"""Readers: files of genotypes -> ``GenotypeSource``; a new format is one file here.

bed     PLINK 1: .bed, .bim, .fam
pgen    PLINK 2: .pgen, .pvar, .psam
bgen    BGEN 1.2, with its .sample
arrays  dosages in memory
"""
