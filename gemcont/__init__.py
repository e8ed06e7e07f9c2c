"""gemcont: the genetics behind what we can measure of a person.

The public names below are imported when first used, so that ``import gemcont`` costs
milliseconds and the engine never pulls in torch.
"""

import sys
from importlib import import_module

__version__ = "0.1.0"


def front_door(package: str, home: dict[str, str]) -> tuple:
    """Return the ``__getattr__``, ``__dir__`` and ``__all__`` of a package that imports lazily.

    package: its name; home: public name -> module within the package that defines it
    """

    def find(name: str) -> object:
        """Return a public name, its module imported."""
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return find, lambda: sorted({*vars(sys.modules[package]), *home}), sorted(home)


__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "ArraySource": "genotype.readers.arrays",
        "GemcontError": "errors",
        "GenotypeSource": "genotype.source",
        "fit_null": "stats.null",
        "open_genotypes": "genotype",
        "overlap": "workflows.clump",
        "polygenic_score": "workflows.panel",
        "read_dense": "workflows.project",
        "run_clump": "workflows.clump",
        "run_each_trait": "workflows.gwas",
        "run_gwas": "workflows.gwas",
        "run_joint_meta": "workflows.project",
        "run_kinship": "workflows.kinship",
        "run_meta": "workflows.meta",
        "run_panel": "workflows.panel",
        "run_project": "workflows.project",
        "write_clump": "workflows.clump",
        "write_gwas": "workflows.gwas",
        "write_joint_meta": "workflows.project",
        "write_kinship": "workflows.kinship",
        "write_meta": "workflows.meta",
        "write_panel": "workflows.panel",
        "write_project": "workflows.project",
        "write_score": "workflows.panel",
    },
)
__all__ += ["__version__"]
