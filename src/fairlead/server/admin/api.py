"""The admin API's front: who may come in, and what is passed on to the office.

There is one key, apart from the virtual ones: those spend money at vendors, this one sees all. It
comes from the environment only. Without one every question is refused.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from fairlead.canon import Failure, Problem
from fairlead.engine.client import Client, Header
from fairlead.server.admin.office import Answered, Office, Question
from fairlead.server.admin.problem import problem_json
from fairlead.server.asgi_client import Receive, Scope
from fairlead.server.body import header, read_body
from fairlead.server.config import ConfigError, Loaded
from fairlead.server.routes import ROUTES, Match
from fairlead.server.settings import AdminSettings

__all__ = ["ADMIN", "ADMIN_ROUTES", "AdminApi", "admin_key"]

LEAST_KEY = 16
ADMIN = "/admin/"
"""How its paths begin."""
ADMIN_ROUTES = tuple(route.name for route in ROUTES if route.name.startswith("admin."))
_BEARER = "bearer "
_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
)


def admin_key(loaded: Loaded, env: Mapping[str, str]) -> str | None:
    """The key of the admin API, None where none is set.

    Raises:
        ConfigError: it can be guessed.
    """
    variable = loaded.settings.admin.key_env
    key = env.get(variable, "").strip()
    if key and len(key) < LEAST_KEY:
        raise ConfigError(
            f"environment variable {variable}: the admin key has at least {LEAST_KEY} characters;"
            " `openssl rand -hex 32` makes one"
        )
    return key or None


class AdminApi:
    """Answers what the routes `admin.*` ask. `config` is the file that the answers rest on."""

    def __init__(
        self,
        key: str | None = None,
        settings: AdminSettings | None = None,
        config: str | None = None,
    ) -> None:
        own = settings or AdminSettings()
        self._digest = None if key is None else _digest(key)
        self._variable = own.key_env
        self._config = config
        self._most = own.max_upload_bytes
        self._office = Office(own.workers, own.waiting, own.seconds)

    async def handle(self, match: Match, scope: Scope, receive: Receive, client: Client) -> None:
        """One request."""
        headers = [*_HEADERS]  # the client adds to them
        try:
            self._enter(scope)
            answered = await self._answer(match, scope, receive)
        except Failure as failure:
            problem = failure.problem
            answered = Answered(problem.status, problem_json(problem))
            if problem.retry_after is not None:
                headers.append((b"retry-after", b"%d" % round(problem.retry_after)))
            if problem.kind == "authentication":
                headers.append((b"www-authenticate", b"Bearer"))
        if answered is not None:  # else the client left before its upload was complete
            await client.respond(answered.status, headers, answered.body)

    async def tell(self, scope: Scope, client: Client, answer: Callable[[], bytes]) -> None:
        """One request about the state of this process, which no worker knows."""
        try:
            self._enter(scope)
            answered = Answered(200, answer())
        except Failure as failure:
            answered = Answered(failure.problem.status, problem_json(failure.problem))
        await client.respond(answered.status, [*_HEADERS], answered.body)

    async def close(self) -> None:
        """Let go of the workers."""
        await self._office.close()

    async def _answer(self, match: Match, scope: Scope, receive: Receive) -> Answered | None:
        body: bytes | None = b""
        if match.route.method == "POST":
            body = await read_body(scope, receive, self._most)
        if body is None:
            return None
        query = parse_qs(str(scope.get("query_string", b""), "latin-1"), keep_blank_values=True)
        name = match.route.name.removeprefix("admin.")
        question = Question(name, self._config, query, match.variables, body)
        try:
            return await self._office.ask(question)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise Failure(_CLOSING) from None  # the office closed, not our client

    def _enter(self, scope: Scope) -> None:
        """Let the key in, and nobody else.

        Raises:
            Failure: no entry.
        """
        if self._digest is None:
            hint = f"set the environment variable {self._variable} and start the gateway anew"
            raise Failure(Problem("permission", "the admin API is off: it has no key", hint=hint))
        said = header(scope, b"authorization") or ""
        if said[: len(_BEARER)].lower() != _BEARER:
            raise Failure(_MISSING)
        # Digests are of one length, so that the comparison tells nothing of the key's.
        if not hmac.compare_digest(_digest(said[len(_BEARER) :].strip()), self._digest):
            raise Failure(_WRONG)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


_HINT = "send the admin key as `Authorization: Bearer KEY`; virtual keys do not open this door"
_MISSING = Problem("authentication", "no admin key was sent", hint=_HINT)
_WRONG = Problem("authentication", "this is not the admin key", hint=_HINT)
_CLOSING = Problem("overloaded", "the gateway is stopping", hint="try again", retry_after=1)
