"""What is inside a file: blocks, documents, line ends, patterns.

Doors: `attributes`, `blocks`, `file_fault`, `line_ends`, `markers`, `patterns`, `policies`, `policy`, `sections`,
`spelled`, `three_way`, `yaml_nodes`, `yaml_parse`.
"""
