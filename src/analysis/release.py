"""One archive of the commit that is checked out: `make release`.

It holds every tracked file as committed, and the commit's name in .git_archival.txt, so that a
build of the unpacked archive says where it comes from. The same commit gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tomllib
from pathlib import Path

from analysis.paths import project_paths


class ReleaseError(RuntimeError):
    """No archive can be made; says why and what to do."""


def archive(root: Path) -> tuple[str, bytes]:
    """Name and content of the archive of the commit that is checked out in `root`.

    Raises ReleaseError without git, and where tracked files differ from the commit: an archive
    that nobody can make again is no release.
    """
    differing = _git(root, "status", "--porcelain", "--untracked-files=no").decode().strip()
    if differing:
        raise ReleaseError(f"these files differ from the commit: commit them first\n{differing}")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = f"{project['name']}-{project['version']}"
    tar = _git(root, "archive", "--format=tar", f"--prefix={name}/", "HEAD")
    packed = io.BytesIO()
    # No name and no time in the head of the file, or each run would give other bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as stream:
        stream.write(tar)
    return f"{name}.tar.gz", packed.getvalue()


def _git(root: Path, *arguments: str) -> bytes:
    try:
        answer = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True)
    except OSError as error:
        raise ReleaseError(f"git is needed to make a release: {error}") from None
    if answer.returncode:
        raise ReleaseError(f"git {arguments[0]}: {answer.stderr.decode().strip()}")
    return answer.stdout


def main() -> int:
    root = project_paths().root
    try:
        name, content = archive(root)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    (root / name).write_bytes(content)
    print(f"{name}, {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
