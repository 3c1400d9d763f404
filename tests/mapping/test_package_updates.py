"""`updates:` of package.yaml: read with places, written, saved with its comments, laid over a base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.kernel.errors import Refused
from workbench.mapping.edits import ChangeHeader
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Removal, Resolve, SegmentMode, Silence, Updates
from workbench.mapping.overlay import laid_over
from workbench.mapping.save import save_package
from workbench.mapping.update_rules import ACTION_FIELDS, plain_updates
from workbench.v2.dictionary import dictionary

WHOLE = """updates:
  time: EVN-2 | MSH-7       # when it happened
  # a late copy of the old system
  late: refuse
  backward: apply
  merged: review
  silence: replace
  missing: end
  emptied: end
  repeating:
    AL1: snapshot           # as agreed with the ward
    IAM: action-code
"""


def test_all_that_can_be_said_is_read_and_written_again(package_of: Callable[..., Package]) -> None:
    found = package_of({}, WHOLE).header.updates
    assert found == Updates(
        time=("EVN-2", "MSH-7"),
        late=Resolve.REFUSE,
        backward=Resolve.APPLY,
        merged=Resolve.REVIEW,
        silence=Silence.REPLACE,
        missing=Removal.END,
        emptied=Removal.END,
        repeating={"AL1": SegmentMode.SNAPSHOT, "IAM": SegmentMode.ACTION_CODE},
    )
    assert str(found.place) == "package.yaml:3:1"
    assert list(plain_updates(found)) == [
        "time", "late", "backward", "merged", "silence", "missing", "emptied", "repeating",
    ]  # fmt: skip
    assert plain_updates(Updates()) == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  lat: review", "package.yaml:4:3: updates: unknown key lat; did you mean late?"),
        ("  late: never", "package.yaml:4:3: updates: late is one of review, refuse, apply."),
        ("  time: EVN", "package.yaml:4:3: updates: EVN is no field of a message; write EVN-2 | MSH-7."),
        ("  repeating: {AL1-3: each}", "package.yaml:4:15: updates: AL1-3 is no segment."),
        ("  repeating:\n    AL1: action-code", "package.yaml:5:5: updates: AL1 has no action code; "),
        ("  repeating: {AL1: all}", "package.yaml:4:15: updates: AL1 is one of each, snapshot, action-code."),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(package_of: Callable[..., Package], line: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        package_of({}, f"updates:\n{line}\n")
    assert refused.value.code == "MAP-0102"
    assert said in refused.value.text


def test_a_changed_word_leaves_every_other_line_and_comment(package_of: Callable[..., Package]) -> None:
    package = package_of({}, f"# the example\n{WHOLE}truth:\n  Patient: REG   # registration\n")
    updates = replace(
        package.header.updates, late=Resolve.REVIEW, repeating={"AL1": SegmentMode.EACH, "DG1": SegmentMode.EACH}
    )
    changed, _ = ChangeHeader(replace(package.header, updates=updates)).apply(package)
    assert package.folder is not None
    before = (package.folder / "package.yaml").read_text("utf-8").splitlines()
    save_package(changed)
    after = (package.folder / "package.yaml").read_text("utf-8").splitlines()
    assert [line for line in after if line not in before] == ["  late: review", "    AL1: each", "    DG1: each"]
    assert "  # a late copy of the old system" in after
    assert load_package(package.folder).header.updates == updates


def test_an_overlay_changes_single_words_and_segments(tmp_path: Path) -> None:
    for name, head in (
        ("base", "updates: {late: refuse, missing: end, repeating: {AL1: snapshot, IAM: action-code}}"),
        ("site", "extends: ../base\nupdates: {late: review, repeating: {AL1: each}}"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "package.yaml").write_text(f"id: {name}\nversion: 1.0.0\n{head}\n", "utf-8")
    found = laid_over(load_package(tmp_path / "site")).header.updates
    assert (found.late, found.missing) == (Resolve.REVIEW, Removal.END)
    assert found.repeating == {"AL1": SegmentMode.EACH, "IAM": SegmentMode.ACTION_CODE}


@pytest.mark.parametrize(("segment", "field"), sorted(ACTION_FIELDS.items()))
def test_action_codes_stand_where_the_standard_has_them(segment: str, field: int) -> None:
    definition = dictionary("2.8").segment(segment)
    assert definition is not None
    assert definition.fields[field - 1].table == "0206"
