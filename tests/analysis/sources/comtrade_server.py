"""A loopback server that answers as UN Comtrade's API does, from a known panel.

It serves the two end points that `comtradeapicall` 's `previewFinalData` and `getFinalData` call
(`/public/v1/preview/C/M/HS` and `/data/v1/get/C/M/HS`), with their documented limits and, on a
schedule, their failures. Figures come from `records_of`, which adds the rows that count the same
trade again: by second partner, mode of transport and customs procedure.

How the client is brought here. `comtradeapicall` (1.3) writes `https://comtradeapi.un.org` into
each function and takes no base address; its `proxy_url` would tunnel TLS. Each call makes a new
`urllib3.PoolManager()` and calls `.request`, so `redirected(server)` replaces the host in
`PoolManager.urlopen` and lets nothing else out. All else is the client's own doing and is met in
tests of this module:

- it answers a status other than 200 with None and prints the body: the caller sees neither status
  nor `Retry-After`; a broken connection ends in None as well;
- `urllib3` itself repeats 413, 429 and 503 up to three times if they carry `Retry-After`, and
  broken connections, so a refusal without that header reaches the caller at once;
- truncated JSON raises `json.JSONDecodeError`, an answer without `data` raises `KeyError`;
- the plural `_previewFinalData` and `_getFinalData` catch everything, wait ten seconds, try once
  more, and leave a month that failed with None out of the result without a word;
- the reporter goes out as `reportercode`, the key as the query parameter `subscription-key`.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import urllib3

HOST = "https://comtradeapi.un.org"
PREVIEW_LIMIT = 500
KEYED_LIMIT = 100_000
CHINA, DPRK = 156, 408
#: Comtrade's code of each partner of the export files.
PARTNER_CODES = {"109": 408, "110": 344, "116": 392, "124": 496, "133": 410, "141": 704,
                 "344": 643, "601": 36}  # fmt: skip
FLOW_CODES = {"import": "M", "export": "X"}
#: refMonth of a row that stands for a whole year.
ANNUAL = 52
LEVELS = (2, 4, 6)


@dataclass(frozen=True)
class Fault:
    """What the server does to one request instead of answering it.

    `kind`: `refused` (429), `quota` (403), `server_error` (`status`), `truncated` (a JSON text that
    ends too early), `cut` (a connection closed before the announced length), `html` (a page with
    status 200), `no_body`, `no_data` (an error message in JSON with status 200), `no_rows` (a sound
    answer without rows).
    """

    kind: str
    retry_after: int | None = None
    status: int = 500


@dataclass(frozen=True)
class Request:
    """One request as it arrived; names of parameters in lower case."""

    path: str
    query: Mapping[str, str]


def records_of(
    panel: pd.DataFrame, *, breakdowns: bool = True, annual: bool = True, weight: str = "netWgt"
) -> list[dict]:
    """Comtrade rows of a panel of `gacc_export_files.truth_panel`: total, HS2, HS4 and HS6.

    Values are dollars, c.i.f. for imports and f.o.b. for exports; net weight in kilograms, from
    whichever of the two quantities is in kilograms. With `breakdowns` each row comes again in
    parts by second partner, mode of transport and customs procedure, each set adding up to it.
    `annual` adds the years, with refMonth 52.
    """
    mass = panel["quantity"].where(panel["unit"] == "千克")
    mass = mass.fillna(panel["second_quantity"].where(panel["second_unit"] == "千克"))
    base = panel.assign(mass=mass.astype("Float64"), year=panel["month"].dt.year.astype(str))
    base["period"] = base["month"].dt.strftime("%Y%m")
    rows = []
    for frequency, period in (("M", "period"), ("A", "year")) if annual else (("M", "period"),):
        for digits in (0, *LEVELS):
            code = base["hs8"].str[:digits] if digits else "TOTAL"
            keys = ["flow", "partner", period, "cmdCode"]
            grouped = base.assign(cmdCode=code).groupby(keys, as_index=False)
            sums = grouped.agg(value_usd=("value_usd", "sum"), mass=("mass", "sum"))
            for row in sums.itertuples(index=False):
                total = _record(row, frequency, digits, weight)
                rows.append(total)
                rows += _breakdown_rows(total, weight) if breakdowns else []
    return rows


def _record(row, frequency: str, digits: int, weight: str) -> dict:
    period = row[2]
    year, month = int(period[:4]), int(period[4:]) if frequency == "M" else ANNUAL
    flow, value = FLOW_CODES[row.flow], float(row.value_usd)
    return {
        "typeCode": "C",
        "freqCode": frequency,
        "refPeriodId": int(f"{year}{month:02d}01") if frequency == "M" else int(f"{year}0101"),
        "refYear": year,
        "refMonth": month,
        "period": period,
        "reporterCode": CHINA,
        "reporterISO": None,
        "reporterDesc": None,
        "flowCode": flow,
        "flowDesc": None,
        "partnerCode": PARTNER_CODES[row.partner],
        "partnerISO": None,
        "partnerDesc": None,
        "partner2Code": 0,
        "classificationCode": "H5",
        "isOriginalClassification": True,
        "cmdCode": row.cmdCode,
        "cmdDesc": None,
        "aggrLevel": digits,
        "isLeaf": digits == 6,
        "customsCode": "C00",
        "mosCode": "0",
        "motCode": 0,
        "qtyUnitCode": 8,
        "qty": float(row.mass),
        "isQtyEstimated": False,
        weight: float(row.mass),
        "isNetWgtEstimated": False,
        "grossWgt": 0.0,
        "cifvalue": value if flow == "M" else None,
        "fobvalue": value if flow == "X" else None,
        "primaryValue": value,
        "legacyEstimationFlag": 0,
        "isReported": False,
        "isAggregate": True,
    }


def _breakdown_rows(total: dict, weight: str) -> list[dict]:
    parts = (
        {"partner2Code": 408}, {"partner2Code": 344},
        {"motCode": 2100}, {"motCode": 3200},
        {"customsCode": "C01"}, {"customsCode": "C20"},
    )  # fmt: skip
    rows = []
    for number, part in enumerate(parts):
        # Whole dollars: the larger half first, so that each pair adds up to the total.
        half = total["primaryValue"] // 2
        value = half if number % 2 else total["primaryValue"] - half
        share = 0.5 * total[weight]
        row = total | part | {"primaryValue": value, weight: share, "qty": share}
        row |= {name: value for name in ("cifvalue", "fobvalue") if total[name] is not None}
        rows.append(row)
    return rows


class ComtradeServer:
    """Serves `records` on a free loopback port while it is entered.

    `faults` are used up in order, one a request, None standing for a sound answer; when they are
    gone every request is answered. `faults_by_period` are used up by the requests that ask for that
    period, before the general ones. `requests` keeps what arrived, refused or not.
    """

    def __init__(
        self,
        records: Iterable[dict],
        *,
        key: str = "a-subscription-key",
        faults: Iterable[Fault | None] = (),
        faults_by_period: Mapping[str, Iterable[Fault | None]] | None = None,
        preview_limit: int = PREVIEW_LIMIT,
        keyed_limit: int = KEYED_LIMIT,
    ) -> None:
        self.records = list(records)
        self.key = key
        self.limits = {"public": preview_limit, "data": keyed_limit}
        self.requests: list[Request] = []
        self._faults = deque(faults)
        self._by_period = {p: deque(f) for p, f in (faults_by_period or {}).items()}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ComtradeServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def arrived(self, request: Request) -> Fault | None:
        """Note a request, and say what is to become of it."""
        with self._lock:
            self.requests.append(request)
            for faults in (self._by_period.get(request.query.get("period", "")), self._faults):
                if faults:
                    return faults.popleft()
        return None

    def answer(self, request: Request) -> tuple[int, dict]:
        """Status and JSON of a sound request, or the refusal that its parameters deserve."""
        try:
            access, version, end_point, kind, frequency, classification = request.path.strip(
                "/"
            ).split("/")
        except ValueError:
            return 404, {"statusCode": 404, "message": "Resource not found"}
        served = {("public", "v1", "preview"), ("data", "v1", "get")}
        if (access, version, end_point) not in served:
            return 404, {"statusCode": 404, "message": "Resource not found"}
        if access == "data" and request.query.get("subscription-key") != self.key:
            return 401, {"statusCode": 401, "message": "Access denied due to invalid key."}
        periods = request.query.get("period", "").split(",")
        if access == "public" and len(periods) != 1:
            return 400, {"statusCode": 400, "message": "Preview takes one period a call."}
        if classification != "HS" or kind != "C":
            return 400, {"statusCode": 400, "message": "Unknown type or classification."}
        rows = [row for row in self.records if _asked(row, frequency, request.query)]
        limit = min(self.limits[access], int(request.query.get("maxrecords", KEYED_LIMIT)))
        sent = rows[:limit]
        data = [] if request.query.get("countonly") == "True" else sent
        return 200, {"elapsedTime": "0.01 secs", "count": len(sent), "data": data, "error": ""}


@contextmanager
def redirected(server: ComtradeServer) -> Iterator[None]:
    """Send what `urllib3` would send to Comtrade to `server`; any other address is an error."""
    urlopen = urllib3.PoolManager.urlopen

    def to_loopback(pool, method, url, *args, **options):
        if not url.startswith(HOST + "/"):
            raise AssertionError(f"a request would have left for {url}")
        return urlopen(pool, method, server.url + url.removeprefix(HOST), *args, **options)

    with mock.patch.object(urllib3.PoolManager, "urlopen", to_loopback):
        yield


def _asked(row: dict, frequency: str, query: Mapping[str, str]) -> bool:
    """Whether a row answers the query; a parameter left out keeps every row, parts included."""
    names = ("reporterCode", "period", "partnerCode", "flowCode", "partner2Code", "motCode",
             "customsCode")  # fmt: skip
    wanted = {name: query[name.lower()].split(",") for name in names if query.get(name.lower())}
    codes = query.get("cmdcode", "").split(",") if query.get("cmdcode") else None
    return (
        row["freqCode"] == frequency
        and all(str(row[name]) in choices for name, choices in wanted.items())
        and (
            codes is None
            or row["cmdCode"] in codes
            or (row["aggrLevel"] and f"AG{row['aggrLevel']}" in codes)
        )
    )


def _handler(server: ComtradeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name.lower(): values[-1] for name, values in parse_qs(parts.query).items()}
            request = Request(parts.path, query)
            fault = server.arrived(request)
            status, content = server.answer(request)
            body = json.dumps(content).encode()
            if fault is None:
                self.send(status, body)
            else:
                self.fail(fault, body)

        def fail(self, fault: Fault, body: bytes) -> None:
            message = {
                "refused": (429, "Rate limit is exceeded. Try again later."),
                "quota": (403, "Out of call volume quota."),
                "server_error": (fault.status, "Internal server error"),
            }.get(fault.kind)
            if message:
                status, text = message
                sent = json.dumps({"statusCode": status, "message": text}).encode()
                self.send(status, sent, fault.retry_after)
            elif fault.kind == "truncated":
                self.send(200, body[: len(body) // 2])
            elif fault.kind == "cut":
                self.send(200, body[: len(body) // 2], announced=len(body))
                self.close_connection = True
            else:
                self.send(200, {
                    "html": b"<html><body>Service unavailable</body></html>",
                    "no_body": b"",
                    "no_data": b'{"error": "Invalid request"}',
                    "no_rows": b'{"elapsedTime": "0.01 secs", "count": 0, "data": [], "error": ""}',
                }[fault.kind])  # fmt: skip

        def send(
            self, status: int, body: bytes, retry_after: int | None = None,
            announced: int | None = None,
        ) -> None:  # fmt: skip
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body) if announced is None else announced))
            if retry_after is not None:
                self.send_header("Retry-After", str(retry_after))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: pytest shows what a test prints."""

    return Handler
