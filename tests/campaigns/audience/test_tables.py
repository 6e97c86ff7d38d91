"""Reading the files that people send."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import tracemalloc
import unicodedata
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.audience.demo import write_demo_people
from campaigns.audience.tables import MAX_LINE_BYTES, estimate_rows, open_table
from campaigns.errors import InvalidInput

ROWS = [["Họ tên", "SĐT", "Phường/Xã"], ["Nguyễn Thị Thủy", "0905123456", "Phường Hòa Quý"], ["Đỗ Ưu", "0913", "Mỹ An"]]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    return [row for block in open_table(path).rows for row in block]


def _text(separator: str = ",", rows: list[list[str]] = ROWS) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue()


def _windows_1258(text: str) -> bytes:
    """Vietnamese as Windows writes it: a letter with its quality, then the tone as a sign of its own."""
    out = []
    for letter in unicodedata.normalize("NFC", text):
        try:
            out.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            base = "".join(c for c in unicodedata.normalize("NFD", letter) if c not in "\u0300\u0301\u0303\u0309\u0323")
            tone = [c for c in unicodedata.normalize("NFD", letter) if c in "\u0300\u0301\u0303\u0309\u0323"]
            out.append((unicodedata.normalize("NFC", base) + "".join(tone)).encode("cp1258"))
    return b"".join(out)


ENCODED = {
    "utf-8": _text().encode(),
    "utf-8 with BOM": codecs.BOM_UTF8 + _text().encode(),
    "utf-16 little": codecs.BOM_UTF16_LE + _text().encode("utf-16-le"),
    "utf-16 big": codecs.BOM_UTF16_BE + _text().encode("utf-16-be"),
    "utf-16 little without BOM": _text().encode("utf-16-le"),
    "utf-16 big without BOM": _text().encode("utf-16-be"),
    "windows-1258": _windows_1258(_text()),
    "utf-8 decomposed": unicodedata.normalize("NFD", _text()).encode(),
    "semicolon": _text(";").encode(),
    "tab": _text("\t").encode(),
    "utf-16 with tabs, as Excel's Unicode Text": codecs.BOM_UTF16_LE + _text("\t").encode("utf-16-le"),
    "unix line ends": _text().replace("\r\n", "\n").encode(),
    "old Mac line ends": _text().replace("\r\n", "\r").encode(),
    "no line end at the end": _text().rstrip().encode(),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED.keys())
def test_every_encoding_and_separator_gives_the_same_rows(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    table = open_table(path)
    assert table.columns.titles == ("Họ tên", "SĐT", "Phường/Xã")
    read = [(n, [unicodedata.normalize("NFC", c) for c in row]) for block in table.rows for n, row in block]
    assert read == [(2, ROWS[1]), (3, ROWS[2])]


def test_rows_are_numbered_as_in_excel(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('DANH SÁCH\n\n"SĐT";"Ghi chú"\n"0905";"hai\ndòng"\n\n"0906";"một"\n', encoding="utf-8")
    assert _rows(path) == [(4, ["0905", "hai\ndòng"]), (6, ["0906", "một"])]


def test_excels_own_line_about_the_separator_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("sep=;\nSĐT;Tên\n0905;Lan, Hoa\n", encoding="utf-8")
    assert _rows(path) == [(3, ["0905", "Lan, Hoa"])]


def test_commas_inside_cells_do_not_make_the_comma_the_separator(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("SĐT;Địa chỉ, số nhà, đường;Tên\n0905;1, Lê Lợi, Đà Nẵng;Lan\n", encoding="utf-8")
    assert open_table(path).columns.titles == ("SĐT", "Địa chỉ, số nhà, đường", "Tên")


def test_a_file_of_one_column_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Số điện thoại\n0905123456\n", encoding="utf-8")
    assert _rows(path) == [(2, ["0905123456"])]


def test_nul_bytes_between_letters_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("SĐT,Tên\n0905\x00123456,La\x00n\n".encode())
    assert _rows(path) == [(2, ["0905123456", "Lan"])]


NO_TABLES = {
    "empty": (b"", "trống"),
    "only blanks": (b"\r\n \r\n,,,\r\n", "không có dòng nào"),
    "no number column": ("Họ tên,Địa chỉ\nLan,Huế\n".encode(), "“Họ tên”, “Địa chỉ”"),
    "a letter": ("Kính gửi Ủy ban,\nchúng tôi…\n".encode(), "Kính gửi Ủy ban"),
    "PDF": (b"%PDF-1.7\n...", "PDF"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls"),
    "another zip": (b"PK\x03\x04" + bytes(60), "ZIP"),
    "binary": (bytes(range(256)) * 40, "nhị phân"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
    "another encoding": ("SĐT,Tên\n0905123456,".encode() + b"\x8a\x8d\x8e\xff\n", "bảng mã"),
    "one endless line": (b"SDT," + b"9" * (2 * MAX_LINE_BYTES), "1 MB"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + "SĐT,Tên\n".encode("utf-16-le") + b"\x00\xd8\x41\x00", "bảng mã"),
}


@pytest.mark.parametrize(("content", "says"), NO_TABLES.values(), ids=NO_TABLES.keys())
def test_what_is_no_table_is_refused_with_what_was_found(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        _rows(path)
    assert says in str(refused.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InvalidInput):
            open_table(path)


def test_a_quote_that_never_closes_ends_in_a_refusal_not_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    good = "SĐT,Tên\n" + "0905123456,Lan\n" * 1000
    path.write_text(good + '0905,"' + "chữ\n" * 300_000, encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="hỏng"):
        _rows(path)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


def test_reading_takes_the_same_memory_for_any_length(tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 100_000):
        path = tmp_path / f"{count}.csv"
        write_demo_people(path, count)
        tracemalloc.start()
        total = sum(len(block) for block in open_table(path).rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total > count
    assert peaks[1] < peaks[0] * 1.2


def test_the_estimate_is_never_below_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("SĐT,Tên\n0905,Lan\n0906,Hoa", encoding="utf-8")
    assert estimate_rows(path) == 2


def _xlsx(path: Path, sheets: dict[str, list[list[object]]], top: int = 0) -> Path:
    book = xlsxwriter.Workbook(str(path))
    dates = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows, start=top):
            for c, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(r, c, cell, dates)  # type: ignore[arg-type]
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.close()
    return path


def test_xlsx_is_read_with_numbers_dates_and_row_numbers_as_in_excel(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["DANH SÁCH CÔNG DÂN"],
        [],
        ["Số điện thoại", "Họ tên", "Mã phường", "Ngày hẹn"],
        ["0905123456", "Lê Lợi", 20200, date(2023, 3, 20)],
        [],
        [905123457, "Mỹ", 20257.0, None],
    ]
    path = _xlsx(tmp_path / "people.xlsx", {"Bìa": [["Kế hoạch 52"]], "Dân cư": rows}, top=1)
    table = open_table(path)
    assert table.kind == "XLSX, Dân cư"
    assert [row for block in table.rows for row in block] == [
        (5, ["0905123456", "Lê Lợi", "20200", "2023-03-20"]),
        (7, ["905123457", "Mỹ", "20257", ""]),
    ]
    assert estimate_rows(path) is None


def test_xlsx_without_rows_or_numbers_or_whole_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="không có dòng nào"):
        open_table(_xlsx(tmp_path / "a.xlsx", {"A": []}))
    with pytest.raises(InvalidInput, match="“Tên”"):
        open_table(_xlsx(tmp_path / "b.xlsx", {"A": [["Tên", "Tuổi"]]}))
    whole = _xlsx(tmp_path / "c.xlsx", {"A": [["SĐT"], ["0905"]]}).read_bytes()
    for cut in (100, len(whole) // 2, len(whole) - 30):
        (tmp_path / "d.xlsx").write_bytes(whole[:cut])
        with pytest.raises(InvalidInput):
            _rows(tmp_path / "d.xlsx")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=3000) | st.binary(max_size=300).map(lambda b: "SĐT,Tên\n".encode() + b))
def test_any_bytes_give_rows_or_a_refusal(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    rows: list[tuple[int, list[str]]] = []
    with contextlib.suppress(InvalidInput):
        rows = _rows(path)
    assert all(number > 1 and all(isinstance(cell, str) for cell in row) for number, row in rows)
