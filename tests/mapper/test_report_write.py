"""Files of a report: whole or absent, and one diagnostic when they cannot be written."""

from __future__ import annotations

import json
import os
import stat

import pytest
from browser.synthetic import report, workload

from tilewright.ir.map_text import parse_map
from tilewright.ir.nest_text import parse_nest
from tilewright.ir.text import Diagnostic
from tilewright.mapper.report.write import check_writable, write_files, write_report

needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def test_writes_the_four_files_and_nothing_else(tmp_path):
    of = report(5, missing=1)
    write_report(of, workload(of), tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.html", "report.json", "workload.nest", "mappings.map"}
    assert json.loads((folder / "report.json").read_text())["totals"]["cycles"] == of.cycles
    assert parse_nest((folder / "workload.nest").read_text())[0] == workload(of)
    mappings = tuple(entry.result.mapping for entry in of.entries)
    assert parse_map((folder / "mappings.map").read_text()) == mappings
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_replaces_what_was_there_and_keeps_its_permissions(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    file.chmod(0o640)
    write_files({file: "new"})
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_file_gets_ordinary_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        write_files({tmp_path / "a.txt": "x"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


def test_an_output_that_is_a_file_is_one_diagnostic(tmp_path):
    file = tmp_path / "out"
    file.write_text("mine")
    with pytest.raises(Diagnostic) as error:
        check_writable(file)
    assert str(error.value) == (
        "error: the output is a file, not a folder\n"
        f" --> {file}\n"
        "  = help: name a folder with `--out`, an existing or a new one"
    )
    assert file.read_text() == "mine"


def test_an_output_below_a_file_is_one_diagnostic(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Diagnostic, match="cannot write here: not a directory"):
        check_writable(tmp_path / "file" / "out")


@needs_permissions
def test_a_folder_without_permission_is_one_diagnostic(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(Diagnostic, match="cannot write here: permission denied"):
        check_writable(tmp_path / "out")


def test_when_one_file_cannot_be_written_none_is(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(Diagnostic, match="it is a folder"):
        write_files({tmp_path / "a.txt": "new", tmp_path / "b.txt": "new"})
    assert (tmp_path / "a.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_an_absent_folder_is_one_diagnostic(tmp_path):
    with pytest.raises(Diagnostic, match="cannot write here: no such file or directory"):
        write_files({tmp_path / "absent" / "a.txt": "x"})


def test_the_page_of_a_report_can_be_written_alone(tmp_path):
    report(2).to_html(tmp_path / "page.html")
    assert "Conv_1" in (tmp_path / "page.html").read_text()


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "a.txt")
    for text in ("first", "second"):
        write_files({link: text})
        assert link.is_symlink() and (tmp_path / "real" / "a.txt").read_text() == text


def test_a_device_is_written_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_files({pipe: "through"})
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_name_of_an_undecodable_file_can_be_written(tmp_path):
    write_files({tmp_path / "a.txt": "net\udcff"})
    assert (tmp_path / "a.txt").read_text() == "net\\udcff"
