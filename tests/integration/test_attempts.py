"""Three deployments of a model behind a real gateway, and what becomes of their faults."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from tests.integration.conftest import Reply, start_gateway

from fairlead.emulator import EmulatorThread, FaultRule

HAIKU = "claude-haiku-4-5-20251001"
ASK = {"model": HAIKU, "messages": [{"role": "user", "content": "Suggest a name for a boat."}]}
NAMES = ("one", "two", "three")
ADMIN = "an-admin-key-of-some-length"


@dataclass
class Fleet:
    gateway: object
    emulators: dict[str, EmulatorThread]

    def fault(self, name: str, action: str, **rule) -> None:
        self.emulators[name].faults.add(FaultRule(action, **rule))

    def asked(self) -> dict[str, int]:
        return {name: len(each.books.requests) for name, each in self.emulators.items()}

    def state(self) -> dict[str, dict]:
        key = {"authorization": f"Bearer {ADMIN}"}
        told = self.gateway.request("GET", "/admin/deployments", headers=key).json()
        return {each["upstream"]: each for each in told["deployments"]}


@pytest.fixture(scope="module")
def emulators() -> Iterator[dict[str, EmulatorThread]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(EmulatorThread()) for name in NAMES}


def fleet_of(stack, folder, emulators, delivery: str, each: str = "") -> Fleet:
    config = "[delivery]\n" + delivery
    for name, emulator in emulators.items():
        config += (
            f'\n[upstreams.{name}]\nkind = "anthropic"\nbase_url = "{emulator.url}"\n'
            f'api_key_env = "ANTHROPIC_API_KEY"\n{each}\n'
        )
    env = {
        "ANTHROPIC_API_KEY": "emulated-anthropic-key",
        "FAIRLEAD_ANTHROPIC_BASE_URL": "unset",
        "FAIRLEAD_ADMIN_KEY": ADMIN,
        "FAIRLEAD_DELIVERY_RETRIES": "unset",
        "FAIRLEAD_DELIVERY_BREAKER_IN_A_ROW": "unset",
    }
    any_one = next(iter(emulators.values()))
    return Fleet(start_gateway(stack, folder, any_one, env, config), emulators)


PATIENT = """
retry_first_wait = 0.01
breaker_in_a_row = 1000
breaker_least = 1000
hold_back_ms = 300
"""


@pytest.fixture(scope="module")
def patient(emulators, tmp_path_factory) -> Iterator[Fleet]:
    """Its breakers stay closed, so that each request meets the fault."""
    with ExitStack() as stack:
        yield fleet_of(stack, tmp_path_factory.mktemp("patient"), emulators, PATIENT)


@pytest.fixture(scope="module")
def quick(emulators, tmp_path_factory) -> Iterator[Fleet]:
    """Leaves what fails or is late at once."""
    with ExitStack() as stack:
        delivery = """
breaker_in_a_row = 2
breaker_open_seconds = 0.3
hedge = true
hedge_share = 1.0
hedge_usd_per_hour = 100.0
"""
        each = "timeouts = { first_token = 3.0 }"
        yield fleet_of(stack, tmp_path_factory.mktemp("quick"), emulators, delivery, each)


@pytest.fixture(autouse=True)
def none_left(emulators) -> Iterator[None]:
    yield
    for emulator in emulators.values():
        emulator.faults.clear()


FAULTS = {
    "500": ("status", {"status": 500}),
    "529": ("status", {"status": 529}),
    "429": ("status", {"status": 429, "retry_after": 1}),
    "reset": ("reset", {}),
    "close": ("close", {}),
    "stream_error": ("stream_error", {"after": 0, "status": 529}),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_of_three_fails_and_no_request_does(patient, fault, stream) -> None:
    if fault == "stream_error" and not stream:
        pytest.skip("only streams have one")
    action, rule = FAULTS[fault]
    patient.fault("one", action, **rule)
    for _ in range(8):
        reply = patient.gateway.chat({**ASK, "stream": stream})
        assert reply.status == 200, reply.body
        assert b"emulated answer" in reply.body
        assert b'"error"' not in reply.body
        assert reply.headers["x-fairlead-upstream"] in {"two", "three"}


def test_what_breaks_early_is_mended_unseen_where_the_beginning_is_held_back(patient) -> None:
    patient.fault("one", "reset", after=600)
    for _ in range(8):
        reply = patient.gateway.chat({**ASK, "stream": True})
        assert b'"error"' not in reply.body
        assert reply.body.count(b"[DONE]") == 1
        assert reply.headers["x-fairlead-upstream"] in {"two", "three"}


def test_a_request_is_sent_again_when_all_refuse_it_for_now(patient) -> None:
    for name in NAMES:
        patient.fault(name, "status", status=529, times=1)
    reply = patient.gateway.chat(ASK)
    assert reply.status == 200
    assert reply.headers["x-fairlead-attempts"] == "4"
    record = patient.gateway.record(reply.headers["x-fairlead-request-id"])
    tried = json.loads(record.decision)["tried"]
    assert [each["status"] for each in tried] == [529, 529, 529, None]
    assert {each["upstream"] for each in tried} == set(NAMES)


def test_the_clients_timeout_is_held(patient) -> None:
    for name in NAMES:
        patient.fault(name, "stall", seconds=20)
    reply = patient.gateway.chat(ASK, {"x-fairlead-timeout": "0.3"})
    assert reply.status == 504
    assert reply.json()["error"]["code"] == "upstream_timeout"


def until(condition: Callable[[], object]) -> None:
    """Send requests, all of which are answered, until it is so."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"


def test_a_refused_key_is_left_alone_and_the_state_is_for_the_admin(emulators, tmp_path) -> None:
    with ExitStack() as stack:  # its own: a refused key stays so
        fleet = fleet_of(stack, tmp_path, emulators, PATIENT)
        fleet.fault("one", "status", status=401)
        until(lambda: breaker(fleet, "one") == "refused")
        assert "at one: refused" in fleet.gateway.log.read_text()
        assert fleet.gateway.request("GET", "/admin/deployments").status == 401
        assert "emulated-anthropic-key" not in json.dumps(fleet.state())


def breaker(fleet: Fleet, name: str) -> str | None:
    """The state of a breaker after one more request."""
    assert fleet.gateway.chat(ASK).status == 200
    found: str | None = fleet.state().get(name, {}).get("breaker")
    return found


def test_a_late_first_token_is_hedged(quick) -> None:
    for _ in range(90):  # some 30 each: enough to know what is late
        assert quick.gateway.chat({**ASK, "stream": True}).status == 200
    quick.fault("one", "stall", seconds=20)
    until(lambda: "late" in answered(quick).headers["x-fairlead-route"])
    for _ in range(8):
        answered(quick)


def answered(fleet: Fleet) -> Reply:
    """A stream's answer, which is whole."""
    reply = fleet.gateway.chat({**ASK, "stream": True})
    assert b"emulated answer" in reply.body
    return reply


def test_a_first_token_that_stalls_is_a_fault(quick) -> None:
    for name in NAMES:
        quick.fault(name, "stall", seconds=20, times=1)
    reply = quick.gateway.chat({**ASK, "stream": True})
    assert reply.status in {200, 504}
    assert b"emulated answer" in reply.body or b"no token came" in reply.body


def test_the_breaker_opens_is_told_and_closes(quick) -> None:
    quick.fault("one", "status", status=500)
    until(lambda: breaker(quick, "one") == "open")
    quick.emulators["one"].faults.clear()
    until(lambda: breaker(quick, "one") == "closed")
    log = quick.gateway.log.read_text()
    assert f"deployment {HAIKU} at one: open" in log
    assert f"deployment {HAIKU} at one: closed" in log


def test_keys_of_one_upstream_have_quotas_of_their_own(start, emulator) -> None:
    config = """
[delivery]
queue_seconds = 0.1
[upstreams.anthropic]
api_key_envs = ["KEY_A", "KEY_B"]
requests_per_minute = 2
"""
    env = {"KEY_A": "emulated-anthropic-key", "KEY_B": "emulated-anthropic-key-2"}
    gateway = start(env=env, config=config)
    statuses = [gateway.chat(ASK).status for _ in range(5)]
    assert statuses == [200] * 4 + [429]
