"""An encoder of one's own: trained by genetics on a simulated study, judged by the engine.

python examples/own_encoder.py
"""

import tempfile
from pathlib import Path

from torch import nn

from gemcont.learn.evaluation.study import evaluate_study
from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.simulation.simulate import write_study
from gemcont.settings.train import TrainSettings

IMAGES = Path(__file__).parent / "data" / "emnist_sample.npz"


class Strided(nn.Sequential):
    """Any module that is made of (channels, H, W) and a width, and returns (batch, width)."""

    def __init__(self, shape, width):
        super().__init__(
            nn.Conv2d(shape[0], 16, 5, stride=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.Linear(9 * 32, width),
        )


def main():
    with tempfile.TemporaryDirectory() as folder:
        study, model = f"{folder}/study", f"{folder}/model"
        sizes = {"n_train": 3000, "n_test": 3000, "variants": 10, "null_variants": 200}
        write_study(IMAGES, study, **sizes, n_external=5000)
        settings = TrainSettings(encoder="own_encoder:Strided", epochs=6, batch_size=128, lr=2e-3)
        train_files(Inputs(study=study), Split(), settings, model)
        found = evaluate_study(study, model, f"{folder}/result")
    print(f"R2 of the trait in {found['n_test']} people never seen: {found['r2']:.2f}")
    for test in found["tests"]:
        print(f"{test['test']}: {test['causal_recovered']:.0%} of the causal variants")
    return found


if __name__ == "__main__":
    main()
