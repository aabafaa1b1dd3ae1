"""Rows of two tables are matched by what names them, never by chance."""

import pandas as pd
import pytest

from notebook_build.table_changes import table_changes


@pytest.fixture
def changes(tmp_path):
    def compare(old: pd.DataFrame, new: pd.DataFrame, form: str = "csv") -> list[str]:
        paths = [tmp_path / f"{name}.{form}" for name in ("old", "new")]
        for path, table in zip(paths, (old, new), strict=True):
            table.to_csv(path, index=False) if form == "csv" else table.to_parquet(path)
        return [line.strip() for line in table_changes("t", *paths)][1:]

    return compare


OLD = pd.DataFrame({"month": ["1", "1", "2"], "flow": list("abb"), "usd_mn": [1.0, 2.0, None]})


def test_rows_in_another_order_are_the_same_rows(changes):
    assert changes(OLD, OLD.iloc[::-1]) == ["only its form changed: every value is the same"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_largest_change_is_told_with_its_row(changes, form):
    new = OLD.assign(usd_mn=[1.5, -4.0, None])
    assert changes(OLD, new, form) == ["usd_mn: 2 of 3 values changed, most at 1 b: 2 -> -4 (-6)"]


def test_what_was_missing_and_is_not_is_a_change_and_the_largest(changes):
    new = OLD.assign(usd_mn=[1.5, 2.0, 3.0])
    assert changes(OLD, new) == ["usd_mn: 2 of 3 values changed, most at 2 b: nan -> 3.0"]


def test_columns_and_rows_that_came_and_went_are_told(changes):
    new = OLD.iloc[1:].rename(columns={"usd_mn": "cny_mn"})
    assert changes(OLD, new) == ["columns gone: usd_mn", "columns new: cny_mn", "1 rows gone"]


def test_rows_that_nothing_names_are_compared_by_place_or_not_at_all(changes):
    old = pd.DataFrame({"price": [1.0, 1.0, 2.0]})
    assert changes(old, old.assign(price=[1.0, 3.0, 2.0])) == [
        "price: 1 of 3 values changed, most at row 2: 1 -> 3 (+2)"
    ]
    (said,) = changes(old, old.iloc[1:])
    assert said.startswith("rows: 3 -> 2; none is told from the others")


def test_text_that_changed_is_told_by_its_first_row(changes):
    assert changes(OLD, OLD.assign(note=list("xyz")))[0] == "columns new: note"
    noted = OLD.assign(note=list("xyz"))
    assert changes(noted, OLD.assign(note=list("xyw"))) == [
        "note: 1 of 3 values changed, first at 2 b: z -> w"
    ]
