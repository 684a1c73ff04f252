"""A price list by what the user gives: the name of an installed package, or a file of JSON."""

import json
from datetime import date
from decimal import Decimal
from importlib import metadata, util
from pathlib import Path

from fairlead.catalog.claims import Source
from fairlead.catalog.from_genai_prices import PACKAGE, genai_prices_list
from fairlead.catalog.from_litellm import is_litellm, litellm_list
from fairlead.catalog.from_models_dev import is_models_dev, models_dev_list
from fairlead.catalog.keys import CatalogError
from fairlead.catalog.price_list import PriceList

__all__ = ["price_list"]

_LITELLM_MAP = "model_prices_and_context_window_backup.json"
_FORMS = (("litellm", is_litellm, litellm_list), ("models.dev", is_models_dev, models_dev_list))


def price_list(given: str, seen: date) -> PriceList:
    """The list that `given` names; a file is taken to say it on the day `seen`.

    Raises `CatalogError` where there is no such package or file, or nobody knows its form.
    """
    path = Path(given)
    if not path.is_file():
        return _installed(given, seen)
    for form, known, read in _FORMS:
        document = _json(path)
        if known(document):
            title = f"{form}, {path.name} as given on {seen}"
            return read(document, Source(f"{form}-{seen}", "catalogue", title), seen)
    raise CatalogError(f"{path}: neither litellm's price map nor models.dev's api.json")


def _installed(name: str, seen: date) -> PriceList:
    if name == PACKAGE and (found := genai_prices_list()) is not None:
        return found
    # The map is read beside the package: importing litellm takes seconds.
    spec = util.find_spec("litellm") if name == "litellm" else None
    if spec is not None and spec.submodule_search_locations:
        path = Path(spec.submodule_search_locations[0]) / _LITELLM_MAP
        version = metadata.version("litellm")
        source = Source(f"litellm-{version}", "catalogue", f"LiteLLM {version}, {_LITELLM_MAP}")
        return litellm_list(_json(path), source, seen)
    raise CatalogError(
        f"{name}: no such file, nor an installed package of prices ({PACKAGE}, litellm);"
        f" pip install {PACKAGE} gives one"
    )


def _json(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise CatalogError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise CatalogError(f"{path}: must be a JSON object")
    return document
