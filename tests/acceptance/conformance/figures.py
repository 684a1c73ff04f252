"""The figures on recorded traffic: counted here, kept in figures.json with their date."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.acceptance.conformance.answered import decode, judge_answer, source
from tests.acceptance.conformance.gateway import MODELS, Gateway
from tests.acceptance.conformance.judge import judge
from tests.acceptance.conformance.matrix import CLIENTS, OWN
from tests.acceptance.conformance.plainness import is_plain
from tests.acceptance.conformance.relay import cut, relayed
from tests.acceptance.conformance.rows import Row, answers, refused_requests, requests
from tests.acceptance.conformance.told import adds_up

from fairlead.canon import Failure, StreamError, fold
from fairlead.server.compile import CODECS

__all__ = ["answer_figures", "decoding", "measure", "relay_figures", "request_figures"]

Figures = dict[str, Any]
FEATURES = (
    "stream",
    "tools",
    "tool_results",
    "parallel_tools",
    "thinking_in",
    "image",
    "pdf",
    "audio",
    "video",
    "media_in_tool_result",
    "structured_output",
    "cache_control",
    "server_tools",
    "files",
)
"""The recordings' own labels, by which the figures are told apart."""


def measure() -> Figures:
    """All figures, over all rows."""
    whole = Gateway(ask_usage=False)
    gateway = Gateway()
    try:
        return {
            "relay": {d: relay_figures(whole, requests(d)) for d in CLIENTS},
            "decoding": {d: decoding(d, answers(d)) for d in CLIENTS},
            "requests": {
                f"{client} -> {model}": request_figures(
                    gateway, client, vendor, model, requests(client)
                )
                for client, vendor, model in ways()
            },
            "refused": {
                f"{client} -> {model}": crashes(
                    gateway, client, vendor, model, refused_requests(client)
                )
                for client, vendor, model in ways()
            },
            "answers": {
                f"{vendor} -> {client}": answer_figures(client, answers(vendor))
                for vendor in CLIENTS
                for client in CLIENTS
                if vendor != client
            },
        }
    finally:
        whole.close()
        gateway.close()


def ways(first: bool = False) -> list[tuple[str, str, str]]:
    """Client dialect, the vendor's dialect, model; `first`: one model of each vendor."""
    return [
        (client, vendor, model)
        for client in CLIENTS
        for vendor, models in MODELS.items()
        for model in models[: 1 if first else None]
        if vendor not in (client, OWN.get(client))
    ]


def request_figures(
    gateway: Gateway, client: str, vendor: str, model: str, rows: Iterable[Row]
) -> Figures:
    """Outcomes of recorded requests: over all, over the plain ones, and by feature."""
    every: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    features: dict[str, Counter[str]] = {}
    failures: list[str] = []
    for row in rows:
        verdict = judge(gateway, client, vendor, model, row.body, stream=row.stream)
        kind = _KINDS[verdict.outcome]
        every[kind] += 1
        if is_plain(row):
            plain[kind] += 1
        for feature in set(row.features).intersection(FEATURES):
            features.setdefault(feature, Counter())[kind] += 1
        if kind == "failed":
            failures.append(f"{row.id}: {verdict.why[0]}")
    by_feature = {name: dict(features[name]) for name in FEATURES if name in features}
    return {
        "all": dict(every),
        "plain": dict(plain),
        "features": by_feature,
        "failures": sorted(failures),
    }


_KINDS = {
    "exact": "complete",
    "cosmetic": "complete",
    "semantic": "named",
    "refused": "named",
    "failed": "failed",
}


def crashes(
    gateway: Gateway, client: str, vendor: str, model: str, rows: Iterable[Row]
) -> dict[str, int]:
    """Requests that their vendor refused: an answer or a clear error, never an exception."""
    outcomes: Counter[str] = Counter()
    for row in rows:
        body = {**row.body, "model": model} if client != "gemini" else row.body
        trip = gateway.ask(client, model, gateway.encoded(body), stream=row.stream)
        outcomes["exception" if trip.record.error_kind == "internal" else "clear"] += 1
    return dict(outcomes)


def answer_figures(client: str, rows: Iterable[Row]) -> Figures:
    """Outcomes of recorded answers for a client of another dialect, whole and streamed."""
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    for row in rows:
        verdict = judge_answer(row, client)
        kind = {"semantic": "named"}.get(verdict.outcome, verdict.outcome)
        outcomes[{"exact": "equal", "cosmetic": "equal"}.get(kind, kind)] += 1
        if kind == "failed":
            failures.append(f"{row.id}: {verdict.why[0]}")
    return {"all": dict(outcomes), "failures": sorted(failures)}


def relay_figures(gateway: Gateway, rows: Iterable[Row]) -> Figures:
    """Recorded calls in the client's own dialect: identical or not."""
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    for seed, row in enumerate(rows):
        changed = relayed(gateway, row, seed)
        outcomes["changed" if changed else "identical"] += 1
        failures += [f"{row.id}: {changed[0]}"] if changed else []
    return {"all": dict(outcomes), "failures": sorted(failures)}


def decoding(dialect: str, rows: Iterable[Row]) -> Figures:
    """Recorded answers: decoded, the same however the bytes are cut, usage that adds up."""
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    for seed, row in enumerate(rows):
        fault = _decoded(dialect, row, seed)
        outcomes["failed" if fault else "decoded"] += 1
        failures += [f"{row.id}: {fault}"] if fault else []
    return {"all": dict(outcomes), "failures": sorted(failures)}


def _decoded(dialect: str, row: Row, seed: int) -> str:
    try:
        said = source(row)
    except Exception:  # noqa: BLE001 - an error in mid-stream: the decoder has to say so too
        return _broken(dialect, row)
    try:
        if row.stream:
            response = fold(decode(dialect, row.answer))
            marks = [len(piece) for piece in cut(row.answer, seed)]
            at = tuple(sum(marks[: i + 1]) for i in range(len(marks) - 1))
            if fold(decode(dialect, row.answer, at)) != response:
                return "another answer when it is cut"
        else:
            response = CODECS[dialect].decode_response(row.answer)  # type: ignore[index]
    except Failure as failure:
        return failure.problem.message
    if said.usage is None:
        return ""
    if response.usage is None:
        return "usage is gone"
    if not adds_up(said.usage):
        return "" if response.usage.estimated else "usage contradicts itself, and is not marked"
    total = response.usage.total
    return "" if total == said.usage["total"] else f"{said.usage['total']} tokens became {total}"


def _broken(dialect: str, row: Row) -> str:
    try:
        events = decode(dialect, row.answer)
    except Failure:
        return ""
    told = any(isinstance(event, StreamError) for event in events)
    several = row.answer.count(b"message_start") > 2 or row.answer.count(b"response.created") > 2
    return "" if told or several else "a broken answer passes"
