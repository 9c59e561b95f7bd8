"""Why a resident id is not corrected."""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, NotFound
from app.registry.errors import missing_faults


class CorrectionsNotFound(NotFound):
    """Some corrections are not within the caller's sight."""

    code = "resident_id_correction.not-found"

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(
            "有更正申请没有找到，请核对编号；未处理任何一项。",
            "Some corrections cannot be found; check the identifiers. None was touched.",
            faults=missing_faults(missing),
        )


class ProofsNotFound(NotFound):
    """Some documents named as proof are no scan of the student's school or of the office."""

    code = "resident_id_correction.proof-not-found"

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(
            "有证明材料没有找到；请先上传户口簿或身份证的扫描件（POST /documents），再填写其编号。"
            "未保存任何一项。",
            "Some proofs cannot be found; upload the scan of the household register or the card "
            "(POST /documents) and give its id. Nothing was saved.",
            faults=missing_faults(missing),
        )


class CorrectionsImpossible(Conflict):
    """Some numbers cannot be corrected like this; each student is listed with why."""

    code = "resident_id_correction.impossible"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个证件号码不能这样更正，逐项列出；未保存任何一项。",
            f"{len(faults)} resident id(s) cannot be corrected like this, each listed; "
            "nothing was saved.",
            faults=faults,
        )


class CorrectionsMoved(Conflict):
    """Some corrections do not wait any more; each is listed."""

    code = "resident_id_correction.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 项更正已不是待核实状态，逐项列出；未处理任何一项。请重新查看。",
            f"{len(faults)} correction(s) no longer wait, each listed; none was touched. "
            "Look again.",
            faults=faults,
        )


class OwnCorrections(Forbidden):
    """Nobody settles a correction they proposed."""

    code = "resident_id_correction.own"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 项更正由您本人提出，须由另一人核实。",
            f"{len(faults)} correction(s) were proposed by yourself; another person settles them.",
            faults=faults,
        )
