"""The conversation with the other end of a remote.

Doors: `answers`, `contact`, `receive_pack`, `ssh`, `upload_pack`, `upstream`.
"""
