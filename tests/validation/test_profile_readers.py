from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validation.profile_samples import GOOD, PROFILE, write_bundle
from workbench.kernel.errors import Refused
from workbench.v2.er7 import parse
from workbench.validation.profiles.expressions import (
    All,
    Expression,
    Implies,
    Matches,
    Not,
    OneOf,
    PathsCompared,
    Presence,
    ProfilePath,
    Step,
)
from workbench.validation.profiles.load import load_profile
from workbench.validation.profiles.model import Context, Profile, Scope, Statement
from workbench.validation.profiles.plain_form import to_plain
from workbench.validation.profiles.profile_validator import ProfileValidator
from workbench.validation.profiles.yaml_profile import format_yaml, read_yaml, write_yaml

CONFORMANCE = """<!DOCTYPE HL7v2xConformanceProfile SYSTEM "http://nowhere.invalid/message_profile.dtd">
<HL7v2xConformanceProfile HL7Version="2.5"><MetaData Name="Acknowledgement"/>
 <HL7v2xStaticDef MsgType="ACK" EventType="A01" MsgStructID="ACK">
  <Segment Name="MSH" Usage="R" Min="1" Max="1">FIELDS</Segment>
  <Segment Name="SFT" Usage="X" Min="0" Max="0"/>
  <Segment Name="MSA" Usage="R" Min="1" Max="1">
   <Field Name="Acknowledgment Code" Usage="R" Min="1" Max="1" Datatype="ID" Length="2" Table="0008"/>
   <Field Name="Control ID" Usage="R" Min="1" Max="1" Datatype="ST" Length="5"/>
  </Segment>
 </HL7v2xStaticDef>
</HL7v2xConformanceProfile>""".replace(
    "FIELDS",
    "".join(
        f'<Field Name="Field {n}" Usage="O" Min="0" Max="1" Datatype="{"MSG" if n == 9 else "ST"}" Length="99"/>'
        for n in range(1, 13)
    ),
)
TABLES = """<Specification><hl7tables><hl7table id="0008" name="Acknowledgment code">
 <tableElement code="AA" description="accept"/></hl7table></hl7tables></Specification>"""
ACK = b"MSH|^~\\&|A|B|C|D|20240102||ACK^A01^ACK|1|P|2.5\rMSA|AA|7\r"


def test_a_bundle_is_read_whole(tmp_path: Path) -> None:
    profile = load_profile(write_bundle(tmp_path / "guide"))
    assert (profile.title, profile.version, profile.source) == ("Admissions of a small hospital", "2.5.1", "guide")
    assert [len(x) for x in (profile.segments, profile.statements, profile.predicates, profile.value_sets)] == [
        8,
        4,
        3,
        3,
    ]
    assert profile.value_sets["OFF"].excluded
    assert [slicing.slices[0].ref for slicing in profile.slicings] == ["OBX_WEIGHT"]
    assert [table.segment_name for table in profile.co_constraints["M1"]] == ["OBX"]


def test_constraints_of_a_test_case_are_added(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p")
    (folder / "constraints_context.xml").write_text(
        "<ConformanceContext><Constraints><Message><ByID ID='M1'><Constraint ID='Content' Target='2[1].6[1]'>"
        "<Description>the alias is ANN</Description><Assertion><PlainText Path='2[1].6[1]' Text='ANN'/></Assertion>"
        "</Constraint></ByID></Message></Constraints></ConformanceContext>"
    )
    issues = ProfileValidator(load_profile(folder)).validate(parse(GOOD))
    assert [issue.location.path for issue in issues if issue.rule == "V2-0541"] == ["PID-6"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><ConformanceProfile>&x;</ConformanceProfile>', "V2P-0002"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hosts">]><ConformanceProfile/>', "V2P-0002"),
        ("<ConformanceProfile><Messages>", "V2P-0002"),
        ("<x>" * 300, "V2P-0002"),
        ("", "V2P-0002"),
        ("<Bundle/>", "V2P-0003"),
        ("<ConformanceProfile/>", "V2P-0003"),
    ],
)
def test_what_is_no_profile_is_refused_with_its_reason(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "profile.xml").write_text(text)
    with pytest.raises(Refused) as refusal:
        load_profile(tmp_path)
    assert refusal.value.code == code
    assert "hosts" not in refusal.value.text


def test_defects_of_a_profile_are_told_as_its_own(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p")
    (folder / "profile.xml").write_text(PROFILE.replace('Ref="NK1_T"', 'Ref="NK1_LOST"').replace('"RE"', '"ZZ"', 1))
    defects = ProfileValidator(load_profile(folder)).defects()
    assert [(issue.severity.value, issue.location.file) for issue in defects] == [("information", "p")] * len(defects)
    assert any("NK1_LOST" in issue.text for issue in defects)


def test_a_conformance_profile_with_its_tables_is_read(tmp_path: Path) -> None:
    (tmp_path / "profile.xml").write_text(CONFORMANCE)
    (tmp_path / "tables.xml").write_text(TABLES)
    validator = ProfileValidator(load_profile(tmp_path))

    def found(raw: bytes) -> list[tuple[str, str]]:
        return [(issue.rule, issue.location.path) for issue in validator.validate(parse(raw))]

    assert found(ACK) == []
    assert found(ACK.replace(b"|AA|", b"|AE|")) == [("V2-0551", "MSA-1")]
    assert found(ACK.replace(b"MSA", b"SFT|a\rMSA")) == [("V2-0503", "SFT")]
    assert found(ACK.replace(b"|7\r", b"|1234567\r")) == [("V2-0511", "MSA-2")]


def test_yaml_says_the_same_as_what_it_was_written_from(tmp_path: Path) -> None:
    profile = load_profile(write_bundle(tmp_path / "p"))
    write_yaml(profile, tmp_path / "p.yaml", "A heading\nof two lines")
    again = load_profile(tmp_path / "p.yaml")
    assert to_plain(again) == to_plain(profile)
    text = (tmp_path / "p.yaml").read_text("utf-8")
    assert text.startswith("# A heading\n# of two lines\nformat: workbench v2 profile\n")
    assert "# PID-3" in text


_PATHS = st.builds(
    lambda steps: ProfilePath(tuple(steps)),
    st.lists(st.builds(Step, st.integers(1, 99), st.integers(0, 9)), max_size=4),
)
_TESTS: st.SearchStrategy[Expression] = st.recursive(
    st.one_of(
        st.builds(Presence, _PATHS),
        st.builds(OneOf, _PATHS, st.lists(st.text(), max_size=3).map(tuple), st.booleans(), st.booleans()),
        st.builds(Matches, _PATHS, st.text()),
        st.builds(PathsCompared, _PATHS, _PATHS, st.just("EQ")),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner), st.builds(Implies, inner, inner), st.builds(All, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(_TESTS, st.text())
def test_any_statement_survives_yaml(tmp_path_factory: pytest.TempPathFactory, test: Expression, text: str) -> None:
    statement = Statement("S", Context(Scope.SEGMENT, "PID"), ProfilePath(), text, test)
    profile = Profile("i", text, "2.5.1", (), {}, {}, statements=(statement,), source="s")
    path = tmp_path_factory.mktemp("yaml") / "p.yaml"
    path.write_text(format_yaml(profile), "utf-8", newline="")
    assert to_plain(read_yaml(path)) == to_plain(profile)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("usage: R", "usage: Q"), "usage"),
        (("format: workbench v2 profile", "format: something"), "format"),
        (("cardinality: 1..1", "cardinality: once"), "cardinality"),
        (("title:", "tittle:"), "tittle"),
        (("messages:", "messages: ["), "YAML"),
    ],
)
def test_a_mistake_in_yaml_is_named_with_its_place(tmp_path: Path, change: tuple[str, str], place: str) -> None:
    text = format_yaml(load_profile(write_bundle(tmp_path / "p")))
    assert change[0] in text
    (tmp_path / "p.yaml").write_text(text.replace(*change, 1))
    with pytest.raises(Refused) as refusal:
        load_profile(tmp_path / "p.yaml")
    assert (refusal.value.code, place in refusal.value.text) == ("V2P-0004", True)


def test_severities_of_the_site_lie_beside_the_profile(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p")
    (folder / "severities.yaml").write_text("Code Not Found: warning\nV2-0582: off\n")
    issues = ProfileValidator(load_profile(folder)).validate(parse(GOOD.replace(b"|F|", b"|X|")))
    assert [(issue.rule, issue.severity.value) for issue in issues] == [("V2-0551", "warning")]
    (folder / "severities.yaml").write_text("Code Not Found: dreadful\n")
    with pytest.raises(Refused, match="dreadful"):
        load_profile(folder)


@pytest.mark.corpus
def test_every_profile_of_the_shared_material_is_read(shared_material: Path) -> None:
    folder = shared_material / "v2-validation"
    if not folder.is_dir():
        pytest.skip("the shared material has no v2-validation folder")
    profiles = [*folder.glob("bundles/*"), *folder.glob("conformance-xml/profiles/*")]
    assert len(profiles) >= 28
    for path in profiles:
        profile = load_profile(path)
        assert profile.messages
        assert not [defect for defect in profile.defects if "used but not defined" in defect.text]
