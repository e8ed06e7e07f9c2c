"""gemcont-clump: a PLINK command line, what it writes, and every mistake in one line."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import BUNDLED

from gemcont.cli.clump import main

DATA = Path(__file__).parent.parent / "data"
MOUSE = str(BUNDLED / "mouse_hs1940")
REPORT = str(DATA / "mouse.cd8.sumstats.tsv.gz")
LOCI = ["--clump-p1", "5e-8", "--clump-r2", "0.05", "--clump-kb", "5000"]


def command(out, *flags, report=REPORT):
    return ["--bfile", MOUSE, "--chr-set", "19", "--clump", report, "--out", str(out), *flags]


def written(folder):
    return sorted(p.name for p in folder.glob("o.*"))


def test_a_plink_command_line(tmp_path, capsys):
    flags = ["--clump-snp-field", "ID", "--clump-field", "NO", "P", "--clump-p2", "0.01"]
    assert main(command(tmp_path / "o", *LOCI, *flags)) == 0
    expected = gzip.decompress((DATA / "mouse.loci.plink2.clumps.gz").read_bytes())
    assert (tmp_path / "o.clumps").read_bytes() == expected
    assert written(tmp_path) == ["o.clumps", "o.loci.tsv", "o.log", "o.missing.tsv"]
    out, err = capsys.readouterr()
    assert err == ""
    for text in (out, (tmp_path / "o.log").read_text()):
        assert "9286 rows read, 9282 variants matched (4 p missing); 1928 with p <= 5e-08" in text
        assert "275 clumps formed from 1928 index candidates" in text


def test_unphased_by_either_name(tmp_path):
    expected = gzip.decompress((DATA / "mouse.loci.plink2_unphased.clumps.gz").read_bytes())
    for flags in (["--clump-unphased"], ["--r2-type", "unphased"]):
        assert main(command(tmp_path / "o", *LOCI, *flags)) == 0
        assert (tmp_path / "o.clumps").read_bytes() == expected


def test_log10_p(tmp_path):
    report = tmp_path / "r"
    report.write_text("ID P\nrs3665150 55.07\nrs3023442 9\n")
    assert main(command(tmp_path / "o", "--clump-log10", report=str(report))) == 0
    table = pl.read_csv(tmp_path / "o.clumps", separator="\t")
    assert table.columns[3:5] == ["NEG_LOG10_P", "TOTAL"]
    assert table["NEG_LOG10_P"][0] == 55.07
    report.write_text("ID MINE\nrs3665150 55.07\n")
    flags = ["--log10-p", "--p-field", "MINE"]
    assert main(command(tmp_path / "o", *flags, report=str(report))) == 0


def test_reports_may_be_given_apart(tmp_path, capsys):
    second = tmp_path / "second"
    second.write_text("ID P\nrs3665150 1e-90\n")
    assert main(command(tmp_path / "o", *LOCI, "--sumstats", str(second))) == 0
    table = pl.read_csv(tmp_path / "o.clumps", separator="\t")
    assert table.row(0)[2:5] == ("rs3665150", 2, 1e-90)


def test_pictures_and_matrices_of_the_loci(tmp_path):
    flags = ["--clump-p1", "1e-40", "--clump-r2", "0.05", "--clump-kb", "5000"]
    report = str(DATA / "mouse.cd8.glm.linear.gz")
    extra = ["--plot", "2", "--ld-matrix"]
    assert main(command(tmp_path / "o", *flags, *extra, report=report)) == 0
    names = written(tmp_path)
    assert [n for n in names if n.endswith(".png")] == ["o.locus1.png", "o.locus2.png"]
    n_loci = pl.read_csv(tmp_path / "o.loci.tsv", separator="\t").height
    assert len([n for n in names if n.endswith(".ld")]) == n_loci > 2
    assert main(command(tmp_path / "o", *flags, report=report)) == 0
    assert written(tmp_path) == ["o.clumps", "o.loci.tsv", "o.log", "o.missing.tsv"]


@pytest.mark.parametrize(
    ("report", "flags", "message"),
    [
        (
            "ID\tQ\na\t1\n",
            [],
            "no column of p values; name it by --columns p_value=NAME .*its header is ID Q",
        ),
        ("ID\tP\nrs3665150\t1.5\n", [], "line 2: P is '1.5', not from 0 to 1"),
        ("ID\tP\nx\t0.1\n", [], "no variant of .* is in .* by id"),
        (
            "ID\tP\nx\t0.1\n",
            ["--clump-r2", "1"],
            "--clump-r2: '1' is not a number from 0 to below 1",
        ),
        (
            "ID\tP\nx\t0.1\n",
            ["--clump-p1", "2"],
            "--clump-p1: '2' is not a number above 0 and up to 1",
        ),
        ("ID\tP\nx\t0.1\n", ["--keep", "none"], "none: no such file"),
        ("ID\tP\nx\t0.1\n", ["--p-field", "X"], "has no column 'X' for p_value; its header is"),
        (
            "ID\tP\nx\t0.1\n",
            ["--columns", "b=C"],
            "'b=C' is not ROLE=NAME or FILE:ROLE=NAME; roles are variant_id",
        ),
        ("ID\tP\nx\t0.1\n", ["--genes", ""], "--genes: the value is empty"),
        ("ID\tP\nx\t0.1\n", ["--sample", "s"], "--sample goes with --bgen"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, report, flags, message):
    import re

    (tmp_path / "r").write_text(report)
    try:
        code = main(command(tmp_path / "o", *flags, report=str(tmp_path / "r")))
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2
    assert re.search(message, error)
    assert error.count("\n") == 1
    assert written(tmp_path) in ([], ["o.log"])


def test_an_input_is_not_written_over(tmp_path, capsys):
    path = tmp_path / "o.clumps"
    path.write_text("ID P\nrs1 0.1\n")
    assert main(command(tmp_path / "o", report=str(path))) == 2
    assert "is also an input" in capsys.readouterr().err
    assert path.read_text() == "ID P\nrs1 0.1\n"


def test_a_pipe_can_be_read(tmp_path):
    script = (
        f'"{sys.executable}" -m gemcont.cli.clump --bfile {MOUSE} --chr-set 19 '
        f"--sumstats <(zcat {REPORT}) --clump-p1 1e-30 --out {tmp_path}/o"
    )
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_interrupted_half_way(tmp_path):
    """A signal while it runs: one line, and no table that is not whole."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    run = subprocess.Popen(
        [sys.executable, "-m", "gemcont.cli.clump", *command(tmp_path / "o", report=str(fifo))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open(fifo, "w") as pipe:  # opens once it reads: it has started
        pipe.write("ID P\n")
        pipe.flush()
        time.sleep(0.3)
        run.send_signal(signal.SIGTERM)
        _, error = run.communicate(timeout=60)
    assert run.returncode == 130
    assert error == (
        "gemcont-clump: error: interrupted; files that were not whole yet are not written\n"
    )
    assert written(tmp_path) == ["o.log"]
