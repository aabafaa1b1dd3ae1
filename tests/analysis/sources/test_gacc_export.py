"""The reader of the query export against files that were written without knowing it."""

from __future__ import annotations

import gacc_export_files as printed
import pandas as pd
import pytest
from malformed_exports import CASES, IN_EVERY_FILE, KEY, ExportCase, same_as_truth, unmet

from analysis.schemas import InputError
from analysis.sources.gacc_export import Export, export_panel, read_export

#: The panel names a unit in English, the truth of the written files in Chinese.
CHINESE_UNITS = {english.lower(): chinese for chinese, english in printed.UNITS.items()}


def as_printed(export: Export) -> pd.DataFrame:
    """The panel of an export in the columns of the written truth; rows in yuan have no dollars."""
    panel, _ = export_panel(export)
    return pd.DataFrame(
        {
            "flow": panel["flow"],
            "month": panel["month"],
            "hs8": panel["hs"],
            "partner": panel["partner"].astype(str),
            "value_usd": panel["value_usd"].astype("int64"),
            "quantity": panel["quantity"].astype("Int64"),
            "unit": panel["unit"].map(CHINESE_UNITS),
        }
    )[IN_EVERY_FILE].sort_values(KEY, ignore_index=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_spoiled_file_is_refused_with_its_facts_or_read_without_loss(case: ExportCase, tmp_path):
    case.write(tmp_path)
    try:
        export = read_export(tmp_path)
    except InputError as error:
        assert case.outcome in ("refused", "safe"), str(error)
        assert unmet(case, str(error)) == [], str(error)
        return
    assert case.outcome != "refused", "it was read"
    assert same_as_truth(case, as_printed(export))
    if case.outcome == "flagged":
        flags = export.flags
        words = flags["flag"].str.lower()
        assert words.map(lambda text: any(word in text for word in case.flags)).all()
        assert len(flags) and set(case.lines) <= set(flags.loc[flags["file"] == case.file, "line"])
