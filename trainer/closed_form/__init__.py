"""Recommenders in closed form, in plain numpy and scipy: rankers, biases, their tuning.

`events` is what they learn from, `rankers` lists them, `search` tunes one.
"""
