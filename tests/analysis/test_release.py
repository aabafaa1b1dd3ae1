"""An archive is the commit, says which, and is the same each time."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from analysis.release import ReleaseError, archive


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.2"\n')
    (root / ".gitattributes").write_text(".git_archival.txt export-subst\n")
    (root / ".git_archival.txt").write_text("node: $Format:%H$\n")
    (root / "data").mkdir()
    (root / "data" / "朝鲜.csv").write_text("a\n")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    return root


def test_the_archive_is_the_commit_and_names_it(checkout):
    (checkout / "built.html").write_text("not tracked")
    name, content = archive(checkout)
    assert name == "shop-1.2.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}
    head = subprocess.check_output(["git", "-C", str(checkout), "rev-parse", "HEAD"]).strip()
    assert files["shop-1.2/.git_archival.txt"] == b"node: " + head + b"\n"
    assert files["shop-1.2/data/朝鲜.csv"] == b"a\n"
    assert not any("built.html" in file for file in files)


def test_the_same_commit_gives_the_same_bytes(checkout):
    assert archive(checkout) == archive(checkout)


def test_what_is_not_committed_is_no_release(checkout):
    (checkout / "data" / "朝鲜.csv").write_text("b\n")
    with pytest.raises(ReleaseError, match="commit them first"):
        archive(checkout)


def test_without_git_there_is_no_release(tmp_path):
    with pytest.raises(ReleaseError, match="git"):
        archive(tmp_path)
