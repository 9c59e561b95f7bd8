"""Cases on their way in: a temporary table, and the two statements that store what is in it."""

from collections.abc import Collection
from uuid import UUID

import polars as pl
from sqlalchemy import Select, TextClause, Uuid, and_, column, select, table, text
from sqlmodel import Session, col

from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    Submission,
)
from app.applications.rules import HANDED_IN_AGAIN
from app.core import clock, db
from app.core.actor import Actor
from app.policy.queries import LoadedVersion

_COLUMNS = {
    "application_id": "uuid",
    "student_id": "uuid",
    "school_id": "uuid",
    "county_id": "uuid",
    "number": "text",
    "submission_no": "int",
    "again": "boolean",
    "state": "text",
    "student_name": "text",
    "grade": "int",
    "class_name": "text",
    "stage": "text",
    "hardship": "int",
    "eligible": "boolean",
    "amount_fen": "bigint",
    "failed": "text[]",
    "missing": "text[]",
    "facts": "jsonb",
}
STAGED = tuple(_COLUMNS)

_KINDS: dict[str, pl.DataType] = {
    "int": pl.Int64(),
    "bigint": pl.Int64(),
    "boolean": pl.Boolean(),
    "text[]": pl.List(pl.String()),
}
FRAME_SCHEMA = {name: _KINDS.get(kind, pl.String()) for name, kind in _COLUMNS.items()}
"""One row a case to be stored: ids and facts as text."""

_STAGE = (
    "DROP TABLE IF EXISTS pg_temp.case_intake; CREATE TEMP TABLE case_intake ("
    + ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    + ") ON COMMIT DROP"
)

_ADD_SUBMISSIONS = """
INSERT INTO submission (application_id, submission_no, school_id, county_id, policy_version_id,
    facts, eligible, amount_fen, failed, missing, made_by, made_at)
SELECT i.application_id, i.submission_no, i.school_id, i.county_id, :version, i.facts, i.eligible,
    i.amount_fen, i.failed, i.missing, :by, :now
FROM case_intake i JOIN stored ON stored.id = i.application_id
RETURNING application_id
"""

# Two sheets may bring the same case at once: the second waits for the first and then adds nothing.
_ADD = text(f"""
WITH stored AS (
    INSERT INTO application (id, number, student_id, school_id, county_id, round_id, programme,
        period, state, submission_no, student_name, grade, class_name, stage, hardship, eligible,
        amount_fen, failed, missing, uploaded_by, import_id, made_at)
    SELECT i.application_id, i.number, i.student_id, i.school_id, i.county_id, :round, :programme,
        :period, i.state, i.submission_no, i.student_name, i.grade, i.class_name, i.stage,
        i.hardship, i.eligible, i.amount_fen, i.failed, i.missing, :by, :import_id, :now
    FROM case_intake i WHERE NOT i.again ORDER BY i.student_id
    ON CONFLICT (student_id, programme, period) WHERE state NOT IN ('rejected', 'withdrawn')
    DO NOTHING RETURNING id)
{_ADD_SUBMISSIONS}""")  # noqa: S608 the one part put in is a constant

_CHANGE = text(f"""
WITH free AS (
    SELECT a.id FROM application a JOIN case_intake i ON i.application_id = a.id
    WHERE i.again AND a.state = ANY(:states) AND a.submission_no = i.submission_no - 1
    ORDER BY a.id FOR UPDATE OF a),
stored AS (
    UPDATE application a SET state = i.state, submission_no = i.submission_no,
        student_name = i.student_name, grade = i.grade, class_name = i.class_name,
        stage = i.stage, hardship = i.hardship, eligible = i.eligible,
        amount_fen = i.amount_fen, failed = i.failed, missing = i.missing, uploaded_by = :by,
        returned_because = NULL,
        import_id = coalesce(CAST(:import_id AS uuid), a.import_id)
    FROM case_intake i, free
    WHERE a.id = free.id AND i.application_id = a.id AND a.state = ANY(:states)
    AND a.submission_no = i.submission_no - 1
    RETURNING a.id)
{_ADD_SUBMISSIONS}""")  # noqa: S608 the one part put in is a constant


def fill(session: Session, staged: pl.DataFrame) -> None:
    """Puts the cases into the temporary table, which is gone with the transaction."""
    session.connection().exec_driver_sql(_STAGE)
    csv = staged.select(
        _as_array(pl.col(name)) if kind == "text[]" else pl.col(name)
        for name, kind in _COLUMNS.items()
    ).write_csv(include_header=False)
    db.copy_rows(session, "case_intake", STAGED, csv.encode())
    # Only what is joined on: of the facts there is nothing to learn that a plan would ask.
    session.connection().exec_driver_sql("ANALYZE case_intake (application_id, student_id, again)")


def add(
    session: Session,
    round_: ApplicationRound,
    loaded: LoadedVersion,
    *,
    import_id: UUID | None,
    by: Actor,
) -> set[UUID]:
    """Stores the new cases; answers which (another transaction may have been first)."""
    given = {"round": round_.id, "programme": round_.programme, "period": round_.period}
    return _store(session, _ADD, loaded, import_id, by, given)


def change(
    session: Session,
    loaded: LoadedVersion,
    *,
    import_id: UUID | None,
    by: Actor,
    states: Collection[ApplicationState] = HANDED_IN_AGAIN,
) -> set[UUID]:
    """Stores the new facts of cases handed in again; answers which had not moved meanwhile.

    Only a case in one of the states is changed.
    """
    given: dict[str, object] = {"states": sorted(state.value for state in states)}
    return _store(session, _CHANGE, loaded, import_id, by, given)


def stored() -> Select[UUID]:
    """The cases of the temporary table that were stored, for the audit."""
    intake = table("case_intake", column("application_id", Uuid()), column("submission_no"))
    written = and_(
        col(Submission.application_id) == intake.c.application_id,
        col(Submission.submission_no) == intake.c.submission_no,
    )
    return (
        select(col(Application.id))
        .join_from(Application, intake, intake.c.application_id == col(Application.id))
        .join(Submission, written)
    )


def _store(
    session: Session,
    statement: TextClause,
    loaded: LoadedVersion,
    import_id: UUID | None,
    by: Actor,
    given: dict[str, object],
) -> set[UUID]:
    given |= {"version": loaded.id, "by": by.id, "now": clock.now(), "import_id": import_id}
    return set(session.execute(statement, given).scalars())


def _as_array(listed: pl.Expr) -> pl.Expr:
    """A list of identifiers in PostgreSQL's notation: ``{boards,hardship}``."""
    return pl.format("{{{}}}", listed.list.join(",")).alias(listed.meta.output_name())
