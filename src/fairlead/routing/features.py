"""What policies may ask about a request, read off it once."""

from collections.abc import Callable

from msgspec.structs import replace

from fairlead.canon import Media, Request, Text, ToolResult, Turn
from fairlead.catalog.model import Model
from fairlead.routing.decision import Features, Hints, Latency
from fairlead.routing.looking import NO_OUTSIDE, Outside, look
from fairlead.routing.media import Sizes
from fairlead.routing.tasks import recognise
from fairlead.routing.tokens import estimate_all, estimate_texts

__all__ = ["extract", "prompt_tokens_for", "prompt_tokens_of"]

MODALITIES = ("text", "image", "audio", "video", "document")
TEXT_ONLY: tuple[str, ...] = ("text",)
FRAME = 600
"""Tokens that a vendor may add of its own, for tools and a schema."""
USUAL_CHARS_PER_TOKEN = 3.6
"""The tokenizer that estimates are fitted to; a model's own figure scales them."""

SHORT = 4_000
"""Tokens up to which a prompt counts as short: an assumption."""

_NO_HINTS = Hints()
_NOTHING: tuple[str, ...] = ()
_TURNS = frozenset({"user", "assistant"})


def extract(
    request: Request,
    hints: Hints | None = None,
    body_size: int = 0,
    *,
    asked: tuple[str, ...] = (),
    outside: Outside = NO_OUTSIDE,
) -> Features:
    """The features of a request. Pure; some 10 us for a small chat, bounded for texts of any size.

    `body_size` is the request's size in bytes (0: unknown). A text has no more tokens than bytes,
    so it bounds the high estimate of requests without media. `asked` names further features to look
    at (`looking.asked_of`), some of which are given from `outside`.
    """
    hints = hints or _NO_HINTS
    turns, texts = _read(request)
    if texts is not None and not request.tools and request.output is None:
        best, high = estimate_texts(texts, len(request.turns), body_size)
        modalities, sizes = TEXT_ONLY, None
        last = request.turns[-1].role if request.turns else "user"
        wants_more = request.modalities or request.n or last == "assistant"
        needs = _needs(request) if wants_more else _NOTHING
    else:
        best, high, sizes = estimate_all(request)
        modalities, needs = _modalities(request), _needs(request)
    if body_size and modalities is TEXT_ONLY and body_size + FRAME < high:
        high = body_size + FRAME
    recognised = recognise(request, hints, modalities, best)
    features = Features(  # by position, which takes half the time
        best,
        max(best, high),
        request.max_tokens,
        modalities,
        needs,
        len(request.tools),
        turns,
        request.n or 1,
        request.stream,
        recognised.task,
        recognised.evidence,
        hints.latency or _latency(request, best),
        hints.budget or "normal",
    )
    if sizes is not None:
        features = _weighed(features, sizes)
    return look(features, request, asked, outside) if asked else features


def _latency(request: Request, tokens: int) -> Latency:
    """Nobody says how soon the answer is needed: a short, streamed turn within a loop of tools is
    one of many that somebody waits for in a row.
    """
    if not request.stream or tokens > SHORT or not request.tools or not request.turns:
        return "normal"
    return "interactive" if _after_tool(request.turns[-1]) else "normal"


def _after_tool(turn: Turn) -> bool:
    return any(isinstance(part, ToolResult) for part in turn.parts)


def _read(request: Request) -> tuple[int, list[str] | None]:
    """Turns of the user and the assistant, and the texts where there is nothing else."""
    turns, plain = 0, True
    texts: list[str] = []
    for part in request.instructions:
        if type(part) is Text and part.signature is None:
            texts.append(part.text)
        else:
            plain = False
    for turn in request.turns:
        if turn.role in _TURNS:
            turns += 1
        for part in turn.parts:
            if type(part) is Text and part.signature is None:
                texts.append(part.text)
            else:
                plain = False
    return turns, texts if plain else None


def _weighed(features: Features, sizes: Sizes) -> Features:
    """The features with what the request's media weigh."""
    return replace(
        features,
        images=sizes.images,
        image_bytes=sizes.image_bytes,
        videos=sizes.videos,
        document_bytes=sizes.document_bytes,
        document_pages=sizes.document_pages,
        pages=sizes.pages,
        inline_bytes=sizes.inline_bytes,
    )


def prompt_tokens_for(features: Features, model: Model) -> int:
    """The best estimate for one model: its tokenizer's density, and what its tools cost it once."""
    return prompt_tokens_of(model)(features)


def prompt_tokens_of(model: Model) -> Callable[[Features], int]:
    """`prompt_tokens_for` of one model, with the model's facts looked at once."""
    density = None if model.chars_per_token is None else float(model.chars_per_token)
    overhead = model.tool_overhead_tokens

    def count(features: Features) -> int:
        tokens = features.prompt_tokens
        if density is not None:
            tokens = int(tokens * USUAL_CHARS_PER_TOKEN / density)
        return tokens + overhead if features.tools else tokens

    return count


def _modalities(request: Request) -> tuple[str, ...]:
    """`text` and every kind of media in the prompt, tool results included."""
    found: set[str] = set()
    for turn in request.turns:
        for part in turn.parts:
            if type(part) is Text:
                continue
            if isinstance(part, Media):
                found.add(part.kind)
            elif isinstance(part, ToolResult):
                found.update([inner.kind for inner in part.content if isinstance(inner, Media)])
    found.update([part.kind for part in request.instructions if isinstance(part, Media)])
    if not found:
        return TEXT_ONLY
    return tuple([kind for kind in MODALITIES if kind == "text" or kind in found])


def _needs(request: Request) -> tuple[str, ...]:
    """Features of a model without which the request would mean something else.

    Log-probabilities, a seed and parallel calls are wishes: a target that lacks them drops them
    with a named loss. Media by address can be fetched and sent as bytes.
    """
    needs: list[str] = []
    choice = request.tool_choice
    if request.tools and not (choice is not None and choice.mode == "none"):
        needs.append("tools")
        if choice is not None and choice.mode in {"required", "named"}:
            needs.append("forced_tools")
    if request.output is not None and request.output.kind != "text":
        needs.append(request.output.kind)
    if (request.n or 1) > 1:
        needs.append("n")
    if request.turns and request.turns[-1].role == "assistant":
        needs.append("prefill")
    if request.modalities:
        needs += [f"{kind}_output" for kind in request.modalities if kind.lower() != "text"]
    return tuple(needs)
