"""HTTP/3 on aioquic, beside Hypercorn: a datagram never waits for the app.

`server` takes datagrams, `relay` gives each to the worker that has its connection, `connection`
and `request` are what they say, `heads` is what a request may look like, and `transport` keeps
what a client can make us hold within bounds.
"""
