"""Blocks of variants -> products -> tests -> rows, in file order.

plan           what a scan needs beside its genotypes, what every block gives
blocks         where the variants are cut into blocks and chunks
null_models    traits that share people and covariates, with their null model
stream         the blocks, computed in threads
block_tests    one group's statistics of a block, by the ordinary or the mixed model
single_traits  traits tested one by one
"""
