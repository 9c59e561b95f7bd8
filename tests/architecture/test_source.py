"""What the source promises and no linter checks. Each check proves first that it can fail."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES_OF_A_FILE_MAX = 400
LINES_OF_A_FUNCTION_MAX = 60
CLOCK_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ROUTE_VERBS = {"get", "post", "put", "patch", "delete", "api_route"}


@dataclass(frozen=True)
class Source:
    """One file of the service; `tables` are the names of every table class there is."""

    path: str
    tree: ast.Module
    lines: int
    tables: frozenset[str] = frozenset()


Check = Callable[[Source], Iterator[int]]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def names(tree: ast.AST) -> set[str]:
    """Every name that an annotation mentions, also within quotes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(node.value.replace("[", " ").replace("]", " ").split())
    return found


def tables_in(tree: ast.Module) -> set[str]:
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(keyword.arg == "table" for keyword in node.keywords)
    }


def commits(source: Source) -> Iterator[int]:
    """Only the database module commits."""
    if source.path == "app/core/db.py":
        return
    for call in calls(source.tree):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
            yield call.lineno


def asks_the_time(source: Source) -> Iterator[int]:
    """Only the clock asks for the time or the day."""
    if source.path == "app/core/clock.py":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else None
            owner = node.value.id if isinstance(node.value, ast.Name) else owner
            if (owner, node.attr) in CLOCK_CALLS or (owner, node.attr) == ("time", "time"):
                yield node.lineno


def uses_float(source: Source) -> Iterator[int]:
    """No binary fraction, neither in Python nor in a frame or a column."""
    for node in ast.walk(source.tree):
        name = node.id if isinstance(node, ast.Name) else None
        name = node.attr if isinstance(node, ast.Attribute) else name
        if name in {"float", "Float", "Float32", "Float64"}:
            yield node.lineno


def is_too_long(source: Source) -> Iterator[int]:
    """A file that grows too long is split by noun."""
    if source.lines > LINES_OF_A_FILE_MAX:
        yield source.lines


def has_a_long_function(source: Source) -> Iterator[int]:
    """A function that grows too long is split by step."""
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LINES_OF_A_FUNCTION_MAX:
                yield node.lineno


def imports_jose(source: Source) -> Iterator[int]:
    """Only the one wrapper may touch tokens."""
    if source.path == "app/auth/tokens.py":
        return
    for node in ast.walk(source.tree):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        if any(module.split(".")[0] == "jose" for module in modules):
            yield node.lineno


def imports_within_a_function(source: Source) -> Iterator[int]:
    """An import inside a function hides a circle."""
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS):
            yield from (
                inner.lineno
                for inner in ast.walk(node)
                if isinstance(inner, ast.Import | ast.ImportFrom)
            )


def loads_lazily(source: Source) -> Iterator[int]:
    """A relationship that loads by itself is a query inside a loop."""
    for call in calls(source.tree):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else None
        called = call.func.id if isinstance(call.func, ast.Name) else called
        if called not in {"Relationship", "relationship"}:
            continue
        text = ast.unparse(call)
        if "'lazy': 'raise'" not in text and "lazy='raise'" not in text:
            yield call.lineno


def exposes_a_table(source: Source) -> Iterator[int]:
    """A table is neither what a route takes nor what it answers."""
    for node in ast.walk(source.tree):
        if not isinstance(node, FUNCTIONS):
            continue
        routes = [
            decorator
            for decorator in node.decorator_list
            if isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in ROUTE_VERBS
        ]
        if not routes:
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        shown = [argument.annotation for argument in arguments if not _is_injected(argument)]
        shown.append(node.returns)
        for route in routes:
            shown += [word.value for word in route.keywords if word.arg == "response_model"]
        if any(expression and names(expression) & source.tables for expression in shown):
            yield node.lineno


def _is_injected(argument: ast.arg) -> bool:
    """What a dependency loads may be a record; only what the client sends may not."""
    return bool(argument.annotation and "Depends" in names(argument.annotation))


def parse(path: str, text: str, tables: frozenset[str] = frozenset()) -> Source:
    tree = ast.parse(text)
    return Source(path, tree, len(text.splitlines()), tables)


@cache
def sources() -> tuple[Source, ...]:
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "app").rglob("*.py"))
    }
    tables = frozenset().union(*(tables_in(ast.parse(text)) for text in texts.values()))
    return tuple(parse(path, text, tables) for path, text in texts.items())


LONG_FUNCTION = "def f():\n" + "    x = 1\n" * LINES_OF_A_FUNCTION_MAX

WRONG = [
    (commits, "session.commit()"),
    (commits, "def f(unit):\n    unit.session.commit()"),
    (asks_the_time, "now = datetime.now(UTC)"),
    (asks_the_time, "now = datetime.datetime.utcnow()"),
    (asks_the_time, "day = date.today()"),
    (asks_the_time, "column = Field(default_factory=datetime.now)"),
    (asks_the_time, "seconds = time.time()"),
    (uses_float, "def f(amount: float) -> None: ..."),
    (uses_float, "rate = float(text)"),
    (uses_float, "frame.cast(pl.Float64)"),
    (is_too_long, "\n" * (LINES_OF_A_FILE_MAX + 1)),
    (has_a_long_function, LONG_FUNCTION),
    (imports_jose, "from jose import jwt"),
    (imports_jose, "import jose.jws"),
    (imports_within_a_function, "def f():\n    import json"),
    (imports_within_a_function, "async def f():\n    if x:\n        from json import loads"),
    (loads_lazily, "pupil = Relationship(back_populates='school')"),
    (loads_lazily, "pupil = orm.relationship('Pupil', lazy='select')"),
    (exposes_a_table, "@router.post('/funds')\ndef add(fund: Fund) -> None: ..."),
    (exposes_a_table, "@router.get('/funds', response_model=list[Fund])\ndef f(): ..."),
    (exposes_a_table, "@router.get('/funds')\ndef f() -> 'list[Fund]': ..."),
]
RIGHT = [
    (commits, "repo.committed()"),
    (asks_the_time, "def due(on: date) -> bool: return on > clock.today()"),
    (uses_float, "def f(amount_fen: int) -> None: ..."),
    (is_too_long, "\n" * LINES_OF_A_FILE_MAX),
    (has_a_long_function, LONG_FUNCTION.removesuffix("    x = 1\n")),
    (imports_jose, "from app.auth import tokens"),
    (imports_within_a_function, "import json\ndef f(): return json"),
    (loads_lazily, "pupil = Relationship(sa_relationship_kwargs={'lazy': 'raise'})"),
    (exposes_a_table, "@router.get('/funds')\ndef f(fund: FundIn) -> FundOut: ..."),
    (exposes_a_table, "@router.get('/f')\ndef f(fund: Annotated[Fund, Depends(load)]) -> Out: ..."),
    (exposes_a_table, "def helper(fund: Fund) -> Fund: ..."),
]
CHECKS = sorted({check for check, _ in WRONG}, key=lambda check: check.__name__)
TABLES = frozenset({"Fund"})


@pytest.mark.parametrize(("check", "text"), WRONG)
def test_a_check_finds_what_it_looks_for(check: Check, text: str) -> None:
    assert list(check(parse("app/somewhere.py", text, TABLES)))


@pytest.mark.parametrize(("check", "text"), RIGHT)
def test_a_check_leaves_good_source_alone(check: Check, text: str) -> None:
    assert not list(check(parse("app/somewhere.py", text, TABLES)))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_source_file_of_the_service(check: Check) -> None:
    found = [f"{source.path}:{line}" for source in sources() for line in check(source)]
    assert not found, f"{check.__doc__} Here it is otherwise: {', '.join(found)}"


@pytest.mark.parametrize(
    ("check", "path"),
    [
        (commits, "app/core/db.py"),
        (asks_the_time, "app/core/clock.py"),
        (imports_jose, "app/auth/tokens.py"),
    ],
)
def test_the_one_place_that_may_is_let_through(check: Check, path: str) -> None:
    text = next(text for known, text in WRONG if known is check)
    assert not list(check(parse(path, text)))


def test_the_tables_are_found_wherever_they_are_declared() -> None:
    tree = ast.parse("class Fund(Base, table=True): ...\nclass FundOut(BaseModel): ...")
    assert tables_in(tree) == {"Fund"}
    assert any(source.path == "app/core/errors.py" for source in sources())
