"""What a vendor's schema knows, and what is lost on the way into it."""

from collections.abc import Mapping

from msgspec import Struct

from fairlead.wire.json_schema.vocabulary import Schema

__all__ = ["Losses", "Lost", "Profile", "Translated"]


class Profile(Struct, frozen=True):
    """What a vendor's schema knows.

    `keep` holds the keywords that are passed on. `formats` limits `format` by type (None: any).
    `inline_refs`: there are no references. `string_enums`: `enum` holds non-empty strings only.
    `nullable`: null is said by `nullable: true`, not by a type. `upper_types`: type names are
    upper case. `types_needed`: each schema has one type, or `anyOf`, and an array has `items`.
    `lone_any_of`: no keyword may stand beside `anyOf`. `type_lists`: `type` may be a list.
    `plain_enums`: `enum` holds strings and numbers only. `required_cycles`: a reference may lead
    back to where it stands from within a required property too.
    """

    name: str
    keep: frozenset[str]
    formats: Mapping[str, frozenset[str]] | None = None
    inline_refs: bool = True
    string_enums: bool = False
    nullable: bool = False
    upper_types: bool = False
    lone_any_of: bool = False
    types_needed: bool = False
    type_lists: bool = False
    plain_enums: bool = False
    required_cycles: bool = True


class Lost(Struct, frozen=True):
    """A keyword that the result doesn't say: where it stood, its name, and why."""

    pointer: str
    keyword: str
    why: str


class Translated(Struct, frozen=True):
    """A schema in the profile's words, and what was lost; each keyword is named once."""

    schema: Schema
    lost: tuple[Lost, ...] = ()


class Losses:
    """What has been lost of one schema so far."""

    def __init__(self) -> None:
        self.lost: list[Lost] = []

    def lose(self, pointer: str, keyword: str, why: str) -> None:
        """Note that the result doesn't say `keyword` of `pointer`."""
        self.lost.append(Lost(pointer, keyword, why))

    def each_once(self) -> tuple[Lost, ...]:
        """Each keyword with its first place, in the order of these."""
        unique = {lost.keyword: lost for lost in reversed(self.lost)}
        return tuple(reversed(unique.values()))
