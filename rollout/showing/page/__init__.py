"""The whole fleet as one page: its content is a value, which is written as HTML.

Doors: `entries`, `fitting`, `html`, `pages`.
"""
