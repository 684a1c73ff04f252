"""Which vendor an id that nobody has told of is of, by its beginning; `vendors.toml` says it."""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.catalog.claims import parse_toml
from fairlead.catalog.model import Model, Sampling, Thinking
from fairlead.catalog.shipped import read

__all__ = ["MAX_NAME", "Vendors", "shipped_vendors"]

MAX_NAME = 200
"""A model name of more characters is refused without being looked for."""


class Vendors(Struct, frozen=True):
    """How an unknown id finds its vendor: spellings to strip, then the longest prefix.

    `sampling` lists the knobs of vendors whose API has not all of them, `plain_thoughts` those that
    refuse thoughts as plain text.
    """

    strip: tuple[str, ...]
    prefixes: tuple[tuple[str, str], ...]
    sampling: tuple[tuple[str, tuple[str, ...]], ...] = ()
    plain_thoughts: tuple[tuple[str, bool], ...] = ()

    def plain(self, name: str) -> str:
        """The name in lower case, without the spelling of another tool in front."""
        plain = name[: MAX_NAME + 1].lower()
        for prefix in self.strip:
            if plain.startswith(prefix):
                return plain[len(prefix) :]
        return plain

    def unknown(self, name: str) -> Model | None:
        """A model that only its prefix tells of; None if no prefix fits."""
        plain = self.plain(name)
        if len(name) <= MAX_NAME:
            for prefix, vendor in self.prefixes:
                if plain.startswith(prefix):
                    model = Model.unknown(plain, vendor)
                    accepts = dict(self.sampling).get(vendor, model.sampling.accepts)
                    thinking = Thinking(plain_back=dict(self.plain_thoughts).get(vendor, True))
                    return replace(model, sampling=Sampling(accepts=accepts), thinking=thinking)
        return None


def shipped_vendors() -> Vendors:
    """Those of the shipped file."""
    document = parse_toml(read("vendors.toml"), "vendors.toml")
    strip = msgspec.convert(document["strip"], list[str])
    prefixes = msgspec.convert(document["prefixes"], dict[str, str])
    sampling = msgspec.convert(document["sampling"], dict[str, tuple[str, ...]])
    plain_thoughts = msgspec.convert(document["plain_thoughts"], dict[str, bool])
    return Vendors(
        strip=tuple(sorted(strip, key=len, reverse=True)),
        prefixes=tuple(sorted(prefixes.items(), key=lambda item: -len(item[0]))),
        sampling=tuple(sampling.items()),
        plain_thoughts=tuple(plain_thoughts.items()),
    )
