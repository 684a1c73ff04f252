"""What goes wrong at the three doors of the chaos suite, by a seed."""

import random
from collections import Counter
from typing import Any, Final

from benchmarks.chaos_front import Front
from benchmarks.chaos_gateway import tell
from fairlead.emulator import EmulatorThread, FaultRule

__all__ = ["CERTIFICATE", "DNS", "FAULTS", "FLAPPING", "FLAP_EVERY", "Door", "Storm"]

FLAP_EVERY: Final = 10
"""Requests after which a flapping door changes."""

FAULTS: Final[dict[str, dict[str, Any]]] = {
    "500": {"action": "status", "status": 500},
    "529": {"action": "status", "status": 529},
    "503, retry-after": {"action": "status", "status": 503, "retry_after": 0.2},
    "429, retry-after": {"action": "status", "status": 429, "retry_after": 0.5},
    "429": {"action": "status", "status": 429},
    "reset": {"action": "reset"},
    "reset in mid-answer": {"action": "reset", "after": 300},
    "cut off": {"action": "close", "after": 500},
    "closed": {"action": "close"},
    "stall": {"action": "stall", "seconds": 1.5},
    "stall in mid-answer": {"action": "stall", "seconds": 30.0, "after": 400},
    "slow drip": {"action": "drip", "bytes": 200, "interval": 0.01},
    "malformed chunk": {"action": "malformed_chunk", "after": 200},
    "malformed event": {"action": "malformed_event", "after": 200},
    "wrong length": {"action": "wrong_length", "delta": 10},
    "error first": {"action": "stream_error", "after": 0, "status": 529},
    "error in mid-stream": {"action": "stream_error", "after": 400, "status": 500},
}
CERTIFICATE, DNS, FLAPPING = "certificate expired", "DNS gone", "flapping"


class Door:
    """A vendor: its emulator, and what stands before it. `name` is a host name that can be made
    unresolvable, `control` the gateway's socket for that.
    """

    def __init__(
        self,
        emulator: EmulatorThread,
        front: Front | None = None,
        name: str = "",
        control: str = "",
    ) -> None:
        self.emulator = emulator
        self._front = front
        self._name = name
        self._control = control
        self._stricken = ""

    @property
    def own(self) -> str:
        """The fault that only this door can have; empty for none."""
        if self._front is None:
            return ""
        return DNS if self._name else CERTIFICATE

    def strike(self, fault: str, share: float) -> None:
        """It is so from now on."""
        self._stricken = fault
        if fault in FAULTS:
            self.emulator.faults.add(FaultRule(**FAULTS[fault], share=share))
            return
        if fault == DNS:
            tell(self._control, f"gone {self._name}")
        elif self._front is not None:
            self._front.certify(fresh=False)
        if self._front is not None:
            self._front.hang_up()  # what is connected needs neither a name nor a certificate

    def calm(self) -> Counter[str]:
        """Nothing is wrong with it from now on. How often each fault of the emulator has struck."""
        struck = Counter({self._stricken: sum(self.emulator.faults.hits)})
        self.emulator.faults.clear()
        if self._stricken == DNS:
            tell(self._control, f"back {self._name}")
        elif self._stricken == CERTIFICATE and self._front is not None:
            self._front.certify(fresh=True)
        self._stricken = ""
        return +struck


class Storm:
    """Changes every hundred requests: mostly one or two doors have a fault, seldom all of them.
    `struck` is how often each fault was met.
    """

    def __init__(self, doors: list[Door], seed: int) -> None:
        self.struck: Counter[str] = Counter()
        self._doors = doors
        self._draw = random.Random(seed)  # noqa: S311 - a schedule, and no secret
        self._flapping: list[tuple[Door, str, float]] = []
        self._on = False

    def change(self) -> None:
        """Other faults."""
        self.calm()
        draw = self._draw
        for door in draw.sample(self._doors, draw.choice((0, 1, 1, 1, 2, 2, 3))):
            fault = draw.choice(tuple(FAULTS))
            if door.own and draw.random() < 0.25:
                fault = door.own
            share = draw.choice((0.2, 0.5, 1.0))
            door.strike(fault, share)
            if draw.random() < 0.2:
                self._flapping.append((door, fault, share))
        self._on = True

    def flap(self) -> None:
        """What flaps goes, or comes back."""
        self._on = not self._on
        for door, fault, share in self._flapping:
            self.struck[FLAPPING] += 1
            if self._on:
                door.strike(fault, share)
            else:
                self.struck.update(door.calm())

    def calm(self) -> None:
        """No faults."""
        self._flapping = []
        for door in self._doors:
            self.struck.update(door.calm())
