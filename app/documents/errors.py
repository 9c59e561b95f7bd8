"""What is refused about stored files."""

from app.core.errors import Invalid, NotFound


class DocumentNotFound(NotFound):
    """No such file, or none within the caller's scope."""

    code = "document.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有这份文件，或不在您的管辖范围内。",
            "There is no such document within your scope.",
        )


class ScanTypeWrong(Invalid):
    """The bytes are no PDF, JPEG or PNG, whatever the name says."""

    code = "document.scan-type-wrong"

    def __init__(self) -> None:
        super().__init__(
            "扫描件须为 PDF、JPEG 或 PNG 文件（按内容判断，与文件名无关），请重新扫描后上传。",
            "A scan is a PDF, JPEG or PNG file, judged by its content and not by its name; "
            "scan it again and upload that.",
        )
