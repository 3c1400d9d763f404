"""Archives that are the same bytes whenever and wherever they are built from the same files.

Entries are sorted by name, all times are the epoch of the format, owners are empty and modes fixed; so two builds can
be compared with a checksum, and a reviewer can build a package again and see that it is the one that was approved.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

_MODE = 0o644
_DOS_EPOCH = (1980, 1, 1, 0, 0, 0)


def tgz(files: Mapping[str, bytes]) -> bytes:
    """A gzipped USTAR archive of path -> content.

    raises  ValueError: a path too long for USTAR (100 characters, or 255 with a / in the right place)
    """
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.USTAR_FORMAT, encoding="utf-8") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            entry.mode = _MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(tar_bytes.getvalue())
    return packed.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of path -> content, stored without compression: deflate differs between zlib builds."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DOS_EPOCH)
            entry.create_system = 3
            entry.external_attr = _MODE << 16
            archive.writestr(entry, files[name])
    return packed.getvalue()
