"""The project's own Python environment, made from nothing but a Python 3.11 and its standard library.

`.venv` in the checkout holds the locked packages. What Qt needs of the system is installed with apt where that is
possible without asking (as root, or with passwordless sudo) and named otherwise.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
LOCK = CHECKOUT / "packaging" / "requirements.lock"
MARK = ENVIRONMENT / "installed.sha256"

DEBIAN_PACKAGES = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libglib2.0-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
)
"""What the Qt wheels load from the system on Debian and its relatives."""

_PROBE = "from PySide6.QtGui import QGuiApplication; QGuiApplication([]); from PySide6 import QtWidgets, QtSvg"


def python() -> Path:
    """The environment's interpreter."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return ENVIRONMENT / folder / name


def prepare() -> None:
    """Make or refresh the environment; does nothing when it is up to date.

    Ends the process with a sentence and exit code 3 when something is missing that it cannot install.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have any Python
        _stop(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    wanted = hashlib.sha256(LOCK.read_bytes() + (CHECKOUT / "pyproject.toml").read_bytes()).hexdigest()
    if not MARK.exists() or MARK.read_text() != wanted:
        _make()
        _pip("install", "--require-hashes", "--requirement", str(LOCK))
        _pip("install", "--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT))
        MARK.write_text(wanted)
    _require_system_libraries()


def run(*arguments: str, **variables: str) -> int:
    """Run the environment's interpreter; returns its exit code."""
    return subprocess.call([str(python()), *arguments], cwd=CHECKOUT, env={**os.environ, **variables})


def _make() -> None:
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    print("Setting up the project's environment in .venv (once, a minute or two) …", flush=True)
    command = [sys.executable, "-m", "venv", str(ENVIRONMENT)]
    if subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) != 0:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        _install_system_packages((version,), "Python's venv module")
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        if subprocess.call(command) != 0:
            _stop("The environment could not be made.")


def _pip(*arguments: str) -> None:
    if subprocess.call([str(python()), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]) != 0:
        _stop("The packages could not be installed. Check the network connection and run the command again.")


def _require_system_libraries() -> None:
    if sys.platform != "linux" or _qt_loads():
        return
    _install_system_packages(DEBIAN_PACKAGES, "the system libraries Qt needs")
    if not _qt_loads():
        _stop("Qt does not load; `.venv/bin/python -c 'from PySide6 import QtWidgets'` tells which library is missing.")


def _qt_loads() -> bool:
    variables = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    probe = subprocess.run([str(python()), "-c", _PROBE], env=variables, capture_output=True, check=False)
    return probe.returncode == 0


def _install_system_packages(names: tuple[str, ...], what: str) -> None:
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    if shutil.which("apt-get") is None:
        _stop(f"Please install {what}; on Debian they are: {' '.join(names)}.")
    prefix: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or subprocess.call(["sudo", "-n", "true"], stderr=subprocess.DEVNULL):
            _stop(f"Please install {what} and run this again:\n  sudo {' '.join(command)}")
        prefix = ["sudo", "-n"]
    print(f"Installing {what} …", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.call([*prefix, "apt-get", "update"], **quiet)
    if subprocess.call([*prefix, *command], **quiet) != 0:
        _stop(f"Installing {what} failed. Please install: {' '.join(names)}.")


def _stop(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(3)
