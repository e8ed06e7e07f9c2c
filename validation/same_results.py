"""Every command on the bundled data, and whether two versions of gemcont write the same bytes.

    python validation/same_results.py make DIR       all results of the installed gemcont, into DIR
    python validation/same_results.py compare A B    exit 1 if a file of A is not in B byte for byte

For a change that must not change a result: ``make`` before it, ``make`` after it, ``compare``.
Logs are left out, for they say how fast, and the unfinished work of chunks; so are times and
versions in .json files.
"""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parent.parent / "examples" / "data"
MICE = ["--bfile", "mouse_hs1940", "--chr-set", "19", "--pheno", "mouse_hs1940.pheno.tsv"]
SEX = ["--covar", "mouse_hs1940.covar.tsv", "--covar-name", "sex"]
TWO = [*MICE, "--pheno-name", "cd8,mch", *SEX]
ONE = [*MICE, "--pheno-name", "mch", *SEX]
MAIZE = ["--bfile", "maize", "--pheno", "maize.pheno"]
STUDY = ["--study", "study"]

COMMANDS = {  # name of the results -> command line, in the order in which they need each other
    "plain": ["gwas", *TWO],
    "f": ["gwas", *TWO, "--test", "f", "--effects", "--maf", "0.05", "--format", "tsv.gz"],
    "one": ["gwas", *ONE, "--test", "f"],
    "ssf": ["gwas", *ONE, "--format", "ssf", "--genome-build", "GRCm37"]
    + ["--kinship", "grm", "--loco"],
    "common": ["gwas", *TWO, "--contrast", "common", "--format", "parquet"],
    "own": ["gwas", *TWO, "--each-trait", "--each-trait-samples", "own"],
    "each": ["gwas", *TWO, "--each-trait", "--save-products"],
    "dense": ["gwas", *TWO, "--each-trait-only", "--dense"],
    "top": ["gwas", *TWO, "--each-trait-only", "--top-k", "20"],
    "split": ["gwas", *MICE, "--pheno-name", "cd8,mch,coat", "--each-trait", "--split-traits"],
    "maize": ["gwas", *MAIZE, "--pcs", "2", "--rank-int", "--p-max", "0.01", "--geno", "0.1"],
    "condition": ["gwas", *TWO, "--condition", "rs3707673", "--kinship", "grm"],
    "kinship": ["kinship", *MICE[:4], "--loco"],
    "related": ["gwas", *TWO, "--kinship", "kinship", "--each-trait", "--test", "f"],
    "free": ["gwas", *TWO, "--kinship", "grm", "--contrast", "any-vs-common"],
    "refit": ["gwas", *TWO, "--kinship", "grm", "--refit", "1e-3", "--effects"],
    "chunk": ["gwas", *TWO, "--each-trait", "--chunk", "1/2"],
    "chunk#2": ["gwas", *TWO, "--each-trait", "--chunk", "2/2", "--out", "chunk"],
    "chunk#3": ["gwas", "merge", "--out", "chunk"],
    "clump": ["clump", *MICE[:4], "--sumstats", "plain.gwas.tsv", "--clump-p1", "5e-8"]
    + ["--clump-r2", "0.05", "--clump-kb", "5000", "--plot", "2", "--ld-matrix"],
    "male": ["gwas", *ONE, "--maf", "0.01", "--keep", "half.1"],
    "female": ["gwas", *ONE, "--maf", "0.01", "--keep", "half.2"],
    "meta": ["meta", "--sumstats", "male.gwas.tsv", "female.gwas.tsv", "--names", "m", "f"]
    + ["--build", "unknown", *MICE[2:4]],
    "panel": ["panel", "--sumstats", "male.gwas.tsv", "female.gwas.tsv", "--names", "m", "f"]
    + ["--build", "unknown", *MICE[:4], "--p", "1e-4"],
    "score": ["panel", "score", *MICE[:4], "--panel", "panel.panel.tsv"],
    "store1": ["gwas", *TWO, "--keep", "half.1", "--save-products"],
    "store2": ["gwas", *TWO, "--keep", "half.2", "--save-products"],
    "project": ["project", "--products", "each", "--traits", "mch"],
    "joint": ["meta", "--joint", "store1", "store2"],
    "study": ["simulate", "--images", "emnist_sample.npz", "--n-train", "1500", "--n-test", "1500"]
    + ["--variants", "10"],
    "model": ["train", *STUDY, "--encoder", "mlp", "--epochs", "2", "--batch-size", "256"],
    "embed": ["embed", *STUDY, "--model", "model", "--directions", "auto"],
    "scan": ["gwas", "--bfile", "study/study", "--pheno", "embed.embed.tsv", "--pcs", "8"],
    "eval": ["evaluate", *STUDY, "--model", "model"],
}
UNSTABLE = {"gemcont", "versions", "arguments", "seconds", "seconds_of_threads"}
UNSTABLE |= {"images_per_second"}
_SHOWN = 30  # files that differ
APART = {".log", ".pt"}  # which hold times; a model's weights show in the embeddings


def make(folder):
    """Write the results of every command into ``folder``, with the data beside them."""
    folder.mkdir(parents=True)
    for path in DATA.iterdir():
        (folder / path.name).symlink_to(path)
    people = (DATA / "mouse_hs1940.fam").read_text().splitlines()
    for half in (1, 2):
        ids = (line.split()[:2] for line in people[half - 1 :: 2])
        (folder / f"half.{half}").write_text("".join(f"{f}\t{i}\n" for f, i in ids))
    for name, (command, *flags) in COMMANDS.items():
        out = [] if "--out" in flags else ["--out", name]
        call = [f"gemcont-{command}", *flags, *out]
        run = subprocess.run(call, cwd=folder, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{' '.join(call)}: exit {run.returncode}\n{run.stderr}")
        print(name, flush=True)


def results(folder):
    """The files of a folder that are results: path within it -> what is compared."""
    for path in sorted(folder.rglob("*")):
        if (
            path.is_file()
            and not path.is_symlink()
            and path.suffix not in APART
            and ".blocks" not in str(path)
        ):
            yield str(path.relative_to(folder)), _content(path)


def _content(path):
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".json":
        return _stable(json.loads(path.read_text()))
    if path.suffix == ".yaml":
        return [line for line in path.read_text().splitlines() if "date" not in line]
    if path.suffix == ".jsonl":
        return [_stable(json.loads(line)) for line in path.read_text().splitlines()]
    return path.read_bytes()


def _stable(value):
    if isinstance(value, dict):
        return {key: _stable(v) for key, v in value.items() if key not in UNSTABLE}
    return [_stable(v) for v in value] if isinstance(value, list) else value


def compare(one, other):
    """Print the files that differ or stand in one folder only; return their number."""
    a, b = dict(results(one)), dict(results(other))
    wrong = sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))
    for name in wrong[:_SHOWN]:
        where = "differs" if name in a and name in b else f"only in {one if name in a else other}"
        print(f"{name}: {where}")
    print(f"{len(a)} files, {len(wrong)} differ")
    return len(wrong)


def main():
    os.environ["MPLBACKEND"] = "agg"
    match sys.argv[1:]:
        case ["make", folder]:
            make(Path(folder))
        case ["compare", one, other]:
            sys.exit(bool(compare(Path(one), Path(other))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
