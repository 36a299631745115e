"""Create articles, their tags and who likes them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(255), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("slug", name="uq_articles_slug"),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name="fk_articles_author_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_articles_author_id", "articles", ["author_id"])
    op.create_table(
        "tags",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "name", name="pk_tags"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_tags_article_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_tags_name", "tags", ["name"])
    op.create_table(
        "favorites",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "user_id", name="pk_favorites"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_favorites_article_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_favorites_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_favorites_user_id", "favorites", ["user_id"])


def downgrade() -> None:
    op.drop_table("favorites")
    op.drop_table("tags")
    op.drop_table("articles")
