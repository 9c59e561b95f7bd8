"""What a list means: which group it makes a student one of, and what a refused row is told."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from app.core import crypto
from app.core.identity import ID_CHECKSUM, ID_FORMAT
from app.policy.facts import Words
from app.registers.models import RegisterKind
from app.sheets.launder import text

NEEDY = tuple(
    kind
    for kind in RegisterKind
    if kind not in {RegisterKind.DECEASED, RegisterKind.STATE_FUNDED_TRAINEE}
)
"""The kinds whose people are families in need."""

SNAPSHOTS = tuple(kind for kind in RegisterKind if kind is not RegisterKind.DECEASED)
"""The kinds of which a newer list replaces the older of the same office; deaths add up."""

CHILD_OF = ("子女", "儿子", "女儿", "子", "女", "长子", "次子", "长女", "次女", "养子", "养女")
DISABLED_CHILD, DISABLED_PARENT = "disabled_student", "disabled_parent"
GROUPS: Mapping[RegisterKind, str] = MappingProxyType(
    {kind: kind.value for kind in NEEDY if kind is not RegisterKind.DISABLED}
)
"""The special group of who is on a list; of the disabled it depends on the relation."""

REFUSALS: Mapping[str, Words] = MappingProxyType(
    {
        "id_missing": Words(
            "没有证件号码；请向发来名册的部门核实后补上",
            "The row has no id; ask the office that sent the list for it",
        ),
        ID_FORMAT.code: Words(ID_FORMAT.zh, ID_FORMAT.en),
        ID_CHECKSUM.code: Words(ID_CHECKSUM.zh, ID_CHECKSUM.en),
        "id_scientific": Words(
            "证件号码按数值保存，末尾几位已被 Excel 改掉；请把该列设为文本后重新导出",
            "The id is kept as a number, whose last digits Excel has already changed; "
            "export the list again with the column as text",
        ),
        "name_missing": Words("没有姓名；请补上", "The row has no name; add it"),
        "date_unclear": Words("日期看不懂；应写成 2008-04-20", "Write a date such as 2008-04-20"),
        "dates_reversed": Words(
            "终止日期早于起始日期；请核对", "It ends before it begins; check both days"
        ),
        "control_character": Words(
            "单元格中有看不见的控制字符；请删去后重新输入",
            "A cell holds invisible control characters; clear it and type it again",
        ),
        "formula": Words(
            "单元格是公式；请复制后选择性粘贴为数值",
            "A cell holds a formula; copy and paste it as a value",
        ),
    }
)
"""What is said of a row that is not taken."""

_NAME_BYTES = 16


def name_indexes(names: Iterable[str]) -> list[bytes]:
    """What names are compared by: the blind index of each as laundered, cut to half."""
    tidy = [str(text(name) or "") for name in names]
    made = crypto.blind_indexes(tidy, table="outside_register_row", column="name")
    return [each[:_NAME_BYTES] for each in made if each is not None]
