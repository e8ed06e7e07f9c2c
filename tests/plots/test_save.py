import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from gemcont.plots.manhattan import manhattan
from gemcont.plots.save import save


def _figure():
    return manhattan(
        np.repeat([0, 1], 50), np.tile(np.arange(50), 2), np.linspace(0, 9, 100), names=["1", "X"]
    )


@pytest.mark.parametrize(
    ("suffix", "magic"),
    [
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
        (".svg", b"<?xml"),
    ],
)
def test_same_figure_gives_same_bytes(tmp_path, monkeypatch, suffix, magic):
    paths = [tmp_path / f"{name}{suffix}" for name in "abc"]
    save(_figure(), paths[0])
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")  # another time of day
    figure = _figure()
    save(figure, paths[1])
    save(figure, str(paths[2]))  # once more, and not a Path
    first, second, third = (path.read_bytes() for path in paths)
    assert first == second == third
    assert first.startswith(magic)
    assert sorted(tmp_path.iterdir()) == paths


def test_png_has_200_dots_per_inch(tmp_path):
    save(_figure(), tmp_path / "a.PNG")
    assert imread(tmp_path / "a.PNG", format="png").shape[:2] == (800, 2200)


class _Broken(Figure):
    def savefig(self, file, **_):
        file.write(b"half a picture")
        raise OSError("disk full")


def test_failure_leaves_nothing_and_harms_nothing(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        save(_Broken(), tmp_path / "new.png")
    assert not list(tmp_path.iterdir())
    (tmp_path / "old.png").write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        save(_Broken(), tmp_path / "old.png")
    assert (tmp_path / "old.png").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(_figure(), tmp_path / "nowhere" / "a.png")


@pytest.mark.parametrize("name", ["a.jpeg", "a", "png"])
def test_rejects_other_suffixes(tmp_path, name):
    with pytest.raises(ValueError, match="suffix"):
        save(_figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_package_imports_no_matplotlib_and_plots_import_no_pyplot():
    code = (
        "import sys, gemcont.plots; assert 'matplotlib' not in sys.modules;"
        "import gemcont.plots.manhattan, gemcont.plots.qq, gemcont.plots.save;"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
