"""The licence gateway: what is common to each of its processes."""

import gc

# What these programs make is nearly never in circles, and what they load is kept: to look for circles every 700 objects, as
# Python does by itself, takes a twentieth of the time of an issue and a tenth of the start of a command.
gc.set_threshold(20_000, 20, 20)
