"""Makes the tables of an output readable: scopes, numbers to the right, a box that scrolls."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag

NUMBER = re.compile(r"[-+−–]?\s*([A-Z]{3}|\$|€|¥)?\s*[\d.,\s]*\d\s*(%|pp|bn|mn)?")
NOTHING = ("", "nan", "<na>", "nat", "none", "–", "—", "-", "...")


def readable_tables(html: str) -> str:
    """The HTML, already safe, with each table marked up for eyes and screen readers."""
    soup = BeautifulSoup(html, "html.parser")
    for number, table in enumerate(soup.find_all("table"), start=1):
        if table.find_parent("table") is None:
            give_scopes(table)
            align_numbers(table)
            put_in_box(soup, table, number)
    return str(soup)


def give_scopes(table: Tag) -> None:
    for head in table.find_all("th"):
        if "scope" not in head.attrs:
            head["scope"] = "col" if head.find_parent("thead") else "row"
        # The corner above an index is empty, and an empty heading says nothing.
        if not head.get_text(strip=True) and head.find_parent("thead"):
            head.name = "td"
            del head["scope"]


def align_numbers(table: Tag) -> None:
    """Mark the columns that hold only numbers (and gaps), their headings too."""
    rows = [row.find_all(["td", "th"], recursive=False) for row in table.find_all("tr")]
    if any(cell.has_attr("rowspan") for row in rows for cell in row):
        mark([cell for row in rows for cell in row if is_number(cell)])
        return
    body = [row for row in rows if row and row[0].find_parent("thead") is None]
    for position in range(max(map(len, rows), default=0)):
        column = [
            row[position] for row in body if position < len(row) and row[position].name == "td"
        ]
        filled = [cell for cell in column if not is_nothing(cell)]
        if filled and all(map(is_number, filled)):
            heads = [row[position] for row in rows if row not in body and plain_row(row, position)]
            mark(column + heads)


def plain_row(row: list[Tag], position: int) -> bool:
    return position < len(row) and not any(cell.has_attr("colspan") for cell in row)


def mark(cells: list[Tag]) -> None:
    for cell in cells:
        cell["class"] = "number"


def is_number(cell: Tag) -> bool:
    return NUMBER.fullmatch(cell.get_text(strip=True)) is not None


def is_nothing(cell: Tag) -> bool:
    return cell.get_text(strip=True).lower() in NOTHING


def put_in_box(soup: BeautifulSoup, table: Tag, number: int) -> None:
    """A wide table scrolls in a box of its own, which the keyboard reaches."""
    caption = table.find("caption")
    name = caption.get_text(strip=True) if caption else f"Table {number}"
    box = soup.new_tag(
        "div", attrs={"class": "table", "tabindex": "0", "role": "region", "aria-label": name}
    )
    table.wrap(box)
