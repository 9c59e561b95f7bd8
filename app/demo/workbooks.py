"""Schools' workbooks as schools make them: a title, a busy header, ticks, a total, a few slips."""

import io
from collections.abc import Sequence
from random import Random

import xlsxwriter

from app.demo.people import Pupil

HEADER = (
    "序号", "学校标识码", "姓名", "性别", "居民身份证号", "年级", "班级", "是否寄宿",
    "户口性质", "家庭人口", "家庭人均\n年收入（元）", "特殊群体类型", "困难等级", "监护人",
    "联系电话", "开户名", "银行卡号", "开户银行",
)  # fmt: skip
FIRST_ROW = 3
ID, BOARDS, INCOME, CARD = 4, 7, 10, 16


def boarders(chance: Random, code: str, school: str, pupils: Sequence[Pupil]) -> tuple[bytes, int]:
    """A boarders' application sheet for spring 2008 as xlsx, and how many slips are in it."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("寄宿生补助申请表")
    title = f"{school}2008年春季学期农村义务教育家庭经济困难寄宿生生活费补助申请汇总表"
    sheet.merge_range(0, 0, 0, len(HEADER) - 1, title)
    sheet.write(1, 0, "填报单位（公章）：")
    sheet.write_row(2, 0, HEADER)
    slips = 0
    for place, pupil in enumerate(pupils):
        cells = _cells(chance, place + 1, code, pupil)
        slips += _slip(chance, cells)
        for column, cell in enumerate(cells):
            sheet.write(FIRST_ROW + place, column, cell)
    sheet.write(FIRST_ROW + len(pupils), 0, "合计")
    sheet.write(FIRST_ROW + len(pupils), 2, len(pupils))
    book.close()
    return stream.getvalue(), slips


def _cells(chance: Random, number: int, code: str, pupil: Pupil) -> list[str | int]:
    ticks = ("√", "是") if pupil.boards else ("×", "否")
    grade = chance.choice((pupil.grade, str(pupil.grade)))
    padded = chance.choice((pupil.name, f" {pupil.name}", pupil.name))
    return [
        number, code, padded, pupil.sex, pupil.resident_id, grade, pupil.class_name,
        chance.choice(ticks), pupil.hukou, pupil.members, pupil.income_yuan, pupil.group,
        pupil.level, pupil.guardian, pupil.telephone, pupil.name, pupil.card, pupil.bank,
    ]  # fmt: skip


def _slip(chance: Random, cells: list[str | int]) -> bool:
    """Now and then a clerk's slip of the kinds that real sheets hold."""
    match chance.randrange(150):
        case 0:
            number = str(cells[ID])
            cells[ID] = number[:-1] + ("1" if number[-1] != "1" else "2")
        case 1:
            cells[BOARDS] = "偶尔"
        case 2:
            cells[INCOME] = -100
        case 3:
            card = str(cells[CARD])
            cells[CARD] = card[:-1] + str((int(card[-1]) + 1) % 10)
        case _:
            return False
    return True
