"""The house's rules of import, and what must stay out of the commands' first moments."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gemcont"
LEAVES = {"errors", "_numba", "_text", "_arrays", "_ids"}
MAY_IMPORT = {
    "cli": {"workflows", "learn", "tables", "errors"},
    "learn": {"workflows", "genotype", "stats", "tables", "plots", "errors"},
    "workflows": {"genotype", "stats", "tables", "plots", "errors", "_numba", "_arrays"},
    "plots": {"stats", "errors"},
    "genotype": LEAVES,
    "stats": {"errors", "_numba", "_arrays"},
    "tables": {"errors", "_text", "_arrays", "_ids"},
    "_text": {"errors"},
    "_arrays": {"errors"},
    "_ids": {"errors"},
    "_numba": {"errors"},
    "errors": set(),
    "__init__": set(),
}


def rooms_imported(path):
    """The rooms of the package that a file imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
        else:
            continue
        for parts in (name.split(".") for name in names):
            if parts[0] == "gemcont" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_every_file_imports_only_what_its_room_may(path):
    inside = path.relative_to(PACKAGE).parts
    room = inside[0] if len(inside) > 1 else path.stem
    assert set(rooms_imported(path)) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_torch_is_imported_in_learn_only(path):
    if "learn" not in path.parts:
        assert "import torch" not in path.read_text()


def loaded_after(statement, whole=False):
    """Modules (their top-level names unless ``whole``) a fresh interpreter holds afterwards."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name if whole else name.split(".")[0] for name in run.stdout.split()}


HEAVY = {"numpy", "numba", "polars", "pandas", "scipy", "matplotlib", "torch"}


def test_import_gemcont_is_light():
    assert not loaded_after("import gemcont") & HEAVY


@pytest.mark.parametrize(
    "command",
    ["gwas", "clump", "kinship", "meta", "panel", "simulate", "train", "embed", "evaluate"],
)
def test_help_is_light(command):
    parser = f"from gemcont.cli.{command} import build_parser; build_parser().format_help()"
    assert not loaded_after(parser) & HEAVY


@pytest.mark.parametrize(
    "workflow",
    [
        "gwas, gemcont.workflows.report",
        "clump, gemcont.workflows.loci_files",
        "meta, gemcont.workflows.meta_files",
        "panel_files",
    ],
)
def test_command_leaves_pandas_and_scipy_stats_alone(workflow):
    workflow = f"import gemcont.workflows.{workflow}"
    loaded = loaded_after(workflow, whole=True)
    assert not loaded & {"pandas", "scipy.stats", "scipy.special", "matplotlib", "torch"}


def test_public_names_resolve():
    import gemcont

    for name in gemcont.__all__:
        assert getattr(gemcont, name) is not None
    assert set(gemcont.__all__) <= set(dir(gemcont))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = gemcont.nonsense


def test_missing_torch_is_one_line(monkeypatch):
    from gemcont.errors import GemcontError
    from gemcont.learn import require_torch

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(GemcontError, match=r"pip install 'gemcont\[learn\]'"):
        require_torch()
