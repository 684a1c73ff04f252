"""Facts about models and prices, each with its source and date.

`load()` gives the frozen `Catalog`; `shipped_policies()` the texts of the routing policies.
"""

from fairlead.catalog.catalog import Catalog, Family
from fairlead.catalog.claims import Claim, Source
from fairlead.catalog.facts import Fact
from fairlead.catalog.keys import CatalogError
from fairlead.catalog.loading import load
from fairlead.catalog.model import (
    Lifecycle,
    Limits,
    Model,
    Price,
    Sampling,
    Thinking,
    ThinkingKind,
    Vendor,
)
from fairlead.catalog.shipped import shipped_policies
from fairlead.catalog.surcharge import Surcharge

__all__ = [
    "Catalog",
    "CatalogError",
    "Claim",
    "Fact",
    "Family",
    "Lifecycle",
    "Limits",
    "Model",
    "Price",
    "Sampling",
    "Source",
    "Surcharge",
    "Thinking",
    "ThinkingKind",
    "Vendor",
    "load",
    "shipped_policies",
]
