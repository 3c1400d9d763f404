from __future__ import annotations

from workbench.v2 import er7
from workbench.v2.tree import TreeNode, message_tree

ORU = er7.parse(
    b"MSH|^~\\&|L|B|C|D|20240102||ORU^R01^ORU_R01|2|P|2.5.1\rPID|1||11^^^H&1.2&ISO^MR~22||O'NEIL^ANN\r"
    b"OBR|1|||GLU^Glucose\rOBX|1|CE|X^Y||A^Alpha\rZZ1|local\rPV9|x\r"
)


def _nodes() -> dict[str, TreeNode]:
    return {node.path: node for top in message_tree(ORU) for _, node in top.walk()}


def test_fields_and_components_carry_the_names_of_the_standard() -> None:
    nodes = _nodes()
    assert nodes["PID-3"].label == "Patient Identifier List"
    assert nodes["PID-3[1].4.2"].label == "Universal ID"
    assert nodes["PID-5.2"].label == "Given Name"


def test_obx_5_is_read_by_the_type_that_obx_2_names() -> None:
    assert (_nodes()["OBX-5.2"].label, _nodes()["OBX-5.2"].value) == ("Text", "Alpha")


def test_values_stand_at_the_lowest_level_only() -> None:
    nodes = _nodes()
    assert (nodes["PID-3"].value, nodes["PID-3[1]"].value, nodes["PID-3[2]"].value) == (None, None, "22")
    span = nodes["PID-3[1].4.1"].span
    assert ORU.raw[span.start : span.end] == b"H"


def test_groups_enclose_their_segments_and_nothing_is_left_out() -> None:
    tops = message_tree(ORU)
    groups = [node.path for top in tops for _, node in top.walk() if node.kind == "group"]
    assert groups[0] == "PATIENT_RESULT[1]"
    segments = [node.path for top in tops for _, node in top.walk() if node.kind == "segment"]
    assert segments == ["MSH", "PID", "OBR", "OBX", "ZZ1", "PV9"]


def test_a_segment_without_a_place_says_why() -> None:
    nodes = _nodes()
    assert (nodes["ZZ1"].note, nodes["PV9"].note, nodes["PID"].note) == ("local segment", "unknown segment", "")
