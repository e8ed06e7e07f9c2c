import numpy as np
import pandas as pd
import pytest
import torch
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.batches import equal_genotypes
from gemcont.learn.data.images import Images, batch_of, read_images
from gemcont.learn.data.panel import PanelCoding
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


@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("missing", [0, 0.2])
def test_the_panel_is_centred_and_free_of_covariates_in_training_people(k, missing):
    rng = np.random.default_rng(1)
    dosages = random_dosages(rng, 5, 300, missing=missing).T.astype(np.float32)
    covariates = rng.standard_normal((300, k)) if k else None
    coding = PanelCoding.fit(dosages[:200], None if k == 0 else covariates[:200])
    coded = coding.apply(dosages, covariates).astype(np.float64)
    np.testing.assert_allclose(coded[:200].mean(axis=0), 0, atol=1e-6)
    if k:
        centred = covariates[:200] - covariates[:200].mean(axis=0)
        np.testing.assert_allclose(centred.T @ coded[:200], 0, atol=1e-3)
    else:
        mean = np.nanmean(dosages[:200], axis=0)
        np.testing.assert_allclose(coded, np.nan_to_num(dosages - mean), atol=1e-6)
    other = PanelCoding.fit(dosages[:200], None if k == 0 else covariates[:200])
    np.testing.assert_array_equal(other.apply(dosages[250:], None if k == 0 else covariates[250:]),
                                  coding.apply(dosages, covariates)[250:])  # fmt: skip


def test_equal_genotypes_have_equal_codes():
    rows = np.array([[0, 1, np.nan], [0, 1, np.nan], [0, 1, 2], [0, 1, np.nan]], dtype=np.float32)
    codes = equal_genotypes(rows)
    assert codes[0] == codes[1] == codes[3] != codes[2]


@pytest.mark.parametrize("channels", [None, 3])
def test_batches_are_read_in_any_order(tmp_path, channels):
    shape = (9, 14, 15) if channels is None else (9, 14, 15, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    (tmp_path / "x.ids.tsv").write_text("IID\n" + "".join(f"s{i}\n" for i in range(9)))
    images = read_images(tmp_path / "x.npy")
    rows = np.array([7, 0, 8, 3])
    found = batch_of(images.pixels, rows)
    assert found.shape == (4, *images.shape)
    expected = torch.from_numpy(pixels[rows].astype(np.float32) / 255)
    expected = expected[:, None] if channels is None else expected.permute(0, 3, 1, 2)
    torch.testing.assert_close(found, expected)


def test_npz_holds_both(tmp_path):
    pixels = np.full((2, 9, 9), 7, dtype=np.uint8)
    np.savez_compressed(tmp_path / "x.npz", images=pixels, iid=["a", "b"], fid=["f", "f"])
    images = read_images(tmp_path / "x.npz")
    assert images.ids.fid == ["f", "f"]
    np.savez_compressed(tmp_path / "y.npz", pictures=pixels)
    with pytest.raises(GemcontError, match="holds pictures; images and iid are needed"):
        read_images(tmp_path / "y.npz")


@pytest.mark.parametrize(
    ("array", "ids", "message"),
    [
        (np.zeros((2, 9, 9), dtype=np.uint8), "IID\na\n", "names 1 images, .*x.npy has 2"),
        (np.zeros((2, 9, 9), dtype=np.uint8), None, "has no ids; write"),
        (None, "IID\na\n", "not a whole .npy"),
    ],
)
def test_images_that_cannot_be_read(tmp_path, array, ids, message):
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY damaged") if array is None else np.save(path, array)
    if ids is not None:
        (tmp_path / "x.ids.tsv").write_text(ids)
    with pytest.raises(GemcontError, match=message):
        read_images(path)


IMAGES = np.full((2, 9, 9), 7, dtype=np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": IMAGES}, "holds pictures; images and iid are needed"),
        ({"images": IMAGES, "iid": [1.0, 2.0]}, "iid holds float64"),
        ({"images": IMAGES, "iid": [["a"], ["b"]]}, r"iid holds <U1 \(2, 1\)"),
        ({"images": IMAGES, "iid": ["a", "b"], "fid": ["f"]}, "has 1 fid for 2 iid"),
        ({"images": IMAGES, "iid": ["a"]}, "names 1 images"),
        ({"images": IMAGES, "iid": [b"a", b"\xff"]}, "iid is not UTF-8"),
        ({"images": np.array([None, {}]), "iid": ["a", "b"]}, "not a whole .npy or .npz"),
    ],
)
def test_npz_files_that_cannot_be_read(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(GemcontError, match=message):
        read_images(tmp_path / "x.npz")


def test_ids_of_an_npz_are_text_bytes_or_whole_numbers(tmp_path):
    for ids in (["1", "2"], [b"1", b"2"], [1, 2]):
        np.savez(tmp_path / "x.npz", images=IMAGES, iid=ids)
        assert read_images(tmp_path / "x.npz").ids.iid == ["1", "2"]


def test_ids_are_found_by_the_header(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    (tmp_path / "x.ids.tsv").write_text("eye\tIID\tFID\nleft\ta\tf\nright\ta\tf\n")
    images = read_images(tmp_path / "x.npy")
    assert (images.ids.fid, images.ids.iid) == (["f", "f"], ["a", "a"])


def test_ids_in_memory_are_a_list_pairs_or_a_table():
    frame = pd.DataFrame({"eye": ["l", "r"], "IID": ["a", "b"]})
    for ids in (["a", "b"], [("f", "a"), ("f", "b")], frame):
        assert Images(IMAGES, ids).ids.iid == ["a", "b"]
    with pytest.raises(GemcontError, match="the ids of images: names 3 images, images has 2"):
        Images(IMAGES, ["a", "b", "c"])
    with pytest.raises(GemcontError, match="the ids of eyes: must be a path or a sequence"):
        Images(IMAGES, 7, "eyes")
