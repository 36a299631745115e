class Printer:
    pass


async def get(year, printer: Printer) -> None:
    pass
