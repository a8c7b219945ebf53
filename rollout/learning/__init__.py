"""Find what several repositories share, by comparing values: no file is opened here.

Doors: `agent_files`, `candidates`, `inventory_text`, `matching`, `placing`, `propose`, `sets`.
"""
