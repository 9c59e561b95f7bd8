"""Takes in a bank's notices of payments that it sent back, before the statement lists them."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.audit import service as audit
from app.bank.catalogue import message_reasons
from app.bank.message_answers import read_return_notice
from app.core import crypto
from app.core.actor import Actor
from app.core.media import XML
from app.disbursement import paying_accounts, settling
from app.disbursement.models import Payout
from app.reconciliation.errors import NoticeOfAnother
from app.reconciliation.models import ReturnFile, ReturnKind
from app.reconciliation.return_files import Handed, keep_and_settle
from app.reconciliation.return_matching import About, match
from app.reconciliation.service import Received


def take_notice(session: Session, *, account_id: UUID, data: bytes, by: Actor) -> Received:
    """Takes in a camt.054 of a paying account, once: its payments sent back are returned.

    The same bytes change nothing and get the first result. The statement that lists the same money
    later agrees. Raises PayingAccountNotFound, PayingAccountUnconfirmed, NoticeOfAnother, what
    `read_return_notice` raises, or PayoutsMoved: then nothing of the notice is taken.
    """
    account = paying_accounts.lock_in_use(session, account_id, by)
    before: ReturnFile | None = session.execute(
        select(ReturnFile).where(
            col(ReturnFile.paying_account_id) == account.id,
            col(ReturnFile.sha256) == crypto.fingerprint(data),
        )
    ).scalar_one_or_none()
    if before is not None:
        return Received(before, repeated=True)
    reports, read = read_return_notice(data, message_reasons())
    own = bytes(account.number_index)
    if any(paying_accounts.number_index(report.account) != own for report in reports):
        raise NoticeOfAnother
    named = [line.number for line in read.lines]
    settling.lock_payouts(session, select(col(Payout.id)).where(col(Payout.number).in_(named)))
    about = About(county_id=account.county_id)
    lines = match(session, read, about, kind=ReturnKind.REVERSAL, by=by)
    of = Handed(
        kind=ReturnKind.REVERSAL,
        name=f"{account.number_tail}-{reports[0].id}.xml",
        media_type=XML,
        county_id=account.county_id,
        paying_account_id=account.id,
    )
    file, moved = keep_and_settle(session, of, lines, data=data, by=by)
    detail = {"lines": file.line_count, "payouts_moved": moved}
    audit.note(session, by=by, did="notice.received", records=[file.id], detail=detail)
    return Received(file, repeated=False)
