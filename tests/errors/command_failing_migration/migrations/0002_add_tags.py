"""Add tags."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.create_table("tags", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO labels SELECT 1")


def downgrade() -> None:
    op.drop_table("tags")
