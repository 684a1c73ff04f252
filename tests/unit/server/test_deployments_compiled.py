"""Several upstreams of a vendor, several keys of an upstream, and prices by the door."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fairlead.engine.snapshot import Snapshot
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import ConfigError, load
from fairlead.server.unknown_models import unknown_models

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
TODAY = date(2026, 11, 22)
ENV = {"ANTHROPIC_API_KEY": "a-key-of-anthropic", "KEY_A": "the-first-key", "KEY_B": "the-second"}


def compiled(tmp_path: Path, text: str, **env: str) -> Snapshot:
    file = tmp_path / "fairlead.toml"
    file.write_text(text)
    return compile_snapshot(load(file, ENV | env), ENV | env)


def labels(snapshot: Snapshot, model: str) -> list[str]:
    return [each.label for each in snapshot.doors_of(snapshot.model(model, TODAY))]


def test_several_upstreams_of_a_vendor_in_the_files_order(tmp_path) -> None:
    text = """
[upstreams.second]
kind = "anthropic"
base_url = "http://second.test"
api_key_env = "KEY_B"
weight = 3
[upstreams.anthropic]
"""
    snapshot = compiled(tmp_path, text)
    assert labels(snapshot, HAIKU) == ["second", "anthropic"]
    first = snapshot.upstream(snapshot.model(HAIKU, TODAY))
    assert (first.name, first.weight, first.key.reveal()) == ("second", 3.0, "the-second")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\n\n[aliases]\nfast = "no-such"\n', "fairlead.toml:4: aliases.fast: no such"),
        ('[aliases]\n"a.b" = "no-such"\n', "fairlead.toml:2: aliases.a.b: no such model or family"),
        ('aliases = { fast = "no-such" }\n', "fairlead.toml:1: aliases.fast: no such model"),
        ('[families]\nmine = ["gemini-2.5-flas"]\n', "fairlead.toml:2: families.mine: no such"),
        ('[families]\nmine = ["gemini-2.5-flas"]\n', "did you mean gemini-2.5-flash"),
        ("[families]\nmine = []\n", "fairlead.toml:2: families.mine: lists no model"),
        ('[models.m]\n\n"price.inptu" = 1\n', "fairlead.toml:1: models.m: unknown fact"),
        ("[prices.m]\nfactor = 0.5\n", "fairlead.toml:1: prices.m: no such model"),
    ],
)  # fmt: skip
def test_what_the_catalogue_refuses_is_told_with_file_and_line(tmp_path, text, said) -> None:
    with pytest.raises(ConfigError) as raised:
        compiled(tmp_path, text)
    assert said in str(raised.value)


def test_models_that_only_a_prefix_tells_of_are_told(tmp_path) -> None:
    text = """
[upstreams.mine]
kind = "openai_compatible"
base_url = "http://mine.test"
models = { "claude-haiku-45" = "x", "claude-haiku-4-5-20251001" = "y", "llama-own" = "z" }
[models.llama-own]
vendor = "me"
"""
    snapshot = compiled(tmp_path, text)
    (told,) = unknown_models(snapshot.upstreams["mine"].models, snapshot.catalog)
    assert told.startswith("the catalogue does not know 'claude-haiku-45': ")
    assert "what it costs is unknown; did you mean " in told
    assert HAIKU in told, "an id: no other name may stand there"


def test_each_key_is_a_deployment(tmp_path) -> None:
    text = '[upstreams.anthropic]\napi_key_envs = ["KEY_A", "KEY_B"]\nrequests_per_minute = 60\n'
    snapshot = compiled(tmp_path, text)
    assert labels(snapshot, HAIKU) == ["anthropic", "anthropic#2"]
    doors = snapshot.doors_of(snapshot.model(HAIKU, TODAY))
    assert [dict(door.headers)["x-api-key"] for door in doors] == ["the-first-key", "the-second"]
    assert {door.requests_per_minute for door in doors} == {60}
    assert "the-second" not in repr(doors[1].key)


def test_a_key_that_an_upstream_of_the_file_names_is_no_other_ones(tmp_path) -> None:
    snapshot = compiled(tmp_path, '[upstreams.mine]\nkind = "anthropic"\n')
    assert labels(snapshot, HAIKU) == ["mine"]
    text = '[upstreams.mine]\nkind = "anthropic"\napi_key_env = "KEY_A"\n'
    assert labels(compiled(tmp_path, text), HAIKU) == ["mine", "anthropic"]


def test_a_models_own_name_there_and_no_other_model(tmp_path) -> None:
    text = f"""
[upstreams.elsewhere]
kind = "anthropic"
api_key_env = "KEY_A"
[upstreams.elsewhere.models]
"{HAIKU}" = "their/haiku"
"""
    snapshot = compiled(tmp_path, text)
    model = snapshot.model(HAIKU, TODAY)
    assert [door.model_id(model) for door in snapshot.doors_of(model)] == ["their/haiku", HAIKU]
    assert labels(snapshot, "claude-sonnet-4-5-20250929") == ["anthropic"]
    rest = compiled(tmp_path, text + '"*" = ""\n')
    assert labels(rest, "claude-sonnet-4-5-20250929") == ["elsewhere", "anthropic"]


def test_prices_go_by_the_door(tmp_path) -> None:
    text = """
[upstreams.anthropic]
[upstreams.cloud]
kind = "anthropic"
base_url = "http://cloud.test"
api_key_env = "KEY_A"
door = "vertex"
region = "europe-west1"
"""
    snapshot = compiled(tmp_path, text)
    (own, _), (cloud, _) = snapshot.lanes_of(snapshot.model(HAIKU, TODAY))
    assert (own.door, cloud.door, cloud.region) == ("", "vertex", "regional")
    prices = snapshot.prices(own, TODAY), snapshot.prices(cloud, TODAY)
    assert prices[0].usd_per_million("input") == Decimal(1)
    dearer = prices[1].variant(region="regional")
    assert dearer.usd_per_million("input") == Decimal("1.1")
    # Asked by turns, neither gets the other's table.
    assert snapshot.prices(own, TODAY) is prices[0]
    assert snapshot.prices(cloud, TODAY) is prices[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('api_key_envs = ["KEY_A"]\napi_key = "k"\n', "give each key once"),
        ('api_key_envs = ["KEY_A", "KEY_A"]\n', "give each key once"),
        ('api_key_envs = ["KEY_A", "KEY_Z"]\n', "KEY_Z"),
        ('models = { "haiku" = "x" }\n', "no model's id"),
        ('models = { "unheard-of" = "x" }\n', "does not exist here"),
        ('door = "nowhere"\n', "nothing is known of the door 'nowhere'"),
        ("weight = 0\n", "weight"),
        ("requests_per_minute = -1\n", "requests_per_minute"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(tmp_path, text, said) -> None:
    with pytest.raises(ConfigError) as error:
        compiled(tmp_path, "[upstreams.anthropic]\n" + text)
    assert said in str(error.value)
    assert "fairlead.toml" in str(error.value) or "door" in text


@pytest.mark.parametrize(
    ("line", "env", "words"),
    [
        ('headers = { "x a" = "b" }', "k", "its name is not a lower-case token"),
        ('headers = { "x-a" = "b\\nc: d" }', "k", "the value of x-a holds CR, LF"),
        ('headers = { "Content-Length" = "5" }', "k", "content-length is set by the transport"),
        ("", "s3cret\n", "the value of x-api-key holds CR, LF"),
    ],
)
def test_a_header_that_cannot_be_sent_is_told_at_the_start(tmp_path, line, env, words) -> None:
    with pytest.raises(ConfigError, match=r"fairlead\.toml:1: upstreams\.anthropic: ") as error:
        compiled(tmp_path, f"[upstreams.anthropic]\n{line}\n", ANTHROPIC_API_KEY=env)
    assert words in str(error.value)
    assert "s3cret" not in str(error.value)


def test_no_upstream_is_called_as_anothers_second_key(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"fairlead\.toml:1: upstreams\.anthropic#2: .*'#'"):
        compiled(tmp_path, '[upstreams."anthropic#2"]\nkind = "anthropic"\n')


BOUNDED = """
[delivery]
processes = {parts}
max_in_flight = 100
hedge_usd_per_hour = 2.0
[upstreams.anthropic]
requests_per_minute = 50
tokens_per_minute = 100001
max_in_flight = 9
"""


def test_several_processes_have_each_its_part(tmp_path) -> None:
    """Together they never do more than the key may, whatever comes to which of them."""
    snapshot = compiled(tmp_path, BOUNDED.format(parts=4))
    upstream = snapshot.upstreams["anthropic"]
    assert (upstream.requests_per_minute, upstream.tokens_per_minute) == (12, 25_000)
    assert (upstream.in_flight, snapshot.delivery.in_flight) == (2, 25)
    assert snapshot.delivery.hedge.usd_per_hour == 0.5
    alone = compiled(tmp_path, BOUNDED.format(parts=1))
    assert alone.upstreams["anthropic"].requests_per_minute == 50
    none = compiled(tmp_path, "[delivery]\nprocesses = 4\n[upstreams.anthropic]\n")
    assert none.upstreams["anthropic"].requests_per_minute == 0, "no bound is none for each"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BOUNDED.format(parts=10),
            "upstreams.anthropic: max_in_flight = 9 is less than delivery.processes = 10",
        ),
        (
            "[upstreams.anthropic]\n[delivery]\nprocesses = 8\nmax_in_flight = 7\n",
            "fairlead.toml:2: delivery.max_in_flight = 7 is less than delivery.processes = 8",
        ),
    ],
)
def test_a_bound_that_cannot_be_divided_is_told(tmp_path, text, said) -> None:
    """A part of 0 would be no bound."""
    with pytest.raises(ConfigError) as raised:
        compiled(tmp_path, text)
    assert said in str(raised.value)
