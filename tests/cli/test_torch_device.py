"""What the learner's commands need of the machine."""

import subprocess
import sys


def test_without_torch_the_commands_say_how_to_install_it(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import gemcont, gemcont.cli.gwas\n"
        "from gemcont.cli.{0} import main\n"
        "sys.exit(main({1!r}))"
    )
    commands = {
        "train": ["--study", "s", "--out", str(tmp_path / "m")],
        "embed": ["--study", "s", "--model", "m", "--out", str(tmp_path / "e")],
        "evaluate": ["--study", "s", "--model", "m", "--out", str(tmp_path / "v")],
        "simulate": ["--images", "x.npz", "--out", str(tmp_path / "s")],
    }
    for name, arguments in commands.items():
        run = subprocess.run(
            [sys.executable, "-c", code.format(name, arguments)], capture_output=True, text=True
        )
        assert run.returncode == 2
        assert run.stderr.endswith("gemcont.learn needs torch: pip install 'gemcont[learn]'\n")
        assert len(run.stderr.splitlines()) == 1
