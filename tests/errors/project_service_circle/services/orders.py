from __future__ import annotations

import services.stock


class Orders:
    def __init__(self, stock: services.stock.Stock) -> None:
        self.stock = stock
