"""What a command that refuses its input must look like."""


def assert_refused(result: tuple[int, str, str], *words: object, code: int = 2) -> None:
    """Asserts the exit code, and one line of message that holds the words."""
    assert result[0] == code
    assert result[2].startswith("tessera: ") and result[2].count("\n") == 1
    for word in words:
        assert str(word) in result[2]
