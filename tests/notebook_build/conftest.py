"""A workshop: a small project of notebooks in a temporary folder, built by the real builder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from notebook_build.__main__ import main

FIGURE = "application/vnd.notebook-build.figure.v1+json"
FINDING = "application/vnd.notebook-build.finding.v1+json"


@dataclass
class Workshop:
    """Writes notebooks under `root`, builds them, and remembers what the build printed."""

    root: Path
    capsys: pytest.CaptureFixture[str]
    printed: str = ""

    def file(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def notebook(self, name: str, *cells: dict, parameters: bool = True, **declared) -> Path:
        """Write a notebook; unless told otherwise it starts with an empty parameters cell."""
        declared = {"title": f"Title of {name}", "question": "Why?"} | declared
        first = [code("", "parameters")] if parameters else []
        content = {
            "cells": [dict(cell, id=f"c{number}") for number, cell in enumerate([*first, *cells])],
            "metadata": {"notebook_build": declared},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        return self.file(f"notebooks/{name}.ipynb", json.dumps(content))

    def build(self, *command: str) -> int:
        """Run the command line on this root; its exit status."""
        status = main([*(command or ("all",)), "--root", str(self.root)])
        captured = self.capsys.readouterr()
        self.printed = captured.out + captured.err
        return status

    def page(self, name: str) -> str:
        return (self.root / "reports" / f"{name}.html").read_text(encoding="utf-8")

    def became(self) -> dict[str, str]:
        """What the last build said became of each notebook."""
        lines = [line.split() for line in self.printed.splitlines()]
        kinds = {"ran", "rendered", "fresh", "failed"}
        told = [line for line in lines if len(line) > 1 and not line[0].isdigit()]
        return {line[0]: line[1] for line in told if line[1] in kinds}


def code(source: str, *tags: str) -> dict:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {"tags": list(tags)},
        "outputs": [],
        "execution_count": None,
    }


def prose(source: str) -> dict:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


@pytest.fixture
def workshop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Workshop:
    # A folder with a space, an accent and a length that breaks socket paths.
    root = tmp_path / ("Projekt Ä " + "x" * 90)
    root.mkdir()
    return Workshop(root, capsys)


@pytest.fixture(name="code")
def code_cell():
    return code


@pytest.fixture(name="prose")
def prose_cell():
    return prose


@pytest.fixture
def figure():
    """The payload of a sound figure, with some entries changed."""

    def make(**changed) -> dict:
        sound = {
            "id": "fall",
            "title": "Prices fell",
            "subtitle": "Price by day",
            "source": "the shop",
            "note": "",
            "alt": "A falling line",
            "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="20pt" height="10pt">'
            '<path id="a" d="M0 0L9 9"/></svg>',
            "csv": "day,price\n1,3\n2,1\n",
        }
        return sound | changed

    return make


@pytest.fixture
def output():
    """An output of a code cell with this MIME bundle."""

    def make(**bundle) -> dict:
        data = {kind.replace("__", "/"): value for kind, value in bundle.items()}
        return {"output_type": "display_data", "data": data, "metadata": {}}

    return make
