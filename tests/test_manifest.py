"""Which files a convention calls its own."""

from __future__ import annotations

import pytest

from zenith_server.manifest import Convention


@pytest.mark.parametrize(
    ("convention", "relative", "is_match"),
    [
        (Convention("model", "models"), "models/user.py", True),
        (Convention("model", "models"), "models/shop/order.py", True),
        (Convention("model", "models"), "models.py", False),
        (Convention("model", "models"), "models2/user.py", False),
        (Convention("model", "models"), "models/user.pyc", False),
        (Convention("model", "models", deep=False), "models/shop/order.py", False),
        (Convention("app", "", "app.py", deep=False), "app.py", True),
        (Convention("app", "", "app.py", deep=False), "routes/app.py", False),
        (Convention("mail", "mail", "m_*_x.txt"), "mail/m__x.txt", True),
        (Convention("mail", "mail", "m_*_x.txt"), "mail/m_x.txt", False),
        (Convention("revision", "migrations/versions"), "migrations/versions/1.py", True),
        (Convention("revision", "migrations/versions"), "migrations/1.py", False),
    ],
)
def test_a_convention_matches(convention: Convention, relative: str, is_match: bool) -> None:
    assert convention.matches(relative) is is_match
