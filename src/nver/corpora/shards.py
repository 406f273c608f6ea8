"""Recordings in uncompressed tar files: where each one begins, and how long it is."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

from nver.errors import CorpusError
from nver.types import AudioFile

_BLOCK = 512


def members(tar: Path) -> Iterator[AudioFile]:
    """The regular files of an uncompressed tar, in its order; headers alone are read.

    ``AudioFile.read`` then needs one ``seek``, whatever the size of the tar, and no tar library.

    Raises:
        CorpusError: The file is no uncompressed tar, or it ends before its own end mark. It is raised after
            the members that are whole.
    """
    n_bytes = tar.stat().st_size
    try:
        with tar.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                if member.offset_data + member.size > n_bytes:
                    raise CorpusError(f"{tar} ends inside '{member.name}'; fetch this shard again")
                if member.isreg():
                    yield AudioFile(tar, member.name, member.offset_data, member.size)
            # tarfile takes a damaged header, and a file cut between two members, for the end of the archive.
            file.seek(archive.offset)
            if file.read(_BLOCK) != bytes(_BLOCK):
                raise CorpusError(f"{tar} has no end mark after its last member; fetch this shard again")
    except (tarfile.TarError, OSError) as error:
        raise CorpusError(f"{tar} cannot be read as an uncompressed tar ({error})") from error
