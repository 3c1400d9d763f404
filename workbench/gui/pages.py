"""The pages in the order of the rail; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.page import Page
from workbench.gui.views.home.page import HomePage
from workbench.gui.views.messages.page import MessagesPage


def first_pages(bench: Bench, session: Session, open_files: Callable[[], None]) -> Iterator[Page]:
    """What the first screen needs."""
    yield HomePage(bench, session, open_files)
    yield MessagesPage(bench, session, open_files)


def further_pages(bench: Bench, session: Session, desk: MappingDesk, open_files: Callable[[], None]) -> Iterator[Page]:
    """The other pages. Loading what they stand on takes as long as the first screen itself, so that goes first."""
    from workbench.gui.views.export.page import ExportPage
    from workbench.gui.views.mapping.page import MappingPage
    from workbench.gui.views.review.page import ReviewPage
    from workbench.gui.views.suites.page import SuitesPage
    from workbench.gui.views.terminology.page import TerminologyPage
    from workbench.gui.views.validation.page import ValidationPage

    yield ValidationPage(bench, session)
    yield MappingPage(bench, desk, open_files)
    yield TerminologyPage(bench, session, desk)
    yield SuitesPage(bench, session, desk)
    yield ReviewPage(bench, session, desk, open_files)
    yield ExportPage(bench, session, desk)
