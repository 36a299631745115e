from zenith_server import Zenith

app = Zenith()
admin = Zenith()
