def before() -> None:
    pass
