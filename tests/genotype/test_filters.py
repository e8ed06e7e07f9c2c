import numpy as np
import polars as pl
import pytest

from gemcont import ArraySource, GemcontError
from gemcont.genotype.chromosomes import (
    Ploidy,
    canonical_name,
    drawing_order,
    parse_chromosomes,
    ploidy,
    unknown_codes,
)
from gemcont.genotype.filters import (
    FLAGS,
    FrequencyFilter,
    read_sample_list,
    read_variant_list,
    select_variants,
)
from gemcont.genotype.kernels import Moments


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


@pytest.fixture
def variants():
    return ArraySource(
        np.zeros((5, 2)),
        variants=pl.DataFrame(
            {
                "chromosome": ["1", "1", "2", "chrX", "23"],
                "variant_id": ["a", "a", ".", "b", "c"],
                "base_pair_location": [1, 1, 5, 6, 7],
                "effect_allele": ["A"] * 5,
                "other_allele": ["C"] * 5,
            }
        ),
    ).variants


def test_select_variants(variants):
    assert select_variants(variants)[0].tolist() == [0, 1, 2, 3, 4]
    assert select_variants(variants, chromosomes="X")[0].tolist() == [3, 4]
    chosen, taken = select_variants(variants, chromosomes="1,2", extract={"a", "zz"}, exclude={"b"})
    assert chosen.tolist() == [0, 1]
    assert taken == {"--chr": 2, "--extract": 1, "--exclude": 0}


def test_a_filter_that_leaves_nothing_says_what_there_is(variants):
    with pytest.raises(
        GemcontError, match="--chr 5: no variant lies there; the file has 1, 2, chrX"
    ):
        select_variants(variants, chromosomes="5")
    with pytest.raises(
        GemcontError, match=r"--extract: no variant .* list has zz; .* have a, a, \."
    ):
        select_variants(variants, extract={"zz"})
    with pytest.raises(GemcontError, match="--exclude"):
        select_variants(variants, exclude={"a", ".", "b", "c"})


def test_lists_with_and_without_header_and_fid(tmp_path):
    path = tmp_path / "keep"
    for text, fid, iid in (
        ("1 a\n2\tb x\n", ["1", "2"], ["a", "b"]),
        ("#FID IID\n1 a\n", ["1"], ["a"]),
        ("a\r\nb\r\n", None, ["a", "b"]),
        ("#IID\n007\n", None, ["007"]),
    ):
        path.write_text(text)
        assert read_sample_list(str(path))[1:] == (fid, iid)
    path.write_text("1 a\nb\n")
    with pytest.raises(GemcontError, match="'b' stands alone"):
        read_sample_list(str(path))
    path.write_text("FID IID\n")
    with pytest.raises(GemcontError, match="the list is empty"):
        read_sample_list(str(path))
    path.write_text("rs1\nrs2 extra\n\n")
    assert read_variant_list(str(path)) == {"rs1", "rs2"}


def moments_of(n, alleles):
    n = np.array(n, dtype=float)
    return Moments(n, np.array(alleles) / np.maximum(n, 1), np.zeros(len(n)))


def test_frequency_filter_bounds_are_inclusive_and_by_minor_allele():
    # 20 samples; allele counts 4 of 40 (0.1), 36 of 40 (0.1), 3, 0 of none called
    found = moments_of([20, 20, 20, 0], [4, 36, 3, 0])
    maf = FrequencyFilter(maf=0.1).failures(found, 20)
    assert [FLAGS[c - 1] if c else None for c in maf] == [None, None, "--maf", "--maf"]
    mac = FrequencyFilter(mac=4).failures(found, 20)
    assert (mac > 0).tolist() == [False, False, True, True]


def test_the_first_failed_flag_counts():
    found = moments_of([10, 18, 20], [1, 1, 1])
    codes = FrequencyFilter(maf=0.4, mac=5, geno=0.1).failures(found, 20)
    assert [FLAGS[c - 1] for c in codes] == ["--geno", "--maf", "--maf"]
