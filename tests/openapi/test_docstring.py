from __future__ import annotations

from zenith_server.openapi.docstring import Doc, doc_of


def test_every_style_of_sections_is_understood() -> None:
    def google(slug: str) -> None:
        """Find it.

        In the catalogue.

        Args:
            slug: its name in
                the URL.

        Returns:
            What was found.

        Raises:
            NotFound: it is not there.
        """

    def sphinx(slug: str) -> None:
        """Find it.

        In the catalogue.

        :param slug: its name in the URL.
        :returns: What was found.
        :raises NotFound: it is not there.
        """

    expected = Doc(
        "Find it.",
        "In the catalogue.",
        {"slug": "its name in the URL."},
        "What was found.",
        {"NotFound": "it is not there."},
    )
    assert doc_of(google) == doc_of(sphinx) == expected


def test_a_call_without_a_docstring_has_no_texts() -> None:
    def handler() -> None: ...

    assert doc_of(handler) == Doc()
    assert doc_of(object()) == Doc()


def test_text_that_no_style_can_read_is_kept() -> None:
    def handler() -> None:
        """Summary.

        :param
        """

    assert doc_of(handler).summary == "Summary."


def test_sections_without_indentation_are_no_fault() -> None:
    def handler() -> None:
        """Summary.

        Args:
        nothing
        """

    assert doc_of(handler).summary == "Summary."
