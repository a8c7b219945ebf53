"""The forges: which one a host is, how a change can be proposed there, and its HTTP interface.

Doors: `gerrit`, `known`, `lacks`, `openings`, `pushing`, `ways`.
"""
