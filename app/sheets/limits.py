"""How large an uploaded sheet may be."""

from dataclasses import dataclass

from app.sheets.errors import SheetTooLarge


@dataclass(frozen=True)
class Limits:
    """`max_bytes` counts the upload, `max_unpacked` what an .xlsx archive unpacks to.

    `max_cells` bounds rows × columns of one sheet: two cells at far corners are a few bytes in the
    file and gigabytes in memory.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_unpacked: int = 200 * 1024 * 1024
    max_ratio: int = 100
    max_entries: int = 1_000
    max_sheets: int = 200
    max_rows: int = 1_000_000
    max_columns: int = 256
    max_cells: int = 30_000_000

    def check(self, sheet: str, *, rows: int, columns: int) -> None:
        """Raises SheetTooLarge when a sheet of this extent is beyond the limits."""
        if rows > self.max_rows:
            raise SheetTooLarge(
                f"工作表「{sheet}」超过 {self.max_rows} 行；请分成几个文件上传",
                f"Sheet “{sheet}” has more than {self.max_rows} rows; split it",
            )
        if columns > self.max_columns:
            raise SheetTooLarge(
                f"工作表「{sheet}」超过 {self.max_columns} 列；请删去表格右侧多余的列后上传",
                f"Sheet “{sheet}” has more than {self.max_columns} columns; "
                "delete the surplus ones on the right",
            )
        if rows * columns > self.max_cells:
            raise SheetTooLarge(
                f"工作表「{sheet}」占 {rows} 行 {columns} 列，超过 {self.max_cells} 个单元格；"
                "请删去表格外的零散单元格，或分成几个文件上传",
                f"Sheet “{sheet}” spans {rows} rows by {columns} columns, more than "
                f"{self.max_cells} cells; delete stray cells outside the table, or split it",
            )
