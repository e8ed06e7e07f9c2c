"""The paper's comparison, small: every method on the same simulated studies, judged by the engine.

Simulates a study a split (100 variants, h_g 0.5, 45 degrees), trains each method, evaluates it on
the test people; prints a table and draws PREFIX.png. A model that stands there already is used
again, so a killed run goes on.

    python validation/learner.py --images emnist.npz --encoder mlp --n-train 100000 --splits 0 1
    python validation/learner.py --images emnist.npz --encoder cnn --n-train 50000 --epochs 10 \
        --arms supervised gemcont simclr vae
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from matplotlib.figure import Figure

from gemcont.plots.save import save

ARMS = {
    "supervised": ["--method", "supervised"],
    "gemcont": [],
    "gemcont, CLIP": ["--loss", "clip"],
    "gemcont, CLIP, no unit norm": ["--loss", "clip", "--no-normalise"],
    "dosage": ["--loss", "dosage"],
    "prs": ["--method", "prs"],
    "simclr": ["--method", "simclr"],
    "vae": ["--method", "vae"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--images", required=True)
    parser.add_argument("--encoder", default="mlp")
    parser.add_argument("--n-train", type=int, default=100_000)
    parser.add_argument("--n-test", type=int, default=100_000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--splits", type=int, nargs="+", default=[0])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--folder", default="learner", help="of studies, models and results")
    options = parser.parse_args()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    results = {}
    for split in options.splits:
        study = folder / f"study{options.seed}.{split}.{options.n_train}"
        if not study.exists():
            sizes = ["--n-train", options.n_train, "--n-test", options.n_test]
            run("simulate", "--images", options.images, "--seed", options.seed, "--split", split,
                *sizes, "--out", study)  # fmt: skip
        for arm in options.arms:
            results[arm, split] = judged(arm, study, options)
            print(row(arm, split, results[arm, split]), flush=True)
    draw(results, folder / f"{options.encoder}.png", options)


def judged(arm, study, options):
    name = f"{study.name}.{options.encoder}.{arm.replace(', ', '-').replace(' ', '-')}"
    model, prefix = study.parent / name, study.parent / f"{name}.result"
    if not Path(f"{prefix}.eval.json").exists():
        numbers = ["--epochs", options.epochs, "--batch-size", options.batch_size]
        run("train", "--study", study, "--encoder", options.encoder, *numbers, "--lr", options.lr,
            "--out", model, "--resume", *ARMS[arm])  # fmt: skip
        run("evaluate", "--study", study, "--model", model, "--out", prefix)
    result = json.loads(Path(f"{prefix}.eval.json").read_text())
    lines = [json.loads(line) for line in (model / "metrics.jsonl").read_text().splitlines()]
    return result | {"seconds": sum(line["seconds"] for line in lines)}


def run(command, *arguments):
    module = [sys.executable, "-m", f"gemcont.cli.{command}"]
    subprocess.run([*module, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def row(arm, split, result):
    shown = [share(result, "PC", count) for count in (1, 4, 16, 64)]
    false = max(test["null_recovered"] for test in result["tests"])
    cells = [arm, split, f"{result['r2']:.3f}", *shown, share(result, "canonical direction", 1),
             f"{result['oracle_recovered']:.2f}", f"{result['lambda_gc']:.3f}", false,
             f"{result['seconds']:.0f}"]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def share(result, what, count):
    """A test's share of the causal variants, with the components that it had where fewer."""
    dof = result["pcs"][str(count)] if what == "PC" else count
    name = f"{dof} {what}{'s' if dof > 1 else ''}"
    shares = {test["test"]: test["causal_recovered"] for test in result["tests"]}
    if name not in shares:
        return "none"
    return f"{shares[name]:.2f}" + ("" if dof == count else f" ({dof})")


def draw(results, path, options):
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    names = options.arms[::-1]
    tests = {result["main_test"] for result in results.values()}
    panels = (
        ("r2", "R² of z"),
        ("causal_recovered", f"Causal variants found, {' or '.join(sorted(tests))}"),
    )
    for panel, (key, label) in zip(axes, panels, strict=True):
        values = [[results[name, s][key] for s in options.splits] for name in names]
        panel.barh(names, [sum(v) / len(v) for v in values], color="#1f4e79", height=0.66)
        for place, several in enumerate(values):
            panel.plot(several, [place] * len(several), "o", color="#e0a458", markersize=4)
        panel.set(xlabel=label, xlim=(0, 1))
        panel.spines[["top", "right"]].set_visible(False)
    oracle = [results[names[0], s]["oracle_recovered"] for s in options.splits]
    axes[1].axvline(sum(oracle) / len(oracle), color="0.35", linestyle="--", linewidth=1)
    axes[1].set_title("dashed: z itself", fontsize=9)
    axes[0].set_title(f"{options.encoder}, {options.n_train:,} training people", fontsize=9)
    save(figure, path)


if __name__ == "__main__":
    main()
