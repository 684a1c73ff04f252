"""Cached contents on Vertex AI: `projects/{project}/locations/{location}/cachedContents`.

From Google's pages on context caching (November 2026):

- "name - The context cache resource name. Its format is
  projects/PROJECT_NUMBER/locations/LOCATION/cachedContents/CACHE_ID", "model - ... Its format is
  projects/PROJECT_NUMBER/locations/LOCATION/publishers/PUBLISHER_NAME/models/MODEL_ID"; ids are
  numbers. "you must use the full context cache resource name"; "vertex caches only support model
  name start with projects" (google-genai 3.4, `t_caches_model`).
- "Caching requests must contain a minimum of 2,048 tokens", for every model; "Minimum time before a
  cache expires after it's created: 1 minute".
- "The cached content is stored in the region where you make the request".
- Express mode has no such resource.
- What is not there: "Not found: cached content metadata for 7352260532100923392."
  (googleapis/python-genai, issue 509).

It costs what the Gemini API's do: "you're billed for the input tokens used to create the cache at
the standard input token price", and for storage.
"""

import hashlib
import re
from typing import Any, Final

from msgspec.structs import replace

from fairlead.emulator import models
from fairlead.emulator.drawer import Kind
from fairlead.emulator.faces.face import Put, Route, Trouble, field
from fairlead.emulator.faces.gemini.caches import Caches, spelled
from fairlead.emulator.faces.idents import ident
from fairlead.emulator.faces.vertex.resource import number_of

__all__ = ["CACHES", "cache_named", "cache_route", "missing"]

MINIMUM: Final = 2048
MINUTE: Final = 60.0
_PATH: Final = re.compile(
    r"/v1(?:beta1)?/(projects/([^/]+)/locations/([^/]+))/cachedContents(?:/([^/:]+))?"
)
_NAME: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/cachedContents/(\d{1,20})")
_MODEL: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/publishers/google/models/([^/]+)")
_ROUTES: Final = {
    ("POST", False): Route("cache_create", keeps=True),
    ("GET", False): Route("cache_list"),
    ("GET", True): Route("cache"),
    ("PATCH", True): Route("cache_patch", keeps=True),
    ("DELETE", True): Route("cache_delete", plain=True),
}


def cache_route(method: str, path: str) -> Route | None:
    """The route to a project's cached contents, or to one of them; None for other paths."""
    found = _PATH.fullmatch(path)
    route = _ROUTES.get((method, found[4] is not None)) if found else None
    return None if route is None or found is None else replace(route, ident=found[4] or "")


def cache_named(path: str, name: object) -> str | Trouble:
    """How the cached content is kept that a request to `path` calls `name`."""
    here = re.match(r"/v1(?:beta1)?/projects/([^/]+)/locations/([^/]+)/", path)
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        return Trouble(400, f"Invalid cached content name: {name!r}. (emulated)")
    if here is None:
        return Trouble(400, "Cached contents want a project. (emulated)")
    if found[2] != here[2]:
        return Trouble(
            400, f"The cached content is in {found[2]}, the request in {here[2]}. (emulated)"
        )
    if found[1] not in (here[1], number_of(here[1])):
        return Trouble(403, f"Permission denied on resource project {found[1]}. (emulated)")
    return _kept(here[1], here[2], found[3])


class VertexCaches(Caches):
    """What Vertex AI has otherwise."""

    kind: Kind = "vertex_cache"
    rulebook = "vertex_gemini"
    names = spelled(
        *("contents", "systemInstruction", "tools", "toolConfig"),
        *("model", "ttl", "expireTime", "displayName", "name", "encryptionSpec"),
    )
    soonest = MINUTE

    def model_of(self, put: Put) -> str:
        """By its whole name, in this project and region."""
        found = _MODEL.fullmatch(str(field(put.body, "model") or ""))
        project, location = _where(put)
        if found is None or found[1] not in (project, number_of(project)) or found[2] != location:
            return ""
        return found[3]

    def model_page(self, put: Put, name: str) -> str:
        """By its whole name."""
        project, location = _where(put)
        number = number_of(project)
        return f"projects/{number}/locations/{location}/publishers/google/models/{name}"

    def new_name(self, put: Put) -> str:
        """A number that was not given before."""
        digest = hashlib.blake2b(ident(put.shelf.next(), "cache", 32).encode(), digest_size=8)
        return _kept(*_where(put), str(int.from_bytes(digest.digest()) >> 1))

    def name_of(self, put: Put) -> str:
        """With the project's number."""
        return _kept(*_where(put), put.route.ident)

    def too_small(self, model: models.Model, total: int) -> Trouble | None:
        """One least size for all models."""
        del model
        if total >= MINIMUM:
            return None
        return Trouble(
            400,
            f"The cached content is of {total} tokens. The minimum token count to start caching is"
            f" {MINIMUM}. (emulated)",
        )

    def no_model(self, put: Put, name: str) -> Trouble:
        """By its whole name."""
        project, location = _where(put)
        whole = f"projects/{project}/locations/{location}/publishers/google/models/{name}"
        return Trouble(404, f"Publisher Model `{whole}` not found.")

    def missing(self, put: Put) -> Trouble:
        """It is not there, has expired, or is another project's."""
        return missing(put.route.ident)


def missing(ident_: str) -> Trouble:
    """There is no cached content with this id."""
    return Trouble(404, f"Not found: cached content metadata for {ident_}.")


def _where(put: Put) -> tuple[str, str]:
    found: Any = _PATH.fullmatch(put.request.path)
    return found[2], found[3]


def _kept(project: str, location: str, ident_: str) -> str:
    return f"projects/{number_of(project)}/locations/{location}/cachedContents/{ident_}"


CACHES: Final = VertexCaches()
