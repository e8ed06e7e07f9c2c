"""What the tests share: small filesets with everything awkward in them, and the bundled data."""

import signal
from pathlib import Path

import numpy as np
import pytest
from reference.packed import write_fileset

# A shell that runs the tests in its background has them ignore this, and every command with them.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent
BUNDLED = ROOT / "examples" / "data"


def random_dosages(rng, n_variants, n_samples, missing=0.0, low=0.05, high=0.95):
    """Hard calls (variants, samples) of effect alleles, NaN missing, the effect allele of any
    frequency."""
    frequency = rng.uniform(low, high, size=(n_variants, 1))
    dosages = rng.binomial(2, frequency, size=(n_variants, n_samples)).astype(float)
    dosages[rng.random(dosages.shape) < missing] = np.nan
    return dosages


def named_samples(count):
    """(fid, iid, sex) of ``count`` samples."""
    return [(f"f{i}", f"s{i}", 1 + i % 2) for i in range(count)]


def named_variants(count, chromosomes=("1",)):
    """(chromosome, id, position, a1, a2) of ``count`` variants, spread over the chromosomes."""
    each = -(-count // len(chromosomes))
    return [(chromosomes[i // each], f"rs{i}", 100 + i, "A", "G") for i in range(count)]


def write_table(path, names, rows, ids=None, separator="\t"):
    """A FID IID table; rows: (samples, columns) of anything, NaN written as NA."""
    rows = np.asarray(rows, dtype=object)
    ids = ids or [(f, i) for f, i, _ in named_samples(len(rows))]
    lines = [separator.join(["FID", "IID", *names])]
    for (fid, iid), row in zip(ids, rows, strict=True):
        values = ["NA" if isinstance(v, float) and np.isnan(v) else str(v) for v in row]
        lines.append(separator.join([fid, iid, *values]))
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def study(tmp_path):
    """A fileset of 60 variants x 101 samples with missing genotypes, two traits, a covariate.

    Returns a namespace of paths (prefix, pheno, covar, out) and the arrays behind them.
    """
    rng = np.random.default_rng(7)
    dosages = random_dosages(rng, 60, 101, missing=0.05)
    traits, age = rng.standard_normal((101, 2)), rng.uniform(20, 60, size=(101, 1))
    traits[:, 0] += 0.8 * np.nan_to_num(dosages[3])
    prefix = str(tmp_path / "study")
    write_fileset(prefix, dosages, named_samples(101), named_variants(60, ("1", "2", "7")))

    class Study:
        bfile, out = prefix, str(tmp_path / "result")
        pheno = write_table(tmp_path / "study.pheno", ["height", "weight"], traits)
        covar = write_table(tmp_path / "study.covar", ["age"], age)
        folder = tmp_path

    Study.dosages, Study.traits, Study.covariates = dosages, traits, age
    return Study


@pytest.fixture(scope="session")
def image_study(tmp_path_factory):
    """Folder of a study: 600 training and 500 test people, 8 causal and 40 null variants."""
    from gemcont.learn.simulation.simulate import write_study

    folder = str(tmp_path_factory.mktemp("learn") / "study")
    sizes = {"n_train": 600, "n_test": 500, "variants": 8, "null_variants": 40}
    write_study(BUNDLED / "emnist_sample.npz", folder, **sizes, n_external=2000, seed=3)
    return folder


@pytest.fixture(scope="session")
def model(image_study, tmp_path_factory):
    """Folder of a model of ``image_study``, trained for three epochs; not to be changed."""
    from gemcont.learn.files import Inputs, Split, train_files
    from gemcont.settings.train import TrainSettings

    folder = str(tmp_path_factory.mktemp("model") / "m")
    settings = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)
    train_files(Inputs(study=image_study), Split(), settings, folder)
    return folder
