"""The result files of a run: names, refusals, writers."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemcont.errors import GemcontError
from gemcont.settings.gwas import GwasLayout
from gemcont.tables.files import remove
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.every import EveryParts
from gemcont.tables.results.frames import FrameParts
from gemcont.tables.results.parts import TextParts, TraitParts
from gemcont.tables.results.ssf import Metadata
from gemcont.tables.results.store import WideParts, is_store, refuse_foreign
from gemcont.tables.results.writers import SUFFIX
from gemcont.tables.schema import joint_columns
from gemcont.workflows.gwas.files.journal import Part
from gemcont.workflows.gwas.files.stores import STORES, write_stores

if TYPE_CHECKING:
    from gemcont.workflows.gwas.run import GwasRun

log = logging.getLogger(__name__)

_PICTURES = ("manhattan.png", "qq.png")
_OF_TRAITS = ("traits.summary.tsv", "traits.histogram.parquet")
FIXED = (
    *("log", "summary.json", *_PICTURES, "heritability.png", "effects.parquet"),
    *("traits.parquet", *_OF_TRAITS, "traits.qq.png"),
)


@dataclass(frozen=True)
class Outputs(GwasLayout):
    """Names and layouts of the result files of one run."""

    prefix: str

    @property
    def files(self) -> OutputFiles:
        """Files that a run may write, except one file per trait."""
        return OutputFiles(self.prefix, [*FIXED, *(f"gwas{s}" for s in SUFFIX.values())])

    @property
    def joint(self) -> str:
        """Path of the joint test's results."""
        return f"{self.prefix}.gwas{SUFFIX[self.layout]}"

    def of_trait(self, trait: str) -> str:
        """Return the path of one trait's results, where each trait has a file."""
        return f"{self.prefix}.{trait}.gwas{SUFFIX[self.layout]}"

    def remove_stale(self, run: "GwasRun", *, pictures: bool) -> None:
        """Remove files of an earlier run of the same prefix that this run has not written."""
        kept = {"log", "summary.json", *(_PICTURES if pictures and run.people.joint else ())}
        if run.has_single:
            kept |= {*_OF_TRAITS, *(("traits.qq.png",) if pictures else ())}
        kept |= {"effects.parquet"} if run.settings.effects else set()
        kept |= {"heritability.png"} if pictures and run.relatives.kinship is not None else set()
        rows = run.has_single and not run.settings.dense
        kept |= {"traits.parquet"} if rows and not self.split else set()
        kept |= {f"gwas{SUFFIX[self.layout]}"} if run.people.joint else set()
        for name in STORES.keys() - self._stores(run):
            path = f"{self.prefix}.{STORES[name]}"
            if is_store(path):
                remove(path)
                log.info("%s of an earlier run removed", path)
        self.files.remove_stale(kept)

    def check(self, run: "GwasRun") -> None:
        """Raise GemcontError if the layout cannot hold the results of the run."""
        if self.layout == "ssf":
            if run.people.joint and run.null.n_traits > 1:
                raise GemcontError(
                    "--format ssf holds effects of one trait; a joint test of several has none: "
                    "choose one trait, or --each-trait-only --split-traits"
                )
            if run.has_single and not self.split:
                raise GemcontError("--format ssf is one file per trait: add --split-traits")
        if self.split and not run.has_single:
            raise GemcontError("--split-traits goes with --each-trait or --each-trait-only")
        if self.split and run.settings.dense:
            raise GemcontError("--dense writes one store: leave --split-traits out")
        for kind in self._stores(run):
            refuse_foreign(f"{self.prefix}.{STORES[kind]}")
        if self.split:
            for trait in run.people.trait_names:
                if "/" in trait or trait in FIXED:
                    raise GemcontError(f"--split-traits: {trait!r} cannot be part of a file's name")

    @staticmethod
    def _stores(run):
        """Return the kinds of frames that are asked for as stores."""
        asked = {"dense": run.settings.dense, "products": run.settings.save_products}
        return {kind for kind in STORES if asked[kind]}

    def parts(self, run: "GwasRun", folder: str) -> dict:
        """Return the outputs of a run by kind of frame, growing in ``folder``."""
        parts: dict[str, Part] = {}
        if run.people.joint:
            columns = joint_columns(run.settings.test, run.null.n_traits)
            metadata = self._metadata(run, run.people.trait_names[0])
            parts["joint"] = (
                FrameParts(folder, "joint")
                if self.layout == "parquet"
                else TextParts(folder, "joint", self.layout, columns, metadata)
            )
        if run.settings.effects:
            parts["effects"] = FrameParts(folder, "effects")
        if run.has_single and not run.settings.dense:
            kind = "every" if run.plan.singles.bounds(slice(None)) is None else "single"
            parts[kind] = self._trait_parts(run, folder, kind)
        for kind in self._stores(run):
            parts[kind] = WideParts(folder, kind)
            parts["variants"] = FrameParts(folder, "variants")
        return parts

    def _trait_parts(self, run, folder, kind):
        names, how = run.people.trait_names, {}
        if self.split:
            targets = {name: (self.of_trait(name), self._metadata(run, name)) for name in names}
            how = {"layout": self.layout, "targets": targets}
        if kind == "every":
            return EveryParts(folder, kind, names, **how)
        return TraitParts(folder, kind, names, strongest=run.settings.top_k, **how)

    def finish(self, run: "GwasRun", parts: dict) -> dict[str, int]:
        """Write the result files from the parts of the whole run.

        Returns:
            Rows by kind, of outputs that keep fewer than were appended.
        """
        targets = {
            "joint": self.joint,
            "effects": f"{self.prefix}.effects.parquet",
            "single": f"{self.prefix}.traits.parquet",
            "every": f"{self.prefix}.traits.parquet",
        }
        for kind in targets.keys() & parts.keys():
            parts[kind].finish(targets[kind])
        write_stores(run, self.prefix, parts)
        return {"single": parts["single"].n_rows} if "single" in parts else {}

    def _metadata(self, run, trait):
        if self.layout != "ssf":
            return None
        return Metadata(
            trait=trait,
            genome_build=self.genome_build,
            n_samples=run.null.n_samples,
            covariates=run.covariate_names,
            autosomes=run.settings.autosomes,
            minor_allele_frequency=run.settings.maf,
        )
