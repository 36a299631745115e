"""What a developer is shown when code fails: the cause, the lines, the way out.

Nothing of it exists outside development: what decides to show it imports it only there.
"""
