"""What is inside a file: blocks, documents, line ends, patterns.

Doors: `attributes`, `blocks`, `budgets`, `earlier_markers`, `file_fault`, `forbidden`, `kept_ends`, `line_ends`,
`markers`, `patterns`, `pointers`, `policies`, `policy`, `sections`, `spelled`, `three_way`;
and `yaml.nodes`, `yaml.parse`.
"""
