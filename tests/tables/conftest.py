"""Tables as text."""

import pytest

from gemcont.tables.phenotypes import read_sample_table


@pytest.fixture
def table(tmp_path):
    def read(text):
        path = tmp_path / "table"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_sample_table(path)

    return read
