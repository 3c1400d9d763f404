"""Places in a v2 message, as people write them.

`PID-3[2].1` is the form of this product: segment, field, repetition in brackets, component, subcomponent,
all 1-based. Read as well: `PID.3.1`, `PID-3-1`, Terser `/PATIENT/PID-3(1)-1` (repetition 0-based), Mirth
`msg['PID']['PID.3']['PID.3.1']`, and a segment's number `OBX[2]-5`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from workbench.kernel.errors import Refused

_OWN = re.compile(
    r"(?P<groups>(?:[A-Z][A-Z0-9_]*(?:\[\d+\])?/)*)"
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<occurrence>\d+|\*)\])?"
    r"(?:[-.](?P<field>\d+)(?:\[(?P<repetition>\d+|\*)\])?(?:[.-](?P<component>\d+)(?:[.-](?P<subcomponent>\d+))?)?)?"
)
_TERSER = re.compile(
    r"/(?P<groups>(?:\.?[A-Z][A-Z0-9_]*(?:\(\d+\))?/)*)\.?(?P<segment>[A-Z][A-Z0-9]{2})(?:\((?P<occurrence>\d+)\))?"
    r"-(?P<field>\d+)(?:\((?P<repetition>\d+)\))?(?:-(?P<component>\d+)(?:-(?P<subcomponent>\d+))?)?"
)
_MIRTH = re.compile(
    r"msg\['(?P<segment>[A-Z][A-Z0-9]{2})'\](?:\[(?P<occurrence>\d+)\])?"
    r"(?:\['(?P=segment)\.(?P<field>\d+)'\](?:\[(?P<repetition>\d+)\])?"
    r"(?:\['(?P=segment)\.\d+\.(?P<component>\d+)'\](?:\['(?P=segment)\.\d+\.\d+\.(?P<subcomponent>\d+)'\])?)?)?"
)


@dataclass(frozen=True, slots=True)
class V2Path:
    """One place, or every place of a kind.

    Numbers are 1-based; 0 means "the whole of it" for field, component and subcomponent, and "every one" for
    occurrence and repetition. `groups` are the names of the enclosing groups, outermost first.
    """

    segment: str
    field: int = 0
    component: int = 0
    subcomponent: int = 0
    repetition: int = 0
    occurrence: int = 0
    groups: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> V2Path:
        """Read a path in any of the notations above.

        raises  Refused V2-0002: none of them
        """
        path = _read(text.strip())
        if path is None:
            raise Refused(
                "V2-0002",
                f"'{text}' is no path into a v2 message.",
                "Write segment, field and component like PID-3[2].1, or a Terser or Mirth path.",
            )
        return path

    @classmethod
    def read(cls, text: str) -> V2Path | None:
        """`parse` for texts that may well be something else, such as a group's name: None when they are."""
        return _read(text.strip())

    def __str__(self) -> str:
        text = "".join(f"{group}/" for group in self.groups) + self.segment
        if self.occurrence:
            text += f"[{self.occurrence}]"
        if self.field:
            text += f"-{self.field}"
            if self.repetition:
                text += f"[{self.repetition}]"
            if self.component:
                text += f".{self.component}"
                if self.subcomponent:
                    text += f".{self.subcomponent}"
        return text

    def whole_field(self) -> V2Path:
        """The field this place lies in, all repetitions."""
        return replace(self, repetition=0, component=0, subcomponent=0)

    def terser(self) -> str:
        """HAPI Terser notation; repetitions count from 0 and the first is left unsaid."""
        text = (
            "/" + "".join(f"{group}/" for group in self.groups) + (self.segment if self.groups else f".{self.segment}")
        )
        text += f"({self.occurrence - 1})" if self.occurrence > 1 else ""
        text += f"-{self.field}" if self.field else ""
        text += f"({self.repetition - 1})" if self.repetition > 1 else ""
        return text + "".join(f"-{n}" for n in (self.component, self.subcomponent) if n)

    def mirth(self) -> str:
        """Mirth Connect's E4X notation; a repetition after the first is an index from 0."""
        text = f"msg['{self.segment}']" + (f"[{self.occurrence - 1}]" if self.occurrence > 1 else "")
        if not self.field:
            return text
        name = f"{self.segment}.{self.field}"
        text += f"['{name}']" + (f"[{self.repetition - 1}]" if self.repetition > 1 else "")
        for number in (self.component, self.subcomponent):
            if number:
                name += f".{number}"
                text += f"['{name}']"
        return text

    def liquid(self) -> str:
        """The notation of Liquid templates for v2: `PID.3.Value`, repetitions from 0."""
        text = self.segment + (f".{self.field}" if self.field else "")
        if self.repetition > 1:
            text += f".Repeats[{self.repetition - 1}]"
        text += "".join(f".{n}" for n in (self.component, self.subcomponent) if n)
        return f"{text}.Value"

    def fhirpath(self) -> str:
        """FHIRPath over the v2 logical model: `PID.field(3)`-like steps named as the v2-to-FHIR guide names them."""
        text = self.segment + (f"[{self.occurrence - 1}]" if self.occurrence else "")
        text += f".{self.segment}_{self.field}" if self.field else ""
        text += f"[{self.repetition - 1}]" if self.repetition else ""
        return text + "".join(f".element('{n}')" for n in (self.component, self.subcomponent) if n)


@lru_cache(maxsize=4096)
def _read(text: str) -> V2Path | None:
    for notation, base in ((_OWN, 0), (_TERSER, 1), (_MIRTH, 1)):
        match = notation.fullmatch(text)
        if match:
            return _built(match.groupdict(), base)
    return None


def _built(parts: dict[str, str | None], base: int) -> V2Path:
    """`base` is 1 for notations that count repetitions from 0."""
    groups = re.findall(r"[A-Z][A-Z0-9_]*", parts.get("groups") or "")

    def counted(name: str) -> int:
        text = parts[name]
        return int(text) + base if text and text != "*" else 0

    return V2Path(
        segment=parts["segment"] or "",
        field=int(parts["field"] or 0),
        component=int(parts["component"] or 0),
        subcomponent=int(parts["subcomponent"] or 0),
        repetition=counted("repetition"),
        occurrence=counted("occurrence"),
        groups=tuple(groups),
    )
