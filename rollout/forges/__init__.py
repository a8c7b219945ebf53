"""The forges: which one a host is, how a change can be proposed there, and its HTTP interface.

Doors: `asking`, `clients`, `gerrit`, `interface`, `known`, `lacks`, `openings`, `pages`, `pushing`, `refs`, `trouble`,
`ways`.
"""
