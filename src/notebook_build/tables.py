"""Makes tables readable: captions, scopes, numbers to the right, a box that scrolls."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, NavigableString, Tag

ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_NUMBER = r"[-+−–]?\s*(?:[A-Z]{3}|\$|€|¥)?\s*[\d.,\s]*\d"
_UNIT = r"\s*(?:%|pp|bn|mn)?"
_ENDS = rf"{_NUMBER}{_UNIT}\s+to\s+{_NUMBER}{_UNIT}"
#: A number, alone or with its interval, or an interval: "−39 (−57 to −18) %", "5 to 7".
NUMBER = re.compile(rf"{_NUMBER}{_UNIT}(?:\s*[(\[]{_ENDS}[)\]]{_UNIT})?|{_ENDS}")
#: How a library prints what is true or not.
TRUTH = {"True": "yes", "False": "no"}
DATE = re.compile(r"(\b\d{4}-\d{2}(?:-\d{2})?\b)")
MISSING = ("nan", "<na>", "nat", "none")
NOTHING = ("", "–", "—", "-", "...", *MISSING)
#: More characters are a sentence rather than a name, or a name rather than a year or code.
WORDS_FROM, NAME_FROM = 40, 12
BOX = {"class": "table", "tabindex": "0", "role": "region"}


def readable_tables(html: str, caption: str = "", first: int = 1) -> tuple[str, int]:
    """The HTML, already safe, with each table marked up for eyes and screen readers.

    A table without a caption of its own gets `caption`; all are numbered from `first` on. Gives
    the HTML and the number of tables.
    """
    if "<table" not in html:
        return html, 0
    soup = BeautifulSoup(html, "html.parser")
    outer = [table for table in soup.find_all("table") if table.find_parent("table") is None]
    for number, table in enumerate(outer, start=first):
        give_caption(soup, table, caption, number)
        mark_up(soup, table)
    return str(soup), len(outer)


def mark_up(soup: BeautifulSoup, table: Tag) -> None:
    join_heads(table)
    give_scopes(table)
    dash_gaps(table)
    tell_truth(table)
    keep_words_readable(table)
    align_numbers(table)
    keep_dates_whole(soup, table)
    put_in_box(soup, table)


def join_heads(table: Tag) -> None:
    """pandas names the rows in a line of its own under the names of the columns; one line does."""
    rows = table.select("thead tr")
    if len(rows) != 2:
        return
    above, below = (row.find_all(["td", "th"], recursive=False) for row in rows)
    if len(above) != len(below) or table.select("thead [colspan], thead [rowspan]"):
        return
    if all(
        not (a.get_text(strip=True) and b.get_text(strip=True))
        for a, b in zip(above, below, strict=True)
    ):
        for upper, lower in zip(above, below, strict=True):
            if not upper.get_text(strip=True):
                upper.replace_with(lower.extract())
        rows[1].decompose()


def keep_dates_whole(soup: BeautifulSoup, table: Tag) -> None:
    """No line ends inside a date: half of one reads as another."""
    for text in table.find_all(string=DATE):
        parts = []
        for place, part in enumerate(DATE.split(text)):
            piece = soup.new_tag("span", attrs={"class": "whole"}) if place % 2 else None
            if piece:
                piece.string = part
            parts.append(piece or NavigableString(part))
        text.replace_with(*parts)


def rows_table(rows: list[list[str]], caption: str) -> str:
    """Rows of text, the heading first, as a table; an address becomes a link to its site."""
    head, *body = rows
    lines = ["".join(f'<th scope="col">{escape(name)}</th>' for name in head)]
    lines += ["".join(f"<td>{with_link(entry)}</td>" for entry in row) for row in body]
    first, *others = (f"<tr>{line}</tr>" for line in lines)
    soup = BeautifulSoup(
        f"<table><caption>{escape(caption)}</caption><thead>{first}</thead>"
        f"<tbody>{''.join(others)}</tbody></table>",
        "html.parser",
    )
    mark_up(soup, soup.table)
    return str(soup)


def with_link(entry: str) -> str:
    """The text escaped; one that is an address links to it and shows the site's name alone."""
    if not ADDRESS.fullmatch(entry):
        return escape(entry)
    try:
        site = urlsplit(entry).hostname or entry
    except ValueError:
        return escape(entry)
    return f'<a href="{escape(entry)}" rel="noopener noreferrer">{escape(site)}</a>'


def give_caption(soup: BeautifulSoup, table: Tag, caption: str, number: int) -> None:
    own = table.find("caption")
    if own is None:
        own = soup.new_tag("caption")
        own.string = caption
        table.insert(0, own)
    label = soup.new_tag("b")
    label.string = f"Table {number}"
    own.insert(0, label)
    if own.get_text(strip=True) != label.string:
        label.insert_after(". ")


def give_scopes(table: Tag) -> None:
    for head in table.find_all("th"):
        if "scope" not in head.attrs:
            head["scope"] = "col" if head.find_parent("thead") else "row"
        # The corner above an index is empty, and an empty heading says nothing.
        if not head.get_text(strip=True) and head.find_parent("thead"):
            head.name = "td"
            del head["scope"]


def dash_gaps(table: Tag) -> None:
    """A missing value reads as a dash; how the library spells it is no reader's concern."""
    for cell in table.find_all("td"):
        if cell.string and cell.string.strip().lower() in MISSING:
            cell.string = "–"


def keep_words_readable(table: Tag) -> None:
    """Names of rows, and cells with a sentence, keep a width at which they can be read.

    Numbers are not broken, so in a narrow window they would press words to one a line; the box
    scrolls instead.
    """
    for cell in table.select("tbody td, tbody th"):
        length = len(cell.get_text(strip=True))
        if length > WORDS_FROM:
            cell["class"] = "words"
        elif length > NAME_FROM and cell.name == "th":
            cell["class"] = "name"


def tell_truth(table: Tag) -> None:
    for cell in table.find_all("td"):
        for text in cell.find_all(string=lambda text: text.strip() in TRUTH):
            text.replace_with(NavigableString(TRUTH[text.strip()]))


def align_numbers(table: Tag) -> None:
    """Mark the columns that hold only numbers (and gaps), their headings too."""
    rows = [row.find_all(["td", "th"], recursive=False) for row in table.find_all("tr")]
    if any(cell.has_attr("rowspan") for row in rows for cell in row):
        # Row headings are names, be they of years.
        cells = [cell for row in rows for cell in row]
        mark([cell for cell in cells if cell.name == "td" and is_number(cell)])
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
        if cell.name == "td":
            for text in cell.find_all(string=True):
                text.replace_with(NavigableString(true_minus(text)))


def true_minus(text: str) -> str:
    """Signs of numbers as print has them: a hyphen is none.

    >>> true_minus("-21 to +190 %")
    '−21 to +190 %'
    """
    return MINUS.sub("−", text)


#: A hyphen before a number that joins no two parts of a word, date or code.
MINUS = re.compile(r"(?<![\w.,)\]-])-(?=\d)")


def is_number(cell: Tag) -> bool:
    return NUMBER.fullmatch(cell.get_text(strip=True)) is not None


def is_nothing(cell: Tag) -> bool:
    return cell.get_text(strip=True).lower() in NOTHING


def put_in_box(soup: BeautifulSoup, table: Tag) -> None:
    """A wide table scrolls in a box of its own, which the keyboard reaches."""
    name = " ".join(table.find("caption").get_text().split())
    table.wrap(soup.new_tag("div", attrs=BOX | {"aria-label": name}))
