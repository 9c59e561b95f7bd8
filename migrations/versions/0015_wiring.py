"""one vocabulary of registers; an unknown case may be withdrawn; why a case was sent back"""

import sqlalchemy as sa
from alembic import op

from migrations import keeping

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS_CHECK = "ck_recognition_form_authorised_kinds_known"
KINDS = (
    "{minimum_living,low_income_margin,extreme_poverty,disabled,registered_poor,"
    "poverty_monitored,orphan,de_facto_unsupported,martyr_child,hardship_worker,deceased,"
    "state_funded_trainee}"
)
# What the form's own words covered, as its comments had it.
FORMERLY = {
    "minimum_living": ("minimum_living", "low_income_margin"),
    "extreme_poverty": ("extreme_poverty",),
    "disability": ("disabled",),
    "poverty_alleviation": ("registered_poor", "poverty_monitored"),
    "orphan": ("orphan", "de_facto_unsupported"),
    "martyr": ("martyr_child",),
    "hardship_worker": ("hardship_worker",),
    "deceased": ("deceased",),
}
UNKNOWN_CHECK = "ck_application_draft_while_unknown"


def upgrade() -> None:
    """Goes to this revision."""
    _rename([(old, new) for old, became in FORMERLY.items() for new in became])
    op.create_check_constraint(
        op.f(KINDS_CHECK), "recognition_form", f"authorised_kinds <@ '{KINDS}'"
    )
    op.add_column("application", sa.Column("returned_because", sa.String(500), nullable=True))
    _may_be_unknown("state IN ('draft', 'rejected', 'withdrawn')")


def downgrade() -> None:
    """Goes back to the one before; a case withdrawn or rejected while unknown becomes a draft's."""
    keeping.refuse_losing("application WHERE returned_because IS NOT NULL")
    op.execute("SELECT set_config('aid.scope', 'city', true)")
    op.execute(
        "UPDATE application SET eligible = false WHERE eligible IS NULL "
        "AND state IN ('rejected', 'withdrawn')"
    )
    _may_be_unknown("state = 'draft'")
    op.drop_column("application", "returned_because")
    op.drop_constraint(op.f(KINDS_CHECK), "recognition_form")
    _rename([(new, old) for old, became in FORMERLY.items() for new in became])


def _may_be_unknown(states: str) -> None:
    op.drop_constraint(op.f(UNKNOWN_CHECK), "application")
    op.create_check_constraint(
        op.f(UNKNOWN_CHECK), "application", f"{states} OR eligible IS NOT NULL"
    )


def _rename(words: list[tuple[str, str]]) -> None:
    """Puts the other vocabulary's words in place of those that families have signed for."""
    op.execute("SELECT set_config('aid.scope', 'city', true)")
    pairs = ", ".join(f"('{before}', '{after}')" for before, after in words)
    op.execute(
        "UPDATE recognition_form SET authorised_kinds = ARRAY(SELECT DISTINCT w.after "
        f"FROM (VALUES {pairs}) AS w(before, after) "
        "WHERE w.before = ANY(authorised_kinds) ORDER BY w.after) "
        "WHERE authorised_kinds <> '{}'"
    )
