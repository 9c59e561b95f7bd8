"""Why a file is refused as a whole; faults of single cells are in `launder`."""

from app.core.errors import Invalid


class SheetEmpty(Invalid):
    """The file has no bytes, or no row with anything in it."""

    code = "sheet-empty"


class SheetTooLarge(Invalid):
    """More bytes, rows, columns, cells or sheets than one file may have."""

    code = "sheet-too-large"


class SheetWrongType(Invalid):
    """Neither .xlsx, .xls nor .csv by its content."""

    code = "sheet-wrong-type"


class SheetExtension(Invalid):
    """The name's extension says one type, the content another."""

    code = "sheet-extension"


class SheetBomb(Invalid):
    """The archive would unpack to far more than a school's sheet ever holds."""

    code = "sheet-zip-bomb"


class SheetBroken(Invalid):
    """The file is damaged, or was not written by a spreadsheet program."""

    code = "sheet-broken"


class SheetEncrypted(Invalid):
    """The file is protected with a password."""

    code = "sheet-encrypted"


class SheetEncoding(Invalid):
    """The text is neither UTF-8 nor GB18030."""

    code = "sheet-encoding"


class SheetFormula(Invalid):
    """Some cells hold formulas: what they show is computed, not what the school wrote."""

    code = "sheet-formula"


class SheetHeader(Invalid):
    """No usable header row: columns missing, named twice, or in another unit."""

    code = "sheet-header"
