"""CSV from schools: UTF-8 with or without a mark, else GB18030; a record is a row."""

import codecs
import csv
import io
from collections.abc import Iterator

from app.sheets.errors import SheetBroken, SheetEncoding, SheetTooLarge
from app.sheets.limits import Limits

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PIECE = 1024 * 1024
_DELIMITERS = ",\t;"
_CELL_MAX = 32_767  # what a cell of Excel holds, so that the sheet can be given back annotated


def read_delimited(data: bytes, limits: Limits) -> list[list[str]]:
    """Every record of a CSV; record 1 is row 1, blank lines are kept as rows.

    Raises what `stream_delimited` does.
    """
    return list(stream_delimited(data, limits))


def stream_delimited(data: bytes, limits: Limits) -> Iterator[list[str]]:
    """The records of a CSV one by one: neither the text nor the rows are held whole.

    Raises SheetEncoding with the line and byte that fail, SheetBroken for unbalanced quotes,
    SheetTooLarge beyond the limits.
    """
    text = _text_of(data)
    start = text.tell()
    first = next((line for line in iter(text.readline, "") if line.strip()), "")
    text.seek(start)
    delimiter = max(_DELIMITERS, key=first.count)
    count = widest = 0
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            count += 1
            widest = max(widest, len(row))
            if count > limits.max_rows or widest > limits.max_columns:
                limits.check("CSV", rows=count, columns=widest)
            if len("".join(row)) > _CELL_MAX and max(map(len, row)) > _CELL_MAX:
                raise SheetTooLarge(
                    f"第 {count} 行有单元格超过 {_CELL_MAX} 个字符；请检查引号是否成对",
                    f"Row {count} has a cell of more than {_CELL_MAX} characters; "
                    "check that its quotes are in pairs",
                )
            yield row
    except csv.Error as error:
        raise SheetBroken(
            f"第 {reader.line_num} 行的引号不成对或格式有误；请更正后上传",
            f"Line {reader.line_num} has unbalanced quotes or is malformed; correct it",
        ) from error
    limits.check("CSV", rows=count, columns=widest)


def _text_of(data: bytes) -> io.TextIOWrapper:
    """The bytes as text to read from, once they are known to be text to the end."""
    if data.startswith(_UTF16_MARKS):
        raise SheetEncoding(
            "文件是 UTF-16 编码；请另存为「CSV UTF-8」后上传",
            "The file is UTF-16; save it as “CSV UTF-8” and upload that",
        )
    marked = data.startswith(_UTF8_MARK)
    encoding = "utf-8-sig" if marked else "utf-8"
    if not _is_text(data, encoding):
        encoding = encoding if marked else "gb18030"
        if marked or not _is_text(data, encoding):
            raise _not_text(data, encoding)
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def _is_text(data: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for at in range(0, len(data), _PIECE):
            decoder.decode(data[at : at + _PIECE], final=at + _PIECE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _not_text(data: bytes, encoding: str) -> SheetEncoding:
    try:
        data.decode(encoding)
        place = len(data)
    except UnicodeDecodeError as error:
        # A mark at the beginning is not counted by the decoder.
        place = error.start + (len(_UTF8_MARK) if encoding == "utf-8-sig" else 0)
    line = data.count(b"\n", 0, place) + 1
    return SheetEncoding(
        f"第 {line} 行（第 {place + 1} 字节）不是有效的 UTF-8 或 GB18030 文字；"
        "请用表格软件另存为「CSV UTF-8」后上传",
        f"Line {line} (byte {place + 1}) is neither UTF-8 nor GB18030; "
        "save it as “CSV UTF-8” and upload that",
        facts={"line": line, "byte": place + 1},
    )
