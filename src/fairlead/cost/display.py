"""Money as people see it: US dollars, or another currency by a dated rate.

Amounts are US dollars everywhere: in the ledger, in all arithmetic, in every JSON. Only the text
that people read may be in another currency, and it names its rate once. Which one holds for a
context (a command, a request) is set by `show`: whoever prints an amount need not hand it on.
"""

import datetime as dt
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from msgspec import Struct

__all__ = [
    "Display",
    "currency_name",
    "dollars",
    "exact",
    "marked",
    "money_sign",
    "show",
    "shown",
]


class Display(Struct, frozen=True):
    """`rate` of the `currency` are one US dollar, on the day `date`."""

    currency: str
    rate: Decimal
    date: dt.date

    def told(self) -> str:
        """The rate in words, for the foot of a table."""
        return f"1 US dollar = {self.rate} {self.currency} (rate of {self.date})"


_SHOWN: ContextVar[Display | None] = ContextVar("shown", default=None)
_MARKED: ContextVar[Display | None] = ContextVar("marked", default=None)
_SIGNS = {
    "EUR": "\u20ac",
    "GBP": "\u00a3",
    "INR": "\u20b9",
    "KRW": "\u20a9",
    "JPY": "JP\u00a5",
    "CNY": "CN\u00a5",
}
_ENCODE = msgspec.json.Encoder(decimal_format="string").encode


def show(display: Display | None, *, json: bool = False) -> None:
    """Amounts are shown in this currency from here on (None: US dollars). With `json` they stay in
    dollars, and documents are `marked` with the rate.
    """
    _SHOWN.set(None if json else display)
    _MARKED.set(display)


def shown() -> Display | None:
    """The currency that holds here, None for US dollars."""
    return _SHOWN.get()


def money_sign() -> str:
    """What stands before an amount: `$`, `\u20ac`, or the code and a space."""
    display = _SHOWN.get()
    return "$" if display is None else _SIGNS.get(display.currency, f"{display.currency} ")


def currency_name() -> str:
    """`Dollars`, or the code of the currency that is shown, as the head of a table."""
    display = _SHOWN.get()
    return "Dollars" if display is None else display.currency


def dollars(amount: Decimal | None, places: int = 6) -> str:
    """`$0.001234` for people: rounded half up; `unpriced` for None. In the currency that is shown:
    not for arithmetic.
    """
    if amount is None:
        return "unpriced"
    display = _SHOWN.get()
    own = amount if display is None else amount * display.rate
    rounded = own.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    minus = "-" if rounded < 0 else ""
    return f"{minus}{money_sign()}{abs(rounded):,f}"


def exact(amount: Decimal | None) -> str:
    """`$0.0000012`: to ten places, without the zeros behind; `unpriced` for None."""
    return dollars(amount, 10).rstrip("0").rstrip(".")


def marked(document: bytes) -> bytes:
    """A JSON object whose amounts are US dollars, with the rate for who wants to show others."""
    display = _MARKED.get()
    if display is None or not document.startswith(b"{"):
        return document
    extra = _ENCODE({"currency": display.currency, "per_usd": display.rate, "date": display.date})
    inner = document[1:-1].strip()
    return b"{" + inner + (b"," if inner else b"") + b'"display":' + extra + b"}"
