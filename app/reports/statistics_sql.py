"""The statements of the statistics form; every one is bound to `statistics_queries._asked`."""

from sqlalchemy import TextClause, text

# An instalment belongs to the term its due day lies in; days between two terms are the earlier's.
# A supplement is due when it was reckoned, in summer or later: it is of its award's last term.
_TERM = """
    CASE WHEN i.supplement_version_id IS NOT NULL
         THEN CASE WHEN a.period LIKE '%-autumn' OR a.period LIKE '%-spring' THEN a.period
                   ELSE right(a.period, 4) || '-spring' END
         WHEN i.due_on >= make_date(extract(year FROM i.due_on)::int, :autumn_month, :autumn_day)
         THEN extract(year FROM i.due_on)::int || '-autumn'
         WHEN i.due_on >= make_date(extract(year FROM i.due_on)::int, :spring_month, :spring_day)
         THEN extract(year FROM i.due_on)::int || '-spring'
         ELSE extract(year FROM i.due_on)::int - 1 || '-autumn' END
"""
_OF_SCHOOL_YEAR = """
    CASE WHEN i.supplement_version_id IS NULL THEN i.due_on >= :due_from AND i.due_on < :due_before
         ELSE a.period = ANY(CAST(:periods AS text[])) END
"""
_SCOPE = """
    (CAST(:school AS uuid) IS NULL OR a.school_id = CAST(:school AS uuid))
    AND (CAST(:county AS uuid) IS NULL OR a.county_id = CAST(:county AS uuid))
    AND (CAST(:programme AS text) IS NULL OR a.programme = CAST(:programme AS text))
"""
_ACTS = "('pay', 'return', 'offset', 'recover', 'undo_recover')"


def _written(sql: str) -> TextClause:
    """A statement with its term, year, scope and kinds written out; all are constants above."""
    for name, words in (
        ("[term]", _TERM),
        ("[of school year]", _OF_SCHOOL_YEAR),
        ("[scope]", _SCOPE),
        ("[acts]", _ACTS),
    ):
        sql = sql.replace(name, words)
    return text(sql)


# The submission that was approved: the one the deciding act was on. Where the award was made
# without a recorded act, the newest. OFFSET has the few decisions on a case found by the case: an
# act may be on a whole city's, and the planner would read all of them once a case.
# A school's instalment is its pupils': F(pupil, instalment) = whole fen of (amounts of the pupils
# up to this one × instalments up to this one / award), and a pupil's part of an instalment is what
# F rises by. Parts therefore sum to each instalment and to each pupil's amount, to the fen.
PAID = _written(
    """
WITH wanted AS (
    SELECT id FROM instalment WHERE due_on >= :due_from AND due_on < :due_before
    UNION
    SELECT i.id FROM instalment i JOIN award a ON a.id = i.award_id
    WHERE i.supplement_version_id IS NOT NULL AND a.period = ANY(CAST(:periods AS text[]))
    UNION
    SELECT refers_to FROM ledger_transfer
    WHERE kind IN [acts] AND office_day >= :first_day AND office_day < :next_first_day
), acts AS (
    SELECT t.refers_to, t.kind, t.batch, extract(year FROM t.office_day)::int AS paid_year,
           sum(t.amount_fen) AS fen
    FROM ledger_transfer t JOIN wanted ON wanted.id = t.refers_to
    WHERE t.kind IN [acts]
    GROUP BY t.refers_to, t.kind, t.batch, extract(year FROM t.office_day)::int
), sums AS (
    SELECT i.award_id, [term] AS term, i.amount_fen AS rate_fen, acts.paid_year,
           i.supplement_version_id, CASE WHEN a.student_id IS NULL THEN i.id END AS of_school,
           sum(CASE acts.kind WHEN 'pay' THEN 1 WHEN 'offset' THEN 1 WHEN 'return' THEN -1
                              ELSE 0 END)::bigint
               AS payments,
           sum(CASE acts.kind WHEN 'pay' THEN acts.fen WHEN 'offset' THEN acts.fen
                              WHEN 'return' THEN -acts.fen
                              ELSE 0 END)::bigint AS fen,
           sum(CASE acts.kind WHEN 'recover' THEN acts.fen WHEN 'undo_recover' THEN -acts.fen
                              ELSE 0 END)::bigint AS owed_fen
    FROM acts JOIN instalment i ON i.id = acts.refers_to JOIN award a ON a.id = i.award_id
    WHERE [scope]
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT a.student_id::text, app.stage, a.programme, s.facts -> 'special_group' ->> 'value',
       coalesce(v.effective_from, 'start') || '.' || v.revision,
       sums.supplement_version_id IS NOT NULL, sums.rate_fen, sums.term, sums.paid_year,
       sums.payments, sums.fen, sums.owed_fen
FROM sums
JOIN award a ON a.id = sums.award_id
JOIN application app ON app.id = a.application_id
JOIN policy_version v ON v.id = coalesce(sums.supplement_version_id, a.policy_version_id)
LEFT JOIN LATERAL (
    SELECT d.submission_no FROM (
        SELECT submission_no, batch_id FROM decision WHERE application_id = app.id OFFSET 0) d
    WHERE d.batch_id = a.decision_batch_id LIMIT 1) decided ON true
LEFT JOIN submission s ON s.application_id = app.id
    AND s.submission_no = coalesce(decided.submission_no, app.submission_no)
UNION ALL
SELECT pupils.student_id::text, school.stage, a.programme, home.special_group,
       coalesce(v.effective_from, 'start') || '.' || v.revision,
       false, part.fen, sums.term, sums.paid_year,
       sums.payments, sums.payments * part.fen, 0
FROM sums
JOIN award a ON a.id = sums.award_id
JOIN school ON school.id = a.school_id
JOIN policy_version v ON v.id = a.policy_version_id
CROSS JOIN LATERAL (
    SELECT this.amount_fen AS fen, sum(one.amount_fen) AS upto
    FROM instalment this JOIN instalment one ON one.award_id = this.award_id AND one.seq <= this.seq
    WHERE this.id = sums.of_school GROUP BY this.id) i
CROSS JOIN LATERAL (
    SELECT s.student_id, s.amount_fen AS fen, sum(s.amount_fen) OVER (ORDER BY s.student_id) AS upto
    FROM school_allocation_student s WHERE s.allocation_id = a.allocation_id) pupils
LEFT JOIN household home ON home.student_id = pupils.student_id
    AND home.school_year = CASE
        WHEN a.period LIKE '%-autumn' THEN left(a.period, 4) || '-' || left(a.period, 4)::int + 1
        WHEN a.period LIKE '%-spring' THEN left(a.period, 4)::int - 1 || '-' || left(a.period, 4)
        ELSE a.period END
CROSS JOIN LATERAL (SELECT (
    div(pupils.upto * i.upto, a.amount_fen)
    - div((pupils.upto - pupils.fen) * i.upto, a.amount_fen)
    - div(pupils.upto * (i.upto - i.fen), a.amount_fen)
    + div((pupils.upto - pupils.fen) * (i.upto - i.fen), a.amount_fen))::bigint AS fen) part"""
)

ALLOCATED = _written(
    """
SELECT coalesce(app.stage, school.stage), a.programme, [term] AS term, i.fiscal_year,
       sum(CASE t.kind WHEN 'commit' THEN t.amount_fen ELSE -t.amount_fen END)::bigint
FROM instalment i
JOIN ledger_transfer t ON t.refers_to = i.id AND t.kind IN ('commit', 'release_commitment')
JOIN award a ON a.id = i.award_id
JOIN school ON school.id = a.school_id
LEFT JOIN application app ON app.id = a.application_id
WHERE ([of school year] OR i.fiscal_year = :year) AND [scope]
GROUP BY 1, 2, 3, 4"""
)

# The books' own word on the view, without cases or pupils: what a wrong join would hide shows here.
CONTROL = _written(
    """
SELECT coalesce(sum(CASE t.kind WHEN 'pay' THEN t.amount_fen WHEN 'offset' THEN t.amount_fen
                                WHEN 'return' THEN -t.amount_fen
                                ELSE 0 END), 0)::bigint AS paid,
       coalesce(sum(CASE t.kind WHEN 'recover' THEN t.amount_fen
                                WHEN 'undo_recover' THEN -t.amount_fen
                                ELSE 0 END), 0)::bigint AS owed_back
FROM ledger_transfer t
JOIN instalment i ON i.id = t.refers_to
JOIN award a ON a.id = i.award_id
WHERE t.kind IN [acts]
  AND CASE WHEN :by_calendar
           THEN t.office_day >= :first_day AND t.office_day < :next_first_day
           ELSE [of school year] END
  AND [scope]"""
)

FUNDS = text("""
WITH moved AS (
    SELECT acc.fund_line,
           sum(CASE t.kind WHEN 'appropriate' THEN t.amount_fen
                           WHEN 'recall' THEN -t.amount_fen ELSE 0 END) AS appropriated,
           sum(CASE WHEN t.kind = 'commit' THEN t.amount_fen
                    WHEN t.kind IN ('release_commitment', 'repay') THEN -t.amount_fen
                    ELSE 0 END) AS committed,
           sum(CASE WHEN t.kind IN ('pay', 'offset') THEN t.amount_fen
                    WHEN t.kind IN ('return', 'repay') THEN -t.amount_fen ELSE 0 END) AS paid,
           sum(CASE WHEN t.kind = 'recover' THEN t.amount_fen
                    WHEN t.kind IN ('undo_recover', 'repay', 'write_off') THEN -t.amount_fen
                    ELSE 0 END) AS owed_back
    FROM ledger_transfer t JOIN ledger_account acc ON acc.code = t.debit
    WHERE acc.fund_line IN (SELECT code FROM fund_line)
    GROUP BY acc.fund_line
)
SELECT line.code, line.fiscal_year, line.programme, line.source, holder.name,
       coalesce(moved.appropriated, 0)::bigint, coalesce(moved.committed, 0)::bigint,
       coalesce(moved.paid, 0)::bigint, (free.credits_fen - free.debits_fen)::bigint,
       coalesce(moved.owed_back, 0)::bigint
FROM fund_line line
JOIN organisation holder ON holder.id = line.holder_id
JOIN ledger_account free ON free.fund_line = line.code AND free.kind = 'available'
LEFT JOIN moved ON moved.fund_line = line.code
WHERE (line.fiscal_year = :year OR (NOT :by_calendar AND line.fiscal_year = :year - 1))
  AND (CAST(:county AS uuid) IS NULL OR line.holder_id = CAST(:county AS uuid))
  AND (CAST(:programme AS text) IS NULL OR line.programme = CAST(:programme AS text))
ORDER BY line.code
""")
