"""The settings of money (see `server.settings`): what is paid instead of list prices, what is free,
what is owed anyway, and the currency that is shown.
"""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = [
    "CommitmentSettings",
    "DisplaySettings",
    "FreeQuotaSettings",
    "PriceSettings",
]


class PriceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A discount or a commitment."""

    factor: Annotated[
        float,
        Meta(ge=0, le=100, description="On every price of the model: 0.85 is 15 % off."),
    ]


class FreeQuotaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is free a day, or a month: requests and tokens, or the fees of searches."""

    upstream: Annotated[str, Meta(description="Whose key has it: the upstream's name.")]
    models: Annotated[
        tuple[str, ...],
        Meta(description="Ids of the models that share it, or patterns (`gemini-*`). Empty: all."),
    ] = ()
    requests: Annotated[
        int,
        Meta(ge=0, description="So many requests of a period are free. 0: they are not counted."),
    ] = 0
    tokens: Annotated[
        int,
        Meta(
            ge=0,
            description="So many tokens of a period are free, prompts and answers together."
            " 0: they are not counted.",
        ),
    ] = 0
    searches: Annotated[
        int,
        Meta(
            ge=0,
            description="The fees of so many searches of a period are free, and nothing else of"
            " the request. Beside `requests` and `tokens`: in a quota of its own.",
        ),
    ] = 0
    period: Annotated[
        Literal["day", "month"], Meta(description="How long it lasts: a day, or a calendar month.")
    ] = "day"
    time_zone: Annotated[
        str,
        Meta(description="Whose midnight begins the period: `America/Los_Angeles` for Google's."),
    ] = "UTC"


class CommitmentSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is owed whatever is used: a fixed fee, or a spend that was committed to."""

    usd: Annotated[float, Meta(ge=0, description="So many US dollars for each period.")]
    kind: Annotated[
        Literal["fee", "spend"],
        Meta(
            description="`fee`: owed besides what is used (provisioned throughput). `spend`: what"
            " the month's requests fall short of it is owed at its end."
        ),
    ] = "spend"
    period: Annotated[
        Literal["hour", "month"], Meta(description="Of a fee. A spend is of a calendar month.")
    ] = "month"
    upstream: Annotated[
        str, Meta(description="Whose requests count towards a spend: the upstream's name.")
    ] = ""
    models: Annotated[
        tuple[str, ...],
        Meta(description="Of a spend: ids of the models that count, or patterns. Empty: all."),
    ] = ()
    time_zone: Annotated[str, Meta(description="Whose midnight begins the month.")] = "UTC"
    since: Annotated[dt.date | None, Meta(description="Its first day. Absent: always.")] = None
    until: Annotated[
        dt.date | None, Meta(description="The first day on which it no longer holds.")
    ] = None


class DisplaySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Another currency than US dollars, for people's eyes only: the ledger and all JSON stay in
    dollars. Prices of a million tokens are facts of their sources and stay in dollars too.
    """

    currency: Annotated[
        str, Meta(description="Its code, such as `EUR`. Empty: amounts are shown in US dollars.")
    ] = ""
    rate: Annotated[float, Meta(ge=0, description="So much of it is one US dollar.")] = 0.0
    date: Annotated[
        dt.date | None, Meta(description="The day of the rate, which is shown beside it.")
    ] = None
