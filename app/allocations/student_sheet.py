"""The students behind an allocation as a sheet to take home."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from app.allocations.models import SchoolAllocation
from app.allocations.schemas import masked_id
from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.sheets.annotate import write_sheet

HEADINGS = {
    "zh": ("资金单编号", "资助项目", "学期", "学生姓名", "居民身份证号", "学籍号", "金额"),
    "en": ("number", "programme", "period", "student", "resident id", "register number", "amount"),
}


def student_sheet(allocation: SchoolAllocation, rows: Iterator[Row[Any]], tongue: Tongue) -> bytes:
    """The rows of `queries.every_student` as .xlsx, every id masked."""
    of = (allocation.number, allocation.programme, allocation.period)
    return write_sheet(
        HEADINGS[tongue],
        (
            (
                *of,
                row.student_name,
                masked_id(row),
                row.register_no,
                None if row.amount_fen is None else show_yuan(row.amount_fen),
            )
            for row in rows
        ),
    )
