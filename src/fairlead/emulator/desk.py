"""The desk: one request after another, each checked in the same order and entered in the books.

    faults -> size -> key -> version -> JSON -> schema -> rules -> answer

Faults that replace the answer strike first, as a vendor's outage does: before anything is looked
at. Faults of the wire (resets, stalls, bad chunks) shape whatever the answer turns out to be. A
recorded request is answered from its recording once its key is good.
"""

import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.emulator import control, judge
from fairlead.emulator.answer.ask import Answer, Ask
from fairlead.emulator.answer.compose import compose, perform
from fairlead.emulator.aws_identity import EXAMPLE, AwsIdentity
from fairlead.emulator.books import Books, Entry, key_hash
from fairlead.emulator.doorkeeper import Doorkeeper
from fairlead.emulator.drawer import Drawer
from fairlead.emulator.faces.bedrock import unwrap as unwrap_bedrock
from fairlead.emulator.faces.face import Answered, Face, Put, Route, Tally, Trouble
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.openai.aggregator import unwrap as unwrap_aggregator
from fairlead.emulator.faces.vertex import (
    VertexGeminiFace,
    number_of,
    project_of,
    unwrap,
)
from fairlead.emulator.faults import BadRule, FaultBook, FaultRule, Outage, apply, read_rule
from fairlead.emulator.google_identity import PATHS, Identity
from fairlead.emulator.http11.connection import Exchange
from fairlead.emulator.http11.pace import Pace, pace_of
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.http11.script import Script
from fairlead.emulator.json_value import JsonValue
from fairlead.emulator.memory import Memory
from fairlead.emulator.replay import Recordings
from fairlead.emulator.resolving import Resolved, resolve
from fairlead.emulator.scripts import ScriptBook, ScriptFailed
from fairlead.emulator.settings import EmulatorSettings
from fairlead.emulator.shelf import Shelf
from fairlead.emulator.signing import Signer
from fairlead.emulator.signpost import face_of

__all__ = ["Desk"]

Unwrap = Callable[[Route, JsonValue, str], tuple[JsonValue, dict[str, str]] | Trouble]
UNWRAP: dict[str, Unwrap] = {
    "vertex_claude": unwrap,
    "bedrock": unwrap_bedrock,
    "aggregator": unwrap_aggregator,
}
"""How a request of a rulebook becomes one of its family's own API."""
_AT_ONCE = Pace()
_OVERLOADED = {"anthropic": 529}
_decode = msgspec.json.Decoder().decode


class Parsed(Struct, frozen=True):
    """A body, or what is wrong with its JSON."""

    body: JsonValue
    problem: str | None = None


class Desk:
    """Answers requests. `clock` gives seconds and never runs back."""

    def __init__(
        self, settings: EmulatorSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self.faults = FaultBook(settings.faults)
        self.scripts = ScriptBook(settings.scripts)
        self.books = Books(settings.requests_kept)
        self.signer = Signer(settings.seed)
        self.recordings = Recordings.read(settings.replay) if settings.replay else Recordings.none()
        self.shelf = Shelf(Drawer(clock))
        self.judge = judge.Judge(self.signer, clock, self.shelf)
        self.memory = Memory()
        self.identity = Identity(settings.seed, clock, settings.token_seconds)
        keys = {key.id: key for key in (EXAMPLE, *settings.aws_keys)}
        self._keeper = Doorkeeper(settings, self.identity, AwsIdentity(keys, time.time))
        self._count = 0
        self._paces: dict[str, Pace] = {}

    def reset(self) -> None:
        """Books, caches, faults and scripts as at the start."""
        self.books.reset()
        self.faults.reset()
        self.scripts.reset()
        self.judge.forget()
        self.shelf.forget()
        self.memory = Memory()

    def handle(self, request: Request) -> Exchange:
        """The exchange for a request. Never raises: a bug of the emulator is a 500 that says so."""
        try:
            if request.path.startswith("/_emulator"):
                return Exchange(control.answer(self, request), _AT_ONCE)
            if request.path.startswith(PATHS):
                return self._service(request)
            return self._vendor(request)
        except Exception as error:  # noqa: BLE001 - the server must answer, and show where it broke
            traceback.print_exc(file=sys.stderr)
            text = f"the emulator itself failed: {type(error).__name__}: {error}"
            body = msgspec.json.encode({"error": {"message": text, "type": "emulator_bug"}})
            return Exchange(Reply(500, body=body), _AT_ONCE)

    def _service(self, request: Request) -> Exchange:
        """A token of Google's identity services. Faults of `vendor=google` strike them."""
        rule = self.faults.strike("google", "", request.path, stream=False)
        if rule is None:
            return Exchange(self.identity.answer(request), _AT_ONCE)
        if rule.action == "status":
            face, route = VertexGeminiFace(), Route("generate")
            return Exchange(_outright(face, rule, "", route), _AT_ONCE)
        shape = partial(_shape, rule, Outage(b""))
        return Exchange(self.identity.answer(request), _AT_ONCE, shape)

    def _vendor(self, request: Request) -> Exchange:
        face, path = face_of(request)
        self._count += 1
        request_id = "req_emu" + ident(self._count.to_bytes(8), "request", 17)
        route = face.route(request.method, path, request.query)
        parsed = _parse(request)
        at = route if isinstance(route, Route) else Route("generate")
        model, stream = face.peek(at, parsed.body)
        try:
            rule = self._strike(request, face.vendor, model, path, stream=stream)
        except BadRule as error:
            reply = Reply(400, body=msgspec.json.encode({"error": {"message": str(error)}}))
            return Exchange(reply, _AT_ONCE)
        key = face.key(request)
        account = key_hash(number_of(project_of(path)) or key)  # a project's things are any token's
        entry = Entry(request_id, face.vendor, model, path, at.op, 200, stream, account, "ok", {})
        entry.version = request.headers.get("anthropic-version")
        entry.betas = [b.strip() for b in request.headers.get("anthropic-beta", "").split(",") if b]
        done = self._answer(face, request, route, parsed, entry, rule, key)
        reply = done.reply
        if face.id_header is not None:
            reply.headers = ((face.id_header, request_id), *reply.headers)
        entry.status = reply.status
        entry.usage = done.usage
        if reply.status >= 400:
            entry.outcome = "error"
        shape = None
        if rule is not None:
            entry.outcome, entry.fault = "fault", rule.action
            trouble = _trouble_of(rule, _OVERLOADED.get(face.vendor, 503))
            shape = partial(_shape, rule, Outage(face.outage(trouble, request_id, at)))
        self.books.enter(entry)
        finished = None
        if done.usage:
            finished = partial(self._finished, entry, reply.tokens)
        return Exchange(reply, self._pace(face.family, model), shape, finished)

    def _finished(self, entry: Entry, total: int, made: int, stayed: bool) -> None:
        if made < total or not stayed:
            self.books.amend(entry, made, total, stayed=stayed)

    def _pace(self, family: str, model: str) -> Pace:
        pace = self._paces.get(model)
        if pace is None:
            names = (model, judge.full_name(family, model))
            paces = [pace_of(name, self.settings.ttft, self.settings.tps) for name in names]
            pace = Pace(
                paces[0].ttft or paces[1].ttft,
                paces[0].tps or paces[1].tps,
            )
            if len(self._paces) < 1000:
                self._paces[model] = pace
        return pace

    def _strike(
        self, request: Request, vendor: str, model: str, path: str, *, stream: bool
    ) -> FaultRule | None:
        own = request.headers.get("x-emulate-fault")
        if own:
            return read_rule(own)
        if not len(self.faults):
            return None
        return self.faults.strike(vendor, model, path, stream=stream)

    def _answer(
        self,
        face: Face,
        request: Request,
        route: Route | Trouble,
        parsed: Parsed,
        entry: Entry,
        rule: FaultRule | None,
        key: str,
    ) -> Answered:
        """The checks in their order, then the answer."""
        if rule is not None and rule.action == "status":
            return Answered(_outright(face, rule, entry.id, route), {})
        trouble = self._keeper.trouble(face, request, key)
        if trouble is not None:
            return self._refused(face, trouble, entry, route)
        recorded = self.recordings.find(face.vendor, request, parsed.body)
        if recorded is not None:
            entry.outcome = "replayed"
            return Answered(recorded, {})
        if isinstance(route, Trouble):
            return self._refused(face, route, entry, route)
        if self.settings.replay_only:
            missing = "No recording matches this request: this emulator only replays."
            return self._refused(face, Trouble(404, missing), entry, route)
        if request.method == "GET" or route.plain:
            return face.answer(self._put(face, route, {}, entry, judge.NOTHING, request))
        return self._checked(face, request, route, parsed, entry)

    def _checked(
        self, face: Face, request: Request, route: Route, parsed: Parsed, entry: Entry
    ) -> Answered:
        """The answer to a body, once it is found in order."""
        # What a script says is noted each time, so it isn't answered from memory.
        mark = None if len(self.scripts) or route.keeps else self.memory.mark(request, entry.key)
        known = self.memory.recall(mark)
        if known is not None:
            return known
        if parsed.problem is not None:
            return self._refused(face, face.json_trouble(parsed.problem), entry, route)
        if (inside := UNWRAP.get(face.rulebook)) is not None:
            plain = inside(route, parsed.body, entry.model)
            if isinstance(plain, Trouble):
                return self._refused(face, plain, entry, route)
            parsed = Parsed(plain[0])
            request = replace(request, headers={**request.headers, **plain[1]})
        whole = self._whole(face, request, route, parsed, entry)
        if isinstance(whole, Trouble):
            return self._refused(face, whole, entry, route)
        if whole.body is not parsed.body:
            mark = None
        found = self.judge.judge(
            face.family,
            route,
            entry.model,
            request,
            whole.body,
            entry.key,
            whole.cached,
            rulebook=face.rulebook,
        )
        if isinstance(found, Trouble):
            return self._refused(face, found, entry, route)
        if found is judge.NOTHING and not isinstance(whole.body, dict):
            trouble = face.json_trouble("expected an object")
            return self._refused(face, trouble, entry, route)
        try:
            answered = face.answer(self._put(face, route, whole.body, entry, found, request))
        except ScriptFailed as error:
            entry.script = error.played
            return self._refused(face, Trouble(400, f"emulator: {error}"), entry, route)
        self.memory.keep(mark, answered, found.total)
        return answered

    def _whole(
        self, face: Face, request: Request, route: Route, parsed: Parsed, entry: Entry
    ) -> Resolved | Trouble:
        """The request with the files and cached contents that it names."""
        if route.keeps or route.op not in ("generate", "stream", "count_tokens"):
            return Resolved(parsed.body)
        model = judge.full_name(face.family, entry.model)
        drawer = self.shelf.drawer
        return resolve(
            face.rulebook, model, parsed.body, request.body, drawer, entry.key, request.path
        )

    @staticmethod
    def _refused(face: Face, trouble: Trouble, entry: Entry, route: Route | Trouble) -> Answered:
        called = route if isinstance(route, Route) else None
        return Answered(face.refusal(trouble, entry.id, called), {})

    def _put(
        self,
        face: Face,
        route: Route,
        body: dict[str, Any],
        entry: Entry,
        tally: Tally,
        request: Request,
    ) -> Put:
        return Put(
            route,
            body,
            entry.model,
            entry.stream,
            entry.id,
            tally,
            sign=partial(self.signer.sign, face.family),
            composer=partial(self._compose, face, entry),
            seal=partial(self.signer.seal, face.family),
            shelf=self.shelf,
            scope=entry.key,
            request=request,
            run=partial(self._run, request),
        )

    def _run(self, asking: Request, path: str, body: bytes) -> Reply:
        """The answer to a line of a batch: a request of the same key, with its own entry."""
        headers = {k: v for k, v in asking.headers.items() if k != "x-emulate-fault"}
        return self._vendor(Request("POST", path, headers, body)).reply

    def _compose(
        self, face: Face, entry: Entry, body: dict[str, Any], ask: Ask, index: int
    ) -> Answer:
        """A script's turn, or else the emulator's own answer."""
        if len(self.scripts):
            names = (entry.model, judge.full_name(face.family, entry.model))
            tools = ask.choice != "none"
            found = self.scripts.play(names, body, tools=tools, parallel=ask.parallel)
            if found is not None:
                cue, entry.script = found
                return perform(ask, cue)
        return compose(ask, index)


def _parse(request: Request) -> Parsed:
    if not request.body:
        return Parsed(None, "the body is empty")
    try:
        return Parsed(_decode(request.body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Parsed(None, str(error))
    except RecursionError:
        return Parsed(None, "nested too deeply")


def _trouble_of(rule: FaultRule, status: int) -> Trouble:
    return Trouble(rule.status or status, rule.message or "", rule.type or "", rule.retry_after)


def _outright(face: Face, rule: FaultRule, request_id: str, route: Route | Trouble) -> Reply:
    """A status that a rule wants, in the vendor's shape or with the rule's own body."""
    called = route if isinstance(route, Route) else None
    reply = face.refusal(_trouble_of(rule, 500), request_id, called)
    if rule.body is not None:
        raw = rule.body
        reply.body = raw.encode() if isinstance(raw, str) else msgspec.json.encode(raw)
    names = {name.lower() for name in rule.headers}
    kept = tuple(pair for pair in reply.headers if pair[0] not in names)
    if "content-type" in names:
        reply.content_type = next(v for k, v in rule.headers.items() if k.lower() == "content-type")
    own = tuple((k.lower(), v) for k, v in rule.headers.items() if k.lower() != "content-type")
    reply.headers = kept + own
    return reply


def _shape(rule: FaultRule, outage: Outage, script: Script) -> None:
    apply(rule, script, outage)
