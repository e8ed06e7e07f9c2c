"""Text files as users have them: compressed, of any line ends, damaged, absent."""

import bz2
import gzip
import lzma
import os
import threading
from pathlib import Path

import pytest

from gemcont import GemcontError
from gemcont.text.files import decoded, open_bytes, read_text, refuse_packed

TEXT = b"a b\nc d\n"


@pytest.fixture
def write(tmp_path):
    def written(data):
        (tmp_path / "t").write_bytes(data)
        return str(tmp_path / "t")

    return written


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        b"\xef\xbb\xbf" + TEXT,
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"\n", b"\r"),
        gzip.compress(TEXT),
        gzip.compress(TEXT[:4]) + gzip.compress(TEXT[4:]),  # as bgzip makes them
        gzip.compress(b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n")),
    ],
)
def test_one_text_in_many_files(write, data):
    assert read_text(write(data)) == TEXT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bz2.compress(TEXT), "packed by bzip2; unpack it, or use gzip"),
        (lzma.compress(TEXT), "packed by xz"),
        (b"\x28\xb5\x2f\xfd" + TEXT, "packed by zstd"),
        (b"PK\x03\x04" + TEXT, "packed by zip"),
        (TEXT.decode().encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (gzip.compress(bz2.compress(TEXT)), "packed by bzip2"),
        (gzip.compress(TEXT)[:-4], "damaged or truncated gzip file"),
        (b"a\0b\n", "not a text file .it holds zero bytes."),
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
    ],
)
def test_files_that_are_refused(write, data, message):
    with pytest.raises(GemcontError, match=f"t: {message}"):
        read_text(write(data))


def test_an_empty_file_may_be_allowed(write):
    assert read_text(write(b""), empty=True) == b""


def test_files_that_are_not_there(tmp_path):
    for read in (read_text, lambda path: open_bytes(path, threading.Thread())):
        with pytest.raises(GemcontError, match="absent: no such file"):
            read(str(tmp_path / "absent"))
        with pytest.raises(GemcontError, match="cannot be read .Is a directory."):
            read(str(tmp_path))


def test_bytes_that_are_not_utf_8_are_named_by_line():
    assert decoded("t", "é\n".encode()) == "é\n"
    with pytest.raises(GemcontError, match="t: line 3 is not UTF-8 text"):
        decoded("t", b"a\nb\nJos\xe9\n")


class Owner:
    """Anything that can be watched by a weak reference."""


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT)])
def test_a_file_is_open_as_long_as_its_owner_lives(write, data):
    owner = Owner()
    file = open_bytes(write(data), owner)
    assert file.readline() == b"a b\n"
    raw = file if data == TEXT else file.fileobj if hasattr(file, "fileobj") else None
    assert file.readline() == b"c d\n"
    del owner
    assert raw is None or raw.closed


def test_a_pipe_is_read_too(tmp_path):
    path = str(tmp_path / "pipe")
    os.mkfifo(path)
    writer = threading.Thread(target=Path(path).write_bytes, args=(gzip.compress(TEXT),))
    writer.start()
    owner = Owner()
    assert open_bytes(path, owner).read() == TEXT
    writer.join()


def test_packed_bytes_are_refused_by_their_first():
    refuse_packed("t", TEXT)
    with pytest.raises(GemcontError, match="t: packed by zip"):
        refuse_packed("t", b"PK\x03\x04")
