"""The language of tests: SQL expressions over facts, parsed, checked and compiled to polars.

Only what has an entry in a table below exists. The compiler is ours because polars' own SQL lets
`GREATEST` skip an unknown and a misspelt value pass as false: here an unknown stays unknown in
everything but `COALESCE` and `IS NULL`.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from app.core.errors import Fault
from app.core.money import FEN_MAX
from app.policy.compiling import ARITHMETIC, COMPARISONS, compile_tree
from app.policy.facts import FACTS, Fact, Words

Kind = Literal["int", "bool", "enum", "text"]

_LONGEST = 400
_DEEPEST = 60
_MAGNITUDE = 9 * 10**18  # what an expression may reach before it leaves 64 bits

_RESULTS = {
    "bool": ("真或假，例如 hardship >= 1", "true or false, such as hardship >= 1"),
    "int": ("整数（分）", "a whole number of fen, such as LEAST(600000, tuition_fen)"),
}

ALLOWED = Words(
    "只能用：事实名、整数、'文字'、= <> < <= > >=、IN (…)、BETWEEN … AND …、IS NULL、AND、OR、NOT、"
    "括号、+ - * // %、LEAST、GREATEST、COALESCE",
    "allowed are fact names, whole numbers, 'texts', = <> < <= > >=, IN (…), BETWEEN … AND …, "
    "IS NULL, AND, OR, NOT, parentheses, + - * // %, LEAST, GREATEST, COALESCE",
)


@dataclass(frozen=True)
class Typed:
    """What a part of an expression is: its kind, its fact where it is one, its number's bounds."""

    kind: Kind
    fact: Fact | None = None
    low: int = 0
    high: int = 0
    literal: int | str | None = None


@dataclass
class Checked:
    """An expression after the check: the tree (None when unreadable) and every fault in it."""

    text: str
    tree: exp.Expression | None = None
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, code: str, zh: str, en: str) -> None:
        """Adds a fault about this expression."""
        self.faults.append(Fault(code, f"{zh}；表达式：{self.text}", f"{en}; in: {self.text}"))


@dataclass(frozen=True)
class Compiled:
    """An expression ready to run: its polars form and the facts it reads, in vocabulary order."""

    text: str
    expr: pl.Expr
    facts: tuple[str, ...]
    literals: Mapping[str, tuple[int, ...]]


Result = Literal["bool", "int"]
"""What an expression comes to: a truth (a test), or a whole number (an amount in fen)."""


def check_expression(text: str, result: Result = "bool") -> list[Fault]:
    """Every fault of an expression over facts with such a result; none when it may be run."""
    return _checked(text, result).faults


@lru_cache(maxsize=4096)
def compile_expression(text: str, result: Result = "bool") -> Compiled:
    """The expression compiled once. Raises ValueError when `check_expression` finds a fault."""
    checked = _checked(text, result)
    if checked.faults or checked.tree is None:
        raise ValueError("; ".join(fault.en for fault in checked.faults))
    tree = checked.tree
    names = {column.name for column in tree.find_all(exp.Column)}
    literals = {int(each.name) for each in tree.find_all(exp.Literal) if not each.is_string}
    numbers = tuple(sorted(literals))
    return Compiled(
        text=text,
        expr=compile_tree(tree),
        facts=tuple(name for name in FACTS if name in names),
        literals={name: numbers for name in names if FACTS[name].type == "int"},
    )


def _checked(text: str, result: Result) -> Checked:
    checked = Checked(text)
    if not text.strip() or len(text) > _LONGEST:
        checked.refuse(
            "expression_length",
            f"表达式须为 1 至 {_LONGEST} 个字符",
            f"an expression has 1 to {_LONGEST} characters",
        )
        return checked
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
        tree = trees[0] if len(trees) == 1 else None
        if not isinstance(tree, exp.Expression):
            checked.refuse("expression_syntax", "只能写一个条件表达式", "write one condition")
            return checked
        if max(node.depth for node in tree.walk()) > _DEEPEST:
            checked.refuse(
                "expression_syntax",
                f"嵌套超过 {_DEEPEST} 层；请拆成几个条件",
                f"it nests deeper than {_DEEPEST} levels; split it into several criteria",
            )
            return checked
        typed = _infer(tree, checked)
    except (SqlglotError, RecursionError):
        checked.refuse(
            "expression_syntax",
            f"表达式无法解析；{ALLOWED.zh}",
            f"the expression cannot be read; {ALLOWED.en}",
        )
        return checked
    if typed is not None and typed.kind != result:
        zh, en = _RESULTS[result]
        checked.refuse(
            "expression_type", f"结果必须是{zh}", f"the result must be {en}, and is {typed.kind}"
        )
    if typed is not None and result == "int" and typed.high > FEN_MAX:
        checked.refuse("expression_overflow", "金额可能过大", f"it may exceed {FEN_MAX} fen")
    if not checked.faults and tree.find(exp.Column) is None:
        checked.refuse("expression_constant", "没有用到任何事实", "it asks about no fact")
    checked.tree = tree
    return checked


def _infer(node: exp.Expression, checked: Checked) -> Typed | None:
    """The type of a node, or None once a fault below it has been noted."""
    rule = _RULES.get(type(node))
    if rule is None:
        name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
        checked.refuse(
            "expression_forbidden",
            f"不允许使用 {name}；{ALLOWED.zh}",
            f"{name} is not allowed; {ALLOWED.en}",
        )
        return None
    return rule(node, checked)


def _column(node: exp.Expression, checked: Checked) -> Typed | None:
    fact = FACTS.get(node.name)
    if fact is None or node.args.get("table") is not None:
        names = ", ".join(FACTS)
        checked.refuse(
            "fact_unknown",
            f"没有名为 {node.sql()} 的事实；可用的有：{names}",
            f"there is no fact called {node.sql()}; there are {names}",
        )
        return None
    return Typed(fact.type, fact, fact.minimum, fact.maximum)


def _literal(node: exp.Expression, checked: Checked) -> Typed | None:
    if node.args.get("is_string"):
        return Typed("text", literal=node.name)
    digits = node.name
    if not (digits.isascii() and digits.isdigit()) or int(digits) > FEN_MAX:
        checked.refuse(
            "expression_number", f"{digits} 不是可用的整数", f"{digits} is no usable whole number"
        )
        return None
    return Typed("int", low=int(digits), high=int(digits), literal=int(digits))


def _negative(node: exp.Expression, checked: Checked) -> Typed | None:
    inner = _infer(node.this, checked)
    if inner is None or not _must_be(inner, "int", checked):
        return None
    literal = -inner.literal if isinstance(inner.literal, int) else None
    return Typed("int", low=-inner.high, high=-inner.low, literal=literal)


def _logic(node: exp.Expression, checked: Checked) -> Typed | None:
    for part in node.iter_expressions():  # one for NOT, two for AND and OR
        typed = _infer(part, checked)
        if typed is not None:
            _must_be(typed, "bool", checked)
    return Typed("bool")


def _comparison(node: exp.Expression, checked: Checked) -> Typed | None:
    sides = [_infer(part, checked) for part in (node.this, node.expression)]
    _comparable(sides, checked, ordered=not isinstance(node, exp.EQ | exp.NEQ))
    return Typed("bool")


def _between(node: exp.Expression, checked: Checked) -> Typed | None:
    if node.args.get("symmetric"):
        checked.refuse("expression_forbidden", "不允许 SYMMETRIC", "SYMMETRIC is not allowed")
    parts = [_infer(node.args[name], checked) for name in ("this", "low", "high")]
    _comparable(parts[:2], checked, ordered=True)
    _comparable(parts[::2], checked, ordered=True)
    return Typed("bool")


def _membership(node: exp.Expression, checked: Checked) -> Typed | None:
    members = node.expressions
    plain = [m.this if isinstance(m, exp.Neg) else m for m in members]
    if not members or not all(isinstance(member, exp.Literal) for member in plain):
        checked.refuse(
            "expression_forbidden",
            "IN 的括号里只能列出整数或文字",
            "IN lists whole numbers or texts and nothing else",
        )
        return None
    subject = _infer(node.this, checked)
    for member in members:
        _comparable([subject, _infer(member, checked)], checked, ordered=False)
    return Typed("bool")


def _is_null(node: exp.Expression, checked: Checked) -> Typed | None:
    if not isinstance(node.expression, exp.Null):
        checked.refuse("expression_forbidden", "IS 之后只能写 NULL", "only NULL may follow IS")
        return None
    return None if _infer(node.this, checked) is None else Typed("bool")


def _arithmetic(node: exp.Expression, checked: Checked) -> Typed | None:
    sides = [_infer(part, checked) for part in (node.this, node.expression)]
    left, right = sides
    if left is None or right is None:
        return None
    if not (_must_be(left, "int", checked) and _must_be(right, "int", checked)):
        return None
    if isinstance(node, exp.IntDiv | exp.Mod) and not _positive(right):
        zh, en = "// 和 % 的右边必须是大于 0 的整数", "a whole number above 0 follows // and %"
        checked.refuse("expression_division", zh, en)
        return None
    sides_of = (left.low, left.high), (right.low, right.high)
    corners = [ARITHMETIC[type(node)](a, b) for a, b in itertools.product(*sides_of)]
    low, high = (0, right.high - 1) if isinstance(node, exp.Mod) else (min(corners), max(corners))
    if max(-low, high) > _MAGNITUDE:
        checked.refuse("expression_overflow", "结果可能超出 64 位", "the result may exceed 64 bits")
    return Typed("int", low=low, high=high)


def _choice(node: exp.Expression, checked: Checked) -> Typed | None:
    parts = [_infer(part, checked) for part in (node.this, *node.expressions)]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if not node.expressions:
        checked.refuse("expression_forbidden", "至少要有两个参数", "it takes two or more values")
    if isinstance(node, exp.Greatest | exp.Least):
        for part in known:
            _must_be(part, "int", checked)
        pick = max if isinstance(node, exp.Greatest) else min
        lows, highs = [part.low for part in known], [part.high for part in known]
        return Typed("int", low=pick(lows), high=pick(highs))
    for part in known[1:]:
        _comparable([known[0], part], checked, ordered=False)
    low, high = min(part.low for part in known), max(part.high for part in known)
    return Typed(known[0].kind, known[0].fact, low, high)


def _positive(typed: Typed) -> bool:
    return isinstance(typed.literal, int) and typed.literal > 0


def _must_be(typed: Typed, kind: Kind, checked: Checked) -> bool:
    if typed.kind == kind:
        return True
    wanted = {"int": ("整数", "a whole number"), "bool": ("真或假", "true or false")}[kind]
    name = typed.fact.name if typed.fact else str(typed.literal)
    checked.refuse(
        "expression_type", f"{name} 不是{wanted[0]}", f"{name} is {typed.kind}, not {wanted[1]}"
    )
    return False


def _comparable(sides: list[Typed | None], checked: Checked, *, ordered: bool) -> None:
    left, right = sides
    if left is None or right is None:
        return
    kinds = {left.kind, right.kind}
    if kinds == {"int"} or (kinds == {"enum", "text"} and not ordered):
        _literal_allowed(left, right, checked)
        _literal_allowed(right, left, checked)
        return
    same_fact = left.fact is not None and left.fact == right.fact
    if kinds == {"enum"} and same_fact and not ordered:
        return
    if kinds == {"bool"} and not ordered:
        return
    checked.refuse(
        "expression_type",
        f"{left.kind} 与 {right.kind} 不能这样比较；枚举只能用 =、<>、IN 与文字比较",
        f"{left.kind} and {right.kind} cannot be compared so; an enumeration is compared with a "
        "text by =, <> or IN only",
    )


def _literal_allowed(subject: Typed, other: Typed, checked: Checked) -> None:
    """A literal beside a fact whose values are listed must be one of them."""
    fact = subject.fact
    if fact is None or not fact.values or other.literal is None or other.literal in fact.listed:
        return
    allowed = fact.allowed()
    checked.refuse(
        "fact_value",
        f"{fact.name} 没有取值 {other.literal}；可用：{allowed.zh}",
        f"{fact.name} is never {other.literal}; allowed: {allowed.en}",
    )


_RULES: dict[type, Callable[[exp.Expression, Checked], Typed | None]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Neg: _negative,
    exp.Paren: lambda node, checked: _infer(node.this, checked),
    exp.Not: _logic,
    exp.And: _logic,
    exp.Or: _logic,
    exp.Between: _between,
    exp.In: _membership,
    exp.Is: _is_null,
    exp.Coalesce: _choice,
    exp.Greatest: _choice,
    exp.Least: _choice,
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(ARITHMETIC, _arithmetic),
}
