def lost(error):
    return None
