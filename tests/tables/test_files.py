"""Files that appear whole or not at all."""

import pytest

from gemcont import GemcontError
from gemcont.tables.files import refuse_overwriting


def test_outputs_that_are_inputs_are_refused(tmp_path):
    (tmp_path / "x").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    refuse_overwriting([str(tmp_path / "y")], [str(tmp_path / "x")])
    with pytest.raises(GemcontError, match="link is also an input"):
        refuse_overwriting([str(tmp_path / "link")], [str(tmp_path / "x")])
