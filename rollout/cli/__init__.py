"""The command line: reads arguments, calls, prints, exits.

Door: `main`.
"""

import gc

# Most objects live as long as the command, those of its modules first of all, so frequent collection wastes time.
gc.set_threshold(50_000, 20, 50)
