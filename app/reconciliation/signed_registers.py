"""Takes in signed registers, once, and settles their payouts when a second person confirms them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, literal, select, text, type_coerce, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, crypto, ids
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.errors import Fault
from app.core.scoping import visible
from app.core.staging import Rows
from app.disbursement import pay_registers, settling
from app.disbursement.models import Payout, PayoutState
from app.disbursement.pay_register_models import PayRegister
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.documents.scans import Scan
from app.reconciliation import signed_register_queries as queries
from app.reconciliation import worklist
from app.reconciliation.signed_register_errors import (
    SignedBySame,
    SignedRegisterSettled,
    SignedRegisterThere,
    UnsignedUnfit,
)
from app.reconciliation.signed_register_models import SignedRegister, SignedState, UnsignedLine

SIGNED_FOR = "签领册已复核 / the signed register was confirmed"


@dataclass(frozen=True)
class Unsigned:
    """A payout, by its number, that nobody signed for, and why."""

    payout: str
    reason: str


@dataclass(frozen=True)
class Taken:
    """A signed register taken in; `repeated` where the same was taken in before."""

    signed: SignedRegister
    repeated: bool


def take_in(
    session: Session, *, number: str, scan: Scan, unsigned: Sequence[Unsigned], by: Actor
) -> Taken:
    """Keeps a register as it came back; its money stays in transit until it is confirmed.

    The same scan with the same list changes nothing and gets the first result. Raises
    PayRegisterNotFound, UnsignedUnfit with every entry that does not fit, SignedRegisterThere.
    """
    register = pay_registers.by_number(session, number, by)
    missing = _missing(session, register, unsigned)
    made = _keep(session, register, scan, by=by)
    if made is None:
        return _taken_before(session, register, scan, missing)
    _write_missing(session, made, missing)
    detail = {"number": number, "unsigned": len(missing), "sha256": made.sha256.hex()}
    records = [made.id, register.id]
    audit.note(session, by=by, did="register.taken", records=records, detail=detail)
    return Taken(made, repeated=False)


def confirm(session: Session, signed_id: UUID, *, by: Actor) -> SignedRegister:
    """Pays who signed and fails who did not, with their money; another person than the uploader.

    What failed is committed again, waits on the worklist, and is paid by a reissue. Raises
    SignedRegisterNotFound, SignedRegisterSettled, SignedBySame, PayoutsMoved.
    """
    queries.one(session, signed_id, by)
    signed = _settle(session, signed_id, SignedState.CONFIRMED, by=by)
    named: Rows = select(col(Payout.id)).where(col(Payout.register_id) == signed.pay_register_id)
    settling.lock_payouts(session, named)
    moved = settling.settle(session, _verdicts(signed), batch=signed.id, by=by)
    session.execute(_INSERT_WORK, {"signed": signed.id, "now": clock.now()})
    worklist.close_answered(session, named, by=by, because=SIGNED_FOR)
    records = [signed.id, signed.pay_register_id]
    detail = {"payouts_moved": moved}
    audit.note(session, by=by, did="register.confirmed", records=records, detail=detail)
    return signed


def send_back(session: Session, signed_id: UUID, *, because: str, by: Actor) -> SignedRegister:
    """Sends an upload back with a reason, so that another may take its place; no money moves.

    Raises SignedRegisterNotFound, SignedRegisterSettled.
    """
    queries.one(session, signed_id, by)
    signed = _settle(session, signed_id, SignedState.SENT_BACK, by=by, because=because)
    records = [signed.id, signed.pay_register_id]
    audit.note(session, by=by, did="register.sent_back", records=records, because=because)
    return signed


def _missing(
    session: Session, register: PayRegister, unsigned: Sequence[Unsigned]
) -> Mapping[UUID, str]:
    """The register's payouts that nobody signed for, each with why."""
    asked = [one.payout for one in unsigned]
    known = {
        row.number: row.id
        for row in session.execute(
            select(col(Payout.number), col(Payout.id)).where(
                col(Payout.register_id) == register.id, col(Payout.number).in_(asked)
            )
        )
    }
    faults = [
        *(_not_in_register(number) for number in asked if number not in known),
        *(_named_twice(number) for number, times in Counter(asked).items() if times > 1),
    ]
    if faults:
        raise UnsignedUnfit(register.number, faults)
    return {known[one.payout]: one.reason for one in unsigned}


def _keep(
    session: Session, register: PayRegister, scan: Scan, *, by: Actor
) -> SignedRegister | None:
    """The upload as kept; None where another of the register stands."""
    document = documents.store(
        session,
        kind=DocumentKind.SIGNED_REGISTER,
        name=f"{register.number}-signed",
        media_type=scan.media_type,
        data=scan.data,
        by=by,
        school_id=register.school_id,
        county_id=register.county_id,
    )
    new = SignedRegister(
        pay_register_id=register.id,
        school_id=register.school_id,
        county_id=register.county_id,
        document_id=document.id,
        sha256=document.sha256,
        state=SignedState.UPLOADED,
        uploaded_by=by.id,
        uploaded_at=clock.now(),
    )
    kept: SignedRegister | None = session.execute(
        insert(SignedRegister)
        .values(new.model_dump())
        .on_conflict_do_nothing(
            index_elements=["pay_register_id"], index_where=text("state <> 'sent_back'")
        )
        .returning(SignedRegister)
    ).scalar_one_or_none()
    return kept


def _write_missing(session: Session, signed: SignedRegister, missing: Mapping[UUID, str]) -> None:
    place = {"school_id": signed.school_id, "county_id": signed.county_id}
    rows = [
        {"signed_register_id": signed.id, "payout_id": payout, "reason": reason, **place}
        for payout, reason in missing.items()
    ]
    if rows:
        session.execute(insert(UnsignedLine), rows)


def _taken_before(
    session: Session, register: PayRegister, scan: Scan, missing: Mapping[UUID, str]
) -> Taken:
    stands: SignedRegister = session.execute(
        select(SignedRegister).where(
            col(SignedRegister.pay_register_id) == register.id,
            col(SignedRegister.state) != SignedState.SENT_BACK,
        )
    ).scalar_one()
    lines = session.execute(
        select(col(UnsignedLine.payout_id), col(UnsignedLine.reason)).where(
            col(UnsignedLine.signed_register_id) == stands.id
        )
    )
    if stands.sha256 != crypto.fingerprint(scan.data) or dict(map(tuple, lines)) != missing:
        raise SignedRegisterThere(register.number, stands.state.value)
    return Taken(stands, repeated=True)


def _settle(
    session: Session,
    signed_id: UUID,
    to: SignedState,
    *,
    by: Actor,
    because: str | None = None,
) -> SignedRegister:
    uploaded = [
        col(SignedRegister.id) == signed_id,
        col(SignedRegister.state) == SignedState.UPLOADED,
        visible(SignedRegister, by),
    ]
    if to is SignedState.CONFIRMED:
        uploaded.append(col(SignedRegister.uploaded_by) != by.id)
    settled: SignedRegister | None = session.execute(
        update(SignedRegister)
        .where(*uploaded)
        .values(state=to, settled_by=by.id, because=because, settled_at=clock.now())
        .returning(SignedRegister)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if settled is not None:
        return settled
    stands = queries.one(session, signed_id, by)
    if stands.state != SignedState.UPLOADED:
        raise SignedRegisterSettled(stands.state)
    raise SignedBySame


def _verdicts(signed: SignedRegister) -> Rows:
    # Whoever is not listed as missing has signed: the scan bears the signatures, the list the gaps.
    to = case((col(UnsignedLine.payout_id).is_(None), PayoutState.PAID.value),
              else_=PayoutState.FAILED.value)  # fmt: skip
    state = TextEnum(PayoutState)
    return (
        select(
            col(Payout.id),
            type_coerce(literal(PayoutState.SENT.value), state).label("come_from"),
            type_coerce(to, state).label("to"),
            col(UnsignedLine.reason),
        )
        .outerjoin(
            UnsignedLine,
            (col(UnsignedLine.payout_id) == col(Payout.id))
            & (col(UnsignedLine.signed_register_id) == signed.id),
        )
        .where(col(Payout.register_id) == signed.pay_register_id)
    )


def _not_in_register(number: str) -> Fault:
    return Fault("payout_not_in_register", "不在该签领册中", "is not in the register", number)


def _named_twice(number: str) -> Fault:
    return Fault("payout_named_twice", "重复列出", "is named twice", number)


_INSERT_WORK = text(f"""
    INSERT INTO work_item (id, kind, signed_register_id, payout_id, school_id, county_id, reason,
        state, opened_at)
    SELECT {ids.SQL_UUID7}, 'failed', signed_register_id, payout_id, school_id, county_id, reason,
        'open', :now
    FROM unsigned_line WHERE signed_register_id = :signed
""")  # noqa: S608 own text
