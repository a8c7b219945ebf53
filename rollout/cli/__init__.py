"""The command line: reads arguments, calls, prints, exits.

Door: `main`.
"""
