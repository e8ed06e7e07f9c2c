"""The learner: contrastive encoders of images and genotypes. torch lives here and only here."""

from gemcont.errors import GemcontError


def require_torch():
    """The torch module, or a GemcontError that says how to install it."""
    try:
        import torch
    except ImportError:
        raise GemcontError("gemcont.learn needs torch: pip install 'gemcont[learn]'") from None
    return torch
