"""Keeping lines that are no segments: mostly the rest of a text whose line break the sender did not escape.

Nobody can say where such a line belongs, so no rule maps it; what covers every segment (`from: "*"`) covers it.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.mapping.engine.covering import Covering, Covers, lines_of
from workbench.mapping.engine.keep import KEPT_EXTENSION, holder_of
from workbench.mapping.engine.running import KEPT, Node, RuleName, Run, Written


def keep_lines(run: Run, covers: Covers, extensions: Mapping[str, str]) -> None:
    """Write every line that is no segment and that a keep rule covers, as it was sent, and trace it.

    The place is the number of the line among the segments: `line 3`.
    """
    lines = lines_of(run)
    covering = Covering(covers, run) if lines else None
    for scope in lines:
        assert covering is not None
        leaf = (scope.index, 0, 0, 0, 0)
        rule = covering.kept(leaf) if covering.ignored(leaf) is None else None
        holder = None if rule is None else holder_of(run, scope, rule)
        if rule is None or holder is None:
            continue
        there = holder.setdefault("extension", [])
        assert isinstance(there, list)
        line = scope.segment
        place = {"url": "place", "valueString": f"line {line.index + 1}"}
        there.append(
            {"url": extensions[KEPT_EXTENSION], "extension": [place, {"url": "value", "valueString": line.text}]}
        )
        if run.trace is not None:
            node = Node(line.text, 1, scope)
            last = len(there) - 1
            run.trace.append(Written(RuleName("keep", rule.id), (node,), True, holder, "extension", last, KEPT))
