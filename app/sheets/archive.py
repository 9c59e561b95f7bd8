"""Looks into an .xlsx archive before anything unpacks it: sizes, formulas, extent, hidden rows.

Declared sizes can lie, so every part is inflated here once, counted against its declaration, and
thrown away. Worksheets are parsed as a stream by expat, which meets whatever an XML reader could
meet: entities, prefixes, other encodings. A document type is refused before it can expand.
"""

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.parsers import expat

from app.sheets.errors import (
    SheetBomb,
    SheetBroken,
    SheetEncrypted,
    SheetWrongType,
)
from app.sheets.limits import Limits
from app.sheets.worksheet_xml import Unsafe, WorksheetScan

_CHUNK = 1 << 20
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class SheetFacts:
    """What the reader of cells cannot tell about a worksheet."""

    hidden_rows: frozenset[int]
    formulas: Mapping[int, Sequence[str]]
    rows: int
    """How many rows have a cell."""


def inspect_archive(data: bytes, limits: Limits) -> dict[str, SheetFacts]:
    """Facts by sheet name. Raises an `Invalid` for a bomb, damage or a password."""
    try:
        infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _broken() from error
    _measure(infos, limits)
    parts = {info.filename: info for info in infos}
    if len(parts) != len(infos):
        raise _broken()
    if "xl/workbook.xml" not in parts:
        raise SheetWrongType(
            "压缩包内不是 Excel 工作簿；请在表格软件中另存为 .xlsx 后上传",
            "The archive is no Excel workbook; save it as .xlsx and upload that",
        )
    names = _sheet_names(data, parts)
    scans: dict[str, WorksheetScan] = {}
    for info in infos:
        sheet = names.get(info.filename, info.filename)
        scan = _scan(data, info, sheet, limits)
        if scan is not None:
            scans[sheet] = scan
    return {
        sheet: SheetFacts(frozenset(scan.hidden_rows), scan.formulas, scan.filled)
        for sheet, scan in scans.items()
    }


def _measure(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise SheetEncrypted(
            "压缩包设有密码；请取消密码后上传",
            "The archive is protected with a password; remove it and upload again",
        )
    if any(info.compress_type not in _METHODS for info in infos):
        raise _broken()
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if (
        len(infos) > limits.max_entries
        or total > limits.max_unpacked
        or total > limits.max_ratio * max(packed, 1)
    ):
        raise _bomb(len(infos), total, limits)


def _bomb(entries: int, total: int, limits: Limits) -> SheetBomb:
    return SheetBomb(
        f"文件解压后为 {entries} 个部分、{total} 字节，远超正常表格"
        f"（上限 {limits.max_entries} 个、{limits.max_unpacked} 字节、{limits.max_ratio} 倍）；"
        "请把数据复制到新工作簿后上传",
        f"The file unpacks to {entries} parts and {total} bytes, far beyond a sheet (at most "
        f"{limits.max_entries} parts, {limits.max_unpacked} bytes, {limits.max_ratio} times its "
        "size); copy the data into a new workbook and upload that",
    )


def _broken() -> SheetBroken:
    return SheetBroken(
        "文件已损坏或不是由表格软件生成的；请在表格软件中打开并另存后再上传",
        "The file is damaged or was not written by a spreadsheet program; open it in one, "
        "save it anew and upload that",
    )


def _inflate(data: bytes, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's bytes in chunks, held to the size and checksum that its entry declares."""
    head = data[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
    if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
        raise _broken()
    _, name_length, extra_length = _LOCAL_HEADER.unpack(head)
    start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    left = memoryview(data)[start : start + info.compress_size]
    size = crc = 0
    for chunk in _chunks(left, packed=info.compress_type == zipfile.ZIP_DEFLATED):
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
        if size > info.file_size:
            raise _broken()
        yield chunk
    if size != info.file_size or crc != info.CRC:
        raise _broken()


def _chunks(packed_bytes: memoryview, *, packed: bool) -> Iterator[bytes]:
    if not packed:
        for start in range(0, len(packed_bytes), _CHUNK):
            yield bytes(packed_bytes[start : start + _CHUNK])
        return
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    pending: bytes | memoryview = packed_bytes
    try:
        while not stream.eof:
            chunk = stream.decompress(pending, _CHUNK)
            pending = stream.unconsumed_tail
            if not chunk and not stream.eof:
                raise _broken()
            yield chunk
    except zlib.error as error:
        raise _broken() from error


def _scan(data: bytes, info: zipfile.ZipInfo, sheet: str, limits: Limits) -> WorksheetScan | None:
    """Inflates one part to its end; parses it too when it is XML. None when it is no worksheet."""
    chunks = _inflate(data, info)
    if not info.filename.lower().endswith((".xml", ".rels", ".vml")):
        for _ in chunks:
            pass
        return None
    scan = WorksheetScan()
    try:
        for chunk in chunks:
            scan.feed(chunk)
        scan.close()
    except (expat.ExpatError, Unsafe) as error:
        raise _broken() from error
    if not scan.is_worksheet:
        return None
    limits.check(sheet, rows=scan.rows, columns=scan.columns)
    return scan


def _sheet_names(data: bytes, parts: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    """Sheet name by the part that holds it, as the workbook's relations say."""
    rels = parts.get("xl/_rels/workbook.xml.rels")
    if rels is None:
        raise _broken()
    targets = {
        attributes.get("Id", ""): posixpath.normpath(
            posixpath.join("/xl", attributes.get("Target", ""))
        ).lstrip("/")
        for attributes in _elements(data, rels, "Relationship")
    }
    names = {}
    for attributes in _elements(data, parts["xl/workbook.xml"], "sheet"):
        link = next((attributes[key] for key in attributes if key.endswith(":id")), "")
        names[targets.get(link, "")] = attributes.get("name", "")
    return names


def _elements(data: bytes, info: zipfile.ZipInfo, wanted: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def keep(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == wanted:
            found.append(attributes)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = keep
    try:
        for chunk in _inflate(data, info):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, Unsafe) as error:
        raise _broken() from error
    return found


def _refuse_doctype(*_: object) -> None:
    raise Unsafe
