"""Every flag once: a dataclass for each command, from which the parser and the checks are made.

flags      how a flag is declared, checked and named
shared     groups of flags that several commands have
scan       traits, filters and tests of gemcont-gwas
gwas, clump, meta, panel, kinship, project      the engine's commands
learner    flags that the learner's commands share
train, embed, evaluate, simulate                the learner's commands
"""
