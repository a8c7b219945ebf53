"""Rules for coding agents, written once: what each agent reads of them, one module an agent.

Doors: `editing`, `front_matter`, `reading`, `rule`, `table`.
"""
