"""Recorded traffic on every way through the gateway, judged from outside.

A sample by default, so that the suite stays short; all of it with FAIRLEAD_CONFORMANCE=full.
"""

import os

import pytest
from tests.acceptance.conformance import rows
from tests.acceptance.conformance.figures import (
    answer_figures,
    crashes,
    decoding,
    relay_figures,
    request_figures,
    ways,
)
from tests.acceptance.conformance.gateway import Gateway
from tests.acceptance.conformance.matrix import CLIENTS
from tests.acceptance.conformance.trips import trips

FULL = os.environ.get("FAIRLEAD_CONFORMANCE") == "full"
STEP = 1 if FULL else 4
"""Every so manieth row is taken."""

if (why := rows.absent()) is not None:
    pytest.skip(why, allow_module_level=True)


@pytest.fixture(scope="module")
def gateway():
    made = Gateway()
    yield made
    made.close()


@pytest.fixture(scope="module")
def unmetered():
    made = Gateway(ask_usage=False)
    yield made
    made.close()


@pytest.mark.parametrize("dialect", CLIENTS)
def test_the_clients_own_dialect_is_identical_both_ways(unmetered, dialect):
    found = relay_figures(unmetered, rows.requests(dialect)[::STEP])
    assert found["failures"] == []
    assert found["all"]["identical"] > 200 / STEP


@pytest.mark.parametrize("dialect", CLIENTS)
def test_every_answer_is_read_however_it_is_cut_and_its_usage_adds_up(dialect):
    found = decoding(dialect, rows.answers(dialect)[::STEP])
    assert found["failures"] == []
    assert found["all"]["decoded"] > 200 / STEP


@pytest.mark.parametrize(("client", "vendor", "model"), ways(first=not FULL))
def test_requests_arrive_whole_or_are_refused_by_name(gateway, client, vendor, model):
    found = request_figures(gateway, client, vendor, model, rows.requests(client)[::STEP])
    assert found["failures"] == []
    plain = found["plain"]
    assert plain["complete"] == sum(plain.values())
    assert sum(found["all"].values()) > 200 / STEP


@pytest.mark.parametrize(("client", "vendor", "model"), ways(first=True))
def test_what_its_own_vendor_refused_gets_a_clear_answer(gateway, client, vendor, model):
    outcomes = crashes(gateway, client, vendor, model, rows.refused_requests(client))
    assert outcomes.get("exception", 0) == 0


@pytest.mark.parametrize(("vendor", "client"), [(v, c) for v in CLIENTS for c in CLIENTS if v != c])
def test_answers_are_typed_by_the_sdk_and_say_the_same(vendor, client):
    found = answer_figures(client, rows.answers(vendor)[::STEP])
    assert found["failures"] == []
    assert found["all"]["equal"] > 150 / STEP


@pytest.mark.parametrize(("client", "vendor", "model"), ways(first=True))
def test_whole_trips_give_typed_answers_that_say_what_the_vendor_said(
    gateway, client, vendor, model
):
    made, faults = trips(gateway, client, vendor, model, 200 if FULL else 25)
    assert faults == []
    assert made > 20
