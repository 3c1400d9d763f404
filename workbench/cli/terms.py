"""`workbench terms suggest|translate|check|import|export`; the rest stands in `terms_systems`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from workbench.app.operations import terms
from workbench.cli import terms_systems
from workbench.cli.options import add_verb, at_least, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import told
from workbench.kernel.errors import ExitCode
from workbench.kernel.issues import blocks
from workbench.terminology.code_map import CodeMapRow
from workbench.terminology.coverage import coverage
from workbench.terminology.harvest import LocalCode

_SUGGESTED = ("local_code", "rank", "target_code", "score", "confidence", "target_display", "why")
_FOUND = ("row", "severity", "rule", "source", "target", "text")
_Actions = argparse._SubParsersAction  # the type argparse has for it is private


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its actions."""
    verb = add_verb(
        verbs,
        "terms",
        "map local codes to standard codes, and check what was mapped",
        "workbench terms suggest local.csv --system loinc --vocabulary Loinc.csv",
    )
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    _register_suggest(actions)
    _register_translate(actions)
    _register_check(actions)
    _register_import(actions)
    _register_export(actions)
    terms_systems.register(actions)


def _action(
    actions: _Actions[argparse.ArgumentParser],
    run: Callable[[argparse.Namespace], ExitCode],
    name: str,
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    made = add_verb(actions, name, summary, example)
    made.set_defaults(run=run)
    return made


def _register_suggest(actions: _Actions[argparse.ArgumentParser]) -> None:
    suggesting = _action(
        actions,
        _suggest,
        "suggest",
        "the codes that a list of local codes may stand for, best first; nothing is approved by it",
        "workbench terms suggest local.csv --system loinc --vocabulary Loinc.csv --top 10 --format csv",
    )
    suggesting.add_argument(
        "local", type=Path, metavar="LOCAL", help="CSV or XLSX: local_code, local_text, specimen, units"
    )
    _add_vocabulary(suggesting, needed=True)
    suggesting.add_argument("--top", type=at_least(1), default=10, metavar="N", help="candidates for each code (10)")
    suggesting.add_argument("--approved", type=Path, metavar="MAP", help="a code map whose approved rows come first")
    _add_format(suggesting)


def _register_translate(actions: _Actions[argparse.ArgumentParser]) -> None:
    translating = _action(
        actions,
        _translate,
        "translate",
        "what a code map makes of some codes",
        "workbench terms translate lab.csv GLU NA --sender LAB1",
    )
    translating.add_argument("map", type=Path, metavar="MAP")
    translating.add_argument("codes", nargs="+", metavar="CODE")
    translating.add_argument("--source-system", default="", metavar="URI")
    translating.add_argument("--sender", default="", metavar="NAME")
    _add_format(translating)


def _register_check(actions: _Actions[argparse.ArgumentParser]) -> None:
    checking = _action(
        actions,
        _check,
        "check",
        "what is doubtful or dangerous about the rows of a code map",
        "workbench terms check lab.csv --seen local.csv --vocabulary Loinc.csv --system loinc",
    )
    checking.add_argument("map", type=Path, metavar="MAP")
    checking.add_argument("--seen", type=Path, metavar="LOCAL", help="the local codes with units, specimens and values")
    checking.add_argument(
        "--capture", type=Path, metavar="INPUT", help="messages whose codes, units and values are used"
    )
    checking.add_argument(
        "--field",
        default="",
        metavar="FIELD",
        help="the field of the capture that the map is for: OBX-3, Observation.code",
    )
    _add_vocabulary(checking, needed=False)
    _add_format(checking)


def _register_import(actions: _Actions[argparse.ArgumentParser]) -> None:
    importing = _action(
        actions,
        _import,
        "import",
        "import your licensed release of a code system, for all workspaces",
        "workbench terms import Loinc_2.80/ --system loinc --as-version 2.80",
    )
    importing.add_argument(
        "release", type=Path, metavar="RELEASE", help="main file or folder of the release; CSV or XLSX"
    )
    importing.add_argument(
        "--system", required=True, metavar="NAME", help="loinc, rxnorm, snomed, icd10cm, cvx, ucum, or a URI"
    )
    importing.add_argument("--as-version", default="", metavar="V", help="as people call this version")


def _register_export(actions: _Actions[argparse.ArgumentParser]) -> None:
    exporting = _action(
        actions,
        _export,
        "export",
        "write a code map in another form, by the ending of its name: "
        ".csv .xlsx .json (ConceptMap R4) .r5.json .sssom.tsv .usagi.csv .codesystem.json .valueset.json",
        "workbench terms export lab.csv lab.sssom.tsv",
    )
    exporting.add_argument("map", type=Path, metavar="MAP")
    exporting.add_argument("out", type=Path, metavar="OUT")
    exporting.add_argument("--draft", action="store_true", help="also rows that nobody approved")


def _add_vocabulary(parser: argparse.ArgumentParser, needed: bool) -> None:
    parser.add_argument(
        "--system",
        default="",
        required=needed,
        metavar="NAME",
        help="loinc, rxnorm, snomed, icd10cm, cvx, ucum, or a URI",
    )
    parser.add_argument(
        "--vocabulary", type=Path, metavar="FILE", help="the release; by default what was imported last"
    )


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("table", "csv", "json", "ndjson"), default="table")


def _suggest(options: argparse.Namespace) -> ExitCode:
    found = terms.suggest_codes(
        options.local, options.system, options.vocabulary, options.top, console_job(), options.approved
    )
    print_rows(_suggested_rows(found), _SUGGESTED, options.format)
    return ExitCode.CLEAN


def _suggested_rows(found: Iterable[terms.SuggestedCode]) -> Iterator[dict[str, object]]:
    for each in found:
        for rank, candidate in enumerate(each.suggestion.candidates, start=1):
            yield {
                "local_code": each.name,
                "rank": rank,
                "target_code": candidate.coding.code,
                "score": candidate.score,
                "confidence": candidate.confidence or "",
                "target_display": candidate.coding.display,
                "why": ", ".join(candidate.why)
                + (f" ({each.suggestion.no_map})" if each.suggestion.no_map and rank == 1 else ""),
            }


def _translate(options: argparse.Namespace) -> ExitCode:
    translated = terms.translate_codes(options.map, tuple(options.codes), options.source_system, options.sender)
    rows = [_translated(code, row) for code, found in translated.items() for row in found or (None,)]
    print_rows(
        rows, ("code", "target_system", "target_code", "target_display", "relationship", "status"), options.format
    )
    return ExitCode.CLEAN if all(translated.values()) else ExitCode.ISSUES


def _translated(code: str, row: CodeMapRow | None) -> dict[str, object]:
    if row is None or row.target is None:
        return {"code": code, "relationship": "no target"}
    return {
        "code": code,
        "target_system": row.target.system,
        "target_code": row.target.code,
        "target_display": row.target.display,
        "relationship": row.relationship.value,
        "status": row.status.value,
    }


def _check(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    sent: tuple[LocalCode, ...] = ()
    capture = open_inputs([options.capture], job) if options.capture else None
    verdict = told(capture)
    if capture is not None:
        sent = terms.collect_codes(capture, None, options.field, job, every=True)
    code_map, findings = terms.check_code_map(
        options.map, options.seen, options.system, options.vocabulary, job, sent=sent
    )
    if sent:
        known = {row.source.code for row in code_map.rows}
        meant = [local for local in sent if options.field or local.code in known]
        print(coverage(code_map, meant), file=sys.stderr)
    rows = (
        {
            "row": finding.row + 1,
            "severity": finding.issue.severity.value,
            "rule": finding.issue.rule,
            "source": code_map.rows[finding.row].source.code,
            "target": target.code if (target := code_map.rows[finding.row].target) else "",
            "text": finding.issue.masked_text,
        }
        for finding in findings
    )
    print_rows(rows, _FOUND, options.format)
    return verdict.exit_code(failed=any(blocks(finding.issue) for finding in findings))


def _import(options: argparse.Namespace) -> ExitCode:
    with terms.import_release(options.release, options.system, options.as_version, console_job()) as store:
        info = store.info
    print(
        f"{info.title} {info.version}: {info.concepts:,} codes ({info.retired:,} retired), {info.wordings:,} wordings"
    )
    return ExitCode.CLEAN


def _export(options: argparse.Namespace) -> ExitCode:
    for sentence in terms.convert_map(options.map, options.out, options.draft):
        print(sentence, file=sys.stderr)
    print(options.out)
    return ExitCode.CLEAN
