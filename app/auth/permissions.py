"""The one table of who may do what."""

from enum import StrEnum

from app.auth.models import Role

R = Role


class Act(StrEnum):
    """Everything a route may ask leave for."""

    SELF = "self"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 an act, not a password
    OFFICE_DAY_SET = "office_day.set"
    ORGANISATION_READ = "organisation.read"
    ORGANISATION_MANAGE = "organisation.manage"
    STAFF_MANAGE = "staff.manage"
    CLIENT_MANAGE = "client.manage"
    CLIENT_GRANT = "client.grant"
    AUDIT_READ = "audit.read"
    DOCUMENT_STORE = "document.store"
    DOCUMENT_READ = "document.read"
    SCHOOL_READ = "school.read"
    SCHOOL_MANAGE = "school.manage"
    STUDENT_READ = "student.read"
    STUDENT_WRITE = "student.write"
    STUDENT_REVEAL = "student.reveal"
    IDENTITY_CONFIRM = "identity.confirm"
    ID_CORRECTION_PROPOSE = "resident_id_correction.propose"
    ID_CORRECTION_READ = "resident_id_correction.read"
    ID_CORRECTION_SETTLE = "resident_id_correction.settle"
    ACCOUNT_WRITE = "account.write"
    ACCOUNT_CONFIRM = "account.confirm"
    BANK_NAME_PROPOSE = "bank_name.propose"
    BANK_NAME_READ = "bank_name.read"
    BANK_NAME_CONFIRM = "bank_name.confirm"
    TRANSFER_REQUEST = "transfer.request"
    TRANSFER_SETTLE = "transfer.settle"
    ENROLMENT_CONFIRM = "enrolment.confirm"
    ROLL_OVER = "year.roll_over"
    ROLL_FORWARD = "round.roll_forward"
    PROGRAMME_READ = "programme.read"
    POLICY_DRAFT = "policy.draft"
    POLICY_DRAFT_READ = "policy.draft_read"
    POLICY_APPROVE = "policy.approve"
    ARREARS_SETTLE = "award.arrears"
    REASSESS = "application.reassess"
    ROUND_READ = "round.read"
    ROUND_MANAGE = "round.manage"
    LATE_PERMIT = "late.permit"
    APPLICATION_READ = "application.read"
    APPLICATION_WRITE = "application.write"
    IMPORT = "import"
    BATCH_READ = "batch.read"
    BATCH_FILL = "batch.fill"
    BATCH_ENDORSE = "batch.endorse"
    BATCH_REPORT = "batch.report"
    DECIDE = "application.decide"
    ANNOUNCE = "application.announce"
    OBJECTION_RECORD = "objection.record"
    OBJECTION_SETTLE = "objection.settle"
    REVIEW_RECORD = "review.record"
    REVIEW_DECIDE = "review.decide"
    NOTICE_READ = "notice.read"
    AWARD_READ = "award.read"
    BUDGET_READ = "budget.read"
    APPROPRIATE = "budget.appropriate"
    CASH_RECORD = "cash.record"
    PAYMENT_MODE_SET = "payment_mode.set"
    QUOTA_READ = "quota.read"
    QUOTA_SET = "quota.set"
    ALLOCATION_PROPOSE = "allocation.propose"
    LEDGER_READ = "ledger.read"
    DAY_CLOSE = "day.close"
    YEAR_END_PROPOSE = "year_end.propose"
    YEAR_END_CONFIRM = "year_end.confirm"
    RUN_READ = "run.read"
    RUN_OPEN = "run.open"
    RUN_RELEASE = "run.release"
    HOLD_PLACE = "hold.place"
    PAYOUT_OVERRIDE = "payout.override"
    BLACKOUT_SET = "blackout.set"
    STAFF_ACCOUNT_WRITE = "staff_account.write"
    STAFF_ACCOUNT_READ = "staff_account.read"
    STAFF_ACCOUNT_REMOVE = "staff_account.remove"
    FILE_DOWNLOAD = "file.download"
    RETURN_RECEIVE = "return.receive"
    PAY_REGISTER_READ = "pay_register.read"
    PAY_REGISTER_SIGN = "pay_register.sign"
    PAY_REGISTER_CONFIRM = "pay_register.confirm"
    PAYING_ACCOUNT_ENTER = "paying-account.enter"
    PAYING_ACCOUNT_CONFIRM = "paying-account.confirm"
    STATEMENT_TAKE = "statement.take"
    WORKLIST_READ = "worklist.read"
    WORKLIST_RESOLVE = "worklist.resolve"
    REPLY_LEARN = "reply.learn"
    REISSUE = "payout.reissue"
    RECOGNITION_READ = "recognition.read"
    RECOGNITION_FILL = "recognition.fill"
    RECOGNITION_PANEL = "recognition.panel"
    RECOGNITION_DECIDE = "recognition.decide"
    RECOGNITION_NOTICE = "recognition.notice"
    RECOGNITION_OBJECT = "recognition.object"
    RECOGNITION_REVIEW = "recognition.review"
    RECOGNITION_CHANGE = "recognition.change"
    RECOGNITION_CANCEL = "recognition.cancel"
    ALLOCATION_READ = "allocation.read"
    ALLOCATION_COUNT = "allocation.count"
    ALLOCATION_APPROVE = "allocation.approve"
    SCHOOL_ACCOUNT_WRITE = "school_account.write"
    SCHOOL_ACCOUNT_CONFIRM = "school_account.confirm"
    RECOGNITION_BY_REGISTER = "recognition.by_register"
    RECOVERY_READ = "recovery.read"
    RECOVERY_MARK = "recovery.mark"
    RECOVERY_SETTLE = "recovery.settle"
    RECOVERY_AGREE = "recovery.agree"
    WRITE_OFF_ASK = "write_off.ask"
    WRITE_OFF_ANSWER = "write_off.answer"
    EVIDENCE_REVEAL = "evidence.reveal"
    ROSTER_READ = "roster.read"
    TRAIL_READ = "trail.read"
    STATISTICS_READ = "statistics.read"
    REGISTER_LOAD = "register.load"
    REGISTER_READ = "register.read"
    REGISTER_NEEDY_READ = "register.needy.read"
    VERIFY = "verify"
    SIMULATE = "simulate"


_EVERYBODY = frozenset(R)
_SCHOOL = frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, R.SCHOOL_SYSTEM})
_SCHOOL_AND_TEACHER = _SCHOOL | {R.CLASS_TEACHER}
_OFFICERS = frozenset({R.COUNTY_OFFICER, R.CITY_OFFICER})
_FINANCE = frozenset({R.FINANCE_MAKER, R.FINANCE_CHECKER})
_CASE_READERS = _SCHOOL_AND_TEACHER | _OFFICERS | _FINANCE | {R.AUDITOR}
_OFFICE_READERS = _OFFICERS | _FINANCE | {R.AUDITOR}

MAY: dict[Act, frozenset[Role]] = {
    Act.SELF: _EVERYBODY,
    Act.PASSWORD_CHANGE: _EVERYBODY - {R.SCHOOL_SYSTEM},
    Act.OFFICE_DAY_SET: frozenset({R.ADMINISTRATOR}),
    Act.ORGANISATION_READ: _EVERYBODY,
    Act.ORGANISATION_MANAGE: frozenset({R.ADMINISTRATOR}),
    Act.STAFF_MANAGE: frozenset({R.ADMINISTRATOR}),
    Act.CLIENT_MANAGE: frozenset({R.ADMINISTRATOR}),
    Act.CLIENT_GRANT: frozenset({R.SCHOOL_HEAD}),
    Act.AUDIT_READ: frozenset({R.AUDITOR}),
    Act.DOCUMENT_STORE: _SCHOOL | _OFFICERS | {R.FINANCE_MAKER},
    Act.DOCUMENT_READ: _OFFICE_READERS | {R.SCHOOL_CLERK, R.SCHOOL_HEAD},
    Act.SCHOOL_READ: _CASE_READERS,
    Act.SCHOOL_MANAGE: _OFFICERS,
    Act.STUDENT_READ: _CASE_READERS,
    Act.STUDENT_WRITE: _SCHOOL | _OFFICERS,
    Act.STUDENT_REVEAL: _OFFICERS | _FINANCE | {R.SCHOOL_HEAD, R.AUDITOR},
    Act.IDENTITY_CONFIRM: _OFFICERS,
    Act.ID_CORRECTION_PROPOSE: _SCHOOL | _OFFICERS,
    Act.ID_CORRECTION_READ: _SCHOOL | _OFFICERS | {R.AUDITOR},
    Act.ID_CORRECTION_SETTLE: _OFFICERS,
    Act.ACCOUNT_WRITE: _SCHOOL | _OFFICERS,
    Act.ACCOUNT_CONFIRM: _OFFICERS | {R.SCHOOL_CLERK, R.SCHOOL_HEAD},
    Act.BANK_NAME_PROPOSE: _SCHOOL | _OFFICERS | {R.FINANCE_MAKER},
    Act.BANK_NAME_READ: _SCHOOL | _OFFICE_READERS,
    Act.BANK_NAME_CONFIRM: _OFFICERS | {R.FINANCE_CHECKER},
    Act.TRANSFER_REQUEST: _SCHOOL,
    Act.TRANSFER_SETTLE: _OFFICERS | {R.SCHOOL_HEAD},
    Act.ENROLMENT_CONFIRM: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD}),
    Act.ROLL_OVER: _OFFICERS,
    Act.ROLL_FORWARD: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, *_OFFICERS}),
    Act.PROGRAMME_READ: _EVERYBODY,
    Act.POLICY_DRAFT: frozenset({R.CITY_OFFICER}),
    Act.POLICY_DRAFT_READ: _OFFICE_READERS,
    Act.POLICY_APPROVE: frozenset({R.CITY_OFFICER}),
    Act.ARREARS_SETTLE: frozenset({R.CITY_OFFICER}),
    Act.REASSESS: frozenset({R.CITY_OFFICER}),
    Act.ROUND_READ: _EVERYBODY,
    Act.ROUND_MANAGE: frozenset({R.CITY_OFFICER}),
    Act.LATE_PERMIT: _OFFICERS,
    Act.APPLICATION_READ: _CASE_READERS,
    Act.APPLICATION_WRITE: _SCHOOL | _OFFICERS,
    Act.IMPORT: _SCHOOL | _OFFICERS,
    Act.BATCH_READ: _SCHOOL_AND_TEACHER | _OFFICERS | {R.AUDITOR},
    Act.BATCH_FILL: frozenset({R.SCHOOL_CLERK, *_OFFICERS}),
    Act.BATCH_ENDORSE: frozenset({R.SCHOOL_HEAD, *_OFFICERS}),
    Act.BATCH_REPORT: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, *_OFFICERS}),
    Act.DECIDE: _OFFICERS,
    Act.ANNOUNCE: frozenset({R.CITY_OFFICER}),
    Act.OBJECTION_RECORD: _OFFICERS,
    Act.OBJECTION_SETTLE: frozenset({R.CITY_OFFICER}),
    Act.REVIEW_RECORD: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, *_OFFICERS}),
    Act.REVIEW_DECIDE: _OFFICERS,
    Act.NOTICE_READ: _CASE_READERS,
    Act.AWARD_READ: _CASE_READERS,
    Act.BUDGET_READ: _OFFICE_READERS,
    Act.APPROPRIATE: frozenset({R.FINANCE_MAKER}),
    Act.CASH_RECORD: frozenset({R.FINANCE_MAKER}),
    Act.PAYMENT_MODE_SET: frozenset({R.FINANCE_CHECKER}),
    Act.QUOTA_READ: _SCHOOL | _OFFICE_READERS,
    Act.QUOTA_SET: frozenset({R.CITY_OFFICER}),
    Act.ALLOCATION_PROPOSE: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, *_OFFICERS}),
    Act.LEDGER_READ: _OFFICE_READERS,
    Act.DAY_CLOSE: frozenset({R.FINANCE_CHECKER}),
    Act.YEAR_END_PROPOSE: frozenset({R.FINANCE_MAKER}),
    Act.YEAR_END_CONFIRM: frozenset({R.FINANCE_CHECKER}),
    Act.RUN_READ: _OFFICE_READERS,
    Act.RUN_OPEN: frozenset({R.FINANCE_MAKER}),
    Act.RUN_RELEASE: frozenset({R.FINANCE_CHECKER}),
    Act.HOLD_PLACE: _OFFICERS | {R.FINANCE_MAKER},
    Act.PAYOUT_OVERRIDE: frozenset({R.FINANCE_CHECKER}),
    Act.BLACKOUT_SET: _FINANCE,
    Act.STAFF_ACCOUNT_WRITE: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, *_OFFICERS}),
    Act.STAFF_ACCOUNT_READ: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD}) | _OFFICE_READERS,
    Act.STAFF_ACCOUNT_REMOVE: _OFFICERS,
    Act.FILE_DOWNLOAD: _FINANCE,
    Act.RETURN_RECEIVE: frozenset({R.FINANCE_MAKER}),
    Act.PAY_REGISTER_READ: _OFFICE_READERS | {R.SCHOOL_CLERK, R.SCHOOL_HEAD},
    Act.PAY_REGISTER_SIGN: _FINANCE | {R.SCHOOL_CLERK, R.SCHOOL_HEAD},
    Act.PAY_REGISTER_CONFIRM: frozenset({R.FINANCE_CHECKER}),
    Act.PAYING_ACCOUNT_ENTER: frozenset({R.FINANCE_MAKER}),
    Act.PAYING_ACCOUNT_CONFIRM: frozenset({R.FINANCE_CHECKER}),
    Act.STATEMENT_TAKE: frozenset({R.FINANCE_MAKER}),
    Act.WORKLIST_READ: _SCHOOL | _OFFICE_READERS,
    Act.WORKLIST_RESOLVE: _FINANCE,
    Act.REPLY_LEARN: frozenset({R.FINANCE_CHECKER}),
    Act.REISSUE: frozenset({R.FINANCE_MAKER}),
    Act.RECOGNITION_READ: _SCHOOL_AND_TEACHER | _OFFICERS | {R.AUDITOR},
    Act.RECOGNITION_FILL: _SCHOOL_AND_TEACHER | _OFFICERS,
    Act.RECOGNITION_PANEL: frozenset({R.CLASS_TEACHER, R.SCHOOL_CLERK}),
    Act.RECOGNITION_DECIDE: frozenset({R.SCHOOL_HEAD}),
    Act.RECOGNITION_NOTICE: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD}),
    Act.RECOGNITION_OBJECT: frozenset({R.SCHOOL_CLERK, R.SCHOOL_HEAD, *_OFFICERS}),
    Act.RECOGNITION_REVIEW: _OFFICERS,
    Act.RECOGNITION_CHANGE: _OFFICERS,
    Act.RECOGNITION_CANCEL: _OFFICERS,
    Act.ALLOCATION_READ: _SCHOOL | _OFFICE_READERS,
    Act.ALLOCATION_COUNT: _OFFICERS,
    Act.ALLOCATION_APPROVE: _OFFICERS,
    Act.SCHOOL_ACCOUNT_WRITE: _SCHOOL | _OFFICERS,
    Act.SCHOOL_ACCOUNT_CONFIRM: _OFFICERS,
    Act.RECOGNITION_BY_REGISTER: _OFFICERS,
    Act.RECOVERY_READ: _OFFICE_READERS,
    Act.RECOVERY_MARK: _OFFICERS,
    Act.RECOVERY_SETTLE: frozenset({R.FINANCE_MAKER}),
    Act.RECOVERY_AGREE: _OFFICERS,
    Act.WRITE_OFF_ASK: _OFFICERS | {R.FINANCE_MAKER},
    Act.WRITE_OFF_ANSWER: frozenset({R.FINANCE_CHECKER}),
    Act.EVIDENCE_REVEAL: _OFFICERS | _FINANCE | {R.AUDITOR},
    Act.ROSTER_READ: _OFFICE_READERS | {R.SCHOOL_CLERK, R.SCHOOL_HEAD},
    Act.TRAIL_READ: _OFFICE_READERS,
    Act.STATISTICS_READ: _SCHOOL | _OFFICE_READERS,
    Act.REGISTER_LOAD: _OFFICERS,
    Act.REGISTER_READ: _OFFICERS | {R.AUDITOR},
    Act.REGISTER_NEEDY_READ: _OFFICERS | {R.SCHOOL_CLERK, R.SCHOOL_HEAD, R.AUDITOR},
    Act.VERIFY: frozenset({R.AUDITOR}),
    Act.SIMULATE: _OFFICE_READERS | {R.SCHOOL_HEAD},
}
