"""An archive is the commit, says which, and is the same each time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from analysis.paths import ROOT_VARIABLE, project_paths
from analysis.release import ReleaseError, archive

#: Reads all that a build reads first: raw files by their hashes, every row, every notebook.
FIRST_STEPS = """
from analysis.paths import project_paths
from analysis.publish import read_evidence
from analysis.sources.datapackage import verify_raw
from notebook_build.notebook import read_notebooks

paths = project_paths()
verify_raw(paths)
rows = read_evidence(paths).account.summary["rows_read"].sum()
print(rows, len(read_notebooks(paths.root / "notebooks")))
"""


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


def test_the_unpacked_archive_of_this_project_reads_all_that_a_build_reads(tmp_path):
    """No conversion of line ends, no file left out: what the archive holds is whole by itself."""
    project = project_paths().root
    if not (project / ".git").exists():
        pytest.skip("this is an unpacked archive itself, without git")
    subprocess.run(["git", "clone", "-q", str(project), str(tmp_path / "clone")], check=True)
    name, content = archive(tmp_path / "clone")
    assert (name, content) == archive(tmp_path / "clone")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(tmp_path, filter="data")
    unpacked = tmp_path / name.removesuffix(".tar.gz")
    told = subprocess.run(
        [sys.executable, "-c", FIRST_STEPS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked / "src"), ROOT_VARIABLE: str(unpacked)},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    rows, notebooks = map(int, told.stdout.split())
    assert rows > 1_500 and notebooks >= 6
