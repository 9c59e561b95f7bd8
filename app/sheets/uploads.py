"""What holds for every file that is taken in row by row, whatever its rows are."""

from datetime import timedelta
from enum import StrEnum

from app.core.media import XLSX

UNDER_WAY_MAX = 5
"""Files of one person that may be in work at a time."""
REFUSALS_LISTED = 10_000
"""Of so many rows of a file at most what is wrong is listed; all are counted."""
STALE = timedelta(hours=24)  # what still runs after a day was left by a worker that died
_NAME_MAX = 200
_TYPES = {"xlsx": XLSX, "xls": "application/vnd.ms-excel"}


class OnError(StrEnum):
    """What happens to the good rows of a file with bad ones."""

    REJECT = "reject"
    ACCEPT_GOOD = "accept_good"


def kept_name(filename: str) -> str:
    """The name a file is kept under; of a long one the end, which says what sort it is."""
    return filename.replace("\0", "")[-_NAME_MAX:]


def media_type(name: str) -> str:
    """By the name's ending; what is no workbook is taken for text with commas."""
    return _TYPES.get(name.rpartition(".")[2].lower(), "text/csv")
