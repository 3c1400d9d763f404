"""`workbench synth`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.operations.synth import write_messages
from workbench.cli.options import add_verb, console_job
from workbench.kernel.errors import ExitCode
from workbench.synthetic.scenarios import SCENARIOS


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    verb = add_verb(
        verbs,
        "synth",
        "write messages of synthetic patients, the same for the same seed",
        "workbench synth --scenario small-dose --patients 5 --seed 7 --out synthetic/",
    )
    verb.add_argument("--scenario", required=True, metavar="S", help=f"one of: {', '.join(SCENARIOS)}")
    verb.add_argument("--patients", type=int, default=1, metavar="N")
    verb.add_argument("--seed", type=int, default=1, metavar="K")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR")
    verb.set_defaults(run=_synthesise)


def _synthesise(options: argparse.Namespace) -> ExitCode:
    count = write_messages(options.scenario, options.patients, options.seed, options.out, console_job())
    print(f"{count} messages written to {options.out}")
    return ExitCode.CLEAN
