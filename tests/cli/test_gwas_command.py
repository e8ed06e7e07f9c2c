"""gemcont-gwas as its user meets it: files, log, exit codes, one-line errors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont import GemcontError, run_gwas
from gemcont.cli.gwas import GWAS, main
from gemcont.genotype.simulate import simulate_fileset

RESULTS = (
    ".gwas.tsv",
    ".gwas.tsv.gz",
    ".gwas.parquet",
    ".summary.json",
    ".manhattan.png",
    ".qq.png",
)


def command(study, *extra, plot=False):
    base = ["--bfile", study.bfile, "--pheno", study.pheno, "--out", study.out]
    return [*base, *([] if plot else ["--no-plot"]), *extra]


def results(study):
    return [s for s in RESULTS if os.path.exists(study.out + s)]


def read(study, suffix=".gwas.tsv"):
    return pl.read_csv(
        study.out + suffix,
        separator="\t",
        null_values="NA",
        schema_overrides={"chromosome": pl.String},
    )


def log_of(study):
    return Path(study.out + ".log").read_text()


def summary_of(study):
    return json.loads(Path(study.out + ".summary.json").read_text())


def test_everything_it_writes(study, capsys):
    assert main(command(study, "--covar", study.covar, plot=True)) == 0
    assert results(study) == [".gwas.tsv", ".summary.json", ".manhattan.png", ".qq.png"]
    assert sorted(p.name for p in study.folder.glob("result*")) == sorted(
        "result" + s for s in (*results(study), ".log")
    )
    table = read(study)
    assert table.columns[:4] == [
        *("chromosome", "base_pair_location", "effect_allele", "other_allele")
    ]
    assert table["variant_id"].to_list() == [f"rs{i}" for i in range(60)]
    summary = summary_of(study)
    assert (summary["n_samples"], summary["n_traits"], summary["n_covariates"]) == (101, 2, 2)
    assert summary["traits"] == ["height", "weight"]
    assert summary["top_hits"][0]["variant_id"] == "rs3"
    assert summary["lrt_true_over_nominal_rate"]["level"] == 5e-8
    assert summary["arguments"]["bfile"] == study.bfile
    out, err = capsys.readouterr()
    assert err == ""
    log = log_of(study)
    for text in (out, log):
        assert "101 of 101 samples analysed" in text
        assert "true over nominal rate at 5e-8: " in text
        assert "lambda_gc" in text


def test_the_file_is_what_python_returns(study):
    import pandas as pd

    assert main(command(study, "--covar", study.covar, "--test", "f")) == 0
    ids = [i for _, i, _ in named_samples(101)]
    expected = run_gwas(
        study.bfile,
        pd.DataFrame(study.traits, index=ids),
        pd.DataFrame(study.covariates, index=ids),
        test="f",
    )
    table = read(study)
    assert table.columns == list(expected.columns)
    for name in table.columns:
        if table[name].dtype == pl.Float64:
            np.testing.assert_allclose(table[name], expected[name], rtol=1e-6)
        else:
            assert table[name].to_list() == expected[name].to_list()


@pytest.mark.parametrize("layout", ["tsv.gz", "parquet"])
def test_formats_hold_the_same(study, layout):
    assert main(command(study)) == 0
    plain = read(study)
    assert main(command(study, "--format", layout)) == 0
    if layout == "parquet":
        other = pl.read_parquet(study.out + ".gwas.parquet")
    else:
        other = read(study, ".gwas.tsv.gz")
    assert other.columns == plain.columns
    np.testing.assert_allclose(other["chi2"], plain["chi2"], rtol=1e-6)
    assert other["variant_id"].to_list() == plain["variant_id"].to_list()


def test_an_output_that_is_an_input_is_refused(study, capsys):
    os.rename(study.pheno, study.out + ".gwas.tsv")
    study.pheno = study.out + ".gwas.tsv"
    before = Path(study.pheno).read_text()
    fails(study, capsys, [], "result.gwas.tsv is also an input", untouched=(".gwas.tsv",))
    assert Path(study.pheno).read_text() == before


def fails(study, capsys, extra, *messages, code=2, untouched=()):
    """The command ends with ``code``, one to three lines on stderr, and no result."""
    try:
        found = main(command(study, *extra))
    except SystemExit as stop:  # argparse
        found = stop.code
    error = capsys.readouterr().err
    assert found == code, error
    assert 1 <= len(error.strip().split("\n")) <= 3, error
    assert "Traceback" not in error
    for message in messages:
        assert message in error
    assert results(study) == list(untouched)
    assert not list(study.folder.glob("*.tmp*"))
    return error


def rewrite(path, change):
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(change(data))


# 60 variants x 26 bytes + 3
@pytest.mark.parametrize(
    ("suffix", "change", "messages"),
    [
        (".bed", lambda b: b[:-7], ("study.bed", "1556 bytes found, 1563 expected", "truncated")),
        (".bed", lambda b: b"BM" + b[2:], ("study.bed: not a PLINK .bed",)),
        (".bed", lambda b: b[:2] + b"\0" + b[3:], ("study.bed: sample-major",)),
        (".bed", lambda b: b"", ("study.bed: not a PLINK .bed",)),
        (".bim", lambda b: b + b"9\tx\t0\t5\tA\tC\n", ("1563 bytes found, 1589 expected",)),
        (".bim", lambda b: os.urandom(999), ("study.bim",)),
        (".bim", lambda b: b"", ("study.bim: the file is empty",)),
        (".fam", lambda b: b"", ("study.fam: the file is empty",)),
        (".fam", lambda b: b.replace(b"f9\ts9", b"f8\ts8"), ("duplicate sample FID f8 IID s8",)),
    ],
)
def test_damaged_genotypes(study, capsys, suffix, change, messages):
    rewrite(study.bfile + suffix, change)
    fails(study, capsys, [], *messages)


@pytest.mark.parametrize("suffix", [".bed", ".bim", ".fam"])
def test_missing_genotype_files(study, capsys, suffix):
    os.remove(study.bfile + suffix)
    fails(study, capsys, [], f"study{suffix}: no such file")


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (lambda t: b"", ("study.pheno: the file is empty",)),
        (lambda t: os.urandom(5000), ("study.pheno",)),
        (lambda t: t.split(b"\n", 1)[1], ("study.pheno: the first line must name its columns",)),
        (lambda t: t.replace(b"\ts", b"\tz"), ("no sample of", "f0 z0, f1 z1", "f0 s0, f1 s1")),
        (lambda t: t.replace(b"\ts7\t", b"\ts7\tbad"), ("line 9 (sample s7): height is 'bad",)),
        (
            lambda t: t.replace(b"\ts7\t", b"\ts7\tinf\t").replace(b"height", b"a\tb", 1),
            ("line 2",),
        ),
        (lambda t: t.replace(b"f9\ts9", b"f8\ts8"), ("duplicate sample FID f8 IID s8",)),
    ],
)
def test_damaged_phenotypes(study, capsys, change, messages):
    rewrite(study.pheno, change)
    fails(study, capsys, [], *messages)


def test_infinite_trait(study, capsys):
    traits = study.traits.copy()
    traits[5, 1] = np.inf
    write_table(study.folder / "study.pheno", ["height", "weight"], traits)
    fails(study, capsys, [], "study.pheno, line 7 (sample s5): weight is infinite (inf)")


def test_constant_and_collinear_traits(study, capsys):
    third = study.traits @ [[1.0], [2.0]]
    table = np.hstack([study.traits, np.full((101, 1), 4.5), third])
    write_table(study.folder / "study.pheno", ["height", "weight", "same", "sum"], table)
    fails(study, capsys, ["--pheno-name", "height,same"], "trait same is constant")
    fails(
        study,
        capsys,
        ["--pheno-name", "height,weight,sum"],
        "trait sum is collinear with height, weight",
        "principal components",
    )
    assert main(command(study, "--pheno-name", "height,weight,sum", "--pcs", "3")) == 0
    log = log_of(study)
    assert "Warning: --pcs 3: only 2 components have variance" in log


@pytest.mark.parametrize(
    ("extra", "messages"),
    [
        (["--pheno-name", "hight"], ("--pheno-name: 'hight' is not a column", "height, weight")),
        (["--chr", "5"], ("--chr 5: no variant lies there; the file has 1, 2, 7",)),
        (["--chr", "X-Y"], ("--chr: cannot read 'X-Y'",)),
        (["--maf", "0.7"], ("--maf: '0.7' is not a number from 0 to 0.5",)),
        (["--maf", "0.5"], ("no variant is left after the filters (60 by --maf)",)),
        (["--threads", "zero"], ("--threads: 'zero' is not a whole number",)),
        (["--pcs", "3"], ("--pcs: 3 asked for, there are 2 traits",)),
        (["--chunk", "4/3"], ("--chunk: '4/3' is not I/N with I from 1 to N",)),
        (["--chunk", "1/3"], ("60 variants make 1 blocks of 2048 at most", "smaller --block-size")),
        (["--nonsense"], ("unrecognized arguments: --nonsense", "--help")),
        (["--keep", "nowhere"], ("nowhere: no such file",)),
        (["--covar-name", "age"], ("--covar-name", "--covar")),
    ],
)
def test_wrong_flags(study, capsys, extra, messages):
    fails(study, capsys, extra, *messages)


def test_a_list_that_leaves_nobody(study, capsys):
    (study.folder / "nobody").write_text("f x\n")
    fails(study, capsys, ["--keep", str(study.folder / "nobody")], "--keep: no sample of")


def test_unwritable_output(study, capsys):
    (study.folder / "file").write_text("")
    study.out = str(study.folder / "file" / "result")
    fails(study, capsys, [], "--out:", "cannot be written")


def test_the_results_are_kept_when_a_later_run_fails(study, capsys):
    assert main(command(study)) == 0
    before = Path(study.out + ".gwas.tsv").read_text()
    assert main(command(study, "--maf", "0.5")) == 2
    assert Path(study.out + ".gwas.tsv").read_text() == before


def test_a_bug_of_ours_is_one_line_and_its_trace_is_in_the_log(study, capsys, monkeypatch):
    import gemcont.workflows.gwas.files.write

    monkeypatch.setattr(gemcont.workflows.gwas.files.write, "prepare", lambda *a, **k: 1 / 0)
    error = fails(study, capsys, [], "internal error", code=1)
    assert "result.log" in error
    assert "ZeroDivisionError" in log_of(study)


def test_samples_are_counted_by_reason(study, capsys):
    traits = study.traits.copy()
    traits[[1, 2], 0], traits[[2, 3], 1], traits[4, 0] = np.nan, -9, np.nan
    write_table(study.folder / "study.pheno", ["height", "weight"], traits)
    (study.folder / "out").write_text("f10 s10\nf11 s11\nf999 s999\n")
    age = study.covariates.astype(object)[:100]
    age[20] = "NA"
    age[21] = -9
    write_table(study.folder / "study.covar", ["age"], age)
    assert main(command(study, "--covar", study.covar, "--remove", str(study.folder / "out"))) == 0
    log = log_of(study)
    assert "missing trait values by code -9: weight 2" in log
    assert "trait height: missing in 3 samples" in log
    assert "trait weight: missing in 2 samples" in log
    assert "covariate age: missing in 1 samples" in log
    assert "Warning: covariate age: -9 is taken as a value (1 samples)" in log
    assert "93 of 101 samples analysed (left out: 2 by --remove," in log
    summary = summary_of(study)
    assert summary["samples_left_out"]["missing a trait or covariate"] == 5
    assert main(command(study, "--missing-code", "-8,none")) == 0
    assert summary_of(study)["n_samples"] == 98


def test_a_code_in_numbers_that_are_no_text_is_said(study):
    traits = np.abs(study.traits)
    traits[2, 1] = -9
    np.save(study.folder / "t.npy", traits)
    write_table(study.folder / "t.ids.tsv", [], traits[:, :0])
    study.pheno = str(study.folder / "t.npy")
    assert main(command(study)) == 0
    assert "Warning: trait trait2: -9 is taken as a value (1 samples)" in log_of(study)
    assert main(command(study, "--missing-code=-9")) == 0
    assert "taken as a value" not in log_of(study)


def test_variants_are_counted_by_reason(study, capsys):
    dosages = study.dosages.copy()
    dosages[0], dosages[1] = 0, np.nan
    dosages[2] = 0
    dosages[2, :3] = 1
    dosages[5, :30] = np.nan
    write_fileset(study.bfile, dosages, named_samples(101), named_variants(60, ("1", "2", "7")))
    assert main(command(study, "--chr", "1,7", "--maf", "0.02", "--geno", "0.2")) == 0
    summary = summary_of(study)
    assert summary["variants_left_out"] == {"--chr": 20, "--geno": 2, "--maf": 2}
    assert summary["n_variants"] == 36
    assert main(command(study)) == 0
    table = read(study)
    assert table["chi2"][:3].is_null().to_list() == [True, True, False]
    assert table["effect_allele_frequency"][:2].to_list() == [0, None]
    assert table["n"][:2].to_list() == [101, 0]


def test_categories_collinear_covariates_and_two_valued_traits(study):
    rng = np.random.default_rng(3)
    site = rng.choice(["bath", "leeds", "york"], 101)
    age = study.covariates[:, 0]
    rows = np.column_stack([age.astype(object), 2 * age + 1, site])
    write_table(study.folder / "study.covar", ["age", "double", "site"], rows)
    case = np.column_stack([study.traits[:, 0], rng.integers(1, 3, 101)])
    write_table(study.folder / "study.pheno", ["height", "case"], case)
    assert main(command(study, "--covar", study.covar)) == 0
    log = log_of(study)
    assert "covariate site is categorical, 3 levels" in log
    assert "Warning: covariates left out, constant or collinear with earlier ones: double" in log
    assert "Warning: trait case has two values" in log
    assert "REGENIE" in log
    summary = summary_of(study)
    assert summary["covariates"] == ["age", "site=leeds", "site=york"]
    assert summary["n_covariates"] == 4


def test_a_miscalibrated_lrt_is_said(study):
    rows = np.random.default_rng(4).standard_normal((101, 40))
    write_table(study.folder / "study.covar", [f"c{i}" for i in range(40)], rows)
    assert main(command(study, "--covar", study.covar)) == 0
    assert "488 times nominal; --test f is exact" in log_of(study)
    assert main(command(study, "--covar", study.covar, "--test", "f")) == 0
    assert "anti-conservative" not in log_of(study)


def test_flags_say_what_semantics_promise():
    settings, given = GWAS.parser().read(["--bfile", "b", "--pheno", "p", "--out", "o"])
    assert given == {"bfile", "pheno", "out"}
    assert (settings.test, settings.layout, settings.no_plot) == ("lrt", "tsv", False)


def installed(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "gemcont.cli.gwas", *arguments],
        capture_output=True,
        text=True,
        **options,
    )


def test_version_and_help():
    import gemcont

    assert installed("--version").stdout == f"gemcont {gemcont.__version__}\n"
    text = installed("--help").stdout
    for flag in ("--bfile", "--pheno", "--covar", "--keep", "--maf", "--test", "--out"):
        assert flag in text


def test_no_bar_and_no_colour_in_a_pipe(study):
    done = installed(*command(study))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\r" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_closed_pipe_does_not_stop_the_work(study):
    process = subprocess.Popen(
        [sys.executable, "-m", "gemcont.cli.gwas", *command(study)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0
    assert results(study) == [".gwas.tsv", ".summary.json"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_killed_half_way_goes_on_to_the_same_bytes(study, number, capsys):
    simulate_fileset(study.bfile, 6000, 101, seed=1)
    people = [(f"s{i}",) * 2 for i in range(1, 102)]
    write_table(study.folder / "study.pheno", ["a"], study.traits[:, :1], people)
    flags = command(study, "--block-size", "4")
    process = subprocess.Popen(
        [sys.executable, "-m", "gemcont.cli.gwas", *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    journal = Path(study.out + ".partial/journal.jsonl")
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 2000):
        time.sleep(0.01)
    process.send_signal(number)
    error = process.communicate()[1].decode()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 130, error
        assert error == (
            "gemcont-gwas: error: interrupted; files that were not whole yet are not written\n"
        )
    assert results(study) == []
    assert main([*flags, "--resume"]) == 0
    assert "going on after" in log_of(study)
    assert not journal.parent.exists()
    resumed = Path(study.out + ".gwas.tsv").read_bytes()
    assert main(flags) == 0
    assert Path(study.out + ".gwas.tsv").read_bytes() == resumed


def test_resume_without_anything_to_resume_begins(study):
    assert main(command(study, "--resume")) == 0
    assert results(study) == [".gwas.tsv", ".summary.json"]


def test_python_raises_what_the_command_prints(study):
    os.remove(study.bfile + ".bim")
    import pandas as pd

    with pytest.raises(GemcontError, match="study.bim: no such file"):
        run_gwas(study.bfile, pd.DataFrame(study.traits))


def test_mistakes_that_others_ship(tmp_path):
    """Ids in two families, #FID, zero-padded ids, a monomorphic variant, a strong hit, signs."""
    rng = np.random.default_rng(21)
    dosages = random_dosages(rng, 6, 200, low=0.3, high=0.7)
    dosages[2] = 2
    people = [(f"{i % 2}", f"{i // 2:04d}", 1) for i in range(200)]  # every IID in two families
    write_fileset(str(tmp_path / "g"), dosages, people, named_variants(6))
    trait = 2 * dosages[4] + 0.5 * rng.standard_normal(200)
    order = rng.permutation(200)
    lines = ["#FID IID y"] + [f"{people[i][0]} {people[i][1]} {trait[i]:.6f}" for i in order]
    (tmp_path / "p").write_text("\n".join(lines))
    arguments = ["--bfile", str(tmp_path / "g"), "--pheno", str(tmp_path / "p"), "--no-plot"]
    assert main([*arguments, "--out", str(tmp_path / "o")]) == 0
    table = pl.read_csv(tmp_path / "o.gwas.tsv", separator="\t", null_values="NA")
    assert table["variant_id"].to_list() == [f"rs{i}" for i in range(6)]
    assert table["beta"].is_null().to_list() == [False, False, True, False, False, False]
    assert table["beta"][4] == pytest.approx(2, abs=0.2)
    assert table["n"].to_list() == [200] * 6
    assert table["neg_log_10_p_value"].arg_max() == 4


def test_the_log_never_writes_over_an_input(study, capsys):
    os.rename(study.pheno, study.out + ".log")
    study.pheno = study.out + ".log"
    before = Path(study.pheno).read_text()
    fails(study, capsys, [], "result.log is also an input")
    assert Path(study.pheno).read_text() == before
    os.link(study.covar, study.out + ".summary.json")
    study.pheno = str(study.folder / "study.covar")
    os.remove(study.out + ".log")
    assert main(command(study)) == 2
    assert "result.summary.json is also an input" in capsys.readouterr().err


def test_two_runs_do_not_share_a_prefix(study, capsys):
    import fcntl

    with open(study.out + ".log", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        fails(study, capsys, [], "another run is writing", "choose another prefix")
    assert main(command(study)) == 0


def test_files_of_an_earlier_run_do_not_stay_beside_new_ones(study):
    assert main(command(study, plot=True)) == 0
    assert main(command(study, "--format", "parquet")) == 0
    assert results(study) == [".gwas.parquet", ".summary.json"]


def test_a_folder_or_nothing_is_no_prefix(study, capsys):
    study.out = ""
    with pytest.raises(SystemExit) as stopped:
        main(command(study))
    assert stopped.value.code == 2
    assert "--out: the value is empty" in capsys.readouterr().err
    for out in (str(study.folder), str(study.folder) + "/"):
        study.out = out
        assert main(command(study)) == 2
        assert "give a prefix" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cost_$_a_$", r"a$\frac$", "x$^$"])
def test_any_trait_name_can_be_drawn(study, name):
    write_table(study.folder / "study.pheno", [name, "b"], study.traits)
    assert main(command(study, plot=True)) == 0
    assert ".qq.png" in results(study)


def test_heavy_tails_with_rare_variants_are_warned_of(study):
    traits = np.random.default_rng(9).lognormal(0, 2, size=(101, 1))
    write_table(study.folder / "study.pheno", ["skewed"], traits)
    assert main(command(study)) == 0
    assert "Warning: heavy-tailed or skewed traits (skewed) and 60 variants" in log_of(study)
    assert main(command(study, "--rank-int")) == 0
    assert "heavy-tailed" not in log_of(study)
