"""A FHIR server as a record that updates are planned against (`records.record.Present`)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from workbench.exchange.fhir_answers import RequestRefused
from workbench.exchange.fhir_rest import FhirClient
from workbench.kernel.progress import JobContext
from workbench.records.updates.record import Resource

_GONE = (404, 410)


class ServerRecord:
    """Questions go to the server as they come; all methods raise as `FhirClient.request` does."""

    def __init__(self, client: FhirClient, ctx: JobContext) -> None:
        self._client = client
        self._ctx = ctx

    def read(self, kind: str, identity: str) -> Resource | None:
        """A resource by its id; None when the server has none, or has none any more."""
        try:
            document = self._client.read(kind, identity, ctx=self._ctx).document
        except RequestRefused as refusal:
            if refusal.status in _GONE:
                return None
            raise
        return None if document is None else document.value

    def find(self, kind: str, search: str) -> Sequence[Resource]:
        """The resources that `identifier=system|value` finds."""
        parameters: dict[str, list[str]] = {}
        for part in search.split("&"):
            name, _, value = part.partition("=")
            parameters.setdefault(unquote(name), []).append(unquote(value))
        return self._found(kind, parameters)

    def of_patient(self, kind: str, patient: str) -> Sequence[Resource]:
        """The resources of a type in the compartment of `Patient/…`."""
        return self._found(kind, {"patient": [patient]})

    def _found(self, kind: str, parameters: dict[str, list[str]]) -> list[Resource]:
        found = []
        for page in self._client.search(kind, parameters, self._ctx):
            entries = page.value.get("entry")
            for entry in entries if isinstance(entries, list) else ():
                resource = entry.get("resource") if isinstance(entry, dict) else None
                if isinstance(resource, dict) and resource.get("resourceType") == kind:
                    found.append(resource)
        return found
