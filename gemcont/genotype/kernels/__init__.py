"""Numerical kernels on packed genotypes, the only place for Numba and LLVM.

packed        counts, moments, decoding of 2-bit genotypes
product       packed genotypes x columns, without decoding
partial_sums  its inner loop, in LLVM
fixed_point   columns as exact sums of fixed-point numbers
pairs         sums over pairs of variants, for linkage
haplotypes    r2 of phased and unphased pairs
"""
