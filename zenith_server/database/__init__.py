"""The data layer: database URLs, one engine per event loop, lazy sessions, migrations.

Nothing is imported here: only the modules that talk to a database load SQLAlchemy.
"""
