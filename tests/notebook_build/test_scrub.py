"""What another machine or minute would change is taken out; what was computed stays."""

import sys
import time
from pathlib import Path

import nbformat

from notebook_build.scrub import scrub

ROOT = Path("/somewhere/project")


def scrubbed(*outputs):
    notebook = nbformat.v4.new_notebook(metadata={"papermill": {"duration": 3.1}})
    cell = nbformat.v4.new_code_cell(
        "x", metadata={"execution": {"iopub.status.busy": "12:01"}, "papermill": {"b": 2}}
    )
    cell.outputs = [nbformat.from_dict(output) for output in outputs]
    notebook.cells = [cell]
    scrub(notebook, ROOT)
    return notebook


def stream(name, text):
    return {"output_type": "stream", "name": name, "text": text}


def test_timings_and_chance_ids_go():
    notebook = scrubbed()
    assert "papermill" not in notebook.metadata
    assert notebook.cells[0].metadata == {}
    assert notebook.cells[0].id == "cell-1"


def test_places_and_addresses_go_and_values_stay():
    site = f"{sys.prefix}/lib/python3.12/site-packages/pandas/core/frame.py:3: careful"
    text = (
        f"{ROOT}/src/shop/prices.py:2: careful\n{site}\n/tmp/ipykernel_12/345.py:1: careful\n"
        f"<object at 0x7f0a12345678>\n{ROOT}\n19.19 at 0x1"
    )
    assert scrubbed(stream("stderr", text)).cells[0].outputs[0].text == (
        "src/shop/prices.py:2: careful\npandas/core/frame.py:3: careful\ncell:1: careful\n"
        "<object>\n.\n19.19 at 0x1"
    )


def test_streams_that_arrived_in_pieces_are_joined_within_their_place():
    shown = {"output_type": "display_data", "data": {"text/plain": "y"}, "metadata": {}}
    outputs = (
        scrubbed(
            stream("stderr", "1"),
            stream("stdout", "a"),
            stream("stderr", "2"),
            shown,
            stream("stdout", "b"),
        )
        .cells[0]
        .outputs
    )
    assert [output.get("text", "shown") for output in outputs] == ["a", "12", "shown", "b"]


def test_a_line_that_was_written_over_shows_its_last_state():
    bar = "".join(f"\r{share} %" for share in range(0, 101, 10)) + "\nend\r\n"
    assert scrubbed(stream("stderr", bar)).cells[0].outputs[0].text == "100 %\nend\n"


def test_a_line_without_a_space_takes_no_square_of_its_length():
    line = "x" * 3_000_000
    started = time.process_time()
    assert scrubbed(stream("stdout", line)).cells[0].outputs[0].text == line
    assert time.process_time() - started < 1
