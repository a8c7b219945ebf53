"""The conversation with the other end of a remote.

Doors: `contact`, `receive_pack`, `ssh`, `upload_pack`, `upstream`.
"""
