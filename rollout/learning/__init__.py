"""Find what several repositories share, by comparing values: no file is opened here.

Doors: `agent_files`, `candidates`, `propose`, `inventory_text`; `matching`, `placing` and `sets` for what is added
later.
"""
