"""Write a figure to a file."""

import os
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# What would differ between two runs: the date. PNG has none, but names the drawing library.
_METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
# SVG ids are random without a salt; font type 42 keeps the text of a PDF editable.
_SETTINGS: Any = {"svg.hashsalt": "gemcont", "pdf.fonttype": 42}


def save(figure: Figure, path: str | os.PathLike) -> None:
    """Write a figure as PNG, PDF or SVG, at 200 dots per inch where it is pixels.

    The file appears under its name only when it is complete, and the same figure always gives the
    same bytes.

    Args:
        figure: matplotlib.figure.Figure
        path: file to write; its suffix (.png, .pdf, .svg) says the format.

    Raises:
        ValueError: the suffix is none of the three.
        OSError: the file cannot be written. Whatever was at `path` is still there.
    """
    path = Path(path)
    kind = path.suffix[1:].lower()
    if kind not in _METADATA:
        raise ValueError(f"cannot write {path.name}: the suffix must be .png, .pdf or .svg")
    # Same folder, so that the last step is a rename within one file system.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file, matplotlib.rc_context(_SETTINGS):
            figure.savefig(file, format=kind, dpi=200, metadata=_METADATA[kind])
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
