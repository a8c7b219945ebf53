"""The one place that starts git, and a git folder read without it.

Doors: `access`, `cat_file`, `complaints`, `difftool`, `environment`, `git_folder`, `person`, `process`, `run`.
"""
