"""Every revision is undone where nothing would be lost by it, and refused where something would."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from alembic.script import ScriptDirectory
from psycopg import sql

from app.core import embedded, migrating
from app.core.embedded import Cluster
from migrations.keeping import DowngradeRefused

NAME = "aid_down"
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    AND NOT a.attisdropped AND c.relname <> 'alembic_version'
"""
CHECKS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'c' AND conrelid = %s::regclass
"""
SAMPLES = {
    "uuid": "00000000-0000-0000-0000-000000000001", "date": "2008-03-01", "jsonb": "{}",
    "timestamp with time zone": "2008-03-01 00:00Z", "boolean": "true", "integer": "1",
    "bigint": "1", "character varying[]": "{x}", "text[]": "{x}", "uuid[]": "{}",
}  # fmt: skip
"""A value of each type that is not written "x"; none is a default."""

Columns = dict[tuple[str, str], tuple[str, bool]]


class Descent:
    """A database of its own on its way down, looked at and written to behind every guard."""

    def __init__(self, cluster: Cluster) -> None:
        embedded.ensure_database(cluster, NAME)
        self.cluster = cluster
        self.urls = cluster.owner_url(NAME), cluster.serving_url(NAME)
        migrating.upgrade(*self.urls)

    def to(self, revision: str) -> None:
        """Undoes revisions down to this one."""
        migrating.downgrade(*self.urls, revision)

    def columns(self) -> Columns:
        """Every column by table and name: its type, and whether a row must say it."""
        with self.cluster.superuser(NAME) as asked:
            return {(row[0], row[1]): (row[2], row[3]) for row in asked.execute(COLUMNS)}

    def revision(self) -> str:
        """Where the database stands."""
        with self.cluster.superuser(NAME) as asked:
            [[found]] = asked.execute("SELECT version_num FROM alembic_version").fetchall()
        return str(found)

    @contextmanager
    def planted(self, table: str, column: str) -> Iterator[None]:
        """A row with the column filled, whatever it would have to point at or agree with."""
        columns = self.columns()
        types = {name: kind for (of, name), (kind, _) in columns.items() if of == table}
        needed = {name for (of, name), (_, must) in columns.items() if of == table and must}
        names = sorted(needed | {column})
        insert = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(sql.Literal(SAMPLES.get(types[name], "x")) for name in names),
        )
        altered = sql.SQL("ALTER TABLE {} ").format(sql.Identifier(table))
        with self.cluster.superuser(NAME) as owner:
            owner.execute("SET session_replication_role = replica")
            checks = owner.execute(CHECKS, (table,)).fetchall()
            for check, _ in checks:
                owner.execute(altered + sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(check)))
            owner.execute(insert)
            yield
            owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for check, body in checks:
                again = sql.SQL("ADD CONSTRAINT {} ").format(sql.Identifier(check))
                owner.execute(altered + again + sql.SQL(body))


@pytest.fixture(scope="module")
def descent(cluster: Cluster) -> Iterator[Descent]:
    yield Descent(cluster)
    embedded.drop_database(cluster, NAME)


def revisions(descent: Descent) -> list[str]:
    """Every revision, the newest first, and base."""
    scripts = ScriptDirectory.from_config(migrating.config(*descent.urls))
    return [*(each.revision for each in scripts.walk_revisions()), "base"]


def lost_by(descent: Descent, chain: list[str]) -> dict[str, list[tuple[str, str]]]:
    """What each revision drops when it is undone: (table, column), one column a table dropped."""
    lost, stood = {}, descent.columns()
    for revision, below in pairwise(chain):
        descent.to(below)
        left = descent.columns()
        tables = {table for table, _ in left}
        gone = sorted(set(stood) - set(left))
        first = dict(reversed(gone))
        lost[revision] = [
            (table, column) for table, column in gone if table in tables or first[table] == column
        ]
        stood = left
    migrating.upgrade(*descent.urls)
    return lost


def test_every_downgrade_runs_on_nothing_and_refuses_to_lose_anything(descent: Descent) -> None:
    chain = revisions(descent)
    lost = lost_by(descent, chain)
    assert sum(map(len, lost.values())) > len(chain)
    undone = []
    for revision, below in pairwise(chain):
        columns = descent.columns()
        for table, column in lost[revision]:
            with descent.planted(table, column):
                with pytest.raises(DowngradeRefused) as refused:
                    descent.to(below)
                assert descent.revision() == revision
                assert descent.columns() == columns
            said = f"revision {revision} would lose what stands in {table}"
            assert said in str(refused.value)
        descent.to(below)
        undone.append(revision)
    assert descent.columns() == {}
    assert undone == chain[:-1]


def test_an_instalment_that_supplements_nothing_does_not_keep_the_arrears_revision(
    descent: Descent,
) -> None:
    descent.to("base")
    migrating.upgrade(*descent.urls, "0008")
    with descent.planted("instalment", "state"):
        descent.to("0007")
        assert ("instalment", "supplement_version_id") not in descent.columns()


def test_a_year_end_that_one_person_set_goes_up_and_down_and_nobody_is_made_up(
    descent: Descent,
) -> None:
    descent.to("base")
    migrating.upgrade(*descent.urls, "0034")
    with descent.planted("fund_line_year_end", "because"):
        migrating.upgrade(*descent.urls, "0035")
        with descent.cluster.superuser(NAME) as asked:
            told = "SELECT state, proposed_by::text, answered_by FROM fund_line_year_end"
            found = asked.execute(told).fetchall()
        assert found == [("set_alone", SAMPLES["uuid"], None)]
        descent.to("0034")
        assert ("fund_line_year_end", "set_by") in descent.columns()
