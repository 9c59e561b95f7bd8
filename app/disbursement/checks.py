"""The pre-payment checks, each one query over a set of payees; all that fail are kept.

They run over temporary tables of the transaction: `payee` (one row a payout), `payee_part` (its
instalments with their award and term), `payee_most` (the yearly maximum of a policy version) and
`payee_finding` (what was found, and whether it was overridden). A payee without a student
is the school itself: what is asked of students alone passes it by.

What most of them ask about is looked up once, before, as each would read whole tables for it:
`payee_account`, `payee_student` and `payee_award` are the payees' own rows of these tables, an
award with what was decided; `payee_there` says of each payee and term whether the student is
absent, `payee_plan` what an award's instalments come to, `payee_twin` which other students'
accounts have the number.

Each check yields (payout_id, fact). Of the facts, the account and the amount a finding keeps a
digest, to which an override is bound: once something else is seen, the finding is open again.

Two students with one account are one household when both guardians' names are known and the same:
brothers and sisters may share an account. Otherwise the account is shared across households, as
is a school's own that is a student's, a guardian's or another school's too.
"""

from collections.abc import Mapping
from functools import cache

from sqlalchemy import TextClause, text
from sqlmodel import Session

from app.bank.layout import Format
from app.bank.line_faults import name_faults
from app.disbursement import guards
from app.disbursement.methods import Way
from app.disbursement.models import PayeeCheck
from app.policy import queries as policy
from app.registry import presence

_TABLES = (
    """DROP TABLE IF EXISTS pg_temp.payee, pg_temp.payee_part, pg_temp.payee_finding,
        pg_temp.payee_most, pg_temp.payee_account, pg_temp.payee_student,
        pg_temp.payee_award, pg_temp.payee_there, pg_temp.payee_plan, pg_temp.payee_twin""",
    """CREATE TEMP TABLE payee (payout_id uuid, student_id uuid, school_id uuid, county_id uuid,
        account_id uuid, amount_fen bigint, reissue_of uuid, school_account_id uuid)
        ON COMMIT DROP""",
    """CREATE TEMP TABLE payee_part (payout_id uuid, instalment_id uuid, school_id uuid,
        county_id uuid, amount_fen bigint, award_id uuid, supplement_version_id uuid, term text,
        school_year text) ON COMMIT DROP""",
    """CREATE TEMP TABLE payee_finding (payout_id uuid, finding text, facts text,
        overridden boolean) ON COMMIT DROP""",
    "CREATE TEMP TABLE payee_most (policy_version_id uuid, most_fen bigint) ON COMMIT DROP",
)
# An award's check looks up each of its instalments among those about to be sent.
_READY = (
    "CREATE INDEX ON payee (payout_id)",
    "CREATE INDEX ON payee_part (instalment_id)",
    "ANALYZE payee",
    "ANALYZE payee_part",
)

TERM = (
    "CASE WHEN a.period LIKE '%-autumn' OR a.period LIKE '%-spring' THEN a.period "
    "WHEN extract(month FROM i.due_on) >= 8 THEN extract(year FROM i.due_on)::text || '-autumn' "
    "WHEN extract(month FROM i.due_on) = 1 "
    "THEN (extract(year FROM i.due_on) - 1)::text || '-autumn' "
    "ELSE extract(year FROM i.due_on)::text || '-spring' END"
)
"""The term an instalment `i` of an award `a` is for: the award's own, or that of its due day."""

SCHOOL_YEAR = (
    "CASE WHEN a.period LIKE '%-autumn' THEN left(a.period, 4) || '-' || "
    "(left(a.period, 4)::int + 1) "
    "WHEN a.period LIKE '%-spring' THEN (left(a.period, 4)::int - 1) || '-' || left(a.period, 4) "
    "ELSE a.period END"
)
"""The school year of an award `a`."""

PART = (
    "i.id, i.school_id, i.county_id, i.amount_fen, i.award_id, i.supplement_version_id, "
    f"{TERM}, {SCHOOL_YEAR}"
)
"""What `payee_part` has of an instalment `i` of an award `a`, after the payout."""

# A supplement is for days past, on which the student was there: who left since is owed it too.
_THERE = f"""
    SELECT asked.payout_id, asked.term, {presence.ABSENT} AS absent,
        {presence.UNCONFIRMED} AS unconfirmed
    FROM (SELECT p.payout_id, p.student_id, part.school_year, part.term
        FROM payee p JOIN payee_part part USING (payout_id)
        WHERE part.supplement_version_id IS NULL AND p.student_id IS NOT NULL) asked
    {presence.JOINS}"""  # noqa: S608 own text
# Row by row through the key, as OFFSET makes it: the payees are a small part of these tables, and
# to ask the scope of every row of one costs many times what finding its few does.
_LOOK_UP: Mapping[str, str] = {
    "payee_account": """
        SELECT b.* FROM (SELECT DISTINCT account_id FROM payee) p CROSS JOIN LATERAL (
            SELECT b.id, b.student_id, b.state, b.holder, b.holder_name, b.name_as_at_bank,
                b.relation, b.reason, b.number_index
            FROM bank_account b WHERE b.id = p.account_id OFFSET 0) b""",
    "payee_student": """
        SELECT s.* FROM (SELECT DISTINCT student_id FROM payee) p CROSS JOIN LATERAL (
            SELECT s.id, s.name, s.identity, s.guardian_name
            FROM student s WHERE s.id = p.student_id OFFSET 0) s""",
    "payee_award": """
        SELECT a.* FROM (SELECT DISTINCT award_id FROM payee_part) part CROSS JOIN LATERAL (
            SELECT a.id, a.student_id, a.programme, a.period, a.policy_version_id, a.amount_fen,
                a.state, coalesce(
                    (SELECT amount_fen FROM application WHERE id = a.application_id),
                    (SELECT amount_fen FROM school_allocation WHERE id = a.allocation_id))
                    AS decided_fen
            FROM award a WHERE a.id = part.award_id OFFSET 0) a""",
    "payee_there": _THERE,
    # Filtered within the sums: as a condition, the planner reads the index of all that replace
    # nothing. Going is what is paid, on its way, or about to be sent.
    "payee_plan": """
        SELECT a.id AS award_id, plan.* FROM payee_award a CROSS JOIN LATERAL (
            SELECT sum(x.amount_fen) FILTER (WHERE x.supplement_version_id IS NULL
                    AND x.replaces_id IS NULL AND x.split_of_id IS NULL) AS decided_fen,
                sum(x.amount_fen) FILTER (WHERE x.supplement_version_id IS NOT NULL) AS added_fen,
                sum(x.amount_fen) FILTER (WHERE
                    EXISTS (SELECT FROM payout_part l WHERE l.instalment_id = x.id AND l.live)
                    OR EXISTS (SELECT FROM payee_part t WHERE t.instalment_id = x.id)) AS going_fen
            FROM instalment x WHERE x.award_id = a.id) plan""",
    # Who is paid in hand has an account too, by which another of the same name is found.
    "payee_twin": """
        SELECT b.account_id, b.student_id AS of_student, o.* FROM (
            SELECT id AS account_id, student_id, number_index FROM payee_account
            UNION ALL
            SELECT CAST(NULL AS uuid), p.student_id, own.number_index FROM payee p
            CROSS JOIN LATERAL (SELECT a.number_index FROM bank_account a
                WHERE a.student_id = p.student_id AND a.state = 'confirmed' OFFSET 0) own
            WHERE p.account_id IS NULL) b
        CROSS JOIN LATERAL (
            SELECT o.id, o.student_id, o.state FROM bank_account o
            WHERE o.number_index = b.number_index AND o.student_id <> b.student_id OFFSET 0) o""",
}

CHECKS: Mapping[PayeeCheck, str] = {
    PayeeCheck.NO_ACCOUNT: """
        SELECT p.payout_id, '' FROM payee p WHERE p.account_id IS NULL
            AND p.school_account_id IS NULL AND NOT EXISTS (
                SELECT FROM bank_account w
                WHERE w.student_id = p.student_id AND w.state = 'unconfirmed')
            AND NOT EXISTS (SELECT FROM school_account w WHERE p.student_id IS NULL
                AND w.school_id = p.school_id AND w.state = 'unconfirmed')""",
    # A change that waits for its second person holds the payment to the old account too.
    PayeeCheck.ACCOUNT_UNCONFIRMED: """
        SELECT p.payout_id, '' FROM payee p LEFT JOIN payee_account b ON b.id = p.account_id
        WHERE b.state <> 'confirmed' OR EXISTS (
            SELECT FROM bank_account w
            WHERE w.student_id = p.student_id AND w.state = 'unconfirmed')
        UNION ALL
        SELECT p.payout_id, '' FROM payee p LEFT JOIN school_account b ON b.id = p.school_account_id
        WHERE p.student_id IS NULL AND (b.state <> 'confirmed' OR EXISTS (
            SELECT FROM school_account w
            WHERE w.school_id = p.school_id AND w.state = 'unconfirmed'))""",
    PayeeCheck.HOLDER_DIFFERS: """
        SELECT p.payout_id, s.name FROM payee p JOIN payee_account b ON b.id = p.account_id
        JOIN payee_student s ON s.id = p.student_id
        WHERE (b.holder = 'student' AND b.holder_name <> s.name) OR (b.holder = 'guardian'
            AND (coalesce(btrim(b.relation), '') = '' OR coalesce(btrim(b.reason), '') = ''))
        UNION ALL
        SELECT p.payout_id, s.name FROM payee p JOIN school_account b ON b.id = p.school_account_id
        JOIN school s ON s.id = p.school_id WHERE b.holder_name <> s.name""",
    PayeeCheck.SHARED_ACROSS_HOUSEHOLDS: """
        SELECT p.payout_id, o.id::text FROM payee p JOIN payee_twin o ON o.account_id = p.account_id
        JOIN payee_student s ON s.id = p.student_id
        JOIN student other ON other.id = o.student_id
        WHERE (o.state = 'confirmed' OR EXISTS (
                SELECT FROM payout q WHERE q.student_id = o.student_id AND q.account_id = o.id
                AND q.state IN ('sent', 'paid', 'unknown')))
            AND (s.guardian_name = other.guardian_name) IS NOT TRUE
        UNION ALL
        SELECT p.payout_id, o.id::text FROM payee p JOIN payee_account b ON b.id = p.account_id
        JOIN school_account o ON o.number_index = b.number_index AND o.state <> 'replaced'
        UNION ALL
        SELECT p.payout_id, '' FROM payee p JOIN school_account b ON b.id = p.school_account_id
        WHERE EXISTS (SELECT FROM school_account o WHERE o.number_index = b.number_index
                AND o.school_id <> b.school_id AND o.state <> 'replaced')
            OR EXISTS (SELECT FROM bank_account o WHERE o.number_index = b.number_index
                AND o.state IN ('confirmed', 'unconfirmed'))""",
    PayeeCheck.ENROLMENT_UNCONFIRMED: "SELECT payout_id, term FROM payee_there WHERE unconfirmed",
    PayeeCheck.NOT_ENROLLED: "SELECT payout_id, term FROM payee_there WHERE absent",
    PayeeCheck.IDENTITY_PROVISIONAL: """
        SELECT p.payout_id, s.name FROM payee p JOIN payee_student s ON s.id = p.student_id
        WHERE s.identity = 'provisional'""",
    # What is paid, on its way, or about to be sent of one award, against the whole award.
    PayeeCheck.OVER_AWARD: """
        SELECT mine.payout_id, '' FROM (SELECT DISTINCT payout_id, award_id FROM payee_part) mine
        JOIN payee_award a ON a.id = mine.award_id JOIN payee_plan plan ON plan.award_id = a.id
        WHERE a.state <> 'granted'
            OR a.amount_fen + coalesce(plan.added_fen, 0) < plan.going_fen""",
    PayeeCheck.ON_HOLD: """
        SELECT p.payout_id, '' FROM payee p WHERE EXISTS (
            SELECT FROM payment_hold h
            WHERE h.student_id = p.student_id AND h.lifted_at IS NULL)""",
    PayeeCheck.STAFF_ACCOUNT: guards.STAFF_ACCOUNT,
    PayeeCheck.OVER_YEAR_MAXIMUM: guards.OVER_YEAR_MAXIMUM,
    PayeeCheck.PAID_TWICE: guards.PAID_TWICE,
    PayeeCheck.DECEASED: guards.DECEASED,
    PayeeCheck.ACCOUNT_CHANGED: guards.ACCOUNT_CHANGED,
    PayeeCheck.RATE_DIFFERS: guards.RATE_DIFFERS,
}

_DIGEST = """encode(sha256(convert_to(concat_ws('|', max(p.account_id::text),
    max(p.school_account_id::text), max(p.amount_fen),
    string_agg(DISTINCT f.fact, ',' ORDER BY f.fact)), 'UTF8')), 'hex')"""
_HOLDERS = """
    SELECT p.payout_id, coalesce(b.name_as_at_bank, b.holder_name) AS holder_name
    FROM payee p JOIN payee_account b ON b.id = p.account_id
    UNION ALL
    SELECT p.payout_id, b.holder_name FROM payee p
    JOIN school_account b ON b.id = p.school_account_id
"""
_NAMES = text(
    f"SELECT DISTINCT holder_name FROM ({_HOLDERS}) AS holders"  # noqa: S608 own text
)
_UNFIT = text(
    "INSERT INTO payee_finding (payout_id, finding, facts, overridden) "  # noqa: S608 own text
    f"SELECT payout_id, :finding, '', false FROM ({_HOLDERS}) AS holders "
    "WHERE holder_name = ANY(:names)"
)


_VERSIONS = text("""
    SELECT DISTINCT v.id FROM payee_part part JOIN payee_award a ON a.id = part.award_id
    CROSS JOIN LATERAL (VALUES (a.policy_version_id), (part.supplement_version_id)) v (id)
    WHERE v.id IS NOT NULL AND a.student_id IS NOT NULL
""")
_MOST = text(
    "INSERT INTO payee_most SELECT * FROM unnest(CAST(:versions AS uuid[]), "
    "CAST(:most AS bigint[]))"
)
_OVERRIDE = text("""
    UPDATE payee_finding f SET overridden = true FROM payout_override o
    WHERE o.payout_id = f.payout_id AND o.finding = f.finding AND o.facts = f.facts
""")
_LOOK_UP_ALL = text(
    "; ".join(
        f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {rows}; ANALYZE {name}"
        for name, rows in _LOOK_UP.items()
    )
)


def set_up(session: Session) -> None:
    """Makes the tables anew, empty."""
    for statement in _TABLES:
        session.execute(text(statement))


def find(session: Session, way: Way) -> None:
    """Writes every failed check of every payee into `payee_finding`; in city scope.

    Of who is paid in hand nothing is asked about an account.
    """
    for statement in _READY:
        session.execute(text(statement))
    session.execute(_LOOK_UP_ALL)
    _know_maxima(session)
    session.execute(_finding(way.checks))
    if way.fmt is not None:
        _find_unfit_names(session, way.fmt)
    session.execute(_OVERRIDE)


@cache
def _finding(asked: tuple[PayeeCheck, ...]) -> TextClause:
    """One statement of all the checks that are asked."""
    every = " UNION ALL ".join(
        f"SELECT payout_id, '{check.value}', fact FROM ({CHECKS[check]}) "  # noqa: S608 own text
        "AS found (payout_id, fact)"
        for check in asked
        if check in CHECKS
    )
    return text(
        "INSERT INTO payee_finding (payout_id, finding, facts, overridden) "  # noqa: S608 own text
        f"SELECT payout_id, f.finding, {_DIGEST}, false "
        f"FROM ({every}) AS f (payout_id, finding, fact) JOIN payee p USING (payout_id) "
        "GROUP BY payout_id, f.finding"
    )


def _find_unfit_names(session: Session, fmt: Format) -> None:
    names = session.execute(_NAMES).scalars().all()
    unfit = [name for name in names if name_faults(fmt, name)]
    session.execute(_UNFIT, {"finding": PayeeCheck.NAME_UNFIT_FOR_BANK.value, "names": unfit})


def _know_maxima(session: Session) -> None:
    versions = session.execute(_VERSIONS).scalars().all()
    most = {
        key: loaded.version.student_year_max_fen
        for key, loaded in policy.version_by_id(session, versions).items()
        if loaded.version.student_year_max_fen is not None
    }
    session.execute(_MOST, {"versions": list(most), "most": list(most.values())})
