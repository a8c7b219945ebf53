"""The whole fleet as one page: what it says is a value, and the value is written as HTML.

Doors: `contents`, `html`, `fitting`, `plots`, `words`.
"""
