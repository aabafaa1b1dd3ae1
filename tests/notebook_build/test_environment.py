"""The environment is installed once, and again only when a lock's content changes."""

import os
import sys
from pathlib import Path

import pytest

from notebook_build import environment


@pytest.fixture
def installs(monkeypatch, tmp_path):
    """A project with a lock, and a list of what pip was asked to install into it."""
    asked = []
    (tmp_path / "requirements.lock").write_text("pandas==3\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    python = tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr(environment, "PROJECT", tmp_path)
    monkeypatch.setattr(environment, "install", lambda python, arguments: asked.append(arguments))
    monkeypatch.setattr(environment, "compile_bytecode", lambda python, folder: None)
    return asked


def bring_up(folder: Path, *extra: str) -> int:
    return environment.main(["--venv", str(folder / "venv"), "--lock", "requirements.lock", *extra])


def test_content_decides_what_is_installed(installs, tmp_path):
    lock = tmp_path / "requirements.lock"
    assert bring_up(tmp_path) == 0
    assert installs == [
        ["--require-hashes", "--requirement", str(lock)],
        ["--no-deps", "--no-build-isolation", "--editable", str(tmp_path)],
    ]
    installs.clear()
    os.utime(lock, (1, 1))
    os.utime(tmp_path / "pyproject.toml")
    assert bring_up(tmp_path) == 0
    assert installs == []
    lock.write_text("pandas==3.1\n")
    assert bring_up(tmp_path) == 0
    assert len(installs) == 1
    installs.clear()
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\n")
    assert bring_up(tmp_path) == 0
    assert [arguments[0] for arguments in installs] == ["--no-deps"]


def test_a_failed_install_is_tried_again(installs, tmp_path, monkeypatch, capsys):
    def fail(python, arguments):
        raise environment.EnvironmentFailure("no such package")

    monkeypatch.setattr(environment, "install", fail)
    assert bring_up(tmp_path) == 1
    assert "no such package" in capsys.readouterr().err
    monkeypatch.setattr(environment, "install", lambda python, given: installs.append(given))
    assert bring_up(tmp_path) == 0
    assert len(installs) == 2


@pytest.mark.parametrize("said", ["3 10", "3 14", "2 7"])
def test_a_python_without_locks_is_refused(installs, tmp_path, capsys, said):
    python = tmp_path / "venv/bin/python"
    python.unlink()
    python.write_text(f"#!/bin/sh\necho {said}\n")
    python.chmod(0o755)
    assert bring_up(tmp_path) == 1
    message = capsys.readouterr().err
    assert f"needs Python 3.11 to 3.13, found {said.replace(' ', '.')}" in message
    assert installs == []
