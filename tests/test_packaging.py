"""What installs the package: locks that name no place, and one command that needs no setting up."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-test.lock")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
PLACE = re.compile(r"https?:|file:|ftp:|git\+|@\s|--(?!hash=sha256:)|find-links|(?:^|\s)\.{0,2}/")


def lock_text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(text: str) -> dict[str, set[str]]:
    """The pinned versions by package; a package has two where they differ by Python."""
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall(text):
        found.setdefault(package, set()).add(version)
    return found


def hashed(text: str) -> set[str]:
    """The packages whose pin is followed by a hash."""
    return set(re.findall(r"^([a-z0-9-]+)==[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64}", text, re.M))


def package(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement).group().lower().replace("_", "-")


@pytest.mark.parametrize("requirement", PROJECT["project"]["dependencies"])
def test_every_direct_dependency_is_locked_with_a_hash(requirement):
    assert package(requirement) in hashed(lock_text("requirements.lock"))


@pytest.mark.parametrize("requirement", PROJECT["build-system"]["requires"])
def test_what_builds_the_package_is_locked_too(requirement):
    assert package(requirement) in hashed(lock_text("requirements.lock"))


@pytest.mark.parametrize("requirement", PROJECT["dependency-groups"]["test"])
def test_every_test_tool_is_locked_with_a_hash(requirement):
    assert package(requirement) in hashed(lock_text("requirements-test.lock"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash_and_no_line_names_a_place(name):
    text = lock_text(name)
    assert set(pins(text)) == hashed(text)
    for number, line in enumerate(text.splitlines(), start=1):
        assert not PLACE.search(line), f"{name}:{number} names a place: {line}"


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "--extra-index-url=x",
        "--find-links wheelhouse",
        "pandas @ file:///tmp/pandas.whl",
        "-e ./src",
        "    # via -r /tmp/requirements.in",
        "x==1 # from https://example.org",
    ],
)
def test_a_place_in_a_lock_would_be_seen(line):
    assert PLACE.search(line)


def test_both_locks_agree():
    runtime, test = (pins(lock_text(name)) for name in LOCKS)
    for name in runtime.keys() & test.keys():
        assert test[name] <= runtime[name], name


def test_pandas_is_of_the_major_version_that_the_code_is_written_for():
    assert all(version.startswith("3.") for version in pins(lock_text(LOCKS[0]))["pandas"])


def test_conda_repeats_no_version():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert content["channels"] == ["conda-forge", "nodefaults"]
    *plain, with_pip = content["dependencies"]
    # The locks fit no other Python, and conda-forge's newest is newer.
    assert plain == [f"python {PROJECT['project']['requires-python']}", "pip", "make"]
    assert with_pip == {"pip": ["-r requirements.lock"]}
    assert "==" not in text


def test_the_makefile_is_thin_and_old_make_reads_it():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    for newer in (".ONESHELL", "&:", ".DELETE_ON_ERROR", "$(file ", "!="):
        assert newer not in text, newer
    assert not re.search(r"^(build|dist)\b.*:", text, re.MULTILINE)


def test_make_help_lists_every_target_that_is_for_people():
    # Run from within another make (`make test`), make would announce the folder that it enters.
    command = ["make", "--no-print-directory", "help"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in made.stdout.splitlines()}
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    inner = {"environment", "test-environment", "FORCE"}
    phony = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split())
    assert listed == phony - inner | {"reports/NAME.html"}
    assert {"all", "test", "validate", "lab", "clean", "help", "lock", "accept-raw"} <= listed


def test_ci_runs_what_a_reader_runs():
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    targets = ["test", "all", "check-snapshot", "reproduce", "test-browser"]
    assert [line for line in lines if line.startswith("make ")] == [f"make {t}" for t in targets]
    assert script.stat().st_mode & 0o111


def test_a_readers_test_run_leaves_the_browser_alone():
    """`make test` collects nothing that needs a system package, and installs none."""
    assert "browser" in PROJECT["tool"]["pytest"]["ini_options"]["norecursedirs"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "apt-get" not in makefile
    assert "tests/browser" in makefile


def test_no_folder_has_a_name_that_tools_skip():
    ours = [path for top in ("src", "tests", "data", "docs") for path in (ROOT / top).rglob("*")]
    assert not [path for path in ours if path.is_dir() and path.name in ("build", "dist")]


def test_the_citation_is_of_this_version_and_says_what_the_format_asks():
    """The keys that the Citation File Format 1.2 requires, and those a reader needs."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "abstract", "license"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"]


DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "data/raw/**/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_links_to_is_there(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    local = [link for link in links if not re.match(r"https?:|mailto:", link)]
    missing = [link for link in local if not ((ROOT / document).parent / link).exists()]
    assert not missing
