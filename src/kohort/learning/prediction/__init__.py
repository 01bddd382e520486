"""Chances that people do something, learnt from examples, calibrated, and judged on people nobody learnt from."""
