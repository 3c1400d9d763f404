"""Area loggers. Ids, paths in the model, counts and durations are logged; values never are."""

from __future__ import annotations

import logging

AREAS = "workbench"


def area_log(area: str) -> logging.Logger:
    """The logger of one package: `area_log("mapping")`."""
    return logging.getLogger(f"{AREAS}.{area}")


def start_logging(verbose: bool = False) -> None:
    """Log to standard error; once, at the start of a face."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger(AREAS)
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.WARNING)
