"""What stands beside the pages: counts, commit, tables for spreadsheets, how to cite."""

import subprocess

import pytest

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.downloads import (
    LARGEST_BYTES,
    for_spreadsheets,
    remove_other_tables,
    table_files,
    table_links,
)
from notebook_build.index import NOT_RECORDED, STAMP, current_commit, short, status
from notebook_build.provenance import citation, corrections
from notebook_build.state import write_together

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "claims.csv").write_text(
        "claim,verdict\nA,holds\nB,fails\nC,holds\n", encoding="utf-8"
    )
    return tmp_path


def test_the_status_counts_what_the_project_declares(root):
    claims = {"label": "claims hold", "table": "data/claims.csv"}
    declared = (
        claims | {"column": "verdict", "value": "holds"},
        {"label": "claims", "table": "data/claims.csv"},
        {"label": "unbuilt", "table": "data/none.csv"},
    )
    assert status(Project(root, status=declared)) == [
        {"label": "claims hold", "count": "2 of 3", "href": "tables/data/claims.csv"},
        {"label": "claims", "count": "3", "href": "tables/data/claims.csv"},
    ]
    with pytest.raises(BuildError, match=r"'verdikt', which data/claims\.csv lacks. It holds"):
        status(Project(root, status=(claims | {"column": "verdikt", "value": "holds"},)))


def test_the_status_counts_in_json_among_the_reports_too(root):
    (root / "reports").mkdir()
    (root / "reports" / "claims.json").write_text('[{"verdict": "holds"}, {"verdict": "fails"}]')
    entry = {"label": "claims hold", "table": "reports/claims.json"}
    declared = (entry | {"column": "verdict", "value": "holds"},)
    assert status(Project(root, status=declared)) == [
        {"label": "claims hold", "count": "1 of 2", "href": "claims.json"}
    ]


def test_a_reader_sees_the_first_digits_of_a_commit_and_all_that_is_said_of_it():
    assert short(f"{COMMIT} (release v1.2)") == f"{COMMIT[:7]} (release v1.2)"
    assert short(NOT_RECORDED) == NOT_RECORDED


def test_without_git_the_commit_is_the_archives_or_not_recorded(root):
    assert current_commit(root) == NOT_RECORDED
    (root / STAMP).write_text("node: $Format:%H$\ndescribe-name: $Format:%(describe)$\n")
    assert current_commit(root) == NOT_RECORDED
    (root / STAMP).write_text(f"node: {COMMIT}\ndescribe-name: v1.2\n")
    assert current_commit(root) == f"{COMMIT} (release v1.2)"
    (root / STAMP).write_text(f"node: {COMMIT}\ndescribe-name: \n")
    assert current_commit(root) == COMMIT


def test_an_archive_of_this_project_is_stamped(root):
    """What .gitattributes promises: git puts the commit into an archive."""

    def git(*arguments):
        name = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(root), *name, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    (root / STAMP).write_text("node: $Format:%H$\ndescribe-name: $Format:%(describe:tags=true)$\n")
    (root / ".gitattributes").write_text(f"{STAMP} export-subst\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    commit = git("rev-parse", "HEAD").strip()
    assert current_commit(root) == commit
    git("archive", "--output", str(root / "release.tar"), "HEAD")
    unpacked = root / "data" / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", str(root / "release.tar"), "-C", str(unpacked)], check=True)
    assert current_commit(unpacked) == commit


def test_a_table_opens_in_a_spreadsheet_with_its_letters_and_without_formulas():
    table = '中文,value\n=HYPERLINK(1),-3.5\n"+1,cmd",x\n'.encode()
    made = for_spreadsheets(table)
    assert made.startswith(b"\xef\xbb\xbf")
    assert made.decode("utf-8-sig") == "中文,value\n'=HYPERLINK(1),-3.5\n\"'+1,cmd\",x\n"
    assert for_spreadsheets(made) == made


def test_copies_follow_their_tables(root):
    project = Project(root)
    (root / "data" / "big.csv").write_bytes(b"a\n" * (LARGEST_BYTES // 2 + 1))
    (root / "data" / "notes.txt").write_text("no table")
    every = ["data/claims.csv", "data/big.csv", "data/notes.txt", "data/gone.csv"]
    assert table_links(project, every) == {"data/claims.csv": "tables/data/claims.csv"}
    copies = table_files(project, every)
    copy = root / "reports" / "tables" / "data" / "claims.csv"
    assert list(copies) == [copy]
    write_together(copies)
    assert copy.read_text(encoding="utf-8-sig").startswith("claim,verdict")
    left = copy.with_name(".claims.csv.1.new")
    left.touch()
    remove_other_tables(project, copies)
    assert copy.exists()
    assert not left.exists()
    remove_other_tables(project, {})
    assert not copy.exists()


def test_the_citation_is_read_from_its_file(root):
    assert citation(Project(root)) == ""
    file = root / "CITATION.cff"
    file.write_text(
        "title: Shop\nversion: 1.0\nauthors:\n- name: The shop\n"
        "- {given-names: Ada, family-names: Byron}\n"
    )
    assert citation(Project(root)) == "The shop, Ada Byron: Shop. Version 1.0."
    file.write_text("title: Shop\n")
    with pytest.raises(BuildError, match="expected title and authors"):
        citation(Project(root))


def test_corrections_are_counted_and_hashed(root):
    assert corrections(Project(root)) is None
    (root / "fixes.yml").write_text("- {id: a}\n- {id: b}\n")
    found = corrections(Project(root, corrections="fixes.yml"))
    assert (found["path"], found["count"], len(found["hash"])) == ("fixes.yml", 2, 64)
