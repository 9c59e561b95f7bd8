"""Small workbooks and the columns that the samples' sheets have."""

import io
from collections.abc import Sequence
from pathlib import Path

from xlsxwriter import Workbook as Writer

from app.sheets.tables import Column
from app.sheets.workbook import Workbook, open_workbook

SAMPLES = Path(__file__).parent.parent / "samples"

COLUMNS = (
    Column("seq", ("序号",)),
    Column("school_code", ("学校标识码",)),
    Column("register_no", ("学籍号",)),
    Column("name", ("姓名", "学生姓名"), required=True),
    Column("sex", ("性别",)),
    Column("resident_id", ("居民身份证号", "身份证号"), required=True, kind="identity"),
    Column("grade", ("年级",), kind="grade", fault="grade_range"),
    Column("class_name", ("班级",)),
    Column("boards", ("是否寄宿", "住校"), kind="yes_no", fault="boards_unclear"),
    Column("hukou", ("户口性质",)),
    Column("household", ("家庭人口",), kind="integer"),
    Column("income", ("家庭人均年收入",), kind="money"),
    Column("group", ("特殊群体类型", "贫困类别")),
    Column("level", ("困难等级", "困难档次")),
    Column("guardian", ("监护人", "家长姓名")),
    Column("phone", ("联系电话",)),
    Column("holder", ("开户名",)),
    Column("account", ("银行卡号", "惠农一卡通账号"), kind="card"),
    Column("bank", ("开户银行",)),
)


def sample(name: str) -> Workbook:
    return open_workbook((SAMPLES / name).read_bytes(), name)


def xlsx(rows: Sequence[Sequence[object]], **hidden: Sequence[int]) -> bytes:
    """One sheet named 表 with the rows; `hidden=[…]` gives 1-based rows to hide."""
    out = io.BytesIO()
    with Writer(out, {"strings_to_formulas": False}) as writer:
        page = writer.add_worksheet("表")
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                page.write(at, place, cell)
        for number in hidden.get("hidden", ()):
            page.set_row(number - 1, options={"hidden": True})
    return out.getvalue()


def opened(rows: Sequence[Sequence[object]]) -> Workbook:
    return open_workbook(xlsx(rows), "表.xlsx")
