"""botocore, where it is installed: the whole chain of credentials and settings of AWS's tools.

Imported when an upstream is configured that signs, and never otherwise: it takes half a
second of CPU and 26 MB.
"""

from importlib import import_module
from typing import Any

__all__ = ["MISSING", "session_of"]

MISSING = (
    "AWS credentials need botocore, which is not installed:"
    " `pip install 'fairlead[bedrock]'` (or set AWS_BEARER_TOKEN_BEDROCK)"
)


def session_of(profile: str) -> Any:  # noqa: ANN401 - botocore has no types
    """A session of botocore's for a profile ("": AWS_PROFILE or the default one).

    Raises:
        ValueError: botocore is missing.
    """
    try:
        module: Any = import_module("botocore.session")
    except ImportError:
        raise ValueError(MISSING) from None
    return module.Session(profile=profile or None)
