"""One object of every kind in 任城区 (370811), for callers elsewhere to ask for."""

from collections.abc import Mapping
from datetime import date
from io import BytesIO
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from app.allocations.models import AllocationState, SchoolAllocation
from app.applications.models import (
    BatchState,
    Objection,
    ObjectionState,
    ReportingBatch,
    Review,
    ReviewState,
)
from app.applications.place_models import PlaceEntry, PlaceReason, PlaceState
from app.auth.models import ApiClient, ClientGrant
from app.awards.models import Award, Instalment
from app.core import clock
from app.core.actor import SYSTEM
from app.disbursement.guard_models import Blackout, StaffAccount
from app.disbursement.models import PaymentHold, PayoutMethod
from app.disbursement.pay_register_models import PayRegister
from app.disbursement.paying_models import PayingAccount
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.imports.models import ImportKind, SheetImport
from app.notices.models import Notice, NoticeState
from app.recognition.models import (
    FormState,
    RecognitionForm,
    RecognitionRequest,
    RequestKind,
    RequestState,
)
from app.reconciliation.signed_register_models import SignedRegister, SignedState
from app.reconciliation.statement_models import BankStatement
from app.recoveries.models import (
    Recoverable,
    RecoveryAgreement,
    RecoveryReason,
    RecoveryState,
)
from app.registers import service as registers
from app.registers.models import Basis, RegisterKind
from app.registers.service import Upload
from app.registry.models import (
    Enrolment,
    RollOver,
    RollOverState,
    School,
    Student,
    TransferRequest,
    TransferState,
)
from app.registry.school_models import SchoolAccount, SchoolAccountState
from app.registry.service_id_corrections import Corrected, propose_corrections
from app.rolls import service as rolls
from app.rolls.service import Upload as RollUpload
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError
from tests.factories.chain import PERIOD, PROGRAMME, RESIDENT_IDS, YEAR, make_chain
from tests.factories.id_corrections import store_scan
from tests.factories.office import City
from tests.registry.rows import resident_id

SCHOOL, OTHER_SCHOOL = "2137000006", "3137000008"
DAY = date(2008, 5, 4)
RIGHT_ID = resident_id(1)

Ids = Mapping[str, UUID]


def make_neighbours(session: Session, city: City) -> dict[str, UUID]:
    """The id of each kind, by the parameter's name or by `first path segment:parameter`."""
    chain = make_chain(session, city)
    school = city.schools[SCHOOL]
    place = {"school_id": school.id, "county_id": school.county_id}
    clerk = city.staff[f"school_clerk@{SCHOOL}"].id
    student, application = chain.students[0], chain.applications[0]
    form = _form(student.id, place, clerk)
    change, cancellation = (_request(kind, student.id, place, clerk) for kind in RequestKind)
    made = [
        form,
        change,
        cancellation,
        ReportingBatch(
            round_id=application.round_id,
            state=BatchState.FILLING,
            panel=["校长"],
            filled_by=clerk,
            **place,
        ),
        _transfer(city, student.id, clerk),
        _import(session, city, place),
        PaymentHold(
            student_id=student.id, reason="核查", placed_by=clerk, placed_at=clock.now(), **place
        ),
        _notice(clerk),
        _roll_over(school.county_id, clerk),
    ]
    session.add_all(made)
    session.flush()
    allocation, account = _paid_to_school(school, chain.awards[0].policy_version_id, clerk)
    session.add_all([allocation, account])
    session.flush()
    paying, statement = _statement(session, city, school.county_id)
    pay_register, signed_register = _signed(session, chain.run.id, place, clerk)
    batch, transfer, sheet, hold, notice, roll_over = (each.id for each in made[3:])
    objection = Objection(
        application_id=application.id,
        notice_id=notice,
        raised_on=DAY,
        words="不寄宿",
        recorded_by=clerk,
        state=ObjectionState.OPEN,
        **place,
    )
    review = Review(
        application_id=application.id,
        submission_no=1,
        asked_on=DAY,
        asked_by_name="赵强",
        relation="父亲",
        words="家里确有困难",
        recorded_by=clerk,
        due_on=DAY,
        state=ReviewState.OPEN,
        **place,
    )
    entry = PlaceEntry(
        application_id=application.id,
        round_id=application.round_id,
        rank=2,
        reason=PlaceReason.OVER_PLACES,
        reason_zh="名额 1 个",
        reason_en="one place",
        places=1,
        state=PlaceState.WAITING,
        made_at=clock.now(),
        **place,
    )
    staff_account = StaffAccount(
        number_index=b"x", number_tail="0011", holder_name="赵师", reason="教师",
        made_by=clerk, made_at=clock.now(), **place,
    )  # fmt: skip
    blackout = Blackout(
        holder_id=school.county_id, from_on=DAY, to_on=DAY, reason="结账",
        set_by=clerk, set_at=clock.now(),
    )  # fmt: skip
    session.add_all([objection, review, entry, staff_account, blackout])
    enrolment = session.execute(
        select(col(Enrolment.id)).where(col(Enrolment.student_id) == student.id)
    ).scalar_one()
    form.school_notice_id = notice
    debt = _debt(session, chain.awards[0], place, clerk)
    agreement = RecoveryAgreement(
        student_id=student.id, offset_basis_points=5000, terms="每期抵扣一半", made_by=clerk,
        made_at=clock.now(), **place,
    )  # fmt: skip
    session.add_all([debt, agreement])
    return {
        "form_id": form.id,
        "change_id": change.id,
        "cancellation_id": cancellation.id,
        "recognitions:notice_id": notice,
        "student_id": student.id,
        "enrolment_id": enrolment,
        "school_id": school.id,
        "transfer_id": transfer,
        "roll_over_id": roll_over,
        "grant_id": _grant(session, city),
        "application_id": application.id,
        "import_id": sheet,
        "batches:batch_id": batch,
        "decision-batches:batch_id": chain.batches[0].id,
        "objection_id": objection.id,
        "review_id": review.id,
        "run_id": chain.run.id,
        "files:file_id": chain.payment_file.id,
        "return-files:file_id": chain.return_file.id,
        "hold_id": hold,
        "staff_account_id": staff_account.id,
        "blackout_id": blackout.id,
        "place_id": entry.id,
        "allocation_id": allocation.id,
        "account_id": account.id,
        "paying_account_id": paying.id,
        "statement_id": statement.id,
        "pay_register_id": pay_register.id,
        "signed_register_id": signed_register.id,
        "award_id": chain.awards[0].id,
        "recoverable_id": debt.id,
        "agreement_id": agreement.id,
        "document_id": _scan(session, city).id,
        "correction_id": _correction(session, city, student),
        "register_id": _register(session, city),
        "roll_id": _roll(session, city),
    }


def _debt(session: Session, award: Award, place: dict[str, UUID], by: UUID) -> Recoverable:
    instalment = session.execute(
        select(Instalment).where(col(Instalment.award_id) == award.id).limit(1)
    ).scalar_one()
    return Recoverable(
        student_id=award.student_id,
        award_id=award.id,
        instalment_id=instalment.id,
        amount_fen=instalment.amount_fen,
        reason=RecoveryReason.LEFT,
        because="4月离校",
        state=RecoveryState.OPEN,
        marked_by=by,
        marked_at=clock.now(),
        **place,
    )


def _form(student: UUID, place: dict[str, UUID], by: UUID) -> RecognitionForm:
    return RecognitionForm(
        student_id=student,
        school_year=YEAR,
        state=FormState.NOTICED,
        student_name="赵芳",
        grade=1,
        class_name="1",
        authorised_kinds=[],
        needed=[],
        filled_by=by,
        filled_at=clock.now(),
        **place,
    )


def _request(
    kind: RequestKind, student: UUID, place: dict[str, UUID], by: UUID
) -> RecognitionRequest:
    return RecognitionRequest(
        kind=kind,
        student_id=student,
        school_year=YEAR if kind is RequestKind.CHANGE else "2008-2009",
        level=1,
        because="家庭失火",
        state=RequestState.OPEN,
        requested_by=by,
        requested_at=clock.now(),
        **place,
    )


def _paid_to_school(school: School, version: UUID, by: UUID) -> list[SQLModel]:
    place = {"school_id": school.id, "county_id": school.county_id}
    return [
        SchoolAllocation(
            number="SA-2008-000001",
            programme=PROGRAMME,
            period=PERIOD,
            policy_version_id=version,
            as_of=DAY,
            roll=1,
            head_count=0,
            amount_fen=0,
            asked=0,
            asks={},
            state=AllocationState.COUNTED,
            counted_by=by,
            counted_at=clock.now(),
            **place,
        ),
        SchoolAccount(
            number=b"x",
            number_index=b"x",
            number_tail="0000",
            bank_name="农业银行",
            holder_name=school.name,
            state=SchoolAccountState.UNCONFIRMED,
            made_at=clock.now(),
            made_by=by,
            **place,
        ),
    ]


def _transfer(city: City, student: UUID, by: UUID) -> TransferRequest:
    to, old = city.schools[OTHER_SCHOOL], city.schools[SCHOOL]
    return TransferRequest(
        student_id=student,
        school_id=to.id,
        county_id=to.county_id,
        from_school_id=old.id,
        from_county_id=old.county_id,
        student_name="赵芳",
        grade=1,
        school_year=YEAR,
        reason="迁居",
        state=TransferState.REQUESTED,
        requested_by=by,
        requested_at=clock.now(),
    )


def _roll_over(county: UUID, by: UUID) -> RollOver:
    return RollOver(
        from_year=YEAR,
        to_year="2008-2009",
        county_id=county,
        counts={"promoted": 1, "graduates": 0, "already_there": 0, "unknown_grade": 0},
        state=RollOverState.DONE,
        made_by=by,
        made_at=clock.now(),
    )


def _import(session: Session, city: City, place: dict[str, UUID]) -> SheetImport:
    who = city.actor(f"school_clerk@{SCHOOL}")
    sheet = documents.store(
        session,
        kind=DocumentKind.SHEET,
        name="表.csv",
        media_type="text/csv",
        data=b"x",
        by=who,
        **place,
    )
    return SheetImport(
        kind=ImportKind.APPLICATIONS,
        programme=PROGRAMME,
        period=PERIOD,
        file_name="表.csv",
        document_id=sheet.id,
        dry_run=False,
        on_error=OnError.REJECT,
        state=TakingState.DONE,
        counts={},
        uploaded_by=who.id,
        made_at=clock.now(),
        **place,
    )


def _correction(session: Session, city: City, student: Student) -> UUID:
    wanted = Corrected(
        student_id=student.id, resident_id=RIGHT_ID, document_id=store_scan(session, student)
    )
    (made,) = propose_corrections(session, [wanted], because="录错", by=city.actor("city_officer"))
    return made.id


def _scan(session: Session, city: City):
    who = city.actor("finance_maker@370811")
    return documents.store(
        session, kind=DocumentKind.SCAN, name="文件.pdf", media_type="application/pdf",
        data=b"%PDF-1.4", by=who,
    )  # fmt: skip


def _statement(session: Session, city: City, county: UUID) -> tuple[PayingAccount, BankStatement]:
    paying = PayingAccount(
        holder_id=county,
        county_id=county,
        number=b"x",
        number_index=b"x",
        number_tail="0000",
        account_name="任城区学生资助管理中心",
        bank_name="农业银行",
        valid_from=DAY,
        made_by=city.actor("finance_maker").id,
        made_at=clock.now(),
    )
    session.add(paying)
    session.flush()
    statement = BankStatement(
        paying_account_id=paying.id,
        county_id=county,
        document_id=_scan(session, city).id,
        sha256=b"x",
        format="generic-statement-csv",
        number=1,
        opened_on=DAY,
        closed_on=DAY,
        opening_fen=0,
        closing_fen=0,
        line_count=0,
        debits_fen=0,
        credits_fen=0,
        received_by=paying.made_by,
        received_at=clock.now(),
    )
    session.add(statement)
    session.flush()
    return paying, statement


def _signed(
    session: Session, run: UUID, place: dict[str, UUID], by: UUID
) -> tuple[PayRegister, SignedRegister]:
    sheet, scan = (
        documents.store(
            session, kind=kind, name="签领册", media_type="application/pdf", data=b"x", by=SYSTEM,
            **place,
        ).id
        for kind in (DocumentKind.PAY_REGISTER, DocumentKind.SIGNED_REGISTER)
    )  # fmt: skip
    register = PayRegister(
        number="Q-2008-0001", run_id=run, method=PayoutMethod.CASH, document_id=sheet, sha256=b"x",
        line_count=0, amount_fen=0, made_at=clock.now(), **place,
    )  # fmt: skip
    session.add(register)
    session.flush()
    signed = SignedRegister(
        pay_register_id=register.id, document_id=scan, sha256=b"x", state=SignedState.UPLOADED,
        uploaded_by=by, uploaded_at=clock.now(), **place,
    )  # fmt: skip
    session.add(signed)
    session.flush()
    return register, signed


def _register(session: Session, city: City) -> UUID:
    """A list of 任城区's own that names the first pupil and has a bad row."""
    sent = Upload(
        filename="低保.csv",
        data=f"姓名,身份证号\n赵芳,{RESIDENT_IDS[0]}\n孙丽,1\n".encode(),
        kind=RegisterKind.MINIMUM_LIVING,
        issued_by="任城区民政局",
        as_of=DAY,
        basis=Basis.DUTY,
        basis_said="教财〔2018〕16号",
        on_error=OnError.ACCEPT_GOOD,
    )
    return registers.upload(session, sent, by=city.actor("county_officer@370811")).id


def _roll(session: Session, city: City) -> UUID:
    """A roll of 任城区's own with a bad row."""
    sent = RollUpload(
        filename="花名册.csv",
        file=BytesIO("学校标识码,姓名,身份证号,年级\n,孙丽,1,3\n".encode()),
        school_year=YEAR,
        entered_on=DAY,
        on_error=OnError.ACCEPT_GOOD,
        dry_run=False,
    )
    return rolls.upload(session, sent, by=city.actor("county_officer@370811")).id


def _notice(by: UUID) -> Notice:
    return Notice(
        number="GS-2008-0001",
        title="公示",
        programme=PROGRAMME,
        period=PERIOD,
        shown_from=DAY,
        shown_to=DAY,
        working_days=5,
        holidays_known=True,
        line_count=0,
        state=NoticeState.POSTED,
        posted_by=by,
        posted_at=clock.now(),
    )


def _grant(session: Session, city: City) -> UUID:
    client = ApiClient(client_id="vendor-1", name="校务系统", secret_hash="!", made_at=clock.now())
    session.add(client)
    session.flush()
    grant = ClientGrant(
        client_id=client.id,
        school_id=city.schools[SCHOOL].id,
        granted_by=city.staff[f"school_head@{SCHOOL}"].id,
        granted_at=clock.now(),
    )
    session.add(grant)
    session.flush()
    return grant.id
