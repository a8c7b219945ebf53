"""Work on many targets at once, one module for each verb of the command line.

Doors: `add`, `apply`, `capture`, `discover`, `doubtful_groups`, `doubtful_values`, `explain`, `gates`, `hosts`,
`learn`, `load`, `plan`, `present`, `prove`, `revert`, `review_words`, `reviews`, `survey`, `take`, `unread_files`,
`waves`, `ways`.
"""
