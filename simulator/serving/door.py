"""The HTTP door of a served funnel: GET /search?user=..., /healthz and /metrics, in one thread with the broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from zlib import crc32

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.errors import SimulatorError
from simulator.serving.broker import Answer
from simulator.serving.fleet import Fleet
from simulator.serving.funnel import processes_of

__all__ = ["MOST_IN_FLIGHT", "Door"]

HOSTS = ["127.0.0.1", "localhost"]
"""What the door may be called: a name of somebody else's that leads here is a trick on a browser."""

MOST_IN_FLIGHT = 10_000
"""Queries on their way at once; one more is refused."""
LOOK_S = 0.05
USERS = 1 << 31
BUCKETS = tuple(1e-4 * 2**i for i in range(18))  # 0.1 ms to 13 s


class _OwnOrigin(BaseHTTPMiddleware):
    """Refuses what a page of another site has a browser ask: its Origin names that site."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Answer a request, or refuse it."""
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).hostname not in HOSTS:
            return JSONResponse({"error": f"expected no page of another site, got {origin}"}, status_code=403)
        return await call_next(request)


class Door:
    """Takes queries by HTTP and hands them to the broker of a fleet.

    Parameters
    ----------
    fleet
        Serves.
    end
        Ends serving; called where it cannot go on.

    Attributes
    ----------
    app
        The ASGI application.
    failure
        Why serving had to end; None while it goes on.
    """

    def __init__(self, fleet: Fleet, end: Callable[[], None]) -> None:
        self._fleet, self._end, self._waiting = fleet, end, dict[int, asyncio.Future[Answer]]()
        self.failure: SimulatorError | None = None
        self._registry, self._began = CollectorRegistry(), time.perf_counter()
        self._latency = Histogram(
            "simulator_latency_seconds", "Time of answered queries.", buckets=BUCKETS, registry=self._registry
        )
        self._refused = Counter("simulator_refused", "Queries refused at the door.", registry=self._registry)
        self._failed = Counter("simulator_failed", "Queries that failed.", registry=self._registry)
        self._queue = Gauge(
            "simulator_queue_length", "Requests that wait or are being served.", ["stage"], registry=self._registry
        )
        self._utilization = Gauge(
            "simulator_utilization", "Share of its workers' time that is work.", ["stage"], registry=self._registry
        )
        self._restarts = Gauge(
            "simulator_worker_restarts", "Workers that died and were started anew.", ["stage"], registry=self._registry
        )
        self._lost = Gauge(
            "simulator_failed_requests", "Requests that failed with their worker.", ["stage"], registry=self._registry
        )
        routes = [Route(f"/{one.__name__}", one) for one in (self.search, self.healthz, self.metrics)]
        guards = [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(_OwnOrigin)]
        self.app = Starlette(routes=routes, lifespan=self._open, middleware=guards)

    async def search(self, request: Request) -> JSONResponse:
        """Answer a query: the ids of the best candidates, best first."""
        user = request.query_params.get("user")
        if user is None:
            return JSONResponse({"error": "expected /search?user=NAME, got no user"}, status_code=400)
        broker, began = self._fleet.broker, time.perf_counter()
        if broker.in_flight >= MOST_IN_FLIGHT:
            self._refused.inc()
            return JSONResponse({"error": f"{MOST_IN_FLIGHT:,} queries are on their way: try later"}, status_code=503)
        candidates = max(1, round(self._fleet.funnel.candidates.mean_value()))
        ticket = broker.submit(crc32(user.encode()) % USERS, candidates, began)
        self._waiting[ticket] = future = asyncio.get_running_loop().create_future()
        self._hear()  # what came meanwhile does not wake the socket again
        answer = await future
        if answer.ids is None:
            self._failed.inc()
            return JSONResponse({"error": "the worker that served the query died; ask again"}, status_code=503)
        self._latency.observe(answer.ended - began)
        took = (answer.ended - began) * 1000
        return JSONResponse({"ids": answer.ids.tolist(), "coverage": answer.coverage, "latency_ms": took})

    async def healthz(self, request: Request) -> JSONResponse:
        """Say whether every worker is there."""
        del request
        ready = self._fleet.broker.all_ready
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Return the counters as OpenMetrics."""
        del request
        passed = time.perf_counter() - self._began
        for s, stage in enumerate(self._fleet.funnel.stages):
            counters = self._fleet.broker.counters[s]
            self._queue.labels(stage.name).set(self._fleet.broker.queued(s))
            self._utilization.labels(stage.name).set(counters.busy_s / passed / processes_of(stage))
            self._restarts.labels(stage.name).set(counters.restarts)
            self._lost.labels(stage.name).set(counters.failed)
        return Response(_text(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _hear(self) -> None:
        """Hand out the answers that are there."""
        for answer in self._fleet.broker.turn(0.0):
            future = self._waiting.pop(answer.ticket, None)
            if future is not None and not future.done():
                future.set_result(answer)

    @asynccontextmanager
    async def _open(self, app: Starlette) -> AsyncIterator[None]:
        """Listen to the workers, and look after them, while the door is open."""
        del app
        loop = asyncio.get_running_loop()
        descriptor = self._fleet.broker.descriptor
        loop.add_reader(descriptor, self._hear)
        watch = loop.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            loop.remove_reader(descriptor)

    async def _watch(self) -> None:
        """Look after the workers again and again; where they keep dying, say why and end the process's serving."""
        while True:
            try:
                self._fleet.look_after()
            except SimulatorError as error:
                self.failure = error
                for future in self._waiting.values():
                    future.cancel()
                self._end()
                return
            self._hear()
            await asyncio.sleep(LOOK_S)


def _text(registry: CollectorRegistry) -> bytes:
    """Return counters as OpenMetrics."""
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text
