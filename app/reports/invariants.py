"""What must hold between the records, each said as one statement that finds where it does not.

Every statement yields (where, what stands, what should stand); amounts in fen. What must hold
between books, payouts and instalments is `reconciliation.queries.invariants`, with its words in
`book_differences`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """One thing that must hold; `zh` and `en` are templates over where, has and needs."""

    code: str
    zh: str
    en: str
    sql: str
    money: bool = True


APPROPRIATED = Invariant(
    code="appropriation-off",
    zh="指标明细 {where} 账面 {has} 元，下达减收回为 {needs} 元。",
    en="Fund line {where} stands at {has} yuan in the books; appropriated less recalled is "
    "{needs}.",
    sql="""
WITH granted AS (
    SELECT fund_line_id,
           sum(CASE kind WHEN 'recall' THEN -amount_fen ELSE amount_fen END) AS fen
    FROM appropriation GROUP BY fund_line_id
), stands AS (
    SELECT fund_line,
           -sum(credits_fen - debits_fen) FILTER (WHERE kind = 'treasury') AS drawn,
           sum(credits_fen - debits_fen) FILTER (WHERE kind <> 'treasury') AS inside
    FROM ledger_account GROUP BY fund_line
)
SELECT line.code || ' (' || place.name || ')',
       coalesce(place.stands, 0)::bigint, coalesce(granted.fen, 0)::bigint
FROM fund_line line
LEFT JOIN granted ON granted.fund_line_id = line.id
LEFT JOIN stands ON stands.fund_line = line.code
CROSS JOIN LATERAL (VALUES ('drawn from the treasury', stands.drawn),
                           ('all its places', stands.inside)) place (name, stands)
WHERE coalesce(place.stands, 0) <> coalesce(granted.fen, 0)
ORDER BY 1""",
)

# An award with the number of what it was made for: an application, or a school's allocation.
_OF = """(SELECT a.*, coalesce(app.number, al.number) AS number
    FROM award a LEFT JOIN application app ON app.id = a.application_id
    LEFT JOIN school_allocation al ON al.id = a.allocation_id) a"""

AWARDS = (
    Invariant(
        code="award-sum-off",
        zh="{where} 的核定资助为 {has} 元，各期合计 {needs} 元。",
        en="The award of {where} is {has} yuan; its instalments sum to {needs}.",
        sql=f"""
SELECT a.number, a.amount_fen, coalesce(sum(i.amount_fen), 0)::bigint
FROM {_OF}
LEFT JOIN instalment i ON i.award_id = a.id AND i.supplement_version_id IS NULL
    AND NOT EXISTS (SELECT FROM instalment moved WHERE moved.replaces_id = i.id)
    AND NOT EXISTS (SELECT FROM instalment part WHERE part.split_of_id = i.id)
GROUP BY a.id, a.number, a.amount_fen
HAVING a.amount_fen <> coalesce(sum(i.amount_fen), 0) ORDER BY 1""",  # noqa: S608 own text
    ),
    Invariant(
        code="shares-off",
        zh="{where} 为 {has} 元，指标分摊合计 {needs} 元。",
        en="{where} is {has} yuan; its fund lines' shares sum to {needs}.",
        sql=f"""
SELECT a.number || ' instalment ' || i.seq, i.amount_fen,
       coalesce(sum(s.amount_fen), 0)::bigint
FROM instalment i JOIN {_OF} ON a.id = i.award_id
LEFT JOIN instalment_share s ON s.instalment_id = i.id
GROUP BY i.id, a.number
HAVING i.amount_fen <> coalesce(sum(s.amount_fen), 0) ORDER BY 1""",  # noqa: S608 own text
    ),
    Invariant(
        code="award-amount-off",
        zh="申请 {where} 核定资助 {has} 元，申请金额为 {needs} 元。",
        en="The award of application {where} is {has} yuan; the application came to {needs}.",
        sql="""
SELECT app.number, a.amount_fen, coalesce(app.amount_fen, 0)
FROM award a JOIN application app ON app.id = a.application_id
WHERE a.state <> 'cancelled' AND a.amount_fen IS DISTINCT FROM app.amount_fen ORDER BY 1""",
    ),
    Invariant(
        code="award-state-off",
        zh="申请 {where} 的有效核定资助为 {has}，按申请状态应为 {needs}。",
        en="The live award of application {where} is {has}; by the application's state it should "
        "be {needs}.",
        sql="""
SELECT number, stands, should FROM (
    SELECT app.number, coalesce(a.state, 'absent') AS stands,
           CASE WHEN app.state = 'confirmed' THEN 'granted'
                WHEN app.state IN ('approved', 'announced') THEN 'provisional'
                ELSE 'absent' END AS should
    FROM application app
    LEFT JOIN award a ON a.application_id = app.id AND a.state <> 'cancelled'
) each_case WHERE stands <> should ORDER BY 1""",
        money=False,
    ),
    Invariant(
        code="moved-off",
        zh="申请 {where} 转学后为 {has} 元，转学前为 {needs} 元。",
        en="Application {where} is {has} yuan after the transfer; it was {needs} before.",
        sql="""
SELECT app.number || ' instalment ' || i.seq, i.amount_fen,
       CASE WHEN was.state = 'cancelled' THEN was.amount_fen ELSE 0 END
FROM instalment i JOIN instalment was ON was.id = i.replaces_id
JOIN award a ON a.id = i.award_id JOIN application app ON app.id = a.application_id
WHERE i.amount_fen <> was.amount_fen OR was.state <> 'cancelled' OR i.award_id <> was.award_id
ORDER BY 1""",
    ),
    Invariant(
        code="exclusive-awards",
        zh="申请 {where} 的学生有 {has} 项互斥的有效资助，只能有 {needs} 项。",
        en="The student of application {where} has {has} live awards that exclude one another; "
        "there may be {needs}.",
        sql="""
SELECT app.number, 2, 1 FROM award_hold h
JOIN award a ON a.student_id = h.student_id AND a.state <> 'cancelled'
    AND a.programme <> h.programme AND a.programme = ANY(string_to_array(h.key, '|'))
JOIN application app ON app.id = a.application_id
WHERE h.school_year = CASE WHEN a.period LIKE '%-autumn'
        THEN left(a.period, 4) || '-' || (left(a.period, 4)::int + 1)
    WHEN a.period LIKE '%-spring' THEN (left(a.period, 4)::int - 1) || '-' || left(a.period, 4)
    ELSE a.period END ORDER BY 1""",
        money=False,
    ),
    Invariant(
        code="cancelled-award-live",
        zh="{where} 的资助已取消，仍有 {has} 元待付，应为 {needs} 元。",
        en="The award of {where} is cancelled; {has} yuan of it is still to be paid where {needs} "
        "may be.",
        sql=f"""
SELECT a.number, sum(i.amount_fen)::bigint, 0
FROM {_OF} JOIN instalment i ON i.award_id = a.id
WHERE a.state = 'cancelled' AND i.state NOT IN ('paid', 'cancelled')
GROUP BY a.id, a.number ORDER BY 1""",  # noqa: S608 own text
    ),
)

# What a supplement must come to is the policy's to say, and the policy of each term's: an award
# under the newest version may still be owed for an older term, and be supplemented once for each
# term that falls due. What always holds is said here: whose it is, from which money, in the books.
SUPPLEMENTS = (
    Invariant(
        code="supplement-off",
        zh="补发 {where} 为 {has} 元，账上为其核定占用 {needs} 元。",
        en="Supplement {where} is {has} yuan; the books committed {needs} for it.",
        sql=f"""
SELECT number, amount_fen, booked FROM (
    SELECT a.number || ' instalment ' || i.seq AS number, i.amount_fen,
           coalesce(sum(CASE t.kind WHEN 'commit' THEN t.amount_fen ELSE -t.amount_fen END), 0)
               ::bigint AS booked
    FROM instalment i JOIN {_OF} ON a.id = i.award_id
    LEFT JOIN ledger_transfer t ON t.refers_to = i.id
        AND t.kind IN ('commit', 'release_commitment')
    WHERE i.supplement_version_id IS NOT NULL
        AND i.state NOT IN ('cancelled', 'awaiting_appropriation')
    GROUP BY i.id, a.number
) each_one WHERE amount_fen <> booked ORDER BY 1""",  # noqa: S608 own text
    ),
    Invariant(
        code="supplement-astray",
        zh="补发 {where} 记在 {has}，应为 {needs}。",
        en="Supplement {where} is of {has}; it should be of {needs}.",
        sql=f"""
SELECT DISTINCT a.number || ' instalment ' || i.seq, told.has, told.needs
FROM instalment i JOIN {_OF} ON a.id = i.award_id
JOIN policy_version v ON v.id = i.supplement_version_id
LEFT JOIN instalment_share s ON s.instalment_id = i.id
LEFT JOIN fund_line line ON line.id = s.fund_line_id
LEFT JOIN organisation own ON own.id = a.school_id
LEFT JOIN organisation its ON its.id = i.school_id
CROSS JOIN LATERAL (VALUES
    (v.programme, a.programme),
    (line.programme || ' ' || line.fiscal_year, a.programme || ' ' || i.fiscal_year),
    (i.fiscal_year::text, extract(year FROM i.due_on)::text),
    (CASE WHEN a.student_id IS NULL THEN 'a school' ELSE 'a student' END, 'a student'),
    (its.name, own.name),
    (CASE WHEN i.replaces_id IS NULL THEN 'its own' ELSE 'a moved instalment' END, 'its own')
) told (has, needs)
WHERE told.has <> told.needs ORDER BY 1, 2""",  # noqa: S608 own text
        money=False,
    ),
)

PAYOUTS = (
    Invariant(
        code="part-live-twice",
        zh="{where} 同时在 {has} 笔有效发放中，只能有 {needs} 笔。",
        en="{where} is live in {has} payouts at once; it may be in {needs}.",
        sql=f"""
SELECT a.number || ' instalment ' || i.seq, count(*), 1
FROM payout_part part JOIN instalment i ON i.id = part.instalment_id
JOIN {_OF} ON a.id = i.award_id
WHERE part.live GROUP BY i.id, a.number
HAVING count(*) > 1 ORDER BY 1""",  # noqa: S608 own text
        money=False,
    ),
    Invariant(
        code="part-off",
        zh="发放 {where} 为 {has} 元，该期为 {needs} 元。",
        en="Payout {where} holds {has} yuan; the instalment is {needs}.",
        sql=f"""
WITH differs AS MATERIALIZED (
    SELECT part.payout_id, i.award_id, i.seq, part.amount_fen AS has, i.amount_fen AS needs
    FROM payout_part part JOIN instalment i ON i.id = part.instalment_id
    WHERE part.amount_fen <> i.amount_fen
)
SELECT p.number || ' for ' || a.number || ' instalment ' || differs.seq, has, needs
FROM differs JOIN payout p ON p.id = differs.payout_id
JOIN {_OF} ON a.id = differs.award_id ORDER BY 1""",  # noqa: S608 own text
    ),
    Invariant(
        code="file-sum-off",
        zh="付款文件 {where} 总额 {has} 元，所含发放合计 {needs} 元。",
        en="Payment file {where} carries {has} yuan; its payouts sum to {needs}.",
        sql="""
SELECT f.number, f.amount_fen, coalesce(sum(p.amount_fen), 0)::bigint
FROM payment_file f LEFT JOIN payout p ON p.file_id = f.id
GROUP BY f.id HAVING f.amount_fen <> coalesce(sum(p.amount_fen), 0) ORDER BY 1""",
    ),
    Invariant(
        code="register-sum-off",
        zh="签领册 {where} 总额 {has} 元，所含发放合计 {needs} 元。",
        en="Pay register {where} carries {has} yuan; its payouts sum to {needs}.",
        sql="""
SELECT g.number, g.amount_fen, coalesce(sum(p.amount_fen), 0)::bigint
FROM pay_register g LEFT JOIN payout p ON p.register_id = g.id
GROUP BY g.id HAVING g.amount_fen <> coalesce(sum(p.amount_fen), 0) ORDER BY 1""",
    ),
    Invariant(
        code="return-lines-off",
        zh="回盘文件 {where} 有 {has} 行，已登记 {needs} 行。",
        en="Return file {where} has {has} lines; {needs} are recorded.",
        sql="""
SELECT f.id::text, f.line_count, count(line.id)
FROM return_file f LEFT JOIN return_line line ON line.return_file_id = f.id
GROUP BY f.id HAVING f.line_count <> count(line.id) ORDER BY 1""",
        money=False,
    ),
)

RECOVERIES = (
    Invariant(
        code="offset-off",
        zh="发放期次 {where} 抵扣后各部分合计 {has} 元，抵扣前为 {needs} 元。",
        en="The parts of instalment {where} sum to {has} yuan after what was kept back; it was "
        "{needs} before.",
        sql="""
SELECT was.id::text, sum(part.amount_fen)::bigint,
       CASE WHEN was.state = 'cancelled' THEN was.amount_fen ELSE 0 END
FROM instalment part JOIN instalment was ON was.id = part.split_of_id
GROUP BY was.id HAVING sum(part.amount_fen) <> was.amount_fen OR was.state <> 'cancelled'
ORDER BY 1""",
    ),
    Invariant(
        code="settlement-off",
        zh="应收回资金 {where} 记已结 {has} 元，各笔结清合计 {needs} 元。",
        en="Of debt {where} {has} yuan are said to be settled; its settlements sum to {needs}.",
        sql="""
SELECT owed.id::text, owed.settled_fen, coalesce(sum(part.amount_fen), 0)::bigint
FROM recoverable owed LEFT JOIN recovery_settlement part ON part.recoverable_id = owed.id
GROUP BY owed.id HAVING owed.settled_fen <> coalesce(sum(part.amount_fen), 0) ORDER BY 1""",
    ),
    Invariant(
        code="bar-off",
        zh="学生 {where} 的审批限制为 {has}，按其欠款和约定应为 {needs}。",
        en="New approvals for student {where} are {has}; by debts and agreements they should be "
        "{needs}.",
        sql="""
SELECT student_id::text, stands, should FROM (
    SELECT coalesce(bar.student_id, owing.student_id) AS student_id,
           CASE WHEN bar.student_id IS NULL THEN 'open' ELSE 'barred' END AS stands,
           CASE WHEN owing.student_id IS NULL THEN 'open' ELSE 'barred' END AS should
    FROM recovery_bar bar FULL JOIN (
        SELECT DISTINCT r.student_id FROM recoverable r WHERE r.state = 'open'
            AND NOT EXISTS (SELECT FROM recovery_agreement g
                            WHERE g.student_id = r.student_id AND g.ended_at IS NULL)
    ) owing ON owing.student_id = bar.student_id
) each_one WHERE stands <> should ORDER BY 1""",
        money=False,
    ),
    Invariant(
        code="recoverable-off",
        zh="发放期次 {where} 应收回 {has} 元，实际已发放 {needs} 元。",
        en="Of instalment {where} {has} yuan is recoverable; {needs} of it is paid.",
        sql="""
SELECT i.id::text, owed.amount_fen, paid.fen FROM recoverable owed
JOIN instalment i ON i.id = owed.instalment_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN i.state = 'paid' THEN i.amount_fen ELSE 0 END AS fen) paid
WHERE owed.state = 'open' AND owed.amount_fen <> paid.fen ORDER BY 1""",
    ),
)

ALLOCATIONS = (
    Invariant(
        code="allocation-award-off",
        zh="学校资金单 {where} 的有效核定资助为 {has} 元，按资金单应为 {needs} 元。",
        en="The granted award of school allocation {where} is {has} yuan; by the allocation it "
        "should be {needs}.",
        sql="""
SELECT number, stands, should FROM (
    SELECT al.number, coalesce(a.amount_fen, 0) AS stands,
           CASE al.state WHEN 'approved' THEN coalesce(al.amount_fen, 0) ELSE 0 END AS should
    FROM school_allocation al
    LEFT JOIN award a ON a.allocation_id = al.id AND a.state = 'granted'
) each_one WHERE stands <> should ORDER BY 1""",
    ),
    Invariant(
        code="allocation-sum-off",
        zh="学校资金单 {where} 为 {has} 元，所列学生合计 {needs} 元。",
        en="School allocation {where} is {has} yuan; its students sum to {needs}.",
        sql="""
SELECT al.number, coalesce(al.amount_fen, 0), coalesce(sum(s.amount_fen), 0)::bigint
FROM school_allocation al LEFT JOIN school_allocation_student s ON s.allocation_id = al.id
GROUP BY al.id HAVING coalesce(al.amount_fen, 0) <> coalesce(sum(s.amount_fen), 0) ORDER BY 1""",
    ),
    Invariant(
        code="allocation-heads-off",
        zh="学校资金单 {where} 为 {has} 人，所列学生 {needs} 人。",
        en="School allocation {where} counts {has} heads; {needs} students are listed.",
        sql="""
SELECT al.number, al.head_count, count(s.student_id)
FROM school_allocation al LEFT JOIN school_allocation_student s ON s.allocation_id = al.id
GROUP BY al.id HAVING al.head_count <> count(s.student_id) ORDER BY 1""",
        money=False,
    ),
    Invariant(
        code="allocation-claims-off",
        zh="学校资金单 {where} 占用了 {has} 名未列入的学生，所列学生有 {needs} 名未占用。",
        en="School allocation {where} claims {has} students whom it does not list, and {needs} "
        "whom it lists it does not claim.",
        sql="""
WITH listed AS (
    SELECT al.id, s.student_id, al.programme, al.period, al.school_id, al.county_id
    FROM school_allocation al JOIN school_allocation_student s ON s.allocation_id = al.id
    WHERE al.state <> 'cancelled'
), claimed AS (
    SELECT allocation_id AS id, student_id, programme, period, school_id, county_id
    FROM school_allocation_claim
), differs AS (
    SELECT id, 1 AS claimed, 0 AS listed FROM (TABLE claimed EXCEPT TABLE listed) beyond
    UNION ALL
    SELECT id, 0, 1 FROM (TABLE listed EXCEPT TABLE claimed) missed
)
SELECT al.number, sum(differs.claimed), sum(differs.listed)
FROM differs JOIN school_allocation al ON al.id = differs.id GROUP BY al.id ORDER BY 1""",
        money=False,
    ),
)

CASES = (
    Invariant(
        code="case-not-as-submitted",
        zh="申请 {where} 记载为 {has}，最近一次提交为 {needs}。",
        en="Application {where} says {has}; its newest submission says {needs}.",
        sql="""
SELECT number, stands, should FROM (
    SELECT app.number,
           concat_ws(' ', app.eligible, app.amount_fen, app.failed, app.missing) AS stands,
           concat_ws(' ', s.eligible, s.amount_fen, s.failed, s.missing) AS should
    FROM application app LEFT JOIN submission s
    ON s.application_id = app.id AND s.submission_no = app.submission_no
) each_case WHERE stands <> should ORDER BY 1""",
        money=False,
    ),
)

INVARIANTS = (APPROPRIATED, *AWARDS, *SUPPLEMENTS, *PAYOUTS, *RECOVERIES, *ALLOCATIONS, *CASES)
