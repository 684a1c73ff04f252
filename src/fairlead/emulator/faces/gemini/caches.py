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
from fairlead.emulator.drawer import Kept
from fairlead.emulator.faces.face import Answered, Put, Trouble, field
from fairlead.emulator.faces.gemini.google import answered, duration, page_of, unknown_name
from fairlead.emulator.faces.idents import ident

__all__ = ["create", "delete", "every", "one", "patch"]

HOUR = 3600.0  # "If not set, the TTL defaults to 1 hour"
_PROMPT = ("contents", "systemInstruction", "tools", "toolConfig")
_OWN = ("model", "ttl", "expireTime", "displayName", "name", "kmsKeyName")
_NAMES = {
    spelling
    for name in (*_PROMPT, *_OWN)
    for spelling in (name, "".join("_" + c.lower() if c.isupper() else c for c in name))
}


def create(put: Put) -> Answered | Trouble:
    """Keep a prompt that is long enough for its model."""
    body, drawer = put.body, put.shelf.drawer
    name = str(field(body, "model") or "").removeprefix("models/")
    model = models.find("gemini", name)
    prompt = {key: field(body, key) for key in _PROMPT}
    prompt = {key: value for key, value in prompt.items() if value is not None}
    trouble = _trouble(body, name, model is not None, prompt)
    if trouble is not None or model is None:
        return trouble or _no_model(name)
    total = count_of(pieces(model, prompt)).total
    if total < model.min_cacheable:
        return Trouble(
            400,
            f"Cached content is too small. total_token_count={total}, "
            f"min_total_token_count={model.min_cacheable}",
        )
    ends = _ends(put, body)
    if isinstance(ends, Trouble):
        return ends
    now = drawer.now()
    page = {
        "name": "cachedContents/" + ident(put.shelf.next(), "cache", 32, lower=True),
        "model": f"models/{model.name}",
        "createTime": drawer.day(now),
        "updateTime": drawer.day(now),
        "expireTime": drawer.day(ends),
        "displayName": field(body, "displayName") or "",
        "usageMetadata": {"totalTokenCount": total},
    }
    kept = Kept(str(page["name"]), page, body=prompt, ends=ends)
    drawer.put("gemini_cache", put.scope, kept)
    return answered(page, {"input": total, "cache_storage": _stored(page)})


def _stored(page: dict[str, Any]) -> int:
    """What its page says that it costs to keep, in tokens times hours."""
    began, ends = (datetime.fromisoformat(page[at]) for at in ("createTime", "expireTime"))
    life = (ends - began) // timedelta(microseconds=1)
    tokens: int = page["usageMetadata"]["totalTokenCount"]
    return max(0, (tokens * life + 3_599_999_999) // 3_600_000_000)


def _trouble(
    body: dict[str, Any], name: str, known: bool, prompt: dict[str, Any]
) -> Trouble | None:
    for key in body:
        if key not in _NAMES:
            return unknown_name(key)
    if not name:
        return Trouble(400, "* CreateCachedContentRequest.model: model is required\n")
    if not known:
        return _no_model(name)
    faults = check("gemini", "generate", {"contents": [], **prompt})
    if faults:
        return Trouble(400, "\n".join(fault.message for fault in faults))
    return None


def _no_model(name: str) -> Trouble:
    return Trouble(
        404,
        f"models/{name} is not found for API version v1beta, or is not supported for "
        "createCachedContent. Call ListModels to see the list of available models and their "
        "supported methods.",
    )


def _ends(put: Put, body: dict[str, Any]) -> float | Trouble:
    """When it expires: `ttl` or `expireTime`, which are one field with two forms."""
    drawer = put.shelf.drawer
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
    return drawer.now() + seconds


def every(put: Put) -> Answered | Trouble:
    """A page of the list."""
    kept = put.shelf.drawer.all("gemini_cache", put.scope)
    return answered(page_of("cachedContents", [one.page for one in kept], put.request.query))


def one(put: Put) -> Answered | Trouble:
    """Its page: what is cached is not shown again."""
    kept = _found(put)
    return _missing() if kept is None else answered(kept.page)


def patch(put: Put) -> Answered | Trouble:
    """Only its expiration can be changed [D]."""
    kept = _found(put)
    if kept is None:
        return _missing()
    mask = put.request.query.get("updateMask", "")
    named = {name.strip() for name in mask.split(",") if name.strip()} or set(put.body)
    if not named <= {"ttl", "expireTime", "expire_time"}:
        return Trouble(400, "Only ttl or expire_time can be updated.")
    ends = _ends(put, put.body)
    if isinstance(ends, Trouble):
        return ends
    drawer = put.shelf.drawer
    before = _stored(kept.page)
    kept.ends = ends
    kept.page.update(updateTime=drawer.day(), expireTime=drawer.day(ends))
    return answered(kept.page, {"cache_storage": _stored(kept.page) - before})


def delete(put: Put) -> Answered | Trouble:
    """Forget it."""
    name = f"cachedContents/{put.route.ident}"
    there = put.shelf.drawer.drop("gemini_cache", put.scope, name)
    return answered({}) if there else _missing()


def _found(put: Put) -> Kept | None:
    return put.shelf.drawer.get("gemini_cache", put.scope, f"cachedContents/{put.route.ident}")


def _missing() -> Trouble:
    """One sentence for what is not there, has expired or is another's."""
    return Trouble(403, "CachedContent not found (or permission denied)")
