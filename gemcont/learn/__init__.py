"""The learner: contrastive encoders of images and genotypes. torch lives here and only here.

files        trainings and embeddings from files to files
data/        people, their images, the panel's genotypes, minibatches
encoders/    networks
methods/     GEMCONT, its twins, the rivals, their losses
training/    the trainer, and the folder of a model
embedding/   embeddings of held-out people
evaluation/  the judgement of an embedding
simulation/  simulated studies
"""

from types import ModuleType

import gemcont
from gemcont.errors import GemcontError

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "Inputs": "files",
        "Split": "files",
        "embed_files": "files",
        "evaluate_study": "evaluation.study",
        "read_facts": "training.model",
        "refuse_folder": "simulation.simulate",
        "train_files": "files",
        "write_study": "simulation.simulate",
    },
)


def require_torch() -> ModuleType:
    """Return torch, or raise GemcontError with the command that installs it."""
    try:
        import torch
    except ImportError:
        raise GemcontError("gemcont.learn needs torch: pip install 'gemcont[learn]'") from None
    return torch
