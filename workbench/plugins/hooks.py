"""The four hooks. A plug-in implements those that its entry points name, each with `@hookimpl` and no parameters.

Each returns a list, once, when the plug-in is loaded: here, and again in every worker process. What is in it serves
every message, maybe several at once in several threads, so it keeps nothing of a message. Names are unique among
everything that is loaded; a plug-in that takes a name which is there is not loaded.

Nothing that is offered here may put a patient's value into the text of an exception, into a log or into a file of its
own. An exception that is not named below costs one finding or one message, which names the plug-in; its text is thrown
away.
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from workbench.export.package import Exporter
from workbench.mapping.transforms import Transform
from workbench.messages.reading import Reader
from workbench.plugins.installed import GROUP
from workbench.validation.validator import Validator

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a function as the implementation of the hook of its name."""


@hookspec
def message_formats() -> Sequence[Reader]:  # type: ignore[empty-body]
    """Ways in which messages stand in files: `messages.reading.Reader`; `AsItStands` has what is usual.

    Each is asked before the built-in readers whether the first bytes of a file are its own, so `sniff` looks for
    something that no other file begins with. `read` gives byte ranges (`Found`) in order, or issues; what `cut` makes
    of a range is one message in a `MessageFormat`. `cut` also gets the beginnings of ranges, for a quick look at MSH.
    `put` is its inverse, for edited copies.

    May raise  Cancelled, from `ctx`
    """


@hookspec
def validators() -> Sequence[Validator]:  # type: ignore[empty-body]
    """Ways to judge a message: `validation.validator.Validator`.

    Each gets every v2 message (`v2.er7.Message`) and every FHIR document (`fhir.json_tree.FhirDocument`) that is
    judged, after the built-in validators, and gives issues. `rules` explains every rule id of its issues. Rule ids have
    a prefix of their own: `ACME-0001`.

    May raise  nothing
    """


@hookspec
def transforms() -> Sequence[Transform]:  # type: ignore[empty-body]
    """Functions of texts for rules: `mapping.transforms.Transform`, named like `acme.check-digit`, with a dot.

    `apply(text, *arguments)` gives a text, or None for no value; texts are as v2 writes them. It is a function in the
    strict sense: the same text gives the same result, because results are remembered. Rules that use it are not
    portable.

    May raise  mapping.values.Misfit: the text cannot be used; the value is then kept as it is, and reported
    """


@hookspec
def exporters() -> Sequence[Exporter]:  # type: ignore[empty-body]
    """Targets of `workbench export`: `export.package.Exporter`.

    `build` gives the bytes of the artefact, the same for the same release. With the manifest (`export.manifest`) in a
    `.tgz` or `.whl`, `workbench package verify` can check it. Whether rules of `release.package` can run there, those
    with transforms of plug-ins among them, is for `build` to say.

    May raise  Refused, Unavailable: the package cannot be exported there, with a sentence about the package
    """
