"""The pages in the order of the rail; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.page import Page
from workbench.gui.views.export.page import ExportPage
from workbench.gui.views.home.page import HomePage
from workbench.gui.views.mapping.page import MappingPage
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.views.review.page import ReviewPage
from workbench.gui.views.suites.page import SuitesPage
from workbench.gui.views.terminology.page import TerminologyPage
from workbench.gui.views.validation.page import ValidationPage


def make_pages(bench: Bench, session: Session, desk: MappingDesk, open_files: Callable[[], None]) -> dict[str, Page]:
    """Every page by name."""
    pages: list[Page] = [
        HomePage(bench, session, open_files),
        MessagesPage(bench, open_files),
        ValidationPage(bench),
        MappingPage(bench, desk, open_files),
        TerminologyPage(bench, session, desk),
        SuitesPage(bench, session, desk),
        ReviewPage(bench, session, desk, open_files),
        ExportPage(bench, session, desk),
    ]
    return {page.name: page for page in pages}
