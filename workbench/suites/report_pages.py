"""The shipped pages of reports: HTML that needs nothing beside it, all in one style (`style.css` is put into each)."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from workbench.kernel.shipped import shipped


@cache
def report_page(name: str) -> Template:
    """The page of that name.

    raises  Unavailable KRN-0001: the installation lacks the reports
    """
    pages = FileSystemLoader(shipped("resources", "reports"))
    environment = Environment(
        loader=pages, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)
