"""The forges: which one a host is, how a change can be proposed there, and its HTTP interface.

Doors: `asking`, `clients`, `gerrit`, `interface`, `known`, `lacks`, `listing`, `openings`, `pages`, `pushing`,
`refs`, `trouble`, `ways`.
"""
