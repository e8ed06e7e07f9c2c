"""The house's rules of import, and what must stay out of the commands' first moments."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gemcont"
GROUND = {"errors", "_numba", "arrays", "text"}
BELOW = {"genotype", "stats", "tables", "plots", "settings", "errors", "_numba", "arrays"}
# Room -> what it may import beside itself.
MAY_IMPORT = {
    "": set(),
    "errors": set(),
    "_numba": {"errors"},
    "arrays": {"errors"},
    "text": {"errors"},
    "settings": {"errors"},
    "genotype.kernels": {"_numba"},
    "genotype": GROUND | {"genotype"},
    "stats": {"errors", "_numba", "arrays"},
    "tables": {"errors", "arrays", "text"},
    "plots": {"stats", "errors"},
    "recordings": {"_numba", "text", "tables", "errors"},
    "workflows.common": BELOW,
    "workflows.kinship": BELOW | {"workflows.common"},
    "workflows.clump": BELOW | {"workflows.common"},
    "workflows.meta": BELOW | {"workflows.common"},
    "workflows.project": BELOW | {"workflows.common"},
    "workflows.gwas": BELOW | {"workflows.common", "workflows.kinship"},
    "workflows.panel": BELOW | {"workflows.common", "workflows.meta", "workflows.clump"},
    "workflows": set(),
    "learn": BELOW | {"recordings", "text"},  # and the front doors of workflows
    "cli": {"settings", "tables", "recordings", "errors"},  # and those of workflows and learn
}
BEHIND_FRONT_DOORS = ("learn", "cli")


def modules_imported(path):
    """The modules of the package that a file imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if is_module(name) else node.module for name in names]
        else:
            continue
        yield from (name.partition(".")[2] for name in names if name.startswith("gemcont."))


def is_module(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def room_of(module):
    """The innermost room of the table that a module lies in."""
    inside = [room for room in MAY_IMPORT if f"{module}.".startswith(f"{room}.") or not room]
    return max(inside, key=len)


def module_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__")


def is_front_door(module):
    """Whether a module is what a room offers to those above it."""
    return module == "learn" or re.fullmatch(r"workflows\.(?!common)\w+", module)


def may_import(room, module):
    """Whether the table allows it; what may import a room may import its folders."""
    other = room_of(module)
    if other == room or (room in BEHIND_FRONT_DOORS and is_front_door(module)):
        return True
    return any(f"{other}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT[room])


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_of)
def test_every_file_imports_only_what_its_room_may(path):
    room = room_of(module_of(path).strip("."))
    wrong = [module for module in modules_imported(path) if not may_import(room, module)]
    assert not wrong, f"{room} may not import them"


def test_the_rules_refuse():
    assert not may_import("genotype.kernels", "genotype.source")
    assert not may_import("stats", "text.parse")
    assert not may_import("learn", "workflows.gwas.run")
    assert not may_import("workflows.meta", "workflows.clump")
    assert may_import("workflows.panel", "workflows.clump.greedy")


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
    ["gwas", "clump", "kinship", "meta", "panel", "project", "simulate", "train", "embed"]
    + ["evaluate"],
)
def test_help_is_light(command):
    name = "PANEL_COMMAND" if command == "panel" else command.upper()
    parser = f"from gemcont.cli.{command} import {name} as c; c.parser().format_help()"
    assert not loaded_after(parser) & HEAVY


@pytest.mark.parametrize(
    "workflow",
    [
        "gwas.files.write, gemcont.workflows.gwas.files.summary",
        "clump.run, gemcont.workflows.clump.files",
        "meta.run, gemcont.workflows.meta.files",
        "panel.files",
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
