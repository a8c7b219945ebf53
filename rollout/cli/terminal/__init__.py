"""The terminal: streams that cannot fail, lines that are painted again, a pager, and the signals that end a command.

Doors: none outside `rollout.cli`.
"""
