"""Claude on Amazon Bedrock: InvokeModel, Converse and CountTokens.

    POST /model/{id}/invoke   /invoke-with-response-stream   /converse   /converse-stream
    POST /model/{id}/count-tokens

Refusals are `{"message": ...}` with the exception's name in `x-amzn-errortype`; statuses are those
of botocore's service model.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fairlead.emulator.authority.bedrock import MISSING, model_id_fault, service_model
from fairlead.emulator.faces.anthropic import AnthropicFace
from fairlead.emulator.faces.bedrock.bodies import MODEL_SAID
from fairlead.emulator.faces.bedrock.converse_writing import Told, converse, converse_pieces
from fairlead.emulator.faces.bedrock.frames import chunk, exception
from fairlead.emulator.faces.bedrock.names import Name, name_of
from fairlead.emulator.faces.face import Answered, Put, Route, Trouble
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.http11.reply import Piece, Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue

__all__ = ["BedrockFace"]

STREAM: Final = "application/vnd.amazon.eventstream"
_PATH: Final = re.compile(
    r"/model/(.+)/(invoke|invoke-with-response-stream|converse|converse-stream|count-tokens)"
)
_OPERATIONS: Final = {
    "invoke": "InvokeModel",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "count-tokens": "CountTokens",
}
_NAMES: Final = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    413: "ValidationException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_MESSAGES: Final = {
    403: "You don't have access to the model with the specified model ID. (emulated)",
    408: "The request took too long to process. (emulated)",
    424: "The request failed due to an error while processing the model. (emulated)",
    429: "Too many requests, please wait before trying again. (emulated)",
    500: "An internal server error occurred. (emulated)",
    503: "The service isn't currently available. Try again later. (emulated)",
}
_STATUS_OF: Final = {401: 403, 529: 503, 502: 500, 504: 503}
_STOP_SEQUENCE: Final = "/stop_sequence"
_LATENCY: Final = 480


class BedrockFace(AnthropicFace):
    """Bedrock's runtime. `Route.array`: a stream; `Route.ident`: which API."""

    vendor = "bedrock"
    rulebook = "bedrock"
    id_header: str | None = None
    message_mark = "msg_bdrk_01"
    told_usage: tuple[str, ...] = ()
    # botocore: Body "max": 25000000.
    size_limit = 25_000_000

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes."""
        del query
        found = _PATH.fullmatch(path)
        if found is None or method != "POST":
            return Trouble(404, "", "UnknownOperationException")
        try:
            service_model()
        except ImportError:
            return Trouble(501, MISSING)
        fault = model_id_fault(_OPERATIONS[found[2]], found[1])
        if fault is not None:
            return Trouble(400, f"1 validation error detected: {fault}")
        name = name_of(found[1])
        trouble = _name_trouble(name, found[1], counts=found[2] == "count-tokens")
        if trouble is not None:
            return trouble
        if found[2] == "count-tokens":
            return Route("count_tokens", name.model, ident="count")
        api = "converse" if found[2].startswith("converse") else "invoke"
        return Route("generate", name.model, array=found[2].endswith("stream"), ident=api)

    def key(self, request: Request) -> str:
        """The access key's id of a signature, or a bearer token."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return rest.strip()
        return rest.partition("Credential=")[2].partition("/")[0]

    def key_trouble(self, key: str) -> Trouble:
        """A bearer token that is not good."""
        if not key:
            return Trouble(
                403, "Missing Authentication Token", "MissingAuthenticationTokenException"
            )
        message = "Authentication failed: Please make sure your API Key is valid."
        return Trouble(403, message, "AccessDeniedException")

    def version_trouble(self, request: Request) -> Trouble | None:
        """The version is in the body."""
        del request
        return None

    def json_trouble(self, problem: str) -> Trouble:
        """What the front door says to what it cannot parse."""
        return Trouble(
            400, f"The request body is not valid JSON: {problem}", "SerializationException"
        )

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """Both are in the path."""
        del body
        return route.model, route.array

    def answer(self, put: Put) -> Answered:
        """A message by either API, or a count."""
        if put.route.op == "count_tokens":
            body = msgspec.json.encode({"inputTokens": put.tally.total})
            return Answered(_stamped(put, Reply(200, body=body)), {})
        whole = super().answer(msgspec.structs.replace(put, stream=False))
        if whole.reply.status >= 400:
            return whole
        message = msgspec.json.decode(whole.reply.body)
        pieces: list[Piece] = []
        if put.stream:
            pieces = super().answer(put).reply.pieces or []
        write = _converse if put.route.ident == "converse" else _invoke
        reply = write(put, message, pieces)
        reply.tokens = whole.reply.tokens
        return Answered(_stamped(put, reply), whole.usage)

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """`{"message": ...}`, with the exception's name in a header."""
        status, name, message = _told(trouble)
        if status == 400 and route is not None and route.ident == "converse" and not trouble.type:
            own = (
                "1 validation",
                "This model",
                "The provided",
                MODEL_SAID,
                "Malformed",
                "emulator",
            )
            message = message if message.startswith(own) else MODEL_SAID + message
        headers: tuple[tuple[str, str], ...] = (
            ("x-amzn-requestid", _uuid(request_id.encode())),
            ("x-amzn-errortype", f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"),
        )
        if trouble.retry_after is not None:
            headers = (*headers, ("retry-after", f"{trouble.retry_after:g}"))
        return Reply(status, body=msgspec.json.encode({"message": message}), headers=headers)

    def outage(self, trouble: Trouble, request_id: str, route: Route) -> bytes:
        """An exception in the middle of the stream."""
        del request_id, route
        _, name, message = _told(trouble)
        return exception(name, message)


def _name_trouble(name: Name, said: str, *, counts: bool) -> Trouble | None:
    if not name.model:
        return Trouble(400, "The provided model identifier is invalid.")
    if counts and name.profile:  # as recorded
        return Trouble(400, "The provided model doesn't support counting tokens.")
    if not counts and name.needs_profile and not name.profile:
        return Trouble(
            400,
            f"Invocation of model ID {said} with on-demand throughput isn\u2019t supported. Retry"
            " your request with the ID or ARN of an inference profile that contains this model.",
        )
    return None


def _told(trouble: Trouble) -> tuple[int, str, str]:
    status = _STATUS_OF.get(trouble.status, trouble.status)
    name = trouble.type if trouble.type.endswith("Exception") else ""
    name = name or _NAMES.get(status, "InternalServerException")
    return status, name, trouble.message or _MESSAGES.get(status, "Emulated error")


def _stamped(put: Put, reply: Reply) -> Reply:
    reply.headers = (("x-amzn-requestid", _uuid(put.request_id.encode())), *reply.headers)
    return reply


def _uuid(seed: bytes) -> str:
    text = ident(seed, "request", 32, lower=True)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


def _invoke(put: Put, message: dict[str, Any], pieces: list[Piece]) -> Reply:
    usage = message["usage"]
    counts = (
        ("x-amzn-bedrock-input-token-count", str(usage["input_tokens"])),
        ("x-amzn-bedrock-output-token-count", str(usage["output_tokens"])),
        ("x-amzn-bedrock-invocation-latency", str(_LATENCY)),
    )
    if not put.stream:
        return Reply(200, body=msgspec.json.encode(message), headers=counts)
    metrics = {
        "inputTokenCount": usage["input_tokens"],
        "outputTokenCount": usage["output_tokens"],
        "invocationLatency": _LATENCY,
        "firstByteLatency": _LATENCY // 2,
    }
    out: list[Piece] = []
    for piece in pieces:
        data = piece.data.partition(b"\ndata: ")[2].rstrip(b"\n")
        said = msgspec.json.decode(data)
        if said["type"] == "message_stop":
            data = msgspec.json.encode({**said, "amazon-bedrock-invocationMetrics": metrics})
        if said["type"] != "ping":
            out.append(Piece(chunk(data), piece.tokens))
    headers = (("x-amzn-bedrock-content-type", "application/json"),)
    return Reply(200, STREAM, pieces=out, headers=headers)


def _converse(put: Put, message: dict[str, Any], pieces: list[Piece]) -> Reply:
    fields: dict[str, Any] = {}
    try:
        asked = msgspec.json.decode(put.request.body).get("additionalModelResponseFieldPaths") or ()
    except (msgspec.DecodeError, AttributeError):
        asked = ()
    if _STOP_SEQUENCE in asked:
        fields["stop_sequence"] = message["stop_sequence"]
    told = Told(_LATENCY, fields)
    if put.stream:
        return Reply(200, STREAM, pieces=converse_pieces(pieces, message, told))
    return Reply(200, body=msgspec.json.encode(converse(message, told)))
