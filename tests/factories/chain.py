"""The whole paper trail of three pupils, made row by row, with the books to match.

Two schools of one county, one fund line. The first pupil is paid, the second's payout failed, the
third's waits for the bank's word.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, String, Uuid, column, select, values
from sqlmodel import Session

from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    Decision,
    DecisionBatch,
    Step,
    Submission,
    Verdict,
)
from app.awards.models import Award, AwardState, Instalment, InstalmentShare, InstalmentState
from app.budgets.models import Appropriation, AppropriationKind, FundLine
from app.core import clock, crypto, db, ids
from app.core.actor import SYSTEM
from app.disbursement.models import (
    FindingOutcome,
    PayeeCheck,
    PaymentFile,
    Payout,
    PayoutFinding,
    PayoutPart,
    PayoutRun,
    PayoutState,
    RunKind,
    RunState,
)
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.policy.queries import version_for
from app.policy.service import load_catalogue
from app.reconciliation.models import LineOutcome, ReturnFile, ReturnKind, ReturnLine
from app.registry.models import (
    AccountKind,
    AccountState,
    BankAccount,
    Enrolment,
    HolderKind,
    IdentityState,
    School,
    Student,
)
from tests.factories.office import City

PROGRAMME, PERIOD, YEAR = "boarding-subsidy", "2008-spring", "2007-2008"
DOCUMENT_NUMBER = "济财教〔2008〕12号"
APPROPRIATED_FEN = 200_000
RESIDENT_IDS = ("370811199909090016", "370811199808080024", "370811199407070030")
CASES = (
    # school, name, class, amount, payout, what the bank said
    ("2137000006", "赵芳", "1", 25_000, PayoutState.PAID, LineOutcome.PAID),
    ("2137000006", "=钱伟", "2", 25_000, PayoutState.FAILED, LineOutcome.FAILED),
    ("3137000008", "孙丽", "1", 37_500, PayoutState.UNKNOWN, LineOutcome.UNKNOWN),
)
INSTALMENT_OF = {
    PayoutState.PAID: InstalmentState.PAID,
    PayoutState.FAILED: InstalmentState.COMMITTED,
    PayoutState.UNKNOWN: InstalmentState.IN_RUN,
}


@dataclass
class Chain:
    """Everything by noun; what there is one of a pupil is in the pupils' order."""

    fund_line: FundLine
    appropriation: Appropriation
    batches: list[DecisionBatch]
    run: PayoutRun
    payment_file: PaymentFile
    return_file: ReturnFile
    students: list[Student] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)
    instalments: list[Instalment] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)


def make_chain(session: Session, city: City) -> Chain:
    """The chain, committed with the caller's transaction."""
    db.enter(session, SYSTEM)
    load_catalogue(session, "jining-2008")
    county = city.counties["370811"]
    chain = _offices(session, city, county)
    for place in range(len(CASES)):
        _case(session, city, chain, place)
    _books(session, chain)
    return chain


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def _offices(session: Session, city: City, county: UUID) -> Chain:
    """What all three cases share: budget, decision batches, run, bank files."""
    line = _add(
        session,
        FundLine(
            code=f"2008/{PROGRAMME}/county/370811",
            fiscal_year=2008,
            programme=PROGRAMME,
            source="county",
            holder_id=county,
            county_id=county,
            made_at=clock.now(),
        ),
    )
    document = _add(
        session,
        Appropriation(
            document_number=DOCUMENT_NUMBER,
            dated_on=date(2008, 1, 15),
            kind=AppropriationKind.THIS,
            fund_line_id=line.id,
            county_id=county,
            amount_fen=APPROPRIATED_FEN,
            recorded_by=city.staff["finance_maker"].id,
            recorded_at=clock.now(),
        ),
    )
    total = sum(case[3] for case in CASES)
    batches = [
        _add(
            session,
            DecisionBatch(
                step=step,
                verdict=Verdict.APPROVE,
                reason="材料齐全",
                case_count=len(CASES),
                amount_fen=total,
                left_out=0,
                decided_by=city.staff[who].id,
                decided_at=clock.now(),
            ),
        )
        for step, who in ((Step.COUNTY, "county_officer@370811"), (Step.CITY, "city_officer"))
    ]
    run = _add(
        session,
        PayoutRun(
            number="R-2008-0001",
            kind=RunKind.DUE,
            programme=PROGRAMME,
            due_to=date(2008, 6, 30),
            bank_format="generic-pipe",
            state=RunState.RELEASED,
            opened_by=city.staff["finance_maker"].id,
            opened_at=clock.now(),
            released_by=city.staff["finance_checker"].id,
            released_at=clock.now(),
        ),
    )
    sent = _stored(session, DocumentKind.PAYMENT_FILE, b"out")
    file = _add(
        session,
        PaymentFile(
            number="F-2008-0001",
            run_id=run.id,
            part=1,
            bank_format="generic-pipe",
            document_id=sent.id,
            sha256=sent.sha256,
            line_count=len(CASES),
            amount_fen=total,
            accounts_sha256=crypto.fingerprint(b"accounts"),
            made_at=clock.now(),
        ),
    )
    back = _stored(session, DocumentKind.RETURN_FILE, b"back")
    returned = _add(
        session,
        ReturnFile(
            kind=ReturnKind.REPLY,
            payment_file_id=file.id,
            document_id=back.id,
            sha256=back.sha256,
            line_count=len(CASES),
            amount_fen=total,
            received_by=city.staff["finance_maker"].id,
            received_at=clock.now(),
        ),
    )
    _add(
        session,
        ApplicationRound(
            programme=PROGRAMME,
            period=PERIOD,
            opens_on=date(2008, 2, 20),
            closes_on=date(2008, 4, 30),
            opened_by=city.staff["city_officer"].id,
            opened_at=clock.now(),
        ),
    )
    return Chain(line, document, batches, run, file, returned)  # fmt: skip


def _stored(session: Session, kind: DocumentKind, data: bytes) -> Any:
    return documents.store(
        session, kind=kind, name="file.txt", media_type="text/plain", data=data, by=SYSTEM
    )


def _case(session: Session, city: City, chain: Chain, place: int) -> None:
    code, name, class_name, amount_fen, _, _ = CASES[place]
    school = city.schools[code]
    where = {"school_id": school.id, "county_id": school.county_id}
    clerk = city.staff[f"school_clerk@{code}"].id
    student = _student(session, school, name, class_name, place=place, by=clerk)
    application = _application(session, chain, student, school, place=place, by=clerk)
    for batch in chain.batches:
        _add(
            session,
            Decision(
                application_id=application.id,
                submission_no=1,
                step=batch.step,
                **where,
                verdict=batch.verdict,
                reason=batch.reason,
                batch_id=batch.id,
                decided_by=batch.decided_by,
                decided_at=clock.now(),
            ),
        )
    version = version_for(session, PROGRAMME, PERIOD)
    award = _add(
        session,
        Award(
            application_id=application.id,
            student_id=student.id,
            **where,
            programme=PROGRAMME,
            period=PERIOD,
            policy_version_id=version.id,
            hardship=1,
            amount_fen=amount_fen,
            state=AwardState.GRANTED,
            decision_batch_id=chain.batches[-1].id,
            made_at=clock.now(),
        ),
    )
    instalment = _add(
        session,
        Instalment(
            award_id=award.id,
            **where,
            seq=1,
            due_on=date(2008, 6, 15),
            fiscal_year=2008,
            amount_fen=amount_fen,
            state=INSTALMENT_OF[CASES[place][4]],
        ),
    )
    _add(
        session,
        InstalmentShare(
            instalment_id=instalment.id,
            fund_line_id=chain.fund_line.id,
            **where,
            amount_fen=amount_fen,
        ),
    )
    chain.students.append(student)
    chain.applications.append(application)
    chain.awards.append(award)
    chain.instalments.append(instalment)
    chain.payouts.append(_payout(session, chain, student, instalment, place=place))  # fmt: skip


def _student(
    session: Session, school: School, name: str, class_name: str, *, place: int, by: UUID
) -> Student:
    key = ids.new()
    number = RESIDENT_IDS[place]
    where = {"school_id": school.id, "county_id": school.county_id}
    student = _add(
        session,
        Student(
            id=key,
            **where,
            name=name,
            identity=IdentityState.DOCUMENTED,
            resident_id=crypto.encrypt(number, table="student", column="resident_id", record=key),
            resident_id_index=crypto.blind_index(number, table="student", column="resident_id"),
            made_at=clock.now(),
            made_by=by,
        ),
    )
    _add(
        session,
        Enrolment(
            student_id=key,
            **where,
            school_year=YEAR,
            stage=school.stage,
            grade=1,
            class_name=class_name,
            boards=True,
            entered_on=date(2008, 2, 20),
            made_at=clock.now(),
            made_by=by,
        ),
    )
    return student  # fmt: skip


def _application(
    session: Session, chain: Chain, student: Student, school: School, *, place: int, by: UUID
) -> Application:
    _, name, class_name, amount_fen, _, _ = CASES[place]
    where = {"school_id": school.id, "county_id": school.county_id}
    facts = {
        "stage": school.stage.value,
        "school_area": school.school_area.value,
        "boards": True,
        "hardship": 1,
    }
    round_id = session.scalars(select(ApplicationRound.id)).one()
    came = {"eligible": True, "amount_fen": amount_fen, "failed": [], "missing": []}
    application = _add(
        session,
        Application(
            number=f"BS-2008S-{place + 1:07d}",
            student_id=student.id,
            **where,
            round_id=round_id,
            programme=PROGRAMME,
            period=PERIOD,
            state=ApplicationState.CONFIRMED,
            submission_no=1,
            student_name=name,
            grade=1,
            class_name=class_name,
            stage=school.stage.value,
            hardship=1,
            **came,
            uploaded_by=by,
            made_at=clock.now(),
            reported_at=clock.now(),
        ),
    )
    _add(
        session,
        Submission(
            application_id=application.id,
            submission_no=1,
            **where,
            policy_version_id=version_for(session, PROGRAMME, PERIOD).id,
            facts={
                name: {"value": value, "source": "school_sheet", "as_of": "2008-03-01"}
                for name, value in facts.items()
            },
            **came,
            made_by=by,
            made_at=clock.now(),
        ),
    )
    return application  # fmt: skip


def _payout(
    session: Session, chain: Chain, student: Student, instalment: Instalment, *, place: int
) -> Payout:
    _, name, _, amount_fen, state, said = CASES[place]
    where = {"school_id": student.school_id, "county_id": student.county_id}
    key, number = ids.new(), f"622848000000000{place:04d}"
    account = _add(
        session,
        BankAccount(
            id=key,
            student_id=student.id,
            **where,
            kind=AccountKind.PASSBOOK,
            number=crypto.encrypt(number, table="bank_account", column="number", record=key),
            number_index=crypto.blind_index(number, table="bank_account", column="number"),
            number_tail=number[-4:],
            bank_name="农村信用社",
            holder=HolderKind.STUDENT,
            holder_name=name,
            state=AccountState.CONFIRMED,
            made_at=clock.now(),
            made_by=student.made_by,
            confirmed_by=SYSTEM.id,
            confirmed_at=clock.now(),
        ),
    )
    payout = _add(
        session,
        Payout(
            number=f"P-2008-{place + 1:06d}",
            run_id=chain.run.id,
            student_id=student.id,
            **where,
            account_id=account.id,
            amount_fen=amount_fen,
            state=state,
            file_id=chain.payment_file.id,
            file_line=place + 1,
            made_at=clock.now(),
            sent_at=clock.now(),
        ),
    )
    _add(
        session,
        PayoutPart(
            payout_id=payout.id,
            instalment_id=instalment.id,
            **where,
            amount_fen=amount_fen,
            live=state is not PayoutState.FAILED,
        ),
    )
    if state is PayoutState.FAILED:
        _add(
            session,
            PayoutFinding(
                payout_id=payout.id,
                finding=PayeeCheck.HOLDER_DIFFERS,
                **where,
                found_at=clock.now(),
                facts="",
                outcome=FindingOutcome.OPEN,
            ),
        )
    _add(
        session,
        ReturnLine(
            return_file_id=chain.return_file.id,
            line_no=place + 1,
            payout_id=payout.id,
            **where,
            outcome=said,
            amount_fen=amount_fen,
        ),
    )
    return payout  # fmt: skip


def _books(session: Session, chain: Chain) -> None:
    line = chain.fund_line.code
    ledger.open_accounts(session, select(FundLine.code).where(FundLine.code == line))
    by_state = {each.state: each for each in chain.instalments}
    moves = (
        (TransferKind.APPROPRIATE, [(chain.appropriation.id, APPROPRIATED_FEN)]),
        (TransferKind.COMMIT, [(each.id, each.amount_fen) for each in chain.instalments]),
        (TransferKind.SEND, [(each.id, each.amount_fen) for each in chain.instalments]),
        (TransferKind.PAY, [(by_state[InstalmentState.PAID].id, 25_000)]),
        (TransferKind.FAIL, [(by_state[InstalmentState.COMMITTED].id, 25_000)]),
    )
    shape = (column("line", String), column("refers_to", Uuid()), column("fen", BigInteger))
    for kind, money in moves:
        rows = values(*shape, name="moved").data([(line, key, fen) for key, fen in money])
        ledger.move(session, kind=kind, batch=ids.new(), by=SYSTEM, lines=select(*rows.c))
