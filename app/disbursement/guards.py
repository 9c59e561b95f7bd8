"""The guards that look past the payout itself: at whose card it is, and what was paid before.

Each is one query over the temporary tables of `checks` and yields (payout_id, fact): the fact is
what was seen, so that an override ends when something else is seen.
"""

STAFF_ACCOUNT = """
    SELECT p.payout_id, f.id::text FROM payee p JOIN payee_account b ON b.id = p.account_id
    JOIN staff_account f ON f.number_index = b.number_index AND f.removed_at IS NULL"""
"""The student's account is the card of one of the staff; a school's own is found as shared."""

DECEASED = """
    SELECT p.payout_id, '' FROM payee p WHERE EXISTS (
        SELECT FROM register_match m WHERE m.student_id = p.student_id
        AND m.kind = 'deceased' AND m.name_agrees AND NOT EXISTS (
            SELECT FROM resident_id_correction c WHERE c.student_id = m.student_id
            AND c.state = 'confirmed' AND c.settled_at >= m.matched_at))"""
"""A list of the deceased holds the student, name and the number as it is now."""

# What has left or is about to leave; a payout ready in another open run is seen at its own
# release, which comes after this one: releases of a programme take their turn.
_GONE_OR_GOING = """
    (EXISTS (SELECT FROM payee_part t WHERE t.instalment_id = x.id)
    OR EXISTS (SELECT FROM payout_part l JOIN payout q ON q.id = l.payout_id
        WHERE l.instalment_id = x.id AND l.live AND q.state IN ('sent', 'unknown', 'paid'))
    OR x.state = 'offset')"""

_SAME_YEAR = """
    x_award.period IN (mine.school_year, left(mine.school_year, 4) || '-autumn',
        right(mine.school_year, 4) || '-spring')"""

# Found by the student and then by the award, and looked at afterwards: asked for programme and
# period too, the planner takes the term's awards, just made, to be few, and reads all of them once
# a payee.
_AWARDS_OF = "(SELECT id, programme, period FROM award WHERE student_id = {} OFFSET 0)"
_INSTALMENTS_OF = "(SELECT id, amount_fen, state FROM instalment WHERE award_id = {} OFFSET 0)"

OVER_YEAR_MAXIMUM = f"""
    SELECT mine.payout_id, '' FROM (
        SELECT part.payout_id, a.student_id, a.programme, part.school_year,
            max(most.most_fen) AS most_fen
        FROM payee_part part JOIN payee_award a ON a.id = part.award_id AND a.student_id IS NOT NULL
        JOIN payee_most most
            ON most.policy_version_id IN (a.policy_version_id, part.supplement_version_id)
        GROUP BY part.payout_id, a.student_id, a.programme, part.school_year) mine
    WHERE mine.most_fen < (
        SELECT sum(x.amount_fen) FROM {_AWARDS_OF.format("mine.student_id")} x_award
        CROSS JOIN LATERAL {_INSTALMENTS_OF.format("x_award.id")} x
        WHERE x_award.programme = mine.programme
        AND {_SAME_YEAR} AND {_GONE_OR_GOING})"""  # noqa: S608 own text
"""With this the student gets more of the programme in the school year than its version allows."""

# From each payee to the few awards of that student or twin, and never all awards of a programme
# against one another: OFFSET has what the payees have put together before any award is looked for.
PAID_TWICE = f"""
    SELECT asked.payout_id, other.id::text FROM (
        SELECT twin.payout_id, twin.student_id, mine.id, mine.programme, mine.period FROM (
            SELECT payout_id, student_id FROM payee WHERE student_id IS NOT NULL
            UNION
            SELECT p.payout_id, o.student_id FROM payee p
            JOIN payee_twin o ON o.of_student = p.student_id
            JOIN payee_student s ON s.id = p.student_id
            JOIN student t ON t.id = o.student_id AND t.name = s.name) twin
        JOIN (
            SELECT DISTINCT part.payout_id, a.id, a.programme, a.period FROM payee_part part
            JOIN payee_award a ON a.id = part.award_id) mine USING (payout_id) OFFSET 0) asked
    CROSS JOIN LATERAL {_AWARDS_OF.format("asked.student_id")} other
    WHERE other.programme = asked.programme AND other.period = asked.period
        AND other.id <> asked.id
        AND EXISTS (SELECT FROM instalment x WHERE x.award_id = other.id
            AND {_GONE_OR_GOING})"""  # noqa: S608 own text
"""Another award of the same programme and period has left, or leaves now, to the same student or
to one of the same name with the same account, whichever way this one is paid."""

# An account changed because the bank refused or sent back the money is what was asked for.
ACCOUNT_CHANGED = """
    SELECT p.payout_id, last.id::text FROM payee p CROSS JOIN LATERAL (
        SELECT q.id, q.state, q.account_id FROM payout q
        WHERE q.student_id = p.student_id AND q.state IN ('paid', 'failed', 'returned')
        ORDER BY q.settled_at DESC, q.id DESC LIMIT 1) last
    JOIN bank_account was ON was.id = last.account_id
    JOIN payee_account b ON b.id = p.account_id
    WHERE last.state = 'paid' AND was.number_index <> b.number_index
    UNION ALL
    SELECT p.payout_id, last.id::text FROM payee p CROSS JOIN LATERAL (
        SELECT q.id, q.state, q.school_account_id FROM payout q
        WHERE p.student_id IS NULL AND q.student_id IS NULL AND q.school_id = p.school_id
        AND q.state IN ('paid', 'failed', 'returned')
        ORDER BY q.settled_at DESC, q.id DESC LIMIT 1) last
    JOIN school_account was ON was.id = last.school_account_id
    JOIN school_account b ON b.id = p.school_account_id
    WHERE last.state = 'paid' AND was.number_index <> b.number_index"""
"""The money goes elsewhere than it arrived last, and the bank had refused nothing since."""

RATE_DIFFERS = """
    SELECT mine.payout_id, '' FROM (SELECT DISTINCT payout_id, award_id FROM payee_part) mine
    JOIN payee_award a ON a.id = mine.award_id JOIN payee_plan plan ON plan.award_id = a.id
    WHERE a.amount_fen <> a.decided_fen OR a.amount_fen > plan.decided_fen
    UNION ALL
    SELECT part.payout_id, '' FROM payee_part part WHERE part.amount_fen <> (
        SELECT sum(h.amount_fen) FROM instalment_share h
        WHERE h.instalment_id = part.instalment_id)"""
"""An award that is not what the programme's version came to for the case, a plan that falls short
of it, or a part that is not the sum of its shares. A supplement is held to its shares alone."""
