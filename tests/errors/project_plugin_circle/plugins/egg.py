from zenith_server import Plugin


class Egg(Plugin):
    name = "egg"
    after = ("chicken",)
