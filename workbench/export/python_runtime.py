"""Target `python`: a wheel that maps messages without the workbench and without Qt.

    pip install v2_to_fhir_r4-1.0.0-py3-none-any.whl
    python -m v2_to_fhir_r4 message.hl7

The wheel holds the mapping package and a copy of exactly those modules of the workbench that mapping a message needs,
found by following their imports and moved to `<name>.runtime`, so that it lives beside an installed workbench of any
version. It is the same code that ran in the suites.
"""

from __future__ import annotations

import ast
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import workbench
from workbench.export.archive import zipped
from workbench.export.manifest import MANIFEST, Release, manifest
from workbench.export.source_files import source_files
from workbench.kernel.errors import Unavailable
from workbench.kernel.shipped import shipped

ROOT = Path(workbench.__file__).resolve().parent
COMMAND = "workbench.export.runtime_main"
_RESOURCES = {"workbench.fhir.definitions": "fhir", "workbench.v2.dictionary": "v2"}
"""Shipped data by the module that reads it."""
_LIBRARIES = {"msgspec": "msgspec", "platformdirs": "platformdirs", "ruamel": "ruamel.yaml"}
"""Distributions by the module that is imported."""
_IMPORT = re.compile(r"^(\s*)(from|import) workbench(?=[. ])|^(\s*)import workbench$", re.MULTILINE)


class PythonRuntime:
    """Exporter of wheels."""

    name = "python"
    title = "Python package (.whl)"

    def file_name(self, release: Release) -> str:
        return f"{module_name(release)}-{_wheel_version(release)}-py3-none-any.whl"

    def build(self, release: Release) -> bytes:
        """The wheel, the same bytes for the same release.

        raises  Unavailable EXP-0020: this installation of the workbench has no source code of its own
        """
        name = module_name(release)
        modules = closure(COMMAND)
        files = {f"{name}/__init__.py": _init(release), f"{name}/__main__.py": _main(name)}
        files[f"{name}/run.py"] = _moved(_source(COMMAND), name)
        for module in sorted(modules - {COMMAND, "workbench.export"}):
            files[_path_in_wheel(module, name)] = _moved(_source(module), name)
        for module, folder in _RESOURCES.items():
            if module in modules:
                files |= _data(folder, f"{name}/runtime/_bundled/resources/{folder}/")
        files |= {f"{name}/mapping/{path}": data for path, data in source_files(release.package).items()}
        if release.draft:
            files[f"{name}/DRAFT"] = b"Not released. For trying out, never for production.\n"
        information = f"{name}-{_wheel_version(release)}.dist-info/"
        files[f"{information}METADATA"] = _metadata(release, modules)
        files[f"{information}WHEEL"] = (
            b"Wheel-Version: 1.0\nGenerator: workbench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        files[f"{name}/{MANIFEST}"] = manifest(release, self.name, files)
        record = f"{information}RECORD"
        return zipped({**files, record: record_of(files, record)})


def module_name(release: Release) -> str:
    """`v2_to_fhir_r4`: what is imported and run."""
    name = re.sub(r"\W+", "_", release.package.header.id.lower()).strip("_")
    return name if name[:1].isalpha() else f"mapping_{name}"


def record_of(files: Mapping[str, bytes], record: str) -> bytes:
    """RECORD of a wheel (PEP 376): path, hash and size of every file, itself without."""
    lines = [
        f"{path},sha256={urlsafe_b64encode(sha256(data).digest()).decode().rstrip('=')},{len(data)}"
        for path, data in sorted(files.items())
    ]
    return "\n".join([*lines, f"{record},,", ""]).encode()


def closure(start: str) -> set[str]:
    """The modules of the workbench that one module needs, itself and all packages above them included.

    raises  Unavailable EXP-0020
    """
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        waiting += [module.rpartition(".")[0]] if "." in module else []
        waiting += [each for each in _imports(module) if each.partition(".")[0] == "workbench"]
    return found


def _imports(module: str) -> Iterable[str]:
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            below = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (each for each in below if each.startswith("workbench.") and _file(each).is_file())


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _source(module: str) -> str:
    try:
        return _file(module).read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable(
            "EXP-0020",
            "This installation of the workbench carries no source code, which the Python target is made of.",
            "Export from an installation made with pip.",
        ) from error


def _moved(source: str, name: str) -> bytes:
    """The source with its imports of `workbench` turned into imports of `<name>.runtime`."""

    def renamed(match: re.Match[str]) -> str:
        if match[2] is None:
            return f"{match[3]}import {name}.runtime as workbench"
        return f"{match[1]}{match[2]} {name}.runtime"

    return _IMPORT.sub(renamed, source).encode("utf-8")


def _path_in_wheel(module: str, name: str) -> str:
    parts = _file(module).relative_to(ROOT).as_posix()
    return f"{name}/runtime/{parts}"


def _data(folder: str, prefix: str) -> dict[str, bytes]:
    files = sorted(path for path in shipped("resources", folder).iterdir() if path.is_file() and path.name[0] != ".")
    return {prefix + path.name: path.read_bytes() for path in files}


def _init(release: Release) -> bytes:
    title = release.package.header.title or release.package.header.id
    name = module_name(release)
    lines = (
        f'"""{title.replace(chr(34), chr(39))}{": DRAFT, not for production" if release.draft else ""}."""',
        f"from {name}.run import map_message",
        f'__version__ = "{_wheel_version(release)}"',
        '__all__ = ["__version__", "map_message"]',
    )
    return ("\n\n".join(lines) + "\n").encode("utf-8")


def _main(name: str) -> bytes:
    return f"import sys\n\nfrom {name}.run import main\n\nsys.exit(main())\n".encode()


def _wheel_version(release: Release) -> str:
    """PEP 440 has no `-draft`: a draft is the first development release of its version."""
    number = release.package.header.version.replace("-", "+", 1)
    return f"{number}.dev0+draft" if release.draft and "+" not in number else number


def _metadata(release: Release, modules: set[str]) -> bytes:
    header = release.package.header
    imported = {each.partition(".")[0] for module in modules for each in _imports(module)}
    needed = [f"Requires-Dist: {_requirement(_LIBRARIES[each])}" for each in sorted(imported & _LIBRARIES.keys())]
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {module_name(release)}",
        f"Version: {_wheel_version(release)}",
        f"Summary: {'DRAFT: ' if release.draft else ''}{header.title or header.id}",
        "Requires-Python: >=3.11",
        *needed,
    ]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _requirement(distribution: str) -> str:
    """At least the version the suites ran with."""
    try:
        return f"{distribution}>={version(distribution)}"
    except PackageNotFoundError:
        return distribution
