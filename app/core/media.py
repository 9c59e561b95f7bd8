"""The media types of files that come in and go out."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
CSV = "text/csv; charset=utf-8"
TEXT = "text/plain"
XML = "application/xml"
