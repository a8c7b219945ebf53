"""Templates into desired files, in a process that can be stopped.

Doors: `checks`, `desired`, `formatters`, `joined_lines`, `mistakes`, `output`, `phrases`, `template_fault`,
`templates`.
"""
