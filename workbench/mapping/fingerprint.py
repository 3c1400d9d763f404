"""What tells one state of a package from another, whatever its layout and comments."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from workbench.fhir.json_tree import dumps
from workbench.mapping.model import Json, Package
from workbench.mapping.overlay import effective
from workbench.mapping.writing import plain_header, plain_message_map, plain_rule_map
from workbench.terminology.code_map import CodeMap, format_code_map


def fingerprint(package: Package) -> str:
    """SHA-256 (hex) over the canonical content of the effective package.

    Comments, quotes, line breaks and the order of keys and files do not count; the order of rules and rows does.

    raises  Refused: as `overlay.effective`
    """
    whole = effective(package)
    digest = hashlib.sha256()
    for name, content in _parts(whole):
        digest.update(f"{len(name)}:{name}{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _parts(package: Package) -> list[tuple[str, bytes]]:
    parts = [("package.yaml", _canonical(plain_header(package.header)))]
    parts += [
        (f"messages/{name}", _canonical(plain_message_map(package.messages[name]))) for name in sorted(package.messages)
    ]
    parts += [
        (f"{rule_map.kind}/{rule_map.name}", _canonical(plain_rule_map(rule_map))) for rule_map in package.rule_maps()
    ]
    parts += [(f"codes/{name}", _code_map(package.codes[name])) for name in sorted(package.codes)]
    return parts


def _canonical(plain: Json) -> bytes:
    return dumps(_sorted(plain))


def _sorted(plain: Json) -> Json:
    """Keys in alphabetical order at every level."""
    if isinstance(plain, Mapping):
        return {key: _sorted(plain[key]) for key in sorted(plain)}
    return [_sorted(item) for item in plain] if isinstance(plain, list) else plain


def _code_map(code_map: CodeMap) -> bytes:
    lines = format_code_map(code_map).splitlines()
    return "\n".join(line for line in lines if not line.startswith("##")).encode()
