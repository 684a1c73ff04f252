"""What every store of responses owes its callers, run over each implementation that ships."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead.canon import Failure
from fairlead.vault.responses import (
    MAX_DEPTH,
    MemoryResponses,
    ResponseStore,
    Stored,
    as_items,
    stored_size,
)
from fairlead.vault.sqlite_responses import SqliteResponses

NOW = 1_000_000.0


class Clock:
    """Seconds that a test sets."""

    now = NOW

    def __call__(self) -> float:
        return self.now


Make = Callable[..., ResponseStore]


def in_memory(_: Path, **bounds: object) -> ResponseStore:
    return MemoryResponses(**{"clock": Clock(), **bounds})


def in_sqlite(folder: Path, **bounds: object) -> ResponseStore:
    return SqliteResponses(folder / "vault.db", **{"clock": Clock(), **bounds})


@pytest.fixture(params=[in_memory, in_sqlite], ids=lambda maker: maker.__name__)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[ResponseStore] = []

    def _make(**bounds: object) -> ResponseStore:
        made.append(request.param(tmp_path, **bounds))
        return made[-1]

    yield _make
    for store in made:
        store.close()


@pytest.fixture
def store(make: Make) -> ResponseStore:
    return make()


def message(text: str) -> dict[str, object]:
    return {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
    }


def stored(
    answer: str, *, said: str = "hi", previous: str | None = None, created: float = NOW
) -> Stored:
    body = json.dumps({"object": "response", "output": [message(answer)]}).encode()
    return Stored(
        body=body,
        items=as_items(json.dumps(said).encode()),
        created=created,
        previous_id=previous,
        model="gemini-2.5-flash",
        upstream="gemini",
    )


async def told(store: ResponseStore, scope: str, id_: str) -> list[str]:
    """The texts of a history."""
    items = [json.loads(bytes(raw)) for raw in await store.history(scope, id_)]
    return [item["content"][0]["text"] for item in items]


async def fault(store: ResponseStore, scope: str, id_: str) -> tuple[str, str | None, str | None]:
    with pytest.raises(Failure) as raised:
        await store.history(scope, id_)
    problem = raised.value.problem
    assert problem.status == 400
    return problem.message, problem.code, problem.param


async def test_what_was_put_comes_back_whole(store: ResponseStore) -> None:
    mine = stored("hello", previous="resp_0")
    await store.put("key_1", "resp_1", mine)
    assert await store.get("key_1", "resp_1") == mine
    assert await store.get("key_1", "resp_2") is None


async def test_another_key_finds_nothing_and_deletes_nothing(store: ResponseStore) -> None:
    await store.put("key_1", "resp_1", stored("hello"))
    assert await store.get("key_2", "resp_1") is None
    assert not await store.delete("key_2", "resp_1")
    missing = "Previous response with id 'resp_1' not found."
    assert await fault(store, "key_2", "resp_1") == (
        missing, "previous_response_not_found", "previous_response_id",
    )  # fmt: skip
    await store.put("key_2", "resp_1", stored("other"))
    assert await told(store, "key_1", "resp_1") == ["hi", "hello"]
    assert await told(store, "key_2", "resp_1") == ["hi", "other"]


async def test_an_id_is_given_once(store: ResponseStore) -> None:
    await store.put("k", "resp_1", stored("first"))
    await store.put("k", "resp_1", stored("second"))
    assert await told(store, "k", "resp_1") == ["hi", "first"]


async def test_history_is_input_and_output_in_order(store: ResponseStore) -> None:
    previous = None
    for number in range(4):
        await store.put(
            "k", f"r{number}", stored(f"a{number}", said=f"q{number}", previous=previous)
        )
        previous = f"r{number}"
    assert await told(store, "k", "r3") == ["q0", "a0", "q1", "a1", "q2", "a2", "q3", "a3"]
    assert await told(store, "k", "r1") == ["q0", "a0", "q1", "a1"]


async def test_items_are_verbatim(store: ResponseStore) -> None:
    items = b'[{"type":"function_call_output", "call_id" : "c","output":"\\u00e9"}]'
    body = b'{"id":"r","output":[ {"type":"reasoning","encrypted_content":"gA==" , "x":1.0} ]}'
    await store.put("k", "r", Stored(body=body, items=items, created=NOW))
    got = [bytes(raw) for raw in await store.history("k", "r")]
    assert got == [
        b'{"type":"function_call_output", "call_id" : "c","output":"\\u00e9"}',
        b'{"type":"reasoning","encrypted_content":"gA==" , "x":1.0}',
    ]


async def test_a_missing_link_is_an_error_that_names_it(store: ResponseStore) -> None:
    for number in range(3):
        previous = f"r{number - 1}" if number else None
        await store.put("k", f"r{number}", stored(f"a{number}", previous=previous))
    assert await store.delete("k", "r1")
    assert not await store.delete("k", "r1")
    assert await store.get("k", "r2") is not None, "the others stay"
    assert await told(store, "k", "r0") == ["hi", "a0"]
    message, code, _ = await fault(store, "k", "r2")
    assert message == "Previous response with id 'r1' not found, on which 'r2' builds."
    assert code == "previous_response_not_found"


async def test_a_circle_and_a_chain_too_long_are_errors(store: ResponseStore) -> None:
    await store.put("k", "a", stored("1", previous="b"))
    await store.put("k", "b", stored("2", previous="a"))
    assert (await fault(store, "k", "a"))[1] == "previous_response_too_long"
    previous = None
    for number in range(MAX_DEPTH + 1):
        await store.put(
            "k", f"r{number}", Stored(body=b"{}", items=b"[]", created=NOW, previous_id=previous)
        )
        previous = f"r{number}"
    assert await store.history("k", f"r{MAX_DEPTH - 1}") == []
    assert (await fault(store, "k", f"r{MAX_DEPTH}"))[1] == "previous_response_too_long"


async def test_old_answers_go(make: Make) -> None:
    clock = Clock()
    store = make(max_age=100.0, clock=clock)
    await store.put("k", "old", stored("1", created=NOW))
    await store.put("k", "new", stored("2", created=NOW + 50))
    clock.now = NOW + 99
    assert await store.get("k", "old") is not None
    clock.now = NOW + 100
    assert await store.get("k", "old") is None
    assert await store.get("k", "new") is not None
    assert (await fault(store, "k", "old"))[1] == "previous_response_not_found"


async def test_the_oldest_make_room(make: Make) -> None:
    size = stored_size("k", "0", stored("0"))
    store = make(max_bytes=3 * size)
    for number in range(5):
        await store.put("k", str(number), stored(str(number), created=NOW + number))
    held = [await store.get("k", str(number)) is not None for number in range(5)]
    assert held == [False, False, True, True, True]
    await store.put("k", "huge", stored("x" * 4 * size, created=NOW + 9))
    assert await store.get("k", "huge") is None
    assert await store.get("k", "4") is not None


async def test_a_revoked_key_leaves_nothing(store: ResponseStore) -> None:
    await store.put("key_1", "r1", stored("secret words"))
    await store.put("key_2", "r2", stored("others"))
    await store.forget("key_1")
    await store.put("key_1", "r3", stored("late"))
    assert await store.get("key_1", "r1") is None
    assert await store.get("key_1", "r3") is None
    assert await store.get("key_2", "r2") is not None


async def test_many_at_once(store: ResponseStore) -> None:
    await asyncio.gather(*(store.put("k", f"r{n}", stored(str(n))) for n in range(40)))
    found = await asyncio.gather(*(store.get("k", f"r{n}") for n in range(40)))
    assert all(found)


def test_a_text_becomes_a_message() -> None:
    items = json.loads(as_items(b' "h\\u00e9"'))
    assert items == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hé"}]}
    ]
    assert as_items(b'[{"role": "user"}]') == b'[{"role": "user"}]'


def all_bytes(folder: Path) -> bytes:
    """Database and write-ahead log, both; the files are closed."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


# ---- in a file -----------------------------------------------------------------------------------


async def test_answers_survive_reopening_and_are_shared(tmp_path: Path) -> None:
    one, two = in_sqlite(tmp_path), in_sqlite(tmp_path)
    await one.put("k", "r1", stored("1"))
    await two.put("k", "r2", stored("2", previous="r1"))
    assert await told(one, "k", "r2") == ["hi", "1", "hi", "2"]
    one.close()
    two.close()
    three = in_sqlite(tmp_path)
    assert await told(three, "k", "r2") == ["hi", "1", "hi", "2"]
    three.close()
    assert (tmp_path / "vault.db").stat().st_mode & 0o777 == 0o600


async def test_what_is_deleted_is_not_in_the_file(tmp_path: Path) -> None:
    store = in_sqlite(tmp_path)
    await store.put("key_1", "r1", stored("unlikely words one"))
    await store.put("key_2", "r2", stored("unlikely words two"))
    await store.put("key_2", "r3", stored("unlikely words three"))
    await store.delete("key_2", "r2")
    await store.forget("key_1")
    store.close()
    text = all_bytes(tmp_path)
    assert b"unlikely words one" not in text
    assert b"unlikely words two" not in text
    assert b"unlikely words three" in text


async def test_a_file_in_trouble_is_no_not_found(tmp_path: Path, caplog) -> None:
    store = in_sqlite(tmp_path)
    await store.put("k", "r1", stored("1"))
    holder = sqlite3.connect(tmp_path / "vault.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    store.close()
    holder.execute("BEGIN EXCLUSIVE")
    store = in_sqlite(tmp_path)
    await store.put("k", "r2", stored("2", previous="r1"))
    assert await store.get("k", "r2") == stored("2", previous="r1"), "from memory"
    with pytest.raises(Failure) as raised:
        await store.history("k", "r2")
    assert raised.value.problem.kind == "overloaded"
    holder.execute("ROLLBACK")
    holder.close()
    assert await told(store, "k", "r2") == ["hi", "1", "hi", "2"]
    store.close()
    assert sum("cannot be used" in r.message for r in caplog.records) == 1


async def test_a_corrupt_file_leaves_a_store_in_memory(tmp_path: Path, caplog) -> None:
    (tmp_path / "vault.db").write_bytes(b"no database at all" * 100)
    store = in_sqlite(tmp_path)
    await store.put("k", "r1", stored("1"))
    assert await store.get("k", "r1") == stored("1")
    store.close()
    assert "cannot be used" in caplog.text
