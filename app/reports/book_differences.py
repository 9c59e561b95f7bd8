"""What can be wrong between books, payouts and instalments, in words."""

from app.policy.facts import Words

BOOKS_AND_PAYOUTS: dict[str, Words] = {
    "ledger_balance": Words(
        "账户 {where} 余额为 {has} 元，按单据应为 {needs} 元。",
        "Account {where} stands at {has} yuan; by the records it should be {needs}.",
    ),
    "payout_amount": Words(
        "发放 {where} 为 {has} 元，所含各期合计 {needs} 元。",
        "Payout {where} is {has} yuan; its parts sum to {needs}.",
    ),
    "file_lines": Words(
        "付款文件 {where} 含发放 {has} 笔，应为 {needs} 笔。",
        "Payment file {where} has {has} payouts; its lines are {needs}.",
    ),
    "register_lines": Words(
        "签领册 {where} 含发放 {has} 笔，应为 {needs} 笔。",
        "Pay register {where} has {has} payouts; its lines are {needs}.",
    ),
    "paid_unsigned": Words(
        "发放 {where} 记为已发放而没有经复核的签领，计 {has} 笔，应为 {needs} 笔。",
        "Payout {where} counts as paid in hand with {has} signature(s) missing; there may be "
        "{needs}.",
    ),
    "live_part": Words(
        "发放 {where} 有 {has} 处有效标记与其状态不符，应为 {needs} 处。",
        "Payout {where} has {has} part(s) marked live or not against its state; there may be "
        "{needs}.",
    ),
    "instalment_state": Words(
        "发放期次 {where} 有 {has} 处状态与其发放不符，应为 {needs} 处。",
        "Instalment {where} has {has} state(s) that its payout contradicts; there may be {needs}.",
    ),
}
"""What `reconciliation.queries.invariants` can find, in words over where, has and needs."""

IN_FEN = frozenset({"ledger_balance", "payout_amount"})
