"""What the product itself offers, through the door that plug-ins use."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.export.package import EXPORTERS, Exporter
from workbench.mapping.transforms import TRANSFORMS, Transform
from workbench.messages.reading import Reader
from workbench.messages.registry import READERS
from workbench.plugins.hooks import hookimpl
from workbench.validation.validator import VALIDATORS, Validator


@hookimpl
def message_formats() -> Sequence[Reader]:
    return READERS.own


@hookimpl
def validators() -> Sequence[Validator]:
    return VALIDATORS.own


@hookimpl
def transforms() -> Sequence[Transform]:
    return TRANSFORMS.own


@hookimpl
def exporters() -> Sequence[Exporter]:
    return EXPORTERS.own
