from __future__ import annotations

from zenith_server.protocol import Message
from zenith_server.runner.conversation import RESTART, Conversation


class Wire:
    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.conversation = Conversation(self.send)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def app_sends(self, *kinds: str) -> None:
        for kind in kinds:
            await self.conversation.send({"type": f"websocket.{kind}"})

    @property
    def kinds(self) -> list[str]:
        return [message["type"].removeprefix("websocket.") for message in self.sent]


async def test_an_open_one_is_closed_with_the_code_for_a_restart() -> None:
    wire = Wire()
    await wire.app_sends("accept")
    await wire.conversation.leave()
    assert (wire.kinds, wire.sent[-1]["code"]) == (["accept", "close"], RESTART)


async def test_nothing_follows_the_goodbye() -> None:
    wire = Wire()
    await wire.app_sends("accept")
    await wire.conversation.leave()
    await wire.app_sends("send", "close")
    assert wire.kinds == ["accept", "close"]


async def test_one_that_the_app_closed_is_left_alone() -> None:
    wire = Wire()
    await wire.app_sends("accept", "close")
    await wire.conversation.leave()
    assert wire.kinds == ["accept", "close"]


async def test_one_in_its_handshake_is_closed_once_it_is_open() -> None:
    wire = Wire()
    await wire.conversation.leave()
    assert wire.kinds == []
    await wire.app_sends("accept")
    assert wire.kinds == ["accept", "close"]
