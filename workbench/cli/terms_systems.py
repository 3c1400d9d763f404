"""`workbench terms collect|systems|search|lookup|drift`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workbench.app.operations import terms
from workbench.app.tables import Column, Table, write_tables
from workbench.cli.options import add_inputs, add_verb, at_least, console_job, open_inputs
from workbench.cli.tables import print_rows
from workbench.cli.verdict import told
from workbench.kernel.errors import ExitCode
from workbench.terminology.codes import Concept

_CONCEPT = ("code", "display", "status", "replaced_by")
_DRIFT = ("source", "target", "kind", "before", "after")
_STORE = ("system", "version", "codes", "retired", "wordings", "imported", "source")
_Actions = argparse._SubParsersAction  # the type argparse has for it is private


def register(actions: _Actions[argparse.ArgumentParser]) -> None:
    """Add the actions of the verb `terms` that collect codes and look into code systems."""
    _register_collect(actions)
    systems = add_verb(actions, "systems", "the code systems that were imported", "workbench terms systems")
    _add_format(systems)
    systems.set_defaults(run=_systems)
    searching = add_verb(
        actions, "search", "codes under some words", "workbench terms search gluc serum --system loinc --top 10"
    )
    searching.add_argument("words", nargs="+", metavar="WORD")
    _add_system(searching)
    _add_version(searching)
    searching.add_argument("--top", type=at_least(1), default=20, metavar="N", help="how many (default 20)")
    _add_format(searching)
    searching.set_defaults(run=_search)
    looking = add_verb(
        actions,
        "lookup",
        "what a code system says of codes; exit code 1 when one is unknown or retired",
        "workbench terms lookup 2345-7 --system loinc --format json",
    )
    looking.add_argument("codes", nargs="+", metavar="CODE")
    _add_system(looking)
    _add_version(looking)
    _add_format(looking)
    looking.set_defaults(run=_lookup)
    drifting = add_verb(
        actions,
        "drift",
        "which rows of a code map a new version of its code system concerns",
        "workbench terms drift lab.csv --system loinc --old 2.79 --new 2.80",
    )
    drifting.add_argument("map", type=Path, metavar="MAP")
    _add_system(drifting)
    drifting.add_argument("--old", required=True, metavar="V", help="the version the map was made with")
    drifting.add_argument("--new", required=True, metavar="V")
    _add_format(drifting)
    drifting.set_defaults(run=_drift)


def _register_collect(actions: _Actions[argparse.ArgumentParser]) -> None:
    collecting = add_verb(
        actions,
        "collect",
        "the local codes of messages with counts, units, ranges and specimens, as a list for `terms suggest`",
        "workbench terms collect feed.hl7 --field OBX-3 --out local.csv",
    )
    add_inputs(collecting)
    collecting.add_argument("--field", default="", metavar="FIELD", help="only this field: OBX-3, Observation.code")
    collecting.add_argument("--mapping", type=Path, metavar="PACKAGE", help="also the fields that its code maps take")
    collecting.add_argument(
        "--all-systems",
        action="store_true",
        help="of FHIR resources also codes of LOINC, SNOMED CT and other standards",
    )
    collecting.add_argument("--values", action="store_true", help="with sample values: these are patients' results")
    collecting.add_argument("--out", type=Path, metavar="FILE", help="a .csv or .xlsx file instead of the screen")
    _add_format(collecting)
    collecting.set_defaults(run=_collect)


def _add_system(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system", required=True, metavar="NAME", help="loinc, rxnorm, snomed, icd10cm, cvx, or a URI")


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-version", default="", metavar="V", help="by default what was imported last")


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("table", "json", "ndjson"), default="table")


def _collect(options: argparse.Namespace) -> ExitCode:
    job = console_job()
    capture = open_inputs(options.inputs, job, writes=[options.out])
    verdict = told(capture)
    found = terms.collect_codes(capture, options.mapping, options.field, job, every=options.all_systems)
    rows = [terms.list_row(local, values=options.values) for local in found]
    if options.out is None:
        print_rows(rows, terms.LIST_COLUMNS, options.format)
        return verdict.exit_code()
    cells = tuple(tuple(row[name] for name in terms.LIST_COLUMNS) for row in rows)
    write_tables(options.out, [Table("local codes", tuple(Column(name) for name in terms.LIST_COLUMNS), cells)])
    print(f"{len(rows):,} local codes", file=sys.stderr)
    print(options.out)
    return verdict.exit_code()


def _systems(options: argparse.Namespace) -> ExitCode:
    rows = [
        {
            "system": info.title,
            "version": info.version,
            "codes": info.concepts,
            "retired": info.retired,
            "wordings": info.wordings,
            "imported": info.imported,
            "source": info.source,
        }
        for info in terms.imported_systems()
    ]
    print_rows(rows, _STORE, options.format)
    return ExitCode.CLEAN


def _search(options: argparse.Namespace) -> ExitCode:
    found = terms.search_codes(" ".join(options.words), options.system, options.as_version, options.top)
    print_rows([_concept(concept) for concept in found], _CONCEPT, options.format)
    return ExitCode.CLEAN if found else ExitCode.ISSUES


def _lookup(options: argparse.Namespace) -> ExitCode:
    found = terms.look_up(tuple(options.codes), options.system, options.as_version)
    rows = [
        {**_concept(concept), **concept.properties} if concept else {"code": code, "status": "unknown"}
        for code, concept in found.items()
    ]
    print_rows(rows, _CONCEPT, options.format)
    good = all(concept is not None and not concept.retired for concept in found.values())
    return ExitCode.CLEAN if good else ExitCode.ISSUES


def _concept(concept: Concept) -> dict[str, object]:
    return {
        "code": concept.coding.code,
        "display": concept.coding.display,
        "status": "retired" if concept.retired else "active",
        "replaced_by": " ".join(concept.replaced_by),
    }


def _drift(options: argparse.Namespace) -> ExitCode:
    code_map, _ = terms.read_code_map(options.map)
    found = terms.drifted(code_map, options.system, options.old, options.new, ctx=console_job())
    rows = [{name: getattr(each, name) for name in _DRIFT} for each in found]
    print_rows(rows, _DRIFT, options.format)
    return ExitCode.ISSUES if found else ExitCode.CLEAN
