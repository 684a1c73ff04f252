"""The application: its parts put together, started, reloaded and drained."""

import asyncio
import contextlib
import gc
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn
from msgspec.structs import replace

from fairlead.engine.engine import Engine
from fairlead.engine.shadow import Shadows
from fairlead.engine.signals import Signals
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger import verdicts
from fairlead.ledger.salt import install_salt
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.limits.keys import KeyStore, KeyStoreError
from fairlead.server.admin.api import AdminApi, admin_key
from fairlead.server.asgi_client import Receive, Scope, Send
from fairlead.server.batch_watch import BatchWatch
from fairlead.server.budget_watch import BudgetWatch
from fairlead.server.compile import compile_snapshot, database_path
from fairlead.server.config import ConfigError, Loaded, load
from fairlead.server.data_plane import DataPlane
from fairlead.server.feedback import Feedback
from fairlead.server.http11 import protocol_for
from fairlead.server.keeping import Keeping
from fairlead.server.ledger_watch import LedgerWatch
from fairlead.server.open_files import raise_limit
from fairlead.server.paths import quality_path
from fairlead.server.policies import OUTCOMES, compile_quality
from fairlead.server.quality_watch import QualityWatch
from fairlead.server.rollout import RolloutWatch
from fairlead.server.shadow_watch import ShadowWatch
from fairlead.upstream.keeper import Keeper, signers_of
from fairlead.upstream.signing import Signer
from fairlead.upstream.transports import Transports

__all__ = ["App", "is_loopback", "serve"]

log = logging.getLogger("fairlead")

LOOK_EVERY = 1.0
"""Seconds between two looks whether virtual keys have changed and how the ledger does."""

FIRST_TOKENS = 5.0
"""Seconds that the start waits for the first access tokens of upstreams that have such."""

LAST_REQUESTS = 2.0
"""Seconds for requests that were cut off by the drain to end; each needs a fraction of one."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class App:
    """Holds the parts; an ASGI application with lifespan, for uvicorn and granian alike."""

    def __init__(self, loaded: Loaded, reload: Callable[[], Loaded] | None = None) -> None:
        settings = loaded.settings
        self.loaded = loaded
        self._reload = reload
        snapshot = compile_snapshot(loaded)
        path = database_path(settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.keys = KeyStore(path)
        self.ledger = SqliteLedger(path)
        self.keeping = kept = Keeping(settings)
        self.transports = Transports()
        path_of = loaded.path
        self.admin = AdminApi(
            admin_key(loaded, os.environ),
            settings.admin,
            None if path_of is None else str(path_of.resolve()),
        )
        self.plane = DataPlane(
            Engine(
                self.transports,
                self.ledger,
                kept.vault,
                kept.responses,
                kept.ownership,
                salt=_salt(path),
                unbooked=kept.unbooked,
            ),
            snapshot,
            self.keys if self.keys.any_made() else None,
            max_body=settings.server.max_body_bytes,
            max_requests=settings.server.max_requests,
            admin=self.admin,
            feedback=Feedback(self.ledger, partial(verdicts.request, path), settings.quality),
        )
        if settings.quality.signals:
            self.plane.engine.signals = Signals(self.ledger)
        self._ledger_watch = LedgerWatch(self.ledger.health)
        self._rollout = RolloutWatch(
            path,
            lambda: tuple(self.plane.snapshot.policies.values()),
            partial(setattr, self.plane.engine.live, "rolled_back"),
        )
        self._rollout.begin()
        shadows = self.plane.engine.shadows = Shadows(self.plane.engine)
        self._shadows = ShadowWatch(
            path, shadows, lambda: tuple(self.plane.snapshot.policies.values())
        )
        self._budgets = self.plane.engine.live.accounts = BudgetWatch(path, self.keys)
        self._batches = BatchWatch(
            self.plane.engine, lambda: self.plane.snapshot, settings.ledger.batch_seconds
        )
        self._watch: asyncio.Task[None] | None = None
        self._swapping: asyncio.Task[None] | None = None
        self.keeper = Keeper()
        self._quality = QualityWatch(
            quality_path(settings),
            None if path_of is None else path_of.resolve(),
            settings.quality.refresh_seconds,
            lambda: self.loaded.settings.routing.quality == OUTCOMES,
            self._new_quality,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "http":
            await self.plane(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.startup()
                await self.keeper.settle(
                    signers_of(self.plane.snapshot.upstreams.values()), FIRST_TOKENS
                )
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def startup(self) -> None:
        """Begin the chores that run beside the requests; called in the running loop."""
        loop = asyncio.get_running_loop()
        self._watch = loop.create_task(self._look_round())
        self.keeper.watch(signers_of(self.plane.snapshot.upstreams.values()))
        self._rollout.start()
        self._budgets.start()
        self._shadows.start()
        self._quality.start()
        self._batches.start()
        # Only the main thread of the main interpreter may, and not every host lets us.
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError, AttributeError):
            loop.add_signal_handler(signal.SIGHUP, self.reload)

    async def shutdown(self) -> None:
        """Stop the chores and write everything out."""
        self.plane.draining = True
        for task in (self._watch, self._swapping):
            if task is not None:
                task.cancel()
        await self._rollout.stop()
        await self._budgets.stop()
        await self._shadows.stop()
        await self._quality.stop()
        await self._batches.stop()
        await self.admin.close()
        await self._last_requests()
        await self.keeper.close()
        await self.transports.aclose()
        loop = asyncio.get_running_loop()
        if (signals := self.plane.engine.signals) is not None:
            await loop.run_in_executor(None, signals.close)
        await loop.run_in_executor(None, self.ledger.close)
        await self.keeping.close()
        self._ledger_watch.close()

    async def _last_requests(self) -> None:
        """Let requests that the host has cancelled leave their records before the ledger closes."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LAST_REQUESTS
        while self.plane.in_flight and loop.time() < deadline:  # noqa: ASYNC110 - an Event would cost each request a call
            await asyncio.sleep(0.01)

    def reload(self) -> None:
        """Swap in a fresh snapshot; a configuration at fault keeps the old one and says so."""
        if self._reload is None:
            return
        try:
            fresh = self._reload()
            snapshot = compile_snapshot(fresh)
        except ConfigError as error:
            log.error("reload refused, the old configuration stays: %s", error)  # noqa: TRY400 - no traceback for people's errors
            return
        for section in ("server", "ledger", "vault", "admin", "quality"):
            if getattr(fresh.settings, section) != getattr(self.loaded.settings, section):
                log.warning("reload: changes under [%s] take a restart", section)
        signers = signers_of(snapshot.upstreams.values())
        if signers:  # which have no credentials yet: the old ones serve until they have
            self._swapping = asyncio.create_task(self._swap_settled(fresh, snapshot, signers))
        else:
            self._swap(fresh, snapshot)

    async def _swap_settled(self, fresh: Loaded, snapshot: Snapshot, signers: list[Signer]) -> None:
        self.keeper.watch([*signers_of(self.plane.snapshot.upstreams.values()), *signers])
        await self.keeper.settle(signers, FIRST_TOKENS)
        self._swap(fresh, snapshot)

    def _swap(self, fresh: Loaded, snapshot: Snapshot) -> None:
        self.loaded = fresh
        self.plane.snapshot = snapshot
        self.keeper.watch(signers_of(snapshot.upstreams.values()))
        log.info("reloaded: %s", fresh.path or "defaults and environment")

    def _new_quality(self) -> None:
        """Put figures that were made anew in force."""
        snapshot = self.plane.snapshot
        table = compile_quality(self.loaded, snapshot.catalog)
        self.plane.snapshot = replace(snapshot, quality=table)
        log.debug("figures of quality: %d", len(table))

    async def _look_round(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._ledger_watch.look()
            try:
                await asyncio.to_thread(self.keys.refresh)
            except KeyStoreError as error:
                log.error("virtual keys cannot be read, the last known ones stay: %s", error)  # noqa: TRY400 - no traceback for people's errors
                continue
            await self.keeping.forget(self.keys.revoked())
            if self.plane.door is None and self.keys.any_made():
                self.plane.door = self.keys
                log.info("virtual keys are there now: every request needs one")


def _salt(ledger: Path) -> bytes | None:
    try:
        return install_salt(ledger)
    except (OSError, ValueError) as error:
        log.warning("fingerprints of prompts will not outlive this process: %s", error)
        return None


class _Server(uvicorn.Server):
    """uvicorn, with readiness going down the moment that it is told to stop."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._fairlead = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        try:
            await super().startup(sockets)
        except SystemExit:
            # uvicorn has told the system's reason, and nothing that can be done.
            log.error(  # noqa: TRY400 - no traceback for people's errors
                "cannot listen on %s port %d: choose another server.port (0 takes a free one)"
                " or server.host",
                self.config.host,
                self.config.port,
            )
            raise
        for server in self.servers:
            for bound in server.sockets:
                host, port = bound.getsockname()[:2]
                log.info("listening on http://%s:%s/v1", f"[{host}]" if ":" in host else host, port)

    def handle_exit(self, sig: int, frame: object) -> None:
        """SIGTERM or SIGINT: drain."""
        self._fairlead.plane.draining = True
        super().handle_exit(sig, frame)  # type: ignore[arg-type]  # uvicorn's FrameType | None


def serve(path: Path | None, host: str | None = None, port: int | None = None) -> None:
    """Run the gateway until it is told to stop.

    Raises:
        ConfigError: the configuration is at fault.
    """
    loaded = load(path)
    app = App(loaded, lambda: load(path))
    settings = loaded.settings.server
    raise_limit(settings.max_requests)
    wanted = host or settings.host
    if app.plane.door is None and not is_loopback(wanted):
        log.warning(
            "no virtual key is made: listening on 127.0.0.1 instead of %s."
            " `fairlead keys create NAME` makes one",
            wanted,
        )
        wanted = "127.0.0.1"
    elif app.plane.door is None:
        log.info("no virtual key is made: programs on this machine need none, others are refused")
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn drains, then raises the signal again for whoever handled it before: nobody, so
        # that a drained process ends with 0 and not as if it had been killed.
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        app,
        host=wanted,
        port=settings.port if port is None else port,
        loop="uvloop",
        http=protocol_for(app.plane, settings.receive_seconds),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.drain_seconds),
        backlog=2048,
    )
    _announce(app, loaded)
    _settle_memory()
    _Server(config, app).run()


def _settle_memory() -> None:
    """Take what was made at the start out of the garbage collector's sight.

    Code, schemas and catalogue live as long as the process; walking them in every full collection
    is wasted. A request's values are freed by reference count, so young collections may be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _announce(app: App, loaded: Loaded) -> None:
    for warning in loaded.warnings:
        log.warning("%s", warning)
    snapshot = app.plane.snapshot
    for policy in snapshot.policies.values():
        for note in policy.notes:
            log.warning("policy %s: %s", policy.name, note)
    if not snapshot.upstreams:
        log.warning(
            "no upstream is configured: set GEMINI_API_KEY or ANTHROPIC_API_KEY, or run"
            " `fairlead emulate` and point at it; `fairlead check` shows what is in force"
        )
    for upstream in snapshot.upstreams.values():
        log.info("upstream %s: %s", upstream.name, upstream.base_url)
