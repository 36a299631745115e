async def middleware(request, call_next):
    return await call_next(request)
