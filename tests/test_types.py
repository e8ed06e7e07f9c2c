"""Types: every argument of a public function has one, and mypy agrees with them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "gemcont").rglob("*.py"))


def untyped(path):
    """Arguments of public functions, and returns, without a type."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = [*node.args.args, *node.args.kwonlyargs]
            named = [a.arg for a in arguments if a.arg not in ("self", "cls") and not a.annotation]
            yield from (f"{node.name}({name})" for name in named)
            if node.returns is None:
                yield f"{node.name} -> ?"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_functions_are_typed(path):
    assert list(untyped(path)) == []


def test_mypy_finds_nothing():
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "gemcont"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout
