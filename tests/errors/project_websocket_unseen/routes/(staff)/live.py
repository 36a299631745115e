from zenith_server import WebSocket


async def websocket(ws: WebSocket) -> None:
    await ws.accept()
