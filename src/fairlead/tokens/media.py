"""Tokens of images, sounds, videos and documents, by the vendors' rules in `data/media.toml`."""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import msgspec

from fairlead.canon import Base64, Media
from fairlead.tokens import headers

__all__ = ["Weight", "weigh"]

Rule = dict[str, str | float]

UNKNOWN_IMAGE = (1_024, 768)
"""An image that is only named, or whose header tells no size: a screenshot's."""
UNKNOWN_SECONDS, UNKNOWN_PAGES, UNKNOWN_BYTES = 60.0, 10, 20_000
_GUESSED = 4.0
"""How far off a guess may be, as a factor either way."""


class Weight(NamedTuple):
    """Tokens of one piece of media: the best figure, and bounds for it."""

    tokens: float
    low: float
    high: float


class _Rules(msgspec.Struct, frozen=True):
    models: tuple[str, ...]
    image: Rule = {}
    page: Rule = {}
    audio: Rule = {}
    video: Rule = {}


class _File(msgspec.Struct, frozen=True):
    media: tuple[_Rules, ...]


def _load() -> tuple[tuple[re.Pattern[str], _Rules], ...]:
    text = resources.files("fairlead.tokens").joinpath("data", "media.toml").read_bytes()
    rules = msgspec.toml.decode(text, type=_File).media
    return tuple((re.compile("|".join(rule.models)), rule) for rule in rules)


_TABLE = _load()


def weigh(media: Media, model: str) -> Weight:
    """Tokens of a piece of media for the model of that id."""
    return _WEIGHED[media.kind](media, _rules(model))


@lru_cache(maxsize=256)
def _rules(model: str) -> _Rules:
    return next(rules for pattern, rules in _TABLE if pattern.search(model))


def _figure(rule: Rule, name: str, default: float = 0.0) -> float:
    value = rule.get(name, default)
    return value if isinstance(value, int | float) else default


def _inline(media: Media) -> str | None:
    return media.source.data if isinstance(media.source, Base64) else None


def _image(media: Media, rules: _Rules) -> Weight:
    rule = rules.image
    data = _inline(media)
    # Only JPEG has its size behind segments of any length (previews, colour profiles).
    known = None
    if data is not None:
        long = data.startswith("/9j/")
        known = headers.image_size(headers.head(data, headers.HEADER if long else 64))
    count = _IMAGES[str(rule.get("rule", "fixed"))]
    best = count(known or UNKNOWN_IMAGE, media.detail, rule)
    if known is not None:
        return Weight(best, best * 0.95, best * 1.05 + 12)
    most = count((4_096, 4_096), media.detail, rule)
    return Weight(best, min(best / _GUESSED, best), max(best, most))


def _area(size: tuple[int, int], _detail: str | None, rule: Rule) -> float:
    """Pixels by `per`, after scaling to `edge` at most and to `most` tokens at most."""
    width, height = size
    scale = min(1.0, _figure(rule, "edge", 1568) / max(width, height, 1))
    tokens = width * height * scale * scale / _figure(rule, "per", 750)
    return min(tokens, _figure(rule, "most", 1600))


def _crops(size: tuple[int, int], _detail: str | None, rule: Rule) -> float:
    """One price for a small image, else for each tile. The tile follows the shorter side: Google's
    "crop unit" is the floor of the smaller dimension by 1.5, from 256 to 768 pixels.
    """
    width, height = size
    if max(width, height) <= _figure(rule, "small", 384):
        return _figure(rule, "tokens", 258)
    unit = min(_figure(rule, "tile", 768), max(256, min(width, height) // 1.5))
    return math.ceil(width / unit) * math.ceil(height / unit) * _figure(rule, "tokens", 258)


def _tiles(size: tuple[int, int], detail: str | None, rule: Rule) -> float:
    if detail == "low":
        return _figure(rule, "base")
    width, height = size
    scale = min(1.0, 2_048 / max(width, height, 1))
    scale = min(scale, 768 / max(min(width, height), 1))
    tiles = math.ceil(width * scale / 512) * math.ceil(height * scale / 512)
    return _figure(rule, "base") + max(1, tiles) * _figure(rule, "tile")


def _patches(size: tuple[int, int], _detail: str | None, rule: Rule) -> float:
    patches = math.ceil(size[0] / 32) * math.ceil(size[1] / 32)
    return math.ceil(min(patches, _figure(rule, "most", 1_536)) * _figure(rule, "factor", 1.0))


def _fixed(_size: tuple[int, int], _detail: str | None, rule: Rule) -> float:
    return _figure(rule, "tokens", 1_000)


_IMAGES: dict[str, Callable[[tuple[int, int], str | None, Rule], float]] = {
    "area": _area,
    "crops": _crops,
    "tiles": _tiles,
    "patches": _patches,
    "fixed": _fixed,
}


def _audio(media: Media, rules: _Rules) -> Weight:
    data = _inline(media)
    rate = _figure(rules.audio, "per_second", 25)
    if data is None:
        return _guess(UNKNOWN_SECONDS * rate)
    best = math.ceil(headers.audio_seconds(data) * rate)
    return Weight(best, best * 0.6, best * 1.5 + rate)


def _video(media: Media, rules: _Rules) -> Weight:
    data = _inline(media)
    rate = _figure(rules.video, "per_second", 263)
    seconds = UNKNOWN_SECONDS if data is None else headers.video_seconds(data)
    guess = _guess(seconds * rate)
    return guess._replace(high=guess.high + seconds * _GUESSED * _figure(rules.video, "sound"))


def _document(media: Media, rules: _Rules) -> Weight:
    data = _inline(media)
    page = rules.page
    found = UNKNOWN_PAGES if data is None else headers.pages(data)
    if found is None and data is not None:
        # An office document: mostly packing, and text of an unknown length.
        return _guess(min(len(data) * 3 / 4, UNKNOWN_BYTES) * 0.02)
    number = found or 1
    low, best, high = (number * _figure(page, key) for key in ("low", "tokens", "high"))
    return (
        Weight(best, low / _GUESSED, high * _GUESSED) if data is None else Weight(best, low, high)
    )


def _guess(best: float) -> Weight:
    return Weight(best, best / _GUESSED, best * _GUESSED)


_WEIGHED: dict[str, Callable[[Media, _Rules], Weight]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "document": _document,
}
