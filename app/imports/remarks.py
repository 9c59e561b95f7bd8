"""What the uploader should know of a sheet beyond its rows: nothing is passed over in silence."""

from app.sheets.tables import Table, Tables

_SHOWN = 20


def of(tables: Tables) -> list[dict[str, str]]:
    """Sentences in zh and en on hidden sheets and rows, sheets without a table, unused columns."""
    said = []
    if tables.without_table:
        names = "、".join(tables.without_table)
        said.append(
            _said(f"这些工作表中没有找到表头，未导入：{names}", f"No header was found in: {names}")
        )
    for table in tables.tables:
        said += _of_table(table)
    return said


def _of_table(table: Table) -> list[dict[str, str]]:
    said = []
    if table.hidden:
        said.append(
            _said(
                f"工作表「{table.sheet}」是隐藏的，也已读取",
                f"Sheet “{table.sheet}” is hidden and was read all the same",
            )
        )
    if table.hidden_rows:
        shown = ", ".join(map(str, table.hidden_rows[:_SHOWN]))
        count = len(table.hidden_rows)
        said.append(
            _said(
                f"工作表「{table.sheet}」有 {count} 个隐藏行，也已读取：第 {shown} 行",
                f"{count} hidden rows of sheet “{table.sheet}” were read all the same: {shown}",
            )
        )
    if table.unused_columns:
        names = "、".join(f"{at} {name}" for at, name in table.unused_columns.items())
        said.append(
            _said(
                f"工作表「{table.sheet}」的这些列未使用：{names}",
                f"These columns of sheet “{table.sheet}” were not used: {names}",
            )
        )
    return said


def _said(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}
