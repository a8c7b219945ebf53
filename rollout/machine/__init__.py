"""This machine: files looked at and exchanged, locks, processes, waiting, the clock.

Doors: every module.
"""
