"""A school's list of a new round as a sheet to work from: under the headings of the application
sheet, every resident id masked.
"""

from collections.abc import Iterable
from typing import Any

from app.applications.decision_errors import STATES
from app.applications.models import Fate, RollForwardLine
from app.applications.rolling_rules import REASONS
from app.core import crypto
from app.core.identity import mask_id
from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.policy.facts import Words
from app.registry.models import School
from app.sheets.annotate import write_sheet

HEADINGS = (
    Words("学校标识码", "school code"),
    Words("学校名称", "school"),
    Words("姓名", "name"),
    Words("居民身份证号", "resident id"),
    Words("年级", "grade"),
    Words("班级", "class"),
    Words("结转", "what becomes of it"),
    Words("原因", "reasons"),
    Words("具体事项", "which"),
    Words("离校日期", "left on"),
    Words("离校原因", "left because"),
    Words("预计金额", "amount expected"),
    Words("申请编号", "number"),
    Words("申请状态", "state"),
)
FATES = {
    Fate.CONTINUED: Words("延续", "continued"),
    Fate.ADDED: Words("新增", "new"),
    Fate.LEFT: Words("退出", "left"),
    Fate.TO_CHECK: Words("需核实", "to be checked"),
}


def sheet_of(rows: Iterable[Any], school: School, tongue: Tongue) -> bytes:
    """The rows of `rolling_queries.lines` as .xlsx."""
    headings = [each.said(tongue) for each in HEADINGS]
    return write_sheet(headings, (_cells(row, school, tongue) for row in rows))


def masked(line: RollForwardLine, sealed: bytes | None) -> str | None:
    """The student's resident id as everybody may see it; None out of sight or not there."""
    if sealed is None:
        return None
    return mask_id(
        crypto.decrypt(sealed, table="student", column="resident_id", record=line.student_id)
    )


def _cells(row: Any, school: School, tongue: Tongue) -> list[object]:
    line: RollForwardLine = row.RollForwardLine
    state = row.state and Words(*STATES[row.state])
    return [
        school.code,
        school.name,
        line.student_name,
        masked(line, row.resident_id),
        line.grade,
        line.class_name,
        FATES[line.fate].said(tongue),
        "；".join(REASONS[code].said(tongue) for code in line.reasons),
        "+".join(line.detail),
        line.left_on,
        line.left_because,
        None if line.amount_fen is None else show_yuan(line.amount_fen),
        row.number,
        state and state.said(tongue),
    ]
