"""People with images and whatever else was asked for."""

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.images import Images
from gemcont.learn.data.people import assemble
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.panel.score import match_panel

N = 30


@pytest.fixture
def people(tmp_path):
    """A fileset of 30 people x 6 variants, images of 20 of them, two each of the last five."""
    rng = np.random.default_rng(0)
    dosages = random_dosages(rng, 6, N, missing=0.1)
    write_fileset(str(tmp_path / "g"), dosages, named_samples(N), named_variants(6))
    source = open_genotypes(tmp_path / "g")
    iid = source.samples["iid"].to_list()
    order = [*range(5, 25), *range(20, 25)]
    pixels = np.arange(25 * 6 * 6, dtype=np.uint64).reshape(25, 6, 6).astype(np.uint8)
    images = Images(pixels, SampleIds("images", None, [iid[i] for i in order]))
    return source, images, dosages, iid


def panel_of(source, path, flip=()):
    v = to_pandas(source.variants)
    table = pd.DataFrame(
        {
            "variant_id": v["variant_id"],
            "effect_allele": v["effect_allele"],
            "other_allele": v["other_allele"],
            "beta": np.arange(1.0, len(v) + 1),
            "beta_shrunk": 0.5,
        }
    )[::-1]
    for i in flip:
        row = table["variant_id"] == v["variant_id"][i]
        table.loc[row, ["effect_allele", "other_allele"]] = table.loc[
            row, ["other_allele", "effect_allele"]
        ].to_numpy()
    table.to_csv(path, sep="\t", index=False)
    return match_panel(source, path, "beta")


def test_people_are_matched_and_alleles_turned(people, tmp_path):
    source, images, dosages, iid = people
    panel = panel_of(source, tmp_path / "p.tsv", flip=(2,))
    cohort = assemble(images, source, panel)
    assert cohort.iid == iid[5:25]
    expected = dosages[::-1, 5:25].T.copy()  # the panel's order
    expected[:, 3] = 2 - expected[:, 3]
    np.testing.assert_allclose(cohort.dosages, expected)
    np.testing.assert_array_equal(panel.weights, np.arange(6.0, 0, -1))


def test_a_person_with_two_images_is_one_person(people):
    source, images, _, iid = people
    cohort = assemble(images)
    assert cohort.n_people == 20
    assert len(cohort.image_row) == 25
    both = np.flatnonzero(cohort.person == cohort.iid.index(iid[22]))
    np.testing.assert_array_equal(cohort.image_row[both], [17, 22])
    chosen = np.array([i == iid[22] for i in cohort.iid])
    np.testing.assert_array_equal(cohort.images_of(chosen), both)


def test_an_iid_of_two_people_is_refused(people):
    source, images, *_ = people
    ids = SampleIds("i", ["a", "b"], ["x", "x"])
    with pytest.raises(GemcontError, match="an IID stands for people of two FIDs"):
        assemble(Images(images.pixels[:2], ids))


def test_whoever_lacks_something_is_left_out_and_counted(people, caplog):
    source, images, _, iid = people
    covar = pd.DataFrame(
        {"age": np.arange(N, dtype=float), "site": ["x", "y", "z"] * 10}, index=iid
    )
    covar.loc[iid[7], "age"] = np.nan
    traits = pd.DataFrame({"z": np.arange(22) / 10.0}, index=iid[:22])
    with caplog.at_level("INFO", "gemcont"):
        cohort = assemble(
            images, source, covar=from_frame(covar, "c"), traits=from_frame(traits, "t"), target="z"
        )
    assert cohort.iid == [i for i in iid[5:22] if i != iid[7]]
    assert cohort.covariate_names == ("age", "site=y", "site=z")
    np.testing.assert_array_equal(cohort.covariates[:, 0], [i for i in range(5, 22) if i != 7])
    np.testing.assert_allclose(cohort.target, [i / 10 for i in range(5, 22) if i != 7])
    assert "10 not in images, 3 not in t, 1 missing a covariate" in caplog.text


def test_codes_among_covariates_are_said(people, caplog):
    source, images, _, iid = people
    covar = pd.DataFrame({"age": [-9.0 if i % 5 == 0 else 40.0 + i for i in range(N)]}, index=iid)
    assemble(images, source, covar=from_frame(covar, "c"))
    assert "covariate age: -9 is taken as a value (4 samples)" in caplog.text


def test_images_and_genotypes_of_other_people(people):
    source, images, *_ = people
    strangers = Images(images.pixels, SampleIds("images", None, [f"x{i}" for i in range(25)]))
    with pytest.raises(GemcontError, match="no sample of images is in"):
        assemble(strangers, source)
