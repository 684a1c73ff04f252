"""Embeddings in OpenAI's dialect: `POST /v1/embeddings`.

https://platform.openai.com/docs/api-reference/embeddings/create (openai 3.54.0,
types/embedding_create_params.py): `input` is "a string, array of strings, array of tokens, or
array of token arrays"; `encoding_format` "can be either `float` or `base64`". The SDK asks for
base64 unless told otherwise and unpacks it as little-endian 32-bit floats.
"""

import base64
import sys
from array import array
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from fairlead.canon import Failure, Loss, Problem
from fairlead.wire.embeddings import Embedding, Vectors, Wanted, numbers
from fairlead.wire.splice import splice
from fairlead.wire.strict_json import Reader

__all__ = ["EMBEDDING"]

MOST: Final = 2048
""""any array must be 2048 dimensions or less" (the same): so many texts in one call."""


class _Request(Struct, forbid_unknown_fields=True):
    input: Raw
    model: str
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
    fairlead: Raw | UnsetType = UNSET


class _Named(Struct):
    model: str


class _Vector(Struct):
    embedding: Raw
    index: int = 0
    object: str = "embedding"


class _Usage(Struct):
    prompt_tokens: int = 0
    total_tokens: int = 0


class _Answer(Struct):
    data: list[_Vector]
    model: str = ""
    object: str = "list"
    usage: _Usage | None = None


_REQUEST: Final = Reader(_Request)
_NAMED: Final = Reader(_Named)
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_INPUT: Final = msgspec.json.Decoder(str | list[Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_encode: Final = msgspec.json.Encoder().encode


def _name(body: bytes) -> str:
    return _NAMED.read(body)[0].model


def _read(body: bytes) -> Wanted:
    request, unknown = _REQUEST.read(body)
    losses = [
        Loss("semantic", path, path, f"the model's vendor has no field for {path}")
        for path, _ in unknown
    ]
    if request.user is not None:
        losses.append(Loss("cosmetic", "user", "user", "the vendor takes no end user's id"))
    if request.dimensions is not None and request.dimensions < 1:
        raise Failure.invalid("is a whole number from 1", "dimensions")
    return Wanted(
        _texts(request.input),
        request.dimensions,
        packed=request.encoding_format == "base64",
        losses=tuple(losses),
    )


def _texts(raw: Raw) -> tuple[str, ...]:
    try:
        found = _INPUT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure.invalid("is a string or a list of strings", "input") from error
    if isinstance(found, str):
        return (found,)
    if not found:
        raise Failure.invalid("is empty", "input")
    texts: list[str] = []
    for at, item in enumerate(found):
        try:
            texts.append(_TEXT.decode(item))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if bytes(item).lstrip()[:1] in b"[0123456789":
                raise Failure(_TOKENS) from error
            raise Failure.invalid("is no string", f"input[{at}]") from error
    return tuple(texts)


_TOKENS: Final = Problem(
    "unsupported",
    "tokens are numbers of OpenAI's own tokenizer; another vendor's model cannot read them",
    param="input",
    code="token_input",
    hint="send strings (LangChain: check_embedding_ctx_length=False), or name a model of OpenAI's",
)


def _write(wanted: Wanted, model: str) -> bytes:
    body: dict[str, object] = {
        "model": model,
        "input": wanted.texts,
        "encoding_format": "base64" if wanted.packed else "float",
    }
    if wanted.dimensions is not None:
        body["dimensions"] = wanted.dimensions
    return _encode(body)


def _vectors(body: bytes) -> Vectors:
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"no list of embeddings: {error}") from error
    ordered = sorted(answer.data, key=lambda vector: vector.index)
    tokens = answer.usage.prompt_tokens if answer.usage is not None else None
    return Vectors(tuple(vector.embedding for vector in ordered), tokens)


def _say(vectors: Vectors, wanted: Wanted, model: str) -> bytes:
    data = [
        _Vector(_packed(value) if wanted.packed else value, index)
        for index, value in enumerate(vectors.values)
    ]
    tokens = vectors.tokens or 0
    return _encode(_Answer(data, model, usage=_Usage(tokens, tokens)))


def _packed(vector: Raw) -> Raw:
    floats = array("f", numbers(vector))
    if sys.byteorder == "big":
        floats.byteswap()
    return Raw(b'"' + base64.b64encode(floats.tobytes()) + b'"')


def _renamed(body: bytes, _asked: str, model: str) -> bytes:
    return splice(body, {"model": _encode(model)}, ("fairlead",))


EMBEDDING: Final = Embedding(
    "openai_chat",
    most=MOST,
    name=_name,
    read=_read,
    write=_write,
    vectors=_vectors,
    say=_say,
    renamed=_renamed,
)
