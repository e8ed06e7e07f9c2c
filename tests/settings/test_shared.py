"""Flags that several commands share: genotype files by format, bounds, prefixes."""

import pytest

from gemcont import GemcontError
from gemcont.settings.flags import flag_name, flags_in
from gemcont.settings.shared import (
    Genotypes,
    Grm,
    Linkage,
    MinFound,
    OptionalGenotypes,
    Output,
    RowBounds,
    Species,
    Threads,
    listed,
)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"bfile": "a/g"}, "a/g.bed"),
        ({"bfile": "a/g.bed"}, "a/g.bed"),
        ({"bfile": "g.v2"}, "g.v2.bed"),
        ({"pfile": "g"}, "g.pgen"),
        ({"pfile": "g.pgen"}, "g.pgen"),
        ({"bgen": "g.bgen", "sample": "s"}, "g.bgen"),
        ({"bgen": "g"}, "g.bgen"),
        ({}, None),
    ],
)
def test_the_suffix_of_the_path_says_the_format(given, path):
    assert OptionalGenotypes(**given).genotype_path == path


@pytest.mark.parametrize(("name", "path"), [("bfile", "g.pgen"), ("pfile", "g.bed"),
                                            ("bgen", "g.bed")])  # fmt: skip
def test_a_file_of_another_format_is_refused(name, path):
    settings = OptionalGenotypes(**{name: path})
    with pytest.raises(GemcontError, match=rf"--{name}: {path} is a \.\w+; give it by the flag"):
        _ = settings.genotype_path


def test_sample_ids_go_with_a_bgen():
    with pytest.raises(GemcontError, match="^--sample goes with --bgen"):
        OptionalGenotypes(bfile="g", sample="s")
    assert OptionalGenotypes(bgen="g.bgen", sample="s").genotype_files == ["g.bgen", "s"]


def test_every_file_of_a_fileset_is_an_input():
    files = OptionalGenotypes(bfile="g.bed").genotype_files
    assert files == ["g.bed", "g.bim", "g.fam", "g.bim.gz", "g.fam.gz"]
    files = OptionalGenotypes(pfile="g").genotype_files
    assert files == ["g.pgen", "g.pvar", "g.pvar.zst", "g.psam"]
    assert OptionalGenotypes().genotype_files == []
    assert Genotypes.needs_one_of == ("genotypes",)


@pytest.mark.parametrize(
    ("settings", "given", "message"),
    [
        (Species, {"autosomes": 0}, "--chr-set: 0 is not from 1 to 999"),
        (Threads, {"threads": 0}, "--threads: 0 is not from 1 to 1024"),
        (Grm, {"kinship_maf": 0.6}, "--kinship-maf: 0.6 is not from 0 to 0.5"),
        (Grm, {"kinship_type": "ibs"}, "--kinship-type: 'ibs' is not one of centred, standardised"),
        (Linkage, {"r2_type": "both"}, "--r2-type: 'both' is not one of"),
        (MinFound, {"min_found": 1.2}, "--min-found: 1.2 is not from 0 to 1"),
        (RowBounds, {"neg_log10_p_min": -1}, "--neg-log10-p-min: -1 is not from 0 up"),
    ],
)
def test_bounds(settings, given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        settings(**given)


def test_p_max_is_another_spelling_of_the_bound():
    spelt = {names: field.name for field, _, names in flags_in(RowBounds)}
    assert spelt == {
        ("--neg-log10-p-min",): "neg_log10_p_min",
        ("--p-max",): "neg_log10_p_min",
    }
    assert flag_name(RowBounds, "neg_log10_p_min") == "--neg-log10-p-min"


def test_the_log_lies_under_the_prefix():
    assert Output(out="results/r").log_prefix == "results/r"


def test_listed_keeps_the_paths_that_are_given():
    assert listed("a", None, "", "b") == ["a", "", "b"]
