"""The text of code map files: cells and remark lines."""

from __future__ import annotations

REMARK = "##"


def quoted(cell: str) -> str:
    """One CSV cell (RFC 4180); a leading # is quoted so that it is no remark."""
    if cell.startswith("#") or any(sign in cell for sign in ',"\r\n') or cell != cell.strip():
        return '"' + cell.replace('"', '""') + '"'
    return cell


def remark_of(line: str) -> str:
    """What a remark line says."""
    return line.rstrip().removeprefix(REMARK).removeprefix(" ")
