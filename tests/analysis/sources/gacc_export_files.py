"""Synthetic files in the format of the customs office's query export, and the truth they print.

`truth_panel` draws a panel (flow, month, HS8, partner; value and quantity) whose log effects are
planted, and `write_export` prints any such panel as the query interface would: GB18030, every cell
quoted, a trailing comma on every line, headers in English or Chinese, columns in any order. What a
reader makes of the folder can so be compared with the truth to the dollar.

Nothing here is a figure of the customs office: every number is drawn from a seed.

Naming of files, by which a reader learns what the export itself does not say:

- `import_201801.csv`, `出口_201801.csv`: direction, and the month of a file without a date column;
- `import_201701-201812.csv`: direction; the months are in the date column, inside that span;
- a further `_2`, `_3` where one query had to be cut into several files;
- or any name, with a `sidecar.yml` beside it: a mapping from the file's name to `flow`, and to
  `month` (YYYYMM) where the file has no date column.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ENCODING = "gb18030"
#: The query interface cuts a download at this many rows and does not say so.
ROW_LIMIT = 10_000

#: The panel's columns. `value_usd` and `value_cny` are whole dollars and yuan; quantities are whole
#: numbers of the unit beside them, missing where the export prints none.
PANEL_COLUMNS = (
    "flow month hs8 partner value_usd value_cny quantity unit second_quantity second_unit".split()
)
KEY = ["flow", "month", "hs8", "partner"]
#: The columns that can be read back from every style in MIXED; some print no second unit.
IN_EVERY_FILE = [*KEY, "value_usd", "quantity", "unit"]

#: Field of the export: its English and its Chinese header.
HEADERS = {
    "date": ("Date of data", "数据年月"),
    "hs8": ("Commodity code", "商品编码"),
    "commodity": ("Commodity", "商品名称"),
    "partner": ("Trading partner code", "贸易伙伴编码"),
    "partner_name": ("Trading partner", "贸易伙伴名称"),
    "regime": ("Customs Regime code", "贸易方式编码"),
    "regime_name": ("Customs Regime", "贸易方式名称"),
    "location": ("Locations of importers and exporters code", "注册地编码"),
    "location_name": ("Locations of importers and exporters", "注册地名称"),
    "quantity": ("Quantity", "第一数量"),
    "unit": ("Unit", "第一计量单位"),
    "second_quantity": ("Supplementary Quantity", "第二数量"),
    "second_unit": ("Supplementary Unit", "第二计量单位"),
    "value_usd": ("US dollar", "美元"),
    "value_cny": ("Renminbi Yuan", "人民币"),
}
BREAKDOWN = ("regime", "regime_name", "location", "location_name")
ALL_FIELDS = tuple(name for name in HEADERS if name not in (*BREAKDOWN, "value_usd", "value_cny"))

#: Partner code: English and Chinese name. 109 and 133 are the two that are easily mistaken.
PARTNERS = {
    "109": ("Korea,DPR", "朝鲜"),
    "110": ("Hong Kong,China", "中国香港"),
    "116": ("Japan", "日本"),
    "124": ("Mongolia", "蒙古"),
    "133": ("Korea,Rep.", "韩国"),
    "141": ("Vietnam", "越南"),
    "344": ("Russia", "俄罗斯"),
    "601": ("Australia", "澳大利亚"),
}
REGIMES = {"10": ("Ordinary trade", "一般贸易"), "19": ("Border trade", "边境小额贸易")}
LOCATIONS = {"21": ("Liaoning Province", "辽宁省"), "22": ("Jilin Province", "吉林省")}

#: Unit as the panel names it: its English name.
UNITS = {
    "千克": "Kilogram",
    "件": "Piece",
    "台": "Set",
    "升": "Litre",
    "米": "Metre",
    "千瓦时": "Kilowatt-hour",
}


@dataclass(frozen=True)
class Product:
    """A tariff line: typical month in USD, and USD per first unit."""

    hs8: str
    english: str
    chinese: str
    typical_usd: float
    unit_value: float
    unit: str = "千克"
    second_unit: str | None = None


PRODUCTS = (
    Product("03061400", "Crabs, frozen", "冻蟹", 2e5, 6.0),
    Product("03074300", "Cuttle fish and squid, frozen", "冻墨鱼及鱿鱼", 9e6, 2.5),
    Product("07133190", "Dried beans, shelled", "干绿豆", 3e4, 1.1),
    Product("08029090", "Other nuts, fresh or dried", "其他坚果", 1e6, 3.0),
    Product("10063020", "Rice, medium or short grain", "中短粒米精米", 8e5, 0.5),
    Product("25191000", "Natural magnesium carbonate (magnesite)", "天然碳酸镁(菱镁矿)", 4e5, 0.1),
    Product("26011110", "Iron ores, not agglomerated", "未烧结铁矿砂", 6e6, 0.07),
    Product("26070000", "Lead ores and concentrates", "铅矿砂及其精矿", 5e6, 1.2),
    Product("26161000", "Silver ores and concentrates", "银矿砂及其精矿", 3e5, 4.0),
    Product("27011100", "Anthracite, not agglomerated", "无烟煤", 9e7, 0.09),
    Product("27101922", "Light diesel oil", "轻柴油", 3e6, 0.6, second_unit="升"),
    Product("27160000", "Electrical energy", "电力", 7e5, 0.06, unit="千瓦时"),
    Product("39269090", "Other articles of plastics", "其他塑料制品", 5e5, 4.0),
    Product("44072900", "Wood sawn, tropical", "其他热带木板材", 1e5, 0.8),
    Product("54075200", "Woven fabrics, dyed", "染色聚酯变形长丝布", 4e6, 5.0, "米", "千克"),
    Product("62019300", "Anoraks, man-made fibres", "化纤制男防寒短上衣", 1e7, 15.0, "件", "千克"),
    Product("62034290", "Men's trousers, cotton", "棉制男裤", 5e6, 8.0, "件", "千克"),
    Product("67042000", "Wigs of human hair", "人发制假发", 1.5e6, 60.0),
    Product("72022100", "Ferro-silicon, over 55 % silicon", "硅铁,含硅量>55%", 2e6, 1.0),
    Product("74031111", "Refined copper cathodes", "高纯阴极铜", 6e5, 5.5),
    Product("84713000", "Portable computers", "便携式自动数据处理设备", 6e5, 300.0, "台", "千克"),
    Product("85044013", "Power supplies", "稳压电源", 4e5, 7.0, "件", "千克"),
    Product("87032341", "Cars, 1,500-2,000 cc", "排量≤2L的小轿车", 5e5, 12000.0, "台", "千克"),
    Product("91082000", "Watch movements, automatic", "已组装的自动手表机芯", 8e5, 9.0, "件"),
)  # fmt: skip


@dataclass(frozen=True)
class Effect:
    """A log effect on the mean value of the goods under `hs_prefix`, months inclusive both ends.

    Effects add up, so a path by month is a list of effects of one month each, and an anticipation
    is one that starts early. `log_effect` of minus infinity is a ban that nothing passes.
    """

    hs_prefix: str
    first_month: str
    log_effect: float
    last_month: str | None = None
    flow: str = "import"
    partners: tuple[str, ...] = ("109",)

    def months(self, months: pd.PeriodIndex) -> np.ndarray:
        begun = months >= pd.Period(self.first_month, "M")
        return begun & (months <= pd.Period(self.last_month, "M")) if self.last_month else begun


#: Bans of 2017 by group of goods and first clean month: what a product design is asked to recover.
BANS_OF_2017 = (
    Effect("03", "2017-09", -3.0),
    Effect("2601", "2017-10", -2.5),
    Effect("2607", "2017-10", -2.0),
    Effect("2701", "2017-10", -4.0),
    Effect("54", "2018-01", -1.0),
    Effect("62", "2018-01", -3.5),
    Effect("07", "2018-02", -1.5),
    Effect("08", "2018-02", -1.5),
    Effect("25", "2018-02", -1.2),
    Effect("44", "2018-02", -1.0),
    Effect("84", "2018-02", -2.0),
    Effect("85", "2018-02", -2.0),
)


def many_products(count: int, prefixes: Sequence[str], seed: int = 0) -> tuple[Product, ...]:
    """`count` invented tariff lines, dealt in turn among HS `prefixes`, in order of code."""
    rng = np.random.default_rng(seed)
    codes: dict[str, None] = {}
    for prefix in itertools.cycle(prefixes):
        if len(codes) == count:
            break
        digits = 8 - len(prefix)
        codes.setdefault(f"{prefix}{rng.integers(10**digits):0{digits}d}")
    typical = np.exp(rng.normal(math.log(5e5), 1.0, count))
    return tuple(
        Product(code, f"Goods of line {code}", f"{code}号货物", float(usd), 2.0)
        for code, usd in zip(sorted(codes), typical, strict=True)
    )


def planted_log_effects(
    effects: Iterable[Effect],
    flow: str,
    partner: str,
    products: Sequence[Product],
    months: pd.PeriodIndex,
) -> np.ndarray:
    """The sum of the log effects planted on one flow with one partner, products by months."""
    total = np.zeros((len(products), len(months)))
    for effect in effects:
        if flow == effect.flow and partner in effect.partners:
            treated = np.array([p.hs8.startswith(effect.hs_prefix) for p in products])
            total[np.ix_(treated, effect.months(months))] += effect.log_effect
    return total


def truth_panel(
    seed: int,
    *,
    first_month: str = "2016-01",
    last_month: str = "2018-12",
    partners: Sequence[str] = ("109",),
    flows: Sequence[str] = ("import", "export"),
    products: Sequence[Product] = PRODUCTS,
    effects: Iterable[Effect] = (),
    noise: float = 0.3,
    persistence: float = 0.5,
    zero_share: float = 0.1,
    missing_quantities: float = 0.02,
    keep_zeros: bool = False,
) -> pd.DataFrame:
    """One row a flow, month, HS8 code and partner with trade, sorted; columns PANEL_COLUMNS.

    The mean of a value is exp(line and partner + month and partner + planted effects), so that
    Poisson pseudo-maximum-likelihood with these two effects is consistent. Around it stands a shock
    of mean one: log-normal with standard deviation `noise`, first-order autoregressive within the
    line with `persistence`, then absence with probability `zero_share`, which lowers every mean
    alike. Draws do not depend on `effects`: the same seed without them is the counterfactual.
    Cells without trade are absent, as in the export, or zeros with missing quantities if
    `keep_zeros`. Dollars become yuan at `yuan_per_dollar`, rounded to one yuan.
    """
    effects = tuple(effects)
    months = pd.period_range(first_month, last_month, freq="M")
    parts = [
        _block(number, seed, flow, partner, products, months, effects, noise, persistence,
               zero_share, missing_quantities)
        for number, (flow, partner) in enumerate(itertools.product(flows, partners))
    ]  # fmt: skip
    panel = pd.concat(parts, ignore_index=True)
    if not keep_zeros:
        panel = panel[panel["value_usd"] > 0]
    return panel.sort_values(KEY, ignore_index=True)


def yuan_per_dollar(month: pd.Period) -> float:
    """An invented rate that differs by month, so that a file read with another month's shows."""
    return 6.5 + 0.01 * (month.ordinal % 40)


def _block(
    number: int,
    seed: int,
    flow: str,
    partner: str,
    products: Sequence[Product],
    months: pd.PeriodIndex,
    effects: tuple[Effect, ...],
    noise: float,
    persistence: float,
    zero_share: float,
    missing_quantities: float,
) -> pd.DataFrame:
    rng = np.random.default_rng([seed, number])
    shape = (len(products), len(months))
    level = np.log([[p.typical_usd] for p in products]) + rng.normal(0, 0.4, (shape[0], 1))
    month_effect = rng.normal(0, 0.15, shape[1])
    shock = _mean_one_shocks(rng, shape, noise, persistence)
    present = rng.random(shape) >= zero_share
    spread = rng.lognormal(0, 0.05, shape)
    second_spread = rng.lognormal(0, 0.05, shape)
    lost = rng.random(shape) < missing_quantities
    planted = planted_log_effects(effects, flow, partner, products, months)
    value = np.rint(np.exp(level + month_effect + planted) * shock * present).ravel()

    line = np.repeat(np.arange(shape[0]), shape[1])
    unit_value = np.array([p.unit_value for p in products])[line]
    quantity = np.maximum(1, np.rint(value / unit_value * spread.ravel()))
    second = np.maximum(1, np.rint(quantity * 1.2 * second_spread.ravel()))
    second_unit = np.array([p.second_unit for p in products], dtype=object)[line]
    absent = (value == 0) | lost.ravel()
    month = months[np.tile(np.arange(shape[1]), shape[0])]
    rate = np.array([yuan_per_dollar(m) for m in months])
    return pd.DataFrame(
        {
            "flow": pd.array([flow] * len(line), dtype="string"),
            "month": month,
            "hs8": pd.array([products[i].hs8 for i in line], dtype="string"),
            "partner": pd.array([partner] * len(line), dtype="string"),
            "value_usd": value.astype("int64"),
            "value_cny": np.rint(value * np.tile(rate, shape[0])).astype("int64"),
            "quantity": pd.Series(quantity).astype("Int64").mask(absent),
            "unit": pd.array([products[i].unit for i in line], dtype="string"),
            "second_quantity": pd.Series(second)
            .astype("Int64")
            .mask(pd.isna(second_unit) | (value == 0)),
            "second_unit": pd.array(second_unit, dtype="string"),
        }
    )


def _mean_one_shocks(
    rng: np.random.Generator, shape: tuple[int, int], noise: float, persistence: float
) -> np.ndarray:
    """Log-normal shocks of mean one, their logs autoregressive along the months and stationary."""
    steps = rng.normal(0, 1, shape)
    logs = np.empty(shape)
    logs[:, 0] = steps[:, 0]
    for t in range(1, shape[1]):
        logs[:, t] = persistence * logs[:, t - 1] + math.sqrt(1 - persistence**2) * steps[:, t]
    return np.exp(noise * logs - noise**2 / 2)


@dataclass(frozen=True)
class Style:
    """How one file of the export is printed.

    `fields` names columns in the order printed (empty: all, in the interface's order; the value and
    the date column are added if they are not in it). `naming`: `english`, `chinese` or `sidecar`.
    `months_per_file` over 1 brings the date column; so does `date_column`. `lost_zeros` prints HS
    codes as a spreadsheet saves them. `breakdown` splits each row by regime and location.
    `dashes` prints a missing second unit as `-` rather than `?` with quantity 0.
    """

    language: str = "english"
    older_spelling: bool = False
    currency: str = "usd"
    fields: tuple[str, ...] = ()
    months_per_file: int = 1
    date_column: bool = False
    naming: str = "english"
    breakdown: bool = False
    unquoted_partner: bool = False
    tabs: bool = False
    dashes: bool = False
    lost_zeros: bool = False
    thousands: bool = True
    line_end: str = "\n"


#: The forms a folder of sound dollar files mixes: each month and line is printed once.
MIXED = (
    Style(),
    Style(language="chinese", naming="chinese", months_per_file=12),
    Style(older_spelling=True, months_per_file=5, line_end="\r\n"),
    Style(language="chinese", naming="sidecar", tabs=True),
    Style(naming="sidecar", months_per_file=3, unquoted_partner=True, dashes=True),
    Style(
        fields=("value", "hs8", "partner", "unit", "quantity", "date"),
        months_per_file=2,
        tabs=True,
        dashes=True,
    ),
    Style(breakdown=True, language="chinese", naming="chinese", date_column=True),
    Style(fields=("partner_name", "hs8", "commodity", "quantity", "unit", "value")),
)
YUAN = Style(currency="cny", language="chinese", naming="chinese", months_per_file=6)
SAVED_BY_EXCEL = Style(lost_zeros=True, months_per_file=6)


@dataclass
class Sheet:
    """The cells of one file, before they are quoted and encoded."""

    header: list[str]
    rows: list[list[str]]
    #: Cells printed without quotes though they hold a comma.
    unquoted: frozenset[str] = field(default_factory=frozenset)

    def column(self, header: str) -> int:
        return self.header.index(header)

    def with_cell(self, line: int, header: str, text: str) -> Sheet:
        """A copy in which one cell reads `text`; `line` counts from the header, which is line 1."""
        rows = [list(row) for row in self.rows]
        rows[line - 2][self.column(header)] = text
        return Sheet(list(self.header), rows, self.unquoted)

    def lines(self) -> list[str]:
        """Every cell quoted, quotes in it doubled, and a trailing comma on every line."""
        return ["".join(f"{self._quoted(cell)}," for cell in row) for row in self.all_rows()]

    def all_rows(self) -> list[list[str]]:
        return [self.header, *self.rows]

    def to_bytes(self, line_end: str = "\n", encoding: str = ENCODING) -> bytes:
        return "".join(line + line_end for line in self.lines()).encode(encoding)

    def _quoted(self, cell: str) -> str:
        return cell if cell in self.unquoted else '"' + cell.replace('"', '""') + '"'


def export_sheet(panel: pd.DataFrame, style: Style, dated: bool | None = None) -> Sheet:
    """The cells that `style` prints of `panel`, in the panel's order, one flow only."""
    dated = style.date_column or style.months_per_file > 1 if dated is None else dated
    value = f"value_{style.currency}"
    fields = [value if name == "value" else name for name in style.fields or ALL_FIELDS]
    fields += [name for name in (*BREAKDOWN * style.breakdown, value) if name not in fields]
    fields = [name for name in fields if name != "date" or dated]
    if dated and "date" not in fields:
        fields.insert(0, "date")
    frame = split_by_regime_and_location(panel) if style.breakdown else panel
    columns = [_printed(frame, name, style) for name in fields]
    names = [_header(name, style) for name in fields]
    dprk = PARTNERS["109"][0]
    unquoted = frozenset([dprk] if style.unquoted_partner else [])
    return Sheet(names, [list(row) for row in zip(*columns, strict=True)], unquoted)


def write_export(
    panel: pd.DataFrame, folder: Path, style: Style | Sequence[Style] = MIXED
) -> list[Path]:
    """Print every row of `panel` once in `folder`, in one style or in several by turns.

    Each flow's months are cut into files of `months_per_file`, the styles following one another;
    a file that would reach the limit of the query interface is cut again. Returns the files of
    data; `sidecar.yml` is written beside them where a style needs it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    styles = itertools.cycle([style] if isinstance(style, Style) else style)
    written: list[Path] = []
    sidecar: dict[str, dict[str, object]] = {}
    for flow, rows in panel.groupby("flow", sort=True):
        months = sorted(rows["month"].unique())
        while months:
            chosen = next(styles)
            span, months = months[: chosen.months_per_file], months[chosen.months_per_file :]
            sheet = export_sheet(rows[rows["month"].isin(span)], chosen)
            for part, start in enumerate(range(0, len(sheet.rows), ROW_LIMIT - 1), start=1):
                name = _file_name(str(flow), span, chosen, part, len(sidecar))
                if chosen.naming == "sidecar":
                    sidecar[name] = _sidecar_entry(str(flow), span, sheet)
                piece = Sheet(sheet.header, sheet.rows[start : start + ROW_LIMIT - 1],
                              sheet.unquoted)  # fmt: skip
                written.append(folder / name)
                written[-1].write_bytes(piece.to_bytes(chosen.line_end))
    if sidecar:
        (folder / "sidecar.yml").write_bytes(sidecar_bytes(sidecar))
    return written


def sidecar_bytes(entries: dict[str, dict[str, object]]) -> bytes:
    """`sidecar.yml`: file name -> `flow`, and `month` as YYYYMM where the file has no dates."""
    return yaml.safe_dump(entries, allow_unicode=True, sort_keys=True).encode()


def split_by_regime_and_location(panel: pd.DataFrame) -> pd.DataFrame:
    """Each row of `panel` as up to four rows by regime and location whose parts add up to it."""
    shares = dict(zip(itertools.product(REGIMES, LOCATIONS), (0.5, 0.3, 0.15), strict=False))
    amounts = ["value_usd", "value_cny", "quantity", "second_quantity"]
    rest = panel[amounts].astype("Int64")
    # A row too small to cut stays whole: a part of it could have a quantity and no value.
    cut = (panel["value_usd"] >= 100).astype("int64")
    parts = []
    for place, (regime, location) in enumerate(itertools.product(REGIMES, LOCATIONS)):
        share = shares.get((regime, location))
        if share is None:
            taken = rest
        else:
            taken = panel[amounts].astype("Float64").mul(cut * share, axis=0) // 1
        taken = taken.astype("Int64")
        rest = rest - taken
        parts.append(panel.assign(**taken, regime=regime, location=location, place=place))
    split = pd.concat(parts).rename_axis("row").sort_values(["row", "place"], kind="stable")
    return split[split["value_usd"] > 0].drop(columns="place").reset_index(drop=True)


def _header(name: str, style: Style) -> str:
    english, chinese = HEADERS[name]
    if style.language == "chinese":
        return chinese
    return english.replace("Supplementary", "Supplimentary") if style.older_spelling else english


def _printed(frame: pd.DataFrame, name: str, style: Style) -> list[str]:
    """One column of cells as the interface prints them."""
    place = 1 if style.language == "chinese" else 0
    if name == "date":
        cells = frame["month"].dt.strftime("%Y%m").tolist()
    elif name == "commodity":
        known = {p.hs8: (p.english, p.chinese) for p in PRODUCTS}
        cells = [known.get(c, (f"Goods of line {c}", f"{c}号货物"))[place] for c in frame["hs8"]]
    elif name == "hs8":
        cells = [str(int(c)) if style.lost_zeros else c for c in frame["hs8"]]
    elif name in ("partner_name", "regime_name", "location_name"):
        codes = name.removesuffix("_name")
        names = {"partner": PARTNERS, "regime": REGIMES, "location": LOCATIONS}[codes]
        cells = [names[code][place] for code in frame[codes]]
    elif name in ("unit", "second_unit"):
        cells = [_printed_unit(unit, style) for unit in frame[name]]
    elif name == "quantity":
        cells = ["-" if pd.isna(number) else str(number) for number in frame[name]]
    elif name == "second_quantity":
        none = "-" if style.dashes else "0"
        cells = [none if pd.isna(number) else str(number) for number in frame[name]]
    elif name in ("value_usd", "value_cny"):
        cells = [f"{number:,}" if style.thousands else str(number) for number in frame[name]]
    else:
        cells = frame[name].tolist()
    # A tab after a code keeps spreadsheets from reading it as a number; others stray in.
    if style.tabs and name in ("hs8", "partner", "date"):
        return [f"{cell}\t" for cell in cells]
    if style.tabs and name in ("commodity", "unit"):
        return [f"\t{cell}" if number % 3 == 0 else cell for number, cell in enumerate(cells)]
    return cells


def _printed_unit(unit: str | None, style: Style) -> str:
    if pd.isna(unit):
        return "-" if style.dashes else "?"
    return unit if style.language == "chinese" else UNITS[unit]


def _file_name(flow: str, span: list[pd.Period], style: Style, part: int, listed: int) -> str:
    if style.naming == "sidecar":
        # As a browser numbers repeated downloads of downloadData.csv.
        return f"downloadData ({listed}).csv" if listed else "downloadData.csv"
    first, last = span[0].strftime("%Y%m"), span[-1].strftime("%Y%m")
    word = flow if style.naming == "english" else {"import": "进口", "export": "出口"}[flow]
    months = first if first == last else f"{first}-{last}"
    return f"{word}_{months}.csv" if part == 1 else f"{word}_{months}_{part}.csv"


def _sidecar_entry(flow: str, span: list[pd.Period], sheet: Sheet) -> dict[str, object]:
    dated = any(header in HEADERS["date"] for header in sheet.header)
    return {"flow": flow} if dated else {"flow": flow, "month": int(span[0].strftime("%Y%m"))}
