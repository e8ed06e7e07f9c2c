"""Files that appear whole or not at all."""

import os
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.files import (
    as_file_name,
    digest_of,
    digest_of_bytes,
    load_array,
    refuse_overwriting,
    unfinished,
)


def test_outputs_that_are_inputs_are_refused(tmp_path):
    (tmp_path / "x").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    refuse_overwriting([str(tmp_path / "y")], [str(tmp_path / "x")])
    with pytest.raises(GemcontError, match="link is also an input"):
        refuse_overwriting([str(tmp_path / "link")], [str(tmp_path / "x")])


@pytest.mark.parametrize("folder", [False, True])
def test_a_result_replaces_an_earlier_one_only_when_it_is_whole(tmp_path, folder):
    path = tmp_path / "x"

    def write(name, text):
        if folder:
            os.mkdir(name)
            name = f"{name}/inside"
        Path(name).write_text(text)

    write(str(path), "before")
    inside = path / "inside" if folder else path
    with unfinished(str(path)) as temporary:
        write(temporary, "after")
        assert inside.read_text() == "before"
    assert inside.read_text() == "after"

    def fail():
        with unfinished(str(path)) as temporary:
            write(temporary, "half")
            raise ValueError

    with pytest.raises(ValueError, match="^$"):
        fail()
    assert inside.read_text() == "after"
    assert os.listdir(tmp_path) == ["x"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    def write():
        with unfinished(str(tmp_path / "file" / "x")) as temporary:
            Path(temporary).write_text("")

    with pytest.raises(GemcontError, match=r"file/x: cannot be written \(Not a directory\)"):
        write()


def test_a_digest_is_of_bytes_and_names(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"one")
    whole = digest_of(str(tmp_path / "a"))
    assert digest_of(str(tmp_path / "a" / "x")) == digest_of_bytes(b"one")
    assert digest_of(str(tmp_path / "none")) is None
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert digest_of(str(tmp_path / "a")) != whole


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_any_name_is_that_of_a_file(name):
    encoded = as_file_name(name)
    assert unquote(encoded) == name
    assert not set('/\\:*?"<>| ') & set(encoded)
    assert not encoded.startswith(".")


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "bool"])
def test_arrays_of_numbers_are_float64(tmp_path, dtype):
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    np.save(tmp_path / "x.npy", array)
    values = load_array(str(tmp_path / "x.npy"), "(samples, traits)")
    np.testing.assert_array_equal(values, array)
    assert values.dtype == np.float64
    assert isinstance(values, np.memmap) == (dtype == "float64")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3), r"has shape \(3,\); it must be \(samples, traits\)"),
        (np.array([["a"]]), "holds <U1, not numbers"),
        (None, "not a whole .npy file of numbers"),
    ],
)
def test_arrays_of_anything_else(tmp_path, array, message):
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY") if array is None else np.save(path, array)
    with pytest.raises(GemcontError, match=f"x.npy: {message}"):
        load_array(str(path), "(samples, traits)")
