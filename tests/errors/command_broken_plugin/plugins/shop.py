from zenith_server import Command, Draft, Plugin


class Shop(Plugin):
    name = "shop"

    def setup(self, draft: Draft) -> None:
        self.greet("nobody")

    def commands(self) -> list[Command]:
        return [Command("greet", self.greet)]

    def greet(self, name: str) -> str:
        raise RuntimeError(f"{name} cannot be greeted: the shop is closed")
