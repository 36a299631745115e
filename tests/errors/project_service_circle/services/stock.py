from __future__ import annotations

import services.orders


class Stock:
    def __init__(self, orders: services.orders.Orders) -> None:
        self.orders = orders
