"""Whether each configured upstream works, looked at step by step, as the gateway would reach it.

    credentials -> proxy -> DNS -> TLS -> a call -> clock

Each step is tried whatever became of the one before, but for the network's own order: without an
address there is no TLS. The call is one that costs nothing (`Kind.probe`): a list of models, a
count, or a request whose refusal shows that the account is known. It goes through the transport
that requests take, proxies and certificates included. Secrets are in nothing that is told.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.engine.faults import from_answer, from_transport
from fairlead.engine.foreign import signed
from fairlead.engine.snapshot import Snapshot
from fairlead.server.unknown_models import unknown_models
from fairlead.upstream.dial import Dialer, dial_direct, resolve
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.signing import NotReady
from fairlead.upstream.tls import client_validity, tls_context, tls_reason
from fairlead.upstream.transport import (
    ConnectFailed,
    HttpRequest,
    HttpResponse,
    Timeouts,
    TransportError,
)
from fairlead.upstream.transports import Transports
from fairlead.upstream.tunnel import Tunnel
from fairlead.upstream.vendors import Upstream, address

__all__ = ["Finding", "State", "examine"]

State = Literal["ok", "warn", "fail", "skip"]
SECONDS: Final = 10.0
"""For each step."""
DAYS: Final = 14
"""A certificate that ends sooner is warned of."""
SKEW_WARN: Final = 30.0
SKEW_FAIL: Final = 300.0
"""Seconds between this machine's clock and the vendor's: signatures end at five minutes."""
BODY: Final = 1 << 20


class Finding(Struct, frozen=True):
    """What one step found at one upstream, and what to do about it."""

    upstream: str
    check: str
    state: State
    told: str
    hint: str = ""


async def examine(snapshot: Snapshot, names: Iterable[str] = ()) -> list[Finding]:
    """All findings, in the order of the upstreams; of these `names` alone, where any are given."""
    wanted = set(names)
    upstreams = [u for u in snapshot.upstreams.values() if not wanted or u.name in wanted]
    transports = Transports()
    try:
        found = await asyncio.gather(*(_upstream(snapshot, u, transports) for u in upstreams))
    finally:
        await transports.aclose()
    return [finding for findings in found for finding in findings]


async def _upstream(
    snapshot: Snapshot, upstream: Upstream, transports: Transports
) -> list[Finding]:
    credentials = await _credentials(upstream)
    way = await (_dns(upstream) if upstream.proxy is None else _proxy(upstream, upstream.proxy))
    findings = [credentials, way]
    if way.state != "fail" and upstream.base_url.startswith("https:"):
        findings.append(await _tls(upstream))
    findings += _own_certificate(upstream)
    if upstream.number == 1:  # its other keys serve the same models
        hint = "name it as the catalogue does, or tell its price under [models]"
        findings += [
            Finding(upstream.label, "models", "warn", told, hint)
            for told in unknown_models(upstream.models, snapshot.catalog)
        ]
    if credentials.state == "fail":
        skipped = Finding(upstream.label, "call", "skip", "not tried: there are no credentials")
        return [*findings, skipped]
    return findings + await _call(snapshot, upstream, transports)


async def _credentials(upstream: Upstream) -> Finding:
    label = upstream.label
    if upstream.signer is None:
        if upstream.key:
            return Finding(label, "credentials", "ok", f"a key ({upstream.key.masked()})")
        return Finding(label, "credentials", "ok", "none are sent")
    try:
        async with asyncio.timeout(3 * SECONDS):
            await upstream.signer.refresh()
    except NotReady as error:
        return Finding(label, "credentials", "fail", str(error), "see docs/upstreams.md")
    except TimeoutError:
        told = f"no answer within {3 * SECONDS:g} s"
        return Finding(label, "credentials", "fail", told, "check this machine's network")
    return Finding(label, "credentials", "ok", "fetched")


async def _dns(upstream: Upstream) -> Finding:
    host, port = _place(upstream)
    try:
        async with asyncio.timeout(SECONDS):
            found = await resolve(host, port)
    except (TransportError, OSError, TimeoutError) as error:
        told = f"{host} has no address: {str(error) or 'no answer in time'}"
        hint = "check `base_url`, and this machine's DNS; where a proxy is needed, `proxy` names it"
        return Finding(upstream.label, "dns", "fail", told, hint)
    several = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return Finding(upstream.label, "dns", "ok", f"{host} is {found[0][1]}{several}")


async def _proxy(upstream: Upstream, proxy: Proxy) -> Finding:
    """Whether the proxy lets us through to the upstream."""
    host, port = _place(upstream)
    tunnel = Tunnel(proxy, upstream.tls.ca_file)
    forwards = proxy.forwards(urlsplit(upstream.base_url).scheme)
    named = f"{proxy.label} ({proxy.source})"
    try:
        async with asyncio.timeout(SECONDS):
            transport, _ = await (tunnel.to_proxy if forwards else tunnel)(_Silent, host, port)
        transport.abort()
    except (OSError, ValueError, TimeoutError) as error:
        told = f"through {named}: {str(error) or 'no answer in time'}"
        hint = 'check `proxy`; `proxy = "none"` goes without, and NO_PROXY exempts hosts'
        return Finding(upstream.label, "proxy", "fail", told, hint)
    does = "it passes requests on" if forwards else f"it reaches {host}:{port}"
    return Finding(upstream.label, "proxy", "ok", f"through {named}: {does}")


class _Silent(asyncio.BufferedProtocol):
    """Says nothing."""

    def __init__(self) -> None:
        self._buffer = bytearray(1024)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        return self._buffer


def _place(upstream: Upstream) -> tuple[str, int]:
    parts = urlsplit(upstream.base_url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


async def _tls(upstream: Upstream) -> Finding:
    host, port = _place(upstream)
    proxy = upstream.proxy
    dial: Dialer = dial_direct if proxy is None else Tunnel(proxy, upstream.tls.ca_file)
    try:
        context = tls_context(upstream.tls)
        async with asyncio.timeout(SECONDS):
            transport, protocol = await dial(_Silent, host, port)
            try:
                loop = asyncio.get_running_loop()
                secure = await loop.start_tls(transport, protocol, context, server_hostname=host)
                certificate = secure.get_extra_info("peercert") if secure is not None else None
            finally:
                transport.abort()
    except ssl.SSLCertVerificationError as error:
        hint = "a private certificate authority is told by `ca_file`"
        return Finding(upstream.label, "tls", "fail", error.verify_message, hint)
    except ssl.SSLError as error:
        hint = "docs/upstreams.md has what to do about certificates"
        return Finding(upstream.label, "tls", "fail", tls_reason(error), hint)
    except (OSError, ValueError, TimeoutError) as error:
        told = str(error) or "no answer in time"
        return Finding(upstream.label, "tls", "fail", told, "check the address and the firewall")
    return _ending(upstream, str((certificate or {}).get("notAfter", "")))


def _ending(upstream: Upstream, day: str) -> Finding:
    if not day:
        return Finding(upstream.label, "tls", "ok", "verified")
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(day), UTC)
    left = (ends - datetime.now(UTC)).days
    told = f"verified; the certificate ends on {ends:%Y-%m-%d}, in {left} days"
    if left < DAYS:
        hint = "have it renewed, or ask whoever runs the address"
        return Finding(upstream.label, "tls", "warn", told, hint)
    return Finding(upstream.label, "tls", "ok", told)


def _own_certificate(upstream: Upstream) -> list[Finding]:
    """Until when the certificate holds that is shown to the upstream, where there is one."""
    label = upstream.label
    try:
        times = client_validity(upstream.tls)
    except ValueError as error:
        return [Finding(label, "client certificate", "fail", str(error))]
    if times is None:
        return []
    begins, ends = times
    now = datetime.now(UTC)
    told = f"it holds until {ends:%Y-%m-%d}, {(ends - now).days} days more"
    state: State = "warn" if (ends - now).days < DAYS else "ok"
    if now >= ends:
        state, told = "fail", f"it ended on {ends:%Y-%m-%d}"
    elif now < begins:
        state, told = "fail", f"it holds from {begins:%Y-%m-%d %H:%M} UTC on"
    hint = "" if state == "ok" else "have it renewed, or set the clock"
    return [Finding(label, "client certificate", state, told, hint)]


async def _call(snapshot: Snapshot, upstream: Upstream, transports: Transports) -> list[Finding]:
    probe = upstream.kind.probe
    if probe is None:
        return [Finding(upstream.label, "call", "skip", "this kind has no call that costs nothing")]
    timeouts = Timeouts(SECONDS, SECONDS, SECONDS)
    url = address(upstream, probe.path)
    request = HttpRequest(probe.method, url, upstream.headers, probe.body, timeouts)
    began = time.time()
    try:
        response = await transports.of(upstream).send(signed(upstream, request))
    except Failure as failure:
        return [Finding(upstream.label, "call", "fail", failure.problem.message)]
    except TransportError as error:
        problem = from_transport(error, upstream)
        hint = problem.hint or ""
        if isinstance(error, ConnectFailed):
            hint = "check the address, the firewall, `proxy`, and `ca_file` for a private authority"
        return [Finding(upstream.label, "call", "fail", str(error), hint)]
    try:
        answered = await _answered(snapshot, upstream, response, probe.good)
    finally:
        await response.aclose()
    ms = round((time.time() - began) * 1000)
    if answered.state == "ok":
        answered = replace(answered, told=f"{answered.told} in {ms} ms")
    return [answered, _clock(upstream, response.headers.get("date", ""), began)]


async def _answered(
    snapshot: Snapshot, upstream: Upstream, response: HttpResponse, good: frozenset[int]
) -> Finding:
    status = response.status
    if status in good:
        emulated = ", by the emulator" if "x-fairlead-emulated" in response.headers else ""
        return Finding(upstream.label, "call", "ok", f"answered{emulated}")
    if status < 400:
        hint = "set `base_url` to where it redirects to" if status >= 300 else ""
        return Finding(upstream.label, "call", "warn", f"answered {status}", hint)
    try:
        body = await response.read(BODY)
    except TransportError as error:
        return Finding(upstream.label, "call", "fail", str(error))
    codec = snapshot.codecs[upstream.kind.dialect]
    problem = from_answer(codec, upstream, status, response.headers, body)
    # An address that lacks this one call may have the others: local servers often do.
    state: State = "warn" if status in {404, 405, 429} or status >= 500 else "fail"
    told = " ".join(problem.message.split())[:300]
    return Finding(upstream.label, "call", state, f"answered {status}: {told}", problem.hint or "")


def _clock(upstream: Upstream, date: str, now: float) -> Finding:
    try:
        skew = now - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return Finding(upstream.label, "clock", "skip", "the answer tells no time")
    side = "ahead of" if skew > 0 else "behind"
    told = f"this machine's clock is {abs(skew):.0f} s {side} the vendor's"
    if abs(skew) < SKEW_WARN:
        return Finding(upstream.label, "clock", "ok", told)
    state: State = "fail" if abs(skew) >= SKEW_FAIL else "warn"
    return Finding(upstream.label, "clock", state, told, "set the clock (NTP)")
