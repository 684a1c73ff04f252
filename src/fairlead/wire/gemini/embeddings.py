"""Embeddings in Gemini's dialect: `{model}:embedContent` and `{model}:batchEmbedContents`.

https://ai.google.dev/api/embeddings: `embedContent` takes one `content` and answers `embedding`,
`batchEmbedContents` takes `requests` and answers `embeddings`. `taskType` and `title` steer the
vector; they are never guessed for a client that did not say them.
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure, Loss, Problem
from fairlead.wire.embeddings import Embedding, Vectors, Wanted
from fairlead.wire.gemini.fields import Fields

__all__ = ["EMBEDDING"]

MOST: Final = 100
""""BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch" (the API's own
words, https://github.com/langchain-ai/langchainjs/issues/4491)."""

_STEERING: Final = {
    "taskType": ("task_type", "other vendors' embeddings know no task"),
    "title": ("title", "other vendors' embeddings know no title"),
}
_OURS: Final = "fairlead"


class _Values(Struct, omit_defaults=True):
    values: Raw


class _Metadata(Struct, rename="camel"):
    prompt_token_count: int | None = None
    total_token_count: int | None = None


class _Answer(Struct, rename="camel", omit_defaults=True):
    embedding: _Values | None = None
    embeddings: list[_Values] | None = None
    usage_metadata: _Metadata | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_encode: Final = msgspec.json.Encoder().encode


def _name(_body: bytes) -> str:
    return ""


# --- a client's body ------------------------------------------------------------------------------


def _read(body: bytes) -> Wanted:
    fields = Fields(body)
    fields.raw(_OURS)
    if "requests" not in fields.left:
        losses: list[Loss] = []
        text, dimensions = _one(fields, losses)
        return Wanted((text,), dimensions, lone=True, losses=tuple(losses))
    return _many(fields)


def _many(fields: Fields) -> Wanted:
    losses: list[Loss] = []
    read = [_one(request, losses) for request in fields.objects("requests")]
    losses += [_unknown(fields.at(name)) for name in fields.left]
    if not read:
        raise Failure.invalid("is empty", "requests")
    dimensions = read[0][1]
    for at, (_, other) in enumerate(read):
        if other != dimensions:
            message = "vectors of different sizes cannot be asked of this model in one call"
            raise Failure(
                Problem(
                    "unsupported",
                    message,
                    param=f"requests[{at}].outputDimensionality",
                    code="mixed_dimensions",
                    hint="send one call for each size",
                )
            )
    return Wanted(tuple(text for text, _ in read), dimensions, losses=tuple(losses))


def _one(fields: Fields, losses: list[Loss]) -> tuple[str, int | None]:
    fields.raw("model")  # the URL names it
    content = fields.object("content")
    if content is None:
        raise Failure.invalid("is required", fields.at("content"))
    text = _text(content, losses)
    dimensions = fields.integer("outputDimensionality")
    for name, (what, why) in _STEERING.items():
        if fields.raw(name) is not None:
            losses.append(Loss("cosmetic", fields.at(name), what, why))
    losses += [_unknown(fields.at(name)) for name in fields.left]
    return text, dimensions


def _text(content: Fields, losses: list[Loss]) -> str:
    content.raw("role")
    texts: list[str] = []
    for part in content.objects("parts"):
        text = part.text("text")
        if text is None:
            kind = next(iter(part.left), "nothing")
            problem = Problem(
                "unsupported",
                f"{kind} cannot be embedded by this model, only text",
                param=part.path,
                code="media_embedding",
                hint="name a model of Google's that embeds it",
            )
            raise Failure(problem)
        texts.append(text)
    if not texts:
        raise Failure.invalid("holds no text", content.at("parts"))
    if len(texts) > 1:
        why = "how Gemini joins several texts of a content is not disclosed; joined by lines"
        losses.append(Loss("semantic", content.at("parts"), "joined_texts", why))
    return "\n".join(texts)


def _unknown(path: str) -> Loss:
    what = path.rpartition(".")[2]
    return Loss("semantic", path, what, f"the model's vendor has no field for {what}")


def _renamed(body: bytes, asked: str, model: str) -> bytes:
    """Models are named inside too, and have to be the URL's ("must match the model ... in the
    batch's request", the page above): an alias is replaced there as well.
    """
    if asked == model and b'"fairlead"' not in body:
        return body
    try:
        fields = _OBJECT.decode(body)
        changed = fields.pop(_OURS, None) is not None
        changed = _renamed_in(fields, asked, model) or changed
        if "requests" in fields:
            requests = [_OBJECT.decode(raw) for raw in _LIST.decode(fields["requests"])]
            renamed = [_renamed_in(request, asked, model) for request in requests]
            if any(renamed):
                fields["requests"] = Raw(_encode(requests))
                changed = True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body  # the vendor says what is wrong with it
    return _encode(fields) if changed else body


def _renamed_in(fields: dict[str, Raw], asked: str, model: str) -> bool:
    named = fields.get("model")
    if named is None or _TEXT.decode(named).removeprefix("models/") != asked != model:
        return False
    fields["model"] = Raw(_encode(f"models/{model}"))
    return True


# --- for a vendor, and its answer -----------------------------------------------------------------


def _write(wanted: Wanted, model: str) -> bytes:
    more = {} if wanted.dimensions is None else {"outputDimensionality": wanted.dimensions}
    named = f"models/{model}"
    return _encode(
        {
            "requests": [
                {"model": named, "content": {"parts": [{"text": text}]}, **more}
                for text in wanted.texts
            ]
        }
    )


def _vectors(body: bytes) -> Vectors:
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"no embeddings: {error}") from error
    found = [answer.embedding] if answer.embedding is not None else answer.embeddings or []
    usage = answer.usage_metadata
    tokens = None
    if usage is not None:
        tokens = usage.prompt_token_count
        if tokens is None:
            tokens = usage.total_token_count
    return Vectors(tuple(vector.values for vector in found), tokens)


def _say(vectors: Vectors, wanted: Wanted, _model: str) -> bytes:
    usage = None if vectors.tokens is None else _Metadata(vectors.tokens, vectors.tokens)
    values = [_Values(value) for value in vectors.values]
    if wanted.lone:
        return _encode(_Answer(embedding=values[0], usage_metadata=usage))
    return _encode(_Answer(embeddings=values, usage_metadata=usage))


EMBEDDING: Final = Embedding(
    "gemini",
    most=MOST,
    name=_name,
    read=_read,
    write=_write,
    vectors=_vectors,
    say=_say,
    renamed=_renamed,
)
