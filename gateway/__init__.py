"""The licence gateway: what is common to each of its processes."""

import gc

# What these programs make is nearly never in circles, and what they load is kept: to look for circles every 700 objects, as
# Python does by itself, takes time of every issue, of every licence that is converted, and of the start of every command.
gc.set_threshold(20_000, 20, 20)
