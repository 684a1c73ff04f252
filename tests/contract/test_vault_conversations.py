"""Conversations that change their model in the middle of parallel tool loops.

Clients of every dialect talk through the gateway's own steps (decode, restore, encode; decode, keep,
encode) with vendors that sign what they say and check what comes back. Several conversations of two
keys are interleaved over one small vault. At every vendor the request must be valid by its rules;
what it signed is back in the part that it came in for as long as the vault has it, and what another
vendor or another key's conversation was given is nowhere in it.
"""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.contract.client_histories import CLIENTS, ChatClient
from tests.contract.signing_vendors import VENDORS, Answer, Vendor
from tests.contract.translation import facts
from tests.contract.vendor_rules import DUMMY, Issued, blocks_of

from fairlead.engine.mixed import mixed, remember
from fairlead.server.compile import CODECS
from fairlead.vault.memory import MemoryVault
from fairlead.vault.turns import keep, restore
from fairlead.wire.codec import Reply, Target

KEYS = ("key_1", "key_2")
SPOKEN = [name for name in CLIENTS if name in CODECS]
SERVED = [name for name, (dialect, _) in VENDORS.items() if dialect in CODECS]


@dataclass
class Made:
    """An answer in a conversation, and where the vault keeps what was signed in it."""

    answer: Answer
    kept: list[tuple[str, bytes]]


@dataclass
class Conversation:
    scope: str
    client: ChatClient
    made: list[Made] = field(default_factory=list)
    asked: int = 0


class Gateway:
    """The engine's steps, without its sockets."""

    def __init__(self, vault: MemoryVault) -> None:
        self.vault = vault
        # Both keys get the same ids and words, so that a mixing up of keys shows.
        books = {(key, d): Issued(key) for key in KEYS for d, _ in VENDORS.values()}
        self.models = {
            (key, n): Vendor(n, *VENDORS[n], books[key, VENDORS[n][0]])
            for key in KEYS
            for n in SERVED
        }
        self.sealed: dict[str, tuple[str, str]] = {}  # signature -> (dialect, scope)

    def exchange(self, talk: Conversation, name: str, plan: list[str], words: str) -> None:
        vendor, client = self.models[talk.scope, name], talk.client
        codec, own = CODECS[client.dialect], CODECS[vendor.dialect]
        body = json.dumps(client.body(vendor.model)).encode()
        x: Any = SimpleNamespace(body=body, codec=codec, dialect=vendor.dialect, scope=talk.scope)
        same = client.dialect == vendor.dialect
        losses: tuple[str, ...] = ()
        alive = [m for m in talk.made if m.kept and self._alive(talk.scope, m)]
        wire = body
        if not same or mixed(x, self.vault):
            request = codec.decode_request(body)
            whole = restore(request, lambda key: self.vault.get(talk.scope, key))
            encoded = own.encode_request(whole, Target(vendor.model, facts(vendor.model)))
            assert [loss for loss in encoded.losses if loss.kind == "semantic"] == []
            wire, losses = encoded.body, tuple(loss.what for loss in encoded.losses)
        sent = json.loads(wire)
        # The chat dialect can carry thoughts, but not say where they stood: that the vault knows.
        unplaced = client.dialect == "openai_chat" and client.carries
        vendor.issued.placed = not unplaced or all(m in alive for m in talk.made if m.kept)
        vendor.check(sent)
        self._check_leaks(talk, vendor, wire)
        if not same:
            self._check_returned(sent, vendor, alive)
            self._check_named(sent, vendor, losses)
        answer = vendor.answer(plan, words, thinks=thinks(sent))
        self._take(talk, vendor, x, answer, same=same)

    def _take(
        self, talk: Conversation, vendor: Vendor, x: Any, answer: Answer, *, same: bool
    ) -> None:
        for seal in vendor.issued.parts:
            self.sealed.setdefault(seal, (vendor.dialect, talk.scope))
        if same:
            talk.client.take(answer.body)
            talk.made.append(Made(answer, []))
            return
        said = CODECS[vendor.dialect].decode_response(answer.body)
        kept = keep(said, CODECS[talk.client.dialect].decode_request(x.body))
        for key, parts in kept:
            self.vault.put(talk.scope, key, parts)
        remember(x, said, self.vault)
        reply = Reply(model=vendor.model, created=1, request_id=f"fl-{vendor.next():08d}")
        shown = CODECS[talk.client.dialect].encode_response(said, reply)
        text, ids = talk.client.take(shown.body)
        for seal in self.sealed:
            assert seal not in text, "a signature hidden in the text"
            assert not any(seal in id_ for id_ in ids), "a signature hidden in an id"
        assert all(len(id_) <= 64 for id_ in ids)
        assert len(set(ids)) == len(ids)
        talk.made.append(Made(answer, kept))

    def _alive(self, scope: str, made: Made) -> bool:
        """Whether the vault still has it, unrenewed."""
        held = self.vault._held
        return any(
            (scope, key) in held and held[scope, key][0] == parts for key, parts in made.kept
        )

    def _check_leaks(self, talk: Conversation, vendor: Vendor, wire: bytes) -> None:
        text = wire.decode()
        for seal, (dialect, scope) in self.sealed.items():
            if seal in text:
                assert dialect == vendor.dialect, f"{vendor.name} gets what {dialect} signed"
                assert scope == talk.scope, "one key gets another's"

    def _check_returned(self, sent: dict[str, Any], vendor: Vendor, alive: list[Made]) -> None:
        """What is kept of this vendor's answers is back, whole and in its order."""
        there = SHAPES[vendor.dialect](sent)
        for made in alive:
            if made.answer.dialect != vendor.dialect:
                continue
            wanted = STREAMS[vendor.dialect](made.answer.parts)
            assert contains(there, wanted), (wanted, there)

    def _check_named(self, sent: dict[str, Any], vendor: Vendor, losses: tuple[str, ...]) -> None:
        if vendor.dialect == "gemini":
            assert (DUMMY in json.dumps(sent)) == ("signature_missing" in losses)
        if vendor.dialect == "anthropic" and sent.get("thinking", {}).get("type") == "disabled":
            assert any(loss.startswith("thinking_off") for loss in losses)


def thinks(sent: dict[str, Any]) -> bool:
    """Whether a vendor thinks about this request: Claude when told to, others always."""
    return "max_tokens" not in sent or sent.get("thinking", {}).get("type") == "enabled"


def contains(there: list[object], wanted: list[object]) -> bool:
    """Whether a list holds another one in a row."""
    ends = range(len(wanted), len(there) + 1)
    return any(there[end - len(wanted) : end] == wanted for end in ends)


def anthropic_stream(blocks: list[dict[str, Any]]) -> list[object]:
    return [tuple(sorted((k, str(v)) for k, v in block.items())) for block in blocks]


def anthropic_shape(sent: dict[str, Any]) -> list[object]:
    own = [blocks_of(m) for m in sent["messages"] if m["role"] == "assistant"]
    return [entry for blocks in own for entry in [None, *anthropic_stream(blocks)]]


def gemini_stream(parts: list[dict[str, Any]]) -> list[object]:
    """Without ids, that the gateway makes where there are none, and thoughts, that are optional."""
    return [
        (
            part.get("text"),
            part.get("functionCall", {}).get("name"),
            str(part.get("functionCall", {}).get("args")),
            part.get("thoughtSignature"),
        )
        for part in parts
        if not part.get("thought")
    ]


def gemini_shape(sent: dict[str, Any]) -> list[object]:
    own = [c["parts"] for c in sent["contents"] if c["role"] == "model"]
    return [entry for parts in own for entry in [None, *gemini_stream(parts)]]


def responses_stream(items: list[dict[str, Any]]) -> list[object]:
    found: list[object] = []
    for item in items:
        content = item.get("content") or ""
        if not isinstance(content, str):
            content = "".join(piece.get("text", "") for piece in content)
        kind = item.get("type", "message")
        found.append((kind, item.get("encrypted_content"), item.get("call_id"), content))
    return found


def responses_shape(sent: dict[str, Any]) -> list[object]:
    return responses_stream(sent["input"])


def nothing(_: object) -> list[object]:
    return []


SHAPES: dict[str, Any] = {
    "anthropic": anthropic_shape,
    "gemini": gemini_shape,
    "openai_chat": nothing,
    "openai_responses": responses_shape,
}
STREAMS: dict[str, Any] = {
    "anthropic": anthropic_stream,
    "gemini": gemini_stream,
    "openai_chat": nothing,
    "openai_responses": responses_stream,
}

speakers = st.tuples(st.sampled_from(KEYS), st.sampled_from(SPOKEN), st.booleans(), st.booleans())
plans = st.lists(st.sampled_from(["think", "sealed", "text", "call", "call"]), max_size=6)


class Forgetful(MemoryVault):
    """Forgets what was signed almost at once, and never who made a call.

    Who made it decides whether a body may go on as it came; without that memory a turn of another
    vendor's is sent to one that speaks the client's own dialect, and this one refuses it.
    """

    def __init__(self, max_entries: int) -> None:
        super().__init__(max_entries=max_entries)
        self.made: dict[tuple[str, str], bytes] = {}

    def put(self, scope: str, key: str, parts: bytes) -> None:
        if key.startswith("made:"):
            self.made[scope, key] = parts
        else:
            super().put(scope, key, parts)

    def get(self, scope: str, key: str) -> bytes | None:
        return self.made.get((scope, key)) or super().get(scope, key)


class Talks(RuleBasedStateMachine):
    """Three conversations at once."""

    entries = 3

    def __init__(self) -> None:
        super().__init__()
        self.gateway = Gateway(Forgetful(self.entries))
        self.talks: list[Conversation] = []

    @initialize(people=st.lists(speakers, min_size=3, max_size=3))
    def begin(self, people: list[tuple[str, str, bool, bool]]) -> None:
        for scope, dialect, carries, thinks in people:
            client = CLIENTS[dialect](carries=carries, thinks=thinks)
            self.talks.append(Conversation(scope, client))

    @rule(
        which=st.integers(0, 2),
        vendor=st.sampled_from(SERVED),
        plan=plans,
        words=st.sampled_from(["Done.", "I see.", "Let me look."]),
    )
    def turn(self, which: int, vendor: str, plan: list[str], words: str) -> None:
        talk = self.talks[which]
        if talk.client.open:
            talk.client.give_results()
        else:
            talk.asked += 1
            talk.client.ask(f"question {talk.asked}")
        self.gateway.exchange(talk, vendor, plan, words)


class RoomyTalks(Talks):
    """The same with a vault that forgets nothing: then nothing is missing, either."""

    entries = 100_000


SETTINGS = settings(
    max_examples=60,
    stateful_step_count=24,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestSmallVault = Talks.TestCase
TestSmallVault.settings = SETTINGS
TestRoomyVault = RoomyTalks.TestCase
TestRoomyVault.settings = SETTINGS


@pytest.mark.parametrize("dialect", SPOKEN)
@pytest.mark.parametrize("carries", [True, False])
@pytest.mark.parametrize(
    "others", [("claude", "flash3"), ("flash3", "claude"), ("claude", "flash")]
)
def test_there_and_back_in_a_parallel_loop(
    dialect: str, carries: bool, others: tuple[str, str]
) -> None:
    gateway = Gateway(MemoryVault())
    talk = Conversation("key_1", CLIENTS[dialect](carries=carries, thinks=True))
    talk.client.ask("question")
    for turn, name in enumerate([*others, *others, others[0]]):
        if turn:
            talk.client.give_results()
        gateway.exchange(talk, name, ["think", "text", "call", "call"], "Let me look.")
