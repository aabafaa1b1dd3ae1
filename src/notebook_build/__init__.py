"""Executes and renders any folder of notebooks; it knows nothing of what they are about.

    python -m notebook_build all            every page that is stale, then the index
    python -m notebook_build page NAME      one page and the notebooks that it needs
    python -m notebook_build run NAME A=1   a page with other parameters, beside the default one
    python -m notebook_build explain        why each page would run
    python -m notebook_build compare BASE   which results changed since a commit, and by how much

A notebook declares in its own metadata what it reads and writes, as patterns relative to the root:

    "notebook_build": {
      "title": "Sales fell by two fifths",
      "question": "How far did sales fall?",
      "inputs": ["data/raw/*.csv"],
      "outputs": ["data/processed/monthly.csv"]
    }

and may set budgets of its own, `cell_seconds` and `notebook_seconds`. It holds exactly one cell
tagged `parameters`, which assigns literals (`parameters.py` says how to state choices and ranges).
A run with other parameters makes a page of its own, `NAME--a-1.html`, and keeps what it writes in
`reports/runs/`: the declared outputs stay those of the defaults. Notebook B waits for
notebook A when an input of B matches an output of A. An input without a wildcard must exist.
Each page's findings also lie in reports/findings/NAME.json, and a notebook that declares such a
file as input waits for the notebook whose findings they are.
From a cell tagged `default-only:NAME` on, a notebook speaks of the default of the parameter NAME
alone: a run in which NAME has another value ends before that cell.
A cell tagged `check` only asserts: its code is folded under "Checks" and its output not shown.

What a notebook hands to its page beside text, tables and Markdown are two kinds of output, told
by their MIME type. Their bundles carry `image/svg+xml`, `text/html` or `text/plain` too, so that
JupyterLab shows the same.

FIGURE  {"id", "title", "subtitle", "source", "note", "alt", "svg", "csv"}: all text; `id` names
        the data file, so it holds small letters, digits, "-" and "_"; `csv` is the text of the
        data drawn. Without id, title, source, alt, svg or csv the page is not built, and a
        picture that comes outside this contract is not built either.
FINDING {"id", "sentence", "value", "unit", "lower", "upper", "level", "csv", "also"}: one
        sentence for the summary and, where there is one, its number with an interval at `level`
        (0.95, say; null for limits without a probability); `csv` is the text of the rows that it
        rests on, which the page shows beside it; `also` maps a label to [value, lower, upper] by
        another definition, for notebooks that gather findings. All but id and sentence may be
        null. The first findings of a page stand in the index.

A table takes the comment that opens its cell for its caption, unless it has one of its own.

`[tool.notebook_build]` in `pyproject.toml` may name `title`, `question`, the `order` of the pages,
`corrections` (a YAML list, counted and hashed at the end of each page), `citation`
(default CITATION.cff) and `status`: what the index counts, each entry a `label` and a `table`
(CSV, or a JSON list of objects), with `column` and `value` where only the rows of this value count.
"""

FIGURE = "application/vnd.notebook-build.figure.v1+json"
FINDING = "application/vnd.notebook-build.finding.v1+json"


class BuildError(Exception):
    """A build cannot go on, and its message says what was found, where, and what to do."""
