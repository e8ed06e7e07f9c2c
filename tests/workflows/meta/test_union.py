"""Rows of several cohorts that are one variant."""

import numpy as np
import pandas as pd
import pytest
from reference.large_cohorts import A, B, check
from reference.small_cohorts import frame

from gemcont import run_meta
from gemcont.genotype.chromosomes import canonical_name, place_name
from gemcont.workflows.meta.run import MetaSettings, prepare


def test_several_alleles_at_one_place_do_not_collide():
    first = frame(CHR=[1, 1, 1], POS=[5, 5, 5], EA=["A", "A", "AT"], OA=["G", "C", "A"],
                  BETA=[0.1, 0.2, 0.3], SE=[0.1] * 3)  # fmt: skip
    second = frame(CHR=["chr1"] * 3, POS=[5, 5, 5], EA=["C", "A", "AT"], OA=["A", "G", "A"],
                   BETA=[-0.2, 0.1, 0.3], SE=[0.1] * 3)  # fmt: skip
    found = run_meta([first, second], palindromic="keep")
    assert len(found) == 3
    np.testing.assert_allclose(np.sort(found.beta), [0.1, 0.2, 0.3])
    assert (found.n_studies == 2).all()


# Ids


@pytest.mark.parametrize("between", [",", ";", "|", " ", ", "])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_each_id_of_a_cell_is_tried(between, order):
    cells = [f"rs{i}{between}rs9{i}9" if i % 3 else f"x{i}{between}rs{i}" for i in range(60)]
    frames = [A, B.assign(SNP=cells)]
    check(run_meta([frames[i] for i in order], match="id"))


def test_two_rows_that_name_one_variant_are_one():
    twice = pd.concat([B.assign(SNP=[f"rs{i},y{i}" for i in range(60)]), B.head(4), B.head(4)])
    run = prepare([A, twice], ["a", "b"], MetaSettings(match="id"))
    assert run.cohorts[1].counts["the variant stands twice, its first row is used"] == 8
    new = pd.DataFrame(twice.assign(SNP=twice.SNP.str.replace("rs", "new")))
    run = prepare([A, new], ["a", "b"], MetaSettings(match="id"))
    assert run.cohorts[1].counts["the variant stands twice, its first row is used"] == 8


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_the_rows_of_an_id_the_one_whose_alleles_fit(first, order):
    """A third of the variants with another alternate allele under the same id."""
    more = B.iloc[::3].assign(OA=[{"G": "C", "T": "G", "C": "T"}[x] for x in B.OA[::3]], BETA=9)
    more = more[[o != e for o, e in zip(more.OA, more.EA, strict=True)]]
    assert len(more) > 10
    several = pd.concat([more, B] if first else [B, more])
    frames = [A, several]
    found = run_meta([frames[i] for i in order], match="id")
    check(found[found.n_studies == 2])
    if order == [1, 0]:  # the other allele is a variant of its own
        assert (found.n_studies == 1).sum() == len(more)
    else:
        assert len(found) == 60


def test_an_id_with_other_alleles_only_is_left_out():
    wrong = B.assign(OA=["C" if i == 0 else o for i, o in enumerate(B.OA)])
    run = prepare([A, wrong], ["a", "b"], MetaSettings(match="id"))
    assert run.cohorts[1].counts["alleles are not those of the reference"] == 1


# Places and letters


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("23.0", "X"), ("1.0", "1"), ("chr01", "1"), ("X ", "X"), ("chrx", "X"), ("CHR1", "1"),
        ("01", "1"), ("26.0", "MT"), ("PAR1", "XY"), ("X_nonPAR", "X"), ("25", "XY"),
        ("1.5", "1.5"), ("GL000192.1", "GL000192.1"), ("chr23.00", "X"),
    ],
)  # fmt: skip
def test_names_of_chromosomes(written, name):
    assert canonical_name(written) == name
    assert place_name(written) == ("X" if name == "XY" else name)


@pytest.mark.parametrize("names", ["1.0", "chr01", " 1", "chr1"])
def test_cohorts_that_name_chromosomes_otherwise(names, tmp_path):
    check(run_meta([A, B.assign(CHR=names)]))
    B.assign(CHR=names).to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    check(run_meta([A, str(tmp_path / "b.tsv")]))


@pytest.mark.parametrize("names", ["XY", "25", 25.0, "23.0", "PAR2", "chrX"])
def test_a_pseudoautosomal_variant_is_one_on_x(names):
    far = [frame.assign(POS=frame.POS + 60_000) for frame in (A.assign(CHR="X"), B)]
    found = run_meta([far[0], far[1].assign(CHR=names)])
    check(found.assign(base_pair_location=found.base_pair_location - 60_000))
    assert set(found.chromosome) == {"X"}
