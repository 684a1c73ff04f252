"""What vendors keep for their clients, and how it is asked for: a table of endpoints.

Files, batches and cached contents are made, listed, read, changed and deleted. Each row says where
that is at the vendor, and what the answer tells about who owns what.
"""

from typing import Final, Literal

from msgspec import Struct

from fairlead.canon import Dialect
from fairlead.ledger.record import Op

__all__ = ["ENDPOINTS", "Act", "Endpoint", "Steps"]

Act = Literal["make", "upload", "list", "read", "content", "change", "delete"]
"""`upload` makes an object in several requests; `content` is passed on as it comes, in pieces."""

Steps = tuple[str, ...]
"""Names that lead from a JSON object to a value in it."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """One endpoint of a vendor.

    `kind` is the word for its objects, in `Ownership` too. `path` may hold `{id}` and `{model}`.
    `prefix` is what the vendor puts before an id where it names the object (Gemini's `files/abc`).
    `made` leads to the id in the answer that made an object, `also` to the ids of other objects
    (each with its kind) that belong to whoever owns this one. `uses` leads to ids that a client's
    body names. `items` is the list's field in an answer. `outputs` leads to the ids of
    the files that hold a batch's answers.
    """

    op: Op
    kind: str
    act: Act
    path: str
    prefix: str = ""
    made: Steps = ("id",)
    also: tuple[tuple[str, Steps], ...] = ()
    uses: tuple[tuple[str, Steps], ...] = ()
    items: str = "data"
    outputs: tuple[Steps, ...] = ()

    @property
    def id_field(self) -> str:
        """The field that holds an object's id in a list."""
        return self.made[-1]


# "The ID of the file containing the outputs of successfully executed requests", and "with errors"
# (openai 3.54.0, types/batch.py).
_WRITTEN: Final = (("files", ("output_file_id",)), ("files", ("error_file_id",)))
_READ: Final = (("files", ("input_file_id",)),)
# https://ai.google.dev/api/batch-api#GenerateContentBatch: `inputConfig.fileName`, "The name of the
# File containing the input requests", and `output.responsesFile`, "The file ID of the file
# containing the responses"; the operation has the batch as `metadata`, its end as `response`.
_GEMINI_WRITTEN: Final = (
    ("files", ("metadata", "output", "responsesFile")),
    ("files", ("response", "responsesFile")),
)
_GEMINI_READ: Final = (
    ("files", ("batch", "inputConfig", "fileName")),
    ("files", ("batch", "input_config", "file_name")),
)


def _openai(act: Act, kind: Literal["files", "batches"], path: str) -> Endpoint:
    also = _WRITTEN if kind == "batches" else ()
    uses = _READ if act == "make" and kind == "batches" else ()
    outputs = (("output_file_id",),) if kind == "batches" else ()
    return Endpoint(op=kind, kind=kind, act=act, path=path, also=also, uses=uses, outputs=outputs)


def _anthropic(act: Act, kind: Literal["files", "batches"], path: str) -> Endpoint:
    return Endpoint(op=kind, kind=kind, act=act, path=path)


def _gemini_files(act: Act, path: str) -> Endpoint:
    made: Steps = ("file", "name") if act in ("make", "upload") else ("name",)
    return Endpoint(
        op="files", kind="files", act=act, path=path, prefix="files/", made=made, items="files"
    )


def _gemini_caches(act: Act, path: str) -> Endpoint:
    return Endpoint(
        op="caches", kind="cachedContents", act=act, path=path, prefix="cachedContents/",
        made=("name",), items="cachedContents",
    )  # fmt: skip


def _gemini_batches(act: Act, path: str) -> Endpoint:
    return Endpoint(
        op="batches", kind="batches", act=act, path=path, prefix="batches/", made=("name",),
        items="operations", also=_GEMINI_WRITTEN, uses=_GEMINI_READ if act == "make" else (),
        outputs=tuple(steps for _, steps in _GEMINI_WRITTEN),
    )  # fmt: skip


ENDPOINTS: Final[dict[tuple[str, Dialect], Endpoint]] = {
    ("files.make", "openai_chat"): _openai("make", "files", "/v1/files"),
    ("files.list", "openai_chat"): _openai("list", "files", "/v1/files"),
    ("files.read", "openai_chat"): _openai("read", "files", "/v1/files/{id}"),
    ("files.delete", "openai_chat"): _openai("delete", "files", "/v1/files/{id}"),
    ("files.content", "openai_chat"): _openai("content", "files", "/v1/files/{id}/content"),
    ("batches.make", "openai_chat"): _openai("make", "batches", "/v1/batches"),
    ("batches.list", "openai_chat"): _openai("list", "batches", "/v1/batches"),
    ("batches.read", "openai_chat"): _openai("read", "batches", "/v1/batches/{id}"),
    ("batches.cancel", "openai_chat"): _openai("change", "batches", "/v1/batches/{id}/cancel"),
    ("files.make", "anthropic"): _anthropic("make", "files", "/v1/files"),
    ("files.list", "anthropic"): _anthropic("list", "files", "/v1/files"),
    ("files.read", "anthropic"): _anthropic("read", "files", "/v1/files/{id}"),
    ("files.delete", "anthropic"): _anthropic("delete", "files", "/v1/files/{id}"),
    ("files.content", "anthropic"): _anthropic("content", "files", "/v1/files/{id}/content"),
    ("batches.make", "anthropic"): _anthropic("make", "batches", "/v1/messages/batches"),
    ("batches.list", "anthropic"): _anthropic("list", "batches", "/v1/messages/batches"),
    ("batches.read", "anthropic"): _anthropic("read", "batches", "/v1/messages/batches/{id}"),
    ("batches.delete", "anthropic"): _anthropic("delete", "batches", "/v1/messages/batches/{id}"),
    ("batches.cancel", "anthropic"): _anthropic(
        "change", "batches", "/v1/messages/batches/{id}/cancel"
    ),
    ("batches.results", "anthropic"): _anthropic(
        "content", "batches", "/v1/messages/batches/{id}/results"
    ),
    ("files.make", "gemini"): _gemini_files("make", "/v1beta/files"),
    ("files.upload", "gemini"): _gemini_files("upload", "/upload/v1beta/files"),
    ("files.list", "gemini"): _gemini_files("list", "/v1beta/files"),
    ("files.read", "gemini"): _gemini_files("read", "/v1beta/files/{id}"),
    ("files.delete", "gemini"): _gemini_files("delete", "/v1beta/files/{id}"),
    ("files.content", "gemini"): _gemini_files("content", "/v1beta/files/{id}:download"),
    ("caches.make", "gemini"): _gemini_caches("make", "/v1beta/cachedContents"),
    ("caches.list", "gemini"): _gemini_caches("list", "/v1beta/cachedContents"),
    ("caches.read", "gemini"): _gemini_caches("read", "/v1beta/cachedContents/{id}"),
    ("caches.change", "gemini"): _gemini_caches("change", "/v1beta/cachedContents/{id}"),
    ("caches.delete", "gemini"): _gemini_caches("delete", "/v1beta/cachedContents/{id}"),
    ("batches.make", "gemini"): _gemini_batches(
        "make", "/v1beta/models/{model}:batchGenerateContent"
    ),
    ("batches.embed", "gemini"): _gemini_batches(
        "make", "/v1beta/models/{model}:asyncBatchEmbedContent"
    ),
    ("batches.list", "gemini"): _gemini_batches("list", "/v1beta/batches"),
    ("batches.read", "gemini"): _gemini_batches("read", "/v1beta/batches/{id}"),
    ("batches.delete", "gemini"): _gemini_batches("delete", "/v1beta/batches/{id}"),
    ("batches.cancel", "gemini"): _gemini_batches("change", "/v1beta/batches/{id}:cancel"),
}
"""By the route's name and the client's dialect."""
