"""Conversations that the client left with the gateway: `previous_response_id` and `store`.

A request that names a previous answer is made whole before it is planned, so that routing sees the
conversation and any model can answer it. If the very vendor that made the previous answer is asked
again, in the client's own dialect, it gets the client's own bytes: it has the conversation too.

An answer is stored before its last bytes go to the client, who may go on from it at once.
"""

import msgspec

from fairlead.canon import Failure, Problem
from fairlead.engine.exchange import Exchange
from fairlead.upstream.vendors import Upstream
from fairlead.vault.responses import ResponseStore, Stored

__all__ = ["made_here", "recall", "refuse_unknown", "store"]

_ARRAY = msgspec.json.Encoder().encode


class _Named(msgspec.Struct):
    id: str = ""


_NAMED = msgspec.json.Decoder(_Named)


async def recall(x: Exchange, responses: ResponseStore) -> None:
    """Put the conversation before a request that builds on a previous answer.

    Raises:
        Failure: there is no such answer, or its conversation has a gap.
    """
    state = x.codec.state
    if state is None or b"previous_response_id" not in x.body:
        return
    previous = state.previous_id(x.body)
    if previous is None:
        return
    stored = await responses.get(x.scope, previous)
    if stored is None and x.key_id is None:
        # Without virtual keys there is one user, whose vendor may know an answer that we don't.
        x.unknown_previous = previous
        return
    history = await responses.history(x.scope, previous)  # tells what is missing
    x.original, x.previous_id = x.body, previous
    x.previous_upstream = stored.upstream if stored is not None else ""
    x.body = state.expand(x.body, tuple(bytes(item) for item in history))


def made_here(x: Exchange, upstream: Upstream) -> bytes:
    """The body for a vendor of the client's dialect: as the client sent it if that vendor has the
    conversation, else made whole.
    """
    if x.original is not None and x.previous_upstream == upstream.label:
        return x.original
    return x.body


def refuse_unknown(x: Exchange) -> None:
    """Only the vendor of the client's own dialect may know an answer that is not stored here.

    Raises:
        Failure: another one would be asked.
    """
    if x.unknown_previous is not None and not x.same:
        raise Failure(
            Problem(
                "invalid_request",
                f"Previous response with id '{x.unknown_previous[:200]}' not found.",
                param="previous_response_id",
                code="previous_response_not_found",
                hint="it was not made through this gateway, is too old or was not stored; send the"
                " conversation whole",
            )
        )


async def store(x: Exchange, body: bytes, responses: ResponseStore) -> None:
    """Keep an answer, unless the client does not want that."""
    state = x.codec.state
    if state is None or not body:
        return
    asked = x.original if x.original is not None else x.body
    if not state.wants_store(asked):
        return
    try:
        id_ = _NAMED.decode(body).id
    except msgspec.DecodeError:
        return  # no answer object: an error that the vendor told with status 200
    if not id_:
        return
    items = [msgspec.Raw(item) for item in state.input_items(asked)]
    kept = Stored(
        body=body,
        items=_ARRAY(items),
        created=x.at,
        previous_id=x.previous_id,
        model=x.model.id if x.model is not None else "",
        upstream=x.upstream.label if x.upstream is not None else "",
    )
    await responses.put(x.scope, id_, kept)
