"""Tables of pairs of relatives."""

import gzip

import pytest

from gemcont import GemcontError
from gemcont.tables.relatives import RELATED, read_pairs

PAIRS = [["a", "c"], ["b", "d"]]


@pytest.mark.parametrize(
    "text",
    [
        "#ID1\tID2\tKINSHIP\na\tb\t0.25\nc\td\t0.0442\ne\tf\t0.0441\n",
        "FID1 IID1 FID2 IID2 HETHET KINSHIP\n1 a 1 b 0 0.25\n2 c 2 d 0 0.1\n3 e 3 f 0 0\n",
        "FID1,IID1,FID2,IID2,PI_HAT\n1,a,1,b,0.5\n2,c,2,d,0.0884\n3,e,3,f,0.08\n",
        "IID1 IID2\na b\nc d\n",
        '"ID1" "ID2" "Kinship"\n"a" "b" 0.3\n"c" "d" 0.2\n',
        gzip.compress(b"ID1 ID2 KINSHIP\na b 0.5\nc d 0.06\n"),
    ],
)
def test_pairs_of_any_program(tmp_path, text):
    (tmp_path / "king").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert read_pairs(tmp_path / "king") == PAIRS


def test_third_degree_is_the_bound(tmp_path):
    (tmp_path / "king").write_text(f"ID1 ID2 KINSHIP\na b {RELATED}\nc d {RELATED - 1e-9}\n")
    assert read_pairs(tmp_path / "king") == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A B KINSHIP\na b 0.3\n", "has no columns ID1 ID2"),
        ("ID1 ID2 KINSHIP\na b x\n", "a kinship that is no number .line 2"),
        ("ID1,ID2,KINSHIP\na,b,0.3\n,d,0.1\n", "line 3: an id is blank"),
        ("", "cannot be read: .*the file is empty"),
    ],
)
def test_tables_that_are_none(tmp_path, text, message):
    (tmp_path / "king").write_text(text)
    with pytest.raises(GemcontError, match=f"--relatives: .*{message}"):
        read_pairs(tmp_path / "king")
