"""Which rows of two trees belong together: what the connectors draw."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.connectors import Link, rows_in_view
from workbench.gui.views.mapping.rule_index import RuleIndex
from workbench.gui.views.mapping.rules_pane import RulesPane
from workbench.gui.views.mapping.source_pane import FIELDS, SourcePane
from workbench.gui.views.mapping.target_pane import TargetPane


def source_links(source: SourcePane, rules: RulesPane, index: RuleIndex, focus: frozenset[RuleName]) -> Iterator[Link]:
    """From the fields to the rules in view that read them, and to those of the selection."""
    if source.mode != FIELDS:
        return
    for name in _rules_to_link(rules, focus):
        ends = index.ends.get(name)
        row = rules.index_of(name)
        if ends is None or not row.isValid() or ends.read != source.fhir_type:
            continue
        for path in ends.sources:
            field = source.ends.nearest(path)
            if field.isValid():
                yield Link(field, row, name in focus, not ends.enabled)


def target_links(rules: RulesPane, target: TargetPane, index: RuleIndex, focus: frozenset[RuleName]) -> Iterator[Link]:
    """From the rules in view to the elements they write, if the target tree shows their type."""
    shown = target.shown_type
    for name in _rules_to_link(rules, focus):
        ends = index.ends.get(name)
        if ends is None or ends.type != shown:
            continue
        row = rules.index_of(name)
        for path in ends.targets if row.isValid() else ():
            element = target.model.nearest(path)
            if element.isValid():
                yield Link(row, element, name in focus, not ends.enabled)


def _rules_to_link(rules: RulesPane, focus: frozenset[RuleName]) -> Iterator[RuleName]:
    """The rules in view, those folded into a row in view, and those of the selection."""
    seen: set[RuleName] = set()
    for row in rows_in_view(rules.tree):
        name = rules.name_at(row)
        folded = rules.model.rowCount(row) and not rules.tree.isExpanded(row)
        for each in rules.below(name) if folded else (name,):
            if each.rule and each not in seen:
                seen.add(each)
                yield each
    yield from (name for name in focus if name not in seen)
