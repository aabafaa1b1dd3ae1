"""The descriptor is valid, describes every column, and notices every change of a table."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from frictionless import Package

from analysis.paths import ROOT_VARIABLE, Paths, project_paths
from analysis.schemas import InputError
from analysis.sources import datapackage
from analysis.sources.datapackage import accept_raw, verify_raw
from analysis.sources.tables import InputErrors, read_datapackage

TABLE = "dprk_gdp_growth_annual.csv"


@pytest.fixture
def copy(tmp_path: Path) -> Paths:
    """A root of its own, with the project's raw tables."""
    paths = project_paths(tmp_path)
    shutil.copytree(project_paths().raw, paths.raw, ignore=shutil.ignore_patterns("*/"))
    return paths


def edit(paths: Paths, name: str = TABLE) -> None:
    file = paths.raw / name
    file.write_bytes(file.read_bytes().replace(b"-0.9", b"-0.8", 1))


def test_frictionless_finds_every_row_as_described() -> None:
    report = Package(str(project_paths().datapackage)).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])[:5]


def test_the_project_is_as_recorded() -> None:
    verify_raw(project_paths())


def test_every_table_and_column_is_described() -> None:
    for resource in read_datapackage(project_paths())["resources"]:
        assert resource["title"]
        assert resource["description"]
        assert resource["sources"]
        assert all(licence["name"] and licence["title"] for licence in resource["licenses"])
        if not resource["path"].endswith(".csv"):
            continue
        assert resource["encoding"] == "utf-8"
        assert resource["schema"]["missingValues"] == [""]
        for field in resource["schema"]["fields"]:
            where = f"{resource['name']}.{field['name']}"
            assert field["description"].endswith("."), where
            assert field["type"] in {"string", "number", "integer", "date"}, where
            assert field.get("unit") or field["type"] in {"string", "date"}, where


def test_periods_are_bound_to_their_form() -> None:
    resources = {r["name"]: r for r in read_datapackage(project_paths())["resources"]}
    field = resources["gacc_totals"]["schema"]["fields"][0]
    pattern = field["constraints"]["pattern"]
    assert field["name"] == "period"
    assert all(re.fullmatch(pattern, p) for p in ("2016", "2016-03", "2016-01/2016-03"))
    assert not any(re.fullmatch(pattern, p) for p in ("2016-13", "2016Q1", "2016-01/03", "16"))


def test_the_descriptor_names_no_place_or_time_of_its_making() -> None:
    text = project_paths().datapackage.read_text(encoding="utf-8")
    assert not re.search(r'"(created|modified|updated|basepath)"', text)
    assert not re.search(r'"path": "(/|[A-Za-z]:|\.\.)', text)


def test_changed_table_is_refused_with_both_hashes_and_the_way_out(copy: Paths) -> None:
    recorded = {r["path"]: r["hash"] for r in read_datapackage(copy)["resources"]}
    edit(copy)
    with pytest.raises(InputError) as caught:
        verify_raw(copy)
    message = str(caught.value)
    assert caught.value.file == f"data/raw/{TABLE}"
    assert recorded[TABLE].removeprefix("sha256:")[:12] in message
    assert len(re.findall(r"sha256 [0-9a-f]{12} of 2508 bytes", message)) == 2
    assert f"git checkout -- data/raw/{TABLE}" in message
    assert "make accept-raw" in message


def test_missing_table_is_refused(copy: Paths) -> None:
    (copy.raw / TABLE).unlink()
    for check in (verify_raw, accept_raw):
        with pytest.raises(InputError, match=f"data/raw/{TABLE}.*no such file.*git checkout"):
            check(copy)


def test_table_without_description_is_refused(copy: Paths) -> None:
    (copy.raw / "extra.csv").write_text("a\n1\n", encoding="utf-8")
    for check in (verify_raw, accept_raw):
        with pytest.raises(InputError, match=r"data/raw/extra.csv.*add a resource"):
            check(copy)


def test_all_changes_stand_in_one_report(copy: Paths) -> None:
    edit(copy)
    (copy.raw / "events.csv").unlink()
    (copy.raw / "extra.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(InputErrors) as caught:
        verify_raw(copy)
    files = {error.file for error in caught.value.errors}
    assert files == {f"data/raw/{name}" for name in (TABLE, "events.csv", "extra.csv")}


def test_accepting_records_only_what_changed(copy: Paths) -> None:
    before = read_datapackage(copy)
    edit(copy)
    assert accept_raw(copy) == [TABLE]
    verify_raw(copy)
    after = read_datapackage(copy)
    for old, new in zip(before["resources"], after["resources"], strict=True):
        assert (old == new) == (old["path"] != TABLE)
    assert {k: v for k, v in before.items() if k != "resources"} == {
        k: v for k, v in after.items() if k != "resources"
    }


def test_accepting_and_undoing_gives_the_same_bytes(copy: Paths) -> None:
    text = copy.datapackage.read_bytes()
    table = (copy.raw / TABLE).read_bytes()
    edit(copy)
    accept_raw(copy)
    (copy.raw / TABLE).write_bytes(table)
    accept_raw(copy)
    assert copy.datapackage.read_bytes() == text
    assert not list(copy.raw.glob(".datapackage*"))


def test_accepting_nothing_leaves_the_descriptor_alone(copy: Paths) -> None:
    copy.datapackage.write_text(
        json.dumps(read_datapackage(copy)), encoding="utf-8"
    )  # other formatting, same content
    text = copy.datapackage.read_bytes()
    assert accept_raw(copy) == []
    assert copy.datapackage.read_bytes() == text


def test_described_table_is_refused_until_accepted(copy: Paths) -> None:
    descriptor = read_datapackage(copy)
    schema = {"fields": [{"name": "a", "type": "string"}]}
    descriptor["resources"].append({"name": "extra", "path": "extra.csv", "schema": schema})
    copy.datapackage.write_text(json.dumps(descriptor), encoding="utf-8")
    (copy.raw / "extra.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"not yet accepted.*make accept-raw"):
        verify_raw(copy)
    assert accept_raw(copy) == ["extra.csv"]
    verify_raw(copy)


def test_failed_write_leaves_the_descriptor_as_it_was(
    copy: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = copy.datapackage.read_bytes()
    edit(copy)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match=r"disk full"):
        accept_raw(copy)
    assert copy.datapackage.read_bytes() == text
    assert not list(copy.raw.glob(".datapackage*"))


def test_command_line(
    copy: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(copy.root))
    edit(copy)
    with pytest.raises(SystemExit) as caught:
        datapackage.main([])
    assert caught.value.code == 1
    assert TABLE in capsys.readouterr().err
    datapackage.main(["--accept"])
    assert capsys.readouterr().out == f"accepted data/raw/{TABLE}\n"
    datapackage.main(["--accept"])
    assert capsys.readouterr().out == "no change\n"
    datapackage.main([])
