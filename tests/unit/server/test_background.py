"""A chore beside the requests: it begins with `start`, and is over after `stop`."""

import asyncio

from fairlead.server.background import Background


class Counting(Background):
    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.over = False

    async def _run(self) -> None:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # what it tidies up may take turns of the loop
            self.over = True


async def test_stop_waits_until_it_is_over() -> None:
    chore = Counting()
    chore.start()
    await chore.begun.wait()
    assert not chore.over
    await chore.stop()
    assert chore.over


async def test_what_never_began_can_be_stopped_and_twice() -> None:
    chore = Counting()
    await chore.stop()
    chore.start()
    await chore.begun.wait()
    await chore.stop()
    await chore.stop()
    assert chore.over
