"""What a search that an answer made costs, by the list: Google's, Anthropic's, OpenAI's."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from fairlead.catalog import Catalog
from fairlead.cost.book import NamedPrices
from fairlead.ledger.in_order import Answer

__all__ = ["Fees", "search_fees"]

Fees = Callable[[Answer], tuple[int, Decimal]]
"""How many searches an answer is billed for, and what each costs in US dollars."""

_TOOL = "web_search"
_MILLION = Decimal(10**6)


def search_fees(catalog: Catalog) -> Fees:
    """The fees at the prices of each answer's day: by the answer, or by the search."""
    prices = NamedPrices(catalog)
    held: dict[tuple[str, date], tuple[bool, Decimal]] = {}

    def fee(model: str, day: date) -> tuple[bool, Decimal]:
        table = prices.of(model, day)
        if table is None:
            return False, Decimal(0)
        by_answer = table.usd_per_million(f"prompt_{_TOOL}")
        each = by_answer if by_answer is not None else table.usd_per_million(f"call_{_TOOL}")
        return by_answer is not None, (each or Decimal(0)) / _MILLION

    def fees(answer: Answer) -> tuple[int, Decimal]:
        searches = answer.calls(_TOOL)
        if not searches:
            return 0, Decimal(0)
        day = datetime.fromtimestamp(answer.at, UTC).date()
        found = held.get((answer.model, day))
        if found is None:
            found = held[answer.model, day] = fee(answer.model, day)
        by_answer, each = found
        return (1 if by_answer else searches), each

    return fees
