"""The columns of a roll, under every heading that schools and national systems give them."""

from dataclasses import replace

from app.imports.columns import COLUMNS as OF_APPLICATIONS
from app.sheets.limits import Limits
from app.sheets.parts import Taken

_REQUIRED = ("name", "resident_id", "grade")
_MORE: dict[str, tuple[str, ...]] = {
    "seq": (),
    "school_code": ("学校标识代码",),
    "school_name": (),
    "name": (),
    "sex": (),
    "resident_id": ("证件号码", "公民身份号码", "身份证件号码", "学生居民身份证号"),
    "birth_on": (),
    "register_no": ("全国学籍号码", "学籍号码"),
    "grade": ("年级名称",),
    "class_name": ("班级名称", "班号"),
    "boards": ("住宿", "是否住宿", "是否住校生", "是否寄宿生", "寄宿生"),
    "guardian_name": ("家长", "成员1姓名"),
    "guardian_resident_id": ("监护人居民身份证号", "监护人证件号码", "成员1身份证件号"),
    "telephone": ("监护人电话", "监护人联系电话", "家长电话", "手机号"),
}
"""What a roll says, and the headings beyond those of a sheet of applications."""

COLUMNS = tuple(
    replace(
        column,
        synonyms=column.synonyms + _MORE[column.name],
        required=column.name in _REQUIRED,
    )
    for column in OF_APPLICATIONS
    if column.name in _MORE
)
USED = tuple(_MORE)[1:]
"""What is looked at; the number of a line is only known."""

SAID = tuple(name for name in USED if name not in {"school_code", "school_name", "grade"})
"""What says something of a pupil: forms come with school and grade to their last line."""

MIB = 1024 * 1024
_WORKBOOK = Limits(max_rows=200_000)
OFFICES = Taken(COLUMNS, USED, Limits(max_bytes=256 * MIB, max_rows=2_000_000), _WORKBOOK)
SCHOOLS = Taken(COLUMNS, USED, Limits(max_bytes=64 * MIB, max_rows=2_000_000), _WORKBOOK)
"""A city of 1.72 million pupils is some 200 MB of text; a school's own roll is far smaller."""
