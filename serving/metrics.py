"""What Prometheus reads of a server."""

from collections.abc import Callable

import prometheus_client as prometheus

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_ROWS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counts requests, batches and loads, in a registry of its own.

    Example:
      >>> metrics = Metrics()
      >>> metrics.request("tessera", 3, "recommend", "OK", seconds=0.004)
      >>> b'tessera_requests_total{code="OK"' in metrics.page()
      True
    """

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        self._requests = prometheus.Counter(
            "tessera_requests", "Requests by their gRPC status code.",
            ["code", "model", "signature", "version"], registry=self.registry)
        self._seconds = prometheus.Histogram(
            "tessera_request_seconds", "Time of a request within the server.",
            ["model", "signature", "version"], buckets=_SECONDS, registry=self.registry)
        self._batches = prometheus.Histogram(
            "tessera_batch_rows", "Rows that were run together.", buckets=_ROWS,
            registry=self.registry)
        self._loads = prometheus.Counter(
            "tessera_loads", "Versions that were loaded, or could not be.",
            ["model", "outcome"], registry=self.registry)
        self._waiting = prometheus.Gauge(
            "tessera_waiting_requests", "Requests that wait for their turn.",
            registry=self.registry)

    def request(self, model: str, version: int, signature: str, code: str, seconds: float) -> None:
        """Counts a request; a model or a signature that is none comes as '', a version as 0."""
        self._requests.labels(code, model, signature, version).inc()
        self._seconds.labels(model, signature, version).observe(seconds)

    def batch(self, rows: int) -> None:
        """Counts a run of some rows."""
        self._batches.observe(rows)

    def add(self, model: str) -> None:
        """Puts a model on the page; an increase is seen of a count that was there before alone."""
        for outcome in ("loaded", "failed"):
            self._loads.labels(model, outcome)

    def load(self, model: str, loaded: bool) -> None:
        """Counts a version that was loaded, or could not be."""
        self._loads.labels(model, "loaded" if loaded else "failed").inc()

    def unload(self, model: str, version: int) -> None:
        """Takes a version that is served no longer from the page, which would grow for ever."""
        for counts in (self._requests, self._seconds):
            counts.remove_by_labels({"model": model, "version": str(version)})

    def drop(self, model: str) -> None:
        """Takes a model that is served no longer from the page."""
        for counts in (self._requests, self._seconds, self._loads):
            counts.remove_by_labels({"model": model})

    def watch_waiting(self, waiting: Callable[[], int]) -> None:
        """Sets where the number of waiting requests is read."""
        self._waiting.set_function(waiting)

    def page(self) -> bytes:
        """Returns what a scrape gets."""
        return prometheus.generate_latest(self.registry)

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Serves the page over HTTP.

        Args:
          host: The address to listen on.
          port: The port.

        Returns:
          What ends it.

        Raises:
          OSError: If the port cannot be had.
        """
        server, _ = prometheus.start_http_server(port, host, self.registry)

        def end() -> None:
            server.shutdown()
            server.server_close()

        return end
