"""Webhooks in: a delivery's signature checked, its body read as events and traits."""
