"""Names of cohorts."""

import pytest
from reference.large_cohorts import A

from gemcont import GemcontError, run_meta
from gemcont.workflows.meta.names import cohort_names


@pytest.fixture
def files(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ukb.tsv.gz").touch()
    (tmp_path / "one" / "finngen.txt").touch()
    return tmp_path


def test_names_have_to_be_a_list():
    with pytest.raises(GemcontError, match="--names: 'ab' is one name, not a list"):
        run_meta([A], "ab")


def test_names_are_those_of_the_files_unless_given(files):
    paths = [files / "one" / "ukb.tsv.gz", files / "one" / "finngen.txt"]
    assert cohort_names(paths, None) == ["ukb", "finngen"]
    assert cohort_names([paths[0], A], None) == ["ukb", "cohort2"]
    assert cohort_names(paths, ["x", "y"]) == ["x", "y"]


def test_files_of_one_name_go_by_their_paths(files):
    paths = [str(files / folder / "ukb.tsv.gz") for folder in ("one", "two")]
    assert cohort_names(paths, None) == paths


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x"], "--names: 1 names for 2 files"),
        (["x", "x"], "--names: two cohorts have the same name"),
        (["x", ""], "--names: '' is no name for a table"),
        (["x", "a\tb"], r"--names: 'a\\tb' is no name for a table"),
    ],
)
def test_names_that_do_not_fit(names, message):
    with pytest.raises(GemcontError, match=message):
        cohort_names([A, A], names)


def test_files_that_do_not_fit(files):
    path = files / "one" / "ukb.tsv.gz"
    with pytest.raises(GemcontError, match="--sumstats: no cohort is given"):
        cohort_names([], None)
    with pytest.raises(GemcontError, match=r"ukb\.tsv\.gz stands twice"):
        cohort_names([path, files / "two" / ".." / "one" / "ukb.tsv.gz"], None)
    with pytest.raises(GemcontError, match="none.tsv: no such file"):
        cohort_names([files / "none.tsv"], None)
