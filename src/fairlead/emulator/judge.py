"""The seam to those who know what the vendors accept and how they count.

Everything that the desk and the faces want to know of schemas, rules, counting, prompt caches and
models, they ask here, in one place.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from fairlead.emulator import models, rules
from fairlead.emulator.counting import Piece, PromptCache, count_of, pieces
from fairlead.emulator.faces.face import Route, Tally, Trouble
from fairlead.emulator.http11.request import Request
from fairlead.emulator.rules import openai
from fairlead.emulator.rules.anthropic.binding import Dropped, bind, without
from fairlead.emulator.rules.anthropic.binding import dropped as blocks_dropped
from fairlead.emulator.shelf import Shelf
from fairlead.emulator.signing import Signer

__all__ = [
    "Judge",
    "default_budget",
    "full_name",
    "limits_of",
    "methods_of",
    "models_of",
    "numbers_calls",
    "openai_facts",
    "openai_names",
    "thinks",
    "thinks_unasked",
]

_OPS = {
    ("anthropic", "generate"): "messages",
    ("anthropic", "count_tokens"): "count_tokens",
    ("gemini", "generate"): "generate",
    ("gemini", "stream"): "generate",
    ("gemini", "count_tokens"): "count_tokens",
    ("openai", "generate"): "chat",
    ("openai", "responses"): "responses",
    ("openai", "count_tokens"): "input_tokens",
    ("openai", "embeddings"): "embeddings",
    ("openai", "batch_create"): "batches",
}
NOTHING = Tally(0)


class Judge:
    """Judges and counts requests; remembers the prompts that the vendors would have cached."""

    def __init__(self, signer: Signer, clock: Callable[[], float], shelf: Shelf) -> None:
        self._signer = signer
        self._shelf = shelf
        self._own = {"openai": self._openai}
        self._cache = PromptCache(clock)

    def judge(
        self,
        vendor: str,
        route: Route,
        model: str,
        request: Request,
        body: dict[str, Any],
        scope: str,
        held: tuple[tuple[str, int], ...] = (),
        *,
        rulebook: str = "",
    ) -> Trouble | Tally:
        """Why the vendor would refuse a decoded body, or how it counts its prompt.

        `vendor` is whose models these are; `rulebook` is another than its own. `scope` keeps the
        prompt caches of different keys apart; `held` are tokens of the body that a cached content
        brought.
        """
        op = _OPS.get((vendor, route.op))
        if op is None:
            return NOTHING
        own = self._own.get(vendor)
        if own is not None:
            return own(op, route, model, body, scope)
        known = models.find(vendor, model)
        found: list[list[Piece]] = []

        dropped: list[Dropped] = []

        def tokens() -> int:
            if known is None:
                return 0
            if known.binding:
                dropped.extend(blocks_dropped(known, body, scope, self._signer.binding))
            found.append(pieces(known, without(body, dropped)))
            return sum(piece.tokens for piece in found[0])

        refusal = rules.check(
            rulebook or vendor,
            op,
            model,
            body,
            tokens=tokens,
            issued=lambda mark, text: self._signer.accepts(vendor, mark, text),
            headers=request.headers,
            beta=request.query.get("beta") == "true",
            account=scope,
            binding_of=self._signer.binding,
        )
        if refusal is not None:
            return _trouble(refusal)
        if known is None:
            return NOTHING
        prompt = found[0] if found else pieces(known, body)
        tally = self._tally(known, prompt, scope, held, cached=route.op != "count_tokens")
        if vendor != "anthropic" or not (known.binding or body.get("thinking")):
            return tally
        told = tuple((one.block.path, one.reason) for one in dropped)
        return msgspec.structs.replace(tally, dropped=told, binding=bind(known, body, scope))

    def _openai(
        self, op: str, route: Route, name: str, body: dict[str, Any], scope: str
    ) -> Trouble | Tally:
        """OpenAI's API knows of earlier requests: responses, files, what it encrypted."""
        model = models.find("openai", name)
        items: list[dict[str, Any]] = []
        if op in ("responses", "input_tokens") and _readable(body):
            items = self._shelf.whole_input(scope, body)
        found: list[Piece] = []

        def tokens() -> int:
            if model is not None and not found:
                found.extend(pieces(model, {**body, "input": items} if items else body))
            return sum(piece.tokens for piece in found)

        known = openai.Known(
            tokens=tokens,
            stored=lambda ident: (scope, ident) in self._shelf.responses,
            file=lambda ident: self._shelf.drawer.get("openai_file", scope, ident) is not None,
            opened=lambda sealed: self._signer.opened("openai", sealed),
            items=items,
        )
        refusal = openai.check(op, name, body, known)
        if refusal is not None:
            return _trouble(refusal)
        tokens()
        if model is None:
            return NOTHING
        return self._tally(model, found, scope, cached=route.op in ("generate", "responses"))

    def _tally(
        self,
        model: models.Model,
        prompt: list[Piece],
        scope: str,
        held: tuple[tuple[str, int], ...] = (),
        *,
        cached: bool,
    ) -> Tally:
        count = count_of(prompt)
        kinds = tuple(count.by_modality.items())
        if not cached:
            return Tally(count.total, kinds)
        if held:
            return Tally(count.total, kinds, sum(n for _, n in held), read_kinds=held)
        use = self._cache.use(scope, model, prompt)
        read = tuple(use.read_by_modality.items())
        return Tally(count.total, kinds, use.read, use.write_5m, use.write_1h, read)

    def forget(self) -> None:
        """Forget all prompt caches."""
        self._cache.forget()


def _trouble(refusal: rules.Rejection) -> Trouble:
    return Trouble(
        refusal.status,
        refusal.message,
        refusal.type,
        details=refusal.details,
        param=refusal.param,
        code=refusal.code,
    )


def _readable(body: object) -> bool:
    """Whether an input can be read as items: the schema has not been asked yet."""
    given = body.get("input") if isinstance(body, dict) else None
    if isinstance(given, list):
        return all(isinstance(item, dict) for item in given)
    return isinstance(body, dict) and (given is None or isinstance(given, str))


@cache
def full_name(vendor: str, model: str) -> str:
    """The full id of a model for an alias of it; what is not known stays as it is."""
    found = models.find(vendor, model)
    return model if found is None else found.name


def models_of(vendor: str) -> list[str]:
    """The ids of a vendor's models."""
    return models.names(vendor)


def limits_of(vendor: str, model: str) -> tuple[int, int] | None:
    """Context window and most output tokens; None for a model that is not known."""
    found = models.find(vendor, model)
    return None if found is None else (found.context_window, found.max_output)


def openai_facts(model: str) -> models.OpenAIFacts:
    """What only OpenAI's models have."""
    found = models.find("openai", model)
    return (found and found.openai) or models.OpenAIFacts()


def openai_names() -> list[str]:
    """Every id that OpenAI lists: full names and those that stand for them."""
    found = [models.find("openai", name) for name in models.names("openai")]
    return [name for model in found if model for name in (model.name, *model.aliases)]


def default_budget(vendor: str, model: str) -> int | None:
    """Thinking without a word about it: 0 is off, None dynamic."""
    found = models.find(vendor, model)
    if found is None or found.level_default == "minimal":
        return 0
    return found.budget_default


def methods_of(name: str) -> list[str]:
    """What a Gemini model is listed with, as recorded (iBUHub/AIStudioToAPI, pull request 257)."""
    found = models.find("gemini", name)
    if found is not None and found.embedding:
        return ["embedContent", "countTextTokens", "countTokens"]
    return ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]


def thinks(name: str) -> bool:
    """Whether a Gemini model thinks at all."""
    found = models.find("gemini", name)
    return found is not None and bool(found.thinking)


def thinks_unasked(vendor: str, model: str) -> bool:
    """Whether a model thinks without a word about it."""
    found = models.find(vendor, model)
    return found is not None and found.thinking_default != "disabled"


def numbers_calls(vendor: str, model: str) -> bool:
    """Whether a Gemini model gives its calls ids and signs its text: those that want signatures
    back do.
    """
    found = models.find(vendor, model)
    return found is not None and found.signatures
