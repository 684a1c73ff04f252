import asyncio
from math import inf

import pytest

from fairlead.upstream import keeper as module
from fairlead.upstream.keeper import Keeper
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest


class Fake:
    """A signer that notes its refreshes; `gives` are seconds until the next, None a failure."""

    def __init__(self, *gives: float | None) -> None:
        self.gives, self.refreshed = list(gives), 0
        self._due = 0.0

    def sign(self, request: HttpRequest) -> HttpRequest:
        return request

    async def refresh(self) -> None:
        self.refreshed += 1
        given = self.gives.pop(0) if self.gives else inf
        self._due = 0.0 if given is None else given
        if given is None:
            raise NotReady("no")

    def due(self) -> float:
        return self._due


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "LEAST", 0.001)


async def test_it_refreshes_until_it_is_not_due_and_again_after_failures() -> None:
    keeper, signer = Keeper(), Fake(None, None, inf)
    keeper.watch([signer])
    assert not keeper.settled([signer])
    await keeper.settle([signer], 10)
    assert keeper.settled([signer])
    async with asyncio.timeout(10):
        while signer.refreshed < 3:  # noqa: ASYNC110 - a signer tells nobody of its refreshes
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert signer.refreshed == 3
    await keeper.close()


async def test_waiting_for_one_that_hangs_has_an_end() -> None:
    class Hanging(Fake):
        async def refresh(self) -> None:
            await asyncio.Event().wait()

    keeper, signer = Keeper(), Hanging()
    keeper.watch([signer])
    await keeper.settle([signer], 0.01)
    assert not keeper.settled([signer])
    await keeper.close()


async def test_what_is_watched_no_more_is_left_alone() -> None:
    keeper, old, new = Keeper(), Fake(0.0), Fake(inf)
    keeper.watch([old])
    await keeper.settle([old], 10)
    keeper.watch([new])
    await keeper.settle([new], 10)
    counted = old.refreshed
    await asyncio.sleep(0.02)
    assert (old.refreshed, new.refreshed) == (counted, 1)
    keeper.watch([new])
    await asyncio.sleep(0.01)
    assert new.refreshed == 1
    await keeper.close()


async def test_what_nobody_foresaw_does_not_end_the_refreshing(monkeypatch, caplog) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.001)

    class Surprising(Fake):
        async def refresh(self) -> None:
            await super().refresh()
            if self.refreshed == 1:
                self._due = 0.0
                raise KeyError("surprise")

    keeper, signer = Keeper(), Surprising(0.0, inf)
    keeper.watch([signer])
    async with asyncio.timeout(10):
        while signer.refreshed < 2:  # noqa: ASYNC110 - a signer tells nobody of its refreshes
            await asyncio.sleep(0.001)
    assert "could not be refreshed" in caplog.text
    await keeper.close()
