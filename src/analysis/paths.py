"""The only place that knows where files lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

#: Set this variable to work on another copy of the project's folders (the tests do).
ROOT_VARIABLE = "PRESSURE_GAUGE_ROOT"


@dataclass(frozen=True)
class Paths:
    """The folders of one project root; nothing here touches the disk."""

    root: Path

    @property
    def raw(self) -> Path:
        """What others published: one CSV a table, `datapackage.json`, `corrections.yml`."""
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        """What notebook 01 builds."""
        return self.root / "data" / "processed"

    @property
    def datapackage(self) -> Path:
        """Schema, units, sources and sha256 of every raw table."""
        return self.raw / "datapackage.json"

    @property
    def corrections(self) -> Path:
        """The known misprints and what is done about each."""
        return self.raw / "corrections.yml"

    @property
    def labels(self) -> Path:
        """The reviewed table of basis, release, rate base and copies, one line a raw row."""
        return self.raw / "row_labels.csv"

    @property
    def reports(self) -> Path:
        """The built pages, and what lies beside them."""
        return self.root / "reports"

    @property
    def gacc_export(self) -> Path:
        """The reader's own downloads from the customs office."""
        return self.raw / "gacc_export"

    @property
    def comtrade(self) -> Path:
        """What `make fetch` stored of UN Comtrade."""
        return self.raw / "comtrade"

    @property
    def cache(self) -> Path:
        """Results that take long, keyed by the content they depend on."""
        return self.root / "data" / "processed" / ".cache"

    @property
    def validation(self) -> Path:
        """Committed results of the long simulations, keyed to the code that they validated."""
        return self.root / "bench" / "validation"


def project_paths(root: str | Path | None = None) -> Paths:
    """The project's folders: `root`, else $PRESSURE_GAUGE_ROOT, else the checkout of this file."""
    chosen = root or os.environ.get(ROOT_VARIABLE) or Path(__file__).resolve().parents[2]
    return Paths(Path(chosen).resolve())
