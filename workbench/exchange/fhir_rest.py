"""A FHIR REST client for the server the user named, and for no other (R4 http.html).

TLS is always verified; a bearer token goes to the origin it was given for and is never logged; redirections are not
followed. What the server says about a request in an OperationOutcome becomes issues.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlencode

import httpx

from workbench.exchange.fhir_answers import (
    RequestRefused,
    Response,
    broken,
    capped,
    decoded,
    refusal_of,
    unreachable,
)
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited
from workbench.security.key_store import KeyStore

__all__ = ["FhirClient", "FhirServer", "RequestRefused", "forget_token", "remember_token", "stored_token"]

_JSON = "application/fhir+json"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LARGEST_BYTES = 256 << 20
TokenSource = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class FhirServer:
    """Where a server is and how it is reached.

    base_url   its service base, such as `https://fhir.example.org/r4`; plain http only on this machine
    tls        what is trusted, from `exchange.tls.client_context`; None for the system's authorities
    timeout_s  seconds for connecting, and for each piece of an answer
    proxy      URL of a proxy, "" for none; the environment is not asked
    """

    base_url: str
    tls: ssl.SSLContext | None = None
    timeout_s: float = 30.0
    proxy: str = ""


def remember_token(store: KeyStore, server: FhirServer, token: str) -> None:
    """Keep a bearer token in the key store; raises Unavailable SEC-0004."""
    store.remember(_token_id(server), token.encode("utf-8"))


def stored_token(store: KeyStore, server: FhirServer) -> TokenSource:
    """The token kept for this server, asked for when it is needed; raises (then) Unavailable SEC-0004."""

    def ask() -> str | None:
        kept = store.recall(_token_id(server))
        return None if kept is None else kept.decode("utf-8", "replace")

    return ask


def forget_token(store: KeyStore, server: FhirServer) -> None:
    """Remove the token; raises Unavailable SEC-0004."""
    store.forget(_token_id(server))


class FhirClient:
    """A connection to one server, closed by its context manager. Methods block; run them in a job.
    When the job is cancelled the connection ends, and so does the client.

    token   asked once, when the first request is made; None sends none
    raises  Refused EXC-0101: the address is no URL, or plain http to another machine
    """

    def __init__(self, server: FhirServer, token: TokenSource | None = None) -> None:
        self._base = _base(server.base_url)
        self._ask_token = token
        self._token: str | None = None
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).disabled = True  # they log addresses, and searches have patients in theirs
        self._http = httpx.Client(
            verify=server.tls or ssl.create_default_context(),
            timeout=server.timeout_s,
            follow_redirects=False,
            trust_env=False,
            proxy=server.proxy or None,
            headers={"Accept": _JSON, "Accept-Charset": "utf-8"},
        )

    def __enter__(self) -> FhirClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; closing twice is no error."""
        self._http.close()

    def capability(self, ctx: JobContext | None = None) -> FhirDocument:
        """The server's CapabilityStatement; all methods raise as `request` does."""
        return self._document("GET", "metadata", ctx)

    def read(self, resource_type: str, identity: str, version: str = "", ctx: JobContext | None = None) -> Response:
        """A resource as it is, or as it was in a version."""
        place = f"{_name(resource_type)}/{_identity(identity)}"
        return self.request("GET", f"{place}/_history/{_identity(version)}" if version else place, ctx)

    def search(
        self,
        resource_type: str,
        parameters: Mapping[str, Sequence[str] | str],
        ctx: JobContext | None = None,
        most_pages: int = 1000,
        in_address: bool = False,
    ) -> Iterator[FhirDocument]:
        """The pages of a search, each a searchset Bundle, as they come. Parameters with several values must all hold.

        in_address  put the parameters into the address (GET), for servers that know no other way. Servers and proxies
                    write addresses down, and parameters say who is searched for.
        raises  as `request`; Refused EXC-0107: a next page is on another server, or there is no end of pages
        """
        ctx = ctx or JobContext()
        kind, headers = _name(resource_type), {"Prefer": "handling=strict"}
        if in_address:
            answer = self.request("GET", f"{kind}?{urlencode(parameters, doseq=True)}", ctx, headers=headers)
        else:
            answer = self.request("POST", f"{kind}/_search", ctx, form=parameters, headers=headers)
        for page in range(1, most_pages + 1):
            document = _required(answer)
            yield document
            ctx.advance(page, label="reading pages")
            following = _next_page(document)
            if not following:
                return
            answer = self.request("GET", self._within(following), ctx)
        raise Refused("EXC-0107", f"The search has more than {most_pages} pages.", "Narrow it.")

    def create(
        self, resource: Mapping[str, object], if_none_exist: str = "", ctx: JobContext | None = None
    ) -> Response:
        """POST a resource; `if_none_exist` is a search that must find nothing for it to be created."""
        headers = {"If-None-Exist": if_none_exist} if if_none_exist else {}
        return self.request("POST", _name(str(resource.get("resourceType", ""))), ctx, resource, headers=headers)

    def update(self, resource: Mapping[str, object], if_match: str, ctx: JobContext | None = None) -> Response:
        """PUT a resource in place of the version the user saw, so that nobody's newer one is overwritten.

        if_match  `Response.etag` of that version, such as `W/"3"`; "" only for a resource that is new
        raises    RequestRefused EXC-0112: the server has another version by now
        """
        place = f"{_name(str(resource.get('resourceType', '')))}/{_identity(str(resource.get('id', '')))}"
        headers = {"If-Match": if_match} if if_match else {"If-None-Match": "*"}
        return self.request("PUT", place, ctx, resource, headers=headers)

    def transaction(self, bundle: Mapping[str, object], ctx: JobContext | None = None) -> Response:
        """POST a transaction or batch Bundle to the base; issues of single entries are in `Response.issues`."""
        if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in ("transaction", "batch"):
            raise Refused("EXC-0108", "This is no transaction or batch Bundle; nothing was sent.", "")
        return self.request("POST", "", ctx, bundle, headers={"Prefer": "return=minimal"})

    def request(
        self,
        method: str,
        place: str,
        ctx: JobContext | None = None,
        body: Mapping[str, object] | None = None,
        *,
        form: Mapping[str, Sequence[str] | str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request at a place under the base URL.

        raises  RequestRefused EXC-0110 … EXC-0113: the server refused; its issues are on the exception
                Unavailable EXC-0102 … EXC-0105, EXC-0114: not reached, too slow, not trusted, broken, out of order
                Refused EXC-0106: it sends elsewhere; FHIR-0001: it answers something that is no JSON; Cancelled
        """
        ctx = ctx or JobContext()
        ctx.check()
        sent = {**(headers or {}), **self._authorization()}
        content = dumps(body) if body is not None else None
        if content is not None:
            sent["Content-Type"] = _JSON
        url = self._base.join(place) if place else str(self._base).rstrip("/")

        def exchange() -> tuple[httpx.Response, bytes]:
            with self._http.stream(method, url, content=content, data=form, headers=sent) as answer:
                return answer, capped(answer.iter_bytes(), LARGEST_BYTES, ctx)

        try:
            answer, data = waited(exchange, ctx)
        except Cancelled:
            self.close()  # what still waits for the server ends with its connection
            raise
        except httpx.TransportError as error:
            raise unreachable(self._base.host, error) from None  # its text may hold the address and who was asked for
        except httpx.DecodingError:
            raise broken(self._base.host) from None
        if answer.is_redirect:
            raise Refused(
                "EXC-0106", f"{self._base.host} sends elsewhere; that was not followed.", "Name the final base URL."
            )
        if answer.is_success:
            return decoded(answer.status_code, answer.headers, data)
        raise refusal_of(self._base.host, answer.status_code, answer.headers, data)

    def _document(self, method: str, place: str, ctx: JobContext | None) -> FhirDocument:
        return _required(self.request(method, place, ctx))

    def _authorization(self) -> Mapping[str, str]:
        if self._ask_token is not None:
            self._token, self._ask_token = self._ask_token(), None
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _within(self, link: str) -> str:
        """A link of the server's own; raises Refused EXC-0107 for any other, because the token would go there."""
        try:
            url = self._base.join(link)
        except httpx.InvalidURL:
            url = httpx.URL()
        if _origin(url) != _origin(self._base):
            raise Refused(
                "EXC-0107",
                "The next page of this search is on another server; it was not fetched.",
                "The server's own base URL is probably set wrongly; tell its administrator.",
            )
        return str(url)


def _base(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.rstrip("/") + "/")
    except httpx.InvalidURL:
        url = httpx.URL()
    is_private = url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK)
    if is_private and url.host and not url.userinfo and not url.query:
        return url
    raise Refused(
        "EXC-0101",
        "This is no address of a FHIR server that may be used.",
        "Write https://host/base without user name and query; http is possible on this machine only.",
    )


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _token_id(server: FhirServer) -> str:
    return f"fhir {_base(server.base_url)}"


def _name(resource_type: str) -> str:
    if not (resource_type.isascii() and resource_type.isalpha()):
        raise Refused("EXC-0109", "A resource has no type or one that cannot be.", "Name it like Patient.")
    return resource_type


def _identity(text: str) -> str:
    """An id as R4 allows it, so that it cannot lead to another place."""
    allowed = all(character.isalnum() or character in "-." for character in text)
    if not text or len(text) > 64 or not text.isascii() or not allowed or set(text) == {"."}:
        raise Refused("EXC-0109", "A resource has no id or one that FHIR does not allow.", "Give it an id.")
    return text


def _required(answer: Response) -> FhirDocument:
    if answer.document is None:
        raise Refused("EXC-0115", "The server answered without a resource.", "Check that the base URL is right.")
    return answer.document


def _next_page(document: FhirDocument) -> str:
    links = document.value.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            return str(link.get("url", ""))
    return ""
