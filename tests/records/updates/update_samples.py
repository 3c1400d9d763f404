"""Messages of a visit, and a record they are applied to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from workbench.app.session import standard_package_folder
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.records.updates.plan import Policy, UpdatePlan, policy_of
from workbench.records.updates.planning import plan_update
from workbench.records.updates.record import Record, Resource
from workbench.records.updates.said import Said, said_by
from workbench.v2.er7 import parse

PATIENT = "7^^^H^MR||Roe^Jane||19800101|F|||Main^^Town||555^PRN^PH|777^WPN^PH"
VISIT = "PV1|1|I|W^1^2||||1^Doc||||||||||||V1^^^H^VN" + "|" * 25 + "20240101115800"


@cache
def standard() -> CompiledMapping:
    return compile_package(load_package(standard_package_folder()))


def adt(event: str, hour: int, *segments: str, pid: str = PATIENT, control_id: str = "", sender: str = "HOSP") -> str:
    """An ADT message of an hour of 1 January 2024."""
    time = f"202401{1 + hour // 24:02}{hour % 24:02}0000"
    head = f"MSH|^~\\&|APP|{sender}|C|D|{time}||ADT^{event}|{control_id or f'{event}-{hour}'}|T|2.5.1"
    return "\r".join((head, f"EVN||{time}", f"PID|1||{pid}", *segments))


def result(status: str, hour: int, value: str = "5.4", pid: str = "7^^^H^MR||Roe^Jane") -> str:
    """An ORU of a glucose value, ordered as P1 and done as F1."""
    time = f"202401{1 + hour // 24:02}{hour % 24:02}0000"
    return "\r".join(
        (
            f"MSH|^~\\&|LAB|HOSP|C|D|{time}||ORU^R01^ORU_R01|R-{hour}|T|2.5.1",
            f"PID|1||{pid}",
            "ORC|RE|P1^OE|F1^LAB",
            f"OBR|1|P1^OE|F1^LAB|24323-8^CMP^LN|||20240101110000|||||||||||||||20240101115500||CH|{status}",
            f"OBX|1|NM|2345-7^Glucose^LN||{value}|mmol/L|||||{status}|||20240101110000",
        )
    )


def order(control: str, hour: int) -> str:
    """An OMG with an order control, for placer number P1."""
    time = f"202401{1 + hour // 24:02}{hour % 24:02}0000"
    return "\r".join(
        (
            f"MSH|^~\\&|OE|HOSP|C|D|{time}||OMG^O19^OMG_O19|O-{control}-{hour}|T|2.5.1",
            "PID|1||7^^^H^MR||Roe^Jane",
            f"ORC|{control}|P1^OE",
            "OBR|1|P1^OE||24323-8^CMP^LN",
        )
    )


def said(raw: str) -> Said:
    message, mapping = parse(raw.encode()), standard()
    return said_by(message, mapping.trace(message), mapping.package)


@dataclass
class Bench:
    """A record and what was planned for it."""

    policy: Policy = field(default_factory=lambda: policy_of(standard().package))
    record: Record = field(default_factory=Record)

    def feed(self, *messages: str) -> list[UpdatePlan]:
        """Apply messages in the order given."""
        plans = []
        for raw in messages:
            plan = plan_update(said(raw), self.record, self.policy)
            self.record.apply(plan.transaction)
            plans.append(plan)
        return plans

    def rules(self, *messages: str) -> list[str]:
        """Apply messages; the rules of what was found."""
        return [issue.rule for plan in self.feed(*messages) for issue in plan.findings]

    def all(self, kind: str) -> list[Resource]:
        return [each for each in self.record.resources() if each["resourceType"] == kind]

    def one(self, kind: str) -> Resource:
        (found,) = self.all(kind)
        return found

    def patient(self, number: str) -> Resource:
        (found,) = self.record.find("Patient", f"identifier=urn:id:H|{number}")
        return found


def written(plan: UpdatePlan) -> Mapping[str, Resource]:
    """The requests of a plan by type; the last of each."""
    entries = plan.transaction.get("entry", [])
    assert isinstance(entries, list)
    return {entry["resource"]["resourceType"]: entry["request"] for entry in entries}


def kinds(changes: Iterable[object]) -> set[str]:
    return {getattr(change, "kind", "") for change in changes}
