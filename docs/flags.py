"""Write the tables of flags into docs/commands/*.md, from ``gemcont.settings``.

python docs/flags.py          rewrite what stands between the markers of each page
"""

from importlib import import_module
from pathlib import Path

from gemcont.settings.flags import help_groups

PAGES = Path(__file__).parent / "commands"
BEGIN, END = "<!-- flags of {} -->", "<!-- end of flags -->"
# Page -> (command, module of its settings, class of all its flags), of each table on it.
COMMANDS = {
    "gwas": [
        ("gemcont-gwas", "gwas", "GwasCommand"),
        ("gemcont-gwas merge", "gwas", "MergeCommand"),
    ],
    "kinship": [("gemcont-kinship", "kinship", "KinshipCommand")],
    "clump": [("gemcont-clump", "clump", "ClumpCommand")],
    "meta": [("gemcont-meta", "meta", "MetaCommand")],
    "panel": [
        ("gemcont-panel", "panel", "PanelCommand"),
        ("gemcont-panel score", "panel", "ScoreCommand"),
    ],
    "project": [("gemcont-project", "project", "ProjectCommand")],
    "simulate": [("gemcont-simulate", "simulate", "SimulateCommand")],
    "train": [("gemcont-train", "train", "TrainCommand")],
    "embed": [("gemcont-embed", "embed", "EmbedCommand")],
    "evaluate": [("gemcont-evaluate", "evaluate", "EvaluateCommand")],
}


def table(settings: type) -> str:
    """Return the flags of a command as a Markdown table, by the groups of ``--help``."""
    groups = {
        title: [_row(field.name, flag, names) for field, flag, names in flags]
        for title, flags in help_groups(settings).items()
    }
    head = "| flag | value | setting in Python | what it does |\n|---|---|---|---|"
    parts = [f"**{title}**\n\n{head}\n" + "\n".join(rows) for title, rows in groups.items()]
    return "\n\n".join(parts)


def _row(setting, flag, names):
    said = ", ".join(f"`{name}`" for name in names)
    value = flag.metavar or (" ".join(flag.choices) if flag.choices else "")
    text = flag.help + (" (needed)" if flag.required else "")
    cells = (said, value, "" if flag.sets else f"`{setting}`", text)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def with_tables(page: str, text: str) -> str:
    """Return the text of a page with its tables as they should be."""
    for command, module, name in COMMANDS[page]:
        settings = getattr(import_module(f"gemcont.settings.{module}"), name)
        begin = BEGIN.format(command)
        before, rest = text.split(begin)
        _, after = rest.split(END, 1)
        text = f"{before}{begin}\n\n{table(settings)}\n\n{END}{after}"
    return text


def main() -> None:
    """Rewrite every page whose tables are not those of the settings."""
    for page in COMMANDS:
        path = PAGES / f"{page}.md"
        text = path.read_text(encoding="utf-8")
        path.write_text(with_tables(page, text), encoding="utf-8")


if __name__ == "__main__":
    main()
