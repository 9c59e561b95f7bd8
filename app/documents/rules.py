"""What a file is, by its first bytes."""

SCAN_BYTES_MAX = 10 * 1024 * 1024

_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)


def scan_type(data: bytes) -> str | None:
    """The media type of a scan by its signature; None for anything but PDF, JPEG and PNG."""
    return next((media for signature, media in _SIGNATURES if data.startswith(signature)), None)
