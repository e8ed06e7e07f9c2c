"""gemcont: the genetics behind what we can measure of a person.

The public names below are imported when first used, so that ``import gemcont`` costs
milliseconds and the engine never pulls in torch.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "ArraySource": "gemcont.genotype.source",
    "GemcontError": "gemcont.errors",
    "GenotypeSource": "gemcont.genotype.source",
    "fit_null": "gemcont.stats.null",
    "open_genotypes": "gemcont.genotype",
    "run_clump": "gemcont.workflows.clump",
    "polygenic_score": "gemcont.workflows.score",
    "read_dense": "gemcont.workflows.dense",
    "run_each_trait": "gemcont.workflows.gwas",
    "run_gwas": "gemcont.workflows.gwas",
    "run_meta": "gemcont.workflows.meta",
    "run_panel": "gemcont.workflows.panel",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'gemcont' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
