"""What a downgrade would lose for good is refused before anything is touched."""

from alembic import context, op
from sqlalchemy import text


class DowngradeRefused(Exception):
    """Rows stand that the older tables cannot hold; nothing was changed by this revision."""

    def __init__(self, revision: str, lost: str) -> None:
        super().__init__(
            f"撤销版本 {revision} 会丢失 {lost} 的数据，未撤销；如需退回，请恢复升级前的备份。 / "
            f"Undoing revision {revision} would lose what stands in {lost}, and it was not "
            "undone; to go back, restore the backup made before the upgrade."
        )


def refuse_losing(*rows: str) -> None:
    """Raises DowngradeRefused when one of these has a row: a table, or a table WHERE something.

    Asked as the city, since row security holds the owner too.
    """
    op.execute("SELECT set_config('aid.scope', 'city', true)")
    for lost in rows:
        there = op.get_bind().execute(text(f"SELECT EXISTS (SELECT FROM {lost})"))
        if there.scalar_one():
            raise DowngradeRefused(str(context.get_context().get_current_revision()), lost)
