"""/v1beta/cachedContents: a prefix of prompts that is kept for a while and named by requests.

Making one is billed for its tokens as input, and keeping it as `cache_storage`: tokens times the
hours of its time to live, a begun token-hour whole. "Storage duration: The amount of time cached
tokens are stored (TTL), billed based on the TTL duration of cached token count" [D]. Moving its end
bills or gives back the difference; deleting it gives nothing back: "Even if you delete the cache
entry after 15 minutes, you will still be billed for the originally set 1-hour TTL duration"
(Google's staff, discuss.ai.google.dev/t/81267).
"""

from datetime import datetime, timedelta
from typing import Any

from fairlead.emulator import models
from fairlead.emulator.authority import check
from fairlead.emulator.counting import count_of, pieces
from fairlead.emulator.drawer import Kept, Kind
from fairlead.emulator.faces.face import Answered, Put, Trouble, field
from fairlead.emulator.faces.gemini.google import answered, duration, page_of, unknown_name
from fairlead.emulator.faces.idents import ident

__all__ = ["CACHES", "Caches", "spelled"]

HOUR = 3600.0  # "If not set, the TTL defaults to 1 hour"
_PROMPT = ("contents", "systemInstruction", "tools", "toolConfig")
_OWN = ("model", "ttl", "expireTime", "displayName", "name")


def spelled(*names: str) -> frozenset[str]:
    """Each in both of protobuf's spellings."""
    snakes = ("".join("_" + c.lower() if c.isupper() else c for c in name) for name in names)
    return frozenset((*names, *snakes))


class Caches:
    """The Gemini API's rules; where another door has others, a subclass says so."""

    kind: Kind = "gemini_cache"
    rulebook = "gemini"
    names = spelled(*_PROMPT, *_OWN, "kmsKeyName")
    soonest = 0.0

    # --- what doors differ in ---------------------------------------------------------------------

    def model_of(self, put: Put) -> str:
        """The name of the model that a cache is for."""
        return str(field(put.body, "model") or "").removeprefix("models/")

    def model_page(self, put: Put, name: str) -> str:
        """A model's name as its page has it."""
        del put
        return f"models/{name}"

    def new_name(self, put: Put) -> str:
        """A name that was not given before."""
        return "cachedContents/" + ident(put.shelf.next(), "cache", 32, lower=True)

    def name_of(self, put: Put) -> str:
        """The name of the one that is asked for."""
        return f"cachedContents/{put.route.ident}"

    def too_small(self, model: models.Model, total: int) -> Trouble | None:
        """Why so few tokens are not cached."""
        if total >= model.min_cacheable:
            return None
        return Trouble(
            400,
            f"Cached content is too small. total_token_count={total}, "
            f"min_total_token_count={model.min_cacheable}",
        )

    def no_model(self, put: Put, name: str) -> Trouble:
        """There is no such model."""
        del put
        return Trouble(
            404,
            f"models/{name} is not found for API version v1beta, or is not supported for "
            "createCachedContent. Call ListModels to see the list of available models and their "
            "supported methods.",
        )

    def missing(self, put: Put) -> Trouble:
        """One sentence for what is not there, has expired or is another's."""
        del put
        return Trouble(403, "CachedContent not found (or permission denied)")

    # --- the calls --------------------------------------------------------------------------------

    def create(self, put: Put) -> Answered | Trouble:
        """Keep a prompt that is long enough for its model."""
        body, drawer = put.body, put.shelf.drawer
        name = self.model_of(put)
        model = models.find("gemini", name)
        prompt = {key: field(body, key) for key in _PROMPT}
        prompt = {key: value for key, value in prompt.items() if value is not None}
        trouble = self._trouble(put, name, prompt, known=model is not None)
        if trouble is not None or model is None:
            return trouble or self.no_model(put, name)
        total = count_of(pieces(model, prompt)).total
        if (small := self.too_small(model, total)) is not None:
            return small
        ends = self._ends(put)
        if isinstance(ends, Trouble):
            return ends
        now = drawer.now()
        page = {
            "name": self.new_name(put),
            "model": self.model_page(put, model.name),
            "createTime": drawer.day(now),
            "updateTime": drawer.day(now),
            "expireTime": drawer.day(ends),
            "displayName": field(body, "displayName") or "",
            "usageMetadata": {"totalTokenCount": total},
        }
        kept = Kept(str(page["name"]), page, body=prompt, ends=ends)
        drawer.put(self.kind, put.scope, kept)
        return answered(page, {"input": total, "cache_storage": _stored(page)})

    def every(self, put: Put) -> Answered | Trouble:
        """A page of the list."""
        kept = put.shelf.drawer.all(self.kind, put.scope)
        return answered(page_of("cachedContents", [one.page for one in kept], put.request.query))

    def one(self, put: Put) -> Answered | Trouble:
        """Its page: what is cached is not shown again."""
        kept = self._found(put)
        return self.missing(put) if kept is None else answered(kept.page)

    def patch(self, put: Put) -> Answered | Trouble:
        """Only its expiration can be changed [D]."""
        kept = self._found(put)
        if kept is None:
            return self.missing(put)
        mask = put.request.query.get("updateMask", "")
        named = {name.strip() for name in mask.split(",") if name.strip()} or set(put.body)
        if not named <= {"ttl", "expireTime", "expire_time"}:
            return Trouble(400, "Only ttl or expire_time can be updated.")
        ends = self._ends(put)
        if isinstance(ends, Trouble):
            return ends
        drawer = put.shelf.drawer
        before = _stored(kept.page)
        kept.ends = ends
        kept.page.update(updateTime=drawer.day(), expireTime=drawer.day(ends))
        return answered(kept.page, {"cache_storage": _stored(kept.page) - before})

    def delete(self, put: Put) -> Answered | Trouble:
        """Forget it."""
        there = put.shelf.drawer.drop(self.kind, put.scope, self.name_of(put))
        return answered({}) if there else self.missing(put)

    def _found(self, put: Put) -> Kept | None:
        return put.shelf.drawer.get(self.kind, put.scope, self.name_of(put))

    def _trouble(
        self, put: Put, name: str, prompt: dict[str, Any], *, known: bool
    ) -> Trouble | None:
        for key in put.body:
            if key not in self.names:
                return unknown_name(key)
        if not name:
            return Trouble(400, "* CreateCachedContentRequest.model: model is required\n")
        if not known:
            return self.no_model(put, name)
        faults = check(self.rulebook, "generate", {"contents": [], **prompt})
        if faults:
            return Trouble(400, "\n".join(fault.message for fault in faults))
        return None

    def _ends(self, put: Put) -> float | Trouble:
        """When it expires: `ttl` or `expireTime`, which are one field with two forms."""
        body, drawer = put.body, put.shelf.drawer
        ttl, moment = field(body, "ttl"), field(body, "expireTime")
        if ttl is not None and moment is not None:
            return Trouble(400, "Only one of ttl and expire_time may be set.")
        if moment is not None:
            try:
                when = datetime.fromisoformat(str(moment)).timestamp()
            except ValueError:
                return Trouble(400, f"Invalid value at 'cached_content.expire_time': {moment!r}")
            seconds: float | None = when - datetime.fromisoformat(drawer.day()).timestamp()
        else:
            seconds = HOUR if ttl is None else duration(ttl)
        if seconds is None:
            return Trouble(400, f"Invalid value at 'cached_content.ttl': {ttl!r}")
        if seconds <= 0:
            return Trouble(400, "The expiration of cached content must be in the future.")
        if seconds < self.soonest:
            message = f"The expiration must be at least {self.soonest:g} seconds away. (emulated)"
            return Trouble(400, message)
        return drawer.now() + seconds


def _stored(page: dict[str, Any]) -> int:
    """What its page says that it costs to keep, in tokens times hours."""
    began, ends = (datetime.fromisoformat(page[at]) for at in ("createTime", "expireTime"))
    life = (ends - began) // timedelta(microseconds=1)
    tokens: int = page["usageMetadata"]["totalTokenCount"]
    return max(0, (tokens * life + 3_599_999_999) // 3_600_000_000)


CACHES = Caches()
