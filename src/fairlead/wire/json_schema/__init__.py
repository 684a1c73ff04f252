"""JSON Schema to the subsets of it that vendors take. Pure.

Clients send JSON Schema as their libraries make it: `$ref` and `$defs`, `const`, `oneOf`, lists of
types, exclusive bounds. A vendor takes less. `translate` says the same with less, under a
`Profile` that lists what the vendor knows, by one principle:

    The result accepts whatever the original accepts. It may accept more, and then says so.

So a keyword without an equivalent is dropped and named, a bound is rounded outwards, `oneOf` is
said as `anyOf`, a recursive `$ref` is unrolled a little and then cut to "any value of that type".
Where the words of a lost keyword help the model (a format, an enum of numbers), they go into the
description. Where a vendor must be told a type and the schema doesn't say one, it is the one that
`properties`, `items` or `enum` imply, else any of them all. One thing is assumed there: an array
about whose items nothing is said holds no arrays (or the schema would never end).

The work is bounded: `MAX_DEPTH` levels (beyond them a `SchemaError`), `MAX_NODES` subschemas
(beyond them every further reference is cut), whatever the references weave.
"""

from fairlead.wire.json_schema.profile import Lost, Profile, Translated
from fairlead.wire.json_schema.references import MAX_NODES, tame
from fairlead.wire.json_schema.translation import translate
from fairlead.wire.json_schema.vocabulary import SchemaError, keywords

__all__ = [
    "MAX_NODES",
    "Lost",
    "Profile",
    "SchemaError",
    "Translated",
    "keywords",
    "tame",
    "translate",
]
