"""Checked expression trees become polars expressions; an unknown stays unknown."""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import polars as pl
from sqlglot import exp

COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
}
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.IntDiv: operator.floordiv,
    exp.Mod: operator.mod,
}
EXTREMES: dict[type, Callable[[list[pl.Expr]], pl.Expr]] = {
    exp.Greatest: pl.max_horizontal,
    exp.Least: pl.min_horizontal,
}


def compile_tree(node: exp.Expression) -> pl.Expr:
    """The polars form of a checked node. Raises KeyError for what the check would have refused."""
    kind = type(node)
    if kind in COMPARISONS or kind in ARITHMETIC:
        apply = COMPARISONS.get(kind) or ARITHMETIC[kind]
        found: pl.Expr = apply(compile_tree(node.this), compile_tree(node.expression))
        return found
    if kind in EXTREMES:
        return _extreme(node)
    return _COMPILERS[kind](node)


def _extreme(node: exp.Expression) -> pl.Expr:
    parts = [compile_tree(part) for part in (node.this, *node.expressions)]
    known = pl.all_horizontal([part.is_not_null() for part in parts])
    return pl.when(known).then(EXTREMES[type(node)](parts))  # no otherwise: unknown stays so


def _constant(node: exp.Expression) -> pl.Expr:
    if node.args.get("is_string"):
        return pl.lit(node.name)
    return pl.lit(int(node.name), pl.Int64)


_COMPILERS: dict[type, Callable[[exp.Expression], pl.Expr]] = {
    exp.Column: lambda node: pl.col(node.name),
    exp.Literal: _constant,
    exp.Neg: lambda node: -compile_tree(node.this),
    exp.Paren: lambda node: compile_tree(node.this),
    exp.Not: lambda node: ~compile_tree(node.this),
    exp.And: lambda node: compile_tree(node.this) & compile_tree(node.expression),
    exp.Or: lambda node: compile_tree(node.this) | compile_tree(node.expression),
    exp.Between: lambda node: (
        (compile_tree(node.this) >= compile_tree(node.args["low"]))
        & (compile_tree(node.this) <= compile_tree(node.args["high"]))
    ),
    exp.In: lambda node: reduce(
        operator.or_,
        [compile_tree(node.this) == compile_tree(member) for member in node.expressions],
    ),
    exp.Is: lambda node: compile_tree(node.this).is_null(),
    exp.Coalesce: lambda node: pl.coalesce(
        [compile_tree(part) for part in (node.this, *node.expressions)]
    ),
}
