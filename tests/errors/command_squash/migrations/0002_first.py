from alembic import op

revision = "0002"
down_revision = "0001"

def upgrade():
    op.execute("INSERT INTO articles VALUES (1)")
    op.get_bind().exec_driver_sql("UPDATE articles SET id = id + 1")

def downgrade(): ...
