"""Requests to a Kubeflow Pipelines API server: limits of time, and what went wrong in a line."""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from pipeline.kubeflow.access import LOGIN_HINT, credentials
from schemas import InputError, TesseraError

_TIMEOUT_S, _BODY_S = 10.0, 60.0  # between two bytes, and for a whole response
_LONGEST_BODY, _LONGEST_REASON = 2**26, 300
_PAGE, _MOST_PAGES = 200, 1000  # the most that the server gives, and that we read
DELAYS_S = (1.0, 2.0, 4.0, 8.0)
_PASSING = (429, 500, 502, 503, 504)
_LOGGED_OUT = (401, 403)


class Refused(TesseraError):
    """The server responded, and the same request would get the same response.

    Attributes:
      status: The HTTP status; 401 also if a login page came.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(code, message)
        self.status = status

    @property
    def logged_out(self) -> bool:
        """Whether it does not know who asks."""
        return self.status in _LOGGED_OUT


class NoResponse(TesseraError):
    """No response of use; the same request may get one later.

    Attributes:
      status: The HTTP status, `None` if there was no response at all.
      delivered: Whether the server may have done what it was asked.
    """

    def __init__(self, code: str, message: str, status: int | None, delivered: bool) -> None:
        super().__init__(code, message)
        self.status, self.delivered = status, delivered


class Api:
    """The paths below `/apis/v2beta1/` of a server."""

    def __init__(self, host: str, ca_file: Path | None = None,
                 sleep: Callable[[float], None] | None = None) -> None:
        """Prepares requests; nothing is sent yet.

        Args:
          host: The server's URL, with the path that it is behind.
          ca_file: Certificates (PEM) to trust besides the system's.
          sleep: Waits some seconds; tests do not.

        Raises:
          InputError: The URL or the file is none.
        """
        self.host = _address(host)
        self.sleep = sleep or time.sleep
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if ca_file is not None or self.host.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=_trust(ca_file)))
        if urlsplit(self.host).hostname in ("localhost", "127.0.0.1", "::1"):
            handlers.append(urllib.request.ProxyHandler({}))  # a port-forward is behind no proxy
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, what: str, path: str, query: dict[str, Any] | None = None,
            delays: Sequence[float] = DELAYS_S,
            passing: Callable[[TesseraError], bool] = lambda e: isinstance(e, NoResponse),
            ) -> dict[str, Any]:
        """Reads an object; what is passing is asked again.

        Args:
          what: What is asked for, as a message has it after "refuses to" or "cannot".
          path: The path.
          query: The query.
          delays: Seconds before each further attempt.
          passing: Says whether to ask again after an error.

        Raises:
          Refused: The server says no.
          NoResponse: There is no response, also after the last attempt.
          InputError: The server's certificate is not trusted, or there is no token to show.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        for delay in delays:
            try:
                return self._ask("GET", what, target, None)
            except TesseraError as error:
                if not passing(error):
                    raise
                self.sleep(delay)
        return self._ask("GET", what, target, None)

    def post(self, what: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Makes an object; asks again only if the server has surely not seen the request.

        Args:
          what: What is asked for, as a message has it after "refuses to" or "cannot".
          path: The path.
          body: The object.

        Raises:
          Refused: The server says no.
          NoResponse: There is no response; see its `delivered`.
          InputError: The server's certificate is not trusted.
        """
        for delay in DELAYS_S:
            try:
                return self._ask("POST", what, path, body)
            except NoResponse as error:
                if error.delivered:
                    raise
                self.sleep(delay)
        return self._ask("POST", what, path, body)

    def pages(self, what: str, path: str, key: str, query: dict[str, Any]) -> Iterator[dict]:
        """Lists objects, all pages of them.

        Args:
          what: What is asked for, as a message has it after "refuses to" or "cannot".
          path: The path.
          key: The response's field with the objects.
          query: The query.

        Yields:
          Each object.

        Raises:
          TesseraError: See `get`.
        """
        token, seen = "", set()
        for _ in range(_MOST_PAGES):
            response = self.get(what, path, {
                **query, "page_size": _PAGE, **({"page_token": token} if token else {})})
            objects = response.get(key) or []
            if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
                raise Refused("kubeflow-not-a-list",
                              f"{self.host} responds with {key!r} that is no list of objects: is "
                              "it a Kubeflow Pipelines 2.x server?", 200)
            yield from objects
            token = response.get("next_page_token") or ""
            if not token or token in seen:
                return
            seen.add(token)
        raise Refused("kubeflow-endless-pages",
                      f"{self.host} has no end of pages as it is to {what}.", 200)

    def _ask(self, method: str, what: str, path: str, body: dict[str, Any] | None) -> dict:
        try:
            status, headers, content = self._exchange(method, path, body)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            cause = getattr(error, "reason", error)
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise InputError(
                    "untrusted-certificate",
                    f"The certificate of {self.host} is not trusted: {cause.verify_message}. Give "
                    "your authority's certificates with --ca-file, or the name that the "
                    "certificate is for with --host.") from error
            raise NoResponse(
                "kubeflow-unreachable",
                f"No server responds at {self.host}: "
                f"{one_line(str(cause)) or type(cause).__name__}.",
                None, not isinstance(cause, ConnectionRefusedError)) from error
        kind = headers.get_content_type() if "content-type" in headers else "application/json"
        if 300 <= status < 400 or (status < 300 and "json" not in kind):
            raise Refused("kubeflow-login",
                          f"{self.host} does not let us in: {_elsewhere(status, headers, kind)}, "
                          f"instead of JSON.{LOGIN_HINT}", 401)
        if status >= 400:
            reason = _reason(content) or http.client.responses.get(status, "")
            response_line = f"{status} {reason}".rstrip(". ")
            if status in _PASSING and not (method == "POST" and status == 500):
                raise NoResponse("kubeflow-busy",
                                 f"{self.host} cannot {what} now: {response_line}.", status,
                                 status not in (429, 503))
            raise Refused("kubeflow-refuses",
                          f"{self.host} refuses to {what}: {response_line}."
                          f"{LOGIN_HINT if status in _LOGGED_OUT else ''}", status)
        try:
            response = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise NoResponse("kubeflow-malformed-json",
                             f"{self.host} responds with malformed JSON of {len(content)} bytes as "
                             f"it is to {what}.", status, True) from error
        if not isinstance(response, dict):
            raise Refused("kubeflow-not-an-object",
                          f"{self.host} responds with a JSON {type(response).__name__} as it is to "
                          f"{what}: is it a Kubeflow Pipelines 2.x server?", status)
        return response

    def _exchange(self, method: str, path: str, body: dict | None) -> tuple[int, Message, bytes]:
        request = urllib.request.Request(
            f"{self.host}/apis/v2beta1/{path}", method=method,
            data=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers={"Accept": "application/json", "User-Agent": "tessera",
                     **({} if body is None else {"Content-Type": "application/json"}),
                     **credentials()})
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                return response.status, response.headers, _read(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, _read(error)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect leads to a login, and a token must not go to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _read(response: Any) -> bytes:
    """Reads a body; one that drips does not hold us for ever."""
    until, content = time.monotonic() + _BODY_S, b""
    while part := response.read1(2**16):
        content += part
        if time.monotonic() > until or len(content) > _LONGEST_BODY:
            raise TimeoutError(f"its response has no end after {len(content)} bytes")
    return content


def _address(host: str) -> str:
    """Returns a server's URL without what only a browser needs."""
    try:
        parts = urlsplit(host.strip())
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not host.isascii() or len(host.split()) > 1:
        raise InputError("bad-host",
                         f"--host is {host!r}: give a URL, such as http://localhost:8080.")
    if "@" in parts.netloc:
        raise InputError("password-in-host",
                         "--host holds a user or a password: leave them out of the URL."
                         + LOGIN_HINT)
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise InputError("bad-ca-file",
                             f"--ca-file {ca_file} cannot be used: {error.strerror or error}. Give "
                             "a file of certificates as PEM.") from error
    return context


def _elsewhere(status: int, headers: Message, kind: str) -> str:
    if status < 300:
        return f"it responds with a page ({kind})"
    target = urlsplit(headers.get("location") or "")
    where = f"{target.scheme}://{target.netloc}" if target.netloc else ""  # the query is a secret
    return f"it sends us on to {where}{target.path or '/'} ({status})"


def _reason(content: bytes) -> str:
    """Returns the server's own words: `message`, and `error` of older ones."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    message = body.get("message") or body.get("error") or ""
    return one_line(message if isinstance(message, str) else json.dumps(message))


def one_line(text: str) -> str:
    """Returns text of others in one line without what a terminal would obey."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]} …"
