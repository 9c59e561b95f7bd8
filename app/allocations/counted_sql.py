"""The statements of a count: what stands, who is claimed elsewhere, the figures, the lists."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Column, Table, Uuid, text
from sqlmodel import Session

from app.allocations.roll import Setting
from app.core import clock, staging

_PAIR = ("student_id", "school_id", "other_school_id")
RECOUNTED = "重新统计 / counted again"


def stage_pairs(session: Session, setting: Setting, roll: Table, judged: Table) -> Table:
    """Pupils with two schools, each pair both ways; takes those claimed elsewhere out of `judged`.

    A claim stays with the allocation that has it, unless this count replaces that allocation.
    """
    held, pairs = (
        staging.empty(session, name, [Column(column, Uuid()) for column in _PAIR])
        for name in ("held", "pairs")
    )
    told = setting.told()
    names = {"roll": roll.name, "judged": judged.name, "held": held.name, "pairs": pairs.name}
    for statement in (_HELD, _TAKE_OUT, _PAIRS):
        session.execute(text(statement.format(**names)), told)
    staging.count_rows(session, pairs)
    return pairs


def write_lists(
    session: Session, setting: Setting, judged: Table, pairs: Table, *, made: Sequence[UUID]
) -> None:
    """Writes the students of the new allocations, claims them, and tells both schools of pairs."""
    told = {**setting.told(), "made": list(made), "now": clock.now()}
    for statement in (_STUDENTS, _CLAIMS, _DOUBLES):
        session.execute(text(statement.format(judged=judged.name, pairs=pairs.name)), told)


LOCK_LIVE = """
SELECT id, number, school_id, state, head_count, amount_fen FROM school_allocation
WHERE programme = :programme AND period = :period AND state <> 'cancelled'
    AND school_id = ANY(:schools)
ORDER BY id FOR UPDATE
"""
_HELD = """
INSERT INTO {held}
SELECT j.student_id, j.school_id, claim.school_id
FROM {judged} j JOIN school_allocation_claim claim ON claim.student_id = j.student_id
    AND claim.programme = :programme AND claim.period = :period
JOIN school_allocation a ON a.id = claim.allocation_id
WHERE j.counted AND claim.school_id <> j.school_id
    AND NOT (a.state = 'counted' AND a.school_id = ANY(:schools))
"""
_TAKE_OUT = "DELETE FROM {judged} j USING {held} held WHERE held.student_id = j.student_id"
_PAIRS = """
INSERT INTO {pairs}
SELECT one.student_id, one.school_id, other.school_id
FROM {roll} one JOIN {roll} other USING (student_id) WHERE one.school_id <> other.school_id
UNION SELECT student_id, school_id, other_school_id FROM {held}
UNION SELECT student_id, other_school_id, school_id FROM {held}
"""
FIGURES = """
WITH rolled AS (
    SELECT school_id, count(*) AS pupils FROM {roll} WHERE here GROUP BY school_id),
judged AS (
    SELECT school_id, count(*) FILTER (WHERE counted) AS heads,
        coalesce(sum(amount_fen) FILTER (WHERE counted), 0)::bigint AS fen,
        count(*) FILTER (WHERE NOT counted) AS asked
    FROM {judged} GROUP BY school_id),
shared AS (
    SELECT school_id, count(DISTINCT student_id) AS pupils FROM {pairs} GROUP BY school_id)
SELECT s.id AS school_id, s.county_id, coalesce(rolled.pupils, 0) AS roll,
    coalesce(judged.heads, 0) AS head_count, coalesce(judged.fen, 0) AS amount_fen,
    coalesce(judged.asked, 0) AS asked, coalesce(shared.pupils, 0) AS doubles
FROM school s LEFT JOIN rolled ON rolled.school_id = s.id
LEFT JOIN judged ON judged.school_id = s.id LEFT JOIN shared ON shared.school_id = s.id
WHERE s.id = ANY(:schools) ORDER BY s.code
"""
CANCEL_OLD = f"""
UPDATE school_allocation SET state = 'cancelled', cancelled_by = :by, cancelled_at = :now,
    because = '{RECOUNTED}'
WHERE id = ANY(:old)
"""  # noqa: S608 own text
FREE_CLAIMS = "DELETE FROM school_allocation_claim WHERE allocation_id = ANY(:old)"
_STUDENTS = """
INSERT INTO school_allocation_student (allocation_id, student_id, school_id, county_id,
    student_name, amount_fen)
SELECT a.id, j.student_id, a.school_id, a.county_id, p.name, j.amount_fen
FROM {judged} j JOIN school_allocation a ON a.school_id = j.school_id AND a.id = ANY(:made)
JOIN student p ON p.id = j.student_id
WHERE j.counted ORDER BY j.student_id
"""
_CLAIMS = """
INSERT INTO school_allocation_claim (student_id, programme, period, allocation_id, school_id,
    county_id)
SELECT s.student_id, :programme, :period, s.allocation_id, s.school_id, s.county_id
FROM school_allocation_student s WHERE s.allocation_id = ANY(:made) ORDER BY s.student_id
"""
_DOUBLES = """
INSERT INTO school_allocation_double (allocation_id, student_id, other_school_id, school_id,
    county_id, student_name, counted_here, noted_at)
SELECT a.id, pair.student_id, pair.other_school_id, a.school_id, a.county_id, p.name,
    EXISTS (SELECT FROM school_allocation_claim claim
        WHERE claim.student_id = pair.student_id AND claim.allocation_id = a.id), :now
FROM {pairs} pair JOIN school_allocation a ON a.school_id = pair.school_id
    AND a.programme = :programme AND a.period = :period AND a.state <> 'cancelled'
JOIN student p ON p.id = pair.student_id
ON CONFLICT DO NOTHING
"""
