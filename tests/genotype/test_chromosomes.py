"""Chromosome names, their ploidy and order, in any spelling and species."""

from types import SimpleNamespace

import pytest

from gemcont import GemcontError
from gemcont.genotype.chromosomes import (
    Ploidy,
    autosomes_of,
    canonical_name,
    drawing_order,
    parse_chromosomes,
    place_name,
    ploidy,
    unknown_codes,
    warn_unknown_codes,
)


def test_chromosome_names_of_any_spelling():
    assert [
        canonical_name(n) for n in ("chr1", "01", "23", "chrX", "M", "chrMT", "25", "PAR1")
    ] == [
        *("1", "1", "X", "X", "MT", "MT", "XY", "XY"),
    ]
    assert canonical_name("23", autosomes=29) == "23"
    assert canonical_name("30", autosomes=29) == "X"
    assert canonical_name("scaffold_12") == "scaffold_12"


def test_ploidy_follows_the_species():
    names = ["1", "23", "X", "Y", "MT", "XY", "un_1", "0"]
    assert ploidy(names).tolist() == [0, 1, 1, 2, 4, 3, 0, 0]
    assert ploidy(["20"], autosomes=19).tolist() == [Ploidy.X]
    assert unknown_codes(["1", "27", "X", "chr29"]) == [27, 29]
    assert unknown_codes(["27"], autosomes=29) == []


def test_drawing_order_is_by_number_then_letters():
    names = ["X", "10", "2", "MT", "scaffold", "chr1"]
    assert [names[i] for i in drawing_order(names)] == ["chr1", "2", "10", "X", "MT", "scaffold"]


def test_parse_chromosomes():
    assert parse_chromosomes("1-3,22,X,chr7") == {"1", "2", "3", "22", "X", "7"}
    assert parse_chromosomes("20-23") == {"20", "21", "22", "X"}
    for bad in ("1-", "3-1", "a-b", "1,,2"):
        with pytest.raises(GemcontError, match="--chr: cannot read"):
            parse_chromosomes(bad)


def test_a_position_of_the_pseudo_autosomal_region_is_on_x():
    assert [place_name(n) for n in ("XY", "PAR2", "25", "chr7")] == ["X", "X", "X", "7"]


@pytest.mark.parametrize(
    ("given", "stated", "expected"),
    [(None, None, 22), (5, None, 5), (None, 29, 29), (29, 29, 29)],
)
def test_autosomes_are_given_or_stated(given, stated, expected):
    source = SimpleNamespace(name="g.pgen", autosomes=stated)
    assert autosomes_of(source, given) == expected


def test_autosomes_given_against_the_file_are_refused():
    source = SimpleNamespace(name="g.pgen", autosomes=29)
    with pytest.raises(GemcontError, match="--species 22: g.pgen is of 29 autosomes"):
        autosomes_of(source, 22, "--species")


def test_codes_beyond_the_species_are_warned_of(caplog):
    warn_unknown_codes(["1", "X", "23"])
    assert not caplog.records
    warn_unknown_codes(["38", "1", "39"])
    assert "chromosome codes 38, 39 are beyond 22 autosomes" in caplog.text
