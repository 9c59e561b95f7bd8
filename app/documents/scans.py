"""Reads a scan as it is handed in: as much as a scan may be, and only what a scan is."""

from dataclasses import dataclass
from typing import BinaryIO

from app.core.problems import TooLarge
from app.documents.errors import ScanTypeWrong
from app.documents.rules import SCAN_BYTES_MAX, scan_type


@dataclass(frozen=True)
class Scan:
    """A scan's bytes, and what they are."""

    data: bytes
    media_type: str


def read_scan(file: BinaryIO) -> Scan:
    """The scan in a file: PDF, JPEG or PNG, at most 10 MiB. Raises TooLarge, ScanTypeWrong."""
    data = file.read(SCAN_BYTES_MAX + 1)
    if len(data) > SCAN_BYTES_MAX:
        raise TooLarge(
            "扫描件超过 10 MiB，请降低分辨率后重新扫描；未保存任何内容。",
            "The scan is over 10 MiB; scan it at a lower resolution. Nothing was saved.",
        )
    media_type = scan_type(data)
    if media_type is None:
        raise ScanTypeWrong
    return Scan(data, media_type)
