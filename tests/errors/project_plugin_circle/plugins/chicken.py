from zenith_server import Plugin


class Chicken(Plugin):
    name = "chicken"
    after = ("egg",)
