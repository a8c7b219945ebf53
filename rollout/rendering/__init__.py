"""Templates into desired files, in a process that can be stopped.

Doors: `checks`, `desired`, `formatters`, `output`, `phrases`, `template_fault`, `templates`.
"""
