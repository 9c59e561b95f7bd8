"""CSV from schools: UTF-8 with or without a mark, else GB18030; a record is a row."""

import csv
import io

from app.sheets.errors import SheetBroken, SheetEncoding, SheetTooLarge
from app.sheets.limits import Limits

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",\t;"
_CELL_MAX = 32_767  # what a cell of Excel holds, so that the sheet can be given back annotated


def read_delimited(data: bytes, limits: Limits) -> list[list[str]]:
    """Every record of a CSV; record 1 is row 1, blank lines are kept as rows.

    Raises SheetEncoding with the line and byte that fail, SheetBroken for unbalanced quotes,
    SheetTooLarge beyond the limits.
    """
    text = _decode(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    rows: list[list[str]] = []
    widest = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            rows.append(row)
            widest = max(widest, len(row))
            if len(rows) > limits.max_rows or widest > limits.max_columns:
                limits.check("CSV", rows=len(rows), columns=widest)
            if len("".join(row)) > _CELL_MAX and max(map(len, row)) > _CELL_MAX:
                raise SheetTooLarge(
                    f"第 {len(rows)} 行有单元格超过 {_CELL_MAX} 个字符；请检查引号是否成对",
                    f"Row {len(rows)} has a cell of more than {_CELL_MAX} characters; "
                    "check that its quotes are in pairs",
                )
    except csv.Error as error:
        raise SheetBroken(
            f"第 {reader.line_num} 行的引号不成对或格式有误；请更正后上传",
            f"Line {reader.line_num} has unbalanced quotes or is malformed; correct it",
        ) from error
    limits.check("CSV", rows=len(rows), columns=widest)
    return rows


def _decode(data: bytes) -> str:
    if data.startswith(_UTF8_MARK):
        return _strictly(data[len(_UTF8_MARK) :], "utf-8", skipped=len(_UTF8_MARK))
    if not data.startswith(_UTF16_MARKS):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return _strictly(data, "gb18030", skipped=0)
    raise SheetEncoding(
        "文件是 UTF-16 编码；请另存为「CSV UTF-8」后上传",
        "The file is UTF-16; save it as “CSV UTF-8” and upload that",
    )


def _strictly(data: bytes, encoding: str, *, skipped: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = error.start + skipped + 1
        raise SheetEncoding(
            f"第 {line} 行（第 {place} 字节）不是有效的 UTF-8 或 GB18030 文字；"
            "请用表格软件另存为「CSV UTF-8」后上传",
            f"Line {line} (byte {place}) is neither UTF-8 nor GB18030; "
            "save it as “CSV UTF-8” and upload that",
            facts={"line": line, "byte": place},
        ) from error
