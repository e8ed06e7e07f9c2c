"""The documents: every command in them runs, every flag and function that they name exists."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_BLOCKS = [page for page in PAGES if BLOCK.search(page.read_text())]

sys.path.insert(0, str(DOCS))
import flags as flag_tables  # noqa: E402


def names_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=names_of)
def test_every_command_of_a_page_runs(page, tmp_path):
    """In order, as a reader would, in a folder with the bundled data."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "results").mkdir()
    for language, block in BLOCK.findall(page.read_text()):
        command = ["bash", "-euc", block] if language == "sh" else [sys.executable, "-c", block]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, f"{block}\n{run.stdout[-2000:]}{run.stderr[-2000:]}"


def test_the_tables_of_flags_are_those_of_the_settings():
    for page in flag_tables.COMMANDS:
        text = (DOCS / "commands" / f"{page}.md").read_text()
        assert flag_tables.with_tables(page, text) == text, "run python docs/flags.py"


def test_every_command_has_a_page():
    text = (ROOT / "setup.cfg").read_text()
    commands = set(re.findall(r"^    (gemcont-\w+) = ", text, re.MULTILINE))
    assert commands == {t[0] for tables in flag_tables.COMMANDS.values() for t in tables} - {
        "gemcont-gwas merge",
        "gemcont-panel score",
    }


def known_flags():
    for tables in flag_tables.COMMANDS.values():
        for _, module, name in tables:
            settings = getattr(importlib.import_module(f"gemcont.settings.{module}"), name)
            for entries in flag_tables.help_groups(settings).values():
                yield from (flag for _, _, names in entries for flag in names)


OTHERS = {  # flags of other programs, and of scripts of benchmarks and validation
    *("--glm", "--step", "--htp", "--clump", "--covar-variance-standardize", "--version", "--help"),
    *("--rare", "--few", "--jamma", "--disk", "--images", "--encoder", "--splits", "--samples"),
    *("--traits", "--table", "--arms", "--array", "--cpus-per-task", "--mem", "--dependency"),
    *("--nproc-per-node", "--n-train", "--epochs", "--slope", "--no-plink2", "--pfilter"),
}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=names_of)
def test_every_flag_in_a_document_exists(page):
    said = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page.read_text()))
    assert said - set(known_flags()) - OTHERS == set()


def found(name):
    """The object of a dotted name."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            place = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            place = getattr(place, part)
        return place
    raise AssertionError(name)


def test_every_formula_has_a_function_and_a_test():
    text = (DOCS / "methods.md").read_text()
    rows = re.findall(r"^\|.*\| `(gemcont[\w.]+)` \| `(tests/[\w/.]+)` \|$", text, re.MULTILINE)
    assert len(rows) > 40
    for function, test in rows:
        assert callable(found(function)), function
        assert (ROOT / test).is_file(), test
        module = found(function).__module__.rsplit(".", 1)[1]
        assert module in (ROOT / test).name, f"{test} is not of {function}"


def test_every_file_that_the_architecture_names_exists():
    text = (DOCS / "architecture.md").read_text()
    for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py)`", text):
        places = ("", "workflows/", "workflows/gwas/", "workflows/gwas/relatives/")
        homes = [ROOT / "gemcont" / place / name for place in places] + [ROOT / name]
        assert any(home.is_file() for home in homes), name


def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path / "site")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "WARNING -" not in run.stderr
    assert (tmp_path / "site" / "api" / "index.html").stat().st_size > 10_000


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *PAGES]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_readme_has_its_two_set_up_commands():
    blocks = re.findall(r"^```sh$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(blocks) == 2
